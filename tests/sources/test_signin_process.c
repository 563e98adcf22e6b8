/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

static struct world world;
static char config[40000];

static void set_up(void)
{
    world_init(&world);
    world_set_env(&world, "AWS_PROFILE", "p");
}

static void tear_down(void)
{
    world_fini(&world);
}

TestSuite(signin_process, .init = set_up, .fini = tear_down);

static void start(const char *command)
{
    (void)snprintf(config, sizeof(config),
                   "[profile p]\ncredential_process = %s\n", command);
    world_set_config(&world, config);
    slu_aws_settings_free(world.settings);
    world.settings = NULL;
    slu_signin_free(world.signin);
    world.signin = NULL;
    world_start(&world);
}

/* words: joined by "|". */
static void check_words(const char *command, const char *words)
{
    char got[1000] = "";

    start(command);
    cr_assert_eq(world.turn, SLU_SIGNIN_PROCESS, "%s", world.need.error.text);
    for (char *const *arg = world.need.argv; *arg != NULL; arg++) {
        (void)strcat(strcat(got, arg == world.need.argv ? "" : "|"), *arg);
    }
    cr_assert_str_eq(got, words, "%s gives %s", command, got);
}

/* As Python's shlex.split gives them. */
Test(signin_process, is_split_as_a_shell_does)
{
    check_words("tool", "tool");
    check_words("/a/tool  --x\ty", "/a/tool|--x|y");
    check_words("tool 'a b' \"c d\"", "tool|a b|c d");
    check_words("tool a\\ b", "tool|a b");
    check_words("tool \"a\\\"b\\\\c\\d\"", "tool|a\"b\\c\\d");
    check_words("tool 'a\\b' 'c\"d'", "tool|a\\b|c\"d");
    check_words("tool a'b c'\"d e\"f", "tool|ab cd ef");
    check_words("tool '' x", "tool||x");
    check_words("tool $HOME *.pem ~ a;b", "tool|$HOME|*.pem|~|a;b");
    check_words("tool \\\"a", "tool|\"a");
}

static void check_refused(const char *command, const char *sentence)
{
    start(command);
    world_expect_failed(&world, SLU_ERR_CONFIG, sentence);
}

Test(signin_process, what_cannot_be_split_is_refused)
{
    static char many[1000];

    check_refused("tool 'a", "profile \"p\": credential_process has a quote "
                             "or backslash with nothing to match");
    check_refused("tool \"a", "profile \"p\": credential_process has a quote "
                              "or backslash with nothing to match");
    check_refused("tool \\", "profile \"p\": credential_process has a quote "
                             "or backslash with nothing to match");
    for (int i = 0; i < 65; i++) {
        (void)strcat(many, "a ");
    }
    many[strlen(many) - 1] = '\0';
    check_refused(many,
                  "profile \"p\": credential_process has too many arguments");
    many[strlen(many) - 2] = '\0';
    start(many);
    cr_assert_eq(world.turn, SLU_SIGNIN_PROCESS);
    cr_assert_str_eq(world.need.argv[63], "a");
    cr_assert_null(world.need.argv[64]);
}

Test(signin_process, gives_credentials)
{
    start("tool");
    world_answer(&world, 0,
                 "{\"Version\":1,\"AccessKeyId\":\"AKIAP\",\"SecretAccessKey\":"
                 "\"geheim-p\",\"SessionToken\":\"token-geheim-p\","
                 "\"Expiration\":\"2026-01-01T01:00:00+00:00\"}");
    world_expect_ready(&world, "AKIAP", "geheim-p", "token-geheim-p",
                       WORLD_NOW + 3600);
    world_expect_origin(&world, "credential_process of profile p");
    world_start(&world);
    world_answer(&world, 0,
                 "{\"Version\":1,\"AccessKeyId\":\"AKIAP\","
                 "\"SecretAccessKey\":\"geheim-p\"}");
    world_expect_ready(&world, "AKIAP", "geheim-p", "", 0);
}

Test(signin_process, a_failure_is_told_in_its_own_words)
{
    const struct slu_signin_answer answer = {
        .status = 3,
        .diagnostics =
            slu_view_str("\n  cannot\x1b[31m reach the vault\nmore\n"),
    };

    start("tool");
    world_answer_with(&world, &answer);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "credential_process of profile p ended with status 3: "
                        "cannot [31m reach the vault");
    world_start(&world);
    world_answer(&world, 128 + SIGKILL, "");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "credential_process of profile p ended with status "
                        "137");
}

Test(signin_process, output_that_is_no_use)
{
    start("tool");
    world_answer(&world, 0, "geheim");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "credential_process of profile p: its output is no "
                        "JSON object");
    world_start(&world);
    world_answer(&world, 0,
                 "{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":"
                 "\"geheim\"}");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "credential_process of profile p: its output has "
                        "another Version than 1");
    world_start(&world);
    world_answer(&world, 0,
                 "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":"
                 "\"geheim\",\"Expiration\":\"2025-12-31T23:00:00Z\"}");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the credentials of credential_process of profile p "
                        "have expired already");
}

Test(signin_process, one_that_cannot_be_run)
{
    start("tool");
    world_answer_error(&world, SLU_ERR_NOT_FOUND, "\"tool\" cannot be run");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "credential_process of profile p: \"tool\" cannot be "
                        "run");
    world_start(&world);
    world_answer_error(&world, SLU_ERR_TIMEOUT, "\"tool\" did not end");
    world_expect_failed(&world, SLU_ERR_SERVER,
                        "credential_process of profile p: \"tool\" did not "
                        "end");
    world_start(&world);
    world_answer_error(&world, SLU_ERR_LIMIT, "too much");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "credential_process of profile p: too much");
}

Test(signin_process, what_it_says_holds_no_key)
{
    const struct slu_signin_answer answer = {
        .status = 1,
        .diagnostics = slu_view_str(
            "no: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY is bad\n"),
    };

    start("tool");
    world_answer_with(&world, &answer);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "credential_process of profile p ended with status 1: "
                        "no: [hidden] is bad");
}
