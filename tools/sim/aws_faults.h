/* SPDX-License-Identifier: Apache-2.0 */
/* What: how AWS services misbehave: the plan's faults in their forms. */
#ifndef SIM_AWS_FAULTS_H
#define SIM_AWS_FAULTS_H

#include "protocol.h"
#include "request.h"

struct sim_server;

/* Sets answer->fault; `who` (account and region) is a part of the request's
   identity, its signature isn't. */
void sim_aws_pick_fault(struct sim_server *server,
                        const struct sim_request *request, const char *endpoint,
                        const char *operation, const char *who,
                        struct sim_answer *answer);

/* Answers in the place of the service if the fault is of that kind. */
bool sim_aws_misbehave(const struct sim_server *server,
                       enum sim_protocol protocol, struct sim_answer *answer);

/* 500 in the place of what the service said, if the fault is of that kind. */
void sim_aws_forget_success(enum sim_protocol protocol,
                            struct sim_answer *answer);

/* Spoils an answer's bytes if the fault is of that kind. */
void sim_aws_spoil(struct sim_answer *answer);

/* 400 ThrottlingException, or what stands for it. */
void sim_aws_throttled(struct sim_answer *answer, enum sim_protocol protocol);

#endif
