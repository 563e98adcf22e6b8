/* SPDX-License-Identifier: Apache-2.0 */
/* What: one request to S3 on its way between the files of that service. */
#ifndef SIM_S3_TARGET_H
#define SIM_S3_TARGET_H

#include "s3.h"

struct sim_s3_target {
    struct sim_server *server;
    const struct sim_request *request;
    const struct sim_aws_caller *caller;
    struct sim_answer *answer;
    char name[256];               /* of the bucket that is asked for */
    char key[SIM_S3_KEY_MAX + 1]; /* "": the bucket itself */
    struct sim_bucket *bucket;    /* NULL: there is none */
};

/* Says S3's <Error>. */
void sim_s3_refuse(struct sim_s3_target *target, int status, const char *code,
                   const char *message);

/* The same with one more element: <Header>, <ArgumentName> and the like. */
void sim_s3_refuse_with(struct sim_s3_target *target, int status,
                        const char *code, const char *message,
                        const char *element, const char *text);

/* One more line of the answer's head. */
void sim_s3_header(struct sim_s3_target *target, const char *name,
                   const char *value);

/* A header of the request; NULL if it is absent. */
const char *sim_s3_asked(const struct sim_s3_target *target, const char *name);

/* GetObject and HeadObject. */
void sim_s3_get(struct sim_s3_target *target);

#endif
