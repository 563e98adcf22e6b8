/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one request to AWS fails, told by its number alone: --aws-fail-nth
 * N[:HOW], or POST /_sim/fail?nth=N[&how=HOW] for the N-th from then on (0:
 * none). Requests are counted from the start of the process, in the order in
 * which they are whole, of all services and whether or not they are let in:
 * sign-in (STS, instance metadata) and refused ones too. GET /_sim/aws tells
 * the count as "arrived".
 *
 * HOW, after which nothing was done:
 *     400 to 599   that status, in the service's own form (default: 500)
 *     reset        the connection is reset
 * or after which all was done:
 *     lost         the connection is closed without an answer
 *     done         500 is answered
 *     hang         nothing is answered until the client goes away
 */
#ifndef SIM_AWS_NTH_H
#define SIM_AWS_NTH_H

#include "faults.h"

struct sim_nth {
    struct sim_fault fault;
    uint64_t arrived;
    uint64_t strikes_at; /* 0: never */
    uint64_t struck;
};

/* `N` or `N:HOW`; NULL, or what was expected. */
const char *sim_nth_read(struct sim_nth *nth, const char *text);

/* One more request; the fault that strikes it, or NULL. */
const struct sim_fault *sim_nth_count(struct sim_nth *nth);

#endif
