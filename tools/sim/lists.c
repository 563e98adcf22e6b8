/* SPDX-License-Identifier: Apache-2.0 */
/* What: GET /threat_lists, /threat_lists/{id}/latest and /{hour}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "filter.h"
#include "mix.h"
#include "package.h"
#include "render.h"
#include "server.h"

#define LIMIT_MAX 4000
#define LIMIT_DEFAULT 2000

struct list_request {
    int list;
    int64_t hour; /* hours since 1970 */
    int64_t limit;
    unsigned types;
    struct sim_item_query query;
};

/* The items of a page, over the packages of its types, in a fixed order. */
struct list_feed {
    struct sim_feed feed;
    struct sim_render render;
    struct sim_package package[SIM_TYPES];
    struct sim_item_query query;
    int list;
    int64_t hour;
    int64_t limit;
    int64_t served;
    int type;
    size_t next;
    bool begun;
    bool null;
};

static bool refuse(struct sim_answer *answer, const char *message)
{
    sim_refuse(answer, message);
    return false;
}

static void say_json(struct sim_answer *answer)
{
    answer->status = 200;
    answer->content_type = "application/json; charset=utf-8";
}

static void answer_index(struct sim_server *server, struct sim_answer *answer)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_key(&json, "data");
    sim_json_array(&json);
    for (int list = 0; list < SIM_LISTS; list++) {
        if (sim_options_has(server->options.tiers, sim_lists[list].id)) {
            continue;
        }
        sim_json_object(&json);
        sim_json_put_string(&json, "id", sim_lists[list].id);
        sim_json_put_string(&json, "type", "threat_list");
        sim_json_key(&json, "attributes");
        sim_json_object(&json);
        sim_json_put_string(&json, "name", sim_lists[list].name);
        sim_json_end(&json);
        sim_json_end(&json);
    }
    sim_json_end(&json);
    sim_json_end(&json);
    say_json(answer);
    answer->blob = sim_blob_new(text.data, text.len);
    sim_json_fini(&json);
    sim_text_fini(&text);
}

/* One id, or by switch several with commas. */
static bool read_types(const struct sim_options *options, const char *text,
                       unsigned *types)
{
    *types = (1u << SIM_TYPES) - 1;
    if (text == NULL) {
        return true;
    }
    *types = 0;
    for (;;) {
        size_t len = strcspn(text, options->type_list ? "," : "");
        enum sim_type type = sim_type_parse(text, len);

        if (type == SIM_TYPES) {
            return false;
        }
        *types |= 1u << type;
        if (text[len] == '\0') {
            return true;
        }
        text += len + 1;
    }
}

static bool read_limit(const struct sim_options *options, const char *text,
                       int64_t *limit)
{
    *limit = LIMIT_DEFAULT;
    if (text == NULL) {
        return true;
    }
    if (!sim_query_number(text, limit) || *limit < 1 ||
        (*limit > LIMIT_MAX && !options->clamp_limit)) {
        return false;
    }
    *limit = *limit > LIMIT_MAX ? LIMIT_MAX : *limit;
    return true;
}

static bool read_parameters(struct sim_server *server,
                            struct list_request *request,
                            struct sim_answer *answer)
{
    const struct sim_query *query = &server->query;
    char message[SIM_MESSAGE_CAP];
    bool repeated = false;
    const char *limit = sim_query_get(query, "limit", &repeated);
    const char *type = sim_query_get(query, "type", &repeated);
    const char *filter = sim_query_get(query, "query", &repeated);
    const char *format = sim_query_get(query, "format", &repeated);

    if (repeated) {
        return refuse(answer, "a parameter is given twice");
    }
    if (!read_limit(&server->options, limit, &request->limit)) {
        return refuse(answer, "limit must be a number from 1 to 4000");
    }
    if (!read_types(&server->options, type, &request->types)) {
        return refuse(answer, "type is not valid. Valid types are: "
                              "file,url,ip_address,domain");
    }
    if (format != NULL && strcmp(format, "json") != 0) {
        return refuse(answer, "format is not supported");
    }
    request->query = (struct sim_item_query){.score_to = INT64_MAX,
                                             .positives_to = INT64_MAX};
    if (filter != NULL &&
        !sim_filter_list(&server->options, filter, &request->query, message)) {
        return refuse(answer, message);
    }
    return true;
}

static void answer_early(int64_t hour, int64_t delay_hours,
                         struct sim_answer *answer)
{
    int64_t from = (hour + delay_hours) * SIM_HOUR;
    struct sim_date asked = sim_date_of(hour * SIM_HOUR);
    struct sim_date until = sim_date_of(from);
    char message[160];

    snprintf(message, sizeof(message),
             "Package %04d%02d%02d%02d is not available until %04d-%02d-%02d "
             "at %02d:%02d UTC because of privacy policy.",
             asked.year, asked.month, asked.day, asked.hour, until.year,
             until.month, until.day, until.hour, until.minute);
    sim_answer_error(answer, 400, "NotAvailableYet", message);
}

static void answer_missing(int64_t hour, struct sim_answer *answer)
{
    struct sim_date date = sim_date_of(hour * SIM_HOUR);
    char message[64];

    snprintf(message, sizeof(message), "Package %04d%02d%02d%02d not found",
             date.year, date.month, date.day, date.hour);
    sim_answer_error(answer, 404, "NotFoundError", message);
}

/* Takes `{id}/latest` or `{id}/{hour}` apart, and judges list and hour. */
static bool read_path(struct sim_server *server, const char *rest,
                      struct list_request *request, struct sim_answer *answer)
{
    const struct sim_options *options = &server->options;
    int64_t newest = sim_server_now(server) / SIM_HOUR - options->delay_hours;
    const char *slash = strchr(rest, '/');
    char id[64];
    int64_t second;

    if (slash == NULL || (size_t)(slash - rest) >= sizeof(id) ||
        strchr(slash + 1, '/') != NULL) {
        sim_answer_error(answer, 404, "NotFoundError", "URL not found");
        return false;
    }
    snprintf(id, sizeof(id), "%.*s", (int)(slash - rest), rest);
    request->list = sim_list_find(id);
    if (request->list < 0) {
        sim_answer_error(answer, 404, "NotFoundError", "Threat list not found");
        return false;
    }
    if (sim_options_has(options->tiers, id)) {
        sim_answer_error(
            answer, 403, "ForbiddenError",
            "You are not authorized to perform the requested operation");
        return false;
    }
    request->hour = newest;
    if (strcmp(slash + 1, "latest") != 0) {
        if (!sim_date_parse_hour(slash + 1, &second)) {
            bool bad = strcmp(options->malformed_hour, "400") == 0;

            sim_answer_error(answer, bad ? 400 : 404,
                             bad ? "BadRequestError" : "NotFoundError",
                             "Threat list package is not valid");
            return false;
        }
        request->hour = second / SIM_HOUR;
    }
    return true;
}

/* Judges availability: too early, too old, or a hole. */
static bool is_available(struct sim_server *server,
                         const struct list_request *request,
                         struct sim_answer *answer)
{
    const struct sim_options *options = &server->options;
    int64_t current = sim_server_now(server) / SIM_HOUR;
    int64_t newest = current - options->delay_hours;
    bool fault =
        answer->fault != NULL && answer->fault->kind == SIM_FAULT_NOT_AVAILABLE;

    if (request->hour > newest || fault) {
        answer_early(request->hour, options->delay_hours + (fault ? 1 : 0),
                     answer);
        return false;
    }
    if (request->hour < current - options->list_days * 24 ||
        sim_package_state(options, request->list, request->hour) ==
            SIM_PACKAGE_HOLE) {
        answer_missing(request->hour, answer);
        return false;
    }
    return true;
}

static bool passes(const struct list_feed *feed,
                   const struct sim_package_item *item)
{
    const struct sim_item_query *query = &feed->query;
    struct sim_assessment assessment;

    if (!query->scored && !query->counted && query->has == 0) {
        return true;
    }
    sim_render_assess(&feed->render.space, item, feed->hour, &assessment);
    if (query->scored &&
        (!assessment.present || assessment.score < query->score_from ||
         assessment.score > query->score_to)) {
        return false;
    }
    if (query->counted && (assessment.positives < query->positives_from ||
                           assessment.positives > query->positives_to)) {
        return false;
    }
    return (sim_render_relations(item) & query->has) == query->has;
}

/* The next item that the query lets pass, or NULL. */
static const struct sim_package_item *pull_item(struct list_feed *feed)
{
    while (feed->type < SIM_TYPES && feed->served < feed->limit) {
        struct sim_package *package = &feed->package[feed->type];

        if (feed->next == package->count) {
            feed->type++;
            feed->next = 0;
        } else if (passes(feed, &package->item[feed->next++])) {
            feed->served++;
            return &package->item[feed->next - 1];
        }
    }
    return NULL;
}

static bool next_of_list(struct sim_feed *base, struct sim_text *out)
{
    struct list_feed *feed = (struct list_feed *)base;
    const struct sim_package_item *item = pull_item(feed);
    size_t start;

    if (!feed->begun) {
        sim_text_str(out, "{\"iocs\":");
    }
    if (item == NULL) {
        sim_text_str(out, feed->begun ? "]}" : feed->null ? "null}" : "[]}");
        return false;
    }
    start = out->len;
    sim_render_item(&feed->render, feed->list, item, feed->hour, out);
    if (!feed->begun) {
        out->data[start] = '[';
        feed->begun = true;
    }
    return true;
}

static void rewind_list(struct sim_feed *base)
{
    struct list_feed *feed = (struct list_feed *)base;

    feed->type = 0;
    feed->next = 0;
    feed->served = 0;
    feed->begun = false;
}

static void free_list(struct sim_feed *base)
{
    struct list_feed *feed = (struct list_feed *)base;

    for (int type = 0; type < SIM_TYPES; type++) {
        sim_package_fini(&feed->package[type]);
    }
    free(feed);
}

static struct list_feed *new_feed(struct sim_server *server,
                                  const struct list_request *request)
{
    const struct sim_options *options = &server->options;
    struct list_feed *feed = sim_alloc(sizeof(*feed));

    feed->feed = (struct sim_feed){next_of_list, rewind_list, free_list, 0};
    feed->render = (struct sim_render){
        .options = options,
        .space = {options->seed, (uint64_t)options->odd,
                  (uint64_t)options->hot},
        .null_arrays = sim_fault_find(&server->options.faults,
                                      SIM_FAULT_NULL_ARRAYS) != NULL};
    feed->query = request->query;
    feed->list = request->list;
    feed->hour = request->hour;
    feed->limit = request->limit;
    return feed;
}

static void fill_feed(struct sim_server *server,
                      const struct list_request *request,
                      struct list_feed *feed)
{
    const struct sim_options *options = &server->options;
    enum sim_package_state state =
        sim_package_state(options, request->list, request->hour);
    unsigned types = sim_lists[request->list].types & request->types;
    int64_t items = 0;

    feed->null = state == SIM_PACKAGE_NULL || feed->render.null_arrays;
    for (int type = 0; type < SIM_TYPES; type++) {
        if (state == SIM_PACKAGE_FULL && (types & 1u << type) != 0) {
            sim_package_init(&feed->package[type], options, request->list,
                             (enum sim_type)type, request->hour);
            items += (int64_t)feed->package[type].count;
        }
    }
    items = items < request->limit ? items : request->limit;
    feed->render.pad_bytes = options->item_bytes;
    if (options->item_bytes == 0 && options->page_bytes > 0 && items > 0) {
        int64_t each = options->page_bytes / items;

        feed->render.pad_bytes =
            each < options->item_bytes_max ? each : options->item_bytes_max;
    }
    feed->feed.estimate =
        (uint64_t)items * (uint64_t)(feed->render.pad_bytes + 900);
}

static uint64_t cache_key(const struct sim_server *server,
                          const struct list_request *request,
                          const struct sim_request *http, bool gzip)
{
    const char *query = strchr(http->target, '?');
    uint64_t key = sim_mix3(server->options.seed, (uint64_t)request->list,
                            (uint64_t)request->hour * 2 + gzip);

    query = query != NULL ? query : "";
    return sim_mix_bytes(key, query, strlen(query));
}

static void answer_package(struct sim_server *server,
                           const struct list_request *request,
                           const struct sim_request *http,
                           struct sim_answer *answer)
{
    bool plain =
        answer->fault != NULL && answer->fault->kind == SIM_FAULT_PLAIN_BODY;
    struct list_feed *feed;
    uint64_t key;

    say_json(answer);
    answer->gzip = http->gzip && server->options.gzip && !plain;
    key = cache_key(server, request, http, answer->gzip);
    if (answer->fault == NULL) {
        answer->blob = sim_cache_get(server->cache, key);
    }
    if (answer->blob != NULL) {
        return;
    }
    feed = new_feed(server, request);
    fill_feed(server, request, feed);
    answer->feed = &feed->feed;
    sim_answer_settle(answer);
    if (answer->fault == NULL && answer->blob != NULL) {
        sim_cache_put(server->cache, key, answer->blob);
    }
}

void sim_lists_answer(struct sim_server *server, const struct sim_request *http,
                      const char *rest, struct sim_answer *answer)
{
    struct list_request request = {0};

    if (*rest == '\0') {
        answer_index(server, answer);
        return;
    }
    if (read_path(server, rest, &request, answer) &&
        read_parameters(server, &request, answer) &&
        is_available(server, &request, answer)) {
        answer_package(server, &request, http, answer);
    }
}
