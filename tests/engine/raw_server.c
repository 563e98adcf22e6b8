/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/raw_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 32768

struct raw_connection {
    LIST_ENTRY(raw_connection) link;
    struct raw_server *server;
    int fd;
    struct event *read;
    struct event *write;
    struct event *timer;
    char request[REQUEST_MAX];
    size_t request_len;
    struct raw_answer answer;
    bool busy;
    bool sent_all;
    uint64_t done; /* bytes of head and bodies that were sent */
};

struct raw_server {
    struct event_base *base;
    raw_answer_fn fn;
    void *ctx;
    int fd;
    struct event *accept;
    struct raw_counts counts;
    char request[REQUEST_MAX];
    LIST_HEAD(, raw_connection) connections;
};

static void close_connection(struct raw_connection *self, bool reset)
{
    struct linger linger = {.l_onoff = 1};

    if (self->busy) {
        self->server->counts.busy--;
    }
    if (reset) {
        (void)setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &linger,
                         sizeof(linger));
    }
    event_free(self->read);
    event_free(self->write);
    event_free(self->timer);
    (void)close(self->fd);
    LIST_REMOVE(self, link);
    free(self);
}

static void end_answer(struct raw_connection *self)
{
    self->busy = false;
    self->server->counts.busy--;
    switch (self->answer.end) {
    case RAW_KEEP:
    case RAW_STALL:
        break;
    case RAW_CLOSE:
    case RAW_RESET:
        close_connection(self, self->answer.end == RAW_RESET);
        break;
    }
}

/* The next bytes of head, body, body, ... */
static size_t next_bytes(const struct raw_connection *self, const char **out)
{
    const struct raw_answer *answer = &self->answer;
    uint64_t head_len = strlen(answer->head);
    uint64_t times = answer->times == 0 ? 1 : answer->times;
    uint64_t total = head_len + times * answer->body_len;
    uint64_t at;
    size_t len;

    if (self->done < head_len) {
        *out = answer->head + self->done;
        len = (size_t)(head_len - self->done);
    } else if (self->done < total) {
        at = (self->done - head_len) % answer->body_len;
        *out = answer->body + at;
        len = (size_t)(answer->body_len - at);
    } else {
        return 0;
    }
    return answer->at_once > 0 && len > answer->at_once ? answer->at_once : len;
}

static void wait_ms(struct raw_connection *self, int ms)
{
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    (void)event_add(self->timer, &wait);
}

static void on_writable(evutil_socket_t fd, short events, void *ctx)
{
    struct raw_connection *self = ctx;
    const char *bytes;
    size_t len = next_bytes(self, &bytes);
    ssize_t sent;

    (void)events;
    if (len > 0) {
        sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            close_connection(self, false);
            return;
        }
        if (sent > 0) {
            self->done += (uint64_t)sent;
            self->server->counts.sent += (uint64_t)sent;
        }
        (void)event_add(self->write, NULL);
        return;
    }
    self->sent_all = true;
    if (self->answer.settle_ms > 0) {
        wait_ms(self, self->answer.settle_ms);
    } else {
        end_answer(self);
    }
}

static void on_timer(evutil_socket_t fd, short events, void *ctx)
{
    struct raw_connection *self = ctx;

    (void)fd;
    (void)events;
    if (self->sent_all) {
        end_answer(self);
    } else {
        (void)event_add(self->write, NULL);
    }
}

static void begin_answer(struct raw_connection *self)
{
    struct raw_server *server = self->server;

    memcpy(server->request, self->request, self->request_len + 1);
    self->request_len = 0;
    self->busy = true;
    self->sent_all = false;
    self->done = 0;
    server->counts.requests++;
    server->counts.busy++;
    if (server->counts.busy > server->counts.busy_max) {
        server->counts.busy_max = server->counts.busy;
    }
    self->answer = server->fn(server->ctx, server->request);
    if (self->answer.delay_ms > 0) {
        wait_ms(self, self->answer.delay_ms);
    } else {
        (void)event_add(self->write, NULL);
    }
}

static bool is_whole(const struct raw_connection *self)
{
    const char *end = strstr(self->request, "\r\n\r\n");
    const char *length = strcasestr(self->request, "\r\ncontent-length:");
    size_t body_len = 0;

    if (end == NULL) {
        return false;
    }
    if (length != NULL && length < end) {
        body_len = strtoul(strchr(length, ':') + 1, NULL, 10);
    }
    return self->request_len - (size_t)(end + 4 - self->request) >= body_len;
}

static void on_readable(evutil_socket_t fd, short events, void *ctx)
{
    struct raw_connection *self = ctx;
    size_t room = REQUEST_MAX - 1 - self->request_len;
    ssize_t got = recv(fd, self->request + self->request_len, room, 0);

    (void)events;
    if (got <= 0) {
        close_connection(self, false);
        return;
    }
    self->request_len += (size_t)got;
    self->request[self->request_len] = '\0';
    if (is_whole(self)) {
        begin_answer(self);
    }
}

static void on_accept(evutil_socket_t listener, short events, void *ctx)
{
    struct raw_server *self = ctx;
    struct raw_connection *connection;
    int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connection = calloc(1, sizeof(*connection));
    assert(connection != NULL);
    connection->server = self;
    connection->fd = fd;
    connection->read = event_new(self->base, fd, EV_READ | EV_PERSIST,
                                 on_readable, connection);
    connection->write =
        event_new(self->base, fd, EV_WRITE, on_writable, connection);
    connection->timer = evtimer_new(self->base, on_timer, connection);
    (void)event_add(connection->read, NULL);
    LIST_INSERT_HEAD(&self->connections, connection, link);
    self->counts.connections++;
}

struct raw_server *raw_server_new(struct event_base *base, raw_answer_fn fn,
                                  void *ctx)
{
    struct raw_server *self = calloc(1, sizeof(*self));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int bad;

    assert(self != NULL);
    self->base = base;
    self->fn = fn;
    self->ctx = ctx;
    LIST_INIT(&self->connections);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bad = bind(self->fd, (struct sockaddr *)&address, sizeof(address));
    bad |= listen(self->fd, 256);
    assert(bad == 0);
    (void)bad;
    self->accept =
        event_new(base, self->fd, EV_READ | EV_PERSIST, on_accept, self);
    (void)event_add(self->accept, NULL);
    return self;
}

void raw_server_free(struct raw_server *self)
{
    while (!LIST_EMPTY(&self->connections)) {
        close_connection(LIST_FIRST(&self->connections), false);
    }
    event_free(self->accept);
    (void)close(self->fd);
    free(self);
}

int raw_server_port(const struct raw_server *self)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    (void)getsockname(self->fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

const struct raw_counts *raw_server_counts(const struct raw_server *self)
{
    return &self->counts;
}

const char *raw_server_request(const struct raw_server *self)
{
    return self->request;
}
