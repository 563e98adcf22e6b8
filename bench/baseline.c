/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting is a case of its own, so that it has a folder, children, and a
 * sentence when it fails: figures named as the loops, one value each, and in
 * the note which kernels could be chosen below valgrind.
 */
#include "bench/baseline.h"

#include "bench/kernels.h"
#include "bench/machine.h"
#include "bench/run_private.h"
#include "bench/statistics.h"
#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "engine/read_file.h"
#include "tools/sluice/json_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLERANCE 0.03
#define PATH_BYTES 4096
#define FILE_MAX ((size_t)1 << 20)
#define FIELDS_FIRST 2 /* compiler, kernels; then the loops */
#define NAME_WIDTH 16

/* What the file says. */
struct memory {
    struct slu_json_field fields[FIELDS_FIRST + SLU_BENCH_KERNELS_MAX];
    char paths[SLU_BENCH_KERNELS_MAX][64];
    char compiler[96];
    char kernels[96];
    uint64_t counts[SLU_BENCH_KERNELS_MAX]; /* 0: not there */
};

/* ---- counting ---- */

int slu_bench_baseline_count(void)
{
    struct slu_bench_run run = {.report = STDOUT_FILENO};
    struct slu_bench bench = {.alloc = slu_alloc_default(), .run = &run};
    struct slu_bench_machine machine;

    slu_bench_count_all(&bench);
    slu_bench_machine_read(&machine);
    (void)puts(machine.kernels);
    return 0;
}

/* The number behind "summary:" of the n-th dump. */
static uint64_t read_dump(struct slu_bench *bench, unsigned number)
{
    char name[32];
    struct slu_view text;
    const char *at;
    uint64_t count;

    (void)snprintf(name, sizeof(name), "count.%u", number);
    text = slu_bench_read(bench, name);
    at = strstr(text.ptr, "\nsummary:");
    slu_bench_require(bench, at != NULL, "callgrind's file has no summary");
    count = strtoull(at + strlen("\nsummary:"), NULL, 10);
    slu_bench_require(bench, count > 0, "callgrind counted nothing for %s",
                      slu_bench_kernel_names[number - 1]);
    slu_alloc_put(bench->alloc, (char *)(uintptr_t)text.ptr, text.len + 1);
    return count;
}

static void run_count(struct slu_bench *bench)
{
    char program[PATH_BYTES];
    char out[PATH_BYTES];
    const char *const args[] = {"valgrind",
                                "--tool=callgrind",
                                "--callgrind-out-file=count",
                                "--toggle-collect=slu_bench_counted",
                                "--dump-after=slu_bench_counted",
                                program,
                                "--count",
                                NULL};
    struct slu_bench_command command = {.args = args, .stdout_path = out};
    struct slu_bench_cost cost;
    struct slu_view kernels;
    char note[96];

    (void)snprintf(program, sizeof(program), "%s/sluice-bench", bench->bin_dir);
    (void)snprintf(out, sizeof(out), "%s/out", bench->work_dir);
    slu_bench_spawn_well(bench, &command, &cost);
    kernels = slu_bench_read(bench, "out");
    (void)snprintf(note, sizeof(note), "%.*s", (int)strcspn(kernels.ptr, "\n"),
                   kernels.ptr);
    for (unsigned i = 0; slu_bench_kernel_names[i] != NULL; i++) {
        struct slu_bench_figure figure = {.name = slu_bench_kernel_names[i],
                                          .unit = "instructions",
                                          .note = note};

        slu_bench_add(&figure.ours, (double)read_dump(bench, i + 1));
        slu_bench_figure(bench, &figure);
    }
    slu_alloc_put(bench->alloc, (char *)(uintptr_t)kernels.ptr,
                  kernels.len + 1);
}

static void ignore_round(void *ctx, unsigned rounds)
{
    (void)ctx;
    (void)rounds;
}

static bool count_all(const struct slu_bench_wish *wish, FILE *to,
                      struct slu_bench_result *out_result)
{
    static const struct slu_bench_case counting = {
        .name = "instructions",
        .title = "Instructions",
        .needs = "valgrind",
        .run = run_count,
    };

    slu_bench_run_case(wish, &counting, ignore_round, NULL, out_result);
    if (!out_result->done) {
        (void)fprintf(to, "FAILED: %s\n", out_result->sentence);
    }
    return out_result->done;
}

/* ---- the file ---- */

static void copy_text(char *out, size_t size, struct slu_view text)
{
    (void)snprintf(out, size, "%.*s", SLU_VIEW_ARGS(text));
}

static bool take_value(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    struct memory *memory = ctx;

    if (field >= FIELDS_FIRST) {
        memory->counts[field - FIELDS_FIRST] =
            value->kind == SLU_JSON_INT ? (uint64_t)value->integer : 0;
    } else if (value->kind == SLU_JSON_STRING) {
        copy_text(field == 0 ? memory->compiler : memory->kernels,
                  sizeof(memory->compiler), value->text);
    }
    return true;
}

static unsigned name_fields(struct memory *memory)
{
    unsigned count = 0;

    memory->fields[0].path = "compiler";
    memory->fields[1].path = "kernels";
    for (; slu_bench_kernel_names[count] != NULL; count++) {
        (void)snprintf(memory->paths[count], sizeof(memory->paths[count]),
                       "instructions.%s", slu_bench_kernel_names[count]);
        memory->fields[FIELDS_FIRST + count].path = memory->paths[count];
    }
    return FIELDS_FIRST + count;
}

static bool read_memory(const struct slu_alloc *alloc, const char *path,
                        struct memory *out)
{
    struct slu_json_reader *reader;
    struct slu_buf text;
    char *padding;
    int sys = 0;
    bool good;

    slu_buf_init(&text, alloc, FILE_MAX);
    reader = slu_json_reader_new(alloc, out->fields, name_fields(out));
    good = reader != NULL &&
           slu_file_read_all(path, &text, &sys) == SLU_ERR_OK &&
           slu_buf_reserve(&text, SLU_JSON_PADDING, &padding) == SLU_ERR_OK;
    if (good) {
        memset(padding, 0, SLU_JSON_PADDING);
        good = slu_json_read(reader, slu_buf_view(&text), take_value, out,
                             NULL) == SLU_ERR_OK;
    }
    slu_json_reader_free(reader);
    slu_buf_fini(&text);
    return good;
}

static void write_memory(FILE *file, const struct slu_bench_result *result,
                         const struct slu_bench_machine *machine)
{
    (void)fputs("{\n  \"compiler\": ", file);
    slu_cli_json_string(file, machine->compiler);
    (void)fputs(",\n  \"kernels\": ", file);
    slu_cli_json_string(file, result->figures[0].figure->note);
    (void)fputs(",\n  \"instructions\": {", file);
    for (unsigned i = 0; i < result->count; i++) {
        (void)fprintf(file, "%s\n    \"%s\": %.0f", i > 0 ? "," : "",
                      result->figures[i].figure->name,
                      result->figures[i].figure->ours.values[0]);
    }
    (void)fputs("\n  }\n}\n", file);
}

enum slu_bench_baseline
slu_bench_baseline_renew(const struct slu_bench_wish *wish, const char *path,
                         FILE *to)
{
    enum slu_bench_baseline end = SLU_BENCH_BASELINE_OTHER;
    struct slu_bench_result result;
    struct slu_bench_machine machine;
    FILE *file;

    slu_bench_machine_read(&machine);
    if (count_all(wish, to, &result)) {
        file = fopen(path, "we");
        if (file != NULL) {
            write_memory(file, &result, &machine);
        }
        if (file == NULL || ferror(file) != 0 || fclose(file) != 0) {
            (void)fprintf(to, "FAILED: cannot write %s\n", path);
        } else {
            (void)fprintf(to, "%s: %u loops counted with %s and %s\n", path,
                          result.count, machine.compiler,
                          result.figures[0].figure->note);
            end = SLU_BENCH_BASELINE_SAME;
        }
    }
    slu_bench_result_fini(&result);
    return end;
}

/* ---- comparing ---- */

static bool tell_difference(FILE *to, const char *name, double now,
                            uint64_t then)
{
    double change = then == 0 ? 0 : now / (double)then - 1;
    bool same = then != 0 && change <= TOLERANCE && change >= -TOLERANCE;

    (void)fprintf(to, "  %-*s %14s", NAME_WIDTH, name,
                  slu_bench_number(now).text);
    if (then == 0) {
        (void)fprintf(to, "  not in the file: renew it\n");
    } else {
        (void)fprintf(to, "  %14s  %+.1f %%%s\n",
                      slu_bench_number((double)then).text, change * 100,
                      same         ? ""
                      : change > 0 ? "  MORE"
                                   : "  FEWER: renew the file");
    }
    return same;
}

static bool tell_all(FILE *to, const struct slu_bench_result *result,
                     const struct memory *memory, const char *path)
{
    bool same = true;

    (void)fprintf(to, "  %-*s %14s  %14s\n", NAME_WIDTH, "instructions", "now",
                  "the file's");
    for (unsigned i = 0; i < result->count; i++) {
        const struct slu_bench_figure *figure = result->figures[i].figure;

        same = tell_difference(to, figure->name, figure->ours.values[0],
                               memory->counts[i]) &&
               same;
    }
    (void)fprintf(to,
                  same ? "All are within 3 %% of %s.\n"
                       : "Not all are within 3 %% of %s; if that is wanted, "
                         "run tools/bench --renew-baseline.\n",
                  path);
    return same;
}

/* Says why counts of this build, or of this machine, aren't those of the
 * file. */
static bool is_comparable(FILE *to, const char *what, const char *now,
                          const char *then)
{
    bool same = strcmp(now, then) == 0;

    if (!same) {
        (void)fprintf(to,
                      "NOT COMPARED: the %s here: %s; when the file was made: "
                      "%s\n",
                      what, now, then);
    }
    return same;
}

enum slu_bench_baseline
slu_bench_baseline_compare(const struct slu_bench_wish *wish, const char *path,
                           FILE *to)
{
    enum slu_bench_baseline end = SLU_BENCH_BASELINE_OTHER;
    struct slu_bench_machine machine;
    struct slu_bench_result result;
    struct memory memory = {0};

    slu_bench_machine_read(&machine);
    if (!read_memory(wish->alloc, path, &memory)) {
        (void)fprintf(to, "FAILED: cannot read %s\n", path);
        return end;
    }
    if (!is_comparable(to, "compiler", machine.compiler, memory.compiler)) {
        return SLU_BENCH_BASELINE_SKIPPED;
    }
    if (count_all(wish, to, &result)) {
        const char *kernels = result.figures[0].figure->note;

        if (!is_comparable(to, "kernels", kernels, memory.kernels)) {
            end = SLU_BENCH_BASELINE_SKIPPED;
        } else if (tell_all(to, &result, &memory, path)) {
            end = SLU_BENCH_BASELINE_SAME;
        }
    }
    slu_bench_result_fini(&result);
    return end;
}
