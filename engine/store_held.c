/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pending, held in memory as it came: so that what is little is sorted
 * once, as a whole, when it is gathered, and not written as a layer, and into
 * shards, before anybody has looked at it.
 *
 * The rows of pending stay until what they hold is written elsewhere, so what
 * is held may be forgotten at any time. It is every row that counts up to the
 * last one; rows that were staged begin to count when others behind them may be
 * held: then all is forgotten, and until the next fold chunks become layers at
 * once, for such an answer seldom comes alone.
 *
 * Gathered, it is in order, and read as a shard is.
 */
#include "engine/store_records.h"

bool slu_held_wants(const struct slu_db *db)
{
    return !db->held_off && db->layer_count == 0;
}

enum slu_err slu_held_take(struct slu_db *db)
{
    struct slu_chunk *held = &db->held;
    int64_t last_id = held->last_id;
    enum slu_err err = slu_chunk_collect(db, held, db->hold_bytes);

    db->gathered = db->gathered && held->last_id == last_id;
    /* The first row has room in any case. */
    if (err == SLU_ERR_OK &&
        (held->more || held->records.len > db->hold_bytes)) {
        slu_held_forget(db);
    }
    return err;
}

void slu_held_free(struct slu_db *db)
{
    slu_chunk_free(db, &db->held);
    db->held_off = false;
    db->gathered = false;
}

void slu_held_forget(struct slu_db *db)
{
    db->pending += db->held.count;
    slu_held_free(db);
    db->held_off = true;
}

/* ---- gathered ---- */

enum slu_err slu_held_gather(struct slu_db *db)
{
    enum slu_err err = SLU_ERR_OK;

    if (!db->gathered && db->held.last_id != 0) {
        err = slu_sort_records(db, &db->held, slu_chunk_middle(&db->held));
        db->gathered = err == SLU_ERR_OK;
        slu_buf_fini(&db->piece);
    }
    return err;
}

struct slu_view slu_held_view(const struct slu_db *db,
                              enum slu_record_kind kind)
{
    const struct slu_chunk *held = &db->held;

    return db->gathered && held->records.len != 0
               ? slu_view_make(held->records.ptr + held->kinds[kind],
                               held->records.len - held->kinds[kind])
               : slu_view_make(NULL, 0);
}
