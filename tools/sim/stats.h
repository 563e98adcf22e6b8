/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the simulator saw, told by GET /_sim/stats. Only requests under
 * /api are counted. A request is in flight from its last header byte to the
 * last byte of its answer handed to the system, latency included.
 */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdint.h>

#include "text.h"

enum sim_endpoint {
    SIM_ENDPOINT_STREAM,
    SIM_ENDPOINT_LISTS, /* GET /threat_lists */
    SIM_ENDPOINT_LATEST,
    SIM_ENDPOINT_PACKAGE, /* one hour */
    SIM_ENDPOINT_OTHER,
    SIM_ENDPOINTS,
};

/* Broken rules that a server lets pass: counted, not refused. */
#define SIM_LAPSES(X)                                                          \
    X(WITHOUT_X_TOOL, "without_x_tool")                                        \
    X(BAD_X_TOOL, "bad_x_tool")                                                \
    X(WITHOUT_GZIP_AGENT, "without_gzip_user_agent")                           \
    X(WITHOUT_ACCEPT_ENCODING, "without_accept_encoding")                      \
    X(WITHOUT_ACCEPT, "without_accept")                                        \
    X(UNKNOWN_PARAMETER, "unknown_parameter")                                  \
    X(KEY_IN_QUERY, "key_in_query")                                            \
    X(EARLY_RETRY, "request_before_retry_after")

enum sim_lapse {
#define SIM_LAPSE_ENUM(id, name) SIM_LAPSE_##id,
    SIM_LAPSES(SIM_LAPSE_ENUM)
#undef SIM_LAPSE_ENUM
        SIM_LAPSE_COUNT
};

struct sim_stats {
    uint64_t requests;
    uint64_t answered;
    uint64_t aborted; /* the client went before the answer was written */
    uint64_t by_status[600];
    uint64_t by_endpoint[SIM_ENDPOINTS];
    uint64_t lapses[SIM_LAPSE_COUNT];
    uint64_t in_flight;
    uint64_t in_flight_max;
    uint64_t bytes_sent;
    uint64_t rejected;         /* 429 */
    uint64_t connections;      /* that carried a request under /api */
    uint64_t connections_open; /* of all kinds */
    uint64_t faults[64];
    double first_time;
    double last_time;
};

/* Forgets all but what is open and in flight now. */
void sim_stats_reset(struct sim_stats *stats);

void sim_stats_render(const struct sim_stats *stats, struct sim_text *out);

#endif
