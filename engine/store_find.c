/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what is known now, folded or not: one record (find), and all of a
 * kind (scan_all).
 *
 * A run may go on in another process meanwhile. No transaction is held open
 * over the whole, for it would keep SQLite from shortening its log for as long
 * as the reader takes. What is pending is read first, layers and shards after
 * it: a record that moves on in between is seen in both, and merging it twice
 * changes nothing; the other way round it would be seen in neither.
 *
 * Layers are read block by block, a shard in one short transaction together
 * with its bound; the next is asked for by that bound, whatever has become of
 * the shards since. A block that was read, and then merged into a shard that is
 * read later, is seen twice. A block that is not there any more has been
 * merged, perhaps into the shard that was read before: then layers and shard
 * are opened anew at the present place, as of one moment.
 */
#include "engine/store_merge.h"

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

static enum slu_err search_layer(struct slu_db *self,
                                 const struct slu_layer *layer,
                                 const struct slu_low *low,
                                 struct search *search)
{
    int64_t id;
    bool gone = false;
    enum slu_err err = slu_layer_seek(self, layer, low, &id);

    if (err == SLU_ERR_OK) {
        err = slu_layer_load(self, id, &self->piece, &gone);
    }
    if (err == SLU_ERR_OK && gone) {
        err = slu_db_damaged(self, "a block is missing");
    }
    return err == SLU_ERR_OK
               ? search_records(self, slu_buf_view(&self->piece), search)
               : err;
}

static enum slu_err search_layers(struct slu_db *self,
                                  const struct slu_low *low,
                                  struct search *search)
{
    struct slu_layer layer = {0};
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK) {
        err = slu_layer_next(self, slu_layer_after(layer.first), &layer);
        if (err == SLU_ERR_OK) {
            err = search_layer(self, &layer, low, search);
        }
    }
    return err == SLU_ERR_NOT_FOUND ? SLU_ERR_OK : err;
}

/* Ends a transaction that only reads. */
static enum slu_err end_reading(struct slu_db *self, enum slu_err err)
{
    if (err == SLU_ERR_OK) {
        return slu_db_run(self, SLU_DB_COMMIT);
    }
    slu_db_rollback(self);
    return err;
}

/* All as of one moment. */
static enum slu_err search_all(struct slu_db *self, const struct slu_low *low,
                               struct search *search)
{
    enum slu_err err = slu_db_run(self, SLU_DB_READ);

    if (err == SLU_ERR_OK) {
        err = search_pending(self, search);
    }
    if (err == SLU_ERR_OK) {
        err = search_layers(self, low, search);
    }
    if (err == SLU_ERR_OK) {
        err = slu_shard_load(self, low);
    }
    if (err == SLU_ERR_OK) {
        err = search_records(self, slu_buf_view(&self->shard.old), search);
    }
    return end_reading(self, err);
}

enum slu_err slu_db_find(struct slu_db *self, enum slu_record_kind kind,
                         struct slu_view key, struct slu_record *out_record,
                         bool *out_found)
{
    struct search search = {.wanted = {.kind = kind, .key = key}};
    struct slu_low low;
    enum slu_err err;

    *out_found = false;
    if (key.len > SLU_RECORD_KEY_MAX) {
        return SLU_ERR_OK;
    }
    slu_low_make(&low, kind, key);
    err = search_all(self, &low, &search);
    slu_chunk_free(self, &self->chunk);
    if (err == SLU_ERR_OK) {
        err = slu_db_check_same(self);
    }
    *out_record = search.wanted;
    *out_found = err == SLU_ERR_OK && search.found;
    return err;
}

/* ---- all of a kind ---- */

struct walk {
    struct slu_db *db;
    slu_store_record_fn on_record;
    void *ctx;
    struct slu_merge merge; /* the window and the layers */
    struct slu_shard_reader folded;
    struct slu_low at; /* what is below has been handed out */
};

/* Within a transaction: layers and shard as of one moment. */
static enum slu_err load_both(struct walk *self)
{
    enum slu_err err = slu_merge_init_all(&self->merge, self->db, 1, &self->at);

    if (err == SLU_ERR_OK && self->merge.gone) {
        err = slu_db_damaged(self->db, "a block is missing");
    }
    return err == SLU_ERR_OK ? slu_shard_load(self->db, &self->at) : err;
}

static enum slu_err enter_shard(struct walk *self)
{
    enum slu_err err = slu_shard_read_begin(&self->folded, self->db);

    while (err == SLU_ERR_OK && self->folded.word != SLU_MERGE_END &&
           slu_low_compare_packed(&self->folded.packed, &self->at) < 0) {
        err = slu_shard_read_next(&self->folded);
    }
    return err;
}

static enum slu_err load_shard(struct walk *self)
{
    enum slu_err err = slu_db_run(self->db, SLU_DB_READ);

    if (err == SLU_ERR_OK) {
        err = slu_shard_load(self->db, &self->at);
    }
    err = end_reading(self->db, err);
    return err == SLU_ERR_OK ? enter_shard(self) : err;
}

/* Stands at the present place in what is in layers and shards now. */
static enum slu_err enter(struct walk *self)
{
    struct slu_db *db = self->db;
    enum slu_err err;

    slu_merge_fini(&self->merge);
    err = slu_db_run(db, SLU_DB_READ);
    if (err == SLU_ERR_OK) {
        err = load_both(self);
    }
    err = end_reading(db, err);
    if (err == SLU_ERR_OK) {
        err = slu_merge_add_bytes(&self->merge,
                                  slu_buf_view(&db->chunk.records), &self->at);
    }
    if (err == SLU_ERR_OK) {
        slu_merge_start(&self->merge);
        err = enter_shard(self);
    }
    return err;
}

/* The next record, of both; NULL when there is none below the limit. */
static const struct slu_packed *find_least(const struct walk *self,
                                           const struct slu_low *limit)
{
    uint64_t word = slu_merge_word(&self->merge);
    const struct slu_packed *least = &self->folded.packed;

    if ((word & self->folded.word) == SLU_MERGE_END) {
        return NULL;
    }
    if (word != SLU_MERGE_END &&
        slu_sort_compare(&self->folded.packed, self->folded.word,
                         slu_merge_head(&self->merge), word) > 0) {
        least = slu_merge_head(&self->merge);
    }
    return slu_low_compare_packed(least, limit) < 0 ? least : NULL;
}

/* The first of a key is kept in db->piece, the others are merged with it. */
static enum slu_err take(struct walk *self, const struct slu_packed *packed,
                         struct slu_record *record)
{
    struct slu_buf *held = &self->db->piece;
    struct slu_view bytes = packed->bytes;
    struct slu_record other;
    bool first = held->len == 0;

    if (first) {
        if (slu_buf_append(held, bytes) != SLU_ERR_OK) {
            return slu_db_no_memory(self->db);
        }
        bytes = slu_buf_view(held);
    }
    if (slu_record_unpack(&bytes, first ? record : &other) != SLU_ERR_OK) {
        return slu_db_damaged(self->db, "a row is not made of records");
    }
    if (!first) {
        slu_record_merge(record, &other);
    }
    return SLU_ERR_OK;
}

/* Takes all that has the key of self->at. */
static enum slu_err take_equals(struct walk *self, struct slu_record *record)
{
    enum slu_err err = SLU_ERR_OK;

    slu_buf_clear(&self->db->piece);
    if (self->folded.word != SLU_MERGE_END &&
        slu_low_compare_packed(&self->folded.packed, &self->at) == 0) {
        err = take(self, &self->folded.packed, record);
        if (err == SLU_ERR_OK) {
            err = slu_shard_read_next(&self->folded);
        }
    }
    while (err == SLU_ERR_OK && slu_merge_word(&self->merge) != SLU_MERGE_END &&
           slu_low_compare_packed(slu_merge_head(&self->merge), &self->at) ==
               0) {
        err = take(self, slu_merge_head(&self->merge), record);
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(&self->merge);
        }
    }
    return err;
}

/* Hands out all below the limit. */
static enum slu_err walk_below(struct walk *self, const struct slu_low *limit)
{
    const struct slu_packed *least;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && (least = find_least(self, limit)) != NULL) {
        struct slu_record record = {.kind = least->kind};

        slu_low_make(&self->at, least->kind, least->key);
        err = take_equals(self, &record);
        if (err == SLU_ERR_OK && self->merge.gone) {
            return SLU_ERR_OK; /* once more from here */
        }
        if (err == SLU_ERR_OK) {
            err = self->on_record(self->ctx, &record);
        }
    }
    self->at = *limit;
    return err;
}

/* All of one window, from self->at up to `to`, where that is then. */
static enum slu_err walk_window(struct walk *self, const struct slu_low *to)
{
    const struct slu_low *bound = &self->db->shard.bound;
    enum slu_err err = enter(self);

    while (err == SLU_ERR_OK && slu_low_compare(&self->at, to) < 0) {
        struct slu_low limit = *to;

        if (bound->len != 0 && slu_low_compare(bound, to) < 0) {
            limit = *bound;
        }
        err = walk_below(self, &limit);
        if (err == SLU_ERR_OK) {
            err = self->merge.gone ? enter(self) : load_shard(self);
        }
    }
    return err;
}

enum slu_err slu_db_scan_all(struct slu_db *self, enum slu_record_kind kind,
                             slu_store_record_fn on_record, void *ctx)
{
    struct walk walk = {.db = self, .on_record = on_record, .ctx = ctx};
    struct slu_low to;
    enum slu_err err = SLU_ERR_OK;

    slu_low_make(&walk.at, kind, slu_view_make(NULL, 0));
    while (err == SLU_ERR_OK && walk.at.bytes[0] == (char)kind) {
        err = slu_db_window(self, &walk.at, &to);
        if (err == SLU_ERR_OK) {
            err = walk_window(&walk, &to);
        }
    }
    slu_merge_fini(&walk.merge);
    slu_chunk_free(self, &self->chunk);
    return err == SLU_ERR_OK ? slu_db_check_same(self) : err;
}
