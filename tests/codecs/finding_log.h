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
                                    const struct slu_finding *from,
                                    const struct slu_finding_indicator *of)
{
    struct slu_finding_tags tags;

    if (slu_finding_text_tags(log->text, from, of, &tags) != SLU_ERR_OK) {
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
finding_log_indicator(void *ctx, const struct slu_finding *from,
                      const struct slu_finding_indicator *indicator)
{
    struct finding_log *log = (struct finding_log *)ctx;
    struct slu_view comments = slu_view_make(NULL, 0);

    if (slu_finding_text_comments(log->text, from, indicator, &comments) !=
        SLU_ERR_OK) {
        fprintf(log->out, "no comments ");
    }
    fprintf(log->out, "%u %.*s %s %s %s %s [", indicator->index,
            SLU_VIEW_ARGS(indicator->value), slu_row_kind_name(indicator->kind),
            slu_finding_group_name(indicator->group),
            slu_finding_text_ce_type(indicator->kind),
            slu_finding_text_severity(from, indicator));
    finding_log_tags(log, from, indicator);
    fprintf(log->out, "] %.*s\n", SLU_VIEW_ARGS(comments));
}

static inline void finding_log_head(struct finding_log *log,
                                    const struct slu_finding *from)
{
    fprintf(log->out, "%.*s %.*s %.*s %.*s %.*s %g %.*s/%lld %.*s/%lld ",
            SLU_VIEW_ARGS(from->id), SLU_VIEW_ARGS(from->arn),
            SLU_VIEW_ARGS(from->type), SLU_VIEW_ARGS(from->account),
            SLU_VIEW_ARGS(from->region), from->severity,
            SLU_VIEW_ARGS(from->first_seen.text),
            (long long)from->first_seen.ms, SLU_VIEW_ARGS(from->last_seen.text),
            (long long)from->last_seen.ms);
    fprintf(log->out, "%lld archived %d sample %d %s %.*s %d count %u %u %u\n",
            (long long)from->updated_at.ms, from->archived, from->sample,
            slu_reason_name(from->reason), SLU_VIEW_ARGS(from->action_type),
            from->unknown_action, from->indicator_count, from->unusable,
            from->cut);
}

#endif
