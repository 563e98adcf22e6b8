/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending records in the order of their keys, for who reads without folding: a
 * program that only shows the state must not change it, and what is pending
 * lies there as it came.
 *
 * A window is the part of them that memory holds, from a key up to another one.
 * Rows of pending are gone through once for each window; what lies in it is
 * gathered in db->chunk. When that is full it is sorted and merged, and if more
 * than half of it is left, the upper half is given up and the window ends
 * there. A fold comes long before a second window is needed, as a rule.
 */
#include "engine/store_records.h"

struct window {
    struct slu_db *db;
    const struct slu_low *from;
    struct slu_low *to;
    size_t most; /* bytes of db->chunk */
};

/* ---- gathering ---- */

static enum slu_err gather_record(struct window *self,
                                  const struct slu_packed *record)
{
    struct slu_db *db = self->db;

    if (slu_low_compare_packed(record, self->from) < 0 ||
        slu_low_compare_packed(record, self->to) >= 0) {
        return SLU_ERR_OK;
    }
    if (slu_buf_append(&db->chunk.records, record->bytes) != SLU_ERR_OK) {
        return slu_db_no_memory(db);
    }
    return db->chunk.records.len < self->most
               ? SLU_ERR_OK
               : slu_chunk_sort(db, self->most / 2, self->to);
}

static enum slu_err gather_row(struct window *self, struct slu_view rest)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && rest.len != 0) {
        struct slu_packed record;

        if (slu_record_take(&rest, &record) != SLU_ERR_OK) {
            return slu_db_damaged(self->db,
                                  "a pending row is not made of records");
        }
        err = gather_record(self, &record);
    }
    return err;
}

static enum slu_err gather_rows(struct window *self)
{
    struct slu_db *db = self->db;
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_PENDING_LIST);
    enum slu_err err;
    bool row;

    err = slu_db_step(db, SLU_DB_PENDING_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        err = gather_row(self, slu_db_column(statement, 2));
        if (err == SLU_ERR_OK) {
            err = slu_db_step(db, SLU_DB_PENDING_LIST, &row);
        }
    }
    slu_db_reset(db, SLU_DB_PENDING_LIST);
    return err;
}

enum slu_err slu_db_window(struct slu_db *self, const struct slu_low *from,
                           struct slu_low *out_to)
{
    struct window window = {self, from, out_to,
                            SLU_CHUNK_SHARDS * self->shard_bytes};
    enum slu_err err;

    out_to->bytes[0] = (char)(from->bytes[0] + 1);
    out_to->len = 1;
    slu_buf_clear(&self->chunk.records);
    err = gather_rows(&window);
    /* No cut now: what is left fits. */
    return err == SLU_ERR_OK ? slu_chunk_sort(self, SIZE_MAX, out_to) : err;
}
