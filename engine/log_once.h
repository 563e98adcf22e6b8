/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a log in which an error is told once. What a unit fails of is told
 * where it happens, by its source at the end, and by the sync whose error it
 * is: the user reads the first.
 *
 * Limits: the last SLU_LOG_ONCE_MAX errors are remembered.
 * Threads: one, as the log's.
 */
#ifndef SLU_ENGINE_LOG_ONCE_H
#define SLU_ENGINE_LOG_ONCE_H

#include "engine/logger.h"

#include <stdbool.h>

#define SLU_LOG_ONCE_MAX 8

struct slu_log_once {
    slu_log_fn fn;
    void *ctx;
    unsigned count; /* told since clear, those forgotten too */
    char told[SLU_LOG_ONCE_MAX][SLU_LOG_LINE_MAX];
};

/* A logger that drops an error that is a part of one told before. self outlives
 * it. */
struct slu_logger slu_log_once_init(struct slu_log_once *self, slu_log_fn fn,
                                    void *ctx, enum slu_log_level level);

/* A new run: all of it is news. */
void slu_log_once_clear(struct slu_log_once *self);

/* An error with that text, or that and more, has been told. */
bool slu_log_once_has(const struct slu_log_once *self, const char *text);

#endif
