/* SPDX-License-Identifier: Apache-2.0 */
/* What the store does when something is wrong: another run, no room, damage,
 * no memory; and what a reader sees meanwhile. */
#include "store_scene.h"
#include "support/forked.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>

TestSuite(store_faults, .init = make_dir, .fini = remove_dir);

static void check_refused(enum slu_err code, const char *words)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};

    cr_assert_eq(slu_store_open(&opts, &store, &error), code, "%s", error.text);
    cr_assert_null(store);
    cr_assert_eq(error.code, code);
    cr_assert_not_null(strstr(error.text, words), "%s", error.text);
}

static size_t fill_records(struct test_record *out, size_t count, uint64_t seed)
{
    struct dice dice = {seed};

    for (size_t i = 0; i < count; i++) {
        out[i] = make_test(&dice, 1000);
    }
    return count;
}

static void run_sql(const char *sql)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(path_of("state.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

/* ---- the lock ---- */

static pid_t start_holder(int *out_fd)
{
    int pipe_fds[2];
    pid_t child;
    char byte;

    cr_assert_eq(pipe(pipe_fds), 0);
    child = fork();
    if (child == 0) {
        struct slu_store *store = must_open();

        (void)!write(pipe_fds[1], store == NULL ? "n" : "y", 1);
        for (;;) {
            (void)pause();
        }
    }
    cr_assert_eq(read(pipe_fds[0], &byte, 1), 1);
    (void)close(pipe_fds[1]);
    *out_fd = pipe_fds[0];
    return child;
}

Test(store_faults, two_runs_exclude_each_other_until_one_is_killed)
{
    int fd;
    pid_t holder = start_holder(&fd);
    char words[64];

    (void)snprintf(words, sizeof(words), "another run (process %ld) is using",
                   (long)holder);
    check_refused(SLU_ERR_STATE, words);
    check_refused(SLU_ERR_STATE, dir);
    cr_assert_eq(kill(holder, SIGKILL), 0);
    cr_assert_eq(waitpid(holder, NULL, 0), holder);
    (void)close(fd);
    slu_store_close(must_open());
}

Test(store_faults, two_handles_of_one_process_exclude_each_other)
{
    struct slu_store *store = must_open();

    check_refused(SLU_ERR_STATE, "wait for its end");
    slu_store_close(store);
    slu_store_close(must_open());
}

/* ---- folders ---- */

Test(store_faults, names_a_folder_that_cannot_be_made)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};
    FILE *file = fopen(path_of("file"), "w");

    (void)fclose(file);
    opts.dir = path_of("file/state");
    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_IO);
    cr_assert_eq(error.sys, ENOTDIR);
    cr_assert_not_null(strstr(error.text, "file/state"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "set state_dir"), "%s", error.text);
}

static int open_without_right(void *ctx)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};

    (void)ctx;
    if (getuid() == 0 && setuid(65534) != 0) {
        return 1;
    }
    if (slu_store_open(&opts, &store, &error) != SLU_ERR_IO) {
        return 2;
    }
    return error.sys == EACCES && strstr(error.text, dir) != NULL ? 0 : 3;
}

Test(store_faults, names_a_folder_without_permission)
{
    cr_assert_eq(chmod(dir, 0555), 0);
    forked_must(open_without_right, NULL, "a folder of somebody else's");
    cr_assert_eq(chmod(dir, 0755), 0);
}

Test(store_faults, refuses_a_folder_name_that_is_too_long)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};
    static char path[5000];

    memset(path, 'x', sizeof(path) - 1);
    opts.dir = path;
    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_CONFIG);
}

/* ---- no room ---- */

/* Commits until it is refused; the number of commits that were durable. */
static unsigned commit_until_refused(struct slu_store *store, enum slu_err *out)
{
    static struct test_record records[300];
    unsigned durable = 0;

    for (unsigned i = 0; i < 2000; i++) {
        size_t count = fill_records(records, 300, i + 1);

        *out = commit_tests(store, i + 1, records, count, "n", "x");
        if (*out == SLU_ERR_OK) {
            *out = slu_store_drain(store);
        }
        if (*out != SLU_ERR_OK) {
            return durable;
        }
        durable++;
    }
    return durable;
}

static int fail_everywhere(struct slu_store *store, enum slu_err code)
{
    struct slu_view none = {0};
    struct slu_store_run run = {0};
    struct found_entry found;
    int64_t id;

    return slu_store_commit(store, 1, none, 0, none) == code &&
                   slu_store_stage(store, 1, none, 0) == code &&
                   slu_store_abandon(store, 1) == code &&
                   slu_store_drain(store) == code &&
                   slu_store_fold(store) == code &&
                   slu_store_rewrite(store, NULL, NULL) == code &&
                   slu_store_scan(store, 0, NULL, NULL) == code &&
                   slu_store_entries(store, "", note_entry, &found) == code &&
                   slu_store_run_begin(store, &run, &id) == code &&
                   slu_store_run_end(store, 1, &run) == code &&
                   slu_store_runs(store, 1, NULL, NULL) == code &&
                   !slu_store_full(store)
               ? 0
               : 1;
}

/* In a child: what was durable before the disk was full is there after. */
static int meet_full_disk(int sys)
{
    struct slu_store *store = must_open();
    struct model *model = calloc(1, sizeof(*model));
    static struct test_record records[300];
    enum slu_err err;
    unsigned durable = commit_until_refused(store, &err);
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    (void)fprintf(stderr, "after %u commits: %s\n", durable,
                  slu_store_error(store)->text);
    if (durable == 0 || durable == 2000 || err != SLU_ERR_IO ||
        slu_store_error(store)->sys != sys ||
        strstr(slu_store_error(store)->text, "state.db") == NULL) {
        return 1;
    }
    if (fail_everywhere(store, SLU_ERR_IO) != 0) {
        return 2;
    }
    slu_store_close(store);
    if (sys == EFBIG && setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 3;
    }
    if (sys == ENOSPC &&
        mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=64m") != 0) {
        return 4;
    }
    store = must_open();
    for (unsigned i = 0; i < durable; i++) {
        model_add_all(model, records, fill_records(records, 300, i + 1));
    }
    if (slu_store_fold(store) != SLU_ERR_OK) {
        return 5;
    }
    err = compare_store(store, model) == NULL ? 0 : 6;
    slu_store_close(store);
    free(model);
    return (int)err;
}

static int meet_size_limit(void *ctx)
{
    struct rlimit limit = {1000000, RLIM_INFINITY};

    (void)ctx;
    (void)signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) != 0 ? 10 : meet_full_disk(EFBIG);
}

Test(store_faults, file_size_limit_stops_it_without_harm)
{
    forked_must(meet_size_limit, NULL, "a limit of size");
}

static int meet_no_space(void *ctx)
{
    (void)ctx;
    return meet_full_disk(ENOSPC);
}

Test(store_faults, full_disk_stops_it_without_harm)
{
    int status;

    if (mount("tmpfs", dir, "tmpfs", 0, "size=1m") != 0) {
        cr_skip_test("skipped: it takes root to mount a file system");
    }
    status = forked_run(FORKED_TO_THE_END, meet_no_space, NULL);
    cr_assert_eq(umount(dir), 0);
    cr_assert_eq(status, 0);
}

static atomic_uint room_calls;

static void count_room(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&room_calls, 1);
}

Test(store_faults, on_room_is_called_when_a_write_fails)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error;
    struct test_record record;

    opts.on_room = count_room;
    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_OK);
    run_sql("DROP TABLE pending");
    (void)fill_records(&record, 1, 1);
    cr_assert_eq(commit_tests(store, 1, &record, 1, NULL, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_STATE);
    cr_assert_eq(slu_store_error(store)->code, SLU_ERR_STATE);
    slu_store_close(store); /* joins the thread that calls on_room */
    cr_assert_eq(atomic_load(&room_calls), 1);
}

/* ---- damage ---- */

static void make_filled(void)
{
    struct slu_store *store = must_open();
    static struct test_record records[500];

    (void)fill_records(records, 500, 99);
    cr_assert_eq(commit_tests(store, 1, records, 500, "unit", "1"), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_eq(commit_tests(store, 2, records, 500, "unit", "2"), SLU_ERR_OK);
    slu_store_close(store);
}

Test(store_faults, tells_a_file_that_is_no_database)
{
    FILE *file = fopen(path_of("state.db"), "w");

    for (unsigned i = 0; i < 1000; i++) {
        (void)fputs("this is not a database\n", file);
    }
    (void)fclose(file);
    check_refused(SLU_ERR_STATE, "is damaged");
    check_refused(SLU_ERR_STATE, "move it away and run again");
}

Test(store_faults, tells_a_database_of_another_program)
{
    run_sql("CREATE TABLE t(a)");
    check_refused(SLU_ERR_STATE, "is not sluice's");
}

Test(store_faults, tells_a_state_of_a_newer_version)
{
    make_filled();
    run_sql("PRAGMA user_version = 99");
    check_refused(SLU_ERR_STATE, "made by a newer sluice (schema 99");
}

Test(store_faults, tells_a_damaged_shard)
{
    struct slu_store *store;
    struct model *model = calloc(1, sizeof(*model));

    make_filled();
    run_sql("UPDATE shards SET records = x'ffff'");
    store = must_open();
    cr_assert_not_null(strstr(compare_store(store, model), "is damaged"));
    cr_assert_eq(slu_store_error(store)->code, SLU_ERR_STATE);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_STATE);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_STATE, "a write has failed");
    slu_store_close(store);
    store = must_open();
    cr_assert_eq(slu_store_rewrite(store, NULL, NULL), SLU_ERR_STATE);
    slu_store_close(store);
    free(model);
}

Test(store_faults, tells_a_missing_shard)
{
    struct slu_store *store;

    make_filled();
    run_sql("DELETE FROM shards");
    store = must_open();
    cr_assert_eq(slu_store_fold(store), SLU_ERR_STATE);
    cr_assert_not_null(
        strstr(slu_store_error(store)->text, "a shard is missing"));
    slu_store_close(store);
}

Test(store_faults, tells_a_damaged_pending_row)
{
    struct slu_store *store;

    make_filled();
    run_sql("UPDATE pending SET records = x'0102'");
    store = must_open();
    cr_assert_eq(slu_store_fold(store), SLU_ERR_STATE);
    cr_assert_not_null(strstr(slu_store_error(store)->text, "pending"));
    slu_store_close(store);
}

/* Layers of two blocks and more. */
static void make_layered(void)
{
    struct slu_store_options opts = small_options(dir);
    static struct test_record records[300];
    struct slu_store *store;
    struct slu_error error;

    opts.fold_at = 1;
    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_OK);
    for (unsigned i = 0; i < 3; i++) {
        (void)fill_records(records, 300, i + 1);
        cr_assert_eq(commit_tests(store, i + 1, records, 300, NULL, NULL),
                     SLU_ERR_OK);
        cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
        await_fold(dir);
    }
    slu_store_close(store);
}

static enum slu_err ignore_record(void *ctx, const struct slu_record *record);

static void check_damage(const char *words)
{
    struct slu_store *store = must_open();
    struct slu_record record;
    bool found;
    enum slu_err err = SLU_ERR_OK;

    for (int kind = 0; err == SLU_ERR_OK && kind < SLU_RECORD_KIND_COUNT;
         kind++) {
        err = slu_store_scan_all(store, (enum slu_record_kind)kind,
                                 ignore_record, NULL);
    }
    cr_assert_eq(err, SLU_ERR_STATE);
    cr_assert_not_null(strstr(slu_store_error(store)->text, words), "%s",
                       slu_store_error(store)->text);
    err = slu_store_find(store, SLU_RECORD_DOMAIN, slu_view_str("www.1"),
                         &record, &found);
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_STATE);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_STATE);
    cr_assert_not_null(strstr(slu_store_error(store)->text, words), "%s",
                       slu_store_error(store)->text);
    slu_store_close(store);
}

Test(store_faults, tells_a_damaged_block)
{
    make_layered();
    run_sql("UPDATE blocks SET records = x'ff'"
            " WHERE id = (SELECT max(id) FROM blocks)");
    check_damage("a block is not made of records");
}

Test(store_faults, tells_a_missing_block)
{
    make_layered();
    run_sql("DELETE FROM blocks WHERE id = (SELECT min(id) + 1 FROM blocks)");
    check_damage("a block is missing");
}

static enum slu_err ignore_record(void *ctx, const struct slu_record *record)
{
    (void)ctx;
    (void)record;
    return SLU_ERR_OK;
}

static enum slu_err keep_record(void *ctx, struct slu_record *record,
                                enum slu_store_change *out_change)
{
    (void)ctx;
    (void)record;
    *out_change = SLU_STORE_KEEP;
    return SLU_ERR_OK;
}

/* Whatever the bytes are: an answer or STATE (IO when a page is beyond the
 * file's end), no crash. Returns whether it was noticed. */
static bool use_damaged(void)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error = {0};
    struct found_entry found;
    enum slu_err err = slu_store_open(&opts, &store, &error);

    if (err == SLU_ERR_OK) {
        err = slu_store_fold(store);
        for (int k = 0; err == SLU_ERR_OK && k < SLU_RECORD_KIND_COUNT; k++) {
            err = slu_store_scan(store, (enum slu_record_kind)k, ignore_record,
                                 NULL);
        }
        if (err == SLU_ERR_OK) {
            err = slu_store_rewrite(store, keep_record, NULL);
        }
        if (err == SLU_ERR_OK) {
            err = slu_store_entries(store, "", note_entry, &found);
        }
        slu_store_close(store);
    }
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_STATE || err == SLU_ERR_IO,
              "%s %s", slu_err_name(err), error.text);
    return err != SLU_ERR_OK;
}

static size_t read_file(const char *path, char *out, size_t room)
{
    FILE *file = fopen(path, "r");
    size_t len;

    cr_assert_not_null(file);
    len = fread(out, 1, room, file);
    (void)fclose(file);
    return len;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    (void)fclose(file);
}

Test(store_faults, survives_random_damage)
{
    static char good[1 << 20];
    static char bad[1 << 20];
    struct dice dice = {4711};
    unsigned noticed = 0;
    size_t len;

    make_filled();
    len = read_file(path_of("state.db"), good, sizeof(good));
    for (unsigned i = 0; i < 60; i++) {
        size_t cut = i % 4 == 0 ? roll(&dice, (uint32_t)len) : len;

        memcpy(bad, good, len);
        for (unsigned j = 0; j < 1 + i * 4; j++) {
            bad[roll(&dice, (uint32_t)len)] = (char)roll(&dice, 256);
        }
        write_file(path_of("state.db"), bad, cut);
        (void)unlink(path_of("state.db-wal"));
        (void)unlink(path_of("state.db-shm"));
        noticed += use_damaged();
    }
    cr_assert_gt(noticed, 20, "only %u of 60", noticed);
}

/* ---- reading while another writes ---- */

static enum slu_err open_reader(struct slu_store **out, struct slu_error *error)
{
    struct slu_store_options opts = small_options(dir);

    opts.read_only = true;
    return slu_store_open(&opts, out, error);
}

Test(store_faults, reader_finds_no_state_and_makes_none)
{
    struct slu_store *reader;
    struct slu_error error = {0};

    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_NOT_FOUND);
    cr_assert_null(reader);
    cr_assert_not_null(strstr(error.text, "there is no state in"), "%s",
                       error.text);
    cr_assert_neq(access(path_of("state.db"), F_OK), 0);
    remove_tree(dir);
    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_NOT_FOUND);
    cr_assert_neq(access(dir, F_OK), 0);
}

Test(store_faults, reader_sees_what_is_committed_while_another_writes)
{
    struct slu_store *store = must_open();
    struct slu_store *reader;
    struct slu_error error = {0};
    struct model *model = calloc(1, sizeof(*model));
    struct found_entry found = {.count = 0};
    static struct test_record records[100];

    (void)fill_records(records, 100, 7);
    cr_assert_eq(commit_tests(store, 1, records, 100, "unit", "1"), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_OK, "%s", error.text);
    cr_assert_null(compare_store(reader, model), "nothing is folded");
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    model_add_all(model, records, 100);
    cr_assert_null(compare_store(reader, model));
    cr_assert_eq(slu_store_entries(reader, "", note_entry, &found), SLU_ERR_OK);
    cr_assert_str_eq(found.value, "1");
    slu_store_close(reader);
    slu_store_close(store);
    /* And with nobody else there. */
    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_OK, "%s", error.text);
    cr_assert_null(compare_store(reader, model));
    slu_store_close(reader);
    free(model);
}

static int fold_and_die(void *ctx)
{
    const struct test_record *records = ctx;
    struct slu_store *store = must_open();

    return commit_tests(store, 1, records, 50, NULL, NULL) != SLU_ERR_OK ||
           slu_store_fold(store) != SLU_ERR_OK || kill(getpid(), SIGKILL);
}

/* As `sluice status` does after a kill: the log is there, its writer isn't. */
Test(store_faults, reader_sees_what_a_killed_run_committed)
{
    struct model *model = calloc(1, sizeof(*model));
    static struct test_record records[50];
    struct slu_store *reader;
    struct slu_error error = {0};

    (void)fill_records(records, 50, 11);
    cr_assert_eq(forked_run(FORKED_TO_THE_END, fold_and_die, records), SIGKILL);
    cr_assert(exists("state.db-wal"));
    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_OK, "%s", error.text);
    model_add_all(model, records, 50);
    cr_assert_null(compare_store(reader, model));
    slu_store_close(reader);
    slu_store_close(must_open());
    free(model);
}

Test(store_faults, reader_changes_nothing)
{
    struct slu_store *reader;
    struct slu_error error = {0};
    struct slu_view none = {0};
    struct slu_store_run run = {0};
    int64_t id;

    make_filled();
    cr_assert_eq(open_reader(&reader, &error), SLU_ERR_OK);
    cr_assert_eq(slu_store_commit(reader, 1, none, 0, none), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_stage(reader, 1, none, 0), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_abandon(reader, 1), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_fold(reader), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_rewrite(reader, keep_record, NULL), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_run_begin(reader, &run, &id), SLU_ERR_USAGE);
    cr_assert_eq(slu_store_error(reader)->code, SLU_ERR_USAGE);
    cr_assert_eq(slu_store_drain(reader), SLU_ERR_OK);
    cr_assert_not(slu_store_full(reader));
    slu_store_close(reader);
}

/* ---- out of memory ---- */

struct failing {
    atomic_uint left; /* the store's thread allocates too */
    atomic_size_t held;
};

static void *fail_some(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    struct failing *self = ctx;
    const struct slu_alloc *real = slu_alloc_default();
    void *got;

    if (new_len != 0) {
        if (atomic_load(&self->left) == 0) {
            return NULL;
        }
        atomic_fetch_sub(&self->left, 1);
    }
    got = real->realloc_fn(real->ctx, ptr, old_len, new_len);
    atomic_fetch_add(&self->held, new_len - (ptr == NULL ? 0 : old_len));
    return got;
}

static enum slu_err use_all(const struct slu_alloc *alloc)
{
    struct slu_store_options opts = small_options(dir);
    static struct test_record records[200];
    struct slu_store *store;
    struct slu_error error = {0};
    enum slu_err err;

    opts.alloc = alloc;
    opts.shard_bytes = 8; /* each blob is a chunk, and so a layer */
    opts.layers_max = 2;
    (void)fill_records(records, 200, 3);
    err = slu_store_open(&opts, &store, &error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = stage_tests(store, 1, records, 100);
    if (err == SLU_ERR_OK) {
        err = commit_tests(store, 1, records + 50, 50, "unit", "1");
    }
    for (unsigned i = 2; err == SLU_ERR_OK && i < 6; i++) {
        err = commit_tests(store, i, records + 30 * i, 30, "unit", "2");
    }
    for (int k = 0; err == SLU_ERR_OK && k < SLU_RECORD_KIND_COUNT; k++) {
        err = slu_store_scan_all(store, (enum slu_record_kind)k, ignore_record,
                                 NULL);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_fold(store);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_rewrite(store, keep_record, NULL);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_scan(store, SLU_RECORD_IP, ignore_record, NULL);
    }
    slu_store_close(store);
    return err;
}

Test(store_faults, every_failed_allocation_is_told_and_nothing_leaks)
{
    struct failing failing = {0};
    struct slu_alloc alloc = {fail_some, &failing};
    unsigned count = 0;
    enum slu_err err;

    do {
        atomic_store(&failing.left, count++);
        err = use_all(&alloc);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", count,
                  slu_err_name(err));
        cr_assert_eq(atomic_load(&failing.held), 0, "%u", count);
        remove_tree(dir);
    } while (err != SLU_ERR_OK);
    cr_assert_gt(count, 8);
}

Test(store_faults, close_is_safe_on_null)
{
    slu_store_close(NULL);
}
