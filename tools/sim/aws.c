/* SPDX-License-Identifier: Apache-2.0 */
/* What: whose request it is, and the way to its service: signature, region,
   permission, rate, fault; in this order. */
#include "aws.h"

#include <stdio.h>
#include <string.h>

#include "aws_faults.h"
#include "aws_services.h"
#include "aws_state.h"
#include "host.h"
#include "operation.h"
#include "permission.h"
#include "secrets.h"
#include "server.h"
#include "signin.h"
#include "xml.h"

/* One request on its way. */
struct call {
    struct sim_server *server;
    const struct sim_request *request;
    struct sim_answer *answer;
    const char *service;
    const char *operation;
    enum sim_protocol protocol;
    struct sim_aws_caller caller;
    struct sim_count *row;
};

static bool path_begins(const struct sim_request *request, const char *path)
{
    return strncmp(request->target, path, strlen(path)) == 0;
}

static bool path_is(const struct sim_request *request, const char *path)
{
    size_t len = strcspn(request->target, "?");

    return len == strlen(path) && strncmp(request->target, path, len) == 0;
}

/* The services that a signature or a host may name. */
static const char *const services[] = {
    "guardduty", "sts", "s3", "secretsmanager", "iam", "rolesanywhere"};

/* The fourth field of the credential; NULL unless it is a service we have. */
static const char *service_of_scope(const char *authorization)
{
    const char *at = strstr(authorization, "Credential=");

    for (int i = 0; at != NULL && i < 3; i++) {
        at = strchr(at + 1, '/');
    }
    for (size_t i = 0; at != NULL && i < sizeof(services) / sizeof(services[0]);
         i++) {
        size_t len = strlen(services[i]);

        if (strncmp(at + 1, services[i], len) == 0 && at[1 + len] == '/') {
            return services[i];
        }
    }
    return NULL;
}

static const char *service_of_host(const struct sim_request *request)
{
    struct sim_host host;

    sim_host_read(&host, request->host);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(host.service, services[i]) == 0) {
            return services[i];
        }
    }
    return NULL;
}

/* As moto does: by path where the path is enough, then by the scope, then by
   the host's name; what is left goes by its looks. NULL: it isn't AWS's. */
static const char *find_service(const struct sim_server *server,
                                const struct sim_request *request)
{
    const char *authorization = sim_request_header(request, "authorization");
    bool aws4 =
        authorization != NULL && strncmp(authorization, "AWS4-", 5) == 0;
    const char *service = NULL;

    if (path_begins(request, "/api/")) {
        return NULL;
    }
    if (path_is(request, "/sessions")) {
        return "rolesanywhere";
    }
    if (!aws4 && path_begins(request, "/latest/")) {
        return "imds";
    }
    if (!aws4 && path_is(request, "/v1/credentials")) {
        return "container";
    }
    if (aws4) {
        service = service_of_scope(authorization);
    }
    if (service == NULL) {
        service = service_of_host(request);
    }
    if (service == NULL && path_begins(request, "/detector")) {
        service = "guardduty";
    }
    if (service == NULL && path_is(request, "/") &&
        strcmp(request->method, "POST") == 0) {
        service = "sts";
    }
    if (service == NULL && (server->options.aws.s3_root[0] != '\0' ||
                            server->options.aws.buckets > 0)) {
        service = "s3";
    }
    return service == NULL && authorization != NULL ? "unknown" : service;
}

static enum sim_protocol protocol_of(const char *service)
{
    static const struct {
        const char *service;
        enum sim_protocol protocol;
    } protocols[] = {{"sts", SIM_PROTOCOL_QUERY},
                     {"iam", SIM_PROTOCOL_IAM},
                     {"secretsmanager", SIM_PROTOCOL_JSON},
                     {"s3", SIM_PROTOCOL_S3},
                     {"imds", SIM_PROTOCOL_IMDS},
                     {"container", SIM_PROTOCOL_CONTAINER}};

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (strcmp(protocols[i].service, service) == 0) {
            return protocols[i].protocol;
        }
    }
    return SIM_PROTOCOL_REST;
}

/* Web identity is the one operation that a client without keys may ask for;
   the rest is signed, or isn't signed with SigV4 at all. */
static bool is_signed(const struct call *call)
{
    return strcmp(call->operation, "AssumeRoleWithWebIdentity") != 0 &&
           call->protocol != SIM_PROTOCOL_IMDS &&
           call->protocol != SIM_PROTOCOL_CONTAINER;
}

/* S3 tells the region that it expected, for whoever wants to go there. */
static void refuse(struct call *call, const struct sim_signin *signin)
{
    struct sim_text elements = {0};
    struct sim_host host;

    call->server->aws->refusals[signin->refusal]++;
    sim_host_read(&host, call->request->host);
    if (call->protocol != SIM_PROTOCOL_S3 || host.region[0] == '\0' ||
        signin->refusal != SIM_REFUSED_REGION) {
        sim_protocol_refuse(call->answer, call->protocol, signin->refusal,
                            signin->message.data);
        return;
    }
    sim_xml_put(&elements, "Region", host.region);
    sim_text_byte(&elements, '\0');
    sim_protocol_s3_error(call->answer, 400, "AuthorizationHeaderMalformed",
                          signin->message.data, elements.data);
    sim_text_fini(&elements);
}

static bool sign_in(struct call *call, const char *malformed)
{
    struct sim_signin signin = {.server = call->server,
                                .request = call->request,
                                .malformed = malformed,
                                .service = call->service};
    bool ok;

    if (!is_signed(call)) {
        strcpy(call->caller.region, "aws-global");
        return true;
    }
    ok = sim_signin_read(&signin) &&
         (strcmp(call->service, "rolesanywhere") == 0
              ? sim_anywhere_sign_in(&signin, &call->caller)
              : sim_signin_key(&signin, &call->caller));
    if (!ok) {
        refuse(call, &signin);
    }
    sim_signin_fini(&signin);
    return ok;
}

static bool is_enabled(struct call *call)
{
    const struct sim_aws_options *options = &call->server->options.aws;

    for (unsigned i = 0; i < options->offs; i++) {
        if (strcmp(call->service, "s3") != 0 &&
            sim_aws_place_matches(&options->off[i], call->caller.account,
                                  call->caller.region, call->operation)) {
            sim_protocol_refuse(call->answer, call->protocol,
                                SIM_REFUSED_UNKNOWN_KEY,
                                "The security token included in the request "
                                "is invalid.");
            return false;
        }
    }
    return true;
}

/* What the denial names: the detector, the bucket and key, the secret as it
   was asked for, the role; where the request has none of them, all that there
   are. */
static void put_resource(const struct call *call, struct sim_text *out)
{
    const struct sim_request *request = call->request;
    const char *path = call->server->query.path;
    struct sim_host host;

    if (strcmp(call->service, "guardduty") == 0) {
        const char *id = path_begins(request, "/detector/") ? path + 10 : "*";

        sim_text_printf(out, "arn:aws:guardduty:%s:%s:detector/%.*s",
                        call->caller.region, call->caller.account,
                        (int)strcspn(id, "/"), id);
    } else if (strcmp(call->service, "s3") == 0) {
        sim_host_read(&host, request->host);
        sim_text_printf(out, "\"arn:aws:s3:::%s%s\"", host.bucket,
                        host.bucket[0] == '\0' ? path + 1 : path);
    } else if (strcmp(call->service, "secretsmanager") == 0) {
        sim_secrets_resource(request, out);
    } else if (!sim_form_get(request, "RoleArn", out) &&
               !sim_form_get(request, "PolicySourceArn", out)) {
        sim_text_str(out, "*");
    }
    sim_text_byte(out, '\0');
}

static void deny(struct call *call, const char *operation, bool explicitly)
{
    const char *action = sim_operation_action(call->service, operation);
    bool json = call->protocol == SIM_PROTOCOL_JSON;
    struct sim_text resource = {0};
    char because[160] = "with an explicit deny in an identity-based policy";
    char message[3200];

    put_resource(call, &resource);
    if (!explicitly) {
        snprintf(because, sizeof(because),
                 "because no identity-based policy allows the %s:%.64s action",
                 call->service, action);
    }
    snprintf(message, sizeof(message),
             "User: %s is not authorized to perform: %s:%s on resource: "
             "%.2048s %s",
             call->caller.arn, call->service, action, resource.data, because);
    sim_protocol_error(call->answer, call->protocol, json ? 400 : 403,
                       json || call->protocol == SIM_PROTOCOL_REST
                           ? "AccessDeniedException"
                           : "AccessDenied",
                       message);
    sim_text_fini(&resource);
    call->row->denied++;
}

static bool may_call(struct call *call, const char *operation)
{
    enum sim_permission permission =
        sim_permission_to_call(&call->server->options.aws, call->caller.account,
                               call->caller.region, call->service, operation);

    if (permission != SIM_ALLOWED) {
        deny(call, operation, permission == SIM_DENIED_EXPLICITLY);
    }
    return permission == SIM_ALLOWED;
}

/* A write that compares ETags reads them: it takes s3:GetObject too. */
static bool may(struct call *call)
{
    const char *match = sim_request_header(call->request, "if-match");
    bool compares = strcmp(call->operation, "PutObject") == 0 ||
                    strcmp(call->operation, "DeleteObject") == 0;

    return may_call(call, call->operation) &&
           (!compares || match == NULL || strcmp(match, "*") == 0 ||
            may_call(call, "GetObject"));
}

/* A window of --aws-throttle, for this operation here; what is rejected
   doesn't count against it. */
static bool has_rate(struct call *call)
{
    const struct sim_aws_options *options = &call->server->options.aws;
    struct sim_count *row = call->row;
    double wall = sim_server_wall();

    for (unsigned i = 0; i < options->throttles; i++) {
        const struct sim_aws_place *place = &options->throttle[i];

        if (!sim_aws_place_matches(place, call->caller.account,
                                   call->caller.region, call->operation)) {
            continue;
        }
        if (wall >= row->window_start + (double)place->seconds) {
            row->window_start = wall;
            row->window_requests = 0;
        }
        if (row->window_requests < place->requests) {
            row->window_requests++;
            return true;
        }
        row->throttled++;
        sim_aws_throttled(call->answer, call->protocol);
        return false;
    }
    return true;
}

static bool misbehaves(struct call *call)
{
    char who[128];

    if (call->answer->fault != NULL ||
        call->server->options.faults.count == 0) {
        return false; /* the N-th request of all has a fault already */
    }
    snprintf(who, sizeof(who), "%s/%s/%s", call->service, call->caller.account,
             call->caller.region);
    sim_aws_pick_fault(call->server, call->request,
                       sim_operation_endpoint(call->service, call->operation),
                       call->operation, who, call->answer);
    return sim_aws_misbehave(call->server, call->protocol, call->answer);
}

static void serve(struct call *call)
{
    static const struct {
        const char *service;
        void (*answer)(struct sim_server *server,
                       const struct sim_request *request,
                       const struct sim_aws_caller *caller,
                       struct sim_answer *answer);
    } rows[] = {{"guardduty", sim_guardduty_answer},
                {"sts", sim_sts_answer},
                {"s3", sim_s3_answer},
                {"secretsmanager", sim_secrets_answer},
                {"iam", sim_iam_answer},
                {"imds", sim_imds_answer},
                {"container", sim_container_answer},
                {"rolesanywhere", sim_anywhere_answer}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].service, call->service) == 0) {
            rows[i].answer(call->server, call->request, &call->caller,
                           call->answer);
            sim_aws_forget_success(call->protocol, call->answer);
            sim_aws_spoil(call->answer);
            return;
        }
    }
    sim_protocol_error(call->answer, call->protocol, 404,
                       "UnknownOperationException", "no such operation");
}

bool sim_aws_route(struct sim_server *server, const struct sim_request *request,
                   const char *malformed, struct sim_answer *answer)
{
    struct call call = {.server = server, .request = request, .answer = answer};
    struct sim_text scratch = {0};

    call.service = find_service(server, request);
    if (call.service == NULL) {
        return false;
    }
    answer->aws = true;
    answer->clock_offset_s = server->options.aws.clock_offset_s;
    server->aws->requests++;
    call.protocol = protocol_of(call.service);
    call.operation = sim_operation_of(call.service, request, &scratch);
    answer->fault = sim_nth_count(&server->aws->nth);
    if (!sim_aws_misbehave(server, call.protocol, answer) &&
        sign_in(&call, malformed)) {
        call.row = sim_count_row(server->aws, call.service, call.operation,
                                 call.caller.account, call.caller.region);
        call.row->requests++;
        if (is_enabled(&call) && may(&call) && has_rate(&call) &&
            !misbehaves(&call)) {
            serve(&call);
        }
    }
    sim_text_fini(&scratch);
    return true;
}
