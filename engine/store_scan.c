/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going over all records in the order of their keys: to read them (scan), and
 * to change or delete some (rewrite). What was gathered (store_held.c) is
 * merged with the shards on the way, and the rewrite makes it part of them.
 */
#include "engine/store_records.h"

/* Sorted records, unpacked one by one. */
struct reader {
    struct slu_view rest;
    struct slu_record record;
    struct slu_view bytes; /* its own; empty: there is none, or it was merged */
};

/* What is stored and what was gathered, as one. */
struct pair {
    struct slu_db *db;
    const struct slu_low *bound; /* of a shard; of the other, too */
    struct reader old;           /* of a shard */
    bool has_old;
    struct reader fresh; /* of what was gathered */
    bool has_fresh;      /* below the bound */
};

static enum slu_err read_next(struct slu_db *db, struct reader *self)
{
    self->bytes = self->rest;
    if (self->rest.len == 0) {
        return SLU_ERR_OK;
    }
    if (slu_record_unpack(&self->rest, &self->record) != SLU_ERR_OK) {
        return slu_db_damaged(db, "a shard holds what is not a record");
    }
    self->bytes.len -= self->rest.len;
    return SLU_ERR_OK;
}

static enum slu_err read_old(struct pair *self)
{
    enum slu_err err = read_next(self->db, &self->old);

    self->has_old = self->old.bytes.len != 0;
    return err;
}

static void check_bound(struct pair *self)
{
    self->has_fresh =
        self->fresh.bytes.len != 0 &&
        (self->bound->len == 0 ||
         slu_low_compare_record(&self->fresh.record, self->bound) < 0);
}

static enum slu_err read_fresh(struct pair *self)
{
    enum slu_err err = read_next(self->db, &self->fresh);

    check_bound(self);
    return err;
}

/* A shard; the bound is its own. */
static enum slu_err enter_shard(struct pair *self, struct slu_view packed)
{
    self->old.rest = packed;
    check_bound(self);
    return read_old(self);
}

/* The one that has the next record; one of a key that both have is merged
 * before. There is one at least. */
static enum slu_err find_next(struct pair *self, struct reader **out_reader)
{
    int order = self->has_old - self->has_fresh;

    if (order == 0) {
        order = slu_record_compare(&self->fresh.record, &self->old.record);
    }
    *out_reader = order < 0 ? &self->fresh : &self->old;
    if (order != 0) {
        return SLU_ERR_OK;
    }
    slu_record_merge(&self->old.record, &self->fresh.record);
    self->old.bytes.len = 0;
    return read_fresh(self);
}

static enum slu_err step(struct pair *self, const struct reader *reader)
{
    return reader == &self->fresh ? read_fresh(self) : read_old(self);
}

/* ---- scan ---- */

struct scan {
    struct pair pair;
    slu_store_record_fn on_record;
    void *ctx;
};

static enum slu_err scan_next(struct scan *self)
{
    struct reader *reader;
    enum slu_err err = find_next(&self->pair, &reader);

    if (err == SLU_ERR_OK) {
        err = self->on_record(self->ctx, &reader->record);
    }
    return err == SLU_ERR_OK ? step(&self->pair, reader) : err;
}

/* A shard, and what comes between its records. */
static enum slu_err scan_shard(struct scan *self, struct slu_view packed)
{
    enum slu_err err = enter_shard(&self->pair, packed);

    while (err == SLU_ERR_OK && self->pair.has_old) {
        err = scan_next(self);
    }
    return err;
}

static enum slu_err scan_shards(struct scan *self, struct slu_view from,
                                struct slu_view to)
{
    struct slu_db *db = self->pair.db;
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_SHARD_LIST);
    enum slu_err err;
    bool row;

    slu_db_bind(statement, 1, from);
    slu_db_bind(statement, 2, to);
    err = slu_db_step(db, SLU_DB_SHARD_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        err = scan_shard(self, slu_db_column(statement, 0));
        if (err == SLU_ERR_OK) {
            err = slu_db_step(db, SLU_DB_SHARD_LIST, &row);
        }
    }
    slu_db_reset(db, SLU_DB_SHARD_LIST);
    return err;
}

/* Goes past what was gathered of the kinds before. */
static enum slu_err skip_kinds(struct pair *self, enum slu_record_kind kind)
{
    enum slu_err err;

    self->fresh.rest = slu_held_view(self->db, kind);
    do {
        err = read_fresh(self);
    } while (err == SLU_ERR_OK && self->has_fresh &&
             self->fresh.record.kind < kind);
    return err;
}

enum slu_err slu_db_scan(struct slu_db *self, enum slu_record_kind kind,
                         slu_store_record_fn on_record, void *ctx)
{
    const struct slu_low from = {1, {(char)kind}};
    const struct slu_low to = {1, {(char)(kind + 1)}};
    struct scan scan = {
        .pair = {.db = self, .bound = &to}, .on_record = on_record, .ctx = ctx};
    enum slu_err err = skip_kinds(&scan.pair, kind);

    if (err == SLU_ERR_OK) {
        err = scan_shards(&scan, slu_low_view(&from), slu_low_view(&to));
    }
    while (err == SLU_ERR_OK && scan.pair.has_fresh) {
        err = scan_next(&scan);
    }
    slu_held_note(self, kind + 1,
                  scan.pair.fresh.rest.len + scan.pair.fresh.bytes.len);
    return err;
}

/* ---- rewrite ---- */

struct rewrite {
    struct pair pair;
    struct slu_writer writer;
    slu_store_rewrite_fn on_record;
    void *ctx;
    bool refused; /* by on_record: no fault of the database */
};

static enum slu_err write_record(struct rewrite *self, struct reader *reader)
{
    const struct slu_packed packed = {.kind = reader->record.kind,
                                      .key = reader->record.key,
                                      .bytes = reader->bytes};
    enum slu_store_change change = SLU_STORE_KEEP;
    enum slu_err err = self->on_record(self->ctx, &reader->record, &change);

    if (err != SLU_ERR_OK) {
        self->refused = true;
        return err;
    }
    if (change == SLU_STORE_DELETE) {
        return SLU_ERR_OK;
    }
    return change == SLU_STORE_KEEP && packed.bytes.len != 0
               ? slu_writer_keep(&self->writer, &packed)
               : slu_writer_add_record(&self->writer, &reader->record);
}

/* An update adds a place, six bytes; a shard has room for those of all its
 * records once it was cut, and is cut again when it hasn't. */
static enum slu_err rewrite_shard(struct rewrite *self)
{
    struct pair *pair = &self->pair;
    enum slu_err err = enter_shard(pair, slu_buf_view(&pair->db->shard.old));

    slu_shard_write_begin(&self->writer, pair->db);
    while (err == SLU_ERR_OK && (pair->has_old || pair->has_fresh)) {
        struct reader *reader;

        err = find_next(pair, &reader);
        if (err == SLU_ERR_OK) {
            err = write_record(self, reader);
        }
        if (err == SLU_ERR_OK) {
            err = step(pair, reader);
        }
    }
    return err == SLU_ERR_OK ? slu_writer_end(&self->writer) : err;
}

static enum slu_err rewrite_shards(struct rewrite *self)
{
    struct slu_db *db = self->pair.db;
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

/* What was gathered goes first: the shards take the space of its rows. */
static enum slu_err rewrite_all(struct rewrite *self)
{
    struct pair *pair = &self->pair;
    enum slu_err err = SLU_ERR_OK;

    pair->fresh.rest = slu_held_view(pair->db, SLU_RECORD_IP);
    pair->bound = &pair->db->shard.bound;
    if (pair->fresh.rest.len != 0) {
        err = slu_held_delete(pair->db);
    }
    if (err == SLU_ERR_OK) {
        err = read_fresh(pair);
    }
    return err == SLU_ERR_OK ? rewrite_shards(self) : err;
}

static enum slu_err run_transaction(struct rewrite *self)
{
    struct slu_db *db = self->pair.db;
    enum slu_err err = slu_db_begin(db);

    if (err == SLU_ERR_OK) {
        err = rewrite_all(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(db);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(db);
    } else if (db->held.gathered) {
        slu_held_free(db);
    }
    return err;
}

enum slu_err slu_db_rewrite(struct slu_db *self, slu_store_rewrite_fn on_record,
                            void *ctx)
{
    struct rewrite rewrite = {
        .pair = {.db = self}, .on_record = on_record, .ctx = ctx};
    enum slu_err err = slu_db_set_waiting(self, false);

    if (err == SLU_ERR_OK) {
        err = run_transaction(&rewrite);
    }
    if (slu_db_set_waiting(self, true) != SLU_ERR_OK) {
        rewrite.refused = false;
        err = self->error.code;
    }
    if (err != SLU_ERR_OK) {
        self->failed = !rewrite.refused;
    }
    return err;
}
