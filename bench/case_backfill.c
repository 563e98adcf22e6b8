/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five days of the seven threat lists, both types, from the simulator, that
 * lets 100 ms pass before each answer: 1,680 requests, which the client has to
 * overlap. Beside it the same one after the other, as the systems do that it
 * replaces: one list's share by one connection, times what is missing.
 */
#include "bench/sync_run.h"

#include <stdio.h>
#include <string.h>

#define LATENCY "100"
#define REQUESTS 1680 /* 5 days, 7 lists, 2 types */

struct scene {
    struct slu_bench *bench;
    char base[128];
    unsigned days;
};

static void start_simulator(struct scene *self)
{
    /* A smoke run doesn't wait for what it doesn't measure. */
    const char *latency = self->bench->size == SLU_BENCH_SMOKE ? "5" : LATENCY;
    const char *const args[] = {"sluice-sim", "--latency",
                                latency,      "--list-items",
                                "50",         "--list-days",
                                "30",         "--null-every",
                                "0",          "--stream-rate",
                                "1",          "--delay-hours",
                                "1",          NULL};
    const struct slu_bench_command command = {.args = args};
    char line[128];
    const char *url;

    (void)slu_bench_server_start(self->bench, &command, line, sizeof(line));
    url = strstr(line, "http://");
    slu_bench_require(self->bench, url != NULL, "the simulator says \"%s\"",
                      line);
    (void)snprintf(self->base, sizeof(self->base), "%s", url);
}

static void sync_lists(struct scene *self, const char *lists, unsigned days,
                       unsigned connections,
                       struct slu_bench_sync_report *report)
{
    char config[512];

    (void)snprintf(config, sizeof(config),
                   "limits: {connections: %u}\n"
                   "gti:\n"
                   "  base_url: %s\n"
                   "  streams: []\n"
                   "  threat_lists: %s\n"
                   "  lookback_days: %u\n"
                   "  package_delay: 1h\n",
                   connections, self->base, lists, days);
    slu_bench_sync(self->bench, config, report);
}

/* Seconds of all requests one after the other. */
static double time_serial(struct scene *self)
{
    struct slu_bench_sync_report report;

    sync_lists(self, "[malware]", 1, 1, &report);
    slu_bench_require(self->bench, report.requests >= 40,
                      "%llu requests are no day of a list",
                      (unsigned long long)report.requests);
    return report.pull_seconds / (double)report.requests * REQUESTS;
}

static void run(struct slu_bench *bench)
{
    struct scene self = {.bench = bench,
                         .days = bench->size == SLU_BENCH_SMOKE ? 1 : 5};
    struct slu_bench_figure figure = {
        .name = "1,680 requests at " LATENCY " ms",
        .unit = "s",
        .better = SLU_BENCH_LESS,
        .limit = 6,
        .note = "whole process, from exec to exit; serial: 48 requests were "
                "made, and their time taken 35 times",
        .rivals = {{.name = "one after the other"}},
    };
    struct slu_bench_sync_report report;
    double serial;

    start_simulator(&self);
    serial = time_serial(&self);
    while (slu_bench_round(bench, 3, 0)) {
        sync_lists(&self, "all", self.days, 64, &report);
        slu_bench_require(bench, report.requests == REQUESTS / 5 * self.days,
                          "%llu requests were sent",
                          (unsigned long long)report.requests);
        slu_bench_require(bench,
                          report.items > 40 * report.requests &&
                              report.listed[SLU_KIND_IP] > 0,
                          "%llu items came", (unsigned long long)report.items);
        slu_bench_add(&figure.ours, report.cost.wall_s);
        slu_bench_add(&figure.rivals[0].series, serial);
    }
    slu_bench_figure(bench, &figure);
}

const struct slu_bench_case slu_bench_case_backfill = {
    .name = "backfill",
    .title = "First sync of five days",
    .what = "sluice sync, cold, of 5 days of 7 lists and 2 types from the "
            "simulator, which waits " LATENCY " ms before each answer.",
    .needs = "",
    .normal = true,
    .run = run,
};
