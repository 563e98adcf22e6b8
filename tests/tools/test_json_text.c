/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"
#include "tools/text_file.h"

static void expect_json(const char *text, const char *expected)
{
    struct text_file out;

    text_file_open(&out);
    slu_cli_json_string(out.file, text);
    cr_assert_str_eq(text_file_read(&out), expected);
    text_file_close(&out);
}

Test(json_text, escapes_what_json_wants_escaped)
{
    expect_json("", "\"\"");
    expect_json(NULL, "null");
    expect_json("a\"b\\c", "\"a\\\"b\\\\c\"");
    expect_json("a\nb\x1b\x7f", "\"a\\u000ab\\u001b\\u007f\"");
}

Test(json_text, a_member_follows_another)
{
    struct text_file out;

    text_file_open(&out);
    slu_cli_json_member(out.file, "a", "b\"");
    slu_cli_json_member(out.file, "c", NULL);
    slu_cli_json_count(out.file, "d", UINT64_MAX);
    cr_assert_str_eq(text_file_read(&out), ",\"a\":\"b\\\"\",\"c\":null,"
                                           "\"d\":18446744073709551615");
    text_file_close(&out);
}

Test(json_text, keeps_valid_utf8)
{
    expect_json("\xE2\x9C\x94 \xC3\xA9 \xF0\x9F\x98\x80",
                "\"\xE2\x9C\x94 \xC3\xA9 \xF0\x9F\x98\x80\"");
}

Test(json_text, replaces_bytes_that_are_not_utf8)
{
    static const char *const broken[] = {
        "\xFF",             /* never a byte of UTF-8 */
        "\x80",             /* a tail without its head */
        "\xC0\xAF",         /* overlong */
        "\xE0\x80\x80",     /* overlong */
        "\xED\xA0\x80",     /* a surrogate */
        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
        "\xF0\x80\x80\x80", /* overlong */
        "\xE2\x9C",         /* cut */
        "\xC3",             /* cut */
        "\xF0\x9F\x98",     /* cut */
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        char expected[64] = "\"";

        for (size_t j = 0; j < strlen(broken[i]); j++) {
            strcat(expected, "\xEF\xBF\xBD");
        }
        strcat(expected, "\"");
        expect_json(broken[i], expected);
    }
}

Test(json_text, plain_text_stays_on_its_line)
{
    struct text_file out;

    text_file_open(&out);
    slu_cli_plain_text(out.file, "a\nb\r\x1b[31m\x7f \xE2\x9C\x94");
    cr_assert_str_eq(text_file_read(&out), "a?b??[31m? \xE2\x9C\x94");
    text_file_close(&out);
}

/* ---- sentences ---- */

Test(json_text, breaks_a_sentence_at_blanks_within_80_columns)
{
    struct text_file out;
    char text[300] = "";

    for (int i = 0; i < 40; i++) {
        (void)strcat(text, i == 0 ? "word" : " word");
    }
    text_file_open(&out);
    (void)fputs("ok    ", out.file);
    slu_cli_hanging_text(out.file, 6, text);
    slu_cli_wrapped_text(out.file, text);
    for (const char *line = text_file_read(&out); *line != '\0';) {
        size_t len = strcspn(line, "\n");

        cr_assert_leq(len, 80, "%.*s", (int)len, line);
        cr_assert_eq(line[len - 1], 'd', "no word is broken");
        line += len + 1;
    }
    cr_assert_eq(strncmp(out.text, "ok    word word", 15), 0);
    cr_assert_not_null(strstr(out.text, "\n      word"));
    cr_assert_not_null(strstr(out.text, "\n    word"));
    text_file_close(&out);
}

Test(json_text, cuts_a_word_that_is_longer_than_a_line)
{
    struct text_file out;
    char text[201];

    memset(text, 'x', 200);
    text[200] = '\0';
    text_file_open(&out);
    slu_cli_wrapped_text(out.file, text);
    cr_assert_eq(strcspn(text_file_read(&out), "\n"), 80);
    cr_assert_eq(strlen(out.text), 200 + 3 + 3 * 4);
    text_file_close(&out);
}

Test(json_text, a_column_is_plain_and_as_wide_as_it_says)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", "    |"},
        {"ab", "ab  |"},
        {"abcd", "abcd|"},
        {"abcdef", "abcd|"},
        {"\x1b[2", "?[2 |"},
        {"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9",
         "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9|"},
        {"\xC3\xA9x", "\xC3\xA9x  |"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text_file out;

        text_file_open(&out);
        slu_cli_column_text(out.file, 4, cases[i].text);
        (void)fputc('|', out.file);
        cr_assert_str_eq(text_file_read(&out), cases[i].expected);
        text_file_close(&out);
    }
}
