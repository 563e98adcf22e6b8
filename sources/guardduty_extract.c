/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One finding to rows. What a finding is, is codecs/finding.h's to say, and how
 * a row's texts read, finding_text.h's; here they meet the port, and whatever
 * is not handed on is counted, so that nothing is lost silently.
 *
 * An EventBridge event is a finding in an envelope. It is known by what a
 * finding always has and an envelope never, so that findings pay nothing for
 * it.
 */
#include "codecs/finding_text.h"
#include "codecs/json_split.h"
#include "sources/guardduty.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

/* What a loop has alone. */
struct extraction {
    struct slu_extract *all;
    const struct slu_source_port *port;
    struct slu_finding_reader *reader;
    struct slu_finding_text *text;
    struct slu_json_split *envelope; /* made when first met */
    /* Of the finding under way: */
    struct slu_unit *unit;
    bool announced; /* port->finding was called */
    size_t row_bytes;
    enum slu_err err;
    char told_unit[SLU_UNIT_NAME_MAX]; /* of something unreadable */
};

struct slu_extract {
    const struct slu_alloc *alloc;
    struct extraction *loops;
    unsigned loop_count;
    /* What was told already, by whichever loop: */
    atomic_bool told_action;
    atomic_bool told_shortened;
    atomic_bool told_cut;
    bool left_telling; /* to the caller */
};

struct slu_extract *slu_extract_new(const struct slu_alloc *alloc,
                                    const struct slu_guardduty_config *config,
                                    const struct slu_source_port *port)
{
    struct slu_finding_options options = {
        .alloc = alloc,
        .record_max = port->record_bytes,
        .groups = slu_guardduty_groups(config),
        .include_samples = config->include_samples,
        .include_archived = config->include_archived,
        .compat_netskope = config->finding_compat != NULL &&
                           strcmp(config->finding_compat, "netskope") == 0,
        .own_list_prefix = port->own_list_prefix,
    };
    unsigned loops = port->loops > 0 ? port->loops : 1;
    struct slu_extract *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    self->loops = slu_alloc_zero(alloc, loops * sizeof(*self->loops));
    self->loop_count = self->loops != NULL ? loops : 0;
    for (unsigned i = 0; i < self->loop_count; i++) {
        self->loops[i].all = self;
        self->loops[i].port = port;
        self->loops[i].reader = slu_finding_reader_new(&options);
        self->loops[i].text = slu_finding_text_new(alloc, port->record_bytes);
        if (self->loops[i].reader == NULL || self->loops[i].text == NULL) {
            slu_extract_free(self);
            return NULL;
        }
    }
    if (self->loop_count == 0) {
        slu_extract_free(self);
        return NULL;
    }
    return self;
}

void slu_extract_free(struct slu_extract *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->loop_count; i++) {
        slu_finding_reader_free(self->loops[i].reader);
        slu_finding_text_free(self->loops[i].text);
        slu_json_split_free(self->loops[i].envelope);
    }
    slu_alloc_put(self->alloc, self->loops,
                  self->loop_count * sizeof(*self->loops));
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

void slu_extract_leave_telling(struct slu_extract *self)
{
    self->left_telling = true;
}

SLU_PRINTF(2, 3)
static void warn(const struct extraction *self, const char *format, ...)
{
    char text[SLU_ERROR_TEXT_MAX + SLU_UNIT_NAME_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    self->port->log(self->port->ctx, SLU_LOG_WARN, text);
}

static void count(const struct extraction *self, enum slu_reason reason,
                  unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        self->port->count(self->port->ctx, self->unit, reason);
    }
}

/* ---- rows ---- */

static enum slu_err announce(struct extraction *self,
                             const struct slu_finding *finding)
{
    struct slu_finding_key key = {finding->id, finding->updated_at.ms};

    if (self->announced) {
        return SLU_ERR_OK;
    }
    self->announced = true;
    return self->port->finding(self->port->ctx, self->unit, &key);
}

/* Names of members and the like, and the finding's own fields, are in each. */
static void add_row_bytes(struct extraction *self, const struct slu_row *row)
{
    self->row_bytes += 512 + row->value.len + row->comments.len +
                       row->finding_id.len + row->finding_arn.len +
                       row->finding_type.len;
    for (unsigned i = 0; i < row->tag_count; i++) {
        self->row_bytes += row->tags[i].len + 3;
    }
}

static enum slu_err hand_row(struct extraction *self,
                             const struct slu_finding *finding,
                             const struct slu_finding_indicator *indicator)
{
    struct slu_finding_tags tags;
    struct slu_row row = {
        .value = indicator->value,
        .kind = indicator->kind,
        .ce_type = slu_finding_text_ce_type(indicator->kind),
        .severity = slu_finding_text_severity(finding, indicator),
        .reputation = SLU_FINDING_REPUTATION,
        .first_seen = finding->first_seen.text,
        .last_seen = finding->last_seen.text,
        .finding_id = finding->id,
        .finding_arn = finding->arn,
        .finding_type = finding->type,
        .account = finding->account,
        .region = finding->region,
    };
    enum slu_err err =
        slu_finding_text_tags(self->text, finding, indicator, &tags);

    if (err == SLU_ERR_OK) {
        row.tags = tags.items;
        row.tag_count = tags.count;
        err = slu_finding_text_comments(self->text, finding, indicator,
                                        &row.comments);
    }
    if (err == SLU_ERR_LIMIT) {
        count(self, SLU_REASON_TOO_LONG, 1);
        return SLU_ERR_OK;
    }
    if (err == SLU_ERR_OK) {
        add_row_bytes(self, &row);
        err = announce(self, finding);
    }
    return err == SLU_ERR_OK
               ? self->port->row(self->port->ctx, self->unit, &row)
               : err;
}

/* A finding without an id has no version to be claimed by: no rows. */
static void on_indicator(void *ctx, const struct slu_finding *finding,
                         const struct slu_finding_indicator *indicator)
{
    struct extraction *self = ctx;

    if (self->err == SLU_ERR_OK && finding->id.len > 0) {
        self->err = hand_row(self, finding, indicator);
    }
}

/* ---- what is not handed on ---- */

static void tell_unreadable(struct extraction *self, const char *why,
                            struct slu_extracted *out)
{
    count(self, SLU_REASON_UNREADABLE, 1);
    (void)snprintf(out->fault, sizeof(out->fault), "%s", why);
    if (!self->all->left_telling &&
        strcmp(self->told_unit, self->unit->name) != 0) {
        memcpy(self->told_unit, self->unit->name, sizeof(self->told_unit));
        warn(self, "%s: a record is left out: %s", self->unit->name, why);
    }
}

static void tell_unknown_action(struct extraction *self,
                                const struct slu_finding *finding)
{
    struct slu_view name = finding->action_type;

    count(self, SLU_REASON_OTHER_TYPE, 1);
    if (!atomic_exchange(&self->all->told_action, true)) {
        name.len = name.len < 80 ? name.len : 80;
        warn(self,
             "finding %.*s has the action %.*s, which this version doesn't "
             "know: an indicator of such actions is not extracted; they are "
             "counted as %s",
             SLU_VIEW_ARGS(finding->id), name.len > 0 ? (int)name.len : 12,
             name.len > 0 ? name.ptr : "of no name",
             slu_reason_name(SLU_REASON_OTHER_TYPE));
    }
}

static void tell_losses(struct extraction *self,
                        const struct slu_finding *finding)
{
    if (finding->reason != SLU_REASON_NONE) {
        count(self, finding->reason,
              finding->indicator_count > 0 ? finding->indicator_count : 1);
        return;
    }
    count(self, SLU_REASON_EMPTY, finding->unusable);
    if (finding->unknown_action) {
        tell_unknown_action(self, finding);
    }
    count(self, SLU_REASON_TOO_LONG, finding->cut);
    if (finding->cut > 0 && !atomic_exchange(&self->all->told_cut, true)) {
        warn(self,
             "finding %.*s has more than %d indicators or %d tags: %u are left "
             "out and counted as %s",
             SLU_VIEW_ARGS(finding->id), SLU_FINDING_INDICATORS_MAX,
             SLU_FINDING_TAGS_MAX, finding->cut,
             slu_reason_name(SLU_REASON_TOO_LONG));
    }
    if (finding->scan_shortened &&
        !atomic_exchange(&self->all->told_shortened, true)) {
        warn(self,
             "finding %.*s and maybe others: GuardDuty itself names only some "
             "of the files that the scan found",
             SLU_VIEW_ARGS(finding->id));
    }
}

/* ---- one record ---- */

/* *out_detail has an empty text when there is none. */
static enum slu_err open_envelope(struct extraction *self,
                                  struct slu_view record,
                                  struct slu_json_event *out_detail)
{
    struct slu_json_split_options options = {
        .alloc = self->all->alloc,
        .members = {"detail"},
        .record_max = self->port->record_bytes,
    };
    enum slu_json_event_kind kind;

    *out_detail = slu_json_event_of(slu_view_make(NULL, 0));
    if (self->envelope == NULL) {
        self->envelope = slu_json_split_new(&options);
        if (self->envelope == NULL) {
            return SLU_ERR_NOMEM;
        }
    }
    slu_json_split_reset(self->envelope);
    slu_json_split_feed(self->envelope, record);
    kind = slu_json_split_next(self->envelope, out_detail);
    return kind == SLU_JSON_ERROR &&
                   slu_json_split_error(self->envelope)->code == SLU_ERR_NOMEM
               ? SLU_ERR_NOMEM
               : SLU_ERR_OK;
}

static bool is_bare(const struct slu_finding *finding)
{
    return finding->type.len == 0 && !finding->updated_at.known;
}

static enum slu_err read_finding(struct extraction *self,
                                 const struct slu_json_event *record,
                                 struct slu_finding *finding,
                                 struct slu_error *error)
{
    struct slu_json_event detail;
    enum slu_err err = slu_finding_read(self->reader, record, on_indicator,
                                        self, finding, error);

    if (err != SLU_ERR_OK || !is_bare(finding) || self->announced) {
        return err;
    }
    err = open_envelope(self, record->text, &detail);
    return err != SLU_ERR_OK || detail.text.len == 0
               ? err
               : slu_finding_read(self->reader, &detail, on_indicator, self,
                                  finding, error);
}

static enum slu_err extract_record(struct extraction *self,
                                   struct slu_unit *unit,
                                   const struct slu_json_event *record,
                                   struct slu_extracted *out)
{
    struct slu_finding finding;
    struct slu_error error = {0};
    enum slu_err err;

    *out = (struct slu_extracted){0};
    self->unit = unit;
    self->announced = false;
    self->row_bytes = 0;
    self->err = SLU_ERR_OK;
    err = read_finding(self, record, &finding, &error);
    if (err == SLU_ERR_NOMEM || self->err != SLU_ERR_OK) {
        return err == SLU_ERR_NOMEM ? err : self->err;
    }
    if (err != SLU_ERR_OK) {
        tell_unreadable(
            self, error.text[0] != '\0' ? error.text : slu_err_sentence(err),
            out);
        return SLU_ERR_OK;
    }
    if (finding.id.len == 0) {
        tell_unreadable(self, "it is no finding, for it has no id", out);
        return SLU_ERR_OK;
    }
    tell_losses(self, &finding);
    err = announce(self, &finding);
    out->id = finding.id;
    out->row_bytes = self->row_bytes;
    out->known = finding.updated_at.known;
    out->updated_ms = finding.updated_at.ms;
    return err;
}

enum slu_err slu_extract_record(struct slu_extract *self, struct slu_unit *unit,
                                const struct slu_json_event *record,
                                struct slu_extracted *out)
{
    return extract_record(&self->loops[unit->loop], unit, record, out);
}
