/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake_pool.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>

/* The pool of the pull under way. */
struct slu_credential_pool {
    struct slu_credential_pool_options options;
    struct event *timers[FAKE_IDENTITIES];
};

static struct fake_pool *used;
static struct slu_aws_port port;
static struct slu_aws_config config;

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_credential_pool *self = ctx;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < FAKE_IDENTITIES; i++) {
        struct fake_identity *identity = &used->identities[i];

        if (identity->begun && !identity->ready &&
            event_pending(self->timers[i], EV_TIMEOUT, NULL) == 0) {
            identity->ready = true;
        }
    }
    self->options.on_change(self->options.ctx);
}

static void begin(struct slu_credential_pool *self, unsigned index)
{
    struct fake_identity *identity = &used->identities[index];
    int delay_ms = identity->rejects > 0 && identity->delay_again_ms > 0
                       ? identity->delay_again_ms
                       : identity->delay_ms;
    struct timeval wait = {delay_ms / 1000, delay_ms % 1000 * 1000};

    identity->begun = true;
    identity->ready = delay_ms == 0;
    identity->generation++;
    if (!identity->ready) {
        (void)event_add(self->timers[index], &wait);
    }
}

static struct slu_credential_pool *
open_pool(const struct slu_credential_pool_options *options)
{
    struct slu_credential_pool *self;

    if (used->refuses_to_open) {
        return NULL;
    }
    assert(options->settings != NULL);
    self = slu_alloc_zero(options->alloc, sizeof(*self));
    if (self == NULL) {
        return NULL;
    }
    self->options = *options;
    for (unsigned i = 0; i < FAKE_IDENTITIES; i++) {
        self->timers[i] = evtimer_new(options->base, on_timer, self);
    }
    used->opened++;
    return self;
}

static void close_pool(struct slu_credential_pool *self)
{
    for (unsigned i = 0; i < FAKE_IDENTITIES; i++) {
        event_free(self->timers[i]);
    }
    used->closed++;
    slu_alloc_put(self->options.alloc, self, sizeof(*self));
}

static enum slu_credential_state
get(struct slu_credential_pool *self, unsigned index,
    const struct slu_credentials **out_credentials, uint64_t *out_generation,
    struct slu_error *out_error)
{
    struct fake_identity *identity = &used->identities[index];
    enum slu_err fails = identity->rejects > 0 && identity->fails == SLU_ERR_OK
                             ? identity->fails_again
                             : identity->fails;

    assert(index < FAKE_IDENTITIES);
    if (!identity->begun) {
        begin(self, index);
    }
    if (++identity->gets == identity->lapses_at) {
        identity->rejects++;
        begin(self, index);
    }
    if (!identity->ready) {
        return SLU_CREDENTIAL_WAIT;
    }
    if (fails != SLU_ERR_OK) {
        (void)slu_error_set(out_error, fails, "no sign-in for identity %u",
                            index);
        return SLU_CREDENTIAL_FAILED;
    }
    fake_keys_make(&identity->keys, index, identity->generation);
    identity->credentials =
        (struct slu_credentials){identity->keys.access_key_id,
                                 identity->keys.secret_access_key,
                                 identity->keys.session_token,
                                 NULL,
                                 0,
                                 identity->obtained_s};
    *out_credentials = &identity->credentials;
    *out_generation = identity->generation;
    return SLU_CREDENTIAL_READY;
}

static void reject(struct slu_credential_pool *self, unsigned index,
                   uint64_t generation)
{
    struct fake_identity *identity = &used->identities[index];

    if (identity->generation == generation) {
        identity->rejects++;
        begin(self, index);
    }
}

static int64_t offset(const struct slu_credential_pool *self)
{
    (void)self;
    return used->offset_s;
}

static void set_offset(struct slu_credential_pool *self, int64_t offset_s)
{
    (void)self;
    used->offsets++;
    used->offset_s = offset_s;
}

static const struct slu_pull_sign_in table = {
    open_pool, close_pool, get, reject, offset, set_offset};

static const char *get_env(void *ctx, const char *name)
{
    const struct fake_pool *self = ctx;

    return strcmp(name, "AWS_ENDPOINT_URL") == 0 ? self->endpoint : NULL;
}

static enum slu_err read_no_file(void *ctx, const char *path,
                                 struct slu_buf *out, int *out_sys)
{
    (void)ctx;
    (void)path;
    (void)out;
    *out_sys = 0;
    return SLU_ERR_NOT_FOUND;
}

void fake_pool_use(struct fake_pool *self, struct slu_pull_options *options,
                   const char *endpoint)
{
    *self = (struct fake_pool){.endpoint = endpoint};
    used = self;
    port = (struct slu_aws_port){self, get_env, read_no_file};
    config = (struct slu_aws_config){.region = "", .auth = "default"};
    options->aws = &config;
    options->aws_port = &port;
    options->sign_in = &table;
}

void fake_keys_make(struct fake_keys *self, unsigned identity,
                    uint64_t generation)
{
    unsigned set = (unsigned)generation;

    (void)snprintf(self->access_key_id, 32, "AKID%u", identity);
    (void)snprintf(self->secret_access_key, 32, "secret%u-%u", identity, set);
    (void)snprintf(self->session_token, 32, "token%u-%u", identity, set);
}
