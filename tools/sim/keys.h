/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the access keys that are known: the base one, for good, and every
 * temporary set that was issued, until its end. A set is made from the seed
 * and a counter by HMAC, so that a run can be repeated, and nobody who didn't
 * ask can know it.
 * Limits: the last SIM_KEYS_MAX sets; an older one becomes unknown.
 */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "aws_options.h"

#define SIM_KEYS_MAX 8192
#define SIM_AWS_ARN_CAP 256

struct sim_key {
    char id[130];
    char secret[64];
    char token[420]; /* "": it is for good and has none */
    int64_t expires; /* Unix seconds; 0: never */
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char arn[SIM_AWS_ARN_CAP];
    char user_id[160];
};

struct sim_keys;

struct sim_keys *sim_keys_new(const struct sim_aws_options *options,
                              uint64_t seed);
void sim_keys_free(struct sim_keys *keys);

/* A new set for `role_arn` taken in session `session`; it stays the store's.
   The ARN and the id of the session's user are filled in. */
const struct sim_key *sim_keys_issue(struct sim_keys *keys,
                                     const char *role_arn, const char *session,
                                     int64_t expires);

/* NULL if there is none, or none any more. */
const struct sim_key *sim_keys_find(const struct sim_keys *keys,
                                    const char *id);

/* 32 bytes that follow from the seed, `purpose` and `number` alone. */
void sim_keys_draw(const struct sim_keys *keys, const char *purpose,
                   uint64_t number, unsigned char *out);

/* The name after the last slash of an ARN. */
const char *sim_arn_name(const char *arn);

/* Field `index` of an ARN, by colons; 4 is the account. The last takes all
   that is left. False if there is none, or it doesn't fit. */
bool sim_arn_field(const char *arn, int index, char *out, size_t cap);

#endif
