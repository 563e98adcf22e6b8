/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: SHA-256 in pieces, HMAC-SHA256 (RFC 2104) over it, and lower-case
 * hexadecimal. HMAC is written out because OpenSSL 3.0's own allocates for
 * every message. Life cycle: new; then begin, add..., end as often as wanted;
 * free (wiped). Errors: none after new; nothing is allocated then. Threads: one
 * object per thread.
 */
#ifndef SLU_CODECS_SHA256_H
#define SLU_CODECS_SHA256_H

#include "codecs/alloc.h"
#include <sluice/view.h>

#define SLU_SHA256_LEN 32
#define SLU_SHA256_HEX_LEN 64

struct slu_sha256;

/* NULL when out of memory. */
struct slu_sha256 *slu_sha256_new(const struct slu_alloc *alloc);
void slu_sha256_free(struct slu_sha256 *self);

void slu_sha256_begin(struct slu_sha256 *self);
void slu_sha256_add(struct slu_sha256 *self, struct slu_view bytes);
void slu_sha256_end(struct slu_sha256 *self, unsigned char out[SLU_SHA256_LEN]);

/* begin, add, end. */
void slu_sha256_hash(struct slu_sha256 *self, struct slu_view bytes,
                     unsigned char out[SLU_SHA256_LEN]);

/* out may be the key's own memory. */
void slu_sha256_hmac(struct slu_sha256 *self, struct slu_view key,
                     struct slu_view message,
                     unsigned char out[SLU_SHA256_LEN]);

/* Writes 2 * len digits, not terminated. */
void slu_hex_format(const unsigned char *bytes, size_t len, char *out);

#endif
