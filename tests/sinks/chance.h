/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by chance that are the same in every run (SplitMix64). */
#ifndef TESTS_SINKS_CHANCE_H
#define TESTS_SINKS_CHANCE_H

#include <stdint.h>

static inline uint64_t chance_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* From 0 to below - 1. */
static inline uint32_t chance(uint64_t *state, uint32_t below)
{
    return (uint32_t)(chance_next(state) % below);
}

#endif
