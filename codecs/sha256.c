/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3.0's EVP layer allocates a context at every EVP_DigestInit
 * (measured: 4 per signature) and so may fail at each. The plain functions do
 * neither; they are deprecated, not gone, and this file alone uses them. When
 * they go, EVP comes back here and hashing gets an error to return.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "codecs/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#define BLOCK_LEN 64

struct slu_sha256 {
    const struct slu_alloc *alloc;
    SHA256_CTX ctx;
};

struct slu_sha256 *slu_sha256_new(const struct slu_alloc *alloc)
{
    struct slu_sha256 *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    return self;
}

void slu_sha256_free(struct slu_sha256 *self)
{
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    alloc = self->alloc;
    OPENSSL_cleanse(self, sizeof(*self));
    slu_alloc_put(alloc, self, sizeof(*self));
}

void slu_sha256_begin(struct slu_sha256 *self)
{
    (void)SHA256_Init(&self->ctx);
}

void slu_sha256_add(struct slu_sha256 *self, struct slu_view bytes)
{
    (void)SHA256_Update(&self->ctx, bytes.ptr, bytes.len);
}

void slu_sha256_end(struct slu_sha256 *self, unsigned char out[SLU_SHA256_LEN])
{
    (void)SHA256_Final(out, &self->ctx);
}

void slu_sha256_hash(struct slu_sha256 *self, struct slu_view bytes,
                     unsigned char out[SLU_SHA256_LEN])
{
    slu_sha256_begin(self);
    slu_sha256_add(self, bytes);
    slu_sha256_end(self, out);
}

/* The key, hashed when it is longer than a block, and zeroes behind it. */
static void pad_key(struct slu_sha256 *self, struct slu_view key,
                    unsigned char out[BLOCK_LEN])
{
    memset(out, 0, BLOCK_LEN);
    if (key.len > BLOCK_LEN) {
        slu_sha256_hash(self, key, out);
    } else if (key.len > 0) {
        memcpy(out, key.ptr, key.len);
    }
}

static void mask_block(unsigned char block[BLOCK_LEN], unsigned char mask)
{
    for (unsigned i = 0; i < BLOCK_LEN; i++) {
        block[i] ^= mask;
    }
}

void slu_sha256_hmac(struct slu_sha256 *self, struct slu_view key,
                     struct slu_view message, unsigned char out[SLU_SHA256_LEN])
{
    unsigned char block[BLOCK_LEN];
    struct slu_view pad;

    pad_key(self, key, block);
    pad = slu_view_make((const char *)block, BLOCK_LEN);
    mask_block(block, 0x36);
    slu_sha256_begin(self);
    slu_sha256_add(self, pad);
    slu_sha256_add(self, message);
    slu_sha256_end(self, out);
    mask_block(block, 0x36 ^ 0x5c);
    slu_sha256_begin(self);
    slu_sha256_add(self, pad);
    slu_sha256_add(self, slu_view_make((const char *)out, SLU_SHA256_LEN));
    slu_sha256_end(self, out);
    OPENSSL_cleanse(block, sizeof(block));
}

void slu_hex_format(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}
