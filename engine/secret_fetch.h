/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a source's key that lies in AWS Secrets Manager: fetched before it is
 * needed, and once more when it is refused, for it may have been rotated.
 *
 * Life cycle: init, fetch..., fini (wiped).
 * Errors: those of sources/secret.h, and of engine/errand.h.
 */
#ifndef SLU_ENGINE_SECRET_FETCH_H
#define SLU_ENGINE_SECRET_FETCH_H

#include "engine/engine_state.h"
#include "engine/errand.h"
#include "sources/secret.h"

struct slu_fetched_key {
    struct slu_engine *engine;
    const struct slu_http_config *http;
    const struct slu_limits_config *limits;
    const struct slu_secret *secret;
    struct slu_pull_session *session; /* NULL, or to be set behind init */
    struct slu_secret_fetch *fetch;
};

/* The key is in Secrets Manager. */
bool slu_fetched_key_is_wanted(const struct slu_secret *secret);

/* http and limits: the engine's, or those of a check. */
void slu_fetched_key_init(struct slu_fetched_key *self,
                          struct slu_engine *engine,
                          const struct slu_secret *secret,
                          const struct slu_http_config *http,
                          const struct slu_limits_config *limits);
void slu_fetched_key_fini(struct slu_fetched_key *self);

/* *out_value lives until the next fetch or fini. */
SLU_MUST_CHECK enum slu_err slu_fetched_key_fetch(struct slu_fetched_key *self,
                                                  const char **out_value,
                                                  struct slu_error *out_error);

/*
 * slu_pull_run with the source's key, wherever it is. A key from Secrets
 * Manager that is refused (AUTH) is fetched again, and if it is another one now
 * the pull is run once more: what was committed stays, and the counters go on.
 */
SLU_MUST_CHECK enum slu_err
slu_keyed_pull_run(struct slu_engine *engine, const struct slu_secret *key,
                   struct slu_pull_options *options, struct slu_report *report,
                   struct slu_pull_result *out_result);

#endif
