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
#include "store_steps.h"
#include "support/forked.h"

#include <sqlite3.h>
#include <sys/mman.h>

struct shared {
    unsigned durable; /* steps whose end was told */
    unsigned begun;
    char fault[256];
};

static char dir[64];
static struct shared *shared;

static void must(enum slu_err err, const char *what, struct slu_store *store)
{
    if (err != SLU_ERR_OK) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "%s: %s", what,
                       slu_store_error(store)->text);
        _exit(1);
    }
}

/* ---- children ---- */

static struct slu_store *open_child(void)
{
    struct slu_store_options opts = step_options(dir);
    struct slu_store *store;
    struct slu_error error;

    if (slu_store_open(&opts, &store, &error) != SLU_ERR_OK) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "open: %s",
                       error.text);
        _exit(1);
    }
    return store;
}

static int run_scenario(void *ctx)
{
    struct slu_store *store = open_child();

    (void)ctx;
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
    return 0;
}

static int check_and_go_on(void *ctx)
{
    struct slu_store *store = open_child();
    const char *fault;
    int step;

    (void)ctx;
    must(slu_store_fold(store), "fold", store);
    step = recognise(store, shared->durable, shared->begun, shared->fault);
    if (step < 0) {
        _exit(1);
    }
    for (; step < (int)scenario.steps; step++) {
        run_step(store, (unsigned)step);
    }
    fault = compare_store(store, &models[scenario.steps]);
    if (fault != NULL) {
        (void)snprintf(shared->fault, sizeof(shared->fault), "at the end: %s",
                       fault);
        _exit(1);
    }
    slu_store_close(store);
    return 0;
}

/* ---- the parent ---- */

/* forked_must, that says where it had been killed. */
static void check_after(unsigned crash_at)
{
    int status = forked_run(FORKED_TO_THE_END, check_and_go_on, NULL);

    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "point %u: %s",
              crash_at, shared->fault);
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
    bool killed = true;

    choose_folder();
    make_models();
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
    while (killed) {
        memset(shared, 0, sizeof(*shared));
        killed = forked_is_killed(crash_at, run_scenario, NULL, shared->fault);
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

static int make_version_1(void *ctx)
{
    struct slu_store *store = open_child();
    char path[128];
    sqlite3 *db;

    (void)ctx;
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
    return 0;
}

static int open_and_close(void *ctx)
{
    (void)ctx;
    slu_store_close(open_child());
    return 0;
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
        forked_must(make_version_1, NULL, shared->fault);
        killed +=
            forked_is_killed(crash_at, open_and_close, NULL, shared->fault);
        shared->durable = shared->begun = 4;
        check_after(crash_at);
        remove_tree(dir);
    }
    /* Around the change, and around what each open does. */
    cr_assert_eq(killed, 4);
    (void)munmap(shared, sizeof(*shared));
    free(models);
}
