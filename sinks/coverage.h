/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how well each category is covered: how many of its indicators are on a
 * list, how many are not for lack of room, and of the best of those its
 * verdict and score (the cut). Fed by the second scan, which sees every record,
 * so that what the pool let go long before counts like the rest.
 */
#ifndef SLU_SINKS_COVERAGE_H
#define SLU_SINKS_COVERAGE_H

#include "sinks/lists.h"

/* Counts a candidate in each of its categories. */
void slu_coverage_add(
    struct slu_lists_category categories[SLU_LISTS_CATEGORIES_MAX],
    const struct slu_record *record, bool listed);

#endif
