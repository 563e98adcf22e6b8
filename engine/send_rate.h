/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how many requests a second one rate-limit domain of AWS is sent, found
 * out by what it refuses, as the SDKs' retry mode "adaptive" does. Off until
 * the first throttled answer; from then on each send takes one token. A
 * throttled answer cuts the rate to 0.7 of what went out; good ones raise it by
 * CUBIC (RFC 9438, section 4.2), first fast, slowly near the rate at which it
 * was cut, then fast again. Pure: time comes in as an argument.
 *
 * Limits: 0.5 requests a second at least, twice what is measured at most. Where
 * less than about 5 a second are allowed, CUBIC comes back to the old rate
 * within a second or two, so that one request in five to ten is a probe that
 * is refused.
 */
#ifndef SLU_ENGINE_SEND_RATE_H
#define SLU_ENGINE_SEND_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct slu_send_rate {
    bool on;
    double per_second; /* allowed */
    double tokens;
    uint64_t tokens_at_ms;
    double measured;          /* answers a second, smoothed */
    uint64_t bucket;          /* the half second that count began in */
    unsigned count;           /* answers since then */
    double peak;              /* the rate that the last cut began from */
    double return_s;          /* from the cut until CUBIC is there again */
    uint64_t cut_ms;          /* when that was */
    uint32_t flights;         /* requests in flight */
    uint32_t stale;           /* of them sent before the last cut */
    uint64_t closed_until_ms; /* named by the server */
};

void slu_send_rate_init(struct slu_send_rate *self, uint64_t now_ms);

/* False: not before *out_at_ms. */
bool slu_send_rate_is_open(const struct slu_send_rate *self, uint64_t now_ms,
                           uint64_t *out_at_ms);

/* A request is sent; it is open. */
void slu_send_rate_acquire(struct slu_send_rate *self, uint64_t now_ms);

/* Its answer came, or the exchange failed. retry_after_ms is what the server
 * named, -1 for nothing; it counts when throttled. */
void slu_send_rate_release(struct slu_send_rate *self, uint64_t now_ms,
                           bool throttled, int64_t retry_after_ms);

#endif
