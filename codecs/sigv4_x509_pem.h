/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: certificates and private keys out of PEM text.
 * Ownership: what comes out is OpenSSL's and the caller's to free.
 * Errors: CONFIG for what cannot be read; AUTH for a wrong passphrase; NOMEM.
 * No text of a key, no passphrase and no message of OpenSSL's is in a sentence.
 */
#ifndef SLU_CODECS_SIGV4_X509_PEM_H
#define SLU_CODECS_SIGV4_X509_PEM_H

#include <openssl/types.h>
#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_PEM_TEXT_MAX (1024u * 1024)
#define SLU_PEM_PASSPHRASE_MAX 1023

/*
 * The first private key: PKCS#8 or traditional, plain or encrypted; other
 * blocks are passed over. An empty passphrase is none; one for a plain key is
 * ignored. Nothing is ever asked on a terminal.
 */
SLU_MUST_CHECK enum slu_err slu_pem_read_key(struct slu_view text,
                                             struct slu_view passphrase,
                                             EVP_PKEY **out_key,
                                             struct slu_error *out_error);

/* Called for each certificate, in the order of the text; it owns the
 * certificate. An error ends the reading and is handed on. */
typedef enum slu_err (*slu_pem_certificate_fn)(void *ctx, X509 *certificate);

/* Other blocks are passed over. `what` names the text in a sentence: "the
 * certificate". No certificate at all is an error. */
SLU_MUST_CHECK enum slu_err
slu_pem_read_certificates(struct slu_view text, const char *what,
                          slu_pem_certificate_fn take, void *ctx,
                          struct slu_error *out_error);

#endif
