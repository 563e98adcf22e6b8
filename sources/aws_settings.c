/* SPDX-License-Identifier: Apache-2.0 */
/* The environment, and which of all settings counts. Every text that is asked
 * for is copied once, for the environment may change under us. */
#include "sources/aws_settings.h"
#include "sources/aws_settings_files.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

#define REGION_DEFAULT "us-east-1"

struct service {
    const char *name;     /* as it is signed */
    const char *variable; /* its own endpoint */
    const char *key;      /* in a services section */
};

static const struct service services[] = {
    {"guardduty", "AWS_ENDPOINT_URL_GUARDDUTY", "guardduty"},
    {"s3", "AWS_ENDPOINT_URL_S3", "s3"},
    {"sts", "AWS_ENDPOINT_URL_STS", "sts"},
    {"rolesanywhere", "AWS_ENDPOINT_URL_ROLESANYWHERE", "rolesanywhere"},
    {"secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets_manager"},
    {"sqs", "AWS_ENDPOINT_URL_SQS", "sqs"},
    {"iam", "AWS_ENDPOINT_URL_IAM", "iam"},
};

#define SERVICE_COUNT (sizeof(services) / sizeof(services[0]))

enum text {
    TEXT_REGION,
    TEXT_PROFILE,
    TEXT_CA_BUNDLE,
    TEXT_FILES,
    TEXT_CONFIG_PATH,
    TEXT_CREDENTIALS_PATH,
    TEXT_OWN_ENDPOINT, /* of the configuration */
    TEXT_ENDPOINT,
    TEXT_SERVICES, /* one for each service */
    TEXT_COUNT = TEXT_SERVICES + SERVICE_COUNT,
};

struct slu_aws_settings {
    const struct slu_alloc *alloc;
    const struct slu_aws_port *port; /* while it is made */
    struct slu_error *error;         /* likewise */
    char *texts[TEXT_COUNT];
    struct slu_aws_files files;
    struct slu_aws_profile profile; /* the one to sign in with */
    bool profile_named;
    bool fips;
    bool dualstack;
    bool ignore_endpoints;
};

static enum slu_err fail_nomem(const struct slu_aws_settings *self)
{
    return slu_error_set(self->error, SLU_ERR_NOMEM, "out of memory");
}

static enum slu_err set_text(struct slu_aws_settings *self, unsigned which,
                             const char *text)
{
    size_t size = strlen(text) + 1;

    assert(self->texts[which] == NULL);
    self->texts[which] = slu_alloc_get(self->alloc, size);
    if (self->texts[which] == NULL) {
        return fail_nomem(self);
    }
    memcpy(self->texts[which], text, size);
    return SLU_ERR_OK;
}

/* ---- the environment ---- */

/* Never NULL: an empty variable is none. */
static const char *get_env(const struct slu_aws_settings *self,
                           const char *name)
{
    const char *value = self->port->env(self->port->ctx, name);

    return value == NULL ? "" : value;
}

static enum slu_err parse_switch(struct slu_aws_settings *self,
                                 const char *value, const char *what, bool *out)
{
    *out = strcasecmp(value, "true") == 0;
    if (*out || value[0] == '\0' || strcasecmp(value, "false") == 0) {
        return SLU_ERR_OK;
    }
    return slu_error_set(self->error, SLU_ERR_CONFIG,
                         "%s: found `%.60s`, expected true or false", what,
                         value);
}

/* A variable, else the profile's key. */
static enum slu_err read_switch(struct slu_aws_settings *self,
                                const char *variable, const char *key,
                                const char *value, bool *out)
{
    const char *env = get_env(self, variable);
    char what[160];

    if (env[0] != '\0') {
        return parse_switch(self, env, variable, out);
    }
    (void)snprintf(what, sizeof(what), "%s of profile %.100s", key,
                   self->texts[TEXT_PROFILE]);
    return parse_switch(self, value, what, out);
}

static enum slu_err read_switches(struct slu_aws_settings *self)
{
    enum slu_err err =
        read_switch(self, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint",
                    self->profile.use_fips_endpoint, &self->fips);

    if (err == SLU_ERR_OK) {
        err = read_switch(
            self, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint",
            self->profile.use_dualstack_endpoint, &self->dualstack);
    }
    if (err == SLU_ERR_OK) {
        err = parse_switch(
            self, get_env(self, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &self->ignore_endpoints);
    }
    return err;
}

static enum slu_err read_endpoints(struct slu_aws_settings *self,
                                   const struct slu_aws_config *config)
{
    enum slu_err err =
        set_text(self, TEXT_OWN_ENDPOINT,
                 config->endpoint_url == NULL ? "" : config->endpoint_url);

    if (err == SLU_ERR_OK) {
        err = set_text(self, TEXT_ENDPOINT, get_env(self, "AWS_ENDPOINT_URL"));
    }

    for (unsigned i = 0; err == SLU_ERR_OK && i < SERVICE_COUNT; i++) {
        err = set_text(self, TEXT_SERVICES + i,
                       get_env(self, services[i].variable));
    }
    return err;
}

/* ---- the shared files ---- */

/* "~" and "~/..." by HOME; "" where there is no HOME to find it by. */
static enum slu_err expand_path(struct slu_aws_settings *self, unsigned which,
                                const char *variable, const char *usual)
{
    const char *path = get_env(self, variable);
    const char *home;
    size_t size;

    path = path[0] == '\0' ? usual : path;
    if (path[0] != '~' || (path[1] != '/' && path[1] != '\0')) {
        return set_text(self, which, path);
    }
    home = get_env(self, "HOME");
    if (home[0] == '\0') {
        return set_text(self, which, "");
    }
    size = strlen(home) + strlen(path);
    self->texts[which] = slu_alloc_get(self->alloc, size);
    if (self->texts[which] == NULL) {
        return fail_nomem(self);
    }
    (void)snprintf(self->texts[which], size, "%s%s", home, path + 1);
    return SLU_ERR_OK;
}

/* Both paths in words; without a HOME, as they are usually written. */
static enum slu_err name_files(struct slu_aws_settings *self)
{
    const char *config = self->texts[TEXT_CONFIG_PATH];
    const char *credentials = self->texts[TEXT_CREDENTIALS_PATH];
    size_t size;

    config = config[0] == '\0' ? "~/.aws/config" : config;
    credentials = credentials[0] == '\0' ? "~/.aws/credentials" : credentials;
    size = strlen(config) + strlen(" or ") + strlen(credentials) + 1;
    self->texts[TEXT_FILES] = slu_alloc_get(self->alloc, size);
    if (self->texts[TEXT_FILES] == NULL) {
        return fail_nomem(self);
    }
    (void)snprintf(self->texts[TEXT_FILES], size, "%s or %s", config,
                   credentials);
    return SLU_ERR_OK;
}

static enum slu_err read_files(struct slu_aws_settings *self)
{
    enum slu_err err =
        expand_path(self, TEXT_CONFIG_PATH, "AWS_CONFIG_FILE", "~/.aws/config");

    if (err == SLU_ERR_OK) {
        err = expand_path(self, TEXT_CREDENTIALS_PATH,
                          "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    }
    if (err == SLU_ERR_OK) {
        err = name_files(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_aws_files_load(&self->files, self->port, SLU_AWS_FILE_CONFIG,
                                 self->texts[TEXT_CONFIG_PATH], self->error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_aws_files_load(
            &self->files, self->port, SLU_AWS_FILE_CREDENTIALS,
            self->texts[TEXT_CREDENTIALS_PATH], self->error);
    }
    return err;
}

static enum slu_err choose_profile(struct slu_aws_settings *self)
{
    const char *name = get_env(self, "AWS_PROFILE");
    enum slu_err err;

    self->profile_named = name[0] != '\0';
    err = set_text(self, TEXT_PROFILE, self->profile_named ? name : "default");
    if (err == SLU_ERR_OK) {
        /* Absent: all its values are empty, and the sign-in says so. */
        (void)slu_aws_files_profile(&self->files, self->texts[TEXT_PROFILE],
                                    &self->profile);
    }
    return err;
}

/* ---- region ---- */

static enum slu_err choose_region(struct slu_aws_settings *self,
                                  const struct slu_aws_config *config)
{
    const struct {
        const char *value;
        const char *what;
    } places[] = {
        {config->region, "aws.region"},
        {get_env(self, "AWS_REGION"), "AWS_REGION"},
        {get_env(self, "AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"},
        {self->profile.region, "the region of the AWS profile"},
        {REGION_DEFAULT, ""},
    };
    unsigned i = 0;

    while (places[i].value[0] == '\0') {
        i++;
    }
    if (!slu_aws_is_region(slu_view_str(places[i].value))) {
        return slu_error_set(self->error, SLU_ERR_CONFIG,
                             "%s: found `%.60s`, expected a region such as "
                             "us-east-1",
                             places[i].what, places[i].value);
    }
    return set_text(self, TEXT_REGION, places[i].value);
}

static enum slu_err choose_bundle(struct slu_aws_settings *self)
{
    const char *env = get_env(self, "AWS_CA_BUNDLE");

    return set_text(self, TEXT_CA_BUNDLE,
                    env[0] != '\0' ? env : self->profile.ca_bundle);
}

/* ---- life cycle ---- */

static enum slu_err read_all(struct slu_aws_settings *self,
                             const struct slu_aws_config *config)
{
    enum slu_err err = read_files(self);

    if (err == SLU_ERR_OK) {
        err = choose_profile(self);
    }
    if (err == SLU_ERR_OK) {
        err = read_switches(self);
    }
    if (err == SLU_ERR_OK) {
        err = read_endpoints(self, config);
    }
    if (err == SLU_ERR_OK) {
        err = choose_region(self, config);
    }
    if (err == SLU_ERR_OK) {
        err = choose_bundle(self);
    }
    return err;
}

enum slu_err slu_aws_settings_new(const struct slu_alloc *alloc,
                                  const struct slu_aws_port *port,
                                  const struct slu_aws_config *config,
                                  struct slu_aws_settings **out_settings,
                                  struct slu_error *out_error)
{
    struct slu_aws_settings *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_settings = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->files.alloc = alloc;
    self->port = port;
    self->error = out_error;
    err = read_all(self, config);
    self->port = NULL;
    self->error = NULL;
    if (err != SLU_ERR_OK) {
        slu_aws_settings_free(self);
        return err;
    }
    *out_settings = self;
    return SLU_ERR_OK;
}

void slu_aws_settings_free(struct slu_aws_settings *self)
{
    if (self == NULL) {
        return;
    }
    slu_aws_files_fini(&self->files);
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        size_t size = self->texts[i] == NULL ? 0 : strlen(self->texts[i]) + 1;

        slu_alloc_put(self->alloc, self->texts[i], size);
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- questions ---- */

const char *slu_aws_settings_region(const struct slu_aws_settings *self)
{
    return self->texts[TEXT_REGION];
}

const char *slu_aws_settings_ca_bundle(const struct slu_aws_settings *self)
{
    return self->texts[TEXT_CA_BUNDLE];
}

const char *slu_aws_settings_profile_name(const struct slu_aws_settings *self,
                                          bool *out_named)
{
    *out_named = self->profile_named;
    return self->texts[TEXT_PROFILE];
}

bool slu_aws_settings_profile(const struct slu_aws_settings *self,
                              const char *name,
                              struct slu_aws_profile *out_profile)
{
    return slu_aws_files_profile(&self->files, name, out_profile);
}

const char *slu_aws_settings_files(const struct slu_aws_settings *self)
{
    return self->texts[TEXT_FILES];
}

/* ---- endpoints ---- */

/* A custom endpoint and where it stands; "" for none. */
struct custom {
    const char *url;
    char place[200];
};

static const struct service *find_service(struct slu_view name)
{
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        if (slu_view_equal_str(name, services[i].name)) {
            return &services[i];
        }
    }
    return NULL;
}

static void set_custom(struct custom *out, const char *url, const char *place)
{
    out->url = url;
    (void)snprintf(out->place, sizeof(out->place), "%s", place);
}

static enum slu_err find_in_profile(const struct slu_aws_settings *self,
                                    const struct service *service,
                                    struct custom *out, struct slu_error *error)
{
    const struct slu_aws_profile *profile = &self->profile;
    const char *url = NULL;
    bool known = true;

    if (profile->services[0] != '\0') {
        url =
            slu_aws_files_service(&self->files, profile->services,
                                  service == NULL ? "" : service->key, &known);
    }
    if (!known) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "profile %.80s names services %.80s, but %.100s "
                             "has no such section",
                             profile->name, profile->services,
                             self->texts[TEXT_CONFIG_PATH]);
    }
    if (url != NULL && url[0] != '\0') {
        set_custom(out, url, "");
        (void)snprintf(out->place, sizeof(out->place),
                       "endpoint_url of services %.100s", profile->services);
    } else if (profile->endpoint_url[0] != '\0') {
        set_custom(out, profile->endpoint_url, "");
        (void)snprintf(out->place, sizeof(out->place),
                       "endpoint_url of profile %.100s", profile->name);
    }
    return SLU_ERR_OK;
}

static enum slu_err find_custom(const struct slu_aws_settings *self,
                                struct slu_view name, struct custom *out,
                                struct slu_error *error)
{
    const struct service *service = find_service(name);
    const char *own = service == NULL
                          ? ""
                          : self->texts[TEXT_SERVICES + (service - services)];

    set_custom(out, self->texts[TEXT_OWN_ENDPOINT], "aws.endpoint_url");
    if (out->url[0] != '\0') {
        return SLU_ERR_OK;
    }
    set_custom(out, "", "");
    if (self->ignore_endpoints) {
        return SLU_ERR_OK;
    }
    if (own[0] != '\0') {
        set_custom(out, own, service->variable);
        return SLU_ERR_OK;
    }
    if (self->texts[TEXT_ENDPOINT][0] != '\0') {
        set_custom(out, self->texts[TEXT_ENDPOINT], "AWS_ENDPOINT_URL");
        return SLU_ERR_OK;
    }
    return find_in_profile(self, service, out, error);
}

enum slu_err slu_aws_settings_endpoint(const struct slu_aws_settings *self,
                                       struct slu_view service,
                                       struct slu_view region,
                                       struct slu_view bucket,
                                       struct slu_aws_endpoint *out_endpoint,
                                       struct slu_error *out_error)
{
    struct slu_aws_endpoint_options options = {
        .service = service,
        .region =
            region.len > 0 ? region : slu_view_str(self->texts[TEXT_REGION]),
        .bucket = bucket,
        .fips = self->fips,
        .dualstack = self->dualstack,
    };
    struct slu_error why = {0};
    struct custom custom;
    enum slu_err err = find_custom(self, service, &custom, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    options.custom = slu_view_str(custom.url);
    err = slu_aws_endpoint_make(&options, out_endpoint, &why);
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, err, "%s%s%s", custom.place,
                             custom.place[0] == '\0' ? "" : ": ", why.text);
    }
    return SLU_ERR_OK;
}
