/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: layers, sorted runs of records in blocks (rows of the table blocks),
 * and the merge of any number of them. Known to engine/store*.c only.
 *
 * Limits: a merge holds a block of each layer.
 */
#ifndef SLU_ENGINE_STORE_MERGE_H
#define SLU_ENGINE_STORE_MERGE_H

#include "engine/store_records.h"

/* ---- store_layers.c ---- */

struct slu_layer {
    int64_t first; /* ids of its blocks: all between are there */
    int64_t last;
};

/* The first layer with blocks from `from` on; NOT_FOUND: none. */
SLU_MUST_CHECK enum slu_err slu_layer_next(struct slu_db *db, int64_t from,
                                           struct slu_layer *out_layer);
SLU_MUST_CHECK enum slu_err slu_layer_count(struct slu_db *db,
                                            size_t *out_count);
/* Where the next layer's blocks begin. */
int64_t slu_layer_after(int64_t block_id);

/* Copies a block; *out_gone: there is none of this id any more. */
SLU_MUST_CHECK enum slu_err slu_layer_load(struct slu_db *db, int64_t id,
                                           struct slu_buf *out_records,
                                           bool *out_gone);
/* STATE unless it may have been merged: it is damage else. */
SLU_MUST_CHECK enum slu_err slu_layer_check_gone(struct slu_db *db, int64_t id);
/* The block of a layer that holds this place, or its first. */
SLU_MUST_CHECK enum slu_err slu_layer_seek(struct slu_db *db,
                                           const struct slu_layer *layer,
                                           const struct slu_low *low,
                                           int64_t *out_id);
/* Deletes [from, to). */
SLU_MUST_CHECK enum slu_err slu_layer_delete(struct slu_db *db, int64_t from,
                                             int64_t to);
/* id: of the first block. */
void slu_layer_write_begin(struct slu_writer *self, struct slu_db *db,
                           int64_t id);

/* ---- store_merge.c ---- */

/* One of those that are merged. */
struct slu_source {
    struct slu_packed packed; /* the record that is next */
    struct slu_view rest;     /* in memory behind it */
    int64_t first;            /* blocks before `at` that are still there */
    int64_t at;               /* the block in memory */
    int64_t last;             /* 0: no layer, but bytes in memory */
    struct slu_buf block;
};

struct slu_merge {
    struct slu_db *db;
    struct slu_source *sources;
    uint64_t *words;  /* of each one's next record */
    uint32_t *losers; /* losers[0] is the winner. See store_merge.c */
    size_t count;
    size_t capacity;
    bool gone; /* a block was taken away: another program has merged it */
};

/* For at most so many. fini is safe on a zeroed struct. */
SLU_MUST_CHECK enum slu_err slu_merge_init(struct slu_merge *self,
                                           struct slu_db *db, size_t capacity);
void slu_merge_fini(struct slu_merge *self);

/* Sorted records that live until fini. low: begin there; NULL: at the first. */
SLU_MUST_CHECK enum slu_err slu_merge_add_bytes(struct slu_merge *self,
                                                struct slu_view records,
                                                const struct slu_low *low);
SLU_MUST_CHECK enum slu_err slu_merge_add_layer(struct slu_merge *self,
                                                const struct slu_layer *layer,
                                                const struct slu_low *low);
/* All layers, whose number is found out; with room for `more` sources. */
SLU_MUST_CHECK enum slu_err slu_merge_init_all(struct slu_merge *self,
                                               struct slu_db *db, size_t more,
                                               const struct slu_low *low);
/* Once all are added. */
void slu_merge_start(struct slu_merge *self);

/* The least record, and its word: SLU_MERGE_END when there is none. */
const struct slu_packed *slu_merge_head(const struct slu_merge *self);
uint64_t slu_merge_word(const struct slu_merge *self);
SLU_MUST_CHECK enum slu_err slu_merge_next(struct slu_merge *self);

/* Deletes the blocks all of whose records were gone past, within the
 * transaction that writes these. */
SLU_MUST_CHECK enum slu_err slu_merge_delete(struct slu_merge *self);

#endif
