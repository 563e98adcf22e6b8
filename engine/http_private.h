/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the http_*.c files share: the client, one transfer, the head of an
 * answer, the table of watched sockets. Nobody else includes this.
 *
 * A transfer's slot (with its easy handle, its inflate and its piece buffer) is
 * used again by later transfers; its memory is 19 KB, and 60 KB more once it
 * has met gzip.
 *
 * Limits: URL and headers of a request 64 KB, 32 headers, its body 1 MB unless
 * it is lent; head of an answer 256 KB. As many slots are kept as there may be
 * connections.
 */
#ifndef SLU_ENGINE_HTTP_PRIVATE_H
#define SLU_ENGINE_HTTP_PRIVATE_H

#include "codecs/buf.h"
#include "codecs/inflate.h"
#include "engine/http.h"
#include "engine/profile.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#define SLU_HTTP_HEADERS_MAX 32
#define SLU_HTTP_OWN_HEADERS 3 /* that http itself adds or takes away */
#define SLU_HTTP_TEXT_MAX (64u * 1024)
#define SLU_HTTP_SENT_MAX (1024u * 1024)
#define SLU_HTTP_HEAD_BYTES_MAX (256u * 1024)
#define SLU_HTTP_RECEIVE_BYTES (64 * 1024L)
#define SLU_HTTP_UNSENT_BYTES (128 * 1024) /* of an upload, in the kernel */

enum slu_http_encoding {
    SLU_HTTP_IDENTITY,
    SLU_HTTP_GZIP,
    SLU_HTTP_UNKNOWN_ENCODING,
};

/* A header's value, cut to what fits. */
struct slu_http_value {
    size_t len;
    char text[120];
};

/* The head of the answer as it comes in, line by line (http_head.c). */
struct slu_http_answer {
    int status;
    int version;
    bool complete; /* the empty line of the final head has come */
    enum slu_http_encoding encoding;
    size_t bytes;
    struct slu_http_value content_type;
    struct slu_http_value retry_after;
    struct slu_http_value date;
    struct slu_http_value error_type;
    struct slu_http_value region;
    struct slu_http_value etag;
    struct slu_http_value retry_after_ms;
};

/* The order of the table in http_easy.c. */
enum slu_http_method {
    SLU_HTTP_GET,
    SLU_HTTP_POST,
    SLU_HTTP_PUT,
    SLU_HTTP_HEAD_ONLY,
    SLU_HTTP_DELETE,
    SLU_HTTP_METHODS,
};

enum slu_transfer_state {
    SLU_TRANSFER_FREE,    /* in the pool */
    SLU_TRANSFER_WAITING, /* started, not yet handed to libcurl */
    SLU_TRANSFER_RUNNING, /* libcurl has it */
    SLU_TRANSFER_ENDED,   /* libcurl is done; the handler is paused */
};

struct slu_transfer {
    struct slu_http *http;
    TAILQ_ENTRY(slu_transfer) link; /* free, waiting or running */
    TAILQ_ENTRY(slu_transfer) work_link;
    enum slu_transfer_state state;
    struct slu_http_handler handler;
    void *ctx;

    CURL *easy;
    struct slu_buf text;  /* URL and headers; wiped at the end */
    struct slu_view url;  /* whole */
    const char *target;   /* of it, from the path on */
    const char *origin;   /* alone */
    struct slu_view host; /* "host:port", into text */
    const char *proxy;    /* of this request; "" for none */
    struct slu_buf body;  /* a copy of what is sent; wiped at the end */
    struct slu_view sent; /* what is sent: the copy, or what was lent */
    enum slu_http_method method;
    bool direct;
    bool once;
    bool raw;
    int64_t timeout_ms;
    struct curl_slist headers[SLU_HTTP_HEADERS_MAX + SLU_HTTP_OWN_HEADERS];

    bool has_work;    /* is in http->work */
    bool cancelled;   /* the handler is not called any more */
    bool resumed;     /* the handler asked to go on */
    bool paused;      /* the handler said PAUSE */
    bool curl_paused; /* libcurl does not read the socket */
    struct event pause_timer;

    struct slu_http_answer answer;
    struct slu_inflate *inflate; /* made at the first gzip body */
    uint64_t wire_bytes;
    uint64_t body_bytes;
    struct slu_error error; /* why the transfer is to end; the first wins */
    char curl_text[CURL_ERROR_SIZE];
    char piece[CURL_MAX_WRITE_SIZE]; /* the gzip piece being inflated */
};

TAILQ_HEAD(slu_transfer_list, slu_transfer);

struct slu_http_watch; /* one descriptor (http_socket.c) */

struct slu_http_sockets {
    struct slu_http_watch **by_fd; /* NULL: never seen */
    size_t capacity;
    bool failed; /* no memory for a watch: what is out must end */
    struct event timer;
};

struct slu_http {
    struct slu_http_options options; /* texts are copies */
    CURLM *multi;
    bool curl_ready; /* curl_global_init is done */
    bool in_curl;    /* inside a libcurl call: make no other */
    struct slu_http_sockets sockets;
    struct event work_event;
    struct slu_transfer_list idle;
    struct slu_transfer_list waiting; /* in order of start */
    struct slu_transfer_list running; /* RUNNING and ENDED */
    struct slu_transfer_list work;    /* something to do outside libcurl */
    unsigned idle_count;
    struct slu_http_stats stats;
    struct slu_profile *profile;
};

/* http.c: every call of libcurl that may call back is bracketed by these, which
 * assert that none is made inside a callback. */
void slu_http_enter_curl(struct slu_http *self);
void slu_http_leave_curl(struct slu_http *self);

/* http.c: drains completions and does what handlers asked for. To be called
 * after each socket_action. */
void slu_http_settle(struct slu_http *self);

/* http_transfer.c: libcurl is done with it, or it is lost (the code says how).
 * Calls on_end, at once or when a paused handler goes on. */
void slu_transfer_complete(struct slu_transfer *self, CURLcode result);
/* http_transfer.c: what its handler, or a callback, queued it for. */
void slu_transfer_do_work(struct slu_transfer *self);
/* http_transfer.c: hands the first in line to libcurl. on_end when it can't. */
void slu_transfer_admit(struct slu_transfer *self);
/* http_transfer.c: ends it without on_end, now. */
void slu_transfer_drop(struct slu_transfer *self);
/* http_transfer.c: a slot of the pool. */
void slu_transfer_free(struct slu_transfer *self);

/* http_socket.c */
void slu_http_sockets_init(struct slu_http *http);
void slu_http_sockets_fini(struct slu_http *http);
int slu_http_sockets_watch(CURL *easy, curl_socket_t fd, int what, void *ctx,
                           void *socket_ctx);
/* A connection's descriptor, which slu_http_sockets_close will close. */
void slu_http_sockets_opened(struct slu_http *http, curl_socket_t fd);
int slu_http_sockets_close(void *ctx, curl_socket_t fd);
int slu_http_sockets_set_timer(CURLM *multi, long timeout_ms, void *ctx);

/* http_head.c: one line of a head, with its line end. False: over the limit.
 * out_ended: this line closed the final head. */
bool slu_http_answer_read(struct slu_http_answer *self, struct slu_view line,
                          bool *out_ended);

/* http_easy.c: sets what is the same for all requests; false: no memory. */
bool slu_http_easy_set(struct slu_transfer *transfer);

/* http_easy.c: copies a request into the slot; NOMEM, CONFIG or LIMIT. */
SLU_MUST_CHECK enum slu_err
slu_http_easy_take(struct slu_transfer *transfer,
                   const struct slu_http_request *request);
void slu_http_easy_wipe(struct slu_transfer *transfer);

/* http_error.c: what libcurl's answer means, as one sentence. */
void slu_http_explain(const struct slu_transfer *transfer, CURLcode result,
                      struct slu_error *out_error);

/* http_body.c: libcurl's two callbacks, and the rest of a held piece after a
 * pause. False: transfer->error is set or it was cancelled. */
size_t slu_http_body_on_header(char *ptr, size_t size, size_t count, void *ctx);
size_t slu_http_body_on_write(char *ptr, size_t size, size_t count, void *ctx);
bool slu_http_body_go_on(struct slu_transfer *transfer);

/* http.c: settle shall run soon. */
void slu_http_wake(struct slu_http *self);

/* http_transfer.c: queues the transfer for the loop. */
void slu_transfer_queue(struct slu_transfer *self);

#endif
