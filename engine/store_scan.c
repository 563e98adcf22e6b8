/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going over all records in the order of their keys: to read them (scan), and
 * to change or delete some (rewrite). What was gathered (store_held.c) is
 * merged with the shards on the way, and the rewrite makes it part of them.
 */
#include "engine/store_records.h"

/* What is stored and what was gathered, as one. */
struct pair {
    struct slu_db *db;
    const struct slu_low *bound; /* of what is next; a shard's, as a rule */
    struct next {
        struct slu_record record;
        struct slu_view bytes; /* its own; none: it was merged */
        bool any;              /* there is one, below the bound */
    } old, fresh;
    struct slu_view shard; /* behind `old` */
    struct slu_view held;  /* behind `fresh` */
    bool held_any;         /* in `fresh`, whatever the bound */
};

static enum slu_err unpack(struct pair *self, struct slu_view *from,
                           struct next *out_next)
{
    out_next->bytes = *from;
    if (slu_record_unpack(from, &out_next->record) != SLU_ERR_OK) {
        return slu_db_damaged(self->db, "a shard holds what is not a record");
    }
    out_next->bytes.len -= from->len;
    return SLU_ERR_OK;
}

static enum slu_err read_old(struct pair *self)
{
    self->old.any = self->shard.len != 0;
    return self->old.any ? unpack(self, &self->shard, &self->old) : SLU_ERR_OK;
}

static void check_bound(struct pair *self)
{
    self->fresh.any =
        self->held_any &&
        (self->bound->len == 0 ||
         slu_low_compare_record(&self->fresh.record, self->bound) < 0);
}

static enum slu_err read_fresh(struct pair *self)
{
    enum slu_err err = SLU_ERR_OK;

    self->held_any = self->held.len != 0;
    if (self->held_any) {
        err = unpack(self, &self->held, &self->fresh);
    }
    check_bound(self);
    return err;
}

static enum slu_err begin(struct pair *self, enum slu_record_kind kind)
{
    self->held = slu_held_view(self->db, kind);
    return read_fresh(self);
}

static enum slu_err enter_shard(struct pair *self, struct slu_view packed)
{
    self->shard = packed;
    check_bound(self);
    return read_old(self);
}

/* Which of the two is next; what has its key in the other is merged with it
 * before. There is one at least. */
static enum slu_err find_next(struct pair *self, struct next **out_next)
{
    int order = self->old.any - self->fresh.any;

    if (order == 0) {
        order = slu_record_compare(&self->fresh.record, &self->old.record);
    }
    *out_next = order < 0 ? &self->fresh : &self->old;
    if (order != 0) {
        return SLU_ERR_OK;
    }
    slu_record_merge(&self->old.record, &self->fresh.record);
    self->old.bytes.len = 0;
    return read_fresh(self);
}

static enum slu_err step(struct pair *self, const struct next *next)
{
    return next == &self->fresh ? read_fresh(self) : read_old(self);
}

/* ---- scan ---- */

struct scan {
    struct pair pair;
    slu_store_record_fn on_record;
    void *ctx;
};

static enum slu_err scan_next(struct scan *self)
{
    struct next *next;
    enum slu_err err = find_next(&self->pair, &next);

    if (err == SLU_ERR_OK) {
        err = self->on_record(self->ctx, &next->record);
    }
    return err == SLU_ERR_OK ? step(&self->pair, next) : err;
}

/* A shard, and what comes between its records. */
static enum slu_err scan_shard(struct scan *self, struct slu_view packed)
{
    enum slu_err err = enter_shard(&self->pair, packed);

    while (err == SLU_ERR_OK && self->pair.old.any) {
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

enum slu_err slu_db_scan(struct slu_db *self, enum slu_record_kind kind,
                         slu_store_record_fn on_record, void *ctx)
{
    const struct slu_low from = {1, {(char)kind}};
    const struct slu_low to = {1, {(char)(kind + 1)}};
    struct scan scan = {
        .pair = {.db = self, .bound = &to}, .on_record = on_record, .ctx = ctx};
    enum slu_err err = begin(&scan.pair, kind);

    if (err == SLU_ERR_OK) {
        err = scan_shards(&scan, slu_low_view(&from), slu_low_view(&to));
    }
    while (err == SLU_ERR_OK && scan.pair.fresh.any) {
        err = scan_next(&scan);
    }
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

static enum slu_err write_record(struct rewrite *self, struct next *next)
{
    const struct slu_packed packed = {.kind = next->record.kind,
                                      .key = next->record.key,
                                      .bytes = next->bytes};
    enum slu_store_change change = SLU_STORE_KEEP;
    enum slu_err err = self->on_record(self->ctx, &next->record, &change);

    if (err != SLU_ERR_OK) {
        self->refused = true;
        return err;
    }
    if (change == SLU_STORE_DELETE) {
        return SLU_ERR_OK;
    }
    return change == SLU_STORE_KEEP && packed.bytes.len != 0
               ? slu_writer_keep(&self->writer, &packed)
               : slu_writer_add_record(&self->writer, &next->record);
}

/* An update adds a place, six bytes; a shard has room for those of all its
 * records once it was cut, and is cut again when it hasn't. */
static enum slu_err rewrite_shard(struct rewrite *self)
{
    struct pair *pair = &self->pair;
    enum slu_err err = enter_shard(pair, slu_buf_view(&pair->db->shard.old));

    slu_shard_write_begin(&self->writer, pair->db);
    while (err == SLU_ERR_OK && (pair->old.any || pair->fresh.any)) {
        struct next *next;

        err = find_next(pair, &next);
        if (err == SLU_ERR_OK) {
            err = write_record(self, next);
        }
        if (err == SLU_ERR_OK) {
            err = step(pair, next);
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

    pair->bound = &pair->db->shard.bound;
    if (pair->db->gathered) {
        err = slu_chunk_delete(pair->db, &pair->db->held);
    }
    if (err == SLU_ERR_OK) {
        err = begin(pair, SLU_RECORD_IP);
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
    } else if (db->gathered) {
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
