/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GET /_sim/sets: every set there is or was, with the content that
 * detection works with, and counts.
 * POST /_sim/sets?finish=1 ends whatever sets are busy with, now.
 * POST /_sim/sets?delay=MS is --gd-activation-delay from now on, and
 * ?kms_denied=0 or 1 --gd-kms-denied.
 * POST /_sim/sets?kind=K&name=N&status=S[&account=A][&region=R] puts sets into
 * a status, where they stay until something else is asked of them.
 */
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"
#include "json.h"

static void put_content(struct sim_json *json, const struct sim_set *set)
{
    sim_json_key(json, "content");
    if (!set->used) {
        sim_json_raw(json, "null");
        return;
    }
    sim_json_object(json);
    sim_json_put_string(json, "sha256", set->in_use.sha256);
    sim_json_put_int(json, "lines", (int64_t)set->in_use.lines);
    sim_json_end(json);
}

static void put_set(struct sim_json *json, const struct sim_set *set)
{
    sim_json_object(json);
    sim_json_put_string(json, "account", set->account);
    sim_json_put_string(json, "region", set->region);
    sim_json_put_string(json, "kind", sim_set_nouns[set->kind].word);
    sim_json_put_string(json, "id", set->id);
    sim_json_put_string(json, "name", set->name);
    sim_json_put_string(json, "format", set->format);
    sim_json_put_string(json, "location", set->location);
    sim_json_put_string(json, "expected_bucket_owner", set->expected_owner);
    sim_json_put_string(json, "status", sim_set_status_name(set->status));
    sim_json_put_string(json, "error_details", set->error);
    put_content(json, set);
    sim_json_put_int(json, "activations", (int64_t)set->activations);
    sim_json_put_int(json, "updates", (int64_t)set->updates);
    sim_json_put_int(json, "deletes", (int64_t)set->deletes);
    sim_json_put_int(json, "refused_while_busy", (int64_t)set->busy);
    sim_json_end(json);
}

/* "CreateThreatIntelSet":{"accepted":1,"refused":0} for each that was. */
static void put_operations(struct sim_json *json, const struct sim_sets *sets)
{
    char name[64];

    sim_json_key(json, "operations");
    sim_json_object(json);
    for (int kind = 0; kind < SIM_SET_KINDS; kind++) {
        for (int i = 0; i < SIM_SET_OPERATIONS; i++) {
            if (sets->accepted[kind][i] + sets->refused[kind][i] == 0) {
                continue;
            }
            snprintf(name, sizeof(name), "%s%s%s", sim_set_operations[i],
                     sim_set_nouns[kind].noun, i == SIM_SET_LIST ? "s" : "");
            sim_json_key(json, name);
            sim_json_object(json);
            sim_json_put_int(json, "accepted",
                             (int64_t)sets->accepted[kind][i]);
            sim_json_put_int(json, "refused", (int64_t)sets->refused[kind][i]);
            sim_json_end(json);
        }
    }
    sim_json_end(json);
}

static void answer_sets(const struct sim_sets *sets, struct sim_answer *answer)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_int(&json, "activations", (int64_t)sets->activations);
    sim_json_put_int(&json, "refused_while_busy", (int64_t)sets->busy);
    put_operations(&json, sets);
    sim_json_key(&json, "sets");
    sim_json_array(&json);
    for (const struct sim_set *set = sets->first; set != NULL;
         set = set->next) {
        put_set(&json, set);
    }
    sim_json_end(&json);
    sim_json_end(&json);
    sim_answer_take_json(answer, &json, &text);
}

/* True if the parameter is absent or says this. */
static bool is_asked(const struct sim_query *query, const char *name,
                     const char *value)
{
    bool repeated = false;
    const char *asked = sim_query_get(query, name, &repeated);

    return asked == NULL || strcmp(asked, value) == 0;
}

static void put_status(struct sim_sets *sets, struct sim_set *set,
                       enum sim_set_status status)
{
    set->status = status;
    sets->timed -= set->timed;
    set->timed = false;
    memset(&set->loading, 0, sizeof(set->loading));
    set->error[0] = '\0';
    if (status == SIM_SET_ERROR) {
        strcpy(set->error, "The list could not be activated");
    }
    set->used = set->used && status != SIM_SET_ERROR &&
                status != SIM_SET_INACTIVE && status != SIM_SET_DELETED;
}

/* How many sets were put into that status. */
static unsigned force_status(struct sim_sets *sets, enum sim_set_status status)
{
    const struct sim_query *query = &sets->server->query;
    unsigned count = 0;

    for (struct sim_set *set = sets->first; set != NULL; set = set->next) {
        if (is_asked(query, "kind", sim_set_nouns[set->kind].word) &&
            is_asked(query, "name", set->name) &&
            is_asked(query, "account", set->account) &&
            is_asked(query, "region", set->region)) {
            put_status(sets, set, status);
            count++;
        }
    }
    return count;
}

static void change_sets(struct sim_sets *sets, struct sim_answer *answer)
{
    const struct sim_query *query = &sets->server->query;
    bool repeated = false;
    const char *delay = sim_query_get(query, "delay", &repeated);
    const char *denied = sim_query_get(query, "kms_denied", &repeated);
    const char *status = sim_query_get(query, "status", &repeated);
    int64_t number = 0;
    char body[64];

    if (sim_query_get(query, "finish", &repeated) != NULL) {
        sim_sets_finish(sets);
    } else if (delay != NULL && sim_query_number(delay, &number)) {
        sets->server->options.gd_activation_delay_ms = number;
    } else if (denied != NULL && sim_query_number(denied, &number) &&
               (number == 0 || number == 1)) {
        sets->server->options.gd_kms_denied = number == 1;
    } else if (status != NULL &&
               sim_set_status_parse(status) != SIM_SET_STATUS_COUNT) {
        number = force_status(sets, sim_set_status_parse(status));
    } else {
        sim_refuse(answer, "finish=1, delay=MS, kms_denied=0 or status=STATUS "
                           "is expected");
        return;
    }
    snprintf(body, sizeof(body), "{\"ok\":true,\"count\":%lld}\n",
             (long long)number);
    sim_answer_text(answer, 200, "application/json", body);
}

void sim_sets_control(struct sim_server *server,
                      const struct sim_request *request,
                      struct sim_answer *answer)
{
    if (strcmp(request->method, "GET") == 0) {
        answer_sets(server->sets, answer);
    } else if (strcmp(request->method, "POST") == 0) {
        change_sets(server->sets, answer);
    } else {
        sim_refuse(answer, "GET or POST is expected");
    }
}

void sim_sets_reset(struct sim_sets *sets)
{
    sets->busy = 0;
    memset(sets->accepted, 0, sizeof(sets->accepted));
    memset(sets->refused, 0, sizeof(sets->refused));
    for (struct sim_set *set = sets->first; set != NULL; set = set->next) {
        set->activations = 0;
        set->updates = 0;
        set->deletes = 0;
        set->busy = 0;
    }
}
