/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one HTTP/1.x request head, taken apart by the letter of RFC 9112:
 * CRLF only, no folding, no space before a colon, no control bytes, one Host.
 * Limits: SIM_HEAD_MAX bytes, SIM_HEADERS_MAX header lines.
 */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "query.h"

#define SIM_HEAD_MAX 16384
#define SIM_HEADERS_MAX 64
#define SIM_BODY_MAX 65536
#define SIM_HEADER_CAP 256

struct sim_request {
    char method[16];
    char target[SIM_TARGET_MAX];
    bool http11;
    bool keep_alive;
    bool gzip; /* Accept-Encoding and User-Agent both ask for it */
    bool expects;
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

/* `head` is the text up to and without the empty line. False: the connection
   is to be answered with `error` and closed. */
bool sim_request_parse(struct sim_request *request, char *head, size_t len,
                       struct sim_request_error *error);

#endif
