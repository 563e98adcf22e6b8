/* SPDX-License-Identifier: Apache-2.0 */
/* Several rate-limit domains in one pull: what one suffers is not the others'.
 */
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define LOG_MAX 256

static struct bench bench;

/* The server's log of lanes, in order of arrival. */
static struct log {
    unsigned lanes;
    unsigned count;
    unsigned lane[LOG_MAX];
} seen;

static unsigned note_lane(const char *request)
{
    unsigned unit;
    unsigned page;

    bench_parse(request, &unit, &page);
    if (seen.count < LOG_MAX) {
        seen.lane[seen.count++] = unit % seen.lanes;
    }
    return unit % seen.lanes;
}

/* Where the n-th request of a lane is in the log; count when there is none. */
static unsigned find_request(unsigned lane, unsigned nth)
{
    unsigned at = 0;

    for (; at < seen.count; at++) {
        if (seen.lane[at] == lane && nth-- == 0) {
            return at;
        }
    }
    return at;
}

static unsigned count_requests(unsigned lane)
{
    unsigned count = 0;

    for (unsigned at = 0; at < seen.count; at++) {
        count += seen.lane[at] == lane;
    }
    return count;
}

static void start_lanes(raw_answer_fn fn, unsigned lanes, unsigned units)
{
    seen = (struct log){.lanes = lanes};
    bench_start(&bench, fn, NULL);
    bench.world.lanes = lanes;
    bench.world.unit_count = units;
}

static struct raw_answer answer_well(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "c\n");

    (void)ctx;
    (void)note_lane(request);
    answer.delay_ms = 5;
    return answer;
}

Test(pull_lanes, share_the_connections)
{
    start_lanes(answer_well, 3, 30);
    bench.world.pages = 2;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 60);
    cr_assert_eq(bench.counts.busy_max, 4);
    /* What is handed out is sent: nothing is held for a closed lane. */
    cr_assert_leq(bench.world.under_way_max, 4);
    for (unsigned lane = 0; lane < 3; lane++) {
        cr_assert_eq(count_requests(lane), 20);
    }
    bench_stop(&bench);
}

/* The first of each lane late: all of them are there before one is answered,
 * whichever loop sends them. */
static struct raw_answer answer_first_late(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "c\n");
    unsigned lane = note_lane(request);

    (void)ctx;
    answer.delay_ms = count_requests(lane) == 1 ? 500 : 5;
    return answer;
}

/* The first request of each goes alone, beside the other lanes'. */
Test(pull_lanes, begin_with_one_request_each)
{
    start_lanes(answer_first_late, 4, 40);
    bench.limits.connections = 32;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    for (unsigned lane = 0; lane < 4; lane++) {
        cr_assert_lt(find_request(lane, 0), 4);
    }
    cr_assert_gt(bench.counts.busy_max, 4);
    bench_stop(&bench);
}

static struct raw_answer answer_lane_1_late(void *ctx, const char *request)
{
    struct raw_answer answer = served_text(200, "", "c\n");

    (void)ctx;
    answer.delay_ms = note_lane(request) == 1 ? 300 : 5;
    return answer;
}

/* The second of the late lane before its first answer, or long after it. */
static void compare_group(unsigned group, bool waits)
{
    start_lanes(answer_lane_1_late, 2, 20);
    bench.world.lane_group = group;
    bench.limits.connections = 32;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(count_requests(0), 10);
    cr_assert_eq(count_requests(1), 10);
    cr_assert_eq(find_request(1, 1) > find_request(0, 9), waits);
    bench_stop(&bench);
}

/* One server's operations: a good answer of one is enough. */
Test(pull_lanes, of_one_group_begin_together)
{
    compare_group(2, false);
    compare_group(0, true);
    compare_group(1, true);
}

static struct raw_answer throttle_once(void *ctx, const char *request)
{
    (void)ctx;
    return note_lane(request) == 0 && count_requests(0) == 1
               ? served_text(429, "Retry-After: 2\r\n", "no")
               : served_text(200, "", "c\n");
}

Test(pull_lanes, one_that_is_throttled_slows_no_other)
{
    start_lanes(throttle_once, 2, 20);
    bench.world.pages = 5;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(count_requests(0), 51);
    cr_assert_eq(count_requests(1), 50);
    /* All of the other came before the second of this one. */
    cr_assert_lt(find_request(1, 49), find_request(0, 1));
    cr_assert_eq(bench.result.retries, 1);
    bench_stop(&bench);
}

static struct raw_answer refuse_lane_0(void *ctx, const char *request)
{
    (void)ctx;
    return note_lane(request) == 0
               ? served_text(429, "Retry-After: 86400\r\n", "no")
               : served_text(200, "", "c\n");
}

Test(pull_lanes, one_that_is_hopeless_is_given_up_alone)
{
    start_lanes(refuse_lane_0, 3, 30);
    bench.world.pages = 2;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(count_requests(0), 1);
    cr_assert_eq(count_requests(1), 20);
    cr_assert_eq(count_requests(2), 20);
    cr_assert_eq(bench.world.given_up, 10);
    cr_assert_eq(bench.world.last.code, SLU_ERR_QUOTA);
    for (unsigned i = 0; i < 30; i++) {
        cr_assert_eq(bench.world.units[i].given_up, i % 3 == 0);
    }
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "gave up after"), 1);
    bench_stop(&bench);
}

Test(pull_lanes, all_may_be_hopeless)
{
    start_lanes(refuse_lane_0, 1, 5);
    bench.world.lanes = 5;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    /* One request told it of each. */
    cr_assert_eq(bench.counts.requests, 5);
    cr_assert_eq(bench.world.given_up, 5);
    bench_stop(&bench);
}

Test(pull_lanes, end_with_a_source_that_forgets_what_was_given_up)
{
    start_lanes(refuse_lane_0, 2, 4);
    bench.world.forgets = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_STATE);
    cr_assert_str_eq(bench.error.text,
                     "source fake: hands out a unit that was given up; please "
                     "report this");
    bench_stop_server(&bench);
    bench_stop(&bench);
}

/* Each lane has a bucket of its own, and the timer is the first to fill. */
Test(pull_lanes, have_a_rate_each)
{
    start_lanes(answer_well, 3, 9);
    bench.world.requests_per_minute = 600;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 9);
    for (unsigned lane = 0; lane < 3; lane++) {
        cr_assert_lt(find_request(lane, 0), 3);
    }
    bench_stop(&bench);
}

static struct raw_answer fail_first_ones(void *ctx, const char *request)
{
    unsigned lane = note_lane(request);

    (void)ctx;
    return count_requests(lane) == 1 ? served_text(503, "", "no")
                                     : served_text(200, "", "c\n");
}

Test(pull_lanes, warn_of_retries_once_a_second_each)
{
    start_lanes(fail_first_ones, 3, 3);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 6);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "asking again"), 3);
    bench_stop(&bench);
}

Test(pull_lanes, leak_nothing_wherever_memory_runs_out)
{
    start_lanes(answer_well, 4, 8);
    cr_assert_gt(bench_run_short(&bench, NULL), 5);
    bench_stop_server(&bench);
    bench_stop(&bench);
}
