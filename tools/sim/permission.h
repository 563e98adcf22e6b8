/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: who may do what: --aws-deny and --aws-deny-explicit, the one truth for
 * the services that obey them and for IAM's simulation of policies.
 *
 * A rule's last word is an operation (ListObjectsV2), the action that IAM
 * knows it by (ListBucket), either with its service (s3:ListBucket), or any
 * action that no operation here takes (iam:PutRolePolicy).
 */
#ifndef SIM_PERMISSION_H
#define SIM_PERMISSION_H

#include "aws_options.h"

enum sim_permission {
    SIM_ALLOWED,
    SIM_DENIED_IMPLICITLY,
    SIM_DENIED_EXPLICITLY,
};

/* May this operation be called? HeadObject is denied with GetObject, whose
   action it takes, but ListObjectsV2 is not denied with HeadBucket. */
enum sim_permission
sim_permission_to_call(const struct sim_aws_options *options,
                       const char *account, const char *region,
                       const char *service, const char *operation);

/* Has the action been granted? Not if a rule names it, or one of its
   operations. Names of actions are compared in any case, as IAM does. */
enum sim_permission sim_permission_to_act(const struct sim_aws_options *options,
                                          const char *account,
                                          const char *region,
                                          const char *service,
                                          const char *action);

#endif
