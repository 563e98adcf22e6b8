/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pending, held in memory as sorted runs: so that what is little need
 * not be written as a layer, and into shards, before anybody has looked at it.
 *
 * The rows of pending stay until what they hold is written elsewhere, so the
 * runs may be forgotten at any time. They hold every row that counts up to
 * last_id; a row that was staged begins to count when others behind it are
 * held: then they are forgotten, and until the next fold chunks become layers
 * at once, for such an answer seldom comes alone.
 *
 * Gathered, the runs are merged once, into nothing but the order of their
 * records: a byte each, which run has the next one, and whether its key is that
 * of the one before. A scan and a rewrite follow it, without a comparison.
 */
#include "engine/store_merge.h"

/* ---- runs ---- */

bool slu_held_fits(const struct slu_db *db)
{
    const struct slu_held *self = &db->held;

    return self->bytes + db->raw.len <= db->hold_bytes;
}

bool slu_held_wants(const struct slu_db *db)
{
    return !db->held.off && db->layer_count == 0 &&
           db->held.count < SLU_HELD_RUNS && slu_held_fits(db);
}

/* Those that were counted in db->pending have left it. */
static void add_run(struct slu_db *db, const struct slu_chunk *chunk)
{
    struct slu_held *self = &db->held;

    self->runs[self->count++] = db->raw;
    self->bytes += db->raw.len;
    self->records += chunk->count;
    self->last_id = chunk->last_id;
    self->gathered = false;
    slu_buf_init(&db->raw, db->alloc, SLU_BLOB_MAX);
}

enum slu_err slu_held_take(struct slu_db *db, const struct slu_chunk *chunk)
{
    enum slu_err err = slu_chunk_sort(db, SIZE_MAX, NULL);

    if (err == SLU_ERR_OK) {
        add_run(db, chunk);
        slu_chunk_settle(db, chunk);
    }
    return err;
}

void slu_held_free(struct slu_db *db)
{
    struct slu_held *self = &db->held;

    for (size_t i = 0; i < self->count; i++) {
        slu_buf_fini(&self->runs[i]);
    }
    slu_buf_fini(&self->order);
    memset(self, 0, sizeof(*self));
    slu_buf_init(&self->order, db->alloc, SLU_BLOB_MAX);
}

void slu_held_forget(struct slu_db *db)
{
    db->pending += db->held.records;
    slu_held_free(db);
    db->held.off = true;
}

/* ---- all of them as one ---- */

enum slu_err slu_held_add_to(struct slu_db *db, struct slu_merge *merge)
{
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; err == SLU_ERR_OK && i < db->held.count; i++) {
        err = slu_merge_add_bytes(merge, slu_buf_view(&db->held.runs[i]), NULL);
    }
    return err;
}

static enum slu_err write_all(struct slu_merge *merge,
                              struct slu_writer *writer)
{
    enum slu_err err = SLU_ERR_OK;

    slu_merge_start(merge);
    while (err == SLU_ERR_OK && slu_merge_word(merge) != SLU_MERGE_END) {
        err = slu_writer_add(writer, slu_merge_head(merge),
                             slu_merge_word(merge), false);
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(merge);
        }
    }
    return err;
}

enum slu_err slu_held_write(struct slu_db *db, struct slu_writer *writer)
{
    struct slu_merge merge;
    enum slu_err err = slu_merge_init(&merge, db, db->held.count);

    if (err == SLU_ERR_OK) {
        err = slu_held_add_to(db, &merge);
    }
    if (err == SLU_ERR_OK) {
        err = write_all(&merge, writer);
    }
    slu_merge_fini(&merge);
    return err;
}

/* ---- gathered ---- */

#define SAME_KEY 0x80u
#define AHEAD_BYTES 256

_Static_assert(SLU_HELD_RUNS < SAME_KEY, "a byte names a run, and one bit");

/* The kinds up to this one begin at what is next. */
static void note_places(struct slu_db *db, const struct slu_merge *merge,
                        unsigned *next_kind, unsigned kind)
{
    struct slu_held *self = &db->held;

    for (; *next_kind <= kind; ++*next_kind) {
        struct slu_held_place *place = &self->places[*next_kind];

        place->order = self->order.len;
        for (size_t i = 0; i < self->count; i++) {
            const struct slu_source *source = &merge->sources[i];

            place->runs[i] = self->runs[i].len - source->rest.len;
            if (merge->words[i] != SLU_MERGE_END) {
                place->runs[i] -= source->packed.bytes.len;
            }
        }
    }
}

static enum slu_err note_next(struct slu_db *db, unsigned char next)
{
    struct slu_buf *order = &db->held.order;

    if (order->len == order->capacity && slu_buf_grow(order, 1) != SLU_ERR_OK) {
        return slu_db_no_memory(db);
    }
    order->ptr[order->len++] = (char)next;
    return SLU_ERR_OK;
}

static enum slu_err note_order(struct slu_db *db, struct slu_merge *merge)
{
    struct slu_packed last;
    uint64_t last_word = SLU_MERGE_END;
    unsigned kind = 0;
    uint64_t word;
    enum slu_err err = SLU_ERR_OK;

    slu_merge_start(merge);
    while (err == SLU_ERR_OK &&
           (word = slu_merge_word(merge)) != SLU_MERGE_END) {
        const struct slu_packed *head = slu_merge_head(merge);
        bool same = word == last_word &&
                    slu_sort_compare(head, word, &last, last_word) == 0;

        if (head->kind >= kind) {
            note_places(db, merge, &kind, head->kind);
        }
        last = *head;
        last_word = word;
        err = note_next(
            db, (unsigned char)(merge->losers[0] | (same ? SAME_KEY : 0)));
        if (err == SLU_ERR_OK) {
            err = slu_merge_next(merge);
        }
    }
    note_places(db, merge, &kind, SLU_RECORD_KIND_COUNT - 1);
    return err;
}

static enum slu_err find_order(struct slu_db *db)
{
    struct slu_merge merge;
    enum slu_err err = slu_merge_init(&merge, db, db->held.count);

    slu_buf_clear(&db->held.order);
    if (err == SLU_ERR_OK) {
        err = slu_held_add_to(db, &merge);
    }
    if (err == SLU_ERR_OK) {
        err = note_order(db, &merge);
    }
    slu_merge_fini(&merge);
    return err;
}

enum slu_err slu_held_gather(struct slu_db *db, const struct slu_chunk *chunk)
{
    enum slu_err err = SLU_ERR_OK;

    if (chunk->any) {
        err = slu_held_take(db, chunk);
    }
    if (err == SLU_ERR_OK && db->held.count != 0) {
        err = find_order(db);
        db->held.gathered = err == SLU_ERR_OK;
    }
    return err;
}

void slu_held_read_begin(struct slu_held_reader *self, struct slu_db *db,
                         enum slu_record_kind kind)
{
    const struct slu_held *held = &db->held;
    const struct slu_held_place *place = &held->places[kind];

    self->db = db;
    self->left = 0;
    if (!held->gathered) {
        return;
    }
    self->order = (const unsigned char *)held->order.ptr + place->order;
    self->left = held->order.len - place->order;
    for (size_t i = 0; i < held->count; i++) {
        struct slu_view run = slu_buf_view(&held->runs[i]);

        self->rests[i] =
            slu_view_make(run.ptr + place->runs[i], run.len - place->runs[i]);
    }
}

static enum slu_err unpack_next(struct slu_held_reader *self,
                                struct slu_record *out_record)
{
    struct slu_view *rest = &self->rests[*self->order & ~SAME_KEY];

    __builtin_prefetch(rest->ptr + AHEAD_BYTES);
    self->order++;
    self->left--;
    return slu_record_unpack(rest, out_record) == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_db_damaged(self->db, "a run is not made of records");
}

enum slu_err slu_held_read(struct slu_held_reader *self,
                           struct slu_record *out_record,
                           struct slu_view *out_bytes)
{
    struct slu_view *rest = &self->rests[*self->order & ~SAME_KEY];
    enum slu_err err;

    *out_bytes = *rest;
    err = unpack_next(self, out_record);
    out_bytes->len -= rest->len;
    while (err == SLU_ERR_OK && self->left != 0 &&
           (*self->order & SAME_KEY) != 0) {
        struct slu_record other;

        err = unpack_next(self, &other);
        if (err == SLU_ERR_OK) {
            slu_record_merge(out_record, &other);
            out_bytes->len = 0;
        }
    }
    return err;
}

enum slu_err slu_held_delete(struct slu_db *db)
{
    const struct slu_chunk held = {.last_id = db->held.last_id};

    return slu_chunk_delete(db, &held);
}
