/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/clock.h"

#include <stdlib.h>
#include <time.h>

int64_t slu_clock_wall_s(void)
{
    struct timespec now;
#ifdef SLU_TEST_HOOKS
    const char *frozen = getenv("SLUICE_CLOCK");

    if (frozen != NULL) {
        return strtoll(frozen, NULL, 10);
    }
#endif
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

uint64_t slu_clock_mono_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t slu_clock_mono_us(void)
{
    return slu_clock_mono_ns() / 1000;
}

uint64_t slu_clock_mono_ms(void)
{
    return slu_clock_mono_us() / 1000;
}
