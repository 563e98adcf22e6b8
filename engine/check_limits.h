/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the limits of a check: somebody waits for it, so a server that is down
 * is told of within seconds, however long a sync would wait for it. About 15 s
 * in all for each service that is asked: one attempt, the waits, a last one.
 */
#ifndef SLU_ENGINE_CHECK_LIMITS_H
#define SLU_ENGINE_CHECK_LIMITS_H

#include "engine/config.h"

struct slu_check_limits {
    struct slu_limits_config limits; /* max_wait of at most 8 s */
    struct slu_http_config http;     /* 4 s to connect, 10 s without a byte */
};

void slu_check_limits_make(const struct slu_limits_config *limits,
                           const struct slu_http_config *http,
                           struct slu_check_limits *out_limits);

#endif
