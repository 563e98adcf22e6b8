/* SPDX-License-Identifier: Apache-2.0 */
/* A check ends soon, whatever a sync would wait for. */
#include "engine/check_limits.h"
#include "engine/mini_gti.h"
#include "engine/store_support.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>
#include <time.h>

static char checked[1 << 14];

static void note_check(void *ctx, enum slu_check_kind kind, const char *text)
{
    size_t len = strlen(checked);

    (void)ctx;
    (void)snprintf(checked + len, sizeof(checked) - len, "%d %s\n", (int)kind,
                   text);
}

Test(check_limits, are_short)
{
    struct slu_limits_config limits = {.connections = 64,
                                       .max_wait_ms = 3600000};
    struct slu_http_config http = {.connect_timeout_ms = 60000,
                                   .idle_timeout_ms = 60000,
                                   .proxy = "http://proxy"};
    struct slu_check_limits made;

    slu_check_limits_make(&limits, &http, &made);
    /* A first attempt, the waits, and a last one. */
    cr_assert_leq(2 * made.http.connect_timeout_ms + made.limits.max_wait_ms,
                  16000);
    cr_assert_leq(made.limits.max_wait_ms, 10000);
    cr_assert_leq(made.http.idle_timeout_ms, 10000);
    cr_assert_eq(made.limits.connections, 64);
    cr_assert_str_eq(made.http.proxy, "http://proxy");
}

Test(check_limits, leave_shorter_ones_as_they_are)
{
    struct slu_limits_config limits = {.max_wait_ms = 1};
    struct slu_http_config http = {.connect_timeout_ms = 2,
                                   .idle_timeout_ms = 3};
    struct slu_check_limits made;

    slu_check_limits_make(&limits, &http, &made);
    cr_assert_eq(made.limits.max_wait_ms, 1);
    cr_assert_eq(made.http.connect_timeout_ms, 2);
    cr_assert_eq(made.http.idle_timeout_ms, 3);
}

static struct raw_answer fail_always(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return served_text(500, "", "{}");
}

/* A sync would wait for a day: a check that did so would be ended here by the
 * test's own time. */
Test(check_limits, end_a_check_of_a_server_that_is_down, .timeout = 60)
{
    struct slu_options options = {0};
    struct slu_error error = {0};
    struct slu_engine *engine;
    struct served served;
    char dir[64];
    char text[1024];

    (void)make_folder(dir);
    served_start(&served, fail_always, NULL);
    (void)setenv("AWS_ENDPOINT_URL", served.url, 1);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "5ec4e7", 1);
    (void)setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", 1);
    (void)snprintf(text, sizeof(text),
                   "state_dir: %s/state\noutput_dir: %s/out\n"
                   "limits: {max_wait: 1d}\n"
                   "flows: [{name: findings, source: guardduty, sinks: "
                   "[ndjson]}]\n",
                   dir, dir);
    options.config_text = text;
    cr_assert_eq(slu_engine_open(&options, &engine, &error), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert_neq(slu_engine_check(engine, note_check, NULL), SLU_ERR_OK);
    cr_assert_not_null(strstr(checked, "HTTP 500"), "%s", checked);
    slu_engine_close(engine);
    (void)served_stop(&served);
    remove_tree(dir);
}
