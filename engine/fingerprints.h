/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a bounded set of XXH3 128-bit fingerprints that drops repeats within a
 * run. It only saves work: what it has forgotten, the store's fold merges.
 *
 * Data: two open-addressing tables of 16-byte entries. Fingerprints go into the
 * young one; when that is full the old one is emptied and the two change
 * places, so that the most recent half to all of `max` is remembered. The
 * young table starts small and doubles.
 *
 * Limits: max entries, 16 bytes each at a load of at most 7/8.
 * Errors: none; without memory it remembers less.
 */
#ifndef SLU_ENGINE_FINGERPRINTS_H
#define SLU_ENGINE_FINGERPRINTS_H

#include "codecs/alloc.h"
#include <sluice/view.h>
#include <stdint.h>

struct slu_fingerprint {
    uint64_t low;
    uint64_t high;
};

struct slu_fingerprint_table {
    struct slu_fingerprint *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

struct slu_fingerprints {
    const struct slu_alloc *alloc;
    struct slu_fingerprint_table young;
    struct slu_fingerprint_table old;
    size_t table_max; /* slots */
};

void slu_fingerprints_init(struct slu_fingerprints *self,
                           const struct slu_alloc *alloc, size_t max);
void slu_fingerprints_fini(struct slu_fingerprints *self);

/* True when these bytes were added before (and are still remembered);
 * otherwise they are added. */
bool slu_fingerprints_add(struct slu_fingerprints *self, struct slu_view bytes);

#endif
