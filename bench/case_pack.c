/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three million lines of text with 1.5 million different addresses, into six
 * files of 250,000: `sluice pack --no-sync`. Beside it what one would use, and
 * then would still have to cut: iprange and sort, with the locale that this
 * program was started with and with LC_ALL=C. All are processes of their own
 * that begin with nothing, on the same file, which is in the page cache. What
 * each of them wrote is read by inet_pton, sorted, and compared with the
 * addresses that were made: all must be there, and no others.
 */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERENT 1500000
#define LISTS 6
#define LINE_MAX_BYTES 16
#define PATH_BYTES 4200

struct scene {
    struct slu_bench *bench;
    size_t count;     /* of different addresses; twice as many lines */
    uint32_t *wanted; /* ascending */
    uint32_t *found;  /* twice the room, and one */
    unsigned round;
};

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void *get(struct scene *self, size_t len)
{
    void *ptr = malloc(len);

    slu_bench_require(self->bench, ptr != NULL, "out of memory");
    return ptr;
}

/* 11.0.0.0 to 99.255.255.255, where no guard rail holds anything back. Made
 * until there are enough different ones; ascending. */
static void make_wanted(struct scene *self, struct slu_bench_random *random)
{
    size_t room = self->count + self->count / 16;
    uint32_t *all = get(self, room * sizeof(*all));
    size_t kept = 0;

    for (size_t i = 0; i < room; i++) {
        all[i] = (11u << 24) + slu_bench_below(random, 89u << 24);
    }
    qsort(all, room, sizeof(*all), compare);
    for (size_t i = 0; i < room; i++) {
        if (kept == 0 || all[i] != all[kept - 1]) {
            all[kept++] = all[i];
        }
    }
    slu_bench_require(self->bench, kept >= self->count,
                      "of %zu addresses only %zu are different", room, kept);
    self->wanted = all;
}

static void write_lines(struct scene *self, const uint32_t *lines, size_t count)
{
    char *text = get(self, count * LINE_MAX_BYTES);
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t address = lines[i];

        len += (size_t)sprintf(text + len, "%u.%u.%u.%u\n", address >> 24,
                               address >> 16 & 255, address >> 8 & 255,
                               address & 255);
    }
    slu_bench_write(self->bench, "in.txt", slu_view_make(text, len));
    free(text);
}

/* Every address once, as many again by chance, all shuffled. */
static void make_input(struct scene *self)
{
    struct slu_bench_random random = {self->bench->seed};
    size_t count = self->count * 2;
    uint32_t *lines = get(self, count * sizeof(*lines));

    self->found = get(self, (count + 1) * sizeof(*self->found));
    make_wanted(self, &random);
    for (size_t i = 0; i < count; i++) {
        lines[i] =
            self->wanted[i < self->count
                             ? i
                             : slu_bench_below(&random, (uint32_t)self->count)];
    }
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = slu_bench_below(&random, (uint32_t)i + 1);
        uint32_t line = lines[i];

        lines[i] = lines[other];
        lines[other] = line;
    }
    write_lines(self, lines, count);
    free(lines);
}

/* ---- what came out ---- */

/* Appends the addresses of a file below the case's folder; returns how many
 * lines it has. */
static size_t read_addresses(struct scene *self, const char *path, size_t at)
{
    char whole[PATH_BYTES];
    char line[64];
    size_t count = 0;
    FILE *file;

    (void)snprintf(whole, sizeof(whole), "%s/%s", self->bench->work_dir, path);
    file = fopen(whole, "r");
    slu_bench_require(self->bench, file != NULL, "there is no %s", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct in_addr address;

        line[strcspn(line, "\n")] = '\0';
        slu_bench_require(self->bench,
                          at + count <= 2 * self->count &&
                              inet_pton(AF_INET, line, &address) == 1,
                          "%s: the line %s should not be there", path, line);
        self->found[at + count++] = ntohl(address.s_addr);
    }
    (void)fclose(file);
    return count;
}

static void require_all(struct scene *self, const char *who, size_t count)
{
    qsort(self->found, count, sizeof(*self->found), compare);
    slu_bench_require(self->bench,
                      count == self->count &&
                          memcmp(self->found, self->wanted,
                                 count * sizeof(*self->found)) == 0,
                      "%s has another set of addresses", who);
}

/* ---- ways ---- */

static double spawn(struct scene *self, const char *const *args,
                    const char *const *env, const char *out)
{
    char path[PATH_BYTES];
    const struct slu_bench_command command = {
        .args = args, .env = env, .stdout_path = path};
    struct slu_bench_cost cost;

    (void)snprintf(path, sizeof(path), "%s/%s", self->bench->work_dir, out);
    slu_bench_spawn(self->bench, &command, &cost);
    slu_bench_require(self->bench, cost.status == 0, "%s ended with %d",
                      args[0], cost.status);
    return cost.wall_s;
}

static double run_pack(struct scene *self)
{
    char out[32];
    char text[48];
    const char *const args[] = {"sluice", "pack",   "--no-sync", "--output-dir",
                                out,      "in.txt", NULL};
    double seconds;
    size_t count = 0;

    (void)snprintf(out, sizeof(out), "out-%u", self->round);
    (void)snprintf(text, sizeof(text), "pack-%u.txt", self->round);
    seconds = spawn(self, args, NULL, text);
    for (unsigned i = 1; i <= LISTS; i++) {
        char path[100];
        size_t lines;

        (void)snprintf(path, sizeof(path), "%s/guard_duty/threat-ip-%u.txt",
                       out, i);
        lines = read_addresses(self, path, count);
        slu_bench_require(self->bench, lines <= DIFFERENT / LISTS,
                          "%s has %zu lines", path, lines);
        count += lines;
    }
    require_all(self, "sluice pack", count);
    return seconds;
}

static double run_rival(struct scene *self, const char *const *args,
                        const char *const *env, const char *name)
{
    char out[64];
    double seconds;

    (void)snprintf(out, sizeof(out), "%s-%u.txt", name, self->round);
    seconds = spawn(self, args, env, out);
    require_all(self, name, read_addresses(self, out, 0));
    return seconds;
}

static double run_iprange(struct scene *self)
{
    static const char *const args[] = {"iprange", "--print-single-ips",
                                       "in.txt", NULL};

    return run_rival(self, args, NULL, "iprange");
}

static double run_sort(struct scene *self, bool in_c)
{
    static const char *const args[] = {"sort", "-u", "in.txt", NULL};
    static const char *const env[] = {"LC_ALL=C", NULL};

    return run_rival(self, args, in_c ? env : NULL, in_c ? "sort-C" : "sort");
}

/* ---- figures ---- */

enum rival {
    IPRANGE,
    SORT_C,
    SORT,
    RIVALS,
};

static void measure(struct scene *self, struct slu_bench_figure *times,
                    struct slu_bench_figure ratios[RIVALS])
{
    double seconds[RIVALS] = {
        [IPRANGE] = run_iprange(self),
        [SORT_C] = run_sort(self, true),
        [SORT] = run_sort(self, false),
    };
    double ours = run_pack(self);

    slu_bench_add(&times->ours, ours);
    for (int rival = 0; rival < RIVALS; rival++) {
        slu_bench_add(&times->rivals[rival].series, seconds[rival]);
        slu_bench_add(&ratios[rival].ours, seconds[rival] / ours);
    }
}

static void run(struct slu_bench *bench)
{
    struct scene scene = {
        .bench = bench,
        .count = bench->size == SLU_BENCH_SMOKE ? DIFFERENT / 50 : DIFFERENT};
    struct slu_bench_figure times = {
        .name = "into six lists, whole process",
        .unit = "s",
        .better = SLU_BENCH_LESS,
        .note = "cold processes, no fsync; the rivals write one file",
        .rivals = {[IPRANGE] = {.name = "iprange --print-single-ips"},
                   [SORT_C] = {.name = "LC_ALL=C sort -u"},
                   [SORT] = {.name = "sort -u, locale as it is"}},
    };
    struct slu_bench_figure ratios[RIVALS] = {
        [IPRANGE] = {.name = "faster than iprange", .limit = 10},
        [SORT_C] = {.name = "faster than sort, LC_ALL=C", .limit = 5},
        [SORT] = {.name = "faster than sort, locale as it is", .limit = 5},
    };

    make_input(&scene);
    measure(&scene, &(struct slu_bench_figure){0},
            (struct slu_bench_figure[RIVALS]){0}); /* warm-up */
    while (slu_bench_round(bench, 3, 0)) {
        scene.round++;
        measure(&scene, &times, ratios);
    }
    slu_bench_figure(bench, &times);
    for (int rival = 0; rival < RIVALS; rival++) {
        ratios[rival].unit = "x";
        ratios[rival].better = SLU_BENCH_MORE;
        slu_bench_figure(bench, &ratios[rival]);
    }
    free(scene.wanted);
    free(scene.found);
}

const struct slu_bench_case slu_bench_case_pack = {
    .name = "pack",
    .title = "Lists of 250,000 lines",
    .what =
        "Three million lines of addresses, half of them repeats, go into "
        "six sorted lists by sluice pack, and into one by iprange and sort. "
        "Wall time of the processes. All must have written the same set.",
    .needs = "iprange sort",
    .normal = true,
    .run = run,
};
