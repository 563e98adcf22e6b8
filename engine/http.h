/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: many HTTP exchanges at once on one libevent loop, over libcurl's multi
 * socket interface. It knows nothing of sources: it sends a request, inflates
 * the body (engine's own gzip codec; libcurl's decoding is off), and hands on
 * head, body and end.
 *
 * Life cycle: new (on an event_base that outlives it); start any number of
 * transfers; each ends with exactly one on_end, after which it is gone; free
 * cancels what is left without calling on_end.
 *
 * Rules: no libcurl call is made inside a libcurl callback; completions are
 * drained after socket_action; on_end always comes from the loop, never from
 * inside start. A handler may call start, resume and cancel at any time, but
 * not free. At most `connections` transfers are out at once; the rest wait in
 * order of start. on_head comes when the final head has been read (1xx and a
 * proxy's answer to CONNECT are skipped), also for an answer without a body.
 *
 * Back-pressure: on_body may return PAUSE for the bytes it has *taken*: it is
 * called no more until resume. Over HTTP/1.1 the socket is then left unread;
 * what is in memory is at most one 64 KB piece and the kernel's buffers. Over
 * HTTP/2 libcurl goes on receiving up to its window. A transfer paused for 30 s
 * is ended with TIMEOUT, so that it is queued again. While paused nothing else
 * is called: an end, good or bad, waits for resume. resume before PAUSE is
 * returned counts; resume when not paused does nothing.
 *
 * Errors in on_end: NETWORK (resolve, connect, TLS, reset), TIMEOUT (connect;
 * no byte of a body sent or received for idle_timeout), TRUNCATED (body shorter
 * than announced, gzip cut),
 * MALFORMED (gzip damaged, not HTTP), LIMIT (gzip cap), STOPPED (handler said
 * ERROR), CONFIG (URL, CA bundle,
 * a certificate that is refused: no retry can help), NOMEM. A body of unknown
 * length that ends with its connection is whole for HTTP. The sentence names
 * host and port, never a header. idle_timeout is rounded up to seconds.
 */
#ifndef SLU_ENGINE_HTTP_H
#define SLU_ENGINE_HTTP_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

struct event_base;
struct slu_http;
struct slu_profile;
struct slu_transfer;

struct slu_http_options {
    const struct slu_alloc *alloc;
    struct event_base *base;
    unsigned connections; /* most sockets at once */
    bool http2;           /* ask for HTTP/2 over TLS */
    bool verify_tls;
    const char *proxy;          /* "" for none */
    const char *proxy_plain;    /* the same for http; NULL: as for https */
    const char *no_proxy;       /* hosts that are reached without it, as libcurl
                                   reads NO_PROXY; NULL: none */
    bool spare_loopback;        /* no proxy for localhost, 127/8 and ::1 */
    const char *ca_bundle;      /* "" for the system's */
    const char *user_agent;     /* copied; never empty; holds "gzip" */
    int64_t connect_timeout_ms; /* 60,000 */
    int64_t idle_timeout_ms;    /* 60,000: no byte of a body went or came */
    uint64_t body_max;          /* decoded bytes of one body */
    uint32_t ratio_max;         /* gzip bomb */
    int64_t pause_max_ms;       /* 30,000 */
};

struct slu_http_header {
    struct slu_view name;
    struct slu_view value;
};

struct slu_http_request {
    const char *method;     /* "GET", "POST", "PUT", "HEAD", "DELETE"; NULL:
                               "GET" */
    struct slu_view origin; /* "https://host:port" */
    struct slu_view target; /* "/api/v3/...": sent as it is, dot segments too */
    const struct slu_http_header *headers; /* beside those that http adds:
                                   Host, User-Agent, Accept-Encoding: gzip,
                                   Content-Length */
    unsigned header_count;
    struct slu_view body; /* copied, wiped when the transfer ends; POST and PUT
                             send Content-Length: 0 without one. Content-Type
                             only when it is among the headers */
    bool body_lent;       /* not copied: sent from the caller's memory, which
                             stays until on_end, or after a cancel until free */
    bool direct;          /* never through the proxy */
    bool once;            /* on a connection of its own: on one that was used
                             before, libcurl sends what was not answered a
                             second time, and tells nobody */
    bool raw;             /* no Accept-Encoding, and the body as it comes: an
                             object of S3 keeps its own compression */
    int64_t timeout_ms;   /* for the whole exchange, pauses included, once it
                             has a connection's place; 0: none */
};

struct slu_http_head {
    int status;
    int http_version;               /* 10, 11, 20 */
    struct slu_view content_type;   /* empty when absent; these are
                                       cut to 120 bytes */
    struct slu_view retry_after;    /* empty when absent */
    struct slu_view date;           /* empty when absent */
    struct slu_view error_type;     /* x-amzn-ErrorType */
    struct slu_view region;         /* x-amz-bucket-region */
    struct slu_view etag;           /* ETag, with its quotes */
    struct slu_view retry_after_ms; /* x-amz-retry-after, milliseconds */
};

enum slu_http_flow {
    SLU_HTTP_MORE,
    SLU_HTTP_PAUSE, /* bytes taken; no more until resume */
    SLU_HTTP_ERROR, /* end the transfer */
};

struct slu_http_handler {
    void (*on_head)(void *ctx, const struct slu_http_head *head);
    /* Decoded bytes, at most 64 KB at a time. */
    enum slu_http_flow (*on_body)(void *ctx, struct slu_view bytes);
    /* error->code OK: the whole body was received, whatever the status. */
    void (*on_end)(void *ctx, const struct slu_error *error);
};

struct slu_http_stats {
    uint64_t requests;
    uint64_t wire_bytes; /* bodies as received */
    uint64_t body_bytes; /* decoded */
    uint64_t connects;   /* new connections */
    unsigned in_flight;
    unsigned in_flight_max;
    int http_version; /* of the last answer; 0 before the first */
};

SLU_MUST_CHECK enum slu_err slu_http_new(const struct slu_http_options *options,
                                         struct slu_http **out_http,
                                         struct slu_error *out_error);
void slu_http_free(struct slu_http *self);

/* Copies what it needs of the request and the handler. Header values are wiped
 * when the transfer ends. NOMEM, or CONFIG for a method, origin, target or
 * header that can't be sent (scheme, control bytes, more than 64 KB), or LIMIT
 * for a body over 1 MB that isn't lent; what only libcurl finds wrong with the
 * URL is CONFIG in on_end. At most 32 headers. */
SLU_MUST_CHECK enum slu_err
slu_http_start(struct slu_http *self, const struct slu_http_request *request,
               const struct slu_http_handler *handler, void *ctx,
               struct slu_transfer **out_transfer);

void slu_transfer_resume(struct slu_transfer *self);

/* Ends it without on_end. */
void slu_transfer_cancel(struct slu_transfer *take_self);

/* Which is told of what the loop does for HTTP; NULL (as after new): none. */
void slu_http_set_profile(struct slu_http *self, struct slu_profile *profile);

void slu_http_get_stats(const struct slu_http *self,
                        struct slu_http_stats *out_stats);

#endif
