/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"sluice_bench": 1, "size": "normal", "seed": 1, "machine": {...},
 *  "cases": [{"name", "title", "what", "seconds", "error": null,
 *     "figures": [{"name", "unit", "better": "less", "limit": null,
 *        "reached": null, "note": null, "median", "lower_quartile",
 *        "upper_quartile", "least", "most", "rounds": [...],
 *        "rivals": [{"name", "advantage", "median", ..., "rounds"}]}]}]}
 */
#include "bench/output.h"

#include "tools/sluice/json_text.h"

#include <math.h>

/* Seventeen digits name every double; JSON has no word for the rest. */
static void put_number(FILE *to, double value)
{
    if (isfinite(value)) {
        (void)fprintf(to, "%.17g", value);
    } else {
        (void)fputs("null", to);
    }
}

static void put_member(FILE *to, const char *key, double value)
{
    (void)fprintf(to, ",\"%s\":", key);
    put_number(to, value);
}

static void put_series(FILE *to, const struct slu_bench_series *series)
{
    struct slu_bench_summary summary = slu_bench_summarise(series);

    put_member(to, "median", summary.median);
    put_member(to, "lower_quartile", summary.lower);
    put_member(to, "upper_quartile", summary.upper);
    put_member(to, "least", summary.least);
    put_member(to, "most", summary.most);
    (void)fputs(",\"rounds\":[", to);
    for (unsigned i = 0; i < series->count; i++) {
        (void)fputs(i > 0 ? "," : "", to);
        put_number(to, series->values[i]);
    }
    (void)fputs("]", to);
}

static void put_rivals(FILE *to, const struct slu_bench_figure *figure)
{
    unsigned count = slu_bench_rivals_count(figure);

    (void)fputs(",\"rivals\":[", to);
    for (unsigned i = 0; i < count; i++) {
        (void)fprintf(to, "%s{\"name\":", i > 0 ? "," : "");
        slu_cli_json_string(to, figure->rivals[i].name);
        put_member(to, "advantage",
                   slu_bench_advantage(figure, &figure->rivals[i]));
        put_series(to, &figure->rivals[i].series);
        (void)fputs("}", to);
    }
    (void)fputs("]", to);
}

static void put_figure(FILE *to, const struct slu_bench_report *report,
                       const struct slu_bench_figure *figure)
{
    enum slu_bench_verdict verdict = slu_bench_judge(figure);
    bool judged =
        verdict != SLU_BENCH_UNJUDGED && report->size != SLU_BENCH_SMOKE;

    (void)fputs("\n    {\"name\":", to);
    slu_cli_json_string(to, figure->name);
    slu_cli_json_member(to, "unit", figure->unit);
    slu_cli_json_member(to, "better",
                        figure->better == SLU_BENCH_LESS ? "less" : "more");
    put_member(to, "limit", figure->limit == 0 ? NAN : figure->limit);
    (void)fprintf(to, ",\"reached\":%s",
                  !judged                        ? "null"
                  : verdict == SLU_BENCH_REACHED ? "true"
                                                 : "false");
    slu_cli_json_member(to, "note", figure->note);
    put_series(to, &figure->ours);
    put_rivals(to, figure);
    (void)fputs("}", to);
}

static void put_case(FILE *to, const struct slu_bench_report *report,
                     const struct slu_bench_result *result)
{
    (void)fputs("\n  {\"name\":", to);
    slu_cli_json_string(to, result->of->name);
    slu_cli_json_member(to, "title", result->of->title);
    slu_cli_json_member(to, "what", result->of->what);
    put_member(to, "seconds", result->seconds);
    slu_cli_json_member(to, "error", result->done ? NULL : result->sentence);
    (void)fputs(",\"figures\":[", to);
    for (unsigned i = 0; i < result->count; i++) {
        (void)fputs(i > 0 ? "," : "", to);
        put_figure(to, report, result->figures[i].figure);
    }
    (void)fputs("]}", to);
}

static void put_machine(FILE *to, const struct slu_bench_machine *machine)
{
    (void)fputs(",\n \"machine\":{\"cpu\":", to);
    slu_cli_json_string(to, machine->cpu);
    slu_cli_json_count(to, "cores", machine->cores);
    put_member(to, "memory_gb", machine->memory_gb);
    slu_cli_json_member(to, "kernels", machine->kernels);
    slu_cli_json_member(to, "kernels_used", machine->kernels_used);
    slu_cli_json_member(to, "system", machine->system);
    slu_cli_json_member(to, "compiler", machine->compiler);
    slu_cli_json_member(to, "sluice", machine->version);
    slu_cli_json_member(to, "date", machine->date);
    (void)fputs("}", to);
}

void slu_bench_json(FILE *to, const struct slu_bench_report *report)
{
    (void)fputs("{\"sluice_bench\":1", to);
    slu_cli_json_member(to, "size", slu_bench_size_name(report->size));
    slu_cli_json_count(to, "seed", report->seed);
    put_machine(to, &report->machine);
    (void)fputs(",\n \"cases\":[", to);
    for (size_t i = 0; i < report->count; i++) {
        (void)fputs(i > 0 ? "," : "", to);
        put_case(to, report, &report->results[i]);
    }
    (void)fputs("]}\n", to);
}
