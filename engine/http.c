/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client: made and freed, what it asks of libcurl for all transfers, and
 * its turn of the loop. Everything that calls libcurl is done from the loop:
 * settle drains completions and does what handlers asked for (the work list:
 * resume, cancel, a pause to be told to libcurl); on_work does that too, and
 * then admits those in line, first come first served, up to `connections`.
 * What becomes of one transfer is http_transfer.c's.
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
            slu_transfer_complete(transfer, result);
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
        slu_transfer_complete(transfer, CURLE_OUT_OF_MEMORY);
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
        slu_transfer_do_work(transfer);
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
        slu_transfer_admit(TAILQ_FIRST(&self->waiting));
    }
    slu_profile_sleep(self->profile);
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
        slu_transfer_drop(TAILQ_FIRST(list));
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
        slu_transfer_free(transfer);
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
