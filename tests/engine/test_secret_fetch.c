/* SPDX-License-Identifier: Apache-2.0 */
/* A key that lies in Secrets Manager, from the configuration to the header:
 * one server plays GTI, the other Secrets Manager. */
#include "engine/mini_gti.h"
#include "engine/store_support.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>
#include <stdatomic.h>

#define SECRETS_MAX 8

static struct mini_gti gti;
static struct served gti_served;
static struct served secrets_served;
static char dir[64];
static char lines[1 << 16];
static char checked[1 << 14];
static struct slu_engine *engine;
static struct slu_report report;

/* What Secrets Manager answers, one after the other; the last again. */
static struct {
    const char *bodies[SECRETS_MAX];
    int status;
    unsigned asked;
    char last[4096];
} secrets;

/* The key that GTI takes, and from which request on no longer. */
static struct {
    const char *key;
    unsigned until; /* requests with it; 0: for ever */
    const char *then;
    unsigned asked;
    unsigned refused;
} gate;

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    (void)ctx;
    (void)snprintf(lines + len, sizeof(lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static void note_check(void *ctx, enum slu_check_kind kind, const char *text)
{
    size_t len = strlen(checked);

    (void)ctx;
    (void)snprintf(checked + len, sizeof(checked) - len, "%d %s\n", (int)kind,
                   text);
}

static struct raw_answer answer_secret(void *ctx, const char *request)
{
    unsigned nth = secrets.asked++;

    (void)ctx;
    (void)snprintf(secrets.last, sizeof(secrets.last), "%s", request);
    while (nth > 0 && (nth >= SECRETS_MAX || secrets.bodies[nth] == NULL)) {
        nth--;
    }
    return served_text(secrets.status, "", secrets.bodies[nth]);
}

static struct raw_answer answer_gti(void *ctx, const char *request)
{
    const char *wanted =
        gate.until == 0 || gate.asked < gate.until ? gate.key : gate.then;
    char header[80];

    gate.asked++;
    (void)snprintf(header, sizeof(header), "x-apikey: %s\r\n", wanted);
    if (strstr(request, header) == NULL) {
        gate.refused++;
        return served_text(401, "Content-Type: application/json\r\n",
                           "{\"error\":{\"code\":\"WrongCredentialsError\","
                           "\"message\":\"Wrong API key\"}}");
    }
    return mini_gti_answer(ctx, request);
}

static void start(const char *api_key, const char *limits)
{
    struct slu_options options = {.on_log = note_line};
    struct slu_error error = {0};
    static char text[2048];

    (void)make_folder(dir);
    served_start(&gti_served, answer_gti, &gti);
    served_start(&secrets_served, answer_secret, NULL);
    (void)setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets_served.url, 1);
    (void)setenv("SLUICE_TEST_ID", "AKIDTEST", 1);
    (void)setenv("SLUICE_TEST_SECRET", "aws-5ec4e7", 1);
    (void)setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    (void)snprintf(text, sizeof(text),
                   "state_dir: %s/state\noutput_dir: %s/out\n"
                   "aws: {region: eu-west-1, auth: static, static: "
                   "{access_key_id: {env: SLUICE_TEST_ID}, "
                   "secret_access_key: {env: SLUICE_TEST_SECRET}}}\n"
                   "gti:\n  base_url: %s\n  api_key: %s\n"
                   "  streams: []\n  threat_lists: [malware]\n"
                   "  lookback_days: 1\n"
                   "limits: {%s}\n",
                   dir, dir, gti_served.url, api_key, limits);
    options.config_text = text;
    secrets.status = 200;
    cr_assert_eq(slu_engine_open(&options, &engine, &error), SLU_ERR_OK, "%s",
                 error.text);
}

/* The secret is nowhere that somebody reads. */
static void stop(void)
{
    slu_engine_close(engine);
    (void)served_stop(&gti_served);
    (void)served_stop(&secrets_served);
    remove_tree(dir);
    cr_assert_null(strstr(lines, "k3y-"), "%s", lines);
    cr_assert_null(strstr(checked, "k3y-"), "%s", checked);
}

static enum slu_err sync_once(void)
{
    return slu_engine_sync(engine, 0, &report);
}

/* ---- sync ---- */

Test(secret_fetch, gets_the_key_before_the_pull)
{
    gate.key = "k3y-one";
    secrets.bodies[0] = "{\"SecretString\":\"k3y-one\\n\"}";
    start("{secret: prod/gti}", "");
    cr_assert_eq(sync_once(), SLU_ERR_OK, "%s", slu_engine_error(engine)->text);
    cr_assert_gt(report.listed[SLU_KIND_IP], 20);
    cr_assert_eq(secrets.asked, 1);
    cr_assert_eq(gate.refused, 0);
    cr_assert_not_null(strstr(secrets.last, "{\"SecretId\":\"prod/gti\"}"));
    cr_assert_not_null(strstr(secrets.last, "/eu-west-1/secretsmanager/"));
    cr_assert_not_null(strstr(secrets.last, "x-amz-target: "
                                            "secretsmanager.GetSecretValue"));
    cr_assert_null(strstr(secrets.last, "Accept-Encoding"));
    stop();
}

Test(secret_fetch, gets_a_member_in_the_region_of_an_arn)
{
    gate.key = "k3y-one";
    secrets.bodies[0] = "{\"SecretString\":\"{\\\"user\\\":\\\"u\\\","
                        "\\\"apikey\\\":\\\"k3y-one\\\"}\"}";
    start("{key: apikey, secret: 'arn:aws:secretsmanager:ap-south-2:"
          "111122223333:secret:gti-AbCdEf'}",
          "");
    cr_assert_eq(sync_once(), SLU_ERR_OK, "%s", slu_engine_error(engine)->text);
    cr_assert_not_null(strstr(secrets.last, "/ap-south-2/secretsmanager/"));
    stop();
}

/* Rotated in the middle: pages that are committed stay, counters go on. */
Test(secret_fetch, gets_it_again_when_it_is_refused_and_goes_on)
{
    uint64_t whole;

    gate.key = "k3y-one";
    gate.until = 20;
    gate.then = "k3y-two";
    secrets.bodies[0] = "{\"SecretString\":\"k3y-one\"}";
    secrets.bodies[1] = "{\"SecretString\":\"k3y-two\"}";
    start("{secret: gti}", "connections: 1");
    cr_assert_eq(sync_once(), SLU_ERR_OK, "%s", slu_engine_error(engine)->text);
    cr_assert_eq(secrets.asked, 2);
    cr_assert_eq(gate.refused, 1);
    cr_assert_eq(report.requests, gate.asked);
    /* Nothing was asked twice but the request that was refused. */
    whole = report.accepted[SLU_KIND_IP] + report.accepted[SLU_KIND_DOMAIN];
    cr_assert_eq(whole, gate.asked - 1);
    cr_assert_not_null(strstr(lines, "[WARN] the key in the secret gti was "
                                     "refused: reading it again"));
    cr_assert_not_null(strstr(lines, "[INFO] the secret gti has another key"));
    stop();
}

Test(secret_fetch, ends_with_401_when_the_key_is_still_the_same)
{
    gate.key = "k3y-other";
    secrets.bodies[0] = "{\"SecretString\":\"k3y-one\"}";
    start("{secret: gti}", "connections: 1");
    cr_assert_eq(sync_once(), SLU_ERR_AUTH);
    cr_assert_eq(slu_exit_code(slu_engine_error(engine)->code), 3);
    cr_assert_eq(secrets.asked, 2);
    cr_assert_eq(gate.asked, 1);
    cr_assert_eq(report.requests, 1);
    stop();
}

/* Once, and not for ever. */
Test(secret_fetch, ends_with_401_when_the_other_key_is_refused_too)
{
    gate.key = "k3y-other";
    secrets.bodies[0] = "{\"SecretString\":\"k3y-one\"}";
    secrets.bodies[1] = "{\"SecretString\":\"k3y-two\"}";
    secrets.bodies[2] = "{\"SecretString\":\"k3y-three\"}";
    start("{secret: gti}", "connections: 1");
    cr_assert_eq(sync_once(), SLU_ERR_AUTH);
    cr_assert_eq(secrets.asked, 2);
    cr_assert_eq(gate.asked, 2);
    cr_assert_eq(report.requests, 2);
    stop();
}

Test(secret_fetch, asks_gti_nothing_without_the_key)
{
    gate.key = "k3y-one";
    secrets.bodies[0] =
        "{\"__type\":\"AccessDeniedException\",\"Message\":\"not you\"}";
    start("{secret: gti}", "");
    secrets.status = 400;
    cr_assert_eq(sync_once(), SLU_ERR_DENIED);
    cr_assert_not_null(strstr(slu_engine_error(engine)->text,
                              "the secret gti may not be read: grant "
                              "secretsmanager:GetSecretValue"),
                       "%s", slu_engine_error(engine)->text);
    cr_assert_eq(gate.asked, 0);
    cr_assert_eq(report.requests, 0);
    stop();
}

/* ---- check ---- */

Test(secret_fetch, is_checked_with_what_needs_it)
{
    gate.key = "k3y-one";
    secrets.bodies[0] = "{\"SecretString\":\"k3y-one\"}";
    start("{secret: prod/gti}", "");
    cr_assert_eq(slu_engine_check(engine, note_check, NULL), SLU_ERR_OK, "%s",
                 checked);
    cr_assert_not_null(strstr(checked, "0 secret prod/gti: readable\n"), "%s",
                       checked);
    cr_assert_not_null(strstr(checked, "permitted"), "%s", checked);
    cr_assert_eq(secrets.asked, 1);
    cr_assert_gt(gate.asked, 0);
    cr_assert_eq(gate.refused, 0);
    stop();
}

Test(secret_fetch, is_checked_and_the_permission_named)
{
    secrets.bodies[0] =
        "{\"__type\":\"AccessDeniedException\",\"Message\":\"not you\"}";
    start("{secret: gti}", "");
    secrets.status = 400;
    cr_assert_eq(slu_engine_check(engine, note_check, NULL), SLU_ERR_DENIED);
    cr_assert_not_null(strstr(checked, "grant secretsmanager:GetSecretValue"),
                       "%s", checked);
    cr_assert_eq(gate.asked, 0);
    stop();
}
