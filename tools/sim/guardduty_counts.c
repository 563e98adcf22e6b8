/* SPDX-License-Identifier: Apache-2.0 */
/* What: what is told about GuardDuty: counts for each account, region and
   operation, and the present findings of every view. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_state.h"
#include "finding.h"
#include "guardduty.h"
#include "json.h"

#define ROWS_MAX 4096
#define DUMP_PIECE 32

/* Answers on their way, by who asked for what; the rest is counted at the
   front door (aws_state.h). Rows never move: answers point to in_flight. */
struct row {
    char account[13];
    char region[64];
    const char *operation;
    uint64_t in_flight;
    uint64_t in_flight_max;
};

static struct row rows[ROWS_MAX];
static size_t row_count;
static uint64_t in_flight_max;

static struct row *find_row(const char *account, const char *region,
                            const char *operation)
{
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].operation, operation) == 0 &&
            strcmp(rows[i].region, region) == 0 &&
            strcmp(rows[i].account, account) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct row *make_row(const struct sim_aws_caller *caller,
                            const char *operation)
{
    struct row *row = find_row(caller->account, caller->region, operation);

    if (row == NULL && row_count == ROWS_MAX) {
        return &rows[ROWS_MAX - 1];
    }
    if (row == NULL) {
        row = &rows[row_count++];
        snprintf(row->account, sizeof(row->account), "%s", caller->account);
        snprintf(row->region, sizeof(row->region), "%s", caller->region);
        row->operation = operation;
    }
    return row;
}

void sim_guardduty_count(const struct sim_aws_caller *caller,
                         const char *operation, struct sim_answer *answer)
{
    struct row *row = make_row(caller, operation);
    uint64_t all = 0;

    row->in_flight++;
    answer->in_flight = &row->in_flight;
    if (row->in_flight > row->in_flight_max) {
        row->in_flight_max = row->in_flight;
    }
    for (size_t i = 0; i < row_count; i++) {
        all += rows[i].in_flight;
    }
    in_flight_max = all > in_flight_max ? all : in_flight_max;
}

void sim_guardduty_counts_reset(void)
{
    for (size_t i = 0; i < row_count; i++) {
        rows[i].in_flight_max = rows[i].in_flight;
    }
    in_flight_max = 0;
}

void sim_guardduty_counts_render(const struct sim_server *server,
                                 struct sim_text *out)
{
    struct sim_json json;

    sim_json_init(&json, out);
    sim_json_object(&json);
    sim_json_put_int(&json, "in_flight_max", (int64_t)in_flight_max);
    sim_json_key(&json, "operations");
    sim_json_array(&json);
    for (unsigned i = 0; i < server->aws->counts; i++) {
        const struct sim_count *count = &server->aws->count[i];
        const struct row *row =
            find_row(count->account, count->region, count->operation);

        if (strcmp(count->service, "guardduty") != 0) {
            continue;
        }
        sim_json_object(&json);
        sim_json_put_string(&json, "account", count->account);
        sim_json_put_string(&json, "region", count->region);
        sim_json_put_string(&json, "operation", count->operation);
        sim_json_put_int(&json, "requests", (int64_t)count->requests);
        sim_json_put_int(&json, "denied", (int64_t)count->denied);
        sim_json_put_int(&json, "throttled", (int64_t)count->throttled);
        sim_json_put_int(&json, "in_flight_max",
                         row != NULL ? (int64_t)row->in_flight_max : 0);
        sim_json_end(&json);
    }
    sim_json_end(&json);
    sim_json_end(&json);
    sim_json_fini(&json);
    sim_text_str(out, "\n");
}

struct dump {
    struct sim_feed feed;
    struct sim_world *world;
    size_t view;
    size_t at; /* in the view's order */
};

static void put_line(const struct dump *dump, struct sim_text *out)
{
    const struct sim_detector *view = &dump->world->detector[dump->view];
    struct sim_finding_ref ref = view->order[dump->at];

    if (sim_world_finding(dump->world, ref)->vanished) {
        return;
    }
    sim_text_printf(out,
                    "{\"account\":\"%s\",\"region\":\"%s\",\"detector\":\"%s\""
                    ",\"finding\":",
                    view->account, view->region, view->id);
    sim_finding_render(dump->world, ref, out);
    sim_text_str(out, "}\n");
}

static bool next_of_dump(struct sim_feed *feed, struct sim_text *out)
{
    struct dump *dump = (struct dump *)feed;

    for (int i = 0; i < DUMP_PIECE; i++) {
        while (dump->view < dump->world->count &&
               (!dump->world->detector[dump->view].exists ||
                dump->at >= dump->world->detector[dump->view].order_count)) {
            dump->view++;
            dump->at = 0;
        }
        if (dump->view >= dump->world->count) {
            return false;
        }
        put_line(dump, out);
        dump->at++;
    }
    return true;
}

static void rewind_dump(struct sim_feed *feed)
{
    struct dump *dump = (struct dump *)feed;

    dump->view = 0;
    dump->at = 0;
}

static void free_dump(struct sim_feed *feed)
{
    free(feed);
}

struct sim_feed *sim_guardduty_dump(struct sim_world *world)
{
    struct dump *dump = sim_alloc(sizeof(*dump));

    dump->feed = (struct sim_feed){next_of_dump, rewind_dump, free_dump,
                                   (uint64_t)SIM_SMALL_PAGE + 1};
    dump->world = world;
    return &dump->feed;
}
