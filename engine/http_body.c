/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From libcurl's callbacks to the handler:
 *
 *     header line -> answer -> on_head
 *     piece (16 KB) -> [copy -> inflate, 16 KB steps] -> on_body
 *
 * PAUSE while a piece inflates: the rest of that piece stays in the slot, and
 * the next piece that libcurl offers is refused with CURL_WRITEFUNC_PAUSE. So
 * one gzip piece of 16 KB and one receive buffer of 64 KB are the most that is
 * in memory. All this runs inside libcurl; what needs a libcurl call is queued.
 */
#include "engine/http_private.h"

static bool fail(struct slu_transfer *self, enum slu_err code, const char *what)
{
    if (self->error.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->error, code, "answer of %.*s: %s",
                            SLU_VIEW_ARGS(self->host), what);
    }
    return false;
}

static struct slu_view view_value(const struct slu_http_value *value)
{
    return slu_view_make(value->text, value->len);
}

static bool tell_head(struct slu_transfer *self)
{
    struct slu_http_head head = {
        .status = self->answer.status,
        .http_version = self->answer.version,
        .content_type = view_value(&self->answer.content_type),
        .retry_after = view_value(&self->answer.retry_after),
        .date = view_value(&self->answer.date),
        .error_type = view_value(&self->answer.error_type),
        .region = view_value(&self->answer.region),
        .etag = view_value(&self->answer.etag),
        .retry_after_ms = view_value(&self->answer.retry_after_ms),
    };

    self->http->stats.http_version = head.http_version;
    self->handler.on_head(self->ctx, &head);
    return !self->cancelled;
}

size_t slu_http_body_on_header(char *ptr, size_t size, size_t count, void *ctx)
{
    struct slu_transfer *self = ctx;
    struct slu_view line = slu_view_make(ptr, size * count);
    bool ended;

    if (self->cancelled || self->error.code != SLU_ERR_OK) {
        return CURL_WRITEFUNC_ERROR;
    }
    if (!slu_http_answer_read(&self->answer, line, &ended)) {
        (void)fail(self, SLU_ERR_MALFORMED, "the head exceeds 256 KB");
        return CURL_WRITEFUNC_ERROR;
    }
    if (ended && self->raw) {
        self->answer.encoding = SLU_HTTP_IDENTITY;
    }
    if (ended && !tell_head(self)) {
        return CURL_WRITEFUNC_ERROR;
    }
    return line.len;
}

static void pause_transfer(struct slu_transfer *self)
{
    int64_t ms = self->http->options.pause_max_ms;
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    self->paused = true;
    (void)event_add(&self->pause_timer, &wait);
    slu_transfer_queue(self);
}

static bool deliver(struct slu_transfer *self, struct slu_view bytes)
{
    enum slu_http_flow flow;

    self->body_bytes += bytes.len;
    if (self->body_bytes > self->http->options.body_max) {
        return fail(self, SLU_ERR_LIMIT, "the body exceeds its size cap");
    }
    self->http->stats.body_bytes += bytes.len;
    flow = self->handler.on_body(self->ctx, bytes);
    if (self->cancelled) {
        return false;
    }
    if (flow == SLU_HTTP_ERROR) {
        return fail(self, SLU_ERR_STOPPED, "its reader ended the transfer");
    }
    if (flow == SLU_HTTP_PAUSE) {
        pause_transfer(self);
    }
    return true;
}

/* Inflates and delivers until the piece is used up or the handler pauses. */
static bool inflate_piece(struct slu_transfer *self)
{
    while (!self->paused) {
        struct slu_view bytes;
        enum slu_err err = slu_inflate_next(self->inflate, &bytes);

        if (err != SLU_ERR_OK) {
            return fail(self, err, slu_inflate_error(self->inflate)->text);
        }
        if (bytes.len == 0) {
            return true;
        }
        if (!deliver(self, bytes)) {
            return false;
        }
    }
    return true;
}

/* An inflate of the slot's own, made once, ready for a new body. */
static bool ready_inflate(struct slu_transfer *self)
{
    struct slu_inflate_options options = {
        .alloc = self->http->options.alloc,
        .out_max = self->http->options.body_max,
        .ratio_max = self->http->options.ratio_max,
    };

    if (self->inflate != NULL) {
        slu_inflate_reset(self->inflate);
        return true;
    }
    self->inflate = slu_inflate_new(&options);
    return self->inflate != NULL || fail(self, SLU_ERR_NOMEM, "out of memory");
}

/* zlib's input must outlive a pause, hence the copy: 16 KB of memcpy against
 * the far dearer inflating of the same bytes. */
static bool take_gzip(struct slu_transfer *self, struct slu_view piece)
{
    if (self->wire_bytes == piece.len && !ready_inflate(self)) {
        return false;
    }
    memcpy(self->piece, piece.ptr, piece.len);
    slu_inflate_feed(self->inflate, slu_view_make(self->piece, piece.len));
    return inflate_piece(self);
}

static bool take_piece(struct slu_transfer *self, struct slu_view piece)
{
    self->wire_bytes += piece.len;
    self->http->stats.wire_bytes += piece.len;
    switch (self->answer.encoding) {
    case SLU_HTTP_IDENTITY:
        return deliver(self, piece);
    case SLU_HTTP_GZIP:
        return take_gzip(self, piece);
    default:
        return fail(self, SLU_ERR_MALFORMED,
                    "its Content-Encoding is neither gzip nor identity");
    }
}

size_t slu_http_body_on_write(char *ptr, size_t size, size_t count, void *ctx)
{
    struct slu_transfer *self = ctx;
    struct slu_view piece = slu_view_make(ptr, size * count);

    if (self->cancelled || self->error.code != SLU_ERR_OK) {
        return CURL_WRITEFUNC_ERROR;
    }
    if (piece.len == 0) {
        return 0;
    }
    if (self->paused) {
        self->curl_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return take_piece(self, piece) ? piece.len : CURL_WRITEFUNC_ERROR;
}

bool slu_http_body_go_on(struct slu_transfer *self)
{
    if (self->answer.encoding != SLU_HTTP_GZIP || self->wire_bytes == 0) {
        return true;
    }
    return inflate_piece(self);
}
