/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ORIGIN "http://169.254.169.254"
#define TOKEN "/latest/api/token"
#define ROLE "/latest/meta-data/iam/security-credentials/"
#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define FILES "/home/u/.aws/config or /home/u/.aws/credentials"

static struct world world;

static void set_up(void)
{
    world_init(&world);
}

static void tear_down(void)
{
    world_fini(&world);
}

TestSuite(signin_imds, .init = set_up, .fini = tear_down);

/* As far as the credentials. */
static void reach_keys(const char *origin, const char *prefix)
{
    char target[200];

    (void)snprintf(target, sizeof(target), "%s" TOKEN, prefix);
    world_expect_request(&world, "PUT", origin, target);
    world_expect_header(&world, TOKEN_HEADER "-ttl-seconds", "21600");
    cr_assert(world.need.direct);
    cr_assert_eq(world.need.body.len, 0);
    world_answer(&world, 200, "geheim-token==");
    (void)snprintf(target, sizeof(target), "%s" ROLE, prefix);
    world_expect_request(&world, "GET", origin, target);
    world_expect_header(&world, TOKEN_HEADER, "geheim-token==");
    cr_assert(world.need.direct);
    world_answer(&world, 200, "sluice-role\nsecond");
    (void)snprintf(target, sizeof(target), "%s" ROLE "sluice-role", prefix);
    world_expect_request(&world, "GET", origin, target);
    world_expect_header(&world, TOKEN_HEADER, "geheim-token==");
    cr_assert(world.need.direct);
}

/* The service's token is no secret of the tests' that follow. */
static void expect_made(const char *key_id)
{
    world.counting.secret = "token-geheim";
    world_expect_made(&world, key_id);
    world.counting.secret = WORLD_SECRET;
}

Test(signin_imds, three_requests_of_version_two)
{
    world_start(&world);
    reach_keys(ORIGIN, "");
    cr_assert_eq(world.need.timeout_ms, 1000);
    world_answer(&world, 200, world_imds("ASIAONE"));
    expect_made("ASIAONE");
    world_expect_origin(&world, "the EC2 metadata service (role sluice-role)");
    cr_assert_str_eq(world.note, "");
}

Test(signin_imds, a_token_is_used_again_for_21595_seconds)
{
    world_start(&world);
    reach_keys(ORIGIN, "");
    world_answer(&world, 200, world_imds("ASIAONE"));
    expect_made("ASIAONE");
    world.now.mono_ms += 21594999;
    world_start(&world);
    world_expect_request(&world, "GET", ORIGIN, ROLE);
    world_answer(&world, 200, "other-role");
    world_expect_request(&world, "GET", ORIGIN, ROLE "other-role");
    world_answer(&world, 200, world_imds("ASIATWO"));
    expect_made("ASIATWO");
    world.now.mono_ms++;
    world_start(&world);
    reach_keys(ORIGIN, "");
}

Test(signin_imds, a_refused_token_is_replaced_once)
{
    world_start(&world);
    world_answer(&world, 200, "old");
    world_answer(&world, 401, "");
    world_expect_request(&world, "PUT", ORIGIN, TOKEN);
    world_answer(&world, 200, "new");
    world_expect_header(&world, TOKEN_HEADER, "new");
    world_answer(&world, 200, "role");
    world_answer(&world, 401, "");
    world_expect_failed(
        &world, SLU_ERR_AUTH,
        "no AWS credentials found: not in the environment, in " FILES
        ", of a web identity or a container, and the EC2 metadata service at "
        "http://169.254.169.254 gives none (HTTP 401; version 1 is not used); "
        "set up one of them, or aws.auth");
}

Test(signin_imds, no_role_is_told_in_the_words_the_users_know)
{
    world_start(&world);
    world_answer(&world, 200, "token");
    world_answer(&world, 404, "<html>");
    world_expect_failed(
        &world, SLU_ERR_AUTH,
        "Unable to find the credentials from the host machine. Check the IAM "
        "Role attached to your EC2 Machine (the metadata service at "
        "http://169.254.169.254: HTTP 404), or set aws.auth");
    world_start(&world);
    world_answer(&world, 200, "");
    world_expect_failed(
        &world, SLU_ERR_AUTH,
        "Unable to find the credentials from the host machine. Check the IAM "
        "Role attached to your EC2 Machine (the metadata service at "
        "http://169.254.169.254: it names no role), or set aws.auth");
    world_start(&world);
    world_answer(&world, 200, "role");
    world_answer(
        &world, 200,
        "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"m\"}");
    world_expect_failed(
        &world, SLU_ERR_AUTH,
        "Unable to find the credentials from the host machine. Check the IAM "
        "Role attached to your EC2 Machine (the metadata service at "
        "http://169.254.169.254: Code is \"AssumeRoleUnauthorizedAccess\"), "
        "or set aws.auth");
}

Test(signin_imds, a_machine_that_is_not_ec2s_is_told_what_was_looked_for)
{
    world_start(&world);
    for (int i = 0; i < 2; i++) {
        world_expect_request(&world, "PUT", ORIGIN, TOKEN);
        world_answer_error(&world, SLU_ERR_TIMEOUT, "169.254.169.254: no way");
        world_expect_wait(&world, 1000, 1000);
    }
    world_answer_error(&world, SLU_ERR_TIMEOUT, "169.254.169.254: no way");
    world_expect_failed(
        &world, SLU_ERR_AUTH,
        "no AWS credentials found: not in the environment, in " FILES
        ", of a web identity or a container, and the EC2 metadata service at "
        "http://169.254.169.254 gives none (169.254.169.254: no way); set up "
        "one of them, or aws.auth");
}

Test(signin_imds, the_longest_sentence_is_whole)
{
    char path[200];

    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    world_set_env(&world, "AWS_CONFIG_FILE", path);
    world_set_env(&world, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                  "http://127.0.0.1:65535/a/long/path/to/the/metadata/service");
    world_set_env(&world, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1");
    world_start(&world);
    world_answer_error(&world, SLU_ERR_TIMEOUT, path);
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    cr_assert_not_null(strstr(world.need.error.text, "or aws.auth"), "%s",
                       world.need.error.text);
}

Test(signin_imds, an_outage_of_what_has_worked_is_no_refusal)
{
    world_start(&world);
    reach_keys(ORIGIN, "");
    world_answer(&world, 200, world_imds("ASIAONE"));
    expect_made("ASIAONE");
    world_start(&world);
    for (int i = 0; i < 2; i++) {
        world_answer_error(&world, SLU_ERR_NETWORK, "reset");
        world_expect_wait(&world, 1000, 1000);
    }
    world_answer_error(&world, SLU_ERR_NETWORK, "reset");
    world.counting.secret = NULL; /* the service's token is kept */
    world_expect_failed(&world, SLU_ERR_NETWORK,
                        "the EC2 metadata service at http://169.254.169.254 "
                        "gives no token: reset");
}

Test(signin_imds, version_one_is_never_used)
{
    static const int statuses[] = {400, 403, 404, 405};

    for (size_t i = 0; i < 4; i++) {
        char part[80];

        world_start(&world);
        world_expect_request(&world, "PUT", ORIGIN, TOKEN);
        world_answer(&world, statuses[i], "");
        cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
        cr_assert_eq(world.need.error.code, SLU_ERR_AUTH);
        (void)snprintf(part, sizeof(part), "(HTTP %d; version 1 is not used)",
                       statuses[i]);
        cr_assert_not_null(strstr(world.need.error.text, part), "%s",
                           world.need.error.text);
    }
}

Test(signin_imds, a_failing_service_is_asked_three_times_in_each_step)
{
    world_start(&world);
    world_answer(&world, 500, "");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 503, "");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 200, "geheim-token==");
    world_answer(&world, 500, "");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 200, "r");
    world_answer(&world, 200, "{\"Code\":\"Success\"");
    world_expect_wait(&world, 1000, 1000);
    world_expect_request(&world, "GET", ORIGIN, ROLE "r");
    world_answer(&world, 200, "{\"Code\":\"Success\"}");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 200, "{\"Code\":\"Success\"}");
    world.counting.secret = NULL;
    world_expect_failed(&world, SLU_ERR_SERVER,
                        "the EC2 metadata service at http://169.254.169.254: "
                        "the answer has no AccessKeyId");
}

Test(signin_imds, what_is_no_token_and_no_role_is_not_sent_on)
{
    world_start(&world);
    world_answer(&world, 200, "to ken");
    world_expect_wait(&world, 1000, 1000);
    world_answer(&world, 200, "token");
    world_answer(&world, 200, "../../user-data");
    world_expect_wait(&world, 1000, 1000);
    world_expect_request(&world, "GET", ORIGIN, ROLE);
}

Test(signin_imds, its_address_is_the_environments)
{
    world_set_env(&world, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    world_start(&world);
    world_expect_request(&world, "PUT", "http://[fd00:ec2::254]", TOKEN);
    world_set_env(&world, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                  "http://10.0.0.1:1338/x/");
    world_set_env(&world, "AWS_METADATA_SERVICE_TIMEOUT", "7");
    world_start(&world);
    reach_keys("http://10.0.0.1:1338", "/x");
    cr_assert_eq(world.need.timeout_ms, 7000);
}

Test(signin_imds, an_address_that_is_none)
{
    world_set_env(&world, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "10.0.0.1");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT: \"10.0.0.1\" is "
                        "not a base URL: expected https://host or "
                        "https://host:port");
}

Test(signin_imds, it_may_be_switched_off)
{
    world_set_env(&world, "AWS_EC2_METADATA_DISABLED", "True");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "no AWS credentials are set up: none in the "
                        "environment, in " FILES
                        ", of a web identity or a container, and "
                        "AWS_EC2_METADATA_DISABLED is true; set up one of "
                        "them, or aws.auth");
    world_set_env(&world, "AWS_EC2_METADATA_DISABLED", "no");
    world_start(&world);
    world_expect_request(&world, "PUT", ORIGIN, TOKEN);
}

/* Static stability: at the last moment of a set the service has no newer. */
Test(signin_imds, credentials_at_their_end_are_used_on)
{
    world_start(&world);
    reach_keys(ORIGIN, "");
    world.now.wall_s = WORLD_NOW + 3591;
    world_answer(&world, 200, world_imds("ASIAOLD"));
    cr_assert_str_eq(world.note,
                     "the EC2 metadata service has only credentials that "
                     "expire now: they are used on, and it is asked again in "
                     "15 minutes");
    world.counting.secret = "token-geheim";
    world_expect_ready(&world, "ASIAOLD", "geheim-ASIAOLD",
                       "token-geheim-ASIAOLD", WORLD_NOW + 3591 + 1125);
    world.now.wall_s = WORLD_NOW + 9000;
    world_start(&world);
    world_answer(&world, 200, "sluice-role");
    world_answer(&world, 200, world_imds("ASIAOLD"));
    cr_assert_str_eq(world.note,
                     "the EC2 metadata service has only credentials that "
                     "expired: they are used on, and it is asked again in 15 "
                     "minutes");
    world_expect_ready(&world, "ASIAOLD", "geheim-ASIAOLD",
                       "token-geheim-ASIAOLD", WORLD_NOW + 9000 + 1125);
    world.now.wall_s = WORLD_NOW + 3590;
    world_start(&world);
    world_answer(&world, 200, "sluice-role");
    world_answer(&world, 200, world_imds("ASIAOLD"));
    world_expect_made(&world, "ASIAOLD");
    cr_assert_str_eq(world.note, "");
}
