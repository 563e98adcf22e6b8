/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_x509_pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct passphrase_answer {
    struct slu_view passphrase;
    bool asked;
};

/*
 * OpenSSL's question. Without a callback it would ask on the terminal and wait;
 * -1 is "no passphrase".
 */
static int answer_passphrase(char *buf, int size, int is_writing, void *ctx)
{
    struct passphrase_answer *self = ctx;

    (void)is_writing;
    self->asked = true;
    if (self->passphrase.len == 0 || self->passphrase.len > (size_t)size) {
        return -1;
    }
    memcpy(buf, self->passphrase.ptr, self->passphrase.len);
    return (int)self->passphrase.len;
}

static enum slu_err open_text(struct slu_view text, const char *what,
                              BIO **out_bio, struct slu_error *out_error)
{
    if (text.len == 0) {
        return slu_error_set(out_error, SLU_ERR_CONFIG, "%s is empty", what);
    }
    if (text.len > SLU_PEM_TEXT_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%s has %zu bytes: at most %u are read", what,
                             text.len, SLU_PEM_TEXT_MAX);
    }
    *out_bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (*out_bio == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    return SLU_ERR_OK;
}

/*
 * Whether the key is encrypted by one of PKCS#5's first methods, on single DES,
 * RC2 or RC4: OpenSSL 3 has them in its legacy provider only. Asked of the text
 * itself, for OpenSSL's own answer can't be told from a wrong passphrase.
 */
static bool is_legacy(struct slu_view text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    X509_SIG *wrapped =
        bio == NULL ? NULL : PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    int id = NID_pbes2;

    if (wrapped != NULL) {
        X509_SIG_get0(wrapped, &algorithm, NULL);
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        id = OBJ_obj2nid(object);
    }
    X509_SIG_free(wrapped);
    BIO_free(bio);
    return id != NID_pbes2 && id != NID_pbe_WithSHA1And3_Key_TripleDES_CBC &&
           id != NID_pbe_WithSHA1And2_Key_TripleDES_CBC;
}

static enum slu_err explain_key(struct slu_view text,
                                const struct passphrase_answer *answer,
                                struct slu_error *out_error)
{
    if (!answer->asked) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the private key cannot be read: expected PEM "
                             "with an RSA or EC key, PKCS#8 or traditional");
    }
    if (answer->passphrase.len == 0) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the private key is encrypted and no passphrase "
                             "is set");
    }
    if (is_legacy(text)) {
        return slu_error_set(
            out_error, SLU_ERR_CONFIG,
            "the private key is encrypted by an outdated method (PKCS#5 v1.5) "
            "that OpenSSL 3 no longer reads: convert it with \"openssl pkcs8 "
            "-provider legacy -provider default -in OLD -topk8 -v2 aes256\"");
    }
    return slu_error_set(out_error, SLU_ERR_AUTH,
                         "the passphrase does not open the private key: it is "
                         "wrong, or the key is damaged");
}

static enum slu_err check_kind(const EVP_PKEY *key, struct slu_error *out_error)
{
    int kind = EVP_PKEY_get_base_id(key);

    if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error, SLU_ERR_CONFIG,
                         "the private key is neither RSA nor EC: IAM Roles "
                         "Anywhere takes no other");
}

enum slu_err slu_pem_read_key(struct slu_view text, struct slu_view passphrase,
                              EVP_PKEY **out_key, struct slu_error *out_error)
{
    struct passphrase_answer answer = {.passphrase = passphrase};
    BIO *bio = NULL;
    enum slu_err err = open_text(text, "the private key", &bio, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (passphrase.len > SLU_PEM_PASSPHRASE_MAX) {
        BIO_free(bio);
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the passphrase has %zu bytes: at most %d are "
                             "possible",
                             passphrase.len, SLU_PEM_PASSPHRASE_MAX);
    }
    (void)ERR_set_mark();
    *out_key = PEM_read_bio_PrivateKey(bio, NULL, answer_passphrase, &answer);
    err = *out_key == NULL ? explain_key(text, &answer, out_error)
                           : check_kind(*out_key, out_error);
    (void)ERR_pop_to_mark();
    BIO_free(bio);
    if (err != SLU_ERR_OK) {
        EVP_PKEY_free(*out_key);
        *out_key = NULL;
    }
    return err;
}

/* Reading stopped after `count` certificates: at the end of the text, or at a
 * block that is no certificate though it says so. */
static enum slu_err explain_end(const char *what, unsigned count,
                                struct slu_error *out_error)
{
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

    if (at_end && count > 0) {
        return SLU_ERR_OK;
    }
    if (at_end) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%s holds none: expected PEM with \"BEGIN "
                             "CERTIFICATE\"",
                             what);
    }
    return slu_error_set(out_error, SLU_ERR_CONFIG,
                         "%s cannot be read: block %u is damaged", what,
                         count + 1);
}

enum slu_err slu_pem_read_certificates(struct slu_view text, const char *what,
                                       slu_pem_certificate_fn take, void *ctx,
                                       struct slu_error *out_error)
{
    struct passphrase_answer none = {.asked = false};
    unsigned count = 0;
    BIO *bio = NULL;
    enum slu_err err = open_text(text, what, &bio, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    (void)ERR_set_mark();
    while (err == SLU_ERR_OK) {
        X509 *certificate =
            PEM_read_bio_X509(bio, NULL, answer_passphrase, &none);

        if (certificate == NULL) {
            err = explain_end(what, count, out_error);
            break;
        }
        count++;
        err = take(ctx, certificate);
    }
    (void)ERR_pop_to_mark();
    BIO_free(bio);
    return err;
}
