/* SPDX-License-Identifier: Apache-2.0 */
/* STS: AssumeRole, signed with the credentials so far, and
 * AssumeRoleWithWebIdentity, with a token that is read from its file anew each
 * time (it is replaced there long before it expires). */
#include "sources/signin_state.h"

#include <stdio.h>

#define TIMEOUT_MS 30000

static void describe(const struct slu_sts_role *role, char *out, size_t room)
{
    (void)snprintf(out, room, "the role %.*s cannot be assumed",
                   role->role_arn.len > 100 ? 100 : (int)role->role_arn.len,
                   role->role_arn.ptr);
}

/* Everything but the signature. */
static bool begin(struct slu_signin *self, const struct slu_sts_role *role)
{
    struct slu_view none = {NULL, 0};
    struct slu_error error = {0};
    enum slu_err err;

    slu_signin_begin(self, "POST");
    err = slu_aws_settings_endpoint(self->options.settings, slu_view_str("sts"),
                                    none, none, &self->endpoint, &error);
    if (err == SLU_ERR_OK) {
        (void)slu_error_set(&error, SLU_ERR_NOMEM, "out of memory");
        err = slu_buf_append_str(&self->work->target, "/");
    }
    if (err == SLU_ERR_OK) {
        err = slu_sts_write_request(&self->work->body, role);
    }
    if (err != SLU_ERR_OK) {
        slu_signin_fail(self, error.code, "%s", error.text);
        return false;
    }
    self->need.origin = slu_view_str(self->endpoint.origin);
    self->need.timeout_ms = TIMEOUT_MS;
    slu_signin_add_header(self, "Content-Type",
                          slu_view_str(SLU_STS_CONTENT_TYPE));
    return true;
}

static enum slu_err sign(struct slu_signin *self)
{
    const struct slu_aws_keys *keys = &self->work->keys;
    const struct slu_sigv4_credentials credentials = {
        slu_view_str(keys->access_key_id),
        slu_view_str(keys->secret_access_key),
        slu_view_str(keys->session_token)};
    char hash[SLU_SHA256_HEX_LEN];
    struct slu_sigv4_request request = {
        .method = slu_view_str(self->need.method),
        .host = slu_view_str(self->endpoint.host),
        .path = slu_buf_view(&self->work->target),
        .headers = self->need.headers,
        .header_count = self->need.header_count,
        .payload_hash = slu_view_make(hash, sizeof(hash)),
        .region = slu_view_str(slu_aws_settings_region(self->options.settings)),
        .service = slu_view_str("sts"),
        .now_seconds = self->now.wall_s,
    };
    struct slu_sigv4 *signer = slu_sigv4_new(self->options.alloc);
    struct slu_sigv4_added added;
    enum slu_err err;

    if (signer == NULL) {
        return SLU_ERR_NOMEM;
    }
    slu_sigv4_hash_payload(signer, slu_buf_view(&self->work->body), hash);
    err = slu_sigv4_sign(signer, &request, &credentials, &self->work->text,
                         &added);
    slu_sigv4_free(signer);
    if (err == SLU_ERR_OK) {
        slu_signin_add_headers(self, &added);
    }
    return err;
}

static void take_answer(struct slu_signin *self,
                        const struct slu_signin_answer *answer,
                        const struct slu_sts_role *role)
{
    struct slu_error error = {0};
    char what[160];
    enum slu_err err;

    describe(role, what, sizeof(what));
    if (answer->err != SLU_ERR_OK || answer->status != 200) {
        slu_signin_refuse(self, answer, what);
        return;
    }
    err = slu_sts_read_answer(self->options.alloc, answer->body,
                              &self->work->keys, &error);
    if (err == SLU_ERR_OK) {
        slu_signin_keep(self);
    } else if (err == SLU_ERR_NOMEM) {
        slu_signin_fail(self, err, "%s", error.text);
    } else {
        slu_signin_fail(self, SLU_ERR_SERVER, "%s: %s", what, error.text);
    }
}

/* ---- AssumeRole ---- */

static void prepare_role(struct slu_signin *self)
{
    if (!begin(self, &self->roles[self->roles_left - 1])) {
        return;
    }
    if (sign(self) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    slu_signin_send(self);
}

/* The answer overwrites the keys; a retry still has those it was asked with,
 * for then there was no answer. */
static void answer_role(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    const struct slu_sts_role *role = &self->roles[self->roles_left - 1];

    if (answer->err == SLU_ERR_OK && answer->status == 200) {
        self->roles_left--;
    }
    take_answer(self, answer, role);
}

const struct slu_signin_provider slu_signin_role = {prepare_role, answer_role,
                                                    false};

/* ---- AssumeRoleWithWebIdentity ---- */

/* The environment's, else the profile's. */
static const char *choose_text(const struct slu_signin *self, const char *name,
                               const char *of_profile)
{
    const char *value = self->profile_only ? "" : slu_signin_env(self, name);

    if (value[0] != '\0' || !self->has_profile) {
        return value;
    }
    return of_profile;
}

bool slu_signin_try_web(struct slu_signin *self)
{
    const struct slu_aws_profile *profile = &self->profile;
    const char *file = choose_text(self, "AWS_WEB_IDENTITY_TOKEN_FILE",
                                   profile->web_identity_token_file);
    const char *role = choose_text(self, "AWS_ROLE_ARN", profile->role_arn);
    const char *session =
        choose_text(self, "AWS_ROLE_SESSION_NAME", profile->role_session_name);

    if (file[0] == '\0') {
        return false;
    }
    if (role[0] == '\0') {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "a web identity token is set (%.160s), but no role to "
                        "assume with it: set AWS_ROLE_ARN or role_arn",
                        file);
        return true;
    }
    self->web_file = file;
    self->web = (struct slu_sts_role){
        .role_arn = slu_view_str(role),
        .session_name = slu_view_str(
            session[0] == '\0' ? SLU_SIGNIN_SESSION_NAME : session),
    };
    slu_signin_set_origin(self, "web identity (role %.150s)", role);
    slu_signin_ask(self, &slu_signin_web);
    return true;
}

static struct slu_view trim(struct slu_view text)
{
    while (text.len > 0 && (unsigned char)text.ptr[text.len - 1] <= 0x20) {
        text.len--;
    }
    return text;
}

static void prepare_web(struct slu_signin *self)
{
    struct slu_sts_role role = self->web;
    struct slu_error error = {0};

    if (!slu_signin_read_file(self, "the web identity token", self->web_file)) {
        return;
    }
    role.web_token = trim(slu_buf_view(&self->work->file));
    if (role.web_token.len == 0) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "the web identity token %.200s is empty",
                        self->web_file);
        return;
    }
    if (slu_sts_role_check(&role, &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG, "the web identity of %.140s: %s",
                        self->web_file, error.text);
        return;
    }
    if (begin(self, &role)) {
        slu_signin_send(self);
    }
}

static void answer_web(struct slu_signin *self,
                       const struct slu_signin_answer *answer)
{
    take_answer(self, answer, &self->web);
}

const struct slu_signin_provider slu_signin_web = {prepare_web, answer_web,
                                                   false};
