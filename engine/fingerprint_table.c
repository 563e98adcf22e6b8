/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprint_table.h"

#include "engine/large_alloc.h"

#include <assert.h>
#include <xxhash.h>

struct slu_fingerprint slu_fingerprint_of(struct slu_view bytes)
{
    XXH128_hash_t hash = XXH3_128bits(bytes.ptr, bytes.len);

    return (struct slu_fingerprint){hash.low64 == 0 ? 1 : hash.low64,
                                    hash.high64};
}

static size_t count_bytes(size_t bucket_count)
{
    return bucket_count * SLU_FINGERPRINT_BUCKET_BYTES;
}

void slu_fingerprint_table_fini(struct slu_fingerprint_table *self,
                                const struct slu_alloc *alloc)
{
    slu_alloc_put(alloc, self->slots, count_bytes(self->bucket_count));
    *self = (struct slu_fingerprint_table){0};
}

void slu_fingerprint_table_clear(struct slu_fingerprint_table *self)
{
    if (self->count > 0) {
        memset(self->slots, 0, count_bytes(self->bucket_count));
        self->count = 0;
    }
}

/* Bit i: slot i of the bucket has this low half. Which slot it is can't be
 * foreseen, so there is no branch on it. */
static unsigned match_low(const struct slu_fingerprint *slots, uint64_t low)
{
    return (unsigned)(slots[0].low == low) |
           (unsigned)(slots[1].low == low) << 1 |
           (unsigned)(slots[2].low == low) << 2 |
           (unsigned)(slots[3].low == low) << 3;
}

/* Of the slots that have the print's low half, whether one has its high half:
 * nearly always the first. */
static bool match_high(const struct slu_fingerprint *slots, unsigned matches,
                       uint64_t high)
{
    while (matches != 0) {
        if (slots[__builtin_ctz(matches)].high == high) {
            return true;
        }
        matches &= matches - 1;
    }
    return false;
}

static size_t find_bucket(const struct slu_fingerprint_table *self,
                          uint32_t place)
{
    return (uint64_t)place * self->bucket_count >> 32;
}

static size_t next_bucket(const struct slu_fingerprint_table *self,
                          size_t bucket)
{
    return bucket + 1 == self->bucket_count ? 0 : bucket + 1;
}

bool slu_fingerprint_table_find(const struct slu_fingerprint_table *self,
                                struct slu_fingerprint print, uint32_t place,
                                struct slu_fingerprint **out_slot)
{
    size_t bucket = find_bucket(self, place);

    *out_slot = NULL;
    while (self->bucket_count > 0) {
        struct slu_fingerprint *slots =
            self->slots + bucket * SLU_FINGERPRINT_BUCKET;
        unsigned matches = match_low(slots, print.low);
        unsigned free_slots;

        if (matches != 0 && match_high(slots, matches, print.high)) {
            return true;
        }
        free_slots = match_low(slots, 0);
        if (free_slots != 0) {
            *out_slot = &slots[__builtin_ctz(free_slots)];
            return false;
        }
        bucket = next_bucket(self, bucket);
    }
    return false;
}

/* For one that is in no slot. */
static void put_new(struct slu_fingerprint_table *self,
                    struct slu_fingerprint print, uint32_t place)
{
    size_t bucket = find_bucket(self, place);
    struct slu_fingerprint *slots;
    unsigned free_slots;

    do {
        slots = self->slots + bucket * SLU_FINGERPRINT_BUCKET;
        free_slots = match_low(slots, 0);
        bucket = next_bucket(self, bucket);
    } while (free_slots == 0);
    slu_fingerprint_table_put(self, print, &slots[__builtin_ctz(free_slots)]);
}

static void move_all(const struct slu_fingerprint_table *from,
                     struct slu_fingerprint_table *to, unsigned shift)
{
    size_t slot_count = from->bucket_count * SLU_FINGERPRINT_BUCKET;

    for (size_t i = 0; i < slot_count; i++) {
        if (from->slots[i].low != 0) {
            put_new(to, from->slots[i],
                    slu_fingerprint_place(from->slots[i], shift));
        }
    }
}

bool slu_fingerprint_table_grow(struct slu_fingerprint_table *self,
                                const struct slu_alloc *alloc,
                                size_t bucket_count, unsigned shift)
{
    struct slu_fingerprint_table bigger = {.bucket_count = bucket_count};

    assert(bucket_count > self->bucket_count && shift <= 32 &&
           bucket_count <= SLU_FINGERPRINT_BUCKETS_MAX);
    bigger.slots = slu_large_alloc_zero(alloc, count_bytes(bucket_count));
    if (bigger.slots == NULL) {
        return false;
    }
    move_all(self, &bigger, shift);
    slu_fingerprint_table_fini(self, alloc);
    *self = bigger;
    return true;
}
