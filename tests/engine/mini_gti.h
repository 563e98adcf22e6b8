/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: just enough of GTI for a whole sync: every package of every threat list
 * holds one domain and one address of its own; of the newest hours, if asked
 * for, nothing is there yet. For a server of raw_server.h.
 */
#ifndef TESTS_ENGINE_MINI_GTI_H
#define TESTS_ENGINE_MINI_GTI_H

#include "engine/served.h"

struct mini_gti {
    int status;   /* of every answer; 0: 200 */
    int delay_ms; /* of every answer */
    unsigned asked;
};

/* ctx: struct mini_gti. On the server's thread only. */
struct raw_answer mini_gti_answer(void *ctx, const char *request);

/* The configuration of a sync against the server at `url`: a day of the list
 * malware, below `dir`. `more` is YAML in the section limits. */
const char *mini_gti_config(const char *url, const char *dir, const char *more);

#endif
