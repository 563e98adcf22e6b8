/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shards: one row holds the records of a range of keys, sorted and packed.
 *
 * A shard is read whole into memory of our own before anything of it is
 * written, and found by its key each time: no statement is left open over a
 * table that changes. A shard that outgrows shard_bytes is written in pieces
 * about three quarters of that, so that the next records don't split it
 * again.
 */
#include "engine/crash.h"
#include "engine/store_records.h"

void slu_low_make(struct slu_low *self, enum slu_record_kind kind,
                  struct slu_view key)
{
    self->bytes[0] = (char)kind;
    if (key.len != 0) {
        memcpy(self->bytes + 1, key.ptr, key.len);
    }
    self->len = key.len + 1;
}

struct slu_view slu_low_view(const struct slu_low *low)
{
    return slu_view_make(low->bytes, low->len);
}

int slu_low_compare(const struct slu_low *a, const struct slu_low *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->bytes, b->bytes, len);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_key(enum slu_record_kind kind, struct slu_view key,
                       const struct slu_low *low)
{
    size_t low_len = low->len - 1;
    size_t len = key.len < low_len ? key.len : low_len;
    int order;

    if ((int)kind != low->bytes[0]) {
        return (int)kind - low->bytes[0];
    }
    order = len == 0 ? 0 : memcmp(key.ptr, low->bytes + 1, len);
    return order != 0 ? order : (key.len > low_len) - (key.len < low_len);
}

int slu_low_compare_record(const struct slu_record *record,
                           const struct slu_low *low)
{
    return compare_key(record->kind, record->key, low);
}

int slu_low_compare_packed(const struct slu_packed *packed,
                           const struct slu_low *low)
{
    return compare_key(packed->kind, packed->key, low);
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

    slu_db_bind(statement, 1, slu_low_view(low));
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
    slu_db_bind(statement, 1, slu_low_view(&shard->low));
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

/* ---- read ---- */

enum slu_err slu_shard_read_begin(struct slu_shard_reader *self,
                                  struct slu_db *db)
{
    self->db = db;
    self->rest = slu_buf_view(&db->shard.old);
    return slu_shard_read_next(self);
}

enum slu_err slu_shard_read_next(struct slu_shard_reader *self)
{
    self->word = SLU_MERGE_END;
    if (self->rest.len == 0) {
        return SLU_ERR_OK;
    }
    if (slu_record_take(&self->rest, &self->packed) != SLU_ERR_OK) {
        return slu_db_damaged(self->db, "a shard holds what is not a record");
    }
    self->word = slu_sort_word_packed(&self->packed);
    return SLU_ERR_OK;
}

/* ---- write ---- */

static enum slu_err run_write(struct slu_db *db,
                              enum slu_db_statement statement, size_t len)
{
    enum slu_err err = slu_db_run(db, statement);

    db->written += len;
    slu_crash_point("store: shard written");
    return err;
}

static enum slu_err add_piece(struct slu_writer *self, struct slu_view bytes)
{
    sqlite3_stmt *statement = slu_db_statement(self->db, SLU_DB_SHARD_ADD);

    slu_db_bind(statement, 1, slu_low_view(&self->low));
    (void)sqlite3_bind_int64(statement, 2, (int64_t)self->count);
    slu_db_bind(statement, 3, bytes);
    return run_write(self->db, SLU_DB_SHARD_ADD, bytes.len);
}

static enum slu_err replace_shard(struct slu_writer *self,
                                  struct slu_view bytes)
{
    struct slu_db *db = self->db;
    enum slu_db_statement which = SLU_DB_SHARD_PUT;
    sqlite3_stmt *statement;

    if (slu_view_equal(bytes, slu_buf_view(&db->shard.old))) {
        return SLU_ERR_OK;
    }
    /* The first shard of a kind, whose low is the kind alone, stays. */
    if (bytes.len == 0 && db->shard.low.len > 1) {
        which = SLU_DB_SHARD_DELETE;
    }
    statement = slu_db_statement(db, which);
    (void)sqlite3_bind_int64(statement, 1, db->shard.id);
    if (which == SLU_DB_SHARD_PUT) {
        (void)sqlite3_bind_int64(statement, 2, (int64_t)self->count);
        slu_db_bind(statement, 3, bytes);
    }
    return run_write(db, which, bytes.len);
}

static enum slu_err put_piece(struct slu_writer *self, struct slu_view bytes)
{
    bool first = !self->replaced;

    self->replaced = true;
    return first ? replace_shard(self, bytes) : add_piece(self, bytes);
}

void slu_shard_write_begin(struct slu_writer *self, struct slu_db *db)
{
    slu_writer_begin(self, db);
    self->put = put_piece;
    self->whole = db->shard_bytes;
    self->fill = db->shard_bytes - db->shard_bytes / 4;
}
