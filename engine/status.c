/* SPDX-License-Identifier: Apache-2.0 */
/* What the state and the output folder say, read without a lock, so that it
 * can be asked while a sync runs. */
#include "codecs/time_text.h"
#include "codecs/view_take.h"
#include "engine/engine_state.h"
#include "engine/published_list.h"
#include "engine/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct known_object {
    char path[SLU_OBJECT_PATH_MAX + 1];
    struct slu_content_name content;
};

struct listing {
    struct known_object objects[SLU_BUCKET_PATHS_MAX];
    struct slu_engine *engine;
    struct slu_status *status;
    unsigned checkpoints;
    uint64_t done; /* objects of an export */
};

static bool parse_seconds(struct slu_view value, int64_t *out_seconds)
{
    char digits[24] = {0};
    char *end;

    if (value.len >= sizeof(digits)) {
        return false;
    }
    memcpy(digits, value.ptr, value.len);
    *out_seconds = strtoll(digits, &end, 10);
    return *end == '\0' && end != digits;
}

static bool starts_with(struct slu_view key, const char *prefix)
{
    size_t len = strlen(prefix);

    return key.len >= len && memcmp(key.ptr, prefix, len) == 0;
}

/* A stored date is an hour (lists) or seconds (streams), and 1801010100 could
 * be either; people read dates. */
static struct slu_view readable(struct slu_view key, struct slu_view value,
                                char iso[SLU_ISO_TEXT_LEN])
{
    bool is_list = starts_with(key, "gti/list/");
    int64_t seconds = 0;

    if (is_list ? !slu_time_parse_hour(value, &seconds)
                : !parse_seconds(value, &seconds)) {
        return value;
    }
    slu_time_format_iso(seconds, iso);
    return slu_view_make(iso, SLU_ISO_TEXT_LEN);
}

/* "gti/stream/domain" is a checkpoint; with one more part it is a unit. */
static unsigned count_slashes(struct slu_view key)
{
    unsigned count = 0;

    for (size_t i = 0; i < key.len; i++) {
        count += key.ptr[i] == '/';
    }
    return count;
}

static enum slu_err add_checkpoint(struct listing *self, struct slu_view key,
                                   struct slu_view value)
{
    struct slu_engine *engine = self->engine;
    struct slu_status_entry *entry;

    if (self->checkpoints == SLU_STATUS_ENTRIES_MAX) {
        return SLU_ERR_OK;
    }
    entry = &engine->status_entries[self->checkpoints++];
    entry->key = slu_engine_keep_text(engine, key);
    entry->value = slu_engine_keep_text(engine, value);
    return entry->key != NULL && entry->value != NULL ? SLU_ERR_OK
                                                      : SLU_ERR_NOMEM;
}

/* ---- findings ---- */

static struct slu_view format_ms(int64_t ms, char iso[SLU_ISO_TEXT_LEN])
{
    slu_time_format_iso(ms / 1000, iso);
    return slu_view_make(iso, SLU_ISO_TEXT_LEN);
}

/* The part of a key behind its prefix. */
static struct slu_view behind(struct slu_view key, const char *prefix)
{
    size_t len = strlen(prefix);

    return slu_view_make(key.ptr + len, key.len - len);
}

/* "account/region/detector": an open window brings its checkpoint back to where
 * it begins. The keys come sorted, so that a detector's windows are together,
 * and before what is planned. */
static enum slu_err add_window(struct listing *self, struct slu_view rest)
{
    const char *slash = memrchr(rest.ptr, '/', rest.len);
    struct slu_view where = rest;
    struct slu_view from;
    char key[SLU_UNIT_NAME_MAX * 2];
    char iso[SLU_ISO_TEXT_LEN];
    const char *dash;
    int64_t ms;
    int len;

    self->status->unit_count++;
    if (slash == NULL) {
        return SLU_ERR_OK;
    }
    where.len = (size_t)(slash - rest.ptr);
    from = slu_view_make(slash + 1, rest.len - where.len - 1);
    dash = memchr(from.ptr, '-', from.len);
    from.len = dash == NULL ? from.len : (size_t)(dash - from.ptr);
    if (!parse_seconds(from, &ms)) {
        return SLU_ERR_OK;
    }
    len = snprintf(key, sizeof(key), "guardduty/%.*s", SLU_VIEW_ARGS(where));
    if (len < 0 || (size_t)len >= sizeof(key)) {
        return SLU_ERR_OK;
    }
    for (unsigned i = 0; i < self->checkpoints; i++) {
        struct slu_status_entry *entry = &self->engine->status_entries[i];

        if (strcmp(entry->key, key) == 0) {
            struct slu_view earlier = format_ms(ms, iso);

            if (memcmp(entry->value, earlier.ptr, earlier.len) > 0) {
                entry->value = slu_engine_keep_text(self->engine, earlier);
            }
            return entry->value != NULL ? SLU_ERR_OK : SLU_ERR_NOMEM;
        }
    }
    return add_checkpoint(self, slu_view_make(key, (size_t)len),
                          format_ms(ms, iso));
}

/* All up to there is committed, unless a window before it is open. */
static enum slu_err add_planned(struct listing *self, struct slu_view where,
                                struct slu_view value)
{
    char key[SLU_UNIT_NAME_MAX * 2];
    char iso[SLU_ISO_TEXT_LEN];
    int64_t ms;
    int len =
        snprintf(key, sizeof(key), "guardduty/%.*s", SLU_VIEW_ARGS(where));

    if (len < 0 || (size_t)len >= sizeof(key) || !parse_seconds(value, &ms)) {
        return SLU_ERR_OK;
    }
    for (unsigned i = 0; i < self->checkpoints; i++) {
        if (strcmp(self->engine->status_entries[i].key, key) == 0) {
            return SLU_ERR_OK;
        }
    }
    return add_checkpoint(self, slu_view_make(key, (size_t)len),
                          format_ms(ms, iso));
}

static enum slu_err add_finding_entry(void *ctx, struct slu_view key,
                                      struct slu_view value)
{
    struct listing *self = ctx;

    if (starts_with(key, "guardduty/open/")) {
        return add_window(self, behind(key, "guardduty/open/"));
    }
    if (starts_with(key, "guardduty/planned/")) {
        return add_planned(self, behind(key, "guardduty/planned/"), value);
    }
    self->done += starts_with(key, "guardduty_export/done/");
    return SLU_ERR_OK;
}

static enum slu_err add_exported(struct listing *self)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%llu objects read",
                   (unsigned long long)self->done);
    return self->done == 0
               ? SLU_ERR_OK
               : add_checkpoint(self, slu_view_str("guardduty_export"),
                                slu_view_str(text));
}

/* ---- what is published ---- */

static enum slu_err add_object(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct listing *self = ctx;
    struct known_object read;
    struct slu_object object;

    if (!slu_view_take_prefix(&key, "s3/") ||
        !slu_bucket_read_entry(key, value, read.path, &object)) {
        return SLU_ERR_OK;
    }
    read.content = object.content;
    if (self->status->object_count < SLU_BUCKET_PATHS_MAX) {
        self->objects[self->status->object_count] = read;
    }
    self->status->object_count++;
    return SLU_ERR_OK;
}

static struct slu_content_name find_content(const struct listing *self,
                                            const char *path)
{
    for (unsigned i = 0;
         i < self->status->object_count && i < SLU_BUCKET_PATHS_MAX; i++) {
        if (strcmp(self->objects[i].path, path) == 0) {
            return self->objects[i].content;
        }
    }
    return (struct slu_content_name){""};
}

static enum slu_err add_set(void *ctx, struct slu_view key,
                            struct slu_view value)
{
    struct listing *self = ctx;
    struct slu_engine *engine = self->engine;
    struct slu_status_set *set = &engine->status_sets[self->status->set_count];
    struct slu_set_known known;
    struct slu_content_name content;

    if (self->status->set_count == SLU_STATUS_SETS_MAX ||
        !slu_view_take_prefix(&key, "sets/") ||
        !slu_sets_read_entry(key, value, &known)) {
        return SLU_ERR_OK;
    }
    content = find_content(self, known.path);
    *set = (struct slu_status_set){
        .region = slu_engine_keep_text(engine, slu_view_str(known.region)),
        .path = slu_engine_keep_text(engine, slu_view_str(known.path)),
        .id = slu_engine_keep_text(engine, slu_view_str(known.id)),
        .status = slu_published_set_status(&known, &content),
        .refused = known.rejected.text[0] != '\0',
    };
    self->status->set_count++;
    return set->region != NULL && set->path != NULL && set->id != NULL
               ? SLU_ERR_OK
               : SLU_ERR_NOMEM;
}

static enum slu_err read_publication(struct listing *self,
                                     struct slu_store *store)
{
    enum slu_err err = slu_store_entries(store, "s3/object/", add_object, self);

    self->status->sets = self->engine->status_sets;
    return err == SLU_ERR_OK ? slu_store_entries(store, "sets/", add_set, self)
                             : err;
}

/* ---- lists ---- */

static enum slu_err add_entry(void *ctx, struct slu_view key,
                              struct slu_view value)
{
    struct listing *self = ctx;
    char iso[SLU_ISO_TEXT_LEN];

    if (starts_with(key, "gti/asked/")) {
        return SLU_ERR_OK; /* when, not up to where: no checkpoint */
    }
    if (count_slashes(key) != 2) {
        self->status->unit_count++;
        return SLU_ERR_OK;
    }
    return add_checkpoint(self, key, readable(key, value, iso));
}

static enum slu_err add_run(void *ctx, const struct slu_store_run *run)
{
    struct listing *self = ctx;
    unsigned index = self->status->run_count++;

    self->engine->stored_runs[index] = *run;
    self->engine->status_runs[index] = (struct slu_status_run){
        .started = run->started,
        .ended = run->ended,
        .exit_code = run->exit_code,
        .flow = self->engine->stored_runs[index].flow,
        .summary = self->engine->stored_runs[index].summary,
    };
    return SLU_ERR_OK;
}

static uint64_t count_file_lines(const char *path)
{
    FILE *file = fopen(path, "rbe");
    uint64_t lines = 0;
    char buf[65536];
    size_t len;

    if (file == NULL) {
        return 0;
    }
    while ((len = fread(buf, 1, sizeof(buf), file)) > 0) {
        for (size_t i = 0; i < len; i++) {
            lines += buf[i] == '\n';
        }
    }
    (void)fclose(file);
    return lines;
}

static void add_file(struct listing *self, const char *path)
{
    struct slu_status *status = self->status;
    char full[4096];
    struct stat info;

    (void)snprintf(full, sizeof(full), "%s/%s", self->engine->top->output_dir,
                   path);
    if (status->file_count < SLU_REPORT_FILES_MAX && stat(full, &info) == 0) {
        status->files[status->file_count++] = (struct slu_report_file){
            .path = path,
            .lines = count_file_lines(full),
            .bytes = (uint64_t)info.st_size,
        };
    }
}

static void add_files(struct listing *self)
{
    const struct slu_strings *ips =
        slu_lists_config_files(self->engine->lists, SLU_KIND_IP);
    const struct slu_strings *domains =
        slu_lists_config_files(self->engine->lists, SLU_KIND_DOMAIN);

    for (unsigned i = 0; i < ips->count; i++) {
        add_file(self, ips->items[i]);
    }
    for (unsigned i = 0; i < domains->count; i++) {
        add_file(self, domains->items[i]);
    }
    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        add_file(self, slu_side_file_path((enum slu_side_file)i));
    }
}

/* The files of the row sinks that some flow has, each once. */
static void add_row_files(struct listing *self)
{
    const struct slu_config *config = self->engine->config;
    const struct slu_row_sink *sinks[SLU_FLOWS_MAX * SLU_FLOW_SINKS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < slu_config_flow_count(config); i++) {
        const struct slu_flow_config *flow = slu_config_flow(config, i);

        for (unsigned j = 0; j < flow->sink_count; j++) {
            const struct slu_row_sink *sink =
                slu_registry_row_sink(flow->sinks[j]);
            unsigned k = 0;

            while (k < count && sinks[k] != sink) {
                k++;
            }
            if (sink != NULL && k == count) {
                sinks[count++] = sink;
                add_file(self, sink->path);
            }
        }
    }
}

static enum slu_err read_state(struct listing *self, struct slu_store *store)
{
    enum slu_err err = slu_store_entries(store, "gti/", add_entry, self);

    if (err == SLU_ERR_OK) {
        err = slu_store_entries(store, "guardduty", add_finding_entry, self);
    }
    if (err == SLU_ERR_OK) {
        err = add_exported(self);
    }
    if (err == SLU_ERR_OK) {
        err = read_publication(self, store);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_runs(store, SLU_STATUS_RUNS_MAX, add_run, self);
    }
    if (err != SLU_ERR_OK) {
        (void)slu_engine_fail_store(self->engine, err, store);
    }
    return err;
}

enum slu_err slu_engine_status(struct slu_engine *self,
                               struct slu_status *out_status)
{
    struct listing listing = {.engine = self, .status = out_status};
    struct slu_store *store = NULL;
    enum slu_err err;

    self->error = (struct slu_error){0};
    *out_status = (struct slu_status){.state_dir = self->top->state_dir,
                                      .output_dir = self->top->output_dir};
    err = slu_engine_begin_texts(self);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_engine_read_store(self, &store);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = read_state(&listing, store);
    slu_store_close(store);
    out_status->checkpoints = self->status_entries;
    out_status->checkpoint_count = listing.checkpoints;
    out_status->runs = self->status_runs;
    add_files(&listing);
    add_row_files(&listing);
    return err;
}
