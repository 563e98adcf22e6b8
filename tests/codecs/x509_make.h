/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates made at run time: none lies in the tree. */
#ifndef SLU_TESTS_CODECS_X509_MAKE_H
#define SLU_TESTS_CODECS_X509_MAKE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sluice/view.h>
#include <stdint.h>

/* What a certificate says; zeroes are a plain end entity's. */
struct x509_recipe {
    const char *serial; /* hexadecimal; NULL: "15" */
    const char *name;   /* NULL: "leaf" */
    int64_t not_before; /* 0: 2020-01-01 */
    int64_t not_after;  /* 0: 2100-01-01 */
    bool is_authority;
    bool no_signature; /* its key usage is keyEncipherment */
    bool version_1;
};

/* "RSA", "P-256", "P-384" or "ED25519". */
EVP_PKEY *x509_make_key(const char *kind);

/* Signed by the key itself: the codec checks no chain. */
X509 *x509_make_certificate(const struct x509_recipe *recipe, EVP_PKEY *key);

/* PEM, terminated, to free(). */
char *x509_certificate_pem(X509 *certificate);

/* PKCS#8, or traditional; encrypted by AES-256 unless passphrase is NULL. */
char *x509_key_pem(EVP_PKEY *key, bool traditional, const char *passphrase);

/* Both texts in one, to free(). */
char *x509_join(const char *first, const char *second);

/* Whether the hexadecimal digits are the key's signature of the text. */
bool x509_verify(EVP_PKEY *key, struct slu_view text, struct slu_view hex);

#endif
