/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: AWS Signature Version 4 in the Authorization header, for one request at
 * a time. Facts: the IAM user guide, "Create a signed AWS API request"; for S3
 * its API reference, "Signature Calculations ... Single Chunk".
 *
 * Use: fill a request with what will go on the wire, sign it right before it
 * goes (a repeated attempt is signed anew), send the headers that come back
 * beside the request's own. A correction of the clock is in now_seconds.
 *
 * Life cycle: new, sign..., free (wiped).
 * Limits: those of sigv4_canonical.h and sigv4_key.h.
 * Ownership: everything is borrowed for the call; the secret is not kept. The
 * buffer holds the session token: its owner wipes it.
 * Errors: NOMEM, LIMIT (one of the limits above, or the buffer's).
 * Threads: one object per thread. Cost: 1.4 us with its signing key at
 * hand, and no allocation.
 */
#ifndef SLU_CODECS_SIGV4_H
#define SLU_CODECS_SIGV4_H

#include "codecs/sigv4_canonical.h"

struct slu_sigv4;

/* Taken together: a key id, its secret and its token. */
struct slu_sigv4_credentials {
    struct slu_view access_key_id;
    struct slu_view secret_access_key;
    struct slu_view session_token; /* may be empty */
};

/* NULL when out of memory. */
struct slu_sigv4 *slu_sigv4_new(const struct slu_alloc *alloc);
void slu_sigv4_free(struct slu_sigv4 *self);

/* The hash of a body in memory, as payload_hash wants it. A body that comes in
 * pieces: sha256.h. */
void slu_sigv4_hash_payload(struct slu_sigv4 *self, struct slu_view body,
                            char out[SLU_SHA256_HEX_LEN]);

/*
 * Appends to out, as lines "name: value\r\n", and tells in *out_added:
 * x-amz-date; x-amz-security-token if there is one; x-amz-content-sha256 if
 * the rules want it; Authorization.
 */
SLU_MUST_CHECK enum slu_err
slu_sigv4_sign(struct slu_sigv4 *self, const struct slu_sigv4_request *request,
               const struct slu_sigv4_credentials *credentials,
               struct slu_buf *out, struct slu_sigv4_added *out_added);

/*
 * Of the last request signed, until the next: what a server compares in its
 * answer to a wrong signature. The first holds the session token: never log it.
 */
struct slu_view slu_sigv4_canonical_request(const struct slu_sigv4 *self);
struct slu_view slu_sigv4_string_to_sign(const struct slu_sigv4 *self);

/* Signing keys made so far; for tests. */
uint64_t slu_sigv4_keys_count(const struct slu_sigv4 *self);

#endif
