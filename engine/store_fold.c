/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold: pending records become part of the shards.
 *
 * A chunk is as many pending blobs as chunk_bytes hold, at least one. Its
 * records are sorted by reference and merged, shard by shard, with what is
 * there; a shard that nothing falls into isn't read. The blobs are deleted in
 * the transaction that writes the last shard. The transactions before it,
 * 64 MiB each, keep the WAL short: after a crash between them the chunk is
 * merged again, which changes nothing (see slu_record_merge).
 *
 * Cost: every chunk rewrites the shards that it touches, at random keys all of
 * them. So a chunk is a quarter of what is there: it costs at most about five
 * bytes written for each that came, and a small state costs little memory. The
 * cap of 16 MiB, 800,000 records, and 16 bytes more for each, is reached with
 * three million; above that the cost grows with the state.
 */
#include "engine/crash.h"
#include "engine/store_db.h"

#define FIRST_REFS 4096

/* ---- collecting a chunk ---- */

static enum slu_err grow_refs(struct slu_db *self)
{
    size_t capacity =
        self->ref_capacity == 0 ? FIRST_REFS : self->ref_capacity * 2;
    struct slu_sort_ref *refs = slu_alloc_resize(
        self->alloc, self->refs, self->ref_capacity * sizeof(*refs),
        capacity * sizeof(*refs));

    if (refs == NULL) {
        return slu_db_no_memory(self);
    }
    self->refs = refs;
    self->ref_capacity = capacity;
    return SLU_ERR_OK;
}

static enum slu_err add_ref(struct slu_db *self, struct slu_view *rest)
{
    const char *start = rest->ptr;
    struct slu_record record;
    struct slu_sort_ref *ref;

    if (slu_record_unpack(rest, &record) != SLU_ERR_OK) {
        return slu_db_damaged(self, "a pending row is not made of records");
    }
    if (self->ref_count == self->ref_capacity) {
        enum slu_err err = grow_refs(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    ref = &self->refs[self->ref_count++];
    ref->offset = (uint32_t)(start - self->raw.ptr);
    ref->key_at = (uint16_t)(record.key.ptr - start);
    ref->key_len = (uint16_t)record.key.len;
    ref->word = slu_sort_word(record.kind, record.key);
    return SLU_ERR_OK;
}

enum slu_err slu_db_make_refs(struct slu_db *self)
{
    struct slu_view rest = slu_buf_view(&self->raw);
    enum slu_err err = SLU_ERR_OK;

    self->ref_count = 0;
    while (err == SLU_ERR_OK && rest.len != 0) {
        err = add_ref(self, &rest);
    }
    return err;
}

/* Sets db->chunk_bytes by the size of the database, free pages left out. */
static enum slu_err measure_chunk(struct slu_db *self)
{
    size_t least = SLU_FOLD_SHARDS_MIN * self->shard_bytes;
    size_t most = SLU_FOLD_SHARDS_MAX * self->shard_bytes;
    int64_t size = 0;
    int64_t count = 0;
    int64_t spare = 0;
    size_t wanted;
    enum slu_err err = slu_db_number(self, SLU_DB_PAGE_SIZE, &size);

    if (err == SLU_ERR_OK) {
        err = slu_db_number(self, SLU_DB_PAGE_COUNT, &count);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_number(self, SLU_DB_PAGE_FREE, &spare);
    }
    wanted = (size_t)((count - spare) * size) / 4;
    self->chunk_bytes = wanted < least ? least : wanted > most ? most : wanted;
    return err;
}

void slu_db_free_chunk(struct slu_db *self)
{
    slu_buf_fini(&self->raw);
    slu_alloc_put(self->alloc, self->refs,
                  self->ref_capacity * sizeof(*self->refs));
    self->refs = NULL;
    self->ref_capacity = 0;
}

/* What a chunk consists of. */
struct chunk {
    int64_t last_id;
    uint64_t count; /* as the rows say: what was counted at their commit */
    bool any;
};

/* *out_taken: the row fitted in. */
static enum slu_err take_row(struct slu_db *self, struct chunk *chunk,
                             bool *out_taken)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_PENDING_LIST);
    struct slu_view records = slu_db_column(statement, 2);

    *out_taken =
        !chunk->any || self->raw.len + records.len <= self->chunk_bytes;
    if (!*out_taken) {
        return SLU_ERR_OK;
    }
    if (slu_buf_append(&self->raw, records) != SLU_ERR_OK) {
        return slu_db_no_memory(self);
    }
    chunk->any = true;
    chunk->last_id = sqlite3_column_int64(statement, 0);
    chunk->count += (uint64_t)sqlite3_column_int64(statement, 1);
    return SLU_ERR_OK;
}

static enum slu_err collect(struct slu_db *self, struct chunk *chunk)
{
    enum slu_err err;
    bool row;
    bool taken = true;

    slu_buf_clear(&self->raw);
    err = slu_db_step(self, SLU_DB_PENDING_LIST, &row);
    while (err == SLU_ERR_OK && row && taken) {
        err = take_row(self, chunk, &taken);
        if (err == SLU_ERR_OK && taken) {
            err = slu_db_step(self, SLU_DB_PENDING_LIST, &row);
        }
    }
    slu_db_reset(self, SLU_DB_PENDING_LIST);
    return err;
}

/* ---- merging it ---- */

/* One of the two inputs of a merge: its next record. */
struct input {
    struct slu_record record;
    struct slu_view packed; /* the record's own bytes */
    bool present;
};

struct merge {
    struct slu_db *db;
    struct slu_view old_rest;
    size_t next_ref;
    size_t end_ref; /* of those that fall into this shard */
    struct input old;
    struct input new;
    struct slu_shard_writer writer;
};

static struct slu_view view_ref(const struct slu_db *self, size_t index)
{
    size_t offset = self->refs[index].offset;

    return slu_view_make(self->raw.ptr + offset, self->raw.len - offset);
}

static enum slu_err load_input(struct slu_db *db, struct slu_view *rest,
                               struct input *out)
{
    out->packed = *rest;
    if (slu_record_unpack(rest, &out->record) != SLU_ERR_OK) {
        return slu_db_damaged(db, "a shard holds what is not a record");
    }
    out->packed.len -= rest->len;
    out->present = true;
    return SLU_ERR_OK;
}

static enum slu_err next_old(struct merge *self)
{
    self->old.present = false;
    return self->old_rest.len == 0
               ? SLU_ERR_OK
               : load_input(self->db, &self->old_rest, &self->old);
}

static enum slu_err next_new(struct merge *self)
{
    struct slu_view rest;

    self->new.present = false;
    if (self->next_ref == self->end_ref) {
        return SLU_ERR_OK;
    }
    rest = view_ref(self->db, self->next_ref++);
    return load_input(self->db, &rest, &self->new);
}

/* Writes `first`, merged with all new records that have its key. */
static enum slu_err write_merged(struct merge *self, const struct input *first)
{
    struct input merged = *first;
    bool changed = false;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && self->new.present &&slu_record_compare(
                                    &merged.record, &self->new.record) == 0) {
        slu_record_merge(&merged.record, &self->new.record);
        changed = true;
        err = next_new(self);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return slu_shard_write(&self->writer, &merged.record,
                           changed ? NULL : &merged.packed);
}

static enum slu_err merge_step(struct merge *self)
{
    int order = 0;
    struct input first;
    enum slu_err err;

    if (self->old.present && self->new.present) {
        order = slu_record_compare(&self->old.record, &self->new.record);
    } else {
        order = self->old.present ? -1 : 1;
    }
    if (order < 0) {
        err = slu_shard_write(&self->writer, &self->old.record,
                              &self->old.packed);
        return err == SLU_ERR_OK ? next_old(self) : err;
    }
    first = order == 0 ? self->old : self->new;
    err = order == 0 ? next_old(self) : next_new(self);
    return err == SLU_ERR_OK ? write_merged(self, &first) : err;
}

static enum slu_err merge_shard(struct merge *self)
{
    struct slu_db *db = self->db;
    size_t average = db->raw.len / db->ref_count + 1;
    enum slu_err err;

    self->old_rest = slu_buf_view(&db->shard.old);
    slu_shard_write_begin(&self->writer, db,
                          db->shard.old.len +
                              (self->end_ref - self->next_ref) * average);
    err = next_old(self);
    if (err == SLU_ERR_OK) {
        err = next_new(self);
    }
    while (err == SLU_ERR_OK && (self->old.present || self->new.present)) {
        err = merge_step(self);
    }
    return err == SLU_ERR_OK ? slu_shard_write_end(&self->writer) : err;
}

/* ---- which records fall into which shard ---- */

/* The order of a record of the chunk and a low. */
static int compare_ref(const struct slu_db *self, size_t index,
                       const struct slu_low *low)
{
    const struct slu_sort_ref *ref = &self->refs[index];
    const char *record = self->raw.ptr + ref->offset;
    int kind = record[0] & 3;
    size_t low_len = low->len - 1;
    size_t len = ref->key_len < low_len ? ref->key_len : low_len;
    int order;

    if (kind != low->bytes[0]) {
        return kind - low->bytes[0];
    }
    order = memcmp(record + ref->key_at, low->bytes + 1, len);
    return order != 0 ? order : (int)ref->key_len - (int)low_len;
}

/* The first of refs[from, count) that is not below the bound: doubling steps,
 * then halving ones, for a shard mostly takes few of many. */
static size_t find_bound(const struct slu_db *self, size_t from,
                         const struct slu_low *bound)
{
    size_t step = 1;
    size_t low = from;
    size_t high = self->ref_count;

    if (bound->len == 0) {
        return high;
    }
    while (low + step < high && compare_ref(self, low + step, bound) < 0) {
        low += step;
        step *= 2;
    }
    if (low + step < high) {
        high = low + step;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_ref(self, middle, bound) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum slu_err load_shard_of(struct slu_db *self, size_t index)
{
    struct slu_view rest = view_ref(self, index);
    struct slu_record record;
    struct slu_low low;

    if (slu_record_unpack(&rest, &record) != SLU_ERR_OK) {
        return slu_db_damaged(self, "a pending row is not made of records");
    }
    slu_low_make(&low, record.kind, record.key);
    return slu_shard_load(self, &low);
}

/* Ends the transaction and begins another when it has become large. */
static enum slu_err renew_transaction(struct slu_db *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->written >= SLU_FOLD_WRITE_SHARDS * self->shard_bytes) {
        err = slu_db_commit(self);
        if (err == SLU_ERR_OK) {
            err = slu_db_begin(self);
        }
    }
    return err;
}

static enum slu_err merge_refs(struct slu_db *self)
{
    struct merge merge = {.db = self};
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && merge.next_ref < self->ref_count) {
        err = load_shard_of(self, merge.next_ref);
        if (err == SLU_ERR_OK) {
            merge.end_ref =
                find_bound(self, merge.next_ref, &self->shard.bound);
            err = merge_shard(&merge);
        }
        if (err == SLU_ERR_OK) {
            err = renew_transaction(self);
        }
    }
    return err;
}

static enum slu_err delete_pending(struct slu_db *self, int64_t last_id)
{
    (void)sqlite3_bind_int64(slu_db_statement(self, SLU_DB_PENDING_DELETE), 1,
                             last_id);
    return slu_db_run(self, SLU_DB_PENDING_DELETE);
}

static enum slu_err merge_chunk(struct slu_db *self, const struct chunk *chunk)
{
    enum slu_err err = slu_db_begin(self);

    if (err == SLU_ERR_OK) {
        err = merge_refs(self);
    }
    if (err == SLU_ERR_OK) {
        err = delete_pending(self, chunk->last_id);
        slu_crash_point("store: pending deleted");
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
    }
    return err;
}

enum slu_err slu_db_fold_chunk(struct slu_db *self, bool *out_more)
{
    struct chunk chunk = {0};
    enum slu_err err = measure_chunk(self);

    if (err == SLU_ERR_OK) {
        err = collect(self, &chunk);
    }
    *out_more = chunk.any;
    if (err == SLU_ERR_OK && chunk.any) {
        err = slu_db_make_refs(self);
        if (err == SLU_ERR_OK) {
            slu_sort_refs(self->refs, self->ref_count,
                          slu_buf_view(&self->raw));
            err = merge_chunk(self, &chunk);
        }
    }
    if (!chunk.any) {
        slu_db_free_chunk(self);
    }
    if (err != SLU_ERR_OK) {
        self->failed = true;
    } else if (!chunk.any || chunk.count > self->pending) {
        self->pending = 0;
    } else {
        self->pending -= chunk.count;
    }
    return err;
}
