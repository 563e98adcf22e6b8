/* SPDX-License-Identifier: Apache-2.0 */
/* What: STS, version 2011-06-15 of the query protocol. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws_services.h"
#include "aws_state.h"
#include "form.h"
#include "operation.h"
#include "server.h"
#include "xml.h"

#define VERSION "2011-06-15"

struct asked {
    struct sim_text role;
    struct sim_text session;
    struct sim_text external_id;
    struct sim_text token;
    bool has_external_id;
    int64_t seconds;
};

/* One constraint of the API's model: length and alphabet. */
struct field {
    const char *name;   /* on the wire */
    const char *member; /* in the sentence */
    size_t low;
    size_t high;
    const char *pattern; /* NULL: any; else what the extra bytes are */
};

static bool refuse(struct sim_answer *answer, int status, const char *code,
                   const char *message)
{
    sim_protocol_error(answer, SIM_PROTOCOL_QUERY, status, code, message);
    return false;
}

static bool refuse_value(struct sim_answer *answer, const char *member,
                         const char *value, const char *constraint)
{
    return sim_form_refuse_value(answer, SIM_PROTOCOL_QUERY, member, value,
                                 constraint);
}

static bool check_field(const struct field *field, const struct sim_text *value,
                        struct sim_answer *answer)
{
    size_t len = value->len - 1; /* without the NUL */
    char constraint[160];

    if (len < field->low || len > field->high) {
        snprintf(constraint, sizeof(constraint),
                 "have length %s than or equal to %zu",
                 len < field->low ? "greater" : "less",
                 len < field->low ? field->low : field->high);
        return refuse_value(answer, field->member, value->data, constraint);
    }
    for (size_t i = 0; field->pattern != NULL && i < len; i++) {
        unsigned char byte = (unsigned char)value->data[i];

        if (byte >= 128 ||
            (!isalnum(byte) && strchr(field->pattern, byte) == NULL)) {
            snprintf(constraint, sizeof(constraint),
                     "satisfy regular expression pattern: [\\w%s]*",
                     field->pattern + 1);
            return refuse_value(answer, field->member, value->data, constraint);
        }
    }
    return true;
}

static bool take_field(const struct sim_request *request,
                       const struct field *field, struct sim_text *out,
                       struct sim_answer *answer)
{
    if (!sim_form_get(request, field->name, out)) {
        return refuse_value(answer, field->member, NULL, "not be null");
    }
    return check_field(field, out, answer);
}

static bool take_seconds(const struct sim_request *request, struct asked *asked,
                         struct sim_answer *answer)
{
    struct sim_text text = {0};
    bool ok = true;

    asked->seconds = 3600;
    if (sim_form_get(request, "DurationSeconds", &text)) {
        ok = sim_query_number(text.data, &asked->seconds);
        if (!ok || asked->seconds < 900 || asked->seconds > 43200) {
            ok = refuse_value(answer, "durationSeconds", text.data,
                              ok && asked->seconds > 43200
                                  ? "have value less than or equal to 43200"
                                  : "have value greater than or equal to 900");
        }
    }
    sim_text_fini(&text);
    return ok;
}

/* What both ways of assuming a role have in common. */
static bool take_role(const struct sim_request *request, struct asked *asked,
                      struct sim_answer *answer)
{
    static const struct field role = {"RoleArn", "roleArn", 20, 2048, NULL};
    static const struct field session = {"RoleSessionName", "roleSessionName",
                                         2, 64, "_+=,.@-"};

    if (!take_field(request, &role, &asked->role, answer) ||
        !take_field(request, &session, &asked->session, answer) ||
        !take_seconds(request, asked, answer)) {
        return false;
    }
    if (strncmp(asked->role.data, "arn:aws:iam::", 13) != 0 ||
        strstr(asked->role.data, ":role/") == NULL) {
        char message[300];

        snprintf(message, sizeof(message), "%.200s is invalid",
                 asked->role.data);
        return refuse(answer, 400, "ValidationError", message);
    }
    return true;
}

static void fini_asked(struct asked *asked)
{
    sim_text_fini(&asked->role);
    sim_text_fini(&asked->session);
    sim_text_fini(&asked->external_id);
    sim_text_fini(&asked->token);
}

static void put_credentials(struct sim_text *out, const struct sim_key *key)
{
    char expiration[32];

    sim_aws_instant(key->expires, expiration, sizeof(expiration));
    sim_text_str(out, "    <Credentials>\n      ");
    sim_xml_put(out, "AccessKeyId", key->id);
    sim_text_str(out, "\n      ");
    sim_xml_put(out, "SecretAccessKey", key->secret);
    sim_text_str(out, "\n      ");
    sim_xml_put(out, "SessionToken", key->token);
    sim_text_str(out, "\n      ");
    sim_xml_put(out, "Expiration", expiration);
    sim_text_str(out, "\n    </Credentials>\n    <AssumedRoleUser>\n      ");
    sim_xml_put(out, "AssumedRoleId", key->user_id);
    sim_text_str(out, "\n      ");
    sim_xml_put(out, "Arn", key->arn);
    sim_text_str(out, "\n    </AssumedRoleUser>\n    ");
    sim_xml_put_int(out, "PackedPolicySize", 6);
    sim_text_str(out, "\n");
}

static const struct sim_key *issue(struct sim_server *server,
                                   const char *operation,
                                   const struct sim_aws_role *role,
                                   const struct asked *asked)
{
    return sim_aws_issue(server, operation, role->arn, asked->session.data,
                         sim_aws_expiry(server, role, asked->seconds));
}

/* A role's trust: known, and the external id that it demands, if any. */
static bool is_trusted(const struct sim_aws_role *role,
                       const struct asked *asked)
{
    return role != NULL &&
           (role->external_id[0] == '\0' ||
            (asked->has_external_id &&
             strcmp(asked->external_id.data, role->external_id) == 0));
}

static bool take_external_id(const struct sim_request *request,
                             struct asked *asked, struct sim_answer *answer)
{
    static const struct field field = {"ExternalId", "externalId", 2, 1224,
                                       "_+=,.@:/-"};

    asked->has_external_id =
        sim_form_get(request, "ExternalId", &asked->external_id);
    return !asked->has_external_id ||
           check_field(&field, &asked->external_id, answer);
}

static bool is_chained(const struct sim_aws_caller *caller)
{
    return strstr(caller->arn, ":assumed-role/") != NULL;
}

static void assume_role(struct sim_server *server,
                        const struct sim_request *request,
                        const struct sim_aws_caller *caller,
                        struct sim_answer *answer)
{
    struct asked asked = {.seconds = 0};
    struct sim_text out = {0};
    const struct sim_aws_role *role;
    char message[700];

    if (!take_role(request, &asked, answer) ||
        !take_external_id(request, &asked, answer)) {
        fini_asked(&asked);
        return;
    }
    role = sim_aws_role_find(&server->options.aws, asked.role.data);
    if (is_chained(caller) && asked.seconds > 3600) {
        refuse(answer, 400, "ValidationError",
               "The requested DurationSeconds exceeds the 1 hour session limit "
               "for roles assumed by role chaining");
    } else if (!is_trusted(role, &asked)) {
        snprintf(message, sizeof(message),
                 "User: %s is not authorized to perform: sts:AssumeRole on "
                 "resource: %.300s",
                 caller->arn, asked.role.data);
        refuse(answer, 403, "AccessDenied", message);
    } else {
        sim_form_begin(&out, SIM_PROTOCOL_QUERY, "AssumeRole");
        put_credentials(&out, issue(server, "AssumeRole", role, &asked));
        sim_form_end(&out, "AssumeRole", answer);
    }
    sim_text_fini(&out);
    fini_asked(&asked);
}

static bool is_web_trusted(struct sim_server *server,
                           const struct sim_aws_role *role,
                           const struct asked *asked, struct sim_answer *answer)
{
    const char *token = server->options.aws.web_identity_token;

    if (token[0] == '\0' || strcmp(token, asked->token.data) != 0) {
        return refuse(answer, 400, "InvalidIdentityToken",
                      "Couldn't retrieve verification key from your identity "
                      "provider, please reference AssumeRoleWithWebIdentity "
                      "documentation for requirements");
    }
    return role != NULL ||
           refuse(answer, 403, "AccessDenied",
                  "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

static void assume_with_token(struct sim_server *server,
                              const struct sim_request *request,
                              struct sim_answer *answer)
{
    static const char operation[] = "AssumeRoleWithWebIdentity";
    static const struct field token = {"WebIdentityToken", "webIdentityToken",
                                       4, 20000, NULL};
    struct asked asked = {.seconds = 0};
    struct sim_text out = {0};
    const struct sim_aws_role *role;

    server->aws->lapses[SIM_AWS_LAPSE_NEEDLESS_SIGNATURE] +=
        sim_request_header(request, "authorization") != NULL;
    if (take_role(request, &asked, answer) &&
        take_field(request, &token, &asked.token, answer)) {
        role = sim_aws_role_find(&server->options.aws, asked.role.data);
        if (is_web_trusted(server, role, &asked, answer)) {
            sim_form_begin(&out, SIM_PROTOCOL_QUERY, operation);
            put_credentials(&out, issue(server, operation, role, &asked));
            sim_text_str(&out, "    ");
            sim_xml_put(&out, "SubjectFromWebIdentityToken", "sim");
            sim_text_str(&out, "\n");
            sim_form_end(&out, operation, answer);
        }
    }
    sim_text_fini(&out);
    fini_asked(&asked);
}

static void tell_identity(const struct sim_aws_caller *caller,
                          struct sim_answer *answer)
{
    struct sim_text out = {0};

    sim_form_begin(&out, SIM_PROTOCOL_QUERY, "GetCallerIdentity");
    sim_text_str(&out, "    ");
    sim_xml_put(&out, "Arn", caller->arn);
    sim_text_str(&out, "\n    ");
    sim_xml_put(&out, "UserId", caller->user_id);
    sim_text_str(&out, "\n    ");
    sim_xml_put(&out, "Account", caller->account);
    sim_text_str(&out, "\n");
    sim_form_end(&out, "GetCallerIdentity", answer);
    sim_text_fini(&out);
}

void sim_sts_answer(struct sim_server *server,
                    const struct sim_request *request,
                    const struct sim_aws_caller *caller,
                    struct sim_answer *answer)
{
    struct sim_text scratch = {0};
    const char *action = sim_operation_of("sts", request, &scratch);

    if (!sim_form_check(request, VERSION, SIM_PROTOCOL_QUERY, answer)) {
        sim_text_fini(&scratch);
        return;
    }
    if (strcmp(action, "AssumeRole") == 0) {
        assume_role(server, request, caller, answer);
    } else if (strcmp(action, "AssumeRoleWithWebIdentity") == 0) {
        assume_with_token(server, request, answer);
    } else if (strcmp(action, "GetCallerIdentity") == 0) {
        tell_identity(caller, answer);
    } else {
        refuse(answer, 400, "InvalidAction",
               "Could not find operation for version " VERSION);
    }
    sim_text_fini(&scratch);
}
