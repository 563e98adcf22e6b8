/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time of a sync went, and what would have to be faster for the sync
 * to be: the API, a rate limit, the disk, or this machine. It is whatever the
 * largest part of the time went into; of the API and a rate limit, which are
 * one party's, the larger one.
 */
#include "tools/sluice/json_text.h"
#include "tools/sluice/number_text.h"
#include "tools/sluice/report.h"

#include <string.h>

enum limit {
    LIMIT_API,
    LIMIT_RATE,
    LIMIT_DISK,
    LIMIT_MACHINE,
};

static const char *const limit_names[] = {
    [LIMIT_API] = "api",
    [LIMIT_RATE] = "rate_limit",
    [LIMIT_DISK] = "disk",
    [LIMIT_MACHINE] = "machine",
};

static bool is_wait(int stage)
{
    return stage == SLU_STAGE_NETWORK || stage == SLU_STAGE_LIMITER ||
           stage == SLU_STAGE_COMMIT;
}

static double sum_work(const double seconds[SLU_STAGE_COUNT])
{
    double sum = 0;

    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        sum += is_wait(i) ? 0 : seconds[i];
    }
    return sum;
}

static enum slu_stage find_longest_work(const double seconds[SLU_STAGE_COUNT])
{
    int longest = SLU_STAGE_OTHER;

    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        if (!is_wait(i) && seconds[i] > seconds[longest]) {
            longest = i;
        }
    }
    return (enum slu_stage)longest;
}

static enum limit find_limit(const double seconds[SLU_STAGE_COUNT])
{
    double server = seconds[SLU_STAGE_NETWORK] + seconds[SLU_STAGE_LIMITER];
    double disk = seconds[SLU_STAGE_COMMIT];
    double work = sum_work(seconds);

    if (server >= disk && server >= work) {
        return seconds[SLU_STAGE_LIMITER] > seconds[SLU_STAGE_NETWORK]
                   ? LIMIT_RATE
                   : LIMIT_API;
    }
    return disk >= work ? LIMIT_DISK : LIMIT_MACHINE;
}

static double percent(const struct slu_report *report, double seconds)
{
    return report->seconds > 0 ? seconds * 100 / report->seconds : 0;
}

/* "network wait" of "network_wait" */
static const char *label(enum slu_stage stage, char out[24])
{
    char *at;

    (void)snprintf(out, 24, "%s", slu_stage_name(stage));
    for (at = strchr(out, '_'); at != NULL; at = strchr(at, '_')) {
        *at = ' ';
    }
    return out;
}

static void print_machine(FILE *to, const struct slu_report *report)
{
    const double *seconds = report->stage_seconds;
    enum slu_stage longest = find_longest_work(seconds);
    char name[24];

    (void)fprintf(to,
                  "This machine was the limit: for %.0f %% of the time it "
                  "worked, most of all\nat %s (%.0f %%).\n",
                  percent(report, sum_work(seconds)), label(longest, name),
                  percent(report, seconds[longest]));
}

static void print_conclusion(FILE *to, const struct slu_report *report)
{
    const double *seconds = report->stage_seconds;

    switch (find_limit(seconds)) {
    case LIMIT_API:
        (void)fprintf(to,
                      "The API was the limit: %.0f %% of the time was spent "
                      "waiting for it.\n",
                      percent(report, seconds[SLU_STAGE_NETWORK]));
        break;
    case LIMIT_RATE:
        (void)fprintf(to,
                      "The rate limit was the limit: for %.0f %% of the time "
                      "no request might go,\nby the configuration or by the "
                      "server's word.\n",
                      percent(report, seconds[SLU_STAGE_LIMITER]));
        break;
    case LIMIT_DISK:
        (void)fprintf(to,
                      "The disk was the limit: %.0f %% of the time was spent "
                      "waiting for the state.\n",
                      percent(report, seconds[SLU_STAGE_COMMIT]));
        break;
    case LIMIT_MACHINE:
        print_machine(to, report);
        break;
    }
}

void slu_cli_profile_text(FILE *to, const struct slu_report *report)
{
    char name[24];

    if (!report->profiled) {
        return;
    }
    (void)fprintf(to, "\nTime\n");
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        (void)fprintf(to, "  %-24s %10.3f s %6.1f %%\n",
                      label((enum slu_stage)i, name), report->stage_seconds[i],
                      percent(report, report->stage_seconds[i]));
    }
    (void)fprintf(to, "  %-24s %10.3f s\n", "in all", report->seconds);
    print_conclusion(to, report);
}

void slu_cli_profile_json(FILE *to, const struct slu_report *report)
{
    if (!report->profiled) {
        return;
    }
    (void)fprintf(to, ",\"profile\":{\"seconds\":%.9f,\"stages\":{",
                  report->seconds);
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        (void)fprintf(to, "%s\"%s\":%.9f", i == 0 ? "" : ",",
                      slu_stage_name((enum slu_stage)i),
                      report->stage_seconds[i]);
    }
    (void)fputc('}', to);
    slu_cli_json_member(to, "limit",
                        limit_names[find_limit(report->stage_seconds)]);
    (void)fputc('}', to);
}
