/* SPDX-License-Identifier: Apache-2.0 */
#define SIMDJSON_EXCEPTIONS 0
/* As codecs/json_read.cc has it: one program, one parser. */
#define SIMDJSON_DEVELOPMENT_CHECKS 0

#include "bench/rival_json.h"
#include "codecs/json_split.h"

#include <new>
#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

struct slu_bench_json_rival {
    ondemand::parser parser;
};

namespace
{

/* Members that are absent or of another kind count as nothing. */
template <typename error>
void accept(error)
{
}

bool read_assessment(ondemand::object object,
                     struct slu_bench_json_tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        std::string_view verdict;
        int64_t score = 0;

        if (field.key().get(key) != simdjson::SUCCESS) {
            return false;
        }
        if (key == "threat_score") {
            accept(field.value()["value"].get_int64().get(score));
            tally->sum += (uint64_t)score;
        } else if (key == "verdict") {
            accept(field.value()["value"].get_string().get(verdict));
            tally->malicious += verdict == "VERDICT_MALICIOUS";
        }
    }
    return true;
}

bool read_attributes(ondemand::object object,
                     struct slu_bench_json_tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        ondemand::object assessment;
        int64_t modified = 0;

        if (field.key().get(key) != simdjson::SUCCESS) {
            return false;
        }
        if (key == "last_modification_date") {
            accept(field.value().get_int64().get(modified));
            tally->sum += (uint64_t)modified;
        } else if (key == "gti_assessment" &&
                   field.value().get_object().get(assessment) ==
                       simdjson::SUCCESS &&
                   !read_assessment(assessment, tally)) {
            return false;
        }
    }
    return true;
}

bool read_context(ondemand::object object, struct slu_bench_json_tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        int64_t date = 0;

        if (field.key().get(key) != simdjson::SUCCESS) {
            return false;
        }
        if (key == "notification_date") {
            accept(field.value().get_int64().get(date));
            tally->sum += (uint64_t)date;
        }
    }
    return true;
}

bool read_data(ondemand::object object, bool stream,
               struct slu_bench_json_tally *tally)
{
    for (auto field : object) {
        ondemand::raw_json_string key;
        ondemand::object inner;
        std::string_view text;

        if (field.key().get(key) != simdjson::SUCCESS) {
            return false;
        }
        if (key == "type") {
            accept(field.value().get_string().get(text));
        } else if (key == "id") {
            if (field.value().get_string().get(text) != simdjson::SUCCESS ||
                text.empty()) {
                return false;
            }
            tally->sum += slu_bench_json_id(text.data(), text.size());
        } else if (key == "attributes") {
            if (field.value().get_object().get(inner) != simdjson::SUCCESS ||
                !read_attributes(inner, tally)) {
                return false;
            }
        } else if (stream && key == "context_attributes") {
            if (field.value().get_object().get(inner) != simdjson::SUCCESS ||
                !read_context(inner, tally)) {
                return false;
            }
        }
    }
    return true;
}

} // namespace

struct slu_bench_json_rival *slu_bench_json_rival_new(void)
{
    return new (std::nothrow) slu_bench_json_rival;
}

void slu_bench_json_rival_free(struct slu_bench_json_rival *self)
{
    delete self;
}

bool slu_bench_json_rival_read(struct slu_bench_json_rival *self,
                               struct slu_view page, bool stream,
                               struct slu_bench_json_tally *io_tally)
{
    ondemand::document document;
    ondemand::array items;
    simdjson::padded_string_view view(page.ptr, page.len,
                                      page.len + SLU_JSON_PADDING);

    if (self->parser.iterate(view).get(document) != simdjson::SUCCESS ||
        document[stream ? "data" : "iocs"].get_array().get(items) !=
            simdjson::SUCCESS) {
        return false;
    }
    for (auto item : items) {
        ondemand::object object;
        bool good = (stream ? item.get_object().get(object)
                            : item["data"].get_object().get(object)) ==
                    simdjson::SUCCESS;

        if (!good || !read_data(object, stream, io_tally)) {
            return false;
        }
        io_tally->records++;
    }
    return true;
}
