/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a request: an answer, something worth asking again, or a
 * refusal with its sentence, in the words of the source of findings. A refusal
 * that names another region is followed once; the region is remembered, and
 * what was under way to the old one is asked again.
 */
#include "codecs/aws_endpoint.h"
#include "sources/guardduty_export.h"

#include <stdio.h>

/* Signed anew each time, with newer credentials or a better clock: what is
 * still refused then is wrong for good. */
#define SIGNED_ANEW_MAX 4
/* So often what came over a wire damaged is asked for in all. */
#define READ_ANEW_MAX 3

void slu_export_answer_begin(struct slu_export_answer *self,
                             const struct slu_source *source)
{
    slu_buf_clear(&self->body);
    self->status = 0;
    self->error_type[0] = '\0';
    self->region[0] = '\0';
    self->error = (struct slu_error){0};
    self->region_serial = source->region_serial;
}

/* One that doesn't fit is none. */
static void copy_header(struct slu_view value, char *out, size_t room)
{
    size_t len = value.len < room ? value.len : 0;

    if (len > 0) {
        memcpy(out, value.ptr, len);
    }
    out[len] = '\0';
}

void slu_export_answer_head(struct slu_export_answer *self,
                            const struct slu_answer_head *head)
{
    self->status = head->status;
    copy_header(head->error_type, self->error_type, sizeof(self->error_type));
    copy_header(head->region, self->region, sizeof(self->region));
}

enum slu_err slu_export_answer_body(struct slu_export_answer *self,
                                    struct slu_view bytes)
{
    size_t room = self->body.max - self->body.len;

    bytes.len = bytes.len < room ? bytes.len : room;
    return slu_buf_append(&self->body, bytes);
}

void slu_export_address(const struct slu_source *source,
                        struct slu_request *request)
{
    if (!source->s3) {
        return;
    }
    request->channel = SLU_CHANNEL_HTTP;
    request->auth = SLU_AUTH_SIGV4;
    request->aws = (struct slu_aws_scope){
        .service = SLU_VIEW_LITERAL("s3"),
        .region = slu_view_str(source->region),
        .bucket = slu_view_str(source->bucket),
    };
}

static const char *words_of(const struct slu_aws_error *error)
{
    return error->message[0] != '\0' ? error->message : error->code;
}

/* ---- below HTTP, and bodies that can't be read ---- */

/* What reading found wrong is in the content: asking again brings the same. But
 * a body that a false Content-Length has cut looks like that, too, so that what
 * came over a wire is asked for anew. */
static enum slu_export_outcome fail_content(const struct slu_error *error,
                                            const char *thing, bool again,
                                            struct slu_step *out_step)
{
    again = again && (error->code == SLU_ERR_TRUNCATED ||
                      error->code == SLU_ERR_MALFORMED);
    out_step->kind = again ? SLU_STEP_RETRY : SLU_STEP_FAILED;
    out_step->error = *error;
    if (error->code != SLU_ERR_NOMEM) {
        (void)slu_error_set(&out_step->error, error->code, "%.150s: %.150s",
                            thing, error->text);
    }
    return again ? SLU_EXPORT_RETRY : SLU_EXPORT_FAILED;
}

static enum slu_export_outcome fail_transport(const struct slu_answer_end *end,
                                              const char *thing,
                                              struct slu_step *out_step)
{
    bool again = slu_err_retry_class(end->err) == SLU_RETRY_BACKOFF;

    out_step->kind = again ? SLU_STEP_RETRY : SLU_STEP_FAILED;
    (void)slu_error_set(&out_step->error, end->err, "%.120s: %.190s", thing,
                        end->error != NULL && end->error->text[0] != '\0'
                            ? end->error->text
                            : slu_err_sentence(end->err));
    return again ? SLU_EXPORT_RETRY : SLU_EXPORT_FAILED;
}

static enum slu_export_outcome fail_sign_in(const struct slu_answer_end *end,
                                            struct slu_step *out_step)
{
    if (end->error != NULL) {
        out_step->error = *end->error;
    }
    out_step->error.code = end->err;
    if (out_step->error.text[0] == '\0') {
        (void)slu_error_set(&out_step->error, end->err, "%s",
                            slu_err_sentence(end->err));
    }
    return SLU_EXPORT_NO_SIGN_IN;
}

/* ---- refusals of the file system ---- */

static enum slu_export_outcome refuse_path(int status, const char *thing,
                                           struct slu_step *out_step)
{
    if (status == 404) {
        (void)slu_error_set(&out_step->error, SLU_ERR_NOT_FOUND,
                            "there is no %.250s", thing);
        return SLU_EXPORT_GONE;
    }
    (void)slu_error_set(&out_step->error, SLU_ERR_DENIED,
                        "%.250s may not be read: permission denied", thing);
    return SLU_EXPORT_DENIED;
}

/* ---- refusals of S3 ---- */

static enum slu_export_outcome say_retry(const struct slu_aws_error *error,
                                         enum slu_err code, const char *thing,
                                         struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_RETRY;
    out_step->throttled = error->class_ == SLU_AWS_THROTTLED;
    (void)slu_error_set(&out_step->error, code, "HTTP %d for %.120s: %.150s",
                        error->status, thing, words_of(error));
    return SLU_EXPORT_RETRY;
}

/* GuardDuty's exports are always encrypted, so that the key's permission is
 * the one that is most often forgotten: S3 says so in its message. */
static enum slu_export_outcome say_denied(const struct slu_aws_error *error,
                                          const struct slu_export_asked *asked,
                                          struct slu_step *out_step)
{
    const char *action = asked->action;

    if (strstr(error->message, "kms:Decrypt") != NULL) {
        action = "kms:Decrypt";
    }
    (void)slu_error_set(&out_step->error, SLU_ERR_DENIED,
                        "Access Denied, Verify the permissions provided: %s "
                        "is missing for %.110s (%.110s)",
                        action, asked->thing, words_of(error));
    return SLU_EXPORT_DENIED;
}

static enum slu_export_outcome
say_not_accepted(const struct slu_aws_error *error, const char *thing,
                 struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_AUTH,
                        "the credentials are not accepted for %.110s (%s: "
                        "%.110s)",
                        thing, error->code, words_of(error));
    return SLU_EXPORT_NO_SIGN_IN;
}

static enum slu_export_outcome say_other(const struct slu_aws_error *error,
                                         const char *thing,
                                         struct slu_step *out_step)
{
    if (strcmp(error->code, "InvalidObjectState") == 0) {
        (void)slu_error_set(&out_step->error, SLU_ERR_REJECTED,
                            "%.150s is in an archive of S3: restore it before "
                            "it can be read",
                            thing);
    } else {
        (void)slu_error_set(
            &out_step->error, SLU_ERR_REJECTED,
            "Bad Request, HTTP %d for %.110s: %s%s%.110s", error->status, thing,
            error->code, error->message[0] != '\0' ? ": " : "", error->message);
    }
    return SLU_EXPORT_FAILED;
}

static enum slu_export_outcome say_lost(const struct slu_source *source,
                                        const struct slu_aws_error *error,
                                        struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_CONFIG,
                        "the bucket %s is not in the region %s, and S3 does "
                        "not say where it is (%s); set "
                        "guardduty.export_region",
                        source->bucket,
                        source->region[0] != '\0' ? source->region
                                                  : "of aws.region",
                        error->code);
    return SLU_EXPORT_FAILED;
}

/* Asked in a region that was found wrong meanwhile, or for the first time. */
static enum slu_export_outcome redirect(struct slu_source *source,
                                        const struct slu_export_answer *answer,
                                        const struct slu_aws_error *error,
                                        struct slu_step *out_step)
{
    const char *region =
        answer->region[0] != '\0' ? answer->region : error->region;

    out_step->kind = SLU_STEP_COMMIT;
    if (answer->region_serial != source->region_serial) {
        return SLU_EXPORT_AGAIN;
    }
    if (source->region_serial > 0 || !slu_aws_is_region(slu_view_str(region)) ||
        strcmp(region, source->region) == 0) {
        out_step->kind = SLU_STEP_FAILED;
        return say_lost(source, error, out_step);
    }
    (void)snprintf(source->region, sizeof(source->region), "%s", region);
    source->region_serial++;
    slu_source_log(&source->port, SLU_LOG_INFO,
                   "the bucket %s is in the region %s and is asked there; "
                   "guardduty.export_region: %s saves the detour",
                   source->bucket, region, region);
    return SLU_EXPORT_AGAIN;
}

static enum slu_export_outcome
judge_refusal(struct slu_source *source, const struct slu_export_answer *answer,
              const struct slu_export_asked *asked,
              const struct slu_aws_error *error, struct slu_step *out_step)
{
    bool anew = asked->attempts < SIGNED_ANEW_MAX;
    const char *thing = asked->thing;

    switch (error->class_) {
    case SLU_AWS_THROTTLED:
        return say_retry(error, SLU_ERR_QUOTA, thing, out_step);
    case SLU_AWS_TRANSIENT:
        return say_retry(error, SLU_ERR_SERVER, thing, out_step);
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
        return anew ? say_retry(error, SLU_ERR_AUTH, thing, out_step)
                    : say_not_accepted(error, thing, out_step);
    case SLU_AWS_NOT_ENABLED:
        /* Where it was accepted before, it is a token that has ended. */
        return source->listing.pages > 0 && anew
                   ? say_retry(error, SLU_ERR_AUTH, thing, out_step)
                   : say_not_accepted(error, thing, out_step);
    case SLU_AWS_DENIED:
        return strcmp(error->code, "InvalidObjectState") == 0
                   ? say_other(error, thing, out_step)
                   : say_denied(error, asked, out_step);
    case SLU_AWS_REDIRECT:
        return redirect(source, answer, error, out_step);
    case SLU_AWS_NOT_FOUND:
        (void)slu_error_set(&out_step->error, SLU_ERR_NOT_FOUND,
                            "there is no %.150s (%s)", thing, error->code);
        return SLU_EXPORT_GONE;
    default:
        return say_other(error, thing, out_step);
    }
}

enum slu_export_outcome slu_export_judge(struct slu_source *source,
                                         const struct slu_export_answer *answer,
                                         const struct slu_export_asked *asked,
                                         const struct slu_answer_end *end,
                                         struct slu_step *out_step)
{
    struct slu_aws_error error;
    enum slu_export_outcome outcome;
    enum slu_err err;

    /* FAILED stands until something better is known. */
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    if (answer->status == 0 &&
        (end->err == SLU_ERR_AUTH || end->err == SLU_ERR_DENIED ||
         end->err == SLU_ERR_CONFIG)) {
        return fail_sign_in(end, out_step);
    }
    if (answer->error.code != SLU_ERR_OK) {
        return fail_content(&answer->error, asked->thing,
                            source->s3 && asked->attempts < READ_ANEW_MAX,
                            out_step);
    }
    /* The status of a refusal counts even if its body was cut. */
    if (end->err != SLU_ERR_OK &&
        (answer->status == 200 || answer->status == 0)) {
        return fail_transport(end, asked->thing, out_step);
    }
    if (answer->status == 200) {
        out_step->kind = SLU_STEP_COMMIT;
        return SLU_EXPORT_GOOD;
    }
    if (!source->s3) {
        return refuse_path(answer->status, asked->thing, out_step);
    }
    err = slu_aws_error_read(source->alloc, answer->status,
                             slu_view_str(answer->error_type),
                             slu_buf_view(&answer->body), &error);
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&out_step->error, err, "%s", slu_err_sentence(err));
        return SLU_EXPORT_FAILED;
    }
    outcome = judge_refusal(source, answer, asked, &error, out_step);
    out_step->error.http_status = answer->status;
    return outcome;
}
