/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logger.h"

#include <stdarg.h>
#include <stdio.h>

void slu_logger_print(const struct slu_logger *self, enum slu_log_level level,
                      const char *format, ...)
{
    char line[SLU_LOG_LINE_MAX];
    va_list args;

    if (self->fn == NULL || level < self->level) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    self->fn(self->ctx, level, line);
}
