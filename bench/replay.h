/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a transport (engine/transport.h) that answers from files: of a request
 * for "/a/b?c=d" the body is root/a/b?c=d when there is such a file, else
 * root/a/b, as nginx would serve it; status 200, in 64 KB pieces, one of each
 * answer per turn of the loop. Neither file: 404. Nothing but the network is
 * left out of a pull that runs on it.
 *
 * Life cycle: init; `ops` goes into the options of any number of pulls.
 * Ownership: root is the caller's and outlives the pulls.
 * Limits: every transfer has its file open; a pull has at most as many as its
 * connections. The origin, the headers and the body of a request are not looked
 * at.
 */
#ifndef SLU_BENCH_REPLAY_H
#define SLU_BENCH_REPLAY_H

#include "engine/transport.h"

struct slu_replay {
    struct slu_transport_ops ops; /* first, for open has its address */
    const char *root;             /* "/some/folder" */
};

void slu_replay_init(struct slu_replay *self, const char *root);

#endif
