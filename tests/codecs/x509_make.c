/* SPDX-License-Identifier: Apache-2.0 */
#include "x509_make.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define YEAR_2020 1577836800
#define YEAR_2100 4102444800

EVP_PKEY *x509_make_key(const char *kind)
{
    if (strcmp(kind, "RSA") == 0) {
        return EVP_RSA_gen(2048);
    }
    if (kind[0] == 'P') {
        return EVP_EC_gen(kind);
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static void set_serial(X509 *certificate, const char *hex)
{
    BIGNUM *number = NULL;

    (void)BN_hex2bn(&number, hex);
    (void)BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

static void add_extension(X509 *certificate, int id, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, id, value);

    (void)X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509 *x509_make_certificate(const struct x509_recipe *recipe, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    const char *text = recipe->name == NULL ? "leaf" : recipe->name;

    (void)X509_set_version(certificate, recipe->version_1 ? 0 : 2);
    set_serial(certificate, recipe->serial == NULL ? "15" : recipe->serial);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     (const unsigned char *)text, -1, -1, 0);
    (void)X509_set_issuer_name(certificate, name);
    (void)ASN1_TIME_set(X509_getm_notBefore(certificate),
                        recipe->not_before == 0 ? YEAR_2020
                                                : recipe->not_before);
    (void)ASN1_TIME_set(X509_getm_notAfter(certificate),
                        recipe->not_after == 0 ? YEAR_2100 : recipe->not_after);
    (void)X509_set_pubkey(certificate, key);
    if (!recipe->version_1) {
        add_extension(certificate, NID_basic_constraints,
                      recipe->is_authority ? "critical,CA:TRUE" : "CA:FALSE");
        add_extension(certificate, NID_key_usage,
                      recipe->no_signature ? "critical,keyEncipherment"
                                           : "critical,digitalSignature");
    }
    (void)X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

static char *take_text(BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    char *text = calloc(1, (size_t)len + 1);

    memcpy(text, data, (size_t)len);
    BIO_free(bio);
    return text;
}

char *x509_certificate_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());

    (void)PEM_write_bio_X509(bio, certificate);
    return take_text(bio);
}

char *x509_key_pem(EVP_PKEY *key, bool traditional, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = passphrase == NULL ? NULL : EVP_aes_256_cbc();
    int len = passphrase == NULL ? 0 : (int)strlen(passphrase);

    if (traditional) {
        (void)PEM_write_bio_PrivateKey_traditional(
            bio, key, cipher, (const unsigned char *)passphrase, len, NULL,
            NULL);
    } else {
        (void)PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase, len,
                                            NULL, NULL);
    }
    return take_text(bio);
}

char *x509_join(const char *first, const char *second)
{
    size_t len = strlen(first);
    char *text = malloc(len + strlen(second) + 1);

    memcpy(text, first, len);
    memcpy(text + len, second, strlen(second) + 1);
    return text;
}

bool x509_verify(EVP_PKEY *key, struct slu_view text, struct slu_view hex)
{
    unsigned char signature[1024];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool fits;

    for (size_t i = 0; i < hex.len / 2; i++) {
        unsigned byte;

        if (sscanf(hex.ptr + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        signature[i] = (unsigned char)byte;
    }
    fits = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(ctx, signature, hex.len / 2,
                            (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    return fits;
}
