/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the levels of the log. A line begins with its level in brackets:
 * "[INFO] ...". Secrets never reach it.
 */
#ifndef SLU_LOG_H
#define SLU_LOG_H

#include <sluice/api.h>

#ifdef __cplusplus
extern "C" {
#endif

enum slu_log_level {
    SLU_LOG_DEBUG,
    SLU_LOG_INFO,
    SLU_LOG_WARN,
    SLU_LOG_ERROR,
};

/* Receives one line without its end and without the "[LEVEL] ". Called from the
 * thread that runs the engine. */
typedef void (*slu_log_fn)(void *ctx, enum slu_log_level level,
                           const char *text);

/* "INFO" and so on. Never NULL. */
SLU_API const char *slu_log_level_name(enum slu_log_level level);

#ifdef __cplusplus
}
#endif
#endif
