/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the hot loops of the engine, each over a fixed input, for callgrind to
 * count. Instructions are the same on every machine with the same compiler and
 * the same choice of kernels, so a change of some percent is a change of the
 * code.
 * Use: slu_bench_count_all() in a process below
 * `valgrind --tool=callgrind --toggle-collect=slu_bench_counted
 * --dump-after=slu_bench_counted`: one dump for each name, in their order.
 */
#ifndef SLU_BENCH_KERNELS_H
#define SLU_BENCH_KERNELS_H

#include "bench/bench.h"

#define SLU_BENCH_KERNELS_MAX 32

/* Ended by NULL. */
extern const char *const slu_bench_kernel_names[];

/* Runs each loop once to warm up and once counted; what they find is checked
 * by slu_bench_require. */
void slu_bench_count_all(struct slu_bench *bench);

#endif
