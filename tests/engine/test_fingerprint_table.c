/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprint_table.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_fingerprint make_print(uint64_t number)
{
    return slu_fingerprint_of(
        slu_view_make((const char *)&number, sizeof(number)));
}

/* As its users do it: true when it was there. */
static bool add(struct slu_fingerprint_table *table,
                struct slu_fingerprint print)
{
    struct slu_fingerprint *slot;
    uint32_t place = slu_fingerprint_place(print, 0);

    if (slu_fingerprint_table_find(table, print, place, &slot)) {
        return true;
    }
    if (slu_fingerprint_table_is_full(table)) {
        cr_assert(slu_fingerprint_table_grow(
            table, slu_alloc_default(), table->bucket_count * 3 / 2 + 2, 0));
        (void)slu_fingerprint_table_find(table, print, place, &slot);
    }
    slu_fingerprint_table_put(table, print, slot);
    return false;
}

Test(fingerprint_table, holds_what_was_put_at_any_size)
{
    struct slu_fingerprint_table table = {0};

    for (uint64_t i = 0; i < 20000; i++) {
        cr_assert_not(add(&table, make_print(i)));
        cr_assert_leq(table.count, table.bucket_count * SLU_FINGERPRINT_BUCKET);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        cr_assert(add(&table, make_print(i)));
    }
    cr_assert_eq(table.count, 20000);
    slu_fingerprint_table_fini(&table, slu_alloc_default());
    cr_assert_null(table.slots);
}

/* All begin in the last bucket, so the search goes on at the front. */
Test(fingerprint_table, searches_past_the_end)
{
    struct slu_fingerprint_table table = {0};

    for (uint64_t i = 1; i <= 300; i++) {
        cr_assert_not(add(&table, (struct slu_fingerprint){i, UINT64_MAX}));
    }
    for (uint64_t i = 1; i <= 300; i++) {
        cr_assert(add(&table, (struct slu_fingerprint){i, UINT64_MAX}));
    }
    cr_assert_not(add(&table, (struct slu_fingerprint){301, UINT64_MAX}));
    slu_fingerprint_table_fini(&table, slu_alloc_default());
}

Test(fingerprint_table, both_halves_count)
{
    struct slu_fingerprint_table table = {0};

    for (uint64_t high = 0; high < 100; high++) {
        cr_assert_not(add(&table, (struct slu_fingerprint){7, high}));
    }
    for (uint64_t high = 0; high < 100; high++) {
        cr_assert(add(&table, (struct slu_fingerprint){7, high}));
        cr_assert_not(add(&table, (struct slu_fingerprint){8, high}));
    }
    slu_fingerprint_table_fini(&table, slu_alloc_default());
}

Test(fingerprint_table, place_takes_the_bits_below_the_shift)
{
    struct slu_fingerprint print = {1, 0x123456789abcdef0};

    cr_assert_eq(slu_fingerprint_place(print, 0), 0x12345678);
    cr_assert_eq(slu_fingerprint_place(print, 4), 0x23456789);
    cr_assert_eq(slu_fingerprint_place(print, 32), 0x9abcdef0);
}

Test(fingerprint_table, clear_forgets_all_and_keeps_the_memory)
{
    struct slu_fingerprint_table table = {0};
    struct slu_fingerprint *slots;

    slu_fingerprint_table_clear(&table);
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_not(add(&table, make_print(i)));
    }
    slots = table.slots;
    slu_fingerprint_table_clear(&table);
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_not(add(&table, make_print(i)));
    }
    cr_assert_eq(table.slots, slots);
    slu_fingerprint_table_fini(&table, slu_alloc_default());
}

Test(fingerprint_table, without_memory_it_stays_as_it_was)
{
    struct slu_fingerprint_table table = {0};
    struct failing_alloc none;

    failing_alloc_init(&none, 1);
    none.for_good = true;
    cr_assert_not(slu_fingerprint_table_grow(&table, &none.alloc, 2, 0));
    cr_assert_eq(table.bucket_count, 0);
    cr_assert_not(add(&table, make_print(1)));
    cr_assert_not(slu_fingerprint_table_grow(&table, &none.alloc, 1000, 0));
    cr_assert(add(&table, make_print(1)));
    slu_fingerprint_table_fini(&table, slu_alloc_default());
}
