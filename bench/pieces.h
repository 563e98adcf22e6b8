/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a text in memory that the splitter is given as a network would, in
 * pieces, and the records that it finds. A kind of loop:
 *
 *     struct slu_bench_pieces pieces = slu_bench_pieces_of(split, text, n);
 *     while (slu_bench_pieces_next(&pieces, &event)) ...
 *     slu_bench_pieces_end(bench, &pieces);
 *
 * Inline, for it stands within what is measured.
 */
#ifndef SLU_BENCH_PIECES_H
#define SLU_BENCH_PIECES_H

#include "bench/bench.h"
#include "codecs/json_split.h"

struct slu_bench_pieces {
    struct slu_json_split *split;
    struct slu_view left;
    size_t piece_bytes; /* at most */
};

/* The text has SLU_JSON_PADDING readable bytes behind it. */
static inline struct slu_bench_pieces
slu_bench_pieces_of(struct slu_json_split *split, struct slu_view text,
                    size_t piece_bytes)
{
    slu_json_split_reset(split);
    return (struct slu_bench_pieces){split, text, piece_bytes};
}

/* False: there is no record any more. */
static inline bool slu_bench_pieces_next(struct slu_bench_pieces *self,
                                         struct slu_json_event *out_record)
{
    while (slu_json_split_next(self->split, out_record) != SLU_JSON_RECORD) {
        size_t len = self->left.len < self->piece_bytes ? self->left.len
                                                        : self->piece_bytes;

        if (len == 0) {
            return false;
        }
        slu_json_split_feed(self->split, slu_view_make(self->left.ptr, len));
        self->left.ptr += len;
        self->left.len -= len;
    }
    return true;
}

/* The text was whole and right. */
static inline void slu_bench_pieces_end(struct slu_bench *bench,
                                        const struct slu_bench_pieces *self)
{
    slu_bench_require(bench, slu_json_split_finish(self->split) == SLU_ERR_OK,
                      "the splitter: %s",
                      slu_json_split_error(self->split)->text);
}

#endif
