/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold: pending records and layers become part of the shards.
 *
 * All of them are merged at once and go through the shards from the first to
 * the last; a shard that nothing falls into isn't read. It is done in
 * transactions of 64 MiB, which keep the WAL short. Each deletes the blocks
 * that it has emptied, the last one the pending blobs. After a crash between
 * them some records are merged again, which changes nothing (see
 * slu_record_merge).
 *
 * Cost: what came is written once as pending, once as a layer if it was more
 * than is held, and once into the shards, which are read and written once for
 * the whole: linear in what is stored and what comes, however much comes.
 */
#include "engine/crash.h"
#include "engine/store_merge.h"

#define SMALL_LAYERS 4
#define HELD_PARTS 32

/* ---- one shard ---- */

static bool is_full(const struct slu_db *self)
{
    return self->written >= SLU_WRITE_SHARDS * self->shard_bytes;
}

/* The word of the next record if it falls into the loaded shard, and the
 * transaction is not large enough yet; else SLU_MERGE_END. */
static uint64_t next_word(const struct slu_merge *merge, uint64_t bound)
{
    uint64_t word = slu_merge_word(merge);

    if (word > bound || is_full(merge->db)) {
        return SLU_MERGE_END;
    }
    if (word < bound || word == SLU_MERGE_END) {
        return word;
    }
    return slu_low_compare_packed(slu_merge_head(merge),
                                  &merge->db->shard.bound) < 0
               ? word
               : SLU_MERGE_END;
}

static uint64_t make_bound_word(const struct slu_low *bound)
{
    return bound->len == 0
               ? SLU_MERGE_END
               : slu_sort_word((enum slu_record_kind)bound->bytes[0],
                               slu_view_make(bound->bytes + 1, bound->len - 1));
}

static bool comes_before(const struct slu_shard_reader *old,
                         const struct slu_merge *merge, uint64_t word)
{
    return old->word != word
               ? old->word < word
               : slu_sort_compare(&old->packed, word, slu_merge_head(merge),
                                  word) <= 0;
}

static enum slu_err merge_records(struct slu_merge *merge,
                                  struct slu_writer *writer,
                                  struct slu_shard_reader *old)
{
    uint64_t bound = make_bound_word(&merge->db->shard.bound);
    uint64_t word = next_word(merge, bound);
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && (word & old->word) != SLU_MERGE_END) {
        if (comes_before(old, merge, word)) {
            err = slu_writer_add(writer, &old->packed, old->word, true);
            if (err == SLU_ERR_OK) {
                err = slu_shard_read_next(old);
            }
            continue;
        }
        err = slu_writer_add(writer, slu_merge_head(merge), word, false);
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(merge);
        }
        word = next_word(merge, bound);
    }
    return err;
}

/* Merges what falls into the loaded shard, or as much of it as the transaction
 * has room for: what is left falls into the last of its pieces then. */
static enum slu_err merge_shard(struct slu_merge *merge)
{
    struct slu_db *db = merge->db;
    struct slu_shard_reader old;
    struct slu_writer writer;
    enum slu_err err = slu_shard_read_begin(&old, db);

    slu_shard_write_begin(&writer, db);
    if (err == SLU_ERR_OK) {
        err = merge_records(merge, &writer, &old);
    }
    return err == SLU_ERR_OK ? slu_writer_end(&writer) : err;
}

/* ---- all of them ---- */

/* Ends the transaction and begins another when it has become large. */
static enum slu_err renew_transaction(struct slu_merge *merge)
{
    struct slu_db *db = merge->db;
    enum slu_err err;

    if (!is_full(db)) {
        return SLU_ERR_OK;
    }
    err = slu_merge_delete(merge);
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(db);
    }
    return err == SLU_ERR_OK ? slu_db_begin(db) : err;
}

static enum slu_err merge_shards(struct slu_merge *merge)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && slu_merge_word(merge) != SLU_MERGE_END) {
        const struct slu_packed *head = slu_merge_head(merge);
        struct slu_low low;

        slu_low_make(&low, head->kind, head->key);
        err = slu_shard_load(merge->db, &low);
        if (err == SLU_ERR_OK) {
            err = merge_shard(merge);
        }
        if (err == SLU_ERR_OK) {
            err = renew_transaction(merge);
        }
    }
    return err;
}

static enum slu_err write_shards(struct slu_merge *merge,
                                 const struct slu_chunk *chunk)
{
    struct slu_db *db = merge->db;
    enum slu_err err = slu_db_begin(db);

    if (err == SLU_ERR_OK) {
        err = merge_shards(merge);
    }
    if (err == SLU_ERR_OK) {
        err = slu_merge_delete(merge);
    }
    if (err == SLU_ERR_OK) {
        err = slu_chunk_delete(db, chunk);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(db);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(db);
    }
    return err;
}

/* A chunk, and all layers. */
static enum slu_err fold_all(struct slu_db *self, struct slu_chunk *chunk)
{
    struct slu_merge merge;
    enum slu_err err = slu_sort_records(self, chunk, slu_chunk_middle(chunk));

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_buf_fini(&self->piece);
    err = slu_merge_init_all(&merge, self, 1, NULL);
    if (err == SLU_ERR_OK) {
        err = slu_merge_add_bytes(&merge, slu_buf_view(&chunk->records), NULL);
    }
    if (err == SLU_ERR_OK) {
        slu_merge_start(&merge);
        err = write_shards(&merge, chunk);
    }
    slu_merge_fini(&merge);
    if (err == SLU_ERR_OK) {
        slu_held_free(self);
        self->layer_count = 0;
    }
    return err;
}

/* Half as many again as begin to be made one: while that was going on, others
 * came. */
static enum slu_err lessen_layers(struct slu_db *self)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK &&
           self->layer_count > self->layers_max + self->layers_max / 2) {
        bool done = false;

        while (err == SLU_ERR_OK && !done) {
            err = slu_db_compact(self, &done);
        }
    }
    return err;
}

/* All that is pending but the last chunk of it. */
static enum slu_err make_layers(struct slu_db *self)
{
    enum slu_err err = slu_chunk_collect_next(self);

    while (err == SLU_ERR_OK && self->chunk.more) {
        err = slu_db_add_layer(self);
        if (err == SLU_ERR_OK) {
            err = slu_chunk_collect_next(self);
        }
    }
    return err;
}

/* With all that is pending in `held`, or nothing. */
static enum slu_err fold(struct slu_db *self)
{
    struct slu_chunk *chunk = &self->held;
    enum slu_err err = SLU_ERR_OK;

    if (!slu_held_wants(self)) {
        chunk = &self->chunk;
        err = make_layers(self);
    }
    if (err == SLU_ERR_OK) {
        err = lessen_layers(self);
    }
    if (err == SLU_ERR_OK && (chunk->last_id != 0 || self->layer_count != 0)) {
        err = fold_all(self, chunk);
    }
    return err;
}

/* What is little beside little that is stored. */
static enum slu_err gather(struct slu_db *self)
{
    int64_t shards = 0;
    bool little = slu_held_wants(self);
    enum slu_err err = SLU_ERR_OK;

    if (little) {
        err = slu_db_number(self, SLU_DB_SHARD_COUNT, &shards);
        little = (uint64_t)shards * self->shard_bytes <= self->hold_bytes;
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return little ? slu_held_gather(self) : fold(self);
}

/* Its transactions needn't wait for the disk: one that is lost with all behind
 * it was not made, and its records are where they were. */
static enum slu_err run_on_all(struct slu_db *self,
                               enum slu_err (*run)(struct slu_db *self))
{
    enum slu_err err = slu_db_set_waiting(self, false);

    slu_db_stop_compacting(self);
    self->held_off = false;
    if (err == SLU_ERR_OK && slu_held_wants(self)) {
        err = slu_held_take(self);
    }
    if (err == SLU_ERR_OK) {
        err = run(self);
    }
    slu_chunk_free(self, &self->chunk);
    if (err == SLU_ERR_OK) {
        err = slu_db_set_waiting(self, true);
    }
    if (err != SLU_ERR_OK) {
        self->failed = true;
    }
    return err;
}

enum slu_err slu_db_fold(struct slu_db *self)
{
    return run_on_all(self, fold);
}

enum slu_err slu_db_gather(struct slu_db *self)
{
    return run_on_all(self, gather);
}

/* ---- meanwhile ---- */

/* Small while what is pending is held, and the first layers are: of a pull that
 * brings no more than some of them, little is left to be read when it has
 * ended. */
uint64_t slu_db_fold_at(const struct slu_db *self, uint64_t fold_at)
{
    uint64_t parts = slu_held_wants(self)               ? HELD_PARTS
                     : self->layer_count < SMALL_LAYERS ? SMALL_LAYERS
                                                        : 1;

    return (fold_at + parts - 1) / parts;
}

bool slu_db_has_turn(const struct slu_db *self)
{
    return self->compaction != NULL || self->layer_count > self->layers_max;
}

static enum slu_err fold_chunk(struct slu_db *self)
{
    enum slu_err err;

    if (slu_held_wants(self)) {
        return slu_held_take(self);
    }
    err = slu_chunk_collect_next(self);
    if (err == SLU_ERR_OK && self->chunk.last_id != 0) {
        err = slu_db_add_layer(self);
    }
    slu_chunk_free(self, &self->chunk);
    return err;
}

enum slu_err slu_db_fold_turn(struct slu_db *self, bool chunk)
{
    enum slu_err err = chunk ? fold_chunk(self) : SLU_ERR_OK;
    bool done;

    if (err == SLU_ERR_OK && slu_db_has_turn(self)) {
        err = slu_db_compact(self, &done);
    }
    if (err != SLU_ERR_OK) {
        self->failed = true;
    }
    return err;
}
