/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five days of the seven threat lists, both types, from the simulator, that
 * lets 100 ms pass before each answer: 1,680 requests, which the client has to
 * overlap. Beside it the same one after the other, as the systems do that it
 * replaces: one list's share by one connection, times what is missing.
 */
#include "bench/statistics.h"
#include "bench/sync_run.h"

#include <stdio.h>
#include <string.h>

#define LATENCY 100
#define LATENCY_SMOKE 5    /* who measures nothing waits for nothing */
#define REQUESTS_A_DAY 336 /* 24 hours, 7 lists, 2 types */

struct scene {
    struct slu_bench *bench;
    char base[128];
    unsigned days;
    unsigned latency_ms;
    unsigned requests;
};

static void start_simulator(struct scene *self)
{
    char latency[16];
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

    (void)snprintf(latency, sizeof(latency), "%u", self->latency_ms);
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
    return report.pull_seconds / (double)report.requests * self->requests;
}

static void sync_all(struct scene *self, struct slu_bench_sync_report *report)
{
    sync_lists(self, "all", self->days, 64, report);
    slu_bench_require(self->bench, report->requests == self->requests,
                      "%llu requests were sent",
                      (unsigned long long)report->requests);
    slu_bench_require(self->bench,
                      report->items > 40 * report->requests &&
                          report->listed[SLU_KIND_IP] > 0,
                      "%llu items came", (unsigned long long)report->items);
}

static struct scene make_scene(struct slu_bench *bench)
{
    bool smoke = bench->size == SLU_BENCH_SMOKE;
    struct scene self = {.bench = bench,
                         .days = smoke ? 1 : 5,
                         .latency_ms = smoke ? LATENCY_SMOKE : LATENCY};

    self.requests = REQUESTS_A_DAY * self.days;
    return self;
}

static void run(struct slu_bench *bench)
{
    struct scene self = make_scene(bench);
    char name[80];
    struct slu_bench_figure figure = {
        .name = name,
        .unit = "s",
        .better = SLU_BENCH_LESS,
        .limit = 6,
        .note = "whole process, from exec to exit; one after the other: the "
                "time of a day of one list, times the number of requests",
        .rivals = {{.name = "one after the other"}},
    };
    struct slu_bench_sync_report report;
    double serial;

    (void)snprintf(name, sizeof(name), "%s requests at %u ms",
                   slu_bench_number(self.requests).text, self.latency_ms);
    start_simulator(&self);
    serial = time_serial(&self);
    while (slu_bench_round(bench, 3, 0)) {
        sync_all(&self, &report);
        slu_bench_add(&figure.ours, report.cost.wall_s);
        slu_bench_add(&figure.rivals[0].series, serial);
    }
    slu_bench_figure(bench, &figure);
}

const struct slu_bench_case slu_bench_case_backfill = {
    .name = "backfill",
    .title = "First sync of five days",
    .what = "sluice sync with an empty state, five days of seven lists and two "
            "types, from the simulator, which waits 100 ms before each answer.",
    .needs = "",
    .normal = true,
    .run = run,
};
