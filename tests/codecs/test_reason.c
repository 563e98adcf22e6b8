/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/reason.h"

#include <criterion/criterion.h>

Test(reason, numbers_are_stored_and_never_change)
{
    cr_assert_eq(SLU_REASON_NONE, 0);
    cr_assert_eq(SLU_REASON_DOMAIN_IDNA, 18);
    cr_assert_eq(SLU_REASON_GUARD_PRIVATE, 19);
    cr_assert_eq(SLU_REASON_OUTSIDE_WINDOW, 34);
    cr_assert_eq(SLU_REASON_HASH_LENGTH, 35);
    cr_assert_eq(SLU_REASON_ECHO, 39);
    cr_assert_eq(SLU_REASON_UNREADABLE, 40);
    cr_assert(SLU_REASON_COUNT <= 255, "a record has one byte for it");
}

Test(reason, has_a_name_and_a_class)
{
    cr_assert_str_eq(slu_reason_name(SLU_REASON_HASH_LENGTH), "hash_length");
    cr_assert_str_eq(slu_reason_name(SLU_REASON_HASH_CHARACTER),
                     "hash_character");
    cr_assert_str_eq(slu_reason_name(SLU_REASON_SAMPLE), "sample");
    cr_assert_eq(slu_reason_class(SLU_REASON_HASH_LENGTH),
                 SLU_REASON_CLASS_INVALID);
    cr_assert_eq(slu_reason_class(SLU_REASON_HASH_CHARACTER),
                 SLU_REASON_CLASS_INVALID);
    cr_assert_eq(slu_reason_class(SLU_REASON_SAMPLE), SLU_REASON_CLASS_FILTER);
    cr_assert_eq(slu_reason_class(SLU_REASON_ARCHIVED),
                 SLU_REASON_CLASS_FILTER);
    cr_assert_eq(slu_reason_class(SLU_REASON_ECHO), SLU_REASON_CLASS_FILTER);
    cr_assert_eq(slu_reason_class(SLU_REASON_ALLOWED), SLU_REASON_CLASS_GUARD);
}

Test(reason, out_of_range_is_told_and_only_counted)
{
    cr_assert_str_eq(slu_reason_name(SLU_REASON_COUNT), "?");
    cr_assert_str_eq(slu_reason_name((enum slu_reason) - 1), "?");
    cr_assert_eq(slu_reason_class(SLU_REASON_COUNT), SLU_REASON_CLASS_FILTER);
}

Test(reason, no_two_have_one_name)
{
    for (int i = 0; i < SLU_REASON_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            cr_assert_str_neq(slu_reason_name((enum slu_reason)i),
                              slu_reason_name((enum slu_reason)k));
        }
    }
}
