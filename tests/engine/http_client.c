/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void keep(char *to, size_t size, struct slu_view text)
{
    (void)snprintf(to, size, "%.*s", SLU_VIEW_ARGS(text));
}

static bool leave_here(struct exchange *self, enum client_moment moment)
{
    self->inside = false;
    if (self->cancel_at != moment) {
        return false;
    }
    slu_transfer_cancel(self->transfer);
    self->client->left--;
    return true;
}

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct exchange *self = ctx;

    cr_assert_not(self->inside);
    cr_assert_eq(self->heads, 0);
    cr_assert_eq(self->pieces, 0);
    self->heads++;
    self->status = head->status;
    self->version = head->http_version;
    keep(self->content_type, sizeof(self->content_type), head->content_type);
    keep(self->retry_after, sizeof(self->retry_after), head->retry_after);
    keep(self->date, sizeof(self->date), head->date);
    keep(self->error_type, sizeof(self->error_type), head->error_type);
    keep(self->region, sizeof(self->region), head->region);
    keep(self->etag, sizeof(self->etag), head->etag);
    (void)leave_here(self, AT_HEAD);
}

static void resume_later(evutil_socket_t fd, short events, void *ctx)
{
    struct exchange *self = ctx;

    (void)fd;
    (void)events;
    self->paused = false;
    slu_transfer_resume(self->transfer);
}

static enum slu_http_flow pause_here(struct exchange *self)
{
    struct timeval soon = {0, 200};

    self->paused = true;
    if (self->resume_first) {
        self->paused = false;
        slu_transfer_resume(self->transfer);
    }
    if (self->pause_always) {
        (void)event_base_once(self->client->base, -1, EV_TIMEOUT, resume_later,
                              self, &soon);
    }
    return SLU_HTTP_PAUSE;
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct exchange *self = ctx;
    uint64_t before = self->bytes;

    cr_assert_not(self->inside);
    cr_assert_eq(self->heads, 1);
    cr_assert_gt(bytes.len, 0);
    self->called_while_paused = self->called_while_paused || self->paused;
    self->pieces++;
    self->bytes += bytes.len;
    self->piece_max = bytes.len > self->piece_max ? bytes.len : self->piece_max;
    if (!self->discard) {
        cr_assert_eq(slu_buf_append(&self->body, bytes), SLU_ERR_OK);
    }
    if (leave_here(self, AT_BODY)) {
        return SLU_HTTP_MORE;
    }
    if (self->error_at > 0 && self->bytes >= self->error_at) {
        return SLU_HTTP_ERROR;
    }
    if (self->pause_always || (self->pause_at > 0 && before < self->pause_at &&
                               self->bytes >= self->pause_at)) {
        return pause_here(self);
    }
    return SLU_HTTP_MORE;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct exchange *self = ctx;
    const char *next = self->next;

    cr_assert_not(self->inside);
    self->called_while_paused = self->called_while_paused || self->paused;
    self->ends++;
    self->error = *error;
    self->transfer = NULL;
    self->client->left--;
    if (next != NULL) {
        self->next = NULL;
        self->heads = 0;
        self->pieces = 0;
        exchange_start(self, next);
    }
}

struct slu_http_options client_options(struct event_base *base)
{
    return (struct slu_http_options){
        .alloc = slu_alloc_default(),
        .base = base,
        .connections = 64,
        .verify_tls = true,
        .proxy = "",
        .ca_bundle = "",
        .user_agent = "sluice/test; gzip",
        .connect_timeout_ms = 10000,
        .idle_timeout_ms = 30000,
        .body_max = 1ull << 40,
        .ratio_max = 1100,
        .pause_max_ms = 30000,
    };
}

void client_init(struct client *self, raw_answer_fn fn, void *ctx,
                 const struct slu_http_options *options)
{
    struct slu_http_options chosen;
    struct slu_error error = {0};

    *self = (struct client){.base = event_base_new()};
    self->server = raw_server_new(self->base, fn, ctx);
    (void)snprintf(self->origin, sizeof(self->origin), "http://127.0.0.1:%d",
                   raw_server_port(self->server));
    chosen = options == NULL ? client_options(self->base) : *options;
    chosen.base = self->base;
    cr_assert_eq(slu_http_new(&chosen, &self->http, &error), SLU_ERR_OK, "%s",
                 error.text);
}

void client_fini(struct client *self)
{
    slu_http_free(self->http);
    raw_server_free(self->server);
    event_base_free(self->base);
}

void exchange_init(struct exchange *self, struct client *client)
{
    *self = (struct exchange){.client = client};
    slu_buf_init(&self->body, slu_alloc_default(), 1u << 28);
}

void exchange_fini(struct exchange *self)
{
    slu_buf_fini(&self->body);
}

void exchange_send(struct exchange *self,
                   const struct slu_http_request *request)
{
    static const struct slu_http_handler handler = {on_head, on_body, on_end};
    struct slu_http_request sent = *request;

    sent.origin = slu_view_str(self->client->origin);
    self->client->left++;
    self->inside = true; /* nothing may be called from inside start */
    cr_assert_eq(slu_http_start(self->client->http, &sent, &handler, self,
                                &self->transfer),
                 SLU_ERR_OK);
    self->inside = false;
}

void exchange_start(struct exchange *self, const char *target)
{
    struct slu_http_header header = {SLU_VIEW_LITERAL("x-apikey"),
                                     SLU_VIEW_LITERAL("0123secret4567")};
    struct slu_http_request request = {
        .target = slu_view_str(target),
        .headers = &header,
        .header_count = 1,
    };

    exchange_send(self, &request);
}

static void on_minute(evutil_socket_t fd, short events, void *ctx)
{
    (void)fd;
    (void)events;
    (void)ctx;
    cr_assert_fail("an exchange has not ended within a minute");
}

static struct event *watch_minute(struct client *self)
{
    struct event *watchdog = evtimer_new(self->base, on_minute, NULL);
    struct timeval minute = {60, 0};

    (void)event_add(watchdog, &minute);
    return watchdog;
}

void client_run(struct client *self)
{
    struct event *watchdog = watch_minute(self);

    while (self->left > 0) {
        (void)event_base_loop(self->base, EVLOOP_ONCE);
    }
    event_free(watchdog);
    /* What cancels left to be done. */
    (void)event_base_loop(self->base, EVLOOP_NONBLOCK);
}

void client_run_paused(struct client *self, const struct exchange *exchange)
{
    struct event *watchdog = watch_minute(self);

    while (!exchange->paused) {
        (void)event_base_loop(self->base, EVLOOP_ONCE);
    }
    event_free(watchdog);
}

void client_run_ms(struct client *self, int ms)
{
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    (void)event_base_loopexit(self->base, &wait);
    (void)event_base_dispatch(self->base);
}
