/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a growing run of bytes with a stated maximum.
 * Life cycle: init, append..., fini. fini is safe on a zeroed struct.
 * Limits: `max`, given at init; what would exceed it is refused whole.
 * Errors: NOMEM, LIMIT.
 */
#ifndef SLU_CODECS_BUF_H
#define SLU_CODECS_BUF_H

#include "codecs/alloc.h"
#include <assert.h>
#include <sluice/err.h>
#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

struct slu_buf {
    const struct slu_alloc *alloc;
    char *ptr;
    size_t len;
    size_t capacity;
    size_t max;
};

void slu_buf_init(struct slu_buf *self, const struct slu_alloc *alloc,
                  size_t max);
void slu_buf_fini(struct slu_buf *self);

/* Forgets the content and keeps the memory. */
void slu_buf_clear(struct slu_buf *self);

/* Makes room for len more bytes: what reserve does when there is none. */
SLU_MUST_CHECK enum slu_err slu_buf_grow(struct slu_buf *self, size_t len);

/*
 * Makes room for len more bytes and points *out_room at them; commit then says
 * how many were written. The room dies with the next call.
 */
SLU_MUST_CHECK static inline enum slu_err
slu_buf_reserve(struct slu_buf *self, size_t len, char **out_room)
{
    if (len > self->capacity - self->len) {
        enum slu_err err = slu_buf_grow(self, len);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    *out_room = self->ptr + self->len;
    return SLU_ERR_OK;
}

static inline void slu_buf_commit(struct slu_buf *self, size_t len)
{
    assert(len <= self->capacity - self->len);
    self->len += len;
}

SLU_MUST_CHECK enum slu_err slu_buf_append(struct slu_buf *self,
                                           struct slu_view bytes);
SLU_MUST_CHECK enum slu_err slu_buf_append_str(struct slu_buf *self,
                                               const char *text);
SLU_MUST_CHECK enum slu_err slu_buf_printf(struct slu_buf *self,
                                           const char *format, ...)
    SLU_PRINTF(2, 3);

/* The bytes so far; dies with the next append. */
static inline struct slu_view slu_buf_view(const struct slu_buf *self)
{
    return slu_view_make(self->ptr, self->len);
}

#ifdef __cplusplus
}
#endif
#endif
