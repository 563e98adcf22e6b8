/* SPDX-License-Identifier: Apache-2.0 */
/* What: the faults that are whole answers, as AWS services give them, and the
   spoiling of those that are not. */
#include "aws_faults.h"

#include <stdio.h>
#include <string.h>

#include "aws.h"
#include "calendar.h"
#include "mix.h"
#include "server.h"

static const char html[] = "text/html";

/* Each protocol's word for "too many". */
static void answer_throttled(struct sim_answer *answer,
                             enum sim_protocol protocol, int status,
                             const char *code, const char *message)
{
    if (protocol == SIM_PROTOCOL_S3) {
        sim_protocol_error(answer, protocol, 503, "SlowDown",
                           "Please reduce your request rate.");
    } else if (protocol == SIM_PROTOCOL_QUERY || protocol == SIM_PROTOCOL_IAM) {
        sim_protocol_error(answer, protocol, 400, "Throttling",
                           "Rate exceeded");
    } else if (protocol == SIM_PROTOCOL_JSON) {
        sim_protocol_error(answer, protocol, 400, "ThrottlingException",
                           "Rate exceeded");
    } else if (protocol == SIM_PROTOCOL_REST) {
        sim_protocol_error(answer, protocol, status, code, message);
    } else {
        sim_protocol_error(answer, protocol, 429, "TooManyRequests",
                           "Too Many Requests");
    }
}

void sim_aws_throttled(struct sim_answer *answer, enum sim_protocol protocol)
{
    answer_throttled(answer, protocol, 400, "ThrottlingException",
                     "Rate exceeded");
}

static void answer_too_many(struct sim_answer *answer,
                            enum sim_protocol protocol)
{
    answer_throttled(answer, protocol, 429, "TooManyRequestsException",
                     "Too Many Requests");
}

static void add_header(struct sim_answer *answer, const char *name,
                       const char *value)
{
    size_t len = strlen(answer->headers);

    snprintf(answer->headers + len, sizeof(answer->headers) - len, "%s: %s\r\n",
             name, value);
}

static bool answer_429(const struct sim_server *server,
                       enum sim_protocol protocol, struct sim_answer *answer)
{
    const struct sim_fault *fault = answer->fault;
    char value[40];

    switch (fault->kind) {
    case SIM_FAULT_THROTTLING:
    case SIM_FAULT_DAILY_QUOTA:
        sim_aws_throttled(answer, protocol);
        return true;
    case SIM_FAULT_TOO_MANY:
    case SIM_FAULT_429_ABSENT:
        answer_too_many(answer, protocol);
        return true;
    case SIM_FAULT_429_SECONDS:
        answer_too_many(answer, protocol);
        snprintf(value, sizeof(value), "%lld", (long long)fault->retry_s);
        add_header(answer, "Retry-After", value);
        return true;
    case SIM_FAULT_429_DATE:
        answer_too_many(answer, protocol);
        sim_date_http(sim_aws_now(server) + 1 + fault->retry_s, value,
                      sizeof(value));
        add_header(answer, "Retry-After", value);
        return true;
    case SIM_FAULT_429_NO_CODE:
        sim_answer_text(answer, 429, "application/json",
                        "{\"message\":\"Too Many Requests\"}");
        return true;
    case SIM_FAULT_429_EMPTY:
        sim_answer_text(answer, 429, "text/plain", "");
        return true;
    case SIM_FAULT_429_HTML:
        sim_answer_text(answer, 429, html,
                        "<html><head><title>429 Too Many Requests</title>"
                        "</head></html>\n");
        return true;
    default:
        return false;
    }
}

/* A status's usual code in each protocol: S3, query, JSON. */
static void answer_status(enum sim_protocol protocol, int status,
                          struct sim_answer *answer)
{
    static const struct {
        int status;
        const char *s3;
        const char *query;
        const char *json;
    } rows[] = {
        {400, "InvalidRequest", "ValidationError", "BadRequestException"},
        {403, "AccessDenied", "AccessDenied", "AccessDeniedException"},
        {404, "NoSuchKey", "NoSuchEntity", "ResourceNotFoundException"},
        {409, "OperationAborted", "ConcurrentModification",
         "ConflictException"},
        {412, "PreconditionFailed", "ValidationError", "BadRequestException"},
        {429, "SlowDown", "Throttling", "TooManyRequestsException"},
        {503, "SlowDown", "ServiceUnavailable", "ServiceUnavailable"},
        {500, "InternalError", "InternalFailure",
         "InternalServerErrorException"}};
    size_t at = 0;

    while (at + 1 < sizeof(rows) / sizeof(rows[0]) &&
           rows[at].status != status) {
        at++;
    }
    sim_protocol_error(
        answer, protocol, status,
        protocol == SIM_PROTOCOL_S3 ? rows[at].s3
        : protocol == SIM_PROTOCOL_QUERY || protocol == SIM_PROTOCOL_IAM
            ? rows[at].query
        : protocol == SIM_PROTOCOL_JSON && status >= 500
            ? "InternalServiceError"
            : rows[at].json,
        protocol == SIM_PROTOCOL_S3 && status == 503
            ? "Please reduce your request rate."
            : "We encountered an internal error. Please try again.");
}

static bool answer_5xx(enum sim_protocol protocol, struct sim_answer *answer)
{
    switch (answer->fault->kind) {
    case SIM_FAULT_STATUS:
        answer_status(protocol, (int)answer->fault->number, answer);
        return true;
    case SIM_FAULT_500:
        answer_status(protocol, 500, answer);
        return true;
    case SIM_FAULT_503:
    case SIM_FAULT_UNCOMPRESSED_ERROR:
        answer_status(protocol, 503, answer);
        return true;
    case SIM_FAULT_504:
        sim_answer_text(answer, 504, "application/json",
                        "{\"message\":\"Endpoint request timed out\"}");
        return true;
    case SIM_FAULT_504_HTML:
        sim_answer_gateway_timeout(answer, html);
        return true;
    default:
        return false;
    }
}

/* What S3 alone does. */
static bool answer_s3(enum sim_protocol protocol, struct sim_answer *answer)
{
    switch (answer->fault->kind) {
    case SIM_FAULT_CONFLICT:
        sim_protocol_error(answer, protocol, 409, "ConditionalRequestConflict",
                           "The conditional request cannot succeed due to a "
                           "conflicting operation against this resource.");
        return true;
    case SIM_FAULT_ERROR_IN_200:
        /* White space kept the connection alive until the failure was known;
           a declaration could no longer stand before the root. */
        sim_answer_text(
            answer, 200, "application/xml",
            "   \r\n \n<Error><Code>InternalError</Code><Message>We "
            "encountered an internal error. Please try again."
            "</Message><RequestId>656c76696e6727732072657175657374"
            "</RequestId><HostId>c2x1aWNlLXNpbQ==</HostId>"
            "</Error>");
        return true;
    default:
        return false;
    }
}

bool sim_aws_misbehave(const struct sim_server *server,
                       enum sim_protocol protocol, struct sim_answer *answer)
{
    if (answer->fault == NULL) {
        return false;
    }
    if (answer_429(server, protocol, answer) || answer_5xx(protocol, answer) ||
        answer_s3(protocol, answer)) {
        return true;
    }
    switch (answer->fault->kind) {
    case SIM_FAULT_RESET_UNDONE:
        answer->status = 500; /* nobody will see it */
        return true;
    case SIM_FAULT_EXPIRED_TOKEN:
        sim_protocol_refuse(answer, protocol, SIM_REFUSED_EXPIRED,
                            "The security token included in the request is "
                            "expired");
        return true;
    case SIM_FAULT_401_LATER:
        sim_protocol_refuse(answer, protocol, SIM_REFUSED_UNKNOWN_KEY,
                            "The security token included in the request is "
                            "invalid.");
        return true;
    case SIM_FAULT_NOT_JSON:
        sim_answer_text(answer, 200, html,
                        "<!doctype html><title>Sign in</title>"
                        "<p>Please sign in to continue.</p>\n");
        return true;
    default:
        return false;
    }
}

void sim_aws_forget_success(enum sim_protocol protocol,
                            struct sim_answer *answer)
{
    if (answer->fault == NULL || answer->fault->kind != SIM_FAULT_DONE_500) {
        return;
    }
    if (answer->feed != NULL) {
        answer->feed->free(answer->feed);
        answer->feed = NULL;
    }
    answer_status(protocol, 500, answer);
}

/* A blob may be shared with a cache, so that it is a copy that is spoilt. */
void sim_aws_spoil(struct sim_answer *answer)
{
    enum sim_fault_kind kind =
        answer->fault != NULL ? answer->fault->kind : SIM_FAULT_NONE;
    struct sim_text text = {0};

    if (answer->blob == NULL || answer->gzip ||
        (kind != SIM_FAULT_TRUNCATED_JSON && kind != SIM_FAULT_BAD_UTF8 &&
         kind != SIM_FAULT_CONTROL_CHAR && kind != SIM_FAULT_UNBALANCED)) {
        return;
    }
    sim_text_add(&text, answer->blob->data, answer->blob->len);
    if (kind == SIM_FAULT_TRUNCATED_JSON) {
        text.len /= 2;
    } else if (!sim_answer_spoil(kind, &text, text.len / 2)) {
        sim_answer_spoil(kind, &text, 0);
    }
    sim_blob_release(answer->blob);
    answer->blob = sim_blob_new(text.data, text.len);
    sim_text_fini(&text);
}

/* A nextToken that isn't empty, in the body or in the query. */
static bool has_token(const struct sim_request *request)
{
    const char *at = memmem(request->body, request->body_len, "\"nextToken\"",
                            strlen("\"nextToken\""));

    if (at != NULL) {
        at += strlen("\"nextToken\"");
        at += strspn(at, " \t\r\n:");
        return *at == '"' && at[1] != '"';
    }
    at = strstr(request->target, "nextToken=");
    return at != NULL && at[10] != '\0' && at[10] != '&';
}

static bool is_conditional_write(const struct sim_request *request,
                                 const char *endpoint)
{
    return strcmp(endpoint, "aws:s3") == 0 &&
           (strcmp(request->method, "PUT") == 0 ||
            strcmp(request->method, "DELETE") == 0) &&
           (sim_request_header(request, "if-match") != NULL ||
            sim_request_header(request, "if-none-match") != NULL);
}

void sim_aws_pick_fault(struct sim_server *server,
                        const struct sim_request *request, const char *endpoint,
                        const char *operation, const char *who,
                        struct sim_answer *answer)
{
    struct sim_fault_trial trial = {.seed = server->options.seed,
                                    .endpoint = endpoint,
                                    .operation = operation,
                                    .aws = true,
                                    .conditional =
                                        is_conditional_write(request, endpoint),
                                    .has_cursor = has_token(request)};
    uint64_t identity = sim_mix_bytes(trial.seed, who, strlen(who));

    identity =
        sim_mix_bytes(identity, request->method, strlen(request->method));
    identity =
        sim_mix_bytes(identity, request->target, strlen(request->target));
    trial.identity = sim_mix_bytes(identity, request->body, request->body_len);
    answer->fault = sim_fault_pick(&server->options.faults, &trial);
    if (answer->fault != NULL) {
        server->stats.faults[answer->fault->kind]++;
    }
}
