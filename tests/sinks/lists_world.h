/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine is to the lists, in memory: records in key order, the two
 * scans, the side files, the list files' texts.
 */
#ifndef TESTS_SINKS_LISTS_WORLD_H
#define TESTS_SINKS_LISTS_WORLD_H

#include "sinks/lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define WORLD_NOW 1754542800
#define WORLD_DAY 86400
#define WORLD_MALICIOUS (1u << SLU_VERDICT_MALICIOUS)

struct world_record {
    struct slu_record record; /* its key points to `key` */
    char key[300];
    char text[300]; /* what a file shows */
};

struct world {
    struct world_record *records;
    unsigned count;
    unsigned room;
    struct slu_lists_config config;
    struct slu_lists_options options;
    struct slu_guard *guard;
    struct slu_buf side[SLU_SIDE_FILE_COUNT];
    struct slu_buf files[SLU_KIND_COUNT][SLU_LIST_FILES_MAX];
    uint64_t lines[SLU_KIND_COUNT][SLU_LIST_FILES_MAX];
    struct slu_lists_counts counts;
    unsigned pieces;            /* calls of write_side in the last run */
    unsigned updates;           /* records that were stored again */
    unsigned drops;             /* records that were deleted */
    enum slu_err write_failure; /* what write_side returns */
};

static inline enum slu_err world_write_side(void *ctx, enum slu_side_file file,
                                            struct slu_view bytes)
{
    struct world *self = ctx;

    cr_assert_gt(bytes.len, 0);
    cr_assert_eq(bytes.ptr[bytes.len - 1], '\n', "a piece is whole lines");
    self->pieces++;
    if (self->write_failure != SLU_ERR_OK) {
        return self->write_failure;
    }
    return slu_buf_append(&self->side[file], bytes);
}

static inline void world_init(struct world *self)
{
    const struct slu_guard_options guard = {.cidr_min_prefix = 8};
    const struct slu_alloc *alloc = slu_alloc_default();

    *self = (struct world){
        .config = {.ip_file_lines = SLU_LIST_IP_LINES_MAX,
                   .entity_file_lines = SLU_LIST_DOMAIN_LINES_MAX,
                   .file_bytes = SLU_LIST_BYTES_MAX,
                   .side_file_bytes = SLU_LIST_BYTES_MAX,
                   .max_age_ms = INT64_C(90) * WORLD_DAY * 1000},
        .options = {.alloc = alloc,
                    .verdicts = WORLD_MALICIOUS,
                    .now = WORLD_NOW,
                    .write_side = world_write_side},
    };
    self->guard = slu_guard_new(alloc, &guard);
    cr_assert_not_null(self->guard);
    cr_assert_eq(slu_guard_allow(self->guard,
                                 slu_view_str("9.9.9.0/24\nallowed.org\n"),
                                 NULL),
                 SLU_ERR_OK);
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        slu_buf_init(&self->side[i], alloc, 1u << 24);
    }
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        slu_buf_init(&self->files[SLU_KIND_IP][i], alloc, SLU_LIST_BYTES_MAX);
        slu_buf_init(&self->files[SLU_KIND_DOMAIN][i], alloc,
                     SLU_LIST_BYTES_MAX);
    }
}

static inline void world_fini(struct world *self)
{
    free(self->records);
    slu_guard_free(self->guard);
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        slu_buf_fini(&self->side[i]);
    }
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        slu_buf_fini(&self->files[SLU_KIND_IP][i]);
        slu_buf_fini(&self->files[SLU_KIND_DOMAIN][i]);
    }
}

/* n files of a kind, with other names than the default ones. */
static inline void world_set_files(struct world *self, unsigned ips,
                                   unsigned domains)
{
    static const char *const ip_names[] = {"i1", "i2", "i3", "i4", "i5", "i6"};
    static const char *const names[] = {"d1", "d2", "d3", "d4", "d5", "d6"};

    self->config.ip_files = (struct slu_strings){ip_names, ips, false};
    self->config.entity_files = (struct slu_strings){names, domains, false};
}

/* ---- records ---- */

static inline int world_compare(const struct slu_record *a,
                                const struct slu_record *b)
{
    size_t shorter = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order;

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    order = memcmp(a->key.ptr, b->key.ptr, shorter);
    return order != 0 ? order
                      : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static inline void world_fix_keys(struct world *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        self->records[i].record.key.ptr = self->records[i].key;
    }
}

static inline void world_remove(struct world *self, unsigned index)
{
    memmove(&self->records[index], &self->records[index + 1],
            (self->count - index - 1) * sizeof(*self->records));
    self->count--;
    world_fix_keys(self);
}

static inline struct slu_record *world_find(struct world *self,
                                            const char *text)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (strcmp(self->records[i].text, text) == 0) {
            return &self->records[i].record;
        }
    }
    return NULL;
}

static inline void world_make_key(struct world_record *made,
                                  enum slu_record_kind kind, const char *text)
{
    unsigned octets[4] = {0};
    unsigned prefix = 32;

    (void)snprintf(made->text, sizeof(made->text), "%s", text);
    made->record.kind = kind;
    if (kind == SLU_RECORD_IP) {
        (void)sscanf(text, "%u.%u.%u.%u/%u", &octets[0], &octets[1], &octets[2],
                     &octets[3], &prefix);
        for (unsigned i = 0; i < 4; i++) {
            made->key[i] = (char)octets[i];
        }
        made->key[4] = (char)prefix;
        made->record.key.len = SLU_RECORD_IP_KEY_LEN;
    } else {
        (void)snprintf(made->key, sizeof(made->key), "%s", text);
        made->record.key.len = strlen(text);
    }
}

/* Puts a malicious record in its place; it must be new. The pointer dies with
 * the next one. */
static inline struct slu_record *world_add(struct world *self,
                                           enum slu_record_kind kind,
                                           const char *text, uint8_t score)
{
    struct world_record made = {
        .record = {.verdict = SLU_VERDICT_MALICIOUS,
                   .score = score,
                   .sources = SLU_SOURCE_STREAM,
                   .first_seen = WORLD_NOW - WORLD_DAY,
                   .last_seen = WORLD_NOW - WORLD_DAY,
                   .assessed_at = WORLD_NOW - WORLD_DAY}};
    unsigned at = 0;

    world_make_key(&made, kind, text);
    made.record.key.ptr = made.key;
    if (kind == SLU_RECORD_INVALID_IP) {
        made.record.reason = SLU_REASON_IP_SYNTAX;
    } else if (kind == SLU_RECORD_INVALID_DOMAIN) {
        made.record.reason = SLU_REASON_DOMAIN_UNDERSCORE;
    }
    if (self->count == self->room) {
        self->room = self->room == 0 ? 64 : self->room * 2;
        self->records =
            realloc(self->records, self->room * sizeof(*self->records));
        cr_assert_not_null(self->records);
        world_fix_keys(self);
    }
    while (at < self->count &&
           world_compare(&self->records[at].record, &made.record) < 0) {
        at++;
    }
    memmove(&self->records[at + 1], &self->records[at],
            (self->count - at) * sizeof(*self->records));
    self->records[at] = made;
    self->count++;
    world_fix_keys(self);
    return &self->records[at].record;
}

/* ---- a run ---- */

static inline enum slu_err world_consider(struct world *self,
                                          struct slu_lists *lists)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; err == SLU_ERR_OK && i < self->count; i++) {
        err = slu_lists_consider(lists, &self->records[i].record);
    }
    return err == SLU_ERR_OK ? slu_lists_decide(lists) : err;
}

static inline enum slu_err world_settle(struct world *self,
                                        struct slu_lists *lists)
{
    for (unsigned i = 0; i < self->count;) {
        struct slu_record *record = &self->records[i].record;
        struct slu_record before = *record;
        enum slu_lists_action action = SLU_LISTS_DROP;
        enum slu_err err = slu_lists_settle(lists, record, &action);
        bool moved = before.place_file != record->place_file ||
                     before.place_seat != record->place_seat;

        if (err != SLU_ERR_OK) {
            return err;
        }
        cr_assert_eq(moved, action == SLU_LISTS_UPDATE, "%s",
                     self->records[i].text);
        self->updates += action == SLU_LISTS_UPDATE;
        self->drops += action == SLU_LISTS_DROP;
        if (action == SLU_LISTS_DROP) {
            world_remove(self, i);
        } else {
            i++;
        }
    }
    return slu_lists_finish(lists);
}

static inline enum slu_err world_read_files(struct world *self,
                                            struct slu_lists *lists)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        unsigned count = slu_lists_file_count(lists, (enum slu_kind)kind);

        for (unsigned i = 0; i < count; i++) {
            enum slu_err err =
                slu_lists_file(lists, (enum slu_kind)kind, i,
                               &self->files[kind][i], &self->lines[kind][i]);

            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

static inline enum slu_err world_run(struct world *self)
{
    struct slu_lists *lists;
    enum slu_err err;

    self->pieces = self->updates = self->drops = 0;
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        slu_buf_clear(&self->side[i]);
    }
    self->options.config = &self->config;
    self->options.guard = self->guard;
    self->options.ctx = self;
    lists = slu_lists_new(&self->options);
    if (lists == NULL) {
        return SLU_ERR_NOMEM;
    }
    err = world_consider(self, lists);
    if (err == SLU_ERR_OK) {
        err = world_settle(self, lists);
    }
    if (err == SLU_ERR_OK) {
        err = world_read_files(self, lists);
    }
    self->counts = *slu_lists_counts(lists);
    slu_lists_free(lists);
    return err;
}

static inline void world_must_run(struct world *self)
{
    enum slu_err err = world_run(self);

    cr_assert_eq(err, SLU_ERR_OK, "%s", slu_err_name(err));
}

/* ---- what came out ---- */

static inline void assert_text(const struct slu_buf *buf, const char *expected)
{
    cr_assert(slu_view_equal_str(slu_buf_view(buf), expected),
              "is:\n%.*s\nexpected:\n%s", (int)buf->len, buf->ptr, expected);
}

#define ASSERT_FILE(world, kind, index, expected)                              \
    assert_text(&(world)->files[kind][index], expected)
#define ASSERT_SIDE(world, file, expected)                                     \
    assert_text(&(world)->side[file], expected)

/* file: from 1; 0: in none, whatever the seat. */
static inline void world_assert_seat(struct world *self, const char *text,
                                     unsigned file, unsigned seat)
{
    const struct slu_record *record = world_find(self, text);

    cr_assert_eq(record->place_file, file, "%s", text);
    cr_assert(file == 0 || record->place_seat == seat, "%s", text);
}

#endif
