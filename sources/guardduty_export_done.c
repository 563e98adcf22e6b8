/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are hashed, for a key of S3 is longer than a stored key may be: 128
 * bits of SHA-256, in the state as 32 digits. Of the version 64 bits are kept
 * in memory: with a chance of 2^-64 a changed object is taken for unchanged.
 */
#include "codecs/hex_digit.h"
#include "sources/guardduty_export.h"

#define FIRST_CAPACITY 1024u

static const char prefix[] = "done/";

enum slu_err slu_export_done_init(struct slu_export_done *self,
                                  const struct slu_alloc *alloc)
{
    *self = (struct slu_export_done){.alloc = alloc};
    self->sha256 = slu_sha256_new(alloc);
    return self->sha256 == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
}

void slu_export_done_fini(struct slu_export_done *self)
{
    slu_sha256_free(self->sha256);
    if (self->marks != NULL) {
        slu_alloc_put(self->alloc, self->marks,
                      self->capacity * sizeof(*self->marks));
    }
    *self = (struct slu_export_done){0};
}

void slu_export_done_key(struct slu_export_done *self, struct slu_view place,
                         struct slu_view name, char out[SLU_EXPORT_KEY_LEN])
{
    unsigned char hash[SLU_SHA256_LEN];

    slu_sha256_begin(self->sha256);
    slu_sha256_add(self->sha256, place);
    slu_sha256_add(self->sha256, name);
    slu_sha256_end(self->sha256, hash);
    memcpy(out, prefix, sizeof(prefix) - 1);
    slu_hex_format(hash, SLU_EXPORT_HASH_LEN, out + sizeof(prefix) - 1);
}

static bool read_key(struct slu_view key,
                     unsigned char out[SLU_EXPORT_HASH_LEN])
{
    const char *digits = key.ptr + sizeof(prefix) - 1;

    if (key.len != SLU_EXPORT_KEY_LEN ||
        memcmp(key.ptr, prefix, sizeof(prefix) - 1) != 0) {
        return false;
    }
    for (unsigned i = 0; i < SLU_EXPORT_HASH_LEN; i++) {
        int high = slu_hex_digit(digits[2 * i]);
        int low = slu_hex_digit(digits[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static uint64_t hash_version(struct slu_export_done *self,
                             struct slu_view version)
{
    unsigned char hash[SLU_SHA256_LEN];
    uint64_t value;

    slu_sha256_hash(self->sha256, version, hash);
    memcpy(&value, hash, sizeof(value));
    return value | (value == 0);
}

/* The name's place, or the free one where it belongs. */
static struct slu_export_mark *
find_place(struct slu_export_mark *marks, size_t capacity,
           const unsigned char name[SLU_EXPORT_HASH_LEN])
{
    uint64_t at;

    memcpy(&at, name, sizeof(at));
    for (;; at++) {
        struct slu_export_mark *mark = &marks[at & (capacity - 1)];

        if (mark->version == 0 ||
            memcmp(mark->name, name, SLU_EXPORT_HASH_LEN) == 0) {
            return mark;
        }
    }
}

static enum slu_err grow(struct slu_export_done *self)
{
    size_t capacity = self->capacity == 0 ? FIRST_CAPACITY : 2 * self->capacity;
    struct slu_export_mark *marks;

    if (self->count >= SLU_EXPORT_DONE_MAX) {
        return SLU_ERR_LIMIT;
    }
    marks = slu_alloc_zero(self->alloc, capacity * sizeof(*marks));
    if (marks == NULL) {
        return SLU_ERR_NOMEM;
    }
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->marks[i].version != 0) {
            *find_place(marks, capacity, self->marks[i].name) = self->marks[i];
        }
    }
    if (self->marks != NULL) {
        slu_alloc_put(self->alloc, self->marks,
                      self->capacity * sizeof(*self->marks));
    }
    self->marks = marks;
    self->capacity = capacity;
    return SLU_ERR_OK;
}

enum slu_err slu_export_done_add(struct slu_export_done *self,
                                 struct slu_view key, struct slu_view version)
{
    struct slu_export_mark mark = {.version = hash_version(self, version)};
    struct slu_export_mark *place;

    if (!read_key(key, mark.name)) {
        return SLU_ERR_STATE;
    }
    if (2 * self->count >= self->capacity) {
        enum slu_err err = grow(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    place = find_place(self->marks, self->capacity, mark.name);
    self->count += place->version == 0;
    *place = mark;
    return SLU_ERR_OK;
}

bool slu_export_done_has(struct slu_export_done *self, struct slu_view key,
                         struct slu_view version)
{
    unsigned char name[SLU_EXPORT_HASH_LEN];

    return self->count > 0 && read_key(key, name) &&
           find_place(self->marks, self->capacity, name)->version ==
               hash_version(self, version);
}
