/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: sluice-bench-pages HOURS ITEMS ITEM_BYTES [FROM SPAN COUNT]
 * A server of GTI's two endpoints on loopback that is faster than who asks, for
 * pulls that no disk has room for: no page exists, only one stretch of rendered
 * items, all of one length, into which the values of the next ones are written
 * just before they are sent. Prints where it listens, and lives until it is
 * killed.
 *
 *     body: {"iocs":[  item,item,...,item  ]}
 *                      ^ the stretch, written anew for each send()
 *
 * Threat lists: every hour of every list has ITEMS addresses or domains, and
 * none is in another package, as long as one asks for no more than HOURS hours.
 * IOC Stream: COUNT items of each type, even in time over the SPAN seconds from
 * FROM on, in pages of 40 by cursor, oldest first.
 *
 * Limits: 512 connections, requests of 8 KB without a body, one thread.
 */
#include "bench/page_stretch.h"
#include "codecs/time_text.h"
#include "sources/gti.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512
#define REQUEST_MAX 8192
#define TAIL_MAX 512
#define STREAM_PAGE 40
#define LISTS 7
#define HOUR 3600
#define EVENTS 64

/* A page that is being sent: head, items, tail. */
struct page {
    struct slu_stretch *stretch;
    uint64_t first; /* number of its first item */
    uint64_t count;
    char head[256 + 16]; /* of HTTP and of the body */
    size_t head_len;
    char tail[TAIL_MAX];
    size_t tail_len;
    size_t sent; /* of all three */
};

struct connection {
    int fd;
    size_t len;
    char request[REQUEST_MAX];
    bool sending;
    struct page page;
};

struct server {
    int poll;
    int listener;
    unsigned hours;
    unsigned items;
    struct slu_stretch_dates dates; /* count 0: no stream */
    struct slu_stretch stretches[SLU_STRETCH_SHAPES][SLU_KIND_COUNT];
    struct connection connections[CONNECTIONS_MAX];
};

static struct server server;

static void give_up(const char *what)
{
    (void)fprintf(stderr, "sluice-bench-pages: %s: %s\n", what,
                  strerror(errno));
    exit(1);
}

/* ---- pages ---- */

static size_t items_len(const struct page *page)
{
    return page->count == 0 ? 0
                            : (size_t)page->count * page->stretch->stride - 1;
}

static void set_head(struct page *page, const char *opening)
{
    size_t len = strlen(opening) + items_len(page) + page->tail_len;

    page->sent = 0;
    page->head_len =
        (size_t)snprintf(page->head, sizeof(page->head),
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         len, opening);
}

static void refuse(struct page *page)
{
    page->count = 0;
    page->tail_len = 0;
    page->sent = 0;
    page->head_len = (size_t)snprintf(page->head, sizeof(page->head),
                                      "HTTP/1.1 404 Not Found\r\n"
                                      "Content-Length: 0\r\n\r\n");
}

static int find_list(const char *name, size_t len)
{
    for (unsigned i = 0; slu_gti_category(i) != NULL; i++) {
        if (strlen(slu_gti_category(i)) == len &&
            memcmp(slu_gti_category(i), name, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* "malware/2025080705?type=domain&..." */
static void begin_list(struct page *page, const char *path)
{
    const char *slash = strchr(path, '/');
    int list = slash == NULL ? -1 : find_list(path, (size_t)(slash - path));
    int64_t hour;
    bool domains;

    if (list < 0 || !slu_time_parse_hour(
                        slu_view_make(slash + 1, SLU_HOUR_TEXT_LEN), &hour)) {
        refuse(page);
        return;
    }
    domains = strstr(slash, "type=domain") != NULL;
    page->stretch = &server.stretches[SLU_STRETCH_LIST]
                                     [domains ? SLU_KIND_DOMAIN : SLU_KIND_IP];
    page->first =
        ((uint64_t)(hour / HOUR) % server.hours * LISTS + (uint64_t)list) *
        server.items;
    page->count = server.items;
    page->tail_len = (size_t)snprintf(page->tail, sizeof(page->tail), "]}");
    set_head(page, "{\"iocs\":[");
}

/* The number behind `name`, which is moved past it; fallback without. */
static int64_t take_number(const char **at, const char *name, int64_t fallback)
{
    const char *found = strstr(*at, name);

    if (found == NULL) {
        return fallback;
    }
    *at = found + strlen(name);
    return strtoll(*at, NULL, 10);
}

/* The first item that isn't before the date. */
static uint64_t find_item(int64_t date)
{
    uint64_t at;

    if (date <= server.dates.from) {
        return 0;
    }
    if (date >= server.dates.from + server.dates.span) {
        return server.dates.count;
    }
    at = (uint64_t)(date - server.dates.from) * server.dates.count /
         (uint64_t)server.dates.span;
    while (at < server.dates.count &&
           slu_stretch_date(&server.dates, at) < date) {
        at++;
    }
    return at;
}

/* "...&filter=entity_type%3Adomain%20date%3A1%2B%20date%3A9-&cursor=12" */
static void begin_stream(struct page *page, const char *query)
{
    bool domains;
    const char *at = query;
    int64_t lo = take_number(&at, "date%3A", server.dates.from);
    int64_t hi = take_number(&at, "date%3A", INT64_MAX);
    uint64_t first = find_item(lo);
    uint64_t end = find_item(hi == INT64_MAX ? hi : hi + 1);
    uint64_t next = (uint64_t)take_number(&at, "cursor=", (int64_t)first);

    domains = strstr(query, "domain") != NULL;
    page->stretch = &server.stretches[SLU_STRETCH_STREAM]
                                     [domains ? SLU_KIND_DOMAIN : SLU_KIND_IP];
    page->first = next;
    page->count = end > next ? end - next : 0;
    page->count = page->count < STREAM_PAGE ? page->count : STREAM_PAGE;
    next += page->count;
    page->tail_len = (size_t)snprintf(
        page->tail, sizeof(page->tail), "],\"meta\":{\"count\":%llu",
        (unsigned long long)(end > first ? end - first : 0));
    page->tail_len += (size_t)snprintf(
        page->tail + page->tail_len, sizeof(page->tail) - page->tail_len,
        next < end ? ",\"cursor\":\"%llu\"}}" : "}}", (unsigned long long)next);
    set_head(page, "{\"data\":[");
}

static void begin_page(struct page *page, char *request)
{
    static const char list[] = "GET /api/v3/threat_lists/";
    static const char stream[] = "GET /api/v3/ioc_stream?";
    char *line_end = strchr(request, '\r');

    *line_end = '\0';
    page->stretch = &server.stretches[0][0];
    if (strncmp(request, list, sizeof(list) - 1) == 0) {
        begin_list(page, request + sizeof(list) - 1);
    } else if (strncmp(request, stream, sizeof(stream) - 1) == 0 &&
               server.dates.count > 0) {
        begin_stream(page, request + sizeof(stream) - 1);
    } else {
        refuse(page);
    }
}

/* ---- sending ---- */

/* What comes next of the page, as much as lies in one piece. */
static struct slu_view next_piece(const struct page *page)
{
    struct slu_stretch *stretch = page->stretch;
    size_t at = page->sent;
    size_t len = items_len(page);
    size_t within;
    uint64_t item;
    uint64_t count;

    if (at < page->head_len) {
        return slu_view_make(page->head + at, page->head_len - at);
    }
    at -= page->head_len;
    if (at >= len) {
        at -= len;
        return slu_view_make(page->tail + at, page->tail_len - at);
    }
    item = at / stretch->stride;
    within = at % stretch->stride;
    count = page->count - item;
    count = count < stretch->count ? count : stretch->count;
    slu_stretch_write(stretch, page->first + item, (size_t)count);
    len -= at;
    if (len > count * stretch->stride - within) {
        len = (size_t)count * stretch->stride - within;
    }
    return slu_view_make(stretch->bytes + within, len);
}

static void watch(struct connection *self, uint32_t events, int what)
{
    struct epoll_event event = {.events = events, .data.ptr = self};

    if (epoll_ctl(server.poll, what, self->fd, &event) != 0) {
        give_up("epoll");
    }
}

static void hang_up(struct connection *self)
{
    (void)close(self->fd);
    self->fd = -1;
}

/* False: the rest must wait, or the connection is gone. */
static bool send_page(struct connection *self)
{
    for (;;) {
        struct slu_view piece = next_piece(&self->page);
        bool more =
            self->page.sent < self->page.head_len + items_len(&self->page);
        ssize_t sent;

        if (piece.len == 0) {
            return true;
        }
        sent = send(self->fd, piece.ptr, piece.len,
                    MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (sent < 0 && errno == EAGAIN) {
            return false;
        }
        if (sent < 0) {
            hang_up(self);
            return false;
        }
        self->page.sent += (size_t)sent;
    }
}

/* One request at a time: nobody here pipelines. */
static void serve(struct connection *self)
{
    bool was_sending = self->sending;

    if (!self->sending) {
        ssize_t got = recv(self->fd, self->request + self->len,
                           REQUEST_MAX - 1 - self->len, 0);

        if (got <= 0) {
            if (got == 0 || errno != EAGAIN) {
                hang_up(self);
            }
            return;
        }
        self->len += (size_t)got;
        self->request[self->len] = '\0';
        if (strstr(self->request, "\r\n\r\n") == NULL) {
            if (self->len == REQUEST_MAX - 1) {
                hang_up(self);
            }
            return;
        }
        begin_page(&self->page, self->request);
        self->len = 0;
    }
    self->sending = !send_page(self);
    if (self->fd >= 0 && self->sending != was_sending) {
        watch(self, self->sending ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    }
}

/* ---- the server ---- */

static void take_connection(void)
{
    int fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int yes = 1;

    if (fd < 0) {
        return;
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *self = &server.connections[i];

        if (self->fd < 0) {
            self->fd = fd;
            self->len = 0;
            self->sending = false;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
            watch(self, EPOLLIN, EPOLL_CTL_ADD);
            return;
        }
    }
    (void)close(fd);
}

static void listen_on_loopback(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN};
    socklen_t len = sizeof(at);

    server.poll = epoll_create1(EPOLL_CLOEXEC);
    server.listener =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server.poll < 0 || server.listener < 0 ||
        bind(server.listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(server.listener, CONNECTIONS_MAX) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&at, &len) != 0 ||
        epoll_ctl(server.poll, EPOLL_CTL_ADD, server.listener, &event) != 0) {
        give_up("cannot listen");
    }
    (void)printf("listening on http://127.0.0.1:%u\n", ntohs(at.sin_port));
    (void)fflush(stdout);
}

static void run(void)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(server.poll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;

            if (connection == NULL) {
                take_connection();
            } else if (connection->fd >= 0) {
                serve(connection);
            }
        }
    }
}

static void make_stretches(enum slu_kind kind, size_t item_bytes)
{
    for (int shape = 0; shape < SLU_STRETCH_SHAPES; shape++) {
        if (!slu_stretch_make(&server.stretches[shape][kind],
                              (enum slu_stretch_shape)shape, kind, item_bytes,
                              &server.dates)) {
            give_up("out of memory");
        }
    }
}

int main(int argc, char **argv)
{
    size_t item_bytes;

    if (argc != 4 && argc != 7) {
        (void)fprintf(stderr, "usage: sluice-bench-pages HOURS ITEMS "
                              "ITEM_BYTES [FROM SPAN COUNT]\n");
        return 2;
    }
    server.hours = (unsigned)atoi(argv[1]);
    server.items = (unsigned)atoi(argv[2]);
    item_bytes = (size_t)atoi(argv[3]);
    if (argc == 7) {
        server.dates.from = atoll(argv[4]);
        server.dates.span = atoll(argv[5]);
        server.dates.count = (uint64_t)atoll(argv[6]);
    }
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        make_stretches((enum slu_kind)kind, item_bytes);
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        server.connections[i].fd = -1;
    }
    listen_on_loopback();
    run();
    return 0;
}
