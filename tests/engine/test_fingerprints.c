/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprints.h"

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

    slu_fingerprints_init(&set, slu_alloc_default(), 200000);
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert_not(add_number(&set, i), "%llu", (unsigned long long)i);
    }
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert(add_number(&set, i), "%llu", (unsigned long long)i);
    }
    cr_assert_not(add_number(&set, 50000));
    slu_fingerprints_fini(&set);
}

Test(fingerprints, forgets_the_oldest_and_never_exceeds_its_maximum)
{
    struct slu_fingerprints set;
    size_t max = 16384;

    slu_fingerprints_init(&set, slu_alloc_default(), max);
    for (uint64_t i = 0; i < 10 * max; i++) {
        cr_assert_not(add_number(&set, i));
        cr_assert_leq(set.young.capacity + set.old.capacity, max);
    }
    /* The last ones are still there, the first ones are gone. */
    for (uint64_t i = 10 * max - 4000; i < 10 * max; i++) {
        cr_assert(add_number(&set, i));
    }
    cr_assert_not(add_number(&set, 0));
    slu_fingerprints_fini(&set);
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

static void *refuse(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    (void)ctx;
    (void)ptr;
    (void)old_len;
    (void)new_len;
    return NULL;
}

Test(fingerprints, without_memory_it_calls_everything_new)
{
    const struct slu_alloc none = {refuse, NULL};
    struct slu_fingerprints set;

    slu_fingerprints_init(&set, &none, 10000);
    cr_assert_not(add_number(&set, 1));
    cr_assert_not(add_number(&set, 1));
    slu_fingerprints_fini(&set);
}

Test(fingerprints, fini_is_safe_on_a_zeroed_struct)
{
    struct slu_fingerprints set = {0};

    slu_fingerprints_fini(&set);
    cr_assert_null(set.young.slots);
}
