/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source hands over: sightings are checked, counted and packed into the
 * answer under way; entries are put beside them.
 *
 * Every sighting that has a place in the store goes there, also one that is
 * not wanted for a list: its verdict may take an indicator off a list, and the
 * guard rails are applied again, with the settings of the day, when the lists
 * are settled.
 */
#include "codecs/checks.h"
#include "engine/pull_state.h"

#include <stdio.h>

static struct slu_slot *slot_of(struct slu_unit *unit)
{
    return unit->engine;
}

static struct slu_record make_record(const struct slu_sighting *sighting)
{
    bool assessed = sighting->verdict != SLU_VERDICT_NONE;

    return (struct slu_record){
        .verdict = sighting->verdict,
        .score = assessed ? sighting->score : 0,
        .sources = sighting->source,
        .first_seen = sighting->seen,
        .last_seen = sighting->seen,
        .assessed_at = assessed ? sighting->assessed_at : 0,
    };
}

static void tell_embedder(struct slu_pull *self,
                          const struct slu_record *record)
{
    char text[SLU_VALUE_MAX];
    struct slu_indicator indicator = slu_record_indicator(record, record->key);

    if (record->kind == SLU_RECORD_IP) {
        indicator.value.len = slu_ipv4_format(slu_record_cidr(record), text);
        indicator.value.ptr = text;
    }
    slu_pull_enter_callback(self);
    self->options->callbacks->on_indicator(
        self->options->callbacks->indicator_ctx, &indicator);
    slu_pull_leave_callback(self);
}

static enum slu_err emit(void *ctx, struct slu_unit *unit,
                         const struct slu_sighting *sighting)
{
    struct slu_pull *self = ctx;
    struct slu_slot *slot = slot_of(unit);
    struct slu_answer_counts *counts = &slot->answer.counts;
    struct slu_record record = make_record(sighting);
    uint64_t sample = slu_profile_sample_begin(slot->loop->profile);
    char scratch[SLU_VALUE_MAX];
    enum slu_reason invalid =
        slu_check_value(sighting->kind, sighting->value, scratch, &record);
    enum slu_reason reason = slu_check_wanted(&record, self->access.verdicts,
                                              self->access.min_score);
    enum slu_err err;

    if (reason == SLU_REASON_NONE) {
        reason = invalid;
    }
    if (reason == SLU_REASON_NONE) {
        reason = slu_check_guard(self->options->guard, &record);
    }
    counts->items++;
    if (reason != SLU_REASON_NONE) {
        counts->reasons[reason]++;
    } else {
        counts->accepted[sighting->kind]++;
        if (self->options->callbacks->on_indicator != NULL) {
            tell_embedder(self, &record);
        }
    }
    err = slu_answer_add(&slot->answer, &record);
    slu_profile_sample_end(slot->loop->profile, sample);
    return err;
}

static void count(void *ctx, struct slu_unit *unit, enum slu_reason reason)
{
    struct slu_answer_counts *counts = &slot_of(unit)->answer.counts;

    (void)ctx;
    counts->items++;
    counts->reasons[reason]++;
}

static enum slu_err put(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value)
{
    struct slu_pull *self = ctx;
    char prefix[32];

    (void)snprintf(prefix, sizeof(prefix), "%s/", self->options->ops->name);
    return slu_answer_put(&slot_of(unit)->answer, prefix, key, value);
}

struct line {
    const struct slu_logger *logger;
    enum slu_log_level level;
    const char *text;
};

static enum slu_err print_line(void *arg)
{
    const struct line *line = arg;

    slu_logger_print(line->logger, line->level, "%s", line->text);
    return SLU_ERR_OK;
}

/* The embedder's function is called at home only. */
static void print_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct slu_pull *self = ctx;
    struct line line = {&self->options->logger, level, text};

    if (level >= line.logger->level &&
        slu_pull_at_home(self, print_line, &line) != SLU_ERR_OK) {
        /* The pull ends, and what the line was about with it. */
    }
}

static bool may_send(void *ctx, unsigned lane, unsigned identity)
{
    return slu_pull_may_send(ctx, lane, identity);
}

static void tell(void *ctx, enum slu_check_kind kind, const char *text)
{
    const struct slu_pull_options *options = ((struct slu_pull *)ctx)->options;

    options->tell(options->tell_ctx, kind, text);
}

void slu_pull_port_init(struct slu_pull *self)
{
    self->port = (struct slu_source_port){
        .ctx = self,
        .loops = self->loop_count,
        .emit = emit,
        .finding = slu_pull_finding,
        .row = slu_pull_row,
        .count = count,
        .put = put,
        .part = slu_pull_part,
        .log = print_log,
        .at_home = slu_pull_at_home,
        .may_send = may_send,
        .tell = self->options->tell != NULL ? tell : NULL,
        .aws_region =
            slu_view_str(self->session->settings != NULL
                             ? slu_aws_settings_region(self->session->settings)
                             : ""),
        .own_list_prefix = self->options->own_list_prefix,
        .record_bytes = self->options->limits->record_bytes,
        .connections = (unsigned)self->options->limits->connections,
    };
}
