/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/limiter.h"

#include "engine/backoff.h"

#include <criterion/criterion.h>

#define ALL_BITS UINT64_MAX

static bool acquire(struct slu_limiter *limiter, uint64_t now_ms)
{
    uint64_t at_ms;

    return slu_limiter_acquire(limiter, now_ms, &at_ms);
}

static void answer_well(struct slu_limiter *limiter, uint64_t now_ms)
{
    slu_limiter_release(limiter, now_ms, false, -1, 0);
}

static unsigned acquire_all(struct slu_limiter *limiter, uint64_t now_ms)
{
    unsigned count = 0;

    while (acquire(limiter, now_ms)) {
        count++;
    }
    return count;
}

Test(limiter, lets_as_many_out_as_there_are_connections)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 64, 0, 1000);
    cr_assert_eq(acquire_all(&limiter, 1000), 64);
    cr_assert_not(slu_limiter_acquire(&limiter, 1000, &at_ms));
    cr_assert_eq(at_ms, UINT64_MAX);
    answer_well(&limiter, 1001);
    cr_assert_eq(acquire_all(&limiter, 1001), 1);
}

Test(limiter, never_grows_over_the_connections)
{
    struct slu_limiter limiter;

    slu_limiter_init(&limiter, 2, 0, 0);
    for (int i = 0; i < 100; i++) {
        cr_assert(acquire(&limiter, 0));
        answer_well(&limiter, 0);
    }
    cr_assert_eq(acquire_all(&limiter, 0), 2);
}

Test(limiter, blocks_until_the_time_that_the_server_named)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 8, 0, 0);
    cr_assert(acquire(&limiter, 100));
    slu_limiter_release(&limiter, 200, true, 5000, ALL_BITS);
    cr_assert_not(slu_limiter_acquire(&limiter, 5199, &at_ms));
    cr_assert_eq(at_ms, 5200);
    cr_assert(slu_limiter_acquire(&limiter, 5200, &at_ms));
}

Test(limiter, backs_off_by_throttles_in_a_row_when_no_time_is_named)
{
    struct slu_limiter limiter;
    uint64_t now_ms = 1000;
    int64_t bound = SLU_BACKOFF_BASE_MS;

    slu_limiter_init(&limiter, 8, 0, now_ms);
    for (int i = 0; i < 9; i++) {
        uint64_t at_ms = 0;
        /* A Retry-After of 0 is as good as none. */
        int64_t named = i % 2 == 0 ? -1 : 0;

        cr_assert(acquire(&limiter, now_ms));
        slu_limiter_release(&limiter, now_ms, true, named, ALL_BITS);
        cr_assert_not(slu_limiter_acquire(&limiter, now_ms, &at_ms));
        cr_assert_eq(at_ms, now_ms + (uint64_t)bound);
        now_ms = at_ms;
        bound = bound * 2 > SLU_BACKOFF_CAP_MS ? SLU_BACKOFF_CAP_MS : bound * 2;
    }
}

Test(limiter, sends_one_probe_at_a_time_until_a_good_answer)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 8, 0, 0);
    cr_assert(acquire(&limiter, 0));
    slu_limiter_release(&limiter, 0, true, 1000, 0);
    cr_assert_eq(acquire_all(&limiter, 1000), 1);
    cr_assert_not(slu_limiter_acquire(&limiter, 9999, &at_ms));
    cr_assert_eq(at_ms, UINT64_MAX);
    slu_limiter_release(&limiter, 2000, true, 1000, 0);
    cr_assert_eq(acquire_all(&limiter, 2999), 0);
    cr_assert_eq(acquire_all(&limiter, 3000), 1);
    answer_well(&limiter, 3100);
    cr_assert_eq(acquire_all(&limiter, 3100), 2); /* 8 halved twice */
}

Test(limiter, counts_a_burst_of_429_as_one_throttle)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 64, 0, 0);
    cr_assert_eq(acquire_all(&limiter, 0), 64);
    for (int i = 0; i < 64; i++) {
        slu_limiter_release(&limiter, 10, true, -1, ALL_BITS);
    }
    cr_assert_eq(limiter.throttles, 1);
    cr_assert_eq(limiter.window, 32);
    cr_assert_not(slu_limiter_acquire(&limiter, 10, &at_ms));
    cr_assert_eq(at_ms, 10 + SLU_BACKOFF_BASE_MS);
}

Test(limiter, learns_the_latest_time_from_a_burst)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 4, 0, 0);
    cr_assert_eq(acquire_all(&limiter, 0), 4);
    slu_limiter_release(&limiter, 10, true, -1, 0);
    slu_limiter_release(&limiter, 10, true, 60000, 0);
    slu_limiter_release(&limiter, 10, true, 1000, 0);
    answer_well(&limiter, 20);
    cr_assert_not(slu_limiter_acquire(&limiter, 20, &at_ms));
    cr_assert_eq(at_ms, 60010);
}

Test(limiter, waits_for_the_burst_before_it_probes)
{
    struct slu_limiter limiter;
    uint64_t at_ms = 0;

    slu_limiter_init(&limiter, 4, 0, 0);
    cr_assert_eq(acquire_all(&limiter, 0), 4);
    slu_limiter_release(&limiter, 10, true, 100, 0);
    /* Answers to what was sent before say nothing about now. */
    answer_well(&limiter, 200);
    answer_well(&limiter, 200);
    cr_assert_eq(limiter.throttles, 1);
    cr_assert_not(slu_limiter_acquire(&limiter, 200, &at_ms));
    cr_assert_eq(at_ms, UINT64_MAX);
    answer_well(&limiter, 300);
    cr_assert_eq(acquire_all(&limiter, 300), 1);
}

Test(limiter, grows_by_one_for_each_window_of_good_answers)
{
    struct slu_limiter limiter;

    slu_limiter_init(&limiter, 8, 0, 0);
    cr_assert(acquire(&limiter, 0));
    slu_limiter_release(&limiter, 0, true, 1, 0);
    cr_assert(acquire(&limiter, 1));
    answer_well(&limiter, 1);
    cr_assert_eq(limiter.window, 4);
    for (uint32_t window = 4; window < 8; window++) {
        for (uint32_t i = 0; i < window; i++) {
            cr_assert_eq(limiter.window, window);
            cr_assert(acquire(&limiter, 2));
            answer_well(&limiter, 2);
        }
    }
    cr_assert_eq(limiter.window, 8);
}

Test(limiter, keeps_a_window_of_one_at_least)
{
    struct slu_limiter limiter;
    uint64_t now_ms = 0;

    slu_limiter_init(&limiter, 3, 0, 0);
    for (int i = 0; i < 10; i++) {
        cr_assert(acquire(&limiter, now_ms));
        slu_limiter_release(&limiter, now_ms, true, 10, 0);
        now_ms += 10;
    }
    cr_assert_eq(limiter.window, 1);
    cr_assert(acquire(&limiter, now_ms));
    answer_well(&limiter, now_ms);
    cr_assert_eq(acquire_all(&limiter, now_ms), 1);
}

Test(limiter, keeps_a_low_rate_exactly)
{
    struct slu_limiter limiter;
    uint64_t now_ms = 5000;
    uint64_t sent[12];
    unsigned count = 0;

    slu_limiter_init(&limiter, 64, 4, now_ms);
    while (count < 12) {
        uint64_t at_ms = 0;

        if (slu_limiter_acquire(&limiter, now_ms, &at_ms)) {
            sent[count++] = now_ms;
            answer_well(&limiter, now_ms);
        } else {
            cr_assert_gt(at_ms, now_ms);
            now_ms = at_ms;
        }
    }
    for (unsigned i = 4; i < 12; i++) {
        cr_assert_geq(sent[i] - sent[i - 4], 60000);
        cr_assert_leq(sent[i] - sent[i - 4], 60010);
    }
}

Test(limiter, keeps_a_high_rate_with_a_late_timer)
{
    struct slu_limiter limiter;
    unsigned count = 0;

    slu_limiter_init(&limiter, 64, 6000, 0);
    for (uint64_t now_ms = 0; now_ms < 60000; now_ms += 37) {
        while (acquire(&limiter, now_ms)) {
            answer_well(&limiter, now_ms);
            count++;
        }
    }
    cr_assert_leq(count, 6010);
    cr_assert_geq(count, 5980);
}

Test(limiter, does_not_save_tokens_up_while_idle)
{
    struct slu_limiter limiter;

    slu_limiter_init(&limiter, 64, 600, 0);
    cr_assert_eq(acquire_all(&limiter, 3600000), 1);
    slu_limiter_init(&limiter, 64, 60000, 0);
    cr_assert_eq(acquire_all(&limiter, UINT64_C(1) << 40), 64);
}

Test(limiter, takes_no_token_when_the_window_is_full)
{
    struct slu_limiter limiter;

    slu_limiter_init(&limiter, 1, 60, 0);
    cr_assert(acquire(&limiter, 0));
    for (int i = 0; i < 100; i++) {
        cr_assert_not(acquire(&limiter, 1000));
    }
    answer_well(&limiter, 1000);
    cr_assert(acquire(&limiter, 1000));
}

Test(limiter, survives_a_clock_that_stands_still)
{
    struct slu_limiter limiter;

    slu_limiter_init(&limiter, 8, 60, 1000);
    cr_assert(acquire(&limiter, 1000));
    cr_assert_not(acquire(&limiter, 1000));
    cr_assert_not(acquire(&limiter, 999));
    cr_assert(acquire(&limiter, 2001));
}
