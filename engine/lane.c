/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lane.h"

#include "engine/backoff.h"

#include <assert.h>

void slu_lane_init(struct slu_lane *self, unsigned connections,
                   uint32_t per_minute, uint64_t now_ms)
{
    *self = (struct slu_lane){.connections = connections};
    slu_limiter_init(&self->limiter, connections, per_minute, now_ms);
}

void slu_lane_set_aws(struct slu_lane *self, uint64_t now_ms)
{
    self->aws = true;
    slu_send_rate_init(&self->rate, now_ms);
}

/* Until the server has answered once, requests go one by one: a wrong key or a
 * server that is down costs one call, not as many as may be in flight. */
static unsigned most_in_flight(const struct slu_lane *self)
{
    return self->welcome ? self->connections : 1;
}

bool slu_lane_is_calm(const struct slu_lane *self, uint64_t now_ms,
                      uint64_t *out_at_ms)
{
    if (self->busy >= most_in_flight(self)) {
        *out_at_ms = UINT64_MAX;
        return false;
    }
    if (now_ms < self->quiet_until_ms) {
        *out_at_ms = self->quiet_until_ms;
        return false;
    }
    return true;
}

bool slu_lane_is_open(const struct slu_lane *self, uint64_t now_ms,
                      uint64_t *out_at_ms)
{
    /* Asking fills the limiter's bucket: of a copy, here. */
    struct slu_limiter limiter = self->limiter;

    return slu_lane_is_calm(self, now_ms, out_at_ms) &&
           slu_limiter_acquire(&limiter, now_ms, out_at_ms) &&
           (!self->aws ||
            slu_send_rate_is_open(&self->rate, now_ms, out_at_ms));
}

void slu_lane_acquire(struct slu_lane *self, uint64_t now_ms)
{
    uint64_t at_ms;
    bool open = slu_limiter_acquire(&self->limiter, now_ms, &at_ms);

    assert(open);
    (void)open;
    if (self->aws) {
        slu_send_rate_acquire(&self->rate, now_ms);
    }
    self->busy++;
}

void slu_lane_release(struct slu_lane *self, uint64_t now_ms, bool throttled,
                      int64_t retry_after_ms, uint64_t random)
{
    assert(self->busy > 0);
    self->busy--;
    if (self->aws) {
        slu_send_rate_release(&self->rate, now_ms, throttled, retry_after_ms);
        throttled = false;
    }
    slu_limiter_release(&self->limiter, now_ms, throttled, retry_after_ms,
                        random);
}

int64_t slu_lane_backoff_ms(const struct slu_lane *self, bool throttled,
                            unsigned attempt, int64_t retry_after_ms,
                            uint64_t random)
{
    struct slu_backoff aws = {
        throttled ? SLU_BACKOFF_AWS_THROTTLED_MS : SLU_BACKOFF_AWS_BASE_MS,
        SLU_BACKOFF_AWS_CAP_MS,
    };

    return self->aws ? slu_backoff_by(&aws, attempt, retry_after_ms, random)
                     : slu_backoff_ms(attempt, retry_after_ms, random);
}

void slu_lane_note_good(struct slu_lane *self)
{
    self->bad_since_ms = 0;
    self->bad_count = 0;
    self->refused_since_ms = 0;
    self->knocks = 0;
    self->quiet_until_ms = 0;
    self->welcome = true;
}

void slu_lane_greet(struct slu_lane *self)
{
    if (self->bad_count == 0) {
        self->welcome = true;
    }
}

/* One bad answer may be its unit's own trouble; as many in a row as can be in
 * flight are everybody's. */
uint64_t slu_lane_note_bad(struct slu_lane *self, uint64_t now_ms)
{
    if (self->bad_since_ms == 0) {
        self->bad_since_ms = now_ms;
    }
    self->bad_count++;
    if (self->bad_count >= self->connections) {
        self->welcome = false;
    }
    return now_ms - self->bad_since_ms;
}

uint64_t slu_lane_note_refused(struct slu_lane *self, bool refused,
                               uint64_t now_ms)
{
    if (!refused || self->refused_since_ms == 0) {
        self->refused_since_ms = refused ? now_ms : 0;
    }
    return refused ? now_ms - self->refused_since_ms : 0;
}
