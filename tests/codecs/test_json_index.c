/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of every kernel against a naive one, a byte at a time, that shares
 * no code with them: on random texts made of the bytes that matter.
 */
#include "codecs/json_scan.h"
#include "codecs/json_split.h"
#include "support/failing_alloc.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 9000u

struct naive {
    unsigned count;
    uint32_t starts[TEXT_MAX];
    uint8_t bytes[TEXT_MAX];
    uint8_t depths[TEXT_MAX];
    bool failed; /* there is a fault behind the tokens */
    bool left;   /* a bracket closed what was open before the text */
};

static struct slu_json_index tokens;
static struct naive want;

static void set_up(void)
{
    slu_json_index_init(&tokens, slu_alloc_default());
    cr_assert_eq(slu_json_index_reserve(&tokens), SLU_ERR_OK);
}

static void tear_down(void)
{
    slu_json_index_fini(&tokens);
}

TestSuite(json_index, .init = set_up, .fini = tear_down);

/* Length of the UTF-8 character, 0 if it is none. */
static unsigned measure_utf8(const unsigned char *ptr, size_t len)
{
    unsigned want_len = ptr[0] < 0x80   ? 1
                        : ptr[0] < 0xc2 ? 0
                        : ptr[0] < 0xe0 ? 2
                        : ptr[0] < 0xf0 ? 3
                        : ptr[0] < 0xf5 ? 4
                                        : 0;
    unsigned code = ptr[0] & (0xffu >> want_len);

    for (unsigned i = 1; i < want_len && i < len; i++) {
        if ((ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (ptr[i] & 0x3f);
    }
    if (want_len > len) {
        return want_len; /* the text is cut, which is no fault */
    }
    return (want_len == 3 && (code < 0x800 || code >> 11 == 0x1b)) ||
                   (want_len == 4 && (code < 0x10000 || code > 0x10ffff))
               ? 0
               : want_len;
}

static void put_token(uint32_t start, char byte, unsigned depth)
{
    want.starts[want.count] = start;
    want.bytes[want.count] = (uint8_t)byte;
    want.depths[want.count++] = (uint8_t)depth;
}

/* False at a fault. */
static bool put_bracket(uint32_t start, char byte, char *stack, unsigned *depth,
                        unsigned base)
{
    if (byte == '{' || byte == '[') {
        stack[++*depth] = byte;
        if (*depth > SLU_JSON_SCAN_DEPTH_MAX) {
            return false;
        }
        put_token(start, byte, *depth);
        return true;
    }
    want.left = *depth <= base;
    if (want.left || stack[*depth] != (byte == '}' ? '{' : '[')) {
        return false;
    }
    put_token(start, byte, (*depth)--);
    return true;
}

static void index_naively(const char *text, size_t len, unsigned base)
{
    char stack[SLU_JSON_SCAN_DEPTH_MAX + 2];
    unsigned depth = base;
    bool in_string = false, escaped = false;
    size_t character = 0; /* where the next one begins */

    want = (struct naive){.count = 0};
    for (size_t i = 0; i < len && !want.failed; i++) {
        char c = text[i];

        if (i == character) {
            unsigned size =
                measure_utf8((const unsigned char *)text + i, len - i);

            want.failed = size == 0;
            character += size;
        }
        if (in_string) {
            want.failed |= (unsigned char)c < 0x20;
            in_string = c != '"' || escaped;
        } else if (c == '"' && !escaped) {
            put_token((uint32_t)i, c, SLU_JSON_NO_DEPTH);
            in_string = true;
        } else if (c != '\0' && strchr("{}[]", c) != NULL) {
            want.failed |= !put_bracket((uint32_t)i, c, stack, &depth, base);
        }
        escaped = c == '\\' && !escaped;
    }
}

/* What was judged must be the tokens before the first fault, or some of them
 * when there is one. */
static void check_tokens(const char *name, struct slu_view text)
{
    if (tokens.failed) {
        cr_assert(want.failed, "%s: %.*s", name, SLU_VIEW_ARGS(text));
    } else if (want.failed) {
        /* Brackets that close more than was opened are seen by their depth. */
        cr_assert(want.left, "%s: %.*s", name, SLU_VIEW_ARGS(text));
    } else {
        cr_assert_eq(tokens.judged, want.count, "%s: %.*s", name,
                     SLU_VIEW_ARGS(text));
    }
    for (unsigned i = 0; i < tokens.judged && i < want.count; i++) {
        cr_assert_eq(tokens.starts[i], want.starts[i], "%s: %.*s", name,
                     SLU_VIEW_ARGS(text));
        cr_assert_eq(tokens.bytes[i], want.bytes[i]);
        cr_assert_eq(tokens.depths[i], want.depths[i], "%s, token %u: %.*s",
                     name, i, SLU_VIEW_ARGS(text));
    }
}

/* In steps of so many blocks, each time dropping half of what is there. */
static void check_steps(const struct slu_json_kernel *kernel,
                        struct slu_view text, unsigned base, size_t step)
{
    unsigned dropped = 0;

    slu_json_index_start(&tokens, text.ptr, base);
    for (size_t len = step; !tokens.failed; len += step) {
        kernel->index(&tokens, len < text.len ? len : text.len);
        for (unsigned i = 0; i < tokens.judged && i + dropped < want.count;
             i++) {
            cr_assert_eq(tokens.starts[i], want.starts[i + dropped]);
            cr_assert_eq(tokens.depths[i], want.depths[i + dropped]);
        }
        if (len >= text.len) {
            break;
        }
        dropped += tokens.judged / 2;
        slu_json_index_drop(&tokens, tokens.judged / 2);
    }
    cr_assert(tokens.failed || want.failed ||
              tokens.judged + dropped == want.count);
}

static void check_text(const char *text, size_t len, unsigned base)
{
    char *copy = malloc(len + SLU_JSON_PADDING);

    memcpy(copy, text, len);
    memset(copy + len, '}', SLU_JSON_PADDING);
    copy[len] = '"';
    index_naively(text, len, base);
    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        const struct slu_json_kernel *kernel = slu_json_kernel_at(i);

        if (kernel->index == NULL) {
            continue;
        }
        slu_json_index_start(&tokens, copy, base);
        kernel->index(&tokens, len);
        check_tokens(kernel->name, slu_view_make(copy, len));
        check_steps(kernel, slu_view_make(copy, len), base, 64);
        check_steps(kernel, slu_view_make(copy, len), base, 192);
    }
    free(copy);
}

static size_t write_text(char *text, size_t len, uint32_t *state,
                         unsigned faults)
{
    static const char *const good[] = {
        "{", "{",    "[",   "[",   "\"\"",         "\"\\\"\"",
        "1", "true", "abc", ":",   "\"\xc3\xa1\"", "\xe2\x82\xac",
        " ", ",",    "\"x", "a\"", "0123456789",   "\"}{][\""};
    static const char *const bad[] = {"\x01", "\x80", "\xed\xa0\x80", "\"",
                                      "}",    "]",    "\xff",         "\\"};
    char stack[TEXT_MAX];
    size_t at = 0, depth = 0;

    while (at + 20 < len) {
        const char *part = good[json_random(state) % 18];

        if (faults > 0 && json_random(state) % faults == 0) {
            part = bad[json_random(state) % 8];
        } else if (depth > 0 && json_random(state) % 5 == 0) {
            part = stack[--depth] == '{' ? "}" : "]";
        } else if (part[0] == '{' || part[0] == '[') {
            part = depth > 50 ? "2" : part;
            stack[depth] = part[0];
            depth += part[0] != '2';
        }
        memcpy(text + at, part, strlen(part));
        at += strlen(part);
    }
    return at;
}

Test(json_index, every_kernel_agrees_with_a_naive_one)
{
    uint32_t state = 2026;

    for (unsigned round = 0; round < 3000; round++) {
        static const unsigned faults[] = {0, 0, 50, 400};
        char text[1000];
        size_t len = write_text(text, 30 + json_random(&state) % 970, &state,
                                faults[round % 4]);

        check_text(text, len, round % 3);
    }
}

Test(json_index, every_kernel_knows_every_byte)
{
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned at = 1; at < 130; at += 3) {
            char text[140];

            memset(text, 'x', sizeof(text));
            text[0] = '[';
            text[at] = (char)c;
            check_text(text, sizeof(text), 0);
            text[0] = '"';
            check_text(text, sizeof(text), 2);
        }
    }
}

Test(json_index, every_kernel_stops_at_the_depth_cap)
{
    char text[200];

    memset(text, '[', sizeof(text));
    check_text(text, sizeof(text), 0);
    check_text(text, 64, 0);
    check_text(text, 65, 0);
    check_text(text, 62, 2);
    check_text(text, 63, 2);
    memset(text + 64, ']', sizeof(text) - 64);
    check_text(text, 128, 0);
    check_text(text, sizeof(text), 0);
    text[90] = '}';
    check_text(text, 128, 0);
}

Test(json_index, ends_when_there_is_no_more_room)
{
    char *text = malloc(TEXT_MAX);

    memset(text, '[', TEXT_MAX);
    for (unsigned i = 0; i < TEXT_MAX; i += 2) {
        text[i + 1] = ']';
    }
    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        const struct slu_json_kernel *kernel = slu_json_kernel_at(i);

        if (kernel->index == NULL) {
            continue;
        }
        slu_json_index_start(&tokens, text, 0);
        kernel->index(&tokens, TEXT_MAX - SLU_JSON_PADDING);
        cr_assert_eq(tokens.count, SLU_JSON_INDEX_MAX);
        cr_assert_eq(tokens.judged, SLU_JSON_INDEX_MAX);
        cr_assert_eq(tokens.done, SLU_JSON_INDEX_MAX);
        cr_assert_not(tokens.failed);
        slu_json_index_drop(&tokens, SLU_JSON_INDEX_MAX - 2);
        kernel->index(&tokens, TEXT_MAX - SLU_JSON_PADDING);
        cr_assert_eq(tokens.starts[0], SLU_JSON_INDEX_MAX - 2);
        cr_assert_eq(tokens.starts[2], SLU_JSON_INDEX_MAX);
    }
    free(text);
}

Test(json_index, finds_a_depth_from_a_token_on)
{
    char text[400 + SLU_JSON_PADDING];

    memset(text, '"', sizeof(text));
    text[0] = '[';
    text[399] = ']';
    text[397] = '{';
    text[398] = '}';
    text[396] = ' ';
    text[395] = ' ';
    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        const struct slu_json_kernel *kernel = slu_json_kernel_at(i);

        if (kernel->index == NULL) {
            continue;
        }
        slu_json_index_start(&tokens, text, 0);
        kernel->index(&tokens, 400);
        cr_assert_eq(tokens.judged, 1 + 197 + 3);
        cr_assert_eq(kernel->find_depth(&tokens, 0, 1), 0);
        cr_assert_eq(kernel->find_depth(&tokens, 1, 1), 200);
        cr_assert_eq(kernel->find_depth(&tokens, 1, 2), 198);
        cr_assert_eq(kernel->find_depth(&tokens, 199, 2), 199);
        cr_assert_eq(kernel->find_depth(&tokens, 200, 2), 201);
        cr_assert_eq(kernel->find_depth(&tokens, 0, 3), 201);
    }
}

Test(json_index, says_so_when_memory_is_short)
{
    struct failing_alloc failing;
    struct slu_json_index other;

    failing_alloc_init(&failing, 1);
    slu_json_index_init(&other, &failing.alloc);
    cr_assert_eq(slu_json_index_reserve(&other), SLU_ERR_NOMEM);
    slu_json_index_fini(&other);
}
