/* SPDX-License-Identifier: Apache-2.0 */
#define SIMDJSON_EXCEPTIONS 0
/* As codecs/json_read.cc has it: one program, one parser. */
#define SIMDJSON_DEVELOPMENT_CHECKS 0

#include "bench/rival_findings.h"
#include "codecs/json_split.h"

#include <new>
#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

struct slu_bench_findings_rival {
    ondemand::parser parser;
    uint64_t sum; /* of what is read, so that reading isn't left out */
};

namespace
{

/* Every member, every element, every text unescaped. */
bool walk(ondemand::value value, uint64_t *io_sum)
{
    ondemand::json_type type = ondemand::json_type::null;
    ondemand::object object;
    ondemand::array array;
    std::string_view text;

    if (value.type().get(type) != simdjson::SUCCESS) {
        return false;
    }
    ++*io_sum;
    switch (type) {
    case ondemand::json_type::object:
        if (value.get_object().get(object) != simdjson::SUCCESS) {
            return false;
        }
        for (auto field : object) {
            ondemand::value inner;

            if (field.value().get(inner) != simdjson::SUCCESS ||
                !walk(inner, io_sum)) {
                return false;
            }
        }
        return true;
    case ondemand::json_type::array:
        if (value.get_array().get(array) != simdjson::SUCCESS) {
            return false;
        }
        for (auto item : array) {
            ondemand::value inner;

            if (item.get(inner) != simdjson::SUCCESS || !walk(inner, io_sum)) {
                return false;
            }
        }
        return true;
    case ondemand::json_type::string:
        if (value.get_string().get(text) != simdjson::SUCCESS) {
            return false;
        }
        *io_sum += text.size();
        return true;
    default:
        return true;
    }
}

/* Three members, in any order; what lies in the others isn't entered. */
bool take_three(ondemand::value value, uint64_t *io_sum, uint64_t *io_bytes)
{
    ondemand::object object;

    if (value.get_object().get(object) != simdjson::SUCCESS) {
        return false;
    }
    for (auto field : object) {
        ondemand::raw_json_string key;
        std::string_view text;
        double severity = 0;
        bool good = field.key().get(key) == simdjson::SUCCESS;

        if (good && (key == "id" || key == "type")) {
            good = field.value().get_string().get(text) == simdjson::SUCCESS;
            *io_bytes += key == "id" ? text.size() : 0;
        } else if (good && key == "severity") {
            good =
                field.value().get_double().get(severity) == simdjson::SUCCESS;
            *io_sum += (uint64_t)severity;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

} // namespace

struct slu_bench_findings_rival *slu_bench_findings_rival_new(void)
{
    return new (std::nothrow) slu_bench_findings_rival;
}

void slu_bench_findings_rival_free(struct slu_bench_findings_rival *self)
{
    delete self;
}

bool slu_bench_findings_rival_read(struct slu_bench_findings_rival *self,
                                   struct slu_view page, bool all,
                                   uint64_t *out_findings, uint64_t *out_bytes)
{
    ondemand::document document;
    ondemand::array items;
    simdjson::padded_string_view view(page.ptr, page.len,
                                      page.len + SLU_JSON_PADDING);

    *out_findings = 0;
    *out_bytes = 0;
    if (self->parser.iterate(view).get(document) != simdjson::SUCCESS ||
        document["findings"].get_array().get(items) != simdjson::SUCCESS) {
        return false;
    }
    for (auto item : items) {
        ondemand::value value;

        if (item.get(value) != simdjson::SUCCESS ||
            !(all ? walk(value, &self->sum)
                  : take_three(value, &self->sum, out_bytes))) {
            return false;
        }
        ++*out_findings;
    }
    return true;
}
