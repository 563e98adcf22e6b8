/* SPDX-License-Identifier: Apache-2.0 */
/* What is ranked, by chance, and how many rank above by counting. */
#ifndef TESTS_SINKS_CANDIDATES_H
#define TESTS_SINKS_CANDIDATES_H

#include "sinks/chance.h"
#include "sinks/rank.h"

/* `spread` bits of the 48 differ, so that equal ranks are common. */
static inline void fill_items(struct slu_candidate *items, uint32_t count,
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

static inline uint32_t count_above(const struct slu_candidate *items,
                                   uint32_t count, uint32_t index)
{
    uint64_t bits = slu_rank_order_bits(items[index].rank);
    uint32_t above = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t other = slu_rank_order_bits(items[i].rank);

        above += other > bits || (other == bits && i < index);
    }
    return above;
}

#endif
