/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/pool.h"

#include "sinks/candidates.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ITEMS_MAX 600

/* The name of the i-th item: bytes order is the order of i. */
static size_t make_name(char name[64], uint32_t i)
{
    return (size_t)snprintf(name, 64, "n%05u.%.*s", i, (int)(i % 23),
                            "abcdefghijklmnopqrstuvwxyz");
}

static void check_pool(const struct slu_pool *pool,
                       const struct slu_candidate *all, uint32_t count)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        struct slu_view view;

        if (count_above(all, count, i) >= pool->keep) {
            continue;
        }
        view = slu_view_make(name, make_name(name, i));
        cr_assert_eq(pool->items[next].rank, all[i].rank);
        cr_assert(
            slu_view_equal(slu_pool_name(pool, &pool->items[next]), view));
        next++;
    }
    cr_assert_eq(pool->count, next);
}

Test(pool, keeps_the_best_of_any_number_with_their_names)
{
    uint64_t seed = 3;
    struct slu_candidate all[ITEMS_MAX];

    for (unsigned round = 0; round < 60; round++) {
        uint32_t count = chance(&seed, ITEMS_MAX);
        struct slu_pool pool;

        slu_pool_init(&pool, slu_alloc_default(), 1 + chance(&seed, 50));
        fill_items(all, count, &seed, 1 + chance(&seed, 20));
        for (uint32_t i = 0; i < count; i++) {
            char name[64];
            size_t length = make_name(name, i);

            all[i].rank = (all[i].rank & ~UINT64_C(0xff00)) | length << 8;
            cr_assert_eq(
                slu_pool_add(&pool, all[i], slu_view_make(name, length)),
                SLU_ERR_OK);
            cr_assert_leq(pool.count, pool.keep * 2);
        }
        slu_pool_trim(&pool, pool.keep);
        check_pool(&pool, all, count);
        slu_pool_fini(&pool);
    }
}

Test(pool, holds_at_most_twice_what_it_keeps)
{
    struct failing_alloc counting;
    struct slu_pool pool;
    uint64_t seed = 4;
    unsigned calls = 0;

    failing_alloc_init(&counting, 0);
    slu_pool_init(&pool, &counting.alloc, 1000);
    for (uint32_t i = 0; i < 100000; i++) {
        struct slu_candidate item = {.rank = chance_next(&seed)};

        cr_assert_eq(slu_pool_add(&pool, item, slu_view_str("")), SLU_ERR_OK);
        calls = i == 3000 ? counting.calls : calls;
    }
    cr_assert_leq(counting.peak, 2000 * sizeof(struct slu_candidate));
    cr_assert_eq(counting.calls, calls, "an allocation in steady state");
    slu_pool_fini(&pool);
    cr_assert_eq(counting.live, 0);
}

Test(pool, drops_the_unplaced_and_keeps_the_names_of_the_others)
{
    struct slu_pool pool;
    const char *const names[] = {"aa", "b", "cccc", "dd"};

    slu_pool_init(&pool, slu_alloc_default(), 10);
    for (unsigned i = 0; i < 4; i++) {
        struct slu_candidate item = {.rank = strlen(names[i]) << 8,
                                     .place = i % 2};

        cr_assert_eq(slu_pool_add(&pool, item, slu_view_str(names[i])),
                     SLU_ERR_OK);
    }
    slu_pool_drop_unplaced(&pool);
    cr_assert_eq(pool.count, 2);
    cr_assert(slu_view_equal_str(slu_pool_name(&pool, &pool.items[0]), "b"));
    cr_assert(slu_view_equal_str(slu_pool_name(&pool, &pool.items[1]), "dd"));
    slu_pool_fini(&pool);
}

Test(pool, says_when_memory_is_short)
{
    for (unsigned fail_at = 1; fail_at < 8; fail_at++) {
        struct failing_alloc failing;
        struct slu_pool pool;
        enum slu_err err = SLU_ERR_OK;
        uint32_t added = 0;

        failing_alloc_init(&failing, fail_at);
        failing.for_good = true;
        slu_pool_init(&pool, &failing.alloc, 5000);
        while (err == SLU_ERR_OK && added < 5000) {
            struct slu_candidate item = {.rank = 4 << 8};

            err = slu_pool_add(&pool, item, slu_view_str("abcd"));
            added += err == SLU_ERR_OK;
        }
        cr_assert_eq(err, SLU_ERR_NOMEM);
        cr_assert_eq(pool.count, added);
        slu_pool_fini(&pool);
        cr_assert_eq(failing.live, 0);
    }
}

Test(pool, fini_is_safe_on_a_zeroed_struct)
{
    struct slu_pool pool = {0};

    slu_pool_fini(&pool);
    cr_assert_null(pool.items);
}
