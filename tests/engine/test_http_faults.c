/* SPDX-License-Identifier: Apache-2.0 */
/* The wire when something goes wrong: each fault has its code, its sentence,
 * and leaves the client fit for the next request. */
#include "engine/count_alloc.h"
#include "engine/gzip_make.h"
#include "engine/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT(text) .body = text, .body_len = sizeof(text) - 1
#define GZIP_CLOSE "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"

static struct raw_answer answer_given(void *ctx, const char *request)
{
    /* Whatever went wrong, the next request must find a good answer. */
    if (strncmp(request, "GET /good ", 10) == 0) {
        return (struct raw_answer){
            .head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
            TEXT("good")};
    }
    return *(const struct raw_answer *)ctx;
}

static void run_with(struct exchange *exchange, const struct raw_answer *answer,
                     const struct slu_http_options *options)
{
    struct client client;
    struct exchange good;

    client_init(&client, answer_given, (void *)answer, options);
    exchange_init(exchange, &client);
    exchange_start(exchange, "/");
    client_run(&client);
    exchange_init(&good, &client);
    exchange_start(&good, "/good");
    client_run(&client);
    cr_assert_eq(good.error.code, SLU_ERR_OK, "%s", good.error.text);
    cr_assert(slu_view_equal_str(slu_buf_view(&good.body), "good"));
    exchange_fini(&good);
    client_fini(&client);
}

static void expect_error(const struct exchange *exchange, enum slu_err code,
                         const char *words)
{
    cr_assert_eq(exchange->ends, 1);
    cr_assert_eq(exchange->error.code, code, "%s: %s",
                 slu_err_name(exchange->error.code), exchange->error.text);
    cr_assert_not_null(strstr(exchange->error.text, words), "%s",
                       exchange->error.text);
    cr_assert_not_null(strstr(exchange->error.text, "127.0.0.1:"));
    cr_assert_null(strstr(exchange->error.text, "secret"));
}

/* Gives the answer, expects the error and that so many bytes came before. */
static void expect_fault(struct raw_answer answer, enum slu_err code,
                         const char *words, uint64_t bytes)
{
    struct exchange exchange;

    run_with(&exchange, &answer, NULL);
    expect_error(&exchange, code, words);
    cr_assert_eq(exchange.bytes, bytes, "%d", (int)exchange.bytes);
    exchange_fini(&exchange);
}

Test(http_faults, a_body_cut_before_its_length_is_truncated)
{
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        TEXT("only this"),
        .end = RAW_CLOSE};
    struct exchange exchange;

    run_with(&exchange, &answer, NULL);
    expect_error(&exchange, SLU_ERR_TRUNCATED, "before the body ended");
    cr_assert_eq(exchange.bytes, 9);
    cr_assert_eq(exchange.error.http_status, 200);
    cr_assert_eq(exchange.error.offset, 9);
    exchange_fini(&exchange);
}

Test(http_faults, a_body_cut_before_its_first_byte_is_truncated)
{
    expect_fault(
        (struct raw_answer){
            .head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            .end = RAW_CLOSE},
        SLU_ERR_TRUNCATED, "before the body ended", 0);
}

Test(http_faults, chunks_cut_anywhere_are_truncated)
{
    static const char body[] = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

    /* The very last byte is not missed by libcurl: all data has come. */
    for (size_t cut = 0; cut < sizeof(body) - 2; cut++) {
        struct exchange exchange;
        struct raw_answer answer = {
            .head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            .body = body,
            .body_len = cut,
            .end = RAW_CLOSE,
        };

        run_with(&exchange, &answer, NULL);
        cr_assert_eq(exchange.error.code, SLU_ERR_TRUNCATED, "cut at %zu: %s",
                     cut, exchange.error.text);
        exchange_fini(&exchange);
    }
}

Test(http_faults, a_damaged_chunk_is_malformed)
{
    expect_fault(
        (struct raw_answer){
            .head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            TEXT("5\r\nhello\r\nzz\r\n"),
            .end = RAW_STALL},
        SLU_ERR_MALFORMED, "chunked body is damaged", 5);
}

Test(http_faults, a_length_that_is_too_short_ends_the_body_there)
{
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
        TEXT("fourHTTP/1.1 200 OK and more")};
    struct exchange exchange;

    run_with(&exchange, &answer, NULL);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&exchange.body), "four"));
    exchange_fini(&exchange);
}

Test(http_faults, a_reset_before_the_answer_is_a_network_error)
{
    expect_fault((struct raw_answer){.head = "", .end = RAW_RESET},
                 SLU_ERR_NETWORK, "Connection reset", 0);
}

Test(http_faults, a_close_before_the_answer_is_a_network_error)
{
    expect_fault((struct raw_answer){.head = "", .end = RAW_CLOSE},
                 SLU_ERR_NETWORK, "without an answer", 0);
}

Test(http_faults, a_reset_inside_the_head_is_a_network_error)
{
    expect_fault((struct raw_answer){.head = "HTTP/1.1 200 OK\r\nConte",
                                     .settle_ms = 20,
                                     .end = RAW_RESET},
                 SLU_ERR_NETWORK, "Connection reset", 0);
}

Test(http_faults, a_close_anywhere_inside_the_head_is_no_success)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";

    for (size_t cut = 1; cut < sizeof(head) - 1; cut++) {
        struct exchange exchange;
        char part[sizeof(head)] = {0};
        struct raw_answer answer = {.head = part, .end = RAW_CLOSE};

        memcpy(part, head, cut);
        run_with(&exchange, &answer, NULL);
        cr_assert(exchange.error.code == SLU_ERR_TRUNCATED ||
                      exchange.error.code == SLU_ERR_NETWORK ||
                      exchange.error.code == SLU_ERR_MALFORMED,
                  "cut at %zu: %s", cut, exchange.error.text);
        cr_assert_eq(exchange.heads, 0);
        exchange_fini(&exchange);
    }
}

Test(http_faults, a_reset_inside_the_body_is_a_network_error)
{
    expect_fault(
        (struct raw_answer){
            .head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            TEXT("only this"),
            .settle_ms = 20,
            .end = RAW_RESET},
        SLU_ERR_NETWORK, "Connection reset", 9);
}

Test(http_faults, what_is_not_http_is_malformed)
{
    expect_fault((struct raw_answer){.head = "SSH-2.0-OpenSSH_9.2\r\n",
                                     .end = RAW_CLOSE},
                 SLU_ERR_MALFORMED, "HTTP/0.9", 0);
    expect_fault((struct raw_answer){.head = "HTTP/1.1 200 OK\r\n"
                                             "Content-Length: x\r\n\r\n",
                                     .end = RAW_CLOSE},
                 SLU_ERR_MALFORMED, "Content-Length", 0);
}

Test(http_faults, a_head_without_end_is_refused)
{
    static char line[8192];
    struct exchange exchange;
    struct raw_answer answer = {.head = "HTTP/1.1 200 OK\r\n",
                                .body = line,
                                .body_len = sizeof(line),
                                .times = 1000};

    memset(line, 'x', sizeof(line));
    line[1] = ':';
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    run_with(&exchange, &answer, NULL);
    expect_error(&exchange, SLU_ERR_MALFORMED, "head exceeds 256 KB");
    cr_assert_eq(exchange.heads, 0);
    exchange_fini(&exchange);
}

/* Starts one exchange with an origin of its own. */
static void run_origin(struct exchange *exchange, const char *origin)
{
    struct raw_answer answer = {.head = ""};
    struct client client;

    client_init(&client, answer_given, &answer, NULL);
    (void)snprintf(client.origin, sizeof(client.origin), "%s", origin);
    exchange_init(exchange, &client);
    exchange_start(exchange, "/");
    client_run(&client);
    client_fini(&client);
}

Test(http_faults, a_port_that_nobody_listens_on_is_named)
{
    struct exchange exchange;

    run_origin(&exchange, "http://127.0.0.1:1");
    cr_assert_eq(exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_str_eq(exchange.error.text,
                     "cannot connect to 127.0.0.1:1: Connection refused (check "
                     "the base URL, http.proxy, and the firewall)");
    cr_assert_eq(exchange.error.sys, 111);
    cr_assert_eq(exchange.error.http_status, 0);
    exchange_fini(&exchange);
}

Test(http_faults, a_host_that_does_not_resolve_is_named)
{
    struct exchange exchange;

    run_origin(&exchange, "http://nothing.invalid:80");
    cr_assert_eq(exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_not_null(strstr(exchange.error.text,
                              "cannot resolve the host of nothing.invalid"));
    exchange_fini(&exchange);
}

Test(http_faults, a_url_that_libcurl_refuses_is_a_configuration_error)
{
    struct exchange exchange;

    run_origin(&exchange, "http://127.0.0.1:99999");
    cr_assert_eq(exchange.error.code, SLU_ERR_CONFIG, "%s",
                 exchange.error.text);
    exchange_fini(&exchange);
}

static void expect_stall(struct raw_answer answer, uint64_t bytes)
{
    struct slu_http_options options = client_options(NULL);
    struct exchange exchange;

    options.idle_timeout_ms = 1000;
    answer.end = RAW_STALL;
    run_with(&exchange, &answer, &options);
    expect_error(&exchange, SLU_ERR_TIMEOUT, "sent nothing for 1000 ms");
    cr_assert_eq(exchange.bytes, bytes);
    exchange_fini(&exchange);
}

Test(http_faults, a_stall_before_the_answer_times_out)
{
    expect_stall((struct raw_answer){.head = ""}, 0);
}

Test(http_faults, a_stall_inside_the_head_times_out)
{
    expect_stall((struct raw_answer){.head = "HTTP/1.1 200 OK\r\nX"}, 0);
}

Test(http_faults, a_stall_inside_the_body_times_out)
{
    expect_stall(
        (struct raw_answer){
            .head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            TEXT("some")},
        4);
}

Test(http_faults, a_connection_that_is_not_accepted_times_out)
{
    struct slu_http_options options = client_options(NULL);
    struct raw_answer answer = {.head = "", .end = RAW_STALL};
    struct exchange exchange;
    struct client client;

    /* TLS to a server that never says a word of it. */
    options.connect_timeout_ms = 100;
    client_init(&client, answer_given, &answer, &options);
    memmove(client.origin + 5, client.origin + 4,
            strlen(client.origin + 4) + 1);
    client.origin[4] = 's';
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/");
    client_run(&client);
    expect_error(&exchange, SLU_ERR_TIMEOUT, "cannot connect to 127.0.0.1");
    exchange_fini(&exchange);
    client_fini(&client);
}

static void expect_gzip(const char *head, const char *plain, size_t at_once)
{
    struct exchange exchange;
    size_t len;
    char *gzip = gzip_make(plain, strlen(plain), 1, &len);
    struct raw_answer answer = {.head = head,
                                .body = gzip,
                                .body_len = len,
                                .at_once = at_once,
                                .end = RAW_CLOSE};

    run_with(&exchange, &answer, NULL);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s", exchange.error.text);
    cr_assert(slu_view_equal_str(slu_buf_view(&exchange.body), plain));
    exchange_fini(&exchange);
    free(gzip);
}

Test(http_faults, gzip_is_decoded_by_what_the_answer_says)
{
    for (size_t at_once = 1; at_once < 40; at_once += 6) {
        expect_gzip(GZIP_CLOSE, "{\"data\":[1,2,3]}", at_once);
    }
    expect_gzip("HTTP/1.1 200 OK\r\ncontent-encoding:X-GZIP \r\n\r\n", "x", 0);
}

Test(http_faults, plain_bytes_are_taken_as_plain_although_gzip_was_asked)
{
    static const char *const heads[] = {
        "HTTP/1.1 429 No\r\n\r\n",
        "HTTP/1.1 429 No\r\nContent-Encoding: identity\r\n\r\n",
        "HTTP/1.1 429 No\r\nContent-Encoding:\r\n\r\n",
    };

    for (size_t i = 0; i < 3; i++) {
        struct raw_answer answer = {
            .head = heads[i], TEXT("{\"error\":1}"), .end = RAW_CLOSE};
        struct exchange exchange;

        run_with(&exchange, &answer, NULL);
        cr_assert_eq(exchange.error.code, SLU_ERR_OK);
        cr_assert_eq(exchange.bytes, 11);
        exchange_fini(&exchange);
    }
}

Test(http_faults, an_unknown_encoding_is_malformed)
{
    static const char *const values[] = {"br", "gzip, gzip", "deflate",
                                         "gzip\r\nContent-Encoding: gzip"};

    for (size_t i = 0; i < 4; i++) {
        char head[200];

        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n",
                       values[i]);
        expect_fault(
            (struct raw_answer){.head = head, TEXT("abc"), .end = RAW_CLOSE},
            SLU_ERR_MALFORMED, "Content-Encoding is neither", 0);
    }
}

Test(http_faults, gzip_that_is_cut_is_truncated_at_every_byte)
{
    size_t len;
    char *gzip = gzip_make("text", 4, 1, &len);

    for (size_t cut = 1; cut < len; cut++) {
        struct exchange exchange;
        struct raw_answer answer = {.head = GZIP_CLOSE,
                                    .body = gzip,
                                    .body_len = cut,
                                    .end = RAW_CLOSE};

        run_with(&exchange, &answer, NULL);
        expect_error(&exchange, SLU_ERR_TRUNCATED, "ends inside a member");
        cr_assert_eq(exchange.error.http_status, 200);
        exchange_fini(&exchange);
    }
    free(gzip);
}

Test(http_faults, gzip_that_is_damaged_is_malformed)
{
    expect_fault((struct raw_answer){.head = GZIP_CLOSE,
                                     TEXT("{\"data\":[]}"),
                                     .end = RAW_CLOSE},
                 SLU_ERR_MALFORMED, "gzip body at byte", 0);
}

Test(http_faults, a_gzip_bomb_is_refused_within_little_memory)
{
    static char zeros[1 << 20];
    struct count_alloc counted;
    struct slu_http_options options = client_options(NULL);
    struct client client;
    struct exchange exchange;
    struct slu_http_stats stats;
    size_t len;
    char *bomb = gzip_make(zeros, sizeof(zeros), 100, &len);
    struct raw_answer answer = {
        .head = GZIP_CLOSE, .body = bomb, .body_len = len, .end = RAW_CLOSE};

    count_alloc_init(&counted);
    options.alloc = &counted.alloc;
    options.ratio_max = 200;
    client_init(&client, answer_given, &answer, &options);
    exchange_init(&exchange, &client);
    exchange.discard = true;
    exchange_start(&exchange, "/");
    client_run(&client);
    expect_error(&exchange, SLU_ERR_LIMIT, "more than the ratio cap");
    slu_http_get_stats(client.http, &stats);
    cr_assert_lt(stats.body_bytes, 5u << 20);
    cr_assert_lt(counted.live_max, 128 * 1024);
    exchange_fini(&exchange);
    client_fini(&client);
    cr_assert_eq(counted.live, 0);
    free(bomb);
}

Test(http_faults, a_body_over_its_cap_is_refused)
{
    struct slu_http_options options = client_options(NULL);
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
        TEXT("01234567890")};
    struct exchange exchange;

    options.body_max = 10;
    run_with(&exchange, &answer, &options);
    expect_error(&exchange, SLU_ERR_LIMIT, "exceeds its size cap");
    cr_assert_eq(exchange.bytes, 0);
    exchange_fini(&exchange);
    options.body_max = 11;
    run_with(&exchange, &answer, &options);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    exchange_fini(&exchange);
}

Test(http_faults, a_kept_connection_that_died_is_replaced_unseen)
{
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
        TEXT("body"),
        .settle_ms = 1,
        .end = RAW_CLOSE};
    struct exchange exchange;

    run_with(&exchange, &answer, NULL);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    exchange_fini(&exchange);
}

Test(http_faults, the_api_key_is_wiped_when_the_transfer_ends)
{
    struct count_alloc counted;
    struct slu_http_options options = client_options(NULL);
    struct raw_answer answer = {.head = "", .settle_ms = 30};
    struct client client;
    struct exchange exchange;

    count_alloc_init(&counted);
    counted.secret = "0123secret4567";
    options.alloc = &counted.alloc;
    client_init(&client, answer_given, &answer, &options);
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/good");
    cr_assert(count_alloc_has_secret(&counted)); /* the test can see it */
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    cr_assert_not(count_alloc_has_secret(&counted));
    exchange_fini(&exchange);
    /* A longer request in the same slot; a cancelled one; one cut by free. */
    exchange_init(&exchange, &client);
    exchange.cancel_at = AT_HEAD;
    exchange_start(&exchange, "/good");
    client_run(&client);
    cr_assert_not(count_alloc_has_secret(&counted));
    exchange_start(&exchange, "/stalls");
    client_run_ms(&client, 5);
    client_fini(&client);
    exchange_fini(&exchange);
    cr_assert_not(counted.freed_secret);
    cr_assert_eq(counted.live, 0);
}

/* One run with the n-th allocation failing; false: none failed any more. */
static bool run_starved(unsigned long fail_at)
{
    static const struct slu_http_handler no_handler = {0};
    struct count_alloc counted;
    struct slu_http_options options;
    struct slu_http_request request = {.target = SLU_VIEW_LITERAL("/")};
    struct slu_transfer *transfer;
    struct slu_http *http = NULL;
    struct event_base *base = event_base_new();
    enum slu_err err;

    count_alloc_init(&counted);
    counted.fail_at = fail_at;
    options = client_options(base);
    options.alloc = &counted.alloc;
    request.origin = slu_view_str("http://127.0.0.1:1");
    err = slu_http_new(&options, &http, NULL);
    if (err == SLU_ERR_OK) {
        err = slu_http_start(http, &request, &no_handler, NULL, &transfer);
    }
    slu_http_free(http);
    event_base_free(base);
    cr_assert_eq(counted.live, 0);
    cr_assert_eq(err, counted.calls >= fail_at ? SLU_ERR_NOMEM : SLU_ERR_OK);
    return counted.calls >= fail_at;
}

Test(http_faults, start_survives_the_failure_of_every_allocation)
{
    unsigned long n = 1;

    while (run_starved(n)) {
        n++;
    }
    cr_assert_geq(n, 6);
}

Test(http_faults, no_memory_while_running_ends_the_transfer)
{
    size_t len;
    char *gzip = gzip_make("text", 4, 1, &len);
    struct raw_answer answer = {
        .head = GZIP_CLOSE, .body = gzip, .body_len = len, .end = RAW_CLOSE};
    enum slu_err err = SLU_ERR_NOMEM;

    /* From the 9th on: the socket's watch, then what gzip needs. */
    for (unsigned long n = 9; err != SLU_ERR_OK; n++) {
        struct count_alloc counted;
        struct slu_http_options options = client_options(NULL);
        struct client client;
        struct exchange exchange;

        count_alloc_init(&counted);
        counted.fail_at = n;
        options.alloc = &counted.alloc;
        client_init(&client, answer_given, &answer, &options);
        exchange_init(&exchange, &client);
        exchange_start(&exchange, "/");
        client_run(&client);
        err = exchange.error.code;
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%s: %s",
                  slu_err_name(err), exchange.error.text);
        exchange_fini(&exchange);
        exchange_init(&exchange, &client); /* the client has survived */
        exchange_start(&exchange, "/good");
        client_run(&client);
        cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s",
                     exchange.error.text);
        exchange_fini(&exchange);
        client_fini(&client);
        cr_assert_eq(counted.live, 0);
    }
    free(gzip);
}

Test(http_faults, allocates_nothing_per_request_once_warm)
{
    struct count_alloc counted;
    struct slu_http_options options = client_options(NULL);
    struct raw_answer answer = {0};
    struct client client;
    unsigned long calls = 0;

    count_alloc_init(&counted);
    options.alloc = &counted.alloc;
    client_init(&client, answer_given, &answer, &options);
    for (int i = 0; i < 20; i++) {
        struct exchange exchange;

        exchange_init(&exchange, &client);
        exchange_start(&exchange, "/good");
        client_run(&client);
        exchange_fini(&exchange);
        calls = i == 0 ? counted.calls : calls;
    }
    cr_assert_eq(counted.calls, calls);
    client_fini(&client);
}
