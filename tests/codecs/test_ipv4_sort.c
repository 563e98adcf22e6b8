/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_sort.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* The C library's sort, and repeats taken out one by one. Each array has memory
 * of its own length, so that AddressSanitizer sees what goes beyond. */
static void check(const uint32_t *addresses, size_t count, const char *what)
{
    size_t bytes = count > 0 ? count * sizeof(*addresses) : 1;
    uint32_t *expected = malloc(bytes);
    uint32_t *sorted = malloc(bytes);
    uint32_t *scratch = malloc(bytes);
    size_t len = 0;

    memcpy(expected, addresses, count * sizeof(*addresses));
    memcpy(sorted, addresses, count * sizeof(*addresses));
    qsort(expected, count, sizeof(*expected), compare);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || expected[i] != expected[i - 1]) {
            expected[len++] = expected[i];
        }
    }
    cr_assert_eq(slu_ipv4_sort(sorted, count, scratch), len, "%s of %zu", what,
                 count);
    cr_assert_eq(memcmp(sorted, expected, len * sizeof(*expected)), 0,
                 "%s of %zu", what, count);
    free(expected);
    free(sorted);
    free(scratch);
}

static uint64_t state = 1;

static uint32_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

enum shape {
    ANY,
    ONE_BUCKET,  /* all in one bucket */
    TWO_BUCKETS, /* the first and the last bucket */
    REPEATS,     /* a hundred values */
    EQUAL,       /* one value */
    ASCENDING,   /* nothing to do */
    DESCENDING,
    LATE_FAULT, /* ascending but for the last */
    EDGES,      /* 0.0.0.0 and 255.255.255.255 */
    SHAPE_COUNT,
};

static uint32_t make_address(enum shape shape, size_t i, size_t count)
{
    switch (shape) {
    case ONE_BUCKET:
        return 0x59000000 | (next() & 0x1fffff);
    case TWO_BUCKETS:
        return ((i & 1) ? 0xff000000 : 0) | (next() & 0xffff);
    case REPEATS:
        return (next() % 100) * 0x01234567;
    case EQUAL:
        return 0x01020304;
    case ASCENDING:
        return (uint32_t)(i * 3);
    case DESCENDING:
        return (uint32_t)((count - i) * 3);
    case LATE_FAULT:
        return i + 1 == count ? 1 : (uint32_t)(i * 3);
    case EDGES:
        return (next() & 1) ? 0xffffffff : 0;
    default:
        return next();
    }
}

Test(ipv4_sort, sorts_like_the_c_library_and_drops_repeats)
{
    /* Around each way that a bucket may take. */
    static const size_t counts[] = {0,   1,   2,   3,    23,   24,   25,
                                    399, 400, 401, 1000, 6000, 30000};

    for (unsigned shape = 0; shape < SHAPE_COUNT; shape++) {
        for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
            char what[32];
            uint32_t *addresses = malloc(counts[c] * 4 + 1);

            for (size_t i = 0; i < counts[c]; i++) {
                addresses[i] = make_address((enum shape)shape, i, counts[c]);
            }
            (void)snprintf(what, sizeof(what), "shape %u", shape);
            check(addresses, counts[c], what);
            free(addresses);
        }
    }
}

/* 65,536 of the same top 11 bits: the bitmap, at its size and one beside. */
Test(ipv4_sort, a_crowded_bucket_is_sorted_by_bitmap)
{
    static const size_t counts[] = {(1 << 16) - 1, 1 << 16, (1 << 16) + 9000};
    size_t most = counts[2] + 3000;
    uint32_t *addresses = malloc(most * sizeof(*addresses));

    for (unsigned c = 0; c < 3; c++) {
        for (size_t i = 0; i < counts[c]; i++) {
            addresses[i] = 0xab000000 | (i < counts[c] / 2 ? (uint32_t)i
                                                           : next() & 0x1fffff);
        }
        for (size_t i = counts[c]; i < counts[c] + 3000; i++) {
            addresses[i] = next();
        }
        check(addresses, counts[c] + 3000, "crowd");
    }
    free(addresses);
}

Test(ipv4_sort, random_lengths)
{
    static uint32_t addresses[70000];

    for (unsigned round = 0; round < 20; round++) {
        size_t count = next() % 70000;
        uint32_t mask = 0xffffffff >> (round % 4 * 8) << (round % 3 * 4);

        for (size_t i = 0; i < count; i++) {
            addresses[i] = next() & mask;
        }
        check(addresses, count, "random");
    }
}
