/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples are AWS's own, written down from its documentation: the IAM user
 * guide ("Create a signed AWS API request": ListUsers; "Examples of how to
 * derive a signing key"), and the S3 API reference ("Signature Calculations for
 * the Authorization Header": GET Object with a range).
 */
#include "codecs/sigv4.h"
#include "codecs/sigv4_key.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define TIME_2015 1440938160 /* 2015-08-30T12:36:00Z */
#define TIME_2013 1369353600 /* 2013-05-24T00:00:00Z */

#define VIEW(text) SLU_VIEW_LITERAL(text)

struct fixture {
    struct failing_alloc failing;
    struct slu_sigv4 *signer;
    struct slu_buf out;
    struct slu_sigv4_added added;
};

static const struct slu_sigv4_credentials credentials = {
    .access_key_id = VIEW("AKIDEXAMPLE"),
    .secret_access_key = VIEW("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};

static const struct slu_sigv4_request plain = {
    .method = VIEW("GET"),
    .host = VIEW("guardduty.us-east-1.amazonaws.com"),
    .path = VIEW("/detector"),
    .region = VIEW("us-east-1"),
    .service = VIEW("guardduty"),
    .now_seconds = TIME_2015,
};

static void start(struct fixture *self)
{
    failing_alloc_init(&self->failing, 0);
    self->signer = slu_sigv4_new(&self->failing.alloc);
    cr_assert_not_null(self->signer);
    slu_buf_init(&self->out, &self->failing.alloc, 1 << 20);
}

static void stop(struct fixture *self)
{
    slu_buf_fini(&self->out);
    slu_sigv4_free(self->signer);
    cr_assert_eq(self->failing.live, 0);
}

/* The value of Authorization. */
static struct slu_view sign_as(struct fixture *self,
                               const struct slu_sigv4_request *request,
                               const struct slu_sigv4_credentials *who)
{
    slu_buf_clear(&self->out);
    cr_assert_eq(
        slu_sigv4_sign(self->signer, request, who, &self->out, &self->added),
        SLU_ERR_OK);
    return self->added.headers[self->added.count - 1].value;
}

static struct slu_view sign(struct fixture *self,
                            const struct slu_sigv4_request *request)
{
    return sign_as(self, request, &credentials);
}

static void check_canonical(const struct fixture *self, const char *want)
{
    struct slu_view got = slu_sigv4_canonical_request(self->signer);

    cr_assert(slu_view_equal_str(got, want), "%.*s\nnot\n%s",
              SLU_VIEW_ARGS(got), want);
}

static void check_text(struct slu_view got, const char *want)
{
    cr_assert(slu_view_equal_str(got, want), "%.*s\nnot\n%s",
              SLU_VIEW_ARGS(got), want);
}

Test(sigv4, signs_the_documented_list_users)
{
    static const struct slu_sigv4_pair headers[] = {
        {VIEW("Content-Type"),
         VIEW("application/x-www-form-urlencoded; charset=utf-8")}};
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    request.host = slu_view_str("iam.amazonaws.com");
    request.path = slu_view_str("/");
    request.query = slu_view_str("Action=ListUsers&Version=2010-05-08");
    request.service = slu_view_str("iam");
    request.headers = headers;
    request.header_count = 1;
    check_text(sign(&it, &request),
               "AWS4-HMAC-SHA256 "
               "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
               "SignedHeaders=content-type;host;x-amz-date, "
               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b"
               "5924a6f2b5d7");
    check_text(slu_sigv4_string_to_sign(it.signer),
               "AWS4-HMAC-SHA256\n20150830T123600Z\n"
               "20150830/us-east-1/iam/aws4_request\n"
               "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a"
               "59");
    stop(&it);
}

Test(sigv4, signs_the_documented_object_with_a_range)
{
    static const struct slu_sigv4_pair headers[] = {
        {VIEW("Range"), VIEW("bytes=0-9")}};
    static const struct slu_sigv4_rules rules = {.send_payload_hash = true,
                                                 .sign_all_headers = true};
    static const struct slu_sigv4_credentials who = {
        .access_key_id = VIEW("AKIAIOSFODNN7EXAMPLE"),
        .secret_access_key = VIEW("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    };
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    request.host = slu_view_str("examplebucket.s3.amazonaws.com");
    request.path = slu_view_str("/test.txt");
    request.service = slu_view_str("s3");
    request.now_seconds = TIME_2013;
    request.headers = headers;
    request.header_count = 1;
    request.rules = &rules;
    check_text(
        sign_as(&it, &request, &who),
        "AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036"
        "bdb41");
    stop(&it);
}

Test(sigv4, derives_the_documented_signing_key)
{
    static const struct slu_sigv4_key_parts parts = {
        .access_key_id = VIEW("AKIDEXAMPLE"),
        .secret_access_key = VIEW("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .date = VIEW("20120215"),
        .region = VIEW("us-east-1"),
        .service = VIEW("iam"),
    };
    struct slu_sigv4_keys *keys = slu_sigv4_keys_new(slu_alloc_default());
    struct slu_sha256 *sha = slu_sha256_new(slu_alloc_default());
    char hex[SLU_SHA256_HEX_LEN];
    struct slu_view key;

    cr_assert_eq(slu_sigv4_keys_find(keys, sha, &parts, &key), SLU_ERR_OK);
    slu_hex_format((const unsigned char *)key.ptr, key.len, hex);
    check_text(slu_view_make(hex, sizeof(hex)),
               "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db40"
               "4d");
    slu_sha256_free(sha);
    slu_sigv4_keys_free(keys);
}

Test(sigv4, tells_its_headers_as_lines_and_as_pairs)
{
    struct slu_sigv4_credentials who = credentials;
    struct fixture it;
    char text[2000] = "Accept: */*\r\n";
    size_t len = strlen(text);

    start(&it);
    who.session_token = slu_view_str("to/ken==");
    cr_assert_eq(slu_buf_append_str(&it.out, text), SLU_ERR_OK);
    cr_assert_eq(slu_sigv4_sign(it.signer, &plain, &who, &it.out, &it.added),
                 SLU_ERR_OK);
    cr_assert_eq(it.added.count, 3);
    check_text(it.added.headers[0].name, "x-amz-date");
    check_text(it.added.headers[0].value, "20150830T123600Z");
    check_text(it.added.headers[1].name, "x-amz-security-token");
    check_text(it.added.headers[1].value, "to/ken==");
    check_text(it.added.headers[2].name, "Authorization");
    for (unsigned i = 0; i < it.added.count; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%.*s: %.*s\r\n",
                             SLU_VIEW_ARGS(it.added.headers[i].name),
                             SLU_VIEW_ARGS(it.added.headers[i].value));
    }
    check_text(slu_buf_view(&it.out), text);
    check_canonical(
        &it,
        "GET\n/detector\n\nhost:guardduty.us-east-1.amazonaws.com\n"
        "x-amz-date:20150830T123600Z\nx-amz-security-token:to/ken==\n\n"
        "host;x-amz-date;x-amz-security-token\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    stop(&it);
}

Test(sigv4, s3_has_its_own_rules)
{
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    request.service = slu_view_str("s3");
    request.path = slu_view_str("//x/../a%20b=");
    request.payload_hash = slu_view_str(SLU_SIGV4_UNSIGNED);
    (void)sign(&it, &request);
    check_canonical(&it,
                    "GET\n//x/../a%20b=\n\n"
                    "host:guardduty.us-east-1.amazonaws.com\n"
                    "x-amz-content-sha256:UNSIGNED-PAYLOAD\n"
                    "x-amz-date:20150830T123600Z\n\n"
                    "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD");
    cr_assert_eq(it.added.count, 3);
    check_text(it.added.headers[1].name, "x-amz-content-sha256");
    check_text(it.added.headers[1].value, "UNSIGNED-PAYLOAD");
    request.service = slu_view_str("guardduty");
    (void)sign(&it, &request);
    cr_assert_eq(it.added.count, 2);
    check_text(slu_view_make(slu_sigv4_canonical_request(it.signer).ptr, 16),
               "GET\n/a%2520b%3D\n");
    stop(&it);
}

Test(sigv4, signs_only_the_headers_that_aws_asks_for)
{
    static const struct slu_sigv4_pair headers[] = {
        {VIEW("User-Agent"), VIEW("sluice")},
        {VIEW("X-Amz-Meta-B"), VIEW("  two \t words\r\n folded ")},
        {VIEW("If-None-Match"), VIEW("*")},
        {VIEW("Accept-Encoding"), VIEW("gzip")},
        {VIEW("x-amz-meta-b"), VIEW("more")},
        {VIEW("IF-MATCH"), VIEW("\"e\"")},
        {VIEW("X-Amz-Meta"), VIEW("")},
        {VIEW("Content-Length"), VIEW("0")},
        {VIEW("X-Amz"), VIEW("no")},
    };
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    request.headers = headers;
    request.header_count = sizeof(headers) / sizeof(headers[0]);
    (void)sign(&it, &request);
    check_canonical(
        &it,
        "GET\n/detector\n\nhost:guardduty.us-east-1.amazonaws.com\n"
        "if-match:\"e\"\nif-none-match:*\nx-amz-date:20150830T123600Z\n"
        "x-amz-meta:\nx-amz-meta-b:two words folded,more\n\n"
        "host;if-match;if-none-match;x-amz-date;x-amz-meta;x-amz-meta-b\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    stop(&it);
}

Test(sigv4, hashes_a_payload)
{
    char hash[SLU_SHA256_HEX_LEN];
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    slu_sigv4_hash_payload(it.signer, slu_view_str("Welcome to Amazon S3."),
                           hash);
    request.payload_hash = slu_view_make(hash, sizeof(hash));
    (void)sign(&it, &request);
    cr_assert_not_null(strstr(it.out.ptr, "x-amz-date"));
    check_canonical(
        &it,
        "GET\n/detector\n\nhost:guardduty.us-east-1.amazonaws.com\n"
        "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    stop(&it);
}

Test(sigv4, a_key_is_made_once_for_a_day_a_region_and_a_service)
{
    struct slu_sigv4_request request = plain;
    struct slu_sigv4_credentials who = credentials;
    char first[200];
    struct fixture it;

    start(&it);
    (void)snprintf(first, sizeof(first), "%.*s",
                   SLU_VIEW_ARGS(sign(&it, &request)));
    check_text(sign(&it, &request), first);
    request.now_seconds = 1440892801; /* another second of the same day */
    (void)sign(&it, &request);
    cr_assert_eq(slu_sigv4_keys_count(it.signer), 1);
    request.now_seconds = 1440892799; /* the day before */
    (void)sign(&it, &request);
    cr_assert_eq(slu_sigv4_keys_count(it.signer), 2);
    request = plain;
    request.region = slu_view_str("us-east-2");
    (void)sign(&it, &request);
    request = plain;
    request.service = slu_view_str("sts");
    (void)sign(&it, &request);
    who.access_key_id = slu_view_str("AKIDEXAMPLF");
    (void)sign_as(&it, &plain, &who);
    cr_assert_eq(slu_sigv4_keys_count(it.signer), 5);
    check_text(sign(&it, &plain), first);
    stop(&it);
}

Test(sigv4, a_mended_secret_under_the_same_id_makes_another_key)
{
    struct slu_sigv4_credentials wrong = credentials;
    struct slu_view right;
    char first[200];
    struct fixture it;

    start(&it);
    wrong.secret_access_key = slu_view_str("wrong");
    (void)snprintf(first, sizeof(first), "%.*s",
                   SLU_VIEW_ARGS(sign_as(&it, &plain, &wrong)));
    right = sign(&it, &plain);
    cr_assert_not(slu_view_equal_str(right, first));
    cr_assert_eq(slu_sigv4_keys_count(it.signer), 2);
    stop(&it);
}

/* More keys than there are places: each is right whenever it is asked for. */
Test(sigv4, keys_that_lost_their_place_are_made_again)
{
    static char wants[2 * SLU_SIGV4_KEYS][200];
    struct slu_sigv4_request request = plain;
    struct fixture it;

    start(&it);
    for (unsigned round = 0; round < 2; round++) {
        for (int i = 0; i < 2 * SLU_SIGV4_KEYS; i++) {
            struct slu_view got;

            request.now_seconds = TIME_2015 + (int64_t)i * 86400;
            got = sign(&it, &request);
            if (round == 0) {
                (void)snprintf(wants[i], sizeof(wants[i]), "%.*s",
                               SLU_VIEW_ARGS(got));
            } else {
                check_text(got, wants[i]);
            }
        }
    }
    cr_assert_gt(slu_sigv4_keys_count(it.signer), 2 * SLU_SIGV4_KEYS);
    stop(&it);
}

Test(sigv4, limits_are_told_and_leave_nothing_half_written)
{
    static struct slu_sigv4_pair headers[SLU_SIGV4_HEADERS_MAX];
    static char large[SLU_SIGV4_TEXT_MAX];
    struct slu_sigv4_request request = plain;
    struct slu_sigv4_credentials who = credentials;
    struct fixture it;
    struct slu_view got;
    char first[200];

    start(&it);
    (void)snprintf(first, sizeof(first), "%.*s",
                   SLU_VIEW_ARGS(sign(&it, &plain)));
    slu_buf_clear(&it.out);
    memset(large, 'a', sizeof(large));
    for (unsigned i = 0; i < SLU_SIGV4_HEADERS_MAX; i++) {
        headers[i] = (struct slu_sigv4_pair){slu_view_str("x-amz-meta"),
                                             slu_view_str("v")};
    }
    request.headers = headers;
    request.header_count = SLU_SIGV4_HEADERS_MAX - 1; /* and host and date */
    cr_assert_eq(
        slu_sigv4_sign(it.signer, &request, &credentials, &it.out, &it.added),
        SLU_ERR_LIMIT);
    cr_assert_eq(it.added.count, 0);
    request = plain;
    request.query = slu_view_make(large, sizeof(large));
    cr_assert_eq(
        slu_sigv4_sign(it.signer, &request, &credentials, &it.out, &it.added),
        SLU_ERR_LIMIT);
    who.session_token = slu_view_make(large, sizeof(large));
    cr_assert_eq(slu_sigv4_sign(it.signer, &plain, &who, &it.out, &it.added),
                 SLU_ERR_LIMIT);
    who = credentials;
    who.secret_access_key = slu_view_make(large, SLU_SIGV4_SECRET_MAX + 1);
    cr_assert_eq(slu_sigv4_sign(it.signer, &plain, &who, &it.out, &it.added),
                 SLU_ERR_LIMIT);
    cr_assert_eq(it.out.len, 0);
    got = sign(&it, &plain);
    check_text(got, first);
    stop(&it);
}

Test(sigv4, a_buffer_without_room_is_left_as_it_was)
{
    struct slu_buf small;
    struct fixture it;

    start(&it);
    slu_buf_init(&small, &it.failing.alloc, 100);
    cr_assert_eq(slu_buf_append_str(&small, "before"), SLU_ERR_OK);
    cr_assert_eq(
        slu_sigv4_sign(it.signer, &plain, &credentials, &small, &it.added),
        SLU_ERR_LIMIT);
    check_text(slu_buf_view(&small), "before");
    cr_assert_eq(it.added.count, 0);
    slu_buf_fini(&small);
    stop(&it);
}

Test(sigv4, no_memory_is_told_at_every_place)
{
    struct failing_alloc failing;
    struct slu_sigv4_added added;
    unsigned n = 0;
    bool done = false;

    while (!done) {
        struct slu_sigv4 *signer;
        struct slu_buf out;

        failing_alloc_init(&failing, ++n);
        slu_buf_init(&out, &failing.alloc, 1 << 16);
        signer = slu_sigv4_new(&failing.alloc);
        if (signer != NULL) {
            enum slu_err err =
                slu_sigv4_sign(signer, &plain, &credentials, &out, &added);

            done = err == SLU_ERR_OK;
            cr_assert(done || err == SLU_ERR_NOMEM);
            cr_assert_eq(out.len > 0, done);
        }
        slu_buf_fini(&out);
        slu_sigv4_free(signer);
        cr_assert_eq(failing.live, 0);
    }
    cr_assert_eq(n, 7, "%u", n); /* 5 in new, 1 in out, and none */
    slu_sigv4_free(NULL);
}
