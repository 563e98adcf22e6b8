/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what a pull reaches servers with, and has learned of them: the loop and
 * the connections, and for AWS the settings of the machine, the credentials and
 * how far its clock is off. Pulls one behind the other may share one: then each
 * identity signs in once, connections are used again, and a wrong clock is told
 * once.
 *
 * Life cycle: zeroed, and not moved from then on; the first pull that is given
 * it opens it, its owner closes it. What the pulls are told of http, limits and
 * aws is the same for all of them, and outlives it.
 * Limits: shared, only identity 0 has credentials.
 */
#ifndef SLU_ENGINE_PULL_SESSION_H
#define SLU_ENGINE_PULL_SESSION_H

#include "engine/aws_sign.h"
#include "engine/places.h"
#include "engine/pull.h"

struct event_base;

struct slu_pull_session {
    struct event_base *base;
    struct slu_http_config http_config; /* with what the machine adds */
    const struct slu_transport_ops *transport;
    struct slu_http *http;
    const struct slu_pull_sign_in *sign_in;
    struct slu_aws_settings *settings;
    struct slu_credential_pool *pool; /* NULL: not of AWS */
    struct slu_aws_signer *signer;
    struct slu_places places;
    bool clock_told;       /* that it is wrong */
    struct slu_pull *pull; /* the one under way, or NULL */
};

/* Opens what isn't open yet. After an error nothing is. */
SLU_MUST_CHECK enum slu_err slu_pull_session_open(
    struct slu_pull_session *self, const struct slu_pull_options *options,
    const struct slu_source_access *access, struct slu_error *out_error);

/* A pull was cut short: the connections go, and with them what may still send
 * from its memory. */
void slu_pull_session_cut(struct slu_pull_session *self);

/* Secrets are wiped, children ended. Safe on a zeroed one. */
void slu_pull_session_close(struct slu_pull_session *self);

#endif
