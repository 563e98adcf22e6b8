/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the allocator for tables and arrays of many megabytes. Large blocks are
 * mapped on their own: they begin on a boundary of 2 MB with the advice to use
 * huge pages, so that a random access costs no walk of the page tables; they
 * grow without being copied; and what is freed goes back to the system at once,
 * whatever lies beside it. Memory that is asked for and not touched costs
 * nothing. Small blocks come from the C library.
 *
 * An embedder's own allocator is respected: it gets every request.
 * Threads: the functions may be called from any thread.
 */
#ifndef SLU_ENGINE_LARGE_ALLOC_H
#define SLU_ENGINE_LARGE_ALLOC_H

#include "codecs/alloc.h"

/* From here on a block is mapped; from SLU_LARGE_ALLOC_HUGE on with huge
 * pages. */
#define SLU_LARGE_ALLOC_MIN ((size_t)256 << 10)
#define SLU_LARGE_ALLOC_HUGE ((size_t)2 << 20)

/* The one for large blocks that stands in for `alloc`. Valid as long as it. */
const struct slu_alloc *slu_large_alloc(const struct slu_alloc *alloc);

/* Zeroed bytes from an allocator that slu_large_alloc has returned, or NULL:
 * fresh pages are zero, and aren't written once more. len > 0. */
void *slu_large_alloc_zero(const struct slu_alloc *alloc, size_t len);

#endif
