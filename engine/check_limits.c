/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/check_limits.h"

#define WAIT_MAX_MS 8000
#define CONNECT_MAX_MS 4000
#define IDLE_MAX_MS 10000

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void slu_check_limits_make(const struct slu_limits_config *limits,
                           const struct slu_http_config *http,
                           struct slu_check_limits *out_limits)
{
    out_limits->limits = *limits;
    out_limits->http = *http;
    out_limits->limits.max_wait_ms = least(limits->max_wait_ms, WAIT_MAX_MS);
    out_limits->http.connect_timeout_ms =
        least(http->connect_timeout_ms, CONNECT_MAX_MS);
    out_limits->http.idle_timeout_ms =
        least(http->idle_timeout_ms, IDLE_MAX_MS);
}
