/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the row files of a flow on disk, and the memory of which finding's
 * versions they hold.
 *
 * A commit appends the rows of one answer to each sink's file, then queues one
 * transaction of the store with the files' new lengths, the claims of the
 * answer and the unit's entries. The store's thread makes the files durable
 * (fdatasync) before each of its own commits, so a length in the state is never
 * ahead of the file. Open cuts what is longer; a file that is shorter or was
 * replaced is gone on with at its end, with a warning.
 *
 * Claims: a finding's version (id, updatedAt) whose rows were committed is not
 * written again. They are in memory (SLU_CLAIMS_MAX, the newest) and in the
 * state, and forgotten when the source's horizon has passed them.
 *
 * Stored keys: "rows/<sink>" = the file's mark (row_file.h); "claims/<source>/
 * <n>" = packed claims.
 * Limits: the rows of one answer are at most SLU_ROW_BATCH_BYTES of text in
 * each sink's file; memory that an answer took over SLU_ROW_BATCH_KEEP is given
 * back after it.
 * Threads: one owner; slu_rows_sync alone is called on the store's thread.
 * Errors: IO (disk full, not writable: path and cause), LIMIT, NOMEM, and the
 * store's.
 */
#ifndef SLU_ENGINE_ROWS_H
#define SLU_ENGINE_ROWS_H

#include "engine/answer.h"
#include "engine/logger.h"
#include "sinks/row_sink.h"
#include "sources/source.h"
#include <sluice/engine.h>

#define SLU_CLAIMS_MAX (4u * 1024 * 1024)
#define SLU_ROW_BATCH_BYTES ((size_t)256 << 20)
#define SLU_ROW_BATCH_KEEP ((size_t)1 << 20)

struct slu_rows;

struct slu_rows_options {
    const struct slu_alloc *alloc;
    struct slu_store *store;
    const char *state_dir;
    const char *output_dir;
    const char *source;  /* its name */
    bool durable_claims; /* the source has a horizon */
    const struct slu_row_sink *const *sinks;
    unsigned sink_count;
    struct slu_logger logger;
};

SLU_MUST_CHECK enum slu_err
slu_rows_open(const struct slu_rows_options *options,
              struct slu_rows **out_rows, struct slu_error *out_error);
/* The store is closed before: its thread may be at the files. */
void slu_rows_close(struct slu_rows *self);

/* Makes durable what was appended before: the store's before_commit. */
SLU_MUST_CHECK enum slu_err slu_rows_sync(struct slu_rows *self,
                                          struct slu_error *out_error);

/* One answer's rows until its commit: buffers of text for each sink, divided by
 * finding. */
struct slu_row_batch;
struct slu_row_batch *slu_row_batch_new(struct slu_rows *rows);
void slu_row_batch_free(struct slu_row_batch *self);
void slu_row_batch_clear(struct slu_row_batch *self);
SLU_MUST_CHECK enum slu_err
slu_row_batch_finding(struct slu_row_batch *self,
                      const struct slu_finding_key *key);
/* The row is checked already. One that its finding had before, the same in
 * every field, is dropped and becomes counts->duplicates. Not before the first
 * finding. */
SLU_MUST_CHECK enum slu_err slu_row_batch_add(struct slu_row_batch *self,
                                              const struct slu_row *row);
bool slu_row_batch_is_empty(const struct slu_row_batch *self);

/* Drops findings that were committed before (their rows become
 * counts->duplicates), appends the rest to the files, and puts marks and claims
 * into the answer, which the caller then commits. Fills the answer's counts of
 * findings and rows. */
SLU_MUST_CHECK enum slu_err slu_rows_commit(struct slu_rows *self,
                                            struct slu_row_batch *batch,
                                            struct slu_answer *answer);

/* At the end of a pull: makes the files that are made whole, and forgets claims
 * below the horizon (INT64_MIN: none). */
SLU_MUST_CHECK enum slu_err slu_rows_finish(struct slu_rows *self,
                                            int64_t horizon_ms, int64_t now,
                                            struct slu_error *out_error);

/* Adds the flow's files to the report. */
void slu_rows_report(const struct slu_rows *self, struct slu_report *report);

const struct slu_error *slu_rows_error(const struct slu_rows *self);

#endif
