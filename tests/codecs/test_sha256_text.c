/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sha256_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define DIGITS "0123456789abcdef"
#define LOWER DIGITS DIGITS DIGITS DIGITS

/* In an allocation of its own length, so that a read behind it is seen. */
static enum slu_reason match(const char *text, size_t len,
                             char out[SLU_SHA256_TEXT_LEN])
{
    char *copy = malloc(len == 0 ? 1 : len);
    enum slu_reason reason;

    memcpy(copy, text, len);
    reason = slu_sha256_match(slu_view_make(copy, len), out);
    free(copy);
    return reason;
}

Test(sha256_text, lowers_64_hexadecimal_digits)
{
    static const char mixed[] = "0123456789ABCDEF" DIGITS "0123456789aBcDeF"
                                "0123456789AbCdEf";
    char out[SLU_SHA256_TEXT_LEN];

    cr_assert_eq(match(LOWER, 64, out), SLU_REASON_NONE);
    cr_assert_eq(memcmp(out, LOWER, 64), 0);
    memset(out, 0, sizeof(out));
    cr_assert_eq(match(mixed, 64, out), SLU_REASON_NONE);
    cr_assert_eq(memcmp(out, LOWER, 64), 0);
}

Test(sha256_text, every_other_length_is_refused)
{
    char text[130];
    char out[SLU_SHA256_TEXT_LEN];

    memset(text, 'a', sizeof(text));
    cr_assert_eq(match("", 0, out), SLU_REASON_EMPTY);
    for (size_t len = 1; len <= sizeof(text); len++) {
        cr_assert_eq(match(text, len, out),
                     len == 64 ? SLU_REASON_NONE : SLU_REASON_HASH_LENGTH);
    }
    cr_assert_eq(slu_sha256_match(slu_view_make(NULL, 0), out),
                 SLU_REASON_EMPTY);
}

Test(sha256_text, every_other_byte_is_refused_wherever_it_stands)
{
    for (unsigned at = 0; at < 64; at++) {
        for (unsigned c = 0; c < 256; c++) {
            char text[65] = LOWER;
            char out[SLU_SHA256_TEXT_LEN];
            bool is_digit =
                c != 0 && strchr("0123456789abcdefABCDEF", (int)c) != NULL;

            text[at] = (char)c;
            cr_assert_eq(match(text, 64, out),
                         is_digit ? SLU_REASON_NONE : SLU_REASON_HASH_CHARACTER,
                         "byte %u at %u", c, at);
        }
    }
}

/* AWS's own sample findings carry a hash like this one. */
Test(sha256_text, refuses_the_hash_of_sample_findings)
{
    char out[SLU_SHA256_TEXT_LEN];

    cr_assert_eq(match("275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538a"
                       "abf651ad0x",
                       64, out),
                 SLU_REASON_HASH_CHARACTER);
}
