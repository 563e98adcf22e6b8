/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs in once on this machine, as its environment and files say, and prints
 * one line: "OK<tab>key id<tab>token or -<tab>origin", or "FAILED<tab>code<tab>
 * sentence". For test_signin_botocore.py.
 */
#include "engine/credentials.h"

#include <event2/event.h>
#include <stdio.h>

static struct slu_aws_config config = {
    .region = "us-east-1",
    .auth = "default",
    .endpoint_url = "",
    .roles_anywhere = {.private_key = "",
                       .certificate = "",
                       .chain = "",
                       .profile_arn = "",
                       .role_arn = "",
                       .trust_anchor_arn = ""},
};

static const struct slu_http_config http = {
    .proxy = "",
    .ca_bundle = "",
    .verify_tls = true,
    .user_agent = "",
    .connect_timeout_ms = 10000,
    .idle_timeout_ms = 10000,
    .body_max = 1u << 20,
};

static int print_failure(const struct slu_error *error)
{
    printf("FAILED\t%s\t%s\n", slu_err_name(error->code), error->text);
    return 0;
}

static int print_outcome(struct slu_credential_pool *pool,
                         struct event_base *loop)
{
    const struct slu_credentials *got;
    enum slu_credential_state state;
    struct slu_error error = {0};
    uint64_t generation;

    while ((state = slu_credential_pool_get(pool, 0, &got, &generation,
                                            &error)) == SLU_CREDENTIAL_WAIT) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    if (state == SLU_CREDENTIAL_FAILED) {
        return print_failure(&error);
    }
    printf("OK\t%s\t%s\t%s\n", got->access_key_id,
           got->session_token[0] == '\0' ? "-" : got->session_token,
           slu_credential_pool_origin(pool, 0));
    return 0;
}

int main(void)
{
    struct slu_aws_settings *settings = NULL;
    struct slu_credential_pool *pool;
    struct slu_error error = {0};
    struct event_base *loop = event_base_new();
    struct slu_credential_pool_options options = {
        .alloc = slu_alloc_default(),
        .base = loop,
        .http = &http,
        .config = &config,
        .port = &slu_machine_port,
    };
    int status = 2;

    if (slu_aws_settings_new(options.alloc, options.port, &config, &settings,
                             &error) != SLU_ERR_OK) {
        event_base_free(loop);
        return print_failure(&error);
    }
    options.settings = settings;
    pool = slu_credential_pool_new(&options);
    if (pool != NULL) {
        status = print_outcome(pool, loop);
    }
    slu_credential_pool_free(pool);
    slu_aws_settings_free(settings);
    event_base_free(loop);
    return status;
}
