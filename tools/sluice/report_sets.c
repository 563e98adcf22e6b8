/* SPDX-License-Identifier: Apache-2.0 */
/* What of a report is about publishing: categories, bucket, sets. */
#include "tools/sluice/report_sets.h"
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"

#include <string.h>

/* ---- for people ---- */

static bool has_cut(const struct slu_report *report)
{
    for (unsigned i = 0; i < report->category_count; i++) {
        if (report->categories[i].exceeded > 0) {
            return true;
        }
    }
    return false;
}

void slu_cli_categories_text(FILE *to, const struct slu_report *report)
{
    if (!has_cut(report)) {
        return;
    }
    (void)fprintf(to, "\nOver capacity, by category\n  %-32s %9s %9s  %s\n", "",
                  "listed", "left out", "best left out");
    for (unsigned i = 0; i < report->category_count; i++) {
        const struct slu_report_category *category = &report->categories[i];

        (void)fprintf(to, "  %-32s %9s %9s", category->name,
                      slu_cli_number_count(category->listed).text,
                      slu_cli_number_count(category->exceeded).text);
        if (category->cut_verdict != NULL) {
            (void)fprintf(to, "  %u %s", category->cut_score,
                          category->cut_verdict);
        }
        (void)fputc('\n', to);
    }
}

static void print_set(FILE *to, const struct slu_report_set *set)
{
    (void)fprintf(to, "  %-14s ", set->region);
    slu_cli_column_text(to, 38, set->name[0] != '\0' ? set->name : set->path);
    (void)fprintf(to, " %s%s\n", set->status, set->created ? " (new)" : "");
    if (set->detail[0] != '\0') {
        slu_cli_wrapped_text(to, set->detail);
    }
}

static void print_sets(FILE *to, const struct slu_report *report)
{
    unsigned unchanged = 0;

    for (unsigned i = 0; i < report->set_count; i++) {
        const struct slu_report_set *set = &report->sets[i];

        if (strcmp(set->status, "unchanged") == 0) {
            unchanged++;
        } else {
            print_set(to, set);
        }
    }
    if (unchanged > 0) {
        (void)fprintf(to, "  %s%u set%s active and unchanged\n",
                      unchanged < report->set_count ? "and " : "", unchanged,
                      unchanged == 1 ? "" : "s");
    }
}

void slu_cli_publication_text(FILE *to, const struct slu_report *report)
{
    if (report->bucket == NULL) {
        return;
    }
    (void)fprintf(to, "\nPublished to ");
    slu_cli_plain_text(to, report->bucket);
    (void)fprintf(to, ": %u object%s sent", report->objects_sent,
                  report->objects_sent == 1 ? "" : "s");
    if (report->objects_held > 0) {
        (void)fprintf(to, ", %u held back", report->objects_held);
    }
    (void)fputc('\n', to);
    print_sets(to, report);
}

static const char *say_status(const struct slu_status_set *set)
{
    if (strcmp(set->status, "error") == 0) {
        return "refused";
    }
    return strcmp(set->status, "old") == 0 ? "older" : set->status;
}

void slu_cli_published_text(FILE *to, const struct slu_status *status)
{
    if (status->object_count + status->set_count == 0) {
        return;
    }
    (void)fprintf(to, "\nPublished, as the last sync left it\n");
    if (status->object_count == 0) {
        (void)fprintf(to, "  no object of the bucket is known; the next sync "
                          "asks for them\n");
    } else {
        (void)fprintf(to, "  %-38s %11s\n", "objects of the bucket known",
                      slu_cli_number_count(status->object_count).text);
    }
    for (unsigned i = 0; i < status->set_count; i++) {
        const struct slu_status_set *set = &status->sets[i];
        bool other = set->refused && strcmp(set->status, "error") != 0;

        (void)fprintf(to, "  %-14s %-38.38s %s%s\n", set->region, set->path,
                      say_status(set), other ? "; newer refused" : "");
    }
}

/* ---- for programs ---- */

void slu_cli_categories_json(FILE *to, const struct slu_report *report)
{
    (void)fputs(",\"categories\":[", to);
    for (unsigned i = 0; i < report->category_count; i++) {
        const struct slu_report_category *category = &report->categories[i];

        (void)fprintf(to, "%s{\"name\":", i == 0 ? "" : ",");
        slu_cli_json_string(to, category->name);
        slu_cli_json_count(to, "listed", category->listed);
        slu_cli_json_count(to, "exceeded", category->exceeded);
        if (category->cut_verdict != NULL) {
            slu_cli_json_member(to, "cut_verdict", category->cut_verdict);
            slu_cli_json_count(to, "cut_score", category->cut_score);
        }
        (void)fputc('}', to);
    }
    (void)fputc(']', to);
}

static void put_set(FILE *to, const struct slu_report_set *set)
{
    (void)fputs("{\"region\":", to);
    slu_cli_json_string(to, set->region);
    slu_cli_json_member(to, "path", set->path);
    slu_cli_json_member(to, "name", set->name);
    slu_cli_json_member(to, "status", set->status);
    (void)fprintf(to, ",\"created\":%s,\"activated\":%s",
                  set->created ? "true" : "false",
                  set->activated ? "true" : "false");
    slu_cli_json_member(to, "detail", set->detail);
    (void)fputc('}', to);
}

void slu_cli_publication_json(FILE *to, const struct slu_report *report)
{
    slu_cli_json_member(to, "bucket", report->bucket);
    slu_cli_json_count(to, "objects_sent", report->objects_sent);
    slu_cli_json_count(to, "objects_held", report->objects_held);
    (void)fputs(",\"sets\":[", to);
    for (unsigned i = 0; i < report->set_count; i++) {
        (void)fputs(i == 0 ? "" : ",", to);
        put_set(to, &report->sets[i]);
    }
    (void)fputc(']', to);
}

void slu_cli_published_json(FILE *to, const struct slu_status *status)
{
    (void)fprintf(to, ",\"objects_known\":%u,\"sets\":[", status->object_count);
    for (unsigned i = 0; i < status->set_count; i++) {
        const struct slu_status_set *set = &status->sets[i];

        (void)fputs(i == 0 ? "{\"region\":" : ",{\"region\":", to);
        slu_cli_json_string(to, set->region);
        slu_cli_json_member(to, "path", set->path);
        slu_cli_json_member(to, "id", set->id);
        slu_cli_json_member(to, "status", set->status);
        (void)fprintf(to, ",\"refused\":%s}", set->refused ? "true" : "false");
    }
    (void)fputc(']', to);
}
