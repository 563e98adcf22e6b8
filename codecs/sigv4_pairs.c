/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_pairs.h"

/* The most that one byte becomes: "%XX". */
#define ENCODED_MAX 3

static int compare_views(struct slu_view a, struct slu_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_after(const struct slu_sigv4_pair *a,
                     const struct slu_sigv4_pair *b, bool by_value)
{
    int order = compare_views(a->name, b->name);

    if (order == 0 && by_value) {
        order = compare_views(a->value, b->value);
    }
    return order > 0;
}

void slu_sigv4_pairs_sort(struct slu_sigv4_pair *pairs, size_t count,
                          bool by_value)
{
    for (size_t i = 1; i < count; i++) {
        struct slu_sigv4_pair pair = pairs[i];
        size_t at = i;

        while (at > 0 && is_after(&pairs[at - 1], &pair, by_value)) {
            pairs[at] = pairs[at - 1];
            at--;
        }
        pairs[at] = pair;
    }
}

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == '_' || byte == '~';
}

static char *put_encoded(char *at, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";

    if (is_unreserved(byte)) {
        *at++ = (char)byte;
        return at;
    }
    *at++ = '%';
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
    return at;
}

static char *put_path_bytes(char *at, struct slu_view bytes, bool encode)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (encode && bytes.ptr[i] != '/') {
            at = put_encoded(at, (unsigned char)bytes.ptr[i]);
        } else {
            *at++ = bytes.ptr[i];
        }
    }
    return at;
}

/* Takes the text before the next delimiter off the front of *rest, and the
 * delimiter. */
static struct slu_view take_until(struct slu_view *rest, char delimiter)
{
    const char *end =
        rest->len == 0 ? NULL : memchr(rest->ptr, delimiter, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct slu_view taken = slu_view_make(rest->ptr, len);
    size_t used = end == NULL ? len : len + 1;

    *rest = slu_view_make(used == 0 ? rest->ptr : rest->ptr + used,
                          rest->len - used);
    return taken;
}

/* What is at `room` is "/segment/segment", each encoded: no segment holds a
 * slash of its own. */
static char *put_normal_path(char *room, struct slu_view path, bool encode)
{
    bool closed = path.ptr[path.len - 1] == '/';
    char *at = room;

    while (path.len > 0) {
        struct slu_view segment = take_until(&path, '/');

        if (segment.len == 0 || slu_view_equal_str(segment, ".")) {
            continue;
        }
        if (slu_view_equal_str(segment, "..")) {
            while (at > room && *--at != '/') {
            }
            continue;
        }
        *at++ = '/';
        at = put_path_bytes(at, segment, encode);
    }
    if (at == room || closed) {
        *at++ = '/';
    }
    return at;
}

enum slu_err slu_sigv4_path_append(struct slu_buf *out, struct slu_view path,
                                   bool normalize, bool encode)
{
    struct slu_view given =
        path.len == 0 ? slu_view_str("/") : path; /* as the wire has it */
    char *room;
    char *end;
    enum slu_err err = slu_buf_reserve(out, given.len * ENCODED_MAX + 2, &room);

    if (err != SLU_ERR_OK) {
        return err;
    }
    end = normalize ? put_normal_path(room, given, encode)
                    : put_path_bytes(room, given, encode);
    slu_buf_commit(out, (size_t)(end - room));
    return SLU_ERR_OK;
}

/* The value of a hexadecimal digit, or -1. */
static int read_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Takes one byte, percent-encoded or not, off the front of *rest. */
static unsigned char take_byte(struct slu_view *rest)
{
    unsigned char byte = (unsigned char)rest->ptr[0];
    size_t used = 1;

    if (byte == '%' && rest->len > 2) {
        int high = read_digit(rest->ptr[1]);
        int low = read_digit(rest->ptr[2]);

        if (high >= 0 && low >= 0) {
            byte = (unsigned char)(high << 4 | low);
            used = 3;
        }
    }
    *rest = slu_view_make(rest->ptr + used, rest->len - used);
    return byte;
}

/* Writes the text, decoded and encoded anew, and moves *at behind it. */
static struct slu_view put_param(char **at, struct slu_view text)
{
    char *start = *at;

    while (text.len > 0) {
        *at = put_encoded(*at, take_byte(&text));
    }
    return slu_view_make(start, (size_t)(*at - start));
}

static enum slu_err read_params(struct slu_view query, char *room,
                                struct slu_sigv4_pair *pairs, size_t *out_count)
{
    *out_count = 0;
    while (query.len > 0) {
        struct slu_view param = take_until(&query, '&');
        struct slu_sigv4_pair pair;

        if (param.len == 0) {
            continue;
        }
        if (*out_count == SLU_SIGV4_PARAMS_MAX) {
            return SLU_ERR_LIMIT;
        }
        pair.name = put_param(&room, take_until(&param, '='));
        pair.value = put_param(&room, param);
        pairs[(*out_count)++] = pair;
    }
    return SLU_ERR_OK;
}

/* Bytes of all pairs with their "=" and the "&" between them. */
static size_t count_bytes(const struct slu_sigv4_pair *pairs, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        len += pairs[i].name.len + pairs[i].value.len + 2;
    }
    return len;
}

static char *put_bytes(char *at, struct slu_view bytes)
{
    if (bytes.len > 0) {
        memcpy(at, bytes.ptr, bytes.len);
    }
    return at + bytes.len;
}

static enum slu_err append_pairs(struct slu_buf *out,
                                 const struct slu_sigv4_pair *pairs,
                                 size_t count)
{
    char *room;
    char *at;
    enum slu_err err = slu_buf_reserve(out, count_bytes(pairs, count), &room);

    if (err != SLU_ERR_OK) {
        return err;
    }
    at = room;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = '&';
        }
        at = put_bytes(at, pairs[i].name);
        *at++ = '=';
        at = put_bytes(at, pairs[i].value);
    }
    slu_buf_commit(out, (size_t)(at - room));
    return SLU_ERR_OK;
}

enum slu_err slu_sigv4_query_append(struct slu_buf *out,
                                    struct slu_buf *scratch,
                                    struct slu_view query)
{
    struct slu_sigv4_pair pairs[SLU_SIGV4_PARAMS_MAX];
    size_t count;
    char *room;
    enum slu_err err;

    if (query.len == 0) {
        return SLU_ERR_OK;
    }
    slu_buf_clear(scratch);
    err = slu_buf_reserve(scratch, query.len * ENCODED_MAX, &room);
    if (err == SLU_ERR_OK) {
        err = read_params(query, room, pairs, &count);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_sigv4_pairs_sort(pairs, count, true);
    return append_pairs(out, pairs, count);
}
