/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop thread against two: the pull of threat lists (engine/pull.h with the
 * source "gti") from files in the page cache (bench/replay.h) into a state on
 * disk, durable commits, the store on its own thread. Only the network is left
 * out. What either way has stored must be the same to the last byte.
 *
 * Of a machine that others use as well, two threads get less than two
 * processors whatever they do. So there stands beside it what two threads are
 * worth in the same rounds that share nothing and only hash; and what the work
 * is divided into: the processor time of the one loop, by that of the busier
 * side of two, which are home, and the other loop with the store's thread.
 *
 * The pages are those of the hours that the source asks for; the first and the
 * last have none (404), so that an hour which strikes meanwhile changes
 * nothing.
 */
#include "bench/pages.h"
#include "bench/replay.h"
#include "bench/sync_run.h"
#include "codecs/time_text.h"
#include "engine/pull.h"
#include "sources/gti.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#define LIST "malware"
#define PAGE_MAX ((size_t)4 << 20)
#define HOUR 3600
#define PATH_LEN 160
#define WAYS 2

struct amount {
    unsigned days;
    unsigned edge;  /* hours without a page, at both ends */
    unsigned hours; /* with a page of each type */
    unsigned items; /* of a page: below the limit, at which it is divided */
};

static const struct amount amounts[] = {
    [SLU_BENCH_SMOKE] = {1, 4, 4, 399},
    [SLU_BENCH_NORMAL] = {3, 4, 48, 3999},
    [SLU_BENCH_FULL] = {11, 4, 240, 3999},
};

/* What a pull has stored, and what it took. */
struct outcome {
    uint64_t items;
    uint64_t accepted[SLU_KIND_COUNT];
    uint64_t records;
    XXH128_hash_t digest;
    double wall_s;
    double home_cpu_s;
    double other_cpu_s; /* of all other threads */
};

struct scene {
    struct slu_bench *bench;
    const struct amount *amount;
    struct slu_config *config;
    struct slu_replay replay;
    struct slu_guard *guard;
    struct slu_wake stop;
    struct slu_wake room;
    struct slu_bench_pages_tally made[SLU_KIND_COUNT];
    char root[512];
    unsigned runs;
};

/* ---- the pages ---- */

static void write_page(struct scene *self, const struct slu_bench_pages *pages,
                       unsigned number, int64_t hour, struct slu_buf *page)
{
    enum slu_kind kind = pages->domains ? SLU_KIND_DOMAIN : SLU_KIND_IP;
    char name[SLU_HOUR_TEXT_LEN];
    char path[PATH_LEN];

    slu_time_format_hour(hour, name);
    (void)snprintf(path, sizeof(path),
                   "files/api/v3/threat_lists/" LIST "/%.*s?type=%s&limit=4000",
                   SLU_HOUR_TEXT_LEN, name, slu_kind_name(kind));
    slu_buf_clear(page);
    slu_bench_page(self->bench, pages, number, NULL, page, &self->made[kind]);
    slu_bench_write(self->bench, path, slu_buf_view(page));
}

static void write_pages(struct scene *self)
{
    int64_t newest = time(NULL) / HOUR * HOUR;
    struct slu_buf page;

    newest -= (int64_t)self->amount->edge * HOUR;
    slu_buf_init(&page, self->bench->alloc, PAGE_MAX);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        struct slu_bench_pages pages = {
            .seed = self->bench->seed,
            .domains = kind == SLU_KIND_DOMAIN,
            .items = self->amount->items,
            .item_bytes = 650,
            .list = LIST,
            .newest_s = newest,
        };

        for (unsigned i = 0; i < self->amount->hours; i++) {
            write_page(self, &pages, i, newest - (int64_t)i * HOUR, &page);
        }
    }
    slu_buf_fini(&page);
}

/* ---- one pull ---- */

static void on_room(void *ctx)
{
    slu_wake_raise(&((struct scene *)ctx)->room);
}

struct digest {
    XXH3_state_t *state;
    struct slu_buf packed;
    uint64_t records;
};

static enum slu_err add_record(void *ctx, const struct slu_record *record)
{
    struct digest *self = ctx;
    enum slu_err err;

    slu_buf_clear(&self->packed);
    err = slu_record_pack(record, &self->packed);
    self->records++;
    (void)XXH3_128bits_update(self->state, self->packed.ptr, self->packed.len);
    return err;
}

static void sum_up(struct scene *self, struct slu_store *store,
                   struct outcome *out)
{
    struct digest digest = {.state = XXH3_createState()};
    enum slu_err err = slu_store_fold(store);

    slu_bench_require(self->bench, digest.state != NULL, "out of memory");
    slu_buf_init(&digest.packed, self->bench->alloc, SLU_RECORD_PACKED_MAX);
    (void)XXH3_128bits_reset(digest.state);
    for (int kind = 0; kind < SLU_RECORD_KIND_COUNT && err == SLU_ERR_OK;
         kind++) {
        err = slu_store_scan(store, (enum slu_record_kind)kind, add_record,
                             &digest);
    }
    out->records = digest.records;
    out->digest = XXH3_128bits_digest(digest.state);
    (void)XXH3_freeState(digest.state);
    slu_buf_fini(&digest.packed);
    slu_bench_require(self->bench, err == SLU_ERR_OK, "%s",
                      slu_store_error(store)->text);
}

static double thread_cpu_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_pull(struct scene *self, struct slu_store *store,
                     unsigned threads, struct outcome *out)
{
    struct slu_limits_config limits =
        *(const struct slu_limits_config *)slu_config_section(self->config,
                                                              "limits");
    struct slu_options callbacks = {0};
    struct slu_pull_options options = {
        .alloc = slu_alloc_default(),
        .http = slu_config_section(self->config, "http"),
        .limits = &limits,
        .ops = &slu_gti_source,
        .source_config = slu_config_section(self->config, "gti"),
        .store = store,
        .guard = self->guard,
        .stop = &self->stop,
        .room = &self->room,
        .callbacks = &callbacks,
        .api_key = "the-key-of-the-bench",
        .transport = &self->replay.ops,
    };
    struct slu_pull_result result;
    struct slu_error error = {0};
    enum slu_err err;

    limits.threads = threads;
    out->wall_s = slu_bench_wall_s();
    out->other_cpu_s = slu_bench_cpu_s();
    out->home_cpu_s = thread_cpu_s();
    err = slu_pull_run(&options, NULL, &result, &error);
    out->wall_s = slu_bench_wall_s() - out->wall_s;
    out->home_cpu_s = thread_cpu_s() - out->home_cpu_s;
    out->other_cpu_s = slu_bench_cpu_s() - out->other_cpu_s - out->home_cpu_s;
    slu_bench_require(self->bench, err == SLU_ERR_OK, "%s", error.text);
    slu_bench_require(
        self->bench,
        result.source.failed_units + result.source.incomplete_units == 0, "%s",
        result.source.first.text);
    out->items = result.counts.items;
    memcpy(out->accepted, result.counts.accepted, sizeof(out->accepted));
}

static struct outcome pull(struct scene *self, unsigned threads)
{
    struct slu_bench_sync_report place = {0};
    struct outcome outcome = {0};
    struct slu_store *store = NULL;
    struct slu_error error = {0};
    struct slu_store_options options = {
        .alloc = slu_alloc_default(), .ctx = self, .on_room = on_room};
    char dir[600];

    (void)snprintf(place.folder, sizeof(place.folder), "state-%u",
                   self->runs++);
    (void)snprintf(dir, sizeof(dir), "%s/%s", self->bench->work_dir,
                   place.folder);
    options.dir = dir;
    slu_bench_require(self->bench,
                      slu_store_open(&options, &store, &error) == SLU_ERR_OK,
                      "%s", error.text);
    run_pull(self, store, threads, &outcome);
    sum_up(self, store, &outcome);
    slu_store_close(store);
    slu_bench_sync_remove(self->bench, &place);
    return outcome;
}

/* ---- what two threads are worth ---- */

#define SPIN_BYTES (64u * 1024)
#define SPINS 6000

static void *spin(void *ctx)
{
    char bytes[SPIN_BYTES];
    XXH128_hash_t hash = {1, 2};

    (void)ctx;
    memset(bytes, 7, sizeof(bytes));
    for (unsigned i = 0; i < SPINS; i++) {
        memcpy(bytes, &hash, sizeof(hash));
        hash = XXH3_128bits(bytes, sizeof(bytes));
    }
    slu_bench_keep(&hash);
    return NULL;
}

static double spin_twice(struct slu_bench *bench)
{
    double began = slu_bench_wall_s();
    double between;
    pthread_t thread;

    (void)spin(NULL);
    (void)spin(NULL);
    between = slu_bench_wall_s();
    slu_bench_require(bench, pthread_create(&thread, NULL, spin, NULL) == 0,
                      "cannot start a thread");
    (void)spin(NULL);
    (void)pthread_join(thread, NULL);
    return (between - began) / (slu_bench_wall_s() - between);
}

/* ---- the case ---- */

static void open_scene(struct scene *self)
{
    static const char text[] = "gti:\n"
                               "  base_url: http://127.0.0.1:1\n"
                               "  streams: []\n"
                               "  threat_lists: [" LIST "]\n"
                               "  lookback_days: %u\n"
                               "  allow_long_lookback: true\n"
                               "  api_key: {env: SLUICE_BENCH_KEY}\n";
    struct slu_guard_options guard = {.cidr_min_prefix = 8};
    struct slu_error error = {0};
    char filled[512];

    (void)snprintf(filled, sizeof(filled), text, self->amount->days);
    (void)setenv("SLUICE_BENCH_KEY", "the-key-of-the-bench", 1);
    slu_bench_require(self->bench,
                      slu_config_parse(slu_alloc_default(),
                                       slu_view_str(filled), "bench",
                                       &self->config, &error) == SLU_ERR_OK,
                      "%s", error.text);
    self->guard = slu_guard_new(slu_alloc_default(), &guard);
    slu_bench_require(self->bench,
                      self->guard != NULL &&
                          slu_wake_open(&self->stop) == SLU_ERR_OK &&
                          slu_wake_open(&self->room) == SLU_ERR_OK,
                      "out of memory or of descriptors");
    (void)snprintf(self->root, sizeof(self->root), "%s/files",
                   self->bench->work_dir);
    slu_replay_init(&self->replay, self->root);
    write_pages(self);
}

static void close_scene(struct scene *self)
{
    slu_wake_close(&self->stop);
    slu_wake_close(&self->room);
    slu_guard_free(self->guard);
    slu_config_free(self->config);
}

/* Against what the pages hold, and against the other way. */
static void check(struct scene *self, const struct outcome ways[WAYS])
{
    const struct slu_bench_pages_tally *made = self->made;

    for (int i = 0; i < WAYS; i++) {
        slu_bench_require(self->bench,
                          ways[i].items == made[0].items + made[1].items &&
                              ways[i].accepted[0] == made[0].accepted &&
                              ways[i].accepted[1] == made[1].accepted,
                          "%d loop(s): %llu items, %llu and %llu accepted",
                          i + 1, (unsigned long long)ways[i].items,
                          (unsigned long long)ways[i].accepted[0],
                          (unsigned long long)ways[i].accepted[1]);
    }
    slu_bench_require(self->bench,
                      ways[0].records == ways[1].records &&
                          XXH128_isEqual(ways[0].digest, ways[1].digest),
                      "two loops stored something else than one");
}

struct figures {
    struct slu_bench_figure ratio;
    struct slu_bench_figure division;
    struct slu_bench_figure rate;
};

static double busier_side(const struct outcome *way)
{
    return way->home_cpu_s > way->other_cpu_s ? way->home_cpu_s
                                              : way->other_cpu_s;
}

static void measure(struct scene *self, struct figures *figures)
{
    double items = (double)(self->made[0].items + self->made[1].items) / 1e6;
    bool turn = false;

    while (slu_bench_round(self->bench, 9, 10)) {
        struct outcome ways[WAYS];

        turn = !turn; /* neither always comes first */
        ways[turn] = pull(self, turn + 1u);
        ways[!turn] = pull(self, !turn + 1u);
        check(self, ways);
        slu_bench_add(&figures->ratio.ours, ways[0].wall_s / ways[1].wall_s);
        slu_bench_add(&figures->ratio.rivals[0].series,
                      spin_twice(self->bench));
        slu_bench_add(&figures->division.ours,
                      busier_side(&ways[0]) / busier_side(&ways[1]));
        slu_bench_add(&figures->rate.ours, items / ways[1].wall_s);
        slu_bench_add(&figures->rate.rivals[0].series, items / ways[0].wall_s);
    }
}

static void run(struct slu_bench *bench)
{
    struct scene scene = {.bench = bench, .amount = &amounts[bench->size]};
    struct figures figures = {
        .ratio = {.name = "speed-up, wall time",
                  .unit = "x",
                  .better = SLU_BENCH_MORE,
                  .limit = 1.6,
                  .note = "time with one loop thread divided by time with two",
                  .rivals = {{.name = "two threads that only hash"}}},
        .division = {.name = "speed-up, CPU time of the busiest",
                     .unit = "x",
                     .better = SLU_BENCH_MORE,
                     .note = "the same of the thread that had most to do"},
        .rate = {.name = "pull from files with two loop threads",
                 .unit = "M/s",
                 .better = SLU_BENCH_MORE,
                 .note = "IOCs read, checked and written to disk",
                 .rivals = {{.name = "with one loop thread"}}},
    };
    struct outcome warm[WAYS];

    open_scene(&scene);
    warm[0] = pull(&scene, 1);
    warm[1] = pull(&scene, 2);
    check(&scene, warm);
    measure(&scene, &figures);
    slu_bench_figure(bench, &figures.ratio);
    slu_bench_figure(bench, &figures.division);
    slu_bench_figure(bench, &figures.rate);
    close_scene(&scene);
}

const struct slu_bench_case slu_bench_case_threads = {
    .name = "threads",
    .title = "Loop threads: two against one",
    .what = "A pull of threat lists whose answers, 2.6 MB each, are read from "
            "files in the page cache, with limits.threads 1 and 2 in turns. "
            "Both must store the same.",
    .needs = "",
    .normal = true,
    .run = run,
};
