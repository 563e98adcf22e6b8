/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/report_scene.h"
#include "tools/sluice/report.h"

TestSuite(report_profile, .init = start, .fini = finish);

/* Ten seconds, of which `most` has nine. */
static struct slu_report make_report(enum slu_stage most)
{
    struct slu_report report = {.seconds = 10, .profiled = true};

    report.stage_seconds[most] = 9;
    report.stage_seconds[SLU_STAGE_PARSE] += 0.75;
    report.stage_seconds[SLU_STAGE_OTHER] += 0.25;
    return report;
}

Test(report_profile, shows_seconds_and_share_of_each_stage)
{
    struct slu_report report = make_report(SLU_STAGE_NETWORK);

    slu_cli_profile_text(out.file, &report);
    expect("\nTime\n");
    expect("  network wait                  9.000 s   90.0 %\n");
    expect("  limiter wait                  0.000 s    0.0 %\n");
    expect("  parse                         0.750 s    7.5 %\n");
    expect("  in all                       10.000 s\n");
    expect("The API was the limit: 90 % of the time was spent waiting for "
           "it.\n");
}

static void expect_limit(enum slu_stage most, const char *sentence,
                         const char *json)
{
    struct slu_report report = make_report(most);

    slu_cli_profile_text(out.file, &report);
    slu_cli_profile_json(out.file, &report);
    expect(sentence);
    expect(json);
}

Test(report_profile, names_the_rate_limit)
{
    expect_limit(SLU_STAGE_LIMITER,
                 "The rate limit was the limit: for 90 % of the time no "
                 "request might go,\nby the configuration or by the server's "
                 "word.\n",
                 "\"limit\":\"rate_limit\"}");
}

Test(report_profile, names_the_disk)
{
    expect_limit(SLU_STAGE_COMMIT,
                 "The disk was the limit: 90 % of the time was spent waiting "
                 "for the state.\n",
                 "\"limit\":\"disk\"}");
}

Test(report_profile, names_this_machine_and_what_it_did_most)
{
    expect_limit(SLU_STAGE_FOLD,
                 "This machine was the limit: for 100 % of the time it "
                 "worked, most of all\nat fold (90 %).\n",
                 "\"limit\":\"machine\"}");
}

/* Neither alone is the most, but the server is behind both. */
Test(report_profile, adds_up_what_is_the_servers)
{
    struct slu_report report = {.seconds = 10, .profiled = true};

    report.stage_seconds[SLU_STAGE_NETWORK] = 2;
    report.stage_seconds[SLU_STAGE_LIMITER] = 3;
    report.stage_seconds[SLU_STAGE_PARSE] = 4;
    report.stage_seconds[SLU_STAGE_COMMIT] = 1;
    slu_cli_profile_json(out.file, &report);
    expect("\"limit\":\"rate_limit\"}");
}

Test(report_profile, json_is_a_member_of_an_object)
{
    struct slu_report report = make_report(SLU_STAGE_NETWORK);

    slu_cli_profile_json(out.file, &report);
    expect(",\"profile\":{\"seconds\":10.000000000,\"stages\":{"
           "\"network_wait\":9.000000000,\"limiter_wait\":0.000000000,");
    expect(",\"other\":0.250000000},\"limit\":\"api\"}");
}

Test(report_profile, says_nothing_of_a_sync_without)
{
    struct slu_report report = {.seconds = 10};

    slu_cli_profile_text(out.file, &report);
    slu_cli_profile_json(out.file, &report);
    cr_assert_str_eq(text_file_read(&out), "");
}
