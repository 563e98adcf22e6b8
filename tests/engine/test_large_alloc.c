/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/large_alloc.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static const struct slu_alloc *large(void)
{
    return slu_large_alloc(slu_alloc_default());
}

Test(large_alloc, an_embedders_allocator_gets_every_request)
{
    struct failing_alloc own;
    void *ptr;

    failing_alloc_init(&own, 0);
    cr_assert_eq(slu_large_alloc(&own.alloc), &own.alloc);
    ptr = slu_large_alloc_zero(slu_large_alloc(&own.alloc), 5 << 20);
    cr_assert_eq(own.live, 5 << 20);
    slu_alloc_put(&own.alloc, ptr, 5 << 20);
    cr_assert_eq(own.live, 0);
}

Test(large_alloc, large_blocks_begin_on_a_huge_page_and_are_zero)
{
    static const size_t lens[] = {SLU_LARGE_ALLOC_HUGE, (5u << 20) + 7,
                                  64u << 20};

    for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        char *ptr = slu_large_alloc_zero(large(), lens[i]);

        cr_assert_not_null(ptr);
        cr_assert_eq((uintptr_t)ptr % SLU_LARGE_ALLOC_HUGE, 0);
        cr_assert_eq(ptr[0], 0);
        cr_assert_eq(ptr[lens[i] / 2], 0);
        cr_assert_eq(ptr[lens[i] - 1], 0);
        memset(ptr, 1, lens[i]);
        slu_alloc_put(large(), ptr, lens[i]);
    }
}

/* Through every pair of small, mapped and huge, up and down. */
Test(large_alloc, a_block_keeps_its_content_whatever_it_becomes)
{
    static const size_t lens[] = {1,
                                  1000,
                                  SLU_LARGE_ALLOC_MIN - 1,
                                  SLU_LARGE_ALLOC_MIN,
                                  SLU_LARGE_ALLOC_HUGE - 1,
                                  SLU_LARGE_ALLOC_HUGE,
                                  (7u << 20) + 13};
    const unsigned count = sizeof(lens) / sizeof(lens[0]);

    for (unsigned i = 0; i < count * count; i++) {
        size_t from = lens[i / count];
        size_t to = lens[i % count];
        size_t kept = from < to ? from : to;
        unsigned char *ptr = slu_alloc_get(large(), from);

        for (size_t j = 0; j < from; j++) {
            ptr[j] = (unsigned char)(j * 31 >> 3);
        }
        ptr = slu_alloc_resize(large(), ptr, from, to);
        cr_assert_not_null(ptr);
        for (size_t j = 0; j < kept; j++) {
            cr_assert_eq(ptr[j], (unsigned char)(j * 31 >> 3), "%zu to %zu",
                         from, to);
        }
        memset(ptr, 1, to);
        slu_alloc_put(large(), ptr, to);
    }
}

Test(large_alloc, more_than_there_is_is_refused_and_changes_nothing)
{
    char *ptr = slu_alloc_get(large(), 4u << 20);

    cr_assert_null(slu_alloc_get(large(), SIZE_MAX));
    cr_assert_null(slu_alloc_get(large(), SIZE_MAX / 4));
    cr_assert_null(slu_large_alloc_zero(large(), SIZE_MAX / 4));
    ptr[5] = 'x';
    cr_assert_null(slu_alloc_resize(large(), ptr, 4u << 20, SIZE_MAX / 4));
    cr_assert_null(slu_alloc_resize(large(), ptr, 4u << 20, SIZE_MAX - 1));
    cr_assert_eq(ptr[5], 'x');
    slu_alloc_put(large(), ptr, 4u << 20);
    slu_alloc_put(large(), NULL, 4u << 20);
}
