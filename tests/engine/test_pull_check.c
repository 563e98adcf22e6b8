/* SPDX-License-Identifier: Apache-2.0 */
/* A pull that only proves what a sync would need, and requests for what is on
 * this machine. */
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static struct bench bench;

struct told {
    unsigned count;
    enum slu_check_kind kind;
    char text[64];
};

static void note(void *ctx, enum slu_check_kind kind, const char *text)
{
    struct told *told = ctx;

    told->count++;
    told->kind = kind;
    (void)snprintf(told->text, sizeof(told->text), "%s", text);
}

static struct raw_answer answer_good(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return served_text(200, "", "dgood.example.com\n");
}

/* As bench_run, without a store. */
static enum slu_err run_check(struct told *told)
{
    bench.options.store = NULL;
    bench.options.room = NULL;
    bench.options.tell = note;
    bench.options.tell_ctx = told;
    return slu_pull_run(&bench.options, &bench.report, &bench.result,
                        &bench.error);
}

Test(pull_check, hands_on_what_the_source_tells)
{
    struct told told = {0};

    bench_start(&bench, answer_good, NULL);
    bench.world.unit_count = 5;
    bench.world.lanes = 2;
    bench.world.tells = "no permission for it";
    cr_assert_eq(run_check(&told), SLU_ERR_OK, "%s", bench.error.text);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 5);
    cr_assert_eq(told.count, 5);
    cr_assert_eq(told.kind, SLU_CHECK_WARN);
    cr_assert_str_eq(told.text, "no permission for it");
    cr_assert_eq(bench.world.loaded, 0);
    /* Nothing is made in the state's folder. */
    cr_assert_eq(rmdir(bench.dir), 0);
    slu_guard_free(bench.guard);
    slu_wake_close(&bench.stop);
    slu_wake_close(&bench.room);
}

Test(pull_check, is_not_told_to_in_a_sync)
{
    struct told told = {0};

    bench_start(&bench, answer_good, NULL);
    bench.options.tell_ctx = &told;
    bench.world.tells = "never";
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(told.count, 0);
    cr_assert_null(bench.options.tell);
    bench_stop_server(&bench);
    bench_stop(&bench);
}

Test(pull_check, reports_a_source_that_commits)
{
    struct told told = {0};

    bench_start(&bench, answer_good, NULL);
    bench.world.pages = 1;
    bench.world.tells = NULL;
    bench.world.emits_nothing = true;
    cr_assert_eq(run_check(&told), SLU_ERR_STATE);
    cr_assert_str_eq(bench.error.text,
                     "source fake: commits although it was to check; please "
                     "report this");
    bench_stop_server(&bench);
    bench_stop(&bench);
}

/* ---- files ---- */

static void read_file(const char *path)
{
    bench_start(&bench, answer_good, NULL);
    bench.world.unit_count = 3;
    bench.world.path = path;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK, "%s", bench.error.text);
    bench_stop_server(&bench);
    cr_assert_eq(bench.counts.requests, 0);
}

#define LINES 5000

Test(pull_check, takes_a_file_for_an_answer)
{
    char path[] = "/tmp/slu-pull-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    for (unsigned i = 0; i < LINES; i++) {
        (void)fprintf(file, "dname-%05u.example.com\n", i);
    }
    (void)fclose(file);
    read_file(path);
    cr_assert_eq(bench.result.counts.items, 3 * LINES);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), LINES);
    cr_assert_str_eq(bench_entry(&bench, "fake/u/2"), "0");
    (void)unlink(path);
    bench_stop(&bench);
}

Test(pull_check, fails_a_unit_whose_file_is_not_there)
{
    read_file("/nonexistent/findings.jsonl");
    cr_assert_eq(bench.world.failed, 3);
    cr_assert_eq(bench.world.units[0].status, 404);
    bench_stop(&bench);
}
