/* SPDX-License-Identifier: Apache-2.0 */
/* What the store promises when nothing goes wrong: against a naive model, and
 * call by call. test_store_faults.c and test_store_crash.c have the rest. */
#include "store_scene.h"

#include <sqlite3.h>

TestSuite(store, .init = make_dir, .fini = remove_dir);

static void check_store(struct slu_store *store, struct model *model)
{
    const char *fault = compare_store(store, model);

    cr_assert_null(fault, "%s", fault);
}

/* ---- the model ---- */

#define STEP_RECORDS 40

struct play {
    struct dice dice;
    struct slu_store *store;
    struct slu_store_options opts;
    struct model folded;
    struct model pending; /* committed, maybe not folded */
    uint64_t staged_id;   /* 0: no answer is open */
    struct test_record staged[STEP_RECORDS];
    size_t staged_count;
    unsigned checkpoint; /* number of commits */
    uint32_t keys;
};

static size_t draw_records(struct play *self, struct test_record *out)
{
    size_t count = roll(&self->dice, STEP_RECORDS + 1);

    for (size_t i = 0; i < count; i++) {
        out[i] = make_test(&self->dice, self->keys);
    }
    return count;
}

static void play_commit(struct play *self, uint64_t id)
{
    struct test_record records[STEP_RECORDS];
    size_t count = draw_records(self, records);
    char value[16];

    (void)snprintf(value, sizeof(value), "%u", ++self->checkpoint);
    cr_assert_eq(commit_tests(self->store, id, records, count, "unit/a", value),
                 SLU_ERR_OK);
    model_add_all(&self->pending, records, count);
}

static void play_stage(struct play *self)
{
    if (self->staged_id == 0) {
        self->staged_id = slu_store_answer_id(self->store);
        self->staged_count = draw_records(self, self->staged);
        cr_assert_eq(stage_tests(self->store, self->staged_id, self->staged,
                                 self->staged_count),
                     SLU_ERR_OK);
        return;
    }
    if (roll(&self->dice, 2) == 0) {
        cr_assert_eq(slu_store_abandon(self->store, self->staged_id),
                     SLU_ERR_OK);
    } else {
        play_commit(self, self->staged_id);
        model_add_all(&self->pending, self->staged, self->staged_count);
    }
    self->staged_id = 0;
}

static void play_fold(struct play *self)
{
    cr_assert_eq(slu_store_fold(self->store), SLU_ERR_OK);
    model_add_all(&self->folded, self->pending.records, self->pending.count);
    self->pending.count = 0;
    check_store(self->store, &self->folded);
}

static void play_reopen(struct play *self)
{
    struct found_entry found = {.count = 0};

    slu_store_close(self->store);
    self->store = open_with(&self->opts);
    self->staged_id = 0; /* what was open is forgotten */
    cr_assert_eq(slu_store_entries(self->store, "unit/", note_entry, &found),
                 SLU_ERR_OK);
    cr_assert_eq((unsigned)atoi(found.value), self->checkpoint);
}

static enum slu_err change_some(void *ctx, struct slu_record *record,
                                enum slu_store_change *out_change)
{
    struct play *self = ctx;
    struct test_record *mine = model_find(&self->folded, record);

    cr_assert_not_null(mine);
    switch (roll(&self->dice, 4)) {
    case 0:
        record->place_file = (uint8_t)(1 + roll(&self->dice, 6));
        record->place_seat = roll(&self->dice, 250000);
        mine->record.place_file = record->place_file;
        mine->record.place_seat = record->place_seat;
        *out_change = SLU_STORE_UPDATE;
        break;
    case 1:
        model_remove(&self->folded, mine);
        *out_change = SLU_STORE_DELETE;
        break;
    default:
        *out_change = SLU_STORE_KEEP;
    }
    return SLU_ERR_OK;
}

/* As a fold, or held in memory: then a rewrite has yet to write it, or the next
 * fold does. */
static void play_gather(struct play *self)
{
    static struct model before;

    before = self->folded;
    cr_assert_eq(slu_store_gather(self->store), SLU_ERR_OK);
    model_add_all(&self->folded, self->pending.records, self->pending.count);
    check_store(self->store, &self->folded);
    if (roll(&self->dice, 3) == 0) {
        self->folded = before;
        return;
    }
    self->pending.count = 0;
    cr_assert_eq(slu_store_rewrite(self->store, change_some, self), SLU_ERR_OK,
                 "%s", slu_store_error(self->store)->text);
    check_store(self->store, &self->folded);
}

/* What is pending or in layers is found as what is folded is. */
static void play_read(struct play *self)
{
    static struct model all;
    struct comparison comparison = {.model = &all};

    all = self->folded;
    model_add_all(&all, self->pending.records, self->pending.count);
    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        comparison.any = false;
        cr_assert_eq(slu_store_scan_all(self->store, (enum slu_record_kind)kind,
                                        compare_one, &comparison),
                     SLU_ERR_OK, "%s", comparison.fault);
    }
    cr_assert_eq(comparison.seen, all.count);
    for (unsigned i = 0; i < 5 && all.count != 0; i++) {
        const struct test_record *one =
            &all.records[roll(&self->dice, (uint32_t)all.count)];
        struct slu_record own = view_test(one);
        struct slu_record record;
        bool found;

        cr_assert_eq(
            slu_store_find(self->store, own.kind, own.key, &record, &found),
            SLU_ERR_OK);
        cr_assert(found && same_test(one, &record));
    }
}

/* All at once: what is pending is folded before, or would come back. */
static void play_rewrite(struct play *self)
{
    play_fold(self);
    cr_assert_eq(slu_store_rewrite(self->store, change_some, self), SLU_ERR_OK,
                 "%s", slu_store_error(self->store)->text);
    check_store(self->store, &self->folded);
}

static void play_step(struct play *self)
{
    uint32_t step = roll(&self->dice, 48);

    if (step < 20) {
        play_commit(self, slu_store_answer_id(self->store));
    } else if (step < 32) {
        play_stage(self);
    } else if (step < 35) {
        play_fold(self);
    } else if (step < 37) {
        play_rewrite(self);
    } else if (step < 39) {
        play_reopen(self);
    } else if (step < 42) {
        play_read(self);
    } else if (step < 43) {
        slu_store_tidy(self->store); /* whatever else comes meanwhile */
    } else if (step < 47) {
        play_gather(self);
    } else {
        cr_assert_eq(slu_store_drain(self->store), SLU_ERR_OK);
    }
}

static void play(uint64_t seed, uint32_t keys, uint64_t fold_at,
                 size_t shard_bytes, size_t hold_bytes)
{
    struct play *self = calloc(1, sizeof(*self));

    cr_assert_not_null(self);
    self->dice.state = seed * 0x9e3779b97f4a7c15u + 1;
    self->keys = keys;
    self->opts = small_options(dir);
    self->opts.fold_at = fold_at;
    self->opts.shard_bytes = shard_bytes;
    self->opts.hold_bytes = hold_bytes;
    self->opts.layers_max = 3;
    self->store = open_with(&self->opts);
    for (unsigned i = 0; i < 250; i++) {
        play_step(self);
    }
    play_fold(self);
    slu_store_close(self->store);
    remove_tree(dir);
    free(self);
}

Test(store, is_as_the_model_with_few_keys)
{
    play(1, 20, 1u << 30, 512, 0);
    play(2, 20, 1u << 30, 512, 1);
}

Test(store, is_as_the_model_with_many_keys_and_shards)
{
    play(3, 400, 1u << 30, 512, 0);
    play(4, 400, 1u << 30, 512, 1);
}

Test(store, is_as_the_model_while_it_folds_by_itself)
{
    play(5, 200, 100, 512, 1);
    play(6, 200, 1, 512, 1);
}

/* All of it, or some, or as many runs as there may be. */
Test(store, is_as_the_model_while_it_holds_what_came)
{
    play(9, 400, 200, 512, 0);
    play(10, 200, 200, 512, 4096);
    play(11, 400, 1, 512, 0);
}

/* More often than there may be runs. */
Test(store, gathers_again_and_again_with_no_rewrite_between)
{
    struct slu_store_options opts = small_options(dir);
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store *store;
    struct dice dice = {98};

    opts.hold_bytes = 0;
    store = open_with(&opts);
    for (unsigned i = 0; i < 40; i++) {
        struct test_record records[5];

        for (unsigned j = 0; j < 5; j++) {
            records[j] = make_test(&dice, 1000);
        }
        model_add_all(model, records, 5);
        cr_assert_eq(commit_tests(store, i + 1, records, 5, NULL, NULL),
                     SLU_ERR_OK);
        cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
        check_store(store, model);
    }
    slu_store_close(store);
    free(model);
}

/* Chunks of 512 bytes, and of 2 KiB: a layer for nearly each answer. */
Test(store, is_as_the_model_while_many_layers_become_one)
{
    play(7, 400, 1, 4, 1);
    play(8, 400, 100, 16, 1);
}

/* ---- call by call ---- */

static struct test_record make_one(uint32_t n)
{
    struct test_record made;

    memset(&made, 0, sizeof(made));
    make_key(&made, SLU_RECORD_DOMAIN, n);
    made.record.first_seen = 1;
    made.record.last_seen = 2;
    return made;
}

Test(store, makes_its_folder_for_its_owner_only)
{
    struct slu_store_options opts = small_options(dir);
    char path[128];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%s/a/b", dir);
    opts.dir = path;
    slu_store_close(open_with(&opts));
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof(path), "%s/a/b/state.db", dir);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
}

Test(store, keeps_entries_in_order_and_by_prefix)
{
    struct slu_store *store = must_open();
    struct found_entry found = {.count = 0};
    struct slu_buf entries;
    struct slu_view none = {0};

    slu_buf_init(&entries, slu_alloc_default(), 1000);
    add_entry(&entries, "unit/b", "2");
    add_entry(&entries, "unit/a", "1");
    add_entry(&entries, "unit0", "x");
    add_entry(&entries, "uni", "y");
    cr_assert_eq(slu_store_commit(store, 1, none, 0, slu_buf_view(&entries)),
                 SLU_ERR_OK);
    cr_assert_eq(slu_store_entries(store, "unit/", note_entry, &found),
                 SLU_ERR_OK);
    cr_assert_eq(found.count, 2);
    cr_assert_str_eq(found.value, "2");
    slu_buf_clear(&entries);
    add_entry(&entries, "unit/b", ""); /* deletes it */
    add_entry(&entries, "unit/a", "3");
    cr_assert_eq(slu_store_commit(store, 2, none, 0, slu_buf_view(&entries)),
                 SLU_ERR_OK);
    found.count = 0;
    cr_assert_eq(slu_store_entries(store, "unit/", note_entry, &found),
                 SLU_ERR_OK);
    cr_assert_eq(found.count, 1);
    cr_assert_str_eq(found.value, "3");
    found.count = 0;
    cr_assert_eq(slu_store_entries(store, "", note_entry, &found), SLU_ERR_OK);
    cr_assert_eq(found.count, 3);
    slu_buf_fini(&entries);
    slu_store_close(store);
}

Test(store, refuses_entries_whose_lengths_do_not_add_up)
{
    struct slu_store *store = must_open();
    struct slu_view none = {0};
    static const struct slu_view bad[] = {
        SLU_VIEW_LITERAL("\1\0\0"), SLU_VIEW_LITERAL("\2\0\0\0k"),
        SLU_VIEW_LITERAL("\1\0\2\0kv"), SLU_VIEW_LITERAL("\0\0\1\0v"),
        SLU_VIEW_LITERAL("\1\0\1\0kvtrash")};

    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(slu_store_commit(store, 1, none, 0, bad[i]), SLU_ERR_USAGE,
                     "%u", i);
    }
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
    slu_store_close(store);
}

Test(store, counts_what_is_staged_only_with_its_commit)
{
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));
    struct test_record records[3] = {make_one(1), make_one(2), make_one(3)};
    uint64_t kept = slu_store_answer_id(store);
    uint64_t other = slu_store_answer_id(store);

    cr_assert_neq(kept, 0);
    cr_assert_neq(kept, other);
    cr_assert_eq(stage_tests(store, kept, &records[0], 1), SLU_ERR_OK);
    cr_assert_eq(stage_tests(store, other, &records[1], 1), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    cr_assert_eq(commit_tests(store, kept, &records[2], 1, NULL, NULL),
                 SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    model_add(model, &records[0]);
    model_add(model, &records[2]);
    check_store(store, model);
    cr_assert_eq(slu_store_abandon(store, other), SLU_ERR_OK);
    cr_assert_eq(commit_tests(store, other, NULL, 0, NULL, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

Test(store, gives_no_answer_id_again_that_a_pending_row_carries)
{
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));
    struct test_record records[2] = {make_one(1), make_one(2)};
    uint64_t id = slu_store_answer_id(store);

    cr_assert_eq(stage_tests(store, id, &records[0], 1), SLU_ERR_OK);
    cr_assert_eq(commit_tests(store, id, NULL, 0, NULL, NULL), SLU_ERR_OK);
    slu_store_close(store);
    store = must_open();
    id = slu_store_answer_id(store);
    cr_assert_eq(stage_tests(store, id, &records[1], 1), SLU_ERR_OK);
    cr_assert_eq(slu_store_abandon(store, id), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    model_add(model, &records[0]);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

static enum slu_err refuse_third(void *ctx, struct slu_record *record,
                                 enum slu_store_change *out_change)
{
    unsigned *count = ctx;

    record->place_file = 1;
    *out_change = SLU_STORE_UPDATE;
    return ++*count == 3 ? SLU_ERR_STOPPED : SLU_ERR_OK;
}

Test(store, rewrite_that_is_refused_changes_nothing_and_can_be_repeated)
{
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));
    struct test_record records[5];
    unsigned count = 0;

    for (unsigned i = 0; i < 5; i++) {
        records[i] = make_one(i);
        model_add(model, &records[i]);
    }
    cr_assert_eq(commit_tests(store, 1, records, 5, NULL, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_rewrite(store, refuse_third, &count),
                 SLU_ERR_STOPPED);
    cr_assert_eq(slu_store_error(store)->code, SLU_ERR_STOPPED);
    check_store(store, model);
    count = 100;
    cr_assert_eq(slu_store_rewrite(store, refuse_third, &count), SLU_ERR_OK);
    for (unsigned i = 0; i < 5; i++) {
        model->records[i].record.place_file = 1;
    }
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

static enum slu_err delete_all(void *ctx, struct slu_record *record,
                               enum slu_store_change *out_change)
{
    (void)ctx;
    (void)record;
    *out_change = SLU_STORE_DELETE;
    return SLU_ERR_OK;
}

static void run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db;

    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

Test(store, splits_shards_and_drops_empty_ones)
{
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));
    struct dice dice = {42};

    for (unsigned i = 0; i < 2000; i++) {
        struct test_record record = make_test(&dice, 100000);

        model_add(model, &record);
    }
    cr_assert_eq(
        commit_tests(store, 1, model->records, model->count, NULL, NULL),
        SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    cr_assert_gt(ask_number(dir, "SELECT count(*) FROM shards"), 50);
    /* Twice the cap, for a shard is cut at about three quarters of it. */
    cr_assert_leq(ask_number(dir, "SELECT max(length(records)) FROM shards"),
                  1024);
    cr_assert_eq(ask_number(dir, "SELECT sum(count) FROM shards"),
                 model->count);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM pending"), 0);
    cr_assert_eq(slu_store_rewrite(store, delete_all, NULL), SLU_ERR_OK);
    model->count = 0;
    check_store(store, model);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM shards"), 4);
    slu_store_close(store);
    free(model);
}

Test(store, replay_of_an_answer_leaves_the_database_as_it_is)
{
    struct slu_store *store = must_open();
    struct test_record records[3] = {make_one(1), make_one(2), make_one(3)};
    int64_t before;

    cr_assert_eq(commit_tests(store, 1, records, 3, NULL, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    before = ask_number(dir, "SELECT sum(length(records)) FROM shards");
    cr_assert_eq(commit_tests(store, 2, records, 3, NULL, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_eq(ask_number(dir, "SELECT sum(length(records)) FROM shards"),
                 before);
    cr_assert_eq(ask_number(dir, "SELECT sum(count) FROM shards"), 3);
    slu_store_close(store);
}

/* What is left when a run ends before its fold. */
static void make_layers(unsigned count, struct model *model)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct dice dice = {99};

    opts.fold_at = 1;
    store = open_with(&opts);
    for (unsigned i = 0; i < count; i++) {
        struct test_record records[30];

        for (unsigned j = 0; j < 30; j++) {
            records[j] = make_test(&dice, 1000);
        }
        model_add_all(model, records, 30);
        cr_assert_eq(commit_tests(store, i + 1, records, 30, NULL, NULL),
                     SLU_ERR_OK);
        cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
        await_fold(dir);
    }
    slu_store_close(store);
}

#define COUNT_LAYERS "SELECT count(DISTINCT id >> 32) FROM blocks"

Test(store, keeps_layers_until_the_next_run_folds_them)
{
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store *store;

    make_layers(5, model);
    cr_assert_eq(ask_number(dir, COUNT_LAYERS), 5);
    store = must_open();
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    cr_assert_eq(ask_number(dir, COUNT_LAYERS), 0);
    slu_store_close(store);
    free(model);
}

static off_t measure_wal(void)
{
    char path[128];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%s/state.db-wal", dir);
    cr_assert_eq(stat(path, &info), 0);
    return info.st_size;
}

Test(store, tidies_while_nothing_else_is_asked_of_it)
{
    struct dice dice = {7};
    struct test_record record = make_test(&dice, 10);
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));

    cr_assert_eq(commit_tests(store, slu_store_answer_id(store), &record, 1,
                              "unit/a", "1"),
                 SLU_ERR_OK);
    model_add_all(model, &record, 1);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_neq(measure_wal(), 0);
    slu_store_tidy(store);
    for (unsigned i = 0; i < 3000 && measure_wal() != 0; i++) {
        (void)usleep(10000);
    }
    cr_assert_eq(measure_wal(), 0);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

/* Who reads is not waited for, nor disturbed. */
Test(store, tidies_around_a_reader)
{
    struct slu_store_options opts = small_options(dir);
    struct dice dice = {7};
    struct test_record record = make_test(&dice, 10);
    struct slu_store *store = open_with(&opts);
    struct model *model = calloc(1, sizeof(*model));
    sqlite3 *reader;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    cr_assert_eq(sqlite3_open(path, &reader), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM shards",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    cr_assert_eq(commit_tests(store, slu_store_answer_id(store), &record, 1,
                              "unit/a", "1"),
                 SLU_ERR_OK);
    model_add_all(model, &record, 1);
    slu_store_tidy(store);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    slu_store_tidy(store);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
    check_store(store, model);
    cr_assert_eq(sqlite3_close(reader), SQLITE_OK);
    slu_store_close(store);
    store = open_with(&opts);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

/* A reader takes a block that it knew for merged when its id is gone. */
Test(store, gives_no_layer_the_id_of_one_that_was_folded)
{
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store *store;
    int64_t before;

    make_layers(2, model);
    before = ask_number(dir, "SELECT max(id) FROM blocks");
    store = must_open();
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    slu_store_close(store);
    make_layers(1, model);
    cr_assert_gt(ask_number(dir, "SELECT min(id) FROM blocks"), before);
    free(model);
}

Test(store, makes_one_layer_of_too_many_by_itself)
{
    struct slu_store_options opts = small_options(dir);
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store *store;

    make_layers(6, model);
    opts.layers_max = 4;
    store = open_with(&opts);
    for (unsigned i = 0; i < 5000 && ask_number(dir, COUNT_LAYERS) != 1; i++) {
        (void)usleep(1000);
    }
    cr_assert_eq(ask_number(dir, COUNT_LAYERS), 1);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

/* It would be made anew for ever. */
Test(store, leaves_a_single_layer_alone)
{
    struct slu_store_options opts = small_options(dir);
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store *store;
    int64_t before;

    make_layers(1, model);
    before = ask_number(dir, "SELECT max(id) FROM blocks");
    opts.layers_max = 1;
    store = open_with(&opts);
    for (unsigned i = 0;
         i < 100 && ask_number(dir, "SELECT max(id) FROM blocks") == before;
         i++) {
        (void)usleep(1000);
    }
    cr_assert_eq(ask_number(dir, "SELECT max(id) FROM blocks"), before);
    slu_store_close(store);
    free(model);
}

/* Version 1 had shards and pending rows, and no blocks. */
static void make_version_1(struct model *model)
{
    struct slu_store *store = must_open();
    struct test_record records[100];
    struct dice dice = {5};

    for (unsigned part = 0; part < 2; part++) {
        for (unsigned i = 0; i < 100; i++) {
            records[i] = make_test(&dice, 1000);
        }
        model_add_all(model, records, 100);
        cr_assert_eq(commit_tests(store, part + 1, records, 100, "unit", "1"),
                     SLU_ERR_OK);
        if (part == 0) {
            cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
        }
    }
    slu_store_close(store);
    run_sql("DROP TABLE blocks; PRAGMA user_version = 1");
}

static void check_all(struct slu_store *store, struct model *model)
{
    struct comparison comparison = {.model = model};

    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        comparison.any = false;
        cr_assert_eq(slu_store_scan_all(store, (enum slu_record_kind)kind,
                                        compare_one, &comparison),
                     SLU_ERR_OK, "%s", slu_store_error(store)->text);
    }
    cr_assert_eq(comparison.seen, model->count);
}

Test(store, takes_a_state_of_version_1_over)
{
    struct model *model = calloc(1, sizeof(*model));
    struct found_entry found = {.count = 0};
    struct slu_store *store;

    make_version_1(model);
    store = must_open();
    cr_assert_eq(ask_number(dir, "PRAGMA user_version"), 2);
    check_all(store, model);
    cr_assert_eq(slu_store_entries(store, "unit", note_entry, &found),
                 SLU_ERR_OK);
    cr_assert_eq(found.count, 1);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_store(store, model);
    slu_store_close(store);
    free(model);
}

Test(store, reads_a_state_of_version_1_as_it_is)
{
    struct model *model = calloc(1, sizeof(*model));
    struct slu_store_options opts = small_options(dir);
    struct slu_store *reader;
    struct slu_record record;
    bool found;

    make_version_1(model);
    opts.read_only = true;
    reader = open_with(&opts);
    check_all(reader, model);
    cr_assert_eq(ask_number(dir, "PRAGMA user_version"), 1);
    /* What another run puts into blocks from now on is not seen here. */
    slu_store_close(must_open());
    cr_assert_eq(slu_store_find(reader, SLU_RECORD_IP,
                                slu_view_make("12345", 5), &record, &found),
                 SLU_ERR_STATE);
    cr_assert_not_null(strstr(slu_store_error(reader)->text, "run again"));
    slu_store_close(reader);
    reader = open_with(&opts);
    check_all(reader, model);
    slu_store_close(reader);
    free(model);
}

Test(store, folds_chunks_larger_than_its_memory)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_buf buf;
    uint64_t count = 0;
    char key[1000];

    /* 24 MiB of long keys: three chunks. */
    opts.shard_bytes = 64 << 10;
    opts.queue_bytes = 1 << 20;
    store = open_with(&opts);
    slu_buf_init(&buf, slu_alloc_default(), 1 << 20);
    memset(key, 'k', sizeof(key));
    for (unsigned page = 0; page < 48; page++) {
        slu_buf_clear(&buf);
        for (unsigned i = 0; i < 512; i++) {
            struct slu_record record = {.kind = SLU_RECORD_INVALID_DOMAIN,
                                        .key = slu_view_make(key, 1000),
                                        .reason = SLU_REASON_TOO_LONG,
                                        .first_seen = 5,
                                        .last_seen = 5};

            /* The keys differ at their ends: the sort goes all the way. */
            memcpy(key + 990, &(uint32_t){page * 512 + i}, 4);
            cr_assert_eq(slu_record_pack(&record, &buf), SLU_ERR_OK);
            count++;
        }
        cr_assert_eq(slu_store_commit(store, page + 1, slu_buf_view(&buf), 512,
                                      slu_view_make(NULL, 0)),
                     SLU_ERR_OK);
    }
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_eq(ask_number(dir, "SELECT sum(count) FROM shards"),
                 (int64_t)count);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM pending"), 0);
    slu_buf_fini(&buf);
    slu_store_close(store);
}

/* ---- runs ---- */

struct seen_runs {
    unsigned count;
    struct slu_store_run runs[4];
};

static enum slu_err note_run(void *ctx, const struct slu_store_run *run)
{
    struct seen_runs *seen = ctx;

    seen->runs[seen->count++] = *run;
    return SLU_ERR_OK;
}

Test(store, remembers_runs_newest_first)
{
    struct slu_store *store = must_open();
    struct slu_store_run run = {
        .started = 100, .exit_code = -1, .flow = "lists"};
    struct seen_runs seen = {0};
    int64_t first;
    int64_t second;

    cr_assert_eq(slu_store_run_begin(store, &run, &first), SLU_ERR_OK);
    run.started = 200;
    cr_assert_eq(slu_store_run_begin(store, &run, &second), SLU_ERR_OK);
    run.started = 100;
    run.ended = 150;
    run.exit_code = 1;
    memset(run.summary, 's', sizeof(run.summary)); /* no zero byte at its end */
    cr_assert_eq(slu_store_run_end(store, first, &run), SLU_ERR_OK);
    slu_store_close(store);
    store = must_open();
    cr_assert_eq(slu_store_runs(store, 4, note_run, &seen), SLU_ERR_OK);
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(seen.runs[0].started, 200);
    cr_assert_eq(seen.runs[0].exit_code, -1);
    cr_assert_eq(seen.runs[1].ended, 150);
    cr_assert_eq(seen.runs[1].exit_code, 1);
    cr_assert_str_eq(seen.runs[1].flow, "lists");
    cr_assert_eq(strlen(seen.runs[1].summary), sizeof(run.summary) - 1);
    seen.count = 0;
    cr_assert_eq(slu_store_runs(store, 1, note_run, &seen), SLU_ERR_OK);
    cr_assert_eq(seen.count, 1);
    slu_store_close(store);
}
