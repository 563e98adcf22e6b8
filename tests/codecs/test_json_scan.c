/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel against a naive scan, a byte at a time, that shares no code
 * with them: on random texts made of the bytes that matter.
 */
#include "codecs/json_scan.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct naive {
    enum slu_json_scan_status status;
    size_t taken;
};

/* Bytes of the UTF-8 character at ptr that are right, and whether all are. */
static size_t count_utf8(const unsigned char *ptr, size_t len, bool *out_good)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t want, at;

    *out_good = true;
    if (ptr[0] < 0x80) {
        return 1;
    }
    want = ptr[0] >= 0xf0 ? 4 : ptr[0] >= 0xe0 ? 3 : 2;
    if (ptr[0] < 0xc2 || ptr[0] > 0xf4) {
        *out_good = false;
        return 0;
    }
    low = ptr[0] == 0xe0 ? 0xa0 : ptr[0] == 0xf0 ? 0x90 : 0x80;
    high = ptr[0] == 0xed ? 0x9f : ptr[0] == 0xf4 ? 0x8f : 0xbf;
    for (at = 1; at < want && at < len; at++) {
        if (ptr[at] < low || ptr[at] > high) {
            *out_good = false;
            return at;
        }
        low = 0x80;
        high = 0xbf;
    }
    return at;
}

/* Where the first byte lies that breaks UTF-8, or len. */
static size_t find_bad_utf8(const char *text, size_t len)
{
    size_t at = 0;
    bool good = true;

    while (at < len && good) {
        at += count_utf8((const unsigned char *)text + at, len - at, &good);
    }
    return at;
}

static enum slu_json_scan_status push_bracket(char *stack, unsigned *depth,
                                              unsigned base, char c)
{
    if (c == '{' || c == '[') {
        if (*depth == SLU_JSON_SCAN_DEPTH_MAX) {
            return SLU_JSON_SCAN_DEPTH;
        }
        stack[(*depth)++] = c;
        return SLU_JSON_SCAN_MORE;
    }
    if (stack[*depth - 1] != (c == '}' ? '{' : '[')) {
        return SLU_JSON_SCAN_MISMATCH;
    }
    return --*depth == base ? SLU_JSON_SCAN_CLOSED : SLU_JSON_SCAN_MORE;
}

static struct naive scan_naively(const char *text, size_t len, bool in_string,
                                 unsigned base)
{
    size_t bad = find_bad_utf8(text, len);
    struct naive out = {SLU_JSON_SCAN_MORE, 0};
    char stack[SLU_JSON_SCAN_DEPTH_MAX];
    unsigned depth = base;
    bool only_string = in_string;
    bool escaped = false;

    for (; out.taken < len; out.taken++) {
        char c = text[out.taken];

        if (out.taken == bad) {
            out.status = SLU_JSON_SCAN_UTF8;
        } else if (in_string && (unsigned char)c < 0x20) {
            out.status = SLU_JSON_SCAN_CONTROL;
        } else if (c == '"' && !escaped) {
            in_string = !in_string;
            out.status =
                only_string ? SLU_JSON_SCAN_CLOSED : SLU_JSON_SCAN_MORE;
        } else if (!in_string && strchr("{[]}", c) != NULL && c != '\0') {
            out.status = push_bracket(stack, &depth, base, c);
        }
        escaped = c == '\\' && !escaped;
        if (out.status != SLU_JSON_SCAN_MORE) {
            out.taken += out.status == SLU_JSON_SCAN_CLOSED;
            break;
        }
    }
    return out;
}

/* Runs a kernel over the text, cut at random when piece_max isn't 0. Each
 * piece in its own allocation. */
static struct naive scan_pieces(slu_json_scan_fn scan, const char *text,
                                size_t len, unsigned base, size_t piece_max,
                                uint32_t seed)
{
    struct slu_json_scan state;
    struct naive out = {SLU_JSON_SCAN_MORE, 0};

    slu_json_scan_init(&state, base);
    while (out.taken < len && out.status == SLU_JSON_SCAN_MORE) {
        size_t piece =
            piece_max == 0 ? len : json_random(&seed) % piece_max + 1;
        size_t left = len - out.taken;
        char *copy;

        piece = piece < left ? piece : left;
        copy = malloc(piece);
        memcpy(copy, text + out.taken, piece);
        out.taken += scan(&state, copy, piece);
        out.status = state.status;
        free(copy);
    }
    return out;
}

static void check_kernel(const struct slu_json_kernel *kernel, const char *text,
                         size_t len, bool string, unsigned base)
{
    static const size_t piece_maxes[] = {0, 1, 5, 70, 200};
    struct naive want = scan_naively(text, len, string, base);
    slu_json_scan_fn scan = string ? kernel->string : kernel->container;

    for (unsigned i = 0; i < 5; i++) {
        struct naive got =
            scan_pieces(scan, text, len, base, piece_maxes[i], 99 + i);

        cr_assert_eq(got.status, want.status, "%s, piece_max %zu: %.*s",
                     kernel->name, piece_maxes[i], (int)len, text);
        cr_assert_eq(got.taken, want.taken, "%s, piece_max %zu: %.*s",
                     kernel->name, piece_maxes[i], (int)len, text);
    }
}

static void check_kernels(const char *text, size_t len, bool string,
                          unsigned base)
{
    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        check_kernel(slu_json_kernel_at(i), text, len, string, base);
    }
}

/* A random mix of the parts; rarely of the bad ones, so that texts get long. */
static size_t write_text(char *text, size_t len, uint32_t *state)
{
    static const char *const good[] = {
        "{",  "}",    "[",   "]",        "\"",           "\\\"",
        "\\", "\\\\", "abc", "\xc3\xa1", "\xe2\x82\xac", "\xf0\x9d\x84\x9e",
        " ",  "{[",   "]}",  "\"a\\",    "0123456789",   "\"}{][\""};
    static const char *const bad[] = {
        "\x01",     "\x80", "\xed\xa0\x80", "\xc0\x80",
        "\xe2\x82", "\xff", "\xf4\x90\x80", "\x1f"};
    size_t at = 0;

    text[at++] = '[';
    while (at + 20 < len) {
        const char *part = json_random(state) % 100 == 0
                               ? bad[json_random(state) % 8]
                               : good[json_random(state) % 18];

        memcpy(text + at, part, strlen(part));
        at += strlen(part);
    }
    return at;
}

Test(json_scan, has_a_portable_kernel_and_the_best_one_first)
{
    unsigned count = 0;

    cr_assert_eq(slu_json_kernel_best(), slu_json_kernel_at(0));
    while (slu_json_kernel_at(count) != NULL) {
        count++;
    }
    cr_assert(count >= 1);
    cr_assert_eq(slu_json_kernel_at(count - 1), &slu_json_kernel_portable);
}

Test(json_scan, every_kernel_agrees_with_a_naive_scan_of_containers)
{
    uint32_t state = 2024;
    unsigned seen[6] = {0};

    for (unsigned round = 0; round < 3000; round++) {
        char text[600];
        size_t len = write_text(text, 40 + json_random(&state) % 560, &state);
        unsigned base = json_random(&state) % 3;

        /* Brackets rarely match by chance: let half of the rounds have one
         * kind only. */
        for (size_t i = 0; round % 2 == 0 && i < len; i++) {
            text[i] = text[i] == '{' ? '[' : text[i] == '}' ? ']' : text[i];
        }
        check_kernels(text, len, false, base);
        seen[scan_naively(text, len, false, base).status]++;
    }
    for (unsigned i = 0; i < 5; i++) {
        cr_assert(seen[i] > 20, "status %u occurred %u times", i, seen[i]);
    }
}

Test(json_scan, every_kernel_agrees_with_a_naive_scan_of_strings)
{
    uint32_t state = 7;

    for (unsigned round = 0; round < 2000; round++) {
        char text[600];
        size_t len = write_text(text, 40 + json_random(&state) % 560, &state);

        /* Few quotes, so that strings get long. */
        for (size_t i = 0; i < len; i++) {
            if (text[i] == '"' && json_random(&state) % 8 != 0) {
                text[i] = '\'';
            }
        }
        check_kernels(text, len, true, 0);
    }
}

Test(json_scan, every_kernel_knows_every_byte)
{
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned at = 1; at < 130; at += 3) {
            char text[140];

            memset(text, 'x', sizeof(text));
            text[0] = '[';
            text[at] = (char)c;
            check_kernels(text, sizeof(text), false, 0);
            check_kernels(text, sizeof(text), true, 0);
        }
    }
}

Test(json_scan, every_kernel_judges_every_pair_of_lead_and_second_byte)
{
    for (unsigned lead = 0xc0; lead < 0x100; lead++) {
        for (unsigned second = 0x7f; second < 0x100; second++) {
            char text[70] = "";

            memset(text, ' ', sizeof(text));
            text[63] = (char)lead;
            text[64] = (char)second;
            memcpy(text + 65, "\x80\x80", 2);
            check_kernels(text + 1, 68, true, 0);
        }
    }
}

Test(json_scan, every_kernel_stops_at_the_depth_cap)
{
    char text[200];

    memset(text, '[', sizeof(text));
    check_kernels(text, sizeof(text), false, 0);
    check_kernels(text, sizeof(text), false, 2);
    memset(text + 63, ']', sizeof(text) - 63);
    check_kernels(text, sizeof(text), false, 0);
    check_kernels(text, sizeof(text), false, 1);
    check_kernels(text, sizeof(text), false, 2);
}
