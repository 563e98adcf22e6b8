/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a server on 127.0.0.1 that sends exactly the bytes a test says, on the
 * same loop as the client under test: cut bodies, false lengths, resets and
 * stalls included. It counts what the kernel took.
 * Limits: a request of 32 KB, its body by Content-Length.
 */
#ifndef TESTS_ENGINE_RAW_SERVER_H
#define TESTS_ENGINE_RAW_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum raw_end {
    RAW_KEEP,  /* wait for the next request */
    RAW_CLOSE, /* FIN */
    RAW_RESET, /* RST */
    RAW_STALL, /* stay open and say nothing */
};

struct raw_answer {
    const char *head; /* sent as it is */
    const char *body;
    size_t body_len;
    size_t times;   /* the body is sent so often; 0 means once */
    size_t at_once; /* most bytes of one write; 0: no limit */
    int delay_ms;   /* before the first byte */
    int settle_ms;  /* between the last byte and the end */
    enum raw_end end;
};

/* request: head and body as received, terminated. */
typedef struct raw_answer (*raw_answer_fn)(void *ctx, const char *request);

struct raw_server;

struct raw_counts {
    unsigned connections;
    unsigned requests;
    unsigned busy;     /* requests being answered */
    unsigned busy_max; /* the most at once */
    uint64_t sent;     /* bytes that the kernel accepted */
};

struct raw_server *raw_server_new(struct event_base *base, raw_answer_fn fn,
                                  void *ctx);
void raw_server_free(struct raw_server *self);
int raw_server_port(const struct raw_server *self);
const struct raw_counts *raw_server_counts(const struct raw_server *self);

/* The last request, head and body. */
const char *raw_server_request(const struct raw_server *self);

#endif
