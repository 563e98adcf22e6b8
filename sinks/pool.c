/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/pool.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAPACITY 256

void slu_pool_init(struct slu_pool *self, const struct slu_alloc *alloc,
                   uint32_t keep)
{
    assert(keep > 0 && keep <= UINT32_MAX / 2);
    *self = (struct slu_pool){.alloc = alloc, .keep = keep};
    slu_buf_init(&self->names, alloc, (size_t)keep * 2 * SLU_VALUE_MAX);
}

void slu_pool_fini(struct slu_pool *self)
{
    if (self->items != NULL) {
        slu_alloc_put(self->alloc, self->items,
                      self->capacity * sizeof(*self->items));
    }
    slu_buf_fini(&self->names);
    *self = (struct slu_pool){0};
}

/* Moves the names of the items that are left together. Both are in the order
 * in which they came, so a name never moves over one that is still needed. */
static void compact_names(struct slu_pool *self)
{
    uint32_t end = 0;

    if (self->names.len == 0) {
        return;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        struct slu_candidate *item = &self->items[i];
        uint32_t length = slu_rank_length(item->rank);

        memmove(self->names.ptr + end, self->names.ptr + item->value, length);
        item->value = end;
        end += length;
    }
    self->names.len = end;
}

static void drop_worst(struct slu_pool *self, uint32_t keep)
{
    if (self->count <= keep) {
        return;
    }
    self->floor = slu_rank_select(self->items, self->count, keep);
    self->has_floor = true;
    self->count = keep;
    compact_names(self);
}

static enum slu_err resize(struct slu_pool *self, uint32_t capacity)
{
    struct slu_candidate *items = slu_alloc_resize(
        self->alloc, self->items, self->capacity * sizeof(*items),
        capacity * sizeof(*items));

    if (items == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->items = items;
    self->capacity = capacity;
    return SLU_ERR_OK;
}

static enum slu_err make_room(struct slu_pool *self)
{
    uint32_t most = self->keep * 2;
    uint32_t capacity;

    if (self->count < self->capacity) {
        return SLU_ERR_OK;
    }
    if (self->capacity == most) {
        drop_worst(self, self->keep);
        return SLU_ERR_OK;
    }
    capacity = self->capacity == 0 ? FIRST_CAPACITY : self->capacity * 2;
    return resize(self, capacity > most ? most : capacity);
}

enum slu_err slu_pool_add(struct slu_pool *self, struct slu_candidate candidate,
                          struct slu_view name)
{
    enum slu_err err;

    /* One that equals the floor ranks below it, for its value is bigger. */
    if (self->has_floor && slu_rank_order_bits(candidate.rank) <= self->floor) {
        return SLU_ERR_OK;
    }
    err = make_room(self);
    if (err == SLU_ERR_OK && name.len > 0) {
        candidate.value = (uint32_t)self->names.len;
        err = slu_buf_append(&self->names, name);
    }
    if (err == SLU_ERR_OK) {
        self->items[self->count++] = candidate;
    }
    return err;
}

/* Shrinking may fail: then the larger piece stays. */
static void shrink(struct slu_pool *self)
{
    if (self->count > 0 && self->count < self->capacity) {
        (void)!resize(self, self->count);
    }
}

void slu_pool_trim(struct slu_pool *self, uint32_t keep)
{
    assert(keep > 0 && keep <= self->keep);
    drop_worst(self, keep);
    shrink(self);
}

void slu_pool_drop_unplaced(struct slu_pool *self)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        if (self->items[i].place != 0) {
            self->items[kept++] = self->items[i];
        }
    }
    self->count = kept;
    compact_names(self);
    shrink(self);
}
