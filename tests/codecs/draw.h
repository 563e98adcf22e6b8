/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by chance that are the same in every run (xorshift). */
#ifndef TESTS_CODECS_DRAW_H
#define TESTS_CODECS_DRAW_H

#include <stdint.h>

static uint64_t random_state; /* the test sets it; never 0 */

/* From 0 to bound - 1. */
static inline uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) * bound >> 32);
}

#endif
