/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three gates in a row, each of which may say no:
 *
 *   blocked    after a throttled answer, until the time named or a back-off
 *   window     open:      at most `window` in flight
 *              throttled: one probe, and only once nothing else is in flight
 *   bucket     `per_minute` tokens a minute, one for each request
 *
 * A burst: when the first 429 comes, the others are still out, and most come
 * back as 429 too. They are `stale`: sent before the news, they neither count
 * as another throttle nor prove that the throttle is over. A probe waits for
 * them, so that an answer is always known to be the probe's. That costs the
 * time of the slowest body in flight, and never a rejected call: those are
 * counted against the quota.
 */
#include "engine/limiter.h"

#include "engine/backoff.h"

#include <assert.h>

#define TOKEN_MICRO 1000000u
#define MINUTE_MS 60000u

/* A bucket holds what 100 ms bring, at least one token: enough to make up for
 * a timer that fires late, too little for a burst to matter. With one token
 * no half-open minute sees more than per_minute requests. */
#define BUCKET_MS 100u

void slu_limiter_init(struct slu_limiter *self, uint32_t connections,
                      uint32_t per_minute, uint64_t now_ms)
{
    assert(connections > 0);
    *self = (struct slu_limiter){
        .window = connections,
        .window_max = connections,
        .tokens_micro = TOKEN_MICRO,
        .tokens_at_ms = now_ms,
        .per_minute = per_minute,
    };
}

static uint64_t count_micro(uint32_t per_minute, uint64_t elapsed_ms)
{
    return elapsed_ms * per_minute * TOKEN_MICRO / MINUTE_MS;
}

static void fill_bucket(struct slu_limiter *self, uint64_t now_ms)
{
    uint64_t elapsed_ms =
        now_ms > self->tokens_at_ms ? now_ms - self->tokens_at_ms : 0;
    uint64_t capacity = count_micro(self->per_minute, BUCKET_MS);

    if (elapsed_ms > MINUTE_MS) {
        elapsed_ms = MINUTE_MS;
    }
    if (capacity < TOKEN_MICRO) {
        capacity = TOKEN_MICRO;
    }
    self->tokens_micro += count_micro(self->per_minute, elapsed_ms);
    if (self->tokens_micro > capacity) {
        self->tokens_micro = capacity;
    }
    if (elapsed_ms > 0) {
        self->tokens_at_ms = now_ms;
    }
}

static bool take_token(struct slu_limiter *self, uint64_t now_ms,
                       uint64_t *out_at_ms)
{
    uint64_t missing;

    if (self->per_minute == 0) {
        return true;
    }
    fill_bucket(self, now_ms);
    if (self->tokens_micro >= TOKEN_MICRO) {
        self->tokens_micro -= TOKEN_MICRO;
        return true;
    }
    missing = (TOKEN_MICRO - self->tokens_micro) * MINUTE_MS;
    missing /= (uint64_t)self->per_minute * TOKEN_MICRO;
    *out_at_ms = now_ms + missing + 1;
    return false;
}

bool slu_limiter_acquire(struct slu_limiter *self, uint64_t now_ms,
                         uint64_t *out_at_ms)
{
    uint32_t most = self->throttles > 0 ? 1 : self->window;

    if (now_ms < self->blocked_until_ms) {
        *out_at_ms = self->blocked_until_ms;
        return false;
    }
    if (self->in_flight >= most) {
        *out_at_ms = UINT64_MAX;
        return false;
    }
    if (!take_token(self, now_ms, out_at_ms)) {
        return false;
    }
    self->in_flight++;
    return true;
}

static void block_until(struct slu_limiter *self, uint64_t now_ms,
                        int64_t wait_ms)
{
    uint64_t until_ms = now_ms + (uint64_t)wait_ms;

    if (until_ms > self->blocked_until_ms) {
        self->blocked_until_ms = until_ms;
    }
}

static void throttle(struct slu_limiter *self, uint64_t now_ms,
                     int64_t retry_after_ms, uint64_t random)
{
    /* A server that names no time, or none to speak of, leaves it to us. */
    int64_t wait_ms = retry_after_ms > 0
                          ? retry_after_ms
                          : slu_backoff_ms(self->throttles, -1, random);

    self->throttles++;
    self->window = self->window > 1 ? self->window / 2 : 1;
    self->good = 0;
    self->stale = self->in_flight;
    block_until(self, now_ms, wait_ms);
}

static void count_good(struct slu_limiter *self)
{
    if (self->throttles > 0) {
        self->throttles = 0;
        self->good = 0;
        return;
    }
    self->good++;
    if (self->good >= self->window && self->window < self->window_max) {
        self->window++;
        self->good = 0;
    }
}

void slu_limiter_release(struct slu_limiter *self, uint64_t now_ms,
                         bool throttled, int64_t retry_after_ms,
                         uint64_t random)
{
    assert(self->in_flight > 0);
    self->in_flight--;
    if (self->stale > 0) {
        self->stale--;
        if (throttled && retry_after_ms > 0) {
            block_until(self, now_ms, retry_after_ms);
        }
        return;
    }
    if (throttled) {
        throttle(self, now_ms, retry_after_ms, random);
    } else {
        count_good(self);
    }
}
