/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the section "aws" of the configuration: how to sign in. The settings
 * that the machine adds to it (environment, profiles) are aws_settings.h.
 */
#ifndef SLU_SOURCES_AWS_CONFIG_H
#define SLU_SOURCES_AWS_CONFIG_H

#include "codecs/field.h"
#include <sluice/err.h>

/* One account of a fan-out: its role is assumed with the base identity. */
struct slu_account {
    const char *id;       /* 12 digits */
    const char *role_arn; /* "": the base identity itself is of the account */
    const char *external_id; /* "": none */
};

struct slu_aws_static_config {
    struct slu_secret access_key_id;
    struct slu_secret secret_access_key;
    struct slu_secret session_token; /* may be absent */
};

struct slu_aws_anywhere_config {
    const char *private_key; /* paths of PEM files; "" when not given */
    struct slu_secret passphrase;
    const char *certificate;
    const char *chain;
    const char *profile_arn;
    const char *role_arn;
    const char *trust_anchor_arn;
};

struct slu_aws_config {
    const char
        *region; /* "": of the environment, the profile, else us-east-1 */
    const char *endpoint_url; /* "": of the environment, the profile, AWS */
    const char *auth;         /* "default", "static", "roles_anywhere" */
    struct slu_aws_static_config static_keys; /* key "static" */
    struct slu_aws_anywhere_config roles_anywhere;
};

extern const struct slu_section slu_aws_section;

/* The fields of one item of a list of accounts, for MAPS. */
extern const struct slu_section slu_account_section;

/*
 * What no field can say alone. CONFIG with one sentence: static or
 * roles_anywhere without what they need; an ARN that is none (of which
 * service); trust anchor and profile of two regions; a region's form.
 */
SLU_MUST_CHECK enum slu_err
slu_aws_config_check(const struct slu_aws_config *self,
                     struct slu_error *out_error);

/* CONFIG: an id that is not 12 digits, a role that is none or of another
 * account, an account given twice. `key` names the list: "guardduty.accounts".
 */
SLU_MUST_CHECK enum slu_err slu_accounts_check(const struct slu_maps *accounts,
                                               const char *key,
                                               struct slu_error *out_error);

#endif
