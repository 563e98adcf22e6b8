/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IOC Stream of both types, 40 items a page, oldest first: small pages and
 * large ones, from a server that makes them while it sends them. In the same
 * rounds T, the same number of the same pages by libcurl multi, as many at a
 * time, thrown away, and P, the wanted members by simdjson On-Demand of pages
 * that were fetched before. The program asks for more than that: its windows
 * overlap by a second, and end within a page.
 */
#include "bench/page_client.h"
#include "bench/pages.h"
#include "bench/rival_json.h"
#include "bench/sync_run.h"
#include "codecs/json_split.h"

#include <stdio.h>
#include <time.h>

#define PAGE_ITEMS 40
#define PARALLEL 64 /* limits.connections */
#define FEWER 16
#define DAYS 2
#define DAY 86400
#define KEPT_BYTES ((size_t)256 << 20)
#define URL_MAX 224

struct size {
    const char *names[3];
    unsigned item_bytes;
    uint64_t pages[3]; /* of a type, by enum slu_bench_size */
};

static const struct size sizes[] = {
    {{"30 KB pages: pull phase", "30 KB pages: pull phase against T + P",
      "30 KB pages: process against T + P"},
     750,
     {20, 2500, 10000}},
    {{"1 MB pages: pull phase", "1 MB pages: pull phase against T + P",
      "1 MB pages: process against T + P"},
     25000,
     {4, 150, 600}},
};

struct scene {
    struct slu_bench *bench;
    const struct size *size;
    uint64_t pages; /* of both types */
    struct slu_bench_stream stream;
    char base[64];
    char (*texts)[URL_MAX];
    const char **urls;
    struct slu_buf kept; /* pages, one behind the other, each padded */
    size_t *starts;
    size_t kept_count;
    struct slu_bench_json_rival *rival;
    char config[512];
};

/* ---- T ---- */

static void make_urls(struct scene *self)
{
    for (uint64_t i = 0; i < self->pages; i++) {
        enum slu_kind kind = (enum slu_kind)(i % SLU_KIND_COUNT);

        (void)snprintf(
            self->texts[i], URL_MAX,
            "%s/api/v3/ioc_stream?limit=40&order=date%%2B&filter=entity_type"
            "%%3A%s%%20date%%3A%lld%%2B%%20date%%3A%lld-&cursor=%llu",
            self->base, slu_kind_name(kind), (long long)self->stream.from,
            (long long)(self->stream.from + self->stream.span),
            (unsigned long long)(i / SLU_KIND_COUNT * PAGE_ITEMS));
        self->urls[i] = self->texts[i];
    }
}

static double pull_and_drop(struct scene *self, unsigned parallel)
{
    uint64_t bytes;

    return slu_bench_fetch(self->bench, self->urls, self->pages, parallel,
                           &bytes);
}

/* ---- P ---- */

/* As many pages as there is room for, for simdjson. */
static void keep_pages(struct scene *self)
{
    char *padding;

    self->kept_count = 0;
    while (self->kept_count < self->pages && self->kept.len < KEPT_BYTES) {
        self->starts[self->kept_count] = self->kept.len;
        slu_bench_get(self->bench, self->urls[self->kept_count++], &self->kept);
        slu_bench_require(self->bench,
                          slu_buf_reserve(&self->kept, SLU_JSON_PADDING,
                                          &padding) == SLU_ERR_OK,
                          "out of memory");
        slu_buf_commit(&self->kept, SLU_JSON_PADDING);
        self->starts[self->kept_count] = self->kept.len;
    }
}

static double read_in_memory(struct scene *self)
{
    struct slu_bench_json_tally tally = {0};
    double began = slu_bench_wall_s();
    bool good = true;

    for (uint64_t i = 0; good && i < self->pages; i++) {
        const size_t *at = &self->starts[i % self->kept_count];

        good = slu_bench_json_rival_read(
            self->rival,
            slu_view_make(self->kept.ptr + at[0],
                          at[1] - at[0] - SLU_JSON_PADDING),
            true, &tally);
    }
    slu_bench_require(
        self->bench, good && tally.records == self->pages * PAGE_ITEMS,
        "simdjson read %llu items", (unsigned long long)tally.records);
    return slu_bench_wall_s() - began;
}

/* ---- ours ---- */

static void sync_once(struct scene *self, struct slu_bench_sync_report *report)
{
    slu_bench_sync(self->bench, self->config, report);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_bench_require(self->bench,
                          report->listed[kind] + report->exceeded[kind] ==
                              self->stream.count,
                          "%s: %llu listed and %llu left out of %llu",
                          slu_kind_name((enum slu_kind)kind),
                          (unsigned long long)report->listed[kind],
                          (unsigned long long)report->exceeded[kind],
                          (unsigned long long)self->stream.count);
    }
    slu_bench_sync_remove(self->bench, report);
}

static void add_round(struct scene *self, struct slu_bench_figure figures[3],
                      struct slu_bench_sync_report *report)
{
    double items = (double)(self->pages * PAGE_ITEMS) / 1e6;
    double fetch = pull_and_drop(self, PARALLEL);
    double fewer = pull_and_drop(self, FEWER);
    double read = read_in_memory(self);

    sync_once(self, report);
    slu_bench_add(&figures[0].ours, items / report->pull_seconds);
    slu_bench_add(&figures[0].rivals[0].series, items / fetch);
    slu_bench_add(&figures[0].rivals[1].series, items / read);
    slu_bench_add(&figures[0].rivals[2].series, items / (fetch + read));
    slu_bench_add(&figures[0].rivals[3].series, items / fewer);
    slu_bench_add(&figures[1].ours, (fetch + read) / report->pull_seconds);
    slu_bench_add(&figures[2].ours, (fetch + read) / report->cost.wall_s);
}

static void measure(struct scene *self)
{
    struct slu_bench_figure figures[3] = {
        {.name = self->size->names[0],
         .unit = "M/s",
         .better = SLU_BENCH_MORE,
         .rivals = {{.name = "T: libcurl alone"},
                    {.name = "P: simdjson On-Demand alone"},
                    {.name = "T + P"},
                    {.name = "T with 16 connections"}}},
        {.name = self->size->names[1],
         .unit = "x",
         .better = SLU_BENCH_MORE,
         .limit = 0.6},
        {.name = self->size->names[2], .unit = "x", .better = SLU_BENCH_MORE},
    };
    struct slu_bench_sync_report report;
    char note[120];

    sync_once(self, &report); /* warm */
    while (slu_bench_round(self->bench, 7, 5)) {
        add_round(self, figures, &report);
    }
    (void)snprintf(note, sizeof(note), "%llu requests, for %llu full pages",
                   (unsigned long long)report.requests,
                   (unsigned long long)self->pages);
    figures[1].note = note;
    for (int i = 0; i < 3; i++) {
        slu_bench_figure(self->bench, &figures[i]);
    }
}

/* ---- the scene ---- */

static void open_scene(struct scene *self)
{
    struct slu_bench *bench = self->bench;
    uint64_t of_type = self->size->pages[bench->size];

    self->pages = of_type * SLU_KIND_COUNT;
    self->stream = (struct slu_bench_stream){
        .from = time(NULL) - DAYS * DAY + DAY / 2,
        .span = DAYS * DAY - DAY, /* its ends stay within the look-back */
        .count = of_type * PAGE_ITEMS,
    };
    self->texts = slu_alloc_get(bench->alloc, self->pages * URL_MAX);
    self->urls = slu_alloc_get(bench->alloc, self->pages * sizeof(char *));
    self->starts =
        slu_alloc_get(bench->alloc, (self->pages + 1) * sizeof(size_t));
    self->rival = slu_bench_json_rival_new();
    slu_bench_require(bench,
                      self->texts != NULL && self->urls != NULL &&
                          self->starts != NULL && self->rival != NULL,
                      "out of memory");
    slu_buf_init(&self->kept, bench->alloc, 2 * KEPT_BYTES);
    (void)slu_bench_page_server(bench, 1, 1, self->size->item_bytes,
                                &self->stream, self->base);
    (void)snprintf(self->config, sizeof(self->config),
                   "gti:\n"
                   "  base_url: %s\n"
                   "  threat_lists: []\n"
                   "  lookback_days: %d\n",
                   self->base, DAYS);
    make_urls(self);
    keep_pages(self);
}

static void close_scene(struct scene *self)
{
    const struct slu_alloc *alloc = self->bench->alloc;

    slu_alloc_put(alloc, self->texts, self->pages * URL_MAX);
    slu_alloc_put(alloc, self->urls, self->pages * sizeof(char *));
    slu_alloc_put(alloc, self->starts, (self->pages + 1) * sizeof(size_t));
    slu_bench_json_rival_free(self->rival);
    slu_buf_fini(&self->kept);
}

static void run(struct slu_bench *bench)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct scene scene = {.bench = bench, .size = &sizes[i]};

        open_scene(&scene);
        measure(&scene);
        close_scene(&scene);
    }
}

const struct slu_bench_case slu_bench_case_stream = {
    .name = "stream",
    .title = "IOC Stream",
    .what = "sluice sync with an empty state, both types, 40 items a page. T: "
            "libcurl's multi interface pulls as many full pages, 64 at a time, "
            "and drops them. P: simdjson On-Demand reads the wanted members in "
            "memory.",
    .needs = "",
    .normal = true,
    .run = run,
};
