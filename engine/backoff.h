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

/* attempt counts from 0; retry_after_ms is -1 when the server named nothing. */
int64_t slu_backoff_ms(unsigned attempt, int64_t retry_after_ms,
                       uint64_t random);

#endif
