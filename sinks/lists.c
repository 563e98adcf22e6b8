/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a record, in this order:
 *
 * - EXPIRED: not seen for longer than any of its categories allows. Its place
 *   is free and it is deleted from the store, whatever its kind.
 * - VERDICT, SCORE: its newest assessment is not wanted. It stays in the store
 *   until it expires, so that a late page with an older verdict can't bring it
 *   back. REVOKED when it was on a list until now.
 * - An INVALID one: the value is in invalid_iocs/ with its reason.
 * - GUARD_*, ALLOWED: today's guard rails or allow file hold it back.
 * - A candidate: one of the best has a place; the others exceed capacity.
 *
 * The first scan gathers the candidates (pool.h), decide places them (place.c),
 * the second scan asks again what becomes of each record, which is cheaper than
 * remembering it, and meets the placed ones in the order in which they came.
 * With merge_cidrs or fold_domains what is placed are lines, which may hold
 * several entries (cidr_merge.h, domain_fold.h).
 */
#include "codecs/list_text.h"
#include "sinks/coverage.h"
#include "sinks/lists_state.h"

#include <assert.h>

/* Names that fold into one line don't stand together: to find them, so many
 * times more names are held than there are lines. Beyond twice as many the
 * worst go, and are missed by the lines that they would have stood in. */
#define FOLD_POOL 16

/* ---- life ---- */

static void init_joining(struct slu_lists *self)
{
    const struct slu_lists_options *options = &self->options;
    struct slu_list *ips = &self->lists[SLU_KIND_IP];

    slu_cidr_merge_init(&self->merge, options->guard, &ips->pool,
                        ips->limits.bytes - 1);
    self->fold = (struct slu_domain_fold){
        .alloc = options->alloc,
        .guard = options->guard,
        .least = (uint32_t)options->config->fold_domains,
    };
}

static void init_list(struct slu_lists *self, enum slu_kind kind)
{
    const struct slu_lists_config *config = self->options.config;
    struct slu_list *list = &self->lists[kind];
    struct slu_place_limits *limits = &list->limits;
    uint32_t usable = self->options.usable[kind];
    uint32_t keep;
    bool folds = kind == SLU_KIND_DOMAIN && slu_lists_joins(self, kind);

    limits->files = slu_lists_file_count(self, kind);
    limits->lines = (uint32_t)(kind == SLU_KIND_IP ? config->ip_file_lines
                                                   : config->entity_file_lines);
    limits->bytes = config->file_bytes;
    limits->usable = ((1u << limits->files) - 1) & (usable == 0 ? ~0u : usable);
    keep = limits->lines * (uint32_t)__builtin_popcount(limits->usable);
    /* The best one is kept even where no file can take it. */
    list->keep = keep == 0 ? 1 : keep;
    slu_pool_init(&list->pool, self->options.alloc,
                  folds ? list->keep * FOLD_POOL : list->keep);
}

struct slu_lists *slu_lists_new(const struct slu_lists_options *options)
{
    struct slu_lists *self = slu_alloc_zero(options->alloc, sizeof(*self));

    assert(options->config->ip_file_lines > 0 &&
           options->config->ip_file_lines <= SLU_LIST_IP_LINES_MAX);
    assert(options->config->entity_file_lines > 0 &&
           options->config->entity_file_lines <= SLU_LIST_DOMAIN_LINES_MAX);
    if (self != NULL) {
        self->options = *options;
        init_list(self, SLU_KIND_IP);
        init_list(self, SLU_KIND_DOMAIN);
        init_joining(self);
        slu_side_writer_init(&self->side, options);
    }
    return self;
}

void slu_lists_free(struct slu_lists *self)
{
    if (self != NULL) {
        slu_pool_fini(&self->lists[SLU_KIND_IP].pool);
        slu_pool_fini(&self->lists[SLU_KIND_DOMAIN].pool);
        slu_side_writer_fini(&self->side);
        slu_alloc_put(self->options.alloc, self, sizeof(*self));
    }
}

/* ---- first scan ---- */

/* The place a record has had, 0 when it had none or when that is gone: its file
 * is no longer configured or not usable, or its seat is beyond all bounds. */
static uint32_t old_place(const struct slu_list *list,
                          const struct slu_record *record)
{
    unsigned file = record->place_file;

    if (file == 0 || file > list->limits.files ||
        !slu_place_usable(&list->limits, file - 1) ||
        record->place_seat >= SLU_PLACE_SEATS) {
        return 0;
    }
    return slu_place_code(file, record->place_seat);
}

/* Remembers how far a file was taken, by those that leave it too: the last seat
 * is a free one like any other. */
static void note_seat(struct slu_list *list, uint32_t place)
{
    if (place != 0) {
        struct slu_place_file *file = &list->files[slu_place_file(place) - 1];
        uint32_t seats = slu_place_seat(place) + 1;

        file->seats = seats > file->seats ? seats : file->seats;
    }
}

static enum slu_err add_name(struct slu_lists *self,
                             struct slu_candidate candidate,
                             struct slu_view name)
{
    struct slu_pool *pool = &self->lists[SLU_KIND_DOMAIN].pool;

    if (slu_lists_joins(self, SLU_KIND_DOMAIN) && slu_pool_is_full(pool)) {
        enum slu_err err = slu_domain_fold(&self->fold, pool);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return slu_pool_add(pool, candidate, name);
}

/* Where a line may hold several entries, one that leaves may be the one that
 * has the line's place. */
static enum slu_err leave_place(struct slu_lists *self,
                                const struct slu_record *record, uint32_t place)
{
    enum slu_kind kind = slu_record_indicator_kind(record);

    if (place == 0 || !slu_lists_joins(self, kind)) {
        return SLU_ERR_OK;
    }
    if (kind == SLU_KIND_IP) {
        slu_cidr_merge_leave(&self->merge, slu_record_cidr(record), place);
        return SLU_ERR_OK;
    }
    return add_name(
        self,
        (struct slu_candidate){.rank = record->key.len << 8 | SLU_FOLD_LEFT,
                               .place = place},
        record->key);
}

static enum slu_err add_candidate(struct slu_lists *self,
                                  const struct slu_record *record,
                                  size_t length, uint32_t place)
{
    struct slu_candidate candidate = {.place = place};
    const struct slu_view no_name = {0};
    struct slu_cidr cidr;

    if (record->kind == SLU_RECORD_DOMAIN) {
        candidate.rank = slu_rank_make(record, length, 0);
        return add_name(self, candidate, record->key);
    }
    cidr = slu_record_cidr(record);
    candidate.value = cidr.address;
    candidate.rank = slu_rank_make(record, length, cidr.prefix);
    return slu_lists_joins(self, SLU_KIND_IP)
               ? slu_cidr_merge_add(&self->merge, candidate)
               : slu_pool_add(&self->lists[SLU_KIND_IP].pool, candidate,
                              no_name);
}

enum slu_err slu_lists_consider(struct slu_lists *self,
                                const struct slu_record *record)
{
    struct slu_list *list = &self->lists[slu_record_indicator_kind(record)];
    uint32_t place;
    size_t length;

    assert(self->phase == SLU_LISTS_CONSIDER);
    if (!slu_record_is_valid(record)) {
        return SLU_ERR_OK;
    }
    place = old_place(list, record);
    note_seat(list, place);
    if (slu_lists_classify(&self->options, record) != SLU_REASON_NONE) {
        return leave_place(self, record, place);
    }
    length = slu_list_entry_length(record);
    /* What is longer than a file must not keep others out of the pool. */
    return slu_list_fits(list, length)
               ? add_candidate(self, record, length, place)
               : leave_place(self, record, place);
}

static enum slu_err join_entries(struct slu_lists *self, enum slu_kind kind)
{
    if (!slu_lists_joins(self, kind)) {
        return SLU_ERR_OK;
    }
    return kind == SLU_KIND_IP
               ? slu_cidr_merge_flush(&self->merge)
               : slu_domain_fold(&self->fold, &self->lists[kind].pool);
}

static enum slu_err decide_list(struct slu_lists *self, enum slu_kind kind)
{
    struct slu_list *list = &self->lists[kind];
    enum slu_err err = join_entries(self, kind);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_pool_trim(&list->pool, list->keep);
    err = slu_place(self->options.alloc, &list->limits, list->pool.items,
                    list->pool.count, list->files);
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_pool_drop_unplaced(&list->pool);
    if (kind == SLU_KIND_DOMAIN && slu_lists_joins(self, kind)) {
        list->wildcards = slu_domain_fold_wildcards(&list->pool);
        list->next = list->wildcards;
    }
    return SLU_ERR_OK;
}

enum slu_err slu_lists_decide(struct slu_lists *self)
{
    enum slu_err err;

    assert(self->phase == SLU_LISTS_CONSIDER);
    err = decide_list(self, SLU_KIND_IP);
    if (err == SLU_ERR_OK) {
        err = decide_list(self, SLU_KIND_DOMAIN);
    }
    if (err == SLU_ERR_OK) {
        self->phase = SLU_LISTS_SETTLE;
    }
    return err;
}

/* ---- second scan ---- */

static void set_place(struct slu_lists *self, struct slu_record *record,
                      const struct slu_standing *standing,
                      enum slu_lists_action *out_action)
{
    enum slu_kind kind = slu_record_indicator_kind(record);
    uint8_t file = (uint8_t)slu_place_file(standing->place);
    uint32_t seat = slu_place_seat(standing->place);
    bool had_place = record->place_file != 0;

    self->counts.listed[kind] += standing->listed;
    self->counts.added[kind] += file != 0 && !had_place;
    self->counts.removed[kind] += !standing->listed && had_place;
    self->counts.merged += standing->wider && kind == SLU_KIND_IP;
    self->counts.folded += standing->wider && kind == SLU_KIND_DOMAIN;
    if (record->place_file != file ||
        (file != 0 && record->place_seat != seat)) {
        record->place_file = file;
        record->place_seat = seat;
        *out_action = SLU_LISTS_UPDATE;
    }
}

static enum slu_err write_guarded(struct slu_lists *self,
                                  const struct slu_record *record,
                                  enum slu_reason reason)
{
    char entry[SLU_VALUE_MAX];
    size_t length = slu_list_entry(record, entry);

    return slu_side_writer_reason(
        &self->side, slu_record_indicator_kind(record),
        slu_view_make(entry, length), reason, record->last_seen);
}

static enum slu_err settle_valid(struct slu_lists *self,
                                 struct slu_record *record,
                                 enum slu_reason reason,
                                 enum slu_lists_action *out_action)
{
    enum slu_kind kind = slu_record_indicator_kind(record);
    struct slu_standing standing = {0};

    if (reason == SLU_REASON_NONE) {
        standing = slu_standing_find(self, record);
        slu_coverage_add(self->counts.categories, record, standing.listed);
    }
    set_place(self, record, &standing, out_action);
    if (reason == SLU_REASON_NONE && !standing.listed) {
        self->counts.exceeded[kind]++;
        return slu_side_writer_exceeded(&self->side, kind, record);
    }
    return slu_reason_class(reason) == SLU_REASON_CLASS_GUARD
               ? write_guarded(self, record, reason)
               : SLU_ERR_OK;
}

static enum slu_err settle_invalid(struct slu_lists *self,
                                   const struct slu_record *record,
                                   enum slu_reason reason)
{
    enum slu_kind kind = slu_record_indicator_kind(record);
    enum slu_err err;

    if (slu_reason_class(reason) != SLU_REASON_CLASS_INVALID) {
        return SLU_ERR_OK;
    }
    err = slu_side_writer_invalid(&self->side, kind, record->key);
    if (err == SLU_ERR_OK) {
        err = slu_side_writer_reason(&self->side, kind, record->key, reason,
                                     record->last_seen);
    }
    return err;
}

enum slu_err slu_lists_settle(struct slu_lists *self, struct slu_record *record,
                              enum slu_lists_action *out_action)
{
    enum slu_reason reason = slu_lists_classify(&self->options, record);
    bool unwanted = reason == SLU_REASON_VERDICT || reason == SLU_REASON_SCORE;
    bool listed = slu_record_is_valid(record) && record->place_file != 0;

    assert(self->phase == SLU_LISTS_SETTLE);
    *out_action = SLU_LISTS_KEEP;
    if (unwanted && listed) {
        reason = SLU_REASON_REVOKED;
        self->counts.revoked[slu_record_indicator_kind(record)]++;
    }
    if (reason != SLU_REASON_NONE) {
        self->counts.reasons[reason]++;
    }
    if (reason == SLU_REASON_EXPIRED) {
        self->counts.removed[slu_record_indicator_kind(record)] += listed;
        self->counts.expired[slu_record_indicator_kind(record)] += listed;
        *out_action = SLU_LISTS_DROP;
        return SLU_ERR_OK;
    }
    return slu_record_is_valid(record)
               ? settle_valid(self, record, reason, out_action)
               : settle_invalid(self, record, reason);
}

enum slu_err slu_lists_finish(struct slu_lists *self)
{
    enum slu_err err;

    assert(self->phase != SLU_LISTS_CONSIDER);
    if (self->phase == SLU_LISTS_FINISHED) {
        return SLU_ERR_OK;
    }
    /* A line of which nothing came again: the scans differed. */
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (self->lists[kind].met != self->lists[kind].pool.count) {
            return SLU_ERR_STATE;
        }
    }
    err = slu_side_writer_flush(&self->side);
    if (err == SLU_ERR_OK) {
        for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
            self->counts.side_omitted[file] = self->side.omitted[file];
        }
        self->phase = SLU_LISTS_FINISHED;
    }
    return err;
}

const struct slu_lists_counts *slu_lists_counts(const struct slu_lists *self)
{
    return &self->counts;
}
