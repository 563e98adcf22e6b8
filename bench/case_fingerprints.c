/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten million different keys of eight bytes into the set that keeps: with room
 * reserved, growing from nothing, and growing with one key at a time. Every key
 * must be told new the first time and known the second, and the set must have
 * as many as there are.
 */
#include "bench/peak.h"
#include "engine/fingerprints.h"

#define BATCH 1024
#define KEYS_SMOKE ((size_t)200 * BATCH)
#define KEYS ((size_t)9766 * BATCH) /* 10 million */
#define LOOK_EVERY 64               /* batches, at the memory */
#define LOOK_FROM 1000000           /* keys: below, the process is more */

struct keys {
    struct slu_bench *bench;
    size_t count;
    uint64_t numbers[BATCH];
    struct slu_view views[BATCH];
    bool known[BATCH];
};

enum way {
    RESERVED,
    GROWING,
    ONE_BY_ONE,
};

/* Different for different places: an odd factor, so no two are the same. */
static void make_keys(struct keys *self, size_t first)
{
    for (size_t i = 0; i < BATCH; i++) {
        self->numbers[i] =
            (first + i + self->bench->seed) * 0x9e3779b97f4a7c15u;
    }
}

static size_t add_keys(struct keys *self, struct slu_fingerprints *set,
                       enum way way)
{
    size_t known = 0;

    if (way != ONE_BY_ONE) {
        return slu_fingerprints_add_all(set, self->views, BATCH, self->known);
    }
    for (size_t i = 0; i < BATCH; i++) {
        known += slu_fingerprints_add(set, self->views[i]);
    }
    return known;
}

/* A set of all keys; returns the seconds that adding took. *worst_bytes are
 * those of a key, at the worst moment. */
static double fill(struct keys *self, struct slu_fingerprints *set,
                   enum way way, double *worst_bytes)
{
    struct slu_bench_peak peak;
    double begin = slu_bench_cpu_s();
    double seconds;

    slu_bench_peak_begin(&peak, self->bench);
    slu_fingerprints_init_keeping(set, slu_alloc_default(), self->count);
    begin = slu_bench_cpu_s();
    if (way == RESERVED) {
        slu_fingerprints_reserve(set, self->count);
    }
    seconds = slu_bench_cpu_s() - begin;
    for (size_t i = 0; i < self->count; i += BATCH) {
        size_t known;

        make_keys(self, i);
        begin = slu_bench_cpu_s();
        known = add_keys(self, set, way);
        seconds += slu_bench_cpu_s() - begin;
        slu_bench_require(self->bench, known == 0,
                          "%zu of %d new keys were called known", known, BATCH);
        if (i >= LOOK_FROM && i / BATCH % LOOK_EVERY == 0) {
            double bytes = slu_bench_peak_since(&peak) / (double)(i + BATCH);

            *worst_bytes = bytes > *worst_bytes ? bytes : *worst_bytes;
        }
    }
    return seconds;
}

/* All keys again; returns the seconds. */
static double look_up(struct keys *self, struct slu_fingerprints *set)
{
    double seconds = 0;

    for (size_t i = 0; i < self->count; i += BATCH) {
        double begin;
        size_t known;

        make_keys(self, i);
        begin = slu_bench_cpu_s();
        known = slu_fingerprints_add_all(set, self->views, BATCH, self->known);
        seconds += slu_bench_cpu_s() - begin;
        slu_bench_require(self->bench, known == BATCH,
                          "%zu of %d keys were not found again", BATCH - known,
                          BATCH);
    }
    slu_bench_require(self->bench, slu_fingerprints_count(set) == self->count,
                      "the set has %zu fingerprints of %zu keys",
                      slu_fingerprints_count(set), self->count);
    return seconds;
}

struct figures {
    struct slu_bench_figure reserved;
    struct slu_bench_figure growing;
    struct slu_bench_figure look_up;
    struct slu_bench_figure memory;
};

static void measure_round(struct keys *self, struct figures *figures)
{
    static struct slu_fingerprints set;
    double to_ns = 1e9 / (double)self->count;
    double worst_reserved = 0;
    double worst = 0;
    double seconds = fill(self, &set, RESERVED, &worst_reserved);

    slu_fingerprints_fini(&set);
    slu_bench_add(&figures->reserved.ours, seconds * to_ns);
    seconds = fill(self, &set, GROWING, &worst);
    slu_bench_add(&figures->growing.ours, seconds * to_ns);
    slu_bench_add(&figures->look_up.ours, look_up(self, &set) * to_ns);
    slu_fingerprints_fini(&set);
    if (worst > 0) {
        slu_bench_add(&figures->memory.ours, worst);
    }
    seconds = fill(self, &set, ONE_BY_ONE, &worst);
    slu_bench_add(&figures->growing.rivals[0].series, seconds * to_ns);
    slu_fingerprints_fini(&set);
}

static void run(struct slu_bench *bench)
{
    static struct keys keys;
    struct figures figures = {
        .reserved = {.name = "insert, room reserved",
                     .unit = "ns",
                     .better = SLU_BENCH_LESS,
                     .limit = 80,
                     .note = "hash and insert; the reserve included"},
        .growing = {.name = "insert, growth included",
                    .unit = "ns",
                    .better = SLU_BENCH_LESS,
                    .limit = 150,
                    .rivals = {{.name = "ours, one at a time"}}},
        .look_up = {.name = "look-up of one that is there",
                    .unit = "ns",
                    .better = SLU_BENCH_LESS},
        .memory = {.name = "memory of a fingerprint, growing",
                   .unit = "bytes",
                   .better = SLU_BENCH_LESS,
                   .limit = 30,
                   .note = "peak resident set, the worst moment between 1 and "
                           "10 M"},
    };

    keys.bench = bench;
    keys.count = bench->size == SLU_BENCH_SMOKE ? KEYS_SMOKE : KEYS;
    for (size_t i = 0; i < BATCH; i++) {
        keys.views[i] =
            slu_view_make((const char *)&keys.numbers[i], sizeof(uint64_t));
    }
    while (slu_bench_round(bench, 3, 1.0)) {
        measure_round(&keys, &figures);
    }
    slu_bench_figure(bench, &figures.reserved);
    slu_bench_figure(bench, &figures.growing);
    slu_bench_figure(bench, &figures.look_up);
    if (figures.memory.ours.count > 0) {
        slu_bench_figure(bench, &figures.memory);
    }
}

const struct slu_bench_case slu_bench_case_fingerprints = {
    .name = "fingerprints",
    .title = "Fingerprint set",
    .what = "Ten million different keys of eight bytes, 1,024 at once, hashed "
            "by XXH3 and put into the set; then all of them looked up. Each "
            "key's answer is checked. Time of this process.",
    .needs = "",
    .normal = true,
    .run = run,
};
