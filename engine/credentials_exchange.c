/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-in's requests, over a few connections of their own, and its child. */
#include "engine/credentials_state.h"

#include "codecs/time_text.h"
#include "engine/http_setup.h"

#include <errno.h>
#include <stdio.h>

#define CONNECTIONS 4
#define DIAGNOSTICS_MAX 4096
#define CHILD_MS 60000

/* The answer is whole, or will never be: the machine takes it and goes on. */
static void end_exchange(struct slu_identity *self, struct slu_error *error,
                         struct slu_signin_answer *answer)
{
    struct slu_credential_pool *pool = self->pool;
    struct slu_identity_exchange *exchange = &self->exchange;

    exchange->transfer = NULL;
    exchange->child = NULL;
    if (exchange->too_large) {
        (void)slu_error_set(error, SLU_ERR_MALFORMED,
                            "the answer has more than %u bytes",
                            SLU_SIGNIN_BODY_MAX);
    }
    answer->err = error->code;
    answer->error = error->code == SLU_ERR_OK ? NULL : error;
    slu_signin_answer(self->signin, answer, slu_credentials_now(pool));
    pool->offset_s += slu_signin_take_skew(self->signin);
    slu_identity_stop(self);
    slu_identity_drive(self);
}

void slu_identity_stop(struct slu_identity *self)
{
    struct slu_identity_exchange *exchange = &self->exchange;
    struct slu_buf *body = &exchange->body;

    if (exchange->transfer != NULL) {
        slu_transfer_cancel(exchange->transfer);
        exchange->transfer = NULL;
    }
    slu_child_cancel(exchange->child);
    exchange->child = NULL;
    if (body->ptr != NULL) {
        explicit_bzero(body->ptr, body->capacity);
    }
    slu_buf_fini(body);
}

/* ---- a request ---- */

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct slu_identity *self = ctx;
    struct slu_identity_exchange *exchange = &self->exchange;

    exchange->status = head->status;
    (void)snprintf(exchange->error_type, sizeof(exchange->error_type), "%.*s",
                   SLU_VIEW_ARGS(head->error_type));
    if (!slu_time_parse_http(head->date, &exchange->date_s)) {
        exchange->date_s = 0;
    }
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct slu_identity *self = ctx;
    struct slu_identity_exchange *exchange = &self->exchange;

    if (slu_buf_append(&exchange->body, bytes) != SLU_ERR_OK) {
        exchange->too_large = true;
        return SLU_HTTP_ERROR;
    }
    return SLU_HTTP_MORE;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct slu_identity *self = ctx;
    struct slu_identity_exchange *exchange = &self->exchange;
    struct slu_error copy = *error;
    struct slu_signin_answer answer = {
        .status = exchange->status,
        .error_type = slu_view_str(exchange->error_type),
        .body = slu_buf_view(&exchange->body),
        .date_s = exchange->date_s,
    };

    self->is_answered = self->is_answered || exchange->status != 0;
    exchange->refused = error->sys == ECONNREFUSED;
    end_exchange(self, &copy, &answer);
}

/* AWS_CA_BUNDLE counts where the configuration names none. */
static enum slu_err open_http(struct slu_credential_pool *pool,
                              struct slu_error *out_error)
{
    struct slu_http_config config = *pool->options.http;
    const struct slu_transport_options options = {
        .alloc = pool->options.alloc,
        .base = pool->options.base,
        .config = &config,
        .connections = CONNECTIONS,
    };

    if (pool->http != NULL) {
        return SLU_ERR_OK;
    }
    if (config.ca_bundle[0] == '\0') {
        config.ca_bundle = slu_aws_settings_ca_bundle(pool->options.settings);
    }
    return slu_http_setup(&options, &pool->http, out_error);
}

/* All of the body's room at once: what grew would leave a secret behind. */
static bool open_exchange(struct slu_identity *self)
{
    struct slu_identity_exchange *exchange = &self->exchange;
    char *room;

    exchange->status = 0;
    exchange->date_s = 0;
    exchange->error_type[0] = '\0';
    exchange->too_large = false;
    exchange->refused = false;
    return slu_buf_reserve(&exchange->body, SLU_SIGNIN_BODY_MAX, &room) ==
           SLU_ERR_OK;
}

bool slu_identity_send(struct slu_identity *self,
                       const struct slu_signin_need *need,
                       struct slu_error *out_error)
{
    static const struct slu_http_handler handler = {on_head, on_body, on_end};
    struct slu_http_header headers[SLU_SIGNIN_HEADERS_MAX];
    const struct slu_http_request request = {
        .method = need->method,
        .origin = need->origin,
        .target = need->target,
        .headers = headers,
        .header_count = need->header_count,
        .body = need->body,
        .direct = need->direct,
        .timeout_ms = need->timeout_ms,
    };
    enum slu_err err;

    for (unsigned i = 0; i < need->header_count; i++) {
        headers[i] = (struct slu_http_header){need->headers[i].name,
                                              need->headers[i].value};
    }
    if (!open_exchange(self)) {
        (void)slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
        return false;
    }
    if (open_http(self->pool, out_error) != SLU_ERR_OK) {
        return false;
    }
    err = slu_http_start(self->pool->http, &request, &handler, self,
                         &self->exchange.transfer);
    if (err != SLU_ERR_OK) {
        self->exchange.transfer = NULL;
        (void)slu_error_set(out_error, err,
                            "a request to %.*s cannot be sent: %s",
                            SLU_VIEW_ARGS(need->origin), slu_err_sentence(err));
    }
    return err == SLU_ERR_OK;
}

/* ---- a child ---- */

static void on_child_end(void *ctx, const struct slu_child_end *end)
{
    struct slu_error copy = end->error;
    struct slu_signin_answer answer = {
        .status = end->status,
        .body = end->output,
        .diagnostics = end->diagnostics,
    };

    end_exchange(ctx, &copy, &answer);
}

bool slu_identity_run(struct slu_identity *self,
                      const struct slu_signin_need *need,
                      struct slu_error *out_error)
{
    const struct slu_child_options options = {
        .alloc = self->pool->options.alloc,
        .base = self->pool->options.base,
        .argv = need->argv,
        .output_max = SLU_SIGNIN_BODY_MAX,
        .diagnostics_max = DIAGNOSTICS_MAX,
        .time_limit_ms = CHILD_MS,
    };

    self->exchange.too_large = false;
    self->exchange.refused = false;
    return slu_child_start(&options, on_child_end, self, &self->exchange.child,
                           out_error) == SLU_ERR_OK;
}
