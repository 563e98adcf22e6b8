/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lane.h"

#include "engine/backoff.h"

#include <criterion/criterion.h>

static struct slu_lane make_lane(unsigned connections, uint32_t per_minute)
{
    struct slu_lane lane;

    slu_lane_init(&lane, connections, per_minute, 1000);
    return lane;
}

static bool is_open(const struct slu_lane *lane, uint64_t now_ms)
{
    uint64_t at_ms;

    return slu_lane_is_open(lane, now_ms, &at_ms);
}

static uint64_t opens_at(const struct slu_lane *lane, uint64_t now_ms)
{
    uint64_t at_ms = 0;

    cr_assert_not(slu_lane_is_open(lane, now_ms, &at_ms));
    return at_ms;
}

static unsigned acquire_all(struct slu_lane *lane, uint64_t now_ms)
{
    unsigned count = 0;

    while (is_open(lane, now_ms)) {
        slu_lane_acquire(lane, now_ms);
        count++;
    }
    return count;
}

static void answer(struct slu_lane *lane, uint64_t now_ms, bool throttled)
{
    slu_lane_release(lane, now_ms, throttled, -1, UINT64_MAX);
}

static struct slu_lane make_welcome(unsigned connections)
{
    struct slu_lane lane = make_lane(connections, 0);

    slu_lane_note_good(&lane);
    return lane;
}

Test(lane, sends_one_request_until_the_first_good_answer)
{
    struct slu_lane lane = make_lane(8, 0);

    cr_assert_eq(acquire_all(&lane, 1000), 1);
    cr_assert_eq(opens_at(&lane, 1000), UINT64_MAX);
    answer(&lane, 1001, false);
    cr_assert_eq(acquire_all(&lane, 1001), 1);
    answer(&lane, 1002, false);
    slu_lane_note_good(&lane);
    cr_assert_eq(acquire_all(&lane, 1002), 8);
    cr_assert_eq(lane.busy, 8);
}

Test(lane, is_asked_without_being_changed)
{
    struct slu_lane lane = make_lane(8, 60);
    struct slu_lane before = lane;

    for (uint64_t now_ms = 1000; now_ms < 1100; now_ms++) {
        cr_assert(is_open(&lane, now_ms));
    }
    cr_assert_eq(memcmp(&lane, &before, sizeof(lane)), 0);
}

Test(lane, opens_when_its_bucket_has_a_token_again)
{
    struct slu_lane lane = make_lane(8, 60);
    uint64_t at_ms;

    slu_lane_note_good(&lane);
    cr_assert_eq(acquire_all(&lane, 1000), 1);
    at_ms = opens_at(&lane, 1000);
    cr_assert_geq(at_ms, 2000);
    cr_assert_leq(at_ms, 2001);
    cr_assert(is_open(&lane, at_ms));
}

Test(lane, is_closed_by_a_throttle_until_its_time)
{
    struct slu_lane lane = make_welcome(8);

    cr_assert_eq(acquire_all(&lane, 1000), 8);
    slu_lane_release(&lane, 1010, true, 5000, 0);
    for (int i = 0; i < 7; i++) {
        answer(&lane, 1020, false);
    }
    cr_assert_eq(opens_at(&lane, 1020), 6010);
    /* One probe. */
    cr_assert_eq(acquire_all(&lane, 6010), 1);
}

Test(lane, is_quiet_between_two_knocks)
{
    struct slu_lane lane = make_lane(8, 0);
    uint64_t at_ms = 0;

    lane.quiet_until_ms = 4000;
    cr_assert_eq(opens_at(&lane, 1000), 4000);
    cr_assert_not(slu_lane_is_calm(&lane, 3999, &at_ms));
    cr_assert_eq(at_ms, 4000);
    cr_assert(is_open(&lane, 4000));
    /* A good answer ends it at once. */
    slu_lane_note_good(&lane);
    cr_assert(is_open(&lane, 1001));
}

Test(lane, is_calm_though_its_limiter_is_closed)
{
    struct slu_lane lane = make_welcome(8);
    uint64_t at_ms;

    cr_assert_eq(acquire_all(&lane, 1000), 8);
    slu_lane_release(&lane, 1000, true, 100000, 0);
    cr_assert_not(is_open(&lane, 1000));
    cr_assert(slu_lane_is_calm(&lane, 1000, &at_ms));
}

Test(lane, loses_its_welcome_by_as_many_bad_answers_as_may_be_in_flight)
{
    struct slu_lane lane = make_welcome(3);

    cr_assert_eq(slu_lane_note_bad(&lane, 5000), 0);
    cr_assert_eq(slu_lane_note_bad(&lane, 5600), 600);
    cr_assert(lane.welcome);
    cr_assert_eq(slu_lane_note_bad(&lane, 5700), 700);
    cr_assert_not(lane.welcome);
    cr_assert_eq(acquire_all(&lane, 5700), 1);
    slu_lane_note_good(&lane);
    cr_assert(lane.welcome);
    cr_assert_eq(slu_lane_note_bad(&lane, 9000), 0);
}

Test(lane, counts_bad_answers_in_a_row_only)
{
    struct slu_lane lane = make_welcome(2);

    for (uint64_t i = 0; i < 10; i++) {
        (void)slu_lane_note_bad(&lane, 2000 + i);
        slu_lane_note_good(&lane);
    }
    cr_assert(lane.welcome);
    cr_assert_eq(lane.bad_count, 0);
    cr_assert_eq(lane.bad_since_ms, 0);
}

Test(lane, is_hopeless_when_it_has_an_error)
{
    struct slu_lane lane = make_lane(1, 0);

    cr_assert_not(slu_lane_is_hopeless(&lane));
    (void)slu_error_set(&lane.hopeless, SLU_ERR_QUOTA, "no more today");
    cr_assert(slu_lane_is_hopeless(&lane));
    cr_assert(is_open(&lane, 1000));
}

/* ---- of AWS ---- */

static struct slu_lane make_aws(unsigned connections)
{
    struct slu_lane lane = make_lane(connections, 0);

    slu_lane_set_aws(&lane, 1000);
    slu_lane_note_good(&lane);
    return lane;
}

/* One answered at once, every 100 ms of the time from 1000 to until. */
static void answer_well(struct slu_lane *lane, uint64_t until_ms)
{
    for (uint64_t now_ms = 1000; now_ms < until_ms; now_ms += 100) {
        slu_lane_acquire(lane, now_ms);
        answer(lane, now_ms, false);
    }
}

Test(lane, of_aws_is_as_any_other_before_a_throttle)
{
    struct slu_lane lane = make_lane(8, 0);

    slu_lane_set_aws(&lane, 1000);
    cr_assert_eq(acquire_all(&lane, 1000), 1);
    answer(&lane, 1001, false);
    slu_lane_note_good(&lane);
    cr_assert_eq(acquire_all(&lane, 1001), 8);
    cr_assert_eq(opens_at(&lane, 1001), UINT64_MAX);
}

/* Neither one probe nor half a window: a rate. */
Test(lane, of_aws_goes_on_at_a_lower_rate)
{
    struct slu_lane lane = make_aws(8);

    answer_well(&lane, 11000);
    slu_lane_acquire(&lane, 11000);
    answer(&lane, 11000, true);
    for (unsigned i = 1; i <= 8; i++) {
        uint64_t at_ms = opens_at(&lane, 11000 + (i - 1) * 143);

        cr_assert_eq(at_ms, 11000 + i * 143);
        cr_assert_eq(acquire_all(&lane, at_ms), 1);
        cr_assert_eq(lane.busy, i);
    }
    /* The connections bound it still. */
    cr_assert_eq(opens_at(&lane, 20000), UINT64_MAX);
    cr_assert_eq(lane.limiter.window, 8);
    cr_assert_eq(lane.limiter.throttles, 0);
}

Test(lane, of_aws_waits_for_the_time_that_is_named)
{
    struct slu_lane lane = make_aws(8);

    slu_lane_acquire(&lane, 1000);
    slu_lane_release(&lane, 1010, true, 5000, 0);
    cr_assert_eq(opens_at(&lane, 1020), 6010);
    cr_assert_eq(acquire_all(&lane, 6010), 1);
}

Test(lane, of_aws_keeps_a_configured_rate_too)
{
    struct slu_lane lane = make_lane(8, 60);

    slu_lane_set_aws(&lane, 1000);
    slu_lane_note_good(&lane);
    cr_assert_eq(acquire_all(&lane, 1000), 1);
    cr_assert_geq(opens_at(&lane, 1000), 2000);
}

Test(lane, of_aws_is_asked_without_being_changed)
{
    struct slu_lane lane = make_aws(8);
    struct slu_lane before;

    slu_lane_acquire(&lane, 1000);
    answer(&lane, 1010, true);
    before = lane;
    for (uint64_t now_ms = 1000; now_ms < 9000; now_ms++) {
        (void)is_open(&lane, now_ms);
    }
    cr_assert_eq(memcmp(&lane, &before, sizeof(lane)), 0);
}

Test(lane, of_aws_touches_no_other)
{
    struct slu_lane lanes[3] = {make_aws(8), make_aws(8), make_lane(8, 0)};
    struct slu_lane before[3];

    slu_lane_note_good(&lanes[2]);
    memcpy(before, lanes, sizeof(lanes));
    for (unsigned i = 0; i < 5; i++) {
        uint64_t now_ms = 1000 + i * 2500;

        slu_lane_acquire(&lanes[0], now_ms);
        answer(&lanes[0], now_ms, true);
        cr_assert_not(is_open(&lanes[0], now_ms));
        cr_assert(is_open(&lanes[1], now_ms));
        cr_assert(is_open(&lanes[2], now_ms));
    }
    cr_assert_eq(memcmp(&lanes[1], &before[1], 2 * sizeof(lanes[1])), 0);
    cr_assert_eq(acquire_all(&lanes[1], 20000), 8);
    cr_assert_eq(acquire_all(&lanes[2], 20000), 8);
}

/* Another lane's good answer lets all go, but heals nothing. */
Test(lane, is_greeted_unless_it_has_troubles_of_its_own)
{
    struct slu_lane lane = make_aws(8);

    lane.welcome = false;
    slu_lane_greet(&lane);
    cr_assert(lane.welcome);
    lane.welcome = false;
    (void)slu_lane_note_bad(&lane, 1000);
    slu_lane_greet(&lane);
    cr_assert_not(lane.welcome);
    cr_assert_eq(lane.bad_count, 1);
}

/* GTI's figures, and those of the SDKs. */
Test(lane, backs_off_as_its_server_expects)
{
    struct slu_lane aws = make_aws(8);
    struct slu_lane other = make_lane(8, 0);
    static const int64_t plain[] = {50, 100, 200, 400};
    static const int64_t throttled[] = {1000, 2000, 4000, 8000};

    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(slu_lane_backoff_ms(&aws, false, i, -1, UINT64_MAX),
                     plain[i]);
        cr_assert_eq(slu_lane_backoff_ms(&aws, true, i, -1, UINT64_MAX),
                     throttled[i]);
        for (unsigned kind = 0; kind < 2; kind++) {
            cr_assert_eq(
                slu_lane_backoff_ms(&other, kind == 1, i, -1, UINT64_MAX),
                slu_backoff_ms(i, -1, UINT64_MAX));
        }
    }
    cr_assert_eq(slu_lane_backoff_ms(&aws, false, 99, -1, UINT64_MAX), 20000);
    cr_assert_eq(slu_lane_backoff_ms(&aws, true, 99, -1, UINT64_MAX), 20000);
    cr_assert_eq(slu_lane_backoff_ms(&aws, true, 0, 70000, 0), 70000);
    cr_assert_eq(slu_lane_backoff_ms(&other, true, 99, -1, UINT64_MAX), 30000);
}

/* A host that comes up is silent first, then refuses, then answers. */
Test(lane, counts_how_long_nothing_but_refusals_has_come)
{
    struct slu_lane lane = make_lane(8, 0);

    cr_assert_eq(slu_lane_note_refused(&lane, true, 1000), 0);
    cr_assert_eq(slu_lane_note_refused(&lane, true, 1700), 700);
    cr_assert_eq(slu_lane_note_refused(&lane, false, 2000), 0);
    cr_assert_eq(slu_lane_note_refused(&lane, true, 9000), 0);
    cr_assert_eq(slu_lane_note_refused(&lane, true, 9001), 1);
    slu_lane_note_good(&lane);
    cr_assert_eq(slu_lane_note_refused(&lane, true, 9500), 0);
}
