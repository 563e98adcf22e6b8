/* SPDX-License-Identifier: Apache-2.0 */
/* What the providers of a sign-in use, and the moves in which they end. */
#include "sources/signin_state.h"

#include "codecs/aws_error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define LOCAL_ATTEMPTS 3
#define LOCAL_WAIT_MS 1000
#define REMOTE_ATTEMPTS 5
#define REMOTE_WAIT_MS 500
#define SKEW_MIN_S 240 /* what a signature is refused for is 300 at least */

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

    slu_signin_wipe(file);
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
    slu_signin_wipe(&self->work->target);
    slu_signin_wipe(&self->work->text);
    slu_signin_wipe(&self->work->body);
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

static char *copy_text(const struct slu_alloc *alloc, const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = slu_alloc_get(alloc, len);

    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
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
    slu_signin_close_work(self);
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
    bool coded = strspn(error->code, "0123456789") != strlen(error->code);

    (void)snprintf(sentence, sizeof(sentence), "%.140s: %s%s%s%s", what,
                   coded ? "" : "HTTP ", error->code, words ? ": " : "",
                   error->message);
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
    slu_signin_close_work(self);
    slu_credentials_fini(&self->ready);
    self->state = SLU_SIGNIN_OVER;
}
