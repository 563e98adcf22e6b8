/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shards: one row holds the records of a range of keys, sorted and packed.
 *
 * A shard is read whole into memory of our own before anything of it is
 * written, and found by its key each time: no statement is left open over a
 * table that changes. A shard that outgrows shard_bytes is written in pieces
 * of three quarters of that, so that the next records don't split it again.
 */
#include "engine/crash.h"
#include "engine/store_db.h"

void slu_low_make(struct slu_low *self, enum slu_record_kind kind,
                  struct slu_view key)
{
    self->bytes[0] = (char)kind;
    if (key.len != 0) {
        memcpy(self->bytes + 1, key.ptr, key.len);
    }
    self->len = key.len + 1;
}

static struct slu_view view_low(const struct slu_low *low)
{
    return slu_view_make(low->bytes, low->len);
}

static enum slu_err copy_low(struct slu_db *self, struct slu_view bytes,
                             struct slu_low *out)
{
    if (bytes.len == 0 || bytes.len > sizeof(out->bytes)) {
        return slu_db_damaged(self, "a shard's key is not valid");
    }
    memcpy(out->bytes, bytes.ptr, bytes.len);
    out->len = bytes.len;
    return SLU_ERR_OK;
}

/* ---- load ---- */

static enum slu_err copy_shard(struct slu_db *self, sqlite3_stmt *statement)
{
    struct slu_shard *shard = &self->shard;
    enum slu_err err = copy_low(self, slu_db_column(statement, 1), &shard->low);

    if (err != SLU_ERR_OK) {
        return err;
    }
    shard->id = sqlite3_column_int64(statement, 0);
    slu_buf_clear(&shard->old);
    if (slu_buf_append(&shard->old, slu_db_column(statement, 2)) !=
        SLU_ERR_OK) {
        return slu_db_no_memory(self);
    }
    return SLU_ERR_OK;
}

static enum slu_err load_at(struct slu_db *self, const struct slu_low *low)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_SHARD_AT);
    enum slu_err err;
    bool row;

    slu_db_bind(statement, 1, view_low(low));
    err = slu_db_step(self, SLU_DB_SHARD_AT, &row);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = row ? copy_shard(self, statement)
              : slu_db_damaged(self, "a shard is missing");
    slu_db_reset(self, SLU_DB_SHARD_AT);
    return err;
}

static enum slu_err load_bound(struct slu_db *self)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_SHARD_BOUND);
    struct slu_shard *shard = &self->shard;
    enum slu_err err;
    bool row;

    shard->bound.len = 0;
    slu_db_bind(statement, 1, view_low(&shard->low));
    err = slu_db_step(self, SLU_DB_SHARD_BOUND, &row);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (row) {
        err = copy_low(self, slu_db_column(statement, 0), &shard->bound);
    }
    slu_db_reset(self, SLU_DB_SHARD_BOUND);
    return err;
}

enum slu_err slu_shard_load(struct slu_db *self, const struct slu_low *low)
{
    /* A copy: low may be the loaded shard's own bound. */
    const struct slu_low place = *low;
    enum slu_err err = load_at(self, &place);

    return err == SLU_ERR_OK ? load_bound(self) : err;
}

/* ---- write ---- */

void slu_shard_write_begin(struct slu_shard_writer *self, struct slu_db *db,
                           size_t most)
{
    size_t fill = db->shard_bytes - db->shard_bytes / 4;

    *self = (struct slu_shard_writer){.db = db, .piece_bytes = SIZE_MAX};
    if (most > db->shard_bytes) {
        self->piece_bytes = most / ((most + fill - 1) / fill);
    }
    slu_buf_clear(&db->piece);
}

static enum slu_err flush_run(struct slu_shard_writer *self)
{
    struct slu_view run = self->run;

    self->run.len = 0;
    if (slu_buf_append(&self->db->piece, run) != SLU_ERR_OK) {
        return slu_db_no_memory(self->db);
    }
    return SLU_ERR_OK;
}

static enum slu_err run_write(struct slu_db *db,
                              enum slu_db_statement statement)
{
    enum slu_err err = slu_db_run(db, statement);

    db->written += db->piece.len;
    slu_crash_point("store: shard written");
    return err;
}

static enum slu_err add_piece(struct slu_shard_writer *self)
{
    struct slu_db *db = self->db;
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_SHARD_ADD);

    slu_db_bind(statement, 1, view_low(&self->low));
    (void)sqlite3_bind_int64(statement, 2, (int64_t)self->count);
    slu_db_bind(statement, 3, slu_buf_view(&db->piece));
    return run_write(db, SLU_DB_SHARD_ADD);
}

static enum slu_err replace_shard(struct slu_shard_writer *self)
{
    struct slu_db *db = self->db;
    enum slu_db_statement which = SLU_DB_SHARD_PUT;
    sqlite3_stmt *statement;

    self->replaced = true;
    if (slu_view_equal(slu_buf_view(&db->piece),
                       slu_buf_view(&db->shard.old))) {
        return SLU_ERR_OK;
    }
    /* The first shard of a kind, whose low is the kind alone, stays. */
    if (db->piece.len == 0 && db->shard.low.len > 1) {
        which = SLU_DB_SHARD_DELETE;
    }
    statement = slu_db_statement(db, which);
    (void)sqlite3_bind_int64(statement, 1, db->shard.id);
    if (which == SLU_DB_SHARD_PUT) {
        (void)sqlite3_bind_int64(statement, 2, (int64_t)self->count);
        slu_db_bind(statement, 3, slu_buf_view(&db->piece));
    }
    return run_write(db, which);
}

static enum slu_err put_piece(struct slu_shard_writer *self)
{
    enum slu_err err = flush_run(self);

    if (err == SLU_ERR_OK) {
        err = self->replaced ? add_piece(self) : replace_shard(self);
    }
    slu_buf_clear(&self->db->piece);
    self->count = 0;
    return err;
}

static enum slu_err pack_record(struct slu_shard_writer *self,
                                const struct slu_record *record)
{
    enum slu_err err = flush_run(self);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_record_pack(record, &self->db->piece);
    if (err == SLU_ERR_USAGE) {
        return slu_error_set(&self->db->error, SLU_ERR_USAGE,
                             "a record with a value out of range");
    }
    return err == SLU_ERR_OK ? err : slu_db_no_memory(self->db);
}

enum slu_err slu_shard_write(struct slu_shard_writer *self,
                             const struct slu_record *record,
                             const struct slu_view *packed)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->db->piece.len + self->run.len >= self->piece_bytes) {
        err = put_piece(self);
        if (err != SLU_ERR_OK) {
            return err;
        }
        slu_low_make(&self->low, record->kind, record->key);
    }
    self->count++;
    if (packed == NULL) {
        return pack_record(self, record);
    }
    if (self->run.len != 0 && self->run.ptr + self->run.len == packed->ptr) {
        self->run.len += packed->len;
        return SLU_ERR_OK;
    }
    err = flush_run(self);
    self->run = *packed;
    return err;
}

enum slu_err slu_shard_write_end(struct slu_shard_writer *self)
{
    /* An empty piece matters only when it is the whole shard. */
    return self->count == 0 && self->replaced ? SLU_ERR_OK : put_piece(self);
}
