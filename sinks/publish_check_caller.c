/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are: GetCallerIdentity, which needs no permission. It proves the
 * sign-in, and names the user or role whose policies IAM can simulate.
 */
#include "sinks/publish_check_state.h"

#include <stdio.h>

static enum slu_err write_request(struct slu_check_track *track,
                                  struct slu_request *out)
{
    enum slu_err err;

    (void)snprintf(track->head.name, sizeof(track->head.name),
                   "sts:GetCallerIdentity");
    out->method = SLU_METHOD_POST;
    out->content_type = (struct slu_view)SLU_VIEW_LITERAL(SLU_IAM_CONTENT_TYPE);
    out->aws.service = (struct slu_view)SLU_VIEW_LITERAL("sts");
    err = slu_buf_append_str(&track->target, "/");
    return err == SLU_ERR_OK ? slu_buf_append_str(&track->sent, SLU_CALLER_BODY)
                             : err;
}

static bool is_unknown(const struct slu_aws_error *refusal)
{
    return refusal->class_ == SLU_AWS_NOT_ENABLED ||
           refusal->class_ == SLU_AWS_EXPIRED ||
           refusal->class_ == SLU_AWS_SIGNATURE;
}

static void take_refusal(struct slu_check_track *track,
                         const struct slu_aws_error *refusal)
{
    struct slu_publish_check *self = track->check;

    track->over = true;
    track->unsure = true;
    if (is_unknown(refusal) && self->sign_in.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->sign_in, SLU_ERR_AUTH,
                            "AWS refuses the credentials: %s: HTTP %d %s: %s",
                            track->head.name, refusal->status, refusal->code,
                            slu_check_words(refusal));
        return;
    }
    slu_check_say(track, SLU_CHECK_WARN, "%s: HTTP %d %s: %s", track->head.name,
                  refusal->status, refusal->code, slu_check_words(refusal));
}

static enum slu_err take_answer(struct slu_check_track *track,
                                const struct slu_aws_error *refusal)
{
    struct slu_publish_check *self = track->check;
    enum slu_err err;

    if (refusal != NULL) {
        take_refusal(track, refusal);
        return SLU_ERR_OK;
    }
    err = slu_caller_read(self->alloc, slu_buf_view(&track->body),
                          &self->caller, &track->error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    self->caller_kind = slu_caller_principal(&self->caller, self->principal);
    slu_check_say(track, SLU_CHECK_OK, "signed in to AWS as %s",
                  self->caller.arn);
    track->over = true;
    return SLU_ERR_OK;
}

const struct slu_check_steps slu_check_caller_steps = {
    .write = write_request,
    .take = take_answer,
};
