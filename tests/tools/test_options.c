/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

static struct slu_cli_options options;

#define PARSE(...) parse((char *[]){(char *)"sluice", __VA_ARGS__, NULL})

static bool parse(char **argv)
{
    int argc = 0;

    while (argv[argc] != NULL) {
        argc++;
    }
    return slu_cli_options_parse(&options, argc, argv);
}

Test(options, reads_every_option_in_any_order)
{
    cr_assert(PARSE("-c", "a.yaml", "sync", "--flow", "2", "--json",
                    "--log-level", "debug", "--log-format=json"));
    cr_assert_str_eq(options.command->name, "sync");
    cr_assert_str_eq(options.config, "a.yaml");
    cr_assert_str_eq(options.flow, "2");
    cr_assert(options.json);
    cr_assert(options.log_json);
    cr_assert(options.log_level_given);
    cr_assert_eq(options.log_level, SLU_LOG_DEBUG);
    cr_assert(PARSE("check", "--config=b"));
    cr_assert_str_eq(options.command->name, "check");
    cr_assert_str_eq(options.config, "b");
}

Test(options, has_defaults)
{
    cr_assert(PARSE("demo"));
    cr_assert_null(options.config);
    cr_assert_null(options.flow);
    cr_assert_not(options.json);
    cr_assert_not(options.log_json);
    cr_assert_not(options.log_level_given);
    cr_assert_eq(options.log_level, SLU_LOG_INFO);
}

Test(options, knows_help_and_version_in_every_form)
{
    cr_assert(PARSE("--help"));
    cr_assert_str_eq(options.command->name, "help");
    cr_assert(PARSE("sync", "-h"));
    cr_assert_str_eq(options.command->name, "help");
    cr_assert(PARSE("--version"));
    cr_assert_str_eq(options.command->name, "version");
    cr_assert(PARSE("help", "config"));
    cr_assert_str_eq(options.topic, "config");
    cr_assert(PARSE("help"));
    cr_assert_null(options.topic);
}

static void expect_refusal(bool accepted, const char *sentence)
{
    char text[300] = "";

    fflush(stderr);
    cr_assert_not(accepted);
    cr_assert_not_null(fgets(text, sizeof(text), cr_get_redirected_stderr()));
    cr_assert_not_null(strstr(text, sentence), "%s", text);
    cr_assert_not_null(strstr(text, "sluice help"), "%s", text);
    cr_assert_eq(text[strlen(text) - 1], '\n');
}

Test(options, refuses_an_unknown_command, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("snyc"), "there is no command snyc");
}

Test(options, refuses_no_command, .init = cr_redirect_stderr)
{
    char *argv[] = {(char *)"sluice", NULL};

    expect_refusal(slu_cli_options_parse(&options, 1, argv), "which command?");
}

Test(options, refuses_an_unknown_long_option, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-c", "a", "--frob"),
                   "there is no option --frob");
}

Test(options, refuses_an_unknown_short_option, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-x"), "there is no option -x");
}

Test(options, refuses_a_missing_value, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-c"), "a value is missing behind -c");
}

Test(options, refuses_a_missing_long_value, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "--flow"), "a value is missing behind");
}

Test(options, refuses_a_wrong_level, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-c", "a", "--log-level", "loud"), "loud");
}

Test(options, refuses_a_wrong_format, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-c", "a", "--log-format", "xml"), "xml");
}

Test(options, refuses_an_option_of_another_command, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("status", "-c", "a", "--flow", "1"),
                   "`status` does not take --flow");
}

Test(options, refuses_a_missing_configuration, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync"), "`sync` needs -c FILE");
}

Test(options, refuses_one_word_too_many, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "now", "-c", "a"), "one word too many: now");
}

Test(options, finds_commands_by_whole_names)
{
    cr_assert_not_null(slu_cli_command_find("status"));
    cr_assert_null(slu_cli_command_find("stat"));
    cr_assert_null(slu_cli_command_find(""));
}

/* ---- explain and indicators ---- */

Test(options, takes_the_value_to_explain_wherever_it_stands)
{
    cr_assert(PARSE("explain", "1.2.3.4", "-c", "a"));
    cr_assert_str_eq(options.value, "1.2.3.4");
    cr_assert(PARSE("-c", "a", "--json", "explain", "example.com"));
    cr_assert_str_eq(options.value, "example.com");
    cr_assert(options.json);
}

Test(options, refuses_to_explain_nothing, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("explain", "-c", "a"),
                   "`explain` needs an IP, CIDR or domain");
}

Test(options, refuses_to_explain_two_things, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("explain", "a.com", "b.com", "-c", "a"),
                   "one word too many: b.com");
}

Test(options, reads_the_filter_of_indicators)
{
    cr_assert(PARSE("indicators", "-c", "a"));
    cr_assert_null(options.source);
    cr_assert_null(options.type);
    cr_assert_null(options.since);
    cr_assert_null(options.list);
    cr_assert_eq(options.format, SLU_INDICATOR_TEXT);
    cr_assert(PARSE("indicators", "-c", "a", "--source", "malware", "--type=ip",
                    "--since", "4h", "--list", "none", "--format", "csv"));
    cr_assert_str_eq(options.source, "malware");
    cr_assert_str_eq(options.type, "ip");
    cr_assert_str_eq(options.since, "4h");
    cr_assert_str_eq(options.list, "none");
    cr_assert_eq(options.format, SLU_INDICATOR_CSV);
    cr_assert(PARSE("indicators", "-c", "a", "--format", "ndjson"));
    cr_assert_eq(options.format, SLU_INDICATOR_NDJSON);
}

Test(options, refuses_a_wrong_format_of_indicators, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("indicators", "-c", "a", "--format", "xml"),
                   "--format takes text, ndjson or csv, not xml");
}

Test(options, refuses_a_filter_elsewhere, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("status", "-c", "a", "--since", "4h"),
                   "`status` does not take the options of `indicators`");
}

Test(options, takes_profile_for_sync_only, .init = cr_redirect_stderr)
{
    cr_assert(PARSE("sync", "-c", "a", "--profile"));
    cr_assert(options.profile);
    cr_assert(PARSE("sync", "-c", "a"));
    cr_assert_not(options.profile);
    expect_refusal(PARSE("plan", "-c", "a", "--profile"),
                   "`plan` does not take --profile");
}

Test(options, takes_force_where_something_is_published,
     .init = cr_redirect_stderr)
{
    cr_assert(PARSE("sync", "-c", "a", "--force"));
    cr_assert(options.force);
    cr_assert(PARSE("plan", "-c", "a", "--diff"));
    cr_assert(options.diff);
    expect_refusal(PARSE("sync", "-c", "a", "--diff"),
                   "`sync` does not take --diff");
    cr_assert(PARSE("plan", "-c", "a"));
    cr_assert_eq(options.command->run, slu_cli_plan);
    cr_assert_not(options.force);
    expect_refusal(PARSE("check", "-c", "a", "--force"),
                   "`check` does not take --force");
}

/* ---- pack ---- */

Test(options, takes_any_number_of_files_to_pack)
{
    const char *argv[] = {"sluice",
                          "pack",
                          "a.txt",
                          "--output-dir",
                          "out",
                          "-",
                          "--files",
                          "2",
                          "b.txt",
                          "--ip-lines=10",
                          "--domain-lines",
                          "20",
                          "--file-bytes",
                          "3000",
                          "--allow-file",
                          "allow",
                          "--allow-non-global",
                          "--no-sync",
                          "--json",
                          NULL};

    cr_assert(parse((char **)argv));
    cr_assert_eq(options.pack.input_count, 3);
    cr_assert_str_eq(options.pack.inputs[0], "a.txt");
    cr_assert_str_eq(options.pack.inputs[1], "-");
    cr_assert_str_eq(options.pack.inputs[2], "b.txt");
    cr_assert_str_eq(options.pack.output_dir, "out");
    cr_assert_str_eq(options.pack.allow_file, "allow");
    cr_assert_eq(options.pack.files, 2);
    cr_assert_eq(options.pack.ip_lines, 10);
    cr_assert_eq(options.pack.domain_lines, 20);
    cr_assert_eq(options.pack.file_bytes, 3000);
    cr_assert(options.pack.allow_non_global);
    cr_assert(options.pack.no_sync);
    cr_assert(options.json);
}

Test(options, refuses_a_pack_of_nothing, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("pack", "--no-sync"), "`pack` needs a file");
}

Test(options, refuses_a_number_that_is_none, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("pack", "a", "--files", "-1"),
                   "--files takes a number from 1, not -1");
}

Test(options, refuses_what_packs_alone, .init = cr_redirect_stderr)
{
    expect_refusal(PARSE("sync", "-c", "a", "--no-sync"),
                   "`sync` does not take the options of `pack`");
}
