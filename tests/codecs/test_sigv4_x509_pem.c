/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_x509_pem.h"
#include "x509_make.h"

#include <criterion/criterion.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

static EVP_PKEY *read_key(const char *pem, const char *passphrase)
{
    struct slu_error error = {0};
    EVP_PKEY *key = NULL;

    cr_assert_eq(slu_pem_read_key(slu_view_str(pem), slu_view_str(passphrase),
                                  &key, &error),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(ERR_peek_error(), 0);
    return key;
}

static void refuse_key(struct slu_view pem, const char *passphrase,
                       enum slu_err want, const char *sentence)
{
    struct slu_error error = {0};
    EVP_PKEY *key = NULL;

    cr_assert_eq(slu_pem_read_key(pem, slu_view_str(passphrase), &key, &error),
                 want, "%s", error.text);
    cr_assert_eq(error.code, want);
    cr_assert_not_null(strstr(error.text, sentence), "%s", error.text);
    cr_assert_null(key);
    cr_assert_eq(ERR_peek_error(), 0);
}

static void check_form(const char *kind, bool traditional,
                       const char *passphrase)
{
    EVP_PKEY *key = x509_make_key(kind);
    char *pem = x509_key_pem(key, traditional, passphrase);
    EVP_PKEY *got = read_key(pem, passphrase == NULL ? "unused" : passphrase);

    cr_assert_eq(EVP_PKEY_eq(key, got), 1);
    EVP_PKEY_free(got);
    if (passphrase == NULL) {
        got = read_key(pem, NULL);
        EVP_PKEY_free(got);
    } else {
        refuse_key(slu_view_str(pem), NULL, SLU_ERR_CONFIG,
                   "is encrypted and no passphrase is set");
        refuse_key(slu_view_str(pem), "wrong", SLU_ERR_AUTH,
                   "the passphrase does not open the private key");
    }
    free(pem);
    EVP_PKEY_free(key);
}

Test(sigv4_x509_pem, reads_keys_in_every_form)
{
    static const char *const kinds[] = {"RSA", "P-256", "P-384"};

    for (unsigned i = 0; i < 3; i++) {
        check_form(kinds[i], false, NULL);
        check_form(kinds[i], true, NULL);
        check_form(kinds[i], false, "password");
        check_form(kinds[i], true, "password");
    }
}

/* One wrong passphrase in 256 gives a padding that looks right and a key that
 * is nonsense. */
Test(sigv4_x509_pem, every_wrong_passphrase_is_told_as_such)
{
    EVP_PKEY *key = x509_make_key("P-256");
    char *texts[] = {x509_key_pem(key, false, "password"),
                     x509_key_pem(key, true, "password")};

    for (unsigned i = 0; i < 800; i++) {
        char wrong[20];

        (void)snprintf(wrong, sizeof(wrong), "wrong%u", i);
        refuse_key(slu_view_str(texts[i % 2]), wrong, SLU_ERR_AUTH,
                   "the passphrase does not open the private key");
    }
    free(texts[0]);
    free(texts[1]);
    EVP_PKEY_free(key);
}

Test(sigv4_x509_pem, passes_over_what_is_no_private_key)
{
    EVP_PKEY *key = x509_make_key("P-256");
    X509 *certificate = x509_make_certificate(&(struct x509_recipe){0}, key);
    char *key_text = x509_key_pem(key, true, NULL);
    char *certificate_text = x509_certificate_pem(certificate);
    char *with_certificate = x509_join(certificate_text, key_text);
    /* As "openssl ecparam -genkey" writes it: the curve's name first. */
    char *with_curve = x509_join("-----BEGIN EC PARAMETERS-----\n"
                                 "BggqhkjOPQMBBw==\n"
                                 "-----END EC PARAMETERS-----\n",
                                 key_text);

    EVP_PKEY_free(read_key(with_certificate, NULL));
    EVP_PKEY_free(read_key(with_curve, NULL));
    refuse_key(slu_view_str(certificate_text), NULL, SLU_ERR_CONFIG,
               "the private key cannot be read");
    free(with_curve);
    free(with_certificate);
    free(certificate_text);
    free(key_text);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

Test(sigv4_x509_pem, refuses_what_is_no_key)
{
    EVP_PKEY *other = x509_make_key("ED25519");
    char *pem = x509_key_pem(other, false, NULL);
    static char large[SLU_PEM_TEXT_MAX + 1];

    refuse_key(slu_view_str(pem), NULL, SLU_ERR_CONFIG, "neither RSA nor EC");
    refuse_key(slu_view_str(""), NULL, SLU_ERR_CONFIG,
               "the private key is empty");
    refuse_key(slu_view_str("no key"), NULL, SLU_ERR_CONFIG,
               "expected PEM with an RSA or EC key");
    refuse_key(slu_view_str("-----BEGIN PRIVATE KEY-----\nAAAA\n"
                            "-----END PRIVATE KEY-----\n"),
               NULL, SLU_ERR_CONFIG, "the private key cannot be read");
    refuse_key(slu_view_make(large, sizeof(large)), NULL, SLU_ERR_CONFIG,
               "at most 1048576 are read");
    memset(large, 'p', SLU_PEM_PASSPHRASE_MAX + 1);
    large[SLU_PEM_PASSPHRASE_MAX + 1] = '\0';
    refuse_key(slu_view_str(pem), large, SLU_ERR_CONFIG,
               "the passphrase has 1024 bytes: at most 1023");
    free(pem);
    EVP_PKEY_free(other);
}

/* An algorithm identifier of PKCS#5 v1.5 around nonsense: what is inside does
 * not matter, for nobody here can decrypt it. */
Test(sigv4_x509_pem, an_outdated_encryption_is_told_apart)
{
    X509_SIG *wrapped = X509_SIG_new();
    BIO *bio = BIO_new(BIO_s_mem());
    X509_ALGOR *algorithm;
    ASN1_OCTET_STRING *bytes;
    char *data;
    long len;

    X509_SIG_getm(wrapped, &algorithm, &bytes);
    cr_assert_eq(PKCS5_pbe_set0_algor(algorithm, NID_pbeWithMD5AndDES_CBC, 2048,
                                      NULL, 8),
                 1);
    cr_assert_eq(ASN1_OCTET_STRING_set(
                     bytes, (const unsigned char *)"0123456789abcdef", 16),
                 1);
    cr_assert_eq(PEM_write_bio_PKCS8(bio, wrapped), 1);
    len = BIO_get_mem_data(bio, &data);
    refuse_key(slu_view_make(data, (size_t)len), "password", SLU_ERR_CONFIG,
               "outdated method");
    BIO_free(bio);
    X509_SIG_free(wrapped);
}

static enum slu_err count_certificate(void *ctx, X509 *certificate)
{
    unsigned *left = ctx;

    X509_free(certificate);
    return (*left)-- == 1 ? SLU_ERR_STOPPED : SLU_ERR_OK;
}

/* How many of 100 certificates were left when reading ended. */
static unsigned read_all(const char *text, unsigned left, enum slu_err want,
                         const char *sentence)
{
    struct slu_error error = {0};

    cr_assert_eq(slu_pem_read_certificates(slu_view_str(text), "the chain",
                                           count_certificate, &left, &error),
                 want, "%s", error.text);
    cr_assert_not_null(strstr(error.text, sentence), "%s", error.text);
    cr_assert_eq(ERR_peek_error(), 0);
    return left;
}

Test(sigv4_x509_pem, reads_every_certificate_of_a_text)
{
    EVP_PKEY *key = x509_make_key("P-256");
    X509 *certificate = x509_make_certificate(&(struct x509_recipe){0}, key);
    char *one = x509_certificate_pem(certificate);
    char *key_text = x509_key_pem(key, false, NULL);
    char *two = x509_join(one, one);
    char *mixed = x509_join(key_text, two);
    char *broken = x509_join(two, "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                  "-----END CERTIFICATE-----\n");

    cr_assert_eq(read_all(one, 100, SLU_ERR_OK, ""), 99);
    cr_assert_eq(read_all(mixed, 100, SLU_ERR_OK, ""), 98);
    cr_assert_eq(read_all(broken, 100, SLU_ERR_CONFIG,
                          "the chain cannot be read: block 3 is damaged"),
                 98);
    cr_assert_eq(read_all(two, 1, SLU_ERR_STOPPED, ""), 0);
    (void)read_all(key_text, 100, SLU_ERR_CONFIG, "the chain holds none");
    (void)read_all("", 100, SLU_ERR_CONFIG, "the chain is empty");
    free(broken);
    free(mixed);
    free(two);
    free(key_text);
    free(one);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
