/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: credentials of a pull as a test wants them: ready, late, refused, and
 * made anew when they are rejected. One at a time.
 *
 * Identity k in generation g has the key id "AKID<k>", the secret
 * "secret<k>-<g>" and the token "token<k>-<g>".
 */
#ifndef TESTS_ENGINE_FAKE_POOL_H
#define TESTS_ENGINE_FAKE_POOL_H

#include "engine/aws_wire.h"
#include "engine/pull.h"

#define FAKE_IDENTITIES 4

/* The keys of a generation, for wire_is_signed. */
struct fake_keys {
    char access_key_id[32];
    char secret_access_key[32];
    char session_token[32];
};
void fake_keys_make(struct fake_keys *self, unsigned identity,
                    uint64_t generation);

struct fake_identity {
    int delay_ms;       /* of each sign-in; 0: it is ready at once */
    int delay_again_ms; /* of those after a rejection, when not 0 */
    enum slu_err fails;
    enum slu_err fails_again; /* after it was rejected */
    unsigned lapses_at; /* at this question its credentials end by themselves */
    unsigned gets;
    int64_t obtained_s;
    /* What came of it. */
    bool begun;
    bool ready;
    uint64_t generation; /* from 1 */
    unsigned rejects;    /* that made a new generation */
    struct fake_keys keys;
    struct slu_credentials credentials;
};

struct fake_pool {
    struct fake_identity identities[FAKE_IDENTITIES];
    const char *endpoint; /* AWS_ENDPOINT_URL */
    unsigned opened;
    unsigned closed;
    bool refuses_to_open;
    unsigned offsets; /* set */
    int64_t offset_s;
};

/* All is zero again, and the pull signs in here. */
void fake_pool_use(struct fake_pool *self, struct slu_pull_options *options,
                   const char *endpoint);

#endif
