/* SPDX-License-Identifier: Apache-2.0 */
#define SIMDJSON_EXCEPTIONS 0
#include "support/json_dom.h"

#include <cstdlib>
#include <simdjson.h>
#include <string>

namespace
{

using simdjson::dom::element;

/* Keeps the parser, which owns the parsed text, for as long as the element. */
struct document {
    simdjson::dom::parser parser;
    element root;

    bool parse(struct slu_view text)
    {
        return parser.parse(text.ptr, text.len, true).get(root) ==
               simdjson::SUCCESS;
    }
};

char *duplicate(const std::string &text)
{
    char *copy = static_cast<char *>(std::malloc(text.size() + 1));

    if (copy == nullptr) {
        std::abort();
    }
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
}

bool find_member(element root, std::string_view name, int index, element *out)
{
    simdjson::dom::object object;

    if (root.get(object) != simdjson::SUCCESS) {
        return false;
    }
    for (auto field : object) {
        if (field.key == name && index-- == 0) {
            *out = field.value;
            return true;
        }
    }
    return false;
}

} // namespace

char *json_dom_minify(struct slu_view text)
{
    document doc;

    return doc.parse(text) ? duplicate(simdjson::minify(doc.root)) : nullptr;
}

char *json_dom_get(struct slu_view text, const char *path)
{
    document doc;
    std::string_view rest(path);
    std::string_view string;

    if (!doc.parse(text)) {
        return nullptr;
    }
    element at = doc.root;
    while (!rest.empty()) {
        size_t dot = rest.find('.');
        element next;

        if (!find_member(at, rest.substr(0, dot), 0, &next)) {
            return nullptr;
        }
        at = next;
        rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
    }
    if (at.get(string) == simdjson::SUCCESS) {
        return duplicate(std::string(string));
    }
    return duplicate(simdjson::minify(at));
}

int json_dom_count_members(struct slu_view text, const char *name)
{
    document doc;
    simdjson::dom::object object;
    int count = 0;

    if (!doc.parse(text) || doc.root.get(object) != simdjson::SUCCESS) {
        return -1;
    }
    for (auto field : object) {
        count += field.key == name ? 1 : 0;
    }
    return count;
}

char *json_dom_member(struct slu_view text, const char *name, int index)
{
    document doc;
    element value;

    if (!doc.parse(text) || !find_member(doc.root, name, index, &value)) {
        return nullptr;
    }
    return duplicate(simdjson::minify(value));
}

char *json_dom_elements(struct slu_view text, const char *name)
{
    document doc;
    element value;
    simdjson::dom::array array;
    std::string out;

    if (!doc.parse(text) || !find_member(doc.root, name, 0, &value) ||
        value.get(array) != simdjson::SUCCESS) {
        return nullptr;
    }
    for (element item : array) {
        out += simdjson::minify(item);
        out += '\n';
    }
    return duplicate(out);
}
