/* SPDX-License-Identifier: Apache-2.0 */
#include "canonical.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One parameter, both parts encoded, in the text that holds them all. */
struct pair {
    size_t name;
    size_t name_len;
    size_t value;
    size_t value_len;
};

struct pairs {
    struct sim_text text;
    struct pair pair[SIM_QUERY_MAX];
    unsigned count;
};

static bool is_unreserved(unsigned char byte)
{
    return byte < 128 && (isalnum(byte) || strchr("-._~", byte) != NULL) &&
           byte != '\0';
}

static void put_encoded(struct sim_text *out, unsigned char byte)
{
    if (is_unreserved(byte)) {
        sim_text_byte(out, (char)byte);
    } else {
        sim_text_printf(out, "%%%02X", byte);
    }
}

static void put_path_encoded(struct sim_text *out, const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (path[i] == '/') {
            sim_text_byte(out, '/');
        } else {
            put_encoded(out, (unsigned char)path[i]);
        }
    }
}

/* Takes the last segment off, with the slash before it. */
static void drop_segment(struct sim_text *path)
{
    while (path->len > 0 && path->data[--path->len] != '/') {
    }
}

/* RFC 3986, 5.2.4, and no empty segments. */
static void put_normal_path(struct sim_text *out, const char *path, size_t len)
{
    const char *end = path + len;
    bool slash = false; /* the path ends in one */

    for (const char *at = path; at < end;) {
        const char *stop = memchr(at, '/', (size_t)(end - at));
        size_t part = (size_t)((stop != NULL ? stop : end) - at);

        slash = stop != NULL || (part == 1 && at[0] == '.');
        if (part == 2 && memcmp(at, "..", 2) == 0) {
            drop_segment(out);
            slash = true;
        } else if (part > 0 && !(part == 1 && at[0] == '.')) {
            sim_text_byte(out, '/');
            sim_text_add(out, at, part);
        }
        at += part + (stop != NULL);
    }
    if (slash || out->len == 0) {
        sim_text_byte(out, '/');
    }
}

static void put_path(struct sim_text *out, const char *path, size_t len,
                     const struct sim_canonical_rules *rules)
{
    struct sim_text normal = {0};

    if (rules->normalise) {
        put_normal_path(&normal, path, len);
    } else {
        sim_text_add(&normal, path, len);
    }
    if (rules->encode_again) {
        put_path_encoded(out, normal.data, normal.len);
    } else {
        sim_text_add(out, normal.data, normal.len);
    }
    sim_text_fini(&normal);
}

static int hex_of(char digit)
{
    const char *digits = "0123456789abcdef";
    const char *at =
        digit != '\0' ? strchr(digits, tolower((unsigned char)digit)) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes and encodes strictly; false for a bad escape. */
static bool put_recoded(struct sim_text *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '%') {
            int high = i + 2 < len ? hex_of(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_of(text[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            byte = (unsigned char)(high * 16 + low);
            i += 2;
        }
        put_encoded(out, byte);
    }
    return true;
}

static bool add_pair(struct pairs *pairs, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    struct pair *pair = &pairs->pair[pairs->count];

    if (pairs->count == SIM_QUERY_MAX) {
        return false;
    }
    pairs->count++;
    pair->name = pairs->text.len;
    if (!put_recoded(&pairs->text, text, name_len)) {
        return false;
    }
    pair->name_len = pairs->text.len - pair->name;
    pair->value = pairs->text.len;
    if (equals != NULL &&
        !put_recoded(&pairs->text, equals + 1, len - name_len - 1)) {
        return false;
    }
    pair->value_len = pairs->text.len - pair->value;
    return true;
}

static int compare_bytes(const char *a, size_t a_len, const char *b,
                         size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_pairs(const struct pairs *pairs, const struct pair *a,
                         const struct pair *b)
{
    const char *data = pairs->text.data;
    int order =
        compare_bytes(data + a->name, a->name_len, data + b->name, b->name_len);

    return order != 0 ? order
                      : compare_bytes(data + a->value, a->value_len,
                                      data + b->value, b->value_len);
}

/* By insertion: there are at most a handful. */
static void sort_pairs(struct pairs *pairs)
{
    for (unsigned i = 1; i < pairs->count; i++) {
        struct pair moving = pairs->pair[i];
        unsigned at = i;

        while (at > 0 &&
               compare_pairs(pairs, &moving, &pairs->pair[at - 1]) < 0) {
            pairs->pair[at] = pairs->pair[at - 1];
            at--;
        }
        pairs->pair[at] = moving;
    }
}

static bool put_query(struct sim_text *out, const char *query)
{
    struct pairs pairs = {.count = 0};
    bool ok = true;

    while (ok && *query != '\0') {
        size_t len = strcspn(query, "&");

        ok = len == 0 || add_pair(&pairs, query, len);
        query += len + (query[len] == '&');
    }
    sim_text_reserve(&pairs.text, 1);
    if (ok) {
        sort_pairs(&pairs);
    }
    for (unsigned i = 0; ok && i < pairs.count; i++) {
        const struct pair *pair = &pairs.pair[i];

        sim_text_str(out, i > 0 ? "&" : "");
        sim_text_add(out, pairs.text.data + pair->name, pair->name_len);
        sim_text_byte(out, '=');
        sim_text_add(out, pairs.text.data + pair->value, pair->value_len);
    }
    sim_text_fini(&pairs.text);
    return ok;
}

/* Runs of blanks become one; the ends are bare already. */
static void put_value(struct sim_text *out, const char *value)
{
    for (; *value != '\0'; value++) {
        bool blank = *value == ' ' || *value == '\t';

        if (!blank) {
            sim_text_byte(out, *value);
        } else if (value[1] != ' ' && value[1] != '\t') {
            sim_text_byte(out, ' ');
        }
    }
}

static void put_header(struct sim_text *out, const struct sim_request *request,
                       const char *name)
{
    unsigned seen = 0;

    sim_text_printf(out, "%s:", name);
    for (unsigned i = 0; i < request->headers; i++) {
        if (strcasecmp(request->header[i].name, name) == 0) {
            sim_text_str(out, seen++ > 0 ? "," : "");
            put_value(out, request->header[i].value);
        }
    }
    sim_text_byte(out, '\n');
}

bool sim_canonical_build(const struct sim_request *request,
                         const struct sim_sigv4 *signature,
                         const struct sim_canonical_rules *rules,
                         const char *hash, struct sim_text *out)
{
    const char *target = request->target;
    size_t path_len = strcspn(target, "?");

    sim_text_printf(out, "%s\n", request->method);
    put_path(out, target, path_len, rules);
    sim_text_byte(out, '\n');
    if (!put_query(out, target + path_len + (target[path_len] == '?'))) {
        return false;
    }
    sim_text_byte(out, '\n');
    for (unsigned i = 0; i < signature->names; i++) {
        put_header(out, request, signature->name[i]);
    }
    sim_text_byte(out, '\n');
    for (unsigned i = 0; i < signature->names; i++) {
        sim_text_printf(out, "%s%s", i > 0 ? ";" : "", signature->name[i]);
    }
    sim_text_printf(out, "\n%s", hash);
    return true;
}

bool sim_canonical_query_is_clean(const char *target)
{
    const char *at = strchr(target, '?');

    for (at = at != NULL ? at + 1 : ""; *at != '\0'; at++) {
        if (*at == '%' && hex_of(at[1]) >= 0 && hex_of(at[2]) >= 0) {
            int byte = hex_of(at[1]) * 16 + hex_of(at[2]);

            if (islower((unsigned char)at[1]) ||
                islower((unsigned char)at[2]) ||
                is_unreserved((unsigned char)byte)) {
                return false;
            }
            at += 2;
        } else if (!is_unreserved((unsigned char)*at) &&
                   strchr("&=", *at) == NULL) {
            return false;
        }
    }
    return true;
}
