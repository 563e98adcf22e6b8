/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the credentials of every identity of a pull, got and refreshed on its
 * loop: identity 0 is the base one, k the role of accounts[k - 1]. Runs the
 * machines of sources/signin.h over a few connections of its own, and
 * credential_process as a child.
 *
 * Refresh: begins at expiry minus the margin (15 minutes, but at most a fifth
 * of the lifetime, with jitter) and goes on with back-off; the old set is used
 * until 10 seconds (at most a fifth of the lifetime) before its end. One
 * refresh of an identity is in flight. Requests wait only when nothing valid is
 * left. An account's refresh waits for a base that is itself being refreshed
 * only when the base has nothing valid.
 *
 * Life cycle: new, get..., free (all secrets wiped; children ended).
 * Threads: the loop's.
 */
#ifndef SLU_ENGINE_CREDENTIALS_H
#define SLU_ENGINE_CREDENTIALS_H

#include "engine/config.h"
#include "engine/logger.h"
#include "engine/machine.h"
#include "sources/signin.h"

struct event_base;
struct slu_credential_pool;

struct slu_credential_pool_options {
    const struct slu_alloc *alloc;
    struct event_base *base;
    const struct slu_http_config *http;
    const struct slu_aws_config *config;
    const struct slu_aws_settings *settings;
    const struct slu_aws_port *port;
    const struct slu_account *accounts;
    unsigned account_count;
    int64_t max_wait_ms; /* a sign-in that only fails to get through is given up
                            after this */
    int64_t refused_wait_ms; /* the same while connections are refused and
                                nothing has answered its requests */
    struct slu_logger logger;
    void *ctx;
    /* From the loop, never from inside get: an identity became ready or failed;
     * who waits may ask again. */
    void (*on_change)(void *ctx);
};

enum slu_credential_state {
    SLU_CREDENTIAL_READY,
    SLU_CREDENTIAL_WAIT,
    SLU_CREDENTIAL_FAILED, /* for good, in this pull */
};

/* NULL when out of memory. */
struct slu_credential_pool *
slu_credential_pool_new(const struct slu_credential_pool_options *options);
void slu_credential_pool_free(struct slu_credential_pool *self);

/*
 * The identity's credentials now; the first question begins its sign-in, which
 * begins the base's. READY: *out_credentials is borrowed until the next turn of
 * the loop and *out_generation names the set. FAILED: *out_error says why.
 */
enum slu_credential_state
slu_credential_pool_get(struct slu_credential_pool *self, unsigned identity,
                        const struct slu_credentials **out_credentials,
                        uint64_t *out_generation, struct slu_error *out_error);

/* A server called that set expired or unknown: it is no longer used, and a
 * refresh begins unless a newer set is there. */
void slu_credential_pool_reject(struct slu_credential_pool *self,
                                unsigned identity, uint64_t generation);

/* Seconds to add to the clock before signing; learned from a server's Date when
 * it called a signature too old or too new. */
int64_t slu_credential_pool_offset(const struct slu_credential_pool *self);
void slu_credential_pool_set_offset(struct slu_credential_pool *self,
                                    int64_t offset_s);

/* "profile dev"; for check. "" before it is known. */
const char *slu_credential_pool_origin(const struct slu_credential_pool *self,
                                       unsigned identity);

#endif
