/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4.h"

#include "codecs/sigv4_key.h"

#include <openssl/crypto.h>

#define DATE_LEN 8

struct slu_sigv4 {
    const struct slu_alloc *alloc;
    struct slu_canonical canonical;
    struct slu_sigv4_keys *keys;
};

struct slu_sigv4 *slu_sigv4_new(const struct slu_alloc *alloc)
{
    struct slu_sigv4 *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    self->keys = slu_sigv4_keys_new(alloc);
    if (self->keys == NULL ||
        slu_canonical_init(&self->canonical, alloc) != SLU_ERR_OK) {
        slu_sigv4_free(self);
        return NULL;
    }
    return self;
}

void slu_sigv4_free(struct slu_sigv4 *self)
{
    if (self == NULL) {
        return;
    }
    slu_canonical_fini(&self->canonical);
    slu_sigv4_keys_free(self->keys);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

void slu_sigv4_hash_payload(struct slu_sigv4 *self, struct slu_view body,
                            char out[SLU_SHA256_HEX_LEN])
{
    unsigned char hash[SLU_SHA256_LEN];

    slu_sha256_hash(self->canonical.sha, body, hash);
    slu_hex_format(hash, sizeof(hash), out);
}

static void add_header(struct slu_sigv4_added *added, const char *name,
                       struct slu_view value)
{
    added->headers[added->count++] =
        (struct slu_sigv4_pair){slu_view_str(name), value};
}

static void choose_added(const struct slu_sigv4 *self,
                         const struct slu_sigv4_request *request,
                         struct slu_view token, struct slu_sigv4_added *added)
{
    struct slu_sigv4_rules rules = request->rules != NULL
                                       ? *request->rules
                                       : slu_sigv4_rules_of(request->service);

    added->count = 0;
    add_header(added, "x-amz-date",
               slu_view_make(self->canonical.time, SLU_AWS_TEXT_LEN));
    if (token.len > 0) {
        add_header(added, "x-amz-security-token", token);
    }
    if (rules.send_payload_hash) {
        add_header(added, "x-amz-content-sha256",
                   slu_canonical_payload_hash(request));
    }
}

/* The signature of the string to sign, as hexadecimal digits. */
static enum slu_err
make_signature(struct slu_sigv4 *self, const struct slu_sigv4_request *request,
               const struct slu_sigv4_credentials *credentials,
               char out[SLU_SHA256_HEX_LEN])
{
    struct slu_canonical *canonical = &self->canonical;
    const struct slu_sigv4_key_parts parts = {
        .access_key_id = credentials->access_key_id,
        .secret_access_key = credentials->secret_access_key,
        .date = slu_view_make(canonical->time, DATE_LEN),
        .region = request->region,
        .service = request->service,
    };
    unsigned char hash[SLU_SHA256_LEN];
    struct slu_view key;
    enum slu_err err =
        slu_sigv4_keys_find(self->keys, canonical->sha, &parts, &key);

    if (err == SLU_ERR_OK) {
        slu_sha256_hmac(canonical->sha, key, slu_sigv4_string_to_sign(self),
                        hash);
        slu_hex_format(hash, sizeof(hash), out);
    }
    return err;
}

enum slu_err slu_sigv4_sign(struct slu_sigv4 *self,
                            const struct slu_sigv4_request *request,
                            const struct slu_sigv4_credentials *credentials,
                            struct slu_buf *out,
                            struct slu_sigv4_added *out_added)
{
    struct slu_canonical *canonical = &self->canonical;
    char signature[SLU_SHA256_HEX_LEN];
    enum slu_err err;

    slu_canonical_begin(canonical, request);
    choose_added(self, request, credentials->session_token, out_added);
    err = slu_canonical_write(canonical, request, out_added,
                              slu_view_str("AWS4-HMAC-SHA256"));
    if (err == SLU_ERR_OK) {
        err = make_signature(self, request, credentials, signature);
    }
    if (err == SLU_ERR_OK) {
        err = slu_canonical_finish(canonical, credentials->access_key_id,
                                   slu_view_make(signature, sizeof(signature)),
                                   out, out_added);
    }
    if (err != SLU_ERR_OK) {
        out_added->count = 0;
    }
    return err;
}

struct slu_view slu_sigv4_canonical_request(const struct slu_sigv4 *self)
{
    return slu_canonical_view(&self->canonical, self->canonical.request);
}

struct slu_view slu_sigv4_string_to_sign(const struct slu_sigv4 *self)
{
    return slu_canonical_view(&self->canonical, self->canonical.to_sign);
}

uint64_t slu_sigv4_keys_count(const struct slu_sigv4 *self)
{
    return slu_sigv4_keys_made(self->keys);
}
