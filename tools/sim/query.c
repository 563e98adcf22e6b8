/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <string.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

/* Decodes `len` bytes to `out` and ends them with NUL; the decoded length,
   or -1 for a bad escape or a byte under 0x20. */
static long decode(const char *text, size_t len, bool plus, char *out)
{
    size_t to = 0;

    for (size_t at = 0; at < len; at++) {
        unsigned char byte = (unsigned char)text[at];

        if (byte == '%') {
            int high = at + 2 < len ? hex_digit(text[at + 1]) : -1;
            int low = at + 2 < len ? hex_digit(text[at + 2]) : -1;

            if (high < 0 || low < 0) {
                return -1;
            }
            byte = (unsigned char)(high * 16 + low);
            at += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte < 0x20 || byte == 0x7f) {
            return -1;
        }
        out[to++] = (char)byte;
    }
    out[to] = '\0';
    return (long)to;
}

/* One `name=value`; false if it can't be decoded. */
static bool parse_pair(struct sim_query *query, const char *text, size_t len,
                       size_t *used)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    size_t value_len = equals != NULL ? len - name_len - 1 : 0;
    char *name = query->text + *used;
    long name_out = decode(text, name_len, true, name);
    char *value = name + name_out + 1;
    long value_out;

    if (name_out < 0) {
        return false;
    }
    value_out =
        decode(equals != NULL ? equals + 1 : "", value_len, true, value);
    if (value_out < 0) {
        return false;
    }
    *used += (size_t)(name_out + value_out) + 2;
    query->name[query->count] = name;
    query->value[query->count++] = value;
    return true;
}

const char *sim_query_parse(struct sim_query *query, const char *target)
{
    size_t path_len = strcspn(target, "?");
    const char *at = target + path_len;
    size_t used = 0;

    query->count = 0;
    /* Decoding never grows, but a pair without `=` needs a byte more. */
    if (strlen(target) + SIM_QUERY_MAX + 2 > SIM_TARGET_MAX) {
        return "URL too long";
    }
    if (decode(target, path_len, false, query->path) < 0) {
        return "malformed URL";
    }
    while (*at == '?' || *at == '&') {
        size_t len = strcspn(++at, "&");

        if (len > 0 && query->count == SIM_QUERY_MAX) {
            return "too many parameters";
        }
        if (len > 0 && !parse_pair(query, at, len, &used)) {
            return "malformed query string";
        }
        at += len;
    }
    return NULL;
}

const char *sim_query_get(const struct sim_query *query, const char *name,
                          bool *repeated)
{
    const char *value = NULL;

    for (unsigned i = 0; i < query->count; i++) {
        if (strcmp(query->name[i], name) == 0) {
            *repeated = *repeated || value != NULL;
            value = query->value[i];
        }
    }
    return value;
}

bool sim_query_number(const char *text, int64_t *out)
{
    size_t len = strlen(text);

    if (len == 0 || len > 12 || strspn(text, "0123456789") != len) {
        return false;
    }
    *out = 0;
    for (; *text != '\0'; text++) {
        *out = *out * 10 + (*text - '0');
    }
    return true;
}
