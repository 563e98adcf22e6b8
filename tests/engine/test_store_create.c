/* SPDX-License-Identifier: Apache-2.0 */
#include "store_scene.h"
#include "support/forked.h"

#include <errno.h>
#include <sys/resource.h>

TestSuite(store_create, .init = make_dir, .fini = remove_dir);

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* The number of entries that the state has, which is then closed. */
static size_t open_and_count(void)
{
    struct slu_store *store = must_open();
    struct found_entry found = {.count = 0};

    cr_assert_eq(slu_store_entries(store, "", note_entry, &found), SLU_ERR_OK);
    slu_store_close(store);
    return found.count;
}

static void commit_one(struct slu_store *store)
{
    cr_assert_eq(commit_tests(store, 1, NULL, 0, "unit", "1"), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
}

static int commit_and_die(void *ctx)
{
    (void)ctx;
    commit_one(must_open());
    return kill(getpid(), SIGKILL);
}

/* A child's state, which it commits to and does not close. */
static void leave_log_behind(void)
{
    cr_assert(WIFSIGNALED(forked_run(FORKED_TO_THE_END, commit_and_die, NULL)));
    cr_assert(exists("state.db-wal"));
}

Test(store_create, is_a_sound_database_with_a_log_and_large_pages)
{
    cr_assert_eq(open_and_count(), 0);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM pragma_integrity_check"
                                 " WHERE integrity_check = 'ok'"),
                 1);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM pragma_journal_mode"
                                 " WHERE journal_mode = 'wal'"),
                 1);
    cr_assert_eq(ask_number(dir, "PRAGMA page_size"), 16384);
    cr_assert_eq(ask_number(dir, "SELECT count(*) FROM shards"), 4);
    cr_assert_not(exists("state.db.part"));
}

Test(store_create, keeps_a_state_that_is_there)
{
    struct slu_store *store = must_open();

    commit_one(store);
    slu_store_close(store);
    cr_assert_eq(open_and_count(), 1);
    leave_log_behind();
    cr_assert_eq(open_and_count(), 1);
}

Test(store_create, log_of_a_state_that_is_gone_does_not_come_back)
{
    leave_log_behind();
    cr_assert_eq(unlink(path_of("state.db")), 0);
    cr_assert_eq(open_and_count(), 0);
}

Test(store_create, part_left_by_a_crash_is_overwritten)
{
    write_text("state.db.part", "no database");
    cr_assert_eq(open_and_count(), 0);
    cr_assert_not(exists("state.db.part"));
}

/* As an earlier version left them when it was killed at the right time. */
Test(store_create, takes_a_file_without_tables_for_none)
{
    write_text("state.db", "");
    cr_assert_eq(open_and_count(), 0);
    cr_assert_eq(unlink(path_of("state.db")), 0);
    (void)ask_number(dir, "PRAGMA journal_mode = WAL");
    (void)ask_number(dir, "PRAGMA user_version");
    cr_assert_eq(open_and_count(), 0);
}

Test(store_create, does_not_take_the_place_of_a_link)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};

    cr_assert_eq(symlink("elsewhere", path_of("state.db")), 0);
    cr_assert_neq(slu_store_open(&opts, &store, &error), SLU_ERR_OK);
    cr_assert_not_null(strstr(error.text, "state.db"));
    cr_assert_not(exists("elsewhere"));
}

static int create_beyond_limit(void *ctx)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};
    struct rlimit limit = {50000, 50000};

    (void)ctx;
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    if (slu_store_open(&opts, &store, &error) != SLU_ERR_IO ||
        error.sys != EFBIG || strstr(error.text, "/state.db: ") == NULL) {
        return 2;
    }
    return exists("state.db") || exists("state.db.part") ? 3 : 0;
}

Test(store_create, leaves_nothing_where_there_is_no_room)
{
    forked_must(create_beyond_limit, NULL, "no room");
    cr_assert_eq(open_and_count(), 0);
}

static int open_empty(void *ctx)
{
    (void)ctx;
    return open_and_count() == 0 ? 0 : 1;
}

Test(store_create, crash_at_any_point_leaves_none_or_a_whole_one)
{
    unsigned point = 1;

    while (forked_is_killed(point, open_empty, NULL, "an entry")) {
        cr_assert_eq(exists("state.db"), point > 1, "point %u", point);
        forked_must(open_empty, NULL, "an entry after a crash");
        remove_tree(dir);
        cr_assert_eq(mkdir(dir, 0700), 0);
        point++;
    }
    /* made, named; and around what each open deletes */
    cr_assert_eq(point, 5);
}
