/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/page.h"

#include "bench/chart.h"

#include <string.h>

static const char meaning[] =
    "The bar and the dark line are the median of the rounds, the band is the "
    "middle half of them, each dot is a round, and the dashed line is the "
    "limit. Rivals ran in the same rounds as sluice.";

static void put_fact(FILE *to, const char *name, const char *text)
{
    (void)fprintf(to, "<div><dt>%s</dt><dd>", name);
    slu_bench_html_text(to, text);
    (void)fputs("</dd></div>\n", to);
}

static void put_facts(FILE *to, const struct slu_bench_report *report)
{
    const struct slu_bench_machine *machine = &report->machine;
    char text[64];

    (void)fputs("<dl class=\"facts\">\n", to);
    put_fact(to, "CPU", machine->cpu);
    (void)snprintf(text, sizeof(text), "%u cores, %.1f GB", machine->cores,
                   machine->memory_gb);
    put_fact(to, "Machine", text);
    put_fact(to, "Vector code in use", machine->kernels_used);
    put_fact(to, "Vector code that the CPU can run", machine->kernels);
    put_fact(to, "System", machine->system);
    put_fact(to, "Compiler", machine->compiler);
    (void)snprintf(text, sizeof(text), "%s, seed %llu",
                   slu_bench_size_name(report->size),
                   (unsigned long long)report->seed);
    put_fact(to, "Run", text);
    (void)fputs("</dl>\n", to);
}

static void put_chip(FILE *to, const char *kind, unsigned count,
                     const char *what)
{
    if (count > 0) {
        (void)fprintf(to, "<span class=\"chip %s\"><b>%u</b> %s</span>\n", kind,
                      count, what);
    }
}

static bool is_judged(const struct slu_bench_report *report)
{
    return report->size != SLU_BENCH_SMOKE;
}

static void put_chips(FILE *to, const struct slu_bench_report *report)
{
    struct slu_bench_tally tally = slu_bench_report_count(report);
    bool judged = is_judged(report);

    (void)fputs("<div class=\"chips\">\n", to);
    if (judged) {
        put_chip(to, "good", tally.reached, "reached the limit");
        put_chip(to, "bad", tally.missed, "missed it");
        put_chip(to, "", tally.figures - tally.reached - tally.missed,
                 "without a limit");
    } else {
        put_chip(to, "", tally.figures, "in a smoke run: not judged");
    }
    put_chip(to, "bad", tally.failed,
             tally.failed == 1 ? "case failed" : "cases failed");
    (void)fputs("</div>\n", to);
}

static void put_badge(FILE *to, const struct slu_bench_report *report,
                      const struct slu_bench_figure *figure)
{
    enum slu_bench_verdict verdict = slu_bench_judge(figure);

    if (!is_judged(report) || verdict == SLU_BENCH_UNJUDGED) {
        return;
    }
    (void)fputs(verdict == SLU_BENCH_REACHED
                    ? "<span class=\"badge good\">reached</span>"
                    : "<span class=\"badge bad\">missed</span>",
                to);
}

static void put_limit(FILE *to, const struct slu_bench_figure *figure)
{
    if (figure->limit == 0) {
        return;
    }
    (void)fprintf(to, "<span class=\"limit-text\">%s %s ",
                  figure->better == SLU_BENCH_LESS ? "at most" : "at least",
                  slu_bench_number(figure->limit).text);
    slu_bench_html_text(to, figure->unit);
    (void)fputs("</span>", to);
}

/* ---- the table of what has a limit ---- */

static void put_table_row(FILE *to, const struct slu_bench_report *report,
                          const struct slu_bench_result *result,
                          unsigned number)
{
    const struct slu_bench_figure *figure = result->figures[number].figure;

    (void)fprintf(to, "<tr><td><a href=\"#%s-%u\">", result->of->name, number);
    slu_bench_html_text(to, result->of->title);
    (void)fputs(": ", to);
    slu_bench_html_text(to, figure->name);
    (void)fprintf(
        to, "</a></td><td><b>%s</b> ",
        slu_bench_number(slu_bench_summarise(&figure->ours).median).text);
    slu_bench_html_text(to, figure->unit);
    (void)fputs("</td><td>", to);
    put_limit(to, figure);
    (void)fputs("</td><td>", to);
    put_badge(to, report, figure);
    (void)fputs("</td></tr>\n", to);
}

static void put_table(FILE *to, const struct slu_bench_report *report)
{
    bool begun = false;

    for (size_t i = 0; i < report->count; i++) {
        for (unsigned j = 0; j < report->results[i].count; j++) {
            if (report->results[i].figures[j].figure->limit == 0) {
                continue;
            }
            if (!begun) {
                (void)fputs("<section class=\"card\"><div class=\"scroll\">"
                            "<table>\n<tr><th>Figure</th><th>Median</th>"
                            "<th>Limit</th><th></th></tr>\n",
                            to);
                begun = true;
            }
            put_table_row(to, report, &report->results[i], j);
        }
    }
    if (begun) {
        (void)fputs("</table></div></section>\n", to);
    }
}

/* ---- one figure ---- */

static void put_row(FILE *to, const struct slu_bench_scale *scale,
                    const struct slu_bench_figure *figure, const char *name,
                    const struct slu_bench_series *series, bool ours)
{
    struct slu_bench_summary summary = slu_bench_summarise(series);
    const char *kind = ours ? "ours" : "rival";

    (void)fprintf(to, "<div class=\"row\"><span><span class=\"key %s\"></span>",
                  kind);
    slu_bench_html_text(to, name);
    (void)fprintf(to, "</span><span class=\"value\">%s%s", ours ? "<b>" : "",
                  slu_bench_number(summary.median).text);
    (void)fputc(' ', to);
    slu_bench_html_text(to, figure->unit);
    (void)fprintf(to,
                  "%s <span class=\"rounds\">(%s to %s, %u round%s)</span>"
                  "</span></div>\n",
                  ours ? "</b>" : "", slu_bench_number(summary.lower).text,
                  slu_bench_number(summary.upper).text, summary.count,
                  summary.count == 1 ? "" : "s");
    slu_bench_chart_bar(to, scale, figure, series, kind);
}

static void put_advantages(FILE *to, const struct slu_bench_figure *figure)
{
    unsigned count = slu_bench_rivals_count(figure);

    for (unsigned i = 0; i < count; i++) {
        double advantage = slu_bench_advantage(figure, &figure->rivals[i]);

        if (advantage > 0) {
            (void)fprintf(
                to, "<p class=\"note\">%s × %s than ",
                slu_bench_number(advantage >= 1 ? advantage : 1 / advantage)
                    .text,
                advantage >= 1 ? "better" : "worse");
            slu_bench_html_text(to, figure->rivals[i].name);
            (void)fputs("</p>\n", to);
        }
    }
}

static void put_figure(FILE *to, const struct slu_bench_report *report,
                       const struct slu_bench_result *result, unsigned number)
{
    const struct slu_bench_figure *figure = result->figures[number].figure;
    struct slu_bench_scale scale = slu_bench_scale_make(figure);
    unsigned rivals = slu_bench_rivals_count(figure);

    (void)fprintf(to,
                  "<section class=\"card\" id=\"%s-%u\">\n"
                  "<div class=\"head\"><h3>",
                  result->of->name, number);
    slu_bench_html_text(to, figure->name);
    (void)fputs("</h3>", to);
    put_limit(to, figure);
    put_badge(to, report, figure);
    (void)fputs("</div>\n", to);
    put_row(to, &scale, figure, "sluice", &figure->ours, true);
    for (unsigned i = 0; i < rivals; i++) {
        put_row(to, &scale, figure, figure->rivals[i].name,
                &figure->rivals[i].series, false);
    }
    slu_bench_chart_axis(to, &scale, figure);
    if (is_judged(report)) {
        put_advantages(to, figure);
    }
    if (figure->note != NULL) {
        (void)fputs("<p class=\"note\">", to);
        slu_bench_html_text(to, figure->note);
        (void)fputs("</p>\n", to);
    }
    (void)fputs("</section>\n", to);
}

static void put_case(FILE *to, const struct slu_bench_report *report,
                     const struct slu_bench_result *result)
{
    (void)fputs("<h2>", to);
    slu_bench_html_text(to, result->of->title);
    (void)fputs("</h2>\n<p class=\"what\">", to);
    slu_bench_html_text(to, result->of->what);
    (void)fputs("</p>\n", to);
    for (unsigned i = 0; i < result->count; i++) {
        put_figure(to, report, result, i);
    }
    if (!result->done) {
        (void)fputs("<section class=\"card failed\"><span class=\"badge bad\">"
                    "failed</span> ",
                    to);
        slu_bench_html_text(to, result->sentence);
        (void)fputs("</section>\n", to);
    }
}

void slu_bench_html(FILE *to, const struct slu_bench_report *report)
{
    (void)fprintf(to,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, "
                  "initial-scale=1\">\n<title>sluice %s, measured</title>\n"
                  "<style>\n%s</style>\n</head>\n<body>\n<main>\n",
                  report->machine.version, slu_bench_style);
    (void)fprintf(to,
                  "<h1>sluice %s, measured</h1>\n<p class=\"soft\">%s</p>\n",
                  report->machine.version, report->machine.date);
    put_chips(to, report);
    put_facts(to, report);
    put_table(to, report);
    (void)fprintf(to, "<p class=\"note\">%s</p>\n", meaning);
    for (size_t i = 0; i < report->count; i++) {
        put_case(to, report, &report->results[i]);
    }
    (void)fputs("<footer>Made by sluice-bench: every result was checked, and "
                "no number is here that was not measured in this run.</footer>"
                "\n</main>\n</body>\n</html>\n",
                to);
}
