/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: AWS4-X509-RSA-SHA256 and AWS4-X509-ECDSA-SHA256, by which a certificate
 * and its key sign CreateSession of IAM Roles Anywhere. Facts: its user guide,
 * "Signing process for authentication"; the official helper's requests.
 *
 * The string to sign is that of Signature Version 4, signed by the private key
 * itself: RSA PKCS#1 v1.5 or ECDSA (ASN.1), SHA-256 with every curve.
 *
 * Life cycle: new (reads and checks everything), sign..., free (the key wiped).
 * Limits: SLU_X509_CHAIN_MAX intermediates; keys of 8192 bits; those of
 * sigv4_canonical.h.
 * Ownership: certificates and key live in OpenSSL's memory; passphrase and
 * texts are borrowed for new.
 * Errors: CONFIG (a certificate or key that can't serve), AUTH (wrong
 * passphrase; a certificate that expired or isn't valid yet), NOMEM, LIMIT.
 * Threads: one object per thread.
 */
#ifndef SLU_CODECS_SIGV4_X509_H
#define SLU_CODECS_SIGV4_X509_H

#include "codecs/sigv4_canonical.h"

#define SLU_X509_CHAIN_MAX 8

struct slu_sigv4_x509;

struct slu_sigv4_x509_options {
    const struct slu_alloc *alloc;
    struct slu_view certificate; /* PEM: the end entity first; what follows it
                                    are intermediates, before those of chain */
    struct slu_view chain;       /* PEM, or empty; a copy of the end entity in
                                    it is passed over */
    struct slu_view private_key; /* PEM */
    struct slu_view passphrase;  /* empty: none */
    int64_t now_seconds;
};

SLU_MUST_CHECK enum slu_err
slu_sigv4_x509_new(const struct slu_sigv4_x509_options *options,
                   struct slu_sigv4_x509 **out_self,
                   struct slu_error *out_error);
void slu_sigv4_x509_free(struct slu_sigv4_x509 *self);

/* AUTH with a sentence when the certificate isn't valid at that time. */
SLU_MUST_CHECK enum slu_err
slu_sigv4_x509_check_time(const struct slu_sigv4_x509 *self,
                          int64_t now_seconds, struct slu_error *out_error);

/* The last second of its validity, for a warning. */
int64_t slu_sigv4_x509_not_after(const struct slu_sigv4_x509 *self);

/* The serial number in decimal, as it stands in Credential. */
struct slu_view slu_sigv4_x509_serial(const struct slu_sigv4_x509 *self);

/*
 * As slu_sigv4_sign: appends x-amz-date, x-amz-x509, x-amz-x509-chain if there
 * are intermediates, Authorization. The time is the request's; validity is not
 * checked again.
 */
SLU_MUST_CHECK enum slu_err
slu_sigv4_x509_sign(struct slu_sigv4_x509 *self,
                    const struct slu_sigv4_request *request,
                    struct slu_buf *out, struct slu_sigv4_added *out_added);

/* Of the last request signed, until the next. */
struct slu_view
slu_sigv4_x509_canonical_request(const struct slu_sigv4_x509 *self);
struct slu_view
slu_sigv4_x509_string_to_sign(const struct slu_sigv4_x509 *self);

#endif
