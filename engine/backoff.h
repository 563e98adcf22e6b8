/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how long to wait before an attempt is repeated: exponential with full
 * jitter (uniform in 0..min(cap, base * 2^attempt)), never less than what the
 * server named. Pure: the random bits come in as an argument.
 */
#ifndef SLU_ENGINE_BACKOFF_H
#define SLU_ENGINE_BACKOFF_H

#include <stdint.h>

#define SLU_BACKOFF_BASE_MS 250
#define SLU_BACKOFF_CAP_MS 30000

/* The SDKs' of AWS since 2026 (botocore 1.43, AWS_NEW_RETRIES_2026). */
#define SLU_BACKOFF_AWS_BASE_MS 50
#define SLU_BACKOFF_AWS_THROTTLED_MS 1000
#define SLU_BACKOFF_AWS_CAP_MS 20000

struct slu_backoff {
    int64_t base_ms; /* at most 2^31 */
    int64_t cap_ms;
};

/* attempt counts from 0; retry_after_ms is -1 when the server named nothing. */
int64_t slu_backoff_ms(unsigned attempt, int64_t retry_after_ms,
                       uint64_t random);

/* The same with another base and cap. */
int64_t slu_backoff_by(const struct slu_backoff *self, unsigned attempt,
                       int64_t retry_after_ms, uint64_t random);

#endif
