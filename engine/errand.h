/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: runs an errand (codecs/exchange.h) on the engine's pull: it is made
 * to look like a source that emits nothing. Retries, limits, sign-in and
 * signatures are the pull's.
 * Errors: STOPPED, the store's, NOMEM, CONFIG of the sign-in. What happened to
 * a unit is the errand's to tell.
 */
#ifndef SLU_ENGINE_ERRAND_H
#define SLU_ENGINE_ERRAND_H

#include "engine/pull.h"

struct slu_errand_run {
    const struct slu_alloc *alloc;
    const struct slu_http_config *http;
    const struct slu_limits_config *limits;
    const struct slu_aws_config *aws;
    const struct slu_aws_port *aws_port;    /* NULL: slu_machine_port */
    const struct slu_pull_sign_in *sign_in; /* NULL: credentials.h itself */
    struct slu_pull_session *session;       /* NULL: one of its own */
    struct slu_store *store; /* NULL: nothing is loaded, and put forgets */
    bool read_only;          /* what is put is forgotten */
    struct slu_logger logger;
    struct slu_wake *stop;
    struct slu_wake *room;       /* NULL without a store */
    struct slu_profile *profile; /* or NULL */
};

/* *requests grows by what was sent, retries included; may be NULL. */
SLU_MUST_CHECK enum slu_err slu_errand_go(const struct slu_errand_run *run,
                                          const struct slu_errand_ops *ops,
                                          void *errand, uint64_t *requests,
                                          struct slu_error *out_error);

#endif
