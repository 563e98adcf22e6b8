/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's sockets and its one timer on libevent. libcurl says which
 * descriptors to watch and when to call again; each event is handed back with
 * curl_multi_socket_action. The callbacks here only touch libevent.
 *
 * Watches are kept by descriptor number and used again when the kernel gives
 * out the number again, so that a request on a kept connection allocates
 * nothing. (curl_multi_assign would be a libcurl call inside a callback.)
 *
 * libcurl takes a connection's watch away when its transfer has ended and sets
 * the same one when the next begins. In between it stays with the kernel, which
 * saves two calls a request: until the descriptor is closed, or something comes
 * that nobody waits for. Only a connection's: what else libcurl watches, the
 * pipe of a name lookup, it closes without telling.
 */
#include "engine/http_private.h"

#include <unistd.h>

#define FIRST_FDS 64

struct slu_http_watch {
    struct event event;
    struct slu_http *http;
    int fd;
    int what;   /* CURL_POLL_* as libcurl wants it, 0: not at all */
    int active; /* as the kernel has it */
    bool told;  /* a connection's: its closing is told */
};

static void act(struct slu_http *http, curl_socket_t fd, int mask)
{
    struct slu_profile *profile = http->profile;
    int running;

    (void)slu_profile_enter(profile, SLU_STAGE_RECEIVE);
    slu_http_enter_curl(http);
    (void)curl_multi_socket_action(http->multi, fd, mask, &running);
    slu_http_leave_curl(http);
    slu_http_settle(http);
    slu_profile_sleep(profile);
}

static void on_timer(evutil_socket_t fd, short events, void *ctx)
{
    (void)fd;
    (void)events;
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void stop_watch(struct slu_http_watch *self)
{
    if (self->active != 0) {
        (void)event_del(&self->event);
        self->active = 0;
    }
    self->what = 0;
}

static void on_socket(evutil_socket_t fd, short events, void *ctx)
{
    struct slu_http_watch *watch = ctx;
    int mask = 0;

    if (watch->what == 0) {
        stop_watch(watch);
        return;
    }
    if (events & EV_READ) {
        mask |= CURL_CSELECT_IN;
    }
    if (events & EV_WRITE) {
        mask |= CURL_CSELECT_OUT;
    }
    act(watch->http, fd, mask);
}

int slu_http_sockets_set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct slu_http *http = ctx;
    struct timeval wait = {.tv_sec = timeout_ms / 1000,
                           .tv_usec = timeout_ms % 1000 * 1000};

    (void)multi;
    if (timeout_ms < 0) {
        return event_del(&http->sockets.timer);
    }
    return event_add(&http->sockets.timer, &wait);
}

/* Grows the table so that fd has a place. */
static bool reserve_fd(struct slu_http *http, size_t fd)
{
    struct slu_http_sockets *self = &http->sockets;
    size_t capacity = self->capacity == 0 ? FIRST_FDS : self->capacity;
    struct slu_http_watch **by_fd;

    if (fd < self->capacity) {
        return true;
    }
    while (capacity <= fd) {
        capacity *= 2;
    }
    by_fd = slu_alloc_resize(http->options.alloc, self->by_fd,
                             self->capacity * sizeof(struct slu_http_watch *),
                             capacity * sizeof(struct slu_http_watch *));
    if (by_fd == NULL) {
        return false;
    }
    memset(by_fd + self->capacity, 0,
           (capacity - self->capacity) * sizeof(struct slu_http_watch *));
    self->by_fd = by_fd;
    self->capacity = capacity;
    return true;
}

static struct slu_http_watch *get_watch(struct slu_http *http, curl_socket_t fd)
{
    struct slu_http_watch *watch;

    if (!reserve_fd(http, (size_t)fd)) {
        return NULL;
    }
    watch = http->sockets.by_fd[fd];
    if (watch == NULL) {
        watch = slu_alloc_zero(http->options.alloc, sizeof(*watch));
        if (watch == NULL) {
            return NULL;
        }
        watch->http = http;
        watch->fd = fd;
        http->sockets.by_fd[fd] = watch;
    }
    return watch;
}

static bool start_watch(struct slu_http_watch *self, int what)
{
    short events = EV_PERSIST;

    if (what & CURL_POLL_IN) {
        events |= EV_READ;
    }
    if (what & CURL_POLL_OUT) {
        events |= EV_WRITE;
    }
    (void)event_assign(&self->event, self->http->options.base, self->fd, events,
                       on_socket, self);
    if (event_add(&self->event, NULL) != 0) {
        return false;
    }
    self->active = what;
    return true;
}

/*
 * Without memory for a watch libcurl is told nothing: after a -1 from here 7.88
 * forgets to count down who uses the descriptor, and watches it for ever, which
 * spins the loop (seen). Settle ends the transfers instead.
 */
int slu_http_sockets_watch(CURL *easy, curl_socket_t fd, int what, void *ctx,
                           void *socket_ctx)
{
    struct slu_http *http = ctx;
    struct slu_http_watch *watch = get_watch(http, fd);

    (void)easy;
    (void)socket_ctx;
    what = what == CURL_POLL_REMOVE ? 0 : what;
    if (watch != NULL && (what == 0 ? watch->told : what == watch->active)) {
        watch->what = what;
        return 0;
    }
    if (watch != NULL) {
        stop_watch(watch);
    }
    if (what == 0) {
        return 0;
    }
    if (watch == NULL || !start_watch(watch, what)) {
        http->sockets.failed = true;
        slu_http_wake(http);
        return 0;
    }
    watch->what = what;
    return 0;
}

void slu_http_sockets_opened(struct slu_http *http, curl_socket_t fd)
{
    struct slu_http_watch *watch = get_watch(http, fd);

    if (watch != NULL) {
        stop_watch(watch);
        watch->told = true;
    }
}

/* The kernel forgets a watch with its descriptor, whose number may be another
 * connection's at once. */
int slu_http_sockets_close(void *ctx, curl_socket_t fd)
{
    struct slu_http_sockets *self = ctx;

    if ((size_t)fd < self->capacity && self->by_fd[fd] != NULL) {
        stop_watch(self->by_fd[fd]);
        self->by_fd[fd]->told = false;
    }
    return close(fd);
}

void slu_http_sockets_init(struct slu_http *http)
{
    (void)evtimer_assign(&http->sockets.timer, http->options.base, on_timer,
                         http);
}

void slu_http_sockets_fini(struct slu_http *http)
{
    struct slu_http_sockets *self = &http->sockets;
    const struct slu_alloc *alloc = http->options.alloc;

    (void)event_del(&self->timer);
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->by_fd[i] != NULL) {
            stop_watch(self->by_fd[i]);
        }
        slu_alloc_put(alloc, self->by_fd[i], sizeof(struct slu_http_watch));
    }
    slu_alloc_put(alloc, self->by_fd,
                  self->capacity * sizeof(struct slu_http_watch *));
    *self = (struct slu_http_sockets){0};
}
