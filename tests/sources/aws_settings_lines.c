/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test_aws_settings_botocore.py: prints what the real environment and its
 * files say, as "name value" lines; then each profile named by an argument, as
 * "profile NAME KEY VALUE". Exits 1 with the sentence when they are wrong.
 */
#include "engine/machine.h"
#include "sources/aws_settings.h"

#include <stdio.h>

static void print_endpoint(const struct slu_aws_settings *settings,
                           const char *service)
{
    struct slu_view none = slu_view_make(NULL, 0);
    struct slu_aws_endpoint endpoint;
    struct slu_error error;
    enum slu_err err = slu_aws_settings_endpoint(
        settings, slu_view_str(service), none, none, &endpoint, &error);

    (void)printf("%s %s\n", service,
                 err == SLU_ERR_OK ? endpoint.origin : "refused");
}

static void print_profile(const struct slu_aws_settings *settings,
                          const char *name)
{
    struct slu_aws_profile profile;

    if (!slu_aws_settings_profile(settings, name, &profile)) {
        return;
    }
    (void)printf("profile %s aws_access_key_id %s\n", name,
                 profile.access_key_id);
    (void)printf("profile %s aws_secret_access_key %s\n", name,
                 profile.secret_access_key);
    (void)printf("profile %s region %s\n", name, profile.region);
    (void)printf("profile %s role_arn %s\n", name, profile.role_arn);
    (void)printf("profile %s source_profile %s\n", name,
                 profile.source_profile);
    (void)printf("profile %s credential_process %s\n", name,
                 profile.credential_process);
}

int main(int argc, char **argv)
{
    static const char *const services[] = {
        "guardduty",      "s3",  "sts", "rolesanywhere",
        "secretsmanager", "sqs", "iam"};
    struct slu_aws_config config = {.region = "", .auth = "default"};
    struct slu_aws_settings *settings;
    struct slu_error error = {0};
    enum slu_err err = slu_aws_settings_new(
        slu_alloc_default(), &slu_machine_port, &config, &settings, &error);

    if (err != SLU_ERR_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    (void)printf("region %s\n", slu_aws_settings_region(settings));
    (void)printf("ca_bundle %s\n", slu_aws_settings_ca_bundle(settings));
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        print_endpoint(settings, services[i]);
    }
    for (int i = 1; i < argc; i++) {
        print_profile(settings, argv[i]);
    }
    slu_aws_settings_free(settings);
    return 0;
}
