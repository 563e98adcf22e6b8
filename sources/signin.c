/* SPDX-License-Identifier: Apache-2.0 */
/* The machine itself: signin_state.h draws it. */
#include "sources/signin_state.h"

#include "codecs/aws_error.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>

#define LOCAL_ATTEMPTS 3
#define LOCAL_WAIT_MS 1000
#define REMOTE_ATTEMPTS 5
#define REMOTE_WAIT_MS 500
#define SKEW_MIN_S 240 /* what a signature is refused for is 300 at least */

/* ---- memory ---- */

static void wipe_buf(struct slu_buf *buf)
{
    if (buf->ptr != NULL) {
        OPENSSL_cleanse(buf->ptr, buf->capacity);
    }
    slu_buf_clear(buf);
}

static void free_buf(struct slu_buf *buf)
{
    wipe_buf(buf);
    slu_buf_fini(buf);
}

static void close_work(struct slu_signin *self)
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

static char *copy_text(const struct slu_alloc *alloc, const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = slu_alloc_get(alloc, len);

    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
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

        close_work(self);
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
    close_work(self);
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

/* ---- what providers use ---- */

const char *slu_signin_env(const struct slu_signin *self, const char *name)
{
    const struct slu_aws_port *port = self->options.port;
    const char *value = port->env(port->ctx, name);

    return value == NULL ? "" : value;
}

bool slu_signin_read_file(struct slu_signin *self, const char *what,
                          const char *path)
{
    const struct slu_aws_port *port = self->options.port;
    struct slu_buf *file = &self->work->file;
    int sys = 0;
    enum slu_err err;

    wipe_buf(file);
    err = port->read_file(port->ctx, path, file, &sys);
    if (err == SLU_ERR_LIMIT) {
        slu_signin_fail(self, SLU_ERR_CONFIG,
                        "%s %.200s: the file has more than %zu bytes", what,
                        path, file->max);
    } else if (err != SLU_ERR_OK) {
        slu_signin_fail(self,
                        err == SLU_ERR_NOMEM ? SLU_ERR_NOMEM : SLU_ERR_CONFIG,
                        "%s %.200s: the file cannot be read: %s", what, path,
                        sys == 0 ? slu_err_sentence(err) : strerror(sys));
    }
    return err == SLU_ERR_OK;
}

void slu_signin_begin(struct slu_signin *self, const char *method)
{
    self->need = (struct slu_signin_need){.method = method};
    wipe_buf(&self->work->target);
    wipe_buf(&self->work->text);
    wipe_buf(&self->work->body);
}

void slu_signin_add_header(struct slu_signin *self, const char *name,
                           struct slu_view value)
{
    assert(self->need.header_count < SLU_SIGNIN_HEADERS_MAX);
    self->need.headers[self->need.header_count++] =
        (struct slu_sigv4_pair){slu_view_str(name), value};
}

void slu_signin_add_headers(struct slu_signin *self,
                            const struct slu_sigv4_added *added)
{
    assert(self->need.header_count + added->count <= SLU_SIGNIN_HEADERS_MAX);
    for (unsigned i = 0; i < added->count; i++) {
        self->need.headers[self->need.header_count++] = added->headers[i];
    }
}

void slu_signin_set_origin(struct slu_signin *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(self->origin, sizeof(self->origin), format, args);
    va_end(args);
}

void slu_signin_add_note(struct slu_signin *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(self->note, sizeof(self->note), format, args);
    va_end(args);
    self->has_note = true;
}

/* ---- the moves ---- */

void slu_signin_send(struct slu_signin *self)
{
    self->need.target = slu_buf_view(&self->work->target);
    self->need.body = slu_buf_view(&self->work->body);
    self->sent_s = self->now.wall_s;
    self->state = SLU_SIGNIN_ASKED;
}

void slu_signin_ask(struct slu_signin *self,
                    const struct slu_signin_provider *provider)
{
    self->provider = provider;
    self->attempts = 0;
    self->state = SLU_SIGNIN_ASK;
}

/* Credentials that come expired show a wrong clock, ours, if the server's own
 * calls them valid. */
static bool is_expired(struct slu_signin *self)
{
    int64_t expires_s = self->work->keys.expires_s;

    if (expires_s == 0 || expires_s > self->now.wall_s) {
        return false;
    }
    if (self->last_date_s == 0 || expires_s <= self->last_date_s) {
        return true;
    }
    self->skew_s += self->last_date_s - self->now.wall_s;
    self->now.wall_s = self->last_date_s;
    return false;
}

/* Of a profile's role: whose it is, and by whose credentials. */
static void name_role(struct slu_signin *self)
{
    char source[sizeof(self->origin)];

    if (self->role_count > 0 && self->options.account == NULL) {
        memcpy(source, self->origin, sizeof(source));
        slu_signin_set_origin(
            self, "profile %.60s (%.*s, by %.60s)", self->role_profile,
            self->roles[0].role_arn.len > 70 ? 70
                                             : (int)self->roles[0].role_arn.len,
            self->roles[0].role_arn.ptr, source);
    }
}

static void finish(struct slu_signin *self)
{
    const struct slu_alloc *alloc = self->options.alloc;
    const struct slu_aws_keys *keys = &self->work->keys;
    struct slu_credentials *ready = &self->ready;

    ready->alloc = alloc;
    ready->access_key_id = copy_text(alloc, keys->access_key_id);
    ready->secret_access_key = copy_text(alloc, keys->secret_access_key);
    ready->session_token = copy_text(alloc, keys->session_token);
    ready->expires_s = keys->expires_s;
    ready->obtained_s = self->now.wall_s;
    if (ready->access_key_id == NULL || ready->secret_access_key == NULL ||
        ready->session_token == NULL) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    name_role(self);
    close_work(self);
    self->state = SLU_SIGNIN_DONE;
}

void slu_signin_keep(struct slu_signin *self)
{
    if (is_expired(self)) {
        slu_signin_fail(self, SLU_ERR_AUTH,
                        "the credentials of %s have expired already",
                        self->origin);
    } else if (self->roles_left > 0) {
        slu_signin_ask(self, &slu_signin_role);
    } else {
        finish(self);
    }
}

void slu_signin_retry(struct slu_signin *self, bool local, enum slu_err code,
                      const char *sentence)
{
    unsigned most = local ? LOCAL_ATTEMPTS : REMOTE_ATTEMPTS;
    uint64_t wait_ms = LOCAL_WAIT_MS;

    self->attempts++;
    if (self->attempts >= most) {
        slu_signin_fail(self, code, "%s", sentence);
        return;
    }
    if (!local) { /* half of it by chance, so that many don't come at once */
        wait_ms = (uint64_t)REMOTE_WAIT_MS << self->attempts;
        wait_ms = wait_ms / 2 + self->now.random % (wait_ms / 2 + 1);
    }
    self->wait_until_ms = self->now.mono_ms + wait_ms;
    self->state = SLU_SIGNIN_WAITING;
}

/* The signature was called too old or too new: once more by the server's
 * clock, if that is far from the one it was signed by. (Ours may have been set
 * right meanwhile.) */
static bool adopt_clock(struct slu_signin *self)
{
    int64_t offset_s = self->last_date_s - self->sent_s;

    if (self->skew_tried || self->last_date_s == 0 ||
        (offset_s > -SKEW_MIN_S && offset_s < SKEW_MIN_S)) {
        return false;
    }
    self->skew_tried = true;
    self->skew_s += self->last_date_s - self->now.wall_s;
    self->state = SLU_SIGNIN_ASK;
    return true;
}

static void refuse_answer(struct slu_signin *self,
                          const struct slu_aws_error *error, const char *what)
{
    char sentence[SLU_ERROR_TEXT_MAX];
    bool words = error->message[0] != '\0';

    (void)snprintf(sentence, sizeof(sentence), "%.140s: %s%s%s", what,
                   error->code, words ? ": " : "", error->message);
    if (error->class_ == SLU_AWS_THROTTLED ||
        error->class_ == SLU_AWS_TRANSIENT ||
        strcmp(error->code, "InvalidIdentityToken") == 0) {
        slu_signin_retry(self, false,
                         strcmp(error->code, "InvalidIdentityToken") == 0
                             ? SLU_ERR_AUTH
                             : SLU_ERR_SERVER,
                         sentence);
        return;
    }
    if (error->class_ == SLU_AWS_SIGNATURE && adopt_clock(self)) {
        return;
    }
    slu_signin_fail(self, SLU_ERR_AUTH, "%s", sentence);
    self->base_refused =
        self->options.account != NULL && (error->class_ == SLU_AWS_EXPIRED ||
                                          error->class_ == SLU_AWS_NOT_ENABLED);
}

void slu_signin_refuse(struct slu_signin *self,
                       const struct slu_signin_answer *answer, const char *what)
{
    char sentence[SLU_ERROR_TEXT_MAX];
    struct slu_aws_error error;

    if (answer->err != SLU_ERR_OK) {
        (void)snprintf(sentence, sizeof(sentence), "%.140s: %s", what,
                       answer->error == NULL ? slu_err_sentence(answer->err)
                                             : answer->error->text);
        if (slu_err_retry_class(answer->err) == SLU_RETRY_BACKOFF) {
            slu_signin_retry(self, false, SLU_ERR_NETWORK, sentence);
        } else {
            slu_signin_fail(self, answer->err, "%s", sentence);
        }
        return;
    }
    if (slu_aws_error_read(self->options.alloc, answer->status,
                           answer->error_type, answer->body,
                           &error) != SLU_ERR_OK) {
        slu_signin_fail(self, SLU_ERR_NOMEM, "out of memory");
        return;
    }
    refuse_answer(self, &error, what);
}

void slu_signin_fail(struct slu_signin *self, enum slu_err code,
                     const char *format, ...)
{
    char text[SLU_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)slu_error_set(&self->error, code, "%s", text);
    close_work(self);
    slu_credentials_fini(&self->ready);
    self->state = SLU_SIGNIN_OVER;
}
