/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_number.h"

#include <criterion/criterion.h>

static void check(const char *text, double want)
{
    double number = -1;

    cr_assert(slu_json_number_parse(slu_view_str(text), &number), "%s", text);
    cr_assert_eq(number, want, "%s: %.17g", text, number);
}

Test(json_number, reads_the_nearest_double)
{
    check("0", 0);
    check("-12.5e1 \n", -125);
    check("1E+2", 100);
    check("0.0090101010042424249818725", 0.0090101010042424249818725);
    check("123456789012345678901234567890", 123456789012345678901234567890.0);
    check("1e-400", 0);
    check("0e999999", 0);
    check("0.000e400", 0);
}

Test(json_number, refuses_what_is_no_number)
{
    static const char *const texts[] = {"",    "-",  "01",  "1.",    ".5",
                                        "1e",  "+1", "1 2", "1x",    "0x1",
                                        "nan", "1,", "1e+", "1e400", "inf"};
    double number;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_not(slu_json_number_parse(slu_view_str(texts[i]), &number),
                      "%s", texts[i]);
    }
}
