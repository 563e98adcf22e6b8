/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an answer's way onto the socket: head, framing, compression on the
 * fly for large pages, and every fault that lies below JSON. evhttp can do
 * none of these, which is why the simulator has a server of its own.
 */
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "conn.h"

#define SLOW_PIECES 32

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

enum sim_fault_kind sim_conn_fault(const struct sim_conn *conn)
{
    return conn->answer.fault != NULL ? conn->answer.fault->kind
                                      : SIM_FAULT_NONE;
}

static bool lies_about_length(enum sim_fault_kind kind)
{
    return kind == SIM_FAULT_LENGTH_LONG || kind == SIM_FAULT_LENGTH_SHORT;
}

static bool breaks_body(enum sim_fault_kind kind)
{
    return kind == SIM_FAULT_STALL || kind == SIM_FAULT_RESET_BODY ||
           kind == SIM_FAULT_CUT_BODY;
}

/* The size of a feed's body, by rendering it once for nothing. */
static uint64_t measure_feed(struct sim_conn *conn)
{
    struct sim_feed *feed = conn->answer.feed;
    struct sim_text *text = &conn->sender.slice;
    uint64_t length = 0;
    bool more = true;

    while (more) {
        sim_text_clear(text);
        more = feed->next(feed, text);
        length += text->len;
    }
    sim_text_clear(text);
    feed->rewind(feed);
    return length;
}

/* Chooses between Content-Length (true, with the body's length) and chunks or
   the connection's end. */
static bool choose_framing(struct sim_conn *conn, uint64_t *length)
{
    const char *framing = conn->server->options.framing;
    struct sim_answer *answer = &conn->answer;
    struct sim_sender *sender = &conn->sender;
    bool lies = lies_about_length(sim_conn_fault(conn));

    if (answer->blob != NULL &&
        (strcmp(framing, "chunked") != 0 || lies || answer->status != 200)) {
        *length = answer->blob->len;
        return true;
    }
    if (answer->feed != NULL && lies) {
        answer->gzip = false;
    }
    if (answer->feed != NULL && !answer->gzip &&
        (strcmp(framing, "length") == 0 || lies)) {
        *length = measure_feed(conn);
        return true;
    }
    sender->chunked = conn->request.http11;
    sender->until_close = !sender->chunked;
    conn->close_after = conn->close_after || sender->until_close;
    return false;
}

static uint64_t declared_length(enum sim_fault_kind kind, uint64_t length)
{
    if (kind == SIM_FAULT_LENGTH_LONG) {
        return length + 100;
    }
    if (kind == SIM_FAULT_LENGTH_SHORT) {
        return length - length / 3 - 1;
    }
    return length;
}

static void send_head(struct sim_conn *conn)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);
    struct sim_answer *answer = &conn->answer;
    uint64_t length = 0;
    char date[40];
    bool sized = choose_framing(conn, &length);

    sim_date_http((int64_t)sim_server_wall() + answer->clock_offset_s, date,
                  sizeof(date));
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
                        "%s",
                        answer->status, reason_of(answer->status), date,
                        answer->content_type, answer->headers);
    if (answer->gzip) {
        evbuffer_add_printf(out, "Content-Encoding: gzip\r\n");
    }
    if (sized && answer->status != 204) {
        evbuffer_add_printf(
            out, "Content-Length: %llu\r\n",
            (unsigned long long)declared_length(sim_conn_fault(conn), length));
    } else if (conn->sender.chunked) {
        evbuffer_add_printf(out, "Transfer-Encoding: chunked\r\n");
    }
    if (conn->close_after) {
        evbuffer_add_printf(out, "Connection: close\r\n");
    }
    evbuffer_add_printf(out, "\r\n");
}

/* Where the body breaks off: half of a blob; of a feed, whose size when
   compressed nobody knows, a part that it surely has. */
static uint64_t break_point(const struct sim_answer *answer)
{
    uint64_t half = answer->feed != NULL ? answer->feed->estimate / 2 : 0;

    if (answer->blob != NULL) {
        return answer->blob->len / 2;
    }
    half = answer->gzip ? half / 64 : half;
    return half < 1 << 20 ? half : 1 << 20;
}

/* The blob goes out by reference and is released when it is written. */
static void release_blob(const void *data, size_t len, void *ctx)
{
    (void)data;
    (void)len;
    sim_blob_release(ctx);
}

static bool is_straight(const struct sim_conn *conn)
{
    enum sim_fault_kind kind = sim_conn_fault(conn);

    return conn->answer.blob != NULL && !conn->sender.chunked &&
           !breaks_body(kind) && kind != SIM_FAULT_SLOW;
}

void sim_send_start(struct sim_conn *conn)
{
    struct sim_answer *answer = &conn->answer;
    struct sim_sender *sender = &conn->sender;
    enum sim_fault_kind kind = sim_conn_fault(conn);

    memset(sender, 0, sizeof(*sender));
    sender->stop_at = breaks_body(kind) ? break_point(answer) : UINT64_MAX;
    conn->close_after = conn->close_after || lies_about_length(kind);
    send_head(conn);
    if (strcmp(conn->request.method, "HEAD") == 0) {
        sender->finished = true; /* the head of the refusal, no body */
        return;
    }
    if (kind == SIM_FAULT_SLOW) {
        size_t whole = answer->blob != NULL ? answer->blob->len
                                            : (size_t)SIM_SLICE * SLOW_PIECES;

        sender->piece = whole / SLOW_PIECES + 1;
    }
    if (answer->feed != NULL && answer->gzip) {
        deflateInit2(&sender->deflate, 1, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY);
        sender->deflating = true;
    }
    if (is_straight(conn)) {
        answer->blob->refs++;
        evbuffer_add_reference(bufferevent_get_output(conn->bev),
                               answer->blob->data, answer->blob->len,
                               release_blob, answer->blob);
        sender->finished = true;
        return;
    }
    sim_send_more(conn);
}

/* One piece of body in its frame, as far as it may go. */
static void emit(struct sim_conn *conn, const char *data, size_t len)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);
    struct sim_sender *sender = &conn->sender;

    if (sender->sent + len >= sender->stop_at) {
        len = (size_t)(sender->stop_at - sender->sent);
        sender->broken = true;
        sender->finished = true;
    }
    sender->sent += len;
    if (len == 0) {
        return;
    }
    if (sender->chunked) {
        evbuffer_add_printf(out, "%zx\r\n", len);
    }
    evbuffer_add(out, data, len);
    if (sender->chunked) {
        evbuffer_add(out, "\r\n", 2);
    }
}

/* The next slice of the body before compression; true if it is the last. */
static bool pull_slice(struct sim_conn *conn)
{
    struct sim_sender *sender = &conn->sender;
    struct sim_blob *blob = conn->answer.blob;
    struct sim_feed *feed = conn->answer.feed;
    size_t want = sender->piece > 0 ? sender->piece : SIM_SLICE;

    sim_text_clear(&sender->slice);
    if (blob != NULL) {
        size_t left = blob->len - sender->blob_at;

        want = want < left ? want : left;
        sim_text_add(&sender->slice, blob->data + sender->blob_at, want);
        sender->blob_at += want;
        return sender->blob_at == blob->len;
    }
    while (sender->slice.len < want) {
        if (!feed->next(feed, &sender->slice)) {
            return true;
        }
    }
    return false;
}

/* Spoils a feed's slice once a good part has passed. Blobs were spoilt when
   they were made. Returns true if the body ends here. */
static bool spoil_slice(struct sim_conn *conn)
{
    struct sim_sender *sender = &conn->sender;
    enum sim_fault_kind kind = sim_conn_fault(conn);
    bool due = sender->plain >= SIM_SMALL_PAGE / 2 && !sender->spoilt;

    sender->plain += sender->slice.len;
    if (conn->answer.feed == NULL || !due) {
        return false;
    }
    if (kind == SIM_FAULT_TRUNCATED_JSON || kind == SIM_FAULT_GZIP_CUT) {
        sender->slice.len /= 2;
        sender->spoilt = true;
        return true;
    }
    if (kind == SIM_FAULT_UNBALANCED || kind == SIM_FAULT_BAD_UTF8 ||
        kind == SIM_FAULT_CONTROL_CHAR) {
        sender->spoilt = sim_answer_spoil(kind, &sender->slice, 0);
    }
    return false;
}

/* Compresses the slice into `packed`; a cut stream is never finished. */
static void pack_slice(struct sim_conn *conn, bool last)
{
    struct sim_sender *sender = &conn->sender;
    z_stream *stream = &sender->deflate;
    bool cut = sim_conn_fault(conn) == SIM_FAULT_GZIP_CUT;
    int flush = !last ? Z_NO_FLUSH : cut ? Z_SYNC_FLUSH : Z_FINISH;

    sim_text_clear(&sender->packed);
    stream->next_in = (Bytef *)sender->slice.data;
    stream->avail_in = (uInt)sender->slice.len;
    do {
        stream->next_out =
            (Bytef *)sim_text_reserve(&sender->packed, SIM_SLICE);
        stream->avail_out = SIM_SLICE;
        deflate(stream, flush);
        sender->packed.len += SIM_SLICE - stream->avail_out;
    } while (stream->avail_out == 0);
}

static void finish_body(struct sim_conn *conn)
{
    struct sim_sender *sender = &conn->sender;

    if (breaks_body(sim_conn_fault(conn))) {
        sender->broken = true; /* shorter than was thought: break here */
    } else if (sender->chunked && !sender->finished) {
        evbuffer_add(bufferevent_get_output(conn->bev), "0\r\n\r\n", 5);
    }
    sender->finished = true;
}

static void send_slice(struct sim_conn *conn)
{
    struct sim_sender *sender = &conn->sender;
    bool last = pull_slice(conn);
    struct sim_text *text = &sender->slice;

    last = spoil_slice(conn) || last;
    if (sender->deflating) {
        pack_slice(conn, last);
        text = &sender->packed;
    }
    emit(conn, text->data, text->len);
    if (last) {
        finish_body(conn);
    }
}

void sim_send_more(struct sim_conn *conn)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);
    struct sim_sender *sender = &conn->sender;

    if (sender->piece > 0) {
        if (!sender->finished) {
            send_slice(conn);
        }
        if (!sender->finished) {
            sim_conn_wake_in(conn, conn->answer.fault->slow_ms);
        }
        return;
    }
    while (!sender->finished && evbuffer_get_length(out) < SIM_OUTPUT_MAX) {
        send_slice(conn);
    }
}

void sim_send_fini(struct sim_sender *sender)
{
    if (sender->deflating) {
        deflateEnd(&sender->deflate);
    }
    sim_text_fini(&sender->slice);
    sim_text_fini(&sender->packed);
    memset(sender, 0, sizeof(*sender));
}
