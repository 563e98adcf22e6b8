/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a raw server (raw_server.h) on a thread of its own, for what runs a
 * loop of its own: a pull, or the public handle.
 * Threads: the answer function runs on the server's thread. The counts and the
 * head of the last request are told by stop, which joins it.
 */
#ifndef TESTS_ENGINE_SERVED_H
#define TESTS_ENGINE_SERVED_H

#include "engine/raw_server.h"
#include "engine/transport.h"
#include "engine/wake.h"

#include <pthread.h>

struct served {
    struct event_base *base;
    struct raw_server *server;
    struct event *on_stop;
    struct slu_wake stop;
    pthread_t thread;
    int port;
    char url[40]; /* "http://127.0.0.1:PORT" */
};

/* self must stay where it is. */
void served_start(struct served *self, raw_answer_fn fn, void *ctx);
struct raw_counts served_stop(struct served *self);

/* To ask it: no proxy, and five seconds for what never comes. */
struct slu_http_config served_http(void);

/* A whole HTTP answer with a body that is text and lives on; `extra`: more
 * lines of the head, each with CRLF. On the server's thread only. */
struct raw_answer served_text(int status, const char *extra, const char *body);

#endif
