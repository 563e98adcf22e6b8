/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures are those of the SDKs (botocore 1.43, retries/adaptive.py).
 *
 *     rate
 *     peak |------.                   .'        0.4 (t - k)^3 + peak,
 *          |      |          ..--''''           k = cbrt(0.3 peak / 0.4)
 *     0.7  |      |     .-'
 *          |      |  .'
 *          +------+-----------+-------------> t
 *                cut          k
 *
 * Three things differ from the SDKs, which pause a thread for each request:
 *
 * One throttle is one cut. Where requests overlap, those that were out when the
 * first was refused come back refused, too; and a server that counts by the
 * second refuses all until its second is over. So a refusal cuts nothing when
 * it may be of a request sent before the last cut, or within a quarter of a
 * second of it. Without that, 100 requests a second with 500 ms an answer had
 * 38 % of what was allowed, with it 94 % (both modelled, 300 s).
 *
 * The bucket holds what 100 ms bring, at least one token; theirs, of a whole
 * second, lets a burst go after each lull.
 *
 * A time that the server names closes it; theirs delays one request only.
 */
#include "engine/send_rate.h"

#include <assert.h>
#include <math.h>

#define RATE_MIN 0.5
#define MEASURED_MOST 2.0
#define CUT_TO 0.7
#define CUBIC_SCALE 0.4
#define MEASURE_MS 500u
#define SMOOTHING 0.8
#define BUCKET_S 0.1
#define ONE_CUT_MS 250u

/* A sum of fractions may fall short of one by its last bits. */
#define WHOLE_TOKEN (1.0 - 1e-9)

void slu_send_rate_init(struct slu_send_rate *self, uint64_t now_ms)
{
    *self = (struct slu_send_rate){
        .tokens_at_ms = now_ms,
        .bucket = now_ms / MEASURE_MS,
        .cut_ms = now_ms,
    };
}

/* A clock that went back has stood still. */
static double count_seconds(uint64_t since_ms, uint64_t now_ms)
{
    return now_ms > since_ms ? (double)(now_ms - since_ms) / 1000 : 0;
}

/* ---- tokens ---- */

static double count_tokens(const struct slu_send_rate *self, uint64_t now_ms)
{
    double most = fmax(1, self->per_second * BUCKET_S);
    double brought =
        count_seconds(self->tokens_at_ms, now_ms) * self->per_second;

    return fmin(most, self->tokens + brought);
}

static void fill_tokens(struct slu_send_rate *self, uint64_t now_ms)
{
    self->tokens = count_tokens(self, now_ms);
    if (now_ms > self->tokens_at_ms) {
        self->tokens_at_ms = now_ms;
    }
}

bool slu_send_rate_is_open(const struct slu_send_rate *self, uint64_t now_ms,
                           uint64_t *out_at_ms)
{
    double missing;

    if (now_ms < self->closed_until_ms) {
        *out_at_ms = self->closed_until_ms;
        return false;
    }
    if (!self->on) {
        return true;
    }
    missing = 1 - count_tokens(self, now_ms);
    if (missing <= 1 - WHOLE_TOKEN) {
        return true;
    }
    *out_at_ms = now_ms + (uint64_t)ceil(missing / self->per_second * 1000);
    return false;
}

void slu_send_rate_acquire(struct slu_send_rate *self, uint64_t now_ms)
{
    self->flights++;
    if (self->on) {
        fill_tokens(self, now_ms);
        assert(self->tokens >= WHOLE_TOKEN);
        self->tokens = fmax(0, self->tokens - 1);
    }
}

/* ---- the rate ---- */

static void measure(struct slu_send_rate *self, uint64_t now_ms)
{
    uint64_t bucket = now_ms / MEASURE_MS;
    double per_second;

    self->count++;
    if (bucket <= self->bucket) {
        return;
    }
    per_second =
        self->count * (1000.0 / MEASURE_MS) / (double)(bucket - self->bucket);
    self->measured = per_second * SMOOTHING + self->measured * (1 - SMOOTHING);
    self->count = 0;
    self->bucket = bucket;
}

/* What has gathered so far has done so at the old rate. */
static void set_rate(struct slu_send_rate *self, uint64_t now_ms, double rate)
{
    fill_tokens(self, now_ms);
    rate = fmin(rate, MEASURED_MOST * self->measured);
    self->per_second = fmax(rate, RATE_MIN);
}

static void cut(struct slu_send_rate *self, uint64_t now_ms)
{
    self->peak =
        self->on ? fmin(self->measured, self->per_second) : self->measured;
    self->return_s = cbrt(self->peak * (1 - CUT_TO) / CUBIC_SCALE);
    self->cut_ms = now_ms;
    self->stale = self->flights;
    set_rate(self, now_ms, self->peak * CUT_TO);
    if (!self->on) {
        self->on = true;
        self->tokens = 0;
    }
}

static void grow(struct slu_send_rate *self, uint64_t now_ms)
{
    double from_peak_s = count_seconds(self->cut_ms, now_ms) - self->return_s;

    set_rate(self, now_ms,
             CUBIC_SCALE * from_peak_s * from_peak_s * from_peak_s +
                 self->peak);
}

static void close_until(struct slu_send_rate *self, uint64_t at_ms)
{
    if (at_ms > self->closed_until_ms) {
        self->closed_until_ms = at_ms;
    }
}

static bool is_old_news(const struct slu_send_rate *self, bool stale,
                        uint64_t now_ms)
{
    return self->on && (stale || now_ms < self->cut_ms + ONE_CUT_MS);
}

void slu_send_rate_release(struct slu_send_rate *self, uint64_t now_ms,
                           bool throttled, int64_t retry_after_ms)
{
    bool stale = self->stale > 0;

    assert(self->flights > 0);
    self->flights--;
    self->stale -= stale;
    measure(self, now_ms);
    if (throttled && retry_after_ms > 0) {
        close_until(self, now_ms + (uint64_t)retry_after_ms);
    }
    if (!throttled) {
        if (self->on) {
            grow(self, now_ms);
        }
    } else if (!is_old_news(self, stale, now_ms)) {
        cut(self, now_ms);
    }
}
