/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the way of a request before its endpoint: statistics, method, path,
 * key, quotas, faults; in this order, as a front end would.
 */
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "aws.h"
#include "calendar.h"
#include "cursor.h"
#include "guardduty_sets.h"
#include "mix.h"
#include "server.h"

#define API "/api/v3/"

int64_t sim_server_now(const struct sim_server *server)
{
    return server->options.now > 0 ? server->options.now : (int64_t)time(NULL);
}

double sim_server_wall(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (double)now.tv_sec + (double)now.tv_usec / 1e6;
}

static void answer_unknown(const struct sim_request *request,
                           struct sim_answer *answer)
{
    char message[600];

    snprintf(message, sizeof(message), "URL \"%.500s\" not found",
             request->target);
    sim_answer_error(answer, 404, "NotFoundError", message);
}

static void note_lapse(struct sim_server *server, enum sim_lapse lapse,
                       bool broken)
{
    server->stats.lapses[lapse] += broken ? 1 : 0;
}

/* `org.product.major.minor`: at least four parts, the last two numbers. */
static bool is_x_tool(const char *text)
{
    unsigned dots = 0;

    for (const char *at = text; *at != '\0'; at++) {
        dots += *at == '.';
    }
    return dots >= 3 && strspn(strrchr(text, '.') + 1, "0123456789") ==
                            strlen(strrchr(text, '.') + 1);
}

static void note_lapses(struct sim_server *server,
                        const struct sim_request *request)
{
    static const char known[] =
        "limit,cursor,filter,order,descriptors_only,output_format,type,query,"
        "format";
    const struct sim_query *query = &server->query;

    note_lapse(server, SIM_LAPSE_WITHOUT_X_TOOL, request->x_tool[0] == '\0');
    note_lapse(server, SIM_LAPSE_BAD_X_TOOL,
               request->x_tool[0] != '\0' && !is_x_tool(request->x_tool));
    note_lapse(server, SIM_LAPSE_WITHOUT_GZIP_AGENT, !request->gzip_agent);
    note_lapse(server, SIM_LAPSE_WITHOUT_ACCEPT_ENCODING,
               !request->accepts_gzip);
    note_lapse(server, SIM_LAPSE_WITHOUT_ACCEPT, !request->has_accept);
    for (unsigned i = 0; i < query->count; i++) {
        note_lapse(server, SIM_LAPSE_UNKNOWN_PARAMETER,
                   !sim_options_has(known, query->name[i]));
        note_lapse(server, SIM_LAPSE_KEY_IN_QUERY,
                   strcmp(query->value[i], server->options.api_key) == 0);
    }
}

static bool is_authorised(const struct sim_server *server,
                          const struct sim_request *request,
                          struct sim_answer *answer)
{
    if (!request->has_key) {
        sim_answer_error(answer, 401, "AuthenticationRequiredError",
                         "X-Apikey header is missing");
        return false;
    }
    if (strcmp(request->api_key, server->options.api_key) != 0) {
        sim_answer_error(answer, 401, "WrongCredentialsError", "Wrong API key");
        return false;
    }
    return true;
}

/* Counts the request against the window and the day; a rejected one counts
   too, as at the real service. */
static bool has_quota(struct sim_server *server, struct sim_answer *answer)
{
    const struct sim_options *options = &server->options;
    double wall = sim_server_wall();
    int64_t day = sim_server_now(server) / SIM_DAY;
    double window = (double)options->rate_window_s;
    bool minute;

    if (wall >= server->window_start + window) {
        server->window_start = wall;
        server->window_requests = 0;
    }
    if (day != server->day) {
        server->day = day;
        server->day_requests = 0;
    }
    server->window_requests++;
    server->day_requests++;
    minute = options->rate_limit > 0 &&
             server->window_requests > options->rate_limit;
    if (!minute && (options->daily_quota == 0 ||
                    server->day_requests <= options->daily_quota)) {
        return true;
    }
    sim_answer_error(answer, 429, "QuotaExceededError", "Quota exceeded");
    if (minute && options->retry_after) {
        double left = server->window_start + window - wall;

        note_lapse(server, SIM_LAPSE_EARLY_RETRY,
                   wall < server->retry_not_before);
        server->retry_not_before = wall + left;
        snprintf(answer->headers, sizeof(answer->headers),
                 "Retry-After: %d\r\n", (int)left + 1);
    }
    return false;
}

/* Hashes the request with its cursor replaced by the position it means, for
   two cursors of one position differ in their time of issue. */
static uint64_t identity_of(const struct sim_server *server)
{
    const struct sim_query *query = &server->query;
    uint64_t identity =
        sim_mix_bytes(server->options.seed, query->path, strlen(query->path));
    bool repeated = false;
    const char *filter = sim_query_get(query, "filter", &repeated);
    const char *order = sim_query_get(query, "order", &repeated);
    uint64_t binding =
        sim_stream_binding(server, filter, order != NULL ? order : "date-");

    for (unsigned i = 0; i < query->count; i++) {
        const char *value = query->value[i];
        struct sim_cursor cursor;

        if (strcmp(query->name[i], "cursor") == 0 &&
            sim_cursor_read(value, binding, &cursor)) {
            identity = sim_mix_bytes(identity, cursor.id, strlen(cursor.id));
        } else {
            identity =
                sim_mix_bytes(identity, query->name[i], strlen(query->name[i]));
            identity = sim_mix_bytes(identity, value, strlen(value));
        }
    }
    return identity;
}

/* True for `latest` and for the hour that `latest` would be. */
static bool asks_newest(const struct sim_server *server)
{
    int64_t hour = sim_server_now(server) / SIM_HOUR;
    const char *last = strrchr(server->query.path, '/');
    int64_t second;

    return strcmp(last, "/latest") == 0 ||
           (sim_date_parse_hour(last + 1, &second) &&
            second / SIM_HOUR == hour - server->options.delay_hours);
}

static void pick_fault(struct sim_server *server,
                       const struct sim_request *request, const char *endpoint,
                       struct sim_answer *answer)
{
    bool repeated = false;
    struct sim_fault_trial trial = {
        .seed = server->options.seed,
        .endpoint = endpoint,
        .has_cursor =
            sim_query_get(&server->query, "cursor", &repeated) != NULL,
        .gzip = request->gzip && server->options.gzip,
        .newest = asks_newest(server)};

    if (server->options.faults.count == 0) {
        return;
    }
    trial.identity = identity_of(server);
    answer->fault = sim_fault_pick(&server->options.faults, &trial);
    if (answer->fault != NULL) {
        server->stats.faults[answer->fault->kind]++;
    }
}

static enum sim_endpoint endpoint_of(const char *path)
{
    size_t len = strlen(path);

    if (strcmp(path, API "ioc_stream") == 0) {
        return SIM_ENDPOINT_STREAM;
    }
    if (strcmp(path, API "threat_lists") == 0) {
        return SIM_ENDPOINT_LISTS;
    }
    if (strncmp(path, API "threat_lists/", strlen(API "threat_lists/")) == 0) {
        return len > 7 && strcmp(path + len - 7, "/latest") == 0
                   ? SIM_ENDPOINT_LATEST
                   : SIM_ENDPOINT_PACKAGE;
    }
    return SIM_ENDPOINT_OTHER;
}

static void route_api(struct sim_server *server,
                      const struct sim_request *request,
                      struct sim_answer *answer)
{
    const char *path = server->query.path;
    enum sim_endpoint endpoint = endpoint_of(path);
    const char *rest;

    server->stats.by_endpoint[endpoint]++;
    note_lapses(server, request);
    if (strcmp(request->method, "GET") != 0) {
        sim_answer_error(answer, 405, "MethodNotAllowedError",
                         "Method not allowed");
        snprintf(answer->headers, sizeof(answer->headers), "Allow: GET\r\n");
        return;
    }
    if (endpoint == SIM_ENDPOINT_OTHER) {
        answer_unknown(request, answer);
        return;
    }
    if (!is_authorised(server, request, answer) || !has_quota(server, answer)) {
        return;
    }
    pick_fault(server, request,
               endpoint == SIM_ENDPOINT_STREAM ? "stream" : "list", answer);
    if (sim_misbehave(answer->fault, answer)) {
        return;
    }
    if (endpoint == SIM_ENDPOINT_STREAM) {
        sim_stream_answer(server, request, answer);
        return;
    }
    rest = path + strlen(API "threat_lists");
    sim_lists_answer(server, request, *rest == '/' ? rest + 1 : rest, answer);
}

void sim_route(struct sim_server *server, const struct sim_request *request,
               struct sim_answer *answer, bool *counted)
{
    const char *wrong = sim_query_parse(&server->query, request->target);

    sim_sets_settle(server->sets);
    *counted = strncmp(request->target, "/_sim/", 6) != 0;
    if (*counted) {
        server->stats.requests++;
        server->stats.last_time = sim_server_wall();
        if (server->stats.first_time == 0) {
            server->stats.first_time = server->stats.last_time;
        }
    }
    if (*counted && sim_aws_route(server, request, wrong, answer)) {
        return;
    }
    if (wrong != NULL) {
        server->stats.by_endpoint[SIM_ENDPOINT_OTHER] += *counted;
        sim_refuse(answer, wrong);
    } else if (*counted) {
        route_api(server, request, answer);
    } else {
        sim_control_answer(server, request, answer);
    }
}
