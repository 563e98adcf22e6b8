/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the Authorization header of Signature Version 4, taken apart, and the
 * arithmetic of the signature. Pure; nothing here knows a server.
 *
 *     ALGORITHM Credential=KEY/YYYYMMDD/REGION/SERVICE/aws4_request,
 *         SignedHeaders=a;b;c, Signature=HEX
 *
 * Limits: SIM_SIGV4_MAX bytes, SIM_SIGV4_NAMES signed headers.
 */
#ifndef SIM_SIGV4_H
#define SIM_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

#define SIM_SIGV4_MAX 4096
#define SIM_SIGV4_NAMES 64
#define SIM_SIGV4_KEY 32
#define SIM_SHA256_HEX 65

struct sim_sigv4 {
    char text[SIM_SIGV4_MAX]; /* what the rest points into */
    const char *algorithm;
    const char *key;
    const char *date;
    const char *region;
    const char *service;
    const char *signature;
    const char *name[SIM_SIGV4_NAMES];
    unsigned names;
};

/* NULL, or the sentence that says what is wrong. The order and the number of
   signed headers is not judged here. */
const char *sim_sigv4_parse(struct sim_sigv4 *signature, const char *header);

/* Appends the string to sign; `instant` is YYYYMMDDTHHMMSSZ. */
void sim_sigv4_to_sign(const struct sim_sigv4 *signature, const char *instant,
                       const struct sim_text *canonical, struct sim_text *out);

/* The signing key of this scope, SIM_SIGV4_KEY bytes; it depends on nothing
   else of the signature. */
void sim_sigv4_key(const struct sim_sigv4 *signature, const char *secret,
                   unsigned char *out);

/* The signature that AWS4-HMAC-SHA256 demands; SIM_SHA256_HEX bytes. */
void sim_sigv4_hmac(const unsigned char *key, const struct sim_text *to_sign,
                    char *out);

bool sim_sigv4_signs(const struct sim_sigv4 *signature, const char *name);

void sim_sha256_hex(const void *data, size_t len, char *out);

/* Lower-case; 2 * len + 1 bytes. */
void sim_hex(const unsigned char *data, size_t len, char *out);

#endif
