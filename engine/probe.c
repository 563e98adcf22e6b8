/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/probe.h"
#include "engine/http_setup.h"

#include <event2/event.h>

#define BODY_MAX (16u * 1024) /* the first bytes are enough for a refusal */

struct exchange {
    struct slu_probe_answer *answer;
    struct event_base *base;
    struct slu_buf body;
};

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct exchange *self = ctx;

    self->answer->status = head->status;
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct exchange *self = ctx;
    size_t room = self->body.max - self->body.len;

    if (bytes.len > room) {
        bytes.len = room;
    }
    return slu_buf_append(&self->body, bytes) == SLU_ERR_OK ? SLU_HTTP_MORE
                                                            : SLU_HTTP_ERROR;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct exchange *self = ctx;

    self->answer->error = *error;
    (void)event_base_loopbreak(self->base);
}

static void on_stop(evutil_socket_t fd, short what, void *ctx)
{
    struct exchange *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_error_set(&self->answer->error, SLU_ERR_STOPPED,
                        "stopped on request");
    (void)event_base_loopbreak(self->base);
}

static enum slu_err start(struct exchange *self, struct slu_http *http,
                          const struct slu_source_access *access,
                          const struct slu_probe *probe)
{
    static const struct slu_http_handler handler = {on_head, on_body, on_end};
    struct slu_http_header headers[] = {
        {SLU_VIEW_LITERAL("x-tool"), SLU_VIEW_LITERAL(SLU_X_TOOL)},
        {SLU_VIEW_LITERAL("accept"), SLU_VIEW_LITERAL("application/json")},
        {SLU_VIEW_LITERAL("x-apikey"), slu_view_str(access->api_key->value)},
    };
    struct slu_http_request request = {
        .origin = access->base_url,
        .target = slu_view_str(probe->target),
        .headers = headers,
        .header_count = 3,
    };
    struct slu_transfer *transfer;

    return slu_http_start(http, &request, &handler, self, &transfer);
}

static void run(const struct slu_probe_place *place, struct exchange *self,
                const struct slu_probe *probe)
{
    struct slu_engine *engine = place->engine;
    struct slu_error *error = &self->answer->error;
    struct slu_transport_options options = {
        .alloc = engine->alloc, .config = place->http, .connections = 1};
    struct event *stop = NULL;
    struct slu_http *http = NULL;
    enum slu_err err = SLU_ERR_NOMEM;

    self->base = event_base_new();
    if (self->base == NULL) {
        goto done;
    }
    stop = event_new(self->base, engine->stop.fd, EV_READ, on_stop, self);
    if (stop == NULL || event_add(stop, NULL) != 0) {
        goto done;
    }
    options.base = self->base;
    err = slu_http_setup(&options, &http, error);
    if (err == SLU_ERR_OK) {
        err = start(self, http, place->access, probe);
    }
    if (err == SLU_ERR_OK) {
        (void)event_base_loop(self->base, EVLOOP_NO_EXIT_ON_EMPTY);
    }
done:
    if (err != SLU_ERR_OK && error->code == SLU_ERR_OK) {
        (void)slu_error_set(error, err, "cannot send a request: %s",
                            slu_err_sentence(err));
    }
    slu_http_free(http);
    if (stop != NULL) {
        event_free(stop);
    }
    if (self->base != NULL) {
        event_base_free(self->base);
    }
}

/* A sign-in page of some proxy answers 200 to everything. */
static void expect_object(struct slu_view body, struct slu_error *error)
{
    size_t at = 0;

    while (at < body.len && memchr(" \t\r\n", body.ptr[at], 4) != NULL) {
        at++;
    }
    if (error->code == SLU_ERR_OK && (at == body.len || body.ptr[at] != '{')) {
        (void)slu_error_set(error, SLU_ERR_MALFORMED,
                            "the answer is not JSON; check that gti.base_url "
                            "and http.proxy lead to GTI itself");
    }
}

void slu_probe_send(const struct slu_probe_place *place,
                    const struct slu_probe *probe,
                    struct slu_probe_answer *out_answer)
{
    const struct slu_alloc *alloc = place->engine->alloc;
    struct exchange exchange = {.answer = out_answer};

    *out_answer = (struct slu_probe_answer){0};
    slu_buf_init(&exchange.body, alloc, BODY_MAX);
    run(place, &exchange, probe);
    if (out_answer->status == 200) {
        expect_object(slu_buf_view(&exchange.body), &out_answer->error);
    }
    if (out_answer->status >= 400) {
        place->ops->explain(alloc, slu_buf_view(&exchange.body),
                            &out_answer->refusal);
    }
    slu_buf_fini(&exchange.body);
}
