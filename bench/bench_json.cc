/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: sluice-bench-json PAGE [ROUNDS]
 * How fast one threat list page is read, given to the splitter in pieces of
 * 64 KB, beside simdjson On-Demand reading the same members of the whole page
 * in memory. The ways take turns, so that both have the same machine; printed
 * are the median and the best of all rounds (default 100), in GB/s of
 * CPU time.
 *
 * PAGE is the body of an answer, as from
 *     curl -H "x-apikey: ..." .../api/v3/threat_lists/malware/HOUR?limit=4000
 */
#define SIMDJSON_EXCEPTIONS 0

extern "C" {
#include "codecs/gti.h"
}
#include "bench/measure.h"

#include <simdjson.h>

namespace
{

namespace ondemand = simdjson::ondemand;

/* What both ways must agree on. */
struct tally {
    size_t records;
    uint64_t sum; /* of the ids' lengths, the scores and the dates */
};

/* reader: NULL to split only. */
struct tally split_page(struct slu_json_split *split,
                        struct slu_gti_reader *reader, struct slu_view page)
{
    struct tally tally = {};
    struct slu_json_event event;
    struct slu_gti_item item;

    slu_json_split_reset(split);
    for (size_t at = 0; at < page.len; at += piece_size) {
        slu_json_split_feed(
            split,
            slu_view_make(page.ptr + at, std::min(piece_size, page.len - at)));
        while (slu_json_split_next(split, &event) == SLU_JSON_RECORD) {
            tally.records++;
            if (reader == nullptr) {
                continue;
            }
            if (slu_gti_read_item(reader, SLU_GTI_LIST_ITEM, event.text, &item,
                                  nullptr) != SLU_ERR_OK) {
                give_up("an item isn't readable");
            }
            tally.sum += item.id.len + item.score +
                         (uint64_t)item.last_modification_date;
        }
    }
    if (slu_json_split_finish(split) != SLU_ERR_OK) {
        give_up(slu_json_split_error(split)->text);
    }
    return tally;
}

void read_assessment(ondemand::object object, struct tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        std::string_view verdict;
        int64_t score = 0;

        if (field.key().get(key) != simdjson::SUCCESS) {
            give_up("an item isn't readable");
        }
        if (key == "threat_score") {
            accept(field.value()["value"].get_int64().get(score));
            tally->sum += (uint64_t)score;
        } else if (key == "verdict") {
            accept(field.value()["value"].get_string().get(verdict));
        }
    }
}

void read_attributes(ondemand::object object, struct tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        ondemand::object assessment;
        int64_t modified = 0;

        if (field.key().get(key) != simdjson::SUCCESS) {
            give_up("an item isn't readable");
        }
        if (key == "last_modification_date") {
            accept(field.value().get_int64().get(modified));
            tally->sum += (uint64_t)modified;
        } else if (key == "gti_assessment" &&
                   field.value().get_object().get(assessment) ==
                       simdjson::SUCCESS) {
            read_assessment(assessment, tally);
        }
    }
}

void read_data(ondemand::object object, struct tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        ondemand::object attributes;
        std::string_view text;

        if (field.key().get(key) != simdjson::SUCCESS) {
            give_up("an item isn't readable");
        }
        if (key == "type") {
            accept(field.value().get_string().get(text));
        } else if (key == "id") {
            accept(field.value().get_string().get(text));
            tally->sum += text.size();
        } else if (key == "attributes" &&
                   field.value().get_object().get(attributes) ==
                       simdjson::SUCCESS) {
            read_attributes(attributes, tally);
        }
    }
}

struct tally read_whole(ondemand::parser *parser, struct slu_view page)
{
    struct tally tally = {};
    ondemand::document document;
    ondemand::array items;
    simdjson::padded_string_view view(page.ptr, page.len,
                                      page.len + SLU_JSON_PADDING);

    if (parser->iterate(view).get(document) != simdjson::SUCCESS ||
        document["iocs"].get_array().get(items) != simdjson::SUCCESS) {
        give_up("the page isn't an object with iocs");
    }
    for (auto item : items) {
        ondemand::object data;

        if (item["data"].get_object().get(data) != simdjson::SUCCESS) {
            give_up("an item has no data");
        }
        tally.records++;
        read_data(data, &tally);
    }
    return tally;
}

void print_speed(const char *name, std::vector<double> times, size_t len)
{
    std::sort(times.begin(), times.end());
    (void)printf("%-18s median %5.2f  best %5.2f GB/s\n", name,
                 (double)len / times[times.size() / 2] / 1e9,
                 (double)len / times[0] / 1e9);
}

void run_rounds(struct slu_view page, unsigned rounds)
{
    struct slu_json_split_options options = {};
    std::vector<double> times[3];
    ondemand::parser parser;

    options.alloc = slu_alloc_default();
    options.array = "iocs";
    options.record_max = record_max;
    struct slu_json_split *split = slu_json_split_new(&options);
    struct slu_gti_reader *reader = slu_gti_reader_new(options.alloc);

    if (split == nullptr || reader == nullptr) {
        give_up("out of memory");
    }
    for (unsigned i = 0; i < rounds; i++) {
        double start = cpu_seconds();
        (void)split_page(split, nullptr, page);
        times[0].push_back(cpu_seconds() - start);
        start = cpu_seconds();
        struct tally ours = split_page(split, reader, page);
        times[1].push_back(cpu_seconds() - start);
        start = cpu_seconds();
        struct tally theirs = read_whole(&parser, page);
        times[2].push_back(cpu_seconds() - start);
        if (ours.records != theirs.records || ours.sum != theirs.sum) {
            give_up("the two ways don't agree");
        }
    }
    print_speed("splitter", times[0], page.len);
    print_speed("splitter, reader", times[1], page.len);
    print_speed("simdjson alone", times[2], page.len);
    slu_gti_reader_free(reader);
    slu_json_split_free(split);
}

} // namespace

int main(int argc, char **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 100;

    if (argc < 2 || rounds == 0) {
        give_up("usage: sluice-bench-json PAGE [ROUNDS]");
    }
    size_t len;
    std::string text = read_page(argv[1], &len);

    run_rounds(slu_view_make(text.data(), len), rounds);
    return 0;
}
