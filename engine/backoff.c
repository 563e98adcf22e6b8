/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/backoff.h"

/* Uniform in 0..bound: the upper half of a 32 x 32 bit product, which needs no
 * division and is biased by less than bound / 2^32. */
static int64_t scale_random(uint64_t random, int64_t bound)
{
    return (int64_t)(((random >> 32) * (uint64_t)(bound + 1)) >> 32);
}

int64_t slu_backoff_by(const struct slu_backoff *self, unsigned attempt,
                       int64_t retry_after_ms, uint64_t random)
{
    int64_t bound = self->cap_ms;
    int64_t wait;

    /* Above 2^16 the cap has long been reached; the shift stays defined. */
    if (attempt < 16 && (self->base_ms << attempt) < bound) {
        bound = self->base_ms << attempt;
    }
    wait = scale_random(random, bound);
    return wait > retry_after_ms ? wait : retry_after_ms;
}

int64_t slu_backoff_ms(unsigned attempt, int64_t retry_after_ms,
                       uint64_t random)
{
    static const struct slu_backoff usual = {SLU_BACKOFF_BASE_MS,
                                             SLU_BACKOFF_CAP_MS};

    return slu_backoff_by(&usual, attempt, retry_after_ms, random);
}
