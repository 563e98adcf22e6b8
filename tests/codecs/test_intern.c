/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/intern.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static uint32_t add(struct slu_intern *set, const char *text, bool expect_new)
{
    uint32_t number;
    bool is_new;

    cr_assert_eq(slu_intern_add(set, slu_view_str(text), &number, &is_new),
                 SLU_ERR_OK);
    cr_assert_eq(is_new, expect_new, "%s", text);
    cr_assert(slu_view_equal_str(slu_intern_text(set, number), text));
    return number;
}

Test(intern, numbers_each_text_once)
{
    struct slu_intern set;

    slu_intern_init(&set, slu_alloc_default(), 1000);
    cr_assert_eq(add(&set, "b", true), 0u);
    cr_assert_eq(add(&set, "", true), 1u);
    cr_assert_eq(add(&set, "b", false), 0u);
    cr_assert_eq(add(&set, "bb", true), 2u);
    cr_assert_eq(add(&set, "", false), 1u);
    cr_assert_eq(set.count, 3u);
    slu_intern_fini(&set);
}

Test(intern, sorts_by_bytes)
{
    static const char *const texts[] = {"b", "", "\xc3\xbc", "ba", "a"};
    static const uint32_t expected[] = {1, 4, 0, 3, 2};
    uint32_t order[5];
    struct slu_intern set;

    slu_intern_init(&set, slu_alloc_default(), 1000);
    for (int i = 0; i < 5; i++) {
        (void)add(&set, texts[i], true);
    }
    slu_intern_sort(&set, order);
    cr_assert_eq(memcmp(order, expected, sizeof(order)), 0);
    slu_intern_fini(&set);
}

Test(intern, finds_all_of_many)
{
    struct slu_intern set;
    char text[16];

    slu_intern_init(&set, slu_alloc_default(), 1 << 20);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 20000; i++) {
            (void)snprintf(text, sizeof(text), "t%u", i);
            cr_assert_eq(add(&set, text, round == 0), i);
        }
    }
    slu_intern_fini(&set);
}

Test(intern, refuses_what_is_over_its_maximum_and_stays_as_it_was)
{
    struct slu_intern set;
    uint32_t number;
    bool is_new;

    slu_intern_init(&set, slu_alloc_default(), 5);
    (void)add(&set, "abc", true);
    cr_assert_eq(slu_intern_add(&set, slu_view_str("def"), &number, &is_new),
                 SLU_ERR_LIMIT);
    cr_assert_eq(add(&set, "de", true), 1u);
    (void)add(&set, "abc", false);
    slu_intern_fini(&set);
}

Test(intern, survives_every_failed_allocation)
{
    struct failing_alloc failing;
    unsigned fail_at = 0;
    enum slu_err err;

    do {
        struct slu_intern set;

        failing_alloc_init(&failing, ++fail_at);
        slu_intern_init(&set, &failing.alloc, 1 << 20);
        err = SLU_ERR_OK;
        for (unsigned i = 0; i < 3000 && err == SLU_ERR_OK; i++) {
            char text[16];
            uint32_t number;
            bool is_new;

            (void)snprintf(text, sizeof(text), "t%u", i);
            err = slu_intern_add(&set, slu_view_str(text), &number, &is_new);
            cr_assert_eq(set.count, err == SLU_ERR_OK ? i + 1 : i);
        }
        slu_intern_fini(&set);
        cr_assert_eq(failing.live, 0);
    } while (err == SLU_ERR_NOMEM);
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_gt(fail_at, 10u);
}
