/* SPDX-License-Identifier: Apache-2.0 */
#include "store_support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[64];

static void make_dir(void)
{
    (void)make_folder(dir);
}

static void remove_dir(void)
{
    remove_tree(dir);
}

TestSuite(store_create, .init = make_dir, .fini = remove_dir);

static const char *path_of(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static struct slu_store *must_open(void)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};

    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_OK, "%s",
                 error.text);
    return store;
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

static int64_t ask(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t number;

    cr_assert_eq(sqlite3_open(path_of("state.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return number;
}

static void commit_one(struct slu_store *store)
{
    cr_assert_eq(commit_tests(store, 1, NULL, 0, "unit", "1"), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
}

/* A child's state, which it commits to and does not close. */
static void leave_log_behind(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        commit_one(must_open());
        (void)kill(getpid(), SIGKILL);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    cr_assert(exists("state.db-wal"));
}

Test(store_create, is_a_sound_database_with_a_log_and_large_pages)
{
    cr_assert_eq(open_and_count(), 0);
    cr_assert_eq(ask("SELECT count(*) FROM pragma_integrity_check"
                     " WHERE integrity_check = 'ok'"),
                 1);
    cr_assert_eq(ask("SELECT count(*) FROM pragma_journal_mode"
                     " WHERE journal_mode = 'wal'"),
                 1);
    cr_assert_eq(ask("PRAGMA page_size"), 16384);
    cr_assert_eq(ask("SELECT count(*) FROM shards"), 4);
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
    (void)ask("PRAGMA journal_mode = WAL");
    (void)ask("PRAGMA user_version");
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

static int create_beyond_limit(void)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};
    struct rlimit limit = {50000, 50000};

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
    pid_t child = fork();
    int status;

    if (child == 0) {
        _exit(create_beyond_limit());
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    cr_assert_eq(open_and_count(), 0);
}

/* True when the child was killed. */
static bool open_until(int point)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%d", point);
        (void)setenv("SLUICE_CRASH_AT", text, 1);
        _exit(open_and_count() == 0 ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

Test(store_create, crash_at_any_point_leaves_none_or_a_whole_one)
{
    int point = 1;

    while (open_until(point)) {
        cr_assert_eq(exists("state.db"), point > 1, "point %d", point);
        cr_assert_not(open_until(1000));
        remove_tree(dir);
        cr_assert_eq(mkdir(dir, 0700), 0);
        point++;
    }
    /* made, named; and around what each open deletes */
    cr_assert_eq(point, 5);
}
