/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an indicator is where it is. Three things are asked: the state (what is
 * known of it, folded or pending), today's settings (what they make of it), and
 * the list files (where it stands, by itself or in a wider line). They may
 * disagree: between a change and the next sync, and that is then said.
 */
#include "codecs/list_text.h"
#include "codecs/plain_text.h"
#include "codecs/time_text.h"
#include "codecs/typed_value.h"
#include "engine/clock.h"
#include "engine/engine_state.h"
#include "engine/line_search.h"
#include "engine/published_list.h"
#include "sinks/rank.h"
#include "sources/gti.h"

#include <stdarg.h>
#include <stdio.h>

struct explaining {
    struct slu_engine *engine;
    struct slu_explanation *out;
    struct slu_store *store;
    struct slu_guard *guard;
    struct slu_lists_options lists;
    struct slu_view typed; /* without the blanks around it */
    struct slu_typed_value value;
    struct slu_record record; /* what is known of it */
    struct slu_line_search lines;
};

static const char *format_time(uint32_t seconds, char iso[SLU_ISO_TEXT_LEN + 1])
{
    slu_time_format_iso(seconds, iso);
    iso[SLU_ISO_TEXT_LEN] = '\0';
    return iso;
}

static enum slu_err say(struct explaining *self, const char *reason,
                        const char *format, ...) SLU_PRINTF(3, 4);

static enum slu_err say(struct explaining *self, const char *reason,
                        const char *format, ...)
{
    va_list arguments;

    self->out->reason = reason;
    va_start(arguments, format);
    (void)vsnprintf(self->out->text, sizeof(self->out->text), format,
                    arguments);
    va_end(arguments);
    return SLU_ERR_OK;
}

/* ---- what the state knows ---- */

static enum slu_err find_record(struct explaining *self,
                                enum slu_record_kind kind, struct slu_view key)
{
    enum slu_err err;

    if (self->out->known) {
        return SLU_ERR_OK;
    }
    err = slu_store_find(self->store, kind, key, &self->record,
                         &self->out->known);
    return err == SLU_ERR_OK
               ? err
               : slu_engine_fail_store(self->engine, err, self->store);
}

/* A valid value may have been received where it was none: an address as a
 * domain. So its own kind comes first, then what was rejected as it came. */
static enum slu_err find_known(struct explaining *self)
{
    enum slu_record_kind kind =
        self->value.kind == SLU_KIND_IP ? SLU_RECORD_IP : SLU_RECORD_DOMAIN;
    enum slu_err err = SLU_ERR_OK;

    if (self->value.reason == SLU_REASON_NONE) {
        err = find_record(self, kind,
                          slu_view_make(self->value.key, self->value.key_len));
    }
    if (err == SLU_ERR_OK) {
        err = find_record(self, SLU_RECORD_INVALID_IP, self->typed);
    }
    if (err == SLU_ERR_OK) {
        err = find_record(self, SLU_RECORD_INVALID_DOMAIN, self->typed);
    }
    if (err != SLU_ERR_OK || self->out->known) {
        return err;
    }
    self->record = (struct slu_record){
        .kind = kind,
        .key = slu_view_make(self->value.key, self->value.key_len)};
    return SLU_ERR_OK;
}

static enum slu_err refuse_value(struct explaining *self)
{
    char shown[80];

    slu_plain_text_copy(self->typed, shown, sizeof(shown));
    return slu_error_set(&self->engine->error, SLU_ERR_CONFIG,
                         "\"%s\" is no indicator (%s: %s); expected an IPv4 "
                         "address, a CIDR range or a domain, such as "
                         "203.0.113.9, 203.0.113.0/24 or example.com",
                         shown, slu_reason_name(self->value.reason),
                         slu_reason_meaning(self->value.reason));
}

static enum slu_err fill_indicator(struct explaining *self)
{
    const struct slu_record *record = &self->record;
    char entry[SLU_VALUE_MAX];
    struct slu_view value = record->key;
    const char *kept;

    if (slu_record_is_valid(record)) {
        value = slu_view_make(entry, slu_list_entry(record, entry));
    }
    kept = slu_engine_keep_text(self->engine, value);
    if (kept == NULL) {
        return slu_error_set(&self->engine->error, SLU_ERR_NOMEM,
                             "out of memory");
    }
    self->out->indicator =
        slu_record_indicator(record, slu_view_make(kept, value.len));
    return SLU_ERR_OK;
}

/* ---- where it stands ---- */

static enum slu_err search_lists(struct explaining *self)
{
    const struct slu_strings *files = slu_lists_config_files(
        self->engine->lists, slu_record_indicator_kind(&self->record));
    enum slu_err err = SLU_ERR_OK;

    if (!slu_record_is_valid(&self->record)) {
        return SLU_ERR_OK;
    }
    self->lines.wanted = self->record;
    for (unsigned i = 0; i < files->count && err == SLU_ERR_OK; i++) {
        err = slu_line_search_file(&self->lines, self->engine->top->output_dir,
                                   files->items[i], &self->engine->error);
    }
    self->out->path = self->lines.path;
    self->out->line = self->lines.line;
    if (self->lines.wider_path != NULL) {
        (void)snprintf(self->out->covered_by, sizeof(self->out->covered_by),
                       "%s", self->lines.wider);
        self->out->covered_path = self->lines.wider_path;
        self->out->covered_line = self->lines.wider_line;
    }
    return err;
}

/* Of the list that it is in, or else of the one that lists it all the same. */
static enum slu_err find_published(struct explaining *self)
{
    const char *path =
        self->out->path != NULL ? self->out->path : self->out->covered_path;

    return path == NULL ? SLU_ERR_OK
                        : slu_published_list_find(self->engine, self->store,
                                                  path, self->out);
}

/* ---- over capacity ---- */

/* The last of those that have a place. */
struct cut {
    uint64_t listed;
    uint64_t bits; /* its rank */
    struct slu_record last;
};

static uint64_t rank_record(const struct slu_record *record)
{
    return slu_rank_order_bits(slu_rank_make(record, 0, 0));
}

static enum slu_err measure_cut(void *ctx, const struct slu_record *record)
{
    struct cut *cut = ctx;
    uint64_t bits = rank_record(record);

    if (record->place_file == 0) {
        return SLU_ERR_OK;
    }
    if (cut->listed == 0 || bits <= cut->bits) {
        cut->bits = bits;
        cut->last = *record;
        cut->last.key = slu_view_make(NULL, 0); /* it dies with this call */
    }
    cut->listed++;
    return SLU_ERR_OK;
}

/* Whether the last sync left it out, as its own file says. */
static enum slu_err search_exceeded(struct explaining *self, bool *out_found)
{
    struct slu_line_search lines = {.wanted = self->record};
    enum slu_side_file file = self->record.kind == SLU_RECORD_IP
                                  ? SLU_SIDE_EXCEEDED_IP
                                  : SLU_SIDE_EXCEEDED_DOMAIN;
    enum slu_err err =
        slu_line_search_file(&lines, self->engine->top->output_dir,
                             slu_side_file_path(file), &self->engine->error);

    *out_found = lines.path != NULL;
    return err;
}

static enum slu_err say_without_place(struct explaining *self)
{
    const struct slu_lists_config *config = self->engine->lists;
    bool is_ip = self->record.kind == SLU_RECORD_IP;
    uint64_t seats =
        slu_lists_config_files(config, slu_record_indicator_kind(&self->record))
            ->count *
        (is_ip ? config->ip_file_lines : config->entity_file_lines);
    struct cut cut = {0};
    char seen[SLU_ISO_TEXT_LEN + 1];
    bool exceeded;
    enum slu_err err = search_exceeded(self, &exceeded);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_store_scan_all(self->store, self->record.kind, measure_cut, &cut);
    if (err != SLU_ERR_OK) {
        return slu_engine_fail_store(self->engine, err, self->store);
    }
    exceeded |= cut.listed >= seats && rank_record(&self->record) <= cut.bits;
    if (!exceeded) {
        return say(self, "pending",
                   "not on a list yet: the next sync lists it "
                   "where there is room");
    }
    if (cut.listed == 0) {
        return say(self, "exceeded", "over capacity: no list has room for it");
    }
    return say(self, "exceeded",
               "over capacity: the last of %llu that have a place has %s, "
               "score %u, and was last seen %s; it would need more",
               (unsigned long long)cut.listed,
               cut.last.verdict == SLU_VERDICT_NONE
                   ? "no verdict"
                   : slu_verdict_name(cut.last.verdict),
               cut.last.score, format_time(cut.last.last_seen, seen));
}

/* ---- what the settings make of it ---- */

/* The category with the longest age is the one that kept it. */
static const char *name_age(const struct explaining *self, char out[96])
{
    int64_t longest = 0;
    const char *category = NULL;

    for (uint32_t rest = self->record.sources; rest != 0; rest &= rest - 1) {
        int64_t own = self->lists.category_age_ms[__builtin_ctz(rest)];
        int64_t age = own == 0 ? self->lists.config->max_age_ms : own;

        if (age > longest) {
            longest = age;
            category = own == 0 ? NULL : slu_source_name(rest & (~rest + 1));
        }
    }
    if (category == NULL) {
        return "lists.max_age";
    }
    (void)snprintf(out, 96, "lists.max_ages of %s", category);
    return out;
}

/* Why it should not be on a list, as a clause. */
static void explain_reason(const struct explaining *self,
                           enum slu_reason reason, char out[160])
{
    const struct slu_record *record = &self->record;
    char seen[SLU_ISO_TEXT_LEN + 1];
    char age[96];

    switch (reason) {
    case SLU_REASON_EXPIRED:
        (void)snprintf(out, 160, "last seen %s, longer ago than %s",
                       format_time(record->last_seen, seen),
                       name_age(self, age));
        return;
    case SLU_REASON_VERDICT:
        (void)snprintf(out, 160,
                       "its newest verdict, %s, is not among "
                       "gti.verdicts",
                       record->verdict == SLU_VERDICT_NONE
                           ? slu_verdict_name(SLU_VERDICT_UNKNOWN)
                           : slu_verdict_name(record->verdict));
        return;
    case SLU_REASON_SCORE:
        (void)snprintf(out, 160, "its score, %u, is below gti.min_score, %u",
                       record->score, self->lists.min_score);
        return;
    default:
        (void)snprintf(out, 160, "%s (%s)", slu_reason_name(reason),
                       slu_reason_meaning(reason));
    }
}

static enum slu_err say_unwanted(struct explaining *self,
                                 enum slu_reason reason)
{
    char why[160];

    explain_reason(self, reason, why);
    if (self->out->path != NULL) {
        return say(self, NULL,
                   "line %llu of %s until the next sync, which takes it out: "
                   "%s",
                   (unsigned long long)self->out->line, self->out->path, why);
    }
    return say(self, slu_reason_name(reason), "in no list: %s", why);
}

static enum slu_err say_unlisted(struct explaining *self)
{
    if (self->out->covered_path != NULL) {
        return say(self, "covered", "listed by %.64s, line %llu of %s",
                   self->out->covered_by,
                   (unsigned long long)self->out->covered_line,
                   self->out->covered_path);
    }
    if (self->record.place_file != 0) {
        return say(self, "pending",
                   "it has a place, but no list file has its line: the next "
                   "sync writes it");
    }
    return say_without_place(self);
}

static enum slu_err say_unknown(struct explaining *self)
{
    if (self->out->path != NULL) {
        return say(self, NULL,
                   "line %llu of %s, but not known: no sync wrote it",
                   (unsigned long long)self->out->line, self->out->path);
    }
    if (self->out->covered_path != NULL) {
        return say(self, NULL,
                   "not known itself, but listed by %.64s, line "
                   "%llu of %s",
                   self->out->covered_by,
                   (unsigned long long)self->out->covered_line,
                   self->out->covered_path);
    }
    return say(self, NULL,
               "not known: no source has brought it, or it has "
               "expired and is forgotten");
}

static enum slu_err say_all(struct explaining *self)
{
    enum slu_reason reason;

    if (!self->out->known) {
        return say_unknown(self);
    }
    reason = slu_lists_classify(&self->lists, &self->record);
    if (reason != SLU_REASON_NONE) {
        return say_unwanted(self, reason);
    }
    if (self->out->path == NULL) {
        return say_unlisted(self);
    }
    return say(self, NULL, "line %llu of %s",
               (unsigned long long)self->out->line, self->out->path);
}

/* ---- the whole ---- */

static enum slu_err prepare_lists(struct explaining *self)
{
    struct slu_engine *engine = self->engine;
    struct slu_source_access access;
    enum slu_err err = slu_engine_guard(engine, &self->guard);

    slu_gti_source.access(
        slu_config_section(engine->config, slu_gti_source.section), &access);
    self->lists = (struct slu_lists_options){
        .alloc = engine->alloc,
        .config = engine->lists,
        .guard = self->guard,
        .verdicts = access.verdicts,
        .min_score = access.min_score,
        .now = slu_clock_wall_s(),
    };
    slu_engine_category_ages(engine, self->lists.category_age_ms);
    return err;
}

static enum slu_err explain_value(struct explaining *self)
{
    enum slu_err err = find_known(self);

    if (err == SLU_ERR_OK && !self->out->known &&
        self->value.reason != SLU_REASON_NONE) {
        err = refuse_value(self);
    }
    if (err == SLU_ERR_OK) {
        err = fill_indicator(self);
    }
    if (err == SLU_ERR_OK) {
        err = search_lists(self);
    }
    if (err == SLU_ERR_OK) {
        err = find_published(self);
    }
    if (err == SLU_ERR_OK) {
        err = prepare_lists(self);
    }
    return err == SLU_ERR_OK ? say_all(self) : err;
}

enum slu_err slu_engine_explain(struct slu_engine *self, const char *value,
                                struct slu_explanation *out)
{
    struct explaining explaining = {
        .engine = self,
        .out = out,
        .typed = slu_typed_value_trim(slu_view_str(value)),
    };
    enum slu_err err;

    self->error = (struct slu_error){0};
    *out = (struct slu_explanation){0};
    (void)slu_typed_value_read(explaining.typed, &explaining.value);
    err = slu_engine_begin_texts(self);
    if (err == SLU_ERR_OK) {
        err = slu_engine_read_store(self, &explaining.store);
    }
    if (err == SLU_ERR_OK) {
        err = explain_value(&explaining);
    }
    slu_guard_free(explaining.guard);
    slu_store_close(explaining.store);
    return err;
}
