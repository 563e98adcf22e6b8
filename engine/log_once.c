/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_once.h"

#include <stdio.h>
#include <string.h>

static void tell(void *ctx, enum slu_log_level level, const char *text)
{
    struct slu_log_once *self = ctx;

    if (level == SLU_LOG_ERROR) {
        if (slu_log_once_has(self, text)) {
            return;
        }
        (void)snprintf(self->told[self->count % SLU_LOG_ONCE_MAX],
                       SLU_LOG_LINE_MAX, "%s", text);
        self->count++;
    }
    self->fn(self->ctx, level, text);
}

struct slu_logger slu_log_once_init(struct slu_log_once *self, slu_log_fn fn,
                                    void *ctx, enum slu_log_level level)
{
    self->fn = fn;
    self->ctx = ctx;
    slu_log_once_clear(self);
    return (struct slu_logger){fn == NULL ? NULL : tell, self, level};
}

void slu_log_once_clear(struct slu_log_once *self)
{
    self->count = 0;
}

bool slu_log_once_has(const struct slu_log_once *self, const char *text)
{
    unsigned count =
        self->count < SLU_LOG_ONCE_MAX ? self->count : SLU_LOG_ONCE_MAX;

    for (unsigned i = 0; i < count; i++) {
        if (text[0] != '\0' && strstr(self->told[i], text) != NULL) {
            return true;
        }
    }
    return false;
}
