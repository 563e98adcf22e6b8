/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are simply there: in the configuration, the environment, and a
 * profile. */
#include "sources/signin_state.h"

#include <stdio.h>

/* Where three parts come from, and what they are called there. */
struct source {
    const char *place; /* before a name in a sentence: "profile dev: " */
    const char *names[3];
    const char *values[3];
};

/* Into work->keys. A token may be empty. */
static bool take_keys(struct slu_signin *self, const struct source *source)
{
    struct slu_aws_keys *keys = &self->work->keys;
    char *const rooms[] = {keys->access_key_id, keys->secret_access_key,
                           keys->session_token};
    static const size_t max[] = {SLU_AWS_KEY_ID_MAX, SLU_AWS_SECRET_MAX,
                                 SLU_AWS_TOKEN_MAX};
    struct slu_error error = {0};

    for (int i = 0; i < 3; i++) {
        struct slu_view value = slu_view_str(source->values[i]);

        if (i == 2 && value.len == 0) {
            break;
        }
        if (slu_aws_keys_set(rooms[i], max[i], source->names[i], value,
                             &error) != SLU_ERR_OK) {
            slu_signin_fail(self, SLU_ERR_CONFIG, "%s%s", source->place,
                            error.text);
            return false;
        }
    }
    return true;
}

void slu_signin_choose_config_keys(struct slu_signin *self)
{
    const struct slu_aws_static_config *config =
        &self->options.config->static_keys;
    const struct source source = {
        "",
        {"aws.static.access_key_id", "aws.static.secret_access_key",
         "aws.static.session_token"},
        {config->access_key_id.value, config->secret_access_key.value,
         config->session_token.value},
    };

    slu_signin_set_origin(self, "aws.static");
    if (take_keys(self, &source)) {
        slu_signin_keep(self);
    }
}

/* AWS_CREDENTIAL_EXPIRATION, which tools that sign in for others set. */
static bool take_expiration(struct slu_signin *self)
{
    const char *text = slu_signin_env(self, "AWS_CREDENTIAL_EXPIRATION");
    struct slu_error error = {0};

    if (text[0] == '\0' ||
        slu_aws_keys_set_time(&self->work->keys.expires_s,
                              "AWS_CREDENTIAL_EXPIRATION", slu_view_str(text),
                              &error) == SLU_ERR_OK) {
        return true;
    }
    slu_signin_fail(self, SLU_ERR_CONFIG, "%s", error.text);
    return false;
}

bool slu_signin_try_environment(struct slu_signin *self)
{
    const char *token = slu_signin_env(self, "AWS_SESSION_TOKEN");
    struct source source = {
        "",
        {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
        {slu_signin_env(self, "AWS_ACCESS_KEY_ID"),
         slu_signin_env(self, "AWS_SECRET_ACCESS_KEY"),
         token[0] != '\0' ? token : slu_signin_env(self, "AWS_SECURITY_TOKEN")},
    };

    if (source.values[0][0] == '\0') {
        return false;
    }
    slu_signin_set_origin(self, "the environment");
    if (source.values[1][0] == '\0') {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "AWS_ACCESS_KEY_ID is set in the environment without "
                        "AWS_SECRET_ACCESS_KEY: set both or neither");
    } else if (take_keys(self, &source) && take_expiration(self)) {
        slu_signin_keep(self);
    }
    return true;
}

bool slu_signin_has_keys(const struct slu_aws_profile *profile)
{
    return profile->access_key_id[0] != '\0' ||
           profile->secret_access_key[0] != '\0';
}

bool slu_signin_try_keys_of_profile(struct slu_signin *self)
{
    const struct slu_aws_profile *profile = &self->profile;
    struct source source = {
        "",
        {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
        {profile->access_key_id, profile->secret_access_key,
         profile->session_token},
    };
    char place[120];

    if (!self->has_profile || profile->access_key_id[0] == '\0') {
        return false;
    }
    slu_signin_set_origin(self, "profile %.100s", profile->name);
    if (profile->secret_access_key[0] == '\0') {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\" has aws_access_key_id without "
                        "aws_secret_access_key",
                        profile->name);
        return true;
    }
    (void)snprintf(place, sizeof(place), "profile \"%.80s\": ", profile->name);
    source.place = place;
    if (take_keys(self, &source)) {
        slu_signin_keep(self);
    }
    return true;
}
