/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: whether a signed request is let in, judged as strictly as the
 * documentation allows: from the bytes of the wire, every x-amz- header
 * signed, names in order, dates that agree.
 * Life cycle: zeroed, server and request set; read; then the key (or, at
 * Roles Anywhere, the certificate); fini.
 */
#ifndef SIM_SIGNIN_H
#define SIM_SIGNIN_H

#include "aws.h"
#include "protocol.h"
#include "sigv4.h"

struct sim_signin {
    struct sim_server *server;
    const struct sim_request *request;
    const char *malformed; /* what is wrong with the target, NULL if nothing */
    const char *service;   /* the one that the request is thought to be for */
    struct sim_sigv4 signature;
    const char *instant; /* X-Amz-Date */
    struct sim_text canonical;
    struct sim_text to_sign;
    enum sim_refusal refusal; /* once a function has returned false */
    struct sim_text message;
};

/* Everything that can be judged without a key; makes the string to sign. */
bool sim_signin_read(struct sim_signin *signin);

/* The key, its token, its age, and the signature. */
bool sim_signin_key(struct sim_signin *signin, struct sim_aws_caller *caller);

/* Sets the refusal; false, to be returned. */
bool sim_signin_refuse(struct sim_signin *signin, enum sim_refusal refusal,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void sim_signin_fini(struct sim_signin *signin);

/* YYYYMMDDTHHMMSSZ whole. */
bool sim_signin_instant(const char *text, int64_t *out_unix_s);

#endif
