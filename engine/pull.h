/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one pass of one source: asks it for requests, sends them under the
 * limiter, hands it the answers, checks every sighting, and commits each
 * answer to the store. Ends when the source is done, when it is asked to stop,
 * or when nothing more can come.
 *
 * Bounds: limits.connections requests in flight, of all lanes together; half a
 * kilobyte for each lane. The retries of one unit wait at most limits.max_wait
 * in all; so does a whole lane while *no* answer at all gets through: then
 * every unit that is left of it is given up at once, without a request, since
 * a rejected call costs quota too.
 *
 * Signed requests: each attempt is signed anew with the credentials of its
 * identity. An answer that calls them expired or unknown, or the signature too
 * old or too new, is kept from the source once, and the request sent again with
 * new ones, or by the server's clock. Where an identity can't be signed in, its
 * requests end without being sent, and the source decides.
 *
 * Back-pressure: while the store's queue is full no new request is sent and
 * every transfer that brings bytes is paused.
 *
 * Errors: AUTH (401), STOPPED, and the store's; a unit that failed is no error
 * here: the source's result tells of it.
 */
#ifndef SLU_ENGINE_PULL_H
#define SLU_ENGINE_PULL_H

#include "codecs/guard.h"
#include "engine/answer.h"
#include "engine/config.h"
#include "engine/credentials.h"
#include "engine/logger.h"
#include "engine/profile.h"
#include "engine/rows.h"
#include "engine/transport.h"
#include "engine/wake.h"
#include "sources/source.h"
#include <sluice/engine.h>

/* How a pull signs in: credentials.h as a table, so that a test can play any
 * credentials and any end of them. */
struct slu_pull_sign_in {
    struct slu_credential_pool *(*open)(
        const struct slu_credential_pool_options *options);
    void (*close)(struct slu_credential_pool *self);
    enum slu_credential_state (*get)(
        struct slu_credential_pool *self, unsigned identity,
        const struct slu_credentials **out_credentials,
        uint64_t *out_generation, struct slu_error *out_error);
    void (*reject)(struct slu_credential_pool *self, unsigned identity,
                   uint64_t generation);
    int64_t (*offset)(const struct slu_credential_pool *self);
    void (*set_offset)(struct slu_credential_pool *self, int64_t offset_s);
};

struct slu_pull_session; /* pull_session.h */

struct slu_pull_options {
    const struct slu_alloc *alloc;
    const struct slu_http_config *http;
    const struct slu_limits_config *limits;
    const struct slu_source_ops *ops;
    const void *source_config;
    const struct slu_checkpoint *found; /* in the output folder, or NULL */
    struct slu_store *store;            /* NULL: nothing is kept, of a check
                                           or of an errand that puts nothing */
    struct slu_rows *rows;              /* of a source of rows; else NULL */
    struct slu_view own_list_prefix;
    const struct slu_guard *guard;
    struct slu_logger logger;
    struct slu_wake *stop;               /* raised: end soon */
    struct slu_wake *room;               /* raised by the store's on_room; NULL
                                            without a store */
    const struct slu_options *callbacks; /* on_indicator, on_row, on_progress */
    /* For `check`: the source proves what a sync would need, and tells. NULL:
     * this is a sync. */
    slu_check_fn tell;
    void *tell_ctx;
    const char *api_key; /* instead of the value of access.api_key; or NULL */
    /* Of an earlier run of the same sync: its counters go on. Or NULL. */
    const struct slu_pull_result *before;
    /* For a source that needs AWS (access.aws). */
    const struct slu_aws_config *aws;
    const struct slu_aws_port *aws_port;       /* NULL: slu_machine_port */
    const struct slu_pull_sign_in *sign_in;    /* NULL: credentials.h itself */
    struct slu_pull_session *session;          /* NULL: one of its own */
    const struct slu_transport_ops *transport; /* NULL: slu_transport_http;
                                                  the same for all pulls of
                                                  a session */
    struct slu_profile *profile; /* is told what the time goes into; NULL */
};

struct slu_pull_result {
    struct slu_source_result source;
    struct slu_checkpoint checkpoint;
    int64_t horizon_ms; /* of the claims of rows; INT64_MIN: none */
    struct slu_answer_counts counts;
    struct slu_http_stats http;
    uint64_t retries;
};

/* Runs to the end; *out_result is filled whatever is returned. `report` is
 * what on_progress is shown: its counters are kept up to date. It may be NULL
 * without on_progress. */
SLU_MUST_CHECK enum slu_err slu_pull_run(const struct slu_pull_options *options,
                                         struct slu_report *report,
                                         struct slu_pull_result *out_result,
                                         struct slu_error *out_error);

#endif
