/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists flow as far as it goes: six full lists of addresses and six of
 * domains from Google Threat Intelligence into an S3 bucket and GuardDuty's
 * sets. Each round has a simulator of AWS of its own, with an empty bucket and
 * a detector without sets. Behind the first sync come two that find nothing
 * new: the first of them still tidies up after the one before, the second is
 * what an hourly sync is like when nothing has changed.
 *
 * Each list in the bucket must be the file in the output folder, by SHA-256,
 * and each that isn't empty must have become a set. A round in which an hour
 * strikes, and brings new packages, doesn't count.
 */
#include "bench/page_client.h"
#include "bench/statistics.h"
#include "bench/sync_run.h"
#include "codecs/buf.h"
#include "codecs/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILES 6 /* of a kind */
#define IPS 1500000
#define IPS_SMOKE 3000
#define DOMAINS_LISTED 6000
#define PAGE_BYTES 1000000
#define PAGE_BYTES_SMOKE 20000
#define BUCKET "bench-lists"
#define ACCOUNT "111122223333"
#define STATE_MAX ((size_t)1 << 20)
#define HOUR 3600
#define LIMIT_MB 96

struct scene {
    struct slu_bench *bench;
    struct slu_bench_package_plan plan;
    struct slu_bench_server *aws;
    char aws_base[128];
    struct slu_buf bucket; /* what the simulator says of it */
    struct slu_sha256 *sha256;
    char config[1024];
};

/* What is measured of one kind of sync. */
struct figures {
    struct slu_bench_figure seconds;
    struct slu_bench_figure memory;
};

/* ---- AWS ---- */

static void start_aws(struct scene *self)
{
    static const char *const args[] = {
        "sluice-sim", "--aws-account", ACCOUNT, "--gd-accounts",
        ACCOUNT,      "--gd-findings", "0",     "--gd-activation-delay",
        "0",          "--s3-bucket",   BUCKET,  NULL};
    const struct slu_bench_command command = {.args = args};
    char line[128];
    const char *url;

    self->aws =
        slu_bench_server_start(self->bench, &command, line, sizeof(line));
    url = strstr(line, "http://");
    slu_bench_require(self->bench, url != NULL, "the simulator says \"%s\"",
                      line);
    (void)snprintf(self->aws_base, sizeof(self->aws_base), "%s", url);
    /* The case has its process for itself. */
    (void)setenv("AWS_ENDPOINT_URL", url, 1);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIASIMULATEDKEY0001", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY",
                 "simulated/secret+0000000000000000000000", 1);
    (void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static void read_bucket(struct scene *self)
{
    char url[160];

    (void)snprintf(url, sizeof(url), "%s/_sim/s3", self->aws_base);
    slu_buf_clear(&self->bucket);
    slu_bench_get(self->bench, url, &self->bucket);
    slu_bench_require(self->bench,
                      slu_buf_append(&self->bucket, slu_view_make("", 1)) ==
                          SLU_ERR_OK,
                      "out of memory");
}

/* ---- what came of it ---- */

static void hash_file(struct scene *self, const char *path,
                      char hex[SLU_SHA256_HEX_LEN], bool *out_empty)
{
    struct slu_view text = slu_bench_read(self->bench, path);
    unsigned char digest[SLU_SHA256_LEN];

    *out_empty = text.len == 0;
    slu_sha256_hash(self->sha256, text, digest);
    slu_hex_format(digest, sizeof(digest), hex);
    slu_alloc_put(self->bench->alloc, (char *)(uintptr_t)text.ptr,
                  text.len + 1);
}

/* Whether the file isn't empty. */
static bool check_object(struct scene *self, const char *folder,
                         const char *name, int number)
{
    static const char member[] = "\"sha256\":\"";
    char key[80];
    char path[400];
    char hex[SLU_SHA256_HEX_LEN];
    const char *at;
    bool empty;

    (void)snprintf(key, sizeof(key), "\"guard_duty/threat-%s-%d.txt\"", name,
                   number);
    (void)snprintf(path, sizeof(path), "%s/out/guard_duty/threat-%s-%d.txt",
                   folder, name, number);
    hash_file(self, path, hex, &empty);
    at = strstr(self->bucket.ptr, key);
    at = at == NULL ? NULL : strstr(at, member);
    slu_bench_require(
        self->bench,
        at != NULL && strncmp(at + sizeof(member) - 1, hex, sizeof(hex)) == 0,
        "the bucket doesn't have %s as it is here", key);
    return !empty;
}

static unsigned count_activated(struct scene *self, const char *folder)
{
    char path[400];
    struct slu_view text;
    unsigned count = 0;

    (void)snprintf(path, sizeof(path), "%s/report", folder);
    text = slu_bench_read(self->bench, path);
    for (const char *at = text.ptr;
         (at = strstr(at, "\"activated\":true")) != NULL; at++) {
        count++;
    }
    slu_alloc_put(self->bench->alloc, (char *)(uintptr_t)text.ptr,
                  text.len + 1);
    return count;
}

static void check_lists(struct scene *self,
                        const struct slu_bench_sync_report *report)
{
    uint64_t items = (uint64_t)report->items / 2;
    uint64_t fit[SLU_KIND_COUNT];

    fit[SLU_KIND_IP] = items < IPS ? items : IPS;
    fit[SLU_KIND_DOMAIN] = items < DOMAINS_LISTED ? items : DOMAINS_LISTED;
    slu_bench_require(self->bench,
                      report->listed[SLU_KIND_IP] == fit[SLU_KIND_IP] &&
                          report->listed[SLU_KIND_DOMAIN] ==
                              fit[SLU_KIND_DOMAIN],
                      "%llu addresses and %llu domains are listed",
                      (unsigned long long)report->listed[SLU_KIND_IP],
                      (unsigned long long)report->listed[SLU_KIND_DOMAIN]);
}

/* All files are objects; those that aren't empty are sets if it was new. */
static void check_sets(struct scene *self,
                       const struct slu_bench_sync_report *report, bool all_new)
{
    unsigned filled = 0;
    unsigned activated = count_activated(self, report->folder);

    read_bucket(self);
    for (int i = 1; i <= FILES; i++) {
        filled += check_object(self, report->folder, "ip", i);
        filled += check_object(self, report->folder, "entity", i);
    }
    slu_bench_require(self->bench,
                      filled > 0 && activated == (all_new ? filled : 0),
                      "%u sets were activated for %u lists", activated, filled);
}

/* ---- measuring ---- */

/* The syncs of a round; false if an hour struck. */
static bool run_round(struct scene *self, struct slu_bench_sync_report *out_new,
                      struct slu_bench_sync_report *out_idle)
{
    time_t hour = time(NULL) / HOUR;

    start_aws(self);
    slu_bench_sync(self->bench, self->config, out_new);
    check_lists(self, out_new);
    check_sets(self, out_new, true);
    *out_idle = *out_new;
    slu_bench_sync_again(self->bench, out_idle);
    slu_bench_sync_again(self->bench, out_idle);
    if (hour == time(NULL) / HOUR) {
        check_sets(self, out_idle, false);
    }
    slu_bench_sync_remove(self->bench, out_new);
    slu_bench_server_stop(self->aws);
    return hour == time(NULL) / HOUR;
}

static void add_run(struct figures *figures,
                    const struct slu_bench_sync_report *report)
{
    slu_bench_add(&figures->seconds.ours, report->cost.wall_s);
    slu_bench_add(&figures->memory.ours, report->cost.peak_mb);
}

static void hand_in(struct scene *self, struct figures *figures,
                    const char *when,
                    const struct slu_bench_sync_report *report)
{
    char names[2][64];
    char note[200];

    (void)snprintf(names[0], sizeof(names[0]), "%s: whole process", when);
    (void)snprintf(names[1], sizeof(names[1]), "%s: peak memory", when);
    (void)snprintf(
        note, sizeof(note),
        "%s addresses and %s domains listed; %.2f s of the last "
        "round until the lists were made, %llu requests for them",
        slu_bench_number((double)report->listed[SLU_KIND_IP]).text,
        slu_bench_number((double)report->listed[SLU_KIND_DOMAIN]).text,
        report->pull_seconds, (unsigned long long)report->requests);
    figures->seconds.name = names[0];
    figures->seconds.note = note;
    figures->memory.name = names[1];
    slu_bench_figure(self->bench, &figures->seconds);
    slu_bench_figure(self->bench, &figures->memory);
}

static struct figures make_figures(void)
{
    return (struct figures){
        .seconds = {.unit = "s", .better = SLU_BENCH_LESS},
        .memory = {.unit = "MB", .better = SLU_BENCH_LESS, .limit = LIMIT_MB},
    };
}

static void open_scene(struct scene *self)
{
    struct slu_bench *bench = self->bench;
    bool smoke = bench->size == SLU_BENCH_SMOKE;
    char pages[512];
    char base[64];

    self->plan = slu_bench_package_plan(2 * (uint64_t)(smoke ? IPS_SMOKE : IPS),
                                        smoke ? PAGE_BYTES_SMOKE : PAGE_BYTES);
    self->sha256 = slu_sha256_new(bench->alloc);
    slu_bench_require(bench, self->sha256 != NULL, "out of memory");
    slu_buf_init(&self->bucket, bench->alloc, STATE_MAX);
    (void)slu_bench_page_server(bench, self->plan.hours, self->plan.items,
                                self->plan.item_bytes, NULL, base);
    slu_bench_package_config(&self->plan, base, pages, sizeof(pages));
    (void)snprintf(self->config, sizeof(self->config),
                   "%s"
                   "  bucket: " BUCKET "\n"
                   "publish: {wait: 60s}\n"
                   "flows:\n"
                   "  - name: lists\n"
                   "    source: gti\n"
                   "    sinks: [files, s3, guardduty]\n",
                   pages);
}

static void run(struct slu_bench *bench)
{
    struct scene self = {.bench = bench};
    struct figures all = make_figures();
    struct figures idle = make_figures();
    struct slu_bench_sync_report report;
    struct slu_bench_sync_report later;

    open_scene(&self);
    while (slu_bench_round(bench, 3, 0)) {
        while (!run_round(&self, &report, &later)) {
        }
        add_run(&all, &report);
        add_run(&idle, &later);
    }
    hand_in(&self, &all, "all new", &report);
    hand_in(&self, &idle, "nothing new", &later);
    slu_buf_fini(&self.bucket);
    slu_sha256_free(self.sha256);
}

const struct slu_bench_case slu_bench_case_publish = {
    .name = "publish",
    .title = "Lists into S3 and GuardDuty",
    .what = "sluice sync of the lists flow with sinks files, s3 and guardduty: "
            "threat lists from a local server, AWS played by the simulator, "
            "which checks every signature. First with nothing published yet, "
            "then with nothing new.",
    .needs = "",
    .normal = true,
    .run = run,
};
