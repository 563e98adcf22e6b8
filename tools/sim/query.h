/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a request target taken apart: path, parameters, percent-decoding.
 * Strict: a bad escape, a control byte or a NUL is refused, and a parameter
 * that the endpoint knows may come only once (the endpoint asks).
 * Limits: SIM_QUERY_MAX parameters, SIM_TARGET_MAX bytes of target.
 */
#ifndef SIM_QUERY_H
#define SIM_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_QUERY_MAX 32
#define SIM_TARGET_MAX 8192

struct sim_query {
    char path[SIM_TARGET_MAX];
    char
        text[SIM_TARGET_MAX]; /* the decoded names and values, NUL after each */
    unsigned count;
    const char *name[SIM_QUERY_MAX];
    const char *value[SIM_QUERY_MAX];
};

/* NULL, or the sentence that says what is wrong. */
const char *sim_query_parse(struct sim_query *query, const char *target);

/* The value of the parameter, NULL if absent. `*repeated` becomes true if it
   occurs more than once. */
const char *sim_query_get(const struct sim_query *query, const char *name,
                          bool *repeated);

/* A decimal number whole, without sign; false for anything else. */
bool sim_query_number(const char *text, int64_t *out);

#endif
