/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat lists from nginx to list files: the program as a user starts it, a
 * process of its own with no state before, commits durable, one loop, the
 * store's thread beside it. In the same rounds T, the same bytes by libcurl
 * multi, as many at a time, thrown away, and P, the wanted members of the same
 * pages by simdjson On-Demand in memory. T + P is the time of one thread that
 * does them one after the other; a part of T is waiting for the server, and who
 * reads meanwhile may need less. T with fewer connections stands beside it: the
 * bytes of a local server are read sooner, while the processor's cache has
 * them.
 *
 * The pages are those of the hours that the program asks for. The first and the
 * last have none (404), so that an hour which strikes while this runs changes
 * nothing.
 */
#include "bench/pages.h"
#include "bench/rival_json.h"
#include "bench/sync_run.h"
#include "codecs/json_split.h"
#include "codecs/time_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIST "malware"
#define PAGE_MAX ((size_t)4 << 20)
#define HOUR 3600
#define PARALLEL 64 /* limits.connections */
#define FEWER 16
#define URL_MAX 160
#define IP_CAPACITY 1500000
#define DOMAIN_CAPACITY 6000

/* How much is pulled; the pages are of the hours from `edge` hours ago on. */
struct amount {
    unsigned days;
    unsigned edge;
    unsigned hours; /* with a page of each type */
    unsigned items; /* of a page: below the limit, at which it is divided */
};

static const struct amount amounts[] = {
    [SLU_BENCH_SMOKE] = {1, 4, 4, 399},
    [SLU_BENCH_NORMAL] = {3, 4, 64, 3999},
    [SLU_BENCH_FULL] = {11, 4, 256, 3999},
};

struct scene {
    struct slu_bench *bench;
    const struct amount *amount;
    int64_t newest; /* of the hours with pages: the same for both mixes */
    struct slu_bench_pages pages[SLU_KIND_COUNT];
    struct slu_bench_pages_tally made[SLU_KIND_COUNT];
    uint64_t address_sum; /* of the hashes of all that are to be listed; clean
                             pages only */
    char base[64];
    char (*texts)[URL_MAX];
    const char **urls;
    size_t count;
    struct slu_buf page;
    struct slu_bench_json_rival *rival;
    char config[512];
};

static const char *kind_name(int kind)
{
    return slu_kind_name((enum slu_kind)kind);
}

/* ---- the pages ---- */

static void write_page(struct scene *self, int kind, unsigned number,
                       int64_t hour)
{
    char name[SLU_HOUR_TEXT_LEN];
    char path[URL_MAX];

    slu_time_format_hour(hour, name);
    (void)snprintf(path, sizeof(path),
                   "/api/v3/threat_lists/" LIST "/%.*s?type=%s&limit=4000",
                   SLU_HOUR_TEXT_LEN, name, kind_name(kind));
    (void)snprintf(self->texts[self->count], URL_MAX, "%s%s", self->base, path);
    self->urls[self->count] = self->texts[self->count];
    self->count++;
    slu_buf_clear(&self->page);
    slu_bench_page(self->bench, &self->pages[kind], number, NULL, &self->page,
                   &self->made[kind]);
    (void)memmove(path + 3, path, strlen(path) + 1);
    memcpy(path, "www", 3);
    slu_bench_write(self->bench, path, slu_buf_view(&self->page));
}

static void write_pages(struct scene *self)
{
    self->count = 0;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        self->made[kind] = (struct slu_bench_pages_tally){0};
        self->pages[kind].newest_s = self->newest;
        for (unsigned i = 0; i < self->amount->hours; i++) {
            write_page(self, kind, i, self->newest - (int64_t)i * HOUR);
        }
    }
    sync(); /* or their writing goes on while ours are measured */
}

static void sum_addresses(struct scene *self)
{
    uint64_t count = self->made[SLU_KIND_IP].items;

    self->address_sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t address = slu_bench_address(self->bench->seed, i);
        char line[16];
        int len =
            snprintf(line, sizeof(line), "%u.%u.%u.%u", address >> 24,
                     address >> 16 & 255, address >> 8 & 255, address & 255);

        self->address_sum += slu_bench_sync_hash(line, (size_t)len);
    }
}

/* ---- the three ways ---- */

static double pull_and_drop(struct scene *self, unsigned parallel)
{
    uint64_t bytes;
    double seconds =
        slu_bench_fetch(self->bench, self->urls, self->count, parallel, &bytes);

    slu_bench_require(self->bench,
                      bytes == self->made[0].bytes + self->made[1].bytes,
                      "libcurl got %llu bytes", (unsigned long long)bytes);
    return seconds;
}

static double read_page(struct scene *self, const char *url,
                        struct slu_bench_json_tally *tally)
{
    char path[URL_MAX];
    struct slu_view bytes;
    char *padding;
    double began;
    bool good;

    (void)snprintf(path, sizeof(path), "www%s", url + strlen(self->base));
    bytes = slu_bench_read(self->bench, path);
    slu_buf_clear(&self->page);
    good =
        slu_buf_append(&self->page, bytes) == SLU_ERR_OK &&
        slu_buf_reserve(&self->page, SLU_JSON_PADDING, &padding) == SLU_ERR_OK;
    slu_alloc_put(self->bench->alloc, (char *)(uintptr_t)bytes.ptr,
                  bytes.len + 1);
    began = slu_bench_wall_s();
    good = good && slu_bench_json_rival_read(
                       self->rival, slu_buf_view(&self->page), false, tally);
    slu_bench_require(self->bench, good, "simdjson can't read a page");
    return slu_bench_wall_s() - began;
}

static double read_in_memory(struct scene *self)
{
    struct slu_bench_json_tally tally = {0};
    double seconds = 0;

    for (size_t i = 0; i < self->count; i++) {
        seconds += read_page(self, self->urls[i], &tally);
    }
    slu_bench_require(
        self->bench, tally.records == self->made[0].items + self->made[1].items,
        "simdjson read %llu items", (unsigned long long)tally.records);
    return seconds;
}

static void check_kind(struct scene *self,
                       const struct slu_bench_sync_report *report, int kind,
                       uint64_t capacity)
{
    const struct slu_bench_pages_tally *made = &self->made[kind];
    uint64_t fit = made->unique < capacity ? made->unique : capacity;
    uint64_t sum = 0;
    uint64_t lines =
        slu_bench_sync_lines(self->bench, report, (enum slu_kind)kind, &sum);

    slu_bench_require(
        self->bench,
        report->accepted[kind] == made->accepted && lines == fit &&
            report->listed[kind] == fit &&
            report->exceeded[kind] == made->unique - fit,
        "%s: %llu accepted of %llu, %llu lines of %llu, %llu too many",
        kind_name(kind), (unsigned long long)report->accepted[kind],
        (unsigned long long)made->accepted, (unsigned long long)lines,
        (unsigned long long)fit, (unsigned long long)report->exceeded[kind]);
    slu_bench_require(self->bench,
                      kind != SLU_KIND_IP || !self->pages[kind].clean ||
                          fit < made->unique || sum == self->address_sum,
                      "the lists don't have the addresses of the pages");
}

static void sync_once(struct scene *self, struct slu_bench_sync_report *report)
{
    slu_bench_sync(self->bench, self->config, report);
    slu_bench_require(
        self->bench, report->items == self->made[0].items + self->made[1].items,
        "%llu items were read", (unsigned long long)report->items);
    check_kind(self, report, SLU_KIND_IP, IP_CAPACITY);
    check_kind(self, report, SLU_KIND_DOMAIN, DOMAIN_CAPACITY);
}

/* ---- measuring ---- */

struct figures {
    struct slu_bench_figure rate;
    struct slu_bench_figure phase;
    struct slu_bench_figure whole;
    struct slu_bench_figure wire;
};

static struct figures make_figures(bool clean)
{
    static const char *const names[][4] = {
        {"live mix: pull phase", "live mix: pull phase against T + P",
         "live mix: whole process against T + P",
         "live mix: pull phase against T alone"},
        {"all new: pull phase", "all new: pull phase against T + P",
         "all new: whole process against T + P",
         "all new: pull phase against T alone"}};
    const char *const *of = names[clean];

    return (struct figures){
        .rate = {.name = of[0],
                 .unit = "M/s",
                 .better = SLU_BENCH_MORE,
                 .limit = 1,
                 .note = "IOCs read, checked and written to disk",
                 .rivals = {{.name = "T: libcurl alone"},
                            {.name = "P: simdjson On-Demand alone"},
                            {.name = "T + P"},
                            {.name = "T with 16 connections"}}},
        .phase = {.name = of[1],
                  .unit = "x",
                  .better = SLU_BENCH_MORE,
                  .limit = 0.7},
        .whole = {.name = of[2],
                  .unit = "x",
                  .better = SLU_BENCH_MORE,
                  .limit = 0.5,
                  .note = "from exec to exit, list files included"},
        .wire = {.name = of[3],
                 .unit = "x",
                 .better = SLU_BENCH_MORE,
                 .limit = 0.45},
    };
}

static void add_round(struct scene *self, struct figures *figures)
{
    double items = (double)(self->made[0].items + self->made[1].items) / 1e6;
    double fetch = pull_and_drop(self, PARALLEL);
    double fewer = pull_and_drop(self, FEWER);
    double read = read_in_memory(self);
    struct slu_bench_sync_report report;

    sync_once(self, &report);
    slu_bench_add(&figures->rate.ours, items / report.pull_seconds);
    slu_bench_add(&figures->rate.rivals[0].series, items / fetch);
    slu_bench_add(&figures->rate.rivals[1].series, items / read);
    slu_bench_add(&figures->rate.rivals[2].series, items / (fetch + read));
    slu_bench_add(&figures->rate.rivals[3].series, items / fewer);
    slu_bench_add(&figures->phase.ours, (fetch + read) / report.pull_seconds);
    slu_bench_add(&figures->whole.ours, (fetch + read) / report.cost.wall_s);
    slu_bench_add(&figures->wire.ours, fetch / report.pull_seconds);
}

static void measure(struct scene *self, bool clean)
{
    struct figures figures = make_figures(clean);
    struct slu_bench_sync_report report;

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        self->pages[kind] = (struct slu_bench_pages){
            .seed = self->bench->seed,
            .domains = kind == SLU_KIND_DOMAIN,
            .clean = clean,
            .items = self->amount->items,
            .item_bytes = 650,
            .list = LIST,
        };
    }
    write_pages(self);
    if (clean) {
        sum_addresses(self);
    }
    sync_once(self, &report); /* warm: the program, nginx, the page cache */
    while (slu_bench_round(self->bench, 7, 8)) {
        add_round(self, &figures);
    }
    slu_bench_figure(self->bench, &figures.rate);
    slu_bench_figure(self->bench, &figures.phase);
    slu_bench_figure(self->bench, &figures.whole);
    slu_bench_figure(self->bench, &figures.wire);
}

static void open_scene(struct scene *self)
{
    struct slu_bench *bench = self->bench;
    size_t pages = 2 * (size_t)self->amount->hours;
    char root[512];

    self->newest =
        time(NULL) / HOUR * HOUR - (int64_t)self->amount->edge * HOUR;
    self->texts = slu_alloc_get(bench->alloc, pages * URL_MAX);
    self->urls = slu_alloc_get(bench->alloc, pages * sizeof(*self->urls));
    self->rival = slu_bench_json_rival_new();
    slu_buf_init(&self->page, bench->alloc, PAGE_MAX);
    slu_bench_require(
        bench, self->texts != NULL && self->urls != NULL && self->rival != NULL,
        "out of memory");
    (void)snprintf(root, sizeof(root), "%s/www", bench->work_dir);
    (void)slu_bench_nginx(bench, root, self->base);
    (void)snprintf(self->config, sizeof(self->config),
                   "gti:\n"
                   "  base_url: %s\n"
                   "  streams: []\n"
                   "  threat_lists: [" LIST "]\n"
                   "  lookback_days: %u\n"
                   "  allow_long_lookback: true\n",
                   self->base, self->amount->days);
}

static void close_scene(struct scene *self)
{
    const struct slu_alloc *alloc = self->bench->alloc;
    size_t pages = 2 * (size_t)self->amount->hours;

    slu_alloc_put(alloc, self->texts, pages * URL_MAX);
    slu_alloc_put(alloc, self->urls, pages * sizeof(*self->urls));
    slu_bench_json_rival_free(self->rival);
    slu_buf_fini(&self->page);
}

static void run(struct slu_bench *bench)
{
    struct scene scene = {.bench = bench, .amount = &amounts[bench->size]};

    open_scene(&scene);
    measure(&scene, false);
    measure(&scene, true);
    close_scene(&scene);
}

const struct slu_bench_case slu_bench_case_pull = {
    .name = "pull",
    .title = "Threat lists, from nginx to list files",
    .what = "sluice sync with an empty state, pages of 2.6 MB. Live mix: three "
            "in four IOCs are accepted, some repeat; all new: every one is "
            "accepted and new. T: libcurl's multi interface pulls the same "
            "bytes, 64 requests at a time, and drops them. P: simdjson "
            "On-Demand reads the wanted members in memory. T + P is the time "
            "of both, one after the other, on one thread.",
    .needs = "nginx",
    .normal = true,
    .run = run,
};
