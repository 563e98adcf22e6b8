/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/console.h"
#include "tools/text_file.h"

static struct text_file out;
static struct slu_cli_console console;

static void start(void)
{
    text_file_open(&out);
    slu_cli_console_init(&console, out.file, false);
}

static void finish(void)
{
    text_file_close(&out);
}

TestSuite(console, .init = start, .fini = finish);

Test(console, begins_a_line_with_its_level)
{
    slu_cli_console_log(&console, SLU_LOG_INFO,
                        "\xE2\x9C\x94 IOC Sync Completed Successfully");
    slu_cli_console_log(&console, SLU_LOG_DEBUG, "Fetched page");
    slu_cli_console_log(&console, SLU_LOG_WARN, "a");
    slu_cli_console_log(&console, SLU_LOG_ERROR, "HTTP 401");
    cr_assert_str_eq(text_file_read(&out),
                     "[INFO] \xE2\x9C\x94 IOC Sync Completed Successfully\n"
                     "[DEBUG] Fetched page\n[WARN] a\n[ERROR] HTTP 401\n");
    cr_assert_eq(console.errors, 1);
}

Test(console, keeps_one_line_one_line)
{
    slu_cli_console_log(&console, SLU_LOG_INFO, "a\n[ERROR] b\x1b[2J");
    cr_assert_str_eq(text_file_read(&out), "[INFO] a?[ERROR] b?[2J\n");
}

Test(console, writes_json_lines)
{
    int year;
    int ms;
    char rest[100] = "";

    console.json = true;
    slu_cli_console_log(&console, SLU_LOG_WARN, "a \"b\"\n");
    cr_assert_eq(sscanf(text_file_read(&out),
                        "{\"time\":\"%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ\",%99s",
                        &year, &ms, rest),
                 3);
    cr_assert_geq(year, 2025);
    cr_assert_not_null(strstr(
        out.text, ",\"level\":\"WARN\",\"message\":\"a \\\"b\\\"\\u000a\"}\n"));
}

Test(console, shows_no_progress_off_a_terminal)
{
    struct slu_report report = {.flow = "lists"};

    cr_assert_not(console.terminal);
    slu_cli_console_progress(&console, &report);
    cr_assert_str_eq(text_file_read(&out), "");
}

Test(console, takes_progress_away_before_a_line)
{
    struct slu_report report = {.flow = "lists",
                                .items = 12345,
                                .requests = 1000,
                                .in_flight = 64,
                                .wire_bytes = 1500000,
                                .seconds = 2};

    console.terminal = true;
    slu_cli_console_progress(&console, &report);
    cr_assert_str_eq(text_file_read(&out),
                     "\rlists: 12,345 items, 1,000 requests, 64 in flight, "
                     "1.5 MB, 2.00 s\033[K");
    slu_cli_console_log(&console, SLU_LOG_INFO, "x");
    cr_assert_not_null(
        strstr(text_file_read(&out), "\033[K\r\033[K[INFO] x\n"));
    slu_cli_console_clear(&console);
    cr_assert_eq(out.text[strlen(out.text) - 1], '\n');
}

Test(console, cuts_progress_to_the_terminal)
{
    struct slu_report report = {.flow = "a-flow-with-a-long-name",
                                .items = UINT64_MAX,
                                .requests = UINT64_MAX,
                                .wire_bytes = UINT64_MAX,
                                .seconds = 1e9};

    console.terminal = true;
    console.columns = 40;
    slu_cli_console_progress(&console, &report);
    cr_assert_eq(strlen(text_file_read(&out)), 1 + 39 + 3);
    console.columns = 10000;
    slu_cli_console_progress(&console, &report);
}
