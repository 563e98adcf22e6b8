/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/aws_settings.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A machine of two files and some variables. */
struct machine {
    const char *variables[16][2];
    const char *files[2][2]; /* path, text */
    enum slu_err read_err;   /* of every file */
    int read_sys;
};

static struct machine machine;
static struct slu_aws_config config;
static struct slu_error error;
static struct slu_aws_settings *settings;

static const char *get_env(void *ctx, const char *name)
{
    const struct machine *self = ctx;

    for (int i = 0; i < 16 && self->variables[i][0] != NULL; i++) {
        if (strcmp(self->variables[i][0], name) == 0) {
            return self->variables[i][1];
        }
    }
    return NULL;
}

static enum slu_err read_file(void *ctx, const char *path, struct slu_buf *out,
                              int *out_sys)
{
    const struct machine *self = ctx;

    if (self->read_err != SLU_ERR_OK) {
        *out_sys = self->read_sys;
        return self->read_err;
    }
    for (int i = 0; i < 2 && self->files[i][0] != NULL; i++) {
        if (strcmp(self->files[i][0], path) == 0) {
            return slu_buf_append_str(out, self->files[i][1]);
        }
    }
    return SLU_ERR_NOT_FOUND;
}

static const struct slu_aws_port port = {&machine, get_env, read_file};

static void start(void)
{
    machine = (struct machine){.variables = {{"HOME", "/home/u"}}};
    config = (struct slu_aws_config){
        .region = "", .endpoint_url = "", .auth = "default"};
}

static void finish(void)
{
    slu_aws_settings_free(settings);
    settings = NULL;
}

TestSuite(aws_settings, .init = start, .fini = finish);

static void set(const char *name, const char *value)
{
    int i = 0;

    while (machine.variables[i][0] != NULL &&
           strcmp(machine.variables[i][0], name) != 0) {
        i++;
    }
    cr_assert_lt(i, 15);
    machine.variables[i][0] = name;
    machine.variables[i][1] = value;
}

static void set_files(const char *config_text, const char *credentials_text)
{
    machine.files[0][0] = "/home/u/.aws/config";
    machine.files[0][1] = config_text;
    machine.files[1][0] = "/home/u/.aws/credentials";
    machine.files[1][1] = credentials_text;
}

static enum slu_err make(void)
{
    slu_aws_settings_free(settings);
    error = (struct slu_error){0};
    return slu_aws_settings_new(slu_alloc_default(), &port, &config, &settings,
                                &error);
}

static void take(void)
{
    cr_assert_eq(make(), SLU_ERR_OK, "%s", error.text);
}

static void refuse(const char *sentence)
{
    cr_assert_eq(make(), SLU_ERR_CONFIG);
    cr_assert_null(settings);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
}

static struct slu_aws_profile find(const char *name)
{
    struct slu_aws_profile profile;

    cr_assert(slu_aws_settings_profile(settings, name, &profile), "%s", name);
    cr_assert_str_eq(profile.name, name);
    return profile;
}

/* ---- region ---- */

static void expect_region(const char *region)
{
    take();
    cr_assert_str_eq(slu_aws_settings_region(settings), region);
}

Test(aws_settings, takes_the_region_in_the_order_of_the_sdks)
{
    expect_region("us-east-1");
    set_files("[default]\nregion = sa-east-1\n[profile p]\nregion=eu-west-2\n",
              "");
    expect_region("sa-east-1");
    set("AWS_PROFILE", "p");
    expect_region("eu-west-2");
    set("AWS_DEFAULT_REGION", "eu-west-3");
    expect_region("eu-west-3");
    set("AWS_REGION", "eu-north-1");
    expect_region("eu-north-1");
    config.region = "us-west-2";
    expect_region("us-west-2");
}

Test(aws_settings, an_empty_variable_is_none)
{
    set("AWS_REGION", "");
    set("AWS_DEFAULT_REGION", "eu-west-3");
    set("AWS_PROFILE", "");
    set("AWS_CONFIG_FILE", "");
    set_files("[default]\nca_bundle = /c\n", "");
    expect_region("eu-west-3");
    cr_assert_str_eq(slu_aws_settings_ca_bundle(settings), "/c");
}

Test(aws_settings, refuses_a_region_that_is_none_and_says_where)
{
    set("AWS_DEFAULT_REGION", "Frankfurt");
    refuse("AWS_DEFAULT_REGION: found `Frankfurt`, expected a region such as "
           "us-east-1");
    set("AWS_REGION", "us-east1");
    refuse("AWS_REGION: found `us-east1`, expected a region such as us-east-1");
    machine.variables[1][0] = NULL;
    set_files("[default]\nregion = moon\n", "");
    refuse("the region of the AWS profile: found `moon`, expected a region "
           "such as us-east-1");
}

/* ---- profiles ---- */

Test(aws_settings, has_no_profile_without_files)
{
    struct slu_aws_profile profile;
    bool named = true;

    take();
    cr_assert_not(slu_aws_settings_profile(settings, "default", &profile));
    cr_assert_str_eq(slu_aws_settings_profile_name(settings, &named),
                     "default");
    cr_assert_not(named);
    cr_assert_str_eq(slu_aws_settings_ca_bundle(settings), "");
    cr_assert_str_eq(slu_aws_settings_files(settings),
                     "/home/u/.aws/config or /home/u/.aws/credentials");
}

Test(aws_settings, tells_the_profile_of_the_environment)
{
    struct slu_aws_profile profile;
    bool named = false;

    set("AWS_PROFILE", "gone");
    set_files("[default]\nregion = eu-west-1\n", "[default]\n");
    take();
    cr_assert_str_eq(slu_aws_settings_profile_name(settings, &named), "gone");
    cr_assert(named);
    cr_assert_not(slu_aws_settings_profile(settings, "gone", &profile));
    cr_assert_str_eq(slu_aws_settings_region(settings), "us-east-1");
    cr_assert_str_eq(find("default").region, "eu-west-1");
}

Test(aws_settings, reads_every_key_of_a_profile)
{
    struct slu_aws_profile p;

    set_files("[profile p]\n"
              "aws_access_key_id = k1\nAWS_Secret_Access_Key = k2\n"
              "aws_session_token = k3\nregion = eu-west-1\nrole_arn = k5\n"
              "source_profile = k6\ncredential_source = k7\n"
              "role_session_name = k8\nexternal_id = k9\n"
              "duration_seconds = k10\nmfa_serial = k11\n"
              "web_identity_token_file = k12\n"
              "credential_process = a\n\tb  c\r\n    d\n"
              "sso_session = k14\nendpoint_url = k15\nservices = k16\n"
              "ca_bundle = k17\nuse_fips_endpoint = k18\n"
              "use_dualstack_endpoint = k19\nunknown = k20\n"
              "s3 =\n  region = k21\n",
              "");
    take();
    p = find("p");
    cr_assert_str_eq(p.access_key_id, "k1");
    cr_assert_str_eq(p.secret_access_key, "k2");
    cr_assert_str_eq(p.session_token, "k3");
    cr_assert_str_eq(p.region, "eu-west-1");
    cr_assert_str_eq(p.role_arn, "k5");
    cr_assert_str_eq(p.source_profile, "k6");
    cr_assert_str_eq(p.credential_source, "k7");
    cr_assert_str_eq(p.role_session_name, "k8");
    cr_assert_str_eq(p.external_id, "k9");
    cr_assert_str_eq(p.duration_seconds, "k10");
    cr_assert_str_eq(p.mfa_serial, "k11");
    cr_assert_str_eq(p.web_identity_token_file, "k12");
    cr_assert_str_eq(p.credential_process, "a  b  c      d");
    cr_assert_str_eq(p.sso, "k14");
    cr_assert_str_eq(p.endpoint_url, "k15");
    cr_assert_str_eq(p.services, "k16");
    cr_assert_str_eq(p.ca_bundle, "k17");
    cr_assert_str_eq(p.use_fips_endpoint, "k18");
    cr_assert_str_eq(p.use_dualstack_endpoint, "k19");
}

Test(aws_settings, a_value_that_is_absent_is_empty_text)
{
    struct slu_aws_profile p;
    const char **values = (const char **)(void *)&p;

    set_files("[profile p]\n", "");
    take();
    p = find("p");
    for (size_t i = 1; i < sizeof(p) / sizeof(*values); i++) {
        cr_assert_str_eq(values[i], "");
    }
}

Test(aws_settings, the_credentials_file_wins_and_keys_are_not_mixed)
{
    set_files(
        "[profile a]\naws_access_key_id = old\n"
        "aws_secret_access_key = old\naws_session_token = old\n"
        "region = eu-west-1\nrole_arn = r\n"
        "[profile b]\naws_access_key_id = mine\n"
        "aws_session_token = mine\n",
        "[a]\naws_access_key_id = new\naws_secret_access_key = new\n"
        "region = eu-west-2\n[b]\nrole_arn = s\n[c]\nregion = sa-east-1\n");
    take();
    cr_assert_str_eq(find("a").access_key_id, "new");
    cr_assert_str_eq(find("a").secret_access_key, "new");
    cr_assert_str_eq(find("a").session_token, "");
    cr_assert_str_eq(find("a").region, "eu-west-2");
    cr_assert_str_eq(find("a").role_arn, "r");
    cr_assert_str_eq(find("b").access_key_id, "mine");
    cr_assert_str_eq(find("b").session_token, "mine");
    cr_assert_str_eq(find("b").role_arn, "s");
    cr_assert_str_eq(find("c").region, "sa-east-1");
}

Test(aws_settings, profile_default_wins_over_default_in_any_order)
{
    set_files("[default]\nregion = eu-west-1\nrole_arn = x\n"
              "[profile default]\nregion = eu-west-2\n"
              "[default]\nregion = eu-west-3\n",
              "");
    take();
    cr_assert_str_eq(find("default").region, "eu-west-2");
    cr_assert_str_eq(find("default").role_arn, "");
    set_files("[default]\nregion = eu-west-1\n[default]\nrole_arn = x\n"
              "role_arn = y\n",
              "");
    take();
    cr_assert_str_eq(find("default").region, "eu-west-1");
    cr_assert_str_eq(find("default").role_arn, "y");
}

Test(aws_settings, a_config_section_needs_the_word_profile)
{
    struct slu_aws_profile profile;

    set_files("[p]\nregion = eu-west-1\n[sso-session q]\nregion = x\n", "");
    take();
    cr_assert_not(slu_aws_settings_profile(settings, "p", &profile));
    cr_assert_not(slu_aws_settings_profile(settings, "q", &profile));
}

/* ---- where the files are ---- */

Test(aws_settings, finds_the_files_by_variables_and_home)
{
    set("AWS_CONFIG_FILE", "~/c");
    set("AWS_SHARED_CREDENTIALS_FILE", "/etc/k");
    machine.files[0][0] = "/home/u/c";
    machine.files[0][1] = "[profile a]\n";
    machine.files[1][0] = "/etc/k";
    machine.files[1][1] = "[b]\n";
    take();
    (void)find("a");
    (void)find("b");
    cr_assert_str_eq(slu_aws_settings_files(settings), "/home/u/c or /etc/k");
    /* Another's home is a name like any other. */
    set("AWS_CONFIG_FILE", "~other/c");
    take();
    cr_assert_str_eq(slu_aws_settings_files(settings), "~other/c or /etc/k");
}

Test(aws_settings, has_no_files_without_a_home)
{
    set("HOME", "");
    set_files("[default]\nregion = eu-west-1\n", "");
    expect_region("us-east-1");
    cr_assert_str_eq(slu_aws_settings_files(settings),
                     "~/.aws/config or ~/.aws/credentials");
}

Test(aws_settings, tells_a_file_that_cannot_be_read)
{
    machine.read_err = SLU_ERR_IO;
    machine.read_sys = EACCES;
    cr_assert_eq(make(), SLU_ERR_IO);
    cr_assert_str_eq(error.text,
                     "cannot read /home/u/.aws/config: Permission denied");
    cr_assert_eq(error.sys, EACCES);
    /* HOME=/dev/null: no file at all. */
    machine.read_sys = ENOTDIR;
    expect_region("us-east-1");
    machine.read_err = SLU_ERR_LIMIT;
    refuse("/home/u/.aws/config is larger than 1048576 bytes");
}

Test(aws_settings, takes_a_file_of_the_greatest_size_and_none_larger)
{
    static char text[SLU_AWS_FILE_MAX + 2];

    memset(text, '\n', SLU_AWS_FILE_MAX);
    memcpy(text, "[default]\nregion=eu-west-1\n", 27);
    set_files(text, "");
    expect_region("eu-west-1");
    text[SLU_AWS_FILE_MAX] = '\n';
    cr_assert_eq(make(), SLU_ERR_CONFIG);
}

Test(aws_settings, names_file_and_line_of_what_is_wrong)
{
    set_files("\nAKIDSECRET\n", "");
    refuse("/home/u/.aws/config, line 2: a key stands before the first "
           "[section]");
    set_files("", "[default]\naws_secret_access_key\n");
    refuse("/home/u/.aws/credentials, line 2: expected key = value");
    set_files("", "[default]\naws_secret_access_key = secret\n  secret\n");
    refuse("/home/u/.aws/credentials, line 2: the value of "
           "aws_secret_access_key goes on in the next line, expected one line");
    set_files("[default]\nregion = a\x1b[31m\n", "");
    refuse("/home/u/.aws/config, line 2: the value of region holds a control "
           "byte");
}

Test(aws_settings, holds_1000_profiles_of_a_file)
{
    static char text[40000];
    size_t len = 0;

    for (int i = 0; i < 1000; i++) {
        len += (size_t)sprintf(text + len, "[profile p%d]\n", i);
    }
    set_files(text, "");
    take();
    (void)find("p0");
    (void)find("p999");
    strcpy(text + len, "[profile q]\n");
    refuse("/home/u/.aws/config, line 1001: more than 1000 profiles");
}

/* ---- endpoints ---- */

static enum slu_err ask(const char *service, const char *region,
                        const char *bucket, struct slu_aws_endpoint *out)
{
    error = (struct slu_error){0};
    return slu_aws_settings_endpoint(settings, slu_view_str(service),
                                     slu_view_str(region), slu_view_str(bucket),
                                     out, &error);
}

static void expect_origin(const char *service, const char *origin)
{
    struct slu_aws_endpoint endpoint;

    take();
    cr_assert_eq(ask(service, NULL, NULL, &endpoint), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert_str_eq(endpoint.origin, origin);
}

Test(aws_settings, takes_an_endpoint_in_the_order_of_the_sdks)
{
    expect_origin("s3", "https://s3.us-east-1.amazonaws.com");
    set_files("[default]\nservices = local\nendpoint_url = https://profile\n"
              "[services local]\ns3 =\n  endpoint_url = https://service\n",
              "");
    expect_origin("s3", "https://service");
    expect_origin("sts", "https://profile");
    set("AWS_ENDPOINT_URL", "https://all");
    expect_origin("s3", "https://all");
    expect_origin("kms", "https://all");
    set("AWS_ENDPOINT_URL_S3", "https://own");
    expect_origin("s3", "https://own");
    expect_origin("sts", "https://all");
    set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE");
    expect_origin("s3", "https://s3.us-east-1.amazonaws.com");
    config.endpoint_url = "https://configured";
    expect_origin("s3", "https://configured");
    expect_origin("kms", "https://configured");
}

Test(aws_settings, knows_every_service_by_its_own_names)
{
    static const char *const names[][3] = {
        {"guardduty", "AWS_ENDPOINT_URL_GUARDDUTY", "guardduty"},
        {"s3", "AWS_ENDPOINT_URL_S3", "s3"},
        {"sts", "AWS_ENDPOINT_URL_STS", "sts"},
        {"rolesanywhere", "AWS_ENDPOINT_URL_ROLESANYWHERE", "rolesanywhere"},
        {"secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
         "secrets_manager"},
        {"sqs", "AWS_ENDPOINT_URL_SQS", "sqs"},
        {"iam", "AWS_ENDPOINT_URL_IAM", "iam"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[200];

        start();
        set(names[i][1], "http://127.0.0.1:1");
        expect_origin(names[i][0], "http://127.0.0.1:1");
        start();
        (void)snprintf(text, sizeof(text),
                       "[default]\nservices=x\n[services x]\n%s =\n"
                       " endpoint_url = http://127.0.0.1:2\n",
                       names[i][2]);
        set_files(text, "");
        expect_origin(names[i][0], "http://127.0.0.1:2");
        finish();
    }
}

Test(aws_settings, a_region_of_its_own_and_a_bucket_are_taken)
{
    struct slu_aws_endpoint endpoint;

    take();
    cr_assert_eq(ask("s3", "eu-west-1", "logs", &endpoint), SLU_ERR_OK);
    cr_assert_str_eq(endpoint.origin,
                     "https://logs.s3.eu-west-1.amazonaws.com");
    cr_assert_eq(ask("s3", "moon", "logs", &endpoint), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "\"moon\" is no region: expected a name such "
                                 "as us-east-1");
}

Test(aws_settings, honours_fips_and_dualstack)
{
    set("AWS_USE_FIPS_ENDPOINT", "True");
    expect_origin("sts", "https://sts-fips.us-east-1.amazonaws.com");
    set("AWS_USE_DUALSTACK_ENDPOINT", "true");
    expect_origin("sts", "https://sts-fips.us-east-1.api.aws");
    set_files("[default]\nuse_fips_endpoint = true\n"
              "use_dualstack_endpoint = true\n",
              "");
    /* The environment wins. */
    set("AWS_USE_FIPS_ENDPOINT", "false");
    expect_origin("sts", "https://sts.us-east-1.api.aws");
    set("AWS_USE_FIPS_ENDPOINT", "yes");
    refuse("AWS_USE_FIPS_ENDPOINT: found `yes`, expected true or false");
    set("AWS_USE_FIPS_ENDPOINT", "");
    set_files("[default]\nuse_fips_endpoint = 1\n", "");
    refuse("use_fips_endpoint of profile default: found `1`, expected true or "
           "false");
}

Test(aws_settings, says_where_a_bad_endpoint_stands)
{
    struct slu_aws_endpoint endpoint;

    set("AWS_ENDPOINT_URL_STS", "http://sts.example");
    take();
    cr_assert_eq(ask("sts", NULL, NULL, &endpoint), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "AWS_ENDPOINT_URL_STS: \"http://sts.example\" would send "
                     "secrets unencrypted: http is for loopback only, use "
                     "https");
    start();
    set_files("[default]\nservices = x\n[services x]\ns3=\n"
              "  endpoint_url = ftp://a\n",
              "");
    take();
    cr_assert_eq(ask("s3", NULL, NULL, &endpoint), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "endpoint_url of services x: \"ftp://a\" is not a base "
                     "URL: expected https://host or https://host:port");
    set_files("[default]\nservices = x\n", "");
    take();
    cr_assert_eq(ask("s3", NULL, NULL, &endpoint), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "profile default names services x, but "
                                 "/home/u/.aws/config has no such section");
}

Test(aws_settings, takes_the_ca_bundle_of_the_environment_first)
{
    set_files("[default]\nca_bundle = /profile.pem\n", "");
    take();
    cr_assert_str_eq(slu_aws_settings_ca_bundle(settings), "/profile.pem");
    set("AWS_CA_BUNDLE", "/env.pem");
    take();
    cr_assert_str_eq(slu_aws_settings_ca_bundle(settings), "/env.pem");
}

/* ---- memory ---- */

struct wary {
    unsigned calls;
    unsigned fail_at;
    long live;
};

/* No memory that is given back, or moved, holds the secret. */
static void *realloc_warily(void *ctx, void *ptr, size_t old_len,
                            size_t new_len)
{
    struct wary *self = ctx;

    if (ptr != NULL) {
        cr_assert_null(memmem(ptr, old_len, "wJalrXUtnFEMI", 13),
                       "a secret stays in freed memory");
    }
    if (new_len == 0) {
        self->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (++self->calls == self->fail_at) {
        return NULL;
    }
    self->live += ptr == NULL;
    return realloc(ptr, new_len);
}

Test(aws_settings, survives_failed_allocations_and_wipes_secrets)
{
    struct wary wary = {0};
    struct slu_alloc alloc = {realloc_warily, &wary};
    enum slu_err err = SLU_ERR_NOMEM;

    set("AWS_ENDPOINT_URL", "https://all");
    set_files("[default]\nservices=x\n[services x]\ns3=\n endpoint_url=a\n",
              "[default]\naws_secret_access_key = wJalrXUtnFEMI\n");
    for (unsigned n = 1; err == SLU_ERR_NOMEM; n++) {
        wary.calls = 0;
        wary.fail_at = n;
        err = slu_aws_settings_new(&alloc, &port, &config, &settings, &error);
        cr_assert_eq(settings == NULL, err != SLU_ERR_OK);
        slu_aws_settings_free(settings);
        settings = NULL;
        cr_assert_eq(wary.live, 0, "leak at allocation %u", n);
        cr_assert_lt(n, 100);
    }
    cr_assert_eq(err, SLU_ERR_OK, "%s", error.text);
    cr_assert_gt(wary.calls, 15);
}

Test(aws_settings, wipes_secrets_of_a_broken_file)
{
    struct wary wary = {0};
    struct slu_alloc alloc = {realloc_warily, &wary};

    set_files("", "[default]\naws_secret_access_key = wJalrXUtnFEMI\nbroken\n");
    cr_assert_eq(
        slu_aws_settings_new(&alloc, &port, &config, &settings, &error),
        SLU_ERR_CONFIG);
    cr_assert_null(settings);
    cr_assert_eq(wary.live, 0);
    cr_assert_null(strstr(error.text, "wJalr"));
}

Test(aws_settings, free_takes_null_and_errors_need_no_place)
{
    set("AWS_REGION", "x");
    cr_assert_eq(slu_aws_settings_new(slu_alloc_default(), &port, &config,
                                      &settings, NULL),
                 SLU_ERR_CONFIG);
    slu_aws_settings_free(NULL);
}
