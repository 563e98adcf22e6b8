/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: values as feeds hold them, made from a seed, for the matchers: nine in
 * ten valid, one in ten wrong in one of the ways that occur. No two are alike
 * for long, so that no branch predictor learns them by heart.
 */
#ifndef SLU_BENCH_VALUES_H
#define SLU_BENCH_VALUES_H

#include "bench/bench.h"

enum slu_bench_value {
    SLU_BENCH_ADDRESS,
    SLU_BENCH_RANGE, /* half of them /24, the others /8 to /32 */
    SLU_BENCH_NAME,  /* 20 bytes on average, seven in a hundred over 32 */
};

#define SLU_BENCH_VALUE_MAX 96

/* Writes one, terminated; returns its length. */
size_t slu_bench_value(struct slu_bench_random *random,
                       enum slu_bench_value kind,
                       char out[SLU_BENCH_VALUE_MAX]);

/* Changes up to two bytes of a value, adds or drops them: what only just is
 * valid, or only just is not. Not terminated. Returns its length. */
size_t slu_bench_spoil(struct slu_bench_random *random,
                       char text[SLU_BENCH_VALUE_MAX + 2], size_t len);

#endif
