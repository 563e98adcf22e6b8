/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_x509.h"

#include "codecs/sigv4_x509_pem.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define SIGNATURE_MAX 1024 /* an RSA key of 8192 bits */
#define SERIAL_MAX 100     /* 20 bytes by RFC 5280: 49 digits; some have more */
#define X509_VERSION_3 2

struct slu_sigv4_x509 {
    const struct slu_alloc *alloc;
    X509 *certificate;
    EVP_PKEY *key;
    struct slu_buf certificate_text; /* base64 of the DER */
    struct slu_buf chain_text;       /* the same of each, with commas */
    unsigned chain_count;
    char serial[SERIAL_MAX];
    int64_t not_before; /* seconds */
    int64_t not_after;
    struct slu_canonical canonical;
    struct slu_error *error; /* while new runs */
};

static enum slu_err append_base64(struct slu_sigv4_x509 *self,
                                  struct slu_buf *out, const X509 *certificate)
{
    int len = i2d_X509(certificate, NULL);
    size_t text_len = ((size_t)(len < 0 ? 0 : len) + 2) / 3 * 4;
    unsigned char *der;
    unsigned char *end;
    char *room;
    enum slu_err err;

    if (len <= 0) {
        return slu_error_set(self->error, SLU_ERR_NOMEM, "out of memory");
    }
    /* One more for the zero byte that EVP_EncodeBlock writes. */
    err = slu_buf_reserve(out, text_len + 1, &room);
    if (err != SLU_ERR_OK) {
        return slu_error_set(self->error, err, "the certificates: %s",
                             slu_err_sentence(err));
    }
    der = slu_alloc_get(self->alloc, (size_t)len);
    if (der == NULL) {
        return slu_error_set(self->error, SLU_ERR_NOMEM, "out of memory");
    }
    end = der;
    (void)i2d_X509(certificate, &end);
    (void)EVP_EncodeBlock((unsigned char *)room, der, len);
    slu_buf_commit(out, text_len);
    slu_alloc_put(self->alloc, der, (size_t)len);
    return SLU_ERR_OK;
}

/* Intermediates, in the order of the text; the end entity is none. */
static enum slu_err take_intermediate(void *ctx, X509 *certificate)
{
    struct slu_sigv4_x509 *self = ctx;
    enum slu_err err = SLU_ERR_OK;

    if (X509_cmp(certificate, self->certificate) == 0) {
        X509_free(certificate);
        return SLU_ERR_OK;
    }
    if (self->chain_count == SLU_X509_CHAIN_MAX) {
        err = slu_error_set(self->error, SLU_ERR_LIMIT,
                            "the certificate chain has more than %d "
                            "intermediates",
                            SLU_X509_CHAIN_MAX);
    } else if (self->chain_count > 0 &&
               slu_buf_append_str(&self->chain_text, ",") != SLU_ERR_OK) {
        err = slu_error_set(self->error, SLU_ERR_NOMEM, "out of memory");
    }
    if (err == SLU_ERR_OK) {
        err = append_base64(self, &self->chain_text, certificate);
        self->chain_count++;
    }
    X509_free(certificate);
    return err;
}

static enum slu_err take_certificate(void *ctx, X509 *certificate)
{
    struct slu_sigv4_x509 *self = ctx;

    if (self->certificate != NULL) {
        return take_intermediate(self, certificate);
    }
    self->certificate = certificate;
    return append_base64(self, &self->certificate_text, certificate);
}

/* False for a time that has no place on the calendar of time_text.h. */
static bool read_time(const ASN1_TIME *time, int64_t *out_seconds)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 &&
           slu_time_from_civil((struct slu_civil){.year = tm.tm_year + 1900,
                                                  .month = tm.tm_mon + 1,
                                                  .day = tm.tm_mday,
                                                  .hour = tm.tm_hour,
                                                  .minute = tm.tm_min,
                                                  .second = tm.tm_sec},
                               out_seconds);
}

static enum slu_err read_serial(struct slu_sigv4_x509 *self)
{
    BIGNUM *number =
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(self->certificate), NULL);
    char *digits = number == NULL ? NULL : BN_bn2dec(number);
    bool fits = digits != NULL && strlen(digits) < sizeof(self->serial);

    if (fits) {
        memcpy(self->serial, digits, strlen(digits) + 1);
    }
    OPENSSL_free(digits);
    BN_free(number);
    return fits ? SLU_ERR_OK
                : slu_error_set(self->error, SLU_ERR_CONFIG,
                                "the certificate's serial number cannot be "
                                "read");
}

/* What IAM Roles Anywhere asks of an end entity (its user guide, "Trust
 * model"); it would answer "Untrusted certificate" and no more. */
static enum slu_err check_certificate(struct slu_sigv4_x509 *self)
{
    X509 *certificate = self->certificate;

    if (X509_get_version(certificate) != X509_VERSION_3) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "the certificate is not X.509 version 3");
    }
    if ((X509_get_extension_flags(certificate) & EXFLAG_CA) != 0) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "the certificate is an authority's: expected the "
                             "end entity's, first in its file");
    }
    if ((X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "the certificate's key usage lacks "
                             "digitalSignature");
    }
    if (!read_time(X509_get0_notBefore(certificate), &self->not_before)) {
        self->not_before = INT64_MIN; /* before 1970 */
    }
    if (!read_time(X509_get0_notAfter(certificate), &self->not_after)) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "the certificate's end of validity cannot be "
                             "read");
    }
    return read_serial(self);
}

static enum slu_err
read_certificates(struct slu_sigv4_x509 *self,
                  const struct slu_sigv4_x509_options *options)
{
    enum slu_err err =
        slu_pem_read_certificates(options->certificate, "the certificate",
                                  take_certificate, self, self->error);

    if (err == SLU_ERR_OK) {
        err = check_certificate(self);
    }
    if (err == SLU_ERR_OK && options->chain.len > 0) {
        err = slu_pem_read_certificates(options->chain, "the certificate chain",
                                        take_intermediate, self, self->error);
    }
    return err;
}

static enum slu_err read_key(struct slu_sigv4_x509 *self,
                             const struct slu_sigv4_x509_options *options)
{
    enum slu_err err = slu_pem_read_key(
        options->private_key, options->passphrase, &self->key, self->error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (EVP_PKEY_get_size(self->key) > SIGNATURE_MAX) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "the private key has more than %d bits",
                             SIGNATURE_MAX * 8);
    }
    (void)ERR_set_mark();
    if (X509_check_private_key(self->certificate, self->key) != 1) {
        err = slu_error_set(self->error, SLU_ERR_CONFIG,
                            "the private key does not belong to the "
                            "certificate");
    }
    (void)ERR_pop_to_mark();
    return err;
}

enum slu_err slu_sigv4_x509_new(const struct slu_sigv4_x509_options *options,
                                struct slu_sigv4_x509 **out_self,
                                struct slu_error *out_error)
{
    struct slu_sigv4_x509 *self = slu_alloc_zero(options->alloc, sizeof(*self));
    enum slu_err err;

    *out_self = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = options->alloc;
    self->error = out_error;
    slu_buf_init(&self->certificate_text, self->alloc, SLU_SIGV4_TEXT_MAX);
    slu_buf_init(&self->chain_text, self->alloc, SLU_SIGV4_TEXT_MAX);
    err = slu_canonical_init(&self->canonical, self->alloc);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "out of memory");
        goto fail;
    }
    err = read_certificates(self, options);
    if (err == SLU_ERR_OK) {
        err = read_key(self, options);
    }
    if (err == SLU_ERR_OK) {
        err = slu_sigv4_x509_check_time(self, options->now_seconds, out_error);
    }
    if (err != SLU_ERR_OK) {
        goto fail;
    }
    self->error = NULL;
    *out_self = self;
    return SLU_ERR_OK;
fail:
    slu_sigv4_x509_free(self);
    return err;
}

void slu_sigv4_x509_free(struct slu_sigv4_x509 *self)
{
    if (self == NULL) {
        return;
    }
    X509_free(self->certificate);
    EVP_PKEY_free(self->key); /* clears a private key's numbers */
    slu_buf_fini(&self->certificate_text);
    slu_buf_fini(&self->chain_text);
    slu_canonical_fini(&self->canonical);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

enum slu_err slu_sigv4_x509_check_time(const struct slu_sigv4_x509 *self,
                                       int64_t now_seconds,
                                       struct slu_error *out_error)
{
    char text[SLU_ISO_TEXT_LEN];

    if (now_seconds > self->not_after) {
        slu_time_format_iso(self->not_after, text);
        return slu_error_set(out_error, SLU_ERR_AUTH,
                             "the certificate expired at %.*s",
                             SLU_ISO_TEXT_LEN, text);
    }
    if (now_seconds < self->not_before) {
        slu_time_format_iso(self->not_before, text);
        return slu_error_set(out_error, SLU_ERR_AUTH,
                             "the certificate is valid only from %.*s on",
                             SLU_ISO_TEXT_LEN, text);
    }
    return SLU_ERR_OK;
}

int64_t slu_sigv4_x509_not_after(const struct slu_sigv4_x509 *self)
{
    return self->not_after;
}

struct slu_view slu_sigv4_x509_serial(const struct slu_sigv4_x509 *self)
{
    return slu_view_str(self->serial);
}

static void add_header(struct slu_sigv4_added *added, const char *name,
                       struct slu_view value)
{
    added->headers[added->count++] =
        (struct slu_sigv4_pair){slu_view_str(name), value};
}

/* One signature an hour: OpenSSL's allocations don't matter here. */
static enum slu_err make_signature(struct slu_sigv4_x509 *self,
                                   char out[2 * SIGNATURE_MAX], size_t *out_len)
{
    struct slu_view text = slu_sigv4_x509_string_to_sign(self);
    unsigned char signature[SIGNATURE_MAX];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool made;

    (void)ERR_set_mark();
    made = ctx != NULL &&
           EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, self->key) == 1 &&
           EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text.ptr,
                          text.len) == 1;
    (void)ERR_pop_to_mark();
    EVP_MD_CTX_free(ctx);
    if (!made) {
        return SLU_ERR_NOMEM;
    }
    slu_hex_format(signature, len, out);
    *out_len = 2 * len;
    return SLU_ERR_OK;
}

static struct slu_view choose_algorithm(const struct slu_sigv4_x509 *self)
{
    return slu_view_str(EVP_PKEY_get_base_id(self->key) == EVP_PKEY_RSA
                            ? "AWS4-X509-RSA-SHA256"
                            : "AWS4-X509-ECDSA-SHA256");
}

enum slu_err slu_sigv4_x509_sign(struct slu_sigv4_x509 *self,
                                 const struct slu_sigv4_request *request,
                                 struct slu_buf *out,
                                 struct slu_sigv4_added *out_added)
{
    struct slu_canonical *canonical = &self->canonical;
    char signature[2 * SIGNATURE_MAX];
    size_t len = 0;
    enum slu_err err;

    slu_canonical_begin(canonical, request);
    out_added->count = 0;
    add_header(out_added, "x-amz-date",
               slu_view_make(canonical->time, SLU_AWS_TEXT_LEN));
    add_header(out_added, "x-amz-x509", slu_buf_view(&self->certificate_text));
    if (self->chain_count > 0) {
        add_header(out_added, "x-amz-x509-chain",
                   slu_buf_view(&self->chain_text));
    }
    err = slu_canonical_write(canonical, request, out_added,
                              choose_algorithm(self));
    if (err == SLU_ERR_OK) {
        err = make_signature(self, signature, &len);
    }
    if (err == SLU_ERR_OK) {
        err =
            slu_canonical_finish(canonical, slu_sigv4_x509_serial(self),
                                 slu_view_make(signature, len), out, out_added);
    }
    if (err != SLU_ERR_OK) {
        out_added->count = 0;
    }
    return err;
}

struct slu_view
slu_sigv4_x509_canonical_request(const struct slu_sigv4_x509 *self)
{
    return slu_canonical_view(&self->canonical, self->canonical.request);
}

struct slu_view slu_sigv4_x509_string_to_sign(const struct slu_sigv4_x509 *self)
{
    return slu_canonical_view(&self->canonical, self->canonical.to_sign);
}
