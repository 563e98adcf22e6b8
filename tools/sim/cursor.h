/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the opaque v3 cursor of August 2025:
 *
 *     base64url( zlib( "|" base64url_nopad(
 *         base64(J) "||v3||" issued "||" 64 hex ) ) )
 *     J = {"offset":0,"provider":"DPS","sort":[1755150314,"23110392282"]}
 *
 * J names the last item served. The 64 digits bind J and the time to the query
 * (filter and order, not limit) and to the seed, so that a cursor of another
 * query is known as such.
 */
#ifndef SIM_CURSOR_H
#define SIM_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct sim_cursor {
    int64_t date;
    char id[24];
    int64_t issued;
};

void sim_cursor_write(const struct sim_cursor *cursor, uint64_t binding,
                      struct sim_text *out);

/* False for whatever sim_cursor_write() did not make for this binding. */
bool sim_cursor_read(const char *text, uint64_t binding,
                     struct sim_cursor *out);

#endif
