/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: sluice-bench-findings PAGE [ROUNDS]
 * How fast a page of findings becomes rows of NDJSON, in memory. PAGE is
 * {"findings":[...]}, as GetFindings answers; bench/findings.py makes one. The
 * ways take turns, so that all have the same machine; printed is the best
 * of all rounds (default 30), in CPU time:
 *
 *     splitter         the bytes, in pieces of 64 KB, cut into findings
 *     extraction       the same, and each finding read and its rows' texts made
 *     rows             the same, and the rows written as NDJSON
 *     NDJSON alone     the same rows written, the findings having been read
 *     simdjson, three  simdjson On-Demand over the whole page in memory, taking
 *                      id, type and severity of each finding
 *     simdjson, all    the same, walking through every member of each finding
 *
 * It also tells how often memory was asked for by all rounds but the first.
 */
#define SIMDJSON_EXCEPTIONS 0
/* As codecs/json_read.cc has it: one program, one parser. */
#define SIMDJSON_DEVELOPMENT_CHECKS 0

extern "C" {
#include "codecs/row_ndjson.h"
#include "sources/guardduty.h"
}
#include "bench/measure.h"

#include <deque>
#include <simdjson.h>

namespace
{

namespace ondemand = simdjson::ondemand;

constexpr size_t rows_max = (size_t)1 << 30;
/* Of the library's own allocator; simdjson asks only when it meets a longer
 * record than before. */
unsigned long allocations;

void *count_realloc(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    const struct slu_alloc *alloc = slu_alloc_default();

    (void)ctx;
    allocations += new_len > 0;
    return alloc->realloc_fn(alloc->ctx, ptr, old_len, new_len);
}

/* A row whose texts outlive the finding. */
struct kept_row {
    struct slu_row row;
    std::deque<std::string> texts;
    std::vector<struct slu_view> tags;

    struct slu_view keep(struct slu_view text)
    {
        if (text.ptr == nullptr) {
            return text;
        }
        texts.emplace_back(text.ptr, text.len);
        return slu_view_make(texts.back().data(), texts.back().size());
    }
};

struct bench {
    struct slu_alloc alloc;
    struct slu_source_port port;
    struct slu_guardduty_config config;
    struct slu_unit unit;
    struct slu_json_split *split;
    struct slu_extract *extract;
    struct slu_buf out;
    std::deque<struct kept_row> *kept; /* NULL: rows are not kept */
    bool write;
    size_t rows;
    size_t findings;
};

void keep_row(struct bench *self, const struct slu_row *row)
{
    self->kept->emplace_back();
    struct kept_row &kept = self->kept->back();

    kept.row = *row;
    for (unsigned i = 0; i < row->tag_count; i++) {
        kept.tags.push_back(kept.keep(row->tags[i]));
    }
    kept.row.tags = kept.tags.data();
    for (struct slu_view *text :
         {&kept.row.value, &kept.row.comments, &kept.row.first_seen,
          &kept.row.last_seen, &kept.row.finding_id, &kept.row.finding_arn,
          &kept.row.finding_type, &kept.row.account, &kept.row.region}) {
        *text = kept.keep(*text);
    }
}

enum slu_err on_finding(void *ctx, struct slu_unit *unit,
                        const struct slu_finding_key *key)
{
    (void)ctx;
    (void)unit;
    (void)key;
    return SLU_ERR_OK;
}

enum slu_err on_row(void *ctx, struct slu_unit *unit, const struct slu_row *row)
{
    struct bench *self = (struct bench *)ctx;

    (void)unit;
    self->rows++;
    if (self->kept != nullptr) {
        keep_row(self, row);
    }
    return self->write ? slu_row_ndjson_append(row, &self->out) : SLU_ERR_OK;
}

void on_count(void *ctx, struct slu_unit *unit, enum slu_reason reason)
{
    (void)ctx;
    (void)unit;
    (void)reason;
}

void on_log(void *ctx, enum slu_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

void open_bench(struct bench *self)
{
    static const char *const groups[] = {"network_connection", "port_probe",
                                         "dns_request", "ebs_volume_scan"};
    struct slu_json_split_options options = {};

    self->alloc.realloc_fn = count_realloc;
    self->config.indicators.items = groups;
    self->config.indicators.count = 4;
    self->config.finding_compat = "none";
    self->port.ctx = self;
    self->port.finding = on_finding;
    self->port.row = on_row;
    self->port.count = on_count;
    self->port.log = on_log;
    self->port.record_bytes = record_max;
    options.alloc = &self->alloc;
    options.array = "findings";
    options.record_max = record_max;
    self->split = slu_json_split_new(&options);
    self->extract = slu_extract_new(&self->alloc, &self->config, &self->port);
    slu_buf_init(&self->out, &self->alloc, rows_max);
    if (self->split == nullptr || self->extract == nullptr) {
        give_up("out of memory");
    }
}

void close_bench(struct bench *self)
{
    slu_json_split_free(self->split);
    slu_extract_free(self->extract);
    slu_buf_fini(&self->out);
}

void run_page(struct bench *self, struct slu_view page, bool extract)
{
    struct slu_json_event event;
    struct slu_extracted extracted;

    self->rows = 0;
    self->findings = 0;
    slu_buf_clear(&self->out);
    slu_json_split_reset(self->split);
    for (size_t at = 0; at < page.len; at += piece_size) {
        slu_json_split_feed(
            self->split,
            slu_view_make(page.ptr + at, std::min(piece_size, page.len - at)));
        while (slu_json_split_next(self->split, &event) == SLU_JSON_RECORD) {
            self->findings++;
            if (extract &&
                slu_extract_record(self->extract, &self->unit, &event,
                                   &extracted) != SLU_ERR_OK) {
                give_up("a finding could not be extracted");
            }
        }
    }
    if (slu_json_split_finish(self->split) != SLU_ERR_OK) {
        give_up(slu_json_split_error(self->split)->text);
    }
}

void write_kept(struct bench *self)
{
    slu_buf_clear(&self->out);
    for (const struct kept_row &kept : *self->kept) {
        if (slu_row_ndjson_append(&kept.row, &self->out) != SLU_ERR_OK) {
            give_up("a row could not be written");
        }
    }
}

/* ---- simdjson alone ---- */

size_t walk(ondemand::value value)
{
    ondemand::json_type type = ondemand::json_type::null;
    size_t count = 1;
    std::string_view text;

    accept(value.type().get(type));
    if (type == ondemand::json_type::object) {
        ondemand::object object;

        accept(value.get_object().get(object));
        for (auto field : object) {
            count += walk(field.value().value_unsafe());
        }
    } else if (type == ondemand::json_type::array) {
        ondemand::array array;

        accept(value.get_array().get(array));
        for (auto item : array) {
            count += walk(item.value_unsafe());
        }
    } else if (type == ondemand::json_type::string) {
        accept(value.get_string().get(text));
        count += text.size();
    }
    return count;
}

/* Three members, in any order; what lies behind the last isn't entered. */
size_t take_three(ondemand::value value)
{
    ondemand::object object;
    std::string_view text;
    double severity = 0;
    size_t sum = 0;

    accept(value.get_object().get(object));
    for (auto field : object) {
        ondemand::raw_json_string key;

        accept(field.key().get(key));
        if (key == "id" || key == "type") {
            accept(field.value().get_string().get(text));
            sum += text.size();
        } else if (key == "severity") {
            accept(field.value().get_double().get(severity));
            sum += (size_t)severity;
        }
    }
    return sum;
}

size_t read_whole(ondemand::parser *parser, struct slu_view page, bool all)
{
    ondemand::document document;
    ondemand::array items;
    size_t findings = 0;
    static volatile size_t sink;
    simdjson::padded_string_view view(page.ptr, page.len,
                                      page.len + SLU_JSON_PADDING);

    if (parser->iterate(view).get(document) != simdjson::SUCCESS ||
        document["findings"].get_array().get(items) != simdjson::SUCCESS) {
        give_up("the page isn't an object with findings");
    }
    for (auto item : items) {
        ondemand::value value;

        accept(item.get(value));
        sink = sink + (all ? walk(value) : take_three(value));
        findings++;
    }
    return findings;
}

/* ---- rounds ---- */

double best_of(const std::vector<double> &times)
{
    return *std::min_element(times.begin(), times.end());
}

enum way { SPLIT, EXTRACT, ROWS, NDJSON, THREE, ALL, WAYS };

constexpr const char *names[WAYS] = {
    "splitter",     "extraction",      "rows",
    "NDJSON alone", "simdjson, three", "simdjson, all"};

void run_way(struct bench *self, ondemand::parser *parser, struct slu_view page,
             enum way way)
{
    self->write = way == ROWS;
    switch (way) {
    case SPLIT:
    case EXTRACT:
    case ROWS:
        run_page(self, page, way != SPLIT);
        break;
    case NDJSON:
        write_kept(self);
        break;
    default:
        if (read_whole(parser, page, way == ALL) != self->findings) {
            give_up("the ways don't agree on the number of findings");
        }
    }
}

void print_way(const struct bench *self, enum way way, double seconds,
               size_t len, double whole)
{
    (void)printf("%-16s %6.2f GB/s %10.0f findings/s %6.0f ns/finding  "
                 "x%.2f\n",
                 names[way], (double)len / seconds / 1e9,
                 (double)self->findings / seconds,
                 seconds * 1e9 / (double)self->findings, whole / seconds);
}

void run_rounds(struct bench *self, struct slu_view page, unsigned rounds)
{
    std::vector<double> times[WAYS];
    std::deque<struct kept_row> kept;
    ondemand::parser parser;
    unsigned long before = 0;

    self->kept = &kept;
    run_page(self, page, true);
    for (unsigned i = 0; i < rounds + 1; i++) {
        before = i == 1 ? allocations : before;
        for (int way = 0; way < WAYS; way++) {
            self->kept = way == NDJSON ? &kept : nullptr;
            double start = cpu_seconds();

            run_way(self, &parser, page, (enum way)way);
            times[way].push_back(cpu_seconds() - start);
        }
    }
    run_page(self, page, true);
    (void)printf("%zu findings of %zu bytes, %zu rows; x: as fast as simdjson, "
                 "three\n",
                 self->findings, page.len / self->findings, self->rows);
    for (int way = 0; way < WAYS; way++) {
        print_way(self, (enum way)way, best_of(times[way]), page.len,
                  best_of(times[THREE]));
    }
    (void)printf("allocations behind the first round: %lu\n",
                 allocations - before);
}

} // namespace

int main(int argc, char **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 30;
    static struct bench bench;
    size_t len;

    if (argc < 2 || rounds == 0) {
        give_up("usage: sluice-bench-findings PAGE [ROUNDS]");
    }
    std::string page = read_page(argv[1], &len);

    open_bench(&bench);
    run_rounds(&bench, slu_view_make(page.data(), len), rounds);
    close_bench(&bench);
    return 0;
}
