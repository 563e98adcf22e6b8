/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the official helper of IAM Roles Anywhere, and keys in every form
 * that openssl writes, where the folder of samples is there.
 */
#include "codecs/sigv4_x509.h"
#include "codecs/sigv4_x509_pem.h"
#include "support/json_dom.h"
#include "support/shared.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>

#define TIME_RSA 1720265939     /* 2024-07-06T11:38:59Z */
#define TIME_ECDSA 1720276204   /* 2024-07-06T14:30:04Z */
#define TIME_SAMPLES 1795392000 /* 2026-11-23: the made ones are valid */

#define VIEW(text) SLU_VIEW_LITERAL(text)

static const struct slu_sigv4_pair headers[] = {
    {VIEW("Content-Type"), VIEW("application/json")}};

/* One request of a sample folder, and what the signer made of it. */
struct run {
    char folder[1000];
    struct slu_sigv4_request request;
    struct slu_sigv4_x509 *signer;
    struct slu_buf out;
    struct slu_sigv4_added added;
    char hash[SLU_SHA256_HEX_LEN];
};

static void start(struct run *self, const char *folder)
{
    static const char body[] = "{\"durationSeconds\":3600}";
    struct slu_sha256 *sha = slu_sha256_new(slu_alloc_default());
    unsigned char hash[SLU_SHA256_LEN];

    memset(self, 0, sizeof(*self));
    slu_sha256_hash(sha, slu_view_str(body), hash);
    slu_sha256_free(sha);
    slu_hex_format(hash, sizeof(hash), self->hash);
    if (shared_folder(folder, self->folder) == NULL) {
        cr_skip("no samples");
    }
    slu_buf_init(&self->out, slu_alloc_default(), 1 << 16);
    self->request = (struct slu_sigv4_request){
        .method = VIEW("POST"),
        .path = VIEW("/sessions"),
        .headers = headers,
        .header_count = 1,
        .payload_hash = slu_view_make(self->hash, sizeof(self->hash)),
        .service = VIEW("rolesanywhere"),
    };
}

static void stop(struct run *self)
{
    slu_buf_fini(&self->out);
    slu_sigv4_x509_free(self->signer);
}

static void open_signer(struct run *self, const char *certificate,
                        const char *chain, const char *key, int64_t now)
{
    char *texts[] = {shared_read(self->folder, certificate),
                     chain == NULL ? NULL : shared_read(self->folder, chain),
                     shared_read(self->folder, key)};
    const struct slu_sigv4_x509_options options = {
        .alloc = slu_alloc_default(),
        .certificate = slu_view_str(texts[0]),
        .chain = slu_view_str(texts[1]),
        .private_key = slu_view_str(texts[2]),
        .passphrase = VIEW("password"),
        .now_seconds = now,
    };
    struct slu_error error = {0};

    cr_assert_eq(slu_sigv4_x509_new(&options, &self->signer, &error),
                 SLU_ERR_OK, "%s", error.text);
    for (unsigned i = 0; i < 3; i++) {
        free(texts[i]);
    }
}

/* The third line of a canonical request. */
static struct slu_view find_query(const char *canonical)
{
    const char *start = strchr(strchr(canonical, '\n') + 1, '\n') + 1;

    return slu_view_make(start, (size_t)(strchr(start, '\n') - start));
}

static struct slu_view authorization(const struct run *self)
{
    return self->added.headers[self->added.count - 1].value;
}

static void sign(struct run *self)
{
    cr_assert_eq(slu_sigv4_x509_sign(self->signer, &self->request, &self->out,
                                     &self->added),
                 SLU_ERR_OK);
}

static void check_text(struct slu_view got, const char *want)
{
    cr_assert(slu_view_equal_str(got, want), "%.*s\nnot\n%s",
              SLU_VIEW_ARGS(got), want);
}

Test(sigv4_x509_samples, the_helpers_rsa_request_byte_for_byte)
{
    struct run it;
    char *canonical;
    char *to_sign;
    char *signature;
    struct slu_view line;

    start(&it, "rolesanywhere/helper-capture");
    canonical = shared_read(it.folder, "rsa-canonical-request.txt");
    to_sign = shared_read(it.folder, "rsa-string-to-sign.txt");
    signature = shared_read(it.folder, "rsa-signature.txt");
    open_signer(&it, "alice-cert.crt", NULL, "alice-cert.key", TIME_RSA);
    it.request.host = slu_view_str("127.0.0.1:8080");
    it.request.query = find_query(canonical);
    it.request.region = slu_view_str("us-east-2");
    it.request.now_seconds = TIME_RSA;
    sign(&it);
    check_text(slu_sigv4_x509_canonical_request(it.signer), canonical);
    check_text(slu_sigv4_x509_string_to_sign(it.signer), to_sign);
    line = authorization(&it);
    check_text(slu_view_make(line.ptr + line.len - strlen(signature),
                             strlen(signature)),
               signature);
    free(canonical);
    free(to_sign);
    free(signature);
    stop(&it);
}

/* An ECDSA signature differs each time; test_sigv4_x509 verifies ours. */
Test(sigv4_x509_samples, the_helpers_ecdsa_request)
{
    struct run it;
    char *canonical;
    char *to_sign;

    start(&it, "rolesanywhere/helper-capture");
    canonical = shared_read(it.folder, "ecdsa-canonical-request.txt");
    to_sign = shared_read(it.folder, "ecdsa-string-to-sign.txt");
    open_signer(&it, "alice-cert-ecc.crt", NULL, "alice-cert-ecc.key",
                TIME_ECDSA);
    it.request.host = slu_view_str("127.0.0.1:8080");
    it.request.query = find_query(canonical);
    it.request.region = slu_view_str("us-east-2");
    it.request.now_seconds = TIME_ECDSA;
    sign(&it);
    check_text(slu_sigv4_x509_canonical_request(it.signer), canonical);
    check_text(slu_sigv4_x509_string_to_sign(it.signer), to_sign);
    cr_assert_not_null(strstr(authorization(&it).ptr,
                              "AWS4-X509-ECDSA-SHA256 Credential=3/20240706/"));
    free(canonical);
    free(to_sign);
    stop(&it);
}

Test(sigv4_x509_samples, a_request_with_a_chain_byte_for_byte)
{
    struct run it;
    struct slu_view json;
    char *text;
    char *canonical;
    char *to_sign;
    char *line;

    start(&it, "rolesanywhere/generated");
    text = shared_read(it.folder, "rsa-chain-expected.json");
    json = slu_view_str(text);
    canonical = json_dom_get(json, "canonical_request");
    to_sign = json_dom_get(json, "string_to_sign");
    line = json_dom_get(json, "authorization");
    open_signer(&it, "rsa2048-cert.pem", "int-cert.pem",
                "rsa2048-key-pkcs8.pem", TIME_SAMPLES);
    it.request.host = slu_view_str("rolesanywhere.us-east-1.amazonaws.com");
    it.request.query = find_query(canonical);
    it.request.region = slu_view_str("us-east-1");
    it.request.now_seconds = TIME_RSA;
    sign(&it);
    check_text(slu_sigv4_x509_canonical_request(it.signer), canonical);
    check_text(slu_sigv4_x509_string_to_sign(it.signer), to_sign);
    check_text(authorization(&it), line);
    free(line);
    free(to_sign);
    free(canonical);
    free(text);
    stop(&it);
}

static void check_key(const char *folder, const char *name)
{
    bool outdated = strstr(name, "pbes1") != NULL;
    char *text = shared_read(folder, name);
    bool encrypted = strstr(text, "ENCRYPTED") != NULL;
    struct slu_error error = {0};
    EVP_PKEY *key = NULL;

    cr_assert_eq(slu_pem_read_key(slu_view_str(text), slu_view_str("password"),
                                  &key, &error),
                 outdated ? SLU_ERR_CONFIG : SLU_ERR_OK, "%s: %s", name,
                 error.text);
    EVP_PKEY_free(key);
    cr_assert_eq(slu_pem_read_key(slu_view_str(text), slu_view_str("wrong"),
                                  &key, &error),
                 outdated    ? SLU_ERR_CONFIG
                 : encrypted ? SLU_ERR_AUTH
                             : SLU_ERR_OK,
                 "%s: %s", name, error.text);
    EVP_PKEY_free(key);
    cr_assert_eq(
        slu_pem_read_key(slu_view_str(text), slu_view_str(""), &key, &error),
        encrypted ? SLU_ERR_CONFIG : SLU_ERR_OK, "%s: %s", name, error.text);
    EVP_PKEY_free(key);
    free(text);
}

Test(sigv4_x509_samples, keys_in_every_form)
{
    struct run it;
    struct dirent *entry;
    unsigned count = 0;
    DIR *dir;

    start(&it, "rolesanywhere/generated");
    dir = opendir(it.folder);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, "-key-") != NULL) {
            check_key(it.folder, entry->d_name);
            count++;
        }
    }
    (void)closedir(dir);
    cr_assert_eq(count, 18, "%u", count);
    stop(&it);
}

Test(sigv4_x509_samples, a_bundle_brings_its_own_chain)
{
    struct run it;

    start(&it, "rolesanywhere/generated");
    open_signer(&it, "p256-fullchain.pem", NULL, "p256-key-traditional.pem",
                TIME_SAMPLES);
    it.request.now_seconds = TIME_SAMPLES;
    sign(&it);
    cr_assert_eq(it.added.count, 4);
    stop(&it);
}

static enum slu_err refuse_certificate(void *ctx, X509 *certificate)
{
    (void)ctx;
    (void)certificate;
    cr_assert_fail("a certificate was read");
    return SLU_ERR_OK;
}

Test(sigv4_x509_samples, the_helpers_own_test_files)
{
    struct run it;
    struct slu_error error = {0};
    EVP_PKEY *key = NULL;
    char *text;

    start(&it, "rolesanywhere/helper-repo");
    check_key(it.folder, "acm-encrypted.pem");
    text = shared_read(it.folder, "invalid-rsa-key.pem");
    cr_assert_eq(
        slu_pem_read_key(slu_view_str(text), slu_view_str(""), &key, &error),
        SLU_ERR_CONFIG);
    free(text);
    text = shared_read(it.folder, "invalid-rsa-cert.pem");
    cr_assert_eq(slu_pem_read_certificates(slu_view_str(text), "it",
                                           refuse_certificate, NULL, &error),
                 SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "it cannot be read: block 1 is damaged");
    free(text);
    stop(&it);
}
