/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a set of XXH3 128-bit fingerprints that drops repeats, in one of two
 * manners. One that *forgets* only saves work: it has `max` slots of 16 bytes,
 * the newest fingerprints are in them, 3/8 to 7/8 as many, and what it has
 * forgotten the store's fold merges. One that *keeps* is the dedupe itself: it
 * remembers the first `max` and a few more for good, and what comes after them
 * is called new each time.
 *
 * Data: SLU_FINGERPRINT_PARTS parts by the top bits of a fingerprint, each with
 * tables of its own that double when 7/8 full (fingerprint_table.h), each at
 * another count. So a growth copies one part, and needs memory for one part
 * more. A part of a set that forgets has two tables: when the young one is as
 * large as it may get, the old one is emptied and the two change places.
 *
 * Cost: some 27 bytes a fingerprint at any count over ten thousand, the moment
 * of a growth included; 18 after a reserve. A look is one cache miss, or two in
 * a set that has begun to forget; slu_fingerprints_add_all overlaps those of
 * many fingerprints, so use that where there are many at once.
 *
 * Threads: none of its own. No two parts share anything but the allocator and
 * what init has set, so several threads may add at once where each holds a lock
 * of slu_fingerprints_part(print) while it adds that print; one lock around
 * slu_fingerprints_add_all is simpler and is held for some 50 ns a fingerprint.
 * Errors: none; without memory it remembers less.
 */
#ifndef SLU_ENGINE_FINGERPRINTS_H
#define SLU_ENGINE_FINGERPRINTS_H

#include "engine/fingerprint_table.h"

#define SLU_FINGERPRINT_PART_BITS 5
#define SLU_FINGERPRINT_PARTS (1u << SLU_FINGERPRINT_PART_BITS)

struct slu_fingerprint_part {
    struct slu_fingerprint_table young;
    struct slu_fingerprint_table old; /* of a set that forgets */
};

struct slu_fingerprints {
    const struct slu_alloc *alloc;
    bool keeps;
    size_t buckets_max; /* of a table */
    struct slu_fingerprint_part parts[SLU_FINGERPRINT_PARTS];
};

/* A set that forgets, and one that keeps. */
void slu_fingerprints_init(struct slu_fingerprints *self,
                           const struct slu_alloc *alloc, size_t max);
void slu_fingerprints_init_keeping(struct slu_fingerprints *self,
                                   const struct slu_alloc *alloc, size_t max);
void slu_fingerprints_fini(struct slu_fingerprints *self);

/* Makes room for so many at once, at most `max`; without memory for less. */
void slu_fingerprints_reserve(struct slu_fingerprints *self, size_t count);

/* True when these bytes were added before (and are still remembered);
 * otherwise they are added. */
bool slu_fingerprints_add(struct slu_fingerprints *self, struct slu_view bytes);

/* The same for many, in their order; returns how many were known. */
size_t slu_fingerprints_add_all(struct slu_fingerprints *self,
                                const struct slu_view *texts, size_t count,
                                bool *out_known);

/* The same for one whose fingerprint is at hand. */
bool slu_fingerprints_add_print(struct slu_fingerprints *self,
                                struct slu_fingerprint print);

static inline unsigned slu_fingerprints_part(struct slu_fingerprint print)
{
    return (unsigned)(print.high >> (64 - SLU_FINGERPRINT_PART_BITS));
}

/* Within a part, by the bits behind those that chose it. */
static inline uint32_t slu_fingerprints_place(struct slu_fingerprint print)
{
    return slu_fingerprint_place(print, SLU_FINGERPRINT_PART_BITS);
}

/* Asks the memory for what add_print will read. */
__attribute__((always_inline)) static inline void
slu_fingerprints_hint(const struct slu_fingerprints *self,
                      struct slu_fingerprint print)
{
    const struct slu_fingerprint_part *part =
        &self->parts[slu_fingerprints_part(print)];
    uint32_t place = slu_fingerprints_place(print);

    slu_fingerprint_table_prefetch(&part->young, place);
    slu_fingerprint_table_prefetch(&part->old, place);
}

/* How many are remembered, and the bytes of all tables. */
size_t slu_fingerprints_count(const struct slu_fingerprints *self);
size_t slu_fingerprints_bytes(const struct slu_fingerprints *self);

#endif
