/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/answer.h"

#define KEY_MAX 240
#define VALUE_MAX 8192
#define BATCH 256 /* records looked up together */

void slu_answer_init(struct slu_answer *self, const struct slu_alloc *alloc,
                     struct slu_store *store)
{
    *self = (struct slu_answer){.store = store};
    /* One record more than a chunk, since a chunk is staged once it is full. */
    slu_buf_init(&self->records, alloc,
                 SLU_ANSWER_CHUNK_BYTES + SLU_RECORD_PACKED_MAX);
    slu_buf_init(&self->lengths, alloc, SLU_ANSWER_CHUNK_BYTES);
    slu_buf_init(&self->entries, alloc, SLU_ANSWER_ENTRIES_BYTES);
}

void slu_answer_fini(struct slu_answer *self)
{
    slu_buf_fini(&self->records);
    slu_buf_fini(&self->lengths);
    slu_buf_fini(&self->entries);
}

static void clear_records(struct slu_answer *self)
{
    slu_buf_clear(&self->records);
    slu_buf_clear(&self->lengths);
    self->count = 0;
}

static void clear(struct slu_answer *self)
{
    clear_records(self);
    slu_buf_clear(&self->entries);
    self->counts = (struct slu_answer_counts){0};
    self->staged = false;
    self->id = 0;
}

void slu_answer_begin(struct slu_answer *self)
{
    clear(self);
    self->id = slu_store_answer_id(self->store);
}

static enum slu_err stage(struct slu_answer *self)
{
    enum slu_stage before = slu_profile_enter(self->profile, SLU_STAGE_COMMIT);
    enum slu_err err = slu_store_stage(
        self->store, self->id, slu_buf_view(&self->records), self->count);

    slu_profile_leave(self->profile, before);
    self->staged = true;
    clear_records(self);
    return err;
}

enum slu_err slu_answer_add(struct slu_answer *self,
                            const struct slu_record *record)
{
    size_t before = self->records.len;
    char *room;
    enum slu_err err = slu_buf_reserve(&self->lengths, sizeof(uint16_t), &room);
    uint16_t len;

    if (err == SLU_ERR_OK) {
        err = slu_record_pack(record, &self->records);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    len = (uint16_t)(self->records.len - before);
    memcpy(room, &len, sizeof(len));
    slu_buf_commit(&self->lengths, sizeof(len));
    self->count++;
    if (self->records.len < SLU_ANSWER_CHUNK_BYTES) {
        return SLU_ERR_OK;
    }
    return stage(self);
}

static void write_u16(char *out, size_t value)
{
    out[0] = (char)(value & 0xff);
    out[1] = (char)(value >> 8);
}

enum slu_err slu_answer_put(struct slu_answer *self, const char *prefix,
                            struct slu_view key, struct slu_view value)
{
    size_t prefix_len = strlen(prefix);
    size_t len = 4 + prefix_len + key.len + value.len;
    char *room;
    enum slu_err err;

    if (prefix_len + key.len > KEY_MAX || value.len > VALUE_MAX) {
        return SLU_ERR_LIMIT;
    }
    err = slu_buf_reserve(&self->entries, len, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    write_u16(room, prefix_len + key.len);
    write_u16(room + 2, value.len);
    memcpy(room + 4, prefix, prefix_len);
    memcpy(room + 4 + prefix_len, key.ptr, key.len);
    if (value.len > 0) {
        memcpy(room + 4 + prefix_len + key.len, value.ptr, value.len);
    }
    slu_buf_commit(&self->entries, len);
    return SLU_ERR_OK;
}

/* The next records behind `at`, whose lengths begin at `lengths`; returns their
 * end. */
static const char *cut_records(const char *at, const char *lengths,
                               size_t count, struct slu_view *out_records)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t len;

        memcpy(&len, lengths + i * sizeof(len), sizeof(len));
        out_records[i] = slu_view_make(at, len);
        at += len;
    }
    return at;
}

/* Moves what isn't known to `out`; returns its end. */
static char *keep_new(const struct slu_view *records, const bool *known,
                      size_t count, char *out)
{
    for (size_t i = 0; i < count; i++) {
        if (known[i]) {
            continue;
        }
        if (out != records[i].ptr) {
            memmove(out, records[i].ptr, records[i].len);
        }
        out += records[i].len;
    }
    return out;
}

/* Compacts the records in place: a packed record is its own fingerprint's
 * input, so only a repeat in every field is dropped. */
static void drop_repeats(struct slu_answer *self, struct slu_fingerprints *seen)
{
    const char *at = self->records.ptr;
    char *out = self->records.ptr;
    uint64_t repeats = 0;

    for (uint64_t i = 0; i < self->count; i += BATCH) {
        uint64_t left = self->count - i;
        size_t count = left < BATCH ? left : BATCH;
        struct slu_view records[BATCH];
        bool known[BATCH];

        at = cut_records(at, self->lengths.ptr + i * sizeof(uint16_t), count,
                         records);
        repeats += slu_fingerprints_add_all(seen, records, count, known);
        out = keep_new(records, known, count, out);
    }
    self->counts.duplicates += repeats;
    self->count -= repeats;
    self->records.len = (size_t)(out - self->records.ptr);
    slu_buf_clear(&self->lengths);
}

enum slu_err slu_answer_commit(struct slu_answer *self,
                               struct slu_fingerprints *seen)
{
    enum slu_stage before = slu_profile_enter(self->profile, SLU_STAGE_DEDUPE);
    enum slu_err err = SLU_ERR_OK;

    if (seen != NULL && self->records.len > 0) {
        drop_repeats(self, seen);
    }
    (void)slu_profile_enter(self->profile, SLU_STAGE_COMMIT);
    if (self->count > 0 || self->staged || self->entries.len > 0) {
        err = slu_store_commit(self->store, self->id,
                               slu_buf_view(&self->records), self->count,
                               slu_buf_view(&self->entries));
    }
    slu_profile_leave(self->profile, before);
    return err;
}

enum slu_err slu_answer_abandon(struct slu_answer *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->staged) {
        err = slu_store_abandon(self->store, self->id);
    }
    clear(self);
    return err;
}

void slu_answer_counts_add(struct slu_answer_counts *total,
                           const struct slu_answer_counts *part)
{
    total->items += part->items;
    total->findings += part->findings;
    total->barren += part->barren;
    total->duplicates += part->duplicates;
    for (int i = 0; i < SLU_KIND_COUNT; i++) {
        total->accepted[i] += part->accepted[i];
    }
    for (int i = 0; i < SLU_ROW_KIND_COUNT; i++) {
        total->rows[i] += part->rows[i];
    }
    for (int i = 0; i < SLU_REASON_COUNT; i++) {
        total->reasons[i] += part->reasons[i];
    }
}
