/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what this CPU can do, in the steps that kernels are written for. A
 * module with several kernels tries the steps from the top and takes the first
 * one that holds; what is portable C holds everywhere.
 * Cost: the compiler's runtime library asks the CPU before main(); here that
 * is one load and one test of a constant, so that a matcher may choose its
 * kernel at each call. It counts what the operating system saves, too.
 */
#ifndef SLU_CODECS_CPU_H
#define SLU_CODECS_CPU_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__x86_64__)

/* Nehalem, 2008, and later: SSSE3 and SSE4.1 with it. */
#define SLU_TARGET_SSE42 __attribute__((target("sse4.2")))

static inline bool slu_cpu_has_sse42(void)
{
    return __builtin_cpu_supports("sse4.2");
}

/* Haswell, 2013, Zen, 2017, and later. */
#define SLU_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))

static inline bool slu_cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("pclmul");
}

/* Servers since Skylake, 2017, Zen 4, 2022: with bytes and short vectors. */
#define SLU_TARGET_AVX512                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,"    \
                          "pclmul")))

static inline bool slu_cpu_has_avx512(void)
{
    return slu_cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}

#endif

#ifdef __cplusplus
}
#endif
#endif
