/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_pairs.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct example {
    const char *given;
    const char *want;
};

static void check_path(const char *given, bool normalize, bool encode,
                       const char *want)
{
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), 4096);
    cr_assert_eq(
        slu_sigv4_path_append(&out, slu_view_str(given), normalize, encode),
        SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&out), want), "%s: %.*s, not %s",
              given, SLU_VIEW_ARGS(slu_buf_view(&out)), want);
    slu_buf_fini(&out);
}

static void check_query(const char *given, const char *want)
{
    struct slu_buf out;
    struct slu_buf scratch;

    slu_buf_init(&out, slu_alloc_default(), 1 << 20);
    slu_buf_init(&scratch, slu_alloc_default(), 1 << 20);
    cr_assert_eq(slu_sigv4_query_append(&out, &scratch, slu_view_str(given)),
                 SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&out), want), "%s: %.*s, not %s",
              given, SLU_VIEW_ARGS(slu_buf_view(&out)), want);
    slu_buf_fini(&scratch);
    slu_buf_fini(&out);
}

Test(sigv4_pairs, a_path_is_normalised)
{
    static const struct example examples[] = {
        {"", "/"},
        {"/", "/"},
        {"//", "/"},
        {"/.", "/"},
        {"/..", "/"},
        {"/../../a", "/a"},
        {"/a/b/../c", "/a/c"},
        {"/a/../..", "/"},
        {"/a/b/..", "/a"},
        {"/a/b/../", "/a/"},
        {"//a//b//", "/a/b/"},
        {"/a/./b/.", "/a/b"},
        {"/...", "/..."},
        {"/.a/..b", "/.a/..b"},
        {"/a%2E%2E/b", "/a%252E%252E/b"},
    };

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        check_path(examples[i].given, true, true, examples[i].want);
    }
}

Test(sigv4_pairs, a_path_is_encoded_once_more)
{
    check_path("/tags/arn%3Aaws:x", false, true, "/tags/arn%253Aaws%3Ax");
    check_path("/a b/\xc3\xa9~-._", false, true, "/a%20b/%C3%A9~-._");
    check_path("//a/../b/", false, true, "//a/../b/");
    check_path("/=+,;:@&$!'()*[]", false, true,
               "/%3D%2B%2C%3B%3A%40%26%24%21%27%28%29%2A%5B%5D");
}

Test(sigv4_pairs, a_raw_path_stays_as_it_is)
{
    check_path("//x/../y/./z//a%20b=", false, false, "//x/../y/./z//a%20b=");
    check_path("", false, false, "/");
    check_path("/a/../b c", true, false, "/b c");
}

Test(sigv4_pairs, a_query_is_sorted_and_encoded)
{
    static const struct example examples[] = {
        {"", ""},
        {"&&", ""},
        {"uploads", "uploads="},
        {"=", "="},
        {"=v", "=v"},
        {"b=2&a=1", "a=1&b=2"},
        {"a=2&a=10&a=1", "a=1&a=10&a=2"},
        {"a=1&&b", "a=1&b="},
        {"ab=1&a=2&aa=3", "a=2&aa=3&ab=1"},
        {"a=b=c", "a=b%3Dc"},
        {"a=x/y:z", "a=x%2Fy%3Az"},
        {"a=x%2fy%3az", "a=x%2Fy%3Az"},
        {"a=%7e%41", "a=~A"},
        {"a=1+1", "a=1%2B1"},
        {"a=100%&b=%4&c=%zz&d=%4g", "a=100%25&b=%254&c=%25zz&d=%254g"},
        {"A=1&a=2&B=3", "A=1&B=3&a=2"},
        {"\xe1\x88\xb4=bar", "%E1%88%B4=bar"},
        {"a%3Db=1&a=2", "a=2&a%3Db=1"},
    };

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        check_query(examples[i].given, examples[i].want);
    }
}

Test(sigv4_pairs, a_query_has_a_greatest_number_of_parameters)
{
    char query[4 * (SLU_SIGV4_PARAMS_MAX + 1) + 1] = "";
    struct slu_buf out;
    struct slu_buf scratch;

    slu_buf_init(&out, slu_alloc_default(), 1 << 20);
    slu_buf_init(&scratch, slu_alloc_default(), 1 << 20);
    for (int i = 0; i < SLU_SIGV4_PARAMS_MAX; i++) {
        strcat(query, "a=1&");
    }
    cr_assert_eq(slu_sigv4_query_append(&out, &scratch, slu_view_str(query)),
                 SLU_ERR_OK);
    cr_assert_eq(out.len, 4 * SLU_SIGV4_PARAMS_MAX - 1);
    strcat(query, "a=1");
    cr_assert_eq(slu_sigv4_query_append(&out, &scratch, slu_view_str(query)),
                 SLU_ERR_LIMIT);
    slu_buf_fini(&scratch);
    slu_buf_fini(&out);
}

Test(sigv4_pairs, pairs_of_one_name_keep_their_order)
{
    struct slu_sigv4_pair pairs[] = {
        {SLU_VIEW_LITERAL("b"), SLU_VIEW_LITERAL("2")},
        {SLU_VIEW_LITERAL("a"), SLU_VIEW_LITERAL("3")},
        {SLU_VIEW_LITERAL("b"), SLU_VIEW_LITERAL("1")},
        {SLU_VIEW_LITERAL(""), SLU_VIEW_LITERAL("")},
    };

    slu_sigv4_pairs_sort(pairs, 4, false);
    cr_assert_eq(pairs[0].name.len, 0);
    cr_assert(slu_view_equal_str(pairs[2].value, "2"));
    cr_assert(slu_view_equal_str(pairs[3].value, "1"));
    slu_sigv4_pairs_sort(pairs, 4, true);
    cr_assert(slu_view_equal_str(pairs[2].value, "1"));
}

Test(sigv4_pairs, no_memory_and_no_room_are_told)
{
    struct failing_alloc failing;
    struct slu_buf out;
    struct slu_buf scratch;

    for (unsigned n = 1; n <= 2; n++) {
        failing_alloc_init(&failing, n);
        slu_buf_init(&out, &failing.alloc, 4096);
        slu_buf_init(&scratch, &failing.alloc, 4096);
        cr_assert_eq(
            slu_sigv4_query_append(&out, &scratch, slu_view_str("b=1&a=2")),
            SLU_ERR_NOMEM);
        slu_buf_fini(&scratch);
        slu_buf_fini(&out);
        cr_assert_eq(failing.live, 0);
    }
    failing_alloc_init(&failing, 1);
    slu_buf_init(&out, &failing.alloc, 8);
    cr_assert_eq(slu_sigv4_path_append(&out, slu_view_str("/a"), true, true),
                 SLU_ERR_NOMEM);
    cr_assert_eq(
        slu_sigv4_path_append(&out, slu_view_str("/abcdefgh"), true, true),
        SLU_ERR_LIMIT);
    slu_buf_fini(&out);
}
