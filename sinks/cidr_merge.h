/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: lossless merging (lists.merge_cidrs): addresses and ranges, added in
 * key order, come into the pool as the fewest CIDRs that cover exactly the same
 * addresses. See cidr_merge.c for the algorithm.
 * Life cycle: init, then add and leave in key order, then flush.
 * Limits: what is pending takes 33 candidates, however many are added. What is
 * merged ranks like the best of its members. A CIDR that the guard would reject
 * (wider than cidr_min_prefix) or whose text is longer than a file is never
 * made: its halves stay.
 * Errors: those of slu_pool_add.
 */
#ifndef SLU_SINKS_CIDR_MERGE_H
#define SLU_SINKS_CIDR_MERGE_H

#include "codecs/guard.h"
#include "sinks/pool.h"

#define SLU_CIDR_MERGE_DEPTH 33

struct slu_cidr_merge {
    const struct slu_guard *guard;
    struct slu_pool *pool;
    uint64_t length_max; /* of an entry's text */
    unsigned depth;
    struct slu_candidate pending[SLU_CIDR_MERGE_DEPTH];
    /* The place of an entry that left, for the first in this range that has
     * none. */
    uint32_t left_place;
    uint32_t left_first;
    uint32_t left_last;
};

void slu_cidr_merge_init(struct slu_cidr_merge *self,
                         const struct slu_guard *guard, struct slu_pool *pool,
                         uint64_t length_max);

/* The candidate of an address or range. */
SLU_MUST_CHECK enum slu_err slu_cidr_merge_add(struct slu_cidr_merge *self,
                                               struct slu_candidate candidate);

/* An entry that has had a place is no candidate any more: the line it stood
 * for, if more is left of it, inherits the place. */
void slu_cidr_merge_leave(struct slu_cidr_merge *self, struct slu_cidr cidr,
                          uint32_t place);

SLU_MUST_CHECK enum slu_err slu_cidr_merge_flush(struct slu_cidr_merge *self);

static inline struct slu_cidr
slu_cidr_merge_line(const struct slu_candidate *item)
{
    return (struct slu_cidr){item->value, slu_rank_prefix(item->rank)};
}

#endif
