/* SPDX-License-Identifier: Apache-2.0 */
/* Back-pressure, cancelling, and handlers that call back into the client. */
#include "engine/gzip_make.h"
#include "engine/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 100000
#define BLOCKS 400 /* 40 MB in all */

static char block[BLOCK];

static void fill_block(void)
{
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = (char)(i * 2654435761u >> 13);
    }
}

static struct raw_answer answer_large(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return (struct raw_answer){
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n",
        .body = block,
        .body_len = BLOCK,
        .times = BLOCKS,
    };
}

static struct raw_answer answer_given(void *ctx, const char *request)
{
    (void)request;
    return *(const struct raw_answer *)ctx;
}

static void expect_blocks(const struct exchange *exchange, size_t count)
{
    cr_assert_eq(exchange->bytes, count * BLOCK);
    for (size_t i = 0; i < count; i++) {
        cr_assert_arr_eq(exchange->body.ptr + i * BLOCK, block, BLOCK);
    }
}

/* What the kernel takes for a socket that nobody reads: both its buffers. */
static uint64_t read_kernel_cap(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_rmem", "r");
    unsigned long cap = 0;
    unsigned long send_cap = 0;

    if (file != NULL) {
        cr_assert_eq(fscanf(file, "%*u %*u %lu", &cap), 1);
        (void)fclose(file);
    }
    file = fopen("/proc/sys/net/ipv4/tcp_wmem", "r");
    if (file != NULL) {
        cr_assert_eq(fscanf(file, "%*u %*u %lu", &send_cap), 1);
        (void)fclose(file);
    }
    return cap + send_cap;
}

/* Who reads is in the same loop: when nothing more was sent while it turned,
 * the kernel has taken what it takes. */
static uint64_t run_until_nothing_is_sent(struct client *client)
{
    const struct raw_counts *counts = raw_server_counts(client->server);
    uint64_t sent;

    do {
        sent = counts->sent;
        client_run_ms(client, 100);
    } while (counts->sent != sent);
    return sent;
}

Test(http_pause, leaves_the_socket_unread)
{
    struct client client;
    struct exchange exchange;
    struct slu_http_stats stats;
    uint64_t sent;

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange.pause_at = 1;
    exchange_start(&exchange, "/");
    client_run_paused(&client, &exchange);
    cr_assert_leq(exchange.bytes, 64 * 1024);
    sent = run_until_nothing_is_sent(&client);
    client_run_ms(&client, 700);
    /* Nothing moves any more, and what did move fits in the kernel's buffers
     * and one receive buffer of libcurl. */
    cr_assert_eq(raw_server_counts(client.server)->sent, sent);
    cr_assert_leq(sent, read_kernel_cap() + 64 * 1024 + 1024);
    cr_assert_lt(sent, 40000000);
    cr_log_info("paused: %lu bytes handed on, %lu taken by the kernel",
                (unsigned long)exchange.bytes, (unsigned long)sent);
    exchange.paused = false;
    slu_transfer_resume(exchange.transfer);
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    expect_blocks(&exchange, BLOCKS);
    slu_http_get_stats(client.http, &stats);
    cr_assert_eq(stats.wire_bytes, 40000000);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, keeps_every_byte_when_paused_at_every_piece)
{
    struct client client;
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        .body = block,
        .body_len = BLOCK,
        .times = 10,
        .at_once = 33333,
    };

    fill_block();
    client_init(&client, answer_given, &answer, NULL);
    exchange_init(&exchange, &client);
    exchange.pause_always = true;
    exchange_start(&exchange, "/");
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s", exchange.error.text);
    cr_assert_not(exchange.called_while_paused);
    cr_assert_gt(exchange.pieces, 30);
    expect_blocks(&exchange, 10);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, keeps_every_byte_of_gzip_when_paused_at_every_piece)
{
    struct client client;
    struct exchange exchange;
    size_t len;
    char *gzip;
    char head[100];
    struct raw_answer answer = {.head = head};

    fill_block();
    gzip = gzip_make(block, BLOCK, 20, &len);
    for (int chunk = 0; chunk < 3; chunk++) {
        static const size_t sizes[] = {0, 1000, 20000};

        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       len);
        answer.body = gzip;
        answer.body_len = len;
        answer.at_once = sizes[chunk];
        client_init(&client, answer_given, &answer, NULL);
        exchange_init(&exchange, &client);
        exchange.pause_always = true;
        exchange_start(&exchange, "/");
        client_run(&client);
        cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s",
                     exchange.error.text);
        cr_assert_not(exchange.called_while_paused);
        cr_assert_leq(exchange.piece_max, 16 * 1024);
        expect_blocks(&exchange, 20);
        exchange_fini(&exchange);
        client_fini(&client);
    }
    free(gzip);
}

Test(http_pause, holds_the_end_back_until_resume)
{
    struct client client;
    struct exchange exchange;
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
        .body = "end",
        .body_len = 3,
    };

    client_init(&client, answer_given, &answer, NULL);
    exchange_init(&exchange, &client);
    exchange.pause_at = 1;
    exchange_start(&exchange, "/");
    client_run_paused(&client, &exchange);
    client_run_ms(&client, 100);
    cr_assert_eq(exchange.ends, 0);
    exchange.paused = false;
    slu_transfer_resume(exchange.transfer);
    client_run(&client);
    cr_assert_eq(exchange.ends, 1);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, counts_a_resume_that_comes_before_the_pause)
{
    struct client client;
    struct exchange exchange;

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange.pause_at = 50000;
    exchange.resume_first = true;
    exchange_start(&exchange, "/");
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    expect_blocks(&exchange, BLOCKS);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, ignores_a_resume_of_what_is_not_paused)
{
    struct client client;
    struct exchange exchange;

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange_start(&exchange, "/");
    slu_transfer_resume(exchange.transfer);
    client_run_ms(&client, 2);
    if (exchange.transfer != NULL) {
        slu_transfer_resume(exchange.transfer);
    }
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK);
    expect_blocks(&exchange, BLOCKS);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, is_not_taken_for_an_idle_connection)
{
    struct slu_http_options options = client_options(NULL);
    struct client client;
    struct exchange exchange;

    fill_block();
    options.idle_timeout_ms = 1000;
    client_init(&client, answer_large, NULL, &options);
    exchange_init(&exchange, &client);
    exchange.pause_at = 1;
    exchange_start(&exchange, "/");
    client_run_ms(&client, 3500);
    cr_assert_eq(exchange.ends, 0);
    exchange.paused = false;
    slu_transfer_resume(exchange.transfer);
    client_run(&client);
    cr_assert_eq(exchange.error.code, SLU_ERR_OK, "%s", exchange.error.text);
    cr_assert_eq(exchange.bytes, 40000000);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_pause, ends_when_it_lasts_too_long)
{
    struct slu_http_options options = client_options(NULL);
    struct client client;
    struct exchange exchange;
    struct exchange next;

    fill_block();
    options.pause_max_ms = 150;
    options.connections = 1;
    client_init(&client, answer_large, NULL, &options);
    exchange_init(&exchange, &client);
    exchange.pause_at = 1;
    exchange_start(&exchange, "/");
    exchange_init(&next, &client); /* waits for the place of the first */
    exchange_start(&next, "/");
    while (exchange.ends == 0) {
        (void)event_base_loop(client.base, EVLOOP_ONCE);
        exchange.paused = exchange.paused && exchange.ends == 0;
    }
    cr_assert_eq(exchange.error.code, SLU_ERR_TIMEOUT);
    cr_assert_not_null(strstr(exchange.error.text, "paused for too long"));
    cr_assert_eq(exchange.error.http_status, 200);
    client_run(&client);
    cr_assert_eq(next.error.code, SLU_ERR_OK);
    cr_assert_eq(next.bytes, 40000000);
    exchange_fini(&exchange);
    exchange_fini(&next);
    client_fini(&client);
}

Test(http_pause, does_not_hold_up_the_others)
{
    struct client client;
    struct exchange paused;
    struct exchange other;

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    exchange_init(&paused, &client);
    paused.pause_at = 1;
    exchange_start(&paused, "/");
    exchange_init(&other, &client);
    exchange_start(&other, "/");
    while (other.ends == 0) {
        (void)event_base_loop(client.base, EVLOOP_ONCE);
    }
    cr_assert_eq(other.bytes, 40000000);
    cr_assert_eq(paused.ends, 0);
    cr_assert_leq(paused.bytes, 64 * 1024);
    paused.cancel_at = AT_NONE;
    slu_transfer_cancel(paused.transfer);
    client.left--;
    client_run(&client);
    cr_assert_eq(paused.ends, 0);
    exchange_fini(&paused);
    exchange_fini(&other);
    client_fini(&client);
}

static void run_cancelled(enum client_moment moment, struct raw_answer answer)
{
    struct client client;
    struct exchange exchange;
    struct exchange after;
    struct slu_http_stats stats;

    client_init(&client, answer_given, &answer, NULL);
    exchange_init(&exchange, &client);
    exchange.cancel_at = moment;
    exchange_start(&exchange, "/");
    client_run(&client);
    client_run_ms(&client, 5);
    cr_assert_eq(exchange.ends, 0);
    cr_assert_eq(exchange.heads, 1);
    cr_assert_eq(exchange.pieces, moment == AT_BODY ? 1 : 0);
    slu_http_get_stats(client.http, &stats);
    cr_assert_eq(stats.in_flight, 0);
    exchange_init(&after, &client);
    exchange_start(&after, "/");
    client_run(&client);
    cr_assert_eq(after.error.code, SLU_ERR_OK);
    exchange_fini(&exchange);
    exchange_fini(&after);
    client_fini(&client);
}

Test(http_cancel, is_silent_from_inside_the_head_and_the_body)
{
    struct raw_answer large = answer_large(NULL, NULL);
    struct raw_answer small = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
        .body = "x",
        .body_len = 1,
    };
    size_t len;
    struct raw_answer gzip = {
        .head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        .end = RAW_CLOSE};
    char *body = gzip_make("0123456789", 10, 50000, &len);

    gzip.body = body;
    gzip.body_len = len;
    run_cancelled(AT_HEAD, large);
    run_cancelled(AT_BODY, large);
    run_cancelled(AT_HEAD, small);
    run_cancelled(AT_BODY, small);
    run_cancelled(AT_HEAD, gzip);
    run_cancelled(AT_BODY, gzip);
    free(body);
}

Test(http_cancel, is_silent_at_any_moment_from_outside)
{
    struct raw_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        .body = block,
        .body_len = BLOCK,
        .times = 10,
        .at_once = 10000,
    };

    for (int turns = 0; turns < 40; turns++) {
        struct client client;
        struct exchange exchange;

        client_init(&client, answer_given, &answer, NULL);
        exchange_init(&exchange, &client);
        exchange.pause_at = 500000;
        exchange_start(&exchange, "/");
        for (int i = 0; i < turns; i++) {
            (void)event_base_loop(client.base, EVLOOP_NONBLOCK);
        }
        if (exchange.transfer != NULL) {
            unsigned pieces = exchange.pieces;

            slu_transfer_cancel(exchange.transfer);
            client.left--;
            client_run_ms(&client, 5);
            cr_assert_eq(exchange.ends, 0);
            cr_assert_eq(exchange.pieces, pieces);
        }
        exchange_fini(&exchange);
        client_fini(&client);
    }
}

Test(http_cancel, takes_one_in_line_out_of_it)
{
    struct slu_http_options options = client_options(NULL);
    struct client client;
    struct exchange exchanges[3];

    options.connections = 1;
    fill_block();
    client_init(&client, answer_large, NULL, &options);
    for (int i = 0; i < 3; i++) {
        exchange_init(&exchanges[i], &client);
        exchanges[i].discard = true;
        exchange_start(&exchanges[i], "/");
    }
    slu_transfer_cancel(exchanges[1].transfer);
    client.left--;
    client_run(&client);
    cr_assert_eq(exchanges[0].ends, 1);
    cr_assert_eq(exchanges[1].ends, 0);
    cr_assert_eq(exchanges[1].heads, 0);
    cr_assert_eq(exchanges[2].ends, 1);
    cr_assert_eq(raw_server_counts(client.server)->requests, 2);
    for (int i = 0; i < 3; i++) {
        exchange_fini(&exchanges[i]);
    }
    client_fini(&client);
}

Test(http_cancel, error_from_the_handler_ends_with_stopped)
{
    struct client client;
    struct exchange exchange;

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    exchange_init(&exchange, &client);
    exchange.error_at = 100000;
    exchange_start(&exchange, "/");
    client_run(&client);
    cr_assert_eq(exchange.ends, 1);
    cr_assert_eq(exchange.error.code, SLU_ERR_STOPPED);
    cr_assert_eq(exchange.error.http_status, 200);
    cr_assert_leq(exchange.bytes, 100000 + 64 * 1024);
    exchange_fini(&exchange);
    client_fini(&client);
}

Test(http_cancel, free_is_silent_with_paused_and_running_transfers)
{
    struct client client;
    struct exchange exchanges[4];

    fill_block();
    client_init(&client, answer_large, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        exchange_init(&exchanges[i], &client);
        exchanges[i].discard = true;
        exchanges[i].pause_at = i % 2 == 0 ? 1 : 0;
        exchange_start(&exchanges[i], "/");
    }
    for (int i = 0; i < 30; i++) {
        (void)event_base_loop(client.base, EVLOOP_NONBLOCK);
    }
    slu_http_free(client.http);
    client.http = NULL;
    for (int i = 0; i < 4; i++) {
        exchange_fini(&exchanges[i]);
    }
    client_fini(&client);
}
