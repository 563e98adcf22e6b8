/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/chart.h"

#include "bench/statistics.h"

#include <math.h>
#include <string.h>

#define FAR_APART 40 /* largest to smallest value, from which on it's a log */
#define TICKS_WANTED 4
#define DECADES_MAX 5 /* ticks side by side on a phone: "1,000,000" */
#define BAR_HEIGHT 26
#define DOTS_MAX 41
#define AXIS_HEIGHT 22

void slu_bench_html_text(FILE *to, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            (void)fputs("&amp;", to);
            break;
        case '<':
            (void)fputs("&lt;", to);
            break;
        case '>':
            (void)fputs("&gt;", to);
            break;
        case '"':
            (void)fputs("&quot;", to);
            break;
        case '\'':
            (void)fputs("&#39;", to);
            break;
        default:
            (void)fputc((unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at,
                        to);
        }
    }
}

/* ---- the scale ---- */

struct range {
    double least; /* of those over 0 */
    double most;
};

static void widen(struct range *range, double value)
{
    if (value > 0 && (range->least == 0 || value < range->least)) {
        range->least = value;
    }
    if (value > range->most) {
        range->most = value;
    }
}

static struct range find_range(const struct slu_bench_figure *figure)
{
    struct slu_bench_summary ours = slu_bench_summarise(&figure->ours);
    unsigned rivals = slu_bench_rivals_count(figure);
    struct range range = {0};

    widen(&range, ours.least);
    widen(&range, ours.most);
    widen(&range, figure->limit);
    for (unsigned i = 0; i < rivals; i++) {
        struct slu_bench_summary rival =
            slu_bench_summarise(&figure->rivals[i].series);

        widen(&range, rival.least);
        widen(&range, rival.most);
    }
    if (range.most == 0) {
        range = (struct range){1, 1};
    }
    return range;
}

/* 1, 2 or 5 times a power of ten, at least `size`. */
static double round_up(double size)
{
    double power = pow(10, floor(log10(size)));
    double digit = size / power;

    return power * (digit <= 1.0001   ? 1
                    : digit <= 2.0001 ? 2
                    : digit <= 5.0001 ? 5
                                      : 10);
}

static void fill_linear(struct slu_bench_scale *scale, double most)
{
    double step = round_up(most / TICKS_WANTED);

    scale->from = 0;
    scale->to = most * 1.04;
    for (unsigned i = 0; i < SLU_BENCH_TICKS_MAX && i * step <= scale->to;
         i++) {
        scale->ticks[scale->count++] = i * step;
    }
}

static void fill_logarithmic(struct slu_bench_scale *scale,
                             const struct range *range)
{
    double decade = pow(10, floor(log10(range->least)));
    unsigned every;

    scale->logarithmic = true;
    scale->from = decade == range->least ? decade / 2 : decade;
    scale->to = range->most * 1.3;
    every = 1 + (unsigned)(log10(scale->to / scale->from) / DECADES_MAX);
    for (double at = decade;
         at <= scale->to && scale->count < SLU_BENCH_TICKS_MAX;
         at *= pow(10, every)) {
        scale->ticks[scale->count++] = at;
    }
}

struct slu_bench_scale
slu_bench_scale_make(const struct slu_bench_figure *figure)
{
    struct range range = find_range(figure);
    struct slu_bench_scale scale = {0};

    if (range.least > 0 && range.most / range.least > FAR_APART) {
        fill_logarithmic(&scale, &range);
    } else {
        fill_linear(&scale, range.most);
    }
    return scale;
}

double slu_bench_scale_place(const struct slu_bench_scale *self, double value)
{
    double part =
        self->logarithmic
            ? (value > 0 ? log(value / self->from) / log(self->to / self->from)
                         : 0)
            : value / self->to;

    return part < 0 ? 0 : part > 1 ? 100 : part * 100;
}

/* ---- drawing ---- */

static void draw_limit(FILE *to, const struct slu_bench_scale *scale,
                       const struct slu_bench_figure *figure, int height)
{
    double at = slu_bench_scale_place(scale, figure->limit);

    if (figure->limit > 0) {
        (void)fprintf(to,
                      "<line class=\"halo\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
                      "y1=\"0\" y2=\"%d\"/>"
                      "<line class=\"limit\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
                      "y1=\"0\" y2=\"%d\"/>",
                      at, at, height, at, at, height);
    }
}

/* Not all of very many: then every n-th of them. */
static void draw_dots(FILE *to, const struct slu_bench_scale *scale,
                      const struct slu_bench_series *series)
{
    unsigned every = 1 + series->count / DOTS_MAX;

    for (unsigned i = 0; i < series->count; i += every) {
        (void)fprintf(to,
                      "<circle class=\"dot\" cx=\"%.2f%%\" cy=\"%d\" "
                      "r=\"2\"/>",
                      slu_bench_scale_place(scale, series->values[i]),
                      BAR_HEIGHT / 2 - 4 + (int)(i * 5 % 9));
    }
}

void slu_bench_chart_bar(FILE *to, const struct slu_bench_scale *scale,
                         const struct slu_bench_figure *figure,
                         const struct slu_bench_series *series,
                         const char *kind)
{
    struct slu_bench_summary summary = slu_bench_summarise(series);
    double median = slu_bench_scale_place(scale, summary.median);
    double lower = slu_bench_scale_place(scale, summary.lower);
    double upper = slu_bench_scale_place(scale, summary.upper);

    (void)fprintf(to,
                  "<svg class=\"bar %s\" width=\"100%%\" height=\"%d\" "
                  "aria-hidden=\"true\">"
                  "<rect class=\"track\" x=\"0\" y=\"5\" width=\"100%%\" "
                  "height=\"%d\" rx=\"3\"/>"
                  "<rect class=\"fill\" x=\"0\" y=\"5\" width=\"%.2f%%\" "
                  "height=\"%d\" rx=\"3\"/>",
                  kind, BAR_HEIGHT, BAR_HEIGHT - 10, median, BAR_HEIGHT - 10);
    (void)fprintf(to,
                  "<rect class=\"band\" x=\"%.2f%%\" y=\"5\" width=\"%.2f%%\" "
                  "height=\"%d\"/>",
                  lower, upper - lower, BAR_HEIGHT - 10);
    draw_dots(to, scale, series);
    (void)fprintf(to,
                  "<line class=\"median\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
                  "y1=\"3\" y2=\"%d\"/>",
                  median, median, BAR_HEIGHT - 3);
    draw_limit(to, scale, figure, BAR_HEIGHT);
    (void)fputs("</svg>\n", to);
}

/* A tick is a round number: "0.500" is 0.5. */
static struct slu_bench_number tick_text(double value)
{
    struct slu_bench_number number = slu_bench_number(value);
    size_t len = strlen(number.text);

    if (strchr(number.text, '.') == NULL) {
        return number;
    }
    while (number.text[len - 1] == '0') {
        number.text[--len] = '\0';
    }
    if (number.text[len - 1] == '.') {
        number.text[len - 1] = '\0';
    }
    return number;
}

void slu_bench_chart_axis(FILE *to, const struct slu_bench_scale *scale,
                          const struct slu_bench_figure *figure)
{
    (void)fprintf(to,
                  "<svg class=\"axis\" width=\"100%%\" height=\"%d\" "
                  "aria-hidden=\"true\">",
                  AXIS_HEIGHT);
    for (unsigned i = 0; i < scale->count; i++) {
        double at = slu_bench_scale_place(scale, scale->ticks[i]);

        (void)fprintf(
            to,
            "<line class=\"tick\" x1=\"%.2f%%\" x2=\"%.2f%%\" "
            "y1=\"0\" y2=\"4\"/>"
            "<text x=\"%.2f%%\" y=\"17\" text-anchor=\"%s\">%s</text>",
            at, at, at,
            at < 3    ? "start"
            : at > 93 ? "end"
                      : "middle",
            tick_text(scale->ticks[i]).text);
    }
    draw_limit(to, scale, figure, 5);
    (void)fputs("</svg>\n<p class=\"unit\">", to);
    slu_bench_html_text(to, figure->unit);
    (void)fputs(scale->logarithmic ? ", logarithmic</p>\n" : "</p>\n", to);
}
