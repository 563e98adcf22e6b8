/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow of rows through the public handle, from a source without a network of
 * its own. The program brings its own registry, which the linker takes before
 * the library's.
 */
#include "engine/registry.h"

const struct slu_source_ops *registered_source(const char *name);
bool has_registered_source(const char *name);

#define slu_registry_source registered_source
#define slu_registry_has_source has_registered_source
#include "engine/registry.c"
#undef slu_registry_source
#undef slu_registry_has_source

#include "engine/fake_source.h"
#include "engine/served.h"
#include "engine/store_support.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>

static struct fake_world world;
static struct slu_source_ops ops;
static struct served served;
static struct slu_engine *engine;
static struct slu_error error;
static struct slu_report report;
static char dir[64];
static char lines[1 << 16];
static const char *body;

const struct slu_source_ops *slu_registry_source(const char *name)
{
    return strcmp(name, "fake") == 0 ? &ops : registered_source(name);
}

bool slu_registry_has_source(const char *name)
{
    return slu_registry_source(name) != NULL;
}

static void get_access(const void *config, struct slu_source_access *out_access)
{
    (void)config;
    fake_rows_source.access(&world, out_access);
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    (void)config;
    return fake_rows_source.create(alloc, &world, port, out_source, out_error);
}

static struct raw_answer answer_body(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return body == NULL ? served_text(403, "", "") : served_text(200, "", body);
}

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    (void)ctx;
    (void)snprintf(lines + len, sizeof(lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static void make_world(void)
{
    memset(&world, 0, sizeof(world));
    memcpy(world.base_url, served.url, sizeof(served.url));
    world.key = (struct slu_secret){"k3y", "the test"};
    world.unit_count = 1;
    world.pages = 1;
    world.horizon_ms = INT64_MIN;
}

static enum slu_err open_engine(const char *flow)
{
    char text[600];
    struct slu_options options = {.config_text = text, .on_log = note_line};

    (void)snprintf(text, sizeof(text),
                   "state_dir: %s/state\noutput_dir: %s/out\n"
                   "flows:\n  - {name: findings, %s}\n",
                   dir, dir, flow);
    return slu_engine_open(&options, &engine, &error);
}

static void start(void)
{
    (void)make_folder(dir);
    ops = fake_rows_source;
    ops.section = "gti";
    ops.access = get_access;
    ops.create = create;
    served_start(&served, answer_body, NULL);
    make_world();
    lines[0] = '\0';
}

static void stop(void)
{
    slu_engine_close(engine);
    (void)served_stop(&served);
    remove_tree(dir);
}

TestSuite(sync_rows, .init = start, .fini = stop);

static enum slu_err sync_once(const char *answer)
{
    make_world();
    body = answer;
    return slu_engine_sync(engine, 0, &report);
}

static const char *read_out(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "out/%s", name);
    return read_text(dir, path);
}

Test(sync_rows, writes_every_file_and_reports_it)
{
    cr_assert_eq(open_engine("source: fake, sinks: [ndjson, csv, stix]"),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(sync_once("Ff1|1000\n48.8.8.8\nnx.example.com\n410.0.0.1\n"),
                 SLU_ERR_OK, "%s", slu_engine_error(engine)->text);
    cr_assert(report.has_rows);
    cr_assert_eq(report.findings, 1u);
    cr_assert_eq(report.rows[SLU_ROW_IPV4], 1u);
    cr_assert_eq(report.rows[SLU_ROW_DOMAIN], 1u);
    cr_assert_eq(report.file_count, 3u);
    cr_assert_str_eq(report.files[0].path, "indicators.ndjson");
    cr_assert_eq(report.files[0].lines, 2u);
    cr_assert_eq(report.files[1].lines, 3u);
    cr_assert_not_null(strstr(read_out("indicators.ndjson"), "\"8.8.8.8\""));
    cr_assert_not_null(strstr(read_out("indicators.csv"), "x.example.com,"));
    cr_assert_not_null(strstr(read_out("indicators.stix.json"), "'8.8.8.8'"));
    cr_assert_null(read_out("gti-checkpoint.json"));
    cr_assert_null(read_out("guard_duty/threat-ip-1.txt"));
    cr_assert_not_null(strstr(lines, "GuardDuty Findings Sync Starting"));
    cr_assert_not_null(strstr(lines, "Findings Sync Completed Successfully"));
    cr_assert_not_null(strstr(
        lines, "[INFO] Successfully fetched 2 indicator(s) and skipped 1 "));
}

Test(sync_rows, a_second_sync_adds_what_is_new)
{
    cr_assert_eq(open_engine("source: fake, sinks: [ndjson]"), SLU_ERR_OK);
    cr_assert_eq(sync_once("Ff1|1000\n48.8.8.8\n"), SLU_ERR_OK);
    cr_assert_eq(sync_once("Ff1|1000\n48.8.8.8\nFf2|1000\n49.9.9.9\n"),
                 SLU_ERR_OK);
    cr_assert_eq(report.duplicates, 1u);
    cr_assert_eq(report.files[0].lines, 2u);
    cr_assert_eq(report.rows[SLU_ROW_IPV4], 1u);
}

Test(sync_rows, a_failed_unit_keeps_what_others_brought)
{
    cr_assert_eq(open_engine("source: fake, sinks: [stix]"), SLU_ERR_OK);
    cr_assert_eq(sync_once(NULL), SLU_ERR_INCOMPLETE);
    cr_assert_not_null(strstr(lines, "[ERROR] Findings Sync ended: "));
    cr_assert_not_null(read_out("indicators.stix.json"));
}

Test(sync_rows, refuses_the_sink_of_lists)
{
    cr_assert_eq(open_engine("source: fake, sinks: [files]"), SLU_ERR_CONFIG);
    cr_assert_not_null(
        strstr(error.text, "the sink `files` takes lists of indicators; the "
                           "source `fake` makes rows of findings: use one of "
                           "ndjson, csv, stix"),
        "%s", error.text);
}

static void put_entry(const char *key, const char *value)
{
    struct slu_store_options options = {.alloc = slu_alloc_default()};
    struct slu_store *store;
    char path[80];

    (void)snprintf(path, sizeof(path), "%s/state", dir);
    options.dir = path;
    cr_assert_eq(slu_store_open(&options, &store, &error), SLU_ERR_OK);
    cr_assert_eq(
        commit_tests(store, slu_store_answer_id(store), NULL, 0, key, value),
        SLU_ERR_OK);
    slu_store_close(store);
}

Test(sync_rows, status_tells_up_to_where_each_detector_is_committed)
{
    struct slu_status status;

    cr_assert_eq(open_engine("source: fake, sinks: [ndjson]"), SLU_ERR_OK);
    cr_assert_eq(sync_once("Ff1|1000\n48.8.8.8\n"), SLU_ERR_OK);
    put_entry("guardduty/planned/1/us-east-1/d1", "1754542800000");
    put_entry("guardduty/planned/1/eu-west-1/d2", "1754542800000");
    put_entry("guardduty/open/1/eu-west-1/d2/1754532800000-1754542800000", "x");
    put_entry("guardduty/open/1/eu-west-1/d2/1754522800000-1754532800000", "x");
    put_entry("guardduty_export/done/abc", "etag");
    cr_assert_eq(slu_engine_status(engine, &status), SLU_ERR_OK);
    cr_assert_eq(status.checkpoint_count, 3u);
    cr_assert_str_eq(status.checkpoints[0].key, "guardduty/1/eu-west-1/d2");
    cr_assert_str_eq(status.checkpoints[0].value, "2025-08-06T23:26:40Z");
    cr_assert_str_eq(status.checkpoints[1].key, "guardduty/1/us-east-1/d1");
    cr_assert_str_eq(status.checkpoints[1].value, "2025-08-07T05:00:00Z");
    cr_assert_str_eq(status.checkpoints[2].value, "1 objects read");
    cr_assert_eq(status.unit_count, 2u);
    cr_assert_eq(status.file_count, 1u);
    cr_assert_str_eq(status.files[0].path, "indicators.ndjson");
    cr_assert_eq(status.files[0].lines, 1u);
}
