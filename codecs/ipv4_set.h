/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a set of IPv4 addresses in bulk, without a hash table: addresses are
 * appended to an array, and sorted when it is finished (ipv4_sort.h). Of more
 * than SLU_IPV4_SET_ARRAY_MAX different ones a bitmap is made, in pages of
 * 2 MiB, one for each first octet, on first touch.
 *
 * Life cycle: init; add (any number of times), finish; then count and the
 * reading functions; then add again, if need be, and finish; fini. fini is safe
 * on a zeroed struct.
 *
 * Limits: 8 bytes an address up to SLU_IPV4_SET_ARRAY_MAX, half of it only
 * while sorting; beyond, 512 MiB for all addresses there are. The array's
 * capacity grows by doubling: an allocator that resizes in place, or whose
 * untouched memory costs nothing, keeps to that while it grows.
 * Errors: NOMEM; then only fini is allowed.
 */
#ifndef SLU_CODECS_IPV4_SET_H
#define SLU_CODECS_IPV4_SET_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLU_IPV4_SET_ARRAY_MAX 24000000

struct slu_ipv4_set {
    const struct slu_alloc *alloc;
    size_t array_max; /* SLU_IPV4_SET_ARRAY_MAX; tests lower it */
    uint32_t *array;
    size_t len;
    size_t capacity;
    size_t sorted;       /* the array's front that is ascending and unique */
    uint64_t **pages;    /* 256, each NULL or 2 MiB; NULL: there is no bitmap */
    uint64_t page_count; /* addresses in the pages */
};

void slu_ipv4_set_init(struct slu_ipv4_set *self,
                       const struct slu_alloc *alloc);
void slu_ipv4_set_fini(struct slu_ipv4_set *self);

/* Adds addresses in host byte order, in any order, repeats too. Best some
 * hundred or more at once: their cache misses overlap. */
SLU_MUST_CHECK enum slu_err slu_ipv4_set_add(struct slu_ipv4_set *self,
                                             const uint32_t *addresses,
                                             size_t count);

SLU_MUST_CHECK enum slu_err slu_ipv4_set_finish(struct slu_ipv4_set *self);

/* Before finish: moves about the upper half of the addresses, if they are in
 * the array, to another set, which is empty; all of it is above all of self.
 * Either is then to be finished, which may be done at the same time. */
SLU_MUST_CHECK enum slu_err slu_ipv4_set_halve(struct slu_ipv4_set *self,
                                               struct slu_ipv4_set *other);

/* Adds all of a finished set; self is then to be finished. */
SLU_MUST_CHECK enum slu_err
slu_ipv4_set_unite(struct slu_ipv4_set *self, const struct slu_ipv4_set *other);

/* ---- of a finished set ---- */

uint64_t slu_ipv4_set_count(const struct slu_ipv4_set *self);

/* The next up to `room` addresses, ascending; returns how many, 0 at the end.
 * *cursor is 0 at first, and belongs to one of the two functions. */
size_t slu_ipv4_set_read(const struct slu_ipv4_set *self, uint64_t *cursor,
                         uint32_t *out, size_t room);

/* The next run of addresses without a gap; false at the end. */
bool slu_ipv4_set_next_run(const struct slu_ipv4_set *self, uint64_t *cursor,
                           uint32_t *out_first, uint32_t *out_last);

#endif
