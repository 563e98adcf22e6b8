/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_key.h"

#include <openssl/crypto.h>

static const char prefix[] = "AWS4";

#define PREFIX_LEN (sizeof(prefix) - 1)

struct place {
    bool used;
    unsigned char id[SLU_SHA256_LEN];
    unsigned char key[SLU_SHA256_LEN];
};

struct slu_sigv4_keys {
    const struct slu_alloc *alloc;
    uint64_t made;
    struct place places[SLU_SIGV4_KEYS];
};

struct slu_sigv4_keys *slu_sigv4_keys_new(const struct slu_alloc *alloc)
{
    struct slu_sigv4_keys *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self != NULL) {
        self->alloc = alloc;
    }
    return self;
}

void slu_sigv4_keys_free(struct slu_sigv4_keys *self)
{
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    alloc = self->alloc;
    OPENSSL_cleanse(self, sizeof(*self));
    slu_alloc_put(alloc, self, sizeof(*self));
}

/* Its length goes before each part, so that no two lists of parts are one
 * text. */
static void add_part(struct slu_sha256 *sha, struct slu_view part)
{
    slu_sha256_add(sha,
                   slu_view_make((const char *)&part.len, sizeof(part.len)));
    slu_sha256_add(sha, part);
}

static void make_id(struct slu_sha256 *sha,
                    const struct slu_sigv4_key_parts *parts,
                    unsigned char out[SLU_SHA256_LEN])
{
    slu_sha256_begin(sha);
    add_part(sha, parts->access_key_id);
    add_part(sha, parts->secret_access_key);
    add_part(sha, parts->date);
    add_part(sha, parts->region);
    add_part(sha, parts->service);
    slu_sha256_end(sha, out);
}

/* HMAC over HMAC: the date, the region, the service, the end word. */
static void make_key(struct slu_sha256 *sha,
                     const struct slu_sigv4_key_parts *parts,
                     unsigned char out[SLU_SHA256_LEN])
{
    char first[PREFIX_LEN + SLU_SIGV4_SECRET_MAX];
    struct slu_view secret = parts->secret_access_key;
    struct slu_view key = slu_view_make((const char *)out, SLU_SHA256_LEN);

    memcpy(first, prefix, PREFIX_LEN);
    if (secret.len > 0) {
        memcpy(first + PREFIX_LEN, secret.ptr, secret.len);
    }
    slu_sha256_hmac(sha, slu_view_make(first, PREFIX_LEN + secret.len),
                    parts->date, out);
    slu_sha256_hmac(sha, key, parts->region, out);
    slu_sha256_hmac(sha, key, parts->service, out);
    slu_sha256_hmac(sha, key, slu_view_str("aws4_request"), out);
    OPENSSL_cleanse(first, sizeof(first));
}

enum slu_err slu_sigv4_keys_find(struct slu_sigv4_keys *self,
                                 struct slu_sha256 *sha,
                                 const struct slu_sigv4_key_parts *parts,
                                 struct slu_view *out_key)
{
    unsigned char id[SLU_SHA256_LEN];
    struct place *place;

    if (parts->secret_access_key.len > SLU_SIGV4_SECRET_MAX) {
        return SLU_ERR_LIMIT;
    }
    make_id(sha, parts, id);
    place = &self->places[id[0] % SLU_SIGV4_KEYS];
    if (!place->used || memcmp(place->id, id, sizeof(id)) != 0) {
        make_key(sha, parts, place->key);
        memcpy(place->id, id, sizeof(id));
        place->used = true;
        self->made++;
    }
    *out_key = slu_view_make((const char *)place->key, SLU_SHA256_LEN);
    return SLU_ERR_OK;
}

uint64_t slu_sigv4_keys_made(const struct slu_sigv4_keys *self)
{
    return self->made;
}
