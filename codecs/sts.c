/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sts.h"

#include "codecs/url.h"
#include "codecs/xml_text.h"

#include <openssl/crypto.h>

static enum slu_err check_len(const char *what, struct slu_view text,
                              size_t min, size_t max,
                              struct slu_error *out_error)
{
    if (text.len >= min && text.len <= max) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error, SLU_ERR_CONFIG,
                         "%s has %zu characters: STS takes %zu to %zu", what,
                         text.len, min, max);
}

/* [\w+=,.@-], of ASCII. */
static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("_+=,.@-", byte) != NULL);
}

static enum slu_err check_session_name(struct slu_view name,
                                       struct slu_error *out_error)
{
    enum slu_err err =
        check_len("role_session_name", name, SLU_STS_SESSION_NAME_MIN,
                  SLU_STS_SESSION_NAME_MAX, out_error);

    for (size_t i = 0; err == SLU_ERR_OK && i < name.len; i++) {
        if (!is_name_byte(name.ptr[i])) {
            err = slu_error_set(out_error, SLU_ERR_CONFIG,
                                "role_session_name \"%.*s\" has a character "
                                "that STS refuses: letters, digits and "
                                "_+=,.@- are taken",
                                SLU_VIEW_ARGS(name));
        }
    }
    return err;
}

enum slu_err slu_sts_role_check(const struct slu_sts_role *self,
                                struct slu_error *out_error)
{
    enum slu_err err =
        check_len("role_arn", self->role_arn, SLU_STS_ROLE_ARN_MIN,
                  SLU_STS_ROLE_ARN_MAX, out_error);

    if (err == SLU_ERR_OK) {
        err = check_session_name(self->session_name, out_error);
    }
    if (err == SLU_ERR_OK && self->external_id.len > 0) {
        err =
            check_len("external_id", self->external_id, SLU_STS_EXTERNAL_ID_MIN,
                      SLU_STS_EXTERNAL_ID_MAX, out_error);
    }
    if (err == SLU_ERR_OK && self->duration_s != 0 &&
        (self->duration_s < SLU_STS_DURATION_MIN ||
         self->duration_s > SLU_STS_DURATION_MAX)) {
        err = slu_error_set(out_error, SLU_ERR_CONFIG,
                            "duration_seconds is %lld: STS takes %d to %d",
                            (long long)self->duration_s, SLU_STS_DURATION_MIN,
                            SLU_STS_DURATION_MAX);
    }
    if (err == SLU_ERR_OK && self->web_token.len > 0) {
        err = check_len("the token", self->web_token, SLU_STS_WEB_TOKEN_MIN,
                        SLU_STS_WEB_TOKEN_MAX, out_error);
    }
    return err;
}

static enum slu_err append_pair(struct slu_buf *out, const char *name,
                                struct slu_view value)
{
    enum slu_err err = SLU_ERR_OK;

    if (value.len == 0) {
        return SLU_ERR_OK;
    }
    err = slu_buf_append_str(out, name);
    return err != SLU_ERR_OK ? err : slu_url_append_encoded(out, value);
}

enum slu_err slu_sts_write_request(struct slu_buf *out,
                                   const struct slu_sts_role *role)
{
    enum slu_err err = slu_buf_append_str(
        out, role->web_token.len > 0
                 ? "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                 : "Action=AssumeRole&Version=2011-06-15");

    if (err == SLU_ERR_OK) {
        err = append_pair(out, "&RoleArn=", role->role_arn);
    }
    if (err == SLU_ERR_OK) {
        err = append_pair(out, "&RoleSessionName=", role->session_name);
    }
    if (err == SLU_ERR_OK && role->duration_s > 0) {
        err = slu_buf_printf(out, "&DurationSeconds=%lld",
                             (long long)role->duration_s);
    }
    if (err == SLU_ERR_OK) {
        err = append_pair(out, "&ExternalId=", role->external_id);
    }
    if (err == SLU_ERR_OK) {
        err = append_pair(out, "&WebIdentityToken=", role->web_token);
    }
    return err;
}

/* --- the answer --------------------------------------------------------- */

/* One element's text, unescaped into scratch. */
static enum slu_err read_element(struct slu_view parent, const char *name,
                                 struct slu_buf *scratch,
                                 struct slu_error *out_error)
{
    struct slu_view raw;
    enum slu_err err;

    slu_buf_clear(scratch);
    if (!slu_xml_find(parent, name, &raw)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer of STS has no %s", name);
    }
    err = slu_xml_unescape(scratch, raw);
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "%s in the answer of STS is damaged", name);
    }
    return SLU_ERR_OK;
}

static enum slu_err read_keys(struct slu_view parent, struct slu_buf *scratch,
                              struct slu_aws_keys *keys,
                              struct slu_error *out_error)
{
    const struct {
        const char *name;
        char *room;
        size_t max;
    } parts[] = {
        {"AccessKeyId", keys->access_key_id, SLU_AWS_KEY_ID_MAX},
        {"SecretAccessKey", keys->secret_access_key, SLU_AWS_SECRET_MAX},
        {"SessionToken", keys->session_token, SLU_AWS_TOKEN_MAX},
    };
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < 3 && err == SLU_ERR_OK; i++) {
        err = read_element(parent, parts[i].name, scratch, out_error);
        if (err == SLU_ERR_OK) {
            err = slu_aws_keys_set(parts[i].room, parts[i].max, parts[i].name,
                                   slu_buf_view(scratch), out_error);
        }
    }
    if (err == SLU_ERR_OK) {
        err = read_element(parent, "Expiration", scratch, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_aws_keys_set_time(&keys->expires_s, "Expiration",
                                    slu_buf_view(scratch), out_error);
    }
    return err;
}

enum slu_err slu_sts_read_answer(const struct slu_alloc *alloc,
                                 struct slu_view body,
                                 struct slu_aws_keys *out_keys,
                                 struct slu_error *out_error)
{
    struct slu_buf scratch;
    struct slu_view parent;
    char *room;
    enum slu_err err;

    *out_keys = (struct slu_aws_keys){0};
    if (!slu_xml_find(body, "Credentials", &parent)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer of STS has no Credentials");
    }
    /* All of its room at once: what grew would leave a secret behind. */
    slu_buf_init(&scratch, alloc, parent.len + 1);
    if (slu_buf_reserve(&scratch, parent.len + 1, &room) != SLU_ERR_OK) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    err = read_keys(parent, &scratch, out_keys, out_error);
    OPENSSL_cleanse(scratch.ptr, scratch.capacity);
    slu_buf_fini(&scratch);
    if (err != SLU_ERR_OK) {
        slu_aws_keys_wipe(out_keys);
    }
    return err;
}
