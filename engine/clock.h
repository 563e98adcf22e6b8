/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the two clocks. Read once per turn of the loop.
 * In builds with SLU_TEST_HOOKS, SLUICE_CLOCK=SECONDS freezes the wall clock,
 * so that an interrupted run can be compared byte by byte with one that was
 * not. The monotonic clock is always the real one.
 */
#ifndef SLU_ENGINE_CLOCK_H
#define SLU_ENGINE_CLOCK_H

#include <stdint.h>

int64_t slu_clock_wall_s(void);   /* seconds since 1970, UTC */
uint64_t slu_clock_mono_ms(void); /* since an arbitrary point */
uint64_t slu_clock_mono_us(void);
uint64_t slu_clock_mono_ns(void);

#endif
