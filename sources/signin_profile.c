/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile with role_arn: the role is assumed with the credentials of another
 * profile (which may have a role itself, and so on), or of a named source.
 *
 *     [profile prod]                    roles[0]: assumed last
 *     role_arn = ...:role/prod
 *     source_profile = hub
 *     [profile hub]                     roles[1]: assumed first,
 *     role_arn = ...:role/hub             with base's keys
 *     source_profile = base
 *     [profile base]
 *     aws_access_key_id = ...
 *
 * As botocore has it: a profile that is a source uses its own keys before its
 * role; so a profile may be its own source if it has keys.
 */
#include "sources/signin_state.h"

#include <stdio.h>

/* The profiles on the way, to tell a loop. */
struct path {
    const char *names[SLU_SIGNIN_PROFILES_MAX + 1];
    unsigned count;
};

bool slu_signin_is_role_profile(const struct slu_aws_profile *profile)
{
    return profile->role_arn[0] != '\0' &&
           profile->web_identity_token_file[0] == '\0';
}

/* At most five digits; -1 for anything else. */
static int64_t read_seconds(const char *text)
{
    int64_t seconds = 0;
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || len > 5) {
            return -1;
        }
        seconds = seconds * 10 + (text[i] - '0');
    }
    return seconds;
}

static bool read_duration(struct slu_signin *self,
                          const struct slu_aws_profile *profile,
                          int64_t *out_seconds)
{
    *out_seconds = read_seconds(profile->duration_seconds);
    if (*out_seconds > 0 || profile->duration_seconds[0] == '\0') {
        return true;
    }
    slu_signin_fail(self, SLU_ERR_CONFIG,
                    "profile \"%.80s\": duration_seconds \"%.40s\" is not "
                    "within %d to %d",
                    profile->name, profile->duration_seconds,
                    SLU_STS_DURATION_MIN, SLU_STS_DURATION_MAX);
    return false;
}

static bool check_source(struct slu_signin *self,
                         const struct slu_aws_profile *profile)
{
    bool has_profile = profile->source_profile[0] != '\0';
    bool has_source = profile->credential_source[0] != '\0';

    if (profile->mfa_serial[0] != '\0') {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\" has mfa_serial, and nobody is there "
                        "to type a code: use a role that needs none",
                        profile->name);
    } else if (has_profile && has_source) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\" has both source_profile and "
                        "credential_source: expected one of them",
                        profile->name);
    } else if (!has_profile && !has_source) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\" has role_arn, but neither "
                        "source_profile nor credential_source to assume the "
                        "role with",
                        profile->name);
    } else {
        return true;
    }
    return false;
}

/* The profile's role behind those that are there. */
static bool push_role(struct slu_signin *self,
                      const struct slu_aws_profile *profile)
{
    struct slu_sts_role *role = &self->roles[self->role_count];
    const char *session = profile->role_session_name;
    struct slu_error error = {0};
    int64_t duration_s;

    if (!check_source(self, profile) ||
        !read_duration(self, profile, &duration_s)) {
        return false;
    }
    *role = (struct slu_sts_role){
        .role_arn = slu_view_str(profile->role_arn),
        .session_name = slu_view_str(
            session[0] == '\0' ? SLU_SIGNIN_SESSION_NAME : session),
        .external_id = slu_view_str(profile->external_id),
        .duration_s = duration_s,
    };
    if (slu_sts_role_check(role, &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG, "profile \"%.80s\": %s",
                        profile->name, error.text);
        return false;
    }
    self->role_count++;
    self->roles_left++;
    return true;
}

static void use_named_source(struct slu_signin *self)
{
    const char *source = self->profile.credential_source;
    char name[100];
    bool found;

    (void)snprintf(name, sizeof(name), "%s", self->profile.name);
    if (strcmp(source, "Environment") == 0) {
        found = slu_signin_try_environment(self);
    } else if (strcmp(source, "Ec2InstanceMetadata") == 0) {
        found = slu_signin_try_imds(self);
    } else if (strcmp(source, "EcsContainer") == 0) {
        found = slu_signin_try_container(self);
    } else {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": credential_source is \"%.40s\": "
                        "expected Environment, Ec2InstanceMetadata or "
                        "EcsContainer",
                        name, source);
        return;
    }
    if (!found) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": its credential_source %s has no "
                        "credentials",
                        name, source);
    }
}

static bool has_passed(const struct path *path, const char *name)
{
    for (unsigned i = 0; i < path->count; i++) {
        if (strcmp(path->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Makes self->profile the source of what it was. */
static bool follow_source(struct slu_signin *self, struct path *path)
{
    struct slu_aws_profile parent = self->profile;
    const char *name = parent.source_profile;
    bool own;

    if (!slu_aws_settings_profile(self->options.settings, name,
                                  &self->profile)) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": its source_profile \"%.80s\" is "
                        "not in %.100s",
                        parent.name, name,
                        slu_aws_settings_files(self->options.settings));
        return false;
    }
    own = strcmp(name, parent.name) == 0 && slu_signin_has_keys(&self->profile);
    if (has_passed(path, name) && !own) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": its source_profile \"%.80s\" leads "
                        "back to itself",
                        parent.name, name);
        return false;
    }
    if (path->count == SLU_SIGNIN_PROFILES_MAX) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "profile \"%.80s\": more than %d profiles are chained "
                        "by source_profile",
                        path->names[0], SLU_SIGNIN_PROFILES_MAX);
        return false;
    }
    path->names[path->count++] = name;
    return true;
}

/* The last of the chain has credentials of its own kind, whatever the
 * environment has. */
static void use_last_profile(struct slu_signin *self)
{
    self->profile_only = true;
    if (slu_signin_try_web(self) || slu_signin_try_sso(self) ||
        slu_signin_try_keys_of_profile(self) || slu_signin_try_process(self)) {
        return;
    }
    slu_signin_fail(self, SLU_ERR_CONFIG,
                    "the source_profile \"%.80s\" has no credentials",
                    self->profile.name);
}

void slu_signin_choose_role_profile(struct slu_signin *self)
{
    struct path path = {.names = {self->profile.name}, .count = 1};

    self->role_profile = self->profile.name;
    do {
        if (!push_role(self, &self->profile)) {
            return;
        }
        if (self->profile.credential_source[0] != '\0') {
            use_named_source(self);
            return;
        }
        if (!follow_source(self, &path)) {
            return;
        }
    } while (slu_signin_is_role_profile(&self->profile) &&
             !slu_signin_has_keys(&self->profile));
    use_last_profile(self);
}
