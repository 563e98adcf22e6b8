/* SPDX-License-Identifier: Apache-2.0 */
/* Large bodies on their way up: from where they lie, over lines that are slow,
 * and to servers that stop listening. */
#include "engine/count_alloc.h"
#include "engine/http_client.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 65536

/* A server on a thread of its own that reads one request at its own pace. */
struct sink {
    int listener;
    int port;
    pthread_t thread;
    /* What it does. */
    size_t piece;       /* bytes of one read */
    int pause_ms;       /* behind each */
    uint64_t stops_at;  /* reads no more; 0: never */
    const char *early;  /* answers this behind the head, and reads on */
    atomic_bool let_go; /* end a stop */
    /* What it saw. */
    char head[4096];
    uint64_t taken; /* bytes of the body */
    bool as_sent;   /* each byte was what it should be */
};

static char byte_at(uint64_t at)
{
    return (char)(at * 31 + at / 251);
}

static void sleep_ms(int ms)
{
    (void)usleep((useconds_t)ms * 1000);
}

static void take_body(struct sink *self, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        self->as_sent = self->as_sent && bytes[i] == byte_at(self->taken + i);
    }
    self->taken += len;
}

/* The head, and what of the body came with it; its length, or 0. */
static uint64_t read_head(struct sink *self, int fd)
{
    size_t len = 0;
    char *end = NULL;
    const char *field;

    while (end == NULL && len < sizeof(self->head) - 1) {
        ssize_t got = read(fd, self->head + len, sizeof(self->head) - 1 - len);

        if (got <= 0) {
            return 0;
        }
        len += (size_t)got;
        self->head[len] = '\0';
        end = memmem(self->head, len, "\r\n\r\n", 4);
    }
    field = end == NULL ? NULL : strstr(self->head, "Content-Length: ");
    if (field == NULL) {
        return 0;
    }
    take_body(self, end + 4, len - (size_t)(end + 4 - self->head));
    end[4] = '\0';
    return strtoull(field + 16, NULL, 10);
}

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static void *run_sink(void *ctx)
{
    static const char done[] =
        "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody";
    struct sink *self = ctx;
    int fd = accept(self->listener, NULL, NULL);
    char *piece = malloc(PIECE);
    uint64_t len = read_head(self, fd);

    if (self->early != NULL) {
        say(fd, self->early);
    }
    while (self->taken < len) {
        ssize_t got;

        if (self->stops_at > 0 && self->taken >= self->stops_at) {
            while (!atomic_load(&self->let_go)) {
                sleep_ms(5);
            }
            break;
        }
        sleep_ms(self->pause_ms);
        got = read(fd, piece, self->piece);
        if (got <= 0) {
            break;
        }
        take_body(self, piece, (size_t)got);
    }
    if (self->taken == len && self->early == NULL) {
        say(fd, done);
    }
    free(piece);
    (void)close(fd);
    return NULL;
}

static void sink_start(struct sink *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int small = 16384;

    self->as_sent = true;
    self->listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_geq(self->listener, 0);
    /* What its kernel takes unseen is little. */
    (void)setsockopt(self->listener, SOL_SOCKET, SO_RCVBUF, &small,
                     sizeof(small));
    cr_assert_eq(bind(self->listener, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(listen(self->listener, 4), 0);
    cr_assert_eq(getsockname(self->listener, (struct sockaddr *)&address, &len),
                 0);
    self->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&self->thread, NULL, run_sink, self), 0);
}

static void sink_stop(struct sink *self)
{
    atomic_store(&self->let_go, true);
    (void)pthread_join(self->thread, NULL);
    (void)close(self->listener);
}

/* ---- one upload ---- */

struct upload {
    struct client client;
    struct exchange exchange;
    struct sink sink;
    char *body;
    size_t len;
};

static struct raw_answer answer_nothing(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    abort();
}

static void upload_start(struct upload *self, size_t len,
                         const struct slu_http_options *options)
{
    self->body = malloc(len);
    self->len = len;
    cr_assert_not_null(self->body);
    for (size_t i = 0; i < len; i++) {
        self->body[i] = byte_at(i);
    }
    sink_start(&self->sink);
    client_init(&self->client, answer_nothing, NULL, options);
    (void)snprintf(self->client.origin, sizeof(self->client.origin),
                   "http://127.0.0.1:%d", self->sink.port);
    exchange_init(&self->exchange, &self->client);
}

static void upload_run(struct upload *self)
{
    const struct slu_http_request request = {
        .method = "PUT",
        .target = SLU_VIEW_LITERAL("/bucket/key"),
        .body = slu_view_make(self->body, self->len),
        .body_lent = true,
        .raw = true,
    };

    exchange_send(&self->exchange, &request);
    client_run(&self->client);
    cr_assert_eq(self->exchange.ends, 1);
}

static void upload_stop(struct upload *self)
{
    exchange_fini(&self->exchange);
    client_fini(&self->client);
    sink_stop(&self->sink);
    free(self->body);
}

static void expect_sent(const struct upload *self)
{
    cr_assert_eq(self->exchange.error.code, SLU_ERR_OK, "%s",
                 self->exchange.error.text);
    cr_assert_eq(self->exchange.status, 200);
    cr_assert_str_eq(self->exchange.etag, "\"e\"");
}

static void expect_taken(const struct upload *self)
{
    cr_assert_eq(self->sink.taken, self->len);
    cr_assert(self->sink.as_sent);
}

/* ---- size ---- */

/* A whole list, and not a byte of it is copied. */
Test(http_upload, sends_35_mb_in_flat_memory)
{
    static struct count_alloc counted;
    struct slu_http_options options = client_options(NULL);
    struct upload upload = {.sink = {.piece = PIECE}};

    count_alloc_init(&counted);
    options.alloc = &counted.alloc;
    upload_start(&upload, 35000000, &options);
    upload_run(&upload);
    expect_sent(&upload);
    upload_stop(&upload);
    expect_taken(&upload);
    cr_assert_not_null(
        strstr(upload.sink.head, "\r\nContent-Length: 35000000\r\n"));
    cr_assert_null(strstr(upload.sink.head, "Expect"));
    cr_assert_null(strstr(upload.sink.head, "Transfer-Encoding"));
    cr_assert_lt(counted.live_max, 256u * 1024);
    cr_assert_eq(counted.live, 0);
}

/* ---- pace ---- */

static struct slu_http_options impatient(void)
{
    struct slu_http_options options = client_options(NULL);

    options.idle_timeout_ms = 1000;
    return options;
}

/* It takes several times as long as it may be idle. */
Test(http_upload, goes_on_over_a_slow_line, .timeout = 60)
{
    struct slu_http_options options = impatient();
    struct upload upload = {.sink = {.piece = 16384, .pause_ms = 60}};

    upload_start(&upload, 1500000, &options);
    upload_run(&upload);
    expect_sent(&upload);
    upload_stop(&upload);
    expect_taken(&upload);
}

Test(http_upload, ends_when_the_line_stands_still, .timeout = 60)
{
    struct slu_http_options options = impatient();
    struct upload upload = {.sink = {.piece = 16384, .stops_at = 100000}};

    upload_start(&upload, 35000000, &options);
    upload_run(&upload);
    cr_assert_eq(upload.exchange.error.code, SLU_ERR_TIMEOUT, "%s",
                 upload.exchange.error.text);
    upload_stop(&upload);
    cr_assert_lt(upload.sink.taken, upload.len);
}

/* ---- answers before the end ---- */

/* A condition that fails is told without the body. */
Test(http_upload, hears_an_answer_that_comes_early, .timeout = 60)
{
    struct upload upload = {.sink = {.piece = PIECE,
                                     .early =
                                         "HTTP/1.1 412 Precondition Failed\r\n"
                                         "Content-Length: 8\r\n\r\n<Error/>"}};

    upload_start(&upload, 35000000, NULL);
    upload_run(&upload);
    cr_assert_eq(upload.exchange.error.code, SLU_ERR_OK, "%s",
                 upload.exchange.error.text);
    cr_assert_eq(upload.exchange.status, 412);
    cr_assert(
        slu_view_equal_str(slu_buf_view(&upload.exchange.body), "<Error/>"));
    upload_stop(&upload);
    cr_assert_lt(upload.sink.taken, upload.len);
}

/* Lent memory is the caller's again when the client is gone. */
Test(http_upload, may_be_cancelled_in_the_middle, .timeout = 60)
{
    struct upload upload = {.sink = {.piece = 16384, .stops_at = 100000}};
    const struct slu_http_request request = {
        .method = "PUT",
        .target = SLU_VIEW_LITERAL("/bucket/key"),
        .body_lent = true,
    };
    struct slu_http_request lent = request;

    upload_start(&upload, 5000000, NULL);
    lent.body = slu_view_make(upload.body, upload.len);
    exchange_send(&upload.exchange, &lent);
    client_run_ms(&upload.client, 50);
    slu_transfer_cancel(upload.exchange.transfer);
    client_run_ms(&upload.client, 20);
    free(upload.body);
    upload.body = NULL;
    client_run_ms(&upload.client, 20);
    cr_assert_eq(upload.exchange.ends, 0);
    upload_stop(&upload);
    cr_assert_lt(upload.sink.taken, upload.len);
}
