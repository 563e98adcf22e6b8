/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/values.h"
#include "codecs/domain.h"
#include "codecs/ipv4.h"

#include <criterion/criterion.h>

#define COUNT 20000

static bool is_valid(enum slu_bench_value kind, struct slu_view value)
{
    struct slu_cidr cidr;
    char out[SLU_VALUE_MAX];
    size_t len;

    return (kind == SLU_BENCH_NAME
                ? slu_domain_match(value, out, &len)
                : slu_ipv4_match(value, &cidr, NULL)) == SLU_REASON_NONE;
}

Test(bench_values, nine_in_ten_are_valid_of_every_kind)
{
    for (int kind = SLU_BENCH_ADDRESS; kind <= SLU_BENCH_NAME; kind++) {
        struct slu_bench_random random = {7};
        unsigned valid = 0;
        unsigned ranges = 0;

        for (unsigned i = 0; i < COUNT; i++) {
            char text[SLU_BENCH_VALUE_MAX];
            size_t len = slu_bench_value(&random, kind, text);

            cr_assert_lt(len, SLU_BENCH_VALUE_MAX);
            cr_assert_eq(text[len], '\0');
            valid += is_valid(kind, slu_view_make(text, len));
            ranges += strchr(text, '/') != NULL;
        }
        cr_assert_gt(valid, COUNT * 89 / 100);
        cr_assert_lt(valid, COUNT * 91 / 100);
        cr_assert(kind == SLU_BENCH_RANGE ? ranges > COUNT * 9 / 10
                                          : ranges < COUNT / 50);
    }
}

Test(bench_values, a_seed_gives_the_same_values_again)
{
    struct slu_bench_random first = {3};
    struct slu_bench_random second = {3};

    for (unsigned i = 0; i < 1000; i++) {
        char a[SLU_BENCH_VALUE_MAX];
        char b[SLU_BENCH_VALUE_MAX];

        (void)slu_bench_value(&first, SLU_BENCH_NAME, a);
        (void)slu_bench_value(&second, SLU_BENCH_NAME, b);
        cr_assert_str_eq(a, b);
    }
}

/* By up to two bytes; AddressSanitizer sees what goes beyond the room. */
Test(bench_values, spoiling_changes_two_bytes_at_most)
{
    struct slu_bench_random random = {5};
    unsigned changed = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        char text[SLU_BENCH_VALUE_MAX + 2];
        char copy[SLU_BENCH_VALUE_MAX];
        size_t before = slu_bench_value(&random, i % 3, text);
        size_t after;

        memcpy(copy, text, before);
        after = slu_bench_spoil(&random, text, before);
        cr_assert(after + 2 >= before && after <= before + 2);
        changed += !slu_view_equal(slu_view_make(text, after),
                                   slu_view_make(copy, before));
    }
    /* One in three is left as it is. */
    cr_assert_gt(changed, COUNT / 2);
    cr_assert_lt(changed, COUNT * 3 / 4);
}
