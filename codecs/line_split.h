/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the incremental splitter of JSON Lines. It takes a text as pieces cut
 * anywhere and hands out its lines, each with the padding behind it that the
 * JSON reader needs. A line ends with LF or CR LF, the last one with the text.
 * Lines of nothing but blanks are passed over.
 *
 * Life cycle: init; then for every piece: feed, and next until it says MORE;
 * after the last piece finish, and next until it says MORE; fini. `reset` makes
 * it ready for another text and keeps the memory. fini is safe on a zeroed
 * struct.
 *
 * Limits: a line of more than line_max bytes is not held: it is told once, as
 * TOO_LONG, and passed over. A line that lies in one piece and ends at least
 * SLU_JSON_PADDING bytes before the piece's end is handed out in place; every
 * other one is copied to a buffer of at most line_max + SLU_JSON_PADDING.
 *
 * Ownership: a line points into the piece or into the buffer, and dies with the
 * next call. The piece must stay as it is until next has said MORE.
 */
#ifndef SLU_CODECS_LINE_SPLIT_H
#define SLU_CODECS_LINE_SPLIT_H

#include "codecs/buf.h"

#include <stdint.h>

enum slu_line_kind {
    SLU_LINE_MORE,     /* the piece is used up */
    SLU_LINE_RECORD,   /* one line, without its end */
    SLU_LINE_TOO_LONG, /* one that was passed over; text is empty */
    SLU_LINE_NOMEM,    /* only reset and fini are allowed now */
};

struct slu_line {
    struct slu_view text;
    uint64_t number; /* in the text, from 1; lines of blanks count too */
};

struct slu_line_split {
    struct slu_buf carry;
    struct slu_view piece; /* what is left of it */
    size_t line_max;
    uint64_t number; /* lines that have ended */
    bool taken;      /* the carry's line was handed out */
    bool skipping;   /* within a line that is too long */
    bool finished;
};

void slu_line_split_init(struct slu_line_split *self,
                         const struct slu_alloc *alloc, size_t line_max);
void slu_line_split_fini(struct slu_line_split *self);
void slu_line_split_reset(struct slu_line_split *self);

/* Hands in the next piece; the previous one must be used up. */
void slu_line_split_feed(struct slu_line_split *self, struct slu_view piece);

/* No more pieces come. */
void slu_line_split_finish(struct slu_line_split *self);

enum slu_line_kind slu_line_split_next(struct slu_line_split *self,
                                       struct slu_line *out_line);

#endif
