/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprints.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static bool add_number(struct slu_fingerprints *set, uint64_t number)
{
    return slu_fingerprints_add(
        set, slu_view_make((const char *)&number, sizeof(number)));
}

Test(fingerprints, remembers_what_was_added_and_nothing_else)
{
    struct slu_fingerprints set;

    slu_fingerprints_init(&set, slu_alloc_default(), 400000);
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert_not(add_number(&set, i), "%llu", (unsigned long long)i);
    }
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert(add_number(&set, i), "%llu", (unsigned long long)i);
    }
    cr_assert_not(add_number(&set, 50000));
    cr_assert_eq(slu_fingerprints_count(&set), 50001);
    slu_fingerprints_fini(&set);
}

Test(fingerprints, forgets_the_oldest_and_never_exceeds_its_maximum)
{
    struct slu_fingerprints set;
    size_t max = 16384;

    slu_fingerprints_init(&set, slu_alloc_default(), max);
    for (uint64_t i = 0; i < 10 * max; i++) {
        cr_assert_not(add_number(&set, i));
        cr_assert_leq(slu_fingerprints_bytes(&set),
                      max * sizeof(struct slu_fingerprint));
    }
    /* The last ones are still there, the first ones are gone. */
    for (uint64_t i = 10 * max - 4000; i < 10 * max; i++) {
        cr_assert(add_number(&set, i));
    }
    cr_assert_not(add_number(&set, 0));
    slu_fingerprints_fini(&set);
}

Test(fingerprints, the_smallest_set_forgets_in_good_order)
{
    struct slu_fingerprints set;

    for (size_t max = 0; max < 300; max += 23) {
        slu_fingerprints_init(&set, slu_alloc_default(), max);
        for (uint64_t i = 0; i < 3000; i++) {
            cr_assert_not(add_number(&set, i));
            cr_assert(add_number(&set, i));
        }
        slu_fingerprints_fini(&set);
    }
}

Test(fingerprints, one_that_keeps_remembers_the_first_for_good)
{
    struct slu_fingerprints set;
    uint64_t max = 30000;

    slu_fingerprints_init_keeping(&set, slu_alloc_default(), max);
    for (uint64_t i = 0; i < max; i++) {
        cr_assert_not(add_number(&set, i));
    }
    for (uint64_t i = max; i < 5 * max; i++) {
        (void)add_number(&set, i);
    }
    for (uint64_t i = 0; i < max; i++) {
        cr_assert(add_number(&set, i));
    }
    cr_assert_leq(slu_fingerprints_count(&set), max + max / 3);
    cr_assert_leq(slu_fingerprints_bytes(&set), 30 * max);
    slu_fingerprints_fini(&set);
}

/* At every count, the old and the new table of a growth included. */
Test(fingerprints, costs_at_most_30_bytes_each)
{
    struct failing_alloc own;
    struct slu_fingerprints set;

    failing_alloc_init(&own, 0);
    slu_fingerprints_init_keeping(&set, &own.alloc, 1000000);
    for (uint64_t i = 1; i <= 200000; i++) {
        (void)add_number(&set, i);
        cr_assert(i < 20000 || own.peak <= 30 * i, "%zu bytes for %llu",
                  own.peak, (unsigned long long)i);
    }
    slu_fingerprints_fini(&set);
    cr_assert_eq(own.live, 0);
}

Test(fingerprints, what_is_reserved_need_not_grow)
{
    struct failing_alloc own;
    struct slu_fingerprints set;
    unsigned calls;

    failing_alloc_init(&own, 0);
    slu_fingerprints_init_keeping(&set, &own.alloc, 1000000);
    (void)add_number(&set, 0);
    slu_fingerprints_reserve(&set, 100000);
    calls = own.calls;
    for (uint64_t i = 1; i < 100000; i++) {
        cr_assert_not(add_number(&set, i));
    }
    cr_assert_eq(own.calls, calls);
    cr_assert(add_number(&set, 0));
    cr_assert_leq(own.live, 23 * 100000);
    slu_fingerprints_fini(&set);
}

#define MANY 3000

/* One by one and together: the same answers, repeats within the batch and
 * lengths around the look-ahead included. */
Test(fingerprints, adds_many_as_one_by_one)
{
    static const size_t lens[] = {0, 1, 2, 15, 16, 17, 31, 33, 100, MANY};
    static uint64_t numbers[MANY];
    static struct slu_view views[MANY];
    static bool known[MANY];
    struct slu_fingerprints set;
    struct slu_fingerprints other;
    uint64_t state = 1;

    slu_fingerprints_init(&set, slu_alloc_default(), 2000);
    slu_fingerprints_init(&other, slu_alloc_default(), 2000);
    for (unsigned round = 0; round < 60; round++) {
        size_t count = lens[round % 10];
        size_t repeats = 0;
        size_t told;

        for (size_t i = 0; i < count; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            numbers[i] = state >> 33 & 2047;
            views[i] = slu_view_make((const char *)&numbers[i], 8);
        }
        told = slu_fingerprints_add_all(&set, views, count, known);
        for (size_t i = 0; i < count; i++) {
            bool expected = add_number(&other, numbers[i]);

            cr_assert_eq(known[i], expected);
            repeats += expected;
        }
        cr_assert_eq(told, repeats);
    }
    slu_fingerprints_fini(&set);
    slu_fingerprints_fini(&other);
}

Test(fingerprints, the_empty_text_is_a_value_like_any_other)
{
    struct slu_fingerprints set;

    slu_fingerprints_init(&set, slu_alloc_default(), 10000);
    cr_assert_not(slu_fingerprints_add(&set, slu_view_make("", 0)));
    cr_assert(slu_fingerprints_add(&set, slu_view_make("", 0)));
    cr_assert_not(slu_fingerprints_add(&set, slu_view_make("\0", 1)));
    slu_fingerprints_fini(&set);
}

Test(fingerprints, without_memory_it_calls_everything_new)
{
    struct failing_alloc none;
    struct slu_fingerprints set;

    failing_alloc_init(&none, 1);
    none.for_good = true;
    slu_fingerprints_init(&set, &none.alloc, 10000);
    slu_fingerprints_reserve(&set, 1000);
    cr_assert_not(add_number(&set, 1));
    cr_assert_not(add_number(&set, 1));
    cr_assert_eq(slu_fingerprints_count(&set), 0);
    slu_fingerprints_fini(&set);
}

/* Whenever memory ends, what it calls known was added before. */
Test(fingerprints, never_calls_known_what_is_new)
{
    for (unsigned fail_at = 1; fail_at < 150; fail_at += 7) {
        struct failing_alloc own;
        struct slu_fingerprints set;

        failing_alloc_init(&own, fail_at);
        own.for_good = fail_at % 2 == 0;
        slu_fingerprints_init(&set, &own.alloc, 100000);
        for (uint64_t i = 0; i < 20000; i++) {
            cr_assert_not(add_number(&set, i));
        }
        slu_fingerprints_fini(&set);
        cr_assert_eq(own.live, 0);
    }
}

Test(fingerprints, fini_is_safe_on_a_zeroed_struct)
{
    struct slu_fingerprints set = {0};

    slu_fingerprints_fini(&set);
    cr_assert_eq(slu_fingerprints_bytes(&set), 0);
}
