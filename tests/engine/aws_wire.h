/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a signed request as a server sees it: the bytes on the wire, read back
 * and signed once more with the date that stands in them.
 */
#ifndef TESTS_ENGINE_AWS_WIRE_H
#define TESTS_ENGINE_AWS_WIRE_H

#include "codecs/sigv4.h"

/* What the signature should have been made with. */
struct wire_keys {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* "" for none */
    const char *service;
    const char *region;
};

/* False: the signature is not that of these bytes, or a header that must be
 * signed isn't. */
bool wire_is_signed(const char *request, const struct wire_keys *keys);

/* A header's value, as one line of a request; empty when absent. */
struct slu_view wire_header(const char *request, const char *name);

/* x-amz-date in seconds; 0 when absent. */
int64_t wire_date(const char *request);

const char *wire_body(const char *request);

#endif
