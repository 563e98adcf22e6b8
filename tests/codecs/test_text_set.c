/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/text_set.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct slu_text_set *set, const char *text, uint16_t number)
{
    cr_assert_eq(slu_text_set_add(set, slu_view_str(text), number), SLU_ERR_OK);
}

Test(text_set, sorts_by_bytes_and_drops_repeats)
{
    static const char *const sorted[] = {
        "",          "*.a.com",   "a.com",      "a.com.ly", "a.company",
        "example-1", "example-2", "example-20", "z",        "\xff"};
    static const unsigned order[] = {7, 3, 9, 3, 0, 5, 4, 6, 8, 1, 2, 7, 0, 4};
    struct slu_text_set set;

    slu_text_set_init(&set, slu_alloc_default(), 10000);
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        add(&set, sorted[order[i]], (uint16_t)order[i]);
    }
    cr_assert_eq(set.count, 14);
    slu_text_set_sort(&set);
    cr_assert_eq(set.count, 10);
    for (unsigned i = 0; i < 10; i++) {
        uint16_t number;
        struct slu_view text = slu_text_set_at(&set, i, &number);

        cr_assert(slu_view_equal_str(text, sorted[i]), "%u", i);
        cr_assert_eq(number, i);
    }
    slu_text_set_fini(&set);
}

/* The front decides for most; zero bytes and what differs behind it, too. */
Test(text_set, tells_texts_apart_behind_their_front)
{
    struct slu_text_set set;
    char last[20] = "";

    slu_text_set_init(&set, slu_alloc_default(), 1 << 20);
    for (unsigned i = 0; i < 3000; i++) {
        char text[20];

        (void)snprintf(text, sizeof(text), "prefix..%u", i * 7919 % 1000);
        add(&set, text, 1);
    }
    cr_assert_eq(slu_text_set_add(&set, slu_view_make("a\0", 2), 1),
                 SLU_ERR_OK);
    cr_assert_eq(slu_text_set_add(&set, slu_view_make("a", 1), 1), SLU_ERR_OK);
    slu_text_set_sort(&set);
    cr_assert_eq(set.count, 1002);
    for (size_t i = 2; i < set.count; i++) {
        char text[20];

        (void)snprintf(text, sizeof(text), "%.*s",
                       SLU_VIEW_ARGS(slu_text_set_at(&set, i, NULL)));
        cr_assert_gt(strcmp(text, last), 0);
        memcpy(last, text, sizeof(last));
    }
    slu_text_set_fini(&set);
}

Test(text_set, holds_no_more_than_its_maximum)
{
    struct slu_text_set set;
    char text[100];

    memset(text, 'x', sizeof(text));
    slu_text_set_init(&set, slu_alloc_default(), 250);
    cr_assert_eq(slu_text_set_add(&set, slu_view_make(text, 100), 0),
                 SLU_ERR_OK);
    cr_assert_eq(slu_text_set_add(&set, slu_view_make(text, 99), 0),
                 SLU_ERR_OK);
    cr_assert_eq(slu_text_set_add(&set, slu_view_make(text, 98), 0),
                 SLU_ERR_LIMIT);
    slu_text_set_sort(&set);
    cr_assert_eq(set.count, 2);
    slu_text_set_fini(&set);
}

Test(text_set, an_empty_one_can_be_sorted)
{
    struct slu_text_set set = {0};

    slu_text_set_fini(&set);
    slu_text_set_init(&set, slu_alloc_default(), 100);
    slu_text_set_sort(&set);
    cr_assert_eq(set.count, 0);
    slu_text_set_fini(&set);
}

Test(text_set, without_memory_it_stays_as_it_was)
{
    for (unsigned fail_at = 1; fail_at < 10; fail_at++) {
        struct failing_alloc own;
        struct slu_text_set set;
        size_t added = 0;

        failing_alloc_init(&own, fail_at);
        slu_text_set_init(&set, &own.alloc, 100000);
        for (unsigned i = 0; i < 1000; i++) {
            char text[20];
            enum slu_err err;

            (void)snprintf(text, sizeof(text), "name-%u", i);
            err = slu_text_set_add(&set, slu_view_str(text), 0);
            cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
            added += err == SLU_ERR_OK;
        }
        slu_text_set_sort(&set);
        cr_assert_eq(set.count, added);
        slu_text_set_fini(&set);
        cr_assert_eq(own.live, 0);
    }
}
