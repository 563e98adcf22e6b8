/* SPDX-License-Identifier: Apache-2.0 */
/* What: one request outside of a pull, waited for: how `check` asks. */
#ifndef SLU_ENGINE_PROBE_H
#define SLU_ENGINE_PROBE_H

#include "engine/engine_state.h"

struct slu_probe_answer {
    int status;                 /* HTTP; 0 when there was no answer */
    struct slu_refusal refusal; /* for a status of 400 and more */
    struct slu_error error;     /* no answer: why */
};

/* Whom to ask, with access->api_key. */
struct slu_probe_place {
    struct slu_engine *engine;
    const struct slu_http_config *http;
    const struct slu_source_ops *ops;
    const struct slu_source_access *access;
};

void slu_probe_send(const struct slu_probe_place *place,
                    const struct slu_probe *probe,
                    struct slu_probe_answer *out_answer);

#endif
