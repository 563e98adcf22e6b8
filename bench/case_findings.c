/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings flow, cold, from the simulator: findings spread over 30 days, or
 * all in one hour of them, at 0 and 100 ms an answer. The simulator checks
 * every signature; a first sync, which makes it render its findings, does not
 * count.
 *
 * The result of each sync is its file: as a set of lines it is that of one
 * connection at 0 ms, and that of the first sync at 100 ms, where one after the
 * other would take minutes. A second sync of the folder finds nothing new.
 *
 * The peak resident set of the process is measured on more of them than that.
 */
#include "bench/bench.h"
#include "bench/statistics.h"
#include "bench/sync_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS 20000
#define FINDINGS_SMOKE 300
#define LATENCY 100
#define LATENCY_SMOKE 10
#define FINDINGS_MANY 100000
#define FINDINGS_MOST 1000000
#define MEMORY_MB 64
#define MEMORY_EACH 30 /* bytes */
#define EXPORT_FINDINGS 10000
#define FINDING_BYTES 1200
#define DOCUMENTED                                                             \
    "the documentation of the plugin that sluice replaces names 1,000 a "      \
    "minute"
#define PATH_MAX_LEN 512

struct scene {
    struct slu_bench *bench;
    struct slu_bench_server *server;
    unsigned findings;
    unsigned runs;
    bool exported;      /* to the folder "export": no simulator */
    char endpoint[160]; /* AWS_ENDPOINT_URL=http://... */
};

/* What a sync wrote, and what it took. */
struct outcome {
    char folder[32];
    double wall_s;
    double peak_mb;
    uint64_t rows;
    uint64_t sum; /* of the hashes of the lines */
};

static void start_simulator(struct scene *self, bool burst, unsigned latency_ms)
{
    char findings[16];
    char latency[16];
    char line[128];
    const char *url;
    const char *const args[] = {"sluice-sim", "--gd-findings",
                                findings,     "--gd-days",
                                "30",         "--cache-bytes",
                                "4000000000", "--latency",
                                latency,      burst ? "--gd-burst" : NULL,
                                NULL};
    const struct slu_bench_command command = {.args = args};

    (void)snprintf(findings, sizeof(findings), "%u", self->findings);
    (void)snprintf(latency, sizeof(latency), "%u", latency_ms);
    self->server =
        slu_bench_server_start(self->bench, &command, line, sizeof(line));
    url = strstr(line, "http://");
    slu_bench_require(self->bench, url != NULL, "the simulator says \"%s\"",
                      line);
    (void)snprintf(self->endpoint, sizeof(self->endpoint),
                   "AWS_ENDPOINT_URL=%s", url);
}

static void write_config(struct scene *self, const char *folder,
                         unsigned connections)
{
    const char *work = self->bench->work_dir;
    char path[PATH_MAX_LEN];
    char text[2048];
    int len = snprintf(
        text, sizeof(text),
        "state_dir: %s/%s/state\n"
        "output_dir: %s/%s/out\n"
        "limits: {connections: %u}\n"
        "guardduty: {regions: [us-east-1], initial_range_days: 31, export: "
        "%s/export}\n"
        "flows: [{name: findings, source: %s, sinks: [ndjson]}]\n",
        work, folder, work, folder, connections, work,
        self->exported ? "guardduty_export" : "guardduty");

    (void)snprintf(path, sizeof(path), "%s/sluice.yaml", folder);
    slu_bench_write(self->bench, path, slu_view_make(text, (size_t)len));
}

static void read_rows(struct scene *self, struct outcome *out)
{
    char path[PATH_MAX_LEN];
    struct slu_view text;
    const char *end;

    (void)snprintf(path, sizeof(path), "%s/out/indicators.ndjson", out->folder);
    text = slu_bench_read(self->bench, path);
    end = text.ptr + text.len;
    out->rows = 0;
    out->sum = 0;
    for (const char *at = text.ptr; at < end; out->rows++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        slu_bench_require(self->bench, stop != NULL, "a row is torn");
        out->sum += slu_bench_sync_hash(at, (size_t)(stop - at));
        at = stop + 1;
    }
    slu_alloc_put(self->bench->alloc, (char *)(uintptr_t)text.ptr,
                  text.len + 1);
}

/* A sync of the outcome's folder. */
static void sync_folder(struct scene *self, struct outcome *out)
{
    char config[PATH_MAX_LEN];
    struct slu_bench_cost cost;
    const char *const env[] = {
        self->endpoint,
        /* The simulator's own. */
        "AWS_ACCESS_KEY_ID=AKIASIMULATEDKEY0001",
        "AWS_SECRET_ACCESS_KEY=simulated/secret+0000000000000000000000",
        "AWS_EC2_METADATA_DISABLED=true", NULL};
    const char *const args[] = {"sluice",   "sync", "--log-level", "warn",
                                "--config", config, NULL};
    const struct slu_bench_command command = {.args = args, .env = env};

    (void)snprintf(config, sizeof(config), "%s/%s/sluice.yaml",
                   self->bench->work_dir, out->folder);
    slu_bench_spawn_well(self->bench, &command, &cost);
    out->wall_s = cost.wall_s;
    out->peak_mb = cost.peak_mb;
    read_rows(self, out);
}

/* Into a folder that nothing was in before. */
static struct outcome sync_cold(struct scene *self, unsigned connections)
{
    struct outcome out;

    (void)snprintf(out.folder, sizeof(out.folder), "findings.%u", self->runs++);
    write_config(self, out.folder, connections);
    sync_folder(self, &out);
    return out;
}

static void require_same(struct scene *self, const struct outcome *expected,
                         const struct outcome *got)
{
    slu_bench_require(self->bench, expected->rows > self->findings / 3,
                      "%u findings have %llu rows", self->findings,
                      (unsigned long long)expected->rows);
    slu_bench_require(
        self->bench, got->rows == expected->rows && got->sum == expected->sum,
        "a sync wrote %llu rows where another wrote %llu, or "
        "others",
        (unsigned long long)got->rows, (unsigned long long)expected->rows);
}

/* The first one warms the simulator up. */
static struct outcome find_expected(struct scene *self, unsigned latency_ms)
{
    struct outcome first = sync_cold(self, latency_ms > 0 ? 64 : 1);
    struct outcome again = first;

    sync_folder(self, &again);
    require_same(self, &first, &again);
    return first;
}

static void measure(struct scene *self, bool burst, unsigned latency_ms)
{
    const char *spread = burst ? "in one hour" : "over 30 days";
    char names[2][96];
    struct slu_bench_figure seconds = {
        .name = names[0],
        .unit = "s",
        .better = SLU_BENCH_LESS,
        .limit = latency_ms > 0 ? 2 : 0,
        .note = "whole process, 64 connections (the default)",
    };
    struct slu_bench_figure rate = {
        .name = names[1],
        .unit = "/min",
        .better = SLU_BENCH_MORE,
        .note = DOCUMENTED,
    };
    struct outcome expected;

    (void)snprintf(names[0], sizeof(names[0]), "%s findings %s, %u ms",
                   slu_bench_number(self->findings).text, spread, latency_ms);
    (void)snprintf(names[1], sizeof(names[1]), "indicators %s, %u ms", spread,
                   latency_ms);
    start_simulator(self, burst, latency_ms);
    expected = find_expected(self, latency_ms);
    while (slu_bench_round(self->bench, 5, 0)) {
        struct outcome got = sync_cold(self, 64);

        require_same(self, &expected, &got);
        slu_bench_add(&seconds.ours, got.wall_s);
        slu_bench_add(&rate.ours, (double)got.rows * 60 / got.wall_s);
    }
    slu_bench_figure(self->bench, &seconds);
    slu_bench_figure(self->bench, &rate);
    slu_bench_server_stop(self->server);
}

/* ---- memory ---- */

static size_t render_finding(unsigned number, char *out, size_t size)
{
    return (size_t)snprintf(
        out, size,
        "{\"schemaVersion\":\"2.0\",\"accountId\":\"111111111111\",\"region\":"
        "\"us-east-1\",\"partition\":\"aws\",\"id\":\"%032x\",\"arn\":"
        "\"arn:aws:guardduty:us-east-1:111111111111:detector/"
        "00000000000000000000000000000001/finding/%032x\",\"type\":"
        "\"Backdoor:EC2/C&CActivity.B!DNS\",\"severity\":8,\"createdAt\":"
        "\"2025-01-02T03:04:05.678Z\",\"updatedAt\":"
        "\"2025-01-02T03:04:05.678Z\",\"title\":\"An instance asked for a "
        "domain of a command and control server.\",\"description\":\"Instance "
        "i-%08x asked for it.\",\"resource\":{\"resourceType\":\"Instance\"},"
        "\"service\":{\"serviceName\":\"guardduty\",\"archived\":false,"
        "\"eventFirstSeen\":\"2025-01-01T00:00:00Z\",\"eventLastSeen\":"
        "\"2025-01-02T00:00:00Z\",\"count\":1,\"action\":{\"actionType\":"
        "\"DNS_REQUEST\",\"dnsRequestAction\":{\"domain\":\"host-%u.net\","
        "\"protocol\":\"UDP\",\"blocked\":false}}}}\n",
        number, number, number, number);
}

/* Each has a value of its own; 10,000 of them are an object of 9 MB. */
static void write_export(struct slu_bench *bench, unsigned findings)
{
    size_t room = (size_t)EXPORT_FINDINGS * FINDING_BYTES;
    char *text = slu_alloc_get(bench->alloc, room);

    slu_bench_require(bench, text != NULL, "out of memory");
    for (unsigned at = 0; at < findings;) {
        char path[64];
        size_t len = 0;

        (void)snprintf(path, sizeof(path), "export/%u.jsonl", at);
        for (unsigned i = 0; i < EXPORT_FINDINGS && at < findings; i++) {
            len += render_finding(at++, text + len, FINDING_BYTES);
        }
        slu_bench_write(bench, path, slu_view_make(text, len));
    }
    slu_alloc_put(bench->alloc, text, room);
}

/* Rows are written as they come, from findings that were exported to a folder:
 * of those, the simulator needn't make a million. What the flow keeps of each
 * is a fingerprint. */
static void measure_memory(struct scene *self, unsigned findings)
{
    struct slu_bench *bench = self->bench;
    struct slu_bench_figure figure = {
        .unit = "MB",
        .better = SLU_BENCH_LESS,
        .limit = MEMORY_MB + (double)findings * MEMORY_EACH / 1e6,
    };
    struct outcome got = {0};
    char name[96];
    char note[120];

    self->exported = true;
    write_export(bench, findings);
    while (slu_bench_round(bench, 1, 0)) {
        got = sync_cold(self, 64);
        slu_bench_require(bench, got.rows == findings,
                          "%u findings have %llu rows", findings,
                          (unsigned long long)got.rows);
        slu_bench_add(&figure.ours, got.peak_mb);
    }
    (void)snprintf(name, sizeof(name), "%s exported findings, memory",
                   slu_bench_number(findings).text);
    (void)snprintf(note, sizeof(note),
                   "a value of its own each; the limit is %d MB and %d bytes "
                   "each; the process took %.1f s",
                   MEMORY_MB, MEMORY_EACH, got.wall_s);
    figure.name = name;
    figure.note = note;
    slu_bench_figure(bench, &figure);
}

static void run(struct slu_bench *bench)
{
    bool smoke = bench->size == SLU_BENCH_SMOKE;
    unsigned latency_ms = smoke ? LATENCY_SMOKE : LATENCY;
    struct scene self = {
        .bench = bench,
        .findings = smoke ? FINDINGS_SMOKE : FINDINGS,
    };

    for (unsigned i = 0; i < 4; i++) {
        measure(&self, i % 2 == 1, i < 2 ? 0 : latency_ms);
    }
    measure_memory(&self, smoke ? FINDINGS_SMOKE : FINDINGS_MANY);
    if (bench->size == SLU_BENCH_FULL) {
        measure_memory(&self, FINDINGS_MOST);
    }
}

const struct slu_bench_case slu_bench_case_findings = {
    .name = "findings",
    .title = "Findings",
    .what = "sluice sync with an empty state: the findings of one region from "
            "the simulator to an NDJSON file; each answer takes 0 or 100 ms. "
            "Findings are spread over 30 days, or all in one hour.",
    .needs = "",
    .normal = true,
    .run = run,
};
