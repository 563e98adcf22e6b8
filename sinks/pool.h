/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the candidates of one kind of list, in the order in which they came
 * (the order of their values). Holds the best `keep` of all that were added,
 * however many those are: at twice as many the worse half goes, and from then
 * on what ranks below the worst one kept is not even taken in.
 * Life cycle: init, add..., trim, then `items` are final; fini (safe on a
 * zeroed struct).
 * Limits: 2 x keep candidates (16 bytes each), 2 x keep names of at most 255
 * bytes. Memory grows by doubling; none is taken per candidate.
 * Errors: NOMEM.
 */
#ifndef SLU_SINKS_POOL_H
#define SLU_SINKS_POOL_H

#include "codecs/buf.h"
#include "sinks/rank.h"

struct slu_pool {
    const struct slu_alloc *alloc;
    struct slu_candidate *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t keep;
    bool has_floor;       /* something was dropped, so that */
    uint64_t floor;       /* only what ranks above these bits can stay */
    struct slu_buf names; /* domains: their names, in the items' order */
};

void slu_pool_init(struct slu_pool *self, const struct slu_alloc *alloc,
                   uint32_t keep);
void slu_pool_fini(struct slu_pool *self);

/* A domain's candidate comes with its name (`value` is set here); an address'
 * with an empty view. */
SLU_MUST_CHECK enum slu_err slu_pool_add(struct slu_pool *self,
                                         struct slu_candidate candidate,
                                         struct slu_view name);

/* The next one that is added may cost another its place in the pool. */
static inline bool slu_pool_is_full(const struct slu_pool *self)
{
    return self->count == self->keep * 2;
}

/* Cuts down to the best `keep`, at most the pool's own number, and the memory
 * to what they take. */
void slu_pool_trim(struct slu_pool *self, uint32_t keep);

/* Drops the items without a place, and gives back the memory they took. */
void slu_pool_drop_unplaced(struct slu_pool *self);

static inline struct slu_view slu_pool_name(const struct slu_pool *self,
                                            const struct slu_candidate *item)
{
    return slu_view_make(self->names.ptr + item->value,
                         slu_rank_length(item->rank));
}

#endif
