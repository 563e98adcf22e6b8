/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/backoff.h"

#include <criterion/criterion.h>

#define ALL_BITS UINT64_MAX

Test(backoff, doubles_its_bound_up_to_the_cap)
{
    static const int64_t bounds[] = {250,  500,   1000,  2000, 4000,
                                     8000, 16000, 30000, 30000};

    for (unsigned i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        cr_assert_eq(slu_backoff_ms(i, -1, ALL_BITS), bounds[i]);
        cr_assert_eq(slu_backoff_ms(i, -1, 0), 0);
    }
}

Test(backoff, stays_at_the_cap_for_any_number_of_attempts)
{
    static const unsigned attempts[] = {15, 16, 31, 32, 63, 64, UINT32_MAX};

    for (unsigned i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        cr_assert_eq(slu_backoff_ms(attempts[i], -1, ALL_BITS), 30000);
        cr_assert_eq(slu_backoff_ms(attempts[i], -1, 0), 0);
    }
}

Test(backoff, is_uniform_over_the_whole_range)
{
    unsigned tenths[10] = {0};
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < 100000; i++) {
        int64_t wait;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        wait = slu_backoff_ms(20, -1, state);
        cr_assert(wait >= 0 && wait <= 30000);
        tenths[wait == 30000 ? 9 : wait / 3000]++;
    }
    for (int i = 0; i < 10; i++) {
        cr_assert(tenths[i] > 9500 && tenths[i] < 10500, "%u", tenths[i]);
    }
}

Test(backoff, never_waits_less_than_the_server_named)
{
    cr_assert_eq(slu_backoff_ms(0, 5000, 0), 5000);
    cr_assert_eq(slu_backoff_ms(0, 5000, ALL_BITS), 5000);
    cr_assert_eq(slu_backoff_ms(9, 5000, ALL_BITS), 30000);
    cr_assert_eq(slu_backoff_ms(0, 86400000, ALL_BITS), 86400000);
    cr_assert_eq(slu_backoff_ms(0, 0, ALL_BITS), 250);
}

Test(backoff, has_the_base_and_the_cap_that_are_asked_for)
{
    static const struct slu_backoff small = {50, 20000};
    static const int64_t bounds[] = {50,   100,  200,   400,   800,  1600,
                                     3200, 6400, 12800, 20000, 20000};

    for (unsigned i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        cr_assert_eq(slu_backoff_by(&small, i, -1, ALL_BITS), bounds[i]);
        cr_assert_eq(slu_backoff_by(&small, i, -1, 0), 0);
        cr_assert_eq(slu_backoff_by(&small, i, 30000, ALL_BITS), 30000);
    }
    cr_assert_eq(slu_backoff_by(&small, UINT32_MAX, -1, ALL_BITS), 20000);
}
