/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the public handle, shared by the files that implement
 * its verbs: engine.c (open, close), sync.c, check.c, status.c, explain.c,
 * indicators.c.
 */
#ifndef SLU_ENGINE_ENGINE_STATE_H
#define SLU_ENGINE_ENGINE_STATE_H

#include "codecs/buf.h"
#include "codecs/guard.h"
#include "engine/config.h"
#include "engine/delivery.h"
#include "engine/log_once.h"
#include "engine/store.h"
#include "engine/wake.h"
#include "sinks/lists.h"
#include "sources/source.h"
#include <sluice/engine.h>

/* Of 100 accounts in 20 regions. */
#define SLU_STATUS_ENTRIES_MAX 2048
#define SLU_STATUS_RUNS_MAX 10
#define SLU_PUBLISHED_SETS_MAX 64
#define SLU_STATUS_SETS_MAX 1024

struct slu_engine {
    const struct slu_alloc *alloc;
    struct slu_options callbacks; /* log, indicator, progress */
    struct slu_log_once told;
    struct slu_logger logger;
    struct slu_config *config;
    const struct slu_top_config *top;
    const struct slu_http_config *http;
    const struct slu_limits_config *limits;
    const struct slu_lists_config *lists;
    struct slu_wake stop;
    struct slu_error error;
    struct slu_delivery_sets sets; /* of the last report */
    /* What status and explain hand out; valid until the next call on the
     * handle. */
    struct slu_buf status_text;
    struct slu_status_entry status_entries[SLU_STATUS_ENTRIES_MAX];
    struct slu_status_run status_runs[SLU_STATUS_RUNS_MAX];
    struct slu_store_run stored_runs[SLU_STATUS_RUNS_MAX];
    struct slu_explained_set published_sets[SLU_PUBLISHED_SETS_MAX];
    struct slu_status_set status_sets[SLU_STATUS_SETS_MAX];
};

/* The flow's source and its section; NULL (and the error is set) for a flow
 * that does not exist. */
const struct slu_source_ops *slu_engine_source(struct slu_engine *self,
                                               unsigned flow,
                                               const void **out_config);

/* Forgets the texts that were handed out, and makes room for others. */
SLU_MUST_CHECK enum slu_err slu_engine_begin_texts(struct slu_engine *self);

/* A copy that lives until the next call on the handle; NULL when there is no
 * room left. */
const char *slu_engine_keep_text(struct slu_engine *self, struct slu_view text);

/* Opens the state for reading. NOT_FOUND: nothing ran yet. */
SLU_MUST_CHECK enum slu_err slu_engine_read_store(struct slu_engine *self,
                                                  struct slu_store **out_store);

/* Keeps the store's error as the handle's, for who was reading to do what. */
enum slu_err slu_engine_fail_store(struct slu_engine *self, enum slu_err err,
                                   const struct slu_store *store);

/* A guard as configured, with the allow file read. */
SLU_MUST_CHECK enum slu_err slu_engine_guard(struct slu_engine *self,
                                             struct slu_guard **out_guard);

/* By the bit of a category: how long its indicators stay; 0: lists.max_age. */
void slu_engine_category_ages(const struct slu_engine *self,
                              int64_t out[SLU_LISTS_CATEGORIES_MAX]);

/* Refuses a source without its key: "API key not found". One in Secrets Manager
 * is looked for later (secret_fetch.h). */
SLU_MUST_CHECK enum slu_err
slu_engine_require_key(struct slu_engine *self,
                       const struct slu_source_access *access);

/* What a source's end is worth. A sign-in that could not even be tried, because
 * of what the user wrote, is CONFIG and not DENIED. */
enum slu_err slu_engine_judge(const struct slu_source_result *result);

#endif
