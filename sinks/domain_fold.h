/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: folding of names (lists.fold_domains): n or more names directly below
 * one parent become the line "*.parent", and a wildcard takes in every name
 * below it. Lossy: it lists names that nobody reported. See domain_fold.c.
 * Limits: takes 24 bytes a name of the pool and once more their bytes, while it
 * works.
 * Errors: NOMEM; the pool is then as it was.
 */
#ifndef SLU_SINKS_DOMAIN_FOLD_H
#define SLU_SINKS_DOMAIN_FOLD_H

#include "codecs/guard.h"
#include "sinks/pool.h"

/* What a domain's candidate has where an address has its prefix. */
enum slu_fold_mark {
    SLU_FOLD_NONE,
    SLU_FOLD_LEFT, /* no candidate any more: it leaves its place to the line
                      it stood for, if that is still there */
    SLU_FOLD_MET,  /* free for the caller, after folding */
};

struct slu_domain_fold {
    const struct slu_alloc *alloc;
    const struct slu_guard *guard;
    uint32_t least; /* so many names, at least 2 */
};

/* Folds the names of a pool, which stay in key order; those that left are
 * gone. What has been folded once is a wildcard like any other the next time.
 */
SLU_MUST_CHECK enum slu_err slu_domain_fold(const struct slu_domain_fold *self,
                                            struct slu_pool *pool);

/* How many of a folded pool's items are wildcards; they are the first. */
uint32_t slu_domain_fold_wildcards(const struct slu_pool *pool);

/* The index of the wildcard, among the first `wildcards` items of a folded
 * pool, that a name stands in or is; `wildcards` when there is none. */
uint32_t slu_domain_fold_find(const struct slu_pool *pool, uint32_t wildcards,
                              struct slu_view name);

#endif
