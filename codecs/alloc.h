/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the four verbs over `struct slu_alloc` (sluice/alloc.h). No other file
 * of the library calls malloc, realloc or free, but engine/wiped_memory.c for
 * the libraries that allocate by themselves.
 */
#ifndef SLU_CODECS_ALLOC_H
#define SLU_CODECS_ALLOC_H

#include <sluice/alloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Uninitialised bytes, or NULL. len > 0. */
void *slu_alloc_get(const struct slu_alloc *alloc, size_t len);

/* Zeroed bytes, or NULL. len > 0. */
void *slu_alloc_zero(const struct slu_alloc *alloc, size_t len);

/* Resizes; NULL leaves ptr as it was. new_len > 0. */
void *slu_alloc_resize(const struct slu_alloc *alloc, void *ptr, size_t old_len,
                       size_t new_len);

/* Frees; ptr may be NULL. len is the length asked for. */
void slu_alloc_put(const struct slu_alloc *alloc, void *ptr, size_t len);

/* Between two phases of a run: what was freed goes back to the system, as far
 * as the C library knows how (glibc keeps it otherwise, in case it is wanted
 * again). It takes milliseconds. Another allocator than the default one is left
 * alone. */
void slu_alloc_trim(const struct slu_alloc *alloc);

#ifdef __cplusplus
}
#endif
#endif
