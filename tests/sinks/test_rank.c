/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/rank.h"

#include "sinks/candidates.h"

#include <criterion/criterion.h>

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
        for (uint32_t i = 0; i < count; i++) {
            order[i] = i;
        }
        slu_rank_sort(items, order, count, scratch);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_lt(order[i], count);
            cr_assert_eq(count_above(items, count, order[i]), i, "round %u",
                         round);
        }
    }
}

Test(rank, sorts_some_of_the_items_alone)
{
    uint64_t seed = 4;
    struct slu_candidate items[ITEMS_MAX];
    uint32_t order[ITEMS_MAX];
    uint32_t scratch[ITEMS_MAX];

    for (unsigned round = 0; round < 100; round++) {
        uint32_t count = 0;

        fill_items(items, ITEMS_MAX, &seed, 1 + chance(&seed, 48));
        for (uint32_t i = 0; i < ITEMS_MAX; i++) {
            if (chance(&seed, 3) == 0) {
                order[count++] = i;
            }
        }
        slu_rank_sort(items, order, count, scratch);
        for (uint32_t i = 1; i < count; i++) {
            uint64_t before = slu_rank_order_bits(items[order[i - 1]].rank);
            uint64_t bits = slu_rank_order_bits(items[order[i]].rank);

            cr_assert(before > bits ||
                      (before == bits && order[i - 1] < order[i]));
        }
    }
}
