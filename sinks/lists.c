/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a record, in this order:
 *
 *   EXPIRED        last seen more than max_age ago. Its place is free and it is
 *                  deleted from the store, whatever its kind.
 *   VERDICT, SCORE its newest assessment is not wanted. It stays in the store
 *                  until it expires, so that a late page with an older verdict
 *                  can't bring it back. REVOKED when it was on a list until
 * now. an INVALID one the value is in invalid_iocs/ with its reason GUARD_*
 * today's guard rails or allow file hold it back a candidate    one of the
 * best: it has a place; else it exceeds capacity
 *
 * The first scan gathers the candidates (pool.h), decide places them (place.c),
 * the second scan asks again what becomes of each record, which is cheaper than
 * remembering it, and meets the placed ones in the order in which they came.
 */
#include "sinks/lists.h"

#include "codecs/checks.h"
#include "codecs/list_text.h"
#include "sinks/place.h"
#include "sinks/pool.h"
#include "sinks/side_writer.h"

#include <assert.h>

enum phase {
    PHASE_CONSIDER, /* first scan */
    PHASE_SETTLE,   /* decided; second scan */
    PHASE_FINISHED, /* the files can be had */
};

/* The list of one kind. */
struct list {
    struct slu_pool pool;
    struct slu_place_limits limits;
    struct slu_place_file files[SLU_LIST_FILES_MAX];
    uint32_t next; /* second scan: the placed item to come */
};

struct slu_lists {
    struct slu_lists_options options;
    enum phase phase;
    struct list lists[SLU_KIND_COUNT];
    struct slu_side_writer side;
    struct slu_lists_counts counts;
};

static enum slu_kind kind_of(const struct slu_record *record)
{
    return record->kind == SLU_RECORD_IP ||
                   record->kind == SLU_RECORD_INVALID_IP
               ? SLU_KIND_IP
               : SLU_KIND_DOMAIN;
}

static bool is_valid(const struct slu_record *record)
{
    return record->kind == SLU_RECORD_IP || record->kind == SLU_RECORD_DOMAIN;
}

/* ---- life ---- */

static void init_list(struct slu_lists *self, enum slu_kind kind)
{
    const struct slu_lists_config *config = self->options.config;
    struct list *list = &self->lists[kind];

    list->limits.files = slu_lists_file_count(self, kind);
    list->limits.lines =
        (uint32_t)(kind == SLU_KIND_IP ? config->ip_file_lines
                                       : config->entity_file_lines);
    list->limits.bytes = config->file_bytes;
    slu_pool_init(&list->pool, self->options.alloc,
                  list->limits.files * list->limits.lines);
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

static bool has_expired(const struct slu_lists *self,
                        const struct slu_record *record)
{
    return (int64_t)record->last_seen * 1000 +
               self->options.config->max_age_ms <
           self->options.now * 1000;
}

/* NONE for a candidate. */
static enum slu_reason classify(const struct slu_lists *self,
                                const struct slu_record *record)
{
    enum slu_reason reason;

    if (has_expired(self, record)) {
        return SLU_REASON_EXPIRED;
    }
    reason = slu_check_wanted(record, self->options.verdicts,
                              self->options.min_score);
    if (reason != SLU_REASON_NONE) {
        return reason;
    }
    return is_valid(record) ? slu_check_guard(self->options.guard, record)
                            : record->reason;
}

/* The place a record has had, 0 when it had none or when that is gone: its file
 * is no longer configured, or its seat is beyond all bounds. */
static uint32_t old_place(const struct list *list,
                          const struct slu_record *record)
{
    if (record->place_file == 0 || record->place_file > list->limits.files ||
        record->place_seat >= SLU_PLACE_SEATS) {
        return 0;
    }
    return slu_place_code(record->place_file, record->place_seat);
}

/* Remembers how far a file was taken, by those that leave it too: the last seat
 * is a free one like any other. */
static void note_seat(struct list *list, uint32_t place)
{
    if (place != 0) {
        struct slu_place_file *file = &list->files[slu_place_file(place) - 1];
        uint32_t seats = slu_place_seat(place) + 1;

        file->seats = seats > file->seats ? seats : file->seats;
    }
}

enum slu_err slu_lists_consider(struct slu_lists *self,
                                const struct slu_record *record)
{
    struct list *list = &self->lists[kind_of(record)];
    struct slu_candidate candidate = {0};
    struct slu_view name = {0};
    struct slu_cidr cidr = {0};
    char entry[SLU_VALUE_MAX];
    size_t length;

    assert(self->phase == PHASE_CONSIDER);
    if (!is_valid(record)) {
        return SLU_ERR_OK;
    }
    candidate.place = old_place(list, record);
    note_seat(list, candidate.place);
    if (classify(self, record) != SLU_REASON_NONE) {
        return SLU_ERR_OK;
    }
    length = slu_list_entry(record, entry);
    /* What is longer than a file must not keep others out of the pool. */
    if (length + 1 > list->limits.bytes) {
        return SLU_ERR_OK;
    }
    if (record->kind == SLU_RECORD_IP) {
        cidr = slu_record_cidr(record);
        candidate.value = cidr.address;
    } else {
        name = slu_view_make(entry, length);
    }
    candidate.rank = slu_rank_make(record, length, cidr.prefix);
    return slu_pool_add(&list->pool, candidate, name);
}

enum slu_err slu_lists_decide(struct slu_lists *self)
{
    assert(self->phase == PHASE_CONSIDER);
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        struct list *list = &self->lists[kind];
        enum slu_err err;

        slu_pool_trim(&list->pool);
        err = slu_place(self->options.alloc, &list->limits, list->pool.items,
                        list->pool.count, list->files);
        if (err != SLU_ERR_OK) {
            return err;
        }
        slu_pool_drop_unplaced(&list->pool);
    }
    self->phase = PHASE_SETTLE;
    return SLU_ERR_OK;
}

/* ---- second scan ---- */

/* The place of a candidate; 0 when it has none. */
static uint32_t take_place(struct list *list, const struct slu_record *record)
{
    const struct slu_candidate *item;
    bool same;

    if (list->next == list->pool.count) {
        return 0;
    }
    item = &list->pool.items[list->next];
    if (record->kind == SLU_RECORD_IP) {
        struct slu_cidr cidr = slu_record_cidr(record);

        same = item->value == cidr.address &&
               slu_rank_prefix(item->rank) == cidr.prefix;
    } else {
        char entry[SLU_VALUE_MAX];
        size_t length = slu_list_entry(record, entry);

        same = slu_view_equal(slu_pool_name(&list->pool, item),
                              slu_view_make(entry, length));
    }
    if (!same) {
        return 0;
    }
    list->next++;
    return item->place;
}

static void set_place(struct slu_lists *self, struct slu_record *record,
                      uint32_t place, enum slu_lists_action *out_action)
{
    enum slu_kind kind = kind_of(record);
    uint8_t file = (uint8_t)slu_place_file(place);
    uint32_t seat = slu_place_seat(place);
    bool had_place = record->place_file != 0;

    self->counts.listed[kind] += place != 0;
    self->counts.added[kind] += place != 0 && !had_place;
    self->counts.removed[kind] += place == 0 && had_place;
    if (record->place_file != file ||
        (file != 0 && record->place_seat != seat)) {
        record->place_file = file;
        record->place_seat = seat;
        *out_action = SLU_LISTS_UPDATE;
    }
}

static enum slu_err settle_valid(struct slu_lists *self,
                                 struct slu_record *record,
                                 enum slu_reason reason,
                                 enum slu_lists_action *out_action)
{
    enum slu_kind kind = kind_of(record);
    uint32_t place = 0;

    if (reason == SLU_REASON_NONE) {
        place = take_place(&self->lists[kind], record);
    }
    set_place(self, record, place, out_action);
    if (reason == SLU_REASON_NONE && place == 0) {
        self->counts.exceeded[kind]++;
        return slu_side_writer_exceeded(&self->side, kind, record);
    }
    if (slu_reason_class(reason) == SLU_REASON_CLASS_GUARD) {
        char entry[SLU_VALUE_MAX];
        size_t length = slu_list_entry(record, entry);

        return slu_side_writer_reason(&self->side, kind,
                                      slu_view_make(entry, length), reason,
                                      record->last_seen);
    }
    return SLU_ERR_OK;
}

static enum slu_err settle_invalid(struct slu_lists *self,
                                   const struct slu_record *record,
                                   enum slu_reason reason)
{
    enum slu_kind kind = kind_of(record);
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
    enum slu_reason reason = classify(self, record);
    bool unwanted = reason == SLU_REASON_VERDICT || reason == SLU_REASON_SCORE;
    bool listed = is_valid(record) && record->place_file != 0;

    assert(self->phase == PHASE_SETTLE);
    *out_action = SLU_LISTS_KEEP;
    if (unwanted && listed) {
        reason = SLU_REASON_REVOKED;
        self->counts.revoked[kind_of(record)]++;
    }
    if (reason != SLU_REASON_NONE) {
        self->counts.reasons[reason]++;
    }
    if (reason == SLU_REASON_EXPIRED) {
        self->counts.removed[kind_of(record)] += listed;
        self->counts.expired[kind_of(record)] += listed;
        *out_action = SLU_LISTS_DROP;
        return SLU_ERR_OK;
    }
    return is_valid(record) ? settle_valid(self, record, reason, out_action)
                            : settle_invalid(self, record, reason);
}

enum slu_err slu_lists_finish(struct slu_lists *self)
{
    enum slu_err err;

    assert(self->phase != PHASE_CONSIDER);
    if (self->phase == PHASE_FINISHED) {
        return SLU_ERR_OK;
    }
    /* A placed entry that did not come again: the scans differed. */
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (self->lists[kind].next != self->lists[kind].pool.count) {
            return SLU_ERR_STATE;
        }
    }
    err = slu_side_writer_flush(&self->side);
    if (err == SLU_ERR_OK) {
        for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
            self->counts.side_omitted[file] = self->side.omitted[file];
        }
        self->phase = PHASE_FINISHED;
    }
    return err;
}

/* ---- the files ---- */

/* What sits in a seat of a file, small enough for a file's seats to stay in
 * the cache: they are filled in the order of the values and read in their own.
 */
struct sitter {
    uint32_t value; /* as in struct slu_candidate */
    uint8_t length; /* 0: the seat is free */
    uint8_t prefix;
};

static void fill_seats(const struct slu_pool *pool, unsigned file,
                       struct sitter *seats)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct slu_candidate *item = &pool->items[i];

        if (slu_place_file(item->place) == file) {
            seats[slu_place_seat(item->place)] = (struct sitter){
                .value = item->value,
                .length = (uint8_t)slu_rank_length(item->rank),
                .prefix = slu_rank_prefix(item->rank),
            };
        }
    }
}

static void append_line(const struct slu_pool *pool, enum slu_kind kind,
                        const struct sitter *sitter, struct slu_buf *buf)
{
    char entry[SLU_IPV4_TEXT_MAX];
    const char *text = entry;
    char *end = buf->ptr + buf->len;

    if (kind == SLU_KIND_IP) {
        struct slu_cidr cidr = {sitter->value, sitter->prefix};

        (void)slu_ipv4_format(cidr, entry);
    } else {
        text = pool->names.ptr + sitter->value;
    }
    memcpy(end, text, sitter->length);
    end[sitter->length] = '\n';
    slu_buf_commit(buf, (size_t)sitter->length + 1);
}

enum slu_err slu_lists_file(struct slu_lists *self, enum slu_kind kind,
                            unsigned index, struct slu_buf *buf,
                            uint64_t *out_lines)
{
    const struct list *list = &self->lists[kind];
    const struct slu_place_file *file = &list->files[index];
    size_t seats_bytes = file->seats * sizeof(struct sitter);
    struct sitter *seats;
    char *room;
    enum slu_err err = slu_lists_finish(self);

    assert(index < list->limits.files);
    slu_buf_clear(buf);
    *out_lines = file->lines;
    if (err != SLU_ERR_OK || file->lines == 0) {
        return err;
    }
    err = slu_buf_reserve(buf, file->bytes, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    seats = slu_alloc_zero(self->options.alloc, seats_bytes);
    if (seats == NULL) {
        return SLU_ERR_NOMEM;
    }
    fill_seats(&list->pool, index + 1, seats);
    for (uint32_t seat = 0; seat < file->seats; seat++) {
        if (seats[seat].length != 0) {
            append_line(&list->pool, kind, &seats[seat], buf);
        }
    }
    slu_alloc_put(self->options.alloc, seats, seats_bytes);
    return SLU_ERR_OK;
}

unsigned slu_lists_file_count(const struct slu_lists *self, enum slu_kind kind)
{
    return slu_lists_config_files(self->options.config, kind)->count;
}

const char *slu_lists_file_path(const struct slu_lists *self,
                                enum slu_kind kind, unsigned index)
{
    const struct slu_strings *files =
        slu_lists_config_files(self->options.config, kind);

    return index < files->count ? files->items[index] : NULL;
}

const struct slu_lists_counts *slu_lists_counts(const struct slu_lists *self)
{
    return &self->counts;
}
