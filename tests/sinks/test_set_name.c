/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/set_name.h"

#include <criterion/criterion.h>
#include <string.h>

static char name[SLU_SET_NAME_MAX + 1];

static const char *name_of(const char *prefix, const char *const *items,
                           unsigned count, unsigned index)
{
    struct slu_strings paths = {items, count, false};

    cr_assert(slu_set_name(prefix, &paths, index, name));
    return name;
}

Test(set_name, is_the_prefix_and_the_stem)
{
    static const char *const paths[] = {"guard_duty/threat-ip-1.txt", "plain",
                                        "a/b.c/.hidden", "x.tar.gz"};

    cr_assert_str_eq(name_of("gti-", paths, 4, 0), "gti-threat-ip-1");
    cr_assert_str_eq(name_of("gti-", paths, 4, 1), "gti-plain");
    cr_assert_str_eq(name_of("", paths, 4, 2), "-hidden");
    cr_assert_str_eq(name_of("gti-", paths, 4, 3), "gti-x-tar");
}

Test(set_name, has_a_hyphen_for_what_a_name_can_not_hold)
{
    static const char *const paths[] = {"A_z 0+\xc3\xa9.txt"};

    cr_assert_str_eq(name_of("g.", paths, 1, 0), "g-A_z-0---");
}

Test(set_name, two_lists_of_one_stem_get_different_names)
{
    static const char *const paths[] = {"a/ip.txt", "b/ip.txt", "c/ip-2.txt",
                                        "d/ip.csv"};

    cr_assert_str_eq(name_of("", paths, 4, 0), "ip");
    cr_assert_str_eq(name_of("", paths, 4, 1), "ip-2");
    cr_assert_str_eq(name_of("", paths, 4, 2), "ip-2-2");
    cr_assert_str_eq(name_of("", paths, 4, 3), "ip-3");
}

Test(set_name, one_that_is_too_long_is_none)
{
    char path[SLU_SET_NAME_MAX + 2];
    const char *items[2] = {path, path};
    struct slu_strings paths = {items, 2, false};

    memset(path, 'x', sizeof(path));
    path[SLU_SET_NAME_MAX] = '\0';
    cr_assert(slu_set_name("", &paths, 0, name));
    cr_assert_str_eq(name, path);
    cr_assert_not(slu_set_name("-", &paths, 0, name));
    /* The number that makes it different has no room. */
    cr_assert_not(slu_set_name("", &paths, 1, name));
}
