/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void break_loop(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(ctx);
}

static void *run(void *ctx)
{
    struct served *self = ctx;

    (void)event_base_loop(self->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

void served_start(struct served *self, raw_answer_fn fn, void *ctx)
{
    memset(self, 0, sizeof(*self));
    self->base = event_base_new();
    require(self->base != NULL);
    require(slu_wake_open(&self->stop) == SLU_ERR_OK);
    self->on_stop =
        event_new(self->base, self->stop.fd, EV_READ, break_loop, self->base);
    require(self->on_stop != NULL && event_add(self->on_stop, NULL) == 0);
    self->server = raw_server_new(self->base, fn, ctx);
    self->port = raw_server_port(self->server);
    (void)snprintf(self->url, sizeof(self->url), "http://127.0.0.1:%d",
                   self->port);
    require(pthread_create(&self->thread, NULL, run, self) == 0);
}

struct raw_counts served_stop(struct served *self)
{
    struct raw_counts counts;

    slu_wake_raise(&self->stop);
    (void)pthread_join(self->thread, NULL);
    counts = *raw_server_counts(self->server);
    raw_server_free(self->server);
    event_free(self->on_stop);
    event_base_free(self->base);
    slu_wake_close(&self->stop);
    return counts;
}

struct raw_answer served_text(int status, const char *extra, const char *body)
{
    /* More than can be under way at once. */
    static char heads[512][512];
    static unsigned next;
    char *head = heads[next++ % 512];

    (void)snprintf(head, 512, "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s\r\n",
                   status, strlen(body), extra);
    return (struct raw_answer){
        .head = head, .body = body, .body_len = strlen(body)};
}

struct slu_http_config served_http(void)
{
    return (struct slu_http_config){
        .proxy = "",
        .ca_bundle = "",
        .verify_tls = true,
        .user_agent = "",
        .connect_timeout_ms = 5000,
        .idle_timeout_ms = 5000,
        .body_max = 1u << 30,
    };
}
