/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the order of rule R8, in which the best entries stay on a list:
 * verdict, score, last seen, number of sources (more is better), then the
 * value (smaller first). It is total, so what is kept never depends on chance.
 *
 * The first four fit into 48 bits of one integer. The value needs none: the
 * store is scanned in key order, so candidates stand in the order of their
 * values, and every function here is stable: of two with the same 48 bits the
 * one that stands first ranks first.
 *
 *     rank   63   61 60    54 53          22 21      16 15       8 7       0
 *           [verdict|  score |  last seen   | sources  |  length  | prefix  ]
 *
 * The low 16 bits are not part of the order.
 */
#ifndef SLU_SINKS_RANK_H
#define SLU_SINKS_RANK_H

#include "codecs/record.h"

#define SLU_RANK_SHIFT 16

/* Who goes over candidates by rank, which is out of the order they stand in,
 * fetches one so far ahead. */
#define SLU_RANK_AHEAD 16

/* One entry that may be on a list: 16 bytes, for there may be 3,000,000. */
struct slu_candidate {
    uint64_t rank;  /* see above; bigger is better */
    uint32_t value; /* the address; a domain: where its name is (pool.h) */
    uint32_t place; /* slu_place_code(), 0: none */
};

/* The rank of a record whose entry has `length` bytes (1-255, without "\n").
 * The prefix is a CIDR's, 0 for domains. */
uint64_t slu_rank_make(const struct slu_record *record, size_t length,
                       uint8_t prefix);

static inline uint64_t slu_rank_order_bits(uint64_t rank)
{
    return rank >> SLU_RANK_SHIFT;
}

static inline uint32_t slu_rank_length(uint64_t rank)
{
    return (uint32_t)(rank >> 8) & 0xff;
}

static inline uint8_t slu_rank_prefix(uint64_t rank)
{
    return (uint8_t)rank;
}

/*
 * Keeps the best `keep` of `count` (keep > 0, keep <= count) in the order in
 * which they stand, and returns the order bits of the last kept one. Linear in
 * count; allocates nothing.
 */
uint64_t slu_rank_select(struct slu_candidate *items, uint32_t count,
                         uint32_t keep);

/* Sorts `count` indices of items, best first; they come in ascending order.
 * scratch has room for as many. */
void slu_rank_sort(const struct slu_candidate *items, uint32_t *order,
                   uint32_t count, uint32_t *scratch);

#endif
