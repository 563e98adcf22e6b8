/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers are committed until the process is killed (SIGKILL) at its first
 * crash point, at its second, and so on to the last; then the rest is committed
 * from the unit's stored place. In the end each row is there once, whole and in
 * its order, and after the kill no committed row is missing.
 *
 * The scenario and the check are children, for the number of a crash point
 * counts from the start of the process.
 */
#include "engine/rows_bench.h"
#include "support/forked.h"

#define ANSWERS 6
#define ROWS 3

static struct rows_bench bench;
static bool drains; /* after each answer: no group is larger than one */

static void die(const char *what)
{
    (void)fprintf(stderr, "rows_crash: %s: %s\n", what, bench.error.text);
    _exit(1);
}

/* The number of answers that the state says are committed. */
static unsigned read_place(void)
{
    struct found_entry found = {.value = "0"};

    if (slu_store_entries(bench.store, "fake/u", note_entry, &found) !=
        SLU_ERR_OK) {
        die("entries");
    }
    return (unsigned)atoi(found.value);
}

static void commit_answer(unsigned number)
{
    char place[16];
    enum slu_err err = SLU_ERR_OK;

    rows_begin(&bench);
    for (unsigned i = 0; i < ROWS && err == SLU_ERR_OK; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "f%u-%u", number, i);
        err = rows_finding(&bench, id, 1000);
        if (err == SLU_ERR_OK) {
            err = rows_add(&bench, "8.8.8.8", id);
        }
    }
    (void)snprintf(place, sizeof(place), "%u", number + 1);
    if (err == SLU_ERR_OK) {
        err = slu_answer_put(&bench.answer, "fake/", slu_view_str("u"),
                             slu_view_str(place));
    }
    if (err != SLU_ERR_OK || rows_commit(&bench) != SLU_ERR_OK ||
        (drains && slu_store_drain(bench.store) != SLU_ERR_OK)) {
        die("commit");
    }
}

static int run_scenario(void *ctx)
{
    (void)ctx;
    if (rows_open(&bench) != SLU_ERR_OK) {
        die("open");
    }
    for (unsigned i = read_place(); i < ANSWERS; i++) {
        commit_answer(i);
    }
    if (slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error) != SLU_ERR_OK) {
        die("finish");
    }
    rows_close(&bench);
    return 0;
}

static void expect_rows(unsigned answers, const char *when)
{
    char expected[2048] = "";
    size_t len = 0;

    for (unsigned i = 0; i < answers * ROWS; i++) {
        len += (size_t)snprintf(expected + len, sizeof(expected) - len,
                                "8.8.8.8 f%u-%u\n", i / ROWS, i % ROWS);
    }
    if (strcmp(rows_written(&bench), expected) != 0) {
        (void)snprintf(bench.error.text, sizeof(bench.error.text), "%s",
                       rows_written(&bench));
        die(when);
    }
}

static int check_and_go_on(void *ctx)
{
    if (rows_open(&bench) != SLU_ERR_OK) {
        die("open again");
    }
    /* Exactly what the state has, whatever was appended. */
    expect_rows(read_place(), "after the kill");
    rows_close(&bench);
    (void)run_scenario(ctx);
    expect_rows(ANSWERS, "at the end");
    return 0;
}

static void kill_everywhere(unsigned at_least)
{
    unsigned crash_at = 0;
    bool killed;

    do {
        rows_start(&bench);
        killed = forked_is_killed(++crash_at, run_scenario, NULL, "answers");
        forked_must(check_and_go_on, NULL, "after the kill");
        rows_stop(&bench);
    } while (killed);
    /* So that a build without crash points does not pass. */
    cr_assert_gt(crash_at, at_least, "only %u points", crash_at);
}

Test(rows_crash, every_point_leaves_whole_answers)
{
    drains = true;
    kill_everywhere(40);
}

Test(rows_crash, every_point_within_group_commits_leaves_whole_answers)
{
    drains = false;
    kill_everywhere(20);
}
