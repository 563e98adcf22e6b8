/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what is said of a series of rounds, and of a figure beside its limit
 * and its rivals.
 */
#ifndef SLU_BENCH_STATISTICS_H
#define SLU_BENCH_STATISTICS_H

#include "bench/bench.h"

/* All 0 of an empty series. The quartiles are interpolated between the values
 * beside them (type 7 of Hyndman and Fan, as most programs have it). */
struct slu_bench_summary {
    unsigned count;
    double least;
    double lower; /* quartile */
    double median;
    double upper; /* quartile */
    double most;
};

struct slu_bench_summary
slu_bench_summarise(const struct slu_bench_series *series);

enum slu_bench_verdict {
    SLU_BENCH_UNJUDGED, /* no limit, or nothing measured */
    SLU_BENCH_REACHED,
    SLU_BENCH_MISSED,
};

/* Of the median. */
enum slu_bench_verdict slu_bench_judge(const struct slu_bench_figure *figure);

/*
 * How many times as good as the rival ours is, over 1 being better: the median
 * of the rounds' ratios where both have as many rounds, else the ratio of the
 * medians. 0 when there is none to be had.
 */
double slu_bench_advantage(const struct slu_bench_figure *figure,
                           const struct slu_bench_rival *rival);

/* How many rivals the table has. */
unsigned slu_bench_rivals_count(const struct slu_bench_figure *figure);

struct slu_bench_number {
    char text[40];
};

/* Three digits that count, no exponent, thousands apart: "0.0123", "3.42",
 * "812", "1,234,567". */
struct slu_bench_number slu_bench_number(double value);

/* The same with its unit behind a blank. */
struct slu_bench_number slu_bench_quantity(double value, const char *unit);

#endif
