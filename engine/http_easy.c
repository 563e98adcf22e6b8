/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The easy handle of a slot. What is the same for every request is set once,
 * when the handle is made; a request then sets its URL and its headers only.
 *
 * The header texts lie in the slot's own buffer, and the curl_slist nodes point
 * into it: libcurl reads such a list and copies nothing of it, so that wiping
 * the buffer leaves no API key behind on our side. The buffer is sized before
 * it is written, for a realloc would leave a copy.
 */
#include "codecs/url.h"
#include "engine/http_private.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

static char accept_encoding[] = "Accept-Encoding: gzip";
static char no_expect[] = "Expect:";
static char no_content_type[] = "Content-Type:";

static const struct method {
    const char *name;
    bool body; /* always one, if need be of no bytes */
} method_table[SLU_HTTP_METHODS] = {
    [SLU_HTTP_GET] = {"GET", false},
    [SLU_HTTP_POST] = {"POST", true},
    [SLU_HTTP_PUT] = {"PUT", true},
    [SLU_HTTP_HEAD_ONLY] = {"HEAD", false},
    [SLU_HTTP_DELETE] = {"DELETE", false},
};

static CURLcode set_wire(CURL *easy, const struct slu_http_options *options)
{
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
    bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROXY,
                            options->no_proxy != NULL ? options->no_proxy : "");
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                            options->http2 ? (long)CURL_HTTP_VERSION_2TLS
                                           : (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, options->http2 ? 1L : 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    return bad;
}

/*
 * What waits in the kernel looks idle to libcurl, for it was sent: without a
 * bound, megabytes at the end of an upload, which a slow line takes minutes
 * for. One that isn't known here is no reason not to send.
 */
static int set_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    int unsent_max = SLU_HTTP_UNSENT_BYTES;

    (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max,
                     sizeof(unsent_max));
    slu_http_sockets_opened(ctx, fd);
    return CURL_SOCKOPT_OK;
}

/* LOW_SPEED counts bytes of both bodies, and not while libcurl itself is
 * paused. */
static CURLcode set_limits(CURL *easy, const struct slu_http_options *options)
{
    long idle_s = (long)((options->idle_timeout_ms + 999) / 1000);
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, SLU_HTTP_RECEIVE_BYTES);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                            (long)options->connect_timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, idle_s);
    return bad;
}

static CURLcode set_trust(CURL *easy, const struct slu_http_options *options)
{
    bool verify = options->verify_tls;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    if (options->ca_bundle[0] != '\0') {
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_bundle);
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        bad |= curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, options->ca_bundle);
    }
    return bad;
}

static CURLcode set_callbacks(struct slu_transfer *self)
{
    CURL *easy = self->easy;
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->curl_text);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    bad |=
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, slu_http_body_on_write);
    bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
    bad |= curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, self->http);
    bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION,
                            slu_http_sockets_close);
    bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA,
                            &self->http->sockets); /* outlives connections */
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    bad |=
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, slu_http_body_on_header);
    return bad;
}

static bool make_easy(struct slu_transfer *self)
{
    const struct slu_http_options *options = &self->http->options;
    CURLcode bad = CURLE_OK;

    self->easy = curl_easy_init();
    if (self->easy == NULL) {
        return false;
    }
    bad |= set_wire(self->easy, options);
    bad |= set_limits(self->easy, options);
    bad |= set_trust(self->easy, options);
    bad |= set_callbacks(self);
    if (bad != CURLE_OK) {
        curl_easy_cleanup(self->easy);
        self->easy = NULL;
        return false;
    }
    return true;
}

static bool sends_body(const struct slu_transfer *self)
{
    return method_table[self->method].body || self->sent.len > 0;
}

/* Each request sets all of it anew: the handle was another's before. HTTPGET
 * also takes back what HEAD and POST have set. libcurl is told whether there is
 * a body to send and one to read; the name goes beside that. */
static CURLcode set_method(struct slu_transfer *self)
{
    CURL *easy = self->easy;
    CURLcode bad = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);

    bad |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (sends_body(self)) {
        bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)self->sent.len);
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                self->sent.len > 0 ? self->sent.ptr : "");
    }
    if (self->method == SLU_HTTP_HEAD_ONLY) {
        bad |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                            method_table[self->method].name);
    return bad;
}

/* libcurl heeds no_proxy by itself. */
static const char *choose_proxy(const struct slu_transfer *self)
{
    const struct slu_http_options *options = &self->http->options;
    struct slu_error ignored;
    struct slu_view rest;
    struct slu_url url;

    if (self->direct) {
        return "";
    }
    if (slu_url_split(slu_view_str(self->origin), &url, &rest, &ignored) !=
        SLU_ERR_OK) {
        return options->proxy;
    }
    if (url.loopback && options->spare_loopback) {
        return "";
    }
    return url.tls ? options->proxy : options->proxy_plain;
}

/*
 * libcurl takes a URL apart and writes its path and query byte by byte, several
 * times: 40,000 instructions for one of 190 bytes, a third of what it needs for
 * a request. A target it copies as it is. Only a proxy of plain HTTP must be
 * sent all of it, and whether one is used libcurl decides.
 */
static CURLcode set_url(struct slu_transfer *self)
{
    bool whole = self->proxy[0] != '\0';
    CURLcode bad = CURLE_OK;

    bad |= curl_easy_setopt(self->easy, CURLOPT_URL,
                            whole ? self->url.ptr : self->origin);
    bad |= curl_easy_setopt(self->easy, CURLOPT_REQUEST_TARGET,
                            whole ? NULL : self->target);
    return bad;
}

bool slu_http_easy_set(struct slu_transfer *self)
{
    CURLcode bad = CURLE_OK;

    if (self->easy == NULL && !make_easy(self)) {
        return false;
    }
    self->curl_text[0] = '\0';
    bad |= curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers);
    self->proxy = choose_proxy(self);
    bad |= set_url(self);
    bad |= curl_easy_setopt(self->easy, CURLOPT_PROXY, self->proxy);
    bad |= curl_easy_setopt(self->easy, CURLOPT_TIMEOUT_MS,
                            (long)self->timeout_ms);
    bad |=
        curl_easy_setopt(self->easy, CURLOPT_FRESH_CONNECT, (long)self->once);
    bad |= set_method(self);
    return bad == CURLE_OK;
}

/* No control byte: it would end the line and begin another header. */
static bool is_line(struct slu_view text, bool with_spaces)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == ' ' || c == '\t' ? !with_spaces : c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool starts_with(struct slu_view text, const char *start)
{
    size_t len = strlen(start);

    return text.len > len && memcmp(text.ptr, start, len) == 0;
}

/* Checks the request and adds up what its texts take. */
static bool check_request(const struct slu_http_request *request,
                          size_t *out_len)
{
    size_t len = 2 * (request->origin.len + 1) + request->target.len;

    if (!starts_with(request->origin, "http://") &&
        !starts_with(request->origin, "https://")) {
        return false;
    }
    if (request->target.len == 0 || request->target.ptr[0] != '/' ||
        !is_line(request->origin, false) || !is_line(request->target, false)) {
        return false;
    }
    for (unsigned i = 0; i < request->header_count; i++) {
        const struct slu_http_header *header = &request->headers[i];

        if (header->name.len == 0 || !is_line(header->name, false) ||
            !is_line(header->value, true)) {
            return false;
        }
        len += header->name.len + header->value.len + sizeof(": ");
    }
    *out_len = len;
    return true;
}

static char *put(char *at, struct slu_view text)
{
    if (text.len > 0) {
        memcpy(at, text.ptr, text.len);
    }
    return at + text.len;
}

/* "Name: value", or libcurl's "Name;" for an empty value. */
static char *put_header(char *at, const struct slu_http_header *header)
{
    at = put(at, header->name);
    if (header->value.len == 0) {
        *at++ = ';';
    } else {
        *at++ = ':';
        *at++ = ' ';
        at = put(at, header->value);
    }
    *at++ = '\0';
    return at;
}

static bool names_content_type(const struct slu_http_request *request)
{
    static const char name[] = "content-type";

    for (unsigned i = 0; i < request->header_count; i++) {
        struct slu_view given = request->headers[i].name;

        if (given.len == sizeof(name) - 1 &&
            strncasecmp(given.ptr, name, given.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Behind the caller's own. libcurl calls every body a form unless it is told
 * not to. */
static void link_headers(struct slu_transfer *self,
                         const struct slu_http_request *request)
{
    unsigned count = request->header_count;

    if (!self->raw) {
        self->headers[count++].data = accept_encoding;
    }
    if (sends_body(self) && !names_content_type(request)) {
        self->headers[count++].data = no_content_type;
    }
    self->headers[count++].data = no_expect;
    for (unsigned i = 0; i + 1 < count; i++) {
        self->headers[i].next = &self->headers[i + 1];
    }
    self->headers[count - 1].next = NULL;
}

/* SLU_HTTP_METHODS for one that isn't known. */
static enum slu_http_method find_method(const char *name)
{
    unsigned method = SLU_HTTP_GET;

    if (name == NULL) {
        return SLU_HTTP_GET;
    }
    while (method < SLU_HTTP_METHODS &&
           strcmp(method_table[method].name, name) != 0) {
        method++;
    }
    return (enum slu_http_method)method;
}

static enum slu_err take_body(struct slu_transfer *self, struct slu_view body,
                              bool lent)
{
    char *room;
    enum slu_err err;

    self->sent = body;
    if (body.len == 0 || lent) {
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(&self->body, body.len, &room);
    if (err == SLU_ERR_OK) {
        memcpy(room, body.ptr, body.len);
        slu_buf_commit(&self->body, body.len);
        self->sent = slu_buf_view(&self->body);
    }
    return err;
}

static enum slu_err take_texts(struct slu_transfer *self,
                               const struct slu_http_request *request,
                               size_t len)
{
    const char *host;
    char *at;
    char *start;

    if (slu_buf_reserve(&self->text, len, &start) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    at = put(start, request->origin);
    host = strchr(memchr(start, ':', len), '/') + 2;
    self->host = slu_view_make(host, (size_t)(at - host));
    self->target = at;
    at = put(at, request->target);
    self->url = slu_view_make(start, (size_t)(at - start));
    *at++ = '\0';
    self->origin = at;
    at = put(at, request->origin);
    *at++ = '\0';
    for (unsigned i = 0; i < request->header_count; i++) {
        self->headers[i].data = at;
        at = put_header(at, &request->headers[i]);
    }
    slu_buf_commit(&self->text, (size_t)(at - start));
    link_headers(self, request);
    return SLU_ERR_OK;
}

enum slu_err slu_http_easy_take(struct slu_transfer *self,
                                const struct slu_http_request *request)
{
    enum slu_err err;
    size_t len;

    assert(request->header_count <= SLU_HTTP_HEADERS_MAX);
    self->method = find_method(request->method);
    self->direct = request->direct;
    self->once = request->once;
    self->raw = request->raw;
    self->timeout_ms = request->timeout_ms;
    if (self->method == SLU_HTTP_METHODS || !check_request(request, &len) ||
        len > SLU_HTTP_TEXT_MAX) {
        return SLU_ERR_CONFIG;
    }
    err = take_body(self, request->body, request->body_lent);
    if (err == SLU_ERR_OK) {
        err = take_texts(self, request, len);
    }
    return err;
}

static void wipe_buf(struct slu_buf *buf)
{
    if (buf->ptr != NULL) {
        explicit_bzero(buf->ptr, buf->capacity);
    }
    slu_buf_clear(buf);
}

void slu_http_easy_wipe(struct slu_transfer *self)
{
    wipe_buf(&self->text);
    wipe_buf(&self->body);
    /* A slot keeps little between two requests. */
    if (self->body.capacity > SLU_HTTP_TEXT_MAX) {
        slu_buf_fini(&self->body);
        slu_buf_init(&self->body, self->http->options.alloc, SLU_HTTP_SENT_MAX);
    }
    self->sent = slu_view_make(NULL, 0);
    self->url = slu_view_make(NULL, 0);
    self->target = NULL;
    self->origin = NULL;
    self->host = slu_view_make(NULL, 0);
}
