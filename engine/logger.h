/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one place that formats a log line and hands it to the embedder's
 * function. Lines below the level are not made.
 */
#ifndef SLU_ENGINE_LOGGER_H
#define SLU_ENGINE_LOGGER_H

#include <sluice/log.h>

#define SLU_LOG_LINE_MAX 1024

struct slu_logger {
    slu_log_fn fn; /* NULL: no log */
    void *ctx;
    enum slu_log_level level;
};

void slu_logger_print(const struct slu_logger *self, enum slu_log_level level,
                      const char *format, ...) SLU_PRINTF(3, 4);

#endif
