/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_records.h"

#include "codecs/json_split.h"

#include <assert.h>

/* Elements lie in two brackets. */
#define ELEMENT_DEPTH 3

/* Bytes of text that are indexed at a time, so that they are still in the first
 * level cache when they are read. */
#define STEP_BYTES 8192u

/* A token's start has 32 bits. */
#define BYTES_MAX ((size_t)1 << 31)

void slu_json_records_init(struct slu_json_records *self,
                           const struct slu_alloc *alloc,
                           const struct slu_json_kernel *kernel)
{
    *self = (struct slu_json_records){.kernel = kernel};
    slu_json_index_init(&self->index, alloc);
}

void slu_json_records_fini(struct slu_json_records *self)
{
    slu_json_index_fini(&self->index);
}

bool slu_json_records_can_start(const struct slu_json_records *self,
                                struct slu_view piece, size_t pos)
{
    return self->kernel->index != NULL &&
           piece.len - pos >= (size_t)2 * SLU_JSON_PADDING;
}

enum slu_err slu_json_records_start(struct slu_json_records *self,
                                    struct slu_view piece, size_t pos)
{
    assert(slu_json_records_can_start(self, piece, pos));
    if (slu_json_index_reserve(&self->index) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    slu_json_index_start(&self->index, piece.ptr + pos, ELEMENT_DEPTH - 1);
    self->piece = piece;
    self->next = 0;
    self->is_open = true;
    return SLU_ERR_OK;
}

/* Goes on with the index. False when there is nothing more to be had: the
 * piece ends, or a fault is ahead, or an element has too many tokens. */
static bool extend_index(struct slu_json_records *self)
{
    struct slu_json_index *index = &self->index;
    const char *end_ptr = self->piece.ptr + self->piece.len - SLU_JSON_PADDING;
    size_t end = (size_t)(end_ptr - index->base);
    size_t len = index->done + STEP_BYTES;

    end = end < BYTES_MAX ? end : BYTES_MAX;
    if (index->failed || index->done >= end ||
        index->count - self->next > SLU_JSON_INDEX_MAX - 64) {
        return false;
    }
    slu_json_index_drop(index, self->next);
    self->next = 0;
    self->kernel->index(index, len < end ? len : end);
    return true;
}

/* The token that closes the element at hand; false when there is none. */
static bool find_close(struct slu_json_records *self, unsigned *out_close)
{
    struct slu_json_index *index = &self->index;

    for (;;) {
        unsigned close =
            self->kernel->find_depth(index, self->next + 1, ELEMENT_DEPTH);

        /* One more says what is behind. */
        if (close + 1 < index->judged || !extend_index(self)) {
            *out_close = close;
            return close < index->judged;
        }
    }
}

static const char *pass_blanks(const char *text)
{
    while (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t') {
        text++;
    }
    return text;
}

/* Whether behind the element that ends before text one comma and another
 * element follow, which `next` opens. */
static bool goes_on(const struct slu_json_records *self, const char *text)
{
    const struct slu_json_index *index = &self->index;

    if (self->next >= index->judged ||
        index->depths[self->next] != ELEMENT_DEPTH) {
        return false;
    }
    /* There is a token ahead, so the blanks end. */
    text = pass_blanks(text);
    return *text == ',' &&
           pass_blanks(text + 1) == index->base + index->starts[self->next];
}

bool slu_json_records_next(struct slu_json_records *self,
                           struct slu_json_record *out)
{
    const struct slu_json_index *index = &self->index;
    unsigned close;
    bool closes = find_close(self, &close);
    const char *text = index->base;

    /* With a fault in the first bytes there is no token at all. */
    if (self->next < index->judged) {
        text += index->starts[self->next];
    }
    self->is_open = false;
    out->pos = (size_t)(text - self->piece.ptr);
    if (!closes) {
        return false;
    }
    out->len = index->starts[close] + 1u - index->starts[self->next];
    out->first = self->next;
    self->next = close + 1;
    self->is_open = goes_on(self, text + out->len);
    return true;
}
