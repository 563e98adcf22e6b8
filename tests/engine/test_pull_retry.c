/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a void answer: asked again, given up, or the end of all. */
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct bench bench;

static void stop_all(void)
{
    bench_stop_server(&bench);
    bench_stop(&bench);
}

/* Answers the first so many requests with one, the rest with another. */
struct plan {
    unsigned bad;
    unsigned asked;
    int status;
    const char *extra;
};

static struct raw_answer answer_plan(void *ctx, const char *request)
{
    struct plan *plan = ctx;

    (void)request;
    return plan->asked++ < plan->bad
               ? served_text(plan->status, plan->extra, "no")
               : served_text(200, "", "dgood.example.com\n");
}

static void run_plan(struct plan *plan, int64_t max_wait_ms)
{
    bench_start(&bench, answer_plan, plan);
    bench.limits.max_wait_ms = max_wait_ms;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
}

static const char *last_line(const char *text)
{
    for (unsigned i = bench.line_count; i > 0; i--) {
        if (strstr(bench.lines[i - 1].text, text) != NULL) {
            return bench.lines[i - 1].text;
        }
    }
    return "";
}

/* How often a text is in another. */
static unsigned count_in(const char *text, const char *part)
{
    unsigned count = 0;

    for (text = strstr(text, part); text != NULL;
         text = strstr(text + 1, part)) {
        count++;
    }
    return count;
}

/* ---- asked again ---- */

Test(pull_retry, asks_again_until_the_answer_is_good)
{
    struct plan plan = {.bad = 2, .status = 503, .extra = ""};

    run_plan(&plan, 60000);
    cr_assert_eq(bench.counts.requests, 3);
    cr_assert_eq(bench.result.retries, 2);
    cr_assert_eq(bench.result.source.failed_units, 0);
    cr_assert_eq(bench.world.units[0].head.attempts, 0);
    cr_assert_eq(bench.world.units[0].head.waited_ms, 0);
    cr_assert_eq(count_in(last_line("asking again"), "unit 00"), 1);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "asking again"), 1);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 1);
    bench_stop(&bench);
}

/* Our clock is decades after this server's: by ours, the time is past. */
Test(pull_retry, reads_a_date_by_the_servers_clock)
{
    struct plan plan = {.bad = 1,
                        .status = 429,
                        .extra =
                            "Date: Tue, 07 Nov 1995 08:49:37 GMT\r\n"
                            "Retry-After: Tue, 07 Nov 1995 08:49:38 GMT\r\n"};

    run_plan(&plan, 60000);
    cr_assert_eq(bench.counts.requests, 2);
    cr_assert_not_null(strstr(last_line("asking again"), "in 1.0 s"), "%s",
                       last_line("asking again"));
    bench_stop(&bench);
}

Test(pull_retry, waits_the_seconds_that_the_server_names)
{
    struct plan plan = {.bad = 1, .status = 429, .extra = "Retry-After: 1\r\n"};

    run_plan(&plan, 60000);
    cr_assert_str_eq(last_line("asking again"),
                     "HTTP 429 for unit 00: slower, please; asking again in "
                     "1.0 s");
    bench_stop(&bench);
}

/* ---- given up ---- */

/* Told once; as a warning when the whole pull ends for the same reason. */
static void check_given_up(const char *sentence, enum slu_log_level level)
{
    cr_assert_eq(bench.counts.requests, 1);
    cr_assert_eq(bench.world.given_up, 1);
    cr_assert_eq(bench.result.retries, 0);
    cr_assert_eq(bench.result.source.failed_units, 1);
    cr_assert_eq(strncmp(bench.world.last.text, sentence, strlen(sentence)), 0,
                 "%s", bench.world.last.text);
    cr_assert_eq(count_in(bench.world.last.text, "unit 00"), 1);
    cr_assert_eq(bench_count_lines(&bench, level, sentence), 1);
    cr_assert_eq(bench_count_lines(&bench, level, "run again later"), 1);
    bench_stop(&bench);
}

/* By our clock the named date is long past: a retry would be sent at once. */
Test(pull_retry, gives_up_when_the_named_date_is_too_far)
{
    struct plan plan = {.bad = 1,
                        .status = 429,
                        .extra =
                            "Date: Tue, 07 Nov 1995 08:49:37 GMT\r\n"
                            "Retry-After: Tue, 07 Nov 1995 09:49:37 GMT\r\n"};

    run_plan(&plan, 5000);
    cr_assert_eq(bench.world.last.code, SLU_ERR_QUOTA);
    cr_assert_not_null(strstr(bench.world.last.text,
                              "a daily quota is reset at 00:00 UTC, next at "));
    check_given_up("HTTP 429 for unit 00: slower, please; gave up after 1 "
                   "attempt(s), limits.max_wait is 5 s",
                   SLU_LOG_WARN);
}

Test(pull_retry, takes_a_429_of_the_edge_for_a_minute)
{
    struct plan plan = {.bad = 1,
                        .status = 429,
                        .extra = "Content-Type: Text/HTML; charset=x\r\n"};

    run_plan(&plan, 59999);
    check_given_up("HTTP 429 for unit 00: slower, please; gave up after 1 "
                   "attempt(s), limits.max_wait is 59 s",
                   SLU_LOG_WARN);
}

/* The source's own sentence does not name the unit here. */
Test(pull_retry, names_the_unit_where_the_source_has_not)
{
    struct plan plan = {
        .bad = 1, .status = 503, .extra = "Retry-After: 3600\r\n"};

    run_plan(&plan, 5000);
    cr_assert_null(strstr(bench.world.last.text, "quota"));
    check_given_up("unit 00: HTTP 503: down; gave up after 1 attempt(s)",
                   SLU_LOG_ERROR);
}

Test(pull_retry, says_what_the_network_said)
{
    bench_start(&bench, answer_plan, &(struct plan){0});
    bench_stop_server(&bench);
    bench.limits.max_wait_ms = 0;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.given_up, 1);
    cr_assert_eq(bench.world.last.code, SLU_ERR_NETWORK);
    cr_assert_not_null(strstr(bench.world.last.text, "127.0.0.1"), "%s",
                       bench.world.last.text);
    bench_stop(&bench);
}

/* ---- refused connections ---- */

static void refuse_connections(int64_t max_wait_ms, int64_t refused_wait_ms)
{
    bench_stop_server(&bench);
    bench.limits.max_wait_ms = max_wait_ms;
    bench.limits.refused_wait_ms = refused_wait_ms;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.given_up, 1);
    cr_assert_eq(bench.world.last.code, SLU_ERR_NETWORK);
}

/* With a day of max_wait it would not end. */
Test(pull_retry, gives_up_soon_where_nobody_has_ever_listened)
{
    bench_start(&bench, answer_plan, &(struct plan){0});
    refuse_connections(86400000, 300);
    cr_assert_gt(bench.result.retries, 0);
    cr_assert_not_null(strstr(bench.world.last.text, "limits.refused_wait is"),
                       "%s", bench.world.last.text);
    cr_assert_geq(bench_count_lines(&bench, SLU_LOG_WARN, "0.3 s at most"), 1);
    bench_stop(&bench);
}

Test(pull_retry, lets_a_shorter_max_wait_count_where_nobody_listens)
{
    bench_start(&bench, answer_plan, &(struct plan){0});
    refuse_connections(300, 86400000);
    cr_assert_not_null(strstr(bench.world.last.text, "limits.max_wait is"),
                       "%s", bench.world.last.text);
    bench_stop(&bench);
}

/* One unit's trouble is not the others': they go on to their end. */
static struct raw_answer fail_unit_0(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "c\n");
    unsigned unit;
    unsigned page;

    (void)ctx;
    bench_parse(request, &unit, &page);
    if (unit == 0) {
        return served_text(503, "Retry-After: 7200\r\n", "no");
    }
    answer.delay_ms = 1;
    return answer;
}

Test(pull_retry, gives_up_one_unit_and_lets_the_others_go_on)
{
    bench_start(&bench, fail_unit_0, NULL);
    bench.world.unit_count = 3;
    bench.world.pages = 20;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.given_up, 1);
    cr_assert(bench.world.units[0].given_up);
    cr_assert_eq(bench.world.units[1].page, 20);
    cr_assert_eq(bench.world.units[2].page, 20);
    stop_all();
}

/* ---- hopeless ---- */

static struct raw_answer refuse_all(void *ctx, const char *request)
{
    (void)request;
    return served_text(429, ctx, "no");
}

static void check_hopeless(unsigned requests)
{
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, requests);
    cr_assert_eq(bench.world.given_up, 20);
    cr_assert_eq(bench.world.last.code, SLU_ERR_QUOTA);
    cr_assert_eq(bench.result.source.failed_units, 20);
    /* One in full, and how many there are in all: the error is the sync's. */
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_ERROR, ""), 0);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "gave up after"), 1);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN,
                                   "20 unit(s) were given up in all"),
                 1);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_DEBUG, "gave up after") +
                     bench_count_lines(&bench, SLU_LOG_DEBUG,
                                       "given up without a request"),
                 20);
    bench_stop(&bench);
}

Test(pull_retry, gives_up_all_once_no_request_can_get_through)
{
    bench_start(&bench, refuse_all, "Retry-After: 86400\r\n");
    bench.world.unit_count = 20;
    /* The first request goes alone, and is answer enough. */
    check_hopeless(1);
    cr_assert_eq(bench.counts.busy_max, 1);
}

static struct raw_answer fail_all(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return served_text(500, "", "no");
}

/* A thousand units would each be asked for at once, and again and again. */
Test(pull_retry, knocks_at_a_server_that_is_down_with_pauses)
{
    bench_start(&bench, fail_all, NULL);
    bench.world.unit_count = 100;
    bench.limits.max_wait_ms = 1500;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.world.given_up, 100);
    cr_assert_eq(bench.counts.busy_max, 1);
    cr_assert_geq(bench.counts.requests, 3);
    cr_assert_leq(bench.counts.requests, 40);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_ERROR, ""), 0);
    bench_stop(&bench);
}

/* The bucket holds the second request back: it has been handed out. */
Test(pull_retry, gives_up_the_request_that_it_holds)
{
    bench_start(&bench, refuse_all, "Retry-After: 86400\r\n");
    bench.world.unit_count = 20;
    bench.world.requests_per_minute = 1;
    check_hopeless(1);
    cr_assert_eq(bench.world.under_way, 0);
    cr_assert_eq(bench.world.units[1].asks, 1);
    cr_assert(bench.world.units[1].given_up);
}

Test(pull_retry, ends_with_a_source_that_forgets_what_was_given_up)
{
    bench_start(&bench, refuse_all, "Retry-After: 86400\r\n");
    bench.world.unit_count = 3;
    bench.world.forgets = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_STATE);
    cr_assert_str_eq(bench.error.text,
                     "source fake: hands out a unit that was given up; please "
                     "report this");
    stop_all();
}

Test(pull_retry, ends_an_outage_after_max_wait_in_all_not_for_each_unit)
{
    struct plan plan = {.bad = UINT32_MAX, .status = 503, .extra = ""};

    bench_start(&bench, answer_plan, &plan);
    bench.limits.max_wait_ms = 400;
    bench.world.unit_count = 100;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.world.given_up, 100);
    cr_assert_gt(
        bench_count_lines(&bench, SLU_LOG_DEBUG, "given up without a request"),
        0);
    bench_stop(&bench);
}

/* ---- the store ---- */

/* A database that is held from outside, while the loop runs on. */
struct hold {
    sqlite3 *db;
    pthread_t thread;
    atomic_uint progress;  /* calls of on_progress */
    atomic_uint in_flight; /* as the last of them told */
    double seconds;        /* the same */
    size_t total;          /* bytes that will be taken; 0: not known */
    bool stalled;
};

static void count_progress(void *ctx, const struct slu_report *report)
{
    struct hold *hold = ctx;

    cr_expect_gt(report->seconds, hold->seconds, "its clock stands still");
    hold->seconds = report->seconds;
    atomic_store(&hold->in_flight, report->in_flight);
    atomic_fetch_add(&hold->progress, 1);
}

static bool wait_for_progress(struct hold *hold)
{
    unsigned before = atomic_load(&hold->progress);

    for (unsigned i = 0; i < 5000; i++) {
        if (atomic_load(&hold->progress) != before) {
            return true;
        }
        (void)usleep(1000);
    }
    return false;
}

/* Lets go once the loop has told of its progress twice with not a byte more
 * taken: paused. A loop that waits for the store tells of nothing. */
static void *hold_database(void *ctx)
{
    struct hold *hold = ctx;
    size_t last = 0;
    unsigned same = 0;

    while (same < 2 && wait_for_progress(hold)) {
        size_t taken = atomic_load(&bench.world.taken);

        same = taken == last && taken > 0 ? same + 1 : 0;
        last = taken;
    }
    /* In the middle of answers, that is: not for want of requests. */
    hold->stalled =
        same == 2 && (hold->total > 0 ? last < hold->total
                                      : atomic_load(&hold->in_flight) > 0);
    (void)sqlite3_exec(hold->db, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

#define POURED_LINES 200
#define POURED_TIMES 40

static void format_lines(char *lines)
{
    for (unsigned i = 0; i < POURED_LINES; i++) {
        (void)sprintf(lines + (size_t)i * 40, "dn%05u.%-27s.com\n", i,
                      "a-name-of-twenty-seven-byte");
    }
}

static struct raw_answer pour(void *ctx, const char *request)
{
    static char lines[POURED_LINES * 40 + 1];
    static char head[80];

    (void)ctx;
    (void)request;
    if (lines[0] == '\0') {
        format_lines(lines);
        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                       POURED_LINES * 40 * POURED_TIMES);
    }
    return (struct raw_answer){.head = head,
                               .body = lines,
                               .body_len = POURED_LINES * 40,
                               .times = POURED_TIMES};
}

static void start_pouring(unsigned pages)
{
    bench_start(&bench, pour, NULL);
    bench.store_options.queue_bytes = 4u << 20;
    bench.world.unit_count = 4;
    bench.world.pages = pages;
    bench_open(&bench);
}

static void run_held(struct hold *hold)
{
    /* Repeats are dropped before they are stored, but not of what is staged:
     * each answer brings 8,000 names, a chunk and a bit. */
    bench.callbacks.on_progress = count_progress;
    bench.callbacks.progress_ctx = hold;
    hold->db = bench_connect(&bench, "BEGIN IMMEDIATE");
    cr_assert_eq(pthread_create(&hold->thread, NULL, hold_database, hold), 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK, "%s", bench.error.text);
    (void)pthread_join(hold->thread, NULL);
    (void)sqlite3_close(hold->db);
    cr_assert(hold->stalled);
}

Test(pull_retry, pauses_while_the_store_is_full_and_goes_on)
{
    struct hold hold = {0};

    start_pouring(10);
    run_held(&hold);
    cr_assert_eq(bench.result.counts.items,
                 4 * 10 * POURED_TIMES * POURED_LINES);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), POURED_LINES);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(bench.world.units[i].page, 10);
    }
    stop_all();
}

Test(pull_retry, pauses_a_file_too)
{
    struct hold hold = {.total =
                            (size_t)4 * 20 * POURED_TIMES * POURED_LINES * 40};
    char lines[POURED_LINES * 40 + 1];
    char path[] = "/tmp/slu-pull-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    format_lines(lines);
    for (unsigned i = 0; i < POURED_TIMES; i++) {
        (void)fputs(lines, file);
    }
    (void)fclose(file);
    start_pouring(20);
    bench.world.path = path;
    run_held(&hold);
    cr_assert_eq(atomic_load(&bench.world.taken), hold.total);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), POURED_LINES);
    (void)unlink(path);
    stop_all();
}

Test(pull_retry, ends_with_the_error_of_the_store)
{
    start_pouring(1000);
    (void)sqlite3_close(bench_connect(
        &bench, "CREATE TRIGGER no BEFORE INSERT ON pending BEGIN "
                "SELECT RAISE(ABORT, 'the disk is on fire'); END"));
    cr_assert_neq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_not_null(strstr(bench.error.text, "the disk is on fire"), "%s",
                       bench.error.text);
    stop_all();
}
