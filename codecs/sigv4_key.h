/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the signing keys of AWS Signature Version 4, kept as long as they have
 * a place. One key holds for a (secret, key id, date, region, service); making
 * one costs four HMACs, finding one costs one hash.
 * Life cycle: new, find..., free (wiped).
 * Limits: SLU_SIGV4_KEYS keys, each in the one place that its hash gives it; a
 * key that lost its place is made again. A secret of SLU_SIGV4_SECRET_MAX.
 * Ownership: the secret itself is not kept: a place is recognised by a hash.
 */
#ifndef SLU_CODECS_SIGV4_KEY_H
#define SLU_CODECS_SIGV4_KEY_H

#include "codecs/sha256.h"
#include <sluice/err.h>

#define SLU_SIGV4_KEYS 256
#define SLU_SIGV4_SECRET_MAX 256

struct slu_sigv4_keys;

/* What a key is made from. */
struct slu_sigv4_key_parts {
    struct slu_view access_key_id;
    struct slu_view secret_access_key;
    struct slu_view date; /* YYYYMMDD */
    struct slu_view region;
    struct slu_view service;
};

/* NULL when out of memory. */
struct slu_sigv4_keys *slu_sigv4_keys_new(const struct slu_alloc *alloc);
void slu_sigv4_keys_free(struct slu_sigv4_keys *self);

/* The key, found or made; it dies with the next call. LIMIT for a secret that
 * is too long. */
SLU_MUST_CHECK enum slu_err
slu_sigv4_keys_find(struct slu_sigv4_keys *self, struct slu_sha256 *sha,
                    const struct slu_sigv4_key_parts *parts,
                    struct slu_view *out_key);

/* Keys made so far; for tests. */
uint64_t slu_sigv4_keys_made(const struct slu_sigv4_keys *self);

#endif
