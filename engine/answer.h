/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what one answer has brought so far: its packed records, its unit's
 * entries and its counts. It becomes durable whole (commit) or is forgotten
 * whole (abandon): nothing half-read is kept.
 *
 * Life cycle: init once; begin for every request; add and put while the body
 * comes; then commit or abandon; fini.
 * Limits: SLU_ANSWER_CHUNK_BYTES of records in memory; what is more goes to
 * the store at once, staged under the answer's id.
 * Errors: NOMEM, LIMIT (an entry over the store's limit), and the store's.
 */
#ifndef SLU_ENGINE_ANSWER_H
#define SLU_ENGINE_ANSWER_H

#include "codecs/buf.h"
#include "codecs/record.h"
#include "engine/fingerprints.h"
#include "engine/profile.h"
#include "engine/store.h"
#include <sluice/row.h>

#define SLU_ANSWER_CHUNK_BYTES (256u * 1024)
#define SLU_ANSWER_ENTRIES_BYTES (1024u * 1024)

struct slu_answer_counts {
    uint64_t items; /* elements read, whatever became of them */
    uint64_t accepted[SLU_KIND_COUNT];
    uint64_t findings;                 /* read */
    uint64_t barren;                   /* of them: without a row */
    uint64_t rows[SLU_ROW_KIND_COUNT]; /* written */
    uint64_t duplicates;
    uint64_t reasons[SLU_REASON_COUNT];
};

struct slu_answer {
    struct slu_store *store;
    struct slu_profile *profile; /* NULL after init: none */
    uint64_t id;                 /* 0: none under way */
    bool staged;                 /* a part is in the store already */
    uint64_t count;              /* records in `records` */
    struct slu_buf records;
    struct slu_buf lengths; /* of each record, two bytes: it is cut there
                               without being read again */
    struct slu_buf entries;
    struct slu_answer_counts counts;
};

void slu_answer_init(struct slu_answer *self, const struct slu_alloc *alloc,
                     struct slu_store *store);
void slu_answer_fini(struct slu_answer *self);

void slu_answer_begin(struct slu_answer *self);

SLU_MUST_CHECK enum slu_err slu_answer_add(struct slu_answer *self,
                                           const struct slu_record *record);

/* An empty value deletes the key. */
SLU_MUST_CHECK enum slu_err slu_answer_put(struct slu_answer *self,
                                           const char *prefix,
                                           struct slu_view key,
                                           struct slu_view value);

/* Drops records that an earlier answer of this run brought to the letter
 * (`seen`, may be NULL), then queues the rest for the store's next commit. */
SLU_MUST_CHECK enum slu_err slu_answer_commit(struct slu_answer *self,
                                              struct slu_fingerprints *seen);

SLU_MUST_CHECK enum slu_err slu_answer_abandon(struct slu_answer *self);

/* total += part */
void slu_answer_counts_add(struct slu_answer_counts *total,
                           const struct slu_answer_counts *part);

#endif
