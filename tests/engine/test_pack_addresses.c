/* SPDX-License-Identifier: Apache-2.0 */
/* Against all of them sorted as one. */
#include "engine/pack_addresses.h"

#include "count_alloc.h"
#include "store_support.h"

#include <criterion/criterion.h>

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* `above`: of 8, how many are 128.0.0.0 or above. */
static uint32_t *make_addresses(struct dice *dice, size_t count, unsigned above)
{
    uint32_t *made = calloc(count + 1, sizeof(*made));

    cr_assert_not_null(made);
    for (size_t i = 0; i < count; i++) {
        made[i] = roll(dice, 1u << 20) << 11;
        made[i] |= (uint32_t)(roll(dice, 8) < above) << 31;
    }
    return made;
}

static void check(size_t count, unsigned above, size_t at_once)
{
    struct dice dice = {count + 1};
    uint32_t *addresses = make_addresses(&dice, count, above);
    uint32_t out[700];
    struct slu_pack_addresses set;
    struct slu_pack_cursor cursor = {0};
    size_t unique = 0;
    size_t read = 0;
    size_t got;

    slu_pack_addresses_init(&set, slu_alloc_default());
    for (size_t i = 0; i < count; i += at_once) {
        size_t len = count - i < at_once ? count - i : at_once;

        cr_assert_eq(slu_pack_addresses_add(&set, addresses + i, len),
                     SLU_ERR_OK);
    }
    cr_assert_eq(slu_pack_addresses_finish(&set), SLU_ERR_OK);
    qsort(addresses, count, sizeof(*addresses), compare);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || addresses[i] != addresses[i - 1]) {
            addresses[unique++] = addresses[i];
        }
    }
    cr_assert_eq(slu_pack_addresses_count(&set), unique);
    while ((got = slu_pack_addresses_read(&set, &cursor, out, 700)) > 0) {
        cr_assert_leq(read + got, unique);
        cr_assert_arr_eq(out, addresses + read, got * sizeof(*out));
        read += got;
    }
    cr_assert_eq(read, unique);
    cr_assert_eq(slu_pack_addresses_read(&set, &cursor, out, 700), 0);
    slu_pack_addresses_fini(&set);
    free(addresses);
}

Test(pack_addresses, come_out_in_order_and_once)
{
    for (unsigned above = 0; above <= 8; above += 4) {
        check(0, above, 1);
        check(1, above, 1);
        check(5000, above, 1);
        check(5000, above, 1024);
        check(5000, above, 1025);
        check(5000, above, 5000);
    }
}

/* More than what a thread is begun for, in any order, and in order. */
Test(pack_addresses, are_the_same_on_two_threads)
{
    check(200000, 4, 4096);
    check(200000, 0, 4096);
    check(200000, 8, 4096);
    check(131072, 4, 4096);
    check(131073, 4, 4096);
}

Test(pack_addresses, leak_nothing_without_memory)
{
    static const uint32_t addresses[] = {7, 0xffffffff, 7};
    struct count_alloc counter;
    unsigned failed = 0;
    enum slu_err err = SLU_ERR_NOMEM;

    for (unsigned long left = 1; err == SLU_ERR_NOMEM; left++) {
        struct slu_pack_addresses set;

        count_alloc_init(&counter);
        counter.fail_at = left;
        slu_pack_addresses_init(&set, &counter.alloc);
        err = slu_pack_addresses_add(&set, addresses, 3);
        if (err == SLU_ERR_OK) {
            err = slu_pack_addresses_finish(&set);
        }
        failed += err == SLU_ERR_NOMEM;
        slu_pack_addresses_fini(&set);
        cr_assert_eq(counter.live, 0);
    }
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_eq(failed, 2, "the array, and room to sort it");
}

Test(pack_addresses, fini_of_nothing)
{
    struct slu_pack_addresses set = {0};

    slu_pack_addresses_fini(&set);
}
