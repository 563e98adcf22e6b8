/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the rows of a flow, shared by the files that make it up:
 * rows.c (the files, commit and finish), rows_batch.c (the rows of one answer)
 * and rows_claims.c (which findings were committed).
 */
#ifndef SLU_ENGINE_ROWS_STATE_H
#define SLU_ENGINE_ROWS_STATE_H

#include "engine/files.h"
#include "engine/row_file.h"
#include "engine/rows.h"

#define SLU_ROW_SINKS_MAX 8

/*
 * A claim, packed, little endian: [u64 hash of id and updated_ms][u32 seconds
 * of updated_ms, rounded up]. These bytes are what is stored and what is looked
 * up.
 */
#define SLU_CLAIM_LEN 12

struct slu_claim {
    char bytes[SLU_CLAIM_LEN];
};

struct slu_claim slu_claim_make(const struct slu_finding_key *key);

/* A stored run of claims. */
struct slu_claim_entry {
    uint64_t number;
    uint32_t updated_s; /* the newest of them */
};

struct slu_claims {
    const struct slu_alloc *alloc;
    const char *source;
    bool durable;
    uint64_t next;
    struct slu_fingerprints known;
    struct slu_buf entries; /* struct slu_claim_entry */
    struct slu_buf fresh;   /* claims of the answer under way */
};

void slu_claims_init(struct slu_claims *self,
                     const struct slu_rows_options *options);
void slu_claims_fini(struct slu_claims *self);

/* Reads those of earlier runs. */
SLU_MUST_CHECK enum slu_err slu_claims_load(struct slu_claims *self,
                                            struct slu_store *store);

/* True when it was claimed before; else it is now. */
bool slu_claims_take(struct slu_claims *self, const struct slu_claim *claim,
                     enum slu_err *out_err);

/* Puts what was taken since the last call into the answer. */
SLU_MUST_CHECK enum slu_err slu_claims_put(struct slu_claims *self,
                                           struct slu_answer *answer);

/* Commits that those older than the horizon are forgotten. */
SLU_MUST_CHECK enum slu_err slu_claims_forget(struct slu_claims *self,
                                              struct slu_answer *scratch,
                                              int64_t horizon_ms);

/* ---- the rows of one answer ---- */

struct slu_row_finding {
    struct slu_claim claim;
    uint64_t rows[SLU_ROW_KIND_COUNT];
    size_t starts[SLU_ROW_SINKS_MAX]; /* of its rows in each text */
};

struct slu_row_batch {
    const struct slu_alloc *alloc;
    struct slu_rows *rows;
    unsigned sink_count;
    struct slu_buf texts[SLU_ROW_SINKS_MAX];
    struct slu_buf findings; /* struct slu_row_finding */
    uint64_t barren;         /* findings without a row, which are not kept */
    uint64_t repeats;
    uint64_t serial;                     /* of the present finding */
    struct slu_fingerprint_table prints; /* of its rows, and of earlier ones */
};

struct slu_row_finding *slu_row_batch_findings(struct slu_row_batch *self,
                                               size_t *out_count);

/* Takes out the rows of the findings that were claimed before, in place, and
 * counts. */
SLU_MUST_CHECK enum slu_err
slu_row_batch_settle(struct slu_row_batch *self, struct slu_claims *claims,
                     struct slu_answer_counts *counts);

/* ---- the rows of a flow ---- */

struct slu_row_output {
    const struct slu_row_sink *sink;
    struct slu_row_file file; /* what is appended to: the sink's, or a spool */
    struct slu_row_mark begun;
    bool known;          /* to the state, when it was opened */
    uint64_t made_bytes; /* of a file that was made whole */
    uint64_t made_lines;
    bool made_changed;
};

struct slu_rows {
    const struct slu_alloc *alloc;
    struct slu_rows_options options;
    struct slu_files *files;
    struct slu_claims claims;
    struct slu_answer scratch; /* for commits of its own */
    struct slu_error error;
    unsigned output_count;
    struct slu_row_output outputs[SLU_ROW_SINKS_MAX];
};

#endif
