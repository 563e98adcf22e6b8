/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored, as far as a filter lets it pass: one scan of the state, which
 * never holds more than a part of it. */
#include "codecs/indicator_text.h"
#include "codecs/list_text.h"
#include "codecs/plain_text.h"
#include "codecs/time_text.h"
#include "engine/clock.h"
#include "engine/engine_state.h"

#include <stdio.h>

/* A piece that is written at once; the last line may go beyond it. */
#define PIECE_BYTES (64u * 1024)
#define LINE_BYTES_MAX (64u * 1024)
#define NAMES_MAX 300

struct listing {
    struct slu_engine *engine;
    const struct slu_strings *files[SLU_KIND_COUNT];
    /* The filter, made ready. */
    bool kinds[SLU_KIND_COUNT];
    uint32_t sources; /* one of these bits; 0: any */
    int64_t since;
    bool by_place;
    uint32_t places[SLU_KIND_COUNT]; /* bit 0: in none; bit i: in file i */
    /* What is done with what passes. */
    slu_indicator_fn on_indicator;
    void *ctx;
    /* Text: */
    slu_indicator_append_fn append;
    slu_write_fn write;
    struct slu_buf piece;
};

/* ---- making the filter ready ---- */

/* " a, b, c" behind what stands in `out` already. */
static void add_name(char out[NAMES_MAX], const char *name)
{
    size_t len = strlen(out);

    (void)snprintf(out + len, NAMES_MAX - len, "%s%s", len == 0 ? "" : ", ",
                   name);
}

static enum slu_err refuse(struct listing *self, const char *what,
                           const char *value, const char *expected)
{
    char shown[64];

    slu_plain_text_copy(slu_view_str(value), shown, sizeof(shown));
    return slu_error_set(&self->engine->error, SLU_ERR_CONFIG,
                         "there is no %s \"%s\": expected %s", what, shown,
                         expected);
}

static enum slu_err read_type(struct listing *self, const char *type)
{
    bool ip = type == NULL || strcmp(type, "ip") == 0 ||
              strcmp(type, slu_kind_name(SLU_KIND_IP)) == 0;
    bool domain =
        type == NULL || strcmp(type, slu_kind_name(SLU_KIND_DOMAIN)) == 0;

    self->kinds[SLU_KIND_IP] = ip;
    self->kinds[SLU_KIND_DOMAIN] = domain;
    return ip || domain ? SLU_ERR_OK
                        : refuse(self, "type", type, "ip or domain");
}

/* Several bits may have one name: "list" is every list that is none of GTI's
 * own. */
static enum slu_err read_source(struct listing *self, const char *source)
{
    char names[NAMES_MAX] = "";
    const char *last = "";

    if (source == NULL) {
        return SLU_ERR_OK;
    }
    for (unsigned i = 0; i < SLU_LISTS_CATEGORIES_MAX; i++) {
        const char *name = slu_source_name(UINT32_C(1) << i);

        if (strcmp(name, source) == 0) {
            self->sources |= UINT32_C(1) << i;
        }
        if (strcmp(name, last) != 0) {
            add_name(names, name);
        }
        last = name;
    }
    return self->sources != 0 ? SLU_ERR_OK
                              : refuse(self, "source", source, names);
}

/* "threat-ip-1" of "guard_duty/threat-ip-1.txt" */
static struct slu_view find_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');

    return slu_view_make(
        name, dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
}

static enum slu_err read_list(struct listing *self, const char *list)
{
    char names[NAMES_MAX] = "";
    bool found;

    if (list == NULL) {
        return SLU_ERR_OK;
    }
    found = strcmp(list, "none") == 0;
    self->by_place = true;
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *files = self->files[kind];

        self->places[kind] = found;
        for (unsigned i = 0; i < files->count && !found; i++) {
            struct slu_view stem = find_stem(files->items[i]);
            char name[64];

            (void)snprintf(name, sizeof(name), "%.*s", SLU_VIEW_ARGS(stem));
            add_name(names, name);
            if (strcmp(files->items[i], list) == 0 ||
                slu_view_equal_str(stem, list)) {
                self->places[kind] |= UINT32_C(2) << i;
            }
        }
    }
    add_name(names, "none");
    return (self->places[0] | self->places[1]) != 0
               ? SLU_ERR_OK
               : refuse(self, "list", list, names);
}

static enum slu_err read_filter(struct listing *self,
                                const struct slu_filter *filter)
{
    enum slu_err err;

    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        self->files[kind] =
            slu_lists_config_files(self->engine->lists, (enum slu_kind)kind);
    }
    self->since = filter->since;
    err = read_type(self, filter->type);
    if (err == SLU_ERR_OK) {
        err = read_source(self, filter->source);
    }
    return err == SLU_ERR_OK ? read_list(self, filter->list) : err;
}

/* ---- the scan ---- */

/* The number of a record's file, from 1; 0 where it is none of today's. */
static unsigned find_place(const struct listing *self,
                           const struct slu_record *record, enum slu_kind kind)
{
    return record->place_file <= self->files[kind]->count ? record->place_file
                                                          : 0;
}

static enum slu_err flush_piece(struct listing *self)
{
    bool taken = self->piece.len == 0 ||
                 self->write(self->ctx, self->piece.ptr, self->piece.len);

    slu_buf_clear(&self->piece);
    return taken ? SLU_ERR_OK : SLU_ERR_STOPPED;
}

static enum slu_err hand_on(struct listing *self,
                            const struct slu_indicator *indicator,
                            const char *path)
{
    struct slu_indicator_line line = {indicator, path, slu_source_name};
    enum slu_err err;

    if (self->on_indicator != NULL) {
        self->on_indicator(self->ctx, indicator, path);
        return SLU_ERR_OK;
    }
    err = self->append(&self->piece, &line);
    return err == SLU_ERR_OK && self->piece.len >= PIECE_BYTES
               ? flush_piece(self)
               : err;
}

static enum slu_err on_record(void *ctx, const struct slu_record *record)
{
    struct listing *self = ctx;
    enum slu_kind kind = slu_record_indicator_kind(record);
    unsigned place = find_place(self, record, kind);
    char entry[SLU_VALUE_MAX];
    struct slu_indicator indicator;

    if (record->last_seen < self->since ||
        (self->sources != 0 && (record->sources & self->sources) == 0) ||
        (self->by_place && (self->places[kind] >> place & 1) == 0)) {
        return SLU_ERR_OK;
    }
    indicator = slu_record_indicator(
        record, slu_view_make(entry, slu_list_entry(record, entry)));
    return hand_on(self, &indicator,
                   place == 0 ? NULL : self->files[kind]->items[place - 1]);
}

static enum slu_err scan_kinds(struct listing *self)
{
    struct slu_store *store = NULL;
    enum slu_err err = slu_engine_read_store(self->engine, &store);

    if (err != SLU_ERR_OK) {
        return err;
    }
    for (int kind = 0; kind < SLU_KIND_COUNT && err == SLU_ERR_OK; kind++) {
        if (self->kinds[kind]) {
            err = slu_store_scan_all(
                store, kind == SLU_KIND_IP ? SLU_RECORD_IP : SLU_RECORD_DOMAIN,
                on_record, self);
        }
    }
    if (err != SLU_ERR_OK) {
        (void)slu_engine_fail_store(self->engine, err, store);
    }
    slu_store_close(store);
    return err;
}

static enum slu_err run_listing(struct listing *self,
                                const struct slu_filter *filter)
{
    enum slu_err err;

    self->engine->error = (struct slu_error){0};
    err = read_filter(self, filter);
    return err == SLU_ERR_OK ? scan_kinds(self) : err;
}

enum slu_err slu_engine_indicators(struct slu_engine *self,
                                   const struct slu_filter *filter,
                                   slu_indicator_fn on_indicator, void *ctx)
{
    struct listing listing = {
        .engine = self, .on_indicator = on_indicator, .ctx = ctx};

    return run_listing(&listing, filter);
}

enum slu_err slu_engine_write_indicators(struct slu_engine *self,
                                         const struct slu_filter *filter,
                                         enum slu_indicator_format format,
                                         slu_write_fn write, void *ctx)
{
    static const slu_indicator_append_fn appends[] = {
        [SLU_INDICATOR_TEXT] = slu_indicator_append_text,
        [SLU_INDICATOR_NDJSON] = slu_indicator_append_ndjson,
        [SLU_INDICATOR_CSV] = slu_indicator_append_csv,
    };
    struct listing listing = {
        .engine = self, .append = appends[format], .write = write, .ctx = ctx};
    enum slu_err err = SLU_ERR_OK;

    slu_buf_init(&listing.piece, self->alloc, PIECE_BYTES + LINE_BYTES_MAX);
    if (format == SLU_INDICATOR_CSV) {
        err = slu_buf_append_str(&listing.piece, SLU_INDICATOR_CSV_HEAD);
    }
    if (err == SLU_ERR_OK) {
        err = run_listing(&listing, filter);
    }
    if (err == SLU_ERR_OK) {
        err = flush_piece(&listing);
    }
    if (err != SLU_ERR_OK && self->error.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->error, err, "cannot list the indicators: %s",
                            slu_err_sentence(err));
    }
    slu_buf_fini(&listing.piece);
    return err;
}

/* ---- --since ---- */

static bool parse_day(struct slu_view text, int64_t *out_ms)
{
    char full[SLU_ISO_TEXT_LEN + 1];

    if (text.len != 10) {
        return false;
    }
    (void)snprintf(full, sizeof(full), "%.10sT00:00:00Z", text.ptr);
    return slu_time_parse_iso(slu_view_str(full), out_ms);
}

enum slu_err slu_engine_since(struct slu_engine *self, const char *text,
                              int64_t *out_since)
{
    struct slu_view view = slu_view_str(text);
    char shown[64];
    int64_t ms;

    self->error = (struct slu_error){0};
    if (slu_time_parse_iso(view, &ms) || parse_day(view, &ms)) {
        *out_since = ms / 1000;
        return SLU_ERR_OK;
    }
    if (slu_time_parse_duration(view, &ms)) {
        *out_since = slu_clock_wall_s() - ms / 1000;
        return SLU_ERR_OK;
    }
    slu_plain_text_copy(view, shown, sizeof(shown));
    return slu_error_set(&self->error, SLU_ERR_CONFIG,
                         "\"%s\" is no time: expected one such as "
                         "2026-01-31T08:00:00Z or 2026-01-31, or a time back "
                         "such as 4h or 7d",
                         shown);
}
