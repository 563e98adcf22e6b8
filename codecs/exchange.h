/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the interface between the engine and whatever asks over the network: a
 * sans-I/O state machine of *units*, each with at most one request in flight.
 * Sources (sources/source.h) and errands (below) speak it alike.
 *
 *     next_request(now)      REQUEST: send it; on_head, on_body*, on_end come
 *                            later for request.unit
 *                            WAIT: ask again at *out_wait_until_ms, or after
 *                            the next on_end
 *                            DONE: nothing more will come
 *
 * What a unit puts belongs to the answer under way: the engine makes it durable
 * in one transaction when on_end says COMMIT, and forgets it when on_end says
 * RETRY or FAILED.
 *
 * Limits: a key is at most 200 bytes, a stored value at most 8 KiB.
 */
#ifndef SLU_CODECS_EXCHANGE_H
#define SLU_CODECS_EXCHANGE_H

#include <sluice/err.h>
#include <sluice/log.h>
#include <sluice/view.h>

#include <stdint.h>

#define SLU_UNIT_NAME_MAX 120

/* Head of every unit; the source's own struct has it as its first member. The
 * engine keeps its retry account and its loop in it and touches nothing else. A
 * unit whose on_end or give_up was called stays valid until the next
 * next_request. */
struct slu_unit {
    char name[SLU_UNIT_NAME_MAX]; /* for people: "malware 2025080705 domain" */
    uint64_t not_before_ms;       /* monotonic; next_request honours it */
    uint64_t waited_ms;           /* in retries of the present request */
    unsigned attempts;            /* of the present request, from 0 */
    unsigned loop;                /* that its on_head and on_body come on; 0 is
                                     the thread of all other calls */
    void *engine;                 /* the engine's, NULL when idle */
};

struct slu_now {
    uint64_t mono_ms; /* monotonic: waits */
    int64_t wall_s;   /* seconds since 1970, UTC: windows and hours */
};

enum slu_auth {
    SLU_AUTH_NONE,
    SLU_AUTH_API_KEY, /* header x-apikey */
    SLU_AUTH_SIGV4,   /* signed by the engine, anew at every attempt */
};

enum slu_channel {
    SLU_CHANNEL_HTTP,
    SLU_CHANNEL_FILE,   /* target is a path: its bytes, status 200; status 404
                           or 403 with an empty body for one that isn't there
                           or can't be read */
    SLU_CHANNEL_FOLDER, /* target is a folder: the body is a line "SIZE MTIME_S
                           PATH" for every regular file below it, sorted by
                           path, which is relative to the folder (links to
                           folders are not followed), and a line "! SENTENCE"
                           for what had to be left out */
};

enum slu_method {
    SLU_METHOD_GET,
    SLU_METHOD_POST,
    SLU_METHOD_PUT,
    SLU_METHOD_HEAD,
    SLU_METHOD_DELETE,
};

/* For SLU_AUTH_SIGV4: who asks whom. The origin is made of it by the engine
 * (codecs/aws_endpoint.h with the settings of the machine). */
struct slu_aws_scope {
    struct slu_view service; /* "guardduty", "s3": as it is signed */
    struct slu_view region;  /* empty: aws.region */
    struct slu_view bucket;  /* of S3, else empty */
    unsigned identity;       /* 0: the base one; k: accounts[k - 1]'s role */
};

#define SLU_REQUEST_HEADERS_MAX 8
#define SLU_REQUEST_LENT_MAX (140u * 1024 * 1024)

struct slu_request_header {
    struct slu_view name; /* lower case: "if-match" */
    struct slu_view value;
};

/* Views stay valid until on_end or give_up of its unit. */
struct slu_request {
    struct slu_unit *unit;
    enum slu_channel channel;
    enum slu_method method;
    struct slu_view target; /* path and query behind the origin, as on the wire;
                               of S3 behind the bucket: "/key" */
    struct slu_view accept; /* value of the Accept header; may be empty */
    struct slu_view content_type; /* with a body */
    struct slu_view body;
    const struct slu_request_header *headers; /* beside these; x-amz-* among
                                   them are signed. Not over SLU_CHANNEL_FILE */
    unsigned header_count; /* at most SLU_REQUEST_HEADERS_MAX */
    bool body_lent;        /* the body is not copied: for one of up to
                              SLU_REQUEST_LENT_MAX bytes; else 1 MB */
    bool once; /* what was not answered isn't sent again unasked: a connection
                  of its own, for whom a second time is worse than its cost.
                  Not over SLU_CHANNEL_FILE */
    enum slu_auth auth;
    struct slu_aws_scope aws;
    unsigned lane; /* its rate-limit domain, below the machine's lanes */
};

/* Views die with the call and are empty when the header is absent. */
struct slu_answer_head {
    int status;                 /* HTTP */
    struct slu_view error_type; /* x-amzn-ErrorType */
    struct slu_view region;     /* x-amz-bucket-region */
    struct slu_view etag;       /* with its quotes, as S3 gives it */
};

/* How the exchange ended below the machine: OK means that the whole body was
 * received and decoded, whatever the status. AUTH, DENIED and CONFIG come
 * without a head: the identity could not be signed in (for good), nothing was
 * sent, and the sentence says why. */
struct slu_answer_end {
    enum slu_err err;              /* OK, NETWORK, TIMEOUT, TRUNCATED, ... */
    const struct slu_error *error; /* detail; NULL when OK */
};

enum slu_turn {
    SLU_TURN_REQUEST,
    SLU_TURN_WAIT,
    SLU_TURN_DONE,
};

enum slu_step_kind {
    SLU_STEP_COMMIT, /* the answer counts */
    SLU_STEP_RETRY,  /* the answer is void; the engine decides when to ask
                        again and sets unit->not_before_ms, or gives up */
    SLU_STEP_FAILED, /* the answer is void and the unit is over */
    SLU_STEP_DENIED, /* like FAILED: the credentials are refused altogether
                        (401): the engine ends the run with exit code 3. A
                        source whose lanes have several identities says FAILED
                        and goes on with the others */
};

struct slu_step {
    enum slu_step_kind kind;
    bool throttled;         /* RETRY: a 429; slows its whole lane down */
    bool distinct;          /* COMMIT: no other answer brings these sightings
                               again, so nobody need look for repeats */
    bool daily_quota;       /* RETRY: the quota that resets at 00:00 UTC */
    struct slu_error error; /* RETRY, FAILED, DENIED: one sentence */
};

enum slu_body_verdict {
    SLU_BODY_MORE,
    SLU_BODY_ERROR, /* no use in reading on; on_end is told MALFORMED */
};

/* ---- errands: what a sink, or the fetching of a secret, asks ---- */

/* What the engine lends an errand for one run. put may be called from on_body
 * and on_end only, log and may_send from anywhere. */
struct slu_errand_port {
    void *ctx;
    /* Stores value under "<ops->name>/<key>" with the answer under way; an
     * empty value deletes it. */
    enum slu_err (*put)(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value);
    void (*log)(void *ctx, enum slu_log_level level, const char *text);
    /* As in struct slu_source_port: an errand with several lanes asks it before
     * it hands out a request. */
    bool (*may_send)(void *ctx, unsigned lane, unsigned identity);
    struct slu_view aws_region; /* where none is named */
    bool read_only; /* nothing may be written anywhere: a plan or a check */
};

/*
 * All calls come from one thread, whatever limits.threads says.
 *
 * The instance is made and freed by its owner, outlives the run, and is asked
 * for its outcome after it; it may be run again. Each run: load* (what is
 * stored under "<name>/"; a key loaded again replaces what was known), start,
 * then the exchange until DONE. A unit that failed is no error of the run.
 */
struct slu_errand_ops {
    const char *name; /* "s3": before its stored keys */
    unsigned (*lanes)(const void *self);
    enum slu_err (*load)(void *self, struct slu_view key,
                         struct slu_view value);
    enum slu_err (*start)(void *self, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error);
    enum slu_turn (*next_request)(void *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms);
    void (*on_head)(void *self, struct slu_unit *unit,
                    const struct slu_answer_head *head);
    enum slu_body_verdict (*on_body)(void *self, struct slu_unit *unit,
                                     struct slu_view bytes);
    void (*on_end)(void *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step);
    /* The engine will not retry this unit any more. */
    void (*give_up)(void *self, struct slu_unit *unit,
                    const struct slu_error *error);
};

#endif
