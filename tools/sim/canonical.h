/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the canonical request of Signature Version 4, from the bytes of the
 * wire (IAM user guide, "Create a signed AWS API request"):
 *
 *     METHOD \n path \n query \n (name:value \n)* \n signed;names \n hash
 *
 * S3 takes the path as it is; all others remove dot segments and repeated
 * slashes, then encode the whole of it once more.
 */
#ifndef SIM_CANONICAL_H
#define SIM_CANONICAL_H

#include <stdbool.h>

#include "request.h"
#include "sigv4.h"
#include "text.h"

struct sim_canonical_rules {
    bool normalise;    /* dot segments and repeated slashes go */
    bool encode_again; /* the path is encoded once more */
};

/* Appends it; `hash` is its last line. False: the query has a bad escape or
   more than SIM_QUERY_MAX parameters, and so has no canonical form. */
bool sim_canonical_build(const struct sim_request *request,
                         const struct sim_sigv4 *signature,
                         const struct sim_canonical_rules *rules,
                         const char *hash, struct sim_text *out);

/* True if the query is on the wire as the canonical form would write each of
   its names and values: nothing reserved is bare, no `+`, upper-case hex. */
bool sim_canonical_query_is_clean(const char *target);

#endif
