/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/plain_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void check(const char *text, size_t len, size_t room,
                  const char *expected)
{
    char *copy = malloc(len == 0 ? 1 : len);
    char *out = malloc(room);

    memcpy(copy, text, len);
    slu_plain_text_copy(slu_view_make(copy, len), out, room);
    cr_assert_str_eq(out, expected);
    free(copy);
    free(out);
}

#define CHECK(text, room, expected)                                            \
    check(text, sizeof(text) - 1, room, expected)

Test(plain_text, keeps_words_and_whole_characters)
{
    CHECK("", 1, "");
    CHECK("denied", 10, "denied");
    CHECK("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 30,
          "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

Test(plain_text, control_bytes_become_blanks)
{
    CHECK("a\nb\tc\x1b[1m\x7f"
          "d\0e",
          30, "a b c [1m d e");
    CHECK("a\xc2\x9b"
          "b\xc2\xa0",
          30, "a  b\xc2\xa0");
}

Test(plain_text, bytes_that_are_no_characters_become_blanks)
{
    CHECK("a\x80"
          "b",
          30, "a b");
    CHECK("a\xc0\xaf"
          "b",
          30, "a  b");
    CHECK("a\xe0\x80\xaf"
          "b",
          30, "a   b");
    CHECK("a\xed\xa0\x80"
          "b",
          30, "a   b");
    CHECK("a\xf4\x90\x80\x80"
          "b",
          30, "a    b");
    CHECK("a\xff"
          "b",
          30, "a b");
    CHECK("a\xf0\x9f\x98", 30, "a   ");
    CHECK("a\xe2\x82", 30, "a  ");
    CHECK("\xc3(", 30, " (");
}

Test(plain_text, cuts_between_characters)
{
    CHECK("abc", 4, "abc");
    CHECK("abcd", 4, "abc");
    CHECK("ab\xc3\xa9", 5, "ab\xc3\xa9");
    CHECK("ab\xc3\xa9", 4, "ab");
    CHECK("\xf0\x9f\x98\x80", 4, "");
    CHECK("a", 1, "");
}

static void check_hiding(const char *text, size_t room, const char *expected)
{
    char *out = malloc(room);

    slu_plain_text_copy_hiding(slu_view_str(text), out, room);
    cr_assert_str_eq(out, expected);
    free(out);
}

#define KEY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

Test(plain_text, hides_what_may_be_a_key)
{
    check_hiding(KEY, 60, "[hidden]");
    check_hiding("key=" KEY " bad", 60, "[hidden] bad");
    check_hiding("x-amz-security-token:" KEY KEY KEY "\nnext", 60,
                 "x-amz-security-token:[hidden] next");
    check_hiding("\"" KEY "\"", 60, "\"[hidden]\"");
}

Test(plain_text, hides_a_key_that_would_be_cut)
{
    check_hiding("0123456789 " KEY, 30, "0123456789 [hidden]");
    check_hiding("0123456789 " KEY, 16, "0123456789 [hid");
}

Test(plain_text, hides_no_ids_arns_and_words)
{
    static const char *const kept[] = {
        "detector 12abc34d567e8fa901bc2d34e56789f0 is unknown",
        "request 01234567-89ab-cdef-0123-456789abcdef",
        "User: arn:aws:sts::111122223333:assumed-role/"
        "AWSReservedSSO_Administrator_0123456789abcdef/me1 is denied",
        "AKIAIOSFODNN7EXAMPLE",
        "/usr/lib/python/dist-packages/some/where/else/far/away",
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        check_hiding(kept[i], 200, kept[i]);
    }
}

Test(plain_text, copies_as_they_are_what_is_no_secret)
{
    CHECK(KEY, 60, KEY);
}
