/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refusal of S3 means. Its sentence names the object, what happened, and
 * what can be done; the server's words come last, for they may be cut.
 */
#include "sinks/bucket_state.h"

#include <stdio.h>

/* The engine has signed anew once already; a signature may be of a clock that
 * was just set right. */
#define SIGNED_ANEW_MAX 2

/* The code says it all where there is no message. */
static const char *words_of(const struct slu_aws_error *cause)
{
    return cause->message[0] != '\0' ? cause->message : cause->code;
}

static bool asks_for_content(const struct slu_bucket_unit *unit)
{
    return unit->phase == SLU_BUCKET_FETCH || unit->phase == SLU_BUCKET_COMPARE;
}

/* Of the object. */
static bool is_head(const struct slu_bucket_unit *unit)
{
    return unit->phase == SLU_BUCKET_VERIFY || unit->phase == SLU_BUCKET_LOOK;
}

/* S3's 503 is SlowDown; of a HEAD it has no words. */
static bool is_throttled(const struct slu_bucket_unit *unit,
                         const struct slu_aws_error *cause)
{
    return cause->class_ == SLU_AWS_THROTTLED ||
           (cause->status == 503 && unit->answer.words.len == 0);
}

static void say_retry(const struct slu_bucket_unit *unit,
                      const struct slu_aws_error *cause, enum slu_err code,
                      struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_RETRY;
    out_step->throttled = is_throttled(unit, cause);
    (void)slu_error_set(&out_step->error, code, "%s: HTTP %d %s: %s",
                        slu_bucket_thing(unit), unit->answer.status,
                        cause->code, words_of(cause));
    out_step->error.http_status = unit->answer.status;
}

/* ---- permissions ---- */

static const char *find_kms_action(const struct slu_aws_error *cause)
{
    static const char *const actions[] = {"kms:GenerateDataKey", "kms:Decrypt",
                                          "kms:Encrypt"};

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strstr(cause->message, actions[i]) != NULL) {
            return actions[i];
        }
    }
    return NULL;
}

static const char *missing_permission(const struct slu_bucket_unit *unit)
{
    switch (unit->phase) {
    case SLU_BUCKET_PUT:
        return unit->known->state == SLU_OBJECT_PRESENT
                   ? "s3:PutObject is missing (or s3:GetObject, which If-Match "
                     "needs too)"
                   : "s3:PutObject is missing";
    case SLU_BUCKET_LOCATE:
        return "s3:ListBucket is missing";
    default:
        return "s3:GetObject is missing (or s3:ListBucket, without which an "
               "absent object answers 403 too)";
    }
}

static void refuse_denied(struct slu_bucket *self, struct slu_bucket_unit *unit,
                          const struct slu_aws_error *cause,
                          struct slu_step *out_step)
{
    const char *kms = find_kms_action(cause);
    char owner[60] = "";

    if (strcmp(cause->code, "InvalidObjectState") == 0) {
        (void)slu_error_set(&out_step->error, SLU_ERR_REJECTED,
                            "%s is in an archive of S3: restore it before it "
                            "can be read",
                            slu_bucket_thing(unit));
        slu_bucket_refuse(self, unit, out_step);
        return;
    }
    if (self->owner[0] != '\0') {
        (void)snprintf(owner, sizeof(owner),
                       ", or the bucket isn't of account %s", self->owner);
    }
    (void)slu_error_set(&out_step->error, SLU_ERR_DENIED,
                        "%s: access denied, %s%s%s: %s", slu_bucket_thing(unit),
                        kms != NULL ? kms : missing_permission(unit),
                        kms != NULL ? " is missing for the KMS key" : "",
                        kms != NULL ? "" : owner, words_of(cause));
    self->refused += !slu_bucket_is_verified(unit);
    slu_bucket_refuse(self, unit, out_step);
}

/* ---- credentials ---- */

static void judge_credentials(struct slu_bucket *self,
                              struct slu_bucket_unit *unit,
                              const struct slu_aws_error *cause,
                              struct slu_step *out_step)
{
    if (cause->class_ != SLU_AWS_NOT_ENABLED &&
        unit->unit.attempts < SIGNED_ANEW_MAX) {
        say_retry(unit, cause, SLU_ERR_AUTH, out_step);
        return;
    }
    (void)slu_error_set(&out_step->error, SLU_ERR_AUTH,
                        "%s: the credentials are not accepted (%s): %s",
                        slu_bucket_thing(unit), cause->code, words_of(cause));
    self->refused += !slu_bucket_is_verified(unit);
    slu_bucket_refuse(self, unit, out_step);
}

/* ---- what isn't there ---- */

static void refuse_no_bucket(struct slu_bucket *self,
                             struct slu_bucket_unit *unit,
                             struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_NOT_FOUND,
                        "%s: there is no bucket %s in the region %s "
                        "(NoSuchBucket): create it, or correct lists.bucket",
                        slu_bucket_thing(unit), self->bucket,
                        slu_bucket_region(self, unit->region));
    slu_bucket_refuse(self, unit, out_step);
}

static void refuse_other(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         const struct slu_aws_error *cause,
                         struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_REJECTED,
                        "%s: HTTP %d %s%s%s", slu_bucket_thing(unit),
                        unit->answer.status, cause->code,
                        cause->message[0] != '\0' ? ": " : "", cause->message);
    slu_bucket_refuse(self, unit, out_step);
}

static void note_absent(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        struct slu_step *out_step)
{
    bool stale = unit->known->state == SLU_OBJECT_PRESENT;

    unit->known->state = SLU_OBJECT_ABSENT;
    unit->known->lines = 0;
    self->welcome = true;
    if (unit->phase != SLU_BUCKET_FETCH && unit->phase != SLU_BUCKET_VERIFY) {
        slu_bucket_move(self, unit, SLU_BUCKET_PUT, out_step);
        return;
    }
    if (stale && !slu_bucket_remember(self, unit, out_step)) {
        return;
    }
    slu_bucket_end(self, unit, SLU_OBJECT_MISSING);
    if (unit->store) {
        slu_bucket_plan_store(self, unit);
    }
}

/* Of a HEAD there is no body: that the bucket is missing, the PUT will say. */
static void judge_not_found(struct slu_bucket *self,
                            struct slu_bucket_unit *unit,
                            const struct slu_aws_error *cause,
                            struct slu_step *out_step)
{
    bool no_key = strcmp(cause->code, "NoSuchKey") == 0;
    bool known_put = unit->phase == SLU_BUCKET_PUT &&
                     unit->known->state == SLU_OBJECT_PRESENT;

    if (strcmp(cause->code, "NoSuchBucket") == 0 ||
        unit->phase == SLU_BUCKET_LOCATE) {
        refuse_no_bucket(self, unit, out_step);
    } else if (is_head(unit) ||
               (no_key && (asks_for_content(unit) || known_put))) {
        note_absent(self, unit, out_step);
    } else {
        refuse_other(self, unit, cause, out_step);
    }
}

/* ---- all ---- */

/* HEAD has no words: 400 may be another region, or anything that the same
 * question with GET will be told. */
static void judge_other(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        const struct slu_aws_error *cause,
                        struct slu_step *out_step)
{
    const char *region = unit->answer.region;

    if (!is_head(unit) && unit->phase != SLU_BUCKET_LOCATE) {
        refuse_other(self, unit, cause, out_step);
    } else if (region[0] != '\0' &&
               strcmp(region, slu_bucket_region(self, unit->region)) != 0) {
        slu_bucket_redirect(self, unit, cause, out_step);
    } else if (is_head(unit)) {
        slu_bucket_move(self, unit,
                        unit->phase == SLU_BUCKET_LOOK ? SLU_BUCKET_COMPARE
                                                       : SLU_BUCKET_FETCH,
                        out_step);
    } else {
        refuse_other(self, unit, cause, out_step);
    }
}

static void judge_class(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        const struct slu_aws_error *cause,
                        struct slu_step *out_step)
{
    switch (cause->class_) {
    case SLU_AWS_THROTTLED:
        say_retry(unit, cause, SLU_ERR_QUOTA, out_step);
        break;
    case SLU_AWS_TRANSIENT:
        say_retry(unit, cause, SLU_ERR_SERVER, out_step);
        break;
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
    case SLU_AWS_NOT_ENABLED:
        judge_credentials(self, unit, cause, out_step);
        break;
    case SLU_AWS_DENIED:
        refuse_denied(self, unit, cause, out_step);
        break;
    case SLU_AWS_REDIRECT:
        slu_bucket_redirect(self, unit, cause, out_step);
        break;
    case SLU_AWS_NOT_FOUND:
        judge_not_found(self, unit, cause, out_step);
        break;
    default:
        judge_other(self, unit, cause, out_step);
        break;
    }
}

void slu_bucket_refusal(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        const struct slu_aws_error *cause,
                        struct slu_step *out_step)
{
    bool conditional = unit->phase == SLU_BUCKET_PUT;
    bool located =
        unit->phase == SLU_BUCKET_LOCATE && unit->answer.region[0] != '\0';

    if (located) {
        /* Said also of a bucket that may not be looked at. */
        slu_bucket_redirect(self, unit, cause, out_step);
    } else if (unit->answer.status == 409) {
        /* Another write of the object is under way. */
        say_retry(unit, cause, SLU_ERR_SERVER, out_step);
    } else if (unit->answer.status == 412 && conditional) {
        slu_bucket_move(self, unit, SLU_BUCKET_COMPARE, out_step);
    } else {
        judge_class(self, unit, cause, out_step);
    }
}
