/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/value_split.h"
#include "codecs/json_split.h"

#include <assert.h>

void slu_value_split_init(struct slu_value_split *self,
                          const struct slu_alloc *alloc, size_t value_max)
{
    *self = (struct slu_value_split){.value_max = value_max};
    slu_buf_init(&self->carry, alloc, value_max + SLU_JSON_PADDING);
}

void slu_value_split_fini(struct slu_value_split *self)
{
    slu_buf_fini(&self->carry);
}

void slu_value_split_reset(struct slu_value_split *self)
{
    struct slu_buf carry = self->carry;

    slu_buf_clear(&carry);
    *self =
        (struct slu_value_split){.carry = carry, .value_max = self->value_max};
}

void slu_value_split_feed(struct slu_value_split *self, struct slu_view piece)
{
    assert(self->piece.len == 0 && !self->finished);
    self->piece = piece;
}

void slu_value_split_finish(struct slu_value_split *self)
{
    assert(self->piece.len == 0);
    self->finished = true;
}

static bool is_between(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' ||
           byte == ',' || byte == '[' || byte == ']';
}

static void advance(struct slu_value_split *self, size_t len)
{
    self->piece = slu_view_make(self->piece.ptr + len, self->piece.len - len);
}

/* False when the piece has no more. */
static bool find_begin(struct slu_value_split *self)
{
    size_t at = 0;

    while (at < self->piece.len && is_between(self->piece.ptr[at])) {
        at++;
    }
    advance(self, at);
    self->begun = self->piece.len > 0;
    self->object = self->begun && self->piece.ptr[0] == '{';
    self->depth = 0;
    self->in_string = false;
    self->escaped = false;
    return self->begun;
}

/* True: it ends before this byte, for it was cut. */
static bool step_string(struct slu_value_split *self, char byte)
{
    if (self->escaped) {
        self->escaped = false;
    } else if (byte == '\\') {
        self->escaped = true;
    } else if (byte == '"') {
        self->in_string = false;
    }
    return byte == '\n';
}

/* How much of the piece is of the object that has begun. *out_ended: it ends
 * there. */
static size_t scan_object(struct slu_value_split *self, bool *out_ended)
{
    struct slu_view piece = self->piece;

    *out_ended = true;
    for (size_t at = 0; at < piece.len; at++) {
        char byte = piece.ptr[at];

        if (self->in_string) {
            if (step_string(self, byte)) {
                return at;
            }
        } else if (byte == '"') {
            self->in_string = true;
        } else if (byte == '{' || byte == '[') {
            self->depth++;
        } else if ((byte == '}' || byte == ']') && --self->depth == 0) {
            return at + 1;
        }
    }
    *out_ended = false;
    return piece.len;
}

/* The same of what is no object. */
static size_t scan_other(const struct slu_value_split *self, bool *out_ended)
{
    struct slu_view piece = self->piece;
    size_t at = 0;

    while (at < piece.len && piece.ptr[at] != '{' && piece.ptr[at] != '\n') {
        at++;
    }
    *out_ended = at < piece.len;
    return at;
}

static enum slu_line_kind take_carry(struct slu_value_split *self,
                                     struct slu_line *out_value)
{
    char *padding;

    if (slu_buf_reserve(&self->carry, SLU_JSON_PADDING, &padding) !=
        SLU_ERR_OK) {
        return SLU_LINE_NOMEM;
    }
    memset(padding, 0, SLU_JSON_PADDING);
    self->taken = true;
    *out_value = (struct slu_line){slu_buf_view(&self->carry), self->number};
    return SLU_LINE_RECORD;
}

/* It has ended with `text`. */
static enum slu_line_kind end_value(struct slu_value_split *self,
                                    struct slu_view text,
                                    struct slu_line *out_value)
{
    self->begun = false;
    self->number++;
    if (self->skipping) {
        self->skipping = false;
        return SLU_LINE_MORE;
    }
    if (self->carry.len == 0 && self->piece.len >= SLU_JSON_PADDING) {
        *out_value = (struct slu_line){text, self->number};
        return SLU_LINE_RECORD;
    }
    return slu_buf_append(&self->carry, text) == SLU_ERR_OK
               ? take_carry(self, out_value)
               : SLU_LINE_NOMEM;
}

/* What the piece has of the present object. */
static enum slu_line_kind take_piece(struct slu_value_split *self,
                                     struct slu_line *out_value)
{
    bool ended;
    size_t len =
        self->object ? scan_object(self, &ended) : scan_other(self, &ended);
    struct slu_view text = slu_view_make(self->piece.ptr, len);

    advance(self, len);
    if (!self->skipping && self->carry.len + len > self->value_max) {
        self->skipping = !ended;
        self->begun = !ended;
        self->number += ended;
        slu_buf_clear(&self->carry);
        *out_value = (struct slu_line){.number = self->number + !ended};
        return SLU_LINE_TOO_LONG;
    }
    if (ended) {
        return end_value(self, text, out_value);
    }
    return self->skipping || slu_buf_append(&self->carry, text) == SLU_ERR_OK
               ? SLU_LINE_MORE
               : SLU_LINE_NOMEM;
}

/* The text ends within an object. */
static enum slu_line_kind end_text(struct slu_value_split *self,
                                   struct slu_line *out_value)
{
    bool told = self->skipping;

    if (!self->begun) {
        return SLU_LINE_MORE;
    }
    self->begun = false;
    self->number++;
    return told ? SLU_LINE_MORE : take_carry(self, out_value);
}

enum slu_line_kind slu_value_split_next(struct slu_value_split *self,
                                        struct slu_line *out_value)
{
    enum slu_line_kind kind = SLU_LINE_MORE;

    if (self->taken) {
        self->taken = false;
        slu_buf_clear(&self->carry);
    }
    while (kind == SLU_LINE_MORE && self->piece.len > 0 &&
           (self->begun || find_begin(self))) {
        if (self->piece.len > 0) {
            kind = take_piece(self, out_value);
        }
    }
    return kind == SLU_LINE_MORE && self->finished ? end_text(self, out_value)
                                                   : kind;
}
