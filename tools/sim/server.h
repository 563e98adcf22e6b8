/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the one object that everything else hangs on. One loop, one thread.
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "answer.h"
#include "cache.h"
#include "notices.h"
#include "options.h"
#include "request.h"
#include "stats.h"

struct sim_aws;
struct sim_sets;
struct sim_world;
struct sim_conn;

struct sim_server {
    struct sim_options options;
    struct event_base *base;
    struct evconnlistener *listener;
    struct bufferevent_rate_limit_group *bandwidth;
    struct ev_token_bucket_cfg *bandwidth_cfg;
    struct sim_notices *notices;
    struct sim_cache *cache;
    struct sim_aws *aws;
    struct sim_world *world; /* GuardDuty's */
    struct sim_sets *sets;   /* and its lists */
    struct sim_stats stats;
    struct sim_conn *conns;    /* all open ones, doubly linked */
    struct sim_query query;    /* of the request being routed */
    char host[SIM_HEADER_CAP]; /* the address it listens on */

    /* Quotas. */
    double window_start;
    int64_t window_requests;
    int64_t day;
    int64_t day_requests;
    double retry_not_before; /* told by the last Retry-After */
};

/* The frozen clock or the real one: of the data. */
int64_t sim_server_now(const struct sim_server *server);

/* The real clock: of the wire (Retry-After, Date, windows, statistics). */
double sim_server_wall(void);

/* Fills the answer to one request; `*counted` says if it is under /api. */
void sim_route(struct sim_server *server, const struct sim_request *request,
               struct sim_answer *answer, bool *counted);

/* GET /api/v3/ioc_stream, its query in server->query. */
void sim_stream_answer(struct sim_server *server,
                       const struct sim_request *request,
                       struct sim_answer *answer);

/* What a cursor is bound to, and where it stands; for fault identities. */
uint64_t sim_stream_binding(const struct sim_server *server, const char *filter,
                            const char *order);

/* Everything under /api/v3/threat_lists; `rest` follows that, without the
   slash: "", "{id}/latest", "{id}/{hour}". */
void sim_lists_answer(struct sim_server *server,
                      const struct sim_request *request, const char *rest,
                      struct sim_answer *answer);

/* /_sim/...: statistics and the clock, never counted. */
void sim_control_answer(struct sim_server *server,
                        const struct sim_request *request,
                        struct sim_answer *answer);

/* Answers in the place of the endpoint if the fault is of that kind. */
bool sim_misbehave(const struct sim_fault *fault, struct sim_answer *answer);

/* Says 400 BadRequestError. */
void sim_refuse(struct sim_answer *answer, const char *message);

#endif
