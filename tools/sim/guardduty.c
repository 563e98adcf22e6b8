/* SPDX-License-Identifier: Apache-2.0 */
/* What: GuardDuty's endpoints. */
#include "aws.h"

void sim_guardduty_answer(struct sim_server *server,
                          const struct sim_request *request,
                          const struct sim_aws_caller *caller,
                          struct sim_answer *answer)
{
    (void)server;
    (void)request;
    (void)caller;
    sim_aws_error(answer, 404, "UnknownOperationException",
                  "no such operation");
}
