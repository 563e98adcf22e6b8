/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a transfer:
 *
 *     FREE -> WAITING -> RUNNING -> (ENDED) -> FREE
 *
 * start only copies the request and puts it in line; http.c's loop admits it.
 * A transfer is ENDED while libcurl is done with it and its handler is paused.
 *
 * Lifetime: a slot goes back to the pool before on_end is called, so that a
 * handler may start the next request from there.
 */
#include "engine/http_private.h"

#include <assert.h>

void slu_transfer_queue(struct slu_transfer *self)
{
    if (!self->has_work) {
        self->has_work = true;
        TAILQ_INSERT_TAIL(&self->http->work, self, work_link);
        slu_http_wake(self->http);
    }
}

void slu_transfer_free(struct slu_transfer *self)
{
    if (self->easy != NULL) {
        curl_easy_cleanup(self->easy);
    }
    slu_http_easy_wipe(self);
    slu_buf_fini(&self->text);
    slu_buf_fini(&self->body);
    slu_inflate_free(self->inflate);
    slu_alloc_put(self->http->options.alloc, self, sizeof(*self));
}

static void recycle(struct slu_transfer *self)
{
    struct slu_http *http = self->http;

    slu_http_easy_wipe(self);
    self->state = SLU_TRANSFER_FREE;
    if (http->idle_count >= http->options.connections) {
        slu_transfer_free(self);
        return;
    }
    TAILQ_INSERT_HEAD(&http->idle, self, link);
    http->idle_count++;
}

/* Takes it out of libcurl, and counts what the exchange cost. */
static void detach(struct slu_transfer *self)
{
    struct slu_http *http = self->http;
    long connects = 0;

    (void)curl_easy_getinfo(self->easy, CURLINFO_NUM_CONNECTS, &connects);
    http->stats.connects += (uint64_t)connects;
    http->stats.in_flight--;
    slu_http_enter_curl(http);
    (void)curl_multi_remove_handle(http->multi, self->easy);
    slu_http_leave_curl(http);
}

/* Ends a transfer; NULL: cancelled, and nobody is told. */
static void finish(struct slu_transfer *self, const struct slu_error *error)
{
    struct slu_http_handler handler = self->handler;
    struct slu_http *http = self->http;
    bool cancelled = self->cancelled;
    void *ctx = self->ctx;

    if (self->state == SLU_TRANSFER_RUNNING) {
        detach(self);
    }
    if (self->has_work) {
        self->has_work = false;
        TAILQ_REMOVE(&http->work, self, work_link);
    }
    (void)event_del(&self->pause_timer);
    TAILQ_REMOVE(self->state == SLU_TRANSFER_WAITING ? &http->waiting
                                                     : &http->running,
                 self, link);
    recycle(self);
    if (!cancelled) {
        handler.on_end(ctx, error);
    }
}

/* Ends it with the error that it already has, or OK. */
static void finish_known(struct slu_transfer *self)
{
    struct slu_error error = self->error;

    if (error.code != SLU_ERR_OK) {
        error.http_status = self->answer.complete ? self->answer.status : 0;
    }
    finish(self, &error);
}

/* The whole body has come and been handed on: was it whole? */
static void check_end(struct slu_transfer *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->error.code != SLU_ERR_OK || self->wire_bytes == 0 ||
        self->answer.encoding != SLU_HTTP_GZIP) {
        return;
    }
    err = slu_inflate_finish(self->inflate);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&self->error, err, "answer of %.*s: %s",
                            SLU_VIEW_ARGS(self->host),
                            slu_inflate_error(self->inflate)->text);
    }
}

/* What the handler is still owed comes first. */
void slu_transfer_complete(struct slu_transfer *self, CURLcode result)
{
    if (self->error.code == SLU_ERR_OK && result != CURLE_OK) {
        slu_http_explain(self, result, &self->error);
    }
    /* 7.88 calls a head that was cut after its first line a success. */
    if (self->error.code == SLU_ERR_OK && !self->answer.complete) {
        (void)slu_error_set(&self->error, SLU_ERR_TRUNCATED,
                            "%.*s: the connection closed inside the head",
                            SLU_VIEW_ARGS(self->host));
    }
    if (self->paused && !self->cancelled) {
        detach(self);
        self->state = SLU_TRANSFER_ENDED;
        return;
    }
    check_end(self);
    finish_known(self);
}
void slu_transfer_drop(struct slu_transfer *self)
{
    self->cancelled = true;
    finish(self, NULL);
}

static void set_curl_pause(struct slu_transfer *self, bool pause)
{
    self->curl_paused = pause;
    slu_http_enter_curl(self->http);
    (void)curl_easy_pause(self->easy, pause ? CURLPAUSE_RECV : CURLPAUSE_CONT);
    slu_http_leave_curl(self->http);
}

/* The rest of the held piece first; then libcurl may read on. */
static void go_on(struct slu_transfer *self)
{
    self->paused = false;
    (void)event_del(&self->pause_timer);
    if (!slu_http_body_go_on(self)) {
        if (self->cancelled) {
            finish(self, NULL);
        } else {
            finish_known(self);
        }
        return;
    }
    if (self->paused) {
        return;
    }
    if (self->state == SLU_TRANSFER_ENDED) {
        check_end(self);
        finish_known(self);
    } else if (self->curl_paused) {
        set_curl_pause(self, false);
    }
}

void slu_transfer_do_work(struct slu_transfer *self)
{
    bool resumed = self->resumed;

    self->has_work = false;
    self->resumed = false;
    if (self->cancelled) {
        finish(self, NULL);
    } else if (resumed && self->paused) {
        go_on(self);
    } else if (self->paused && !self->curl_paused &&
               self->state == SLU_TRANSFER_RUNNING) {
        set_curl_pause(self, true);
    }
}

static void fail_start(struct slu_transfer *self)
{
    (void)slu_error_set(&self->error, SLU_ERR_NOMEM, "%.*s: out of memory",
                        SLU_VIEW_ARGS(self->host));
    finish_known(self);
}

void slu_transfer_admit(struct slu_transfer *self)
{
    struct slu_http *http = self->http;
    CURLMcode bad;

    if (!slu_http_easy_set(self)) {
        fail_start(self);
        return;
    }
    slu_http_enter_curl(http);
    bad = curl_multi_add_handle(http->multi, self->easy);
    slu_http_leave_curl(http);
    if (bad != CURLM_OK) {
        fail_start(self);
        return;
    }
    TAILQ_REMOVE(&http->waiting, self, link);
    TAILQ_INSERT_TAIL(&http->running, self, link);
    self->state = SLU_TRANSFER_RUNNING;
    http->stats.requests++;
    http->stats.in_flight++;
    if (http->stats.in_flight > http->stats.in_flight_max) {
        http->stats.in_flight_max = http->stats.in_flight;
    }
}

static void on_pause_timer(evutil_socket_t fd, short events, void *ctx)
{
    struct slu_transfer *self = ctx;
    struct slu_http *http = self->http; /* the slot may go with the end */

    (void)fd;
    (void)events;
    (void)slu_profile_enter(http->profile, SLU_STAGE_RECEIVE);
    (void)slu_error_set(&self->error, SLU_ERR_TIMEOUT,
                        "%.*s: paused for too long, to be asked again",
                        SLU_VIEW_ARGS(self->host));
    finish_known(self);
    slu_http_wake(http);
    slu_profile_sleep(http->profile);
}

static struct slu_transfer *acquire_slot(struct slu_http *http)
{
    struct slu_transfer *self = TAILQ_FIRST(&http->idle);

    if (self != NULL) {
        TAILQ_REMOVE(&http->idle, self, link);
        http->idle_count--;
        return self;
    }
    self = slu_alloc_zero(http->options.alloc, sizeof(*self));
    if (self == NULL) {
        return NULL;
    }
    self->http = http;
    slu_buf_init(&self->text, http->options.alloc, SLU_HTTP_TEXT_MAX);
    slu_buf_init(&self->body, http->options.alloc, SLU_HTTP_SENT_MAX);
    (void)evtimer_assign(&self->pause_timer, http->options.base, on_pause_timer,
                         self);
    return self;
}

/* Back to what a new slot is, but for what it keeps. */
static void clear_slot(struct slu_transfer *self)
{
    assert(!self->has_work);
    self->cancelled = false;
    self->resumed = false;
    self->paused = false;
    self->curl_paused = false;
    self->answer = (struct slu_http_answer){0};
    self->wire_bytes = 0;
    self->body_bytes = 0;
    self->error = (struct slu_error){0};
}

enum slu_err slu_http_start(struct slu_http *self,
                            const struct slu_http_request *request,
                            const struct slu_http_handler *handler, void *ctx,
                            struct slu_transfer **out_transfer)
{
    struct slu_transfer *transfer = acquire_slot(self);
    enum slu_err err;

    if (transfer == NULL) {
        return SLU_ERR_NOMEM;
    }
    clear_slot(transfer);
    transfer->handler = *handler;
    transfer->ctx = ctx;
    err = slu_http_easy_take(transfer, request);
    if (err != SLU_ERR_OK) {
        slu_http_easy_wipe(transfer);
        TAILQ_INSERT_HEAD(&self->idle, transfer, link);
        self->idle_count++;
        return err;
    }
    transfer->state = SLU_TRANSFER_WAITING;
    TAILQ_INSERT_TAIL(&self->waiting, transfer, link);
    slu_http_wake(self);
    *out_transfer = transfer;
    return SLU_ERR_OK;
}

void slu_transfer_resume(struct slu_transfer *self)
{
    assert(self->state != SLU_TRANSFER_FREE);
    self->resumed = true;
    slu_transfer_queue(self);
}

void slu_transfer_cancel(struct slu_transfer *take_self)
{
    assert(take_self->state != SLU_TRANSFER_FREE);
    take_self->cancelled = true;
    slu_transfer_queue(take_self);
}
