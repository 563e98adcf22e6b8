/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One certificate of `len` characters; NULL for anything that isn't exactly
   one in base64. */
static X509 *read_one(const char *base64, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t span = strspn(base64, alphabet);
    size_t padding = len - (span < len ? span : len);
    unsigned char *der;
    const unsigned char *at;
    X509 *certificate;
    int der_len;

    if (len == 0 || len % 4 != 0 || padding > 2 ||
        strspn(base64 + len - padding, "=") < padding) {
        return NULL;
    }
    der = sim_alloc(len);
    at = der;
    der_len = EVP_DecodeBlock(der, (const unsigned char *)base64, (int)len) -
              (int)padding;
    certificate = der_len > 0 ? d2i_X509(NULL, &at, der_len) : NULL;
    if (certificate != NULL && at != der + der_len) {
        X509_free(certificate);
        certificate = NULL;
    }
    free(der);
    return certificate;
}

const char *sim_certificate_read(struct sim_certificate *certificate,
                                 const char *end, const char *chain)
{
    certificate->chain = sk_X509_new_null();
    certificate->end = read_one(end, strlen(end));
    if (certificate->end == NULL) {
        return "X-Amz-X509 is not one certificate in base64";
    }
    while (chain != NULL) {
        size_t len = strcspn(chain, ",");
        X509 *next = read_one(chain, len);

        if (next == NULL || sk_X509_push(certificate->chain, next) == 0) {
            X509_free(next);
            return "X-Amz-X509-Chain is not certificates in base64";
        }
        chain = chain[len] == ',' ? chain + len + 1 : NULL;
    }
    return NULL;
}

void sim_certificate_fini(struct sim_certificate *certificate)
{
    X509_free(certificate->end);
    sk_X509_pop_free(certificate->chain, X509_free);
    memset(certificate, 0, sizeof(*certificate));
}

char *sim_certificate_serial(const struct sim_certificate *certificate)
{
    BIGNUM *number =
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate->end), NULL);
    char *text = number != NULL ? BN_bn2dec(number) : NULL;

    BN_free(number);
    return text;
}

static bool is_under_anchor(const struct sim_certificate *certificate,
                            X509_STORE *anchor, int64_t now)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok =
        check != NULL && X509_STORE_CTX_init(check, anchor, certificate->end,
                                             certificate->chain) == 1;

    if (ok) {
        X509_STORE_CTX_set_time(check, 0, (time_t)now);
        ok = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    return ok;
}

const char *sim_certificate_judge(const struct sim_certificate *certificate,
                                  X509_STORE *anchor, int64_t now)
{
    time_t when = (time_t)now;
    X509 *end = certificate->end;

    if (X509_get_version(end) != X509_VERSION_3) {
        return "Certificate must be of version 3";
    }
    if (X509_check_ca(end) != 0) {
        return "Signing certificate must not be a CA";
    }
    if ((X509_get_extension_flags(end) & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(end) & KU_DIGITAL_SIGNATURE) == 0) {
        return "Key usage of the signing certificate must include Digital "
               "Signature";
    }
    if (X509_cmp_time(X509_get0_notBefore(end), &when) > 0) {
        return "Certificate is not yet valid";
    }
    if (X509_cmp_time(X509_get0_notAfter(end), &when) < 0) {
        return "Certificate is expired";
    }
    return is_under_anchor(certificate, anchor, now)
               ? NULL
               : "Untrusted signing certificate";
}

/* The bytes of a hexadecimal text that sim_sigv4_parse has checked. */
static size_t read_hex(const char *hex, unsigned char *out, size_t cap)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len && len <= cap; i++) {
        unsigned byte = 0;

        sscanf(hex + 2 * i, "%2x", &byte);
        out[i] = (unsigned char)byte;
    }
    return len <= cap ? len : 0;
}

bool sim_certificate_signed(const struct sim_certificate *certificate,
                            const char *algorithm, const struct sim_text *text,
                            const char *hex)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate->end);
    bool rsa = strcmp(algorithm, "AWS4-X509-RSA-SHA256") == 0;
    bool ecdsa = strcmp(algorithm, "AWS4-X509-ECDSA-SHA256") == 0;
    unsigned char signature[1024];
    size_t len = read_hex(hex, signature, sizeof(signature));
    EVP_MD_CTX *check;
    bool ok;

    /* PKCS#1 v1.5 is what OpenSSL verifies for RSA unless told otherwise. */
    if (key == NULL || len == 0 || (!rsa && !ecdsa) ||
        EVP_PKEY_get_base_id(key) != (rsa ? EVP_PKEY_RSA : EVP_PKEY_EC)) {
        return false;
    }
    check = EVP_MD_CTX_new();
    ok = check != NULL &&
         EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(check, signature, len,
                          (const unsigned char *)text->data, text->len) == 1;
    EVP_MD_CTX_free(check);
    return ok;
}
