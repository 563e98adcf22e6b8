/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how fast one rate-limit domain (an API key) may be asked: a token
 * bucket when a rate is configured, and a window of requests in flight that
 * adapts: halved by a throttled answer, then blocked until the time the server
 * named (or a jittered back-off), reopened with one probe, grown by one for
 * each window of good answers. The 429s of requests that were already out when
 * the first came are one throttle, and while throttled at most one request is
 * in flight: rejected calls count against the quota. Pure: time comes in as an
 * argument.
 */
#ifndef SLU_ENGINE_LIMITER_H
#define SLU_ENGINE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct slu_limiter {
    uint32_t window;     /* requests that may be in flight now */
    uint32_t window_max; /* limits.connections */
    uint32_t in_flight;
    uint32_t good;      /* good answers since the window last grew */
    uint32_t throttles; /* in a row, without a good answer between */
    uint32_t stale;     /* in flight since before the last throttle: their
                           answers say nothing new */
    uint64_t blocked_until_ms;
    uint64_t tokens_micro; /* token bucket, millionths */
    uint64_t tokens_at_ms;
    uint32_t per_minute; /* 0: no bucket */
};

void slu_limiter_init(struct slu_limiter *self, uint32_t connections,
                      uint32_t per_minute, uint64_t now_ms);

/* True: a request may be sent now, and is counted. False: not before
 * *out_at_ms (UINT64_MAX: not before an answer has come). */
bool slu_limiter_acquire(struct slu_limiter *self, uint64_t now_ms,
                         uint64_t *out_at_ms);

/* An answer came (or the exchange failed). throttled: a 429; retry_after_ms is
 * what the server named, -1 for nothing; random is 64 random bits. */
void slu_limiter_release(struct slu_limiter *self, uint64_t now_ms,
                         bool throttled, int64_t retry_after_ms,
                         uint64_t random);

#endif
