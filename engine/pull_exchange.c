/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange of a pull: a slot, its request, and what the transport says.
 *
 *     taken -> SENT -> told to the source, free
 *                |        signed: AWAITS -> SENT again, once for each cause
 *                +-----> ENDS -> told, free: it could not be signed
 *
 * While it is SENT the slot is its loop's: on_head and on_body are called there
 * and nowhere else. The end is told at home.
 */
#include "codecs/time_text.h"
#include "engine/clock.h"
#include "engine/crash.h"
#include "engine/http_setup.h"
#include "engine/method.h"
#include "engine/pull_state.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <strings.h>

#define HTML_429_WAIT_MS 60000
#define RETRY_MS_DIGITS 9 /* eleven days */

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
    slot->read = NULL;
    slot->loop->busy--;
    slot->pull->busy--;
}

static bool is_html(struct slu_view content_type)
{
    return content_type.len >= 9 &&
           strncasecmp(content_type.ptr, "text/html", 9) == 0;
}

/* x-amz-retry-after counts milliseconds. */
static bool read_retry_after_ms(struct slu_view text, int64_t *out_ms)
{
    *out_ms = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || i == RETRY_MS_DIGITS) {
            return false;
        }
        *out_ms = *out_ms * 10 + text.ptr[i] - '0';
    }
    return text.len > 0;
}

/* A date in Retry-After is by the server's clock, and so is its Date: ours may
 * be minutes off. */
static int64_t read_retry_after(const struct slu_http_head *head, bool aws)
{
    int64_t server_now;
    int64_t wait_ms;

    if (!slu_time_parse_http(head->date, &server_now)) {
        server_now = slu_clock_wall_s();
    }
    if (slu_time_parse_retry_after(head->retry_after, server_now, &wait_ms) ||
        read_retry_after_ms(head->retry_after_ms, &wait_ms)) {
        return wait_ms;
    }
    if (!aws && head->status == 429 && is_html(head->content_type)) {
        /* The edge of GTI: vt-py waits a minute for it. */
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
        .error_type = head->error_type,
        .region = head->region,
        .etag = head->etag,
    };

    slot->status = head->status;
    slot->retry_after_ms = read_retry_after(head, self->access.aws);
    if (!slu_pull_signed_keep_head(slot, head)) {
        self->options->ops->on_head(self->source, slot->unit, &answer);
    }
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct slu_slot *slot = ctx;
    struct slu_pull *self = slot->pull;
    struct slu_profile *profile = slot->loop->profile;
    enum slu_body_verdict verdict;
    enum slu_stage before;

    if (slot->kept.active) {
        return slu_pull_signed_keep_body(slot, bytes);
    }
    before = slu_profile_enter(profile, SLU_STAGE_PARSE);
    verdict = self->options->ops->on_body(self->source, slot->unit, bytes);
    slu_profile_leave(profile, before);
    if (verdict == SLU_BODY_ERROR) {
        return SLU_HTTP_ERROR;
    }
    if (slu_pull_is_full(slot->loop)) {
        slot->paused = true;
        slot->next_paused = slot->loop->paused;
        slot->loop->paused = slot;
        return SLU_HTTP_PAUSE;
    }
    return SLU_HTTP_MORE;
}

static void leave_paused(struct slu_slot *slot)
{
    struct slu_slot **link = &slot->loop->paused;

    if (!slot->paused) {
        return;
    }
    while (*link != slot) {
        link = &(*link)->next_paused;
    }
    *link = slot->next_paused;
    slot->paused = false;
}

/* A refused certificate, say: no retry and no other unit can help. Where
 * requests go to many hosts, the others may. */
static bool is_everybodys(const struct slu_slot *slot,
                          const struct slu_error *error)
{
    return error->code == SLU_ERR_NOMEM ||
           (error->code == SLU_ERR_CONFIG &&
            slot->request.auth != SLU_AUTH_SIGV4);
}

static void note_place(struct slu_slot *slot, const struct slu_error *error)
{
    struct slu_places *places = &slot->pull->session->places;

    if (slot->status != 0) {
        slu_places_note(places, slot->place);
    }
    /* A time-out may carry the refusal of another of the host's addresses. */
    slot->refused = !slot->unsent && error->code == SLU_ERR_NETWORK &&
                    error->sys == ECONNREFUSED &&
                    !slu_places_have(places, slot->place);
}

static void tell_end(struct slu_slot *slot, const struct slu_error *error)
{
    struct slu_pull *self = slot->pull;
    struct slu_now now = slu_pull_now();
    struct slu_answer_end end = {
        /* STOPPED: the source itself had no use for the rest. */
        .err = error->code == SLU_ERR_STOPPED ? SLU_ERR_MALFORMED : error->code,
        .error = error,
    };
    struct slu_step step = {.kind = SLU_STEP_COMMIT};

    note_place(slot, error);
    if (slot->status >= 400) {
        slu_logger_print(&self->options->logger, SLU_LOG_DEBUG, "HTTP %d | %s",
                         slot->status, slot->unit->name);
    }
    self->options->ops->on_end(self->source, slot->unit, &end, now, &step);
    if (slot->acquired) {
        slu_lane_release(slot->lane, now.mono_ms,
                         step.kind == SLU_STEP_RETRY && step.throttled,
                         slot->retry_after_ms, slu_random_next(&self->random));
    }
    slu_pull_settle(self, slot, &step);
    if (is_everybodys(slot, error)) {
        slu_pull_fail(self, error);
    }
    slu_pull_free_slot(slot);
    self->starts_left++;
    self->ended_some = true;
    slu_pull_pump(self);
}

static void end_exchange(struct slu_slot *slot, const struct slu_error *error)
{
    struct slu_error told = *error;

    slot->unit->loop = 0;
    slot->answer.profile = slot->pull->options->profile;
    /* The server has done what it was asked, and nobody here knows of it. */
    slu_crash_point("answer");
    if (slot->kept.active && slu_pull_signed_settle(slot, &told)) {
        slu_pull_send(slot);
        return;
    }
    tell_end(slot, &told);
}

void slu_pull_end_exchange(struct slu_slot *slot)
{
    struct slu_error error = slot->error;

    if (slot->unstarted) {
        slu_pull_fail(slot->pull, &error);
        return;
    }
    end_exchange(slot, &error);
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct slu_slot *slot = ctx;

    slot->transfer = NULL;
    slot->read = NULL;
    slot->loop->running--;
    leave_paused(slot);
    if (slu_pull_loop_is_home(slot->loop)) {
        end_exchange(slot, error);
        return;
    }
    slot->error = *error;
    slu_pull_loops_post_end(slot);
}

void slu_pull_on_ends(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->options->profile, SLU_STAGE_OTHER);
    for (unsigned i = 0; i < self->slot_count; i++) {
        struct slu_slot *slot = &self->slots[i];

        if (slot->unit != NULL && slot->state == SLU_SLOT_ENDS &&
            self->fatal.code == SLU_ERR_OK) {
            struct slu_error error = slot->error;

            tell_end(slot, &error);
        }
    }
    slu_profile_sleep(self->options->profile);
}

/* ---- what is sent ---- */

static const struct slu_http_handler handler = {on_head, on_body, on_end};

struct slu_slot *slu_pull_take_slot(struct slu_pull *self)
{
    struct slu_slot *slot = find_free_slot(self);

    slot->request = self->held;
    slot->unit = self->held.unit;
    slot->unit->engine = slot;
    slot->lane = &self->lanes[self->held.lane];
    slot->loop = slu_pull_share_take(self, self->held.channel);
    slot->unstarted = false;
    slot->answer.profile = self->options->profile;
    slot->acquired = false;
    slot->unsent = false;
    slot->renewed = false;
    slot->clock_set = false;
    slot->status = 0;
    self->held.unit = NULL;
    self->busy++;
    if (self->busy > self->busy_max) {
        self->busy_max = self->busy;
    }
    if (self->options->store != NULL) {
        slu_answer_begin(&slot->answer);
    }
    if (slot->rows != NULL) {
        slu_row_batch_clear(slot->rows);
    }
    return slot;
}

void slu_pull_end_unsent(struct slu_slot *slot, const struct slu_error *error)
{
    slot->state = SLU_SLOT_ENDS;
    slot->unsent = true;
    slot->status = 0;
    slot->error = *error;
    event_active(slot->pull->on_ends, EV_TIMEOUT, 0);
}

/* A file or a folder. */
static enum slu_err start_read(struct slu_slot *slot)
{
    struct slu_pull_loop *loop = slot->loop;

    if (loop->local == NULL) {
        loop->local = slu_local_new(slot->pull->options->alloc, loop->base);
        if (loop->local == NULL) {
            return SLU_ERR_NOMEM;
        }
        slu_local_set_profile(loop->local, loop->profile);
    }
    return slu_local_start(loop->local, slot->request.channel,
                           slot->request.target, &handler, slot, &slot->read);
}

enum slu_err slu_pull_start_here(struct slu_slot *slot,
                                 const struct slu_http_request *request)
{
    enum slu_err err =
        slot->request.channel != SLU_CHANNEL_HTTP
            ? start_read(slot)
            : slot->pull->session->transport->start(
                  slot->loop->http, request, &handler, slot, &slot->transfer);

    slot->loop->running += err == SLU_ERR_OK;
    return err;
}

static enum slu_err start(struct slu_slot *slot,
                          const struct slu_http_request *request)
{
    slot->unit->loop = slot->loop->index;
    slot->answer.profile = slot->loop->profile;
    return slu_pull_loop_is_home(slot->loop)
               ? slu_pull_start_here(slot, request)
               : slu_pull_loops_post(slot, request);
}

static enum slu_err send_signed(struct slu_slot *slot)
{
    struct slu_pull *self = slot->pull;
    struct slu_http_request request;
    struct slu_error error = {0};
    enum slu_err err;

    switch (slu_pull_signed_make(slot, &request, &error)) {
    case SLU_CREDENTIAL_WAIT:
        slot->state = SLU_SLOT_AWAITS;
        slu_pull_share_widen(slot->loop);
        return SLU_ERR_OK;
    case SLU_CREDENTIAL_FAILED:
        slu_pull_end_unsent(slot, &error);
        return SLU_ERR_OK;
    case SLU_CREDENTIAL_READY:
        break;
    }
    slot->place = slu_place_of(request.origin);
    err = start(slot, &request);
    slu_aws_signer_wipe(self->session->signer);
    return err;
}

static enum slu_err send_plain(struct slu_slot *slot)
{
    struct slu_pull *self = slot->pull;
    const struct slu_secret *key = self->access.api_key;
    const struct slu_request *asked = &slot->request;
    struct slu_http_header headers[4 + SLU_REQUEST_HEADERS_MAX] = {
        {SLU_VIEW_LITERAL("x-tool"), SLU_VIEW_LITERAL(SLU_X_TOOL)},
        {SLU_VIEW_LITERAL("accept"), asked->accept},
    };
    struct slu_http_request request = {
        .method = slu_method_name(asked->method),
        .origin = self->access.base_url,
        .target = asked->target,
        .headers = headers,
        .header_count = 2,
        .body = asked->body,
        .body_lent = asked->body_lent,
        .once = asked->once,
    };

    if (asked->auth == SLU_AUTH_API_KEY && key != NULL) {
        headers[request.header_count++] = (struct slu_http_header){
            SLU_VIEW_LITERAL("x-apikey"), slu_view_str(key->value)};
    }
    if (asked->content_type.len > 0) {
        headers[request.header_count++] = (struct slu_http_header){
            SLU_VIEW_LITERAL("content-type"), asked->content_type};
    }
    assert(asked->header_count <= SLU_REQUEST_HEADERS_MAX);
    for (unsigned i = 0; i < asked->header_count; i++) {
        headers[request.header_count++] = (struct slu_http_header){
            asked->headers[i].name, asked->headers[i].value};
    }
    slot->place = slu_place_of(request.origin);
    return start(slot, &request);
}

static enum slu_err send_by_channel(struct slu_slot *slot)
{
    if (slot->request.channel != SLU_CHANNEL_HTTP) {
        return start(slot, NULL);
    }
    return slot->request.auth == SLU_AUTH_SIGV4 ? send_signed(slot)
                                                : send_plain(slot);
}

void slu_pull_resume_slot(struct slu_slot *slot)
{
    leave_paused(slot);
    if (slot->transfer != NULL) {
        slot->pull->session->transport->resume(slot->transfer);
    }
    if (slot->read != NULL) {
        slu_local_resume(slot->read);
    }
}

void slu_pull_cancel_slot(struct slu_slot *slot)
{
    if (slot->transfer != NULL) {
        slot->pull->session->transport->cancel(slot->transfer);
    }
    if (slot->read != NULL) {
        slu_local_cancel(slot->read);
    }
}

void slu_pull_explain_start(enum slu_err err, struct slu_error *out_error)
{
    (void)slu_error_set(out_error, err, "cannot start a request: %s",
                        slu_err_sentence(err));
}

void slu_pull_send(struct slu_slot *slot)
{
    struct slu_error error;
    enum slu_err err;

    slot->state = SLU_SLOT_SENT;
    slot->status = 0;
    slot->place = 0;
    slot->retry_after_ms = -1;
    err = send_by_channel(slot);
    if (err != SLU_ERR_OK) {
        slu_pull_explain_start(err, &error);
        slu_pull_fail(slot->pull, &error);
    }
}
