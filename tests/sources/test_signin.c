/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are simply there, and what holds for every way to sign in. */
#include "sources/signin_world.h"

#include <criterion/criterion.h>

static struct world world;

static void set_up(void)
{
    world_init(&world);
}

static void tear_down(void)
{
    world_fini(&world);
}

TestSuite(signin, .init = set_up, .fini = tear_down);

static void set_env_keys(void)
{
    world_set_env(&world, "AWS_ACCESS_KEY_ID", "AKIAENV");
    world_set_env(&world, "AWS_SECRET_ACCESS_KEY", "geheim-env");
}

Test(signin, keys_of_the_environment)
{
    set_env_keys();
    world_start(&world);
    world_expect_ready(&world, "AKIAENV", "geheim-env", "", 0);
    world_expect_origin(&world, "the environment");
    world_set_env(&world, "AWS_SECURITY_TOKEN", "token-old");
    world_start(&world);
    world_expect_ready(&world, "AKIAENV", "geheim-env", "token-old", 0);
    world_set_env(&world, "AWS_SESSION_TOKEN", "token-new");
    world_set_env(&world, "AWS_CREDENTIAL_EXPIRATION", "2026-01-01T01:00:00Z");
    world_start(&world);
    world_expect_ready(&world, "AKIAENV", "geheim-env", "token-new",
                       WORLD_NOW + 3600);
}

Test(signin, keys_of_the_environment_come_before_a_profile)
{
    set_env_keys();
    world_set_env(&world, "AWS_PROFILE", "dev");
    world_set_config(&world, "[profile dev]\naws_access_key_id = AKIADEV\n"
                             "aws_secret_access_key = geheim-dev\n");
    world_start(&world);
    world_expect_ready(&world, "AKIAENV", "geheim-env", "", 0);
}

Test(signin, half_a_key_in_the_environment_is_an_error)
{
    world_set_env(&world, "AWS_ACCESS_KEY_ID", "AKIAENV");
    world_set_credentials(&world, "[default]\naws_access_key_id = AKIA\n"
                                  "aws_secret_access_key = geheim\n");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_ACCESS_KEY_ID is set in the environment without "
                        "AWS_SECRET_ACCESS_KEY: set both or neither");
    /* An empty one is none, as botocore has it; so is a secret alone. */
    world_set_env(&world, "AWS_ACCESS_KEY_ID", "");
    world_set_env(&world, "AWS_SECRET_ACCESS_KEY", "geheim-env");
    world_start(&world);
    world_expect_ready(&world, "AKIA", "geheim", "", 0);
}

Test(signin, what_no_header_can_hold_is_refused)
{
    set_env_keys();
    world_set_env(&world, "AWS_SECRET_ACCESS_KEY", "geheim \n");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_SECRET_ACCESS_KEY holds a space, a line break or "
                        "another byte that no key has");
}

Test(signin, an_expiration_in_the_environment)
{
    set_env_keys();
    world_set_env(&world, "AWS_CREDENTIAL_EXPIRATION", "2025-12-31T23:59:59Z");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the credentials of the environment have expired "
                        "already");
    world_set_env(&world, "AWS_CREDENTIAL_EXPIRATION", "soon");
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "AWS_CREDENTIAL_EXPIRATION \"soon\" is no time: "
                        "expected 2026-01-01T06:00:00Z");
}

static void set_static(const char *token)
{
    struct slu_aws_static_config *keys = &world.config.static_keys;

    world.config.auth = "static";
    keys->access_key_id.value = "AKIASTAT";
    keys->secret_access_key.value = "geheim-static";
    keys->session_token.value = token;
}

Test(signin, static_takes_keys_of_the_configuration_only)
{
    set_env_keys();
    set_static(NULL);
    world_start(&world);
    world_expect_ready(&world, "AKIASTAT", "geheim-static", "", 0);
    world_expect_origin(&world, "aws.static");
    set_static("token-static");
    world_start(&world);
    world_expect_ready(&world, "AKIASTAT", "geheim-static", "token-static", 0);
}

Test(signin, static_without_keys_is_an_error)
{
    set_env_keys();
    world.config.auth = "static";
    world.config.static_keys.access_key_id.place = "the file /k";
    world_start(&world);
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "aws.static.access_key_id: found nothing in the file "
                        "/k, expected a key there because of auth: static");
}

/* ---- an account's role ---- */

static const struct slu_credentials base = {
    .access_key_id = (char *)"AKIABASE",
    .secret_access_key = (char *)"geheim-base",
    .session_token = (char *)"token-base",
};

static const struct slu_account account = {
    .id = "111122223333",
    .role_arn = "arn:aws:iam::111122223333:role/reader",
    .external_id = "ext+1",
};

Test(signin, the_role_of_an_account)
{
    world.account = &account;
    set_env_keys(); /* has no say */
    world_start_with(&world, &base);
    world_expect_request(&world, "POST", "https://sts.eu-west-1.amazonaws.com",
                         "/");
    world_expect_header(&world, "x-amz-security-token", "token-base");
    cr_assert_not_null(strstr(world_header(&world, "Authorization").ptr,
                              "Credential=AKIABASE/20260101/eu-west-1/sts/"));
    cr_assert_not(world.need.direct);
    world_expect_body(&world,
                      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws"
                      "%3Aiam%3A%3A111122223333%3Arole%2Freader"
                      "&RoleSessionName=sluice&ExternalId=ext%2B1");
    world_answer(&world, 200, world_sts("ASIAACCT"));
    world_expect_made(&world, "ASIAACCT");
    world_expect_origin(&world,
                        "the role arn:aws:iam::111122223333:role/reader");
}

Test(signin, a_refused_role_names_itself_and_the_servers_words)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_answer(&world, 403,
                 "<ErrorResponse><Error><Code>AccessDenied</Code><Message>"
                 "User: x is not authorized to perform: sts:AssumeRole"
                 "</Message></Error></ErrorResponse>");
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the role arn:aws:iam::111122223333:role/reader "
                        "cannot be assumed: AccessDenied: User: x is not "
                        "authorized to perform: sts:AssumeRole");
    cr_assert_not(slu_signin_base_refused(world.signin));
}

Test(signin, a_refused_base_is_told_apart)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_answer(&world, 403,
                 "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m"
                 "</Message></Error></ErrorResponse>");
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    cr_assert(slu_signin_base_refused(world.signin));
    world_start_with(&world, &base);
    cr_assert_not(slu_signin_base_refused(world.signin));
}

/* ---- attempts ---- */

#define THROTTLED                                                              \
    "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded"      \
    "</Message></Error></ErrorResponse>"

Test(signin, five_attempts_with_a_growing_wait)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_answer(&world, 400, THROTTLED);
    world_expect_wait(&world, 500, 1000);
    world_answer(&world, 503, "");
    world_expect_wait(&world, 1000, 2000);
    world_answer_error(&world, SLU_ERR_NETWORK, "reset");
    world_expect_wait(&world, 2000, 4000);
    world_answer_error(&world, SLU_ERR_TIMEOUT, "late");
    world_expect_wait(&world, 4000, 8000);
    world_answer(&world, 400, THROTTLED);
    world_expect_failed(&world, SLU_ERR_SERVER,
                        "the role arn:aws:iam::111122223333:role/reader "
                        "cannot be assumed: Throttling: Rate exceeded");
}

Test(signin, what_no_retry_helps_is_told_at_once)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_answer_error(&world, SLU_ERR_CONFIG, "the certificate is refused");
    world_expect_failed(&world, SLU_ERR_CONFIG,
                        "the role arn:aws:iam::111122223333:role/reader "
                        "cannot be assumed: the certificate is refused");
    world_start_with(&world, &base);
    world_answer_error(&world, SLU_ERR_NOMEM, "x");
    world_expect_failed(&world, SLU_ERR_NOMEM, "out of memory");
    world_start_with(&world, &base);
    world_answer(&world, 200, "<html>");
    world_expect_failed(&world, SLU_ERR_SERVER,
                        "the role arn:aws:iam::111122223333:role/reader "
                        "cannot be assumed: the answer of STS has no "
                        "Credentials");
}

/* ---- the clock ---- */

static void answer_too_old(int64_t date_s)
{
    const struct slu_signin_answer answer = {
        .status = 403,
        .body = slu_view_str("<ErrorResponse><Error><Code>"
                             "SignatureDoesNotMatch</Code><Message>Signature "
                             "expired</Message></Error></ErrorResponse>"),
        .date_s = date_s,
    };

    world_answer_with(&world, &answer);
}

Test(signin, a_wrong_clock_is_set_right_once)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_expect_header(&world, "x-amz-date", "20260101T000000Z");
    answer_too_old(WORLD_NOW + 1800);
    world_expect_header(&world, "x-amz-date", "20260101T003000Z");
    cr_assert_eq(slu_signin_take_skew(world.signin), 1800);
    cr_assert_eq(slu_signin_take_skew(world.signin), 0);
    world.now.wall_s += 1800;
    answer_too_old(WORLD_NOW + 9000);
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    cr_assert_eq(world.need.error.code, SLU_ERR_AUTH);
}

/* Of two under way, the second's clock was set right by the first. */
Test(signin, a_clock_set_right_meanwhile)
{
    world.account = &account;
    world_start_with(&world, &base);
    world.now.wall_s += 1800;
    answer_too_old(WORLD_NOW + 1800);
    world_expect_header(&world, "x-amz-date", "20260101T003000Z");
    cr_assert_eq(slu_signin_take_skew(world.signin), 0);
    world_answer(&world, 200, world_sts("ASIAACCT"));
    world_expect_made(&world, "ASIAACCT");
}

Test(signin, a_refusal_by_a_clock_that_agrees)
{
    world.account = &account;
    world_start_with(&world, &base);
    answer_too_old(WORLD_NOW + 239);
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
    world_start_with(&world, &base);
    answer_too_old(0);
    cr_assert_eq(world.turn, SLU_SIGNIN_FAILED);
}

Test(signin, credentials_that_come_expired_show_a_wrong_clock)
{
    struct slu_signin_answer answer = {.status = 200};

    world.account = &account;
    world.now.wall_s = WORLD_NOW + 4000;
    world_start_with(&world, &base);
    answer.body = slu_view_str(world_sts("ASIAACCT"));
    answer.date_s = WORLD_NOW;
    world_answer_with(&world, &answer);
    cr_assert_eq(slu_signin_take_skew(world.signin), -4000);
    world_expect_made(&world, "ASIAACCT");
    world_start_with(&world, &base);
    answer.date_s = 0;
    world_answer_with(&world, &answer);
    world_expect_failed(&world, SLU_ERR_AUTH,
                        "the credentials of the role arn:aws:iam::"
                        "111122223333:role/reader have expired already");
}

/* ---- memory ---- */

/* Each allocation of a whole flow fails once; the next start is as new. */
Test(signin, no_memory_at_any_point)
{
    unsigned long failed = 0;

    world.account = &account;
    world_start_with(&world, &base);
    for (unsigned long n = 1;; n++) {
        world.counting.fail_at = world.counting.calls + n;
        world_start_with(&world, &base);
        if (world.turn == SLU_SIGNIN_REQUEST) {
            world_answer(&world, 200, world_sts("ASIAACCT"));
        }
        if (world.turn != SLU_SIGNIN_FAILED) {
            break;
        }
        world_expect_failed(&world, SLU_ERR_NOMEM, "out of memory");
        failed++;
    }
    cr_assert_geq(failed, 8, "%lu", failed);
    world_expect_made(&world, "ASIAACCT");
    world_free_signin(&world);
}

Test(signin, freed_in_the_middle)
{
    world.account = &account;
    world_start_with(&world, &base);
    world_start_with(&world, &base);
    world_answer(&world, 200, world_sts("ASIAACCT"));
    cr_assert_eq(world.turn, SLU_SIGNIN_READY);
    world_free_signin(&world);
    world_start_with(&world, &base);
    cr_assert_eq(world.turn, SLU_SIGNIN_REQUEST);
    world_free_signin(&world);
    slu_signin_free(NULL);
}
