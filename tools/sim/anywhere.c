/* SPDX-License-Identifier: Apache-2.0 */
/* What: CreateSession of IAM Roles Anywhere. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws_services.h"
#include "aws_state.h"
#include "certificate.h"
#include "document.h"
#include "json.h"
#include "server.h"

#define ARN_CAP 1024

/* What a request asks for, from its query or its body. */
struct session {
    char anchor[ARN_CAP];
    char profile[ARN_CAP];
    char role[ARN_CAP];
    char name[65]; /* roleSessionName, "" if none */
    int64_t seconds;
    const char *wrong;
};

/* The query's value, else the body's; false if absent, given twice or no
   text that fits. */
static bool take_text(const struct sim_query *query,
                      const struct sim_document *body, const char *name,
                      char *out, size_t cap)
{
    bool repeated = false;
    const char *value = sim_query_get(query, name, &repeated);
    const struct sim_node *node =
        body->count > 0 ? sim_document_member(body, &body->node[0], name)
                        : NULL;

    if (repeated || (value != NULL) == (node != NULL) ||
        (node != NULL && node->kind != SIM_NODE_STRING)) {
        return false;
    }
    value = node != NULL ? node->text : value;
    if (value[0] == '\0' || strlen(value) >= cap) {
        return false;
    }
    strcpy(out, value);
    return true;
}

static const char *take_seconds(const struct sim_document *body,
                                struct session *session)
{
    const struct sim_node *node =
        body->count > 0
            ? sim_document_member(body, &body->node[0], "durationSeconds")
            : NULL;

    session->seconds = 3600;
    if (node != NULL && (!sim_document_integer(node, &session->seconds) ||
                         session->seconds < 900 || session->seconds > 43200)) {
        return "durationSeconds must be a number from 900 to 43200";
    }
    return NULL;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len >= 2 && len <= 64 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789_+=,.@-") == len;
}

static const char *take_all(const struct sim_query *query,
                            const struct sim_document *body,
                            struct session *session)
{
    if (!take_text(query, body, "trustAnchorArn", session->anchor, ARN_CAP)) {
        return "trustAnchorArn must be given once, in the query or the body";
    }
    if (!take_text(query, body, "profileArn", session->profile, ARN_CAP)) {
        return "profileArn must be given once, in the query or the body";
    }
    if (!take_text(query, body, "roleArn", session->role, ARN_CAP)) {
        return "roleArn must be given once, in the query or the body";
    }
    if (body->count > 0 &&
        sim_document_member(body, &body->node[0], "roleSessionName") != NULL &&
        (!take_text(query, body, "roleSessionName", session->name,
                    sizeof(session->name)) ||
         !is_name(session->name))) {
        return "roleSessionName must be 2 to 64 of [\\w+=,.@-]";
    }
    return take_seconds(body, session);
}

/* An ARN of this service and kind; its region and account come out. */
static bool split_arn(const char *arn, const char *service, const char *kind,
                      char *region, char *account)
{
    char text[64];

    return strncmp(arn, "arn:aws:", 8) == 0 &&
           sim_arn_field(arn, 2, text, sizeof(text)) &&
           strcmp(text, service) == 0 &&
           sim_arn_field(arn, 3, region, SIM_AWS_REGION_CAP) &&
           sim_arn_field(arn, 4, account, SIM_AWS_ACCOUNT_LEN + 1) &&
           strlen(account) == SIM_AWS_ACCOUNT_LEN && strstr(arn, kind) != NULL;
}

/* Anchor and profile are of one region and account, which is the scope's. */
static const char *check_arns(const struct session *session, const char *region)
{
    char places[3][SIM_AWS_REGION_CAP];
    char accounts[3][SIM_AWS_ACCOUNT_LEN + 1];

    if (!split_arn(session->anchor, "rolesanywhere", ":trust-anchor/",
                   places[0], accounts[0])) {
        return "trustAnchorArn is not the ARN of a trust anchor";
    }
    if (!split_arn(session->profile, "rolesanywhere", ":profile/", places[1],
                   accounts[1])) {
        return "profileArn is not the ARN of a profile";
    }
    if (!split_arn(session->role, "iam", ":role/", places[2], accounts[2])) {
        return "roleArn is not the ARN of a role";
    }
    if (strcmp(places[0], region) != 0 || strcmp(places[1], region) != 0) {
        return "trust anchor and profile must be of the region that is asked";
    }
    return strcmp(accounts[0], accounts[1]) == 0
               ? NULL
               : "trust anchor and profile must be of one account";
}

/* False with session->wrong set. */
static bool read_session(const struct sim_query *query,
                         const struct sim_request *request, const char *region,
                         struct session *session)
{
    struct sim_document body = {.count = 0};

    memset(session, 0, sizeof(*session));
    if (request->body_len > 0 &&
        (!sim_document_read(&body, request->body, request->body_len) ||
         body.node[0].kind != SIM_NODE_OBJECT)) {
        session->wrong = "the body is not a JSON object";
    } else {
        session->wrong = take_all(query, &body, session);
    }
    if (session->wrong == NULL) {
        session->wrong = check_arns(session, region);
    }
    sim_document_fini(&body);
    return session->wrong == NULL;
}

static bool check_certificate(struct sim_signin *signin,
                              const struct sim_certificate *certificate)
{
    const struct sim_sigv4 *signature = &signin->signature;
    char *serial = sim_certificate_serial(certificate);
    bool same = serial != NULL && strcmp(serial, signature->key) == 0;
    X509_STORE *anchor = signin->server->aws->anchor;
    const char *wrong;

    OPENSSL_free(serial);
    if (!same) {
        return sim_signin_refuse(signin, SIM_REFUSED_CERTIFICATE,
                                 "The Credential must begin with the "
                                 "certificate's serial number in decimal");
    }
    wrong = anchor == NULL ? "Untrusted signing certificate"
                           : sim_certificate_judge(certificate, anchor,
                                                   sim_aws_now(signin->server));
    if (wrong != NULL) {
        return sim_signin_refuse(signin, SIM_REFUSED_CERTIFICATE, "%s", wrong);
    }
    if (!sim_certificate_signed(certificate, signature->algorithm,
                                &signin->to_sign, signature->signature)) {
        return sim_signin_refuse(signin, SIM_REFUSED_CERTIFIED,
                                 "Invalid signature");
    }
    return true;
}

bool sim_anywhere_sign_in(struct sim_signin *signin,
                          struct sim_aws_caller *caller)
{
    const struct sim_request *request = signin->request;
    const char *end = sim_request_header(request, "x-amz-x509");
    struct sim_certificate certificate = {.end = NULL};
    struct session session;
    const char *wrong =
        end == NULL ? "X-Amz-X509 is missing"
                    : sim_certificate_read(
                          &certificate, end,
                          sim_request_header(request, "x-amz-x509-chain"));
    bool ok = wrong == NULL ? check_certificate(signin, &certificate)
                            : sim_signin_refuse(signin, SIM_REFUSED_CERTIFICATE,
                                                "%s", wrong);

    sim_certificate_fini(&certificate);
    if (!ok) {
        return false;
    }
    snprintf(caller->region, sizeof(caller->region), "%s",
             signin->signature.region);
    strcpy(caller->service, "rolesanywhere");
    snprintf(caller->access_key, sizeof(caller->access_key), "%.129s",
             signin->signature.key);
    if (read_session(&signin->server->query, request, caller->region,
                     &session)) {
        sim_arn_field(session.anchor, 4, caller->account,
                      sizeof(caller->account));
        snprintf(caller->arn, sizeof(caller->arn),
                 "arn:aws:rolesanywhere:%s:%s:subject/sim", caller->region,
                 caller->account);
    }
    return true;
}

static void put_session(struct sim_json *json, const struct session *session,
                        const struct sim_key *key)
{
    char expiration[32];

    sim_aws_instant(key->expires, expiration, sizeof(expiration));
    sim_json_key(json, "assumedRoleUser");
    sim_json_object(json);
    sim_json_put_string(json, "arn", key->arn);
    sim_json_put_string(json, "assumedRoleId", key->user_id);
    sim_json_end(json);
    sim_json_key(json, "credentials");
    sim_json_object(json);
    sim_json_put_string(json, "accessKeyId", key->id);
    sim_json_put_string(json, "secretAccessKey", key->secret);
    sim_json_put_string(json, "sessionToken", key->token);
    sim_json_put_string(json, "expiration", expiration);
    sim_json_end(json);
    sim_json_put_int(json, "packedPolicySize", 10);
    sim_json_put_string(json, "roleArn", session->role);
    sim_json_put_string(json, "sourceIdentity", "CN=sim");
}

static void give_session(const struct session *session,
                         const struct sim_key *key,
                         const struct sim_aws_caller *caller,
                         struct sim_answer *answer)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_key(&json, "credentialSet");
    sim_json_array(&json);
    sim_json_object(&json);
    put_session(&json, session, key);
    sim_json_end(&json);
    sim_json_end(&json);
    sim_json_put_string(&json, "subjectArn", caller->arn);
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_aws_json(answer, text.data);
    answer->status = 201;
    sim_json_fini(&json);
    sim_text_fini(&text);
}

/* NULL, or which of the three isn't there. */
static const char *find_missing(const struct sim_aws_options *options,
                                const struct session *session)
{
    if (options->anywhere_anchor[0] != '\0' &&
        strcmp(options->anywhere_anchor, session->anchor) != 0) {
        return "Trust anchor not found";
    }
    if (options->anywhere_profile[0] != '\0' &&
        strcmp(options->anywhere_profile, session->profile) != 0) {
        return "Profile not found";
    }
    return NULL;
}

static bool is_json(const struct sim_request *request)
{
    const char *type = sim_request_header(request, "content-type");

    return type != NULL && strncasecmp(type, "application/json", 16) == 0;
}

void sim_anywhere_answer(struct sim_server *server,
                         const struct sim_request *request,
                         const struct sim_aws_caller *caller,
                         struct sim_answer *answer)
{
    const struct sim_aws_options *options = &server->options.aws;
    const struct sim_aws_role *role;
    struct session session;
    char name[65];
    char message[ARN_CAP + 64];

    if (strcmp(request->method, "POST") != 0 || !is_json(request)) {
        sim_aws_error(answer, 400, "ValidationException",
                      "a POST of application/json is expected");
        return;
    }
    if (!read_session(&server->query, request, caller->region, &session)) {
        sim_aws_error(answer, 400, "ValidationException", session.wrong);
        return;
    }
    if (find_missing(options, &session) != NULL) {
        sim_aws_error(answer, 404, "ResourceNotFoundException",
                      find_missing(options, &session));
        return;
    }
    role = sim_aws_role_find(options, session.role);
    if (role == NULL) {
        snprintf(message, sizeof(message), "Unable to assume role for %s",
                 session.role);
        sim_aws_error(answer, 403, "AccessDeniedException", message);
        return;
    }
    /* Without a name of its own the session has the serial number's. */
    snprintf(name, sizeof(name), "%.64s",
             session.name[0] != '\0' ? session.name : caller->access_key);
    give_session(&session,
                 sim_aws_issue(server, "CreateSession", role->arn, name,
                               sim_aws_expiry(server, role, session.seconds)),
                 caller, answer);
}
