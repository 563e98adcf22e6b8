/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of the simulator in memory, in one answer, given to the splitter in
 * pieces as libcurl hands them on, each finding read and made into rows of
 * NDJSON. Beside it simdjson On-Demand, which has the answer as a whole and
 * makes no rows. All must have seen the same findings, every pass must write
 * the same rows, and none but the first may ask for memory.
 */
#include "bench/bench.h"
#include "bench/pieces.h"
#include "bench/rival_findings.h"
#include "bench/sync_run.h"
#include "codecs/buf.h"
#include "codecs/json_split.h"
#include "codecs/row_ndjson.h"
#include "sources/guardduty.h"

#include <stdio.h>
#include <string.h>

#define FINDINGS "20000"
#define FINDINGS_SMOKE "500"
#define PIECE_BYTES ((size_t)64 * 1024)
#define RECORD_MAX 1000000
#define PAGE_MAX ((size_t)1 << 30)
#define KEY "\"finding\":" /* of a line of the simulator's list */

enum way {
    SPLIT,
    EXTRACT,
    WRITE,
};

struct scene {
    struct slu_bench *bench;
    struct slu_alloc alloc; /* that counts */
    uint64_t asked;         /* how often memory was */
    struct slu_guardduty_config config;
    struct slu_source_port port;
    struct slu_unit unit;
    struct slu_json_split *split;
    struct slu_extract *extract;
    struct slu_bench_findings_rival *rival;
    struct slu_buf page; /* and its padding */
    size_t len;
    struct slu_buf out;
    enum way way;
    uint64_t findings;
    uint64_t id_bytes;
    uint64_t rows;
};

/* ---- the port ---- */

static void *count_realloc(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    const struct slu_alloc *alloc = slu_alloc_default();
    uint64_t *asked = ctx;

    *asked += new_len > 0;
    return alloc->realloc_fn(alloc->ctx, ptr, old_len, new_len);
}

static enum slu_err on_finding(void *ctx, struct slu_unit *unit,
                               const struct slu_finding_key *key)
{
    (void)ctx;
    (void)unit;
    (void)key;
    return SLU_ERR_OK;
}

static enum slu_err on_row(void *ctx, struct slu_unit *unit,
                           const struct slu_row *row)
{
    struct scene *self = ctx;

    (void)unit;
    self->rows++;
    return self->way == WRITE ? slu_row_ndjson_append(row, &self->out)
                              : SLU_ERR_OK;
}

static void on_count(void *ctx, struct slu_unit *unit, enum slu_reason reason)
{
    (void)ctx;
    (void)unit;
    (void)reason;
}

/* Of findings that GuardDuty itself has cut short, which are read well. */
static void on_log(void *ctx, enum slu_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

/* ---- the page ---- */

static void add_to_page(struct scene *self, struct slu_view bytes)
{
    slu_bench_require(self->bench,
                      slu_buf_append(&self->page, bytes) == SLU_ERR_OK,
                      "out of memory");
}

/* Lines that end with their finding become one array. */
static void make_page(struct scene *self, struct slu_view lines)
{
    const char *end = lines.ptr + lines.len;
    char *padding = NULL;

    add_to_page(self, slu_view_str("{\"findings\":["));
    for (const char *at = lines.ptr; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *from;

        slu_bench_require(self->bench, stop != NULL, "a line is torn");
        from = memmem(at, (size_t)(stop - at), KEY, strlen(KEY));
        slu_bench_require(self->bench, from != NULL, "a line has no finding");
        from += strlen(KEY);
        add_to_page(self, slu_view_str(at == lines.ptr ? "" : ","));
        add_to_page(self, slu_view_make(from, (size_t)(stop - 1 - from)));
        at = stop + 1;
    }
    add_to_page(self, slu_view_str("]}"));
    self->len = self->page.len;
    slu_bench_require(
        self->bench,
        slu_buf_reserve(&self->page, SLU_JSON_PADDING, &padding) == SLU_ERR_OK,
        "out of memory");
    memset(padding, 0, SLU_JSON_PADDING);
}

static void fetch_page(struct scene *self)
{
    const char *findings =
        self->bench->size == SLU_BENCH_SMOKE ? FINDINGS_SMOKE : FINDINGS;
    const char *const args[] = {"sluice-sim", "--gd-findings", findings, NULL};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_server *server;
    struct slu_buf lines;
    char line[128];
    char url[160];
    const char *base;

    slu_buf_init(&lines, self->bench->alloc, PAGE_MAX);
    server = slu_bench_server_start(self->bench, &command, line, sizeof(line));
    base = strstr(line, "http://");
    slu_bench_require(self->bench, base != NULL, "the simulator says \"%s\"",
                      line);
    (void)snprintf(url, sizeof(url), "%s/_sim/findings", base);
    slu_bench_get(self->bench, url, &lines);
    slu_bench_server_stop(server);
    make_page(self, slu_buf_view(&lines));
    slu_buf_fini(&lines);
}

/* ---- the ways ---- */

static void take_finding(struct scene *self, const struct slu_json_event *event)
{
    struct slu_extracted extracted;

    self->findings++;
    if (self->way == SPLIT) {
        return;
    }
    slu_bench_require(self->bench,
                      slu_extract_record(self->extract, &self->unit, event,
                                         &extracted) == SLU_ERR_OK &&
                          extracted.known,
                      "a finding isn't readable");
    self->id_bytes += extracted.id.len;
}

static void run_ours(struct scene *self, enum way way)
{
    struct slu_bench_pieces pieces;
    struct slu_json_event event;

    self->way = way;
    self->findings = 0;
    self->id_bytes = 0;
    self->rows = 0;
    slu_buf_clear(&self->out);
    pieces = slu_bench_pieces_of(
        self->split, slu_view_make(self->page.ptr, self->len), PIECE_BYTES);
    while (slu_bench_pieces_next(&pieces, &event)) {
        take_finding(self, &event);
    }
    slu_bench_pieces_end(self->bench, &pieces);
}

/* CPU seconds. */
static double time_ours(struct scene *self, enum way way)
{
    double began = slu_bench_cpu_s();

    run_ours(self, way);
    return slu_bench_cpu_s() - began;
}

static double time_theirs(struct scene *self, bool all)
{
    double began = slu_bench_cpu_s();
    uint64_t findings;
    uint64_t id_bytes;
    bool good = slu_bench_findings_rival_read(
        self->rival, slu_view_make(self->page.ptr, self->len), all, &findings,
        &id_bytes);
    double seconds = slu_bench_cpu_s() - began;

    slu_bench_require(self->bench, good, "simdjson can't read the findings");
    slu_bench_require(
        self->bench,
        findings == self->findings && (all || id_bytes == self->id_bytes),
        "simdjson finds %llu findings with %llu bytes of ids, we %llu with "
        "%llu",
        (unsigned long long)findings, (unsigned long long)id_bytes,
        (unsigned long long)self->findings, (unsigned long long)self->id_bytes);
    return seconds;
}

/* ---- measuring ---- */

struct figures {
    struct slu_bench_figure split;
    struct slu_bench_figure extract;
    struct slu_bench_figure each;
    struct slu_bench_figure write;
};

static struct figures make_figures(void)
{
    return (struct figures){
        .split = {.name = "splitter alone",
                  .unit = "GB/s",
                  .better = SLU_BENCH_MORE},
        .extract = {.name = "splitter and extraction of rows",
                    .unit = "GB/s",
                    .better = SLU_BENCH_MORE,
                    .rivals = {{.name = "simdjson, three members"},
                               {.name = "simdjson, every member"}}},
        .each = {.name = "a finding into rows",
                 .unit = "ns",
                 .better = SLU_BENCH_LESS,
                 .rivals = {{.name = "simdjson, three members"},
                            {.name = "simdjson, every member"}}},
        .write = {.name = "a finding into lines of NDJSON",
                  .unit = "ns",
                  .better = SLU_BENCH_LESS},
    };
}

static void add_round(struct scene *self, struct figures *figures)
{
    double gb = (double)self->len / 1e9;
    double each = (double)self->findings / 1e9; /* ns of one */
    double split = time_ours(self, SPLIT);
    double write = time_ours(self, WRITE);
    double extract = time_ours(self, EXTRACT);

    slu_bench_add(&figures->split.ours, gb / split);
    slu_bench_add(&figures->write.ours, write / each);
    slu_bench_add(&figures->extract.ours, gb / extract);
    slu_bench_add(&figures->each.ours, extract / each);
    for (int all = 0; all < 2; all++) {
        double theirs = time_theirs(self, all == 1);

        slu_bench_add(&figures->extract.rivals[all].series, gb / theirs);
        slu_bench_add(&figures->each.rivals[all].series, theirs / each);
    }
}

static void measure(struct scene *self)
{
    struct figures figures = make_figures();
    uint64_t asked;
    uint64_t rows;
    uint64_t hash;
    char note[96];

    run_ours(self, WRITE); /* warm */
    rows = self->rows;
    hash = slu_bench_sync_hash(self->out.ptr, self->out.len);
    asked = self->asked;
    while (slu_bench_round(self->bench, 11, 2.0)) {
        add_round(self, &figures);
    }
    slu_bench_require(self->bench, self->asked == asked,
                      "memory was asked for %llu times behind the first pass",
                      (unsigned long long)(self->asked - asked));
    run_ours(self, WRITE);
    slu_bench_require(self->bench,
                      rows > 0 && self->rows == rows &&
                          slu_bench_sync_hash(self->out.ptr, self->out.len) ==
                              hash,
                      "the rows differ from pass to pass");
    (void)snprintf(note, sizeof(note), "%llu findings of %llu bytes, %llu rows",
                   (unsigned long long)self->findings,
                   (unsigned long long)(self->len / self->findings),
                   (unsigned long long)rows);
    figures.extract.note = note;
    slu_bench_figure(self->bench, &figures.split);
    slu_bench_figure(self->bench, &figures.extract);
    slu_bench_figure(self->bench, &figures.each);
    slu_bench_figure(self->bench, &figures.write);
}

static void open_scene(struct scene *self)
{
    static const char *const groups[] = {"network_connection", "port_probe",
                                         "dns_request", "ebs_volume_scan"};
    const struct slu_json_split_options options = {
        .alloc = &self->alloc, .array = "findings", .record_max = RECORD_MAX};

    self->alloc =
        (struct slu_alloc){.realloc_fn = count_realloc, .ctx = &self->asked};
    self->config = (struct slu_guardduty_config){
        .indicators = {.items = groups, .count = 4}, .finding_compat = "none"};
    self->port = (struct slu_source_port){.ctx = self,
                                          .loops = 1,
                                          .finding = on_finding,
                                          .row = on_row,
                                          .count = on_count,
                                          .log = on_log,
                                          .record_bytes = RECORD_MAX};
    self->split = slu_json_split_new(&options);
    self->extract = slu_extract_new(&self->alloc, &self->config, &self->port);
    self->rival = slu_bench_findings_rival_new();
    slu_bench_require(self->bench,
                      self->split != NULL && self->extract != NULL &&
                          self->rival != NULL,
                      "out of memory");
    slu_buf_init(&self->page, self->bench->alloc, PAGE_MAX);
    slu_buf_init(&self->out, &self->alloc, PAGE_MAX);
}

static void run(struct slu_bench *bench)
{
    static struct scene self;

    self.bench = bench;
    open_scene(&self);
    fetch_page(&self);
    measure(&self);
    slu_buf_fini(&self.out);
    slu_buf_fini(&self.page);
    slu_bench_findings_rival_free(self.rival);
    slu_extract_free(self.extract);
    slu_json_split_free(self.split);
}

const struct slu_bench_case slu_bench_case_extract = {
    .name = "extract",
    .title = "Findings in memory",
    .what = "GuardDuty findings of the simulator in memory: the splitter cuts "
            "them apart, the extraction makes the rows of indicators of each. "
            "simdjson On-Demand makes no rows: it takes three members (id, "
            "type, severity) or visits every member. CPU time.",
    .needs = "",
    .normal = true,
    .run = run,
};
