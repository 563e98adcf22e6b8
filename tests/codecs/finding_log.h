/* SPDX-License-Identifier: Apache-2.0 */
/* Writes down all that a reader says of a finding, so that two can be compared:
 * its head, one line; and a line an indicator. */
#ifndef SLU_TESTS_CODECS_FINDING_LOG_H
#define SLU_TESTS_CODECS_FINDING_LOG_H

#include "codecs/finding_text.h"

#include <stdio.h>

struct finding_log {
    FILE *out;
    struct slu_finding_text *text;
};

static inline void finding_log_tags(struct finding_log *log,
                                    const struct slu_finding *finding,
                                    const struct slu_finding_indicator *of)
{
    struct slu_finding_tags tags;

    if (slu_finding_text_tags(log->text, finding, of, &tags) != SLU_ERR_OK) {
        fprintf(log->out, " no tags");
        return;
    }
    for (unsigned i = 0; i < tags.count; i++) {
        fprintf(log->out, "%s%.*s", i == 0 ? "" : ",",
                SLU_VIEW_ARGS(tags.items[i]));
    }
}

/* A slu_finding_indicator_fn; ctx is a struct finding_log. */
static inline void
finding_log_indicator(void *ctx, const struct slu_finding *finding,
                      const struct slu_finding_indicator *indicator)
{
    struct finding_log *log = (struct finding_log *)ctx;
    struct slu_view comments = slu_view_make(NULL, 0);

    if (slu_finding_text_comments(log->text, finding, indicator, &comments) !=
        SLU_ERR_OK) {
        fprintf(log->out, "no comments ");
    }
    fprintf(log->out, "%u %.*s %s %s %s %s [", indicator->index,
            SLU_VIEW_ARGS(indicator->value),
            slu_finding_kind_name(indicator->kind),
            slu_finding_group_name(indicator->group),
            slu_finding_text_ce_type(indicator->kind),
            slu_finding_text_severity(finding, indicator));
    finding_log_tags(log, finding, indicator);
    fprintf(log->out, "] %.*s\n", SLU_VIEW_ARGS(comments));
}

static inline void finding_log_head(struct finding_log *log,
                                    const struct slu_finding *finding)
{
    fprintf(log->out, "%.*s %.*s %.*s %.*s %.*s %g %.*s/%lld %.*s/%lld ",
            SLU_VIEW_ARGS(finding->id), SLU_VIEW_ARGS(finding->arn),
            SLU_VIEW_ARGS(finding->type), SLU_VIEW_ARGS(finding->account),
            SLU_VIEW_ARGS(finding->region), finding->severity,
            SLU_VIEW_ARGS(finding->first_seen.text),
            (long long)finding->first_seen.ms,
            SLU_VIEW_ARGS(finding->last_seen.text),
            (long long)finding->last_seen.ms);
    fprintf(log->out, "%lld archived %d sample %d %s %.*s %d count %u %u %u\n",
            (long long)finding->updated_at.ms, finding->archived,
            finding->sample, slu_reason_name(finding->reason),
            SLU_VIEW_ARGS(finding->action_type), finding->unknown_action,
            finding->indicator_count, finding->unusable, finding->cut);
}

#endif
