/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#define CONFIG_PATH "/home/u/.aws/config"
#define CREDENTIALS_PATH "/home/u/.aws/credentials"

static const char *ask_env(void *ctx, const char *name)
{
    const struct world *self = ctx;

    for (unsigned i = 0; i < self->env_count; i++) {
        if (strcmp(self->env[i].name, name) == 0) {
            return self->env[i].text;
        }
    }
    return NULL;
}

static enum slu_err read_file(void *ctx, const char *path, struct slu_buf *out,
                              int *out_sys)
{
    struct world *self = ctx;

    self->reads++;
    *out_sys = ENOENT;
    for (unsigned i = 0; i < self->file_count; i++) {
        if (strcmp(self->files[i].name, path) != 0) {
            continue;
        }
        *out_sys = 0;
        if (self->files[i].text == NULL) {
            *out_sys = EACCES;
            return SLU_ERR_IO;
        }
        return slu_buf_append_str(out, self->files[i].text);
    }
    return SLU_ERR_NOT_FOUND;
}

void world_init(struct world *self)
{
    memset(self, 0, sizeof(*self));
    count_alloc_init(&self->counting);
    self->counting.secret = WORLD_SECRET;
    self->port = (struct slu_aws_port){self, ask_env, read_file};
    self->config.auth = "default";
    self->config.region = "eu-west-1";
    self->config.endpoint_url = "";
    self->config.roles_anywhere = (struct slu_aws_anywhere_config){
        .private_key = "",
        .certificate = "",
        .chain = "",
        .profile_arn = "",
        .role_arn = "",
        .trust_anchor_arn = "",
    };
    self->now.mono_ms = 1000;
    self->now.wall_s = WORLD_NOW;
    self->now.random = UINT64_MAX;
    world_set_env(self, "HOME", "/home/u");
}

/* Not left to fini: Criterion passes a test whose fini failed. */
static void check_memory(const struct world *self)
{
    cr_assert_not(self->counting.freed_secret,
                  "memory was given back with a secret in it");
}

void world_free_signin(struct world *self)
{
    slu_signin_free(self->signin);
    self->signin = NULL;
    cr_assert_eq(self->counting.live, 0, "%zu bytes are left",
                 self->counting.live);
    check_memory(self);
}

void world_fini(struct world *self)
{
    slu_signin_free(self->signin);
    slu_aws_settings_free(self->settings);
}

static void set_text(struct world_text *texts, unsigned *count, unsigned max,
                     struct world_text text)
{
    for (unsigned i = 0; i < *count; i++) {
        if (strcmp(texts[i].name, text.name) == 0) {
            texts[i] = text;
            return;
        }
    }
    cr_assert_lt(*count, max);
    texts[(*count)++] = text;
}

void world_set_env(struct world *self, const char *name, const char *text)
{
    set_text(self->env, &self->env_count, 24, (struct world_text){name, text});
}

void world_set_file(struct world *self, const char *path, const char *text)
{
    set_text(self->files, &self->file_count, 12,
             (struct world_text){path, text});
}

void world_set_config(struct world *self, const char *text)
{
    world_set_file(self, CONFIG_PATH, text);
}

void world_set_credentials(struct world *self, const char *text)
{
    world_set_file(self, CREDENTIALS_PATH, text);
}

void world_start(struct world *self)
{
    world_start_with(self, NULL);
}

void world_start_with(struct world *self, const struct slu_credentials *base)
{
    struct slu_error error = {0};

    if (self->settings == NULL) {
        cr_assert_eq(slu_aws_settings_new(slu_alloc_default(), &self->port,
                                          &self->config, &self->settings,
                                          &error),
                     SLU_ERR_OK, "%s", error.text);
    }
    if (self->signin == NULL) {
        const struct slu_signin_options options = {
            .alloc = &self->counting.alloc,
            .port = &self->port,
            .settings = self->settings,
            .config = &self->config,
            .account = self->account,
        };

        self->signin = slu_signin_new(&options);
        cr_assert_not_null(self->signin);
    }
    self->reads = 0;
    self->note[0] = '\0';
    slu_signin_start(self->signin, base, self->now);
    world_next(self);
}

void world_next(struct world *self)
{
    self->turn = slu_signin_next(self->signin, self->now, &self->need);
    if (self->need.note != NULL) {
        (void)snprintf(self->note, sizeof(self->note), "%s", self->need.note);
    }
}

static const char *why(const struct world *self)
{
    return self->turn == SLU_SIGNIN_FAILED ? self->need.error.text : "";
}

void world_expect_request(const struct world *self, const char *method,
                          const char *origin, const char *target)
{
    cr_assert_eq(self->turn, SLU_SIGNIN_REQUEST, "turn %d: %s", self->turn,
                 why(self));
    cr_assert_str_eq(self->need.method, method);
    cr_assert(slu_view_equal_str(self->need.origin, origin), "%.*s",
              SLU_VIEW_ARGS(self->need.origin));
    cr_assert(target == NULL || slu_view_equal_str(self->need.target, target),
              "%.*s", SLU_VIEW_ARGS(self->need.target));
    cr_assert_gt(self->need.timeout_ms, 0);
}

struct slu_view world_header(const struct world *self, const char *name)
{
    for (unsigned i = 0; i < self->need.header_count; i++) {
        if (slu_view_equal_str(self->need.headers[i].name, name)) {
            return self->need.headers[i].value;
        }
    }
    return slu_view_make(NULL, 0);
}

void world_expect_header(const struct world *self, const char *name,
                         const char *value)
{
    struct slu_view found = world_header(self, name);

    cr_assert(slu_view_equal_str(found, value), "%s: \"%.*s\"", name,
              SLU_VIEW_ARGS(found));
}

void world_expect_body(const struct world *self, const char *body)
{
    cr_assert(slu_view_equal_str(self->need.body, body), "%.*s",
              SLU_VIEW_ARGS(self->need.body));
}

void world_expect_wait(struct world *self, uint64_t least_ms, uint64_t most_ms)
{
    uint64_t wait_ms;

    cr_assert_eq(self->turn, SLU_SIGNIN_WAIT, "turn %d: %s", self->turn,
                 why(self));
    wait_ms = self->need.wait_until_ms - self->now.mono_ms;
    cr_assert(wait_ms >= least_ms && wait_ms <= most_ms, "%llu ms",
              (unsigned long long)wait_ms);
    self->now.mono_ms = self->need.wait_until_ms - 1;
    world_next(self);
    cr_assert_eq(self->turn, SLU_SIGNIN_WAIT);
    self->now.mono_ms++;
    world_next(self);
}

void world_answer_with(struct world *self,
                       const struct slu_signin_answer *answer)
{
    cr_assert(self->turn == SLU_SIGNIN_REQUEST ||
                  self->turn == SLU_SIGNIN_PROCESS,
              "turn %d: %s", self->turn, why(self));
    slu_signin_answer(self->signin, answer, self->now);
    world_next(self);
}

void world_answer(struct world *self, int status, const char *body)
{
    const struct slu_signin_answer answer = {.status = status,
                                             .body = slu_view_str(body)};

    world_answer_with(self, &answer);
}

void world_answer_error(struct world *self, enum slu_err err,
                        const char *sentence)
{
    struct slu_error error = {0};
    const struct slu_signin_answer answer = {
        .err = slu_error_set(&error, err, "%s", sentence), .error = &error};

    world_answer_with(self, &answer);
}

void world_expect_ready(struct world *self, const char *key_id,
                        const char *secret, const char *token,
                        int64_t expires_s)
{
    struct slu_credentials credentials;

    cr_assert_eq(self->turn, SLU_SIGNIN_READY, "turn %d: %s", self->turn,
                 why(self));
    slu_signin_take(self->signin, &credentials);
    cr_assert_str_eq(credentials.access_key_id, key_id);
    cr_assert_str_eq(credentials.secret_access_key, secret);
    cr_assert_str_eq(credentials.session_token, token);
    cr_assert_eq(credentials.expires_s, expires_s);
    slu_credentials_fini(&credentials);
    slu_credentials_fini(&credentials);
    /* The metadata service's token stays, and no secret. */
    cr_assert_not(count_alloc_has_secret(&self->counting),
                  "a secret is kept behind a sign-in");
    check_memory(self);
}

void world_expect_origin(const struct world *self, const char *origin)
{
    cr_assert_str_eq(slu_signin_origin(self->signin), origin);
}

void world_expect_failed(const struct world *self, enum slu_err code,
                         const char *sentence)
{
    cr_assert_eq(self->turn, SLU_SIGNIN_FAILED, "turn %d", self->turn);
    cr_assert_str_eq(self->need.error.text, sentence);
    cr_assert_eq(self->need.error.code, code, "%s",
                 slu_err_name(self->need.error.code));
    cr_assert_null(strstr(self->need.error.text, WORLD_SECRET));
    cr_assert_not(count_alloc_has_secret(&self->counting),
                  "a secret is kept behind a failure");
    check_memory(self);
}

const char *world_sts(const char *key_id)
{
    static char text[600];

    (void)snprintf(text, sizeof(text),
                   "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                   "<AccessKeyId>%s</AccessKeyId><SecretAccessKey>geheim-%s"
                   "</SecretAccessKey><SessionToken>token-geheim-%s"
                   "</SessionToken><Expiration>2026-01-01T01:00:00Z"
                   "</Expiration></Credentials></AssumeRoleResult>"
                   "</AssumeRoleResponse>",
                   key_id, key_id, key_id);
    return text;
}

const char *world_imds(const char *key_id)
{
    static char text[600];

    (void)snprintf(text, sizeof(text),
                   "{\"Code\":\"Success\",\"LastUpdated\":"
                   "\"2026-01-01T00:00:00Z\",\"Type\":\"AWS-HMAC\","
                   "\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"geheim-%s\","
                   "\"Token\":\"token-geheim-%s\",\"Expiration\":"
                   "\"2026-01-01T01:00:00Z\"}",
                   key_id, key_id, key_id);
    return text;
}

void world_expect_made(struct world *self, const char *key_id)
{
    char secret[80];
    char token[80];

    (void)snprintf(secret, sizeof(secret), "geheim-%s", key_id);
    (void)snprintf(token, sizeof(token), "token-geheim-%s", key_id);
    world_expect_ready(self, key_id, secret, token, WORLD_NOW + 3600);
}
