/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the single addresses of a pack, without repeats. When they are many,
 * they become two sets, of the lower and of the upper half, which are sorted at
 * the same time, on two threads.
 *
 * Life cycle: init; add (any number of times), finish, then count and read;
 * fini. fini is safe on a zeroed struct.
 * Limits: those of codecs/ipv4_set.h.
 * Errors: NOMEM; then only fini is allowed.
 */
#ifndef SLU_ENGINE_PACK_ADDRESSES_H
#define SLU_ENGINE_PACK_ADDRESSES_H

#include "codecs/ipv4_set.h"

#define SLU_PACK_HALVES 2

struct slu_pack_addresses {
    struct slu_ipv4_set halves[SLU_PACK_HALVES];
};

void slu_pack_addresses_init(struct slu_pack_addresses *self,
                             const struct slu_alloc *alloc);
void slu_pack_addresses_fini(struct slu_pack_addresses *self);

/* In host byte order, in any order, repeats too. */
SLU_MUST_CHECK enum slu_err
slu_pack_addresses_add(struct slu_pack_addresses *self,
                       const uint32_t *addresses, size_t count);
SLU_MUST_CHECK enum slu_err
slu_pack_addresses_finish(struct slu_pack_addresses *self);

uint64_t slu_pack_addresses_count(const struct slu_pack_addresses *self);

/* Zeroed at first. */
struct slu_pack_cursor {
    unsigned half;
    uint64_t at;
};
/* The next up to `room` addresses, ascending; returns how many, 0 at the end.
 */
size_t slu_pack_addresses_read(const struct slu_pack_addresses *self,
                               struct slu_pack_cursor *cursor, uint32_t *out,
                               size_t room);

#endif
