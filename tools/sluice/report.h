/* SPDX-License-Identifier: Apache-2.0 */
/* What: the report of a sync and the answer to status, for people (80 columns)
 * and for programs (one JSON object on one line). */
#ifndef SLU_CLI_REPORT_H
#define SLU_CLI_REPORT_H

#include <sluice/engine.h>
#include <stdio.h>

/* error: the sentence of a failure; NULL: none. */
void slu_cli_report_text(FILE *to, const struct slu_report *report,
                         int exit_code);
void slu_cli_report_json(FILE *to, const struct slu_report *report,
                         int exit_code, const char *error);

/* Of a report that is profiled; nothing of another. As a member of an object,
 * with a leading comma. */
void slu_cli_profile_text(FILE *to, const struct slu_report *report);
void slu_cli_profile_json(FILE *to, const struct slu_report *report);

/* The table of files; changed: say which of them this run wrote. As JSON a
 * member of an object, with a leading comma. */
void slu_cli_files_text(FILE *to, const char *dir,
                        const struct slu_report_file *files, unsigned count,
                        bool changed);
void slu_cli_files_json(FILE *to, const struct slu_report_file *files,
                        unsigned count);

/* What wasn't accepted, or listed. A member of an object, with a leading comma.
 */
void slu_cli_reasons_json(FILE *to, const struct slu_report_reason *reasons,
                          unsigned count);

/* A line of a table of two columns, IPs and domains. */
void slu_cli_kinds_text(FILE *to, const char *label,
                        const uint64_t counts[SLU_KIND_COUNT]);

void slu_cli_status_text(FILE *to, const struct slu_status *status);
void slu_cli_status_json(FILE *to, const struct slu_status *status);

#endif
