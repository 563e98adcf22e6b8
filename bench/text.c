/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table on a terminal, a name that is too long on a line of its own:
 *
 *     TITLE                                                 name, rounds, time
 *       figure            median   lower .. upper  unit   limit       verdict
 *         rival           median   lower .. upper  unit   ours is 3.2 x better
 */
#include "bench/output.h"

#include "tools/sluice/json_text.h"

#include <string.h>

#define NAME_WIDTH 40

static const char green[] = "\033[32m";
static const char red[] = "\033[31m";
static const char bold[] = "\033[1m";
static const char plain[] = "\033[0m";

const char *slu_bench_size_name(enum slu_bench_size size)
{
    static const char *const names[] = {"smoke", "normal", "full"};

    return names[size];
}

struct slu_bench_tally
slu_bench_report_count(const struct slu_bench_report *self)
{
    struct slu_bench_tally tally = {0};

    for (size_t i = 0; i < self->count; i++) {
        tally.failed += !self->results[i].done;
        tally.figures += self->results[i].count;
        for (unsigned j = 0; j < self->results[i].count; j++) {
            enum slu_bench_verdict verdict =
                slu_bench_judge(self->results[i].figures[j].figure);

            tally.reached += verdict == SLU_BENCH_REACHED;
            tally.missed += verdict == SLU_BENCH_MISSED;
        }
    }
    return tally;
}

void slu_bench_text_begin(FILE *to, const struct slu_bench_report *report)
{
    const struct slu_bench_machine *machine = &report->machine;

    (void)fprintf(to, "sluice %s, %s, %s run, seed %llu\n", machine->version,
                  machine->date, slu_bench_size_name(report->size),
                  (unsigned long long)report->seed);
    (void)fprintf(to, "%s, %u cores, %.1f GB of memory\n", machine->cpu,
                  machine->cores, machine->memory_gb);
    (void)fprintf(to, "The CPU can run %s; in use: %s\n", machine->kernels,
                  machine->kernels_used);
    (void)fprintf(to, "%s; %s\n", machine->system, machine->compiler);
    (void)fprintf(to,
                  "Median of the rounds, and the quartiles around it. Rivals "
                  "ran in the same rounds as ours.\n");
    if (report->size == SLU_BENCH_SMOKE) {
        (void)fprintf(to, "A smoke run: results are checked, the times mean "
                          "nothing and aren't judged.\n");
    }
    (void)fprintf(to, "\n%*s %9s  %9s   %-9s unit  limit\n", NAME_WIDTH, "",
                  "median", "quartiles", "");
}

static void print_values(FILE *to, unsigned indent, const char *name,
                         const struct slu_bench_series *series,
                         const char *unit)
{
    struct slu_bench_summary summary = slu_bench_summarise(series);

    (void)fprintf(to, "%*s", (int)indent, "");
    if (strlen(name) > NAME_WIDTH - indent) {
        slu_cli_plain_text(to, name);
        (void)fprintf(to, "\n%*s", NAME_WIDTH, "");
    } else {
        slu_cli_column_text(to, NAME_WIDTH - indent, name);
    }
    (void)fprintf(to, " %9s  %9s - %-9s %-5s",
                  slu_bench_number(summary.median).text,
                  slu_bench_number(summary.lower).text,
                  slu_bench_number(summary.upper).text, unit);
}

static void print_verdict(FILE *to, const struct slu_bench_report *report,
                          const struct slu_bench_figure *figure, bool colour)
{
    enum slu_bench_verdict verdict = slu_bench_judge(figure);
    bool reached = verdict == SLU_BENCH_REACHED;

    if (verdict == SLU_BENCH_UNJUDGED) {
        return;
    }
    (void)fprintf(to, " %s %s", figure->better == SLU_BENCH_LESS ? "<=" : ">=",
                  slu_bench_number(figure->limit).text);
    if (report->size != SLU_BENCH_SMOKE) {
        (void)fprintf(to, "  %s%s%s",
                      !colour   ? ""
                      : reached ? green
                                : red,
                      reached ? "reached" : "MISSED", colour ? plain : "");
    }
}

static void print_rival(FILE *to, const struct slu_bench_report *report,
                        const struct slu_bench_figure *figure,
                        const struct slu_bench_rival *rival)
{
    double advantage = slu_bench_advantage(figure, rival);

    print_values(to, 4, rival->name, &rival->series, figure->unit);
    if (advantage > 0 && report->size != SLU_BENCH_SMOKE) {
        (void)fprintf(
            to, " ours %s x %s",
            slu_bench_number(advantage >= 1 ? advantage : 1 / advantage).text,
            advantage >= 1 ? "better" : "worse");
    }
    (void)fputc('\n', to);
}

static void print_figure(FILE *to, const struct slu_bench_report *report,
                         const struct slu_bench_figure *figure, bool colour)
{
    unsigned rivals = slu_bench_rivals_count(figure);

    print_values(to, 2, figure->name, &figure->ours, figure->unit);
    print_verdict(to, report, figure, colour);
    (void)fputc('\n', to);
    for (unsigned i = 0; i < rivals; i++) {
        print_rival(to, report, figure, &figure->rivals[i]);
    }
    if (figure->note != NULL) {
        (void)fputs("    ", to);
        slu_cli_hanging_text(to, 4, figure->note);
    }
}

void slu_bench_text_case(FILE *to, const struct slu_bench_report *report,
                         const struct slu_bench_result *result, bool colour)
{
    const struct slu_bench_case *of = result->of;

    (void)fprintf(to, "\n%s%s%s (%s, %.1f s)\n", colour ? bold : "", of->title,
                  colour ? plain : "", of->name, result->seconds);
    for (unsigned i = 0; i < result->count; i++) {
        print_figure(to, report, result->figures[i].figure, colour);
    }
    if (!result->done) {
        (void)fprintf(to, "  %sFAILED%s: ", colour ? red : "",
                      colour ? plain : "");
        slu_cli_hanging_text(to, 10, result->sentence);
    }
}

void slu_bench_text_end(FILE *to, const struct slu_bench_report *report)
{
    struct slu_bench_tally tally = slu_bench_report_count(report);

    (void)fprintf(to, "\n%u figure%s", tally.figures,
                  tally.figures == 1 ? "" : "s");
    if (report->size != SLU_BENCH_SMOKE) {
        (void)fprintf(to, ": %u reached the limit, %u missed it, %u have none",
                      tally.reached, tally.missed,
                      tally.figures - tally.reached - tally.missed);
    }
    if (tally.failed > 0) {
        (void)fprintf(to, "; %u of %zu cases FAILED", tally.failed,
                      report->count);
    } else {
        (void)fputs("; every result was right", to);
    }
    (void)fputs(".\n", to);
}
