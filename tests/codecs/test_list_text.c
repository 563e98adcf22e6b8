/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/list_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* The lines of a text, joined by '|', from a block of exactly its length. */
static void expect_lines(const char *text, const char *expected)
{
    size_t len = strlen(text);
    char *copy = malloc(len == 0 ? 1 : len);
    struct slu_view rest = {copy, len};
    struct slu_view line;
    char joined[256] = "";

    memcpy(copy, text, len);
    while (slu_list_next_line(&rest, &line)) {
        strncat(joined, line.ptr, line.len);
        strcat(joined, "|");
    }
    cr_assert_str_eq(joined, expected);
    cr_assert_eq(rest.len, 0u);
    free(copy);
}

Test(list_text, lines_come_without_their_ends)
{
    expect_lines("", "");
    expect_lines("a", "a|");
    expect_lines("a\n", "a|");
    expect_lines("a\nb\n", "a|b|");
    expect_lines("a\r\nb\r\n", "a|b|");
    expect_lines("a\r\nb\r", "a|b|");
    expect_lines("\n\na\n\r\n \t\nb\n\n", "a|b|");
    expect_lines("\xef\xbb\xbf"
                 "a\nb",
                 "a|b|");
    expect_lines("\xef\xbb\xbf", "");
    expect_lines("\xef\xbb\xbf\r\nx", "x|");
    expect_lines("\xef\xbb", "\xef\xbb|");
    expect_lines(" a b \r\r\n", " a b \r|");
}

static void check_entry(const struct slu_record *record, const char *expected)
{
    char out[SLU_VALUE_MAX];
    size_t len = slu_list_entry(record, out);

    cr_assert(slu_view_equal_str(slu_view_make(out, len), expected));
    cr_assert_eq(slu_list_entry_length(record), len);
}

Test(list_text, entries_are_the_canonical_text)
{
    char key[SLU_RECORD_IP_KEY_LEN];
    struct slu_record record = {.kind = SLU_RECORD_IP,
                                .key = {key, sizeof(key)}};

    slu_record_key_from_cidr((struct slu_cidr){0x01020300, 24}, key);
    check_entry(&record, "1.2.3.0/24");
    slu_record_key_from_cidr((struct slu_cidr){0xffffffff, 32}, key);
    check_entry(&record, "255.255.255.255");
    record.kind = SLU_RECORD_DOMAIN;
    record.key = slu_view_str("*.a.com");
    check_entry(&record, "*.a.com");
}

typedef enum slu_err (*append_fn)(struct slu_buf *buf, struct slu_view value);

static void expect_text(append_fn append, struct slu_view value,
                        const char *expected)
{
    char *copy = malloc(value.len == 0 ? 1 : value.len);
    struct slu_buf buf;

    memcpy(copy, value.ptr, value.len);
    slu_buf_init(&buf, slu_alloc_default(), 10000);
    cr_assert_eq(append(&buf, slu_view_make(copy, value.len)), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), expected),
              "'%.*s', not '%s'", SLU_VIEW_ARGS(slu_buf_view(&buf)), expected);
    slu_buf_fini(&buf);
    free(copy);
}

static void expect_both(const char *value, const char *side, const char *json)
{
    expect_text(slu_side_append, slu_view_str(value), side);
    expect_text(slu_json_append_string, slu_view_str(value), json);
}

Test(list_text, escapes_what_would_break_a_line_or_a_string)
{
    expect_both("", "", "\"\"");
    expect_both("a.com", "a.com", "\"a.com\"");
    expect_both("a\nb\r", "a\\x0ab\\x0d", "\"a\\u000ab\\u000d\"");
    expect_both("a\\x0a", "a\\\\x0a", "\"a\\\\x0a\"");
    expect_both("\"q\"", "\"q\"", "\"\\\"q\\\"\"");
    expect_both("\x1b[31m\x7f", "\\x1b[31m\\x7f", "\"\\u001b[31m\\u007f\"");
    expect_text(slu_side_append, slu_view_make("a\0b", 3), "a\\x00b");
    expect_text(slu_json_append_string, slu_view_make("a\0b", 3),
                "\"a\\u0000b\"");
}

Test(list_text, keeps_utf8_and_escapes_each_byte_that_is_none)
{
    static const struct {
        const char *value;
        const char *side;
        int bad_bytes; /* 0: stays as it is */
    } cases[] = {
        {"\xc3\xbc", NULL, 0},
        {"\xed\x9f\xbf", NULL, 0},
        {"\xee\x80\x80", NULL, 0},
        {"\xe0\xa0\x80", NULL, 0},
        {"\xf0\x90\x80\x80", NULL, 0},
        {"\xf4\x8f\xbf\xbf", NULL, 0},
        {"\x80", "\\x80", 1},
        {"\xc3", "\\xc3", 1},
        {"\xc0\x80", "\\xc0\\x80", 2},
        {"\xc1\xbf", "\\xc1\\xbf", 2},
        {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", 3},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", 3},
        {"\xe2\x82", "\\xe2\\x82", 2},
        {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", 4},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", 4},
        {"\xf0\x9f\x92", "\\xf0\\x9f\\x92", 3},
        {"\xf5\x80", "\\xf5\\x80", 2},
        {"\xff", "\\xff", 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[64] = "\"";
        char around[64] = "a";
        char side[64] = "a";

        if (cases[i].bad_bytes == 0) {
            strcat(json, cases[i].value);
        }
        for (int k = 0; k < cases[i].bad_bytes; k++) {
            strcat(json, "\xef\xbf\xbd");
        }
        strcat(json, "\"");
        expect_both(cases[i].value,
                    cases[i].side == NULL ? cases[i].value : cases[i].side,
                    json);
        strcat(strcat(around, cases[i].value), "z");
        strcat(strcat(side,
                      cases[i].side == NULL ? cases[i].value : cases[i].side),
               "z");
        expect_text(slu_side_append, slu_view_str(around), side);
    }
}

/* Undoes the side files' escaping: shows that no two values look alike. */
static size_t unescape(struct slu_view text, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\\') {
            out[len++] = text.ptr[i];
        } else if (text.ptr[i + 1] == '\\') {
            out[len++] = '\\';
            i++;
        } else {
            char hex[3] = {text.ptr[i + 2], text.ptr[i + 3], '\0'};

            out[len++] = (char)strtoul(hex, NULL, 16);
            i += 3;
        }
    }
    return len;
}

Test(list_text, side_escaping_can_be_undone_and_holds_no_control_byte)
{
    uint64_t state = 12345;
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 10000);
    for (int round = 0; round < 20000; round++) {
        char value[40];
        char back[200];
        size_t len = 0;

        for (size_t want = state % 40; len < want; len++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            value[len] = state >> 62 == 0
                             ? "\\x0a\n\xc3\xbc\xe2"[state >> 40 & 7]
                             : (char)(state >> 50);
        }
        state = state * 6364136223846793005u + 1442695040888963407u;
        slu_buf_clear(&buf);
        cr_assert_eq(slu_side_append(&buf, slu_view_make(value, len)),
                     SLU_ERR_OK);
        cr_assert_eq(unescape(slu_buf_view(&buf), back), len);
        cr_assert_arr_eq(back, value, len);
        for (size_t i = 0; i < buf.len; i++) {
            cr_assert_geq((unsigned char)buf.ptr[i], 0x20);
        }
    }
    slu_buf_fini(&buf);
}

Test(list_text, a_reason_is_one_line_of_json)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(slu_reason_append(&buf, SLU_KIND_DOMAIN,
                                   slu_view_str("a_b\n\".com"),
                                   SLU_REASON_DOMAIN_UNDERSCORE, 1754542800),
                 SLU_ERR_OK);
    cr_assert_eq(slu_reason_append(&buf, SLU_KIND_IP, slu_view_str("127.0.0.1"),
                                   SLU_REASON_GUARD_LOOPBACK, 0),
                 SLU_ERR_OK);
    cr_assert(slu_view_equal_str(
        slu_buf_view(&buf),
        "{\"type\":\"domain\",\"value\":\"a_b\\u000a\\\".com\","
        "\"reason\":\"domain_underscore\","
        "\"last_seen\":\"2025-08-07T05:00:00Z\"}\n"
        "{\"type\":\"ip_address\",\"value\":\"127.0.0.1\","
        "\"reason\":\"guard_loopback\"}\n"));
    slu_buf_fini(&buf);
}

/* At every maximum: all of it is there, or nothing of it. */
Test(list_text, what_does_not_fit_is_refused_whole)
{
    struct slu_view value = slu_view_str("a\n\xff\"\xc3\xbc");

    for (size_t max = 3; max < 200; max++) {
        struct slu_buf buf;

        slu_buf_init(&buf, slu_alloc_default(), max);
        cr_assert_eq(slu_buf_append_str(&buf, "abc"), SLU_ERR_OK);
        if (slu_side_append(&buf, value) != SLU_ERR_OK) {
            cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abc"));
        }
        buf.len = 3;
        if (slu_json_append_string(&buf, value) != SLU_ERR_OK) {
            cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abc"));
        }
        buf.len = 3;
        if (slu_reason_append(&buf, SLU_KIND_IP, value, SLU_REASON_URL, 1) !=
            SLU_ERR_OK) {
            cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abc"));
            cr_assert_lt(max, 120u);
        } else {
            cr_assert_gt(max, 100u);
        }
        slu_buf_fini(&buf);
    }
}

static void *fail_allocation(void *ctx, void *ptr, size_t old_len,
                             size_t new_len)
{
    (void)ctx;
    (void)ptr;
    (void)old_len;
    (void)new_len;
    return NULL;
}

Test(list_text, reports_a_failed_allocation)
{
    struct slu_alloc none = {fail_allocation, NULL};
    struct slu_buf buf;

    slu_buf_init(&buf, &none, 1000);
    cr_assert_eq(slu_side_append(&buf, slu_view_str("a\n")), SLU_ERR_NOMEM);
    cr_assert_eq(slu_json_append_string(&buf, slu_view_str("a")),
                 SLU_ERR_NOMEM);
    cr_assert_eq(slu_reason_append(&buf, SLU_KIND_IP, slu_view_str("a"),
                                   SLU_REASON_URL, 0),
                 SLU_ERR_NOMEM);
    cr_assert_eq(buf.len, 0u);
    slu_buf_fini(&buf);
}
