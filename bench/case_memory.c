/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peak resident set of the whole process, by the kernel's account, for
 * pulls of more and more IOCs, all accepted and new, in pages of more and more
 * bytes. What came is counted, and every one must be on a list or over its
 * capacity.
 */
#include "bench/page_client.h"
#include "bench/statistics.h"
#include "bench/sync_run.h"

#include <stdio.h>

#define LIMIT_MB 96

#define IOCS_SMOKE 2000
#define SMALLER 50 /* the pages of a smoke run */

static const unsigned pages_bytes[] = {100000, 1000000, 10000000};

static void check(struct slu_bench *bench,
                  const struct slu_bench_package_plan *plan,
                  const struct slu_bench_sync_report *report)
{
    uint64_t items = report->requests * plan->items;

    slu_bench_require(bench, report->items == items, "%llu items of %llu came",
                      (unsigned long long)report->items,
                      (unsigned long long)items);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_bench_require(bench,
                          report->accepted[kind] == items / 2 &&
                              report->listed[kind] + report->exceeded[kind] ==
                                  items / 2,
                          "%s: %llu listed and %llu left out of %llu",
                          slu_kind_name((enum slu_kind)kind),
                          (unsigned long long)report->listed[kind],
                          (unsigned long long)report->exceeded[kind],
                          (unsigned long long)(items / 2));
    }
}

static void name_figure(char *out, size_t size, uint64_t iocs,
                        unsigned page_bytes)
{
    (void)snprintf(out, size, "%s IOCs, pages of %g MB",
                   slu_bench_number((double)iocs).text, page_bytes / 1e6);
}

static void measure(struct slu_bench *bench, uint64_t iocs, unsigned page_bytes)
{
    struct slu_bench_package_plan plan =
        slu_bench_package_plan(iocs, page_bytes);
    struct slu_bench_figure figure = {
        .unit = "MB",
        .better = SLU_BENCH_LESS,
        .limit = LIMIT_MB,
    };
    struct slu_bench_server *server;
    struct slu_bench_sync_report report;
    char config[512];
    char base[64];
    char name[80];
    char note[160];

    server = slu_bench_page_server(bench, plan.hours, plan.items,
                                   plan.item_bytes, NULL, base);
    slu_bench_package_config(&plan, base, config, sizeof(config));
    while (slu_bench_round(bench, 1, 0)) {
        slu_bench_sync(bench, config, &report);
        check(bench, &plan, &report);
        slu_bench_add(&figure.ours, report.cost.peak_mb);
        slu_bench_sync_remove(bench, &report);
    }
    name_figure(name, sizeof(name), iocs, page_bytes);
    (void)snprintf(note, sizeof(note),
                   "%llu pages of %u items, %.2f GB in all; the process took "
                   "%.1f s, %.1f s of them pulling",
                   (unsigned long long)report.requests, plan.items,
                   (double)report.body_bytes / 1e9, report.cost.wall_s,
                   report.pull_seconds);
    figure.name = name;
    figure.note = note;
    slu_bench_figure(bench, &figure);
    slu_bench_server_stop(server);
}

static void run(struct slu_bench *bench)
{
    bool smoke = bench->size == SLU_BENCH_SMOKE;
    uint64_t most = bench->size == SLU_BENCH_FULL ? 100000000 : 1000000;
    size_t count = sizeof(pages_bytes) / sizeof(pages_bytes[0]);

    for (uint64_t iocs = 1000000; iocs <= most; iocs *= 10) {
        for (size_t i = 0; i < count; i++) {
            measure(bench, smoke ? IOCS_SMOKE : iocs,
                    smoke ? pages_bytes[i] / SMALLER : pages_bytes[i]);
        }
    }
}

const struct slu_bench_case slu_bench_case_memory = {
    .name = "memory",
    .title = "Memory of a pull of lists",
    .what = "The peak resident set of the process sluice sync, as the kernel "
            "reports it. Every IOC is accepted and new; a server makes the "
            "pages while it sends them. --full adds 10 and 100 million.",
    .needs = "",
    .normal = true,
    .run = run,
};
