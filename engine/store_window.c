/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending records in the order of their keys, for who reads without folding: a
 * program that only shows the state must not change it, and what is pending
 * lies there as it came.
 *
 * A window is the part of them that memory holds, from a key up to another one.
 * Rows of pending are gone through once for each window; what lies in it is
 * gathered in db->raw. When that is full it is sorted and merged, and if more
 * than half of it is left, the upper half is given up and the window ends
 * there. A fold comes long before a second window is needed, as a rule.
 */
#include "engine/store_db.h"

struct window {
    struct slu_db *db;
    const struct slu_low *from;
    struct slu_low *to;
    size_t most; /* bytes of db->raw */
};

int slu_low_compare_record(const struct slu_record *record,
                           const struct slu_low *low)
{
    int kind = low->bytes[0];
    size_t low_len = low->len - 1;
    size_t len = record->key.len < low_len ? record->key.len : low_len;
    int order;

    if ((int)record->kind != kind) {
        return (int)record->kind - kind;
    }
    order = len == 0 ? 0 : memcmp(record->key.ptr, low->bytes + 1, len);
    return order != 0
               ? order
               : (record->key.len > low_len) - (record->key.len < low_len);
}

/* ---- sorting and merging what was gathered ---- */

static enum slu_err unpack_ref(struct slu_db *db, size_t index,
                               struct slu_record *out_record)
{
    struct slu_view raw = slu_buf_view(&db->raw);
    size_t offset = db->refs[index].offset;
    struct slu_view rest = slu_view_make(raw.ptr + offset, raw.len - offset);

    if (slu_record_unpack(&rest, out_record) != SLU_ERR_OK) {
        return slu_db_damaged(db, "a pending row is not made of records");
    }
    return SLU_ERR_OK;
}

/* Merges the record at *index with all that follow and have its key. */
static enum slu_err merge_equals(struct slu_db *db, size_t *index,
                                 struct slu_record *out_record)
{
    struct slu_record next;
    enum slu_err err = unpack_ref(db, (*index)++, out_record);

    while (err == SLU_ERR_OK && *index < db->ref_count) {
        err = unpack_ref(db, *index, &next);
        if (err != SLU_ERR_OK || slu_record_compare(out_record, &next) != 0) {
            break;
        }
        slu_record_merge(out_record, &next);
        (*index)++;
    }
    return err;
}

/* Puts the merged records of db->raw in order into db->piece, up to `most`
 * bytes; what is beyond is cut off, and the window ends before it. */
static enum slu_err write_sorted(struct window *self, size_t most)
{
    struct slu_db *db = self->db;
    size_t index = 0;
    enum slu_err err = SLU_ERR_OK;

    slu_buf_clear(&db->piece);
    while (err == SLU_ERR_OK && index < db->ref_count) {
        struct slu_record record;

        err = merge_equals(db, &index, &record);
        if (err == SLU_ERR_OK && db->piece.len >= most) {
            slu_low_make(self->to, record.kind, record.key);
            return SLU_ERR_OK;
        }
        if (err == SLU_ERR_OK &&
            slu_record_pack(&record, &db->piece) != SLU_ERR_OK) {
            err = slu_db_no_memory(db);
        }
    }
    return err;
}

static enum slu_err sort_window(struct window *self, size_t most)
{
    struct slu_db *db = self->db;
    struct slu_buf sorted;
    enum slu_err err = slu_db_make_refs(db);

    if (err == SLU_ERR_OK) {
        slu_sort_refs(db->refs, db->ref_count, slu_buf_view(&db->raw));
        err = write_sorted(self, most);
    }
    if (err == SLU_ERR_OK) {
        sorted = db->piece;
        db->piece = db->raw;
        db->raw = sorted;
    }
    return err;
}

/* ---- gathering ---- */

static enum slu_err gather_record(struct window *self,
                                  const struct slu_record *record,
                                  struct slu_view packed)
{
    struct slu_db *db = self->db;

    if (slu_low_compare_record(record, self->from) < 0 ||
        slu_low_compare_record(record, self->to) >= 0) {
        return SLU_ERR_OK;
    }
    if (slu_buf_append(&db->raw, packed) != SLU_ERR_OK) {
        return slu_db_no_memory(db);
    }
    return db->raw.len < self->most ? SLU_ERR_OK
                                    : sort_window(self, self->most / 2);
}

static enum slu_err gather_row(struct window *self, struct slu_view rest)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && rest.len != 0) {
        struct slu_view packed = rest;
        struct slu_record record;

        if (slu_record_unpack(&rest, &record) != SLU_ERR_OK) {
            return slu_db_damaged(self->db,
                                  "a pending row is not made of records");
        }
        packed.len -= rest.len;
        err = gather_record(self, &record, packed);
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
                            SLU_FOLD_SHARDS_MAX * self->shard_bytes};
    enum slu_err err;

    out_to->bytes[0] = (char)(from->bytes[0] + 1);
    out_to->len = 1;
    slu_buf_clear(&self->raw);
    err = gather_rows(&window);
    /* No cut now: what is left fits. */
    return err == SLU_ERR_OK ? sort_window(&window, SIZE_MAX) : err;
}
