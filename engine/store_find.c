/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what is known now, folded or pending: one record (find), and all of
 * a kind (scan_all).
 *
 * A run may go on in another process meanwhile. No transaction is held open
 * over the whole, for it would keep SQLite from shortening its log for as long
 * as the reader takes. What is pending is read first and the shards after it:
 * a record that is folded in between is seen in both, and merging it twice
 * changes nothing; the other way round it would be seen in neither. A shard is
 * read in one short transaction together with its bound; the next is asked for
 * by that bound, whatever has become of the shards since.
 */
#include "engine/store_db.h"

/* ---- one record ---- */

struct search {
    struct slu_record wanted; /* merged so far; its key is the caller's */
    bool found;
};

static enum slu_err search_records(struct slu_db *self, struct slu_view rest,
                                   struct search *search)
{
    while (rest.len != 0) {
        struct slu_record record;

        if (slu_record_unpack(&rest, &record) != SLU_ERR_OK) {
            return slu_db_damaged(self, "a row is not made of records");
        }
        if (record.kind != search->wanted.kind ||
            !slu_view_equal(record.key, search->wanted.key)) {
            continue;
        }
        if (search->found) {
            slu_record_merge(&search->wanted, &record);
        } else {
            record.key = search->wanted.key;
            search->wanted = record;
            search->found = true;
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err search_pending(struct slu_db *self, struct search *search)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_PENDING_LIST);
    enum slu_err err;
    bool row;

    err = slu_db_step(self, SLU_DB_PENDING_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        err = search_records(self, slu_db_column(statement, 2), search);
        if (err == SLU_ERR_OK) {
            err = slu_db_step(self, SLU_DB_PENDING_LIST, &row);
        }
    }
    slu_db_reset(self, SLU_DB_PENDING_LIST);
    return err;
}

/* The shard and its bound as of one moment. */
static enum slu_err load_shard(struct slu_db *self, const struct slu_low *low)
{
    enum slu_err err = slu_db_run(self, SLU_DB_READ);

    if (err == SLU_ERR_OK) {
        err = slu_shard_load(self, low);
    }
    if (err == SLU_ERR_OK) {
        return slu_db_run(self, SLU_DB_COMMIT);
    }
    slu_db_rollback(self);
    return err;
}

enum slu_err slu_db_find(struct slu_db *self, enum slu_record_kind kind,
                         struct slu_view key, struct slu_record *out_record,
                         bool *out_found)
{
    struct search search = {.wanted = {.kind = kind, .key = key}};
    struct slu_low low;
    enum slu_err err = SLU_ERR_OK;

    *out_found = false;
    if (key.len > SLU_RECORD_KEY_MAX) {
        return SLU_ERR_OK;
    }
    slu_low_make(&low, kind, key);
    err = search_pending(self, &search);
    if (err == SLU_ERR_OK) {
        err = load_shard(self, &low);
    }
    if (err == SLU_ERR_OK) {
        err = search_records(self, slu_buf_view(&self->shard.old), &search);
    }
    *out_record = search.wanted;
    *out_found = err == SLU_ERR_OK && search.found;
    return err;
}

/* ---- all of a kind ---- */

/* One of the two that are merged: the records of a window, or of a shard. */
struct side {
    struct slu_view rest;
    struct slu_record record;
    bool present;
};

struct walk {
    struct slu_db *db;
    slu_store_record_fn on_record;
    void *ctx;
    struct side pending;
    struct side folded;
};

static enum slu_err next_record(struct slu_db *self, struct side *side)
{
    side->present = side->rest.len != 0;
    if (side->present &&
        slu_record_unpack(&side->rest, &side->record) != SLU_ERR_OK) {
        return slu_db_damaged(self, "a row is not made of records");
    }
    return SLU_ERR_OK;
}

static enum slu_err begin_side(struct slu_db *self, struct side *side,
                               struct slu_view records)
{
    side->rest = records;
    return next_record(self, side);
}

/* Hands out the smaller record, or the two of one key merged. */
static enum slu_err hand_out(struct walk *self, bool pending, bool folded)
{
    struct slu_record record =
        folded ? self->folded.record : self->pending.record;
    enum slu_err err = SLU_ERR_OK;

    if (pending && folded) {
        slu_record_merge(&record, &self->pending.record);
    }
    err = self->on_record(self->ctx, &record);
    if (err == SLU_ERR_OK && pending) {
        err = next_record(self->db, &self->pending);
    }
    if (err == SLU_ERR_OK && folded) {
        err = next_record(self->db, &self->folded);
    }
    return err;
}

/* Hands out all below the limit. */
static enum slu_err merge_below(struct walk *self, const struct slu_low *limit)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK) {
        bool pending = self->pending.present &&
                       slu_low_compare_record(&self->pending.record, limit) < 0;
        bool folded = self->folded.present &&
                      slu_low_compare_record(&self->folded.record, limit) < 0;
        int order = 0;

        if (!pending && !folded) {
            break;
        }
        if (pending && folded) {
            order =
                slu_record_compare(&self->pending.record, &self->folded.record);
        }
        err = hand_out(self, pending && order <= 0, folded && order >= 0);
    }
    return err;
}

/* Loads the shard of a place, and stands at its first record from there on. */
static enum slu_err enter_shard(struct walk *self, const struct slu_low *low)
{
    struct slu_db *db = self->db;
    enum slu_err err = load_shard(db, low);

    if (err == SLU_ERR_OK) {
        err = begin_side(db, &self->folded, slu_buf_view(&db->shard.old));
    }
    while (err == SLU_ERR_OK && self->folded.present &&
           slu_low_compare_record(&self->folded.record, low) < 0) {
        err = next_record(db, &self->folded);
    }
    return err;
}

static int compare_lows(const struct slu_low *a, const struct slu_low *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->bytes, b->bytes, len);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* All of one window, from *low up to `to`, where *low is then. */
static enum slu_err walk_window(struct walk *self, struct slu_low *low,
                                const struct slu_low *to)
{
    const struct slu_low *bound = &self->db->shard.bound;
    enum slu_err err =
        begin_side(self->db, &self->pending, slu_buf_view(&self->db->raw));

    while (err == SLU_ERR_OK && compare_lows(low, to) < 0) {
        struct slu_low limit = *to;

        err = enter_shard(self, low);
        if (err == SLU_ERR_OK && bound->len != 0 &&
            compare_lows(bound, to) < 0) {
            limit = *bound;
        }
        if (err == SLU_ERR_OK) {
            err = merge_below(self, &limit);
        }
        *low = limit;
    }
    return err;
}

enum slu_err slu_db_scan_all(struct slu_db *self, enum slu_record_kind kind,
                             slu_store_record_fn on_record, void *ctx)
{
    struct walk walk = {.db = self, .on_record = on_record, .ctx = ctx};
    struct slu_low low;
    struct slu_low to;
    enum slu_err err = SLU_ERR_OK;

    slu_low_make(&low, kind, slu_view_make(NULL, 0));
    while (err == SLU_ERR_OK && low.bytes[0] == (char)kind) {
        err = slu_db_window(self, &low, &to);
        if (err == SLU_ERR_OK) {
            err = walk_window(&walk, &low, &to);
        }
    }
    slu_db_free_chunk(self);
    return err;
}
