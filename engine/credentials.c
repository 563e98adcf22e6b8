/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/credentials_state.h"

#include "engine/clock.h"

#include <assert.h>

/* Before the end a set is no longer handed out: a request takes its time, and
 * clocks differ. Half of what a refresh of a short-lived set has. */
#define LAST_S 10
#define LAST_PART 10

/* An account without a role is the base itself. */
static unsigned find_identity(const struct slu_credential_pool *self,
                              unsigned identity)
{
    const struct slu_account *accounts = self->options.accounts;

    assert(identity < self->count);
    return identity > 0 && accounts[identity - 1].role_arn[0] == '\0'
               ? 0
               : identity;
}

int64_t slu_credentials_wall_s(const struct slu_credential_pool *self)
{
    return slu_clock_wall_s() + self->offset_s;
}

struct slu_signin_now slu_credentials_now(struct slu_credential_pool *self)
{
    return (struct slu_signin_now){
        .mono_ms = slu_clock_mono_ms(),
        .wall_s = slu_credentials_wall_s(self),
        .random = slu_random_next(&self->random),
    };
}

bool slu_identity_is_valid(const struct slu_identity *self)
{
    const struct slu_credentials *set = &self->set;
    int64_t last_s = (set->expires_s - set->obtained_s) / LAST_PART;

    if (set->access_key_id == NULL || self->is_rejected) {
        return false;
    }
    if (last_s > LAST_S) {
        last_s = LAST_S;
    }
    return set->expires_s == 0 ||
           slu_credentials_wall_s(self->pool) < set->expires_s - last_s;
}

static void close_identity(struct slu_identity *self)
{
    if (self->pool != NULL) {
        (void)event_del(&self->timer);
        slu_identity_stop(self);
        slu_signin_free(self->signin);
        slu_credentials_fini(&self->set);
        slu_buf_fini(&self->exchange.body);
    }
}

static size_t pool_bytes(unsigned count)
{
    return sizeof(struct slu_credential_pool) +
           count * sizeof(struct slu_identity);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    slu_identity_drive(ctx);
}

static bool open_identity(struct slu_credential_pool *pool, unsigned index)
{
    struct slu_identity *self = &pool->identities[index];
    const struct slu_signin_options options = {
        .alloc = pool->options.alloc,
        .port = pool->options.port,
        .settings = pool->options.settings,
        .config = pool->options.config,
        .account = index == 0 ? NULL : &pool->options.accounts[index - 1],
    };

    self->pool = pool;
    self->index = index;
    slu_buf_init(&self->exchange.body, pool->options.alloc,
                 SLU_SIGNIN_BODY_MAX);
    (void)evtimer_assign(&self->timer, pool->options.base, on_timer, self);
    self->signin = slu_signin_new(&options);
    return self->signin != NULL;
}

struct slu_credential_pool *
slu_credential_pool_new(const struct slu_credential_pool_options *options)
{
    unsigned count = options->account_count + 1;
    struct slu_credential_pool *self =
        slu_alloc_zero(options->alloc, pool_bytes(count));

    if (self == NULL) {
        return NULL;
    }
    self->options = *options;
    self->count = count;
    slu_random_init(&self->random);
    for (unsigned i = 0; i < count; i++) {
        if (!open_identity(self, i)) {
            slu_credential_pool_free(self);
            return NULL;
        }
    }
    return self;
}

void slu_credential_pool_free(struct slu_credential_pool *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->count; i++) {
        close_identity(&self->identities[i]);
    }
    slu_http_free(self->http);
    slu_alloc_put(self->options.alloc, self, pool_bytes(self->count));
}

enum slu_credential_state
slu_credential_pool_get(struct slu_credential_pool *self, unsigned identity,
                        const struct slu_credentials **out_credentials,
                        uint64_t *out_generation, struct slu_error *out_error)
{
    struct slu_identity *one = &self->identities[find_identity(self, identity)];

    if (one->failed.code != SLU_ERR_OK) {
        *out_error = one->failed;
        return SLU_CREDENTIAL_FAILED;
    }
    if (slu_identity_is_valid(one)) {
        *out_credentials = &one->set;
        *out_generation = one->generation;
        return SLU_CREDENTIAL_READY;
    }
    slu_identity_want(one);
    return SLU_CREDENTIAL_WAIT;
}

void slu_credential_pool_reject(struct slu_credential_pool *self,
                                unsigned identity, uint64_t generation)
{
    struct slu_identity *one = &self->identities[find_identity(self, identity)];

    if (generation != one->generation || one->set.access_key_id == NULL ||
        one->is_rejected || slu_clock_mono_ms() < one->confirmed_until_ms) {
        return;
    }
    one->is_rejected = true;
    slu_identity_want(one);
}

int64_t slu_credential_pool_offset(const struct slu_credential_pool *self)
{
    return self->offset_s;
}

void slu_credential_pool_set_offset(struct slu_credential_pool *self,
                                    int64_t offset_s)
{
    self->offset_s = offset_s;
}

const char *slu_credential_pool_origin(const struct slu_credential_pool *self,
                                       unsigned identity)
{
    return slu_signin_origin(
        self->identities[find_identity(self, identity)].signin);
}
