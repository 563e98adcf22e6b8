/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what an endpoint says to one request: status, headers, and a body
 * that is either bytes ready to send (a blob, shared with the cache) or a
 * feed that renders itself piece by piece, so that a page of any size costs
 * one piece of memory.
 * Ownership: an answer owns one reference of its blob, and its feed.
 */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"
#include "text.h"

/* A feed that is thought smaller than this is rendered at once. */
#define SIM_SMALL_PAGE (1 << 20)

struct sim_json;

struct sim_blob {
    unsigned refs;
    size_t len;
    char data[];
};

struct sim_feed {
    /* Appends the next piece; false when there is none any more. */
    bool (*next)(struct sim_feed *feed, struct sim_text *out);
    void (*rewind)(struct sim_feed *feed);
    void (*free)(struct sim_feed *feed);
    uint64_t estimate; /* bytes in all, roughly */
};

struct sim_answer {
    int status;
    const char *content_type;
    char own_type[256]; /* for content_type, where it is no constant */
    char headers[8192]; /* more header lines, each with CRLF */
    struct sim_blob *blob;
    struct sim_feed *feed;
    bool gzip; /* the blob is, or the feed's bytes will be, compressed */
    const struct sim_fault *fault; /* what the sender and renderer spoil */
    int64_t clock_offset_s;        /* the Date header is off by so much */
    uint64_t *in_flight;           /* less by one when the answer is over */
    bool aws;                      /* counted among the AWS services' */
};

struct sim_blob *sim_blob_new(const void *data, size_t len);
void sim_blob_release(struct sim_blob *blob);

void sim_answer_fini(struct sim_answer *answer);

/* {"error":{"code":...,"message":...}}, never compressed. */
void sim_answer_error(struct sim_answer *answer, int status, const char *code,
                      const char *message);

/* A body as it is. */
void sim_answer_text(struct sim_answer *answer, int status,
                     const char *content_type, const char *body);

/* 200 and the JSON that is done, as a line; both are freed. */
void sim_answer_take_json(struct sim_answer *answer, struct sim_json *take_json,
                          struct sim_text *take_text);

/* A 504 that is not of the service, but of what stands before it. */
void sim_answer_gateway_timeout(struct sim_answer *answer,
                                const char *content_type);

/* Renders a small feed into a blob: whole, spoilt if the fault says so, and
   compressed if answer->gzip. A large one is left to the sender. */
void sim_answer_settle(struct sim_answer *answer);

/* Spoils JSON (truncation is the sender's or settle's): true once done. The
   search for a place begins at `from`. */
bool sim_answer_spoil(enum sim_fault_kind kind, struct sim_text *json,
                      size_t from);

/* A feed of `megabytes` of spaces inside a JSON string. */
struct sim_feed *sim_answer_bomb(int64_t megabytes);

#endif
