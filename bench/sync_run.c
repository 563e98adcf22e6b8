/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sync_run.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CONFIG_MAX 8192
#define PATH_MAX_LEN 512
#define FILES_OPEN 16

/* The simulator's own, and as good as any for another server. */
#define KEY                                                                    \
    "GTI_API_KEY="                                                             \
    "51ab0000deadbeef51ab0000deadbeef51ab0000deadbeef51ab0000deadbeef"

/* ---- the report ---- */

/* What stands behind the first `"name":` from `from` on. */
static const char *find_member(struct slu_bench *bench, const char *from,
                               const char *name)
{
    char key[64];
    const char *at;

    (void)snprintf(key, sizeof(key), "\"%s\":", name);
    at = strstr(from, key);
    slu_bench_require(bench, at != NULL, "the report has no %s", name);
    return at + strlen(key);
}

static uint64_t read_count(struct slu_bench *bench, const char *report,
                           const char *name)
{
    return strtoull(find_member(bench, report, name), NULL, 10);
}

static void read_kinds(struct slu_bench *bench, const char *report,
                       const char *name, uint64_t out[SLU_KIND_COUNT])
{
    const char *object = find_member(bench, report, name);

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        out[kind] =
            read_count(bench, object, slu_kind_name((enum slu_kind)kind));
    }
}

static void read_report(struct slu_bench *bench, const char *path,
                        struct slu_bench_sync_report *out)
{
    struct slu_view text = slu_bench_read(bench, path);

    out->pull_seconds =
        strtod(find_member(bench, text.ptr, "pull_seconds"), NULL);
    out->requests = read_count(bench, text.ptr, "requests");
    out->body_bytes = read_count(bench, text.ptr, "body_bytes");
    out->items = read_count(bench, text.ptr, "items");
    read_kinds(bench, text.ptr, "accepted", out->accepted);
    read_kinds(bench, text.ptr, "listed", out->listed);
    read_kinds(bench, text.ptr, "exceeded", out->exceeded);
    slu_alloc_put(bench->alloc, (char *)(uintptr_t)text.ptr, text.len + 1);
}

/* ---- the run ---- */

static void write_config(struct slu_bench *bench, const char *folder,
                         const char *config, const char *path)
{
    char text[CONFIG_MAX];
    int len = snprintf(text, sizeof(text),
                       "state_dir: %s/state\noutput_dir: %s/out\n%s", folder,
                       folder, config);

    slu_bench_require(bench, len > 0 && len < CONFIG_MAX,
                      "the configuration is too long");
    slu_bench_write(bench, path, slu_view_make(text, (size_t)len));
}

static void run_sync(struct slu_bench *bench, const char *config_path,
                     struct slu_bench_sync_report *io_report)
{
    char report_path[PATH_MAX_LEN];
    const char *const env[] = {KEY, NULL};
    const char *const args[] = {"sluice",      "sync", "--json",
                                "--log-level", "warn", "--config",
                                config_path,   NULL};
    const struct slu_bench_command command = {
        .args = args, .env = env, .stdout_path = report_path};

    (void)snprintf(report_path, sizeof(report_path), "%s/%s/report",
                   bench->work_dir, io_report->folder);
    slu_bench_spawn_well(bench, &command, &io_report->cost);
    read_report(bench, report_path, io_report);
}

void slu_bench_sync(struct slu_bench *bench, const char *config,
                    struct slu_bench_sync_report *out_report)
{
    static unsigned runs;
    char path[PATH_MAX_LEN];

    *out_report = (struct slu_bench_sync_report){0};
    (void)snprintf(out_report->folder, sizeof(out_report->folder), "sync.%u",
                   runs++);
    (void)snprintf(path, sizeof(path), "%s/sluice.yaml", out_report->folder);
    write_config(bench, out_report->folder, config, path);
    run_sync(bench, path, out_report);
}

void slu_bench_sync_again(struct slu_bench *bench,
                          struct slu_bench_sync_report *io_report)
{
    char path[PATH_MAX_LEN];

    (void)snprintf(path, sizeof(path), "%s/sluice.yaml", io_report->folder);
    run_sync(bench, path, io_report);
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void slu_bench_sync_remove(struct slu_bench *bench,
                           const struct slu_bench_sync_report *report)
{
    char path[PATH_MAX_LEN];

    (void)snprintf(path, sizeof(path), "%s/%s", bench->work_dir,
                   report->folder);
    slu_bench_require(bench,
                      nftw(path, remove_one, FILES_OPEN,
                           FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0,
                      "cannot remove %s", path);
}

/* ---- the lists ---- */

uint64_t slu_bench_sync_hash(const char *line, size_t len)
{
    return XXH3_64bits(line, len);
}

static uint64_t read_lines(struct slu_view text, uint64_t *io_sum)
{
    const char *end = text.ptr + text.len;
    uint64_t lines = 0;

    for (const char *at = text.ptr; at < end; lines++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        stop = stop == NULL ? end : stop;
        *io_sum += slu_bench_sync_hash(at, (size_t)(stop - at));
        at = stop + 1;
    }
    return lines;
}

uint64_t slu_bench_sync_lines(struct slu_bench *bench,
                              const struct slu_bench_sync_report *report,
                              enum slu_kind kind, uint64_t *io_sum)
{
    uint64_t lines = 0;

    for (int i = 1; i <= 6; i++) {
        char path[PATH_MAX_LEN];
        struct slu_view text;

        (void)snprintf(path, sizeof(path), "%s/out/guard_duty/threat-%s-%d.txt",
                       report->folder, kind == SLU_KIND_IP ? "ip" : "entity",
                       i);
        text = slu_bench_read(bench, path);
        lines += read_lines(text, io_sum);
        slu_alloc_put(bench->alloc, (char *)(uintptr_t)text.ptr, text.len + 1);
    }
    return lines;
}
