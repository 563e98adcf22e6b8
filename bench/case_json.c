/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages in memory, given to the splitter in the pieces in which libcurl's
 * largest buffer hands bodies on, each record read by the GTI reader; beside it
 * simdjson On-Demand, which has the page as a whole (rival_json.h). Both must
 * have read the same, and as many malicious items as the pages were made with.
 */
#include "bench/pages.h"
#include "bench/pieces.h"
#include "bench/rival_json.h"
#include "codecs/gti.h"
#include "codecs/json_split.h"

#include <string.h>

#define PIECE_BYTES ((size_t)256 * 1024)
#define RECORD_MAX 1000000
#define PAGE_MAX ((size_t)32 << 20)
#define NEWEST 1754553600
#define LEAST_SECONDS                                                          \
    0.01 /* of one measurement: the clock's grain vanishes                     \
          */

struct scene {
    struct slu_bench *bench;
    struct slu_buf page; /* and its padding */
    size_t len;
    bool stream;
    unsigned repeats; /* of the page in one measurement */
    struct slu_json_split *split;
    struct slu_gti_reader *reader;
    struct slu_bench_json_rival *rival;
    struct slu_bench_json_tally tally;
};

/* One kind of page and what its figures are called. */
struct page_kind {
    struct slu_bench_pages pages;
    bool indented; /* else compact */
    const char *split_name;
    const char *read_name;
    const char *ratio_name;
};

static const struct page_kind kinds[] = {
    {{.items = 4000, .item_bytes = 650, .list = "malware"},
     false,
     "list of addresses: splitter",
     "list of addresses: splitter and reader",
     "list of addresses: against simdjson"},
    {{.domains = true, .items = 4000, .item_bytes = 650, .list = "malware"},
     false,
     "list of domains: splitter",
     "list of domains: splitter and reader",
     "list of domains: against simdjson"},
    {{.items = 4000, .item_bytes = 650, .list = "malware"},
     true,
     "indented list: splitter",
     "indented list: splitter and reader",
     "indented list: against simdjson"},
    {{.stream = true, .items = 40, .item_bytes = 25000},
     false,
     "stream page: splitter",
     "stream page: splitter and reader",
     "stream page: against simdjson"},
};

/* ---- the ways ---- */

static void read_record(struct scene *self, const struct slu_json_event *record)
{
    struct slu_gti_item item;
    enum slu_err err = slu_gti_read_item(
        self->reader, self->stream ? SLU_GTI_STREAM_ITEM : SLU_GTI_LIST_ITEM,
        record, &item, NULL);

    slu_bench_require(self->bench, err == SLU_ERR_OK && item.id.len > 0,
                      "an item isn't readable");
    self->tally.malicious += item.verdict == SLU_VERDICT_MALICIOUS;
    self->tally.sum += slu_bench_json_id(item.id.ptr, item.id.len) +
                       item.score + (uint64_t)item.last_modification_date +
                       (uint64_t)item.notification_date;
}

static void read_ours(struct scene *self, bool split_only)
{
    struct slu_bench_pieces pieces = slu_bench_pieces_of(
        self->split, slu_view_make(self->page.ptr, self->len), PIECE_BYTES);
    struct slu_json_event event;

    while (slu_bench_pieces_next(&pieces, &event)) {
        self->tally.records++;
        if (!split_only) {
            read_record(self, &event);
        }
    }
    slu_bench_pieces_end(self->bench, &pieces);
}

static void split_only(struct scene *self)
{
    read_ours(self, true);
}

static void split_and_read(struct scene *self)
{
    read_ours(self, false);
}

static void read_theirs(struct scene *self)
{
    bool good = slu_bench_json_rival_read(
        self->rival, slu_view_make(self->page.ptr, self->len), self->stream,
        &self->tally);

    slu_bench_require(self->bench, good, "simdjson can't read the page");
}

/* ---- measuring ---- */

/* GB/s of one way. */
static double time_way(struct scene *self, void (*way)(struct scene *self))
{
    double began = slu_bench_cpu_s();

    for (unsigned i = 0; i < self->repeats; i++) {
        way(self);
    }
    return (double)self->len * self->repeats / 1e9 /
           (slu_bench_cpu_s() - began);
}

static struct slu_bench_json_tally tally_of(struct scene *self,
                                            void (*way)(struct scene *self))
{
    self->tally = (struct slu_bench_json_tally){0};
    way(self);
    return self->tally;
}

static void check(struct scene *self, const struct slu_bench_pages_tally *made)
{
    struct slu_bench_json_tally ours = tally_of(self, split_and_read);
    struct slu_bench_json_tally theirs = tally_of(self, read_theirs);

    slu_bench_require(
        self->bench, memcmp(&ours, &theirs, sizeof(ours)) == 0,
        "we read %llu records with the sum %llu, simdjson %llu "
        "with %llu",
        (unsigned long long)ours.records, (unsigned long long)ours.sum,
        (unsigned long long)theirs.records, (unsigned long long)theirs.sum);
    slu_bench_require(
        self->bench,
        ours.records == made->items && ours.malicious >= made->accepted,
        "%llu records, %llu of them malicious, were read of %llu and "
        "at least %llu",
        (unsigned long long)ours.records, (unsigned long long)ours.malicious,
        (unsigned long long)made->items, (unsigned long long)made->accepted);
    slu_bench_require(self->bench,
                      tally_of(self, split_only).records == made->items,
                      "the splitter alone finds another number of records");
}

static void choose_repeats(struct scene *self)
{
    double seconds = (double)self->len / 1e9 / time_way(self, split_and_read);

    self->repeats = self->bench->size == SLU_BENCH_SMOKE
                        ? 1
                        : 1 + (unsigned)(LEAST_SECONDS / seconds);
}

static void measure(struct scene *self, const struct page_kind *kind)
{
    struct slu_bench_figure split = {
        .name = kind->split_name, .unit = "GB/s", .better = SLU_BENCH_MORE};
    struct slu_bench_figure read = {.name = kind->read_name,
                                    .unit = "GB/s",
                                    .better = SLU_BENCH_MORE,
                                    .rivals = {{.name = "simdjson On-Demand"}}};
    struct slu_bench_figure ratio = {.name = kind->ratio_name,
                                     .unit = "x",
                                     .better = SLU_BENCH_MORE,
                                     .limit = 0.8};

    while (slu_bench_round(self->bench, 21, 1.0)) {
        double ours = time_way(self, split_and_read);
        double theirs = time_way(self, read_theirs);

        slu_bench_add(&split.ours, time_way(self, split_only));
        slu_bench_add(&read.ours, ours);
        slu_bench_add(&read.rivals[0].series, theirs);
        slu_bench_add(&ratio.ours, ours / theirs);
    }
    slu_bench_figure(self->bench, &split);
    slu_bench_figure(self->bench, &read);
    slu_bench_figure(self->bench, &ratio);
}

/* A line break, and two blanks for each open bracket. */
static void put_line(struct scene *self, struct slu_buf *out, int depth)
{
    slu_bench_require(self->bench,
                      slu_buf_printf(out, "\n%*s", 2 * depth, "") == SLU_ERR_OK,
                      "out of memory");
}

static void put_byte(struct scene *self, struct slu_buf *out, char byte)
{
    slu_bench_require(
        self->bench, slu_buf_append(out, slu_view_make(&byte, 1)) == SLU_ERR_OK,
        "out of memory");
}

/* The page as a server writes it that indents what it sends. */
static void indent_page(struct scene *self)
{
    bool in_string = false, escaped = false;
    int depth = 0;
    struct slu_buf out;

    slu_buf_init(&out, self->bench->alloc, PAGE_MAX);
    for (size_t i = 0; i < self->page.len; i++) {
        char c = self->page.ptr[i];

        if (!in_string && (c == '}' || c == ']')) {
            put_line(self, &out, --depth);
        }
        put_byte(self, &out, c);
        if (!in_string && (c == '{' || c == '[' || c == ',')) {
            depth += c != ',';
            put_line(self, &out, depth);
        } else if (!in_string && c == ':') {
            put_byte(self, &out, ' ');
        }
        in_string ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    slu_buf_fini(&self->page);
    self->page = out;
}

static void make_page(struct scene *self, const struct page_kind *kind,
                      struct slu_bench_pages_tally *out_made)
{
    struct slu_bench_pages pages = kind->pages;
    char *padding = NULL;

    pages.seed = self->bench->seed;
    if (self->bench->size == SLU_BENCH_SMOKE && !pages.stream) {
        pages.items /= 10;
    }
    pages.newest_s = NEWEST;
    slu_buf_init(&self->page, self->bench->alloc, PAGE_MAX);
    slu_bench_page(self->bench, &pages, 0, NULL, &self->page, out_made);
    if (kind->indented) {
        indent_page(self);
    }
    self->len = self->page.len;
    slu_bench_require(
        self->bench,
        slu_buf_reserve(&self->page, SLU_JSON_PADDING, &padding) == SLU_ERR_OK,
        "out of memory");
    memset(padding, 0, SLU_JSON_PADDING);
}

static void run_kind(struct slu_bench *bench, const struct page_kind *kind)
{
    const struct slu_json_split_options options = {
        .alloc = bench->alloc,
        .array = kind->pages.stream ? "data" : "iocs",
        .members = {"error"},
        .record_max = RECORD_MAX,
    };
    struct scene scene = {
        .bench = bench,
        .stream = kind->pages.stream,
        .repeats = 1,
        .split = slu_json_split_new(&options),
        .reader = slu_gti_reader_new(bench->alloc),
        .rival = slu_bench_json_rival_new(),
    };
    struct slu_bench_pages_tally made = {0};

    slu_bench_require(bench,
                      scene.split != NULL && scene.reader != NULL &&
                          scene.rival != NULL,
                      "out of memory");
    make_page(&scene, kind, &made);
    check(&scene, &made);
    choose_repeats(&scene);
    measure(&scene, kind);
    slu_buf_fini(&scene.page);
    slu_bench_json_rival_free(scene.rival);
    slu_gti_reader_free(scene.reader);
    slu_json_split_free(scene.split);
}

static void run(struct slu_bench *bench)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        run_kind(bench, &kinds[i]);
    }
}

const struct slu_bench_case slu_bench_case_json = {
    .name = "json",
    .title = "JSON",
    .what = "Pages of Google Threat Intelligence in memory: the splitter gets "
            "them in pieces of 256 KB and cuts them into records, the reader "
            "takes the wanted members of each. simdjson On-Demand takes the "
            "same members, but has the page as a whole. CPU time.",
    .needs = "",
    .normal = true,
    .run = run,
};
