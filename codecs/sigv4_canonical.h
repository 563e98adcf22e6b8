/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what AWS signs: the canonical request, and the string to sign made of
 * its hash; then the headers that carry the signature. Common to the signer
 * with a secret (sigv4.h) and the one with a certificate (sigv4_x509.h).
 *
 *     canonical = METHOD \n path \n query \n (name:value \n)* \n names \n hash
 *     to sign   = ALGORITHM \n time \n date/region/service/aws4_request \n
 *                 hex(sha256(canonical))
 *
 * Life cycle: init; for each request: write, then finish; fini (wiped: the text
 * holds the session token).
 * Limits: SLU_SIGV4_TEXT_MAX bytes of text, all taken at init, so that nothing
 * is allocated per request and no copy of a token stays behind in freed memory;
 * SLU_SIGV4_HEADERS_MAX headers.
 * Errors: NOMEM, LIMIT.
 */
#ifndef SLU_CODECS_SIGV4_CANONICAL_H
#define SLU_CODECS_SIGV4_CANONICAL_H

#include "codecs/sha256.h"
#include "codecs/sigv4_pairs.h"
#include "codecs/time_text.h"

#define SLU_SIGV4_TEXT_MAX (64u * 1024)
#define SLU_SIGV4_HEADERS_MAX 64
#define SLU_SIGV4_ADDED_MAX 4
#define SLU_SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/* How a service wants its requests read. */
struct slu_sigv4_rules {
    bool normalize_path;    /* "//", "." and ".." removed before signing */
    bool encode_path;       /* the wire's path encoded once more */
    bool send_payload_hash; /* x-amz-content-sha256 goes with the request */
    bool sign_all_headers;  /* every header given, instead of the few that AWS
                               asks for */
};

/* S3 takes the path as it is and wants the payload's hash; all others want the
 * path normalised and encoded again, and no hash. */
struct slu_sigv4_rules slu_sigv4_rules_of(struct slu_view service);

/*
 * One request. Signed are host, content-type, if-match, if-none-match and every
 * x-amz-*; other headers may be given and are left out (those that proxies
 * change, and those that libcurl adds by itself). The headers that the signer
 * adds (host is libcurl's) must not be given.
 */
struct slu_sigv4_request {
    struct slu_view method;
    struct slu_view host;  /* as in the Host header: ":port" unless default */
    struct slu_view path;  /* as on the wire: "", or "/..." */
    struct slu_view query; /* as on the wire, without the "?" */
    const struct slu_sigv4_pair *headers;
    size_t header_count;
    struct slu_view payload_hash; /* 64 hexadecimal digits, SLU_SIGV4_UNSIGNED
                                     (S3 over TLS), or empty: no body */
    struct slu_view region;
    struct slu_view service;
    int64_t now_seconds; /* the corrected clock, at each attempt */
    const struct slu_sigv4_rules *rules; /* NULL: those of the service */
};

/* The headers to send; names are literals, values lie in the buffer that the
 * signer was given and die with its next change. */
struct slu_sigv4_added {
    struct slu_sigv4_pair headers[SLU_SIGV4_ADDED_MAX];
    unsigned count;
};

/* A run of bytes in the text. */
struct slu_sigv4_span {
    size_t at;
    size_t len;
};

struct slu_canonical {
    struct slu_buf text;    /* the parts below, one behind the other */
    struct slu_buf scratch; /* parameters, or lower-case header names */
    struct slu_sha256 *sha;
    enum slu_err err; /* the first append that failed since write */
    char time[SLU_AWS_TEXT_LEN];
    struct slu_sigv4_span request;
    struct slu_sigv4_span names; /* inside request */
    struct slu_sigv4_span to_sign;
    struct slu_sigv4_span scope; /* inside to_sign */
};

/* NOMEM; fini is then safe, as on a zeroed struct. */
SLU_MUST_CHECK enum slu_err slu_canonical_init(struct slu_canonical *self,
                                               const struct slu_alloc *alloc);
void slu_canonical_fini(struct slu_canonical *self);

/* Sets `time` for the request; write uses it, and so may an added header. */
void slu_canonical_begin(struct slu_canonical *self,
                         const struct slu_sigv4_request *request);

/* The payload's hash as it is signed: that of nothing for an empty one. */
struct slu_view
slu_canonical_payload_hash(const struct slu_sigv4_request *request);

/* Writes the canonical request, with the headers to be added, and the string
 * to sign. */
SLU_MUST_CHECK enum slu_err slu_canonical_write(
    struct slu_canonical *self, const struct slu_sigv4_request *request,
    const struct slu_sigv4_added *added, struct slu_view algorithm);

struct slu_view slu_canonical_view(const struct slu_canonical *self,
                                   struct slu_sigv4_span span);

/*
 * Appends to out the lines "name: value\r\n" of the added headers and of
 * Authorization, and points *added at them. Credential is "credential/scope".
 * The algorithm is the one given to write. Nothing is appended on failure.
 */
SLU_MUST_CHECK enum slu_err slu_canonical_finish(struct slu_canonical *self,
                                                 struct slu_view credential,
                                                 struct slu_view signature_hex,
                                                 struct slu_buf *out,
                                                 struct slu_sigv4_added *added);

#endif
