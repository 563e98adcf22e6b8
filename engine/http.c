/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client and the life of a transfer:
 *
 *     FREE -> WAITING -> RUNNING -> (ENDED) -> FREE
 *
 * start only copies the request and puts it in line. Everything that calls
 * libcurl is done from the loop: settle drains completions and does what
 * handlers asked for (the work list: resume, cancel, a pause to be told to
 * libcurl); on_work does that too, and then admits those in line, first come
 * first served, up to `connections`.
 * A transfer is ENDED while libcurl is done with it and its handler is paused.
 *
 * Lifetime: a slot goes back to the pool before on_end is called, so that a
 * handler may start the next request from there.
 */
#include "engine/http_private.h"
#include "engine/wiped_memory.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

void slu_http_enter_curl(struct slu_http *self)
{
    assert(!self->in_curl);
    self->in_curl = true;
}

void slu_http_leave_curl(struct slu_http *self)
{
    self->in_curl = false;
}

void slu_http_wake(struct slu_http *self)
{
    event_active(&self->work_event, EV_TIMEOUT, 0);
}

void slu_transfer_queue(struct slu_transfer *self)
{
    if (!self->has_work) {
        self->has_work = true;
        TAILQ_INSERT_TAIL(&self->http->work, self, work_link);
        slu_http_wake(self->http);
    }
}

static void free_slot(struct slu_transfer *self)
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
        free_slot(self);
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

/* libcurl is done. What the handler is still owed comes first. */
static void complete(struct slu_transfer *self, CURLcode result)
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

static void drain_completions(struct slu_http *self)
{
    struct slu_transfer *transfer;
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        CURLcode result = message->data.result;

        if (message->msg == CURLMSG_DONE) {
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                    (char **)&transfer);
            complete(transfer, result);
        }
    }
}

static struct slu_transfer *find_running(struct slu_http *self)
{
    struct slu_transfer *transfer;

    TAILQ_FOREACH(transfer, &self->running, link)
    {
        if (transfer->state == SLU_TRANSFER_RUNNING) {
            return transfer;
        }
    }
    return NULL;
}

/* A descriptor could not be watched, and whose it is can't be asked from inside
 * the callback: all that are out end for want of memory. */
static void end_lost(struct slu_http *self)
{
    struct slu_transfer *transfer;

    if (!self->sockets.failed) {
        return;
    }
    self->sockets.failed = false;
    while ((transfer = find_running(self)) != NULL) {
        complete(transfer, CURLE_OUT_OF_MEMORY);
    }
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

static void do_work(struct slu_transfer *self)
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

static void admit(struct slu_transfer *self)
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

static bool can_admit(const struct slu_http *self)
{
    return !TAILQ_EMPTY(&self->waiting) &&
           self->stats.in_flight < self->options.connections;
}

/*
 * One pass over what there was: what handlers add meanwhile wakes the loop
 * again, so that no handler can keep the loop from its sockets.
 *
 * Those in line are not admitted here but in on_work, behind all the sockets
 * that were ready together. libcurl then sends their requests one behind the
 * other, to a server that is awake and answers while the answers that are here
 * are read. Admitted one by one, each is sent alone to a server that has gone
 * to sleep, and often answered before libcurl has looked: the others starve,
 * and all are served as with one connection (seen: 40 looks at the sockets for
 * 5,200 requests).
 */
void slu_http_settle(struct slu_http *self)
{
    struct slu_transfer_list work = TAILQ_HEAD_INITIALIZER(work);

    drain_completions(self);
    end_lost(self);
    TAILQ_CONCAT(&work, &self->work, work_link);
    while (!TAILQ_EMPTY(&work)) {
        struct slu_transfer *transfer = TAILQ_FIRST(&work);

        TAILQ_REMOVE(&work, transfer, work_link);
        do_work(transfer);
    }
    if (can_admit(self)) {
        slu_http_wake(self);
    }
}

static void on_work(evutil_socket_t fd, short events, void *ctx)
{
    struct slu_http *self = ctx;

    (void)fd;
    (void)events;
    (void)slu_profile_enter(self->profile, SLU_STAGE_RECEIVE);
    slu_http_settle(self);
    while (can_admit(self)) {
        admit(TAILQ_FIRST(&self->waiting));
    }
    slu_profile_sleep(self->profile);
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

void slu_http_set_profile(struct slu_http *self, struct slu_profile *profile)
{
    self->profile = profile;
}

void slu_http_get_stats(const struct slu_http *self,
                        struct slu_http_stats *out_stats)
{
    *out_stats = self->stats;
}

static const char *copy_text(const struct slu_alloc *alloc, const char *text)
{
    char *copy = slu_alloc_get(alloc, strlen(text) + 1);

    if (copy != NULL) {
        memcpy(copy, text, strlen(text) + 1);
    }
    return copy;
}

static void free_text(const struct slu_alloc *alloc, const char *text)
{
    if (text != NULL) {
        size_t len = strlen(text) + 1;

        explicit_bzero((char *)text, len); /* a proxy may hold a password */
        slu_alloc_put(alloc, (char *)text, len);
    }
}

static bool make_multi(struct slu_http *self)
{
    long connections = (long)self->options.connections;
    CURLMcode bad = CURLM_OK;

    self->curl_ready = slu_wiped_memory_start();
    self->multi = self->curl_ready ? curl_multi_init() : NULL;
    if (self->multi == NULL) {
        return false;
    }
    bad |= curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION,
                             slu_http_sockets_watch);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION,
                             slu_http_sockets_set_timer);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, connections);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             connections);
    bad |= curl_multi_setopt(self->multi, CURLMOPT_PIPELINING,
                             self->options.http2 ? (long)CURLPIPE_MULTIPLEX
                                                 : (long)CURLPIPE_NOTHING);
    return bad == CURLM_OK;
}

static enum slu_err check_ca_bundle(const char *path, struct slu_error *error)
{
    if (path[0] == '\0' || access(path, R_OK) == 0) {
        return SLU_ERR_OK;
    }
    (void)slu_error_set(error, SLU_ERR_CONFIG,
                        "cannot read the CA bundle %s (http.ca_bundle): %s",
                        path, strerror(errno));
    error->sys = errno;
    return SLU_ERR_CONFIG;
}

static bool set_up(struct slu_http *self,
                   const struct slu_http_options *options)
{
    TAILQ_INIT(&self->idle);
    TAILQ_INIT(&self->waiting);
    TAILQ_INIT(&self->running);
    TAILQ_INIT(&self->work);
    self->options = *options;
    self->options.proxy = copy_text(options->alloc, options->proxy);
    self->options.proxy_plain = copy_text(
        options->alloc,
        options->proxy_plain != NULL ? options->proxy_plain : options->proxy);
    self->options.no_proxy = copy_text(
        options->alloc, options->no_proxy != NULL ? options->no_proxy : "");
    self->options.ca_bundle = copy_text(options->alloc, options->ca_bundle);
    self->options.user_agent = copy_text(options->alloc, options->user_agent);
    slu_http_sockets_init(self);
    (void)event_assign(&self->work_event, options->base, -1, 0, on_work, self);
    return self->options.proxy != NULL && self->options.proxy_plain != NULL &&
           self->options.no_proxy != NULL && self->options.ca_bundle != NULL &&
           self->options.user_agent != NULL && make_multi(self);
}

enum slu_err slu_http_new(const struct slu_http_options *options,
                          struct slu_http **out_http,
                          struct slu_error *out_error)
{
    enum slu_err err = check_ca_bundle(options->ca_bundle, out_error);
    struct slu_http *self;

    assert(options->connections > 0 && options->ratio_max > 0);
    if (err != SLU_ERR_OK) {
        return err;
    }
    self = slu_alloc_zero(options->alloc, sizeof(*self));
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    if (!set_up(self, options)) {
        slu_http_free(self);
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    *out_http = self;
    return SLU_ERR_OK;
}

static void cancel_all(struct slu_transfer_list *list)
{
    while (!TAILQ_EMPTY(list)) {
        struct slu_transfer *transfer = TAILQ_FIRST(list);

        transfer->cancelled = true;
        finish(transfer, NULL);
    }
}

void slu_http_free(struct slu_http *self)
{
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    assert(!self->in_curl);
    alloc = self->options.alloc;
    cancel_all(&self->waiting);
    cancel_all(&self->running);
    while (!TAILQ_EMPTY(&self->idle)) {
        struct slu_transfer *transfer = TAILQ_FIRST(&self->idle);

        TAILQ_REMOVE(&self->idle, transfer, link);
        free_slot(transfer);
    }
    if (self->multi != NULL) {
        (void)curl_multi_cleanup(self->multi);
    }
    slu_http_sockets_fini(self);
    (void)event_del(&self->work_event);
    if (self->curl_ready) {
        curl_global_cleanup();
    }
    free_text(alloc, self->options.proxy);
    free_text(alloc, self->options.proxy_plain);
    free_text(alloc, self->options.no_proxy);
    free_text(alloc, self->options.ca_bundle);
    free_text(alloc, self->options.user_agent);
    slu_alloc_put(alloc, self, sizeof(*self));
}
