/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store's tests share: a folder of their own, random numbers, records
 * of numbered keys, and a naive model of the store: arrays, linear search, and
 * nothing of the store's own ways.
 */
#ifndef SLU_TESTS_STORE_SUPPORT_H
#define SLU_TESTS_STORE_SUPPORT_H

#include "engine/store.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED_FN __attribute__((unused))

/* ---- folders ---- */

#define TEST_FOLDER "/slu-test-"

UNUSED_FN static int remove_one(const char *path, const struct stat *info,
                                int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

/* Of the folders that make_folder makes, and of no other. */
UNUSED_FN static void remove_tree(const char *path)
{
    if (strstr(path, TEST_FOLDER) == NULL) {
        abort();
    }
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* A new folder; the returned text is the caller's array. */
UNUSED_FN static const char *make_folder(char path[64])
{
    (void)snprintf(path, 64, "/tmp" TEST_FOLDER "XXXXXX");
    if (mkdtemp(path) == NULL) {
        abort();
    }
    return path;
}

/* What a query of one number says of the state of a folder. */
UNUSED_FN static int64_t ask_number(const char *dir, const char *sql)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t number;

    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        abort();
    }
    number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return number;
}

/* Until the store's thread has folded what is pending: a sleep of any length
 * may be too short. */
UNUSED_FN static void await_fold(const char *dir)
{
    while (ask_number(dir, "SELECT count(*) FROM pending") != 0) {
        (void)usleep(1000);
    }
}

/* The file's text, until the next call; NULL when it can't be read. */
UNUSED_FN static const char *read_text(const char *dir, const char *name)
{
    static char text[2 << 20];
    char path[256];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "rbe");
    if (file == NULL) {
        return NULL;
    }
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

/* ---- random numbers: the same in each run ---- */

struct dice {
    uint64_t state;
};

UNUSED_FN static uint32_t roll(struct dice *self, uint32_t below)
{
    self->state ^= self->state << 13;
    self->state ^= self->state >> 7;
    self->state ^= self->state << 17;
    return (uint32_t)(self->state >> 32) % below;
}

/* ---- records ---- */

#define KEY_ROOM 64

struct test_record {
    struct slu_record record; /* its key points to nowhere; see view_test */
    char key[KEY_ROOM];
    size_t key_len;
};

UNUSED_FN static struct slu_record view_test(const struct test_record *self)
{
    struct slu_record record = self->record;

    record.key = slu_view_make(self->key, self->key_len);
    return record;
}

/* The key number n of a kind: short and long ones, with common beginnings, one
 * empty, some with zero bytes. */
UNUSED_FN static void make_key(struct test_record *self,
                               enum slu_record_kind kind, uint32_t n)
{
    static const char *const stems[] = {"", "www.", "www.very-long-common-",
                                        "\0\0\0\0\0\0\0"};
    static const size_t lens[] = {0, 4, 22, 7};

    self->record.kind = kind;
    if (kind == SLU_RECORD_IP) {
        uint32_t address = n * 2654435761u;

        slu_record_key_from_cidr((struct slu_cidr){address, 32}, self->key);
        self->key_len = SLU_RECORD_IP_KEY_LEN;
        return;
    }
    memcpy(self->key, stems[n % 4], lens[n % 4]);
    self->key_len = lens[n % 4];
    if (n != 0) {
        self->key_len += (size_t)snprintf(self->key + self->key_len,
                                          KEY_ROOM - self->key_len, "%u", n);
    }
}

UNUSED_FN static struct test_record make_test(struct dice *dice, uint32_t keys)
{
    struct test_record made;
    struct slu_record *record = &made.record;

    memset(&made, 0, sizeof(made));
    make_key(&made, (enum slu_record_kind)roll(dice, SLU_RECORD_KIND_COUNT),
             roll(dice, keys));
    record->first_seen = 1000 + roll(dice, 50);
    record->last_seen = record->first_seen + roll(dice, 50);
    record->sources = 1u << roll(dice, 9);
    if (roll(dice, 4) != 0) {
        record->verdict = (enum slu_verdict)(1 + roll(dice, 5));
        record->score = (uint8_t)roll(dice, 101);
        record->assessed_at = 900 + roll(dice, 200);
    }
    if (roll(dice, 8) == 0) {
        record->place_file = (uint8_t)(1 + roll(dice, 6));
        record->place_seat = roll(dice, 1000);
    }
    if (record->kind >= SLU_RECORD_INVALID_IP) {
        record->reason = (enum slu_reason)(1 + roll(dice, 5));
    }
    return made;
}

UNUSED_FN static bool same_test(const struct test_record *a,
                                const struct slu_record *b)
{
    struct slu_record own = view_test(a);

    return slu_record_compare(&own, b) == 0 && own.reason == b->reason &&
           own.verdict == b->verdict && own.score == b->score &&
           own.sources == b->sources && own.first_seen == b->first_seen &&
           own.last_seen == b->last_seen && own.assessed_at == b->assessed_at &&
           own.place_file == b->place_file && own.place_seat == b->place_seat;
}

/* ---- a model: a set of records, sorted by nothing ---- */

#define MODEL_MAX 4096

struct model {
    struct test_record records[MODEL_MAX];
    size_t count;
};

UNUSED_FN static struct test_record *model_find(struct model *self,
                                                const struct slu_record *record)
{
    for (size_t i = 0; i < self->count; i++) {
        struct slu_record own = view_test(&self->records[i]);

        if (slu_record_compare(&own, record) == 0) {
            return &self->records[i];
        }
    }
    return NULL;
}

UNUSED_FN static void model_add(struct model *self,
                                const struct test_record *record)
{
    struct slu_record view = view_test(record);
    struct test_record *found = model_find(self, &view);

    if (found != NULL) {
        struct slu_record merged = view_test(found);

        slu_record_merge(&merged, &view);
        found->record = merged;
        return;
    }
    if (self->count == MODEL_MAX) {
        abort();
    }
    self->records[self->count++] = *record;
}

UNUSED_FN static void model_add_all(struct model *self,
                                    const struct test_record *records,
                                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        model_add(self, &records[i]);
    }
}

UNUSED_FN static void model_remove(struct model *self,
                                   struct test_record *record)
{
    *record = self->records[--self->count];
}

/* ---- the store as a set ---- */

struct comparison {
    struct model *model;
    size_t seen;
    char last[KEY_ROOM];
    size_t last_len;
    bool any;
    const char *fault; /* NULL: none */
};

UNUSED_FN static enum slu_err compare_one(void *ctx,
                                          const struct slu_record *record)
{
    struct comparison *self = ctx;
    struct test_record *found = model_find(self->model, record);
    struct slu_record last = {.kind = record->kind,
                              .key = slu_view_make(self->last, self->last_len)};

    if (found == NULL) {
        self->fault = "a record that should not be there";
    } else if (!same_test(found, record)) {
        self->fault = "a record with other values";
    } else if (self->any && slu_record_compare(&last, record) >= 0) {
        self->fault = "records out of order, or twice";
    }
    self->seen++;
    self->any = true;
    self->last_len = record->key.len;
    memcpy(self->last, record->key.ptr, record->key.len);
    return self->fault == NULL ? SLU_ERR_OK : SLU_ERR_STOPPED;
}

/* NULL, or what is different. The store's folded records only. */
UNUSED_FN static const char *compare_store(struct slu_store *store,
                                           struct model *model)
{
    struct comparison comparison = {.model = model};

    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        comparison.any = false;
        if (slu_store_scan(store, (enum slu_record_kind)kind, compare_one,
                           &comparison) != SLU_ERR_OK) {
            return comparison.fault != NULL ? comparison.fault
                                            : slu_store_error(store)->text;
        }
    }
    return comparison.seen == model->count ? NULL : "a record is missing";
}

/* ---- calls in a convenient form ---- */

UNUSED_FN static struct slu_buf pack_tests(const struct test_record *records,
                                           size_t count)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), (size_t)1 << 26);
    for (size_t i = 0; i < count; i++) {
        struct slu_record record = view_test(&records[i]);

        if (slu_record_pack(&record, &buf) != SLU_ERR_OK) {
            abort();
        }
    }
    return buf;
}

UNUSED_FN static void add_entry(struct slu_buf *buf, const char *key,
                                const char *value)
{
    const char lens[4] = {(char)strlen(key), (char)(strlen(key) >> 8),
                          (char)strlen(value), (char)(strlen(value) >> 8)};

    if (slu_buf_append(buf, slu_view_make(lens, 4)) != SLU_ERR_OK ||
        slu_buf_append_str(buf, key) != SLU_ERR_OK ||
        slu_buf_append_str(buf, value) != SLU_ERR_OK) {
        abort();
    }
}

UNUSED_FN static enum slu_err commit_tests(struct slu_store *store,
                                           uint64_t answer,
                                           const struct test_record *records,
                                           size_t count, const char *key,
                                           const char *value)
{
    struct slu_buf packed = pack_tests(records, count);
    struct slu_buf entries;
    enum slu_err err;

    slu_buf_init(&entries, slu_alloc_default(), 100000);
    if (key != NULL) {
        add_entry(&entries, key, value);
    }
    err = slu_store_commit(store, answer, slu_buf_view(&packed), count,
                           slu_buf_view(&entries));
    slu_buf_fini(&packed);
    slu_buf_fini(&entries);
    return err;
}

UNUSED_FN static enum slu_err stage_tests(struct slu_store *store,
                                          uint64_t answer,
                                          const struct test_record *records,
                                          size_t count)
{
    struct slu_buf packed = pack_tests(records, count);
    enum slu_err err =
        slu_store_stage(store, answer, slu_buf_view(&packed), count);

    slu_buf_fini(&packed);
    return err;
}

/* ctx: the uint64_t that it counts in. */
UNUSED_FN static enum slu_err count_record(void *ctx,
                                           const struct slu_record *record)
{
    (void)record;
    ++*(uint64_t *)ctx;
    return SLU_ERR_OK;
}

struct found_entry {
    char value[64];
    size_t count;
};

UNUSED_FN static enum slu_err note_entry(void *ctx, struct slu_view key,
                                         struct slu_view value)
{
    struct found_entry *found = ctx;

    (void)key;
    found->count++;
    (void)snprintf(found->value, sizeof(found->value), "%.*s",
                   SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

/* A small store: many shards, folds only when told, and nothing is held in
 * memory, unless changed. */
UNUSED_FN static struct slu_store_options small_options(const char *dir)
{
    struct slu_store_options opts = {.alloc = slu_alloc_default(),
                                     .dir = dir,
                                     .queue_bytes = 64 << 10,
                                     .fold_at = 1u << 30,
                                     .shard_bytes = 512,
                                     .hold_bytes = 1};
    return opts;
}

#endif
