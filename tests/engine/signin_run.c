/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs in once on this machine, as its environment and files say, and prints
 * one line: "OK<tab>key id<tab>token or -<tab>origin", or "FAILED<tab>code<tab>
 * sentence". For test_signin_botocore.py and test_signin_sim.py.
 *
 * SIGNIN_ROLE (and SIGNIN_EXTERNAL_ID) make it the role of an account;
 * SIGNIN_KEY, SIGNIN_CERTIFICATE, SIGNIN_CHAIN, SIGNIN_PASSPHRASE,
 * SIGNIN_PROFILE, SIGNIN_ANCHOR and SIGNIN_ANYWHERE_ROLE one by IAM Roles
 * Anywhere.
 */
#include "engine/credentials.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

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

static const char *ask_env(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? "" : value;
}

static void read_anywhere(void)
{
    struct slu_aws_anywhere_config *anywhere = &config.roles_anywhere;

    anywhere->private_key = ask_env("SIGNIN_KEY");
    anywhere->certificate = ask_env("SIGNIN_CERTIFICATE");
    anywhere->chain = ask_env("SIGNIN_CHAIN");
    anywhere->passphrase.value = getenv("SIGNIN_PASSPHRASE");
    anywhere->profile_arn = ask_env("SIGNIN_PROFILE");
    anywhere->role_arn = ask_env("SIGNIN_ANYWHERE_ROLE");
    anywhere->trust_anchor_arn = ask_env("SIGNIN_ANCHOR");
    if (anywhere->private_key[0] != '\0') {
        config.auth = "roles_anywhere";
    }
}

static int print_outcome(struct slu_credential_pool *pool, unsigned identity,
                         struct event_base *loop)
{
    const struct slu_credentials *got;
    enum slu_credential_state state;
    struct slu_error error = {0};
    uint64_t generation;

    while ((state = slu_credential_pool_get(pool, identity, &got, &generation,
                                            &error)) == SLU_CREDENTIAL_WAIT) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    if (state == SLU_CREDENTIAL_FAILED) {
        return print_failure(&error);
    }
    printf("OK\t%s\t%s\t%s\n", got->access_key_id,
           got->session_token[0] == '\0' ? "-" : got->session_token,
           slu_credential_pool_origin(pool, identity));
    return 0;
}

int main(void)
{
    struct slu_aws_settings *settings = NULL;
    struct slu_credential_pool *pool;
    struct slu_error error = {0};
    struct event_base *loop = event_base_new();
    const struct slu_account account = {
        .id = "111122223333",
        .role_arn = ask_env("SIGNIN_ROLE"),
        .external_id = ask_env("SIGNIN_EXTERNAL_ID"),
    };
    struct slu_credential_pool_options options = {
        .alloc = slu_alloc_default(),
        .base = loop,
        .http = &http,
        .config = &config,
        .port = &slu_machine_port,
        .accounts = &account,
        .account_count = 1,
    };
    int status = 2;

    read_anywhere();
    if (slu_aws_settings_new(options.alloc, options.port, &config, &settings,
                             &error) != SLU_ERR_OK) {
        event_base_free(loop);
        return print_failure(&error);
    }
    options.settings = settings;
    pool = slu_credential_pool_new(&options);
    if (pool != NULL) {
        status = print_outcome(pool, account.role_arn[0] != '\0', loop);
    }
    slu_credential_pool_free(pool);
    slu_aws_settings_free(settings);
    event_base_free(loop);
    return status;
}
