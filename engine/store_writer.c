/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of records: what a row of shards or of blocks is made of.
 *
 * A piece is not put when it is full but when another one is: so the last two
 * can be made one, or be cut well, and a shard that grows by a few records is
 * not split into a big and a tiny one.
 *
 * Records that are handed on as they lie in the old shard are copied in runs;
 * most of a shard that little falls into is two or three of them.
 */
#include "engine/store_records.h"

void slu_writer_begin(struct slu_writer *self, struct slu_db *db)
{
    self->db = db;
    self->count = 0;
    self->run.len = 0;
    self->cut = 0;
    self->replaced = false;
    slu_buf_clear(&db->piece);
}

static enum slu_err append(struct slu_writer *self, struct slu_view bytes)
{
    struct slu_buf *piece = &self->db->piece;

    if (bytes.len > piece->capacity - piece->len) {
        return slu_buf_append(piece, bytes) == SLU_ERR_OK
                   ? SLU_ERR_OK
                   : slu_db_no_memory(self->db);
    }
    memcpy(piece->ptr + piece->len, bytes.ptr, bytes.len);
    piece->len += bytes.len;
    return SLU_ERR_OK;
}

static enum slu_err flush_run(struct slu_writer *self)
{
    struct slu_view run = self->run;

    self->run.len = 0;
    return run.len == 0 ? SLU_ERR_OK : append(self, run);
}

static size_t measure(const struct slu_writer *self)
{
    return self->db->piece.len + self->run.len;
}

/* ---- cutting ---- */

/* Puts what is before the cut. */
static enum slu_err put_first(struct slu_writer *self)
{
    struct slu_buf *piece = &self->db->piece;
    uint64_t count = self->count;
    size_t cut = self->cut;
    enum slu_err err = flush_run(self);

    if (err != SLU_ERR_OK) {
        return err;
    }
    self->count = self->cut_count;
    err = self->put(self, slu_view_make(piece->ptr, cut));
    memmove(piece->ptr, piece->ptr + cut, piece->len - cut);
    piece->len -= cut;
    self->count = count - self->cut_count;
    self->low = self->cut_low;
    self->cut = 0;
    return err;
}

/* Before a record of another key than the last one's. */
static enum slu_err make_room(struct slu_writer *self,
                              const struct slu_packed *packed)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->count == 0) {
        slu_low_make(&self->low, packed->kind, packed->key);
        return err;
    }
    if (self->cut != 0 && measure(self) >= 2 * self->fill) {
        err = put_first(self);
    }
    if (self->cut == 0 && measure(self) >= self->fill) {
        self->cut = measure(self);
        self->cut_count = self->count;
        slu_low_make(&self->cut_low, packed->kind, packed->key);
    }
    return err;
}

/* ---- records of one key ---- */

static struct slu_view view_last(const struct slu_writer *self)
{
    const struct slu_buf *piece = &self->db->piece;
    const char *end = self->run.len != 0 ? self->run.ptr + self->run.len
                                         : piece->ptr + piece->len;

    return slu_view_make(end - self->len, self->len);
}

bool slu_writer_has(const struct slu_writer *self,
                    const struct slu_packed *packed, uint64_t word)
{
    struct slu_view last;

    if (self->count == 0 || word != self->word) {
        return false;
    }
    if (slu_sort_ends_in(word)) {
        return true;
    }
    last = view_last(self);
    return slu_view_equal(slu_view_make(last.ptr + self->key_at, self->key_len),
                          packed->key);
}

static enum slu_err unpack(struct slu_writer *self, struct slu_view bytes,
                           struct slu_record *out_record)
{
    return slu_record_unpack(&bytes, out_record) == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_db_damaged(self->db, "a row is not made of records");
}

static enum slu_err pack(struct slu_writer *self,
                         const struct slu_record *record)
{
    struct slu_buf *piece = &self->db->piece;
    size_t start = piece->len;
    enum slu_err err = slu_record_pack(record, piece);

    if (err == SLU_ERR_USAGE) {
        return slu_error_set(&self->db->error, SLU_ERR_USAGE,
                             "a record with a value out of range");
    }
    if (err != SLU_ERR_OK) {
        return slu_db_no_memory(self->db);
    }
    self->len = piece->len - start;
    return SLU_ERR_OK;
}

/* What was packed elsewhere may have had its key elsewhere. */
static enum slu_err note_key(struct slu_writer *self)
{
    struct slu_view bytes = view_last(self);
    struct slu_packed packed;

    if (slu_record_take(&bytes, &packed) != SLU_ERR_OK) {
        return slu_db_damaged(self->db, "a row is not made of records");
    }
    self->key_len = packed.key.len;
    self->key_at = (size_t)(packed.key.ptr - packed.bytes.ptr);
    return SLU_ERR_OK;
}

/* A replay is byte for byte what was there. */
static enum slu_err merge_into_last(struct slu_writer *self,
                                    const struct slu_packed *packed)
{
    struct slu_view last = view_last(self);
    struct slu_record merged;
    struct slu_record other;
    enum slu_err err;

    if (slu_view_equal(last, packed->bytes)) {
        return SLU_ERR_OK;
    }
    err = unpack(self, last, &merged);
    if (err == SLU_ERR_OK) {
        err = unpack(self, packed->bytes, &other);
    }
    if (err == SLU_ERR_OK) {
        err = flush_run(self);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_record_merge(&merged, &other);
    merged.key = other.key; /* its own is where the new bytes go */
    self->db->piece.len -= self->len;
    err = pack(self, &merged);
    return err == SLU_ERR_OK ? note_key(self) : err;
}

/* ---- adding ---- */

static enum slu_err take_bytes(struct slu_writer *self, struct slu_view bytes,
                               bool lasting)
{
    enum slu_err err = SLU_ERR_OK;

    if (lasting && self->run.len != 0 &&
        self->run.ptr + self->run.len == bytes.ptr) {
        self->run.len += bytes.len;
        return SLU_ERR_OK;
    }
    if (self->run.len != 0) {
        err = flush_run(self);
    }
    if (err != SLU_ERR_OK || !lasting) {
        return err == SLU_ERR_OK ? append(self, bytes) : err;
    }
    self->run = bytes;
    return SLU_ERR_OK;
}

static enum slu_err add_other(struct slu_writer *self,
                              const struct slu_packed *packed, bool lasting)
{
    enum slu_err err = make_room(self, packed);

    if (err == SLU_ERR_OK) {
        err = take_bytes(self, packed->bytes, lasting);
    }
    self->count++;
    self->word = SLU_MERGE_END;
    return err;
}

enum slu_err slu_writer_add(struct slu_writer *self,
                            const struct slu_packed *packed, uint64_t word,
                            bool lasting)
{
    enum slu_err err;

    if (slu_writer_has(self, packed, word)) {
        return merge_into_last(self, packed);
    }
    err = add_other(self, packed, lasting);
    self->word = word;
    self->len = packed->bytes.len;
    self->key_len = packed->key.len;
    self->key_at = (size_t)(packed->key.ptr - packed->bytes.ptr);
    return err;
}

enum slu_err slu_writer_keep(struct slu_writer *self,
                             const struct slu_packed *packed)
{
    return add_other(self, packed, true);
}

enum slu_err slu_writer_add_record(struct slu_writer *self,
                                   const struct slu_record *record)
{
    const struct slu_packed packed = {.kind = record->kind, .key = record->key};
    enum slu_err err = make_room(self, &packed);

    if (err == SLU_ERR_OK) {
        err = flush_run(self);
    }
    if (err == SLU_ERR_OK) {
        err = pack(self, record);
    }
    self->count++;
    self->word = SLU_MERGE_END;
    return err;
}

enum slu_err slu_writer_end(struct slu_writer *self)
{
    enum slu_err err = flush_run(self);

    if (err == SLU_ERR_OK && self->cut != 0 &&
        self->db->piece.len > self->whole) {
        err = put_first(self);
    }
    if (err == SLU_ERR_OK) {
        err = self->put(self, slu_buf_view(&self->db->piece));
    }
    return err;
}
