/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/coverage.h"

#include <criterion/criterion.h>

static struct slu_lists_category categories[SLU_LISTS_CATEGORIES_MAX];

static void add(enum slu_verdict verdict, uint8_t score, uint32_t sources,
                bool listed)
{
    const struct slu_record record = {
        .verdict = verdict, .score = score, .sources = sources};

    slu_coverage_add(categories, &record, listed);
}

Test(coverage, counts_an_indicator_in_each_of_its_categories)
{
    add(SLU_VERDICT_MALICIOUS, 50, 1u | 1u << 31, true);
    add(SLU_VERDICT_MALICIOUS, 50, 1u << 31, false);
    add(SLU_VERDICT_MALICIOUS, 50, 0, false);
    cr_assert_eq(categories[0].listed, 1);
    cr_assert_eq(categories[0].exceeded, 0);
    cr_assert_not(categories[0].has_cut);
    cr_assert_eq(categories[31].listed, 1);
    cr_assert_eq(categories[31].exceeded, 1);
    for (unsigned i = 1; i < 31; i++) {
        cr_assert_eq(categories[i].listed + categories[i].exceeded, 0);
    }
}

Test(coverage, the_cut_is_the_best_by_verdict_and_then_by_score)
{
    add(SLU_VERDICT_SUSPICIOUS, 0, 2, false);
    cr_assert(categories[1].has_cut);
    cr_assert_eq(categories[1].cut_verdict, SLU_VERDICT_SUSPICIOUS);
    add(SLU_VERDICT_SUSPICIOUS, 90, 2, false);
    cr_assert_eq(categories[1].cut_score, 90);
    add(SLU_VERDICT_MALICIOUS, 10, 2, false);
    add(SLU_VERDICT_SUSPICIOUS, 95, 2, false);
    add(SLU_VERDICT_MALICIOUS, 9, 2, false);
    add(SLU_VERDICT_MALICIOUS, 99, 2, true);
    cr_assert_eq(categories[1].cut_verdict, SLU_VERDICT_MALICIOUS);
    cr_assert_eq(categories[1].cut_score, 10);
    cr_assert_eq(categories[1].exceeded, 5);
}
