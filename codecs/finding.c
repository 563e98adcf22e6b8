/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text collects the head and the indicators, for what an
 * indicator's row needs (severity, tags, the sample flag) may stand behind it.
 * Strings are kept as views: the JSON reader leaves them where they are until
 * the next read. The arrays are kept from one finding to the next.
 */
#include "codecs/finding.h"

#include "codecs/buf.h"
#include "codecs/finding_take.h"
#include "codecs/json_read.h"
#include "codecs/json_split.h"

/* The JSON in additionalInfo.value. */
enum info_field {
    INFO_SAMPLE,
    INFO_LIST_NAME,
};

static const struct slu_json_field info_fields[] = {
    [INFO_SAMPLE] = {"sample"},
    [INFO_LIST_NAME] = {"threatListName"},
};

struct slu_finding_reader {
    struct slu_finding_options options;
    struct slu_json_reader *json;
    struct slu_json_reader *info;
    /* Of the wanted paths, by the index of the JSON reader. */
    const struct slu_finding_path *wanted[SLU_FINDING_PATHS_MAX];
    struct slu_json_field fields[SLU_FINDING_PATHS_MAX];
    unsigned wanted_count;
    struct slu_finding_room room;
    struct slu_buf info_text; /* with padding behind it */
    uint64_t serial;
};

/* --- names -------------------------------------------------------------- */

static const char *const group_names[] = {
#define NAME(name, text) text,
    SLU_FINDING_GROUP_MAP(NAME)
#undef NAME
};

const char *slu_finding_group_name(enum slu_finding_group group)
{
    return (unsigned)group < SLU_FINDING_GROUP_COUNT ? group_names[group] : "?";
}

const char *slu_row_kind_name(enum slu_row_kind kind)
{
    static const char *const names[] = {"ipv4", "ipv6", "domain", "sha256"};

    return (unsigned)kind < SLU_ROW_KIND_COUNT ? names[kind] : "?";
}

/* --- the reader --------------------------------------------------------- */

static void choose_paths(struct slu_finding_reader *self)
{
    unsigned count;
    const struct slu_finding_path *paths = slu_finding_paths(&count);

    for (unsigned i = 0; i < count; i++) {
        if ((paths[i].needs & ~self->options.groups) == 0) {
            self->wanted[self->wanted_count] = &paths[i];
            self->fields[self->wanted_count].path = paths[i].path;
            self->wanted_count++;
        }
    }
}

struct slu_finding_reader *
slu_finding_reader_new(const struct slu_finding_options *options)
{
    const struct slu_alloc *alloc = options->alloc;
    struct slu_finding_reader *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->options = *options;
    slu_buf_init(&self->room.indicators, alloc,
                 SLU_FINDING_INDICATORS_MAX *
                     sizeof(struct slu_finding_indicator));
    slu_buf_init(&self->room.tags, alloc,
                 SLU_FINDING_TAGS_MAX * sizeof(struct slu_view));
    slu_buf_init(&self->room.sources, alloc,
                 SLU_FINDING_TAGS_MAX * sizeof(struct slu_view));
    slu_buf_init(&self->info_text, alloc,
                 options->record_max + SLU_JSON_PADDING);
    choose_paths(self);
    self->json = slu_json_reader_new(alloc, self->fields, self->wanted_count);
    self->info = slu_json_reader_new(
        alloc, info_fields, sizeof(info_fields) / sizeof(info_fields[0]));
    if (self->json == NULL || self->info == NULL) {
        slu_finding_reader_free(self);
        return NULL;
    }
    return self;
}

void slu_finding_reader_free(struct slu_finding_reader *self)
{
    if (self != NULL) {
        slu_json_reader_free(self->json);
        slu_json_reader_free(self->info);
        slu_buf_fini(&self->room.indicators);
        slu_buf_fini(&self->room.tags);
        slu_buf_fini(&self->room.sources);
        slu_buf_fini(&self->info_text);
        slu_alloc_put(self->options.alloc, self, sizeof(*self));
    }
}

/* --- one finding -------------------------------------------------------- */

static bool on_value(void *ctx, unsigned field,
                     const struct slu_json_value *value)
{
    struct slu_finding_pass *pass = ctx;
    slu_finding_take(pass, pass->wanted[field], value);
    return pass->err == SLU_ERR_OK;
}

static bool on_info_value(void *ctx, unsigned field,
                          const struct slu_json_value *value)
{
    struct slu_finding_pass *pass = ctx;

    if (field == INFO_SAMPLE) {
        pass->finding->sample |= slu_finding_is_true(value);
    } else {
        slu_finding_note_list(pass, value);
    }
    return true;
}

/* A text that isn't JSON tells nothing; the finding is no worse for it. */
static enum slu_err read_info(struct slu_finding_reader *self,
                              struct slu_finding_pass *pass,
                              struct slu_error *out_error)
{
    static const char padding[SLU_JSON_PADDING];
    struct slu_view text = pass->info_text;
    enum slu_err err;

    if (text.len == 0 || text.ptr[0] != '{') {
        return SLU_ERR_OK;
    }
    slu_buf_clear(&self->info_text);
    err = slu_buf_append(&self->info_text, text);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->info_text,
                             slu_view_make(padding, sizeof(padding)));
    }
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, err, "a finding's additionalInfo: %s",
                             slu_err_sentence(err));
    }
    text = slu_view_make(self->info_text.ptr, text.len);
    err = slu_json_read(self->info, text, on_info_value, pass, NULL);
    return err == SLU_ERR_NOMEM
               ? slu_error_set(out_error, err, "a finding's additionalInfo")
               : SLU_ERR_OK;
}

static bool is_known_action_type(struct slu_view type)
{
    static const char *const known[] = {
        "NETWORK_CONNECTION", "PORT_PROBE",          "DNS_REQUEST",
        "AWS_API_CALL",       "KUBERNETES_API_CALL", "RDS_LOGIN_ATTEMPT"};

    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slu_view_equal_str(type, known[i])) {
            return true;
        }
    }
    return false;
}

static bool is_custom(struct slu_view type)
{
    static const struct slu_view suffix = SLU_VIEW_LITERAL(".Custom");

    return type.len > suffix.len && memcmp(type.ptr + type.len - suffix.len,
                                           suffix.ptr, suffix.len) == 0;
}

static enum slu_reason find_reason(const struct slu_finding_options *options,
                                   const struct slu_finding *finding)
{
    if (options->compat_netskope) {
        return SLU_REASON_NONE;
    }
    if (finding->sample && !options->include_samples) {
        return SLU_REASON_SAMPLE;
    }
    if (finding->archived && !options->include_archived) {
        return SLU_REASON_ARCHIVED;
    }
    return finding->own_list.ptr != NULL && is_custom(finding->type)
               ? SLU_REASON_ECHO
               : SLU_REASON_NONE;
}

/* Files without a hash leave the array; the others get their numbers. */
static unsigned number_indicators(struct slu_buf *array, unsigned *unusable)
{
    struct slu_finding_indicator *items = (void *)array->ptr;
    size_t count = array->len / sizeof(items[0]);
    unsigned kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (items[i].value.len > 0) {
            items[kept] = items[i];
            items[kept].index = kept;
            kept++;
        }
    }
    *unusable += (unsigned)count - kept;
    return kept;
}

static void finish_finding(struct slu_finding_reader *self,
                           struct slu_finding_pass *pass)
{
    struct slu_finding *finding = pass->finding;

    finding->instance_tags = (const void *)self->room.tags.ptr;
    finding->instance_tag_count =
        (unsigned)(self->room.tags.len / sizeof(struct slu_view));
    finding->scan_sources = (const void *)self->room.sources.ptr;
    finding->scan_source_count =
        (unsigned)(self->room.sources.len / sizeof(struct slu_view));
    finding->indicator_count =
        number_indicators(&self->room.indicators, &finding->unusable);
    finding->unknown_action = finding->action_type.ptr != NULL
                                  ? !is_known_action_type(finding->action_type)
                                  : pass->has_action && !pass->has_known_action;
    finding->reason = find_reason(&self->options, finding);
}

enum slu_err slu_finding_read(struct slu_finding_reader *self,
                              const struct slu_json_event *record,
                              slu_finding_indicator_fn on_indicator, void *ctx,
                              struct slu_finding *out_finding,
                              struct slu_error *out_error)
{
    struct slu_finding_pass pass = {.wanted = self->wanted,
                                    .room = &self->room,
                                    .options = &self->options,
                                    .finding = out_finding};
    const struct slu_finding_indicator *items;
    enum slu_err err;

    *out_finding =
        (struct slu_finding){.compat_netskope = self->options.compat_netskope,
                             .serial = ++self->serial};
    if (record->text.len == 0 || record->text.ptr[0] != '{') {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "a finding is no object");
    }
    slu_buf_clear(&self->room.indicators);
    slu_buf_clear(&self->room.tags);
    slu_buf_clear(&self->room.sources);
    err = slu_json_read_event(self->json, record, on_value, &pass, out_error);
    if (err != SLU_ERR_OK || pass.err != SLU_ERR_OK) {
        return err != SLU_ERR_OK ? err
                                 : slu_error_set(out_error, pass.err,
                                                 "a finding's indicators");
    }
    err = read_info(self, &pass, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    finish_finding(self, &pass);
    items = (const void *)self->room.indicators.ptr;
    for (unsigned i = 0;
         i < out_finding->indicator_count && out_finding->reason == 0; i++) {
        on_indicator(ctx, out_finding, &items[i]);
    }
    return SLU_ERR_OK;
}
