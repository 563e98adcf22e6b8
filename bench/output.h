/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the results as text, JSON and a page. All of them show the same: each
 * figure with unit, median and quartiles of its rounds, its limit, and its
 * rivals of the same rounds. With SMOKE nothing is judged, as times then mean
 * nothing.
 */
#ifndef SLU_BENCH_OUTPUT_H
#define SLU_BENCH_OUTPUT_H

#include "bench/machine.h"
#include "bench/run.h"
#include "bench/statistics.h"

#include <stdio.h>

struct slu_bench_report {
    struct slu_bench_machine machine;
    enum slu_bench_size size;
    uint64_t seed;
    const struct slu_bench_result *results; /* in the table's order */
    size_t count;
};

struct slu_bench_tally {
    unsigned figures;
    unsigned reached;
    unsigned missed;
    unsigned failed; /* cases */
};

struct slu_bench_tally
slu_bench_report_count(const struct slu_bench_report *self);

/* "smoke", "normal", "full" */
const char *slu_bench_size_name(enum slu_bench_size size);

/* Text, piece by piece as cases end. At most 100 columns. */
void slu_bench_text_begin(FILE *to, const struct slu_bench_report *report);
void slu_bench_text_case(FILE *to, const struct slu_bench_report *report,
                         const struct slu_bench_result *result, bool colour);
void slu_bench_text_end(FILE *to, const struct slu_bench_report *report);

void slu_bench_json(FILE *to, const struct slu_bench_report *report);

#endif
