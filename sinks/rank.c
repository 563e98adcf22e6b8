/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selection is by counting, not by comparing: four passes over the 48 bits, 12
 * at a time from the top, find the rank of the last one to stay and how many of
 * exactly that rank may; one more pass moves them together. Quickselect would
 * read less, but it shuffles the items, and their order is worth more: it is
 * the value's place in the comparison, and the second scan's way to find them.
 * Sorting is a radix sort from the lowest digit, over 4-byte indices; a digit
 * that all ranks share costs only its count.
 */
#include "sinks/rank.h"

#include <string.h>

/* 12 bits: four steps over 48, and the counts (16 KB) stay in the first-level
 * cache. Bytes took six, and half as long again. */
#define DIGIT_BITS 12
#define DIGITS (1u << DIGIT_BITS)
#define PASSES 4
#define SCORE_MAX 127

uint64_t slu_rank_make(const struct slu_record *record, size_t length,
                       uint8_t prefix)
{
    uint64_t score = record->score > SCORE_MAX ? SCORE_MAX : record->score;
    uint64_t sources = (uint64_t)__builtin_popcount(record->sources);

    return (uint64_t)record->verdict << 61 | score << 54 |
           (uint64_t)record->last_seen << 22 | sources << 16 |
           (uint64_t)(length & 0xff) << 8 | prefix;
}

/* Where the selection cuts. */
struct cut {
    uint64_t bits;   /* order bits of the last one to stay */
    uint32_t equals; /* how many of exactly these bits stay */
};

static struct cut find_cut(const struct slu_candidate *items, uint32_t count,
                           uint32_t keep)
{
    uint32_t counts[DIGITS];
    struct cut cut = {0, keep};
    unsigned shift = 64;

    while (shift > SLU_RANK_SHIFT) {
        uint32_t digit = DIGITS - 1;

        shift -= DIGIT_BITS;
        memset(counts, 0, sizeof(counts));
        for (uint32_t i = 0; i < count; i++) {
            uint64_t bits = items[i].rank >> shift;

            /* Only those that agree with the digits found so far count. */
            if (bits >> DIGIT_BITS == cut.bits) {
                counts[bits & (DIGITS - 1)]++;
            }
        }
        while (counts[digit] < cut.equals) {
            cut.equals -= counts[digit];
            digit--;
        }
        cut.bits = cut.bits << DIGIT_BITS | digit;
    }
    return cut;
}

uint64_t slu_rank_select(struct slu_candidate *items, uint32_t count,
                         uint32_t keep)
{
    struct cut cut = find_cut(items, count, keep);
    uint32_t equals = cut.equals;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits = slu_rank_order_bits(items[i].rank);

        if (bits < cut.bits || (bits == cut.bits && equals == 0)) {
            continue;
        }
        equals -= bits == cut.bits;
        items[kept++] = items[i];
    }
    return cut.bits;
}

/* The complement makes the biggest rank come first. */
static unsigned find_digit(const struct slu_candidate *item, unsigned pass)
{
    return ~item->rank >> (SLU_RANK_SHIFT + pass * DIGIT_BITS) & (DIGITS - 1);
}

/* Counts the digits of all passes at once, while the items stand in order. */
static void count_digits(const struct slu_candidate *items,
                         const uint32_t *order, uint32_t count,
                         uint32_t counts[PASSES][DIGITS])
{
    memset(counts, 0, PASSES * sizeof(counts[0]));
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned pass = 0; pass < PASSES; pass++) {
            counts[pass][find_digit(&items[order[i]], pass)]++;
        }
    }
}

/* One pass of the radix sort; false when all share the digit and nothing was
 * moved. */
static bool sort_by_digit(const struct slu_candidate *items, uint32_t count,
                          unsigned pass, uint32_t starts[DIGITS],
                          const uint32_t *from, uint32_t *to)
{
    uint32_t sum = 0;

    for (unsigned digit = 0; digit < DIGITS; digit++) {
        uint32_t digit_count = starts[digit];

        if (digit_count == count) {
            return false;
        }
        starts[digit] = sum;
        sum += digit_count;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i + SLU_RANK_AHEAD < count) {
            __builtin_prefetch(&items[from[i + SLU_RANK_AHEAD]]);
        }
        to[starts[find_digit(&items[from[i]], pass)]++] = from[i];
    }
    return true;
}

void slu_rank_sort(const struct slu_candidate *items, uint32_t *order,
                   uint32_t count, uint32_t *scratch)
{
    uint32_t counts[PASSES][DIGITS];
    uint32_t *from = order;
    uint32_t *to = scratch;

    count_digits(items, order, count, counts);
    for (unsigned pass = 0; count > 0 && pass < PASSES; pass++) {
        if (sort_by_digit(items, count, pass, counts[pass], from, to)) {
            uint32_t *swap = from;

            from = to;
            to = swap;
        }
    }
    if (from != order) {
        memcpy(order, from, count * sizeof(*order));
    }
}
