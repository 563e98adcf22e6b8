/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peak resident set of the whole process, by the kernel's account, for
 * pulls of more and more IOCs, all accepted and new, in pages of more and more
 * bytes. What came is counted, and every one must be on a list or over its
 * capacity.
 */
#include "bench/page_client.h"
#include "bench/sync_run.h"

#include <stdio.h>

#define LIMIT_MB 96

struct size {
    const char *name;
    unsigned page_bytes;
};

static const struct size sizes[] = {
    {"pages of 0.1 MB", 100000},
    {"pages of 1 MB", 1000000},
    {"pages of 10 MB", 10000000},
};

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

static void measure(struct slu_bench *bench, uint64_t millions, uint64_t iocs,
                    const struct size *size)
{
    unsigned page_bytes = bench->size == SLU_BENCH_SMOKE ? size->page_bytes / 20
                                                         : size->page_bytes;
    struct slu_bench_package_plan plan =
        slu_bench_package_plan(iocs, page_bytes);
    struct slu_bench_figure figure = {
        .name = size->name,
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
    (void)snprintf(name, sizeof(name), "%llu M IOCs, %s",
                   (unsigned long long)millions, size->name);
    (void)snprintf(note, sizeof(note),
                   "%llu packages of %u items, %.1f GB; %.1f s, of them %.1f s "
                   "pulling",
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
    uint64_t most = bench->size == SLU_BENCH_FULL ? 100 : 1;

    for (uint64_t millions = 1; millions <= most; millions *= 10) {
        uint64_t iocs =
            bench->size == SLU_BENCH_SMOKE ? 5000 : millions * 1000000;

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            measure(bench, millions, iocs, &sizes[i]);
        }
    }
}

const struct slu_bench_case slu_bench_case_memory = {
    .name = "memory",
    .title = "Memory of a pull of lists",
    .what = "Peak resident set of sluice sync as a whole, from wait4(). The "
            "IOCs are all accepted and new, from a server that makes its pages "
            "while it sends them. 10 and 100 million with --full.",
    .needs = "",
    .normal = true,
    .run = run,
};
