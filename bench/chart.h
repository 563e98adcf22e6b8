/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the drawing of one figure: a bar for ours and one for each rival, all
 * of one scale, with the rounds as dots, the quartiles as a band, and the limit
 * as a line. Places are percent of the width, heights are pixels, so that a
 * drawing is as wide as there is room and its text stays readable.
 */
#ifndef SLU_BENCH_CHART_H
#define SLU_BENCH_CHART_H

#include "bench/bench.h"

#include <stdio.h>

#define SLU_BENCH_TICKS_MAX 8

/* From 0, or, where values lie far apart, logarithmic. */
struct slu_bench_scale {
    bool logarithmic;
    double from;
    double to;
    unsigned count;
    double ticks[SLU_BENCH_TICKS_MAX];
};

/* Has room for all values of a figure and its limit. */
struct slu_bench_scale
slu_bench_scale_make(const struct slu_bench_figure *figure);

/* 0 to 100. */
double slu_bench_scale_place(const struct slu_bench_scale *self, double value);

/* One bar. kind: a class of the page's style, "ours" or "rival". */
void slu_bench_chart_bar(FILE *to, const struct slu_bench_scale *scale,
                         const struct slu_bench_figure *figure,
                         const struct slu_bench_series *series,
                         const char *kind);
/* The ticks below the bars, and the limit's name. */
void slu_bench_chart_axis(FILE *to, const struct slu_bench_scale *scale,
                          const struct slu_bench_figure *figure);

/* Text with what HTML would read replaced; control bytes as blanks. */
void slu_bench_html_text(FILE *to, const char *text);

#endif
