/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the tests of engine/http share: a client and a raw server on one
 * loop, and an exchange that records everything its handler was told and does
 * at each call what the test said.
 */
#ifndef TESTS_ENGINE_HTTP_CLIENT_H
#define TESTS_ENGINE_HTTP_CLIENT_H

#include "codecs/buf.h"
#include "engine/http.h"
#include "engine/raw_server.h"

enum client_moment { AT_NONE, AT_HEAD, AT_BODY, AT_END };

struct client {
    struct event_base *base;
    struct raw_server *server;
    struct slu_http *http;
    char origin[64];
    unsigned left; /* exchanges that have not ended */
};

struct exchange {
    struct client *client;
    struct slu_transfer *transfer;
    /* What to do. */
    enum client_moment cancel_at;
    uint64_t pause_at; /* PAUSE once this many bytes have come; 0: never */
    bool pause_always; /* PAUSE at every piece, resume from a timer */
    uint64_t error_at; /* ERROR once this many bytes have come; 0: never */
    bool resume_first; /* resume before PAUSE is returned */
    const char *next;  /* at the end start this target */
    bool discard;      /* count the body, don't keep it */
    /* What was told. */
    unsigned heads;
    unsigned pieces;
    unsigned ends;
    bool called_while_paused;
    bool paused;
    bool inside; /* a handler is being called */
    int status;
    int version;
    char content_type[128];
    char retry_after[128];
    char date[128];
    char error_type[128];
    char region[128];
    char etag[128];
    uint64_t bytes;
    size_t piece_max;
    struct slu_buf body;
    struct slu_error error;
};

struct slu_http_options client_options(struct event_base *base);

/* options NULL: the defaults of client_options. */
void client_init(struct client *self, raw_answer_fn fn, void *ctx,
                 const struct slu_http_options *options);
void client_fini(struct client *self);

void exchange_init(struct exchange *self, struct client *client);
void exchange_fini(struct exchange *self);
void exchange_start(struct exchange *self, const char *target);

/* The same with any request, whose origin is the server's. */
void exchange_send(struct exchange *self,
                   const struct slu_http_request *request);

/* Runs the loop until no exchange is left (or, after a minute, aborts). */
void client_run(struct client *self);

/* Runs the loop until the exchange is paused (or aborts, as above). */
void client_run_paused(struct client *self, const struct exchange *exchange);

/* Runs the loop for so long. */
void client_run_ms(struct client *self, int ms);

#endif
