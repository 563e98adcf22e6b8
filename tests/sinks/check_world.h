/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of a check of publishing: an AWS of one account that answers its
 * requests from a few settings, written from the API references, and the loop
 * that an engine would run. Answers come in the order that the world chooses,
 * their bodies in pieces of the size that it chooses.
 */
#ifndef TESTS_SINKS_CHECK_WORLD_H
#define TESTS_SINKS_CHECK_WORLD_H

#include "sinks/publish_check.h"

#define WORLD_SETS_MAX 8
#define WORLD_ACCOUNT "123456789012"

struct check_world_set {
    const char *id;
    const char *name;
    const char *location;
};

struct check_world_region {
    const char *name;
    bool no_detector;
    bool no_entities; /* the service knows no entity sets there */
    bool disabled;    /* not enabled for the account */
    struct check_world_set sets[SLU_KIND_COUNT][WORLD_SETS_MAX];
};

struct check_world {
    /* The settings. */
    const char *deny;     /* this action is denied; NULL: none */
    const char *deny_key; /* of objects, only below this; NULL: all */
    bool deny_all;        /* everything */
    bool wordless;        /* S3 doesn't name the action */
    bool locked;       /* of objects that are there, the key may not be used */
    bool implicit;     /* IAM says implicitDeny, else explicitDeny */
    const char *needs; /* a condition key of what is denied, for IAM */
    const char *arn;   /* of the caller; NULL: a user */
    const char *bucket_region; /* NULL: us-east-1 */
    bool no_bucket;
    bool ignores_conditions; /* of a PUT */
    bool has_objects;        /* else none is there */
    unsigned iam_page;       /* results in one answer; 0: all */
    bool iam_mute;           /* IAM tells nothing of the last resource */
    const char *iam_error;   /* code of its refusal */
    const char *sign_in;     /* a sentence: it fails */
    const char *down;        /* this service never answers */
    bool silent;             /* it takes requests and says nothing */
    const char *flaky;       /* each request to it is answered by a 503 first */
    unsigned pages;          /* of lists of sets: one id each */
    size_t piece;            /* bytes of a body handed over at once; 0: all */
    bool backwards;          /* what was asked last is answered first */
    struct check_world_region regions[4];
    /* What came of it. */
    char lines[16 * 1024];    /* "OK ...\n", "WARN ...\n", "FAIL ...\n" */
    char requests[64 * 1024]; /* "s3 us-east-1 PUT /key\n" */
    unsigned request_count;
    unsigned retries;
    bool wrote; /* a PUT came that a server would have done */
};

extern const struct slu_strings check_world_ips;
extern const struct slu_strings check_world_domains;

/* Two lists of each kind in the bucket "b" under "p/", in the regions that the
 * world names, and three more objects. */
struct slu_publish_check_options
check_world_options(const struct check_world *world,
                    const struct slu_alloc *alloc);

/* Runs the check and collects its lines; what finish returns. */
enum slu_err check_world_run(struct check_world *world,
                             const struct slu_publish_check_options *options,
                             struct slu_error *out_error);

#endif
