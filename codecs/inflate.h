/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: incremental gzip decoding in steps of at most 16 KB, with a cap on the
 * total size and on the ratio of output to input (a gzip bomb is refused long
 * before it is whole). Several gzip members in a row are one body.
 * Life cycle: new, then for each piece: feed, next until it returns an empty
 * view; finish; reset for another body; free.
 * Errors: MALFORMED (not gzip, damaged, checksum), TRUNCATED (finish before
 * the end), LIMIT (size or ratio cap), NOMEM.
 */
#ifndef SLU_CODECS_INFLATE_H
#define SLU_CODECS_INFLATE_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_INFLATE_STEP_BYTES (16u * 1024)

/* A fit ratio_max: GTI's own pages compress 4 to 20 times. */
#define SLU_INFLATE_RATIO_MAX 200

struct slu_inflate_options {
    const struct slu_alloc *alloc;
    uint64_t out_max;   /* bytes of output in all */
    uint32_t ratio_max; /* output bytes per input byte, looked at once the
                           output is over 1 MiB */
};

struct slu_inflate;

struct slu_inflate *slu_inflate_new(const struct slu_inflate_options *options);
void slu_inflate_free(struct slu_inflate *self);
void slu_inflate_reset(struct slu_inflate *self);

/* Hands in a piece; the previous one must be used up. */
void slu_inflate_feed(struct slu_inflate *self, struct slu_view piece);

/* The next bytes, at most SLU_INFLATE_STEP_BYTES; empty when the piece is used
 * up. They die with the next call. */
SLU_MUST_CHECK enum slu_err slu_inflate_next(struct slu_inflate *self,
                                             struct slu_view *out_bytes);

SLU_MUST_CHECK enum slu_err slu_inflate_finish(struct slu_inflate *self);

const struct slu_error *slu_inflate_error(const struct slu_inflate *self);

#endif
