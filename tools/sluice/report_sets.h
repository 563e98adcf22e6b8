/* SPDX-License-Identifier: Apache-2.0 */
/* What: the parts of a report that are about publishing. Text prints nothing
 * where there is nothing to say; JSON prints members behind others. */
#ifndef SLU_CLI_REPORT_SETS_H
#define SLU_CLI_REPORT_SETS_H

#include "tools/sluice/report.h"

void slu_cli_categories_text(FILE *to, const struct slu_report *report);
void slu_cli_categories_json(FILE *to, const struct slu_report *report);

/* Of a status. */
void slu_cli_published_text(FILE *to, const struct slu_status *status);
void slu_cli_published_json(FILE *to, const struct slu_status *status);

void slu_cli_publication_text(FILE *to, const struct slu_report *report);
void slu_cli_publication_json(FILE *to, const struct slu_report *report);

#endif
