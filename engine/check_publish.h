/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: runs the check of what publishing needs (sinks/publish_check.h) for one
 * flow; one that publishes nothing has none. It stores nothing.
 * Errors: what the lines that were told as FAIL add up to; AUTH when the
 * sign-in failed or everything was refused.
 */
#ifndef SLU_ENGINE_CHECK_PUBLISH_H
#define SLU_ENGINE_CHECK_PUBLISH_H

#include "engine/engine_state.h"
#include <sluice/check.h>

struct slu_check_publish {
    struct slu_engine *engine;
    unsigned flow;
    const struct slu_http_config *http; /* with the waits of a check */
    const struct slu_limits_config *limits;
    slu_check_fn tell;
    void *ctx;
};

SLU_MUST_CHECK enum slu_err
slu_check_publish(const struct slu_check_publish *place,
                  struct slu_error *out_error);

#endif
