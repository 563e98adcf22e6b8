/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials endpoint of a container: ECS, EKS Pod Identity, Greengrass,
 * SnapStart. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is a path on ECS's address,
 * AWS_CONTAINER_CREDENTIALS_FULL_URI a whole URL; the first wins. The
 * authorization token's file is read anew for every request.
 */
#include "sources/signin_state.h"

#include "codecs/aws_error.h"
#include "codecs/url.h"

#include <stdio.h>

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define ECS_ORIGIN "http://169.254.170.2"
#define TIMEOUT_MS 2000

bool slu_signin_try_container(struct slu_signin *self)
{
    if (slu_signin_env(self, RELATIVE)[0] == '\0' &&
        slu_signin_env(self, FULL)[0] == '\0') {
        return false;
    }
    slu_signin_set_origin(self, "the container's credentials endpoint");
    slu_signin_ask(self, &slu_signin_container);
    return true;
}

/* Where a token may go unencrypted: this machine, ECS, EKS. */
static bool is_allowed(const struct slu_url *url)
{
    return url->tls || url->loopback ||
           slu_view_equal_str(url->host, "169.254.170.2") ||
           slu_view_equal_str(url->host, "169.254.170.23") ||
           slu_view_equal_str(url->host, "fd00:ec2::23");
}

static bool set_full_place(struct slu_signin *self, const char *uri)
{
    struct slu_error error = {0};
    struct slu_view target;
    struct slu_url url;

    if (slu_url_split(slu_view_str(uri), &url, &target, &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG, FULL ": %s", error.text);
        return false;
    }
    if (!is_allowed(&url)) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        FULL " \"%.120s\": http is only for this machine, "
                             "169.254.170.2, 169.254.170.23 and fd00:ec2::23; "
                             "use https",
                        uri);
        return false;
    }
    self->need.origin = url.origin;
    if (target.len == 0) {
        target = slu_view_str("/");
    }
    if (target.ptr[0] != '/' ||
        slu_buf_append(&self->work->target, target) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        FULL " \"%.120s\" is no URL with a path", uri);
        return false;
    }
    return true;
}

static bool set_place(struct slu_signin *self)
{
    const char *relative = slu_signin_env(self, RELATIVE);

    if (relative[0] == '\0') {
        return set_full_place(self, slu_signin_env(self, FULL));
    }
    self->need.origin = slu_view_str(ECS_ORIGIN);
    if (relative[0] != '/' ||
        slu_buf_append_str(&self->work->target, relative) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        RELATIVE " \"%.120s\" is no path: expected one that "
                                 "begins with a slash",
                        relative);
        return false;
    }
    return true;
}

static bool set_token(struct slu_signin *self)
{
    const char *path = slu_signin_env(self, TOKEN_FILE);
    struct slu_view token = slu_view_str(slu_signin_env(self, TOKEN));

    if (path[0] != '\0') {
        if (!slu_signin_read_file(self, TOKEN_FILE, path)) {
            return false;
        }
        token = slu_buf_view(&self->work->file);
    }
    for (size_t i = 0; i < token.len; i++) {
        if ((unsigned char)token.ptr[i] < 0x20 || token.ptr[i] == 0x7F) {
            slu_signin_fail(self, SLU_ERR_CONFIG,
                            "%s%s%.160s: the token holds a line break or "
                            "another byte that a header may not have",
                            path[0] == '\0' ? TOKEN : TOKEN_FILE,
                            path[0] == '\0' ? "" : " ", path);
            return false;
        }
    }
    if (token.len > 0) {
        slu_signin_add_header(self, "Authorization", token);
    }
    return true;
}

static void prepare(struct slu_signin *self)
{
    slu_signin_begin(self, "GET");
    self->need.direct = true;
    self->need.timeout_ms = TIMEOUT_MS;
    slu_signin_add_header(self, "Accept", slu_view_str("application/json"));
    if (set_place(self) && set_token(self)) {
        slu_signin_send(self);
    }
}

static void refuse(struct slu_signin *self,
                   const struct slu_signin_answer *answer)
{
    char sentence[SLU_ERROR_TEXT_MAX];
    struct slu_aws_error error;

    if (answer->err != SLU_ERR_OK) {
        (void)snprintf(sentence, sizeof(sentence), "%s: %s", self->origin,
                       answer->error == NULL ? slu_err_sentence(answer->err)
                                             : answer->error->text);
        slu_signin_retry(self, true, SLU_ERR_NETWORK, sentence);
        return;
    }
    if (slu_aws_error_read(self->options.alloc, answer->status,
                           answer->error_type, answer->body,
                           &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    (void)snprintf(sentence, sizeof(sentence), "%s answers HTTP %d: %s %s",
                   self->origin, answer->status, error.code, error.message);
    if (answer->status == 429 || answer->status >= 500) {
        slu_signin_retry(self, true, SLU_ERR_SERVER, sentence);
    } else {
        slu_signin_fail(self, SLU_ERR_AUTH, "%s", sentence);
    }
}

static void take_answer(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    char sentence[SLU_ERROR_TEXT_MAX];
    struct slu_error error = {0};
    enum slu_err err;

    if (answer->err != SLU_ERR_OK || answer->status != 200) {
        refuse(self, answer);
        return;
    }
    err = slu_aws_keys_read(self->options.alloc, SLU_AWS_KEYS_CONTAINER,
                            answer->body, &self->work->keys, &error);
    if (err == SLU_ERR_OK) {
        slu_signin_keep(self);
    } else if (err == SLU_ERR_NOMEM) {
        slu_signin_fail(self, err, "%s", error.text);
    } else {
        (void)snprintf(sentence, sizeof(sentence), "%s: %.200s", self->origin,
                       error.text);
        slu_signin_retry(self, true, SLU_ERR_SERVER, sentence);
    }
}

const struct slu_signin_provider slu_signin_container = {prepare, take_answer,
                                                         false};
