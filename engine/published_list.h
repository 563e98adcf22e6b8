/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: where a list file went, by what the state remembers of the bucket and
 * of GuardDuty's sets: "s3/object/<path>" and "sets/<region>/<path>", as
 * sinks/bucket.h and sinks/sets.h store them. A value that says something else
 * than expected is passed over: this only shows.
 * Limits: SLU_PUBLISHED_SETS_MAX sets, one for each region.
 * Ownership: the texts are kept by the engine until the next call on it.
 */
#ifndef SLU_ENGINE_PUBLISHED_LIST_H
#define SLU_ENGINE_PUBLISHED_LIST_H

#include "engine/engine_state.h"
#include "sinks/sets.h"

/* As struct slu_explained_set has it; content is what the object has, or "". */
const char *slu_published_set_status(const struct slu_set_known *set,
                                     const struct slu_content_name *content);

/* Fills object, object_current, sets and set_count of *out for a list file.
 * The error is the handle's. */
SLU_MUST_CHECK enum slu_err
slu_published_list_find(struct slu_engine *engine, struct slu_store *store,
                        const char *path, struct slu_explanation *out);

#endif
