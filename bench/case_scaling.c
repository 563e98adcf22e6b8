/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seconds per million IOCs of the whole process, for more and more of them in
 * pages of about 1 MB: what grows faster than the work shows here. An IOC has
 * as many bytes whatever their number, for it is bytes that a pull is long by.
 */
#include "bench/page_client.h"
#include "bench/statistics.h"
#include "bench/sync_run.h"

#include <stdio.h>

#define STEPS 3
#define PAGE_BYTES 1000000
#define SMALLER 50 /* all of a smoke run */
#define ITEM_BYTES 650

struct step {
    uint64_t iocs;
    struct slu_bench_package_plan plan;
    char config[512];
};

static void open_step(struct slu_bench *bench, struct step *self)
{
    char base[64];

    self->plan = slu_bench_package_plan(
        self->iocs,
        bench->size == SLU_BENCH_SMOKE ? PAGE_BYTES / SMALLER : PAGE_BYTES);
    self->plan.item_bytes = ITEM_BYTES;
    (void)slu_bench_page_server(bench, self->plan.hours, self->plan.items,
                                self->plan.item_bytes, NULL, base);
    slu_bench_package_config(&self->plan, base, self->config,
                             sizeof(self->config));
}

/* Seconds per million. */
static double run_step(struct slu_bench *bench, const struct step *self)
{
    struct slu_bench_sync_report report;

    slu_bench_sync(bench, self->config, &report);
    slu_bench_require(bench,
                      report.items >= self->iocs &&
                          report.items == report.requests * self->plan.items,
                      "%llu items of %llu came",
                      (unsigned long long)report.items,
                      (unsigned long long)self->iocs);
    slu_bench_sync_remove(bench, &report);
    return report.cost.wall_s / ((double)report.items / 1e6);
}

static void add_round(struct slu_bench *bench, struct step *steps,
                      unsigned count, struct slu_bench_figure *figures,
                      struct slu_bench_figure *ratio)
{
    double best = 0;
    double worst = 0;

    for (unsigned i = 0; i < count; i++) {
        double seconds = run_step(bench, &steps[i]);

        slu_bench_add(&figures[i].ours, seconds);
        best = i == 0 || seconds < best ? seconds : best;
        worst = seconds > worst ? seconds : worst;
    }
    slu_bench_add(&ratio->ours, worst / best);
}

static void run(struct slu_bench *bench)
{
    char names[STEPS][64];
    struct step steps[STEPS] = {
        {.iocs = 100000}, {.iocs = 1000000}, {.iocs = 10000000}};
    struct slu_bench_figure figures[STEPS] = {{0}};
    struct slu_bench_figure ratio = {
        .name = "slowest amount against the fastest",
        .unit = "x",
        .better = SLU_BENCH_LESS,
        .limit = 1.5,
        .note = "of the amounts above, in each round; --full adds 10 million",
    };
    unsigned count = bench->size == SLU_BENCH_FULL ? STEPS : STEPS - 1;

    for (unsigned i = 0; i < count; i++) {
        if (bench->size == SLU_BENCH_SMOKE) {
            steps[i].iocs /= SMALLER;
        }
        (void)snprintf(names[i], sizeof(names[i]),
                       "%s IOCs, time for a million",
                       slu_bench_number((double)steps[i].iocs).text);
        figures[i] = (struct slu_bench_figure){
            .name = names[i], .unit = "s", .better = SLU_BENCH_LESS};
        open_step(bench, &steps[i]);
    }
    while (slu_bench_round(bench, 3, 0)) {
        add_round(bench, steps, count, figures, &ratio);
    }
    for (unsigned i = 0; i < count; i++) {
        slu_bench_figure(bench, &figures[i]);
    }
    slu_bench_figure(bench, &ratio);
}

const struct slu_bench_case slu_bench_case_scaling = {
    .name = "scaling",
    .title = "Scaling of a pull of lists",
    .what = "sluice sync with an empty state, from exec to exit; every IOC is "
            "accepted and new, and has as many bytes in each amount.",
    .needs = "",
    .normal = true,
    .run = run,
};
