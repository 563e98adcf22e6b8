/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/rank.h"

#include "sinks/chance.h"
#include "sinks/failing_alloc.h"
#include "sinks/pool.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ITEMS_MAX 600

static struct slu_record make_record(enum slu_verdict verdict, uint8_t score,
                                     uint32_t last_seen, uint32_t sources)
{
    return (struct slu_record){.verdict = verdict,
                               .score = score,
                               .last_seen = last_seen,
                               .sources = sources};
}

static uint64_t bits_of(struct slu_record record)
{
    return slu_rank_order_bits(slu_rank_make(&record, 11, 32));
}

/* ---- the rank of a record ---- */

Test(rank, verdict_comes_first)
{
    cr_assert_gt(bits_of(make_record(SLU_VERDICT_MALICIOUS, 0, 0, 0)),
                 bits_of(make_record(SLU_VERDICT_SUSPICIOUS, 127, UINT32_MAX,
                                     UINT32_MAX)));
    cr_assert_gt(
        bits_of(make_record(SLU_VERDICT_UNKNOWN, 0, 0, 0)),
        bits_of(make_record(SLU_VERDICT_NONE, 127, UINT32_MAX, UINT32_MAX)));
}

Test(rank, score_comes_second)
{
    cr_assert_gt(
        bits_of(make_record(SLU_VERDICT_MALICIOUS, 81, 0, 0)),
        bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, UINT32_MAX, 0xff)));
}

Test(rank, last_seen_comes_third)
{
    cr_assert_gt(
        bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 2, 0)),
        bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, 0xffffffff)));
    cr_assert_gt(bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, UINT32_MAX, 0)),
                 bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, INT32_MAX, 0)));
}

Test(rank, the_number_of_sources_comes_fourth)
{
    cr_assert_gt(bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, 3)),
                 bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, 0x80)));
    cr_assert_eq(bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, 1)),
                 bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, 0x80)));
    cr_assert_gt(bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, UINT32_MAX)),
                 bits_of(make_record(SLU_VERDICT_MALICIOUS, 80, 1, INT32_MAX)));
}

Test(rank, a_score_out_of_range_does_not_reach_the_verdict)
{
    cr_assert_lt(bits_of(make_record(SLU_VERDICT_SUSPICIOUS, 255, 0, 0)),
                 bits_of(make_record(SLU_VERDICT_MALICIOUS, 0, 0, 0)));
}

Test(rank, carries_length_and_prefix_without_ranking_them)
{
    struct slu_record record = make_record(SLU_VERDICT_MALICIOUS, 80, 9, 2);
    uint64_t shorter = slu_rank_make(&record, 7, 8);
    uint64_t longer = slu_rank_make(&record, 255, 32);

    cr_assert_eq(slu_rank_order_bits(shorter), slu_rank_order_bits(longer));
    cr_assert_eq(slu_rank_length(shorter), 7);
    cr_assert_eq(slu_rank_length(longer), 255);
    cr_assert_eq(slu_rank_prefix(shorter), 8);
    cr_assert_eq(slu_rank_prefix(longer), 32);
}

/* ---- selection and sorting, against counting how many rank above ---- */

/* `spread` bits of the 48 differ, so that equal ranks are common. */
static void fill_items(struct slu_candidate *items, uint32_t count,
                       uint64_t *seed, unsigned spread)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits = chance_next(seed) & ((UINT64_C(1) << spread) - 1);
        unsigned shift = chance(seed, 2) == 0 ? 0 : 48 - spread;

        items[i].rank = bits << shift << SLU_RANK_SHIFT | chance(seed, 65536);
        items[i].value = i;
        items[i].place = 0;
    }
}

static uint32_t count_above(const struct slu_candidate *items, uint32_t count,
                            uint32_t index)
{
    uint64_t bits = slu_rank_order_bits(items[index].rank);
    uint32_t above = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t other = slu_rank_order_bits(items[i].rank);

        above += other > bits || (other == bits && i < index);
    }
    return above;
}

Test(rank, selects_exactly_the_best_in_the_order_they_stand)
{
    uint64_t seed = 1;
    struct slu_candidate items[ITEMS_MAX];
    struct slu_candidate kept[ITEMS_MAX];

    for (unsigned round = 0; round < 200; round++) {
        uint32_t count = 1 + chance(&seed, 100);
        uint32_t keep = 1 + chance(&seed, count);
        uint32_t next = 0;
        uint64_t floor;
        uint64_t lowest = UINT64_MAX;

        fill_items(items, count, &seed, 1 + chance(&seed, 48));
        memcpy(kept, items, sizeof(items));
        floor = slu_rank_select(kept, count, keep);
        for (uint32_t i = 0; i < count; i++) {
            if (count_above(items, count, i) < keep) {
                uint64_t bits = slu_rank_order_bits(items[i].rank);

                cr_assert_eq(kept[next].value, i, "round %u", round);
                lowest = bits < lowest ? bits : lowest;
                next++;
            }
        }
        cr_assert_eq(next, keep);
        cr_assert_eq(floor, lowest);
    }
}

Test(rank, sorts_best_first_and_equals_by_position)
{
    uint64_t seed = 2;
    struct slu_candidate items[ITEMS_MAX];
    uint32_t order[ITEMS_MAX];
    uint32_t scratch[ITEMS_MAX];

    for (unsigned round = 0; round < 100; round++) {
        uint32_t count = chance(&seed, ITEMS_MAX);

        fill_items(items, count, &seed, 1 + chance(&seed, 48));
        slu_rank_sort(items, count, order, scratch);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_lt(order[i], count);
            cr_assert_eq(count_above(items, count, order[i]), i, "round %u",
                         round);
        }
    }
}

/* ---- the pool ---- */

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
        slu_pool_trim(&pool);
        check_pool(&pool, all, count);
        slu_pool_fini(&pool);
    }
}

Test(pool, holds_at_most_twice_what_it_keeps)
{
    struct failing_alloc counting;
    struct slu_pool pool;
    uint64_t seed = 4;
    long calls = 0;

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
    for (long fail_at = 1; fail_at < 8; fail_at++) {
        struct failing_alloc failing;
        struct slu_pool pool;
        enum slu_err err = SLU_ERR_OK;
        uint32_t added = 0;

        failing_alloc_init(&failing, fail_at);
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
