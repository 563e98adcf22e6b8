/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the machine says about AWS: the environment that the SDKs honour
 * and the shared files (~/.aws/config, ~/.aws/credentials), read once. It tells
 * the region, the endpoint of a service, and the profile to sign in with.
 *
 * Order, as the SDKs have it. Region: aws.region, AWS_REGION,
 * AWS_DEFAULT_REGION, the profile's, us-east-1. Endpoint of a service:
 * aws.endpoint_url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's
 * `services` section, its endpoint_url; none but the first with
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true.
 *
 * Life cycle: new, any number of questions, free (what it read is wiped).
 * Limits: a shared file of SLU_AWS_FILE_MAX bytes, 1000 profiles.
 * Errors: CONFIG with a sentence that names file and line or variable; a shared
 * file that isn't there is empty, one that can't be read is IO.
 */
#ifndef SLU_SOURCES_AWS_SETTINGS_H
#define SLU_SOURCES_AWS_SETTINGS_H

#include "codecs/aws_endpoint.h"
#include "codecs/buf.h"
#include "sources/aws_config.h"

#define SLU_AWS_FILE_MAX (1024u * 1024)

/* How pure code asks the machine. */
struct slu_aws_port {
    void *ctx;
    /* NULL when it is not set. */
    const char *(*env)(void *ctx, const char *name);
    /* Appends the whole file. OK; NOT_FOUND; IO or LIMIT with *out_sys. */
    enum slu_err (*read_file)(void *ctx, const char *path, struct slu_buf *out,
                              int *out_sys);
};

/* One profile as both files together give it; "" for what is absent. */
struct slu_aws_profile {
    const char *name;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
    const char *region;
    const char *role_arn;
    const char *source_profile;
    const char *credential_source;
    const char *role_session_name;
    const char *external_id;
    const char *duration_seconds;
    const char *mfa_serial;
    const char *web_identity_token_file;
    const char *credential_process;
    const char *sso; /* sso_session or sso_start_url: not supported */
    const char *endpoint_url;
    const char *services; /* name of a services section */
    const char *ca_bundle;
    const char *use_fips_endpoint;
    const char *use_dualstack_endpoint;
};

struct slu_aws_settings;

SLU_MUST_CHECK enum slu_err slu_aws_settings_new(
    const struct slu_alloc *alloc, const struct slu_aws_port *port,
    const struct slu_aws_config *config, struct slu_aws_settings **out_settings,
    struct slu_error *out_error);
void slu_aws_settings_free(struct slu_aws_settings *self);

/* Never empty. */
const char *slu_aws_settings_region(const struct slu_aws_settings *self);

/* AWS_CA_BUNDLE, else the profile's ca_bundle, else "". */
const char *slu_aws_settings_ca_bundle(const struct slu_aws_settings *self);

/* AWS_PROFILE, else "default"; *out_named says which. */
const char *slu_aws_settings_profile_name(const struct slu_aws_settings *self,
                                          bool *out_named);

/* False when neither file has the profile. */
bool slu_aws_settings_profile(const struct slu_aws_settings *self,
                              const char *name,
                              struct slu_aws_profile *out_profile);

/* AWS_FILES in a sentence: "~/.aws/config or ~/.aws/credentials", as read. */
const char *slu_aws_settings_files(const struct slu_aws_settings *self);

/* Service as it is signed: "guardduty", "sts", "rolesanywhere", "s3". An empty
 * region is slu_aws_settings_region. */
SLU_MUST_CHECK enum slu_err slu_aws_settings_endpoint(
    const struct slu_aws_settings *self, struct slu_view service,
    struct slu_view region, struct slu_view bucket,
    struct slu_aws_endpoint *out_endpoint, struct slu_error *out_error);

#endif
