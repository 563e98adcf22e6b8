/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/report.h"

_Static_assert(SLU_REASON_COUNT <= SLU_REPORT_REASONS_MAX,
               "a report has room for every reason");

void slu_report_counts(struct slu_report *self,
                       const struct slu_answer_counts *counts)
{
    self->items = counts->items;
    self->duplicates = counts->duplicates;
    self->findings = counts->findings;
    self->barren_findings = counts->barren;
    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        self->rows[kind] = counts->rows[kind];
    }
    self->reason_count = 0;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        self->accepted[kind] = counts->accepted[kind];
    }
    for (int reason = 0; reason < SLU_REASON_COUNT; reason++) {
        if (counts->reasons[reason] > 0) {
            self->reasons[self->reason_count++] = (struct slu_report_reason){
                .reason = slu_reason_name((enum slu_reason)reason),
                .count = counts->reasons[reason],
            };
        }
    }
}

void slu_report_http(struct slu_report *self,
                     const struct slu_http_stats *stats)
{
    self->requests = stats->requests;
    self->wire_bytes = stats->wire_bytes;
    self->body_bytes = stats->body_bytes;
    self->in_flight = stats->in_flight;
    self->in_flight_max = stats->in_flight_max;
}
