/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"
#include "tools/sluice/report_sets.h"

#include <inttypes.h>
#include <string.h>

/* ---- files ---- */

static void print_file(FILE *to, const struct slu_report_file *file,
                       bool changed)
{
    (void)fprintf(to, "  %-38s %11s %14s%s\n", file->path,
                  slu_cli_number_count(file->lines).text,
                  slu_cli_number_count(file->bytes).text,
                  changed && file->changed ? "  written" : "");
}

void slu_cli_files_text(FILE *to, const char *dir,
                        const struct slu_report_file *files, unsigned count,
                        bool changed)
{
    unsigned empty = 0;

    (void)fprintf(to, "Files in %s\n", dir == NULL ? "." : dir);
    (void)fprintf(to, "  %-38s %11s %14s\n", "", "lines", "bytes");
    for (unsigned i = 0; i < count; i++) {
        if (files[i].bytes == 0) {
            empty++;
        } else {
            print_file(to, &files[i], changed);
        }
    }
    if (empty > 0) {
        (void)fprintf(to, "  and %u empty\n", empty);
    } else if (count == 0) {
        (void)fprintf(to, "  none yet\n");
    }
}

/* ---- the report ---- */

void slu_cli_kinds_text(FILE *to, const char *label,
                        const uint64_t counts[SLU_KIND_COUNT])
{
    (void)fprintf(to, "  %-38s %11s %14s\n", label,
                  slu_cli_number_count(counts[SLU_KIND_IP]).text,
                  slu_cli_number_count(counts[SLU_KIND_DOMAIN]).text);
}

static void print_kinds_if_any(FILE *to, const char *label,
                               const uint64_t counts[SLU_KIND_COUNT])
{
    if (counts[SLU_KIND_IP] + counts[SLU_KIND_DOMAIN] > 0) {
        slu_cli_kinds_text(to, label, counts);
    }
}

static void print_if_any(FILE *to, const char *label, uint64_t ips,
                         uint64_t domains)
{
    const uint64_t counts[SLU_KIND_COUNT] = {
        [SLU_KIND_IP] = ips, [SLU_KIND_DOMAIN] = domains};

    print_kinds_if_any(to, label, counts);
}

static void print_indicators(FILE *to, const struct slu_report *report)
{
    (void)fprintf(to, "Indicators\n  %-38s %11s %14s\n", "", "IPs", "domains");
    slu_cli_kinds_text(to, "sightings accepted", report->accepted);
    slu_cli_kinds_text(to, "on the lists now", report->listed);
    slu_cli_kinds_text(to, "  added by this run", report->added);
    slu_cli_kinds_text(to, "  removed by this run", report->removed);
    print_kinds_if_any(to, "    revoked: verdict or score", report->revoked);
    print_kinds_if_any(to, "    expired: lists.max_age", report->expired);
    slu_cli_kinds_text(to, "over capacity", report->exceeded);
    print_if_any(to, "merged into wider lines", report->merged, 0);
    print_if_any(to, "folded into *.parent", 0, report->folded);
}

static void print_rows(FILE *to, const struct slu_report *report)
{
    static const char *const labels[SLU_ROW_KIND_COUNT] = {
        [SLU_ROW_IPV4] = "  IPv4 addresses",
        [SLU_ROW_IPV6] = "  IPv6 addresses",
        [SLU_ROW_DOMAIN] = "  domains",
        [SLU_ROW_SHA256] = "  SHA-256 hashes",
    };
    uint64_t rows = 0;

    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        rows += report->rows[kind];
    }
    (void)fprintf(to, "Indicators\n  %-38s %11s\n", "findings read",
                  slu_cli_number_count(report->findings).text);
    (void)fprintf(to, "  %-38s %11s\n", "  without an indicator for a row",
                  slu_cli_number_count(report->barren_findings).text);
    (void)fprintf(to, "  %-38s %11s\n", "rows written by this run",
                  slu_cli_number_count(rows).text);
    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        if (kind != SLU_ROW_IPV6 || report->rows[kind] > 0) {
            (void)fprintf(to, "  %-38s %11s\n", labels[kind],
                          slu_cli_number_count(report->rows[kind]).text);
        }
    }
    (void)fprintf(to, "  %-38s %11s\n", "repeats left out",
                  slu_cli_number_count(report->duplicates).text);
}

static void print_reasons(FILE *to, const struct slu_report *report)
{
    if (report->reason_count == 0) {
        return;
    }
    (void)fprintf(to, "\n%s not accepted\n",
                  report->has_rows ? "Indicators" : "Sightings");
    for (unsigned i = 0; i < report->reason_count; i++) {
        (void)fprintf(to, "  %-38s %11s\n", report->reasons[i].reason,
                      slu_cli_number_count(report->reasons[i].count).text);
    }
}

/* One line of the pull: a label, and a text that may be longer than a
 * column. */
static void print_fact(FILE *to, const char *label, const char *text)
{
    (void)fprintf(to, "  %-24s %s\n", label, text);
}

static void print_pull(FILE *to, const struct slu_report *report)
{
    double seconds =
        report->pull_seconds > 0 ? report->pull_seconds : report->seconds;
    uint64_t rate =
        seconds > 0 ? (uint64_t)((double)report->items / seconds) : 0;
    char text[120];

    (void)fprintf(to, "Pull\n");
    (void)snprintf(text, sizeof(text), "%s, %s retries",
                   slu_cli_number_count(report->requests).text,
                   slu_cli_number_count(report->retries).text);
    print_fact(to, "requests", text);
    (void)snprintf(text, sizeof(text), "%u", report->in_flight_max);
    print_fact(to, "most in flight", text);
    (void)snprintf(text, sizeof(text), "%s on the wire, %s decoded",
                   slu_cli_number_bytes(report->wire_bytes).text,
                   slu_cli_number_bytes(report->body_bytes).text);
    print_fact(to, "received", text);
    (void)snprintf(text, sizeof(text), "%s, of them %s repeats",
                   slu_cli_number_count(report->items).text,
                   slu_cli_number_count(report->duplicates).text);
    print_fact(to, report->has_rows ? "indicators read" : "IOCs read", text);
    (void)snprintf(text, sizeof(text), "%s, of them %s pulling",
                   slu_cli_number_seconds(report->seconds).text,
                   slu_cli_number_seconds(report->pull_seconds).text);
    print_fact(to, "time", text);
    (void)snprintf(text, sizeof(text), "%s %s a second",
                   slu_cli_number_count(rate).text,
                   report->has_rows ? "indicators" : "IOCs");
    print_fact(to, "rate", text);
}

static void print_units(FILE *to, const struct slu_report *report)
{
    char text[120];

    (void)snprintf(text, sizeof(text), "%u, %u failed, %u incomplete",
                   report->units, report->failed_units,
                   report->incomplete_units);
    print_fact(to, "units of pull", text);
}

void slu_cli_report_text(FILE *to, const struct slu_report *report,
                         int exit_code)
{
    static const char *const ends[] = {
        "done", "not complete; safe to run again",
        "refused: configuration or a missing file", "refused: the sign-in"};
    unsigned end = exit_code >= 0 && exit_code < 4 ? (unsigned)exit_code : 1;

    (void)fprintf(to, "Flow %s: %s\n\n",
                  report->flow == NULL ? "?" : report->flow, ends[end]);
    if (report->has_rows) {
        print_rows(to, report);
    } else {
        print_indicators(to, report);
    }
    print_reasons(to, report);
    slu_cli_categories_text(to, report);
    if (report->file_count > 0) {
        (void)fputc('\n', to);
        slu_cli_files_text(to, report->output_dir, report->files,
                           report->file_count, true);
    }
    slu_cli_publication_text(to, report);
    (void)fputc('\n', to);
    print_pull(to, report);
    print_units(to, report);
    slu_cli_profile_text(to, report);
}

/* ---- status ---- */

static void print_run(FILE *to, const struct slu_status_run *run)
{
    char end[24];

    if (run->ended == 0) {
        (void)snprintf(end, sizeof(end), "not ended");
    } else {
        (void)snprintf(end, sizeof(end), "exit %d", run->exit_code);
    }
    (void)fprintf(to, "  %s  %-10s %-10s",
                  slu_cli_number_time(run->started).text,
                  run->flow == NULL ? "?" : run->flow, end);
    if (run->ended != 0) {
        (void)fprintf(to, " %" PRId64 " s", run->ended - run->started);
    }
    (void)fputc('\n', to);
    if (run->summary != NULL && run->summary[0] != '\0') {
        slu_cli_wrapped_text(to, run->summary);
    }
}

void slu_cli_status_text(FILE *to, const struct slu_status *status)
{
    (void)fprintf(to, "State in %s\n\nCheckpoints: all before is committed\n",
                  status->state_dir == NULL ? "?" : status->state_dir);
    for (unsigned i = 0; i < status->checkpoint_count; i++) {
        (void)fprintf(to, "  %-43s %s\n", status->checkpoints[i].key,
                      status->checkpoints[i].value);
    }
    if (status->checkpoint_count == 0) {
        (void)fprintf(to, "  none yet\n");
    }
    (void)fprintf(
        to, "  %u units begun and not finished; a sync goes on with them\n\n",
        status->unit_count);
    slu_cli_files_text(to, status->output_dir, status->files,
                       status->file_count, false);
    slu_cli_published_text(to, status);
    (void)fprintf(to, "\nLast runs\n");
    for (unsigned i = 0; i < status->run_count; i++) {
        print_run(to, &status->runs[i]);
    }
    if (status->run_count == 0) {
        (void)fprintf(to, "  none yet\n");
    }
}
