/* SPDX-License-Identifier: Apache-2.0 */
/* What the source "guardduty_export" tells the log, a check and the result. */
#include "sources/guardduty_export.h"

#define FAILURES_TOLD 10u

void slu_export_tell(const struct slu_source *self, enum slu_check_kind kind,
                     const char *text)
{
    if (self->port.tell != NULL) {
        self->port.tell(self->port.ctx, kind, text);
    }
}

void slu_export_note_failure(struct slu_source *self,
                             const struct slu_error *error)
{
    bool told = self->failures_told++ >= FAILURES_TOLD;

    self->result.failed_units++;
    if (self->result.first.code == SLU_ERR_OK) {
        self->result.first = *error;
    }
    if (error->code == SLU_ERR_NOMEM) {
        self->broken = true;
    }
    if (self->port.tell != NULL) {
        slu_export_tell(self, SLU_CHECK_FAIL, error->text);
    } else {
        slu_source_log(&self->port, told ? SLU_LOG_DEBUG : SLU_LOG_ERROR, "%s",
                       error->text);
    }
}

void slu_export_note_gap(struct slu_source *self, const struct slu_error *error)
{
    self->result.incomplete_units++;
    if (self->result.first.code == SLU_ERR_OK) {
        self->result.first = *error;
    }
}
