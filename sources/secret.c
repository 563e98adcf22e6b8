/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unit, one request. What may be secret is in two rooms of fixed size, the
 * answer and the key, and both are wiped at the end of each exchange and of
 * the errand.
 */
#include "sources/secret.h"
#include "codecs/aws_endpoint.h"
#include "codecs/aws_error.h"
#include "codecs/escape.h"
#include "codecs/secret_text.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>

#define TARGET "secretsmanager.GetSecretValue"
#define REQUEST_MAX 16384
#define NAME_SHOWN 80 /* bytes of the secret's name in a sentence */

enum secret_state {
    SECRET_TO_ASK,
    SECRET_ASKED,
    SECRET_OVER,
};

struct slu_secret_fetch {
    struct slu_unit unit;
    const struct slu_alloc *alloc;
    const struct slu_secret *secret;
    enum secret_state state;
    struct slu_request_header target;
    struct slu_view region; /* of the ARN; empty: aws.region */
    char shown[120];        /* "the secret NAME" */
    struct slu_buf request;
    int status;
    char error_type[120];
    char shown_region[64];
    bool too_large;
    size_t answer_len;
    bool has_key;
    struct slu_error error; /* without a key: why */
    char answer[SLU_SECRET_ANSWER_MAX];
    struct slu_secret_text key;
};

static void wipe_answer(struct slu_secret_fetch *self)
{
    OPENSSL_cleanse(self->answer, self->answer_len);
    self->answer_len = 0;
    self->too_large = false;
    self->status = 0;
    self->error_type[0] = '\0';
}

static enum slu_err fail(struct slu_secret_fetch *self, enum slu_err code,
                         const char *format, ...) SLU_PRINTF(3, 4);

/* "the secret NAME" and the rest. */
static enum slu_err fail(struct slu_secret_fetch *self, enum slu_err code,
                         const char *format, ...)
{
    char rest[SLU_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(rest, sizeof(rest), format, args);
    va_end(args);
    (void)slu_error_set(&self->error, code, "%s%s", self->shown, rest);
    self->error.http_status = self->status;
    return code;
}

/* ---- life cycle ---- */

static enum slu_err write_request(struct slu_secret_fetch *self)
{
    enum slu_err err = slu_buf_append_str(&self->request, "{\"SecretId\":");

    if (err == SLU_ERR_OK) {
        err = slu_json_append_string(&self->request,
                                     slu_view_str(self->secret->name));
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(&self->request, "}") : err;
}

static void choose_region(struct slu_secret_fetch *self)
{
    struct slu_arn arn;

    if (slu_arn_parse(slu_view_str(self->secret->name), &arn) &&
        slu_aws_is_region(arn.region)) {
        self->region = arn.region;
    }
}

enum slu_err slu_secret_fetch_new(const struct slu_alloc *alloc,
                                  const struct slu_secret *secret,
                                  struct slu_secret_fetch **out_fetch,
                                  struct slu_error *out_error)
{
    struct slu_secret_fetch *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_fetch = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->secret = secret;
    self->target = (struct slu_request_header){SLU_VIEW_LITERAL("x-amz-target"),
                                               SLU_VIEW_LITERAL(TARGET)};
    (void)snprintf(self->shown, sizeof(self->shown), "the secret %.*s",
                   NAME_SHOWN, secret->name);
    (void)snprintf(self->unit.name, sizeof(self->unit.name), "%s", self->shown);
    slu_buf_init(&self->request, alloc, REQUEST_MAX);
    choose_region(self);
    (void)fail(self, SLU_ERR_STOPPED, " has not been read");
    err = write_request(self);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "%s cannot be asked for: %s",
                            self->shown, slu_err_sentence(err));
        slu_secret_fetch_free(self);
        return err;
    }
    *out_fetch = self;
    return SLU_ERR_OK;
}

void slu_secret_fetch_free(struct slu_secret_fetch *self)
{
    if (self == NULL) {
        return;
    }
    slu_buf_fini(&self->request);
    wipe_answer(self);
    slu_secret_text_wipe(&self->key);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

const char *slu_secret_fetch_value(const struct slu_secret_fetch *self,
                                   struct slu_error *out_error)
{
    if (self->has_key) {
        return self->key.text;
    }
    *out_error = self->error;
    return NULL;
}

/* ---- the errand ---- */

static unsigned count_lanes(const void *self)
{
    (void)self;
    return 1;
}

static enum slu_err load(void *self, struct slu_view key, struct slu_view value)
{
    (void)self;
    (void)key;
    (void)value;
    return SLU_ERR_OK;
}

static enum slu_err start(void *ctx, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error)
{
    struct slu_secret_fetch *self = ctx;
    struct slu_view region =
        self->region.len > 0 ? self->region : port->aws_region;

    (void)now;
    (void)out_error;
    wipe_answer(self);
    slu_secret_text_wipe(&self->key);
    self->has_key = false;
    self->state = SECRET_TO_ASK;
    self->unit.not_before_ms = 0;
    self->unit.attempts = 0;
    self->unit.waited_ms = 0;
    (void)snprintf(self->shown_region, sizeof(self->shown_region), "%.*s",
                   SLU_VIEW_ARGS(region));
    (void)fail(self, SLU_ERR_STOPPED, " has not been read");
    return SLU_ERR_OK;
}

static enum slu_turn next_request(void *ctx, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct slu_secret_fetch *self = ctx;

    *out_wait_until_ms = UINT64_MAX;
    if (self->state != SECRET_TO_ASK) {
        return self->state == SECRET_OVER ? SLU_TURN_DONE : SLU_TURN_WAIT;
    }
    if (self->unit.not_before_ms > now.mono_ms) {
        *out_wait_until_ms = self->unit.not_before_ms;
        return SLU_TURN_WAIT;
    }
    self->state = SECRET_ASKED;
    *out_request = (struct slu_request){
        .unit = &self->unit,
        .method = SLU_METHOD_POST,
        .target = SLU_VIEW_LITERAL("/"),
        .content_type = SLU_VIEW_LITERAL("application/x-amz-json-1.1"),
        .body = slu_buf_view(&self->request),
        .headers = &self->target,
        .header_count = 1,
        .auth = SLU_AUTH_SIGV4,
        .aws = {.service = SLU_VIEW_LITERAL("secretsmanager"),
                .region = self->region},
    };
    return SLU_TURN_REQUEST;
}

static void on_head(void *ctx, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    struct slu_secret_fetch *self = ctx;

    (void)unit;
    self->status = head->status;
    (void)snprintf(self->error_type, sizeof(self->error_type), "%.*s",
                   SLU_VIEW_ARGS(head->error_type));
}

static enum slu_body_verdict on_body(void *ctx, struct slu_unit *unit,
                                     struct slu_view bytes)
{
    struct slu_secret_fetch *self = ctx;

    (void)unit;
    if (bytes.len > sizeof(self->answer) - self->answer_len) {
        self->too_large = true;
        return SLU_BODY_ERROR;
    }
    memcpy(self->answer + self->answer_len, bytes.ptr, bytes.len);
    self->answer_len += bytes.len;
    return SLU_BODY_MORE;
}

/* ---- what an answer says ---- */

static struct slu_view answer_of(const struct slu_secret_fetch *self)
{
    return slu_view_make(self->answer, self->answer_len);
}

static enum slu_err read_key(struct slu_secret_fetch *self)
{
    struct slu_error error;
    enum slu_err err = slu_secret_text_read(
        answer_of(self), self->secret->member, &self->key, &error);

    self->has_key = err == SLU_ERR_OK;
    return err == SLU_ERR_OK
               ? err
               : fail(self, err, " cannot be used: %s", error.text);
}

static enum slu_err fail_missing(struct slu_secret_fetch *self)
{
    return fail(self, SLU_ERR_NOT_FOUND,
                " does not exist in %s; check its name and region",
                self->shown_region);
}

static enum slu_err fail_denied(struct slu_secret_fetch *self,
                                const struct slu_aws_error *cause)
{
    bool by_kms = strcmp(cause->code, "DecryptionFailure") == 0;

    return fail(self, SLU_ERR_DENIED,
                " may not be read: grant secretsmanager:GetSecretValue%s: "
                "%.120s",
                by_kms ? " and kms:Decrypt on its key"
                       : " (and kms:Decrypt where it has a key of its own)",
                cause->message);
}

static enum slu_err judge_code(struct slu_secret_fetch *self,
                               const struct slu_aws_error *cause)
{
    if (strcmp(cause->code, "InvalidRequestException") == 0) {
        return fail(self, SLU_ERR_NOT_FOUND,
                    " can't be read as it is, as when it is marked for "
                    "deletion: %.120s",
                    cause->message);
    }
    if (strcmp(cause->code, "DecryptionFailure") == 0) {
        return fail_denied(self, cause);
    }
    return fail(self, SLU_ERR_REJECTED, " was refused: HTTP %d %s: %.120s",
                self->status, cause->code, cause->message);
}

static enum slu_err read_refusal(struct slu_secret_fetch *self,
                                 bool *out_throttled)
{
    struct slu_aws_error cause;

    if (slu_aws_error_read(self->alloc, self->status,
                           slu_view_str(self->error_type), answer_of(self),
                           &cause) != SLU_ERR_OK) {
        return fail(self, SLU_ERR_NOMEM, ": out of memory");
    }
    *out_throttled = cause.class_ == SLU_AWS_THROTTLED;
    switch (cause.class_) {
    case SLU_AWS_NOT_FOUND:
        return fail_missing(self);
    case SLU_AWS_DENIED:
        return fail_denied(self, &cause);
    case SLU_AWS_NOT_ENABLED:
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
        return fail(self, SLU_ERR_AUTH,
                    " cannot be read: AWS refuses the credentials: %s: %.120s",
                    cause.code, cause.message);
    case SLU_AWS_THROTTLED:
        return fail(self, SLU_ERR_QUOTA, ": too many requests (%s)",
                    cause.code);
    case SLU_AWS_TRANSIENT:
        return fail(self, SLU_ERR_SERVER, ": HTTP %d %s: %.120s", self->status,
                    cause.code, cause.message);
    default:
        return judge_code(self, &cause);
    }
}

static enum slu_err judge(struct slu_secret_fetch *self,
                          const struct slu_answer_end *end, bool *out_throttled)
{
    *out_throttled = false;
    if (self->too_large) {
        return fail(self, SLU_ERR_MALFORMED,
                    ": the answer has more than %u bytes",
                    SLU_SECRET_ANSWER_MAX);
    }
    if (end->err != SLU_ERR_OK) {
        return fail(self, end->err, " cannot be read: %.200s",
                    end->error != NULL ? end->error->text
                                       : slu_err_sentence(end->err));
    }
    return self->status == 200 ? read_key(self)
                               : read_refusal(self, out_throttled);
}

static void on_end(void *ctx, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_secret_fetch *self = ctx;
    enum slu_err err = judge(self, end, &out_step->throttled);

    (void)unit;
    (void)now;
    self->state = SECRET_OVER;
    if (err == SLU_ERR_OK) {
        out_step->kind = SLU_STEP_COMMIT;
    } else {
        out_step->kind = SLU_STEP_FAILED;
        out_step->error = self->error;
        if (slu_err_retry_class(err) == SLU_RETRY_BACKOFF) {
            out_step->kind = SLU_STEP_RETRY;
            self->state = SECRET_TO_ASK;
        }
    }
    wipe_answer(self);
}

static void give_up(void *ctx, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct slu_secret_fetch *self = ctx;

    (void)unit;
    self->state = SECRET_OVER;
    self->error = *error;
}

const struct slu_errand_ops slu_secret_errand = {
    .name = "secret",
    .lanes = count_lanes,
    .load = load,
    .start = start,
    .next_request = next_request,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .give_up = give_up,
};
