/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: Secrets Manager, JSON 1.1: GetSecretValue, and what fills it:
 * CreateSecret, PutSecretValue, DescribeSecret, ListSecrets, DeleteSecret,
 * RestoreSecret. A member that the model doesn't have is refused, as is one of
 * another type.
 * Limits: those of the model (secret_store.h has them), lists in one page.
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
#include "document.h"
#include "json.h"
#include "operation.h"
#include "permission.h"
#include "server.h"

#define DAY_S 86400

/* One request. Texts of members are the document's. */
struct call {
    struct sim_server *server;
    const struct sim_request *request;
    const struct sim_aws_caller *caller;
    struct sim_answer *answer;
    struct sim_document document;
    struct sim_json json;
    struct sim_text text;
    double now;
};

static bool refuse(struct call *call, const char *type, const char *message)
{
    sim_protocol_error(call->answer, SIM_PROTOCOL_JSON, 400, type, message);
    return false;
}

static const struct sim_node *member(const struct call *call, const char *name)
{
    return sim_document_member(&call->document, call->document.node, name);
}

/* The text of a member, NULL if it is absent or null. */
static const char *text_of(const struct call *call, const char *name)
{
    const struct sim_node *node = member(call, name);

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

static bool check_length(struct call *call, const struct field *field,
                         size_t len)
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
    return refuse(call, "ValidationException", message);
}

/* Each member is one that `known` names, of the kind it must be. */
static bool check_members(struct call *call, const char *known)
{
    const struct sim_document *document = &call->document;
    const struct sim_node *node = sim_document_child(document, document->node);

    for (; node != NULL; node = sim_document_next(document, node)) {
        const struct field *field = find_field(node->name);
        bool truth = node->kind == SIM_NODE_FALSE && field != NULL &&
                     field->kind == SIM_NODE_TRUE;

        if (field == NULL || !sim_options_has(known, node->name)) {
            return refuse(call, "SerializationException",
                          "a member that the operation doesn't have");
        }
        if (node->kind == SIM_NODE_NULL) {
            continue;
        }
        if (node->kind != field->kind && !truth) {
            return refuse(call, "SerializationException",
                          "a member is of another type");
        }
        if (!check_length(call, field, node->len)) {
            return false;
        }
    }
    return true;
}

/* What is needed and isn't there is said to be null. */
static bool check_present(struct call *call, const char *name)
{
    char message[200];

    if (text_of(call, name) != NULL) {
        return true;
    }
    snprintf(message, sizeof(message),
             "1 validation error detected: Value null at '%c%s' failed to "
             "satisfy constraint: Member must not be null",
             tolower((unsigned char)name[0]), name + 1);
    return refuse(call, "ValidationException", message);
}

static bool is_name(const char *name)
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
static struct sim_secret *find_secret(struct call *call, bool marked)
{
    const char *id = text_of(call, "SecretId");
    struct sim_secret *secret;

    if (!check_present(call, "SecretId")) {
        return NULL;
    }
    if (strncmp(id, "arn:", 4) != 0 && !is_name(id)) {
        refuse(call, "ValidationException",
               "Invalid name. Must be a valid name containing alphanumeric "
               "characters, or any of the following: -/_+=.@!");
        return NULL;
    }
    secret = sim_secret_find(call->server->aws->secrets, call->caller->account,
                             call->caller->region, id);
    if (secret == NULL) {
        refuse(call, "ResourceNotFoundException",
               "Secrets Manager can't find the specified secret.");
    } else if (secret->deleted > 0 && !marked) {
        refuse(call, "InvalidRequestException",
               "You can't perform this operation on the secret because it was "
               "marked for deletion.");
        return NULL;
    }
    return secret;
}

static void begin_result(struct call *call)
{
    sim_json_init(&call->json, &call->text);
    sim_json_object(&call->json);
}

static void end_result(struct call *call)
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

static void put_instant(struct sim_json *json, const char *name, double instant)
{
    char text[40];

    snprintf(text, sizeof(text), "%.3f", instant);
    sim_json_put_raw(json, name, text);
}

static void put_labels(struct sim_json *json, const char *name,
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

static void put_names(struct sim_json *json, const struct sim_secret *secret)
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
static struct sim_secret_version *find_version(struct call *call,
                                               struct sim_secret *secret)
{
    const char *id = text_of(call, "VersionId");
    const char *label = text_of(call, "VersionStage");
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
        refuse(call, "ResourceNotFoundException", message);
    } else if (label != NULL && !sim_secret_has_label(version, label)) {
        refuse(call, "InvalidRequestException",
               "You provided a VersionStage that is not associated to the "
               "provided VersionId.");
        version = NULL;
    }
    return version;
}

static bool may_decrypt(struct call *call)
{
    const struct sim_aws_caller *caller = call->caller;
    const struct sim_aws_options *options = &call->server->options.aws;

    if (options->kms_broken) {
        return refuse(call, "DecryptionFailure",
                      "Secrets Manager can't decrypt the protected secret text "
                      "using the provided KMS key.");
    }
    return sim_permission_to_call(options, caller->account, caller->region,
                                  "kms", "Decrypt") == SIM_ALLOWED ||
           refuse(call, "AccessDeniedException",
                  "Access to KMS is not allowed");
}

static void get_value(struct call *call)
{
    struct sim_secret *secret = find_secret(call, false);
    struct sim_secret_version *version =
        secret != NULL ? find_version(call, secret) : NULL;

    if (version == NULL || !may_decrypt(call)) {
        return;
    }
    begin_result(call);
    put_names(&call->json, secret);
    sim_json_put_string(&call->json, "VersionId", version->id);
    put_value(&call->json, version);
    put_labels(&call->json, "VersionStages", version);
    put_instant(&call->json, "CreatedDate", version->created);
    end_result(call);
    sim_secret_read(call->server->aws->secrets, secret, call->now);
}

/* Base64 whole into `out`; false if it is none. */
static bool decode(const char *text, struct sim_text *out)
{
    size_t len = strlen(text);
    size_t pads = len > 2 ? (text[len - 1] == '=') + (text[len - 2] == '=') : 0;
    int got;

    if (len == 0 || len % 4 != 0 || strcspn(text, "=") + pads != len) {
        return false;
    }
    got = EVP_DecodeBlock((unsigned char *)sim_text_reserve(out, len),
                          (const unsigned char *)text, (int)len);
    out->len = got > 0 ? (size_t)got - pads : 0;
    return got > 0 && out->len > 0;
}

/* What is to be kept: exactly one of the two forms, into `out`. */
static bool read_value(struct call *call, struct sim_text *out, bool *binary)
{
    const struct sim_node *string = member(call, "SecretString");
    const char *base64 = text_of(call, "SecretBinary");

    *binary = base64 != NULL;
    if ((string != NULL) == (base64 != NULL)) {
        return refuse(call, "InvalidParameterException",
                      string != NULL
                          ? "You can't specify both a binary secret value and "
                            "a string secret value in the same secret."
                          : "You must provide either SecretString or "
                            "SecretBinary.");
    }
    if (*binary) {
        return decode(base64, out) || refuse(call, "SerializationException",
                                             "SecretBinary is not Base64");
    }
    sim_text_add(out, string->text, string->len);
    return true;
}

/* VersionStages by comma into `out`; AWSCURRENT where there are none. */
static bool read_labels(struct call *call, char *out, size_t cap)
{
    const struct sim_node *list = member(call, "VersionStages");
    const struct sim_node *node =
        list != NULL ? sim_document_child(&call->document, list) : NULL;
    size_t len = 0;

    snprintf(out, cap, "%s", SIM_CURRENT);
    for (; node != NULL; node = sim_document_next(&call->document, node)) {
        if (node->kind != SIM_NODE_STRING || node->len == 0 ||
            strchr(node->text, ',') != NULL || len + node->len + 2 > cap) {
            return refuse(call, "InvalidParameterException",
                          "VersionStages must be short texts");
        }
        len += (size_t)snprintf(out + len, cap - len, "%s%s",
                                len > 0 ? "," : "", node->text);
    }
    return true;
}

static void tell_put(struct call *call, const struct sim_secret *secret,
                     const struct sim_secret_version *version, bool labels)
{
    begin_result(call);
    put_names(&call->json, secret);
    sim_json_put_string(&call->json, "VersionId", version->id);
    if (labels) {
        put_labels(&call->json, "VersionStages", version);
    }
    end_result(call);
}

/* Takes `value`; the version, or NULL: it is refused. A token that was used
   before means the same request again, or is refused. */
static struct sim_secret_version *
put_version(struct call *call, struct sim_secret *secret, const char *labels,
            struct sim_text *value, bool binary)
{
    const char *token = text_of(call, "ClientRequestToken");
    struct sim_secret_version *version =
        token != NULL ? sim_secret_version(secret, token) : NULL;

    if (version != NULL) {
        if (version->value.len == value->len &&
            memcmp(version->value.data, value->data, value->len) == 0) {
            return version;
        }
        refuse(call, "ResourceExistsException",
               "You can't use ClientRequestToken because that value is already "
               "in use for a version of this secret.");
        return NULL;
    }
    version = sim_secret_put(call->server->aws->secrets, secret, token, labels,
                             call->now);
    if (version == NULL) {
        refuse(call, "LimitExceededException",
               "The secret has too many versions with labels.");
        return NULL;
    }
    version->value = *value;
    memset(value, 0, sizeof(*value));
    version->binary = binary;
    return version;
}

static void put_secret_value(struct call *call)
{
    struct sim_secret *secret = find_secret(call, false);
    struct sim_secret_version *version = NULL;
    struct sim_text value = {0};
    char labels[SIM_SECRET_LABELS / 2];
    bool binary;

    if (secret != NULL && read_value(call, &value, &binary) &&
        read_labels(call, labels, sizeof(labels))) {
        version = put_version(call, secret, labels, &value, binary);
    }
    if (version != NULL) {
        tell_put(call, secret, version, true);
    }
    sim_text_fini(&value);
}

/* A name that is free; else it is refused. */
static bool check_new_name(struct call *call)
{
    const char *name = text_of(call, "Name");
    const struct sim_secret *known;
    char message[700];

    if (!check_present(call, "Name")) {
        return false;
    }
    if (!is_name(name)) {
        return refuse(call, "ValidationException",
                      "Invalid name. Must be a valid name containing "
                      "alphanumeric characters, or any of the following: "
                      "-/_+=.@!");
    }
    known = sim_secret_find(call->server->aws->secrets, call->caller->account,
                            call->caller->region, name);
    if (known == NULL) {
        return true;
    }
    if (known->deleted > 0) {
        return refuse(call, "InvalidRequestException",
                      "You can't create this secret because a secret with this "
                      "name is already scheduled for deletion.");
    }
    snprintf(message, sizeof(message),
             "The operation failed because the secret %.512s already exists.",
             name);
    return refuse(call, "ResourceExistsException", message);
}

static void create_secret(struct call *call)
{
    const char *description = text_of(call, "Description");
    struct sim_secret_version *version = NULL;
    struct sim_secret *secret = NULL;
    struct sim_text value = {0};
    bool binary;

    if (!check_new_name(call) || !read_value(call, &value, &binary)) {
        sim_text_fini(&value);
        return;
    }
    secret =
        sim_secret_add(call->server->aws->secrets, call->caller->account,
                       call->caller->region, text_of(call, "Name"), call->now);
    if (secret == NULL) {
        refuse(call, "LimitExceededException", "There are too many secrets.");
    } else {
        secret->description = description != NULL ? strdup(description) : NULL;
        version = put_version(call, secret, SIM_CURRENT, &value, binary);
    }
    if (version != NULL) {
        tell_put(call, secret, version, false);
    }
    sim_text_fini(&value);
}

/* What DescribeSecret and ListSecrets both tell. */
static void put_description(struct sim_json *json,
                            const struct sim_secret *secret, const char *map)
{
    put_names(json, secret);
    if (secret->description != NULL) {
        sim_json_put_string(json, "Description", secret->description);
    }
    put_instant(json, "CreatedDate", secret->created);
    put_instant(json, "LastChangedDate", secret->changed);
    if (secret->deleted > 0) {
        put_instant(json, "DeletedDate", secret->deleted);
    }
    sim_json_key(json, map);
    sim_json_object(json);
    for (unsigned i = 0; i < secret->versions && i < SIM_JSON_MEMBERS; i++) {
        if (secret->version[i].labels[0] != '\0') {
            put_labels(json, secret->version[i].id, &secret->version[i]);
        }
    }
    sim_json_end(json);
}

static void describe_secret(struct call *call)
{
    struct sim_secret *secret = find_secret(call, true);

    if (secret != NULL) {
        begin_result(call);
        put_description(&call->json, secret, "VersionIdsToStages");
        end_result(call);
    }
}

static bool is_listed(const struct call *call, const struct sim_secret *secret)
{
    const struct sim_node *planned = member(call, "IncludePlannedDeletion");

    return !secret->gone &&
           strcmp(secret->account, call->caller->account) == 0 &&
           strcmp(secret->region, call->caller->region) == 0 &&
           (secret->deleted == 0 ||
            (planned != NULL && planned->kind == SIM_NODE_TRUE));
}

/* Those of --secret are in the list once they were asked for. */
static void list_secrets(struct call *call)
{
    const struct sim_aws_options *options = &call->server->options.aws;
    struct sim_secret_store *store = call->server->aws->secrets;
    const struct sim_secret *secret;

    for (unsigned i = 0; i < options->secret_rows; i++) {
        struct sim_text name = {0};

        sim_text_add(&name, options->secret_row[i].name,
                     options->secret_row[i].name_len);
        sim_text_byte(&name, '\0');
        sim_secret_find(store, call->caller->account, call->caller->region,
                        name.data);
        sim_text_fini(&name);
    }
    begin_result(call);
    sim_json_key(&call->json, "SecretList");
    sim_json_array(&call->json);
    for (size_t i = 0; (secret = sim_secret_at(store, i)) != NULL; i++) {
        if (is_listed(call, secret)) {
            sim_json_object(&call->json);
            put_description(&call->json, secret, "SecretVersionsToStages");
            sim_json_end(&call->json);
        }
    }
    sim_json_end(&call->json);
    end_result(call);
}

static void delete_secret(struct call *call)
{
    const struct sim_node *force = member(call, "ForceDeleteWithoutRecovery");
    const struct sim_node *window = member(call, "RecoveryWindowInDays");
    bool at_once = force != NULL && force->kind == SIM_NODE_TRUE;
    struct sim_secret *secret;
    int64_t days = 30;

    if (window != NULL && (at_once || !sim_document_integer(window, &days) ||
                           days < 7 || days > 30)) {
        refuse(call, "InvalidParameterException",
               "RecoveryWindowInDays must be between 7 and 30 days, and not "
               "with ForceDeleteWithoutRecovery.");
        return;
    }
    secret = find_secret(call, false);
    if (secret == NULL) {
        return;
    }
    secret->deleted = at_once ? call->now : call->now + (double)(days * DAY_S);
    secret->gone = at_once;
    begin_result(call);
    put_names(&call->json, secret);
    put_instant(&call->json, "DeletionDate", secret->deleted);
    end_result(call);
}

static void restore_secret(struct call *call)
{
    struct sim_secret *secret = find_secret(call, true);

    if (secret != NULL) {
        secret->deleted = 0;
        begin_result(call);
        put_names(&call->json, secret);
        end_result(call);
    }
}

static const struct operation {
    const char *name;
    const char *members; /* by comma */
    void (*answer)(struct call *call);
} operations[] = {
    {"GetSecretValue", "SecretId,VersionId,VersionStage", get_value},
    {"CreateSecret",
     "Name,ClientRequestToken,Description,KmsKeyId,SecretBinary,SecretString,"
     "Tags",
     create_secret},
    {"PutSecretValue",
     "SecretId,ClientRequestToken,SecretBinary,SecretString,VersionStages",
     put_secret_value},
    {"DescribeSecret", "SecretId", describe_secret},
    {"ListSecrets", "MaxResults,Filters,IncludePlannedDeletion", list_secrets},
    {"DeleteSecret", "SecretId,RecoveryWindowInDays,ForceDeleteWithoutRecovery",
     delete_secret},
    {"RestoreSecret", "SecretId", restore_secret},
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

static void answer_call(struct call *call)
{
    const struct operation *operation = find_operation(call->request);
    const char *type = sim_request_header(call->request, "content-type");

    if (strcmp(call->request->method, "POST") != 0 ||
        strcmp(call->request->target, "/") != 0 || type == NULL ||
        strcmp(type, "application/x-amz-json-1.1") != 0 || operation == NULL) {
        refuse(call, "UnknownOperationException",
               "a POST of application/x-amz-json-1.1 to / with X-Amz-Target is "
               "expected");
    } else if (!sim_document_read(&call->document, call->request->body,
                                  call->request->body_len) ||
               call->document.node->kind != SIM_NODE_OBJECT) {
        refuse(call, "SerializationException", "the body is no JSON object");
    } else if (check_members(call, operation->members)) {
        operation->answer(call);
    }
}

void sim_secrets_answer(struct sim_server *server,
                        const struct sim_request *request,
                        const struct sim_aws_caller *caller,
                        struct sim_answer *answer)
{
    struct call call = {.server = server,
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
