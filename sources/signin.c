/* SPDX-License-Identifier: Apache-2.0 */
/* The machine itself: signin_state.h draws it. */
#include "sources/signin_state.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>

/* ---- memory ---- */

void slu_signin_wipe(struct slu_buf *buf)
{
    if (buf->ptr != NULL) {
        OPENSSL_cleanse(buf->ptr, buf->capacity);
    }
    slu_buf_clear(buf);
}

static void free_buf(struct slu_buf *buf)
{
    slu_signin_wipe(buf);
    slu_buf_fini(buf);
}

void slu_signin_close_work(struct slu_signin *self)
{
    struct slu_signin_work *work = self->work;

    if (work != NULL) {
        free_buf(&work->target);
        free_buf(&work->text);
        free_buf(&work->body);
        free_buf(&work->file);
        OPENSSL_cleanse(work, sizeof(*work));
        slu_alloc_put(self->options.alloc, work, sizeof(*work));
        self->work = NULL;
    }
}

static bool open_buf(struct slu_signin *self, struct slu_buf *buf, size_t max)
{
    char *room;

    slu_buf_init(buf, self->options.alloc, max);
    return slu_buf_reserve(buf, max, &room) == SLU_ERR_OK;
}

static bool open_work(struct slu_signin *self)
{
    struct slu_signin_work *work =
        slu_alloc_zero(self->options.alloc, sizeof(*work));

    self->work = work;
    return work != NULL &&
           open_buf(self, &work->target, SLU_SIGNIN_TARGET_MAX) &&
           open_buf(self, &work->text, SLU_SIGV4_TEXT_MAX) &&
           open_buf(self, &work->body, SLU_STS_BODY_MAX) &&
           open_buf(self, &work->file, SLU_SIGNIN_FILE_MAX);
}

static void free_secret(const struct slu_alloc *alloc, char *text)
{
    if (text != NULL) {
        size_t len = strlen(text) + 1;

        OPENSSL_cleanse(text, len);
        slu_alloc_put(alloc, text, len);
    }
}

void slu_credentials_fini(struct slu_credentials *self)
{
    free_secret(self->alloc, self->access_key_id);
    free_secret(self->alloc, self->secret_access_key);
    free_secret(self->alloc, self->session_token);
    *self = (struct slu_credentials){0};
}

/* ---- life cycle ---- */

struct slu_signin *slu_signin_new(const struct slu_signin_options *options)
{
    struct slu_signin *self = slu_alloc_zero(options->alloc, sizeof(*self));

    if (self != NULL) {
        self->options = *options;
    }
    return self;
}

void slu_signin_free(struct slu_signin *self)
{
    if (self != NULL) {
        const struct slu_alloc *alloc = self->options.alloc;

        slu_signin_close_work(self);
        slu_credentials_fini(&self->ready);
        OPENSSL_cleanse(self, sizeof(*self));
        slu_alloc_put(alloc, self, sizeof(*self));
    }
}

static void set_now(struct slu_signin *self, struct slu_signin_now now)
{
    self->now = now;
    self->now.wall_s += self->skew_s;
}

/* What a sign-in before this one left behind; the metadata service's token and
 * what was warned of stay. */
static void reset(struct slu_signin *self)
{
    slu_signin_close_work(self);
    slu_credentials_fini(&self->ready);
    self->state = SLU_SIGNIN_IDLE;
    self->provider = NULL;
    self->role_count = 0;
    self->roles_left = 0;
    self->attempts = 0;
    self->skew_s = 0;
    self->last_date_s = 0;
    self->skew_tried = false;
    self->base_refused = false;
    self->has_profile = false;
    self->profile_only = false;
    self->has_note = false;
    self->imds.renewed = false;
    self->imds.last_resort = false;
    self->imds.step = SLU_SIGNIN_IMDS_TOKEN;
    self->error = (struct slu_error){0};
}

/* The base's credentials, and the one role to be assumed with them. */
static void choose_account(struct slu_signin *self,
                           const struct slu_credentials *base)
{
    const struct slu_account *account = self->options.account;
    struct slu_aws_keys *keys = &self->work->keys;

    slu_signin_set_origin(self, "the role %s", account->role_arn);
    (void)snprintf(keys->access_key_id, sizeof(keys->access_key_id), "%s",
                   base->access_key_id);
    (void)snprintf(keys->secret_access_key, sizeof(keys->secret_access_key),
                   "%s", base->secret_access_key);
    (void)snprintf(keys->session_token, sizeof(keys->session_token), "%s",
                   base->session_token);
    self->roles[0] = (struct slu_sts_role){
        .role_arn = slu_view_str(account->role_arn),
        .session_name = slu_view_str(SLU_SIGNIN_SESSION_NAME),
        .external_id = slu_view_str(account->external_id),
    };
    self->role_count = 1;
    self->roles_left = 1;
    slu_signin_ask(self, &slu_signin_role);
}

static void choose(struct slu_signin *self)
{
    const struct slu_aws_config *config = self->options.config;
    struct slu_error error = {0};

    if (slu_aws_config_check(config, &error) != SLU_ERR_OK) {
        slu_signin_fail(self, error.code, "%s", error.text);
    } else if (strcmp(config->auth, "static") == 0) {
        slu_signin_choose_config_keys(self);
    } else if (strcmp(config->auth, "roles_anywhere") == 0) {
        slu_signin_set_origin(self, "IAM Roles Anywhere");
        slu_signin_ask(self, &slu_signin_anywhere);
    } else {
        slu_signin_choose_default(self);
    }
}

void slu_signin_start(struct slu_signin *self,
                      const struct slu_credentials *base,
                      struct slu_signin_now now)
{
    reset(self);
    set_now(self, now);
    if (!open_work(self)) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    if (self->options.account != NULL &&
        self->options.account->role_arn[0] != '\0') {
        assert(base != NULL);
        choose_account(self, base);
    } else {
        choose(self);
    }
}

static enum slu_signin_turn show_turn(struct slu_signin *self)
{
    switch (self->state) {
    case SLU_SIGNIN_ASKED:
        return self->provider->is_process ? SLU_SIGNIN_PROCESS
                                          : SLU_SIGNIN_REQUEST;
    case SLU_SIGNIN_WAITING:
        self->need.wait_until_ms = self->wait_until_ms;
        return SLU_SIGNIN_WAIT;
    case SLU_SIGNIN_DONE:
        return SLU_SIGNIN_READY;
    default:
        self->need.error = self->error;
        return SLU_SIGNIN_FAILED;
    }
}

enum slu_signin_turn slu_signin_next(struct slu_signin *self,
                                     struct slu_signin_now now,
                                     struct slu_signin_need *out_need)
{
    enum slu_signin_turn turn;

    assert(self->state != SLU_SIGNIN_IDLE && self->state != SLU_SIGNIN_ASKED);
    set_now(self, now);
    if (self->state == SLU_SIGNIN_WAITING &&
        now.mono_ms >= self->wait_until_ms) {
        self->state = SLU_SIGNIN_ASK;
    }
    while (self->state == SLU_SIGNIN_ASK) {
        self->provider->prepare(self);
    }
    turn = show_turn(self);
    *out_need = self->need;
    out_need->note = self->has_note ? self->note : NULL;
    self->has_note = false;
    return turn;
}

void slu_signin_answer(struct slu_signin *self,
                       const struct slu_signin_answer *answer,
                       struct slu_signin_now now)
{
    assert(self->state == SLU_SIGNIN_ASKED);
    set_now(self, now);
    self->last_date_s = answer->date_s;
    if (answer->err == SLU_ERR_NOMEM) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    self->provider->answer(self, answer);
    assert(self->state != SLU_SIGNIN_ASKED);
}

void slu_signin_take(struct slu_signin *self,
                     struct slu_credentials *out_credentials)
{
    assert(self->state == SLU_SIGNIN_DONE);
    *out_credentials = self->ready;
    self->ready = (struct slu_credentials){0};
    self->state = SLU_SIGNIN_IDLE;
}

const char *slu_signin_origin(const struct slu_signin *self)
{
    return self->origin;
}

int64_t slu_signin_take_skew(struct slu_signin *self)
{
    int64_t skew_s = self->skew_s;

    self->skew_s = 0;
    return skew_s;
}

bool slu_signin_base_refused(const struct slu_signin *self)
{
    return self->base_refused;
}
