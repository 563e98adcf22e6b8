/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims are forgotten by whole entries, by the newest of each: an entry is one
 * answer's, whose findings were updated at about the same time.
 */
#include "engine/rows_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define ENTRIES_BYTES_MAX ((size_t)64 << 20)
#define FRESH_BYTES_MAX ((size_t)64 << 20)
#define CLAIMS_PER_ENTRY 600 /* of 12 bytes: less than a value may have */
#define FORGET_AT_ONCE 1000
#define CLAIMS_FIRST 2000 /* that take no memory while they come */
#define PREFIX_MAX 64
#define BATCH 256 /* claims looked up together */

static void write_u32(char *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (char)(value >> 8 * i & 0xff);
    }
}

static uint32_t read_u32(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

struct slu_claim slu_claim_make(const struct slu_finding_key *key)
{
    XXH128_hash_t id = XXH3_128bits(key->id.ptr, key->id.len);
    uint64_t words[] = {id.low64, id.high64, (uint64_t)key->updated_ms};
    uint64_t hash = XXH3_64bits(words, sizeof(words));
    int64_t seconds = key->updated_ms / 1000 + 1;
    struct slu_claim claim;

    seconds = seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : seconds;
    write_u32(claim.bytes, (uint32_t)hash);
    write_u32(claim.bytes + 4, (uint32_t)(hash >> 32));
    write_u32(claim.bytes + 8, (uint32_t)seconds);
    return claim;
}

void slu_claims_init(struct slu_claims *self,
                     const struct slu_rows_options *options)
{
    *self = (struct slu_claims){
        .alloc = options->alloc,
        .source = options->source,
        .durable = options->durable_claims,
    };
    slu_fingerprints_init(&self->known, options->alloc, SLU_CLAIMS_MAX);
    slu_fingerprints_reserve(&self->known, CLAIMS_FIRST);
    slu_buf_init(&self->entries, options->alloc, ENTRIES_BYTES_MAX);
    slu_buf_init(&self->fresh, options->alloc, FRESH_BYTES_MAX);
}

void slu_claims_fini(struct slu_claims *self)
{
    if (self->alloc != NULL) {
        slu_fingerprints_fini(&self->known);
        slu_buf_fini(&self->entries);
        slu_buf_fini(&self->fresh);
    }
}

static void make_prefix(const struct slu_claims *self, char out[PREFIX_MAX])
{
    (void)snprintf(out, PREFIX_MAX, "claims/%s/", self->source);
}

/* ---- load ---- */

/* An entry without room among the remembered ones is merely not forgotten by
 * this run. */
static void note_entry(struct slu_claims *self, uint64_t number,
                       struct slu_view claims)
{
    struct slu_claim_entry entry = {.number = number};

    for (size_t i = 0; i + SLU_CLAIM_LEN <= claims.len; i += SLU_CLAIM_LEN) {
        uint32_t updated_s = read_u32(claims.ptr + i + 8);

        if (updated_s > entry.updated_s) {
            entry.updated_s = updated_s;
        }
    }
    if (slu_buf_append(&self->entries,
                       slu_view_make((const char *)&entry, sizeof(entry))) !=
        SLU_ERR_OK) {
        return;
    }
}

static void know_all(struct slu_claims *self, struct slu_view claims)
{
    while (claims.len > 0) {
        struct slu_view batch[BATCH];
        bool known[BATCH];
        size_t count = 0;

        for (; count < BATCH && claims.len > 0; count++) {
            batch[count] = slu_view_make(claims.ptr, SLU_CLAIM_LEN);
            claims = slu_view_make(claims.ptr + SLU_CLAIM_LEN,
                                   claims.len - SLU_CLAIM_LEN);
        }
        (void)slu_fingerprints_add_all(&self->known, batch, count, known);
    }
}

static enum slu_err load_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct slu_claims *self = ctx;
    char digits[17] = "";
    uint64_t number;

    if (key.len < 16 || value.len % SLU_CLAIM_LEN != 0) {
        return SLU_ERR_STATE;
    }
    memcpy(digits, key.ptr + key.len - 16, 16);
    number = strtoull(digits, NULL, 16);
    if (number >= self->next) {
        self->next = number + 1;
    }
    know_all(self, value);
    note_entry(self, number, value);
    return SLU_ERR_OK;
}

enum slu_err slu_claims_load(struct slu_claims *self, struct slu_store *store)
{
    char prefix[PREFIX_MAX];

    if (!self->durable) {
        return SLU_ERR_OK;
    }
    make_prefix(self, prefix);
    return slu_store_entries(store, prefix, load_entry, self);
}

/* ---- take and put ---- */

bool slu_claims_take(struct slu_claims *self, const struct slu_claim *claim,
                     enum slu_err *out_err)
{
    struct slu_view bytes = slu_view_make(claim->bytes, SLU_CLAIM_LEN);

    *out_err = SLU_ERR_OK;
    if (slu_fingerprints_add(&self->known, bytes)) {
        return true;
    }
    if (self->durable) {
        *out_err = slu_buf_append(&self->fresh, bytes);
    }
    return false;
}

static enum slu_err put_entry(struct slu_claims *self,
                              struct slu_answer *answer, struct slu_view claims)
{
    char prefix[PREFIX_MAX];
    char number[17];
    enum slu_err err;

    make_prefix(self, prefix);
    (void)snprintf(number, sizeof(number), "%016" PRIx64, self->next);
    err = slu_answer_put(answer, prefix, slu_view_str(number), claims);
    if (err == SLU_ERR_OK) {
        note_entry(self, self->next, claims);
        self->next++;
    }
    return err;
}

enum slu_err slu_claims_put(struct slu_claims *self, struct slu_answer *answer)
{
    const size_t most = (size_t)CLAIMS_PER_ENTRY * SLU_CLAIM_LEN;
    struct slu_view rest = slu_buf_view(&self->fresh);
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && rest.len > 0) {
        size_t len = rest.len < most ? rest.len : most;

        err = put_entry(self, answer, slu_view_make(rest.ptr, len));
        rest = slu_view_make(rest.ptr + len, rest.len - len);
    }
    slu_buf_clear(&self->fresh);
    return err;
}

/* ---- forget ---- */

static enum slu_err forget_some(struct slu_claims *self,
                                struct slu_answer *scratch,
                                const struct slu_claim_entry *entries,
                                size_t count)
{
    char prefix[PREFIX_MAX];
    enum slu_err err = SLU_ERR_OK;

    make_prefix(self, prefix);
    slu_answer_begin(scratch);
    for (size_t i = 0; i < count && err == SLU_ERR_OK; i++) {
        char number[17];

        (void)snprintf(number, sizeof(number), "%016" PRIx64,
                       entries[i].number);
        err = slu_answer_put(scratch, prefix, slu_view_str(number),
                             slu_view_make(NULL, 0));
    }
    return err == SLU_ERR_OK ? slu_answer_commit(scratch, NULL) : err;
}

/* Moves the entries that are old to the front; returns their number. */
static size_t gather_old(struct slu_claim_entry *entries, size_t count,
                         int64_t horizon_ms)
{
    size_t old = 0;

    for (size_t i = 0; i < count; i++) {
        if ((int64_t)entries[i].updated_s * 1000 <= horizon_ms) {
            struct slu_claim_entry entry = entries[old];

            entries[old++] = entries[i];
            entries[i] = entry;
        }
    }
    return old;
}

enum slu_err slu_claims_forget(struct slu_claims *self,
                               struct slu_answer *scratch, int64_t horizon_ms)
{
    struct slu_claim_entry *entries = (void *)self->entries.ptr;
    size_t count = self->entries.len / sizeof(*entries);
    size_t old = gather_old(entries, count, horizon_ms);
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < old && err == SLU_ERR_OK; i += FORGET_AT_ONCE) {
        size_t left = old - i;

        err = forget_some(self, scratch, entries + i,
                          left < FORGET_AT_ONCE ? left : FORGET_AT_ONCE);
    }
    if (err == SLU_ERR_OK && old > 0) {
        memmove(entries, entries + old, (count - old) * sizeof(*entries));
        self->entries.len = (count - old) * sizeof(*entries);
    }
    return err;
}
