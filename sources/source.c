/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source.h"

#include <stdarg.h>
#include <stdio.h>

void slu_source_log(const struct slu_source_port *port,
                    enum slu_log_level level, const char *format, ...)
{
    char text[SLU_ERROR_TEXT_MAX + 256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    port->log(port->ctx, level, text);
}
