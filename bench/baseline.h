/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the instructions of the hot loops (kernels.h), counted by callgrind,
 * beside those that bench/baseline.json remembers.
 */
#ifndef SLU_BENCH_BASELINE_H
#define SLU_BENCH_BASELINE_H

#include "bench/run.h"

#include <stdio.h>

/* Exit codes: of SKIPPED, the sentence says why nothing could be compared. */
enum slu_bench_baseline {
    SLU_BENCH_BASELINE_SAME = 0,
    SLU_BENCH_BASELINE_OTHER = 1,
    SLU_BENCH_BASELINE_SKIPPED = 77,
};

/* Counts, and tells on `to` how the file's counts differ; 3 % are none. */
enum slu_bench_baseline
slu_bench_baseline_compare(const struct slu_bench_wish *wish, const char *path,
                           FILE *to);

/* Counts, and writes the file. */
enum slu_bench_baseline
slu_bench_baseline_renew(const struct slu_bench_wish *wish, const char *path,
                         FILE *to);

/* The main() of `sluice-bench --count`, below callgrind. */
int slu_bench_baseline_count(void);

#endif
