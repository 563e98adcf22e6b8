/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the reader's long way, simdjson On-Demand, for json_read.cc alone,
 * which says how it is used. A text is walked once, object by object; each key
 * is looked up among the children of the node at hand (json_paths.h), and a
 * value that no node stands for is skipped by On-Demand.
 *
 * A string without a backslash is handed out where it lies in the text; only
 * one with a backslash is unescaped, into a buffer of ours. (simdjson 3.0 has
 * one too, but doesn't check that it was allocated.)
 */
#ifndef SLU_CODECS_JSON_READ_DEMAND_H
#define SLU_CODECS_JSON_READ_DEMAND_H

#define SIMDJSON_EXCEPTIONS 0
/* Its debugging aid, on by default in debug builds, has an allocation that
 * isn't checked. The fuzzers turn it on. */
#ifndef SIMDJSON_DEVELOPMENT_CHECKS
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#endif

#include "codecs/buf.h"
#include "codecs/json_number.h"
#include "codecs/json_paths.h"
#include "codecs/json_scan.h"
#include "codecs/json_split.h"
#include "codecs/lanes.h"

#include <cstring>
#include <simdjson.h>

namespace
{

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

constexpr size_t first_capacity = 4096;
constexpr unsigned none = SLU_JSON_PATH_NONE;
/* simdjson takes no longer text. */
constexpr size_t text_max = UINT32_MAX;

enum class walk { on, stop, failed };

/*
 * The walk is one function that calls itself for a nested object: On-Demand's
 * iterators then stay in registers. With calls between, they are stored in
 * halves and loaded whole, and each such load stalls (measured: a third of the
 * reader's time).
 */
#define INLINE inline __attribute__((always_inline))

} // namespace

struct slu_json_reader {
    const struct slu_alloc *alloc;
    struct slu_json_paths paths;
    unsigned field_count;
    /* NULL: no short way, for these paths or on this CPU */
    const struct slu_json_kernel *kernel;
    struct slu_json_index index; /* of a text that came without */
    struct slu_json_memo memo;
    struct slu_buf text; /* unescaped strings of this pass */
    ondemand::parser parser;
};

namespace
{

/* What holds for one pass. */
struct pass {
    struct slu_json_reader *reader;
    size_t text_len;
    slu_json_value_fn on_value;
    void *ctx;
    uint32_t element;
    unsigned unmet; /* fields not yet met */
    bool met[SLU_JSON_FIELDS_MAX];
    unsigned known; /* values that the short way has reported */
    error_code error;
};

/* --- values ------------------------------------------------------------ */

INLINE walk fail(struct pass *pass, error_code error)
{
    pass->error = error;
    return walk::failed;
}

INLINE walk report(struct pass *pass, const struct slu_json_path_node *node,
                   struct slu_json_value *value)
{
    value->element = pass->element;
    if (!pass->met[node->field]) {
        pass->met[node->field] = true;
        pass->unmet--;
    }
    if (pass->known > 0) {
        pass->known--;
    } else if (!pass->on_value(pass->ctx, node->field, value)) {
        return walk::stop;
    }
    return pass->unmet == 0 && !pass->reader->paths.has_each ? walk::stop
                                                             : walk::on;
}

/*
 * The bytes of a key or string, up to its closing quote or its first backslash;
 * the padding behind the text makes the last load safe. A lane that equals the
 * wanted byte becomes zero by XOR, and subtracting 1 borrows into its top bit;
 * the lowest such lane is exact, those above it may not be.
 */
INLINE struct slu_view measure_string(const char *ptr)
{
    constexpr uint64_t ones = UINT64_C(0x0101010101010101);
    size_t len = 0;
    uint64_t hits;

    for (;; len += sizeof(uint64_t)) {
        uint64_t word = slu_lanes_load(ptr + len);
        uint64_t quote = word ^ (ones * '"');
        uint64_t backslash = word ^ (ones * '\\');

        hits = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) &
               (ones * 0x80);
        if (hits != 0) {
            len += (size_t)__builtin_ctzll(hits) / 8;
            return slu_view_make(ptr, len);
        }
    }
}

/*
 * All strings of a text unescaped are no longer than the text, so room for
 * that is made once a pass, and what was handed out never moves.
 */
error_code unescape(struct pass *pass, ondemand::raw_json_string raw,
                    struct slu_view *out)
{
    struct slu_buf *buf = &pass->reader->text;
    std::string_view text;
    char *room;

    if (slu_buf_reserve(buf,
                        buf->len == 0 ? pass->text_len + SLU_JSON_PADDING
                                      : SLU_JSON_PADDING,
                        &room) != SLU_ERR_OK) {
        return simdjson::MEMALLOC;
    }
    uint8_t *end = reinterpret_cast<uint8_t *>(room);
    error_code error = pass->reader->parser.unescape(raw, end).get(text);

    if (error == simdjson::SUCCESS) {
        slu_buf_commit(buf, text.size());
        *out = slu_view_make(text.data(), text.size());
    }
    return error;
}

INLINE error_code read_string(struct pass *pass, ondemand::value *value,
                              struct slu_json_value *out)
{
    ondemand::raw_json_string raw;
    error_code error = value->get_raw_json_string().get(raw);

    out->kind = SLU_JSON_STRING;
    if (error != simdjson::SUCCESS) {
        return error;
    }
    out->text = measure_string(raw.raw());
    return out->text.ptr[out->text.len] == '"'
               ? error
               : unescape(pass, raw, &out->text);
}

/* A getter that fails leaves On-Demand where it was, so a number that is no
 * int64_t may be asked for again as a double. */
INLINE error_code read_number(ondemand::value *value,
                              struct slu_json_value *out)
{
    std::string_view token = value->raw_json_token();
    error_code error = value->get_int64().get(out->integer);

    if (error == simdjson::SUCCESS) {
        out->kind = SLU_JSON_INT;
        out->number = (double)out->integer;
        return error;
    }
    out->kind = SLU_JSON_DOUBLE;
    out->integer = 0;
    error = value->get_double().get(out->number);
    if (error != simdjson::SUCCESS || token.size() > 18) {
        error = slu_json_number_parse(slu_view_make(token.data(), token.size()),
                                      &out->number)
                    ? simdjson::SUCCESS
                    : simdjson::NUMBER_ERROR;
    }
    if (error == simdjson::SUCCESS && out->number > -9.2e18 &&
        out->number < 9.2e18) {
        out->integer = (int64_t)out->number;
    }
    return error;
}

INLINE error_code read_null(ondemand::value *value, struct slu_json_value *out)
{
    bool is_null = false;
    error_code error = value->is_null().get(is_null);

    out->kind = SLU_JSON_NULL;
    return error == simdjson::SUCCESS && !is_null ? simdjson::N_ATOM_ERROR
                                                  : error;
}

INLINE error_code read_scalar(struct pass *pass, ondemand::value *value,
                              ondemand::json_type type,
                              struct slu_json_value *out)
{
    switch (type) {
    case ondemand::json_type::string:
        return read_string(pass, value, out);
    case ondemand::json_type::number:
        return read_number(value, out);
    case ondemand::json_type::boolean:
        out->kind = SLU_JSON_BOOL;
        return value->get_bool().get(out->boolean);
    default:
        return read_null(value, out);
    }
}

/* --- the walk ---------------------------------------------------------- */

INLINE error_code read_key(struct pass *pass,
                           simdjson::simdjson_result<ondemand::field> *field,
                           struct slu_view *out_key)
{
    ondemand::raw_json_string raw;
    error_code error = field->key().get(raw);

    if (error != simdjson::SUCCESS) {
        return error;
    }
    *out_key = measure_string(raw.raw());
    return out_key->ptr[out_key->len] == '"' ? error
                                             : unescape(pass, raw, out_key);
}

INLINE walk walk_value(struct pass *pass, unsigned at, ondemand::value *value);
walk walk_object(struct pass *pass, unsigned at, ondemand::object *object);
walk walk_array(struct pass *pass, unsigned at, ondemand::array *array);

INLINE walk walk_field(struct pass *pass, unsigned at,
                       simdjson::simdjson_result<ondemand::field> *field)
{
    struct slu_view key;
    ondemand::value value;
    error_code error = read_key(pass, field, &key);
    unsigned child;

    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    child = slu_json_paths_child(&pass->reader->paths, at, key);
    if (child == none) {
        return walk::on;
    }
    error = field->value().get(value);
    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    return walk_value(pass, child, &value);
}

walk walk_object(struct pass *pass, unsigned at, ondemand::object *object)
{
    for (auto field : *object) {
        walk result = walk_field(pass, at, &field);

        if (result != walk::on) {
            return result;
        }
    }
    return walk::on;
}

/* at: the node of the elements, or none to skip them. */
walk walk_array(struct pass *pass, unsigned at, ondemand::array *array)
{
    uint32_t outer = pass->element;
    uint32_t ordinal = 0;

    for (auto item : *array) {
        ondemand::value value;
        error_code error = item.get(value);

        if (error != simdjson::SUCCESS) {
            return fail(pass, error);
        }
        pass->element = ordinal++;
        walk result = at == none ? walk::on : walk_value(pass, at, &value);

        if (result != walk::on) {
            return result;
        }
    }
    pass->element = outer;
    return walk::on;
}

/* A container that nothing is wanted of is left alone: On-Demand skips it. */
INLINE walk enter_value(struct pass *pass,
                        const struct slu_json_path_node *node,
                        ondemand::value *value, bool is_object)
{
    ondemand::object object;
    ondemand::array array;
    error_code error = simdjson::SUCCESS;

    if (is_object && node->child != none) {
        error = value->get_object().get(object);
        return error == simdjson::SUCCESS
                   ? walk_object(pass,
                                 (unsigned)(node - pass->reader->paths.nodes),
                                 &object)
                   : fail(pass, error);
    }
    if (!is_object && node->each != none) {
        error = value->get_array().get(array);
        return error == simdjson::SUCCESS ? walk_array(pass, node->each, &array)
                                          : fail(pass, error);
    }
    return walk::on;
}

INLINE walk walk_value(struct pass *pass, unsigned at, ondemand::value *value)
{
    const struct slu_json_path_node *node = &pass->reader->paths.nodes[at];
    struct slu_json_value out = {};
    ondemand::json_type type;
    error_code error = value->type().get(type);
    bool is_object = type == ondemand::json_type::object;
    bool is_scalar = !is_object && type != ondemand::json_type::array;

    if (error == simdjson::SUCCESS && is_scalar && node->field != none) {
        error = read_scalar(pass, value, type, &out);
    }
    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    if (!is_scalar) {
        out.kind = is_object ? SLU_JSON_OBJECT : SLU_JSON_ARRAY;
    }
    if (node->field != none) {
        walk result = report(pass, node, &out);

        if (result != walk::on) {
            return result;
        }
    }
    return is_scalar ? walk::on : enter_value(pass, node, value, is_object);
}

walk walk_root(struct pass *pass, ondemand::document *doc)
{
    ondemand::json_type type;
    ondemand::object object;
    ondemand::array array;
    error_code error = doc->type().get(type);
    walk result = walk::on;

    if (error == simdjson::SUCCESS && type == ondemand::json_type::object) {
        error = doc->get_object().get(object);
        result = error == simdjson::SUCCESS ? walk_object(pass, 0, &object)
                                            : walk::on;
    } else if (error == simdjson::SUCCESS &&
               type == ondemand::json_type::array) {
        error = doc->get_array().get(array);
        if (error == simdjson::SUCCESS) {
            result =
                walk_array(pass, pass->reader->paths.nodes[0].each, &array);
        }
    } else if (error == simdjson::SUCCESS) {
        error = simdjson::INCORRECT_TYPE;
    }
    return error == simdjson::SUCCESS ? result : fail(pass, error);
}

} // namespace

#endif
