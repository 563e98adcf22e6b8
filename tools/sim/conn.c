/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "aws.h"
#include "mix.h"

#define LINGER_MS 1000
#define RESET_PAUSE_MS 50

static void close_conn(struct sim_conn *conn)
{
    struct sim_server *server = conn->server;

    if (conn->counted) {
        server->stats.in_flight--;
        server->stats.aborted++;
    }
    if (conn->answer.aws) {
        sim_aws_end(server);
    }
    server->stats.connections_open--;
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        server->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    if (server->bandwidth != NULL) {
        bufferevent_remove_from_rate_limit_group(conn->bev);
    }
    event_free(conn->timer);
    bufferevent_free(conn->bev);
    sim_answer_fini(&conn->answer);
    sim_send_fini(&conn->sender);
    sim_text_fini(&conn->head);
    sim_text_fini(&conn->body);
    sim_chunks_fini(&conn->chunks);
    free(conn);
}

/* Closes so that the client sees a reset, not an end. */
static void reset_conn(struct sim_conn *conn)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(bufferevent_getfd(conn->bev), SOL_SOCKET, SO_LINGER, &at_once,
               sizeof(at_once));
    close_conn(conn);
}

void sim_conn_wake_in(struct sim_conn *conn, int64_t ms)
{
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    event_add(conn->timer, &wait);
}

/* Says FIN and waits for the client's, so that the kernel does not turn what
   is still unread into a reset that would eat the answer. */
static void linger_conn(struct sim_conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);

    conn->state = SIM_CONN_LINGERING;
    shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
    evbuffer_drain(in, evbuffer_get_length(in));
    sim_conn_wake_in(conn, LINGER_MS);
}

/* The request in hand is over: counted, and its answer let go. */
static void finish_request(struct sim_conn *conn)
{
    struct sim_stats *stats = &conn->server->stats;

    if (conn->counted) {
        stats->in_flight--;
        stats->answered++;
        stats->last_time = sim_server_wall();
    }
    if (conn->answer.aws) {
        sim_aws_end(conn->server);
    }
    conn->counted = false;
    sim_answer_fini(&conn->answer);
    sim_send_fini(&conn->sender);
    if (conn->body.cap > SIM_BODY_MAX * 2) {
        sim_text_fini(&conn->body); /* an upload's */
    }
}

/* What a wire fault does when all before it has left. */
static void end_broken(struct sim_conn *conn)
{
    switch (sim_conn_fault(conn)) {
    case SIM_FAULT_STALL:
        conn->state = SIM_CONN_STALLED;
        return;
    case SIM_FAULT_RESET_BODY:
        /* A reset overtakes what the client has not read yet. */
        conn->state = SIM_CONN_STALLED;
        sim_conn_wake_in(conn, RESET_PAUSE_MS);
        return;
    default:
        finish_request(conn);
        linger_conn(conn);
        return;
    }
}

static void note_status(struct sim_conn *conn)
{
    struct sim_stats *stats = &conn->server->stats;

    if (conn->counted) {
        stats->by_status[conn->answer.status]++;
        stats->rejected += conn->answer.status == 429;
    }
}

static void begin_sending(struct sim_conn *conn)
{
    conn->state = SIM_CONN_SENDING;
    note_status(conn);
    switch (sim_conn_fault(conn)) {
    case SIM_FAULT_RESET_HEAD:
    case SIM_FAULT_RESET_UNDONE:
        reset_conn(conn);
        return;
    case SIM_FAULT_LOST:
        finish_request(conn);
        linger_conn(conn);
        return;
    case SIM_FAULT_HANG:
        conn->state = SIM_CONN_STALLED;
        return;
    default:
        sim_send_start(conn);
    }
}

static int64_t draw_latency(const struct sim_conn *conn)
{
    const struct sim_options *options = &conn->server->options;
    uint64_t chance =
        sim_mix3(options->seed, 0x1a7, conn->server->stats.requests);
    int64_t jitter = options->jitter_ms > 0
                         ? (int64_t)(chance % (uint64_t)options->jitter_ms)
                         : 0;

    return conn->counted ? options->latency_ms + jitter : 0;
}

static void count_request(struct sim_conn *conn)
{
    struct sim_stats *stats = &conn->server->stats;

    stats->in_flight++;
    if (stats->in_flight > stats->in_flight_max) {
        stats->in_flight_max = stats->in_flight;
    }
    if (!conn->ever_counted) {
        conn->ever_counted = true;
        stats->connections++;
    }
}

static void answer_request(struct sim_conn *conn)
{
    int64_t wait;

    sim_route(conn->server, &conn->request, &conn->answer, &conn->counted);
    conn->close_after = !conn->request.keep_alive;
    if (conn->counted) {
        count_request(conn);
    }
    if (conn->answer.aws) {
        sim_aws_begin(conn->server);
    }
    wait = draw_latency(conn);
    if (wait > 0) {
        conn->state = SIM_CONN_WAITING;
        sim_conn_wake_in(conn, wait);
    } else {
        begin_sending(conn);
    }
}

static void answer_malformed(struct sim_conn *conn,
                             const struct sim_request_error *error)
{
    struct sim_stats *stats = &conn->server->stats;

    conn->counted = true;
    stats->requests++;
    stats->by_endpoint[SIM_ENDPOINT_OTHER]++;
    count_request(conn);
    sim_answer_error(&conn->answer, error->status, "BadRequestError",
                     error->message);
    conn->request.http11 = true;
    conn->close_after = true;
    begin_sending(conn);
}

/* Takes the head off the input if it is all there. False: not yet, or it was
   malformed and is answered. */
static bool take_head(struct sim_conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);
    struct sim_request_error error = {431, "request head too large"};
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    size_t len;

    if (end.pos < 0 && evbuffer_get_length(in) < SIM_HEAD_MAX) {
        return false;
    }
    if (end.pos < 0 || end.pos >= SIM_HEAD_MAX) {
        answer_malformed(conn, &error);
        return false;
    }
    len = (size_t)end.pos;
    sim_text_clear(&conn->head);
    evbuffer_remove(in, sim_text_reserve(&conn->head, len + 4), len + 4);
    conn->head.data[len] = '\0';
    if (!sim_request_parse(&conn->request, conn->head.data, len, &error)) {
        answer_malformed(conn, &error);
        return false;
    }
    conn->headed = true;
    sim_text_clear(&conn->body);
    sim_text_reserve(&conn->body, conn->request.body_len + 1);
    if (conn->request.expects && evbuffer_get_length(in) == 0) {
        evbuffer_add_printf(bufferevent_get_output(conn->bev),
                            "HTTP/1.1 100 Continue\r\n\r\n");
    }
    return true;
}

/* True once the last chunk is there; a bad one is answered. */
static bool take_chunks(struct sim_conn *conn)
{
    static const struct sim_request_error bad = {400, "malformed chunks"};
    struct evbuffer *in = bufferevent_get_input(conn->bev);
    size_t len;

    while (conn->chunks.state != SIM_CHUNK_DONE &&
           (len = evbuffer_get_contiguous_space(in)) > 0) {
        const char *data = (char *)evbuffer_pullup(in, (ev_ssize_t)len);

        evbuffer_drain(in, sim_chunks_feed(&conn->chunks, data, len,
                                           SIM_UPLOAD_MAX, &conn->body));
        if (conn->chunks.state == SIM_CHUNK_BAD) {
            conn->headed = false;
            answer_malformed(conn, &bad);
            return false;
        }
    }
    return conn->chunks.state == SIM_CHUNK_DONE;
}

static bool take_length(struct sim_conn *conn)
{
    struct evbuffer *in = bufferevent_get_input(conn->bev);
    struct sim_text *body = &conn->body;
    size_t left = conn->request.body_len - body->len;
    size_t here = evbuffer_get_length(in);
    size_t part = here < left ? here : left;

    evbuffer_remove(in, sim_text_reserve(body, part), part);
    body->len += part;
    return body->len == conn->request.body_len;
}

/* Takes one request off the input if it is all there. */
static void take_request(struct sim_conn *conn)
{
    if (!conn->headed && !take_head(conn)) {
        return;
    }
    if (!(conn->request.chunked ? take_chunks : take_length)(conn)) {
        return;
    }
    sim_text_reserve(&conn->body, 1)[0] = '\0';
    conn->request.body = conn->body.data;
    conn->request.body_len = conn->body.len;
    conn->headed = false;
    sim_chunks_fini(&conn->chunks);
    answer_request(conn);
}

bool sim_conn_is_written(const struct sim_server *server,
                         const struct sim_request *request)
{
    for (const struct sim_conn *conn = server->conns; conn != NULL;
         conn = conn->next) {
        if (conn->headed && strcmp(conn->request.method, "PUT") == 0 &&
            strcmp(conn->request.target, request->target) == 0 &&
            strcmp(conn->request.host, request->host) == 0) {
            return true;
        }
    }
    return false;
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct sim_conn *conn = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);

    if (conn->state == SIM_CONN_READING) {
        take_request(conn);
    } else if (conn->state == SIM_CONN_LINGERING) {
        evbuffer_drain(in, evbuffer_get_length(in));
    }
}

static void on_write(struct bufferevent *bev, void *ctx)
{
    struct sim_conn *conn = ctx;

    if (conn->state != SIM_CONN_SENDING) {
        return;
    }
    if (!conn->sender.finished) {
        if (conn->sender.piece == 0) {
            sim_send_more(conn);
        }
        return;
    }
    if (evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
        return;
    }
    if (conn->sender.broken) {
        end_broken(conn);
        return;
    }
    finish_request(conn);
    if (conn->close_after) {
        linger_conn(conn);
        return;
    }
    conn->state = SIM_CONN_READING;
    take_request(conn);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
        close_conn(ctx);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct sim_conn *conn = ctx;

    (void)fd;
    (void)what;
    switch (conn->state) {
    case SIM_CONN_WAITING:
        begin_sending(conn);
        return;
    case SIM_CONN_SENDING:
        sim_send_more(conn);
        return;
    case SIM_CONN_STALLED:
        finish_request(conn);
        reset_conn(conn);
        return;
    case SIM_CONN_LINGERING:
        close_conn(conn);
        return;
    case SIM_CONN_READING:
        return;
    }
}

/* Counts what leaves the process, as it leaves. */
static void on_output(struct evbuffer *buffer,
                      const struct evbuffer_cb_info *info, void *ctx)
{
    struct sim_conn *conn = ctx;

    (void)buffer;
    if (conn->counted) {
        conn->server->stats.bytes_sent += info->n_deleted;
    }
}

static void set_socket(const struct sim_server *server, evutil_socket_t fd)
{
    int yes = 1;
    int bytes = (int)server->options.send_buffer;

    evutil_make_socket_nonblocking(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (bytes > 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
}

void sim_conn_open(struct sim_server *server, evutil_socket_t fd)
{
    struct sim_conn *conn = sim_alloc(sizeof(*conn));

    set_socket(server, fd);
    conn->server = server;
    conn->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    conn->timer = event_new(server->base, -1, 0, on_timer, conn);
    if (conn->bev == NULL || conn->timer == NULL) {
        abort();
    }
    evbuffer_add_cb(bufferevent_get_output(conn->bev), on_output, conn);
    bufferevent_setcb(conn->bev, on_read, on_write, on_event, conn);
    bufferevent_setwatermark(conn->bev, EV_READ, 0,
                             SIM_HEAD_MAX + SIM_BODY_MAX);
    if (server->bandwidth != NULL) {
        bufferevent_add_to_rate_limit_group(conn->bev, server->bandwidth);
    }
    conn->next = server->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    server->conns = conn;
    server->stats.connections_open++;
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

void sim_conn_free_all(struct sim_server *server)
{
    while (server->conns != NULL) {
        close_conn(server->conns);
    }
}
