/* SPDX-License-Identifier: Apache-2.0 */
/* How an answer is judged: taken, asked for again, or refused. */
#include "sinks/sets_parts.h"

#include <stdio.h>

#define CREATE_TRIES 3 /* that a server fails at, in a region that is full */

void slu_sets_on_head(void *self, struct slu_unit *unit,
                      const struct slu_answer_head *head)
{
    struct slu_sets_unit *of = (struct slu_sets_unit *)unit;

    (void)self;
    of->status = head->status;
    slu_buf_clear(&of->answer);
    (void)snprintf(of->error_type, sizeof(of->error_type), "%.*s",
                   SLU_VIEW_ARGS(head->error_type));
}

enum slu_body_verdict slu_sets_on_body(void *self, struct slu_unit *unit,
                                       struct slu_view bytes)
{
    struct slu_sets_unit *of = (struct slu_sets_unit *)unit;

    (void)self;
    return slu_buf_append(&of->answer, bytes) == SLU_ERR_OK ? SLU_BODY_MORE
                                                            : SLU_BODY_ERROR;
}

void slu_sets_region_fail(struct slu_sets_region *region, bool denied,
                          const struct slu_error *error)
{
    struct slu_sets_result *result = &region->sets->result;

    if (region->error.code != SLU_ERR_OK) {
        return;
    }
    region->error = *error;
    region->denied = denied;
    result->failed_regions++;
    result->denied_regions += denied;
    if (result->first.code == SLU_ERR_OK) {
        result->first = *error;
    }
    slu_sets_log(region->sets, SLU_LOG_ERROR, "%s", error->text);
}

/* The set may be active or on its way by now: only a change that was never
 * made is a failure. */
static void fail(struct slu_sets_unit *unit, const struct slu_error *error)
{
    struct slu_sets_entry *entry = unit->entry;
    enum slu_set_outcome outcome = SLU_SET_FAILED;

    if (entry == NULL) {
        unit->state = SLU_SETS_OVER;
        slu_sets_region_fail(unit->region, false, error);
        return;
    }
    if (entry->sent) {
        outcome =
            entry->list->want.lines > 0 ? SLU_SET_PENDING : SLU_SET_DEACTIVATED;
    }
    slu_sets_settle_end(entry, outcome, error->text);
}

void slu_sets_give_up(void *self, struct slu_unit *unit,
                      const struct slu_error *error)
{
    (void)self;
    fail((struct slu_sets_unit *)unit, error);
}

static void retry(struct slu_sets_unit *unit, struct slu_step *out_step)
{
    unit->state = SLU_SETS_READY;
    unit->due_ms = 0;
    if (unit->entry != NULL && !out_step->throttled) {
        slu_sets_settle_again(unit->entry);
    }
    out_step->kind = SLU_STEP_RETRY;
}

/* The answer as a text with the padding that its reader needs. */
static enum slu_err pad(struct slu_buf *answer)
{
    char *room;
    enum slu_err err = slu_buf_reserve(answer, SLU_JSON_PADDING, &room);

    if (err == SLU_ERR_OK) {
        memset(room, 0, SLU_JSON_PADDING);
    }
    return err;
}

static void take(struct slu_sets_unit *unit, struct slu_step *out_step)
{
    struct slu_error error = {0};
    enum slu_err err = pad(&unit->answer);

    if (err == SLU_ERR_OK) {
        err = unit->entry == NULL ? slu_sets_survey_take(unit->region, &error)
                                  : slu_sets_settle_take(unit->entry, &error);
    }
    if (err == SLU_ERR_OK) {
        out_step->kind = SLU_STEP_COMMIT;
        return;
    }
    (void)slu_error_set(&out_step->error, err, "%s: %s", unit->head.name,
                        error.code == SLU_ERR_OK ? slu_err_sentence(err)
                                                 : error.text);
    if (err == SLU_ERR_MALFORMED) {
        retry(unit, out_step);
        return;
    }
    out_step->kind = SLU_STEP_FAILED;
    fail(unit, &out_step->error);
}

static void refuse(struct slu_sets_unit *unit,
                   const struct slu_aws_error *refusal,
                   struct slu_step *out_step)
{
    bool goes_on;

    slu_sets_explain(unit, refusal, &out_step->error);
    goes_on =
        unit->entry == NULL
            ? slu_sets_survey_refused(unit->region, refusal, &out_step->error)
            : slu_sets_settle_refused(unit->entry, refusal, &out_step->error);
    out_step->kind = goes_on ? SLU_STEP_COMMIT : SLU_STEP_FAILED;
}

/* A quota of sets is no rate limit and no failure of the server, although it is
 * said with the codes of either. Where its words are not known, a server that
 * fails at one more set again and again, with as many as there may be, says
 * just that: nobody shall wait limits.max_wait for it. */
static bool is_quota(const struct slu_sets_unit *unit,
                     const struct slu_aws_error *refusal)
{
    if (unit->operation != SLU_SETS_CREATE || refusal->status == 429) {
        return false;
    }
    return strcmp(refusal->code, "LimitExceededException") == 0 ||
           slu_sets_says(refusal->message, "account limit") ||
           (refusal->class_ == SLU_AWS_TRANSIENT &&
            unit->head.attempts + 1 >= CREATE_TRIES &&
            slu_sets_is_full(unit->region));
}

static bool may_retry(const struct slu_sets_unit *unit,
                      const struct slu_aws_error *refusal)
{
    return (refusal->class_ == SLU_AWS_THROTTLED ||
            refusal->class_ == SLU_AWS_TRANSIENT) &&
           !is_quota(unit, refusal);
}

static void judge_refusal(struct slu_sets_unit *unit, struct slu_step *out_step)
{
    const struct slu_sets *self = unit->region->sets;
    struct slu_aws_error refusal;
    enum slu_err err = slu_aws_error_read(
        self->alloc, unit->status, slu_view_str(unit->error_type),
        slu_buf_view(&unit->answer), &refusal);

    if (err != SLU_ERR_OK) {
        out_step->kind = SLU_STEP_FAILED;
        (void)slu_error_set(&out_step->error, err, "%s: %s", unit->head.name,
                            slu_err_sentence(err));
        fail(unit, &out_step->error);
        return;
    }
    if (!may_retry(unit, &refusal)) {
        refuse(unit, &refusal, out_step);
        return;
    }
    slu_sets_explain(unit, &refusal, &out_step->error);
    out_step->throttled = refusal.class_ == SLU_AWS_THROTTLED;
    retry(unit, out_step);
}

/* What failed below HTTP. */
static void judge_end(struct slu_sets_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step)
{
    bool sign_in = unit->status == 0 &&
                   (end->err == SLU_ERR_AUTH || end->err == SLU_ERR_DENIED ||
                    end->err == SLU_ERR_CONFIG);

    (void)slu_error_set(&out_step->error, end->err, "%s: %s", unit->head.name,
                        end->error == NULL ? slu_err_sentence(end->err)
                                           : end->error->text);
    if (!sign_in && end->err != SLU_ERR_NOMEM) {
        retry(unit, out_step);
        return;
    }
    out_step->kind = SLU_STEP_FAILED;
    if (sign_in) {
        slu_sets_region_fail(unit->region, true, &out_step->error);
    }
    fail(unit, &out_step->error);
}

void slu_sets_on_end(void *self, struct slu_unit *unit,
                     const struct slu_answer_end *end, struct slu_now now,
                     struct slu_step *out_step)
{
    struct slu_sets_unit *of = (struct slu_sets_unit *)unit;

    (void)self;
    (void)now;
    *out_step = (struct slu_step){0};
    if (end->err != SLU_ERR_OK) {
        judge_end(of, end, out_step);
    } else if (of->status == 200) {
        take(of, out_step);
    } else {
        judge_refusal(of, out_step);
    }
}
