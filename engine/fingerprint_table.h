/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one hash table of 128-bit fingerprints that never forgets one by
 * itself: what engine/fingerprints.h is made of many times, and what the rows
 * of an answer need once.
 *
 * Data: buckets of four fingerprints, 64 bytes, searched one behind the other
 * from the fingerprint's own bucket to the first with a free slot. The bucket
 * is a fraction of the table, taken by multiplication, so that a table may have
 * any size, and one that grows keeps the order of its fingerprints: growing
 * reads the old table and writes the new one from front to back.
 *
 * Life cycle: zeroed is empty; find, put, grow, clear; fini.
 * Limits: grows only when asked; full at 7/8 of its slots.
 */
#ifndef SLU_ENGINE_FINGERPRINT_TABLE_H
#define SLU_ENGINE_FINGERPRINT_TABLE_H

#include "codecs/alloc.h"
#include <sluice/view.h>
#include <stdint.h>

#define SLU_FINGERPRINT_BUCKET 4 /* fingerprints */
#define SLU_FINGERPRINT_BUCKET_BYTES                                           \
    (SLU_FINGERPRINT_BUCKET * sizeof(struct slu_fingerprint))
#define SLU_FINGERPRINT_BUCKETS_MAX ((size_t)1 << 31)

struct slu_fingerprint {
    uint64_t low; /* never 0: that is a free slot */
    uint64_t high;
};

struct slu_fingerprint_table {
    struct slu_fingerprint *slots; /* SLU_FINGERPRINT_BUCKET a bucket */
    size_t bucket_count;
    size_t count;
};

/* XXH3 of 128 bits; a low half of 0 becomes 1, at no cost but an equal chance
 * of collision. */
struct slu_fingerprint slu_fingerprint_of(struct slu_view bytes);

void slu_fingerprint_table_fini(struct slu_fingerprint_table *self,
                                const struct slu_alloc *alloc);

/* Forgets all, keeps the memory. */
void slu_fingerprint_table_clear(struct slu_fingerprint_table *self);

/*
 * True when it is there; else *out_slot is where slu_fingerprint_table_put
 * would write it, NULL in a table without buckets, and dies when the table
 * changes. The table must not be full to the last slot. `place` are 32 bits of
 * the fingerprint that nothing else was chosen by.
 */
bool slu_fingerprint_table_find(const struct slu_fingerprint_table *self,
                                struct slu_fingerprint print, uint32_t place,
                                struct slu_fingerprint **out_slot);

static inline void slu_fingerprint_table_put(struct slu_fingerprint_table *self,
                                             struct slu_fingerprint print,
                                             struct slu_fingerprint *slot)
{
    *slot = print;
    self->count++;
}

/* Asks the memory for the place where a search will begin, and for the bucket
 * behind it, which one in three searches of a table that is rather full comes
 * to: a miss costs more than all else. gcc drops the call of a function that
 * does nothing else, unless there is no call. */
__attribute__((always_inline)) static inline void
slu_fingerprint_table_prefetch(const struct slu_fingerprint_table *self,
                               uint32_t place)
{
    if (self->count > 0) {
        const struct slu_fingerprint *slots =
            self->slots + ((uint64_t)place * self->bucket_count >> 32) *
                              SLU_FINGERPRINT_BUCKET;

        __builtin_prefetch(slots, 1);
        __builtin_prefetch(slots + SLU_FINGERPRINT_BUCKET, 1);
    }
}

static inline bool
slu_fingerprint_table_is_full(const struct slu_fingerprint_table *self)
{
    return self->count >= self->bucket_count * SLU_FINGERPRINT_BUCKET / 8 * 7;
}

/* The bits by which the fingerprints of a table are placed: those of `high`
 * from `shift` (0-32) down from the top. */
static inline uint32_t slu_fingerprint_place(struct slu_fingerprint print,
                                             unsigned shift)
{
    return (uint32_t)(print.high << shift >> 32);
}

/* Makes it larger; false without memory, and then it is as it was. `shift` is
 * that of its places. */
bool slu_fingerprint_table_grow(struct slu_fingerprint_table *self,
                                const struct slu_alloc *alloc,
                                size_t bucket_count, unsigned shift);

#endif
