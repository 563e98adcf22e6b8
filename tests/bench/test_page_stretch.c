/* SPDX-License-Identifier: Apache-2.0 */
/* The values of pages that don't exist: bench/page_stretch.c. */
#include "bench/page_stretch.h"
#include "codecs/checks.h"
#include "codecs/guard.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 99999900 /* a hundred million items in */

static int compare_texts(const void *a, const void *b)
{
    return memcmp(a, b, 15);
}

/* Each value is one of its kind that no guard rail holds back, and no two are
 * the same. */
static void check_values(enum slu_stretch_shape shape, enum slu_kind kind)
{
    static const struct slu_stretch_dates dates = {1754500000, 86400,
                                                   200000000};
    struct slu_guard_options options = {.cidr_min_prefix = 8};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);
    struct slu_stretch stretch;
    char *values;

    cr_assert(slu_stretch_make(&stretch, shape, kind, 700, &dates));
    cr_assert_leq(stretch.stride, 760);
    cr_assert_geq(stretch.stride, 600);
    values = malloc(stretch.count * 15);
    slu_stretch_write(&stretch, FIRST, stretch.count);
    for (size_t i = 0; i < stretch.count; i++) {
        struct slu_view value = slu_view_make(
            stretch.bytes + i * stretch.stride + stretch.value_at, 15);
        char scratch[SLU_VALUE_MAX];
        struct slu_record record = {0};

        cr_assert_eq(slu_check_value(kind, value, scratch, &record),
                     SLU_REASON_NONE, "%.15s", value.ptr);
        cr_assert_eq(slu_check_guard(guard, &record), SLU_REASON_NONE, "%.15s",
                     value.ptr);
        cr_assert_eq(value.ptr[15], '"');
        memcpy(values + i * 15, value.ptr, 15);
    }
    qsort(values, stretch.count, 15, compare_texts);
    for (size_t i = 1; i < stretch.count; i++) {
        cr_assert_neq(memcmp(values + i * 15 - 15, values + i * 15, 15), 0);
    }
    free(values);
    free(stretch.bytes);
    slu_guard_free(guard);
}

Test(page_stretch, has_values_that_are_valid_and_come_once)
{
    check_values(SLU_STRETCH_LIST, SLU_KIND_IP);
    check_values(SLU_STRETCH_LIST, SLU_KIND_DOMAIN);
    check_values(SLU_STRETCH_STREAM, SLU_KIND_IP);
    check_values(SLU_STRETCH_STREAM, SLU_KIND_DOMAIN);
}

Test(page_stretch, says_the_same_of_an_item_wherever_it_begins)
{
    static const struct slu_stretch_dates dates = {1754500000, 1000, 500};
    struct slu_stretch stretch;
    char *seventh;

    cr_assert(slu_stretch_make(&stretch, SLU_STRETCH_STREAM, SLU_KIND_DOMAIN,
                               900, &dates));
    slu_stretch_write(&stretch, 0, 10);
    seventh = malloc(stretch.stride);
    memcpy(seventh, stretch.bytes + 7 * stretch.stride, stretch.stride);
    slu_stretch_write(&stretch, 7, 1);
    cr_assert_eq(memcmp(seventh, stretch.bytes, stretch.stride), 0);
    cr_assert_eq(memcmp(stretch.bytes + stretch.date_at, "1754500014", 10), 0);
    cr_assert_eq(slu_stretch_date(&dates, 7), 1754500014);
    free(seventh);
    free(stretch.bytes);
}
