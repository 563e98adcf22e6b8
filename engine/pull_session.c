/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pull_session.h"
#include "engine/machine.h"
#include "engine/pull_state.h"

#include <assert.h>
#include <event2/event.h>

static const struct slu_pull_sign_in own_sign_in = {
    slu_credential_pool_new,    slu_credential_pool_free,
    slu_credential_pool_get,    slu_credential_pool_reject,
    slu_credential_pool_offset, slu_credential_pool_set_offset,
};

/* The loop runs only within a pull. */
static void on_change(void *ctx)
{
    struct slu_pull_session *self = ctx;

    assert(self->pull != NULL);
    slu_pull_signed_go_on(self->pull);
}

/* The user's bundle counts before the machine's. */
static void add_ca_bundle(struct slu_pull_session *self)
{
    if (self->http_config.ca_bundle[0] == '\0') {
        self->http_config.ca_bundle =
            slu_aws_settings_ca_bundle(self->settings);
    }
}

static enum slu_err open_pool(struct slu_pull_session *self,
                              const struct slu_pull_options *options,
                              const struct slu_source_access *access,
                              struct slu_error *error)
{
    struct slu_credential_pool_options pool = {
        .alloc = options->alloc,
        .base = self->base,
        .http = &self->http_config,
        .config = options->aws,
        .port =
            options->aws_port != NULL ? options->aws_port : &slu_machine_port,
        .accounts = access->accounts,
        .account_count = access->account_count,
        .max_wait_ms = options->limits->max_wait_ms,
        .refused_wait_ms = options->limits->refused_wait_ms,
        .logger = options->logger,
        .ctx = self,
        .on_change = on_change,
    };
    enum slu_err err = slu_aws_settings_new(
        options->alloc, pool.port, options->aws, &self->settings, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    add_ca_bundle(self);
    pool.settings = self->settings;
    self->sign_in = options->sign_in != NULL ? options->sign_in : &own_sign_in;
    self->signer = slu_aws_signer_new(options->alloc, self->settings);
    self->pool = self->signer != NULL ? self->sign_in->open(&pool) : NULL;
    return self->pool != NULL
               ? SLU_ERR_OK
               : slu_error_set(error, SLU_ERR_NOMEM, "out of memory");
}

static enum slu_err open_missing(struct slu_pull_session *self,
                                 const struct slu_pull_options *options,
                                 const struct slu_source_access *access,
                                 struct slu_error *error)
{
    struct slu_transport_options wanted = {
        .alloc = options->alloc,
        .config = &self->http_config,
        .connections = (unsigned)options->limits->connections,
    };
    enum slu_err err = SLU_ERR_OK;

    if (self->base == NULL) {
        self->http_config = *options->http;
        self->transport = options->transport != NULL ? options->transport
                                                     : &slu_transport_http;
        self->base = slu_pull_share_new_base();
    }
    if (self->base == NULL) {
        return slu_error_set(error, SLU_ERR_NOMEM,
                             "cannot start the pull: out of memory");
    }
    if (access->aws && self->pool == NULL) {
        err = open_pool(self, options, access, error);
    }
    if (err == SLU_ERR_OK && self->http == NULL) {
        wanted.base = self->base;
        err =
            self->transport->open(self->transport, &wanted, &self->http, error);
    }
    if (err == SLU_ERR_OK && self->transport->set_profile != NULL) {
        self->transport->set_profile(self->http, options->profile);
    }
    return err;
}

enum slu_err slu_pull_session_open(struct slu_pull_session *self,
                                   const struct slu_pull_options *options,
                                   const struct slu_source_access *access,
                                   struct slu_error *out_error)
{
    enum slu_err err;

    assert(self->pull == NULL);
    assert(options->session == NULL || access->account_count == 0);
    err = open_missing(self, options, access, out_error);
    if (err != SLU_ERR_OK) {
        slu_pull_session_close(self);
    }
    return err;
}

void slu_pull_session_cut(struct slu_pull_session *self)
{
    if (self->http != NULL) {
        self->transport->free(self->http);
    }
    self->http = NULL;
}

void slu_pull_session_close(struct slu_pull_session *self)
{
    assert(self->pull == NULL);
    slu_pull_session_cut(self);
    if (self->pool != NULL) {
        self->sign_in->close(self->pool);
    }
    slu_aws_signer_free(self->signer);
    if (self->settings != NULL) {
        slu_aws_settings_free(self->settings);
    }
    if (self->base != NULL) {
        event_base_free(self->base);
    }
    *self = (struct slu_pull_session){0};
}
