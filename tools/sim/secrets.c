/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: Secrets Manager, JSON 1.1: what every operation is asked with, and
 * GetSecretValue; secrets_write.c has those that fill it. A member that the
 * model doesn't have is refused, as is one of another type. Limits: those of
 * the model (secret_store.h has them), lists in one page.
 */
#include "secrets.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_services.h"
#include "aws_state.h"
#include "operation.h"
#include "permission.h"
#include "secrets_call.h"
#include "server.h"

bool sim_secrets_refuse(struct sim_secrets_call *call, const char *type,
                        const char *message)
{
    sim_protocol_error(call->answer, SIM_PROTOCOL_JSON, 400, type, message);
    return false;
}

const struct sim_node *sim_secrets_member(const struct sim_secrets_call *call,
                                          const char *name)
{
    return sim_document_member(&call->document, call->document.node, name);
}

/* The text of a member, NULL if it is absent or null. */
const char *sim_secrets_text(const struct sim_secrets_call *call,
                             const char *name)
{
    const struct sim_node *node = sim_secrets_member(call, name);

    return node != NULL && node->kind == SIM_NODE_STRING ? node->text : NULL;
}

/* A member of the model: its kind, and how long it may be. */
struct field {
    const char *name;
    enum sim_node_kind kind;
    size_t low;
    size_t high;
};

static const struct field fields[] = {
    {"SecretId", SIM_NODE_STRING, 1, 2048},
    {"Name", SIM_NODE_STRING, 1, 512},
    {"VersionId", SIM_NODE_STRING, 32, 64},
    {"VersionStage", SIM_NODE_STRING, 1, 256},
    {"ClientRequestToken", SIM_NODE_STRING, 32, 64},
    {"Description", SIM_NODE_STRING, 0, 2048},
    {"KmsKeyId", SIM_NODE_STRING, 0, 2048},
    {"SecretString", SIM_NODE_STRING, 1, SIM_SECRET_MAX},
    {"SecretBinary", SIM_NODE_STRING, 1, (SIM_SECRET_MAX + 2) / 3 * 4},
    {"VersionStages", SIM_NODE_ARRAY, 0, 0},
    {"Tags", SIM_NODE_ARRAY, 0, 0},
    {"Filters", SIM_NODE_ARRAY, 0, 0},
    {"MaxResults", SIM_NODE_NUMBER, 0, 0},
    {"RecoveryWindowInDays", SIM_NODE_NUMBER, 0, 0},
    {"ForceDeleteWithoutRecovery", SIM_NODE_TRUE, 0, 0},
    {"IncludePlannedDeletion", SIM_NODE_TRUE, 0, 0},
};

static const struct field *find_field(const char *name)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static bool check_length(struct sim_secrets_call *call,
                         const struct field *field, size_t len)
{
    char message[300];

    if (field->kind != SIM_NODE_STRING ||
        (len >= field->low && len <= field->high)) {
        return true;
    }
    /* The value itself may be a secret. */
    snprintf(message, sizeof(message),
             "1 validation error detected: Value at '%c%s' failed to satisfy "
             "constraint: Member must have length %s than or equal to %zu",
             tolower((unsigned char)field->name[0]), field->name + 1,
             len < field->low ? "greater" : "less",
             len < field->low ? field->low : field->high);
    return sim_secrets_refuse(call, "ValidationException", message);
}

/* Each member is one that `known` names, of the kind it must be. */
static bool check_members(struct sim_secrets_call *call, const char *known)
{
    const struct sim_document *document = &call->document;
    const struct sim_node *node = sim_document_child(document, document->node);

    for (; node != NULL; node = sim_document_next(document, node)) {
        const struct field *field = find_field(node->name);
        bool truth = node->kind == SIM_NODE_FALSE && field != NULL &&
                     field->kind == SIM_NODE_TRUE;

        if (field == NULL || !sim_options_has(known, node->name)) {
            return sim_secrets_refuse(
                call, "SerializationException",
                "a member that the operation doesn't have");
        }
        if (node->kind == SIM_NODE_NULL) {
            continue;
        }
        if (node->kind != field->kind && !truth) {
            return sim_secrets_refuse(call, "SerializationException",
                                      "a member is of another type");
        }
        if (!check_length(call, field, node->len)) {
            return false;
        }
    }
    return true;
}

/* What is needed and isn't there is said to be null. */
bool sim_secrets_check_present(struct sim_secrets_call *call, const char *name)
{
    char message[200];

    if (sim_secrets_text(call, name) != NULL) {
        return true;
    }
    snprintf(message, sizeof(message),
             "1 validation error detected: Value null at '%c%s' failed to "
             "satisfy constraint: Member must not be null",
             tolower((unsigned char)name[0]), name + 1);
    return sim_secrets_refuse(call, "ValidationException", message);
}

bool sim_secrets_is_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) &&
            strchr("-/_+=.@!", *name) == NULL) {
            return false;
        }
    }
    return true;
}

/* The secret that SecretId names; NULL: it is refused. `marked`: one that is
   marked for deletion will do. */
struct sim_secret *sim_secrets_find(struct sim_secrets_call *call, bool marked)
{
    const char *id = sim_secrets_text(call, "SecretId");
    struct sim_secret *secret;

    if (!sim_secrets_check_present(call, "SecretId")) {
        return NULL;
    }
    if (strncmp(id, "arn:", 4) != 0 && !sim_secrets_is_name(id)) {
        sim_secrets_refuse(
            call, "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric "
            "characters, or any of the following: -/_+=.@!");
        return NULL;
    }
    secret = sim_secret_find(call->server->aws->secrets, call->caller->account,
                             call->caller->region, id);
    if (secret == NULL) {
        sim_secrets_refuse(call, "ResourceNotFoundException",
                           "Secrets Manager can't find the specified secret.");
    } else if (secret->deleted > 0 && !marked) {
        sim_secrets_refuse(
            call, "InvalidRequestException",
            "You can't perform this operation on the secret because it was "
            "marked for deletion.");
        return NULL;
    }
    return secret;
}

void sim_secrets_begin(struct sim_secrets_call *call)
{
    sim_json_init(&call->json, &call->text);
    sim_json_object(&call->json);
}

void sim_secrets_end(struct sim_secrets_call *call)
{
    char id[48];

    sim_json_end(&call->json);
    sim_json_fini(&call->json);
    sim_text_byte(&call->text, '\0');
    sim_answer_text(call->answer, 200, "application/x-amz-json-1.1",
                    call->text.data);
    sim_aws_request_id(id, sizeof(id));
    snprintf(call->answer->headers, sizeof(call->answer->headers),
             "x-amzn-RequestId: %s\r\n", id);
}

void sim_secrets_put_instant(struct sim_json *json, const char *name,
                             double instant)
{
    char text[40];

    snprintf(text, sizeof(text), "%.3f", instant);
    sim_json_put_raw(json, name, text);
}

void sim_secrets_put_labels(struct sim_json *json, const char *name,
                            const struct sim_secret_version *version)
{
    char labels[SIM_SECRET_LABELS];
    char *rest = NULL;

    strcpy(labels, version->labels);
    sim_json_key(json, name);
    sim_json_array(json);
    for (char *one = strtok_r(labels, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest)) {
        sim_json_string(json, one);
    }
    sim_json_end(json);
}

void sim_secrets_put_names(struct sim_json *json,
                           const struct sim_secret *secret)
{
    sim_json_put_string(json, "ARN", secret->arn);
    sim_json_put_string(json, "Name", secret->name);
}

static void put_value(struct sim_json *json,
                      const struct sim_secret_version *version)
{
    size_t cap = (version->value.len + 2) / 3 * 4 + 1;
    char *text =
        sim_alloc(cap > version->value.len ? cap : version->value.len + 1);

    if (version->binary) {
        EVP_EncodeBlock((unsigned char *)text,
                        (const unsigned char *)version->value.data,
                        (int)version->value.len);
    } else {
        memcpy(text, version->value.data, version->value.len);
    }
    sim_json_put_string(json, version->binary ? "SecretBinary" : "SecretString",
                        text);
    OPENSSL_cleanse(text, strlen(text));
    free(text);
}

/* The version that is asked for; NULL: it is refused. */
static struct sim_secret_version *find_version(struct sim_secrets_call *call,
                                               struct sim_secret *secret)
{
    const char *id = sim_secrets_text(call, "VersionId");
    const char *label = sim_secrets_text(call, "VersionStage");
    struct sim_secret_version *version;
    char message[400];

    if (id == NULL) {
        label = label != NULL ? label : SIM_CURRENT;
        version = sim_secret_labelled(secret, label);
        snprintf(message, sizeof(message),
                 "Secrets Manager can't find the specified secret value for "
                 "staging label: %.256s",
                 label);
    } else {
        version = sim_secret_version(secret, id);
        snprintf(message, sizeof(message),
                 "Secrets Manager can't find the specified secret value for "
                 "VersionId: %.64s",
                 id);
    }
    if (version == NULL) {
        sim_secrets_refuse(call, "ResourceNotFoundException", message);
    } else if (label != NULL && !sim_secret_has_label(version, label)) {
        sim_secrets_refuse(
            call, "InvalidRequestException",
            "You provided a VersionStage that is not associated to the "
            "provided VersionId.");
        version = NULL;
    }
    return version;
}

static bool may_decrypt(struct sim_secrets_call *call)
{
    const struct sim_aws_caller *caller = call->caller;
    const struct sim_aws_options *options = &call->server->options.aws;

    if (options->kms_broken) {
        return sim_secrets_refuse(
            call, "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text "
            "using the provided KMS key.");
    }
    return sim_permission_to_call(options, caller->account, caller->region,
                                  "kms", "Decrypt") == SIM_ALLOWED ||
           sim_secrets_refuse(call, "AccessDeniedException",
                              "Access to KMS is not allowed");
}

static void get_value(struct sim_secrets_call *call)
{
    struct sim_secret *secret = sim_secrets_find(call, false);
    struct sim_secret_version *version =
        secret != NULL ? find_version(call, secret) : NULL;

    if (version == NULL || !may_decrypt(call)) {
        return;
    }
    sim_secrets_begin(call);
    sim_secrets_put_names(&call->json, secret);
    sim_json_put_string(&call->json, "VersionId", version->id);
    put_value(&call->json, version);
    sim_secrets_put_labels(&call->json, "VersionStages", version);
    sim_secrets_put_instant(&call->json, "CreatedDate", version->created);
    sim_secrets_end(call);
    sim_secret_read(call->server->aws->secrets, secret, call->now);
}

static const struct operation {
    const char *name;
    const char *members; /* by comma */
    void (*answer)(struct sim_secrets_call *call);
} operations[] = {
    {"GetSecretValue", "SecretId,VersionId,VersionStage", get_value},
    {"CreateSecret",
     "Name,ClientRequestToken,Description,KmsKeyId,SecretBinary,SecretString,"
     "Tags",
     sim_secrets_create},
    {"PutSecretValue",
     "SecretId,ClientRequestToken,SecretBinary,SecretString,VersionStages",
     sim_secrets_put},
    {"DescribeSecret", "SecretId", sim_secrets_describe},
    {"ListSecrets", "MaxResults,Filters,IncludePlannedDeletion",
     sim_secrets_list},
    {"DeleteSecret", "SecretId,RecoveryWindowInDays,ForceDeleteWithoutRecovery",
     sim_secrets_delete},
    {"RestoreSecret", "SecretId", sim_secrets_restore},
};

static const struct operation *find_operation(const struct sim_request *request)
{
    const char *name = sim_operation_of("secretsmanager", request, NULL);

    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return &operations[i];
        }
    }
    return NULL;
}

static void answer_call(struct sim_secrets_call *call)
{
    const struct operation *operation = find_operation(call->request);
    const char *type = sim_request_header(call->request, "content-type");

    if (strcmp(call->request->method, "POST") != 0 ||
        strcmp(call->request->target, "/") != 0 || type == NULL ||
        strcmp(type, "application/x-amz-json-1.1") != 0 || operation == NULL) {
        sim_secrets_refuse(
            call, "UnknownOperationException",
            "a POST of application/x-amz-json-1.1 to / with X-Amz-Target is "
            "expected");
    } else if (!sim_document_read(&call->document, call->request->body,
                                  call->request->body_len) ||
               call->document.node->kind != SIM_NODE_OBJECT) {
        sim_secrets_refuse(call, "SerializationException",
                           "the body is no JSON object");
    } else if (check_members(call, operation->members)) {
        operation->answer(call);
    }
}

void sim_secrets_answer(struct sim_server *server,
                        const struct sim_request *request,
                        const struct sim_aws_caller *caller,
                        struct sim_answer *answer)
{
    struct sim_secrets_call call = {.server = server,
                                    .request = request,
                                    .caller = caller,
                                    .answer = answer,
                                    .now = (double)sim_aws_now(server)};

    answer_call(&call);
    sim_document_fini(&call.document);
    sim_text_fini(&call.text);
}

void sim_secrets_resource(const struct sim_request *request,
                          struct sim_text *out)
{
    struct sim_document document = {.count = 0};
    const struct sim_node *id = NULL;

    if (sim_document_read(&document, request->body, request->body_len)) {
        id = sim_document_member(&document, document.node, "SecretId");
    }
    sim_text_str(out,
                 id != NULL && id->kind == SIM_NODE_STRING ? id->text : "*");
    sim_document_fini(&document);
}
