/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct bench bench;

static void stop_all(void)
{
    bench_stop_server(&bench);
    bench_stop(&bench);
}

/* ---- the way of an answer that is good ---- */

static struct raw_answer answer_slowly(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "c\n");

    (void)ctx;
    (void)request;
    answer.delay_ms = 10;
    return answer;
}

Test(pull, fills_its_connections_and_never_takes_more)
{
    bench_start(&bench, answer_slowly, NULL);
    bench.world.unit_count = 20;
    bench.world.pages = 3;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 60);
    cr_assert_eq(bench.counts.busy_max, 4);
    /* One more is handed out and held until there is a slot. */
    cr_assert_leq(bench.world.under_way_max, 5);
    cr_assert_eq(bench.report.requests, 60);
    cr_assert_eq(bench.report.in_flight_max, 4);
    cr_assert_eq(bench.report.in_flight, 0);
    cr_assert_eq(bench.result.source.units, 20);
    cr_assert_eq(bench.result.checkpoint.stream[0], 7);
    cr_assert_eq(bench.result.counts.items, 60);
    cr_assert_eq(bench.report.items, 60);
    bench_stop(&bench);
}

static const char *const good_body = "dgood.example.com\n"
                                     "dbad domain.com\n"
                                     "i198.51.99.7\n"
                                     "i10.1.2.3\n"
                                     "smaybe.example.org\n"
                                     "c\n";

static struct raw_answer answer_good(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return served_text(200, "", good_body);
}

struct told {
    unsigned count;
    char values[256];
};

static void note_indicator(void *ctx, const struct slu_indicator *indicator)
{
    struct told *told = ctx;
    size_t len = strlen(told->values);

    told->count++;
    (void)snprintf(told->values + len, sizeof(told->values) - len, "%.*s ",
                   SLU_VIEW_ARGS(indicator->value));
}

Test(pull, stores_all_and_counts_each_under_its_reason)
{
    char names[512] = "";

    bench_start(&bench, answer_good, NULL);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.result.counts.items, 6);
    cr_assert_eq(bench.result.counts.accepted[SLU_KIND_DOMAIN], 1);
    cr_assert_eq(bench.result.counts.accepted[SLU_KIND_IP], 1);
    cr_assert_eq(bench.result.counts.reasons[SLU_REASON_DOMAIN_SPACE], 1);
    cr_assert_eq(bench.result.counts.reasons[SLU_REASON_GUARD_PRIVATE], 1);
    cr_assert_eq(bench.result.counts.reasons[SLU_REASON_VERDICT], 1);
    cr_assert_eq(bench.result.counts.reasons[SLU_REASON_OTHER_TYPE], 1);
    cr_assert_eq(bench.report.reason_count, 4);
    /* What is not wanted today is stored too: its verdict counts. */
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, names, sizeof(names)),
                 2);
    cr_assert_str_eq(names, "good.example.com maybe.example.org ");
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_IP, NULL, 0), 2);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_INVALID_DOMAIN, NULL, 0), 1);
    cr_assert_str_eq(bench_entry(&bench, "fake/u/0"), "0");
    stop_all();
}

Test(pull, tells_the_embedder_only_what_may_be_listed)
{
    struct told told = {0};

    bench_start(&bench, answer_good, NULL);
    bench.callbacks.on_indicator = note_indicator;
    bench.callbacks.indicator_ctx = &told;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(told.count, 2);
    cr_assert_str_eq(told.values, "good.example.com 198.51.99.7 ");
    stop_all();
}

Test(pull, looks_for_no_repeats_where_the_source_says_there_are_none)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.pages = 3;
    bench.world.distinct = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.result.counts.items, 18);
    cr_assert_eq(bench.result.counts.duplicates, 0);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 2);
    stop_all();
}

Test(pull, drops_what_came_before_to_the_letter)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.pages = 3;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.result.counts.items, 18);
    cr_assert_eq(bench.result.counts.duplicates, 10);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 2);
    cr_assert_str_eq(bench_entry(&bench, "fake/u/0"), "2");
    stop_all();
}

Test(pull, hands_the_source_what_an_earlier_one_put)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.unit_count = 3;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.loaded, 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.loaded, 3);
    stop_all();
}

/* ---- void answers ---- */

struct once {
    struct raw_answer first;
    struct raw_answer then;
    unsigned asked;
};

static struct raw_answer answer_once(void *ctx, const char *request)
{
    struct once *once = ctx;

    (void)request;
    return once->asked++ == 0 ? once->first : once->then;
}

Test(pull, keeps_nothing_of_an_answer_that_was_cut)
{
    static const char cut[] = "dvoid.example.com\nbroken";
    struct once once = {
        .first = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
                  .body = cut,
                  .body_len = sizeof(cut) - 1,
                  .end = RAW_CLOSE},
        .then = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n",
                 .body = good_body,
                 .body_len = 18},
    };
    char names[256] = "";

    bench_start(&bench, answer_once, &once);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, names, sizeof(names)),
                 1);
    cr_assert_str_eq(names, "good.example.com ");
    cr_assert_eq(bench.result.counts.items, 1);
    cr_assert_eq(bench.result.retries, 1);
    cr_assert_eq(bench.report.retries, 1);
    cr_assert_eq(bench.world.units[0].asks, 2);
    stop_all();
}

static struct raw_answer refuse_first(void *ctx, const char *request)
{
    unsigned unit;
    unsigned page;

    bench_parse(request, &unit, &page);
    return unit == 0 ? served_text(*(int *)ctx, "", "dvoid.example.com\n")
                     : served_text(200, "", "dgood.example.com\n");
}

Test(pull, leaves_a_unit_that_failed_and_goes_on)
{
    int status = 400;
    char names[256] = "";

    bench_start(&bench, refuse_first, &status);
    bench.world.unit_count = 2;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.units[0].asks, 1);
    cr_assert_eq(bench.result.source.failed_units, 1);
    (void)bench_scan(&bench, SLU_RECORD_DOMAIN, names, sizeof(names));
    cr_assert_str_eq(names, "good.example.com ");
    cr_assert_null(bench_entry(&bench, "fake/u/0"));
    cr_assert_str_eq(bench_entry(&bench, "fake/u/1"), "0");
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_DEBUG, "HTTP 400 | unit 00"),
                 1);
    stop_all();
}

Test(pull, ends_when_the_credentials_are_refused)
{
    int status = 401;

    bench_start(&bench, refuse_first, &status);
    bench.limits.connections = 1;
    bench.world.unit_count = 5;
    cr_assert_eq(bench_run(&bench), SLU_ERR_AUTH);
    cr_assert_str_eq(bench.error.text, "HTTP 401: refused");
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 0);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 1);
    bench_stop(&bench);
}

/* ---- answers that are larger than what is kept in memory ---- */

#define MANY 20000 /* 30 bytes each, packed: more than two chunks */

static char *make_many(const char *stem, size_t *out_len)
{
    char *body = malloc(MANY * 32);
    size_t len = 0;

    cr_assert_not_null(body);
    for (unsigned i = 0; i < MANY; i++) {
        len += (size_t)sprintf(body + len, "d%s%06u.example.com\n", stem, i);
    }
    *out_len = len;
    return body;
}

static void check_many(enum raw_end first_end, const char *first_head)
{
    size_t len;
    char *body = make_many("a", &len);
    char head[80];
    struct once once = {
        .first = {.head = first_head,
                  .body = body,
                  .body_len = len,
                  .end = first_end},
        .then = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n",
                 .body = good_body,
                 .body_len = 18},
    };

    if (first_head == NULL) {
        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
        once.first.head = head;
    }
    bench_start(&bench, answer_once, &once);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0),
                 first_head == NULL ? MANY : 1);
    cr_assert_eq(bench.result.counts.items, first_head == NULL ? MANY : 1);
    stop_all();
    free(body);
}

Test(pull, commits_a_large_answer_with_what_was_staged)
{
    check_many(RAW_KEEP, NULL);
}

Test(pull, abandons_what_was_staged_of_a_large_answer)
{
    check_many(RAW_CLOSE,
               "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
}

/* ---- the end ---- */

static struct raw_answer stall(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "dgood.example.com\n");

    (void)request;
    /* Half of it, then silence. */
    answer.body_len = 9;
    answer.end = RAW_STALL;
    slu_wake_raise(ctx);
    return answer;
}

static void *stop_when_asked(void *ctx)
{
    struct slu_wake *asked = ctx;

    while (!slu_wake_raised(asked)) {
        (void)usleep(1000);
    }
    slu_wake_raise(&bench.stop);
    return NULL;
}

Test(pull, stops_when_another_thread_says_so)
{
    struct slu_wake asked;
    pthread_t thread;

    cr_assert_eq(slu_wake_open(&asked), SLU_ERR_OK);
    bench_start(&bench, stall, &asked);
    bench.world.unit_count = 9;
    cr_assert_eq(pthread_create(&thread, NULL, stop_when_asked, &asked), 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    cr_assert_not_null(strstr(bench.error.text, "run again"));
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 0);
    (void)pthread_join(thread, NULL);
    stop_all();
    slu_wake_close(&asked);
}

Test(pull, sends_nothing_when_stopped_before_it_began)
{
    bench_start(&bench, answer_good, NULL);
    slu_wake_raise(&bench.stop);
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 0);
    bench_stop(&bench);
}

static void stop_when_under_way(void *ctx, const struct slu_report *report)
{
    if (report->in_flight == 1) {
        cr_assert_eq(report->requests, 1);
        *(bool *)ctx = true;
        slu_wake_raise(&bench.stop);
    }
}

/* The answer does not come until it was told. */
Test(pull, tells_its_progress)
{
    struct slu_wake asked;
    bool told = false;

    cr_assert_eq(slu_wake_open(&asked), SLU_ERR_OK);
    bench_start(&bench, stall, &asked);
    bench.callbacks.on_progress = stop_when_under_way;
    bench.callbacks.progress_ctx = &told;
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    cr_assert(told);
    stop_all();
    slu_wake_close(&asked);
}

Test(pull, asks_no_checkpoint_of_a_source_that_has_none)
{
    struct slu_source_ops ops = fake_source;

    ops.checkpoint = NULL;
    bench_start(&bench, answer_good, NULL);
    bench.options.ops = &ops;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.result.checkpoint.stream[0], 0);
    stop_all();
}

Test(pull, has_nothing_to_do_without_units)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.unit_count = 0;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 0);
    bench_stop(&bench);
}

/* ---- a source that is at fault ---- */

Test(pull, reports_a_source_that_waits_for_nothing)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.waits_for_nothing = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_STATE);
    cr_assert_str_eq(bench.error.text,
                     "source fake: waits although nothing is under way; "
                     "please report this");
    stop_all();
}

Test(pull, hands_on_what_the_source_says_at_its_start)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.start_err = SLU_ERR_CONFIG;
    cr_assert_eq(bench_run(&bench), SLU_ERR_CONFIG);
    cr_assert_str_eq(bench.error.text, "cannot plan");
    bench.world.create_err = SLU_ERR_NOMEM;
    bench.world.port = NULL;
    cr_assert_eq(bench_run(&bench), SLU_ERR_NOMEM);
    cr_assert_str_eq(bench.error.text, "no such source");
    stop_all();
}

/* ---- memory ---- */

Test(pull, leaks_nothing_wherever_memory_runs_out)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.unit_count = 2;
    cr_assert_gt(bench_run_short(&bench, NULL), 5);
    /* What was stored under these conditions is whole all the same. */
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 2);
    stop_all();
}
