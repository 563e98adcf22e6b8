/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprints.h"

#include <xxhash.h>

#define FIRST_SLOTS 4096

void slu_fingerprints_init(struct slu_fingerprints *self,
                           const struct slu_alloc *alloc, size_t max)
{
    size_t slots = FIRST_SLOTS;

    while (slots * 2 <= max / 2) {
        slots *= 2;
    }
    *self = (struct slu_fingerprints){.alloc = alloc, .table_max = slots};
}

static void free_table(struct slu_fingerprints *self,
                       struct slu_fingerprint_table *table)
{
    slu_alloc_put(self->alloc, table->slots,
                  table->capacity * sizeof(*table->slots));
    *table = (struct slu_fingerprint_table){0};
}

void slu_fingerprints_fini(struct slu_fingerprints *self)
{
    if (self->alloc != NULL) {
        free_table(self, &self->young);
        free_table(self, &self->old);
    }
}

/* All zero bits mark an empty slot: a fingerprint that is zero is moved by
 * one, which costs nothing but an equal chance of collision. */
static struct slu_fingerprint hash(struct slu_view bytes)
{
    XXH128_hash_t h = XXH3_128bits(bytes.ptr, bytes.len);
    struct slu_fingerprint print = {h.low64, h.high64};

    if (print.low == 0 && print.high == 0) {
        print.low = 1;
    }
    return print;
}

/* The slot that holds the fingerprint, or the empty one where it would go. */
static struct slu_fingerprint *find(const struct slu_fingerprint_table *table,
                                    struct slu_fingerprint print)
{
    size_t mask = table->capacity - 1;
    size_t i = print.low & mask;

    while (table->slots[i].low != 0 || table->slots[i].high != 0) {
        if (table->slots[i].low == print.low &&
            table->slots[i].high == print.high) {
            break;
        }
        i = (i + 1) & mask;
    }
    return &table->slots[i];
}

static bool contains(const struct slu_fingerprint_table *table,
                     struct slu_fingerprint print)
{
    const struct slu_fingerprint *slot;

    if (table->count == 0) {
        return false;
    }
    slot = find(table, print);
    return slot->low != 0 || slot->high != 0;
}

static bool resize(struct slu_fingerprints *self, size_t capacity)
{
    struct slu_fingerprint_table *young = &self->young;
    struct slu_fingerprint_table bigger = {.capacity = capacity,
                                           .count = young->count};

    bigger.slots =
        slu_alloc_zero(self->alloc, capacity * sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < young->capacity; i++) {
        if (young->slots[i].low != 0 || young->slots[i].high != 0) {
            *find(&bigger, young->slots[i]) = young->slots[i];
        }
    }
    free_table(self, young);
    *young = bigger;
    return true;
}

/* The young table becomes the old one; the old one's memory is used again. */
static void change_places(struct slu_fingerprints *self)
{
    struct slu_fingerprint_table table = self->old;

    self->old = self->young;
    self->young = table;
    self->young.count = 0;
    if (table.slots != NULL) {
        memset(table.slots, 0, table.capacity * sizeof(*table.slots));
    }
}

/* Room for one more in the young table; false when there is no memory. */
static bool make_room(struct slu_fingerprints *self)
{
    struct slu_fingerprint_table *young = &self->young;

    if (young->capacity == 0) {
        return resize(self, FIRST_SLOTS);
    }
    if (young->count < young->capacity / 8 * 7) {
        return true;
    }
    if (young->capacity < self->table_max &&
        resize(self, young->capacity * 2)) {
        return true;
    }
    change_places(self);
    return young->capacity != 0 || resize(self, FIRST_SLOTS);
}

bool slu_fingerprints_add(struct slu_fingerprints *self, struct slu_view bytes)
{
    struct slu_fingerprint print = hash(bytes);

    if (contains(&self->young, print) || contains(&self->old, print)) {
        return true;
    }
    if (make_room(self)) {
        *find(&self->young, print) = print;
        self->young.count++;
    }
    return false;
}
