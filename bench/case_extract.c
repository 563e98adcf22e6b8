/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of the simulator in memory, given to the splitter in pieces as
 * libcurl hands them on, each finding read and made into rows of NDJSON: in one
 * answer, which is far larger than the caches, and in answers of 50, as
 * GuardDuty gives them, each of which was written to one place just before, as
 * the network's bytes are. Beside it simdjson On-Demand, which has the answer
 * as a whole and makes no rows. All must have seen the same findings, every
 * pass must write the same rows, and none but the first may ask for memory.
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
#define OPEN "{\"findings\":["
#define CLOSE "]}"
#define ANSWER_FINDINGS 50 /* at most, as GetFindings has it */
#define ANSWERS_MAX 400
#define ANSWER_MAX ((size_t)2 << 20)
#define KEY "\"finding\":" /* of a line of the simulator's list */

enum way {
    SPLIT,
    EXTRACT,
    WRITE,
};

enum reader {
    OURS,
    THREE, /* simdjson, three members */
    ALL,   /* simdjson, every member */
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
    struct slu_buf page;    /* and its padding */
    struct slu_buf answers; /* the same, one behind the other */
    size_t lens[ANSWERS_MAX];
    uint64_t id_sums[ANSWERS_MAX]; /* bytes of ids, of each answer */
    unsigned answer_count;
    struct slu_buf answer; /* the one at hand, and its padding */
    struct slu_view text;  /* that is read */
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

static void add_text(struct scene *self, struct slu_buf *out,
                     struct slu_view bytes)
{
    slu_bench_require(self->bench, slu_buf_append(out, bytes) == SLU_ERR_OK,
                      "out of memory");
}

/* The text, with padding behind it. */
static struct slu_view pad(struct scene *self, struct slu_buf *out)
{
    char *padding = NULL;

    slu_bench_require(self->bench,
                      slu_buf_reserve(out, SLU_JSON_PADDING, &padding) ==
                          SLU_ERR_OK,
                      "out of memory");
    memset(padding, 0, SLU_JSON_PADDING);
    return slu_buf_view(out);
}

static void add_finding(struct scene *self, unsigned i, struct slu_view finding)
{
    bool is_first = i % ANSWER_FINDINGS == 0;
    size_t before = self->answers.len;

    add_text(self, &self->page, slu_view_str(i == 0 ? OPEN : ","));
    add_text(self, &self->page, finding);
    slu_bench_require(self->bench, i / ANSWER_FINDINGS < ANSWERS_MAX,
                      "too many findings");
    add_text(self, &self->answers, slu_view_str(is_first ? OPEN : ","));
    add_text(self, &self->answers, finding);
    if ((i + 1) % ANSWER_FINDINGS == 0) {
        add_text(self, &self->answers, slu_view_str(CLOSE));
    }
    self->answer_count = i / ANSWER_FINDINGS + 1;
    self->lens[i / ANSWER_FINDINGS] += self->answers.len - before;
}

/* Lines that end with their finding become arrays. */
static void make_page(struct scene *self, struct slu_view lines)
{
    const char *end = lines.ptr + lines.len;
    unsigned count = 0;

    for (const char *at = lines.ptr; at < end; count++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *from;

        slu_bench_require(self->bench, stop != NULL, "a line is torn");
        from = memmem(at, (size_t)(stop - at), KEY, strlen(KEY));
        slu_bench_require(self->bench, from != NULL, "a line has no finding");
        from += strlen(KEY);
        add_finding(self, count,
                    slu_view_make(from, (size_t)(stop - 1 - from)));
        at = stop + 1;
    }
    slu_bench_require(self->bench, count % ANSWER_FINDINGS == 0,
                      "%u findings aren't whole answers", count);
    add_text(self, &self->page, slu_view_str(CLOSE));
    self->text = pad(self, &self->page);
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
    pieces = slu_bench_pieces_of(self->split, self->text, PIECE_BYTES);
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
    bool good = slu_bench_findings_rival_read(self->rival, self->text, all,
                                              &findings, &id_bytes);
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
    struct slu_bench_figure answer;
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
        .answer = {.name = "a finding into rows, answers of 50",
                   .unit = "ns",
                   .better = SLU_BENCH_LESS,
                   .rivals = {{.name = "simdjson, three members"},
                              {.name = "simdjson, every member"}},
                   .note = "each was written to its place just before"},
    };
}

static void add_round(struct scene *self, struct figures *figures)
{
    double gb = (double)self->text.len / 1e9;
    double split = time_ours(self, SPLIT);
    double each = (double)self->findings / 1e9; /* ns of one */
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

/* The next of the answers, copied to its place, which isn't timed. */
static void place_answer(struct scene *self, unsigned i, const char **io_at)
{
    slu_buf_clear(&self->answer);
    add_text(self, &self->answer, slu_view_make(*io_at, self->lens[i]));
    self->text = pad(self, &self->answer);
    *io_at += self->lens[i];
}

/* ns of one finding, when they come in answers. */
static double time_answers(struct scene *self, enum reader reader)
{
    struct slu_view whole = self->text;
    const char *at = self->answers.ptr;
    double seconds = 0;

    for (unsigned i = 0; i < self->answer_count; i++) {
        place_answer(self, i, &at);
        if (reader == OURS) {
            seconds += time_ours(self, EXTRACT);
            self->id_sums[i] = self->id_bytes;
        } else {
            self->findings = ANSWER_FINDINGS;
            self->id_bytes = self->id_sums[i];
            seconds += time_theirs(self, reader == ALL);
        }
    }
    self->text = whole;
    return seconds * 1e9 / (double)(self->answer_count * ANSWER_FINDINGS);
}

static void add_answers(struct scene *self, struct slu_bench_figure *figure)
{
    slu_bench_add(&figure->ours, time_answers(self, OURS));
    slu_bench_add(&figure->rivals[0].series, time_answers(self, THREE));
    slu_bench_add(&figure->rivals[1].series, time_answers(self, ALL));
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
        add_answers(self, &figures.answer);
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
                   (unsigned long long)(self->text.len / self->findings),
                   (unsigned long long)rows);
    figures.extract.note = note;
    slu_bench_figure(self->bench, &figures.split);
    slu_bench_figure(self->bench, &figures.extract);
    slu_bench_figure(self->bench, &figures.each);
    slu_bench_figure(self->bench, &figures.write);
    slu_bench_figure(self->bench, &figures.answer);
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
    slu_buf_init(&self->answers, self->bench->alloc, PAGE_MAX);
    slu_buf_init(&self->answer, self->bench->alloc, ANSWER_MAX);
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
    slu_buf_fini(&self.answers);
    slu_buf_fini(&self.answer);
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
