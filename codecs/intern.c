/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/intern.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024
#define COUNT_MAX (UINT32_C(1) << 31)

void slu_intern_init(struct slu_intern *self, const struct slu_alloc *alloc,
                     size_t text_max)
{
    *self = (struct slu_intern){0};
    slu_buf_init(&self->text, alloc, text_max);
    slu_buf_init(&self->ends, alloc, (size_t)COUNT_MAX * sizeof(uint64_t));
}

void slu_intern_fini(struct slu_intern *self)
{
    if (self->text.alloc != NULL) {
        slu_alloc_put(self->text.alloc, self->slots,
                      self->capacity * sizeof(*self->slots));
        slu_buf_fini(&self->text);
        slu_buf_fini(&self->ends);
    }
    self->slots = NULL;
    self->capacity = 0;
    self->count = 0;
}

struct slu_view slu_intern_text(const struct slu_intern *self, uint32_t number)
{
    const uint64_t *ends = (const void *)self->ends.ptr;
    uint64_t start = number == 0 ? 0 : ends[number - 1];

    return slu_view_make(self->text.ptr + start,
                         (size_t)(ends[number] - start));
}

/* FNV-1a, and a last mix, for its low bits are weak. */
static uint64_t hash_text(struct slu_view text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

/* The slot that holds the text, or the empty one where it would go. */
static uint32_t *find(const struct slu_intern *self, struct slu_view text)
{
    size_t mask = self->capacity - 1;
    size_t i = hash_text(text) & mask;

    while (self->slots[i] != 0 &&
           !slu_view_equal(slu_intern_text(self, self->slots[i] - 1), text)) {
        i = (i + 1) & mask;
    }
    return &self->slots[i];
}

static enum slu_err grow(struct slu_intern *self)
{
    size_t capacity = self->capacity == 0 ? FIRST_CAPACITY : self->capacity * 2;
    uint32_t *slots =
        slu_alloc_zero(self->text.alloc, capacity * sizeof(*slots));

    if (slots == NULL) {
        return SLU_ERR_NOMEM;
    }
    slu_alloc_put(self->text.alloc, self->slots,
                  self->capacity * sizeof(*self->slots));
    self->slots = slots;
    self->capacity = capacity;
    for (uint32_t i = 0; i < self->count; i++) {
        *find(self, slu_intern_text(self, i)) = i + 1;
    }
    return SLU_ERR_OK;
}

static enum slu_err append(struct slu_intern *self, struct slu_view text)
{
    uint64_t end = self->text.len + text.len;
    enum slu_err err;

    if (self->count == COUNT_MAX) {
        return SLU_ERR_LIMIT;
    }
    err = slu_buf_append(&self->text, text);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->ends,
                             slu_view_make((const char *)&end, sizeof(end)));
        self->text.len = err == SLU_ERR_OK ? end : end - text.len;
    }
    return err;
}

enum slu_err slu_intern_add(struct slu_intern *self, struct slu_view text,
                            uint32_t *out_number, bool *out_new)
{
    uint32_t *slot;
    enum slu_err err = SLU_ERR_OK;

    if (self->count >= self->capacity / 2) {
        err = grow(self);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    slot = find(self, text);
    *out_new = *slot == 0;
    if (*out_new) {
        err = append(self, text);
        if (err != SLU_ERR_OK) {
            return err;
        }
        *slot = ++self->count;
    }
    *out_number = *slot - 1;
    return SLU_ERR_OK;
}

static int compare(const void *a, const void *b, void *ctx)
{
    struct slu_view left = slu_intern_text(ctx, *(const uint32_t *)a);
    struct slu_view right = slu_intern_text(ctx, *(const uint32_t *)b);
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len == 0 ? 0 : memcmp(left.ptr, right.ptr, len);

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

void slu_intern_sort(const struct slu_intern *self, uint32_t *out_numbers)
{
    for (uint32_t i = 0; i < self->count; i++) {
        out_numbers[i] = i;
    }
    qsort_r(out_numbers, self->count, sizeof(*out_numbers), compare,
            (void *)(uintptr_t)self);
}
