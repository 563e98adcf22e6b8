/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange of a pull: a slot, its request, and what the transport says. */
#include "codecs/time_text.h"
#include "engine/clock.h"
#include "engine/http_setup.h"
#include "engine/pull_state.h"

#include <strings.h>

#define HTML_429_WAIT_MS 60000

static struct slu_slot *find_free_slot(struct slu_pull *self)
{
    for (unsigned i = 0; i < self->slot_count; i++) {
        if (self->slots[i].unit == NULL) {
            return &self->slots[i];
        }
    }
    return NULL;
}

void slu_pull_free_slot(struct slu_slot *slot)
{
    slot->unit->engine = NULL;
    slot->unit = NULL;
    slot->transfer = NULL;
    slot->paused = false;
    slot->pull->busy--;
}

static bool is_html(struct slu_view content_type)
{
    return content_type.len >= 9 &&
           strncasecmp(content_type.ptr, "text/html", 9) == 0;
}

/* A date in Retry-After is by the server's clock, and so is its Date: ours may
 * be minutes off. */
static int64_t read_retry_after(const struct slu_http_head *head)
{
    int64_t server_now;
    int64_t wait_ms;

    if (!slu_time_parse_http(head->date, &server_now)) {
        server_now = slu_clock_wall_s();
    }
    if (slu_time_parse_retry_after(head->retry_after, server_now, &wait_ms)) {
        return wait_ms;
    }
    if (head->status == 429 && is_html(head->content_type)) {
        /* The edge's own refusal: vt-py waits a minute for it. */
        return HTML_429_WAIT_MS;
    }
    return -1;
}

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct slu_slot *slot = ctx;
    struct slu_pull *self = slot->pull;
    struct slu_answer_head answer = {
        .status = head->status,
    };

    slot->status = head->status;
    slot->retry_after_ms = read_retry_after(head);
    self->options->ops->on_head(self->source, slot->unit, &answer);
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct slu_slot *slot = ctx;
    struct slu_pull *self = slot->pull;

    if (self->options->ops->on_body(self->source, slot->unit, bytes) ==
        SLU_BODY_ERROR) {
        return SLU_HTTP_ERROR;
    }
    if (slu_store_full(self->options->store)) {
        slot->paused = true;
        return SLU_HTTP_PAUSE;
    }
    return SLU_HTTP_MORE;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct slu_slot *slot = ctx;
    struct slu_pull *self = slot->pull;
    struct slu_source_now now = slu_pull_now();
    struct slu_answer_end end = {
        /* STOPPED: the source itself had no use for the rest. */
        .err = error->code == SLU_ERR_STOPPED ? SLU_ERR_MALFORMED : error->code,
        .error = error,
    };
    struct slu_step step = {.kind = SLU_STEP_COMMIT};

    if (slot->status >= 400) {
        slu_logger_print(&self->options->logger, SLU_LOG_DEBUG, "HTTP %d | %s",
                         slot->status, slot->unit->name);
    }
    self->options->ops->on_end(self->source, slot->unit, &end, now, &step);
    slu_lane_release(slot->lane, now.mono_ms,
                     step.kind == SLU_STEP_RETRY && step.throttled,
                     slot->retry_after_ms, slu_random_next(&self->random));
    slu_pull_settle(self, slot, &step);
    if (error->code == SLU_ERR_CONFIG || error->code == SLU_ERR_NOMEM) {
        /* A refused certificate, say: no retry and no other unit can help. */
        slu_pull_fail(self, error);
    }
    slu_pull_free_slot(slot);
    slu_pull_pump(self);
}

static const struct slu_http_handler handler = {on_head, on_body, on_end};

enum slu_err slu_pull_send_held(struct slu_pull *self)
{
    const struct slu_secret *key = self->access.api_key;
    bool with_key = self->held.auth == SLU_AUTH_API_KEY && key != NULL;
    struct slu_slot *slot = find_free_slot(self);
    struct slu_http_header headers[] = {
        {SLU_VIEW_LITERAL("x-tool"), SLU_VIEW_LITERAL(SLU_X_TOOL)},
        {SLU_VIEW_LITERAL("accept"), self->held.accept},
        {SLU_VIEW_LITERAL("x-apikey"),
         slu_view_str(with_key ? key->value : NULL)},
    };
    struct slu_http_request request = {
        .origin = self->access.base_url,
        .target = self->held.target,
        .headers = headers,
        .header_count = with_key ? 3 : 2,
    };

    slot->unit = self->held.unit;
    slot->unit->engine = slot;
    slot->lane = &self->lanes[self->held.lane];
    slot->status = 0;
    slot->retry_after_ms = -1;
    self->held.unit = NULL;
    self->busy++;
    slu_answer_begin(&slot->answer);
    return slu_http_start(self->http, &request, &handler, slot,
                          &slot->transfer);
}
