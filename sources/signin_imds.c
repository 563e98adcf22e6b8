/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EC2 metadata service, version 2 only: a token by PUT, with it the name of
 * the role, and the role's credentials. A token is kept for 21595 s (the 21600
 * that were asked for, and some seconds for the way); one that is refused is
 * replaced once in a sign-in.
 */
#include "sources/signin_state.h"

#include "codecs/url.h"

#include <stdio.h>

#define TOKEN_MS (21595ull * 1000)
#define TOKEN_TTL "21600"
#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define ROLE_TARGET "/latest/meta-data/iam/security-credentials/"
#define TIMEOUT_DEFAULT_S 1
#define TIMEOUT_MAX_S 60
#define EXTENSION_S 1125 /* its fifth before the end is a new try: 15 min */
#define LAST_MOMENT_S 10

static bool is_word(const char *text, const char *word)
{
    for (; *text != '\0' && (*text | 0x20) == *word; text++, word++) {
    }
    return *text == '\0' && *word == '\0';
}

bool slu_signin_try_imds(struct slu_signin *self)
{
    if (!is_word(slu_signin_env(self, "AWS_EC2_METADATA_DISABLED"), "true")) {
        slu_signin_set_origin(self, "the EC2 metadata service");
        slu_signin_ask(self, &slu_signin_imds);
        return true;
    }
    if (self->imds.last_resort) {
        slu_signin_fail(self, SLU_ERR_AUTH,
                        "no AWS credentials are set up: none in the "
                        "environment, in %.80s, of a web identity or a "
                        "container, and AWS_EC2_METADATA_DISABLED is true; set "
                        "up one of them, or aws.auth",
                        slu_aws_settings_files(self->options.settings));
    }
    return self->imds.last_resort;
}

/* ---- where it is ---- */

static const char *choose_endpoint(const struct slu_signin *self)
{
    const char *given =
        slu_signin_env(self, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode =
        slu_signin_env(self, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (given[0] != '\0') {
        return given;
    }
    return is_word(mode, "ipv6") ? "http://[fd00:ec2::254]"
                                 : "http://169.254.169.254";
}

/* "", "1", "2.5": of seconds. */
static int64_t choose_timeout_ms(const struct slu_signin *self)
{
    const char *text = slu_signin_env(self, "AWS_METADATA_SERVICE_TIMEOUT");
    int64_t seconds = 0;

    for (; *text >= '0' && *text <= '9' && seconds <= TIMEOUT_MAX_S; text++) {
        seconds = seconds * 10 + (*text - '0');
    }
    if (seconds == 0) {
        seconds = TIMEOUT_DEFAULT_S;
    }
    return (seconds > TIMEOUT_MAX_S ? TIMEOUT_MAX_S : seconds) * 1000;
}

/* AWS_METADATA_SERVICE_NUM_ATTEMPTS may make them fewer. */
static bool may_try_again(const struct slu_signin *self)
{
    const char *most =
        slu_signin_env(self, "AWS_METADATA_SERVICE_NUM_ATTEMPTS");

    return strcmp(most, "1") != 0 &&
           (strcmp(most, "2") != 0 || self->attempts == 0);
}

/* The endpoint, and behind its path the target. */
static bool set_place(struct slu_signin *self, const char *target)
{
    struct slu_view endpoint = slu_view_str(choose_endpoint(self));
    struct slu_error error = {0};
    struct slu_view path;
    struct slu_url url;

    if (slu_url_split(endpoint, &url, &path, &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT: %s", error.text);
        return false;
    }
    while (path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    self->need.origin = url.origin;
    self->need.direct = true;
    self->need.timeout_ms = choose_timeout_ms(self);
    if (slu_buf_append(&self->work->target, path) != SLU_ERR_OK ||
        slu_buf_append_str(&self->work->target, target) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
        return false;
    }
    return true;
}

/* ---- what has gone wrong ---- */

/* It answers, and has nothing: the words that the plugin's users know. */
static void fail_without_role(struct slu_signin *self, const char *why)
{
    slu_signin_fail(self, SLU_ERR_AUTH,
                    "Unable to find the credentials from the host machine. "
                    "Check the IAM Role attached to your EC2 Machine (the "
                    "metadata service at %.60s: %.80s), or set aws.auth",
                    choose_endpoint(self), why);
}

/* It isn't there, or is none of version 2. That it has worked before tells an
 * outage from a machine that isn't EC2's. */
static void fail_to_reach(struct slu_signin *self, const char *why, bool retry)
{
    char text[SLU_ERROR_TEXT_MAX];
    enum slu_err code = SLU_ERR_AUTH;

    if (self->imds.worked || !self->imds.last_resort) {
        code = self->imds.worked ? SLU_ERR_NETWORK : SLU_ERR_AUTH;
        (void)snprintf(text, sizeof(text),
                       "the EC2 metadata service at %.80s gives no token: "
                       "%.120s",
                       choose_endpoint(self), why);
    } else {
        (void)snprintf(
            text, sizeof(text),
            "no AWS credentials found: not in the environment, in %.50s, of a "
            "web identity or a container, and the EC2 metadata service at "
            "%.36s gives none (%.55s); set up one of them, or aws.auth",
            slu_aws_settings_files(self->options.settings),
            choose_endpoint(self), why);
    }
    if (retry && may_try_again(self)) {
        slu_signin_retry(self, true, code, text);
    } else {
        slu_signin_fail(self, code, "%s", text);
    }
}

static void fail_by_status(struct slu_signin *self, int status)
{
    bool again = status == 429 || status >= 500;
    char why[80];

    (void)snprintf(why, sizeof(why),
                   again ? "HTTP %d" : "HTTP %d; version 1 is not used",
                   status);
    fail_to_reach(self, why, again);
}

/* An answer with neither 200 nor a body to use; true when it was that. */
static bool refuse(struct slu_signin *self,
                   const struct slu_signin_answer *answer)
{
    char why[32];

    if (answer->err != SLU_ERR_OK) {
        fail_to_reach(self,
                      answer->error == NULL ? slu_err_sentence(answer->err)
                                            : answer->error->text,
                      true);
    } else if (answer->status == 401 && !self->imds.renewed) {
        self->imds.renewed = true;
        self->imds.token_until_ms = 0;
        slu_signin_ask(self, &slu_signin_imds);
    } else if (answer->status == 404) {
        (void)snprintf(why, sizeof(why), "HTTP 404");
        fail_without_role(self, why);
    } else if (answer->status != 200) {
        fail_by_status(self, answer->status);
    } else {
        return false;
    }
    return true;
}

/* ---- the steps ---- */

static void prepare(struct slu_signin *self)
{
    struct slu_signin_imds_state *imds = &self->imds;
    char target[sizeof(ROLE_TARGET) + sizeof(imds->role)] = ROLE_TARGET;

    if (self->now.mono_ms >= imds->token_until_ms) {
        imds->step = SLU_SIGNIN_IMDS_TOKEN;
    } else if (imds->step == SLU_SIGNIN_IMDS_TOKEN) {
        imds->step = SLU_SIGNIN_IMDS_ROLE;
    }
    if (imds->step == SLU_SIGNIN_IMDS_KEYS) {
        (void)snprintf(target, sizeof(target), ROLE_TARGET "%s", imds->role);
    }
    slu_signin_begin(self, imds->step == SLU_SIGNIN_IMDS_TOKEN ? "PUT" : "GET");
    if (!set_place(self, imds->step == SLU_SIGNIN_IMDS_TOKEN
                             ? "/latest/api/token"
                             : target)) {
        return;
    }
    if (imds->step == SLU_SIGNIN_IMDS_TOKEN) {
        slu_signin_add_header(self, TOKEN_HEADER "-ttl-seconds",
                              slu_view_str(TOKEN_TTL));
    } else {
        slu_signin_add_header(self, TOKEN_HEADER, slu_view_str(imds->token));
    }
    slu_signin_send(self);
}

static struct slu_view first_line(struct slu_view text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] != '\n' && text.ptr[len] != '\r') {
        len++;
    }
    return slu_view_make(text.ptr, len);
}

static void take_token(struct slu_signin *self,
                       const struct slu_signin_answer *answer)
{
    struct slu_signin_imds_state *imds = &self->imds;

    if (answer->err == SLU_ERR_OK && answer->status != 200) {
        fail_by_status(self, answer->status);
        return;
    }
    if (refuse(self, answer)) {
        return;
    }
    if (slu_aws_keys_set(imds->token, sizeof(imds->token) - 1, "the token",
                         first_line(answer->body), NULL) != SLU_ERR_OK) {
        fail_to_reach(self, "what it sent is no token", true);
        return;
    }
    imds->token_until_ms = self->now.mono_ms + TOKEN_MS;
    slu_signin_ask(self, &slu_signin_imds);
}

/* A name of IAM's: none of its characters means anything in a path. */
static bool take_name(struct slu_signin_imds_state *imds, struct slu_view name)
{
    return slu_aws_keys_set(imds->role, sizeof(imds->role) - 1, "the role",
                            name, NULL) == SLU_ERR_OK &&
           strpbrk(imds->role, "/?#%<>\"") == NULL;
}

static void take_role(struct slu_signin *self,
                      const struct slu_signin_answer *answer)
{
    struct slu_view name = first_line(answer->body);

    if (refuse(self, answer)) {
        return;
    }
    if (name.len == 0) {
        fail_without_role(self, "it names no role");
        return;
    }
    if (!take_name(&self->imds, name)) {
        fail_to_reach(self, "what it sent is no name of a role", true);
        return;
    }
    self->imds.step = SLU_SIGNIN_IMDS_KEYS;
    slu_signin_ask(self, &slu_signin_imds);
}

/*
 * At their last moment, or behind it, when the service has no newer ones: it
 * has an outage. They may still be good, for AWS prolongs them on its side in
 * that case (the SDKs call it static stability): used on, and asked again in a
 * quarter of an hour.
 */
static void extend(struct slu_signin *self)
{
    struct slu_aws_keys *keys = &self->work->keys;
    int64_t moment_s = LAST_MOMENT_S;

    if (keys->updated_s > 0 && keys->updated_s < keys->expires_s &&
        (keys->expires_s - keys->updated_s) / 5 < moment_s) {
        moment_s = (keys->expires_s - keys->updated_s) / 5;
    }
    if (keys->expires_s - self->now.wall_s >= moment_s) {
        return;
    }
    slu_signin_add_note(self,
                        "the EC2 metadata service has only credentials that "
                        "expire%s: they are used on, and it is asked again in "
                        "15 minutes",
                        keys->expires_s > self->now.wall_s ? " now" : "d");
    keys->expires_s = self->now.wall_s + EXTENSION_S;
}

static void take_keys(struct slu_signin *self,
                      const struct slu_signin_answer *answer)
{
    struct slu_error error = {0};
    enum slu_err err;

    if (refuse(self, answer)) {
        return;
    }
    err = slu_aws_keys_read(self->options.alloc, SLU_AWS_KEYS_METADATA,
                            answer->body, &self->work->keys, &error);
    if (err == SLU_ERR_OK) {
        slu_signin_set_origin(self, "the EC2 metadata service (role %s)",
                              self->imds.role);
        self->imds.worked = true;
        extend(self);
        slu_signin_keep(self);
    } else if (err == SLU_ERR_AUTH) {
        fail_without_role(self, error.text);
    } else if (err == SLU_ERR_NOMEM) {
        slu_signin_fail(self, err, "%s", error.text);
    } else {
        char sentence[SLU_ERROR_TEXT_MAX];

        (void)snprintf(sentence, sizeof(sentence),
                       "the EC2 metadata service at %.80s: %.200s",
                       choose_endpoint(self), error.text);
        slu_signin_retry(self, true, SLU_ERR_SERVER, sentence);
    }
}

static void answer_step(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    switch (self->imds.step) {
    case SLU_SIGNIN_IMDS_TOKEN:
        take_token(self, answer);
        break;
    case SLU_SIGNIN_IMDS_ROLE:
        take_role(self, answer);
        break;
    case SLU_SIGNIN_IMDS_KEYS:
        take_keys(self, answer);
        break;
    }
}

const struct slu_signin_provider slu_signin_imds = {prepare, answer_step,
                                                    false};
