/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/coverage.h"

/* Ranks the record above the one that the cut was found at? In the order of
 * rule R8, of which the cut shows the first two. */
static bool is_above_cut(const struct slu_lists_category *category,
                         const struct slu_record *record)
{
    if (!category->has_cut || record->verdict != category->cut_verdict) {
        return !category->has_cut || record->verdict > category->cut_verdict;
    }
    return record->score > category->cut_score;
}

static void add_exceeded(struct slu_lists_category *category,
                         const struct slu_record *record)
{
    category->exceeded++;
    if (is_above_cut(category, record)) {
        category->has_cut = true;
        category->cut_verdict = record->verdict;
        category->cut_score = record->score;
    }
}

void slu_coverage_add(
    struct slu_lists_category categories[SLU_LISTS_CATEGORIES_MAX],
    const struct slu_record *record, bool listed)
{
    for (uint32_t rest = record->sources; rest != 0; rest &= rest - 1) {
        struct slu_lists_category *category = &categories[__builtin_ctz(rest)];

        if (listed) {
            category->listed++;
        } else {
            add_exceeded(category, record);
        }
    }
}
