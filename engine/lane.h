/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one rate-limit domain of a pull and how its server is doing: the API
 * key for GTI; (account, region, operation) for AWS. Its limiter, and the
 * account of an outage: until the first good answer, and again after as many
 * bad ones in a row as can be in flight, requests go one at a time with a
 * back-off between any two, and when that has lasted limits.max_wait the lane
 * is hopeless: what is left of it is given up without a request. Other lanes go
 * on. A lane of AWS has a send rate where others have a window that adapts, and
 * the back-off of the SDKs. Pure: time comes in as an argument.
 */
#ifndef SLU_ENGINE_LANE_H
#define SLU_ENGINE_LANE_H

#include "engine/limiter.h"
#include "engine/send_rate.h"
#include <sluice/err.h>

struct slu_lane {
    struct slu_limiter limiter;
    bool aws; /* rate is told what is throttled, not limiter */
    struct slu_send_rate rate;
    unsigned busy;             /* requests in flight */
    unsigned connections;      /* limits.connections */
    bool welcome;              /* a good answer has come */
    uint64_t bad_since_ms;     /* no good answer since then; 0: the last was */
    unsigned bad_count;        /* answers since then */
    uint64_t refused_since_ms; /* connections in a row; 0: the last was not */
    unsigned knocks;           /* while the server is not welcoming */
    uint64_t quiet_until_ms;   /* no request before */
    uint64_t warned_at_ms;     /* the last retry that was told as a warning */
    struct slu_error hopeless; /* set: what is left is given up */
};

void slu_lane_init(struct slu_lane *self, unsigned connections,
                   uint32_t per_minute, uint64_t now_ms);

/* Behind init: its requests go to AWS. */
void slu_lane_set_aws(struct slu_lane *self, uint64_t now_ms);

/* The account's part of is_open, without the limiter's. */
bool slu_lane_is_calm(const struct slu_lane *self, uint64_t now_ms,
                      uint64_t *out_at_ms);

/* True: a request may be sent now (acquire counts it). False: not before
 * *out_at_ms (UINT64_MAX: not before an answer has come). Hopeless makes no
 * difference here. */
bool slu_lane_is_open(const struct slu_lane *self, uint64_t now_ms,
                      uint64_t *out_at_ms);

/* A request is sent; the lane is open. */
void slu_lane_acquire(struct slu_lane *self, uint64_t now_ms);

/* Its answer came, or the exchange failed; the rest is as for the limiter. */
void slu_lane_release(struct slu_lane *self, uint64_t now_ms, bool throttled,
                      int64_t retry_after_ms, uint64_t random);

/* How long to wait before an attempt is repeated, as slu_backoff_ms. */
int64_t slu_lane_backoff_ms(const struct slu_lane *self, bool throttled,
                            unsigned attempt, int64_t retry_after_ms,
                            uint64_t random);

/* The server is there and answered. */
void slu_lane_note_good(struct slu_lane *self);

/* Another lane of the same server had a good answer: requests need no longer go
 * one by one, unless this lane has its own troubles. */
void slu_lane_greet(struct slu_lane *self);

/* A void answer: for how long nothing has got through, with this one. */
uint64_t slu_lane_note_bad(struct slu_lane *self, uint64_t now_ms);

/* Behind note_bad, where nothing but refused connections counts: for how long
 * it has been nothing else. */
uint64_t slu_lane_note_refused(struct slu_lane *self, bool refused,
                               uint64_t now_ms);

static inline bool slu_lane_is_hopeless(const struct slu_lane *self)
{
    return self->hopeless.code != SLU_ERR_OK;
}

#endif
