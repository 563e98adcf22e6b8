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
    } else if (protocol == SIM_PROTOCOL_QUERY) {
        sim_protocol_error(answer, protocol, 400, "Throttling",
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

static bool answer_5xx(enum sim_protocol protocol, struct sim_answer *answer)
{
    bool s3 = protocol == SIM_PROTOCOL_S3;

    switch (answer->fault->kind) {
    case SIM_FAULT_500:
        sim_protocol_error(answer, protocol, 500,
                           s3                               ? "InternalError"
                           : protocol == SIM_PROTOCOL_QUERY ? "InternalFailure"
                                                            : "InternalServer"
                                                              "ErrorException",
                           "We encountered an internal error. Please try "
                           "again.");
        return true;
    case SIM_FAULT_503:
    case SIM_FAULT_UNCOMPRESSED_ERROR:
        sim_protocol_error(
            answer, protocol, 503, s3 ? "SlowDown" : "ServiceUnavailable",
            s3 ? "Please reduce your request rate." : "Service Unavailable");
        return true;
    case SIM_FAULT_504:
        sim_answer_text(answer, 504, "application/json",
                        "{\"message\":\"Endpoint request timed out\"}");
        return true;
    case SIM_FAULT_504_HTML:
        sim_answer_text(answer, 504, html,
                        "<html><head><title>504 Gateway Time-out</title>"
                        "</head><body>504</body></html>\n");
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
    if (answer_429(server, protocol, answer) || answer_5xx(protocol, answer)) {
        return true;
    }
    switch (answer->fault->kind) {
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

void sim_aws_pick_fault(struct sim_server *server,
                        const struct sim_request *request, const char *endpoint,
                        const char *who, struct sim_answer *answer)
{
    struct sim_fault_trial trial = {.seed = server->options.seed,
                                    .endpoint = endpoint,
                                    .aws = true,
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
