/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of GuardDuty signed one after the other, each other than the one
 * before, by a signer that has the day's key. Beside it, what no signer can do
 * without: SHA-256 of the same canonical request and HMAC of the same string to
 * sign, by OpenSSL's one-call functions. Both signatures must be equal, and the
 * first that of AWS's own example (IAM user guide, "Create a signed AWS API
 * request": ListUsers).
 */
#include "bench/bench.h"
#include "codecs/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define BATCH 1000
#define PATHS 64
#define DAY 1440892800 /* 2015-08-30 */
#define OUT_MAX 65536
#define HEX_LEN 64

#define VIEW(text) SLU_VIEW_LITERAL(text)

static const struct slu_sigv4_credentials credentials = {
    .access_key_id = VIEW("AKIDEXAMPLE"),
    .secret_access_key = VIEW("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

struct scene {
    struct slu_bench *bench;
    struct slu_sigv4 *signer;
    struct slu_buf out;
    char paths[PATHS][48];
    unsigned char key[32]; /* of the day, region and service */
};

static struct slu_view sign(struct scene *self,
                            const struct slu_sigv4_request *request)
{
    struct slu_sigv4_added added;
    struct slu_view value;
    enum slu_err err;

    slu_buf_clear(&self->out);
    err =
        slu_sigv4_sign(self->signer, request, &credentials, &self->out, &added);
    slu_bench_require(self->bench, err == SLU_ERR_OK, "signing failed: %s",
                      slu_err_sentence(err));
    value = added.headers[added.count - 1].value;
    return slu_view_make(value.ptr + value.len - HEX_LEN, HEX_LEN);
}

static struct slu_sigv4_request make_request(const struct scene *self,
                                             unsigned number)
{
    return (struct slu_sigv4_request){
        .method = VIEW("POST"),
        .host = VIEW("guardduty.us-east-1.amazonaws.com"),
        .path = slu_view_str(self->paths[number % PATHS]),
        .region = VIEW("us-east-1"),
        .service = VIEW("guardduty"),
        .now_seconds = DAY + number % 86400,
    };
}

static void check_example(struct scene *self)
{
    static const struct slu_sigv4_pair headers[] = {
        {VIEW("Content-Type"),
         VIEW("application/x-www-form-urlencoded; charset=utf-8")}};
    const struct slu_sigv4_request request = {
        .method = VIEW("GET"),
        .host = VIEW("iam.amazonaws.com"),
        .path = VIEW("/"),
        .query = VIEW("Action=ListUsers&Version=2010-05-08"),
        .region = VIEW("us-east-1"),
        .service = VIEW("iam"),
        .headers = headers,
        .header_count = 1,
        .now_seconds = DAY + 45360,
    };

    slu_bench_require(self->bench,
                      slu_view_equal_str(sign(self, &request),
                                         "5d672d79c15b13162d9279b0855cfba6789a8"
                                         "edb4c82c400e06b5924a6f2b5d7"),
                      "the signature of AWS's example differs");
}

/* ---- by OpenSSL alone ---- */

static void chain(unsigned char key[32], size_t key_len, const char *text)
{
    (void)HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text,
               strlen(text), key, NULL);
}

static void derive_key(struct scene *self)
{
    unsigned char first[64];
    struct slu_view secret = credentials.secret_access_key;

    memcpy(first, "AWS4", 4);
    memcpy(first + 4, secret.ptr, secret.len);
    (void)HMAC(EVP_sha256(), first, (int)secret.len + 4,
               (const unsigned char *)"20150830", 8, self->key, NULL);
    chain(self->key, sizeof(self->key), "us-east-1");
    chain(self->key, sizeof(self->key), "guardduty");
    chain(self->key, sizeof(self->key), "aws4_request");
}

static void write_hex(const unsigned char digest[32], char out[HEX_LEN])
{
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
}

/* The signature again. to_sign ends with the hash, which is put there anew. */
static void sign_plainly(const struct scene *self, struct slu_view canonical,
                         char *to_sign, size_t len, char out[HEX_LEN])
{
    unsigned char digest[32];

    (void)EVP_Digest(canonical.ptr, canonical.len, digest, NULL, EVP_sha256(),
                     NULL);
    write_hex(digest, to_sign + len - HEX_LEN);
    (void)HMAC(EVP_sha256(), self->key, sizeof(self->key),
               (const unsigned char *)to_sign, len, digest, NULL);
    write_hex(digest, out);
}

/* ---- measuring ---- */

static void check_all(struct scene *self)
{
    for (unsigned i = 0; i < BATCH; i++) {
        struct slu_sigv4_request request = make_request(self, i);
        struct slu_view ours = sign(self, &request);
        struct slu_view to_sign = slu_sigv4_string_to_sign(self->signer);
        char copy[512];
        char theirs[HEX_LEN];

        memcpy(copy, to_sign.ptr, to_sign.len);
        memset(copy + to_sign.len - HEX_LEN, '0', HEX_LEN);
        sign_plainly(self, slu_sigv4_canonical_request(self->signer), copy,
                     to_sign.len, theirs);
        slu_bench_require(self->bench, memcmp(ours.ptr, theirs, HEX_LEN) == 0,
                          "the signature of request %u isn't OpenSSL's", i);
    }
}

static double time_ours(struct scene *self)
{
    double began = slu_bench_cpu_s();

    for (unsigned i = 0; i < BATCH; i++) {
        struct slu_sigv4_request request = make_request(self, i);

        slu_bench_keep(sign(self, &request).ptr);
    }
    return (slu_bench_cpu_s() - began) * 1e6 / BATCH;
}

static double time_plain(struct scene *self)
{
    struct slu_view canonical = slu_sigv4_canonical_request(self->signer);
    struct slu_view to_sign = slu_sigv4_string_to_sign(self->signer);
    char copy[512];
    char out[HEX_LEN];
    double began;

    memcpy(copy, to_sign.ptr, to_sign.len);
    began = slu_bench_cpu_s();
    for (unsigned i = 0; i < BATCH; i++) {
        sign_plainly(self, canonical, copy, to_sign.len, out);
        slu_bench_keep(out);
    }
    return (slu_bench_cpu_s() - began) * 1e6 / BATCH;
}

static void measure(struct scene *self)
{
    struct slu_bench_figure figure = {
        .name = "SigV4 signature, key cached",
        .unit = "us",
        .better = SLU_BENCH_LESS,
        .limit = 5,
        .rivals = {{.name = "its SHA-256 and HMAC by OpenSSL"}},
    };

    check_example(self);
    check_all(self);
    while (slu_bench_round(self->bench, 31, 0.5)) {
        slu_bench_add(&figure.ours, time_ours(self));
        slu_bench_add(&figure.rivals[0].series, time_plain(self));
    }
    slu_bench_require(self->bench, slu_sigv4_keys_count(self->signer) == 2,
                      "the key wasn't kept");
    slu_bench_figure(self->bench, &figure);
}

static void run(struct slu_bench *bench)
{
    struct scene scene = {.bench = bench,
                          .signer = slu_sigv4_new(bench->alloc)};

    slu_bench_require(bench, scene.signer != NULL, "out of memory");
    slu_buf_init(&scene.out, bench->alloc, OUT_MAX);
    for (unsigned i = 0; i < PATHS; i++) {
        (void)snprintf(scene.paths[i], sizeof(scene.paths[i]),
                       "/detector/%032x/findings", i);
    }
    derive_key(&scene);
    measure(&scene);
    slu_buf_fini(&scene.out);
    slu_sigv4_free(scene.signer);
}

const struct slu_bench_case slu_bench_case_sigv4 = {
    .name = "sigv4",
    .title = "Signatures",
    .what =
        "AWS Signature Version 4 of GuardDuty requests, with the key of the "
        "day in the cache. CPU time of one signature.",
    .needs = "",
    .normal = true,
    .run = run,
};
