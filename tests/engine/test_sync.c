/* SPDX-License-Identifier: Apache-2.0 */
/* The public handle, from its options to the files, against a small server. */
#include "engine/mini_gti.h"
#include "engine/store_support.h"
#include "support/failing_alloc.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>

static struct mini_gti gti;
static struct served served;
static char dir[64];
static char lines[1 << 17];
static struct slu_engine *engine;
static struct slu_error open_error;

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    (void)ctx;
    (void)snprintf(lines + len, sizeof(lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static enum slu_err open_text(const char *text)
{
    struct slu_options options = {.config_text = text, .on_log = note_line};

    return slu_engine_open(&options, &engine, &open_error);
}

static void start(const char *limits)
{
    gti = (struct mini_gti){0};
    (void)make_folder(dir);
    served_start(&served, mini_gti_answer, &gti);
    cr_assert_eq(open_text(mini_gti_config(served.url, dir, limits)),
                 SLU_ERR_OK, "%s", open_error.text);
}

static struct raw_counts stop(void)
{
    slu_engine_close(engine);
    remove_tree(dir);
    return served_stop(&served);
}

static const char *read_out(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "out/%s", name);
    return read_text(dir, path);
}

static unsigned count_text(const char *text, const char *part)
{
    unsigned count = 0;

    for (text = strstr(text, part); text != NULL;
         text = strstr(text + 1, part)) {
        count++;
    }
    return count;
}

/* ---- open ---- */

Test(sync, is_opened_by_exactly_one_configuration)
{
    struct slu_options both = {.config_text = "", .config_path = "x"};
    struct slu_options none = {0};

    cr_assert_eq(slu_engine_open(&both, &engine, &open_error), SLU_ERR_USAGE);
    cr_assert_null(engine);
    cr_assert_eq(slu_engine_open(&none, &engine, NULL), SLU_ERR_USAGE);
    cr_assert_eq(open_text("zebra: 1\n"), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(open_error.text, "zebra"));
    cr_assert_null(engine);
    cr_assert_eq(open_text("gti: {base_url: 'ftp://x'}\n"), SLU_ERR_CONFIG);
    cr_assert_eq(strncmp(open_error.text, "gti.base_url: ", 14), 0);
    slu_engine_close(NULL);
}

Test(sync, names_its_flows_and_refuses_others)
{
    start("");
    cr_assert_eq(slu_engine_flow_count(engine), 1);
    cr_assert_str_eq(slu_engine_flow_name(engine, 0), "lists");
    cr_assert_null(slu_engine_flow_name(engine, 1));
    cr_assert_eq(slu_engine_sync(engine, 1, NULL), SLU_ERR_USAGE);
    cr_assert_str_eq(slu_engine_error(engine)->text,
                     "there is no flow 2: the configuration has 1");
    (void)stop();
}

Test(sync, maps_each_error_to_its_exit_code)
{
    cr_assert_eq(slu_exit_code(SLU_ERR_OK), 0);
    cr_assert_eq(slu_exit_code(SLU_ERR_INCOMPLETE), 1);
    cr_assert_eq(slu_exit_code(SLU_ERR_STOPPED), 1);
    cr_assert_eq(slu_exit_code(SLU_ERR_CONFIG), 2);
    cr_assert_eq(slu_exit_code(SLU_ERR_NOT_FOUND), 2);
    cr_assert_eq(slu_exit_code(SLU_ERR_USAGE), 2);
    cr_assert_eq(slu_exit_code(SLU_ERR_AUTH), 3);
    cr_assert_eq(slu_exit_code(SLU_ERR_DENIED), 3);
}

/* ---- sync ---- */

Test(sync, writes_lists_and_tells_only_those_with_lines)
{
    struct slu_report report;

    start("");
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_OK, "%s",
                 slu_engine_error(engine)->text);
    cr_assert_gt(report.listed[SLU_KIND_IP], 20);
    cr_assert_eq(report.listed[SLU_KIND_IP], report.added[SLU_KIND_IP]);
    cr_assert_eq(count_text(read_out("guard_duty/threat-ip-1.txt"), "45.33."),
                 report.listed[SLU_KIND_IP]);
    cr_assert_eq(count_text(read_out("guard_duty/threat-entity-1.txt"), "\n"),
                 report.listed[SLU_KIND_DOMAIN]);
    cr_assert_not_null(strstr(read_out("gti-checkpoint.json"), "malware"));
    cr_assert_str_eq(read_out("guard_duty/threat-ip-2.txt"), "");
    cr_assert_eq(count_text(lines, "[INFO] Updated file: "), 2, "%s", lines);
    cr_assert_gt(count_text(lines, "[DEBUG] Updated file: "), 2);
    cr_assert_null(strstr(lines, "k3y-of-the-test"));
    cr_assert_eq(count_text(lines, "\xe2\x9c\x94 IOC Sync Completed"), 1);
    cr_assert_str_eq(report.flow, "lists");
    cr_assert_eq(report.failed_units, 0);
    (void)stop();
}

Test(sync, changes_nothing_the_second_time)
{
    struct slu_report report;
    uint64_t first;

    start("");
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_OK);
    first = report.requests;
    lines[0] = '\0';
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_OK);
    cr_assert_lt(report.requests, first / 4);
    cr_assert_eq(count_text(lines, "Updated file"), 0, "%s", lines);
    for (unsigned i = 0; i < report.file_count; i++) {
        cr_assert_not(report.files[i].changed);
    }
    (void)stop();
}

static void check_nothing_published(void)
{
    cr_assert_null(read_out("guard_duty/threat-ip-1.txt"));
    cr_assert_null(read_out("gti-checkpoint.json"));
    cr_assert_eq(count_text(lines, "Updated file"), 0);
}

Test(sync, publishes_nothing_when_the_key_is_refused)
{
    start("connections: 1");
    gti.status = 401;
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_AUTH);
    cr_assert_not_null(strstr(slu_engine_error(engine)->text, "HTTP 401"));
    check_nothing_published();
    cr_assert_eq(stop().requests, 1);
}

Test(sync, publishes_nothing_when_stopped)
{
    start("");
    slu_engine_stop(engine);
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_STOPPED);
    check_nothing_published();
    (void)stop();
}

Test(sync, runs_again_on_the_handle_that_was_stopped)
{
    start("");
    slu_engine_stop(engine);
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_STOPPED);
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_OK);
    (void)stop();
}

Test(sync, publishes_what_came_when_a_part_is_missing)
{
    struct slu_report report;

    start("max_wait: 0s, connections: 1");
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_OK);
    slu_engine_close(engine);
    remove_tree(dir);
    (void)make_folder(dir);
    gti.status = 503;
    cr_assert_eq(open_text(mini_gti_config(served.url, dir, "max_wait: 0s")),
                 SLU_ERR_OK);
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_INCOMPLETE);
    cr_assert_gt(report.failed_units, 0);
    cr_assert_not_null(strstr(slu_engine_error(engine)->text, "HTTP 503"));
    cr_assert_str_eq(read_out("guard_duty/threat-ip-1.txt"), "");
    (void)stop();
}

/* A folder stands where a list should: the report tells only what was done. */
Test(sync, reports_the_files_that_were_written_before_one_failed)
{
    struct slu_report report;
    char path[256];

    start("");
    (void)snprintf(path, sizeof(path), "%s/out", dir);
    cr_assert_eq(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/out/guard_duty", dir);
    cr_assert_eq(mkdir(path, 0755), 0);
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_OK);
    (void)snprintf(path, sizeof(path), "%s/out/guard_duty/threat-ip-3.txt",
                   dir);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/out/guard_duty/threat-ip-3.txt/x",
                   dir);
    cr_assert_eq(mkdir(path, 0755), 0);
    cr_assert_eq(slu_engine_sync(engine, 0, &report), SLU_ERR_IO);
    cr_assert_not_null(
        strstr(slu_engine_error(engine)->text, "threat-ip-3.txt"), "%s",
        slu_engine_error(engine)->text);
    cr_assert_eq(report.file_count, 2);
    (void)stop();
}

Test(sync, needs_a_key)
{
    start("");
    slu_engine_close(engine);
    (void)mini_gti_config(served.url, dir, "");
    (void)unsetenv("SLUICE_TEST_KEY");
    cr_assert_eq(
        open_text("gti: {api_key: {env: SLUICE_NO_SUCH}}\n"
                  "state_dir: /tmp/slu-test-none\noutput_dir: /tmp/slu-none\n"),
        SLU_ERR_OK);
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_CONFIG);
    cr_assert_not_null(
        strstr(slu_engine_error(engine)->text, "API key not found"));
    cr_assert_neq(access("/tmp/slu-test-none", F_OK), 0);
    (void)stop();
}

/* ---- check ---- */

struct checked {
    unsigned kinds[3];
    char text[2000];
};

static void note_check(void *ctx, enum slu_check_kind kind, const char *text)
{
    struct checked *checked = ctx;
    size_t len = strlen(checked->text);

    checked->kinds[kind]++;
    (void)snprintf(checked->text + len, sizeof(checked->text) - len, "%s\n",
                   text);
}

Test(sync, check_finds_all_well)
{
    struct checked checked = {{0}, ""};

    start("");
    cr_assert_eq(slu_engine_check(engine, note_check, &checked), SLU_ERR_OK,
                 "%s", checked.text);
    cr_assert_eq(checked.kinds[SLU_CHECK_FAIL], 0);
    cr_assert_not_null(
        strstr(checked.text, "Threat List (malware): permitted"));
    cr_assert_eq(stop().requests, 1);
}

Test(sync, check_tells_a_refused_key_from_a_missing_licence)
{
    struct checked checked = {{0}, ""};

    start("");
    gti.status = 401;
    cr_assert_eq(slu_engine_check(engine, note_check, &checked), SLU_ERR_AUTH);
    cr_assert_not_null(strstr(checked.text, "HTTP 401: not for you"));
    cr_assert_not_null(strstr(slu_engine_error(engine)->text, "HTTP 401"));
    gti.status = 403;
    cr_assert_eq(slu_engine_check(engine, note_check, &checked), SLU_ERR_AUTH);
    cr_assert_not_null(strstr(checked.text, "HTTP 403: not for you"));
    cr_assert_neq(slu_engine_error(engine)->text[0], '\0');
    gti.status = 500;
    cr_assert_eq(slu_engine_check(engine, note_check, &checked),
                 SLU_ERR_SERVER);
    (void)stop();
}

/* Its sentence was lost: the error was told in terms of itself. */
Test(sync, check_keeps_the_sentence_of_a_missing_key)
{
    struct checked checked = {{0}, ""};

    start("");
    slu_engine_close(engine);
    cr_assert_eq(open_text("gti: {api_key: {env: SLUICE_NO_SUCH}}\n"
                           "state_dir: /tmp/slu-test-none/a\n"
                           "output_dir: /tmp/slu-test-none/b\n"),
                 SLU_ERR_OK);
    cr_assert_eq(slu_engine_check(engine, note_check, &checked),
                 SLU_ERR_CONFIG);
    cr_assert_not_null(
        strstr(slu_engine_error(engine)->text, "API key not found"), "%s",
        slu_engine_error(engine)->text);
    remove_tree("/tmp/slu-test-none");
    (void)stop();
}

/* ---- status ---- */

Test(sync, status_has_nothing_before_the_first_run)
{
    struct slu_status status;

    start("");
    cr_assert_eq(slu_engine_status(engine, &status), SLU_ERR_NOT_FOUND);
    cr_assert_neq(slu_engine_error(engine)->text[0], '\0');
    (void)stop();
}

Test(sync, status_shows_checkpoints_files_and_runs)
{
    struct slu_status status;

    start("");
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_OK);
    slu_engine_stop(engine);
    cr_assert_eq(slu_engine_sync(engine, 0, NULL), SLU_ERR_STOPPED);
    cr_assert_eq(slu_engine_status(engine, &status), SLU_ERR_OK);
    cr_assert_eq(status.checkpoint_count, 1);
    cr_assert_str_eq(status.checkpoints[0].key, "gti/list/malware");
    cr_assert_eq(strlen(status.checkpoints[0].value), 20);
    cr_assert_eq(strncmp(status.checkpoints[0].value, "20", 2), 0);
    cr_assert_eq(status.run_count, 2);
    cr_assert_eq(status.runs[0].exit_code, 1);
    cr_assert_not_null(strstr(status.runs[0].summary, "stopped on request"));
    cr_assert_eq(status.runs[1].exit_code, 0);
    cr_assert_gt(status.file_count, 12);
    cr_assert_gt(status.files[0].lines, 20);
    (void)stop();
}

/* ---- memory ---- */

Test(sync, opens_or_says_that_memory_is_out)
{
    struct failing_alloc failing;
    struct slu_options options = {.config_text = "limits: {connections: 2}\n",
                                  .alloc = &failing.alloc};
    unsigned fail_at = 0;

    do {
        enum slu_err err;

        fail_at++;
        failing_alloc_init(&failing, fail_at);
        err = slu_engine_open(&options, &engine, &open_error);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%s",
                  open_error.text);
        slu_engine_close(engine);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
    } while (failing.calls >= fail_at);
    cr_assert_gt(fail_at, 3);
}
