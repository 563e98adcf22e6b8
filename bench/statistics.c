/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

/* sorted: not empty. */
static double find_quantile(const double *sorted, unsigned count, double part)
{
    double at = part * (count - 1);
    unsigned below = (unsigned)at;
    unsigned above = below + 1 < count ? below + 1 : below;

    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

struct slu_bench_summary
slu_bench_summarise(const struct slu_bench_series *series)
{
    struct slu_bench_summary summary = {.count = series->count};
    double sorted[SLU_BENCH_ROUNDS_MAX];

    if (series->count == 0) {
        return summary;
    }
    memcpy(sorted, series->values, series->count * sizeof(sorted[0]));
    qsort(sorted, series->count, sizeof(sorted[0]), compare);
    summary.least = sorted[0];
    summary.lower = find_quantile(sorted, series->count, 0.25);
    summary.median = find_quantile(sorted, series->count, 0.5);
    summary.upper = find_quantile(sorted, series->count, 0.75);
    summary.most = sorted[series->count - 1];
    return summary;
}

enum slu_bench_verdict slu_bench_judge(const struct slu_bench_figure *figure)
{
    double median = slu_bench_summarise(&figure->ours).median;
    bool holds = figure->better == SLU_BENCH_LESS ? median <= figure->limit
                                                  : median >= figure->limit;

    if (figure->limit == 0 || figure->ours.count == 0) {
        return SLU_BENCH_UNJUDGED;
    }
    return holds ? SLU_BENCH_REACHED : SLU_BENCH_MISSED;
}

static double divide(enum slu_bench_better better, double ours, double theirs)
{
    double over = better == SLU_BENCH_LESS ? theirs : ours;
    double under = better == SLU_BENCH_LESS ? ours : theirs;

    return under > 0 ? over / under : 0;
}

double slu_bench_advantage(const struct slu_bench_figure *figure,
                           const struct slu_bench_rival *rival)
{
    struct slu_bench_series ratios = {.count = figure->ours.count};

    if (figure->ours.count == 0 || rival->series.count == 0) {
        return 0;
    }
    if (figure->ours.count != rival->series.count) {
        return divide(figure->better, slu_bench_summarise(&figure->ours).median,
                      slu_bench_summarise(&rival->series).median);
    }
    for (unsigned i = 0; i < ratios.count; i++) {
        ratios.values[i] = divide(figure->better, figure->ours.values[i],
                                  rival->series.values[i]);
    }
    return slu_bench_summarise(&ratios).median;
}

unsigned slu_bench_rivals_count(const struct slu_bench_figure *figure)
{
    unsigned count = 0;

    while (count < SLU_BENCH_RIVALS_MAX && figure->rivals[count].name != NULL) {
        count++;
    }
    return count;
}

/* Puts a comma between the thousands of a whole number. */
static void group(const char *digits, char *out)
{
    size_t len = strlen(digits);

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = '\0';
}

/* How many decimals leave three digits that count. Rounding may add a digit:
 * 9.996 is "10.0". */
static int count_decimals(double size)
{
    int digits = size > 0 ? (int)floor(log10(size * 1.0005)) + 1 : 1;
    int decimals = 3 - digits;

    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

struct slu_bench_number slu_bench_number(double value)
{
    struct slu_bench_number number = {""};
    char digits[24];

    if (!isfinite(value) || fabs(value) >= 1e15) {
        (void)snprintf(number.text, sizeof(number.text), "%.3g", value);
    } else if (fabs(value) >= 999.5) {
        (void)snprintf(digits, sizeof(digits), "%.0f", value);
        group(digits, number.text);
    } else {
        (void)snprintf(number.text, sizeof(number.text), "%.*f",
                       value == 0 ? 0 : count_decimals(fabs(value)), value);
    }
    return number;
}

struct slu_bench_number slu_bench_quantity(double value, const char *unit)
{
    struct slu_bench_number number = slu_bench_number(value);
    size_t len = strlen(number.text);

    (void)snprintf(number.text + len, sizeof(number.text) - len, " %s", unit);
    return number;
}
