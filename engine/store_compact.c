/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are made of chunks, and one of many when they are more than are to be
 * merged at once.
 *
 * That is done in transactions of 16 MiB, with answers in between: the new
 * layer has what was written so far, the old ones what was not read. So it may
 * be left at any of them, and be begun anew with another choice of layers; a
 * record that is in two is merged with itself. Only layers of about a chunk's
 * size are chosen as long as there are any, or each time all would be written
 * again.
 */
#include "engine/store_merge.h"

#define SMALL_BLOCKS (2 * (int64_t)SLU_CHUNK_SHARDS)

/* ---- a layer of a chunk ---- */

/* The id of the first block of a new layer. */
static int64_t take_layer(struct slu_db *self)
{
    int64_t id = self->next_block;

    self->next_block = slu_layer_after(id);
    self->layer_count++;
    return id;
}

static enum slu_err write_layer(struct slu_db *self)
{
    struct slu_writer writer;
    enum slu_err err;

    slu_layer_write_begin(&writer, self, take_layer(self));
    err = slu_chunk_write(self, &writer);
    if (err == SLU_ERR_OK) {
        err = slu_writer_end(&writer);
    }
    if (err == SLU_ERR_OK) {
        err = slu_chunk_delete(self, &self->chunk);
    }
    return err;
}

enum slu_err slu_db_add_layer(struct slu_db *self)
{
    enum slu_err err = slu_db_begin(self);

    if (err == SLU_ERR_OK) {
        err = write_layer(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
    }
    return err;
}

/* ---- one layer of many ---- */

static bool is_small(const struct slu_layer *layer)
{
    return layer->last - layer->first < SMALL_BLOCKS;
}

static enum slu_err count_small(struct slu_db *self, size_t *out_count)
{
    struct slu_layer layer = {0};
    enum slu_err err;

    *out_count = 0;
    while ((err = slu_layer_next(self, slu_layer_after(layer.first), &layer)) ==
           SLU_ERR_OK) {
        *out_count += is_small(&layer);
    }
    return err == SLU_ERR_NOT_FOUND ? SLU_ERR_OK : err;
}

static enum slu_err add_layers(struct slu_db *self, struct slu_merge *merge,
                               bool all)
{
    struct slu_layer layer = {0};
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && merge->count < merge->capacity) {
        err = slu_layer_next(self, slu_layer_after(layer.first), &layer);
        if (err == SLU_ERR_OK && (all || is_small(&layer))) {
            err = slu_merge_add_layer(merge, &layer, NULL);
        }
    }
    slu_merge_start(merge);
    return err;
}

static enum slu_err open_merge(struct slu_db *self, struct slu_merge *merge)
{
    size_t count;
    bool all;
    enum slu_err err = count_small(self, &count);

    all = count < 2;
    if (err == SLU_ERR_OK && all) {
        err = slu_layer_count(self, &count);
    }
    if (err == SLU_ERR_OK) {
        err = slu_merge_init(merge, self, count);
    }
    return err == SLU_ERR_OK ? add_layers(self, merge, all) : err;
}

static enum slu_err start_compacting(struct slu_db *self)
{
    self->compaction = slu_alloc_zero(self->alloc, sizeof(*self->compaction));
    if (self->compaction == NULL) {
        return slu_db_no_memory(self);
    }
    self->compact_block = take_layer(self);
    return open_merge(self, self->compaction);
}

void slu_db_stop_compacting(struct slu_db *self)
{
    if (self->compaction != NULL) {
        slu_merge_fini(self->compaction);
        slu_alloc_put(self->alloc, self->compaction, sizeof(*self->compaction));
        self->compaction = NULL;
    }
}

/* Never between two of one key: in a layer each has one record. */
static bool goes_on(const struct slu_merge *merge,
                    const struct slu_writer *writer)
{
    const struct slu_db *db = merge->db;
    uint64_t word = slu_merge_word(merge);

    return word != SLU_MERGE_END &&
           (db->written < SLU_TURN_SHARDS * db->shard_bytes ||
            slu_writer_has(writer, slu_merge_head(merge), word));
}

static enum slu_err write_some(struct slu_db *self)
{
    struct slu_merge *merge = self->compaction;
    struct slu_writer writer;
    enum slu_err err = SLU_ERR_OK;

    slu_layer_write_begin(&writer, self, self->compact_block);
    while (err == SLU_ERR_OK && goes_on(merge, &writer)) {
        err = slu_writer_add(&writer, slu_merge_head(merge),
                             slu_merge_word(merge), false);
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(merge);
        }
    }
    if (err == SLU_ERR_OK) {
        err = slu_writer_end(&writer);
    }
    self->compact_block = writer.block_id;
    return err == SLU_ERR_OK ? slu_merge_delete(merge) : err;
}

enum slu_err slu_db_compact(struct slu_db *self, bool *out_done)
{
    enum slu_err err = SLU_ERR_OK;

    *out_done = false;
    if (self->compaction == NULL) {
        err = start_compacting(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_begin(self);
    }
    if (err == SLU_ERR_OK) {
        err = write_some(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
        slu_db_stop_compacting(self);
        return err;
    }
    *out_done = slu_merge_word(self->compaction) == SLU_MERGE_END;
    if (*out_done) {
        slu_db_stop_compacting(self);
        err = slu_layer_count(self, &self->layer_count);
    }
    return err;
}
