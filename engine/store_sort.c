/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting packed records by (kind, key). They are sent to buckets first, as
 * they are, by the kind and the first bits of the key: what lies in one bucket
 * is in the processor's cache then, unless very many keys begin alike. There it
 * is sorted by references, and written in order; those of one key are merged on
 * the way.
 *
 * All of it can be divided by two: either takes half of the bytes to where
 * their buckets are, then half of the buckets. Neither asks for memory.
 */
#include "engine/store_sort.h"

#include "engine/both.h"

/* Of a first word: the kind, and so many bits of the key. */
#define BUCKET_KEY_BITS 10
#define BUCKET_SHIFT (56 - BUCKET_KEY_BITS)
#define KIND_BUCKETS ((size_t)1 << BUCKET_KEY_BITS)
#define BUCKETS (SLU_RECORD_KIND_COUNT * KIND_BUCKETS)

#define PARTS 2

/* Records are copied in pieces of so many bytes: a call, or what a compiler
 * makes of lengths below 4,096, takes longer than most of them. */
#define COPY_BYTES 32

/* Two records of one key become one that may be longer than both together, by
 * two bytes at most, less the key's length: its head, that length, its time and
 * sources, seven bytes, are saved, and two differences of times grow, by five
 * and four. So much is there for all keys below two bytes; and what is copied
 * in whole pieces. */
#define SLACK ((size_t)SLU_RECORD_KIND_COUNT * (2 + 256) + COPY_BYTES)

/* ---- to buckets ---- */

struct bucket {
    uint32_t bytes; /* then: where the next record goes */
    uint32_t count;
};

/* What one of those at work does. */
struct part {
    struct sort *sort;
    size_t begin; /* of the bytes that it takes to their buckets */
    size_t end;
    struct bucket *buckets; /* what it takes there */
    size_t first;           /* of the buckets that it sorts */
    size_t last;            /* behind them */
    size_t out_at;          /* where what is sorted goes */
    size_t out_len;
    struct slu_sort_ref *refs; /* of the fullest bucket that it sorts */
    size_t ref_room;
    struct slu_buf merged;
    enum slu_err err;
};

struct sort {
    const struct slu_alloc *alloc;
    char *bytes;
    char *scratch;                       /* as many */
    uint32_t *starts;                    /* of the buckets in it, and its end */
    uint32_t *counts;                    /* of their records */
    size_t kinds[SLU_RECORD_KIND_COUNT]; /* as a chunk's; first of a part's */
    struct part parts[PARTS];
    size_t part_count;
};

static size_t pick_bucket(const struct slu_packed *packed)
{
    return (size_t)(slu_sort_word_packed(packed) >> BUCKET_SHIFT);
}

static struct slu_view view_part(const struct part *self)
{
    return slu_view_make(self->sort->bytes + self->begin,
                         self->end - self->begin);
}

static void count_part(void *ctx)
{
    struct part *self = ctx;
    struct slu_view rest = view_part(self);

    while (self->err == SLU_ERR_OK && rest.len != 0) {
        struct slu_packed record;

        self->err = slu_record_take(&rest, &record);
        if (self->err == SLU_ERR_OK) {
            struct bucket *bucket = &self->buckets[pick_bucket(&record)];

            bucket->bytes += (uint32_t)record.bytes.len;
            bucket->count++;
        }
    }
}

/* What was counted is there. */
static void scatter_part(void *ctx)
{
    struct part *self = ctx;
    struct slu_view rest = view_part(self);
    char *scratch = self->sort->scratch;

    while (self->err == SLU_ERR_OK && rest.len != 0) {
        struct slu_packed record;

        self->err = slu_record_take(&rest, &record);
        if (self->err == SLU_ERR_OK) {
            struct bucket *bucket = &self->buckets[pick_bucket(&record)];

            memcpy(scratch + bucket->bytes, record.bytes.ptr, record.bytes.len);
            bucket->bytes += (uint32_t)record.bytes.len;
        }
    }
}

/* Turns the bytes of each bucket into where its own begin: those of one part
 * behind those of the other. */
static void place_buckets(struct sort *self)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        uint32_t count = 0;

        self->starts[i] = sum;
        for (size_t k = 0; k < self->part_count; k++) {
            struct bucket *bucket = &self->parts[k].buckets[i];
            uint32_t bytes = bucket->bytes;

            count += bucket->count;
            bucket->bytes = sum;
            sum += bytes;
        }
        self->counts[i] = count;
    }
    self->starts[BUCKETS] = sum;
}

/* ---- a bucket ---- */

/* Merges what is behind the last one that was written with it. */
static enum slu_err merge_into_last(struct part *self, size_t last_at,
                                    struct slu_view bytes)
{
    char *at = self->sort->bytes + self->out_at + last_at;
    struct slu_view last = slu_view_make(at, self->out_len - last_at);
    struct slu_record merged;
    struct slu_record other;
    enum slu_err err;

    if (slu_view_equal(last, bytes)) {
        return SLU_ERR_OK;
    }
    err = slu_record_unpack(&last, &merged);
    if (err == SLU_ERR_OK) {
        err = slu_record_unpack(&bytes, &other);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_record_merge(&merged, &other);
    slu_buf_clear(&self->merged);
    err = slu_record_pack(&merged, &self->merged);
    if (err == SLU_ERR_OK) {
        memcpy(at, self->merged.ptr, self->merged.len);
        self->out_len = last_at + self->merged.len;
    }
    return err;
}

/* What is copied too much is written over, or lies in the room between. */
static void copy_record(char *to, const char *from, size_t len)
{
    for (size_t i = 0; i < len; i += COPY_BYTES) {
        memcpy(to + i, from + i, COPY_BYTES);
    }
}

static enum slu_err write_refs(struct part *self, size_t count)
{
    const char *scratch = self->sort->scratch;
    char *out = self->sort->bytes + self->out_at;
    size_t last_at = self->out_len;
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; err == SLU_ERR_OK && i < count; i++) {
        const struct slu_sort_ref *ref = &self->refs[i];
        const char *from = scratch + ref->offset;

        if (ref->is_same) {
            err = merge_into_last(self, last_at, slu_view_make(from, ref->len));
        } else {
            last_at = self->out_len;
            copy_record(out + last_at, from, ref->len);
            self->out_len += ref->len;
        }
    }
    return err;
}

static enum slu_err sort_bucket(struct part *self, size_t number)
{
    const uint32_t *starts = self->sort->starts;
    const char *scratch = self->sort->scratch;
    struct slu_view rest = slu_view_make(scratch + starts[number],
                                         starts[number + 1] - starts[number]);
    size_t count = 0;

    while (rest.len != 0) {
        struct slu_packed record;
        enum slu_err err = slu_record_take(&rest, &record);

        if (err != SLU_ERR_OK) {
            return err;
        }
        self->refs[count++] = slu_sort_make_ref(scratch, &record);
    }
    slu_sort_refs(self->refs, count, scratch);
    return write_refs(self, count);
}

static void sort_part(void *ctx)
{
    struct part *self = ctx;
    for (size_t i = self->first; self->err == SLU_ERR_OK && i < self->last;
         i++) {
        if (i % KIND_BUCKETS == 0) {
            self->sort->kinds[i / KIND_BUCKETS] = self->out_len;
        }
        self->err = sort_bucket(self, i);
    }
}

/* ---- the whole ---- */

static enum slu_err run_phase(struct sort *self, void (*phase)(void *ctx))
{
    struct part *parts = self->parts;

    if (self->part_count == PARTS) {
        slu_run_both(phase, &parts[0], &parts[1]);
    } else {
        phase(&parts[0]);
    }
    return parts[0].err != SLU_ERR_OK ? parts[0].err : parts[1].err;
}

/* Half of the bytes for each. What one writes begins SLACK behind the end of
 * what is before it, at least. */
static void share_buckets(struct sort *self)
{
    uint32_t enough = self->starts[BUCKETS] / (uint32_t)self->part_count;
    size_t middle = 0;

    while (middle < BUCKETS && self->starts[middle] < enough) {
        middle++;
    }
    self->parts[0].last = middle;
    self->parts[1].first = middle;
    self->parts[1].last = BUCKETS;
    self->parts[1].out_at = self->starts[middle] + SLACK;
}

static bool make_room(struct part *self)
{
    const struct sort *sort = self->sort;

    for (size_t i = self->first; i < self->last; i++) {
        self->ref_room =
            sort->counts[i] > self->ref_room ? sort->counts[i] : self->ref_room;
    }
    if (self->ref_room == 0) {
        return true;
    }
    self->refs =
        slu_alloc_get(sort->alloc, self->ref_room * sizeof(*self->refs));
    return self->refs != NULL;
}

/* What was written, one behind the other. */
static void join_parts(const struct sort *self, struct slu_chunk *chunk)
{
    const struct part *first = &self->parts[0];
    const struct part *second = &self->parts[1];

    if (second->out_len != 0) {
        memmove(self->bytes + first->out_len, self->bytes + second->out_at,
                second->out_len);
    }
    chunk->records.len = first->out_len + second->out_len;
    memset(chunk->ends, 0, sizeof(chunk->ends));
    slu_chunk_note_end(chunk, first->out_len);
    slu_chunk_note_end(chunk, chunk->records.len);
    for (size_t kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        chunk->kinds[kind] =
            self->kinds[kind] +
            (kind * KIND_BUCKETS < second->first ? 0 : first->out_len);
    }
}

static enum slu_err run(struct sort *self)
{
    enum slu_err err = run_phase(self, count_part);

    if (err == SLU_ERR_OK) {
        place_buckets(self);
        share_buckets(self);
        for (size_t i = 0; err == SLU_ERR_OK && i < self->part_count; i++) {
            err = make_room(&self->parts[i]) ? err : SLU_ERR_NOMEM;
        }
    }
    if (err == SLU_ERR_OK) {
        err = run_phase(self, scatter_part);
    }
    return err == SLU_ERR_OK ? run_phase(self, sort_part) : err;
}

/* Of the bytes, for what is written between and behind them. */
static enum slu_err take_room(struct sort *self, struct slu_db *db,
                              struct slu_buf *records)
{
    char *room;

    if (slu_buf_reserve(records, PARTS * SLACK, &room) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    slu_buf_clear(&db->piece);
    if (slu_buf_reserve(&db->piece, records->len + COPY_BYTES,
                        &self->scratch) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    self->bytes = records->ptr;
    self->starts =
        slu_alloc_get(self->alloc, (BUCKETS + 1) * sizeof(*self->starts));
    self->counts = slu_alloc_get(self->alloc, BUCKETS * sizeof(*self->counts));
    return self->starts != NULL && self->counts != NULL ? SLU_ERR_OK
                                                        : SLU_ERR_NOMEM;
}

static enum slu_err start_part(struct part *self, struct sort *sort,
                               size_t begin, size_t end)
{
    char *room;

    self->sort = sort;
    self->begin = begin;
    self->end = end;
    slu_buf_init(&self->merged, sort->alloc, 2 * SLU_RECORD_PACKED_MAX);
    self->buckets =
        slu_alloc_zero(sort->alloc, BUCKETS * sizeof(*self->buckets));
    /* Here, for neither thread asks for memory. */
    return self->buckets != NULL &&
                   slu_buf_reserve(&self->merged, SLU_RECORD_PACKED_MAX,
                                   &room) == SLU_ERR_OK
               ? SLU_ERR_OK
               : SLU_ERR_NOMEM;
}

static enum slu_err start(struct sort *self, struct slu_db *db,
                          struct slu_chunk *chunk, size_t middle)
{
    size_t len = chunk->records.len;
    enum slu_err err;

    self->alloc = db->alloc;
    self->part_count = middle == 0 ? 1 : PARTS;
    err = take_room(self, db, &chunk->records);
    if (err == SLU_ERR_OK) {
        err = start_part(&self->parts[0], self, 0, middle == 0 ? len : middle);
    }
    return err == SLU_ERR_OK && middle != 0
               ? start_part(&self->parts[1], self, middle, len)
               : err;
}

static void stop(struct sort *self)
{
    for (size_t i = 0; i < self->part_count; i++) {
        struct part *part = &self->parts[i];

        slu_alloc_put(self->alloc, part->buckets,
                      BUCKETS * sizeof(*part->buckets));
        slu_alloc_put(self->alloc, part->refs,
                      part->ref_room * sizeof(*part->refs));
        slu_buf_fini(&part->merged);
    }
    slu_alloc_put(self->alloc, self->starts,
                  (BUCKETS + 1) * sizeof(*self->starts));
    slu_alloc_put(self->alloc, self->counts, BUCKETS * sizeof(*self->counts));
}

enum slu_err slu_sort_records(struct slu_db *db, struct slu_chunk *chunk,
                              size_t middle)
{
    struct sort sort = {0};
    enum slu_err err;

    if (chunk->records.len == 0) {
        return SLU_ERR_OK;
    }
    err = start(&sort, db, chunk, middle);
    if (err == SLU_ERR_OK) {
        err = run(&sort);
    }
    if (err == SLU_ERR_OK) {
        join_parts(&sort, chunk);
    }
    stop(&sort);
    if (err == SLU_ERR_NOMEM) {
        return slu_db_no_memory(db);
    }
    return err == SLU_ERR_OK
               ? err
               : slu_db_damaged(db, "a pending row is not made of records");
}
