/* SPDX-License-Identifier: Apache-2.0 */
/* Requests made ready for http, and the bytes that a server gets of them. */
#include "engine/aws_sign.h"
#include "engine/aws_wire.h"
#include "engine/count_alloc.h"
#include "engine/http_client.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW 1792569600 /* 2026-10-21T08:00:00Z */

static const char *endpoint_url;

static const char *get_env(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "AWS_ENDPOINT_URL") == 0 ? endpoint_url : NULL;
}

static enum slu_err read_no_file(void *ctx, const char *path,
                                 struct slu_buf *out, int *out_sys)
{
    (void)ctx;
    (void)path;
    (void)out;
    *out_sys = 0;
    return SLU_ERR_NOT_FOUND;
}

static const struct slu_aws_port port = {NULL, get_env, read_no_file};
static const struct slu_aws_config config = {.region = "eu-central-1",
                                             .auth = "default"};
static char key_id[] = "AKIDEXAMPLE";
static char secret[] = "wJalrXUtnFEMI/K7MDENG";
static char token[] = "IQoJb3JpZ2luX2VjE+/=";
static char no_token[] = "";
static const struct slu_credentials credentials = {key_id, secret, token,
                                                   NULL,   0,      0};

struct sign {
    struct slu_aws_settings *settings;
    struct slu_aws_signer *signer;
    struct slu_http_request http;
    struct slu_error error;
};

static void sign_init(struct sign *self, const char *url)
{
    *self = (struct sign){0};
    endpoint_url = url;
    cr_assert_eq(slu_aws_settings_new(slu_alloc_default(), &port, &config,
                                      &self->settings, &self->error),
                 SLU_ERR_OK, "%s", self->error.text);
    self->signer = slu_aws_signer_new(slu_alloc_default(), self->settings);
    cr_assert_not_null(self->signer);
}

static void sign_fini(struct sign *self)
{
    slu_aws_signer_free(self->signer);
    slu_aws_settings_free(self->settings);
}

static enum slu_err sign_it(struct sign *self,
                            const struct slu_request *request)
{
    return slu_aws_signer_sign(self->signer, request, &credentials, NOW,
                               &self->http, &self->error);
}

static struct slu_request list_findings(void)
{
    return (struct slu_request){
        .method = SLU_METHOD_POST,
        .target = SLU_VIEW_LITERAL("/detector/12abc/findings?b=2&a=1"),
        .accept = SLU_VIEW_LITERAL("application/json"),
        .content_type = SLU_VIEW_LITERAL("application/json"),
        .body = SLU_VIEW_LITERAL("{\"maxResults\":50}"),
        .auth = SLU_AUTH_SIGV4,
        .aws = {.service = SLU_VIEW_LITERAL("guardduty"),
                .region = SLU_VIEW_LITERAL("eu-west-1")},
    };
}

static struct slu_request get_object(const char *target)
{
    return (struct slu_request){
        .method = SLU_METHOD_GET,
        .target = slu_view_str(target),
        .auth = SLU_AUTH_SIGV4,
        .aws = {.service = SLU_VIEW_LITERAL("s3"),
                .region = SLU_VIEW_LITERAL("eu-west-1"),
                .bucket = SLU_VIEW_LITERAL("my.findings")},
    };
}

static bool has_header(const struct slu_http_request *http, const char *name,
                       const char *value)
{
    for (unsigned i = 0; i < http->header_count; i++) {
        if (slu_view_equal_str(http->headers[i].name, name)) {
            return value == NULL ||
                   slu_view_equal_str(http->headers[i].value, value);
        }
    }
    return false;
}

Test(aws_sign, asks_the_service_of_the_region)
{
    struct slu_request request = list_findings();
    struct sign sign;

    sign_init(&sign, NULL);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK, "%s", sign.error.text);
    cr_assert(slu_view_equal_str(sign.http.origin,
                                 "https://guardduty.eu-west-1.amazonaws.com"));
    cr_assert(slu_view_equal(sign.http.target, request.target));
    cr_assert_str_eq(sign.http.method, "POST");
    cr_assert(slu_view_equal(sign.http.body, request.body));
    cr_assert_not(sign.http.raw);
    cr_assert_not(sign.http.direct);
    cr_assert(has_header(&sign.http, "accept", "application/json"));
    cr_assert(has_header(&sign.http, "content-type", "application/json"));
    cr_assert(has_header(&sign.http, "x-amz-date", "20261021T080000Z"));
    cr_assert(has_header(&sign.http, "x-amz-security-token", token));
    cr_assert_not(has_header(&sign.http, "x-amz-content-sha256", NULL));
    cr_assert_not(has_header(&sign.http, "host", NULL));
    cr_assert(has_header(&sign.http, "Authorization", NULL));
    sign_fini(&sign);
}

Test(aws_sign, asks_the_region_of_the_settings_when_none_is_named)
{
    struct slu_request request = list_findings();
    struct sign sign;

    request.aws.region = slu_view_make(NULL, 0);
    sign_init(&sign, NULL);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK, "%s", sign.error.text);
    cr_assert(slu_view_equal_str(
        sign.http.origin, "https://guardduty.eu-central-1.amazonaws.com"));
    for (unsigned i = 0; i < sign.http.header_count; i++) {
        if (slu_view_equal_str(sign.http.headers[i].name, "Authorization")) {
            cr_assert_not_null(memmem(sign.http.headers[i].value.ptr,
                                      sign.http.headers[i].value.len,
                                      "/eu-central-1/guardduty/", 24));
        }
    }
    sign_fini(&sign);
}

Test(aws_sign, puts_the_bucket_before_the_key_and_takes_objects_raw)
{
    struct slu_request request = get_object("/a%20b/../c%2B?list-type=2");
    struct sign sign;

    sign_init(&sign, NULL);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK, "%s", sign.error.text);
    cr_assert(slu_view_equal_str(sign.http.origin,
                                 "https://s3.eu-west-1.amazonaws.com"));
    cr_assert(slu_view_equal_str(sign.http.target,
                                 "/my.findings/a%20b/../c%2B?list-type=2"));
    cr_assert(sign.http.raw);
    cr_assert(has_header(
        &sign.http, "x-amz-content-sha256",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    cr_assert_not(has_header(&sign.http, "content-type", NULL));
    sign_fini(&sign);
}

/* ---- the bytes ---- */

static struct raw_answer answer_ok(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return (struct raw_answer){
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
}

/* The request as the server has received it, signed with these keys. */
static void check_wire(const struct slu_request *request,
                       const struct slu_credentials *with,
                       const struct wire_keys *keys)
{
    struct client client;
    struct exchange exchange;
    struct sign sign;
    const char *bytes;

    client_init(&client, answer_ok, NULL, NULL);
    exchange_init(&exchange, &client);
    sign_init(&sign, client.origin);
    cr_assert_eq(slu_aws_signer_sign(sign.signer, request, with, NOW,
                                     &sign.http, &sign.error),
                 SLU_ERR_OK, "%s", sign.error.text);
    cr_assert(slu_view_equal_str(sign.http.origin, client.origin));
    exchange_send(&exchange, &sign.http);
    slu_aws_signer_wipe(sign.signer);
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s", exchange.error.text);
    bytes = raw_server_request(client.server);
    cr_assert(wire_is_signed(bytes, keys), "%s", bytes);
    cr_assert_eq(wire_date(bytes), NOW);
    cr_assert_null(strstr(bytes, "Expect"));
    sign_fini(&sign);
    exchange_fini(&exchange);
    client_fini(&client);
}

static struct wire_keys make_keys(const char *service, const char *region)
{
    return (struct wire_keys){key_id, secret, token, service, region};
}

Test(aws_sign, arrives_with_a_signature_of_what_arrives)
{
    struct slu_request request = list_findings();
    struct wire_keys keys = make_keys("guardduty", "eu-west-1");

    check_wire(&request, &credentials, &keys);
    request.target = slu_view_str("/tags/arn%3Aaws%3Aguardduty%3Ax/../y//z");
    request.method = SLU_METHOD_GET;
    request.body = slu_view_str("");
    request.content_type = slu_view_str("");
    check_wire(&request, &credentials, &keys);
    request.method = SLU_METHOD_DELETE;
    check_wire(&request, &credentials, &keys);
    request.method = SLU_METHOD_HEAD;
    check_wire(&request, &credentials, &keys);
}

Test(aws_sign, arrives_from_s3_with_the_path_as_it_is)
{
    struct slu_request request = get_object("/a%20b/./..//c=d+e?x=%2F&a");
    struct wire_keys keys = make_keys("s3", "eu-west-1");

    check_wire(&request, &credentials, &keys);
    request.method = SLU_METHOD_PUT;
    request.body = slu_view_str("an object");
    check_wire(&request, &credentials, &keys);
}

/* Those that a strict server wants signed, and all others too. */
Test(aws_sign, signs_every_header_of_the_request)
{
    static const struct slu_request_header headers[SLU_REQUEST_HEADERS_MAX] = {
        {SLU_VIEW_LITERAL("x-amz-server-side-encryption"),
         SLU_VIEW_LITERAL("aws:kms")},
        {SLU_VIEW_LITERAL("x-amz-expected-bucket-owner"),
         SLU_VIEW_LITERAL("111122223333")},
        {SLU_VIEW_LITERAL("if-none-match"), SLU_VIEW_LITERAL("*")},
        {SLU_VIEW_LITERAL("if-match"), SLU_VIEW_LITERAL("\"a  b\"")},
        {SLU_VIEW_LITERAL("content-md5"), SLU_VIEW_LITERAL("kAFQmDzST7DWlj==")},
        {SLU_VIEW_LITERAL("cache-control"), SLU_VIEW_LITERAL("no-store")},
        {SLU_VIEW_LITERAL("x-amz-target"), SLU_VIEW_LITERAL("a.B")},
        {SLU_VIEW_LITERAL("x-amz-empty"), SLU_VIEW_LITERAL("")},
    };
    struct slu_request request = get_object("/key");
    struct wire_keys keys = make_keys("s3", "eu-west-1");
    struct sign sign;

    request.method = SLU_METHOD_PUT;
    request.accept = slu_view_str("*/*");
    request.content_type = slu_view_str("text/plain");
    request.body = slu_view_str("8.8.8.8\n");
    request.headers = headers;
    request.header_count = SLU_REQUEST_HEADERS_MAX;
    sign_init(&sign, NULL);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK, "%s", sign.error.text);
    for (unsigned i = 0; i < sign.http.header_count; i++) {
        if (slu_view_equal_str(sign.http.headers[i].name, "Authorization")) {
            char text[1024];

            (void)snprintf(text, sizeof(text), "%.*s",
                           SLU_VIEW_ARGS(sign.http.headers[i].value));
            cr_assert_not_null(
                strstr(text,
                       "SignedHeaders=cache-control;content-md5;content-type;"
                       "host;if-match;if-none-match;x-amz-content-sha256;"
                       "x-amz-date;x-amz-empty;x-amz-expected-bucket-owner;"
                       "x-amz-security-token;x-amz-server-side-encryption;"
                       "x-amz-target,"),
                "%s", text);
        }
    }
    sign_fini(&sign);
    check_wire(&request, &credentials, &keys);
    /* Of another service, which wants no hash of the body beside it. */
    request.aws.service = slu_view_str("secretsmanager");
    request.aws.bucket = slu_view_make(NULL, 0);
    request.accept = slu_view_make(NULL, 0);
    keys.service = "secretsmanager";
    check_wire(&request, &credentials, &keys);
}

Test(aws_sign, hands_a_lent_body_on_as_it_is)
{
    struct slu_request request = get_object("/key");
    struct wire_keys keys = make_keys("s3", "eu-west-1");
    struct sign sign;

    sign_init(&sign, NULL);
    request.method = SLU_METHOD_PUT;
    request.body = slu_view_str("8.8.8.8\n");
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK);
    cr_assert_not(sign.http.body_lent);
    cr_assert_not(sign.http.once);
    request.body_lent = true;
    request.once = true;
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK);
    cr_assert(sign.http.body_lent);
    cr_assert(sign.http.once);
    cr_assert_eq(sign.http.body.ptr, request.body.ptr);
    sign_fini(&sign);
    check_wire(&request, &credentials, &keys);
}

Test(aws_sign, arrives_without_a_token_when_there_is_none)
{
    const struct slu_credentials bare = {key_id, secret, no_token, NULL, 0, 0};
    struct slu_request request = list_findings();
    struct wire_keys keys = make_keys("guardduty", "eu-west-1");

    keys.session_token = "";
    check_wire(&request, &bare, &keys);
}

/* The judge can say no. */
Test(aws_sign, is_refused_by_the_judge_when_a_byte_differs)
{
    struct wire_keys keys = make_keys("guardduty", "eu-west-1");
    struct slu_request request = list_findings();
    struct client client;
    struct exchange exchange;
    struct sign sign;
    char bytes[4096];

    client_init(&client, answer_ok, NULL, NULL);
    exchange_init(&exchange, &client);
    sign_init(&sign, client.origin);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK);
    exchange_send(&exchange, &sign.http);
    client_run(&client);
    (void)snprintf(bytes, sizeof(bytes), "%s",
                   raw_server_request(client.server));
    cr_assert(wire_is_signed(bytes, &keys));
    *strstr(bytes, "12abc") = '7';
    cr_assert_not(wire_is_signed(bytes, &keys));
    *strstr(bytes, "72abc") = '1';
    cr_assert(wire_is_signed(bytes, &keys));
    *strstr(bytes, "maxResults") = 'M';
    cr_assert_not(wire_is_signed(bytes, &keys));
    keys.secret_access_key = "another";
    cr_assert_not(wire_is_signed(raw_server_request(client.server), &keys));
    sign_fini(&sign);
    exchange_fini(&exchange);
    client_fini(&client);
}

/* ---- what can't be signed ---- */

Test(aws_sign, refuses_a_region_that_is_none)
{
    struct slu_request request = list_findings();
    struct sign sign;

    request.aws.region = slu_view_str("eu-west-1.evil.example/");
    sign_init(&sign, NULL);
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(sign.error.text, "eu-west-1.evil.example/"), "%s",
                       sign.error.text);
    /* And is as good as new. */
    request.aws.region = slu_view_str("eu-west-1");
    cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK);
    sign_fini(&sign);
}

Test(aws_sign, refuses_more_headers_than_its_limit)
{
    static char long_token[SLU_AWS_SIGNED_MAX + 1];
    struct slu_credentials large = credentials;
    struct slu_request request = list_findings();
    struct sign sign;

    memset(long_token, 't', sizeof(long_token) - 1);
    large.session_token = long_token;
    sign_init(&sign, NULL);
    cr_assert_eq(slu_aws_signer_sign(sign.signer, &request, &large, NOW,
                                     &sign.http, &sign.error),
                 SLU_ERR_LIMIT);
    cr_assert_not_null(
        strstr(sign.error.text, "guardduty.eu-west-1.amazonaws.com"));
    cr_assert_null(strstr(sign.error.text, "ttt"));
    sign_fini(&sign);
}

/* ---- memory ---- */

Test(aws_sign, keeps_no_token_after_wipe)
{
    struct count_alloc counted;
    struct slu_request request = list_findings();
    struct sign sign;

    sign_init(&sign, NULL);
    slu_aws_signer_free(sign.signer);
    count_alloc_init(&counted);
    counted.secret = secret;
    sign.signer = slu_aws_signer_new(&counted.alloc, sign.settings);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(sign_it(&sign, &request), SLU_ERR_OK);
        slu_aws_signer_wipe(sign.signer);
    }
    counted.secret = token;
    slu_aws_signer_free(sign.signer);
    sign.signer = NULL;
    cr_assert_not(counted.freed_secret);
    cr_assert_eq(counted.live, 0);
    sign_fini(&sign);
}

Test(aws_sign, leaks_nothing_wherever_memory_runs_out)
{
    struct slu_request request = get_object("/key");
    struct failing_alloc failing;
    struct sign sign;
    unsigned fail_at = 0;
    bool done = false;

    sign_init(&sign, NULL);
    slu_aws_signer_free(sign.signer);
    while (!done) {
        enum slu_err err = SLU_ERR_NOMEM;

        failing_alloc_init(&failing, ++fail_at);
        sign.signer = slu_aws_signer_new(&failing.alloc, sign.settings);
        if (sign.signer != NULL) {
            err = sign_it(&sign, &request);
        }
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        slu_aws_signer_free(sign.signer);
        sign.signer = NULL;
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
        done = failing.calls < fail_at;
    }
    cr_assert_gt(fail_at, 4);
    sign_fini(&sign);
}
