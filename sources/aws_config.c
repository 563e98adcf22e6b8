/* SPDX-License-Identifier: Apache-2.0 */
/* The section "aws" of the configuration, and what one account of a list is. */
#include "sources/aws_config.h"
#include "codecs/aws_endpoint.h"
#include "codecs/view_take.h"

#define FIELD_COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define EXTERNAL_ID_MAX 1224 /* STS, AssumeRole */

/* ---- the tables ---- */

#define STATIC_OFFSET(member) offsetof(struct slu_aws_static_config, member)

static const struct slu_field static_fields[] = {
    {
        .key = "access_key_id",
        .type = SLU_FIELD_SECRET,
        .offset = STATIC_OFFSET(access_key_id),
        .default_text = "{env: AWS_ACCESS_KEY_ID}",
        .help = "Where the access key's id is.",
    },
    {
        .key = "secret_access_key",
        .type = SLU_FIELD_SECRET,
        .offset = STATIC_OFFSET(secret_access_key),
        .default_text = "{env: AWS_SECRET_ACCESS_KEY}",
        .help = "Where the secret access key is.",
    },
    {
        .key = "session_token",
        .type = SLU_FIELD_SECRET,
        .offset = STATIC_OFFSET(session_token),
        .default_text = "{env: AWS_SESSION_TOKEN}",
        .help = "Where the session token of temporary keys is; it may be "
                "absent there.",
    },
};

static const struct slu_section static_section = {
    .name = "static",
    .fields = static_fields,
    .field_count = FIELD_COUNT(static_fields),
    .size = sizeof(struct slu_aws_static_config),
};

#define ANYWHERE_OFFSET(member) offsetof(struct slu_aws_anywhere_config, member)

static const struct slu_field anywhere_fields[] = {
    {
        .key = "private_key",
        .type = SLU_FIELD_PATH,
        .offset = ANYWHERE_OFFSET(private_key),
        .default_text = "",
        .help = "PEM file of the private key, RSA or EC, plain or encrypted.",
    },
    {
        .key = "passphrase",
        .type = SLU_FIELD_SECRET,
        .offset = ANYWHERE_OFFSET(passphrase),
        .default_text = "{env: AWS_ROLESANYWHERE_PASSPHRASE}",
        .phrase = true,
        .help = "Where the passphrase of an encrypted key is; absent there: "
                "the key needs none.",
    },
    {
        .key = "certificate",
        .type = SLU_FIELD_PATH,
        .offset = ANYWHERE_OFFSET(certificate),
        .default_text = "",
        .help = "PEM file of the certificate that belongs to the key.",
    },
    {
        .key = "chain",
        .type = SLU_FIELD_PATH,
        .offset = ANYWHERE_OFFSET(chain),
        .default_text = "",
        .help = "PEM file of the intermediate certificates; empty: none.",
    },
    {
        .key = "profile_arn",
        .type = SLU_FIELD_STRING,
        .offset = ANYWHERE_OFFSET(profile_arn),
        .default_text = "",
        .help = "arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID.",
    },
    {
        .key = "role_arn",
        .type = SLU_FIELD_STRING,
        .offset = ANYWHERE_OFFSET(role_arn),
        .default_text = "",
        .help = "arn:aws:iam::ACCOUNT:role/NAME, the role to sign in as.",
    },
    {
        .key = "trust_anchor_arn",
        .type = SLU_FIELD_STRING,
        .offset = ANYWHERE_OFFSET(trust_anchor_arn),
        .default_text = "",
        .help = "arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID, in the "
                "region of the profile.",
    },
};

static const struct slu_section anywhere_section = {
    .name = "roles_anywhere",
    .fields = anywhere_fields,
    .field_count = FIELD_COUNT(anywhere_fields),
    .size = sizeof(struct slu_aws_anywhere_config),
};

#define OFFSET(member) offsetof(struct slu_aws_config, member)

static const struct slu_field fields[] = {
    {
        .key = "region",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(region),
        .default_text = "",
        .help = "Region of the sign-in and of what names none; empty: "
                "AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1.",
    },
    {
        .key = "endpoint_url",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(endpoint_url),
        .default_text = "",
        .help = "One endpoint for every AWS service, as a proxy or simulator "
                "has it; empty: AWS_ENDPOINT_URL and its kin, else AWS's own.",
    },
    {
        .key = "auth",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(auth),
        .default_text = "default",
        .choices = "default|static|roles_anywhere",
        .help = "How to sign in. default is the SDKs' chain: environment, "
                "shared files and profiles, web identity, container, EC2.",
    },
    {
        .key = "static",
        .type = SLU_FIELD_MAP,
        .offset = OFFSET(static_keys),
        .inner = &static_section,
        .help = "The keys of auth: static.",
    },
    {
        .key = "roles_anywhere",
        .type = SLU_FIELD_MAP,
        .offset = OFFSET(roles_anywhere),
        .inner = &anywhere_section,
        .help = "What auth: roles_anywhere needs (IAM Roles Anywhere).",
    },
};

const struct slu_section slu_aws_section = {
    .name = "aws",
    .fields = fields,
    .field_count = FIELD_COUNT(fields),
    .size = sizeof(struct slu_aws_config),
};

#define ACCOUNT_OFFSET(member) offsetof(struct slu_account, member)

/* An id without a default must be given. */
static const struct slu_field account_fields[] = {
    {
        .key = "id",
        .type = SLU_FIELD_STRING,
        .offset = ACCOUNT_OFFSET(id),
        .help = "The account, 12 digits.",
    },
    {
        .key = "role_arn",
        .type = SLU_FIELD_STRING,
        .offset = ACCOUNT_OFFSET(role_arn),
        .default_text = "",
        .help = "The role of that account to assume; empty: the sign-in "
                "itself belongs to the account.",
    },
    {
        .key = "external_id",
        .type = SLU_FIELD_STRING,
        .offset = ACCOUNT_OFFSET(external_id),
        .default_text = "",
        .help = "The external id that the role asks for; empty: none.",
    },
};

const struct slu_section slu_account_section = {
    .name = "account",
    .fields = account_fields,
    .field_count = FIELD_COUNT(account_fields),
    .size = sizeof(struct slu_account),
};

/* ---- checks of aws ---- */

/* An ARN of that service whose resource begins with `kind` ("role/"). A role
 * is of no region, all else here is of one. */
static bool parse_arn(const char *text, const char *service, const char *kind,
                      struct slu_arn *out_arn)
{
    bool global = strcmp(service, "iam") == 0;
    struct slu_view name;

    if (!slu_arn_parse(slu_view_str(text), out_arn)) {
        return false;
    }
    name = out_arn->resource;
    return slu_view_equal_str(out_arn->service, service) &&
           (global ? out_arn->region.len == 0
                   : slu_aws_is_region(out_arn->region)) &&
           slu_aws_is_account(out_arn->account) &&
           slu_view_take_prefix(&name, kind) && name.len > 0;
}

static enum slu_err check_secret(const struct slu_secret *secret,
                                 const char *key, struct slu_error *error)
{
    if (secret->value != NULL) {
        return SLU_ERR_OK;
    }
    return slu_error_set(error, SLU_ERR_CONFIG,
                         "aws.static.%s: found nothing in %s, expected a key "
                         "there because of auth: static",
                         key,
                         secret->place == NULL ? "no place" : secret->place);
}

static enum slu_err check_static(const struct slu_aws_static_config *keys,
                                 struct slu_error *error)
{
    enum slu_err err =
        check_secret(&keys->access_key_id, "access_key_id", error);

    return err != SLU_ERR_OK ? err
                             : check_secret(&keys->secret_access_key,
                                            "secret_access_key", error);
}

static enum slu_err check_given(const char *value, const char *key,
                                struct slu_error *error)
{
    if (value[0] != '\0') {
        return SLU_ERR_OK;
    }
    return slu_error_set(error, SLU_ERR_CONFIG,
                         "aws.roles_anywhere.%s is empty, but auth: "
                         "roles_anywhere needs it",
                         key);
}

static enum slu_err check_arn(const char *value, const char *key,
                              const char *service, const char *kind,
                              struct slu_arn *out_arn, struct slu_error *error)
{
    enum slu_err err = check_given(value, key, error);

    if (err != SLU_ERR_OK || parse_arn(value, service, kind, out_arn)) {
        return err;
    }
    return slu_error_set(error, SLU_ERR_CONFIG,
                         "aws.roles_anywhere.%s: found `%.160s`, expected "
                         "arn:aws:%s:%s:ACCOUNT:%s...",
                         key, value, service,
                         strcmp(service, "iam") == 0 ? "" : "REGION", kind);
}

static enum slu_err check_anywhere(const struct slu_aws_anywhere_config *self,
                                   struct slu_error *error)
{
    struct slu_arn profile;
    struct slu_arn anchor;
    struct slu_arn role;
    enum slu_err err = check_given(self->private_key, "private_key", error);

    if (err == SLU_ERR_OK) {
        err = check_given(self->certificate, "certificate", error);
    }
    if (err == SLU_ERR_OK) {
        err = check_arn(self->profile_arn, "profile_arn", "rolesanywhere",
                        "profile/", &profile, error);
    }
    if (err == SLU_ERR_OK) {
        err =
            check_arn(self->role_arn, "role_arn", "iam", "role/", &role, error);
    }
    if (err == SLU_ERR_OK) {
        err = check_arn(self->trust_anchor_arn, "trust_anchor_arn",
                        "rolesanywhere", "trust-anchor/", &anchor, error);
    }
    if (err == SLU_ERR_OK && !slu_view_equal(profile.region, anchor.region)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "aws.roles_anywhere.trust_anchor_arn is in %.*s, "
                             "profile_arn in %.*s; expected one region",
                             SLU_VIEW_ARGS(anchor.region),
                             SLU_VIEW_ARGS(profile.region));
    }
    return err;
}

enum slu_err slu_aws_config_check(const struct slu_aws_config *self,
                                  struct slu_error *out_error)
{
    if (self->region[0] != '\0' &&
        !slu_aws_is_region(slu_view_str(self->region))) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "aws.region: found `%.60s`, expected a region "
                             "such as us-east-1",
                             self->region);
    }
    if (strcmp(self->auth, "static") == 0) {
        return check_static(&self->static_keys, out_error);
    }
    if (strcmp(self->auth, "roles_anywhere") == 0) {
        return check_anywhere(&self->roles_anywhere, out_error);
    }
    return SLU_ERR_OK;
}

/* ---- checks of accounts ---- */

/* STS: 2 to 1224 letters, digits and _+=,.@:/- */
static bool is_external_id(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+=,.@:/-";
    size_t len = strlen(text);

    return len >= 2 && len <= EXTERNAL_ID_MAX && strspn(text, allowed) == len;
}

static enum slu_err check_role(const struct slu_account *account,
                               const char *key, struct slu_error *error)
{
    struct slu_arn arn;

    if (account->role_arn[0] == '\0') {
        return SLU_ERR_OK;
    }
    if (!parse_arn(account->role_arn, "iam", "role/", &arn)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: the role_arn of account %s: found `%.120s`, "
                             "expected arn:aws:iam::%s:role/...",
                             key, account->id, account->role_arn, account->id);
    }
    if (!slu_view_equal_str(arn.account, account->id)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: the role_arn of account %s is of account "
                             "%.*s",
                             key, account->id, SLU_VIEW_ARGS(arn.account));
    }
    return SLU_ERR_OK;
}

static enum slu_err check_account(const struct slu_account *account,
                                  const char *key, struct slu_error *error)
{
    enum slu_err err;

    if (!slu_aws_is_account(slu_view_str(account->id))) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: the id `%.40s` is no account: expected 12 "
                             "digits",
                             key, account->id);
    }
    err = check_role(account, key, error);
    if (err != SLU_ERR_OK || account->external_id[0] == '\0') {
        return err;
    }
    if (account->role_arn[0] == '\0') {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: account %s has an external_id but no "
                             "role_arn to give it to",
                             key, account->id);
    }
    if (!is_external_id(account->external_id)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: the external_id of account %s: expected 2 "
                             "to %d letters, digits and _+=,.@:/-",
                             key, account->id, EXTERNAL_ID_MAX);
    }
    return SLU_ERR_OK;
}

/* Against the accounts before it. */
static enum slu_err check_pair(const struct slu_account *first,
                               const struct slu_account *second,
                               const char *key, struct slu_error *error)
{
    if (strcmp(first->id, second->id) == 0) {
        return slu_error_set(error, SLU_ERR_CONFIG, "%s names account %s twice",
                             key, first->id);
    }
    if (first->role_arn[0] == '\0' && second->role_arn[0] == '\0') {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "%s: accounts %s and %s have no role_arn, but the "
                             "sign-in belongs to one account",
                             key, first->id, second->id);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_accounts_check(const struct slu_maps *accounts,
                                const char *key, struct slu_error *out_error)
{
    const struct slu_account *items = accounts->items;
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; err == SLU_ERR_OK && i < accounts->count; i++) {
        err = check_account(&items[i], key, out_error);
        for (unsigned j = 0; err == SLU_ERR_OK && j < i; j++) {
            err = check_pair(&items[j], &items[i], key, out_error);
        }
    }
    return err;
}
