/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"
#include "tools/sluice/report_sets.h"

#include <inttypes.h>

/* ,"key":{"ipv4":n,"ipv6":n,"domain":n,"sha256":n} */
static void put_row_kinds(FILE *to, const char *key,
                          const uint64_t counts[SLU_ROW_KIND_COUNT])
{
    (void)fprintf(to, ",\"%s\":{", key);
    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        (void)fprintf(to, "%s\"%s\":%" PRIu64, kind == 0 ? "" : ",",
                      slu_row_kind_name((enum slu_row_kind)kind), counts[kind]);
    }
    (void)fputc('}', to);
}

void slu_cli_files_json(FILE *to, const struct slu_report_file *files,
                        unsigned count)
{
    (void)fputs(",\"files\":[", to);
    for (unsigned i = 0; i < count; i++) {
        (void)fprintf(to, "%s{\"path\":", i == 0 ? "" : ",");
        slu_cli_json_string(to, files[i].path);
        slu_cli_json_count(to, "lines", files[i].lines);
        slu_cli_json_count(to, "bytes", files[i].bytes);
        (void)fprintf(to, ",\"changed\":%s,\"sent\":%s}",
                      files[i].changed ? "true" : "false",
                      files[i].sent ? "true" : "false");
    }
    (void)fputc(']', to);
}

void slu_cli_reasons_json(FILE *to, const struct slu_report_reason *reasons,
                          unsigned count)
{
    (void)fputs(",\"reasons\":{", to);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ",", to);
        slu_cli_json_string(to, reasons[i].reason);
        (void)fprintf(to, ":%" PRIu64, reasons[i].count);
    }
    (void)fputc('}', to);
}

void slu_cli_report_json(FILE *to, const struct slu_report *report,
                         int exit_code, const char *error)
{
    (void)fputs("{\"flow\":", to);
    slu_cli_json_string(to, report->flow);
    (void)fprintf(to, ",\"exit_code\":%d", exit_code);
    slu_cli_json_member(to, "error", error);
    slu_cli_json_count(to, "requests", report->requests);
    slu_cli_json_count(to, "retries", report->retries);
    slu_cli_json_count(to, "wire_bytes", report->wire_bytes);
    slu_cli_json_count(to, "body_bytes", report->body_bytes);
    slu_cli_json_count(to, "in_flight_max", report->in_flight_max);
    (void)fprintf(to, ",\"seconds\":%.6f,\"pull_seconds\":%.6f",
                  report->seconds, report->pull_seconds);
    slu_cli_json_count(to, "items", report->items);
    slu_cli_json_count(to, "duplicates", report->duplicates);
    if (report->has_rows) {
        slu_cli_json_count(to, "findings", report->findings);
        slu_cli_json_count(to, "barren_findings", report->barren_findings);
        put_row_kinds(to, "rows", report->rows);
    }
    slu_cli_json_kinds(to, "accepted", report->accepted);
    slu_cli_json_kinds(to, "listed", report->listed);
    slu_cli_json_kinds(to, "added", report->added);
    slu_cli_json_kinds(to, "removed", report->removed);
    slu_cli_json_kinds(to, "revoked", report->revoked);
    slu_cli_json_kinds(to, "expired", report->expired);
    slu_cli_json_kinds(to, "exceeded", report->exceeded);
    slu_cli_json_count(to, "merged", report->merged);
    slu_cli_json_count(to, "folded", report->folded);
    slu_cli_categories_json(to, report);
    slu_cli_reasons_json(to, report->reasons, report->reason_count);
    slu_cli_json_count(to, "units", report->units);
    slu_cli_json_count(to, "failed_units", report->failed_units);
    slu_cli_json_count(to, "incomplete_units", report->incomplete_units);
    slu_cli_json_member(to, "output_dir", report->output_dir);
    slu_cli_files_json(to, report->files, report->file_count);
    slu_cli_publication_json(to, report);
    slu_cli_profile_json(to, report);
    (void)fputs("}\n", to);
}

static void put_run(FILE *to, const struct slu_status_run *run)
{
    (void)fputs("{\"flow\":", to);
    slu_cli_json_string(to, run->flow);
    (void)fprintf(to, ",\"started\":%" PRId64, run->started);
    if (run->ended == 0) {
        (void)fputs(",\"ended\":null,\"exit_code\":null", to);
    } else {
        (void)fprintf(to, ",\"ended\":%" PRId64 ",\"exit_code\":%d", run->ended,
                      run->exit_code);
    }
    slu_cli_json_member(to, "summary", run->summary);
    (void)fputc('}', to);
}

void slu_cli_status_json(FILE *to, const struct slu_status *status)
{
    (void)fputs("{\"state_dir\":", to);
    slu_cli_json_string(to, status->state_dir);
    slu_cli_json_member(to, "output_dir", status->output_dir);
    (void)fputs(",\"checkpoints\":{", to);
    for (unsigned i = 0; i < status->checkpoint_count; i++) {
        (void)fputs(i == 0 ? "" : ",", to);
        slu_cli_json_string(to, status->checkpoints[i].key);
        (void)fputc(':', to);
        slu_cli_json_string(to, status->checkpoints[i].value);
    }
    (void)fputc('}', to);
    slu_cli_json_count(to, "units_under_way", status->unit_count);
    slu_cli_files_json(to, status->files, status->file_count);
    slu_cli_published_json(to, status);
    (void)fputs(",\"runs\":[", to);
    for (unsigned i = 0; i < status->run_count; i++) {
        (void)fputs(i == 0 ? "" : ",", to);
        put_run(to, &status->runs[i]);
    }
    (void)fputs("]}\n", to);
}
