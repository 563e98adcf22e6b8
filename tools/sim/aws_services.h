/* SPDX-License-Identifier: Apache-2.0 */
/* What: the services behind the door (aws.h), but GuardDuty. Each is called
   for a request that may be served. */
#ifndef SIM_AWS_SERVICES_H
#define SIM_AWS_SERVICES_H

#include "aws.h"
#include "signin.h"

/* AssumeRole, AssumeRoleWithWebIdentity (unsigned), GetCallerIdentity. */
void sim_sts_answer(struct sim_server *server,
                    const struct sim_request *request,
                    const struct sim_aws_caller *caller,
                    struct sim_answer *answer);

/* GetSecretValue and what fills it. */
void sim_secrets_answer(struct sim_server *server,
                        const struct sim_request *request,
                        const struct sim_aws_caller *caller,
                        struct sim_answer *answer);

/* SimulatePrincipalPolicy. */
void sim_iam_answer(struct sim_server *server,
                    const struct sim_request *request,
                    const struct sim_aws_caller *caller,
                    struct sim_answer *answer);

/* Buckets in memory, and those that are folders in --s3-root. */
void sim_s3_answer(struct sim_server *server, const struct sim_request *request,
                   const struct sim_aws_caller *caller,
                   struct sim_answer *answer);

/* EC2 instance metadata, version 2 alone. */
void sim_imds_answer(struct sim_server *server,
                     const struct sim_request *request,
                     const struct sim_aws_caller *caller,
                     struct sim_answer *answer);

/* The endpoint of ECS and EKS pods. */
void sim_container_answer(struct sim_server *server,
                          const struct sim_request *request,
                          const struct sim_aws_caller *caller,
                          struct sim_answer *answer);

/* CreateSession of IAM Roles Anywhere, and the check of its signature by the
   certificate that the request brings. */
bool sim_anywhere_sign_in(struct sim_signin *signin,
                          struct sim_aws_caller *caller);
void sim_anywhere_answer(struct sim_server *server,
                         const struct sim_request *request,
                         const struct sim_aws_caller *caller,
                         struct sim_answer *answer);

#endif
