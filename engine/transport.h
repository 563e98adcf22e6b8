/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how a pull reaches its servers, as a table, so that tests and the bench
 * can put files in the network's place. The real one is http.h's own functions,
 * and whoever plays it keeps the promises made there: on_end exactly once, from
 * the loop and never from inside start; nothing while paused; pieces of at most
 * 64 KB that die with the call.
 *
 * Life cycle: open on an event_base that outlives it; start...; free cancels
 * what is left without on_end.
 * Ownership: open's out_http and start's out_transfer are whatever the player
 * makes of these two types. What open needs beside its arguments lies behind
 * the table: the player puts the table first in a struct of its own.
 * Threads: each opened one belongs to one loop; several may be open at once on
 * several threads. open and free are called on the caller's thread.
 */
#ifndef SLU_ENGINE_TRANSPORT_H
#define SLU_ENGINE_TRANSPORT_H

#include "engine/config.h"
#include "engine/http.h"

/* Of these, config may go when open has returned. */
struct slu_transport_options {
    const struct slu_alloc *alloc;
    struct event_base *base;
    const struct slu_http_config *config;
    unsigned connections; /* at most */
};

struct slu_transport_ops {
    enum slu_err (*open)(const struct slu_transport_ops *self,
                         const struct slu_transport_options *options,
                         struct slu_http **out_http,
                         struct slu_error *out_error);
    /* Safe on NULL. */
    void (*free)(struct slu_http *http);
    enum slu_err (*start)(struct slu_http *http,
                          const struct slu_http_request *request,
                          const struct slu_http_handler *handler, void *ctx,
                          struct slu_transfer **out_transfer);
    void (*resume)(struct slu_transfer *transfer);
    void (*cancel)(struct slu_transfer *take_transfer);
    void (*get_stats)(const struct slu_http *http,
                      struct slu_http_stats *out_stats);
    /* As slu_http_set_profile; may be NULL: its time counts as waiting. */
    void (*set_profile)(struct slu_http *http, struct slu_profile *profile);
};

/* HTTP by libcurl, as the configuration wants it. */
extern const struct slu_transport_ops slu_transport_http;

#endif
