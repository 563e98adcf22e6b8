/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/line_split.h"
#include "codecs/json_split.h"

#include <assert.h>

void slu_line_split_init(struct slu_line_split *self,
                         const struct slu_alloc *alloc, size_t line_max)
{
    *self = (struct slu_line_split){.line_max = line_max};
    /* One more for the CR, which is not of the line. */
    slu_buf_init(&self->carry, alloc, line_max + 1 + SLU_JSON_PADDING);
}

void slu_line_split_fini(struct slu_line_split *self)
{
    slu_buf_fini(&self->carry);
}

void slu_line_split_reset(struct slu_line_split *self)
{
    slu_buf_clear(&self->carry);
    self->piece = slu_view_make(NULL, 0);
    self->number = 0;
    self->taken = false;
    self->skipping = false;
    self->finished = false;
}

void slu_line_split_feed(struct slu_line_split *self, struct slu_view piece)
{
    assert(self->piece.len == 0 && !self->finished);
    self->piece = piece;
}

void slu_line_split_finish(struct slu_line_split *self)
{
    assert(self->piece.len == 0);
    self->finished = true;
}

static bool is_blank(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t') {
            return false;
        }
    }
    return true;
}

/* A line that has ended. False: blanks, nothing to hand out. */
static bool make_line(struct slu_line_split *self, struct slu_view text,
                      struct slu_line *out_line)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
        text.len--;
    }
    *out_line = (struct slu_line){text, self->number};
    return !is_blank(text);
}

/* Padding behind the carry's line, which is then handed out. */
static enum slu_line_kind take_carry(struct slu_line_split *self,
                                     struct slu_line *out_line)
{
    char *padding;
    enum slu_err err =
        slu_buf_reserve(&self->carry, SLU_JSON_PADDING, &padding);

    if (err != SLU_ERR_OK) {
        return SLU_LINE_NOMEM;
    }
    memset(padding, 0, SLU_JSON_PADDING);
    self->taken = true;
    return make_line(self, slu_buf_view(&self->carry), out_line)
               ? SLU_LINE_RECORD
               : SLU_LINE_MORE;
}

/* With `more` behind what is held; a CR may be of the line's end. */
static bool is_too_long(const struct slu_line_split *self, struct slu_view more)
{
    struct slu_view tail = more.len > 0 ? more : slu_buf_view(&self->carry);
    bool ends_in_cr = tail.len > 0 && tail.ptr[tail.len - 1] == '\r';

    return self->carry.len + more.len > self->line_max + ends_in_cr;
}

static enum slu_line_kind tell_too_long(const struct slu_line_split *self,
                                        bool ended, struct slu_line *out_line)
{
    *out_line = (struct slu_line){.number = self->number + !ended};
    return SLU_LINE_TOO_LONG;
}

/* The rest of the piece has no end of line in it. */
static enum slu_line_kind keep_rest(struct slu_line_split *self,
                                    struct slu_line *out_line)
{
    struct slu_view rest = self->piece;

    self->piece = slu_view_make(NULL, 0);
    if (self->skipping || rest.len == 0) {
        return SLU_LINE_MORE;
    }
    if (is_too_long(self, rest)) {
        self->skipping = true;
        slu_buf_clear(&self->carry);
        return tell_too_long(self, false, out_line);
    }
    return slu_buf_append(&self->carry, rest) == SLU_ERR_OK ? SLU_LINE_MORE
                                                            : SLU_LINE_NOMEM;
}

/* `text` ends the line that the carry began, or is a line of its own. */
static enum slu_line_kind end_line(struct slu_line_split *self,
                                   struct slu_view text,
                                   struct slu_line *out_line)
{
    bool in_place = self->carry.len == 0 && self->piece.len >= SLU_JSON_PADDING;

    self->number++;
    if (self->skipping) {
        self->skipping = false;
        return SLU_LINE_MORE;
    }
    if (is_too_long(self, text)) {
        slu_buf_clear(&self->carry);
        return tell_too_long(self, true, out_line);
    }
    if (in_place) {
        return make_line(self, text, out_line) ? SLU_LINE_RECORD
                                               : SLU_LINE_MORE;
    }
    if (slu_buf_append(&self->carry, text) != SLU_ERR_OK) {
        return SLU_LINE_NOMEM;
    }
    return take_carry(self, out_line);
}

/* The last line has no end of its own. */
static enum slu_line_kind end_text(struct slu_line_split *self,
                                   struct slu_line *out_line)
{
    if (self->carry.len == 0) {
        return SLU_LINE_MORE;
    }
    self->number++;
    return take_carry(self, out_line);
}

enum slu_line_kind slu_line_split_next(struct slu_line_split *self,
                                       struct slu_line *out_line)
{
    enum slu_line_kind kind = SLU_LINE_MORE;
    const char *end;

    do {
        struct slu_view piece = self->piece;
        size_t len;

        if (self->taken) {
            self->taken = false;
            slu_buf_clear(&self->carry);
        }
        end = piece.len == 0 ? NULL : memchr(piece.ptr, '\n', piece.len);
        if (end == NULL) {
            kind = keep_rest(self, out_line);
        } else {
            len = (size_t)(end - piece.ptr);
            self->piece = slu_view_make(end + 1, piece.len - len - 1);
            kind = end_line(self, slu_view_make(piece.ptr, len), out_line);
        }
    } while (kind == SLU_LINE_MORE && end != NULL);
    return kind == SLU_LINE_MORE && self->finished ? end_text(self, out_line)
                                                   : kind;
}
