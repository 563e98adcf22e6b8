/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the lines of the side files on their way out: gathered into pieces of
 * 32 KiB, cut at a size for each file (rule R10).
 * Life cycle: init, lines..., flush, fini (safe on a zeroed struct).
 * Limits: what does not fit ends its file: that line and all after it are left
 * out and counted, so that a cut file is the beginning of the whole one.
 * Errors: NOMEM, and what the caller's function returns.
 */
#ifndef SLU_SINKS_SIDE_WRITER_H
#define SLU_SINKS_SIDE_WRITER_H

#include "codecs/buf.h"
#include "sinks/lists.h"

struct slu_side_writer {
    void *ctx;
    enum slu_err (*write_fn)(void *ctx, enum slu_side_file file,
                             struct slu_view bytes);
    uint64_t max_bytes;                      /* a file */
    uint64_t omitted[SLU_SIDE_FILE_COUNT];   /* lines */
    uint64_t handed_on[SLU_SIDE_FILE_COUNT]; /* bytes */
    struct slu_buf bufs[SLU_SIDE_FILE_COUNT];
};

void slu_side_writer_init(struct slu_side_writer *self,
                          const struct slu_lists_options *options);
void slu_side_writer_fini(struct slu_side_writer *self);

/* The entry of a record that is over capacity. */
SLU_MUST_CHECK enum slu_err
slu_side_writer_exceeded(struct slu_side_writer *self, enum slu_kind kind,
                         const struct slu_record *record);

/* A value that is not valid, as received. An empty one has no line: a blank
 * line would name nothing (reasons.ndjson has it). */
SLU_MUST_CHECK enum slu_err
slu_side_writer_invalid(struct slu_side_writer *self, enum slu_kind kind,
                        struct slu_view value);

/* A line of reasons.ndjson. */
SLU_MUST_CHECK enum slu_err slu_side_writer_reason(struct slu_side_writer *self,
                                                   enum slu_kind kind,
                                                   struct slu_view value,
                                                   enum slu_reason reason,
                                                   uint32_t last_seen);

/* Hands on what is left. */
SLU_MUST_CHECK enum slu_err slu_side_writer_flush(struct slu_side_writer *self);

#endif
