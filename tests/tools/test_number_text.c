/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/number_text.h"

#include <criterion/criterion.h>

Test(number_text, groups_thousands)
{
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {12345, "12,345"},
        {123456, "123,456"},
        {1234567, "1,234,567"},
        {UINT64_MAX, "18,446,744,073,709,551,615"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_str_eq(slu_cli_number_count(cases[i].number).text,
                         cases[i].text);
    }
}

Test(number_text, chooses_the_unit_of_bytes)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 bytes"},         {999, "999 bytes"},
        {1000, "1.0 KB"},       {999949, "999.9 KB"},
        {999950, "1.0 MB"},     {35000000, "35.0 MB"},
        {1000000000, "1.0 GB"}, {UINT64_MAX, "18446744.1 TB"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_str_eq(slu_cli_number_bytes(cases[i].bytes).text,
                         cases[i].text);
    }
}

Test(number_text, tells_times)
{
    cr_assert_str_eq(slu_cli_number_seconds(0.123).text, "0.12 s");
    cr_assert_str_eq(slu_cli_number_seconds(12.34).text, "12.3 s");
    cr_assert_str_eq(slu_cli_number_seconds(245).text, "4 min 05 s");
    cr_assert_str_eq(slu_cli_number_time(0).text, "1970-01-01 00:00:00Z");
    cr_assert_str_eq(slu_cli_number_time(1754542800).text,
                     "2025-08-07 05:00:00Z");
}
