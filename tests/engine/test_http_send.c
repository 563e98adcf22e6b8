/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent, to the byte: methods, bodies, and what http adds by itself. */
#include "engine/count_alloc.h"
#include "engine/gzip_make.h"
#include "engine/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define OK_4 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

static struct raw_answer answer_given(void *ctx, const char *request)
{
    (void)request;
    return *(const struct raw_answer *)ctx;
}

static struct raw_answer body_4 = {.head = OK_4, .body = "body", .body_len = 4};

/* One client, its exchange, and what its server has received. */
struct talk {
    struct client client;
    struct exchange exchange;
};

static void talk_start(struct talk *self, struct raw_answer *answer)
{
    client_init(&self->client, answer_given, answer, NULL);
    exchange_init(&self->exchange, &self->client);
}

static void talk_stop(struct talk *self)
{
    exchange_fini(&self->exchange);
    client_fini(&self->client);
}

static struct slu_http_request make_request(const char *method,
                                            const char *body)
{
    return (struct slu_http_request){
        .method = method,
        .target = SLU_VIEW_LITERAL("/a/../b%2Fc?d=e"),
        .body = slu_view_str(body),
    };
}

/* The request goes out and is answered well. */
static void send_one(struct talk *self, struct slu_http_request request)
{
    exchange_fini(&self->exchange);
    exchange_init(&self->exchange, &self->client);
    exchange_send(&self->exchange, &request);
    client_run(&self->client);
    cr_assert_eq(self->exchange.ends, 1);
    cr_assert_eq(self->exchange.error.code, SLU_ERR_OK, "%s",
                 self->exchange.error.text);
}

static void expect_bytes(const struct talk *self, const char *format)
{
    char expected[512];

    (void)snprintf(expected, sizeof(expected), format,
                   raw_server_port(self->client.server));
    cr_assert_str_eq(raw_server_request(self->client.server), expected);
}

Test(http_send, posts_exactly_these_bytes)
{
    struct slu_http_header headers[] = {
        {SLU_VIEW_LITERAL("Authorization"), SLU_VIEW_LITERAL("AWS4 x=y, z")},
        {SLU_VIEW_LITERAL("content-type"),
         SLU_VIEW_LITERAL("application/json")},
    };
    struct slu_http_request request = make_request("POST", "{\"a\": [1, 2]}");
    struct talk talk;

    request.headers = headers;
    request.header_count = 2;
    talk_start(&talk, &body_4);
    send_one(&talk, request);
    expect_bytes(&talk, "POST /a/../b%%2Fc?d=e HTTP/1.1\r\n"
                        "Host: 127.0.0.1:%d\r\n"
                        "User-Agent: sluice/test; gzip\r\n"
                        "Accept: */*\r\n"
                        "Authorization: AWS4 x=y, z\r\n"
                        "content-type: application/json\r\n"
                        "Accept-Encoding: gzip\r\n"
                        "Content-Length: 13\r\n"
                        "\r\n"
                        "{\"a\": [1, 2]}");
    talk_stop(&talk);
}

/* libcurl would call it a form. */
Test(http_send, names_no_content_type_by_itself)
{
    struct talk talk;

    talk_start(&talk, &body_4);
    send_one(&talk, make_request("POST", "x"));
    expect_bytes(&talk, "POST /a/../b%%2Fc?d=e HTTP/1.1\r\n"
                        "Host: 127.0.0.1:%d\r\n"
                        "User-Agent: sluice/test; gzip\r\n"
                        "Accept: */*\r\n"
                        "Accept-Encoding: gzip\r\n"
                        "Content-Length: 1\r\n"
                        "\r\nx");
    talk_stop(&talk);
}

Test(http_send, says_how_long_a_body_is_that_is_not_there)
{
    struct talk talk;

    talk_start(&talk, &body_4);
    send_one(&talk, make_request("PUT", ""));
    expect_bytes(&talk, "PUT /a/../b%%2Fc?d=e HTTP/1.1\r\n"
                        "Host: 127.0.0.1:%d\r\n"
                        "User-Agent: sluice/test; gzip\r\n"
                        "Accept: */*\r\n"
                        "Accept-Encoding: gzip\r\n"
                        "Content-Length: 0\r\n"
                        "\r\n");
    send_one(&talk, make_request("POST", ""));
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "\r\nContent-Length: 0\r\n"));
    talk_stop(&talk);
}

/* One handle sends all of them: nothing of the one before may stick. */
Test(http_send, sends_each_method_after_each_other)
{
    static const char *const methods[] = {
        NULL,  "POST", "GET", "PUT",  "GET",  "DELETE", "POST", "DELETE",
        "PUT", "POST", "GET", "HEAD", "POST", "HEAD",   "GET"};
    struct raw_answer answer = body_4;
    struct talk talk;

    talk_start(&talk, &answer);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        const char *name = methods[i] == NULL ? "GET" : methods[i];
        bool body = strcmp(name, "POST") == 0 || strcmp(name, "PUT") == 0;
        const char *request;

        answer.body_len = strcmp(name, "HEAD") == 0 ? 0 : 4;
        send_one(&talk, make_request(methods[i], body ? "sent" : ""));
        request = raw_server_request(talk.client.server);
        cr_assert_eq(strncmp(request, name, strlen(name)), 0, "%s", request);
        cr_assert_eq(request[strlen(name)], ' ');
        cr_assert_eq(strstr(request, "Content-Length") != NULL, body, "%s",
                     request);
        cr_assert_eq(strstr(request, "\r\n\r\nsent") != NULL, body);
        cr_assert_null(strstr(request, "Content-Type"));
        cr_assert_null(strstr(request, "Expect"));
        cr_assert_eq(talk.exchange.bytes, answer.body_len);
    }
    cr_assert_eq(raw_server_counts(talk.client.server)->connections, 1);
    talk_stop(&talk);
}

Test(http_send, sends_a_body_with_any_method)
{
    struct talk talk;

    talk_start(&talk, &body_4);
    send_one(&talk, make_request("DELETE", "which"));
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "Content-Length: 5\r\n\r\nwhich"));
    send_one(&talk, make_request("GET", "what"));
    cr_assert_eq(strncmp(raw_server_request(talk.client.server), "GET /", 5),
                 0);
    talk_stop(&talk);
}

Test(http_send, copies_the_body)
{
    char body[] = "as it was at the start";
    struct talk talk;
    struct slu_http_request request = make_request("POST", body);

    talk_start(&talk, &body_4);
    exchange_send(&talk.exchange, &request);
    memset(body, '#', sizeof(body) - 1);
    client_run(&talk.client);
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "\r\n\r\nas it was at the start"));
    talk_stop(&talk);
}

/* What stands there when it goes is what is sent. */
Test(http_send, copies_no_body_that_is_lent)
{
    char body[] = "as it was at the start";
    struct talk talk;
    struct slu_http_request request = make_request("PUT", body);

    request.body_lent = true;
    talk_start(&talk, &body_4);
    exchange_send(&talk.exchange, &request);
    memset(body, '#', sizeof(body) - 1);
    client_run(&talk.client);
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "\r\n\r\n######################"));
    cr_assert_eq(body[0], '#'); /* it is not ours to wipe */
    /* The next on the same handle sends its own. */
    send_one(&talk, make_request("PUT", "mine"));
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "Content-Length: 4\r\n\r\nmine"));
    talk_stop(&talk);
}

Test(http_send, wipes_the_body_when_the_transfer_ends)
{
    struct count_alloc counted;
    struct slu_http_options options = client_options(NULL);
    struct talk talk;

    count_alloc_init(&counted);
    counted.secret = "SessionToken=hush";
    options.alloc = &counted.alloc;
    client_init(&talk.client, answer_given, &body_4, &options);
    exchange_init(&talk.exchange, &talk.client);
    exchange_send(&talk.exchange,
                  &(struct slu_http_request){
                      .method = "POST",
                      .target = SLU_VIEW_LITERAL("/"),
                      .body = SLU_VIEW_LITERAL("SessionToken=hush"),
                  });
    cr_assert(count_alloc_has_secret(&counted)); /* the test can see it */
    client_run(&talk.client);
    cr_assert_not(count_alloc_has_secret(&counted));
    talk_stop(&talk);
    cr_assert_not(counted.freed_secret);
}

Test(http_send, follows_no_redirect)
{
    struct raw_answer moved = {
        .head = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\n"
                "x-amz-bucket-region: eu-west-1\r\n"
                "X-Amzn-errorTYPE: Moved:http://aws/ \r\n"
                "Content-Length: 0\r\n\r\n"};
    struct talk talk;

    talk_start(&talk, &moved);
    send_one(&talk, make_request("GET", ""));
    cr_assert_eq(talk.exchange.status, 307);
    cr_assert_str_eq(talk.exchange.region, "eu-west-1");
    cr_assert_str_eq(talk.exchange.error_type, "Moved:http://aws/");
    cr_assert_eq(raw_server_counts(talk.client.server)->requests, 1);
    send_one(&talk, make_request("POST", "x"));
    cr_assert_eq(raw_server_counts(talk.client.server)->requests, 2);
    talk_stop(&talk);
}

Test(http_send, tells_no_error_type_of_an_answer_without_one)
{
    struct talk talk;

    talk_start(&talk, &body_4);
    send_one(&talk, make_request("GET", ""));
    cr_assert_str_eq(talk.exchange.region, "");
    cr_assert_str_eq(talk.exchange.error_type, "");
    talk_stop(&talk);
}

Test(http_send, tells_the_etag_with_its_quotes)
{
    struct raw_answer tagged = {
        .head = "HTTP/1.1 200 OK\r\nEtAg:  \"9a0364b9-2\" \r\n"
                "Content-Length: 0\r\n\r\n"};
    struct talk talk;

    talk_start(&talk, &tagged);
    send_one(&talk, make_request("GET", ""));
    cr_assert_str_eq(talk.exchange.etag, "\"9a0364b9-2\"");
    send_one(&talk, make_request("HEAD", ""));
    cr_assert_str_eq(talk.exchange.etag, "\"9a0364b9-2\"");
    cr_assert_eq(talk.exchange.pieces, 0);
    tagged = body_4;
    send_one(&talk, make_request("GET", ""));
    cr_assert_str_eq(talk.exchange.etag, "");
    talk_stop(&talk);
}

/* Content-Length is then that of the body which GET would bring. */
Test(http_send, waits_for_no_body_of_a_head)
{
    struct raw_answer told = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 35000000\r\n\r\n"};
    struct talk talk;

    talk_start(&talk, &told);
    send_one(&talk, make_request("HEAD", ""));
    cr_assert_eq(talk.exchange.bytes, 0);
    told = body_4;
    send_one(&talk, make_request("GET", ""));
    cr_assert_eq(raw_server_counts(talk.client.server)->connections, 1);
    talk_stop(&talk);
}

/* ---- raw ---- */

Test(http_send, leaves_a_raw_body_as_it_came)
{
    size_t len;
    char *zipped = gzip_make("objects keep their own", 22, 1, &len);
    char head[120];
    struct raw_answer answer = {.head = head, .body = zipped, .body_len = len};
    struct slu_http_request request = make_request("GET", "");
    struct talk talk;

    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   len);
    talk_start(&talk, &answer);
    request.raw = true;
    send_one(&talk, request);
    cr_assert_eq(talk.exchange.body.len, len);
    cr_assert_eq(memcmp(talk.exchange.body.ptr, zipped, len), 0);
    cr_assert_null(
        strstr(raw_server_request(talk.client.server), "Accept-Encoding"));
    /* The next one on the same handle is inflated again. */
    request.raw = false;
    send_one(&talk, request);
    cr_assert(slu_view_equal_str(slu_buf_view(&talk.exchange.body),
                                 "objects keep their own"));
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "\r\nAccept-Encoding: gzip\r\n"));
    talk_stop(&talk);
    free(zipped);
}

Test(http_send, takes_a_raw_body_of_an_encoding_that_it_does_not_know)
{
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n"
                "Content-Length: 4\r\n\r\n",
        .body = "\x28\xb5\x2f\xfd",
        .body_len = 4};
    struct slu_http_request request = make_request("GET", "");
    struct talk talk;

    talk_start(&talk, &answer);
    request.raw = true;
    send_one(&talk, request);
    cr_assert_eq(talk.exchange.bytes, 4);
    talk_stop(&talk);
}

/* ---- direct ---- */

Test(http_send, goes_around_the_proxy_when_direct)
{
    struct slu_http_options options = client_options(NULL);
    struct slu_http_request request = make_request("PUT", "");
    struct talk talk;

    options.proxy = "http://127.0.0.1:1";
    client_init(&talk.client, answer_given, &body_4, &options);
    exchange_init(&talk.exchange, &talk.client);
    request.direct = true;
    send_one(&talk, request);
    cr_assert_eq(
        strncmp(raw_server_request(talk.client.server), "PUT /a/../b", 11), 0);
    /* And the next on the same handle does not. */
    request.direct = false;
    exchange_send(&talk.exchange, &request);
    client_run(&talk.client);
    cr_assert_eq(talk.exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_not_null(strstr(talk.exchange.error.text, "through the proxy"));
    talk_stop(&talk);
}

Test(http_send, blames_no_proxy_for_a_direct_request)
{
    struct slu_http_options options = client_options(NULL);
    struct slu_http_request request = make_request("GET", "");
    struct talk talk;

    options.proxy = "http://127.0.0.1:2";
    client_init(&talk.client, answer_given, &body_4, &options);
    exchange_init(&talk.exchange, &talk.client);
    (void)snprintf(talk.client.origin, sizeof(talk.client.origin),
                   "http://127.0.0.1:1");
    request.direct = true;
    exchange_send(&talk.exchange, &request);
    client_run(&talk.client);
    cr_assert_eq(talk.exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_null(strstr(talk.exchange.error.text, "through the proxy"));
    talk_stop(&talk);
}

/* ---- a time for the whole ---- */

Test(http_send, ends_an_exchange_that_takes_too_long)
{
    struct raw_answer late = {
        .head = OK_4, .body = "bo", .body_len = 2, .end = RAW_STALL};
    struct slu_http_request request = make_request("GET", "");
    struct talk talk;

    talk_start(&talk, &late);
    request.timeout_ms = 60;
    exchange_send(&talk.exchange, &request);
    client_run(&talk.client);
    cr_assert_eq(talk.exchange.error.code, SLU_ERR_TIMEOUT);
    cr_assert_not_null(
        strstr(talk.exchange.error.text, "gave no whole answer within 60 ms"),
        "%s", talk.exchange.error.text);
    talk_stop(&talk);
}

/* The next on the handle has all the time again. */
Test(http_send, forgets_the_time_of_the_request_before)
{
    struct raw_answer answer = body_4;
    struct slu_http_request request = make_request("GET", "");
    struct talk talk;

    talk_start(&talk, &answer);
    request.timeout_ms = 40;
    send_one(&talk, request);
    answer.delay_ms = 120;
    request.timeout_ms = 0;
    send_one(&talk, request);
    talk_stop(&talk);
}

/* ---- what can't be sent ---- */

static enum slu_err start_method(const char *method, struct slu_view body)
{
    static const struct slu_http_handler handler = {0};
    struct slu_http_request request = make_request(method, "");
    struct slu_transfer *transfer;
    struct talk talk;
    enum slu_err err;

    talk_start(&talk, &body_4);
    request.origin = slu_view_str(talk.client.origin);
    request.body = body;
    err = slu_http_start(talk.client.http, &request, &handler, NULL, &transfer);
    talk_stop(&talk);
    return err;
}

Test(http_send, refuses_a_method_that_it_does_not_know)
{
    cr_assert_eq(start_method("PATCH", slu_view_str("")), SLU_ERR_CONFIG);
    cr_assert_eq(start_method("", slu_view_str("")), SLU_ERR_CONFIG);
    cr_assert_eq(start_method("post", slu_view_str("")), SLU_ERR_CONFIG);
}

Test(http_send, refuses_a_body_over_its_limit_and_no_other)
{
    size_t max = 1024u * 1024;
    char *body = calloc(1, max + 1);

    cr_assert_not_null(body);
    cr_assert_eq(start_method("PUT", slu_view_make(body, max)), SLU_ERR_OK);
    cr_assert_eq(start_method("PUT", slu_view_make(body, max + 1)),
                 SLU_ERR_LIMIT);
    free(body);
}

/* A refused request leaves nothing for the next one on its slot. */
Test(http_send, sends_nothing_of_a_request_that_was_refused)
{
    struct slu_http_request bad = make_request("POST", "left behind");
    struct slu_transfer *transfer;
    struct talk talk;

    talk_start(&talk, &body_4);
    bad.origin = slu_view_str("http://127.0.0.1:1");
    bad.target = slu_view_str("/a b");
    cr_assert_eq(slu_http_start(talk.client.http, &bad,
                                &(struct slu_http_handler){0}, NULL, &transfer),
                 SLU_ERR_CONFIG);
    send_one(&talk, make_request("POST", "mine"));
    cr_assert_not_null(strstr(raw_server_request(talk.client.server),
                              "Content-Length: 4\r\n\r\nmine"));
    talk_stop(&talk);
}
