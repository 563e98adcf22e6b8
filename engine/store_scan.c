/* SPDX-License-Identifier: Apache-2.0 */
/* Going over all records in the order of their keys: to read them (scan), and
 * to change or delete some (rewrite). */
#include "engine/store_records.h"

static enum slu_err unpack(struct slu_db *self, struct slu_view *packed,
                           struct slu_record *out_record)
{
    if (slu_record_unpack(packed, out_record) != SLU_ERR_OK) {
        return slu_db_damaged(self, "a shard holds what is not a record");
    }
    return SLU_ERR_OK;
}

/* ---- scan ---- */

static enum slu_err scan_shard(struct slu_db *self, struct slu_view packed,
                               slu_store_record_fn on_record, void *ctx)
{
    struct slu_record record;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && packed.len != 0) {
        err = unpack(self, &packed, &record);
        if (err == SLU_ERR_OK) {
            err = on_record(ctx, &record);
        }
    }
    return err;
}

enum slu_err slu_db_scan(struct slu_db *self, enum slu_record_kind kind,
                         slu_store_record_fn on_record, void *ctx)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_SHARD_LIST);
    const char from = (char)kind;
    const char to = (char)(kind + 1);
    enum slu_err err;
    bool row;

    slu_db_bind(statement, 1, slu_view_make(&from, 1));
    slu_db_bind(statement, 2, slu_view_make(&to, 1));
    err = slu_db_step(self, SLU_DB_SHARD_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        err = scan_shard(self, slu_db_column(statement, 0), on_record, ctx);
        if (err == SLU_ERR_OK) {
            err = slu_db_step(self, SLU_DB_SHARD_LIST, &row);
        }
    }
    slu_db_reset(self, SLU_DB_SHARD_LIST);
    return err;
}

/* ---- rewrite ---- */

struct rewrite {
    struct slu_db *db;
    slu_store_rewrite_fn on_record;
    void *ctx;
    bool refused; /* by on_record: no fault of the database */
};

static enum slu_err rewrite_record(struct rewrite *self,
                                   struct slu_writer *writer,
                                   struct slu_record *record,
                                   const struct slu_packed *packed)
{
    enum slu_store_change change = SLU_STORE_KEEP;
    enum slu_err err = self->on_record(self->ctx, record, &change);

    if (err != SLU_ERR_OK) {
        self->refused = true;
        return err;
    }
    if (change == SLU_STORE_DELETE) {
        return SLU_ERR_OK;
    }
    return change == SLU_STORE_KEEP ? slu_writer_keep(writer, packed)
                                    : slu_writer_add_record(writer, record);
}

/* An update adds a place, six bytes; a shard has room for those of all its
 * records once it was cut, and is cut again when it hasn't. */
static enum slu_err rewrite_shard(struct rewrite *self)
{
    struct slu_view rest = slu_buf_view(&self->db->shard.old);
    struct slu_writer writer;
    enum slu_err err = SLU_ERR_OK;

    slu_shard_write_begin(&writer, self->db);
    while (err == SLU_ERR_OK && rest.len != 0) {
        struct slu_packed packed = {.bytes = rest};
        struct slu_record record;

        err = unpack(self->db, &rest, &record);
        if (err == SLU_ERR_OK) {
            packed.bytes.len -= rest.len;
            packed.kind = record.kind;
            packed.key = record.key;
            err = rewrite_record(self, &writer, &record, &packed);
        }
    }
    return err == SLU_ERR_OK ? slu_writer_end(&writer) : err;
}

static enum slu_err rewrite_all(struct rewrite *self)
{
    struct slu_db *db = self->db;
    enum slu_err err;

    slu_low_make(&db->shard.bound, SLU_RECORD_IP, slu_view_make(NULL, 0));
    do {
        err = slu_shard_load(db, &db->shard.bound);
        if (err == SLU_ERR_OK) {
            err = rewrite_shard(self);
        }
    } while (err == SLU_ERR_OK && db->shard.bound.len != 0);
    return err;
}

enum slu_err slu_db_rewrite(struct slu_db *self, slu_store_rewrite_fn on_record,
                            void *ctx)
{
    struct rewrite rewrite = {self, on_record, ctx, false};
    enum slu_err err = slu_db_begin(self);

    if (err == SLU_ERR_OK) {
        err = rewrite_all(&rewrite);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
        self->failed = !rewrite.refused;
    }
    return err;
}
