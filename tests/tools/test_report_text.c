/* SPDX-License-Identifier: Apache-2.0 */
/* Both forms of the report and of status: report_text.c, report_json.c. */
#include "tools/report_scene.h"
#include "tools/sluice/report.h"

TestSuite(report, .init = start, .fini = finish);

static struct slu_report make_report(void)
{
    return (struct slu_report){
        .flow = "lists",
        .requests = 1832,
        .retries = 3,
        .wire_bytes = 12300000,
        .body_bytes = 40100000,
        .in_flight_max = 64,
        .seconds = 2.5,
        .pull_seconds = 2,
        .items = 82600,
        .accepted = {40000, 30000},
        .duplicates = 6100,
        .listed = {12345, 4210},
        .added = {1234, 210},
        .removed = {1, 2},
        .revoked = {0, 2},
        .exceeded = {0, 3210},
        .reason_count = 2,
        .reasons = {{"verdict", 1234}, {"ip_leading_zero", 10}},
        .file_count = 3,
        .files = {{"guard_duty/threat-ip-1.txt", 12345, 190210, true},
                  {"guard_duty/threat-ip-2.txt", 0, 0, false},
                  {"exceeded_domain.txt", 3210, 64200, false}},
        .units = 12,
        .failed_units = 0,
        .incomplete_units = 1,
        .output_dir = "./out",
    };
}

Test(report, text_tells_all_that_was_counted)
{
    struct slu_report report = make_report();

    slu_cli_report_text(out.file, &report, 0);
    expect("Flow lists: done\n");
    expect("  on the lists now                            12,345          "
           "4,210\n");
    expect("    revoked: verdict or score                    0            "
           "  2\n");
    cr_assert_null(strstr(out.text, "expired:"));
    expect("  verdict                                      1,234\n");
    expect("Files in ./out\n");
    expect("  guard_duty/threat-ip-1.txt                  12,345        "
           "190,210  written\n");
    expect("  and 1 empty\n");
    expect("  requests                 1,832, 3 retries\n");
    expect("  most in flight           64\n");
    expect("12.3 MB on the wire, 40.1 MB decoded\n");
    expect("82,600, of them 6,100 repeats\n");
    expect("2.50 s, of them 2.00 s pulling\n");
    expect("41,300 IOCs a second\n");
    expect("12, 0 failed, 1 incomplete\n");
    cr_assert_null(strstr(out.text, "threat-ip-2"));
    expect_80_columns();
}

static struct slu_report make_rows_report(void)
{
    struct slu_report report = make_report();

    report.has_rows = true;
    report.findings = 288;
    report.barren_findings = 101;
    report.rows[SLU_ROW_IPV4] = 1000;
    report.rows[SLU_ROW_DOMAIN] = 20;
    report.rows[SLU_ROW_SHA256] = 3;
    return report;
}

Test(report, text_of_findings_tells_rows_and_not_lists)
{
    struct slu_report report = make_rows_report();

    slu_cli_report_text(out.file, &report, 0);
    expect("  findings read                                  288\n");
    expect("    without an indicator for a row               101\n");
    expect("  rows written by this run                     1,023\n");
    expect("    IPv4 addresses                             1,000\n");
    expect("    SHA-256 hashes                                 3\n");
    expect("  repeats left out                             6,100\n");
    expect("Indicators not accepted\n");
    expect("41,300 indicators a second\n");
    cr_assert_null(strstr(out.text, "IPv6"));
    cr_assert_null(strstr(out.text, "on the lists"));
    expect_80_columns();
}

Test(report, json_of_findings_has_rows_by_kind)
{
    struct slu_report report = make_rows_report();

    slu_cli_report_json(out.file, &report, 0, NULL);
    expect("\"findings\":288,\"barren_findings\":101,\"rows\":{\"ipv4\":"
           "1000,\"ipv6\":0,"
           "\"domain\":20,\"sha256\":3}");
}

Test(report, text_keeps_its_columns_up_to_a_thousand_million)
{
    struct slu_report report = {.items = UINT64_MAX,
                                .accepted = {999999999, 99999999999}};

    slu_cli_report_text(out.file, &report, 3);
    expect("Flow ?: refused: the sign-in\n");
    expect("0 IOCs a second\n");
    expect_80_columns();
}

Test(report, text_names_every_exit_code)
{
    struct slu_report report = make_report();

    for (int i = -1; i < 5; i++) {
        slu_cli_report_text(out.file, &report, i);
    }
    expect("Flow lists: not complete; safe to run again\n");
    expect("Flow lists: refused: configuration");
}

Test(report, json_is_one_line_with_every_count)
{
    struct slu_report report = make_report();
    const char *text;

    slu_cli_report_json(out.file, &report, 1, "a \"b\"");
    text = text_file_read(&out);
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
    expect("{\"flow\":\"lists\",\"exit_code\":1,\"error\":\"a \\\"b\\\"\"");
    expect("\"requests\":1832,\"retries\":3,\"wire_bytes\":12300000,");
    expect("\"in_flight_max\":64,\"seconds\":2.500000,"
           "\"pull_seconds\":2.000000,\"items\":82600,");
    expect("\"listed\":{\"ip_address\":12345,\"domain\":4210}");
    expect("\"reasons\":{\"verdict\":1234,\"ip_leading_zero\":10}");
    expect("\"files\":[{\"path\":\"guard_duty/threat-ip-1.txt\","
           "\"lines\":12345,\"bytes\":190210,\"changed\":true,\"sent\":"
           "false},{");
    expect("\"changed\":false,\"sent\":false}],\"bucket\":null");
}

Test(report, json_of_an_empty_report_is_whole)
{
    struct slu_report report = {0};

    slu_cli_report_json(out.file, &report, 2, NULL);
    expect("{\"flow\":null,\"exit_code\":2,\"error\":null,");
    expect("\"reasons\":{}");
    expect("\"files\":[],\"bucket\":null,");
    expect("\"sets\":[]}\n");
}

static const struct slu_status_entry checkpoints[] = {
    {"gti/stream/domain", "2025-08-07T05:00:00Z"},
    {"gti/list/malware", "2025-08-07T03:00:00Z"},
};
static const struct slu_status_run runs[] = {
    {1754542800, 1754542802, 0, "lists",
     "1832 requests, 82863 items; 29111 IPs (+29111) and 6000 domains (+6000) "
     "listed"},
    {1754542700, 0, -1, "lists", ""},
};

static struct slu_status make_status(void)
{
    return (struct slu_status){
        .state_dir = "./state",
        .output_dir = "./out",
        .checkpoint_count = 2,
        .checkpoints = checkpoints,
        .unit_count = 7,
        .file_count = 1,
        .files = {{"guard_duty/threat-ip-1.txt", 12345, 190210, true}},
        .run_count = 2,
        .runs = runs,
    };
}

Test(report, status_text_shows_checkpoints_files_and_runs)
{
    struct slu_status status = make_status();

    slu_cli_status_text(out.file, &status);
    expect("State in ./state\n");
    expect("  gti/stream/domain                           "
           "2025-08-07T05:00:00Z\n");
    expect("  7 units begun");
    expect("  guard_duty/threat-ip-1.txt                  12,345        "
           "190,210\n");
    expect("  2025-08-07 05:00:00Z  lists      exit 0     2 s\n"
           "    1832 requests, 82863 items; 29111 IPs (+29111) and 6000 "
           "domains (+6000)\n    listed\n");
    expect("  2025-08-07 04:58:20Z  lists      not ended \n");
    expect_80_columns();
}

Test(report, status_text_of_nothing_says_so)
{
    struct slu_status status = {0};

    slu_cli_status_text(out.file, &status);
    expect("State in ?");
    expect("Checkpoints: all before is committed\n  none yet\n");
    expect("lines          bytes\n  none yet\n");
    expect("Last runs\n  none yet\n");
}

Test(report, status_json_is_one_line)
{
    struct slu_status status = make_status();
    const char *text;

    slu_cli_status_json(out.file, &status);
    text = text_file_read(&out);
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
    expect("\"checkpoints\":{\"gti/stream/domain\":"
           "\"2025-08-07T05:00:00Z\",\"gti/list/malware\":");
    expect("\"units_under_way\":7");
    expect("{\"flow\":\"lists\",\"started\":1754542800,"
           "\"ended\":1754542802,\"exit_code\":0,\"summary\":\"1832 ");
    expect("\"ended\":null,\"exit_code\":null,\"summary\":\"\"}]}\n");
}
