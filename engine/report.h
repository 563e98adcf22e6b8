/* SPDX-License-Identifier: Apache-2.0 */
/* What: filling `struct slu_report` from the counts of a pull. */
#ifndef SLU_ENGINE_REPORT_H
#define SLU_ENGINE_REPORT_H

#include "engine/answer.h"
#include "engine/http.h"
#include <sluice/engine.h>

void slu_report_counts(struct slu_report *self,
                       const struct slu_answer_counts *counts);
void slu_report_http(struct slu_report *self,
                     const struct slu_http_stats *stats);

#endif
