/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `auth: default`, in the order of botocore: keys of the environment; a profile
 * with a role; a web identity of environment or profile; keys of the profile;
 * its credential_process; the container's endpoint; the EC2 metadata service.
 * The first that is set up is it: what fails there is told, and nothing behind
 * it is tried.
 */
#include "sources/signin_state.h"

static bool find_profile(struct slu_signin *self)
{
    const struct slu_aws_settings *settings = self->options.settings;
    bool named;
    const char *name = slu_aws_settings_profile_name(settings, &named);

    self->has_profile =
        slu_aws_settings_profile(settings, name, &self->profile);
    if (self->has_profile || !named) {
        return true;
    }
    slu_signin_fail(self, SLU_ERR_CONFIG,
                    "profile \"%.80s\" of AWS_PROFILE is not in %.200s", name,
                    slu_aws_settings_files(settings));
    return false;
}

static bool try_role_profile(struct slu_signin *self)
{
    if (!self->has_profile || !slu_signin_is_role_profile(&self->profile)) {
        return false;
    }
    slu_signin_choose_role_profile(self);
    return true;
}

bool slu_signin_try_sso(struct slu_signin *self)
{
    if (!self->has_profile || self->profile.sso[0] == '\0') {
        return false;
    }
    slu_signin_fail(self, SLU_ERR_CONFIG,
                    "profile \"%.80s\" signs in by SSO, which sluice does not: "
                    "let \"aws configure export-credentials --profile %.80s\" "
                    "be its credential_process, or use another profile",
                    self->profile.name, self->profile.name);
    return true;
}

void slu_signin_choose_default(struct slu_signin *self)
{
    static bool (*const steps[])(struct slu_signin *) = {
        try_role_profile,       slu_signin_try_web,
        slu_signin_try_sso,     slu_signin_try_keys_of_profile,
        slu_signin_try_process, slu_signin_try_container,
    };

    if (slu_signin_try_environment(self) || !find_profile(self)) {
        return;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i](self)) {
            return;
        }
    }
    self->imds.last_resort = true;
    (void)slu_signin_try_imds(self);
}
