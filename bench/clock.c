/* SPDX-License-Identifier: Apache-2.0 */
/* What: the clocks and the random numbers of the cases. */
#include "bench/bench.h"

#include <time.h>

static double read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double slu_bench_wall_s(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double slu_bench_cpu_s(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014:
 * the constants are its table's variant 13 of the finaliser. */
uint64_t slu_bench_next(struct slu_bench_random *self)
{
    uint64_t mixed = self->state += 0x9e3779b97f4a7c15U;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

/* The upper half of a product: no division, and a bias of bound / 2^32 at
 * most, which no measurement sees. */
uint32_t slu_bench_below(struct slu_bench_random *self, uint32_t bound)
{
    return (uint32_t)(((slu_bench_next(self) >> 32) * bound) >> 32);
}
