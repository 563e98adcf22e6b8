/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what can be chosen about the AWS services, and the readers of the
 * options that may be repeated.
 * Limits: SIM_AWS_LIST_MAX of each kind.
 * Ownership: texts belong to the command line.
 */
#ifndef SIM_AWS_OPTIONS_H
#define SIM_AWS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_AWS_LIST_MAX 64
#define SIM_AWS_ACCOUNT_LEN 12
#define SIM_AWS_REGION_CAP 64

/* A role that may be assumed. */
struct sim_aws_role {
    char arn[640];
    char external_id[1225]; /* "": none is asked for */
    int64_t lifetime_s;     /* 0: --aws-lifetime, or as asked */
};

/* Where a rule holds; "*" is any. */
struct sim_aws_place {
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char region[SIM_AWS_REGION_CAP];
    char operation[64];
    int64_t requests; /* of a throttle: at most so many */
    int64_t seconds;  /* in so long a time */
    bool explicitly;  /* of a denial */
};

struct sim_aws_bucket {
    char name[64];
    char region[SIM_AWS_REGION_CAP];
    char owner[SIM_AWS_ACCOUNT_LEN + 1]; /* "": --aws-account */
    bool made;                           /* it exists without a folder */
};

/* NAME=VALUE of --secret, and N:NAME=VALUE of --secret-after; texts of the
   command line. */
struct sim_aws_secret {
    const char *name;
    size_t name_len;
    const char *value;
    int64_t after; /* it is put once the secret was read so often; 0: at once */
};

struct sim_aws_options {
    const char *key_id;
    const char *secret;
    const char *account;
    int64_t lifetime_s; /* of all that is issued; 0: as asked */
    int64_t clock_offset_s;
    const char *web_identity_token;
    const char *imds_role;
    const char *imds_off; /* no, role, reset */
    const char *imds_code;
    const char *container_token;
    const char *anywhere_ca;
    const char *anywhere_anchor;
    const char *anywhere_profile;
    const char *s3_root;
    const char *s3_wrong_region; /* 301 or 400 */
    bool s3_tls;
    bool s3_versions;
    const char *fail_nth;
    const char *kms_keys; /* by comma; "": any */
    bool kms_broken;
    int64_t iam_page;

    struct sim_aws_secret secret_row[SIM_AWS_LIST_MAX];
    unsigned secret_rows;

    struct sim_aws_role role[SIM_AWS_LIST_MAX];
    unsigned roles;
    struct sim_aws_place denied[SIM_AWS_LIST_MAX];
    unsigned denials;
    struct sim_aws_place throttle[SIM_AWS_LIST_MAX];
    unsigned throttles;
    struct sim_aws_place off[SIM_AWS_LIST_MAX]; /* regions not enabled */
    unsigned offs;
    struct sim_aws_bucket bucket[SIM_AWS_LIST_MAX];
    unsigned buckets;
};

/* Each takes one value of a repeated option: NULL, or what was expected. */

/* ARN[,external-id:X][,lifetime:S] */
const char *sim_aws_options_role(struct sim_aws_options *options,
                                 const char *text);
/* ACCOUNT/REGION[/OPERATION] */
const char *sim_aws_options_deny(struct sim_aws_options *options,
                                 const char *text);
/* The same, denied by a policy's own words. */
const char *sim_aws_options_deny_explicitly(struct sim_aws_options *options,
                                            const char *text);
/* ACCOUNT/REGION=N/S */
const char *sim_aws_options_throttle(struct sim_aws_options *options,
                                     const char *text);
/* REGION */
const char *sim_aws_options_off(struct sim_aws_options *options,
                                const char *text);
/* BUCKET=REGION */
const char *sim_aws_options_bucket(struct sim_aws_options *options,
                                   const char *text);
/* BUCKET[=REGION][,owner:ACCOUNT] */
const char *sim_aws_options_new_bucket(struct sim_aws_options *options,
                                       const char *text);

/* What is wrong with the options that must fit together: NULL if nothing,
   else what was expected of `*name`. */
const char *sim_aws_options_check(const struct sim_aws_options *options,
                                  const char **name, const char **value);

bool sim_aws_place_matches(const struct sim_aws_place *place,
                           const char *account, const char *region,
                           const char *operation);

/* `xx-name-1`, `us-gov-west-1` and the like. */
bool sim_aws_is_region(const char *text);

/* NAME=VALUE, NAME=@FILE */
const char *sim_aws_options_secret(struct sim_aws_options *options,
                                   const char *text);
/* N:NAME=VALUE, N:NAME=@FILE */
const char *sim_aws_options_next_secret(struct sim_aws_options *options,
                                        const char *text);

/* What was said of the bucket of that name; NULL if nothing. */
const struct sim_aws_bucket *
sim_aws_bucket_find(const struct sim_aws_options *options, const char *name);

/* The role of that ARN, NULL if it can't be assumed. */
const struct sim_aws_role *
sim_aws_role_find(const struct sim_aws_options *options, const char *arn);

#endif
