/* SPDX-License-Identifier: Apache-2.0 */
/* The strings of JSON are tested with their first users, in test_list_text.c
 * and test_row_ndjson.c: here the walk over the bytes is. */
#include "codecs/escape.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static unsigned asked;

/* Doubles quotes, marks what is no UTF-8, keeps the rest. */
static size_t escape_some(unsigned char byte, bool valid,
                          char out[SLU_ESCAPE_MAX])
{
    asked++;
    out[0] = valid ? '"' : '?';
    out[1] = '"';
    return !valid ? 1 : byte == '"' ? 2 : 0;
}

/* The text in an allocation of its own length. */
static void expect_escaped(struct slu_view text, struct slu_view expected)
{
    char *copy = malloc(text.len == 0 ? 1 : text.len);
    struct slu_buf buf;

    memcpy(copy, text.ptr, text.len);
    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(
        slu_escape_append(&buf, slu_view_make(copy, text.len), escape_some),
        SLU_ERR_OK);
    cr_assert(slu_view_equal(slu_buf_view(&buf), expected), "'%.*s'",
              SLU_VIEW_ARGS(slu_buf_view(&buf)));
    slu_buf_fini(&buf);
    free(copy);
}

/* Each byte at each place of up to three words. */
Test(escape, finds_every_byte_at_every_place)
{
    for (size_t len = 1; len <= 24; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[24];
                char expected[25];
                size_t twice = byte == '"';

                memset(text, 'a', sizeof(text));
                memset(expected, 'a', sizeof(expected));
                text[at] = (char)byte;
                expected[at] = byte >= 0x80 ? '?' : (char)byte;
                expected[at + twice] = expected[at];
                asked = 0;
                expect_escaped(slu_view_make(text, len),
                               slu_view_make(expected, len + twice));
                cr_assert_eq(asked, byte < 0x20 || byte >= 0x7f ||
                                        byte == '"' || byte == '\\');
            }
        }
    }
}

Test(escape, keeps_whole_sequences_and_asks_once_for_each)
{
    static const struct slu_view text =
        SLU_VIEW_LITERAL("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");

    asked = 0;
    expect_escaped(text, text);
    cr_assert_eq(asked, 3u);
}

Test(escape, takes_a_cut_sequence_byte_by_byte)
{
    expect_escaped(slu_view_str("a\xe2\x82"), slu_view_str("a??"));
    expect_escaped(slu_view_str("\xc3\"\xbc"), slu_view_str("?\"\"?"));
}

Test(escape, nothing_gives_nothing)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 10);
    cr_assert_eq(slu_escape_append(&buf, slu_view_make(NULL, 0), escape_some),
                 SLU_ERR_OK);
    cr_assert_eq(buf.len, 0u);
    slu_buf_fini(&buf);
}

Test(escape, what_does_not_fit_is_refused_whole)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 6);
    cr_assert_eq(slu_buf_append_str(&buf, "ab"), SLU_ERR_OK);
    cr_assert_eq(slu_escape_append(&buf, slu_view_str("c\"ef"), escape_some),
                 SLU_ERR_LIMIT);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "ab"));
    cr_assert_eq(slu_escape_append(&buf, slu_view_str("c\"e"), escape_some),
                 SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abc\"\"e"));
    slu_buf_fini(&buf);
}
