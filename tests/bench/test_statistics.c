/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/statistics.h"

#include <criterion/criterion.h>
#include <math.h>

static struct slu_bench_series make_series(unsigned count, const double *values)
{
    struct slu_bench_series series = {0};

    for (unsigned i = 0; i < count; i++) {
        slu_bench_add(&series, values[i]);
    }
    return series;
}

#define SERIES(...)                                                            \
    make_series(sizeof((double[]){__VA_ARGS__}) / sizeof(double),              \
                (double[]){__VA_ARGS__})

static void check_near(double got, double want)
{
    cr_expect(fabs(got - want) < 1e-12, "%.17g, not %.17g", got, want);
}

static void check_summary(struct slu_bench_series series, double least,
                          double lower, double median, double upper,
                          double most)
{
    struct slu_bench_summary summary = slu_bench_summarise(&series);

    cr_expect_eq(summary.count, series.count);
    check_near(summary.least, least);
    check_near(summary.lower, lower);
    check_near(summary.median, median);
    check_near(summary.upper, upper);
    check_near(summary.most, most);
}

Test(bench_statistics, quartiles_are_those_of_other_programs)
{
    /* as R's quantile(x, type = 7) and numpy.percentile give them */
    check_summary(SERIES(5), 5, 5, 5, 5, 5);
    check_summary(SERIES(2, 1), 1, 1.25, 1.5, 1.75, 2);
    check_summary(SERIES(9, 1, 5), 1, 3, 5, 7, 9);
    check_summary(SERIES(4, 3, 2, 1), 1, 1.75, 2.5, 3.25, 4);
    check_summary(SERIES(7, 15, 36, 39, 40, 41), 7, 20.25, 37.5, 39.75, 41);
}

Test(bench_statistics, the_series_stays_in_rounds_order)
{
    struct slu_bench_series series = SERIES(3, 1, 2);

    (void)slu_bench_summarise(&series);
    check_near(series.values[0], 3);
    check_near(series.values[1], 1);
}

Test(bench_statistics, nothing_measured_is_nothing)
{
    struct slu_bench_series none = {0};

    check_summary(none, 0, 0, 0, 0, 0);
}

Test(bench_statistics, the_longest_series_has_room)
{
    struct slu_bench_series series = {0};

    for (unsigned i = 0; i < SLU_BENCH_ROUNDS_MAX; i++) {
        slu_bench_add(&series, SLU_BENCH_ROUNDS_MAX - i);
    }
    check_summary(series, 1, 26, 51, 76, 101);
}

static enum slu_bench_verdict judge(enum slu_bench_better better, double limit,
                                    double median)
{
    struct slu_bench_figure figure = {
        .better = better, .limit = limit, .ours = SERIES(median)};

    return slu_bench_judge(&figure);
}

Test(bench_statistics, a_limit_is_judged_by_its_side)
{
    cr_expect_eq(judge(SLU_BENCH_LESS, 5, 4.9), SLU_BENCH_REACHED);
    cr_expect_eq(judge(SLU_BENCH_LESS, 5, 5), SLU_BENCH_REACHED);
    cr_expect_eq(judge(SLU_BENCH_LESS, 5, 5.1), SLU_BENCH_MISSED);
    cr_expect_eq(judge(SLU_BENCH_MORE, 5, 4.9), SLU_BENCH_MISSED);
    cr_expect_eq(judge(SLU_BENCH_MORE, 5, 5), SLU_BENCH_REACHED);
    cr_expect_eq(judge(SLU_BENCH_MORE, 0, 5), SLU_BENCH_UNJUDGED);
}

Test(bench_statistics, nothing_measured_reaches_nothing)
{
    struct slu_bench_figure figure = {.better = SLU_BENCH_LESS, .limit = 5};

    cr_expect_eq(slu_bench_judge(&figure), SLU_BENCH_UNJUDGED);
}

Test(bench_statistics, an_advantage_is_taken_round_by_round)
{
    /* The clock was slow in the second round: the medians' ratio is 1.9. */
    struct slu_bench_figure figure = {
        .better = SLU_BENCH_LESS,
        .ours = SERIES(10, 100, 11),
        .rivals = {{.name = "r", .series = SERIES(20, 200, 21)}}};

    check_near(slu_bench_advantage(&figure, &figure.rivals[0]), 2);
    figure.better = SLU_BENCH_MORE;
    check_near(slu_bench_advantage(&figure, &figure.rivals[0]), 0.5);
}

Test(bench_statistics, an_advantage_over_fewer_rounds_is_of_medians)
{
    struct slu_bench_figure figure = {
        .better = SLU_BENCH_LESS,
        .ours = SERIES(10, 12, 11),
        .rivals = {{.name = "r", .series = SERIES(33)}, {.name = "none"}}};

    check_near(slu_bench_advantage(&figure, &figure.rivals[0]), 3);
    check_near(slu_bench_advantage(&figure, &figure.rivals[1]), 0);
    figure.ours = SERIES(0);
    check_near(slu_bench_advantage(&figure, &figure.rivals[0]), 0);
}

Test(bench_statistics, rivals_end_at_the_first_without_a_name)
{
    struct slu_bench_figure figure = {.rivals = {{.name = "a"}, {.name = "b"}}};

    cr_expect_eq(slu_bench_rivals_count(&figure), 2);
    figure.rivals[2].name = "c";
    figure.rivals[3].name = "d";
    cr_expect_eq(slu_bench_rivals_count(&figure), 4);
}

static void check_number(double value, const char *want)
{
    struct slu_bench_number number = slu_bench_number(value);

    cr_expect_str_eq(number.text, want, "%.17g is \"%s\", not \"%s\"", value,
                     number.text, want);
}

Test(bench_statistics, numbers_have_three_digits_that_count)
{
    check_number(0, "0");
    check_number(0.012345, "0.0123");
    check_number(0.8, "0.800");
    check_number(1, "1.00");
    check_number(3.4159, "3.42");
    check_number(9.994, "9.99");
    check_number(9.996, "10.0");
    check_number(99.96, "100");
    check_number(812.4, "812");
    check_number(999.4, "999");
    check_number(999.6, "1,000");
    check_number(1234567, "1,234,567");
    check_number(12345, "12,345");
    check_number(-3.4159, "-3.42");
    check_number(-123456, "-123,456");
    check_number(1e-12, "0.000000000");
    check_number(INFINITY, "inf");
    check_number(1e18, "1e+18");
}

Test(bench_statistics, a_quantity_has_its_unit)
{
    cr_expect_str_eq(slu_bench_quantity(1500, "GB/s").text, "1,500 GB/s");
}

Test(bench_statistics, random_numbers_are_the_published_ones)
{
    /* splitmix64 from the seed 1234567, as its authors print them */
    struct slu_bench_random random = {1234567};

    cr_expect_eq(slu_bench_next(&random), 6457827717110365317u);
    cr_expect_eq(slu_bench_next(&random), 3203168211198807973u);
    cr_expect_eq(slu_bench_next(&random), 9817491932198370423u);
    for (int i = 0; i < 1000; i++) {
        cr_assert_lt(slu_bench_below(&random, 7), 7);
    }
}
