/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the credential pool from the inside, for the files credentials*.c.
 *
 *     IDLE -> DUE -> RUNNING -> IDLE, or DUE again: at the time of the next
 *              |        ^       refresh, or behind a back-off
 *              +-> LINED_UP     others have all places
 *              +-> NO_BASE      the base has nothing valid yet
 *
 * All of it happens on the loop: get and reject only set the timer.
 */
#ifndef SLU_ENGINE_CREDENTIALS_STATE_H
#define SLU_ENGINE_CREDENTIALS_STATE_H

#include "engine/child.h"
#include "engine/credentials.h"
#include "engine/http.h"
#include "engine/random.h"

#include <event2/event.h>
#include <event2/event_struct.h>

/* A sign-in under way holds 300 KB and a connection. */
#define SLU_CREDENTIALS_RUNNING_MAX 8

enum slu_identity_phase {
    SLU_IDENTITY_IDLE,
    SLU_IDENTITY_DUE, /* the timer starts a sign-in */
    SLU_IDENTITY_NO_BASE,
    SLU_IDENTITY_LINED_UP,
    SLU_IDENTITY_RUNNING,
};

/* A request or a child under way, and what has come of it. */
struct slu_identity_exchange {
    struct slu_transfer *transfer;
    struct slu_child *child;
    struct slu_buf body; /* all its room from the start */
    int status;
    int64_t date_s;
    char error_type[128];
    bool too_large;
    bool refused; /* the connection */
};

struct slu_identity {
    struct slu_credential_pool *pool;
    unsigned index;
    enum slu_identity_phase phase;
    struct event timer;
    struct slu_signin *signin;
    struct slu_identity_exchange exchange;
    struct slu_credentials set;  /* no key: none */
    uint64_t generation;         /* of the set; 0: there was none yet */
    uint64_t base_generation;    /* of the base's set, with which an account's
                                    sign-in was begun */
    bool is_rejected;            /* the set is no longer used */
    uint64_t confirmed_until_ms; /* it was rejected, and is all there is */
    bool is_backing_off;         /* DUE behind a failure */
    unsigned failures;           /* in a row */
    uint64_t failing_since_ms;
    bool is_answered;        /* some request was, once */
    struct slu_error failed; /* for good */
};

struct slu_credential_pool {
    struct slu_credential_pool_options options;
    struct slu_http *http; /* made with the first request */
    struct slu_random random;
    int64_t offset_s;
    unsigned running;
    unsigned count;
    struct slu_identity identities[]; /* 0: the base */
};

/* The corrected clock. */
int64_t slu_credentials_wall_s(const struct slu_credential_pool *self);
struct slu_signin_now slu_credentials_now(struct slu_credential_pool *self);

/* There is a set and it may be used now. */
bool slu_identity_is_valid(const struct slu_identity *self);

/* A sign-in begins from the loop, now if it was to be later; nothing when one
 * is under way, or behind a back-off. */
void slu_identity_want(struct slu_identity *self);

/* Goes on with the sign-in under way. */
void slu_identity_drive(struct slu_identity *self);

/* ---- the exchange ---- */

/* Sends what the machine needs; its end comes from the loop, and drives on.
 * False: it can't be sent, *out_error says why. */
bool slu_identity_send(struct slu_identity *self,
                       const struct slu_signin_need *need,
                       struct slu_error *out_error);
bool slu_identity_run(struct slu_identity *self,
                      const struct slu_signin_need *need,
                      struct slu_error *out_error);

/* Cancels what is under way and wipes what has come. */
void slu_identity_stop(struct slu_identity *self);

#endif
