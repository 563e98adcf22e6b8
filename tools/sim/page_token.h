/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GuardDuty's nextToken: base64 with + / and = in every one, as real
 * ones have, so that a client that forgets to encode them in a query is found
 * out. It says where the next page begins, and is bound to what was asked:
 *
 *     salt(1) | binding(8) updated_ms(8) home(4) index(4) flags(1) check(8)
 *               ^ all these are masked by a stream that the salt begins
 */
#ifndef SIM_PAGE_TOKEN_H
#define SIM_PAGE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

#define SIM_PAGE_TOKEN_CAP 56

struct sim_page_token {
    int64_t updated_ms;         /* of the last finding served, as it was; or, by
                                   offset, how many were served */
    struct sim_finding_ref ref; /* that finding */
    bool begun;                 /* false: nothing was served yet */
    bool paused;                /* an empty page has been served here */
};

/* Writes SIM_PAGE_TOKEN_CAP bytes at most, with a NUL. */
void sim_page_token_write(const struct sim_page_token *token, uint64_t binding,
                          char *out);

/* False for whatever sim_page_token_write() didn't make for this binding. */
bool sim_page_token_read(const char *text, uint64_t binding,
                         struct sim_page_token *out);

#endif
