/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a transport (engine/transport.h) without sockets: every request is
 * answered from timers of its loop, in pieces of random length, and badly now
 * and then. For tests of pulls on several loops.
 *
 * Threads: `answer` is called on whatever loop asks. The counts are atomic.
 */
#ifndef TESTS_ENGINE_FAKE_NETWORK_H
#define TESTS_ENGINE_FAKE_NETWORK_H

#include "engine/transport.h"

#include <stdatomic.h>

#define FAKE_NETWORK_LOOPS_MAX 16
#define FAKE_NETWORK_BODY_MAX 16384

struct fake_network {
    struct slu_transport_ops ops; /* first */
    /* Writes the body for a target; the HTTP status is returned. */
    int (*answer)(void *ctx, struct slu_view target,
                  char body[FAKE_NETWORK_BODY_MAX]);
    void *ctx;
    unsigned fault_of_1000; /* exchanges that are cut */
    unsigned piece_max;     /* bytes; 0: whole */
    unsigned delay_us;      /* before the head */
    bool fails_to_start;    /* NOMEM */
    bool keeps_busy;        /* its loops never sleep */
    /* What came of it. */
    atomic_uint opened;
    atomic_uint freed;
    atomic_uint started[FAKE_NETWORK_LOOPS_MAX]; /* in order of opening */
    atomic_uint faults;
    atomic_uint serial;
    char last_header[64]; /* value of the last header of the last request */
    char last_target[64];
};

void fake_network_init(struct fake_network *self,
                       int (*answer)(void *ctx, struct slu_view target,
                                     char body[FAKE_NETWORK_BODY_MAX]),
                       void *ctx);

#endif
