/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define FIRST_CAPACITY 256

void slu_buf_init(struct slu_buf *self, const struct slu_alloc *alloc,
                  size_t max)
{
    *self = (struct slu_buf){.alloc = alloc, .max = max};
}

void slu_buf_fini(struct slu_buf *self)
{
    if (self->ptr != NULL) {
        slu_alloc_put(self->alloc, self->ptr, self->capacity);
    }
    *self = (struct slu_buf){.alloc = self->alloc, .max = self->max};
}

void slu_buf_clear(struct slu_buf *self)
{
    self->len = 0;
}

/* Doubles, so that n appends cost n byte copies in all. */
enum slu_err slu_buf_grow(struct slu_buf *self, size_t len)
{
    size_t capacity = self->capacity == 0 ? FIRST_CAPACITY : self->capacity;
    char *ptr;

    if (len > self->max - self->len) {
        return SLU_ERR_LIMIT;
    }
    while (capacity < self->len + len) {
        capacity *= 2;
    }
    if (capacity > self->max) {
        capacity = self->max;
    }
    ptr = slu_alloc_resize(self->alloc, self->ptr, self->capacity, capacity);
    if (ptr == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->ptr = ptr;
    self->capacity = capacity;
    return SLU_ERR_OK;
}

enum slu_err slu_buf_append(struct slu_buf *self, struct slu_view bytes)
{
    char *room;
    enum slu_err err;

    if (bytes.len == 0) {
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(self, bytes.len, &room);
    if (err == SLU_ERR_OK) {
        memcpy(room, bytes.ptr, bytes.len);
        slu_buf_commit(self, bytes.len);
    }
    return err;
}

enum slu_err slu_buf_append_str(struct slu_buf *self, const char *text)
{
    return slu_buf_append(self, slu_view_str(text));
}

enum slu_err slu_buf_printf(struct slu_buf *self, const char *format, ...)
{
    va_list args;
    char *room;
    int len;
    enum slu_err err;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    /* One more for the zero byte that vsnprintf writes and we don't keep. */
    err = slu_buf_reserve(self, (size_t)len + 1, &room);
    if (err == SLU_ERR_OK) {
        va_start(args, format);
        (void)vsnprintf(room, (size_t)len + 1, format, args);
        va_end(args);
        slu_buf_commit(self, (size_t)len);
    }
    return err;
}
