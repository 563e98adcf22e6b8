/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how much more of this process was in memory at most since begin, by the
 * kernel's own account of the peak (VmHWM, proc(5)), which is set back first.
 */
#ifndef SLU_BENCH_PEAK_H
#define SLU_BENCH_PEAK_H

#include "bench/bench.h"

struct slu_bench_peak {
    struct slu_bench *bench;
    double before; /* bytes */
};

void slu_bench_peak_begin(struct slu_bench_peak *self, struct slu_bench *bench);

/* In bytes. */
double slu_bench_peak_since(const struct slu_bench_peak *self);

#endif
