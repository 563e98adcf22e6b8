/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pending, held in memory as sorted runs: so that what is little need
 * not be written as a layer, and into shards, before anybody has looked at it.
 *
 * The rows of pending stay until what they hold is written elsewhere, so the
 * runs may be forgotten at any time. They hold every row that counts up to
 * last_id; a row that was staged begins to count when others behind it are
 * held: then they are forgotten, and until the next fold chunks become layers
 * at once, for such an answer seldom comes alone.
 *
 * Gathered, the runs are one, of unique keys, and a scan and a rewrite go over
 * it as over the shards.
 */
#include "engine/store_merge.h"

/* ---- runs ---- */

bool slu_held_fits(const struct slu_db *db)
{
    const struct slu_held *self = &db->held;

    return self->bytes + db->raw.len <= db->hold_bytes;
}

bool slu_held_wants(const struct slu_db *db)
{
    return !db->held.off && db->layer_count == 0 &&
           db->held.count < SLU_HELD_RUNS && slu_held_fits(db);
}

/* Those that were counted in db->pending have left it. */
static void add_run(struct slu_db *db, const struct slu_chunk *chunk)
{
    struct slu_held *self = &db->held;

    self->runs[self->count++] = db->raw;
    self->bytes += db->raw.len;
    self->records += chunk->count;
    self->last_id = chunk->last_id;
    self->gathered = false;
    slu_buf_init(&db->raw, db->alloc, SLU_BLOB_MAX);
}

enum slu_err slu_held_take(struct slu_db *db, const struct slu_chunk *chunk)
{
    enum slu_err err = slu_chunk_sort(db, SIZE_MAX, NULL);

    if (err == SLU_ERR_OK) {
        add_run(db, chunk);
        slu_chunk_settle(db, chunk);
    }
    return err;
}

static void free_runs(struct slu_held *self)
{
    for (size_t i = 0; i < self->count; i++) {
        slu_buf_fini(&self->runs[i]);
    }
    self->count = 0;
    self->bytes = 0;
}

void slu_held_free(struct slu_db *db)
{
    free_runs(&db->held);
    db->held = (struct slu_held){0};
}

void slu_held_forget(struct slu_db *db)
{
    db->pending += db->held.records;
    slu_held_free(db);
    db->held.off = true;
}

/* ---- all of them as one ---- */

enum slu_err slu_held_add_to(struct slu_db *db, struct slu_merge *merge)
{
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; err == SLU_ERR_OK && i < db->held.count; i++) {
        err = slu_merge_add_bytes(merge, slu_buf_view(&db->held.runs[i]), NULL);
    }
    return err;
}

static enum slu_err write_all(struct slu_merge *merge,
                              struct slu_writer *writer)
{
    enum slu_err err = SLU_ERR_OK;

    slu_merge_start(merge);
    while (err == SLU_ERR_OK && slu_merge_word(merge) != SLU_MERGE_END) {
        err = slu_writer_add(writer, slu_merge_head(merge),
                             slu_merge_word(merge), false);
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(merge);
        }
    }
    return err;
}

enum slu_err slu_held_write(struct slu_db *db, struct slu_writer *writer)
{
    struct slu_merge merge;
    enum slu_err err = slu_merge_init(&merge, db, db->held.count);

    if (err == SLU_ERR_OK) {
        err = slu_held_add_to(db, &merge);
    }
    if (err == SLU_ERR_OK) {
        err = write_all(&merge, writer);
    }
    slu_merge_fini(&merge);
    return err;
}

/* ---- gathered ---- */

static enum slu_err merge_runs(struct slu_db *db)
{
    struct slu_held *self = &db->held;
    struct slu_writer writer;
    char *room;
    enum slu_err err;

    slu_writer_begin_memory(&writer, db);
    err = slu_buf_reserve(&db->piece, self->bytes, &room) == SLU_ERR_OK
              ? slu_held_write(db, &writer)
              : slu_db_no_memory(db);
    if (err == SLU_ERR_OK) {
        free_runs(self);
        self->runs[self->count++] = db->piece;
        self->bytes = db->piece.len;
        slu_buf_init(&db->piece, db->alloc, SLU_BLOB_MAX);
    }
    return err;
}

enum slu_err slu_held_gather(struct slu_db *db, const struct slu_chunk *chunk)
{
    struct slu_held *self = &db->held;
    enum slu_err err = SLU_ERR_OK;

    if (chunk->any) {
        err = slu_held_take(db, chunk);
    }
    if (err == SLU_ERR_OK && self->count > 1) {
        err = merge_runs(db);
    }
    memset(self->starts, 0, sizeof(self->starts));
    self->gathered = err == SLU_ERR_OK && self->count != 0;
    return err;
}

struct slu_view slu_held_view(const struct slu_db *db,
                              enum slu_record_kind kind)
{
    const struct slu_held *self = &db->held;
    struct slu_view all = slu_buf_view(&self->runs[0]);

    if (!self->gathered) {
        return slu_view_make(NULL, 0);
    }
    return slu_view_make(all.ptr + self->starts[kind],
                         all.len - self->starts[kind]);
}

void slu_held_note(struct slu_db *db, unsigned kind, size_t left)
{
    struct slu_held *self = &db->held;

    if (self->gathered && kind < SLU_RECORD_KIND_COUNT) {
        self->starts[kind] = self->runs[0].len - left;
    }
}

enum slu_err slu_held_delete(struct slu_db *db)
{
    const struct slu_chunk held = {.last_id = db->held.last_id};

    return slu_chunk_delete(db, &held);
}
