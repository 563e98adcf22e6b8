/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_names.h"

#include <criterion/criterion.h>

static void check_match(const char *text, int want)
{
    struct slu_json_names names = {0};
    size_t len = strlen(text);

    slu_json_names_add(&names, "meta");
    slu_json_names_add(&names, "data");
    slu_json_names_add(&names, "dataset");
    slu_json_names_add(&names, "a/b");
    slu_json_names_start(&names);
    slu_json_names_feed(&names, slu_view_make(text, len));
    cr_assert_eq(slu_json_names_match(&names), want, "%s", text);
    /* Byte by byte. */
    slu_json_names_start(&names);
    for (size_t i = 0; i < len; i++) {
        slu_json_names_feed(&names, slu_view_make(text + i, 1));
    }
    cr_assert_eq(slu_json_names_match(&names), want, "%s", text);
}

Test(json_names, matches_whole_names_only)
{
    check_match("meta", 0);
    check_match("data", 1);
    check_match("dataset", 2);
    check_match("datas", -1);
    check_match("dat", -1);
    check_match("datasets", -1);
    check_match("Data", -1);
    check_match("", -1);
}

Test(json_names, undoes_escapes)
{
    check_match("\\u006d\\u0065ta", 0);
    check_match("d\\u0061t\\u0061", 1);
    check_match("a\\/b", 3);
    check_match("a\\u002Fb", 3);
    check_match("a\\u002fb", 3);
}

Test(json_names, matches_nothing_behind_a_bad_escape)
{
    check_match("d\\ata", -1);
    check_match("d\\u00g1ta", -1);
    check_match("data\\", -1);
    check_match("data\\u00", -1);
    check_match("d\\u0161ta", -1);
    check_match("d\\n", -1);
    check_match("meta\\u0000", -1);
}

Test(json_names, matches_nothing_without_names)
{
    struct slu_json_names names = {0};

    slu_json_names_start(&names);
    slu_json_names_feed(&names, slu_view_str("data"));
    cr_assert_eq(slu_json_names_match(&names), -1);
}
