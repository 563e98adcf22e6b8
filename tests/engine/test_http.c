/* SPDX-License-Identifier: Apache-2.0 */
/* The wire when all goes well: framing, reuse, bounds, headers, proxy. */
#include "engine/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define OK_4 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

static struct raw_answer answer_fixed(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return (struct raw_answer){.head = OK_4, .body = "body", .body_len = 4};
}

static void expect_whole(const struct exchange *exchange, const char *body)
{
    cr_assert_eq(exchange->ends, 1);
    cr_assert_eq(exchange->error.code, SLU_ERR_OK, "%s", exchange->error.text);
    cr_assert_eq(exchange->heads, 1);
    cr_assert(slu_view_equal_str(slu_buf_view(&exchange->body), body));
}

Test(http, gets_a_body_of_announced_length)
{
    struct client client;
    struct exchange exchange;
    struct slu_http_stats stats;

    client_init(&client, answer_fixed, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/a?b=c%20d");
    client_run(&client);
    expect_whole(&exchange, "body");
    cr_assert_eq(exchange.status, 200);
    cr_assert_eq(exchange.version, 11);
    slu_http_get_stats(client.http, &stats);
    cr_assert_eq(stats.requests, 1);
    cr_assert_eq(stats.connects, 1);
    cr_assert_eq(stats.wire_bytes, 4);
    cr_assert_eq(stats.body_bytes, 4);
    cr_assert_eq(stats.in_flight, 0);
    cr_assert_eq(stats.in_flight_max, 1);
    cr_assert_eq(stats.http_version, 11);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http, sends_its_headers_and_nothing_it_should_not)
{
    struct client client;
    struct exchange exchange;
    const char *request;

    client_init(&client, answer_fixed, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/api/../v3/x");
    client_run(&client);
    request = raw_server_request(client.server);
    cr_assert_eq(strncmp(request, "GET /api/../v3/x HTTP/1.1\r\n", 27), 0);
    cr_assert_not_null(strstr(request, "\r\nx-apikey: 0123secret4567\r\n"));
    cr_assert_not_null(strstr(request, "\r\nAccept-Encoding: gzip\r\n"));
    cr_assert_not_null(strstr(request, "\r\nUser-Agent: sluice/test; gzip"));
    cr_assert_null(strstr(request, "Expect"));
    exchange_fini(&exchange);
    client_fini(&client);
}

static struct raw_answer answer_given(void *ctx, const char *request)
{
    (void)request;
    return *(const struct raw_answer *)ctx;
}

/* One exchange with an answer, told by the exchange. */
static void run_one(struct exchange *exchange, const struct raw_answer *answer)
{
    struct client client;

    client_init(&client, answer_given, (void *)answer, NULL);
    exchange_init(exchange, &client);
    exchange_start(exchange, "/");
    client_run(&client);
    client_fini(&client);
}

Test(http, tells_the_head_that_callers_need_in_any_case)
{
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.1 429 Too Many Requests\r\ncontent-LENGTH: 2\r\n"
                "RETRY-after:  Wed, 21 Oct 2026 07:28:00 GMT \r\n"
                "Content-type: text/html; charset=utf-8\r\n"
                "date: Wed, 21 Oct 2026 07:27:00 GMT\r\nX-Other: 1\r\n\r\n",
        .body = "no",
        .body_len = 2,
    };

    run_one(&exchange, &answer);
    expect_whole(&exchange, "no");
    cr_assert_eq(exchange.status, 429);
    cr_assert_str_eq(exchange.retry_after, "Wed, 21 Oct 2026 07:28:00 GMT");
    cr_assert_str_eq(exchange.content_type, "text/html; charset=utf-8");
    cr_assert_str_eq(exchange.date, "Wed, 21 Oct 2026 07:27:00 GMT");
    exchange_fini(&exchange);
}

Test(http, leaves_absent_headers_empty_and_cuts_long_ones)
{
    struct exchange exchange;
    char head[600];
    struct raw_answer answer = {.head = head};

    (void)snprintf(head, sizeof(head),
                   "HTTP/1.1 200 OK\r\nContent-Type: %0300d\r\n"
                   "Content-Length: 0\r\n\r\n",
                   7);
    run_one(&exchange, &answer);
    expect_whole(&exchange, "");
    cr_assert_eq(strlen(exchange.content_type), 120);
    cr_assert_str_eq(exchange.retry_after, "");
    cr_assert_str_eq(exchange.date, "");
    exchange_fini(&exchange);
}

Test(http, tells_the_head_of_an_empty_body)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 0\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct exchange exchange;
        struct raw_answer answer = {.head = heads[i]};

        run_one(&exchange, &answer);
        expect_whole(&exchange, "");
        cr_assert_eq(exchange.pieces, 0);
        exchange_fini(&exchange);
    }
}

Test(http, skips_informational_heads)
{
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n"
                "HTTP/1.1 103 Early Hints\r\nContent-Encoding: br\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
        .body = "x",
        .body_len = 1,
    };

    run_one(&exchange, &answer);
    expect_whole(&exchange, "x");
    cr_assert_eq(exchange.status, 200);
    cr_assert_str_eq(exchange.retry_after, "");
    exchange_fini(&exchange);
}

Test(http, reads_chunked_bodies_at_any_split_with_trailers)
{
    static const char body[] = "5;ext=1\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n"
                               "0\r\nRetry-After: 5\r\n"
                               "Content-Encoding: br\r\n\r\n";

    for (size_t at_once = 1; at_once < 20; at_once += 3) {
        struct exchange exchange;
        struct raw_answer answer = {
            .head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            .body = body,
            .body_len = sizeof(body) - 1,
            .at_once = at_once,
        };

        run_one(&exchange, &answer);
        expect_whole(&exchange, "hello, world");
        cr_assert_str_eq(exchange.retry_after, "");
        exchange_fini(&exchange);
    }
}

Test(http, takes_a_body_that_ends_with_its_connection)
{
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.0 200 OK\r\n\r\n",
        .body = "until the end",
        .body_len = 13,
        .end = RAW_CLOSE,
    };

    run_one(&exchange, &answer);
    expect_whole(&exchange, "until the end");
    cr_assert_eq(exchange.version, 10);
    exchange_fini(&exchange);
}

Test(http, does_not_follow_redirects)
{
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                "Content-Length: 0\r\n\r\n",
    };

    run_one(&exchange, &answer);
    expect_whole(&exchange, "");
    cr_assert_eq(exchange.status, 302);
    exchange_fini(&exchange);
}

Test(http, delivers_a_large_body_in_pieces_of_64_kb_at_most)
{
    struct exchange exchange;
    static char block[100000];
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n",
        .body = block,
        .body_len = sizeof(block),
        .times = 100,
    };

    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = (char)(i * 31 % 251);
    }
    run_one(&exchange, &answer);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    cr_assert_eq(exchange.bytes, 10000000);
    cr_assert_leq(exchange.piece_max, 64 * 1024);
    for (size_t i = 0; i < 100; i++) {
        cr_assert_arr_eq(exchange.body.ptr + i * sizeof(block), block,
                         sizeof(block));
    }
    exchange_fini(&exchange);
}

Test(http, keeps_a_connection_for_the_next_request)
{
    struct client client;
    struct exchange exchange;
    struct slu_http_stats stats;

    client_init(&client, answer_fixed, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        exchange_init(&exchange, &client);
        exchange_start(&exchange, "/");
        client_run(&client);
        expect_whole(&exchange, "body");
        exchange_fini(&exchange);
    }
    slu_http_get_stats(client.http, &stats);
    cr_assert_eq(stats.requests, 10);
    cr_assert_eq(stats.connects, 1);
    cr_assert_eq(raw_server_counts(client.server)->connections, 1);
    client_fini(&client);
}

Test(http, has_a_connection_of_its_own_for_what_is_sent_once)
{
    struct slu_http_request request = {.target = SLU_VIEW_LITERAL("/")};
    struct client client;
    struct exchange exchange;

    client_init(&client, answer_fixed, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        exchange_init(&exchange, &client);
        request.once = i % 2 == 1;
        exchange_send(&exchange, &request);
        client_run(&client);
        expect_whole(&exchange, "body");
        exchange_fini(&exchange);
    }
    /* The third takes one that is there. */
    cr_assert_eq(raw_server_counts(client.server)->connections, 3);
    client_fini(&client);
}

Test(http, starts_the_next_request_from_inside_the_end)
{
    struct client client;
    struct exchange exchange;

    client_init(&client, answer_fixed, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange.next = "/second";
    exchange_start(&exchange, "/first");
    client_run(&client);
    cr_assert_eq(exchange.ends, 2);
    cr_assert(slu_view_equal_str(slu_buf_view(&exchange.body), "bodybody"));
    cr_assert_eq(strncmp(raw_server_request(client.server), "GET /second ", 12),
                 0);
    exchange_fini(&exchange);
    client_fini(&client);
}

static struct raw_answer answer_slowly(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return (struct raw_answer){
        .head = OK_4, .body = "body", .body_len = 4, .delay_ms = 20};
}

static void run_many(unsigned connections, unsigned count)
{
    struct client client;
    struct slu_http_options options = client_options(NULL);
    struct exchange *exchanges = calloc(count, sizeof(*exchanges));
    struct slu_http_stats stats;

    options.connections = connections;
    client_init(&client, answer_slowly, NULL, &options);
    for (unsigned i = 0; i < count; i++) {
        exchange_init(&exchanges[i], &client);
        exchange_start(&exchanges[i], "/");
    }
    client_run(&client);
    for (unsigned i = 0; i < count; i++) {
        expect_whole(&exchanges[i], "body");
        exchange_fini(&exchanges[i]);
    }
    slu_http_get_stats(client.http, &stats);
    cr_assert_eq(stats.requests, count);
    cr_assert_eq(stats.in_flight_max, connections);
    cr_assert_eq(raw_server_counts(client.server)->busy_max, connections);
    cr_assert_leq(stats.connects, connections);
    cr_assert_eq(raw_server_counts(client.server)->connections, stats.connects);
    client_fini(&client);
    free(exchanges);
}

Test(http, has_as_many_out_as_connections_and_never_more)
{
    run_many(64, 200);
    run_many(3, 20);
    run_many(1, 5);
}

struct order {
    int next;
};

static struct raw_answer answer_in_order(void *ctx, const char *request)
{
    struct order *order = ctx;

    cr_assert_eq(atoi(request + 5), order->next);
    order->next++;
    return (struct raw_answer){.head = OK_4, .body = "body", .body_len = 4};
}

Test(http, serves_those_in_line_first_come_first_served)
{
    struct client client;
    struct order order = {0};
    struct slu_http_options options = client_options(NULL);
    struct exchange exchanges[8];

    options.connections = 1;
    client_init(&client, answer_in_order, &order, &options);
    for (int i = 0; i < 8; i++) {
        char target[8];

        (void)snprintf(target, sizeof(target), "/%d", i);
        exchange_init(&exchanges[i], &client);
        exchange_start(&exchanges[i], target);
    }
    client_run(&client);
    cr_assert_eq(order.next, 8);
    for (int i = 0; i < 8; i++) {
        exchange_fini(&exchanges[i]);
    }
    client_fini(&client);
}

/* A client whose every request goes to the proxy at that URL. */
static void init_proxied(struct client *client, const char *proxy_format)
{
    struct slu_http_options options;
    char url[64];

    client_init(client, answer_fixed, NULL, NULL);
    slu_http_free(client->http);
    (void)snprintf(url, sizeof(url), proxy_format,
                   raw_server_port(client->server));
    options = client_options(client->base);
    options.proxy = url;
    cr_assert_eq(slu_http_new(&options, &client->http, NULL), SLU_ERR_OK);
}

Test(http, asks_the_proxy_in_absolute_form_whatever_the_environment_says)
{
    struct client client;
    struct exchange exchange;

    (void)setenv("no_proxy", "*", 1);
    init_proxied(&client, "http://127.0.0.1:%d");
    (void)snprintf(client.origin, sizeof(client.origin),
                   "http://sluice.invalid:8080");
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/x?y");
    client_run(&client);
    expect_whole(&exchange, "body");
    cr_assert_eq(strncmp(raw_server_request(client.server),
                         "GET http://sluice.invalid:8080/x?y HTTP/1.1\r\n", 45),
                 0);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http, names_a_proxy_that_fails_without_its_password)
{
    struct client client;
    struct exchange exchange;

    init_proxied(&client, "http://user:hidden@127.0.0.1:1/%d");
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/x");
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_not_null(strstr(exchange.error.text, "through the proxy 127."));
    cr_assert_not_null(strstr(exchange.error.text, "Connection refused"));
    cr_assert_null(strstr(exchange.error.text, "hidden"));
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http, takes_no_proxy_from_the_environment)
{
    struct exchange exchange;
    struct raw_answer answer = {.head = OK_4, .body = "body", .body_len = 4};

    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    run_one(&exchange, &answer);
    expect_whole(&exchange, "body");
    exchange_fini(&exchange);
}

static enum slu_err start_with(const char *origin, const char *target,
                               const char *name, const char *value)
{
    static const struct slu_http_handler handler = {0};
    struct client client;
    struct slu_transfer *transfer;
    struct slu_http_header header = {slu_view_str(name), slu_view_str(value)};
    struct slu_http_request request = {
        .origin = slu_view_str(origin),
        .target = slu_view_str(target),
        .headers = &header,
        .header_count = 1,
    };
    enum slu_err err;

    client_init(&client, answer_fixed, NULL, NULL);
    err = slu_http_start(client.http, &request, &handler, NULL, &transfer);
    client_fini(&client);
    return err;
}

Test(http, refuses_what_cannot_be_sent)
{
    const char *host = "http://127.0.0.1:1";

    cr_assert_eq(start_with(host, "/", "a", "b"), SLU_ERR_OK);
    cr_assert_eq(start_with(host, "/", "a", ""), SLU_ERR_OK);
    cr_assert_eq(start_with(host, "", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "x", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/ x", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/\tx", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/\r\nx: y", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/", "a", "b\r\nc: d"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/", "a\n", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with(host, "/", "", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with("ftp://127.0.0.1", "/", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with("http://", "/", "a", "b"), SLU_ERR_CONFIG);
    cr_assert_eq(start_with("", "/", "a", "b"), SLU_ERR_CONFIG);
}

Test(http, names_a_ca_bundle_that_is_not_there)
{
    struct slu_http_options options = client_options(NULL);
    struct slu_http *http = NULL;
    struct slu_error error;

    options.ca_bundle = "/nonexistent/ca.pem";
    cr_assert_eq(slu_http_new(&options, &http, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "/nonexistent/ca.pem"));
    cr_assert_not_null(strstr(error.text, "http.ca_bundle"));
    cr_assert_null(http);
}

Test(http, free_is_safe_on_null_and_with_transfers_of_every_state)
{
    struct client client;
    struct exchange exchanges[6];
    struct slu_http_options options = client_options(NULL);

    slu_http_free(NULL);
    options.connections = 3;
    client_init(&client, answer_slowly, NULL, &options);
    for (int i = 0; i < 6; i++) {
        exchange_init(&exchanges[i], &client);
        exchange_start(&exchanges[i], "/");
    }
    client_run_ms(&client, 5); /* three are out, three are in line */
    slu_http_free(client.http);
    client.http = NULL;
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(exchanges[i].ends, 0);
        exchange_fini(&exchanges[i]);
    }
    client_fini(&client);
}
