/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the allocator that the whole library uses. An embedder may hand in its
 * own; tests hand in one that counts or fails the n-th call.
 * Threads: the functions may be called from any thread.
 */
#ifndef SLU_ALLOC_H
#define SLU_ALLOC_H

#include <sluice/api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One function does all: new_len 0 frees (and returns NULL), ptr NULL
 * allocates, else it resizes; NULL for a non-zero new_len is out of memory and
 * leaves ptr as it was. old_len is the length asked for when ptr was made.
 */
typedef void *(*slu_realloc_fn)(void *ctx, void *ptr, size_t old_len,
                                size_t new_len);

struct slu_alloc {
    slu_realloc_fn realloc_fn;
    void *ctx;
};

/* The C library's allocator. Valid for ever. */
SLU_API const struct slu_alloc *slu_alloc_default(void);

#ifdef __cplusplus
}
#endif
#endif
