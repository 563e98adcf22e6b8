/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define STS "https://sts.eu-west-1.amazonaws.com"
#define ROLE(name) "arn:aws:iam::123456789012:role/" name
#define FILES "/home/u/.aws/config or /home/u/.aws/credentials"

static struct world world;

static void set_up(void)
{
    world_init(&world);
    world_set_credentials(&world, "[base]\naws_access_key_id = AKIABASE\n"
                                  "aws_secret_access_key = geheim-base\n"
                                  "[half]\naws_access_key_id = AKIAHALF\n");
}

static void tear_down(void)
{
    world_fini(&world);
}

TestSuite(signin_profile, .init = set_up, .fini = tear_down);

static void start(const char *profile, const char *config)
{
    if (profile != NULL) {
        world_set_env(&world, "AWS_PROFILE", profile);
    }
    world_set_config(&world, config);
    world_start(&world);
}

static void check_failed(const char *profile, const char *config,
                         const char *sentence)
{
    start(profile, config);
    world_expect_failed(&world, SLU_ERR_CONFIG, sentence);
}

/* The AssumeRole under way is of that role, signed by that key. */
static void expect_role(const char *role, const char *key_id)
{
    char part[120];

    world_expect_request(&world, "POST", STS, "/");
    (void)snprintf(part, sizeof(part), "role%%2F%s&", role);
    cr_assert_not_null(strstr(world.need.body.ptr, part), "%.*s",
                       SLU_VIEW_ARGS(world.need.body));
    (void)snprintf(part, sizeof(part), "Credential=%s/", key_id);
    cr_assert_not_null(strstr(world_header(&world, "Authorization").ptr, part),
                       "%s", part);
}

Test(signin_profile, keys_of_a_profile)
{
    start("base", "");
    world_expect_ready(&world, "AKIABASE", "geheim-base", "", 0);
    world_expect_origin(&world, "profile base");
}

Test(signin_profile, keys_of_the_default_profile_with_a_token)
{
    start(NULL, "[default]\naws_access_key_id = AKIADEF\n"
                "aws_secret_access_key = geheim-def\n"
                "aws_session_token = token-def\n");
    world_expect_ready(&world, "AKIADEF", "geheim-def", "token-def", 0);
}

Test(signin_profile, half_a_key)
{
    check_failed("half", "",
                 "profile \"half\" has aws_access_key_id without "
                 "aws_secret_access_key");
}

/* The settings or the sign-in: one sentence, whoever says it. */
Test(signin_profile, an_unknown_one)
{
    struct slu_error error = {0};

    world_set_env(&world, "AWS_PROFILE", "nobody");
    if (slu_aws_settings_new(slu_alloc_default(), &world.port, &world.config,
                             &world.settings, &error) == SLU_ERR_OK) {
        world_start(&world);
        error = world.need.error;
        cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    }
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "nobody"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "AWS_PROFILE"), "%s", error.text);
}

Test(signin_profile, a_chain_of_roles)
{
    start("prod",
          "[profile prod]\nrole_arn = " ROLE(
              "prod") "\n"
                      "source_profile = hub\nexternal_id = geheim-ext\n"
                      "role_session_name = me@here\nduration_seconds = 900\n"
                      "[profile hub]\nrole_arn = " ROLE(
                          "hub") "\n"
                                 "source_profile = base\n");
    expect_role("hub", "AKIABASE");
    world_answer(&world, 200, world_sts("ASIAHUB"));
    expect_role("prod", "ASIAHUB");
    world_expect_header(&world, "x-amz-security-token", "token-geheim-ASIAHUB");
    cr_assert_not_null(strstr(world.need.body.ptr,
                              "RoleSessionName=me%40here&DurationSeconds=900"
                              "&ExternalId=geheim-ext"));
    world_answer(&world, 200, world_sts("ASIAPROD"));
    world_expect_made(&world, "ASIAPROD");
    world_expect_origin(&world,
                        "profile prod (" ROLE("prod") ", by profile base)");
}

Test(signin_profile, a_retry_is_signed_by_the_same_keys)
{
    start("prod",
          "[profile prod]\nrole_arn = " ROLE("prod") "\n"
                                                     "source_profile = base\n");
    expect_role("prod", "AKIABASE");
    world_answer(&world, 500, "");
    world_expect_wait(&world, 500, 1000);
    expect_role("prod", "AKIABASE");
    world_answer(&world, 200, world_sts("ASIAPROD"));
    world_expect_made(&world, "ASIAPROD");
}

Test(signin_profile, its_own_source_with_keys)
{
    start("own",
          "[profile own]\nrole_arn = " ROLE(
              "own") "\n"
                     "source_profile = own\naws_access_key_id = AKIAOWN\n"
                     "aws_secret_access_key = geheim-own\n");
    expect_role("own", "AKIAOWN");
    world_answer(&world, 200, world_sts("ASIAOWN"));
    world_expect_made(&world, "ASIAOWN");
}

/* A source's own keys come before its role. */
Test(signin_profile, a_source_with_keys_and_a_role)
{
    start("top", "[profile top]\nrole_arn = " ROLE(
                     "top") "\n"
                            "source_profile = mid\n"
                            "[profile mid]\nrole_arn = " ROLE(
                                "mid") "\n"
                                       "source_profile = "
                                       "base\naws_access_key_id = AKIAMID\n"
                                       "aws_secret_access_key = geheim-mid\n");
    expect_role("top", "AKIAMID");
}

Test(signin_profile, loops)
{
    check_failed(
        "a",
        "[profile a]\nrole_arn = " ROLE("a") "\n"
                                             "source_profile = b\n"
                                             "[profile b]\nrole_arn = " ROLE(
                                                 "b") "\n"
                                                      "source_profile = a\n",
        "profile \"b\": its source_profile \"a\" leads back to "
        "itself");
}

Test(signin_profile, its_own_source_without_keys)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE("a") "\n"
                                                      "source_profile = a\n",
                 "profile \"a\": its source_profile \"a\" leads back to "
                 "itself");
}

Test(signin_profile, too_long_a_chain)
{
    static char config[2000];
    size_t len = 0;

    for (int i = 0; i < 10; i++) {
        len += (size_t)snprintf(config + len, sizeof(config) - len,
                                "[profile p%d]\nrole_arn = %s\n"
                                "source_profile = p%d\n",
                                i, ROLE("some"), i + 1);
    }
    check_failed("p0", config,
                 "profile \"p0\": more than 8 profiles are chained by "
                 "source_profile");
}

Test(signin_profile, a_source_that_is_not_there)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE("a") "\n"
                                                      "source_profile = gone\n",
                 "profile \"a\": its source_profile \"gone\" is not in " FILES);
}

Test(signin_profile, a_source_with_nothing)
{
    check_failed(
        "a",
        "[profile a]\nrole_arn = " ROLE(
            "a") "\n"
                 "source_profile = empty\n[profile empty]\nregion = x-1\n",
        "the source_profile \"empty\" has no credentials");
}

Test(signin_profile, both_sources)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE(
                     "a") "\n"
                          "source_profile = base\n"
                          "credential_source = Environment\n",
                 "profile \"a\" has both source_profile and "
                 "credential_source: expected one of them");
}

Test(signin_profile, no_source)
{
    check_failed("a", "[profile a]\nrole_arn = " ROLE("a") "\n",
                 "profile \"a\" has role_arn, but neither source_profile nor "
                 "credential_source to assume the role with");
}

Test(signin_profile, a_second_factor_is_refused)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE(
                     "a") "\n"
                          "source_profile = base\nmfa_serial = arn:x\n",
                 "profile \"a\" has mfa_serial, and nobody is there to type a "
                 "code: use a role that needs none");
}

Test(signin_profile, a_duration_that_is_none)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE(
                     "a") "\n"
                          "source_profile = base\nduration_seconds = 1h\n",
                 "profile \"a\": duration_seconds \"1h\" is not within 900 to "
                 "43200");
}

Test(signin_profile, what_sts_would_refuse)
{
    check_failed("a",
                 "[profile a]\nrole_arn = " ROLE(
                     "a") "\n"
                          "source_profile = base\nrole_session_name = a b\n",
                 "profile \"a\": role_session_name \"a b\" has a character "
                 "that STS refuses: letters, digits and _+=,.@- are taken");
}

Test(signin_profile, sso_is_refused_with_a_way_out)
{
    check_failed("a",
                 "[profile a]\nsso_session = corp\n"
                 "sso_account_id = 123456789012\n",
                 "profile \"a\" signs in by SSO, which sluice does not: let "
                 "\"aws configure export-credentials --profile a\" be its "
                 "credential_process, or use another profile");
}

/* ---- credential_source ---- */

static void start_source(const char *source)
{
    static char config[300];

    (void)snprintf(
        config, sizeof(config),
        "[profile a]\nrole_arn = " ROLE("a") "\n"
                                             "credential_source = %s\n",
        source);
    start("a", config);
}

/* Keys of the environment would be it all, so they are only seen here with
 * none of a key id: botocore's chain ends before the profile, too. */
Test(signin_profile, of_the_environment)
{
    start_source("Environment");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "profile \"a\": its credential_source Environment has "
                        "no credentials");
}

Test(signin_profile, of_the_metadata_service)
{
    start_source("Ec2InstanceMetadata");
    world_expect_request(&world, "PUT", "http://169.254.169.254",
                         "/latest/api/token");
    world_answer(&world, 200, "token");
    world_answer(&world, 200, "role");
    world_answer(&world, 200, world_imds("ASIAEC2"));
    expect_role("a", "ASIAEC2");
    world_answer(&world, 200, world_sts("ASIAROLE"));
    world_expect_made(&world, "ASIAROLE");
}

Test(signin_profile, of_a_metadata_service_that_is_not_there)
{
    start_source("Ec2InstanceMetadata");
    for (int i = 0; i < 2; i++) {
        world_answer_error(&world, SLU_ERR_TIMEOUT, "no way");
        world_expect_wait(&world, 1000, 1000);
    }
    world_answer_error(&world, SLU_ERR_TIMEOUT, "no way");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the EC2 metadata service at http://169.254.169.254 "
                        "gives no token: no way");
}

Test(signin_profile, of_a_metadata_service_switched_off)
{
    world_set_env(&world, "AWS_EC2_METADATA_DISABLED", "true");
    start_source("Ec2InstanceMetadata");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "profile \"a\": its credential_source "
                        "Ec2InstanceMetadata has no credentials");
}

Test(signin_profile, of_a_container)
{
    world_set_env(&world, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    start_source("EcsContainer");
    world_expect_request(&world, "GET", "http://169.254.170.2", "/x");
    world_answer(&world, 200, world_imds("ASIAECS"));
    expect_role("a", "ASIAECS");
}

Test(signin_profile, of_nobody)
{
    start_source("Ec2");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "profile \"a\": credential_source is \"Ec2\": expected "
                        "Environment, Ec2InstanceMetadata or EcsContainer");
}

/* ---- web identity ---- */

#define WEB_BODY                                                               \
    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws"    \
    "%3Aiam%3A%3A123456789012%3Arole%2Fweb&RoleSessionName="

static void set_web_env(void)
{
    world_set_env(&world, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    world_set_env(&world, "AWS_ROLE_ARN", ROLE("web"));
    world_set_file(&world, "/token", "eyJ.geheim-1\n");
}

Test(signin_profile, a_web_identity_of_the_environment)
{
    set_web_env();
    start(NULL, "[default]\naws_access_key_id = AKIADEF\n"
                "aws_secret_access_key = geheim-def\n");
    world_expect_request(&world, "POST", STS, "/");
    world_expect_body(&world, WEB_BODY "sluice&WebIdentityToken=eyJ.geheim-1");
    world_expect_header(&world, "Authorization", "");
    world_expect_header(&world, "Content-Type",
                        "application/x-www-form-urlencoded; charset=utf-8");
    world_answer(&world, 400,
                 "<ErrorResponse><Error><Code>IDPCommunicationError</Code>"
                 "</Error></ErrorResponse>");
    world_set_file(&world, "/token", "eyJ.geheim-2");
    world_expect_wait(&world, 500, 1000);
    world_expect_body(&world, WEB_BODY "sluice&WebIdentityToken=eyJ.geheim-2");
    world_answer(&world, 200, world_sts("ASIAWEB"));
    world_expect_made(&world, "ASIAWEB");
    world_expect_origin(&world, "web identity (role " ROLE("web") ")");
}

Test(signin_profile, a_web_identity_of_a_profile)
{
    world_set_file(&world, "/t", "geheim.t");
    start(
        "w",
        "[profile w]\nrole_arn = " ROLE(
            "web") "\n"
                   "web_identity_token_file = /t\nrole_session_name = here\n");
    world_expect_body(&world, WEB_BODY "here&WebIdentityToken=geheim.t");
}

Test(signin_profile, a_source_takes_no_web_identity_of_the_environment)
{
    set_web_env();
    start("a", "[profile a]\nrole_arn = " ROLE("a") "\n"
                                                    "source_profile = base\n");
    expect_role("a", "AKIABASE");
}

Test(signin_profile, a_role_by_a_web_identity)
{
    world_set_file(&world, "/t", "geheim.t");
    start("a", "[profile a]\nrole_arn = " ROLE(
                   "a") "\nsource_profile = w\n"
                        "[profile w]\nrole_arn = " ROLE(
                            "web") "\n"
                                   "web_identity_token_file = /t\n");
    world_expect_body(&world, WEB_BODY "sluice&WebIdentityToken=geheim.t");
    world_answer(&world, 200, world_sts("ASIAWEB"));
    expect_role("a", "ASIAWEB");
    world_answer(&world, 200, world_sts("ASIAROLE"));
    world_expect_made(&world, "ASIAROLE");
}

Test(signin_profile, a_web_identity_without_a_role)
{
    world_set_env(&world, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "a web identity token is set (/token), but no role to "
                        "assume with it: set AWS_ROLE_ARN or role_arn");
}

Test(signin_profile, a_web_identity_whose_file_is_no_use)
{
    set_web_env();
    world_set_file(&world, "/token", NULL);
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "the web identity token /token: the file cannot be "
                        "read: Permission denied");
    world_set_file(&world, "/token", " \n");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "the web identity token /token is empty");
    world_set_file(&world, "/token", "abc");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "the web identity of /token: the token has 3 "
                        "characters: STS takes 4 to 20000");
}

Test(signin_profile, a_web_identity_that_is_refused)
{
    set_web_env();
    world_start(&world);
    world_answer(&world, 403,
                 "<ErrorResponse><Error><Code>IDPRejectedClaim</Code><Message>"
                 "no</Message></Error></ErrorResponse>");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the role " ROLE("web") " cannot be assumed: "
                                                "IDPRejectedClaim: no");
}
