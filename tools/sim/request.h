/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one HTTP/1.x request, its head taken apart by the letter of RFC 9112:
 * CRLF only, no folding, no space before a colon, no control bytes, one Host.
 * What a signature covers is kept as it was on the wire: the method, the
 * target's bytes, every header line in order, the body.
 * Only a PUT may have a large body, or one in chunks, or ask first (Expect).
 * Limits: SIM_HEAD_MAX bytes, SIM_HEADERS_MAX header lines, SIM_BODY_MAX, or
 * SIM_UPLOAD_MAX for a PUT.
 * Ownership: header texts and the body point into the connection's buffer,
 * which stays until the answer has been sent.
 */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "query.h"

#define SIM_HEAD_MAX 16384
#define SIM_HEADERS_MAX 64
#define SIM_BODY_MAX (256 << 10)
#define SIM_UPLOAD_MAX (64 << 20)
#define SIM_HEADER_CAP 256

/* Name and value as sent; blanks around the value are no part of it. */
struct sim_header {
    const char *name;
    const char *value;
};

struct sim_request {
    char method[16];
    char target[SIM_TARGET_MAX]; /* raw: nothing is decoded */
    struct sim_header header[SIM_HEADERS_MAX];
    unsigned headers;
    const char *body; /* body_len bytes, and a NUL after them */
    bool http11;
    bool keep_alive;
    bool gzip; /* Accept-Encoding and User-Agent both ask for it */
    bool expects;
    bool chunked; /* body_len is known once the body is there */
    bool accepts_gzip;
    bool gzip_agent;
    bool has_key;
    bool has_accept;
    unsigned hosts;
    unsigned lengths;
    unsigned keys;
    size_t body_len;
    char host[SIM_HEADER_CAP];
    char api_key[SIM_HEADER_CAP];
    char x_tool[SIM_HEADER_CAP];
};

struct sim_request_error {
    int status;
    const char *message;
};

/* `head` is the text up to and without the empty line; it is written to, and
   must stay as long as the request. `body` is the caller's to set. False: the
   connection is to be answered with `error` and closed. */
bool sim_request_parse(struct sim_request *request, char *head, size_t len,
                       struct sim_request_error *error);

/* The first value of the header of that name in any case; NULL if absent. */
const char *sim_request_header(const struct sim_request *request,
                               const char *name);

#endif
