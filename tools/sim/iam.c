/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: IAM, version 2010-05-08 of the query protocol: SimulatePrincipalPolicy
 * over the rules that the services obey (permission.h).
 *
 * Principals that exist: the base account's user, and every role that can be
 * assumed, by its whole ARN with its path. The ARN of a session, which
 * GetCallerIdentity tells, is none.
 *
 * Regions: a rule for one region holds for an action when the resource's ARN
 * names that region (a bucket stands in its own), or the context has it as
 * aws:RequestedRegion. Where neither says anything, such rules don't hold, and
 * the result lists aws:RequestedRegion as missing.
 *
 * Limits: SIM_IAM_LIST actions and as many resources.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws_services.h"
#include "aws_state.h"
#include "form.h"
#include "operation.h"
#include "permission.h"
#include "s3.h"
#include "server.h"
#include "xml.h"

#define VERSION "2010-05-08"
#define OPERATION "SimulatePrincipalPolicy"
#define REGION_KEY "aws:RequestedRegion"
#define SIM_IAM_LIST 256

/* What is to be evaluated; texts are this struct's own, each with NUL. */
struct simulation {
    struct sim_server *server;
    const struct sim_request *request;
    struct sim_answer *answer;
    struct sim_text principal;
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    struct sim_text action[SIM_IAM_LIST];
    struct sim_text resource[SIM_IAM_LIST];
    size_t actions;
    size_t resources;
    struct sim_text region; /* of the context; empty: not said */
    int64_t first;          /* result of this page */
    int64_t max;
};

static bool refuse(struct simulation *simulation, int status, const char *code,
                   const char *message)
{
    sim_protocol_error(simulation->answer, SIM_PROTOCOL_IAM, status, code,
                       message);
    return false;
}

static bool refuse_value(struct simulation *simulation, const char *member,
                         const char *value, const char *constraint)
{
    return sim_form_refuse_value(simulation->answer, SIM_PROTOCOL_IAM, member,
                                 value, constraint);
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Parameters of features that aren't here would change the result. */
static bool check_names(struct simulation *simulation)
{
    static const char *const known[] = {"Action=",
                                        "Version=",
                                        "PolicySourceArn=",
                                        "ActionNames.member.",
                                        "ResourceArns.member.",
                                        "ContextEntries.member.",
                                        "MaxItems=",
                                        "Marker="};
    const char *at = simulation->request->body;

    while (*at != '\0') {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            found = found || begins(at, known[i]);
        }
        if (!found) {
            return refuse(simulation, 400, "InvalidInput",
                          "a parameter that this simulator doesn't evaluate");
        }
        at += strcspn(at, "&");
        at += *at == '&';
    }
    return true;
}

/* NAME.member.1, .2 and on into `list`. */
static bool take_list(struct simulation *simulation, const char *name,
                      struct sim_text *list, size_t *count)
{
    char member[80];

    snprintf(member, sizeof(member), "%s.member.1", name);
    while (*count < SIM_IAM_LIST &&
           sim_form_get(simulation->request, member, &list[*count])) {
        ++*count;
        snprintf(member, sizeof(member), "%s.member.%zu", name, *count + 1);
    }
    return *count < SIM_IAM_LIST ||
           refuse(simulation, 400, "LimitExceeded",
                  "This simulator takes 255 actions and resources");
}

static bool refuse_entity(struct simulation *simulation, const char *arn,
                          bool exists_elsewhere)
{
    char message[600];

    if (exists_elsewhere) {
        snprintf(message, sizeof(message),
                 "The %s with name %.256s cannot be found.",
                 strstr(arn, ":user/") != NULL ? "user" : "role",
                 sim_arn_name(arn));
        return refuse(simulation, 404, "NoSuchEntity", message);
    }
    snprintf(message, sizeof(message), "Invalid Entity Arn: %.256s", arn);
    return refuse(simulation, 400, "InvalidInput", message);
}

static bool is_known_principal(const struct sim_server *server, const char *arn)
{
    const struct sim_aws_options *options = &server->options.aws;
    char own[SIM_AWS_ARN_CAP];

    snprintf(own, sizeof(own), "arn:aws:iam::%s:user/sim", options->account);
    if (strcmp(arn, own) == 0 || sim_aws_role_find(options, arn) != NULL) {
        return true;
    }
    snprintf(own, sizeof(own), "arn:aws:iam::%s:role/%.64s", options->account,
             options->imds_role);
    if (strcmp(arn, own) == 0) {
        return true;
    }
    snprintf(own, sizeof(own), "arn:aws:iam::%s:role/" SIM_CONTAINER_ROLE,
             options->account);
    return strcmp(arn, own) == 0;
}

/* A user, role or group of the caller's account; a session is none. */
static bool take_principal(struct simulation *simulation,
                           const struct sim_aws_caller *caller)
{
    struct sim_text *arn = &simulation->principal;
    char kind[16] = "";

    if (!sim_form_get(simulation->request, "PolicySourceArn", arn)) {
        return refuse_value(simulation, "policySourceArn", NULL, "not be null");
    }
    if (arn->len - 1 < 20 || arn->len - 1 > 2048) {
        return refuse_value(simulation, "policySourceArn", arn->data,
                            arn->len - 1 < 20
                                ? "have length greater than or equal to 20"
                                : "have length less than or equal to 2048");
    }
    if (sscanf(arn->data, "arn:%*[a-z-]:iam::%12[0-9]:%15[a-z]/",
               simulation->account, kind) != 2 ||
        strlen(simulation->account) != SIM_AWS_ACCOUNT_LEN ||
        (strcmp(kind, "user") != 0 && strcmp(kind, "role") != 0 &&
         strcmp(kind, "group") != 0)) {
        return refuse_entity(simulation, arn->data, false);
    }
    return (strcmp(simulation->account, caller->account) == 0 &&
            is_known_principal(simulation->server, arn->data)) ||
           refuse_entity(simulation, arn->data, true);
}

/* `service:Action`, and no wildcard. */
static bool check_actions(struct simulation *simulation)
{
    char message[300];

    if (simulation->actions == 0) {
        return refuse_value(simulation, "actionNames", NULL, "not be null");
    }
    for (size_t i = 0; i < simulation->actions; i++) {
        const char *action = simulation->action[i].data;
        size_t service =
            strspn(action, "abcdefghijklmnopqrstuvwxyz0123456789-");
        const char *name = action + service + 1;

        if (service == 0 || action[service] != ':' || name[0] == '\0' ||
            strlen(action) > 128 ||
            strspn(name,
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(name)) {
            snprintf(message, sizeof(message), "Invalid Action Name: %.200s",
                     action);
            return refuse(simulation, 400, "InvalidInput", message);
        }
    }
    return true;
}

static bool check_resources(struct simulation *simulation)
{
    if (simulation->resources == 0) {
        sim_text_add(&simulation->resource[0], "*", 2);
        simulation->resources = 1;
    }
    for (size_t i = 0; i < simulation->resources; i++) {
        const char *arn = simulation->resource[i].data;
        char field[2048];

        if (strcmp(arn, "*") != 0 &&
            (!begins(arn, "arn:") ||
             !sim_arn_field(arn, 5, field, sizeof(field)))) {
            return refuse(simulation, 400, "InvalidInput",
                          "Invalid Resource Arn");
        }
    }
    return true;
}

/* aws:RequestedRegion, if the context has it; other keys hold no rule here. */
static bool take_context(struct simulation *simulation)
{
    struct sim_text key = {0};
    struct sim_text type = {0};
    char name[80];
    bool ok = true;

    for (int i = 1; ok; i++) {
        snprintf(name, sizeof(name), "ContextEntries.member.%d.ContextKeyName",
                 i);
        if (!sim_form_get(simulation->request, name, &key)) {
            break;
        }
        snprintf(name, sizeof(name), "ContextEntries.member.%d.ContextKeyType",
                 i);
        ok = (sim_form_get(simulation->request, name, &type) &&
              begins(type.data, "string")) ||
             refuse(simulation, 400, "InvalidInput",
                    "only context keys of strings are evaluated here");
        snprintf(name, sizeof(name),
                 "ContextEntries.member.%d.ContextKeyValues.member.1", i);
        if (ok && strcasecmp(key.data, REGION_KEY) == 0) {
            sim_form_get(simulation->request, name, &simulation->region);
        }
    }
    sim_text_fini(&key);
    sim_text_fini(&type);
    return ok;
}

/* A marker is `m` and the number of the page's first result. */
static bool take_page(struct simulation *simulation)
{
    int64_t limit = simulation->server->options.aws.iam_page;
    int64_t all = (int64_t)(simulation->actions * simulation->resources);
    struct sim_text text = {0};
    bool ok = true;

    simulation->max = 100;
    if (sim_form_get(simulation->request, "MaxItems", &text) &&
        (!sim_query_number(text.data, &simulation->max) ||
         simulation->max < 1 || simulation->max > 1000)) {
        ok = refuse_value(simulation, "maxItems", text.data,
                          "have value between 1 and 1000");
    }
    if (limit > 0 && limit < simulation->max) {
        simulation->max = limit;
    }
    if (ok && sim_form_get(simulation->request, "Marker", &text) &&
        (text.data[0] != 'm' ||
         !sim_query_number(text.data + 1, &simulation->first) ||
         simulation->first <= 0 || simulation->first >= all)) {
        ok = refuse(simulation, 400, "InvalidInput", "Invalid Marker");
    }
    sim_text_fini(&text);
    return ok;
}

/* The region that the resource is in, or that was said; "": nobody knows. */
static void find_region(struct simulation *simulation, const char *resource,
                        char *out, size_t cap)
{
    char field[2048];

    out[0] = '\0';
    if (simulation->region.len > 0) {
        snprintf(out, cap, "%s", simulation->region.data);
    } else if (begins(resource, "arn:aws:s3:::") &&
               sim_arn_field(resource, 5, field, sizeof(field))) {
        const struct sim_bucket *bucket;

        field[strcspn(field, "/")] = '\0';
        bucket = sim_s3_bucket(simulation->server, field);
        snprintf(out, cap, "%s", bucket != NULL ? bucket->region : "");
    } else if (strcmp(resource, "*") != 0) {
        sim_arn_field(resource, 3, out, cap);
    }
}

/* True if a rule for one region could hold, had the region been said. */
static bool wants_region(const struct simulation *simulation)
{
    const struct sim_aws_options *options = &simulation->server->options.aws;

    for (unsigned i = 0; i < options->denials; i++) {
        if (strcmp(options->denied[i].region, "*") != 0) {
            return true;
        }
    }
    return false;
}

static void put_result(struct sim_text *out, struct simulation *simulation,
                       const char *action, const char *resource)
{
    static const char *const decisions[] = {"allowed", "implicitDeny",
                                            "explicitDeny"};
    char region[SIM_AWS_REGION_CAP];
    char service[132];
    enum sim_permission permission;

    find_region(simulation, resource, region, sizeof(region));
    snprintf(service, sizeof(service), "%.*s", (int)strcspn(action, ":"),
             action);
    permission = sim_permission_to_act(&simulation->server->options.aws,
                                       simulation->account, region, service,
                                       action + strlen(service) + 1);
    sim_text_str(out, "      <member>\n        <MatchedStatements/>\n        ");
    if (region[0] == '\0' && wants_region(simulation)) {
        sim_text_str(out, "<MissingContextValues><member>" REGION_KEY
                          "</member></MissingContextValues>\n        ");
    } else {
        sim_text_str(out, "<MissingContextValues/>\n        ");
    }
    sim_xml_put(out, "EvalResourceName", resource);
    sim_xml_put(out, "EvalDecision", decisions[permission]);
    sim_xml_put(out, "EvalActionName", action);
    sim_text_str(out, "\n      </member>\n");
}

/* Each action with each resource, as far as this page goes. */
static void tell_results(struct simulation *simulation)
{
    size_t all = simulation->actions * simulation->resources;
    size_t at = (size_t)simulation->first;
    size_t end = at + (size_t)simulation->max;
    bool truncated = end < all;
    struct sim_text out = {0};

    end = truncated ? end : all;
    sim_form_begin(&out, SIM_PROTOCOL_IAM, OPERATION);
    sim_xml_put(&out, "IsTruncated", truncated ? "true" : "false");
    if (truncated) {
        sim_text_printf(&out, "<Marker>m%zu</Marker>", end);
    }
    sim_text_str(&out, "\n    <EvaluationResults>\n");
    for (; at < end; at++) {
        put_result(&out, simulation,
                   simulation->action[at / simulation->resources].data,
                   simulation->resource[at % simulation->resources].data);
    }
    sim_text_str(&out, "    </EvaluationResults>\n");
    sim_form_end(&out, OPERATION, simulation->answer);
    sim_text_fini(&out);
}

static void fini_simulation(struct simulation *simulation)
{
    sim_text_fini(&simulation->principal);
    sim_text_fini(&simulation->region);
    for (size_t i = 0; i < SIM_IAM_LIST; i++) {
        sim_text_fini(&simulation->action[i]);
        sim_text_fini(&simulation->resource[i]);
    }
}

void sim_iam_answer(struct sim_server *server,
                    const struct sim_request *request,
                    const struct sim_aws_caller *caller,
                    struct sim_answer *answer)
{
    struct simulation *simulation = sim_alloc(sizeof(*simulation));
    struct sim_text scratch = {0};

    simulation->server = server;
    simulation->request = request;
    simulation->answer = answer;
    if (!sim_form_check(request, VERSION, SIM_PROTOCOL_IAM, answer)) {
        /* said already */
    } else if (strcmp(sim_operation_of("iam", request, &scratch), OPERATION) !=
               0) {
        refuse(simulation, 400, "InvalidAction",
               "Could not find operation for version " VERSION);
    } else if (check_names(simulation) && take_principal(simulation, caller) &&
               take_list(simulation, "ActionNames", simulation->action,
                         &simulation->actions) &&
               take_list(simulation, "ResourceArns", simulation->resource,
                         &simulation->resources) &&
               check_actions(simulation) && check_resources(simulation) &&
               take_context(simulation) && take_page(simulation)) {
        tell_results(simulation);
    }
    sim_text_fini(&scratch);
    fini_simulation(simulation);
    free(simulation);
}
