/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"
#include "tools/sluice/report.h"
#include "tools/sluice/session.h"

#include <inttypes.h>
#include <sluice/pack.h>

#define DEFAULT_DIR "./sluice-pack"

/* ---- for people ---- */

static void print_count(FILE *to, const char *label, uint64_t count)
{
    (void)fprintf(to, "  %-38s %11s\n", label,
                  slu_cli_number_count(count).text);
}

static void print_input(FILE *to, const struct slu_pack_report *report)
{
    (void)fprintf(to, "Input\n");
    print_count(to, "lines", report->lines);
    print_count(to, "  blank, or a comment", report->blank_lines);
    print_count(to, "  not valid", report->invalid_lines);
    (void)fprintf(to, "\nEntries\n  %-38s %11s %14s\n", "", "IPs", "domains");
    slu_cli_kinds_text(to, "valid lines", report->accepted);
    slu_cli_kinds_text(to, "different ones", report->unique);
    slu_cli_kinds_text(to, "  held back by guard rails", report->guarded);
    slu_cli_kinds_text(to, "  on the lists", report->listed);
    slu_cli_kinds_text(to, "  over capacity", report->exceeded);
}

static void print_reasons(FILE *to, const struct slu_pack_report *report)
{
    if (report->reason_count == 0) {
        return;
    }
    (void)fprintf(to, "\nNot listed, by reason (different values)\n");
    for (unsigned i = 0; i < report->reason_count; i++) {
        print_count(to, report->reasons[i].reason, report->reasons[i].count);
    }
    if (report->omitted > 0) {
        print_count(to, "lines left out of invalid_iocs/*: full",
                    report->omitted);
    }
}

static void print_text(FILE *to, const struct slu_pack_report *report)
{
    print_input(to, report);
    print_reasons(to, report);
    (void)fputc('\n', to);
    slu_cli_files_text(to, report->output_dir, report->files,
                       report->file_count, true);
    (void)fprintf(to, "\n%s in %s, of them %s reading\n",
                  slu_cli_number_bytes(report->bytes).text,
                  slu_cli_number_seconds(report->seconds).text,
                  slu_cli_number_seconds(report->read_seconds).text);
}

/* ---- for programs ---- */

static void print_json(FILE *to, const struct slu_pack_report *report,
                       int exit_code, const char *error)
{
    (void)fprintf(to, "{\"exit_code\":%d", exit_code);
    slu_cli_json_member(to, "error", error);
    slu_cli_json_count(to, "bytes", report->bytes);
    slu_cli_json_count(to, "lines", report->lines);
    slu_cli_json_count(to, "blank_lines", report->blank_lines);
    slu_cli_json_count(to, "invalid_lines", report->invalid_lines);
    slu_cli_json_kinds(to, "accepted", report->accepted);
    slu_cli_json_kinds(to, "unique", report->unique);
    slu_cli_json_kinds(to, "guarded", report->guarded);
    slu_cli_json_kinds(to, "listed", report->listed);
    slu_cli_json_kinds(to, "exceeded", report->exceeded);
    slu_cli_json_count(to, "omitted", report->omitted);
    slu_cli_reasons_json(to, report->reasons, report->reason_count);
    slu_cli_json_member(to, "output_dir", report->output_dir);
    slu_cli_files_json(to, report->files, report->file_count);
    (void)fprintf(to, ",\"seconds\":%.3f,\"read_seconds\":%.3f}\n",
                  report->seconds, report->read_seconds);
}

/* ---- the command ---- */

/* The report of what was written; of a pack that was refused there is none. */
static void print_report(const struct slu_cli_options *options,
                         const struct slu_pack_report *report, int exit_code,
                         const char *error)
{
    if (options->json) {
        print_json(stdout, report, exit_code, error);
    } else if (report->file_count > 0) {
        print_text(stdout, report);
    }
}

int slu_cli_pack(const struct slu_cli_options *options)
{
    struct slu_pack_options pack = options->pack;
    struct slu_pack_report report;
    struct slu_error error;
    enum slu_err err;
    int exit_code;

    if (pack.output_dir == NULL) {
        pack.output_dir = DEFAULT_DIR;
    }
    err = slu_pack(&pack, &report, &error);
    exit_code = slu_exit_code(err);
    print_report(options, &report, exit_code,
                 err == SLU_ERR_OK ? NULL : error.text);
    exit_code = slu_cli_flush(exit_code);
    if (err != SLU_ERR_OK) {
        (void)fputs("sluice: ", stderr);
        slu_cli_plain_text(stderr, error.text);
        (void)fputc('\n', stderr);
    }
    return exit_code;
}
