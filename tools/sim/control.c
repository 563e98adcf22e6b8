/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the simulator's own questions: GET /_sim/health, GET /_sim/stats,
 * GET /_sim/aws, GET /_sim/guardduty (counts), GET /_sim/findings (every view's
 * findings, one JSON object a line), GET and POST /_sim/sets
 * (guardduty_sets_control.c), GET /_sim/s3 (buckets and objects), POST
 * /_sim/reset, POST /_sim/now?epoch=N (moves the frozen clock; 0 thaws it),
 * POST /_sim/fail?nth=N[&how=HOW] (aws_nth.h; N counts from now). They are
 * never counted, delayed, limited or spoilt.
 */
#include <stdio.h>
#include <string.h>

#include "aws.h"
#include "aws_state.h"
#include "guardduty_sets.h"
#include "s3.h"
#include "server.h"

static void answer_stats(struct sim_server *server, struct sim_answer *answer)
{
    struct sim_text text = {0};

    sim_stats_render(&server->stats, &text);
    sim_text_str(&text, "\n");
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, 200, "application/json", text.data);
    sim_text_fini(&text);
}

static void set_clock(struct sim_server *server, struct sim_answer *answer)
{
    bool repeated = false;
    const char *epoch = sim_query_get(&server->query, "epoch", &repeated);
    int64_t now;

    if (epoch == NULL || repeated || !sim_query_number(epoch, &now)) {
        sim_refuse(answer, "epoch=SECONDS is expected");
        return;
    }
    server->options.now = now;
    sim_answer_text(answer, 200, "application/json", "{\"ok\":true}\n");
}

static void set_failure(struct sim_server *server, struct sim_answer *answer)
{
    bool repeated = false;
    const char *nth = sim_query_get(&server->query, "nth", &repeated);
    const char *how = sim_query_get(&server->query, "how", &repeated);
    struct sim_text text = {0};
    const char *wrong;

    sim_text_printf(&text, "%s:%s", nth != NULL ? nth : "",
                    how != NULL ? how : "500");
    sim_text_byte(&text, '\0');
    wrong = repeated ? "nth and how once each"
                     : sim_nth_read(&server->aws->nth, text.data);
    if (wrong != NULL) {
        sim_refuse(answer, wrong);
    } else {
        sim_answer_text(answer, 200, "application/json", "{\"ok\":true}\n");
    }
    sim_text_fini(&text);
}

static void answer_counts(struct sim_server *server, struct sim_answer *answer)
{
    struct sim_text text = {0};

    sim_guardduty_counts_render(server, &text);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, 200, "application/json", text.data);
    sim_text_fini(&text);
}

void sim_control_answer(struct sim_server *server,
                        const struct sim_request *request,
                        struct sim_answer *answer)
{
    const char *path = server->query.path;
    bool get = strcmp(request->method, "GET") == 0;
    bool post = strcmp(request->method, "POST") == 0;

    if (get && strcmp(path, "/_sim/health") == 0) {
        sim_answer_text(answer, 200, "application/json", "{\"ok\":true}\n");
    } else if (get && strcmp(path, "/_sim/stats") == 0) {
        answer_stats(server, answer);
    } else if (get && strcmp(path, "/_sim/aws") == 0) {
        sim_aws_control(server, answer);
    } else if (get && strcmp(path, "/_sim/s3") == 0) {
        sim_s3_control(server, answer);
    } else if (post && strcmp(path, "/_sim/fail") == 0) {
        set_failure(server, answer);
    } else if (get && strcmp(path, "/_sim/guardduty") == 0) {
        answer_counts(server, answer);
    } else if (strcmp(path, "/_sim/sets") == 0) {
        sim_sets_control(server, request, answer);
    } else if (get && strcmp(path, "/_sim/findings") == 0) {
        answer->status = 200;
        answer->content_type = "application/x-ndjson";
        answer->feed = sim_guardduty_dump(server->world);
    } else if (post && strcmp(path, "/_sim/reset") == 0) {
        sim_stats_reset(&server->stats);
        sim_guardduty_counts_reset();
        sim_aws_reset(server);
        sim_sets_reset(server->sets);
        sim_answer_text(answer, 200, "application/json", "{\"ok\":true}\n");
    } else if (post && strcmp(path, "/_sim/now") == 0) {
        set_clock(server, answer);
    } else {
        sim_answer_error(answer, 404, "NotFoundError",
                         "no such control request");
    }
}
