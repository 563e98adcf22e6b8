/* SPDX-License-Identifier: Apache-2.0 */
/* What: what fills Secrets Manager and tells of it: CreateSecret,
   PutSecretValue, DescribeSecret, ListSecrets, DeleteSecret, RestoreSecret.
   Lists come in one page. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_state.h"
#include "calendar.h"
#include "secrets_call.h"
#include "server.h"

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
static bool read_value(struct sim_secrets_call *call, struct sim_text *out,
                       bool *binary)
{
    const struct sim_node *string = sim_secrets_member(call, "SecretString");
    const char *base64 = sim_secrets_text(call, "SecretBinary");

    *binary = base64 != NULL;
    if ((string != NULL) == (base64 != NULL)) {
        return sim_secrets_refuse(
            call, "InvalidParameterException",
            string != NULL ? "You can't specify both a binary secret value and "
                             "a string secret value in the same secret."
                           : "You must provide either SecretString or "
                             "SecretBinary.");
    }
    if (*binary) {
        return decode(base64, out) ||
               sim_secrets_refuse(call, "SerializationException",
                                  "SecretBinary is not Base64");
    }
    sim_text_add(out, string->text, string->len);
    return true;
}

/* VersionStages by comma into `out`; AWSCURRENT where there are none. */
static bool read_labels(struct sim_secrets_call *call, char *out, size_t cap)
{
    const struct sim_node *list = sim_secrets_member(call, "VersionStages");
    const struct sim_node *node =
        list != NULL ? sim_document_child(&call->document, list) : NULL;
    size_t len = 0;

    snprintf(out, cap, "%s", SIM_CURRENT);
    for (; node != NULL; node = sim_document_next(&call->document, node)) {
        if (node->kind != SIM_NODE_STRING || node->len == 0 ||
            strchr(node->text, ',') != NULL || len + node->len + 2 > cap) {
            return sim_secrets_refuse(call, "InvalidParameterException",
                                      "VersionStages must be short texts");
        }
        len += (size_t)snprintf(out + len, cap - len, "%s%s",
                                len > 0 ? "," : "", node->text);
    }
    return true;
}

static void tell_put(struct sim_secrets_call *call,
                     const struct sim_secret *secret,
                     const struct sim_secret_version *version, bool labels)
{
    sim_secrets_begin(call);
    sim_secrets_put_names(&call->json, secret);
    sim_json_put_string(&call->json, "VersionId", version->id);
    if (labels) {
        sim_secrets_put_labels(&call->json, "VersionStages", version);
    }
    sim_secrets_end(call);
}

/* Takes `value`; the version, or NULL: it is refused. A token that was used
   before means the same request again, or is refused. */
static struct sim_secret_version *
put_version(struct sim_secrets_call *call, struct sim_secret *secret,
            const char *labels, struct sim_text *value, bool binary)
{
    const char *token = sim_secrets_text(call, "ClientRequestToken");
    struct sim_secret_version *version =
        token != NULL ? sim_secret_version(secret, token) : NULL;

    if (version != NULL) {
        if (version->value.len == value->len &&
            memcmp(version->value.data, value->data, value->len) == 0) {
            return version;
        }
        sim_secrets_refuse(
            call, "ResourceExistsException",
            "You can't use ClientRequestToken because that value is already "
            "in use for a version of this secret.");
        return NULL;
    }
    version = sim_secret_put(call->server->aws->secrets, secret, token, labels,
                             call->now);
    if (version == NULL) {
        sim_secrets_refuse(call, "LimitExceededException",
                           "The secret has too many versions with labels.");
        return NULL;
    }
    version->value = *value;
    memset(value, 0, sizeof(*value));
    version->binary = binary;
    return version;
}

void sim_secrets_put(struct sim_secrets_call *call)
{
    struct sim_secret *secret = sim_secrets_find(call, false);
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
static bool check_new_name(struct sim_secrets_call *call)
{
    const char *name = sim_secrets_text(call, "Name");
    const struct sim_secret *known;
    char message[700];

    if (!sim_secrets_check_present(call, "Name")) {
        return false;
    }
    if (!sim_secrets_is_name(name)) {
        return sim_secrets_refuse(
            call, "ValidationException",
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
        return sim_secrets_refuse(
            call, "InvalidRequestException",
            "You can't create this secret because a secret with this "
            "name is already scheduled for deletion.");
    }
    snprintf(message, sizeof(message),
             "The operation failed because the secret %.512s already exists.",
             name);
    return sim_secrets_refuse(call, "ResourceExistsException", message);
}

void sim_secrets_create(struct sim_secrets_call *call)
{
    const char *description = sim_secrets_text(call, "Description");
    struct sim_secret_version *version = NULL;
    struct sim_secret *secret = NULL;
    struct sim_text value = {0};
    bool binary;

    if (!check_new_name(call) || !read_value(call, &value, &binary)) {
        sim_text_fini(&value);
        return;
    }
    secret = sim_secret_add(call->server->aws->secrets, call->caller->account,
                            call->caller->region,
                            sim_secrets_text(call, "Name"), call->now);
    if (secret == NULL) {
        sim_secrets_refuse(call, "LimitExceededException",
                           "There are too many secrets.");
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
    sim_secrets_put_names(json, secret);
    if (secret->description != NULL) {
        sim_json_put_string(json, "Description", secret->description);
    }
    sim_secrets_put_instant(json, "CreatedDate", secret->created);
    sim_secrets_put_instant(json, "LastChangedDate", secret->changed);
    if (secret->deleted > 0) {
        sim_secrets_put_instant(json, "DeletedDate", secret->deleted);
    }
    sim_json_key(json, map);
    sim_json_object(json);
    for (unsigned i = 0; i < secret->versions && i < SIM_JSON_MEMBERS; i++) {
        if (secret->version[i].labels[0] != '\0') {
            sim_secrets_put_labels(json, secret->version[i].id,
                                   &secret->version[i]);
        }
    }
    sim_json_end(json);
}

void sim_secrets_describe(struct sim_secrets_call *call)
{
    struct sim_secret *secret = sim_secrets_find(call, true);

    if (secret != NULL) {
        sim_secrets_begin(call);
        put_description(&call->json, secret, "VersionIdsToStages");
        sim_secrets_end(call);
    }
}

static bool is_listed(const struct sim_secrets_call *call,
                      const struct sim_secret *secret)
{
    const struct sim_node *planned =
        sim_secrets_member(call, "IncludePlannedDeletion");

    return !secret->gone &&
           strcmp(secret->account, call->caller->account) == 0 &&
           strcmp(secret->region, call->caller->region) == 0 &&
           (secret->deleted == 0 ||
            (planned != NULL && planned->kind == SIM_NODE_TRUE));
}

/* Those of --secret are in the list once they were asked for. */
void sim_secrets_list(struct sim_secrets_call *call)
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
    sim_secrets_begin(call);
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
    sim_secrets_end(call);
}

void sim_secrets_delete(struct sim_secrets_call *call)
{
    const struct sim_node *force =
        sim_secrets_member(call, "ForceDeleteWithoutRecovery");
    const struct sim_node *window =
        sim_secrets_member(call, "RecoveryWindowInDays");
    bool at_once = force != NULL && force->kind == SIM_NODE_TRUE;
    struct sim_secret *secret;
    int64_t days = 30;

    if (window != NULL && (at_once || !sim_document_integer(window, &days) ||
                           days < 7 || days > 30)) {
        sim_secrets_refuse(
            call, "InvalidParameterException",
            "RecoveryWindowInDays must be between 7 and 30 days, and not "
            "with ForceDeleteWithoutRecovery.");
        return;
    }
    secret = sim_secrets_find(call, false);
    if (secret == NULL) {
        return;
    }
    secret->deleted =
        at_once ? call->now : call->now + (double)(days * SIM_DAY);
    secret->gone = at_once;
    sim_secrets_begin(call);
    sim_secrets_put_names(&call->json, secret);
    sim_secrets_put_instant(&call->json, "DeletionDate", secret->deleted);
    sim_secrets_end(call);
}

void sim_secrets_restore(struct sim_secrets_call *call)
{
    struct sim_secret *secret = sim_secrets_find(call, true);

    if (secret != NULL) {
        secret->deleted = 0;
        sim_secrets_begin(call);
        sim_secrets_put_names(&call->json, secret);
        sim_secrets_end(call);
    }
}
