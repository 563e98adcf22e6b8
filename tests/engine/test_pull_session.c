/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls one behind the other that share loop, connections and credentials. */
#include "engine/fake_pool.h"
#include "engine/pull_bench.h"
#include "engine/pull_session.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

static struct bench bench;
static struct fake_pool pool;
static struct slu_pull_session session;
static struct raw_answer (*answer)(const char *request);
static unsigned asked;

static struct raw_answer on_request(void *ctx, const char *request)
{
    (void)ctx;
    asked++;
    return answer(request);
}

static struct raw_answer good(const char *request)
{
    (void)request;
    return served_text(200, "", "dgood.example.com\n");
}

static void start(struct raw_answer (*with)(const char *request))
{
    asked = 0;
    answer = with;
    session = (struct slu_pull_session){0};
    bench_start(&bench, on_request, NULL);
    bench.world.service = "guardduty";
    bench.world.bucket = "";
    bench.world.unit_count = 3;
    bench.limits.connections = 1;
    fake_pool_use(&pool, &bench.options, bench.served.url);
    bench.options.session = &session;
}

static void stop(void)
{
    slu_pull_session_close(&session);
    bench_stop_server(&bench);
    cr_assert_eq(pool.opened, pool.closed);
    bench_stop(&bench);
}

/* All over again, as another pull would. */
static enum slu_err run(void)
{
    memset(bench.world.units, 0, sizeof(bench.world.units));
    bench.world.under_way = 0;
    bench.world.port = NULL;
    return bench_run(&bench);
}

Test(pull_session, closes_when_it_was_never_opened)
{
    struct slu_pull_session none = {0};

    slu_pull_session_close(&none);
    slu_pull_session_close(&none);
}

Test(pull_session, signs_in_and_connects_once_for_all_its_pulls)
{
    start(good);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
        /* Its own, whatever the others have sent. */
        cr_assert_eq(bench.result.http.requests, 3);
        cr_assert_eq(bench.result.http.connects, i == 0);
        cr_assert_eq(bench.report.requests, 3);
    }
    cr_assert_eq(pool.opened, 1);
    cr_assert_eq(pool.closed, 0);
    stop();
    cr_assert_eq(pool.closed, 1);
    cr_assert_eq(bench.counts.connections, 1);
    cr_assert_eq(bench.counts.requests, 9);
}

Test(pull_session, each_pull_has_its_own_without_one)
{
    start(good);
    bench.options.session = NULL;
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(pool.opened, 2);
    stop();
    cr_assert_eq(bench.counts.connections, 2);
}

static struct raw_answer an_hour_ahead(const char *request)
{
    time_t now = time(NULL) + 3600;
    char extra[200];
    struct tm parts;
    size_t len;

    if (wire_date(request) > now - 300) {
        return good(request);
    }
    (void)gmtime_r(&now, &parts);
    len = strftime(extra, sizeof(extra), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                   &parts);
    (void)snprintf(extra + len, sizeof(extra) - len,
                   "x-amzn-ErrorType: InvalidSignatureException\r\n");
    return served_text(403, extra, "{\"message\":\"Signature expired\"}");
}

Test(pull_session, learns_and_tells_a_wrong_clock_once)
{
    start(an_hour_ahead);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    }
    cr_assert_eq(pool.offsets, 1);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "clock"), 1);
    cr_assert_eq(asked, 10);
    stop();
}

/* The second answer of the first pull comes when that is over. */
static struct raw_answer stop_the_first(const char *request)
{
    struct raw_answer made = good(request);

    if (asked == 2) {
        slu_wake_raise(&bench.stop);
        made.delay_ms = 100;
    }
    return made;
}

static struct raw_answer busy(const char *request)
{
    (void)request;
    return served_text(503, "", "no");
}

/* Any answer shows that there is a server, and it will be back. */
Test(pull_session, waits_for_what_has_answered_one_of_its_pulls)
{
    start(busy);
    bench.world.unit_count = 1;
    bench.limits.max_wait_ms = 0;
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_not_null(strstr(bench.world.last.text, "HTTP 503"), "%s",
                       bench.world.last.text);
    bench_stop_server(&bench);
    bench.limits.max_wait_ms = 300;
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_not_null(strstr(bench.world.last.text, "limits.max_wait is"),
                       "%s", bench.world.last.text);
    slu_pull_session_close(&session);
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_not_null(strstr(bench.world.last.text, "limits.refused_wait is"),
                       "%s", bench.world.last.text);
    slu_pull_session_close(&session);
    bench_stop(&bench);
}

Test(pull_session, goes_on_after_a_pull_that_was_stopped)
{
    start(stop_the_first);
    cr_assert_eq(run(), SLU_ERR_STOPPED);
    slu_wake_clear(&bench.stop);
    bench.error = (struct slu_error){0};
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.result.http.requests, 3);
    cr_assert_eq(bench.result.http.connects, 1, "the old one was cut");
    cr_assert_eq(pool.opened, 1);
    stop();
}

/* What could not be opened is opened by the next pull. */
Test(pull_session, leaks_nothing_wherever_memory_runs_out)
{
    unsigned fail_at = 0;
    bool done = false;

    start(good);
    while (!done) {
        struct failing_alloc failing;
        enum slu_err err;

        failing_alloc_init(&failing, ++fail_at);
        bench.options.alloc = &failing.alloc;
        bench.line_count = 0;
        err = run();
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", fail_at,
                  bench.error.text);
        done = failing.calls < fail_at;
        if (!done) {
            cr_assert_eq(run(), SLU_ERR_OK, "%u: %s", fail_at,
                         bench.error.text);
        }
        slu_pull_session_close(&session);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
    }
    cr_assert_gt(fail_at, 10);
    stop();
}
