/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted scenario is killed (SIGKILL) at its first crash point, at its
 * second, and so on to its last. After each, the state must be that of a whole
 * number of steps, at least of those that were said to be durable; and going on
 * from there must end as if nothing had happened.
 *
 * The number of the crash point counts from the start of the process, and this
 * one never opens the store: the scenario and the check are children.
 */
#include "store_support.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define STEP_RECORDS_MAX 400

struct scenario {
    unsigned steps;
    unsigned step_records;
    uint32_t keys;
    size_t shard_bytes; /* the fold's transactions write 1,024 times that */
    bool drain;         /* after each step: no group is larger than one */
    unsigned stride;    /* kill at each point, or at some only */
    uint64_t fold_at;   /* 0: when told */
    unsigned at_least;  /* so many points there are */
    bool gathers;       /* instead of folding, and holds what comes */
};

struct shared {
    unsigned durable; /* steps whose end was told */
    unsigned begun;
    char fault[256];
};

static char dir[64];
static struct scenario scenario;
static struct model *models; /* after 0, 1, ... all steps */
static struct shared *shared;

/* ---- the scenario ---- */

static size_t draw_step(unsigned step, unsigned part, struct test_record *out)
{
    struct dice dice = {(uint64_t)step * 1000 + part + 77777};

    for (size_t i = 0; i < scenario.step_records; i++) {
        out[i] = make_test(&dice, scenario.keys);
    }
    return scenario.step_records;
}

/* What the rewrite does with a record depends on nothing but the record. */
static enum slu_store_change decide(struct slu_record *record)
{
    switch (record->last_seen % 3) {
    case 0:
        return SLU_STORE_DELETE;
    case 1:
        record->place_file = 2;
        record->place_seat = record->last_seen;
        return SLU_STORE_UPDATE;
    default:
        return SLU_STORE_KEEP;
    }
}

static enum slu_err rewrite_one(void *ctx, struct slu_record *record,
                                enum slu_store_change *out_change)
{
    (void)ctx;
    *out_change = decide(record);
    return SLU_ERR_OK;
}

static void must(enum slu_err err, const char *what, struct slu_store *store)
{
    if (err != SLU_ERR_OK) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "%s: %s", what,
                       slu_store_error(store)->text);
        _exit(1);
    }
}

static void commit_step(struct slu_store *store, unsigned step, bool staged)
{
    struct test_record records[STEP_RECORDS_MAX];
    uint64_t id = slu_store_answer_id(store);
    char value[16];
    size_t count;

    for (unsigned part = 1; staged && part < 3; part++) {
        count = draw_step(step, part, records);
        must(stage_tests(store, id, records, count), "stage", store);
    }
    count = draw_step(step, 0, records);
    (void)snprintf(value, sizeof(value), "%u", step + 1);
    must(commit_tests(store, id, records, count, "step", value), "commit",
         store);
}

static void abandon_step(struct slu_store *store, unsigned step)
{
    struct test_record records[STEP_RECORDS_MAX];
    uint64_t id = slu_store_answer_id(store);
    size_t count = draw_step(step, 0, records);

    must(stage_tests(store, id, records, count), "stage", store);
    must(slu_store_abandon(store, id), "abandon", store);
    /* Left open: the end, or the next open, takes it away. */
    must(stage_tests(store, slu_store_answer_id(store), records, count),
         "stage", store);
}

/* Of seven, the last rewrites, and the one before it folds or gathers. */
static void run_step(struct slu_store *store, unsigned step)
{
    switch (step % 7) {
    case 4:
        abandon_step(store, step);
        break;
    case 5:
        must(scenario.gathers ? slu_store_gather(store) : slu_store_fold(store),
             "fold", store);
        break;
    case 6:
        must(slu_store_rewrite(store, rewrite_one, NULL), "rewrite", store);
        break;
    default:
        commit_step(store, step, step % 7 == 1);
    }
}

static void model_rewrite(struct model *model)
{
    size_t i = 0;

    while (i < model->count) {
        struct slu_record record = view_test(&model->records[i]);

        if (decide(&record) == SLU_STORE_DELETE) {
            model_remove(model, &model->records[i]);
            continue;
        }
        model->records[i].record = record;
        i++;
    }
}

static void model_step(struct model *model, unsigned step)
{
    struct test_record records[STEP_RECORDS_MAX];
    unsigned parts = step % 7 == 1 ? 3 : 1;

    if (step % 7 == 6) {
        model_rewrite(model);
    }
    for (unsigned part = 0; step % 7 < 4 && part < parts; part++) {
        size_t count = draw_step(step, part, records);

        model_add_all(model, records, count);
    }
}

/* What the entry says after so many steps. */
static unsigned entry_after(unsigned steps)
{
    while (steps > 0 && (steps - 1) % 7 >= 4) {
        steps--;
    }
    return steps;
}

/* ---- children ---- */

static struct slu_store *open_child(void)
{
    struct slu_store_options opts = small_options(dir);
    struct slu_store *store;
    struct slu_error error;

    opts.shard_bytes = scenario.shard_bytes;
    opts.layers_max = 2;
    opts.hold_bytes = !scenario.gathers;
    if (scenario.fold_at != 0) {
        opts.fold_at = scenario.fold_at;
    }
    if (slu_store_open(&opts, &store, &error) != SLU_ERR_OK) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "open: %s",
                       error.text);
        _exit(1);
    }
    return store;
}

static void run_scenario(void)
{
    struct slu_store *store = open_child();

    for (unsigned step = 0; step < scenario.steps; step++) {
        shared->begun = step + 1;
        run_step(store, step);
        if (scenario.drain) {
            must(slu_store_drain(store), "drain", store);
        }
        if (scenario.drain || step % 7 >= 5) {
            shared->durable = step + 1;
        }
    }
    slu_store_close(store);
    shared->durable = scenario.steps;
}

static unsigned read_entry(struct slu_store *store)
{
    struct found_entry found = {.value = "0"};

    must(slu_store_entries(store, "step", note_entry, &found), "entries",
         store);
    return (unsigned)atoi(found.value);
}

/* The number of steps that the store holds. */
static unsigned recognise(struct slu_store *store)
{
    unsigned entry = read_entry(store);
    const char *fault = "no state has this entry";

    for (unsigned k = shared->durable; k <= shared->begun; k++) {
        if (entry_after(k) == entry) {
            fault = compare_store(store, &models[k]);
            if (fault == NULL) {
                return k;
            }
        }
    }
    (void)snprintf(shared->fault, sizeof(shared->fault),
                   "%u durable, %u begun, entry %u: %s", shared->durable,
                   shared->begun, entry, fault);
    _exit(1);
}

static void check_and_go_on(void)
{
    struct slu_store *store = open_child();
    const char *fault;
    unsigned step;

    must(slu_store_fold(store), "fold", store);
    for (step = recognise(store); step < scenario.steps; step++) {
        run_step(store, step);
    }
    fault = compare_store(store, &models[scenario.steps]);
    if (fault != NULL) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "at the end: %s",
                       fault);
        _exit(1);
    }
    slu_store_close(store);
}

/* ---- the parent ---- */

static int wait_for(pid_t child)
{
    int status;

    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

/* True when it came to its end. */
static bool run_until(unsigned crash_at)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", crash_at);
        (void)setenv("SLUICE_CRASH_AT", text, 1);
        run_scenario();
        _exit(0);
    }
    status = wait_for(child);
    if (WIFEXITED(status)) {
        cr_assert_eq(WEXITSTATUS(status), 0, "%s", shared->fault);
        return true;
    }
    cr_assert_eq(WTERMSIG(status), SIGKILL);
    return false;
}

static void check_after(unsigned crash_at)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        check_and_go_on();
        _exit(0);
    }
    status = wait_for(child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "point %u: %s",
              crash_at, shared->fault);
}

static void make_models(void)
{
    models = calloc(scenario.steps + 1, sizeof(*models));
    cr_assert_not_null(models);
    for (unsigned step = 0; step < scenario.steps; step++) {
        models[step + 1] = models[step];
        model_step(&models[step + 1], step);
    }
}

/* In memory where there is such a folder: SIGKILL leaves what the kernel has,
 * on a disk or not. */
static void choose_folder(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    (void)snprintf(dir, sizeof(dir), "%s" TEST_FOLDER "crash-%ld", base,
                   (long)getpid());
}

static void kill_everywhere(void)
{
    unsigned crash_at = 1;
    bool ended = false;

    choose_folder();
    make_models();
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
    while (!ended) {
        memset(shared, 0, sizeof(*shared));
        ended = run_until(crash_at);
        check_after(crash_at);
        remove_tree(dir);
        crash_at += scenario.stride;
    }
    /* So that a build without crash points does not pass. */
    cr_assert_geq(crash_at, scenario.at_least, "only %u points", crash_at);
    (void)munmap(shared, sizeof(*shared));
    free(models);
}

Test(store_crash, every_point_leaves_the_state_of_a_whole_step)
{
    scenario = (struct scenario){14, 8, 30, 128, true, 1, 0, 80};
    kill_everywhere();
}

Test(store_crash, every_point_within_group_commits_leaves_a_whole_step)
{
    scenario = (struct scenario){7, 8, 30, 128, false, 1, 0, 30};
    kill_everywhere();
}

/* Blobs of 400 records, each a chunk of the fold of its own, each record a
 * shard of its own: some 14 KiB of shards for a blob, in transactions of 8 KiB.
 */
Test(store_crash, fold_of_many_transactions_may_stop_anywhere)
{
    scenario = (struct scenario){6, 400, 800, 8, true, 307, 0, 1500};
    kill_everywhere();
}

/* A layer of each answer, and one of each three layers. */
Test(store_crash, every_point_among_layers_leaves_a_whole_step)
{
    scenario = (struct scenario){14, 20, 100, 2, true, 11, 1, 200};
    kill_everywhere();
}

/* What is held becomes part of the shards with the rewrite: until then it is
 * pending. */
Test(store_crash, every_point_of_a_rewrite_of_what_is_held_leaves_a_whole_step)
{
    scenario = (struct scenario){14, 20, 100, 128, true, 1, 100, 80, true};
    kill_everywhere();
}

/* ---- a state of version 1 ---- */

static void make_version_1(void)
{
    struct slu_store *store = open_child();
    char path[128];
    sqlite3 *db;

    for (unsigned step = 0; step < 4; step++) {
        run_step(store, step);
    }
    slu_store_close(store);
    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "DROP TABLE blocks; PRAGMA user_version = 1", NULL,
                     NULL, NULL) != SQLITE_OK) {
        _exit(1);
    }
    (void)sqlite3_close(db);
}

/* Killed at the n-th point; 0: at none. */
static int run_child(void (*work)(void), unsigned crash_at)
{
    pid_t child = fork();

    if (child == 0) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", crash_at);
        (void)setenv("SLUICE_CRASH_AT", text, 1);
        work();
        _exit(0);
    }
    return wait_for(child);
}

static void open_and_close(void)
{
    slu_store_close(open_child());
}

Test(store_crash, taking_a_state_of_version_1_over_may_stop_anywhere)
{
    unsigned killed = 0;

    scenario = (struct scenario){4, 8, 30, 128, true, 1, 0, 0};
    choose_folder();
    make_models();
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
    for (unsigned crash_at = 1; crash_at < 6; crash_at++) {
        cr_assert_eq(run_child(make_version_1, 0), 0, "%s", shared->fault);
        killed += WIFSIGNALED(run_child(open_and_close, crash_at));
        shared->durable = shared->begun = 4;
        check_after(crash_at);
        remove_tree(dir);
    }
    /* Around the change, and around what each open does. */
    cr_assert_eq(killed, 4);
    (void)munmap(shared, sizeof(*shared));
    free(models);
}
