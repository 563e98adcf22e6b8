/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the AWS services on the one listener. A request is theirs by its path
 * (instance metadata, container credentials, Roles Anywhere), by its Action
 * (STS), or by the credential scope of its Authorization header. Signature,
 * denials, throttling and faults are judged here; then the service answers.
 *
 * The order, as a front end has it: signature and keys, region enabled,
 * permission, rate, fault, service. So a service function is only called for
 * a caller who may, and answer->fault is set already: a fault that is a whole
 * answer, or lies below HTTP, or spoils bytes of JSON, is none of its
 * business; SIM_FAULT_REPEATED_TOKEN, SIM_FAULT_EMPTY_PAGE,
 * SIM_FAULT_NULL_ARRAYS and SIM_FAULT_DEAD_CURSOR are its own to obey.
 */
#ifndef SIM_AWS_H
#define SIM_AWS_H

#include <stdint.h>

#include "answer.h"
#include "keys.h"
#include "request.h"

struct sim_server;

/* Who signed a request, and for where. */
struct sim_aws_caller {
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char arn[SIM_AWS_ARN_CAP]; /* user, or assumed-role with its session */
    char user_id[160];
    char region[SIM_AWS_REGION_CAP]; /* of the credential scope, as service */
    char service[32];
    char access_key[130];
};

/* True if the request belongs to AWS; it is then answered. server->query
   holds the parsed target where the target could be parsed. */
bool sim_aws_route(struct sim_server *server, const struct sim_request *request,
                   const char *malformed, struct sim_answer *answer);

/* The servers' own idea of now: the wall clock and --aws-clock-offset. */
int64_t sim_aws_now(const struct sim_server *server);

/* The parts of the AWS services that outlive a request. */
void sim_aws_init(struct sim_server *server);
void sim_aws_fini(struct sim_server *server);

/* A request to AWS is in flight, or its answer has left: for /_sim/aws. */
void sim_aws_begin(struct sim_server *server);
void sim_aws_end(struct sim_server *server);

/* GET /_sim/aws: what the services saw. */
void sim_aws_control(struct sim_server *server, struct sim_answer *answer);

/* A request id in the form of a UUID; 40 bytes. */
void sim_aws_request_id(char *out, size_t cap);

/* The rest-json form: `x-amzn-ErrorType: CODE`, `x-amzn-RequestId`, and
   {"message":MESSAGE}. */
void sim_aws_error(struct sim_answer *answer, int status, const char *code,
                   const char *message);

/* The same with "__type":TYPE in the body: what API Gateway makes of a
   backend's exception, as BadRequestException with InvalidInputException. */
void sim_aws_error_typed(struct sim_answer *answer, int status,
                         const char *code, const char *type,
                         const char *message);

/* 200 with JSON and a request id. */
void sim_aws_json(struct sim_answer *answer, const char *body);

/* Everything signed for `guardduty`; server->query is parsed, and
   request->body is as sent. */
void sim_guardduty_answer(struct sim_server *server,
                          const struct sim_request *request,
                          const struct sim_aws_caller *caller,
                          struct sim_answer *answer);

#endif
