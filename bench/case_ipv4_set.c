/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in an order that can't be foreseen, one in eight of them a repeat,
 * appended and finished. Of the addresses it is known how many are different,
 * and their sum, since they are the numbers from 0 up, mixed by a function that
 * has an inverse; what comes out must be that, ascending. Beside it, at 1.5
 * million, the C library's qsort, whose result must be the same, one by one.
 */
#include "bench/peak.h"
#include "codecs/ipv4_set.h"
#include "engine/large_alloc.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 4096

struct input {
    struct slu_bench *bench;
    size_t count; /* with repeats */
};

/* Each step can be undone, so different numbers stay different. */
static uint32_t mix(uint32_t number)
{
    number = (number ^ number >> 16) * 0x21f0aaadu;
    number = (number ^ number >> 15) * 0x735a2d97u;
    return number ^ number >> 15;
}

/* Every eighth is one that was before. */
static uint32_t make_address(const struct input *self, size_t i)
{
    uint32_t number = (uint32_t)(i - i / 8);

    return mix((i % 8 == 7 ? number / 2 : number) +
               (uint32_t)self->bench->seed);
}

static size_t count_different(const struct input *self)
{
    return self->count - self->count / 8;
}

static void require_ok(const struct input *self, enum slu_err err)
{
    slu_bench_require(self->bench, err == SLU_ERR_OK, "the set says: %s",
                      slu_err_sentence(err));
}

/* Returns the seconds of appending and finishing. */
static double fill(const struct input *self, struct slu_ipv4_set *set)
{
    uint32_t batch[BATCH];
    double seconds = 0;
    double begin;

    slu_ipv4_set_init(set, slu_large_alloc(slu_alloc_default()));
    for (size_t i = 0; i < self->count; i += BATCH) {
        size_t len = self->count - i < BATCH ? self->count - i : BATCH;

        for (size_t j = 0; j < len; j++) {
            batch[j] = make_address(self, i + j);
        }
        begin = slu_bench_cpu_s();
        require_ok(self, slu_ipv4_set_add(set, batch, len));
        seconds += slu_bench_cpu_s() - begin;
    }
    begin = slu_bench_cpu_s();
    require_ok(self, slu_ipv4_set_finish(set));
    return seconds + slu_bench_cpu_s() - begin;
}

static void check(const struct input *self, const struct slu_ipv4_set *set)
{
    uint32_t batch[BATCH];
    uint64_t cursor = 0;
    uint64_t sum = 0;
    uint64_t last = 0;
    size_t seen = 0;
    size_t len;

    while ((len = slu_ipv4_set_read(set, &cursor, batch, BATCH)) > 0) {
        for (size_t i = 0; i < len; i++) {
            slu_bench_require(self->bench, seen == 0 || batch[i] > last,
                              "what comes out is not ascending");
            last = batch[i];
            sum += batch[i];
            seen++;
        }
    }
    for (size_t i = 0; i < self->count; i++) {
        sum -= i % 8 == 7 ? 0 : make_address(self, i);
    }
    slu_bench_require(self->bench,
                      sum == 0 && seen == count_different(self) &&
                          slu_ipv4_set_count(set) == seen,
                      "of %zu different addresses %zu came out, or others",
                      count_different(self), seen);
}

/* ---- the rival ---- */

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Sorts, takes repeats out, and holds it against the set. */
static double run_qsort(const struct input *self,
                        const struct slu_ipv4_set *set)
{
    uint32_t *all = malloc(self->count * sizeof(*all));
    uint32_t *ours = malloc(self->count * sizeof(*ours));
    uint64_t cursor = 0;
    size_t kept = 0;
    double seconds;

    slu_bench_require(self->bench, all != NULL && ours != NULL,
                      "out of memory");
    for (size_t i = 0; i < self->count; i++) {
        all[i] = make_address(self, i);
    }
    seconds = slu_bench_cpu_s();
    qsort(all, self->count, sizeof(*all), compare);
    for (size_t i = 0; i < self->count; i++) {
        if (kept == 0 || all[i] != all[kept - 1]) {
            all[kept++] = all[i];
        }
    }
    seconds = slu_bench_cpu_s() - seconds;
    slu_bench_require(self->bench,
                      slu_ipv4_set_read(set, &cursor, ours, self->count) ==
                              kept &&
                          memcmp(all, ours, kept * sizeof(*all)) == 0,
                      "qsort has another result");
    free(all);
    free(ours);
    return seconds;
}

/* ---- figures ---- */

struct size {
    size_t count;
    unsigned rounds;
    bool with_rival;
    const char *time_name;
    const char *memory_name;
    const char *memory_unit;
    double memory_limit;
    const char *memory_note;
};

static const struct size sizes[] = {
    {1500000, 5, true, "1.5 M addresses", "memory at 1.5 M, each", "bytes", 0,
     NULL},
    {10000000, 3, false, "10 M addresses", "memory at 10 M, each", "bytes", 8.5,
     "8 bytes each are the set's; the rest is the process"},
    {100000000, 1, false, "100 M addresses", "memory at 100 M", "MiB", 520,
     "512 MiB are the set's; the rest is the process"},
};

static void measure(struct slu_bench *bench, const struct size *size)
{
    struct input input = {bench, size->count};
    struct slu_bench_figure times = {.name = size->time_name,
                                     .unit = "ns",
                                     .better = SLU_BENCH_LESS,
                                     .limit = 30};
    struct slu_bench_figure memory = {.name = size->memory_name,
                                      .unit = size->memory_unit,
                                      .better = SLU_BENCH_LESS,
                                      .limit = size->memory_limit,
                                      .note = size->memory_note};
    bool smoke = bench->size == SLU_BENCH_SMOKE;

    if (smoke) {
        input.count = size->count / 100;
    }
    if (size->with_rival) {
        times.rivals[0].name = "qsort, and repeats out";
    }
    while (slu_bench_round(bench, size->rounds, 0)) {
        struct slu_ipv4_set set;
        struct slu_bench_peak peak;
        double seconds;
        double bytes;

        slu_bench_peak_begin(&peak, bench);
        seconds = fill(&input, &set);
        bytes = slu_bench_peak_since(&peak);
        check(&input, &set);
        slu_bench_add(&times.ours, seconds * 1e9 / (double)input.count);
        slu_bench_add(&memory.ours, strcmp(size->memory_unit, "MiB") == 0
                                        ? bytes / (1 << 20)
                                        : bytes / (double)input.count);
        if (size->with_rival) {
            slu_bench_add(&times.rivals[0].series,
                          run_qsort(&input, &set) * 1e9 / (double)input.count);
        }
        slu_ipv4_set_fini(&set);
    }
    slu_bench_figure(bench, &times);
    if (!smoke) {
        slu_bench_figure(bench, &memory);
    }
}

static void run(struct slu_bench *bench)
{
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        measure(bench, &sizes[i]);
    }
}

const struct slu_bench_case slu_bench_case_ipv4_set = {
    .name = "ipv4_set",
    .title = "IPv4 dedupe",
    .what = "Addresses in no order, one in eight a repeat, 4,096 at once: "
            "appended, sorted and made unique; from 24 million on, as a "
            "bitmap. Time of this process, for each address appended.",
    .needs = "",
    .normal = true,
    .run = run,
};
