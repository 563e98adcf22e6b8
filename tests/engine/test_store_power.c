/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut: a scripted scenario is watched (disk_log.h), and from what
 * it did to the disk are made the folders that a cut at any of its calls could
 * have left (disk_image.h). In each of them the state must open without damage
 * and be that of a whole number of steps, no less than those of which the store
 * had said that they are durable.
 *
 * Durable is what was committed before drain, fold, gather or close returned; a
 * fold changes nothing that can be seen, and a rewrite is durable after drain
 * or close.
 */
#include "power_scene.h"
#include "store_steps.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

struct course {
    struct scenario scenario;
    unsigned drain_of; /* one of so many steps is waited for */
    unsigned tidies;   /* each so many steps; 0: never */
    int pages;         /* of the log, for SQLite to bring home; 0: never */
    unsigned closes;   /* and opens again, likewise */
    unsigned images;
    unsigned go_on_of; /* one of so many images is gone on from */
    unsigned at_least; /* so many calls there are */
    size_t within;     /* the first calls, in which it is cut; 0: in all */
    bool names;        /* cut behind those only that change names */
};

static char fault[256];

static void must(enum slu_err err, const char *what, struct slu_store *store)
{
    cr_assert_eq(err, SLU_ERR_OK, "%s: %s", what, slu_store_error(store)->text);
}

/* ---- what is watched ---- */

static const char *below(const char *folder, const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static struct slu_store *open_state(const char *folder)
{
    struct slu_store_options opts = step_options(below(folder, "state"));
    struct slu_store *store = NULL;
    struct slu_error error = {0};

    if (slu_store_open(&opts, &store, &error) != SLU_ERR_OK) {
        (void)snprintf(fault, sizeof(fault), "open: %.200s", error.text);
    }
    return store;
}

/* The connection that was opened last. */
static sqlite3 *connection;

static int note_connection(sqlite3 *db, char **error, const void *api)
{
    (void)error;
    (void)api;
    connection = db;
    return SQLITE_OK;
}

static struct slu_store *open_watched(const struct course *course)
{
    void (*extension)(void) = (void (*)(void))note_connection;
    struct slu_store *store;

    (void)sqlite3_auto_extension(extension);
    store = open_state(root);
    (void)sqlite3_cancel_auto_extension(extension);
    cr_assert_not_null(store, "%s", fault);
    /* What comes behind is written over the log's beginning. */
    (void)sqlite3_wal_autocheckpoint(connection, course->pages);
    return store;
}

static bool falls_on(unsigned every, unsigned step)
{
    return every != 0 && step % every == every - 1;
}

static void drain(struct slu_store *store, unsigned steps)
{
    must(slu_store_drain(store), "drain", store);
    disk_log_note(CHANNEL_DURABLE, steps);
}

static struct slu_store *run_and_tend(struct slu_store *store, unsigned step,
                                      const struct course *course,
                                      struct dice *dice)
{
    disk_log_note(CHANNEL_BEGUN, step + 1);
    run_step(store, step);
    if (step % 7 == 5) {
        disk_log_note(CHANNEL_DURABLE, step + 1);
    }
    if (falls_on(course->tidies, step)) {
        slu_store_tidy(store);
    }
    if (step == 6 || roll(dice, course->drain_of) == 0) {
        drain(store, step + 1);
    }
    if (falls_on(course->closes, step)) {
        slu_store_close(store);
        disk_log_note(CHANNEL_DURABLE, step + 1);
        store = open_watched(course);
    }
    return store;
}

static void run_course(const struct course *course)
{
    struct dice dice = {course->scenario.step_records + 99};
    struct slu_store *store;

    disk_log_start(root);
    store = open_watched(course);
    for (unsigned step = 0; step < scenario.steps; step++) {
        store = run_and_tend(store, step, course, &dice);
    }
    slu_store_close(store);
    disk_log_note(CHANNEL_DURABLE, scenario.steps);
    disk_log_stop();
}

/* ---- what is left ---- */

static bool is_sound(void)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    bool sound =
        sqlite3_open(below(image, "state/state.db"), &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;

    if (!sound) {
        (void)snprintf(fault, sizeof(fault), "not sound: %.200s",
                       statement == NULL
                           ? sqlite3_errmsg(db)
                           : (const char *)sqlite3_column_text(statement, 0));
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return sound;
}

/* Whether going on from there ends as if nothing had happened. */
static bool goes_on(struct slu_store *store, unsigned steps)
{
    const char *why;

    for (; steps < scenario.steps; steps++) {
        run_step(store, steps);
    }
    must(slu_store_fold(store), "fold", store);
    why = compare_store(store, &models[scenario.steps]);
    if (why != NULL) {
        (void)snprintf(fault, sizeof(fault), "at the end: %s", why);
    }
    return why == NULL;
}

static bool check_store(struct slu_store *store, unsigned durable,
                        unsigned begun, bool go_on)
{
    int steps;

    if (!is_sound()) {
        return false;
    }
    if (slu_store_fold(store) != SLU_ERR_OK) {
        (void)snprintf(fault, sizeof(fault), "fold: %.200s",
                       slu_store_error(store)->text);
        return false;
    }
    steps = recognise(store, durable, begun, fault);
    return steps >= 0 && (!go_on || goes_on(store, (unsigned)steps));
}

static bool check_image(size_t cut, bool go_on)
{
    unsigned durable = noted(CHANNEL_DURABLE, cut);
    unsigned begun = noted(CHANNEL_BEGUN, cut);
    struct slu_store *store = open_state(image);
    bool sound = store != NULL && check_store(store, durable, begun, go_on);

    slu_store_close(store);
    remove_tree(image);
    return sound;
}

static bool changes_names(const struct disk_op *op)
{
    return op->kind == DISK_MAKE_FILE || op->kind == DISK_MAKE_FOLDER ||
           op->kind == DISK_RENAME || op->kind == DISK_REMOVE;
}

/* Returns how many of the images are not what was promised. */
static unsigned cut_everywhere(const struct course *course, bool deaf)
{
    size_t all = disk_log_count() - disk_log_begin();
    size_t calls =
        course->within != 0 && course->within < all ? course->within : all;
    struct disk_replay *replay = disk_replay_new(deaf);
    unsigned faults = 0;

    for (unsigned i = 0; i < course->images; i++) {
        size_t cut = place_cut(calls, i, course->images);

        if (course->names && !changes_names(disk_log_at(cut - 1))) {
            continue;
        }
        disk_replay_to(replay, cut);
        disk_replay_image(replay, i, image);
        if (!check_image(cut, !deaf && i % course->go_on_of == 0)) {
            faults++;
            cr_expect(deaf, "cut at %zu of %zu, image %u: %s", cut, calls, i,
                      fault);
        }
    }
    disk_replay_free(replay);
    return faults;
}

static void prepare(const struct course *course)
{
    prepare_power();
    scenario = course->scenario;
    make_models();
}

static void clear(void)
{
    clear_power();
    free(models);
}

static void survive(const struct course *course)
{
    prepare(course);
    run_course(course);
    cr_expect_geq(disk_log_count() - disk_log_begin(), course->at_least);
    cr_expect_eq(cut_everywhere(course, false), 0);
    clear();
}

Test(store_power, a_cut_leaves_whole_steps_and_what_was_said_to_be_durable)
{
    survive(&(struct course){.scenario = {14, 8, 30, 128},
                             .drain_of = 3,
                             .closes = 9,
                             .images = 72,
                             .go_on_of = 10,
                             .at_least = 80});
}

/* The store's thread makes layers by itself; checkpoints fall in between. */
Test(store_power, a_cut_among_layers_and_checkpoints_leaves_whole_steps)
{
    survive(&(struct course){.scenario = {14, 20, 100, 2, .fold_at = 1},
                             .drain_of = 2,
                             .tidies = 5,
                             .pages = 20,
                             .images = 44,
                             .go_on_of = 12,
                             .at_least = 120});
}

/* What is held becomes part of the shards with the rewrite. */
Test(store_power, a_cut_in_a_rewrite_of_what_is_held_leaves_all_or_none_of_it)
{
    survive(&(struct course){
        .scenario = {14, 20, 100, 128, .fold_at = 100, .gathers = true},
        .drain_of = 4,
        .pages = 12,
        .images = 44,
        .go_on_of = 12,
        .at_least = 60});
}

/* With little memory SQLite writes what a transaction has changed to the log
 * before its end, some of it twice, as it does with a large one. */
Test(store_power,
     a_cut_in_a_transaction_that_is_written_early_leaves_none_of_it)
{
    (void)sqlite3_soft_heap_limit64(100000);
    survive(&(struct course){.scenario = {7, 300, 700, 512},
                             .drain_of = 2,
                             .pages = 12,
                             .images = 16,
                             .go_on_of = 12,
                             .at_least = 80});
    (void)sqlite3_soft_heap_limit64(0);
}

/* ---- the log of a state that is gone ---- */

/* Somebody has removed state.db, and that only. */
static void leave_log_alone(void)
{
    struct slu_store *store = open_state(root);
    char path[128];
    char spare[128];

    cr_assert_not_null(store, "%s", fault);
    commit_step(store, 2, false);
    must(slu_store_drain(store), "drain", store);
    (void)snprintf(path, sizeof(path), "%s/state/state.db-wal", root);
    (void)snprintf(spare, sizeof(spare), "%s/state/spare", root);
    cr_assert_eq(link(path, spare), 0);
    slu_store_close(store);
    cr_assert_eq(rename(spare, path), 0);
    cr_assert_eq(unlink(below(root, "state/state.db")), 0);
}

/* SQLite would take it for the new one's. */
Test(store_power, log_of_a_state_that_is_gone_never_meets_the_new_one)
{
    const struct course course = {.scenario = {3, 8, 30, 128},
                                  .drain_of = 2,
                                  .images = 240,
                                  .go_on_of = 20,
                                  .within = 12,
                                  .names = true};

    prepare(&course);
    leave_log_alone();
    cr_assert_neq(access(below(root, "state/state.db-wal"), F_OK), -1);
    run_course(&course);
    cr_expect_eq(cut_everywhere(&course, false), 0);
    clear();
}

/* ---- a state of version 1 ---- */

static void make_version_1(void)
{
    struct slu_store *store = open_state(root);
    sqlite3 *db;

    cr_assert_not_null(store, "%s", fault);
    for (unsigned step = 0; step < scenario.steps; step++) {
        run_step(store, step);
    }
    slu_store_close(store);
    cr_assert_eq(sqlite3_open(below(root, "state/state.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "DROP TABLE blocks; PRAGMA user_version = 1",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    (void)sqlite3_close(db);
}

Test(store_power, a_cut_while_version_1_is_taken_over_loses_nothing)
{
    const struct course course = {
        .scenario = {4, 8, 30, 128}, .images = 40, .go_on_of = 10};

    prepare(&course);
    make_version_1();
    disk_log_start(root);
    disk_log_note(CHANNEL_BEGUN, course.scenario.steps);
    disk_log_note(CHANNEL_DURABLE, course.scenario.steps);
    slu_store_close(open_state(root));
    disk_log_stop();
    cr_expect_eq(cut_everywhere(&course, false), 0);
    clear();
}

/* Were it not for the waiting, these checks would tell. */
Test(store_power, a_disk_that_says_it_has_synced_and_has_not_is_found_out)
{
    const struct course course = {.scenario = {14, 8, 30, 128},
                                  .drain_of = 1,
                                  .pages = 12,
                                  .images = 10,
                                  .go_on_of = 1};

    prepare(&course);
    run_course(&course);
    cr_expect_geq(cut_everywhere(&course, true), 3);
    clear();
}
