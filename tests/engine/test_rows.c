/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/count_alloc.h"
#include "engine/rows_bench.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/resource.h>

static struct rows_bench bench;

static void start(void)
{
    rows_start(&bench);
}

static void stop(void)
{
    rows_stop(&bench);
}

TestSuite(rows, .init = start, .fini = stop);

static void must(enum slu_err err)
{
    cr_assert_eq(err, SLU_ERR_OK, "%s; %s", slu_err_name(err),
                 bench.rows == NULL ? bench.error.text
                                    : slu_rows_error(bench.rows)->text);
}

static void expect_written(const char *expected)
{
    cr_assert_str_eq(rows_written(&bench), expected);
}

Test(rows, are_in_the_file_when_they_are_committed)
{
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_one(&bench, "f2", 1000, "x.example.com"));
    expect_written("8.8.8.8 f1\nx.example.com f2\n");
    cr_assert_eq(bench.counts.rows[SLU_ROW_DOMAIN], 1u);
    cr_assert_eq(bench.counts.findings, 1u);
    cr_assert_eq(bench.counts.duplicates, 0u);
}

Test(rows, go_on_in_the_next_run)
{
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_open(&bench));
    must(rows_one(&bench, "f2", 1000, "9.9.9.9"));
    expect_written("8.8.8.8 f1\n9.9.9.9 f2\n");
    cr_assert_str_eq(bench.lines, "");
}

Test(rows, that_a_finding_has_twice_are_written_once)
{
    struct slu_row other = rows_row("8.8.8.8", "f1");

    other.comments = slu_view_str("another file");
    must(rows_open(&bench));
    rows_begin(&bench);
    must(rows_finding(&bench, "f1", 1000));
    for (unsigned i = 0; i < 3; i++) {
        must(rows_add(&bench, "8.8.8.8", "f1"));
        must(slu_row_batch_add(bench.batch, &other));
    }
    must(rows_finding(&bench, "f2", 1000)); /* another finding has it too */
    must(rows_add(&bench, "8.8.8.8", "f2"));
    must(rows_commit(&bench));
    expect_written("8.8.8.8 f1\n8.8.8.8 f1\n8.8.8.8 f2\n");
    cr_assert_eq(bench.counts.duplicates, 4u);
    cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], 3u);
}

/* Every field of which a difference makes another row. */
Test(rows, that_differ_in_any_field_are_both_written)
{
    static const struct slu_view tags[] = {SLU_VIEW_LITERAL("a"),
                                           SLU_VIEW_LITERAL("b")};
    struct slu_row row = rows_row("8.8.8.8", "f1");
    struct slu_row variants[8];

    for (unsigned i = 0; i < 8; i++) {
        variants[i] = row;
    }
    variants[1].value = slu_view_str("8.8.8.9");
    variants[2].severity = "low";
    variants[3].first_seen = slu_view_make(NULL, 0);
    variants[4].last_seen = slu_view_str("x");
    variants[5].tags = tags;
    variants[6].tags = tags;
    variants[6].tag_count = 2;
    variants[7].reputation = 6;
    must(rows_open(&bench));
    rows_begin(&bench);
    must(rows_finding(&bench, "f1", 1000));
    for (unsigned i = 0; i < 16; i++) {
        must(slu_row_batch_add(bench.batch, &variants[i % 8]));
    }
    must(rows_commit(&bench));
    cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], 8u);
    cr_assert_eq(bench.counts.duplicates, 8u);
}

Test(rows, of_a_large_finding_are_told_apart_and_known_again)
{
    must(rows_open(&bench));
    rows_begin(&bench);
    must(rows_finding(&bench, "f0", 1000));
    must(rows_add(&bench, "7.7.7.7", "f0"));
    must(rows_finding(&bench, "f1", 1000));
    for (unsigned i = 0; i < 3000; i++) {
        char value[32];

        (void)snprintf(value, sizeof(value), "8.8.%u.%u", i / 2 / 250,
                       i / 2 % 250);
        must(rows_add(&bench, value, "f1"));
    }
    must(rows_commit(&bench));
    cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], 1501u);
    cr_assert_eq(bench.counts.duplicates, 1500u);
}

/* ---- claims ---- */

Test(rows, of_a_version_that_was_committed_do_not_come_again)
{
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_one(&bench, "f1", 1000, "9.9.9.9"));
    cr_assert_eq(bench.counts.duplicates, 1u);
    cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], 0u);
    must(rows_one(&bench, "f1", 1001, "8.8.4.4")); /* a newer version */
    expect_written("8.8.8.8 f1\n8.8.4.4 f1\n");
}

/* Short ids beside small numbers: a hash that only XORs them has repeats. */
Test(rows, of_different_versions_are_never_taken_for_each_other)
{
    bench.durable = false;
    must(rows_open(&bench));
    rows_begin(&bench);
    for (unsigned i = 0; i < 4000; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "f%u", i);
        must(rows_finding(&bench, id, i + 1));
        must(rows_add(&bench, "8.8.8.8", id));
    }
    must(rows_commit(&bench));
    cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], 4000u);
}

Test(rows, of_a_claimed_finding_leave_those_around_it)
{
    must(rows_open(&bench));
    must(rows_one(&bench, "f2", 1000, "2.2.2.2"));
    rows_begin(&bench);
    for (unsigned i = 1; i <= 4; i++) {
        char id[8];
        char value[16];

        (void)snprintf(id, sizeof(id), "f%u", i);
        (void)snprintf(value, sizeof(value), "%u.%u.%u.%u", i, i, i, i);
        must(rows_finding(&bench, id, 1000));
        if (i != 3) {
            must(rows_add(&bench, value, id));
            must(rows_add(&bench, "5.5.5.5", id));
        }
    }
    must(rows_commit(&bench));
    expect_written("2.2.2.2 f2\n1.1.1.1 f1\n5.5.5.5 f1\n4.4.4.4 f4\n"
                   "5.5.5.5 f4\n");
    cr_assert_eq(bench.counts.duplicates, 2u);
    cr_assert_eq(bench.counts.findings, 4u);
    cr_assert_eq(bench.counts.barren, 1u);
}

Test(rows, are_known_again_after_a_restart_until_the_horizon)
{
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000500, "8.8.8.8"));
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000500, "8.8.8.8"));
    must(slu_rows_finish(bench.rows, 1000000, 0, &bench.error));
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000500, "8.8.8.8"));
    expect_written("8.8.8.8 f1\n");
    must(slu_rows_finish(bench.rows, 2000000, 0, &bench.error));
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000500, "8.8.8.8"));
    expect_written("8.8.8.8 f1\n8.8.8.8 f1\n");
}

static size_t count_entries(const char *prefix)
{
    struct found_entry found = {.count = 0};

    cr_assert_eq(slu_store_entries(bench.store, prefix, note_entry, &found),
                 SLU_ERR_OK);
    return found.count;
}

Test(rows, forget_claims_that_the_horizon_has_passed)
{
    must(rows_open(&bench));
    for (unsigned i = 0; i < 2500; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "f%u", i);
        must(rows_one(&bench, id, (int64_t)i * 1000, "8.8.8.8"));
    }
    cr_assert_eq(count_entries("claims/fake/"), 2500u);
    must(slu_rows_finish(bench.rows, 2400 * 1000, 0, &bench.error));
    cr_assert_eq(count_entries("claims/fake/"), 100u);
    must(slu_rows_finish(bench.rows, 2400 * 1000, 0, &bench.error));
    cr_assert_eq(count_entries("claims/fake/"), 100u);
    must(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error));
    cr_assert_eq(count_entries("claims/fake/"), 100u);
}

Test(rows, of_more_findings_than_a_value_holds_are_claimed_too)
{
    must(rows_open(&bench));
    for (unsigned round = 0; round < 2; round++) {
        rows_begin(&bench);
        for (unsigned i = 0; i < 2000; i++) {
            char id[16];

            (void)snprintf(id, sizeof(id), "f%u", i);
            must(rows_finding(&bench, id, 1000));
            must(rows_add(&bench, "8.8.8.8", id));
        }
        must(rows_commit(&bench));
        cr_assert_eq(bench.counts.rows[SLU_ROW_IPV4], round == 0 ? 2000u : 0u);
        must(rows_open(&bench));
    }
    cr_assert_eq(count_entries("claims/fake/"), 4u);
}

Test(rows, claim_nothing_in_the_state_when_told_so)
{
    bench.durable = false;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    cr_assert_eq(bench.counts.duplicates, 1u);
    cr_assert_eq(count_entries("claims/"), 0u);
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    expect_written("8.8.8.8 f1\n8.8.8.8 f1\n");
}

/* ---- several sinks, and nothing ---- */

Test(rows, go_to_every_sink)
{
    bench.sinks[1] = &slu_csv_sink;
    bench.sink_count = 2;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(rows_one(&bench, "f2", 1000, "9.9.9.9"));
    expect_written("8.8.8.8 f1\n9.9.9.9 f2\n");
    cr_assert_eq(strncmp(rows_read(&bench, "out/indicators.csv"), "value,", 6),
                 0);
    cr_assert_not_null(
        strstr(rows_read(&bench, "out/indicators.csv"), "region\r\n8.8.8.8,"));
    cr_assert_not_null(
        strstr(rows_read(&bench, "out/indicators.csv"), "\r\n9.9.9.9,"));
}

Test(rows, of_a_bundle_wait_in_a_spool_until_the_end)
{
    struct slu_report report = {0};
    struct stat info;
    char path[128];

    bench.sinks[0] = &slu_stix_sink;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    cr_assert_null(rows_read(&bench, "out/indicators.stix.json"));
    must(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error));
    cr_assert_not_null(
        strstr(rows_read(&bench, "out/indicators.stix.json"), "= '8.8.8.8'"));
    must(rows_open(&bench)); /* the next run adds to them */
    must(rows_one(&bench, "f2", 1000, "9.9.9.9"));
    must(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error));
    cr_assert_not_null(
        strstr(rows_read(&bench, "out/indicators.stix.json"), "= '8.8.8.8'"));
    cr_assert_not_null(
        strstr(rows_read(&bench, "out/indicators.stix.json"), "= '9.9.9.9'"));
    slu_rows_report(bench.rows, &report);
    cr_assert_str_eq(report.files[0].path, "indicators.stix.json");
    cr_assert_eq(report.files[0].lines, 5u);
    cr_assert_eq(report.files[0].bytes,
                 strlen(rows_read(&bench, "out/indicators.stix.json")));
    cr_assert(report.files[0].changed);
    (void)snprintf(path, sizeof(path), "%s/stix.spool", bench.dir);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
}

Test(rows, whose_spool_is_damaged_leave_the_old_bundle)
{
    char path[128];
    FILE *spool;

    bench.sinks[0] = &slu_stix_sink;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error));
    must(rows_one(&bench, "f2", 1000, "9.9.9.9"));
    (void)snprintf(path, sizeof(path), "%s/stix.spool", bench.dir);
    spool = fopen(path, "rb+");
    (void)fputs("junk", spool);
    (void)fclose(spool);
    cr_assert_eq(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error),
                 SLU_ERR_STATE);
    cr_assert_not_null(strstr(bench.error.text, "stix.spool"));
    cr_assert_null(
        strstr(rows_read(&bench, "out/indicators.stix.json"), "9.9.9.9"));
    cr_assert_null(rows_read(&bench, "out/indicators.stix.json.part"));
}

Test(rows, report_their_files)
{
    struct slu_report report = {0};

    bench.sinks[1] = &slu_csv_sink;
    bench.sink_count = 2;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    slu_rows_report(bench.rows, &report);
    cr_assert_eq(report.file_count, 2u);
    cr_assert_str_eq(report.files[0].path, "indicators.ndjson");
    cr_assert_eq(report.files[0].lines, 1u);
    cr_assert_eq(report.files[0].bytes,
                 strlen(rows_read(&bench, "out/indicators.ndjson")));
    cr_assert(report.files[0].changed);
    cr_assert_eq(report.files[1].lines, 2u);
    must(rows_open(&bench));
    report.file_count = 0;
    slu_rows_report(bench.rows, &report);
    cr_assert_eq(report.files[0].lines, 1u);
    cr_assert_not(report.files[0].changed);
}

Test(rows, of_an_answer_that_is_dropped_leave_no_trace)
{
    must(rows_open(&bench));
    rows_begin(&bench);
    must(rows_finding(&bench, "f1", 1000));
    must(rows_add(&bench, "8.8.8.8", "f1"));
    cr_assert_not(slu_row_batch_is_empty(bench.batch));
    rows_begin(&bench);
    cr_assert(slu_row_batch_is_empty(bench.batch));
    must(rows_commit(&bench));
    expect_written("");
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    expect_written("8.8.8.8 f1\n");
}

/* ---- what can go wrong ---- */

/* As when the disk is full, with the second of two files. */
Test(rows, of_a_commit_that_fails_are_in_no_file)
{
    struct rlimit limit = {600, RLIM_INFINITY};

    (void)signal(SIGXFSZ, SIG_IGN);
    bench.sinks[0] = &slu_csv_sink;
    bench.sinks[1] = &slu_ndjson_sink;
    bench.sink_count = 2;
    must(rows_open(&bench));
    must(rows_one(&bench, "f1", 1000, "8.8.8.8"));
    must(slu_store_drain(bench.store));
    rows_begin(&bench);
    must(rows_finding(&bench, "f2", 1000));
    must(rows_add(&bench, "9.9.9.9", "f2"));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(rows_commit(&bench), SLU_ERR_IO);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_not_null(
        strstr(slu_rows_error(bench.rows)->text, "indicators.ndjson"));
    expect_written("8.8.8.8 f1\n");
    cr_assert_null(strstr(rows_read(&bench, "out/indicators.csv"), "9.9.9.9"));
    must(rows_open(&bench));
    must(rows_one(&bench, "f2", 1000, "9.9.9.9"));
    expect_written("8.8.8.8 f1\n9.9.9.9 f2\n");
}

Test(rows, refuse_a_folder_that_cannot_be_used)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/out", bench.dir);
    fclose(fopen(path, "wb"));
    cr_assert_neq(rows_open(&bench), SLU_ERR_OK);
    cr_assert_not_null(strstr(bench.error.text, "/out"));
    cr_assert_null(bench.rows);
}

static enum slu_err work_through(void)
{
    enum slu_err err = rows_open(&bench);

    if (err == SLU_ERR_OK) {
        rows_begin(&bench);
        err = rows_finding(&bench, "f1", 1000);
    }
    for (unsigned i = 0; i < 60 && err == SLU_ERR_OK; i++) {
        char value[16];

        (void)snprintf(value, sizeof(value), "8.8.8.%u", i);
        err = rows_add(&bench, value, "f1");
    }
    if (err == SLU_ERR_OK) {
        err = rows_commit(&bench);
    }
    return err == SLU_ERR_OK
               ? slu_rows_finish(bench.rows, 9000000, 0, &bench.error)
               : err;
}

Test(rows, survive_every_failed_allocation)
{
    struct failing_alloc failing;
    unsigned fail_at = 0;
    enum slu_err err;

    bench.sinks[1] = &slu_csv_sink;
    bench.sink_count = 2;
    do {
        char path[128];

        fail_at++;
        failing_alloc_init(&failing, fail_at);
        bench.alloc = &failing.alloc;
        err = work_through();
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", fail_at,
                  slu_err_name(err));
        rows_close(&bench);
        cr_assert_eq(failing.live, 0, "%u", fail_at);
        (void)snprintf(path, sizeof(path), "%s", bench.dir);
        remove_tree(path);
        cr_assert_eq(mkdir(path, 0700), 0);
    } while (failing.calls >= fail_at && fail_at < 500);
    cr_assert_gt(fail_at, 10u);
    cr_assert_lt(fail_at, 500u);
    bench.alloc = slu_alloc_default();
}

Test(rows, take_no_memory_in_steady_state)
{
    static struct count_alloc counting;
    unsigned long calls = 0;

    count_alloc_init(&counting);
    bench.alloc = &counting.alloc;
    bench.durable = false; /* claims in the state take memory, 16 bytes each */
    must(rows_open(&bench));
    for (unsigned round = 0; round < 20; round++) {
        rows_begin(&bench);
        for (unsigned i = 0; i < 50; i++) {
            char id[16];

            (void)snprintf(id, sizeof(id), "f%u-%u", round, i);
            must(rows_finding(&bench, id, 1000));
            must(rows_add(&bench, "8.8.8.8", id));
        }
        must(rows_commit(&bench));
        if (round == 1) {
            calls = counting.calls;
        }
    }
    cr_assert_eq(counting.calls, calls);
    rows_close(&bench);
    cr_assert_eq(counting.live, 0u);
    bench.alloc = slu_alloc_default();
}
