/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/domain_scan.h"

#define LABEL_MAX 63

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static char lower_byte(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static bool is_letter(char byte)
{
    char lower = lower_byte(byte);

    return lower >= 'a' && lower <= 'z';
}

static bool is_hex(char byte)
{
    return is_digit(byte) || (is_letter(byte) && lower_byte(byte) <= 'f');
}

/* A trailing dot names the root of the DNS and adds nothing. */
static struct slu_view drop_trailing_dot(struct slu_view name)
{
    if (name.len > 0 && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    return name;
}

/*
 * Four runs of digits with dots between them. Their values don't matter: what
 * is written like an address is meant as one, "999.1.1.1" too.
 */
static bool is_dotted_quad(struct slu_view name)
{
    unsigned dots = 0;

    name = drop_trailing_dot(name);
    for (size_t i = 0; i < name.len; i++) {
        bool dot = name.ptr[i] == '.';

        if (!dot && !is_digit(name.ptr[i])) {
            return false;
        }
        if (dot && (i == 0 || name.ptr[i - 1] == '.')) {
            return false;
        }
        dots += dot;
    }
    return dots == 3 && name.ptr[name.len - 1] != '.';
}

/* IPv6, or IPv4 and a port: hex digits, dots, and at least one colon. */
static bool has_only_hex_and_colons(struct slu_view name)
{
    bool colon = false;

    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != ':' && name.ptr[i] != '.' && !is_hex(name.ptr[i])) {
            return false;
        }
        colon |= name.ptr[i] == ':';
    }
    return colon;
}

enum slu_reason slu_domain_scan_byte(char byte)
{
    if (is_letter(byte) || is_digit(byte) || byte == '-' || byte == '.') {
        return SLU_REASON_NONE;
    }
    switch (byte) {
    case ' ':
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
        return SLU_REASON_DOMAIN_SPACE;
    case '_':
        return SLU_REASON_DOMAIN_UNDERSCORE;
    case '*':
        return SLU_REASON_DOMAIN_WILDCARD;
    default:
        return SLU_REASON_DOMAIN_CHARACTER;
    }
}

enum slu_reason slu_domain_scan_bytes(struct slu_view name)
{
    if (name.len > 0 && memchr(name.ptr, '/', name.len) != NULL) {
        return SLU_REASON_URL;
    }
    if (is_dotted_quad(name) || has_only_hex_and_colons(name)) {
        return SLU_REASON_IP_AS_DOMAIN;
    }
    for (size_t i = 0; i < name.len; i++) {
        enum slu_reason reason = slu_domain_scan_byte(name.ptr[i]);

        if (reason != SLU_REASON_NONE && (unsigned char)name.ptr[i] < 0x80) {
            return reason;
        }
    }
    return SLU_REASON_NONE;
}

/* "xn--" and something: a name that only looks like an A-label passes, see
 * domain.c. */
static bool is_a_label(struct slu_view label)
{
    return label.len > 4 && lower_byte(label.ptr[0]) == 'x' &&
           lower_byte(label.ptr[1]) == 'n' && label.ptr[2] == '-' &&
           label.ptr[3] == '-';
}

static bool is_top_level(struct slu_view label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (!is_letter(label.ptr[i])) {
            return is_a_label(label);
        }
    }
    return true;
}

/* Cuts the first label off *rest; false when there is none left. */
static bool next_label(struct slu_view *rest, bool *more,
                       struct slu_view *out_label)
{
    const char *dot;

    if (!*more) {
        return false;
    }
    dot = rest->len == 0 ? NULL : memchr(rest->ptr, '.', rest->len);
    *more = dot != NULL;
    *out_label = *rest;
    if (dot != NULL) {
        out_label->len = (size_t)(dot - rest->ptr);
        rest->ptr = dot + 1;
        rest->len -= out_label->len + 1;
    }
    return true;
}

/* The rules about labels, for a name that holds only bytes of names. */
static enum slu_reason scan_labels(struct slu_view name, unsigned min_labels)
{
    struct slu_view rest = name;
    struct slu_view label = {NULL, 0};
    bool more = true;
    bool hyphen = false;
    unsigned count = 0;

    while (next_label(&rest, &more, &label)) {
        if (label.len == 0 || label.len > LABEL_MAX) {
            return SLU_REASON_DOMAIN_LABEL;
        }
        hyphen |= label.ptr[0] == '-' || label.ptr[label.len - 1] == '-';
        count++;
    }
    if (hyphen) {
        return SLU_REASON_DOMAIN_HYPHEN;
    }
    if (count < min_labels) {
        return SLU_REASON_DOMAIN_SINGLE_LABEL;
    }
    return is_top_level(label) ? SLU_REASON_NONE : SLU_REASON_DOMAIN_TLD;
}

enum slu_reason slu_domain_scan(struct slu_view name, unsigned min_labels,
                                char out[SLU_DOMAIN_MAX], size_t *out_len)
{
    enum slu_reason reason;

    if (name.len == 0) {
        return SLU_REASON_EMPTY;
    }
    reason = slu_domain_scan_bytes(name);
    if (reason != SLU_REASON_NONE) {
        return reason;
    }
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] >= 0x80) {
            return SLU_REASON_DOMAIN_CHARACTER;
        }
    }
    name = drop_trailing_dot(name);
    if (name.len > SLU_DOMAIN_MAX) {
        return SLU_REASON_TOO_LONG;
    }
    reason = scan_labels(name, min_labels);
    if (reason == SLU_REASON_NONE) {
        for (size_t i = 0; i < name.len; i++) {
            out[i] = lower_byte(name.ptr[i]);
        }
        *out_len = name.len;
    }
    return reason;
}
