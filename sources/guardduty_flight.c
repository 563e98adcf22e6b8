/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight of a unit: begun when its request is handed out with a page, ended
 * when its answer has come, or when the engine gives it up. What is in flight
 * counts as busy with its target.
 */
#include "sources/guardduty_pull.h"

/* Out of memory, or a port that failed: the run ends. What was committed is
 * kept. */
static void break_off(struct slu_guardduty_context *ctx, enum slu_err err,
                      struct slu_error *out_error)
{
    (void)slu_error_set(out_error, err,
                        "the pull from GuardDuty was ended: %s; what was "
                        "committed is kept, run again",
                        slu_err_sentence(err));
    if (!ctx->broken) {
        ctx->broken = true;
        ctx->result.failed_units++;
        ctx->result.first = *out_error;
    }
}

bool slu_guardduty_flight_begin(struct slu_guardduty_unit *unit,
                                uint64_t mono_ms,
                                struct slu_request *out_request)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;
    enum slu_err err = SLU_ERR_NOMEM;
    struct slu_error error;

    unit->next = ctx->flying;
    ctx->flying = unit;
    unit->target->busy++;
    unit->page = slu_guardduty_page_acquire(ctx, unit->operation);
    if (unit->page != NULL) {
        err = unit->operation == SLU_GUARDDUTY_GET
                  ? slu_guardduty_join(slu_guardduty_get_of(unit), mono_ms)
                  : SLU_ERR_OK;
    }
    if (err == SLU_ERR_OK) {
        err = slu_guardduty_request_write(unit);
    }
    if (err != SLU_ERR_OK) {
        break_off(ctx, err, &error);
        return false;
    }
    slu_guardduty_request_fill(unit, out_request);
    return true;
}

static void take_off(struct slu_guardduty_unit *unit)
{
    struct slu_guardduty_unit **place = &unit->target->ctx->flying;

    while (*place != unit) {
        place = &(*place)->next;
    }
    *place = unit->next;
    unit->next = NULL;
    unit->target->busy--;
}

static enum slu_err take_page(struct slu_guardduty_unit *unit, int64_t now_ms,
                              struct slu_step *out_step)
{
    switch (unit->operation) {
    case SLU_GUARDDUTY_DETECTORS:
        return slu_guardduty_take_detectors(unit->target, out_step);
    case SLU_GUARDDUTY_LIST:
        return (slu_guardduty_window_of(unit)->mirrors
                    ? slu_guardduty_take_mirror
                    : slu_guardduty_take_list)(slu_guardduty_window_of(unit),
                                               now_ms);
    default:
        return slu_guardduty_take_get(slu_guardduty_get_of(unit), now_ms);
    }
}

/* A token that the server takes ill says nothing of the detector. */
static bool is_of_token(const struct slu_guardduty_unit *unit)
{
    return unit->operation == SLU_GUARDDUTY_LIST &&
           ((const struct slu_guardduty_window *)unit)->token.len > 0;
}

static void end_unit(struct slu_guardduty_unit *unit,
                     enum slu_guardduty_outcome outcome,
                     const struct slu_error *error)
{
    slu_guardduty_target_end(unit->target, outcome, error);
    if (unit->operation == SLU_GUARDDUTY_GET) {
        slu_guardduty_get_bury(slu_guardduty_get_of(unit));
    } else if (unit->operation == SLU_GUARDDUTY_LIST &&
               slu_guardduty_window_of(unit)->mirrors) {
        (void)slu_guardduty_mirror_end(slu_guardduty_window_of(unit));
    }
}

static void take_refusal(struct slu_guardduty_unit *unit,
                         enum slu_guardduty_answer answer,
                         const struct slu_error *error)
{
    struct slu_guardduty_target *target = unit->target;

    switch (answer) {
    case SLU_GUARDDUTY_ANSWER_NO_SIGN_IN:
        slu_guardduty_identity_end(target, error);
        end_unit(unit, SLU_GUARDDUTY_NO_SIGN_IN, error);
        break;
    case SLU_GUARDDUTY_ANSWER_DENIED:
        end_unit(unit, SLU_GUARDDUTY_DENIED, error);
        break;
    case SLU_GUARDDUTY_ANSWER_NOT_ENABLED:
        end_unit(unit,
                 target->works ? SLU_GUARDDUTY_DENIED : SLU_GUARDDUTY_UNDECIDED,
                 error);
        break;
    case SLU_GUARDDUTY_ANSWER_BAD_REQUEST:
        if (is_of_token(unit) && !slu_guardduty_target_is_over(target)) {
            slu_guardduty_chain_restart(slu_guardduty_window_of(unit), error);
            break;
        }
        if (unit->operation == SLU_GUARDDUTY_GET &&
            target->ctx->port.tell == NULL) {
            if (!slu_guardduty_unjoin(slu_guardduty_get_of(unit))) {
                slu_guardduty_get_fail(slu_guardduty_get_of(unit), error);
            }
            break;
        }
        end_unit(unit, SLU_GUARDDUTY_FAILED, error);
        break;
    default:
        end_unit(unit, SLU_GUARDDUTY_FAILED, error);
        break;
    }
}

static void queue_again(struct slu_guardduty_unit *unit)
{
    slu_guardduty_queue_push_front(&unit->target->waiting[unit->operation],
                                   unit);
}

/* A check proves and keeps nothing. */
static void keep_nothing(const struct slu_guardduty_unit *unit,
                         struct slu_step *out_step)
{
    if (unit->target->ctx->port.tell != NULL &&
        out_step->kind == SLU_STEP_COMMIT) {
        out_step->kind = SLU_STEP_FAILED;
        (void)slu_error_set(&out_step->error, SLU_ERR_STOPPED,
                            "a check keeps nothing of %s", unit->head.name);
    }
}

static void end_answer(struct slu_guardduty_unit *unit,
                       const struct slu_answer_end *end, int64_t now_ms,
                       struct slu_step *out_step)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;
    enum slu_guardduty_answer answer = slu_guardduty_judge(unit, end, out_step);
    enum slu_err err = SLU_ERR_OK;

    if (out_step->error.code == SLU_ERR_NOMEM) {
        err = SLU_ERR_NOMEM;
        end_unit(unit, SLU_GUARDDUTY_FAILED, &out_step->error);
    } else if (answer == SLU_GUARDDUTY_ANSWER_PAGE) {
        err = take_page(unit, now_ms, out_step);
    } else if (answer == SLU_GUARDDUTY_ANSWER_RETRY) {
        queue_again(unit);
    } else {
        take_refusal(unit, answer, &out_step->error);
    }
    if (err != SLU_ERR_OK) {
        out_step->kind = SLU_STEP_FAILED;
        break_off(ctx, err, &out_step->error);
    }
}

void slu_guardduty_flight_end(struct slu_guardduty_unit *unit,
                              const struct slu_answer_end *end, int64_t now_ms,
                              struct slu_step *out_step)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;

    take_off(unit);
    if (ctx->broken) {
        *out_step = (struct slu_step){.kind = SLU_STEP_FAILED,
                                      .error = ctx->result.first};
        end_unit(unit, SLU_GUARDDUTY_FAILED, &out_step->error);
    } else {
        end_answer(unit, end, now_ms, out_step);
    }
    slu_guardduty_page_release(unit);
    if (!ctx->broken) {
        keep_nothing(unit, out_step);
        slu_guardduty_target_look(unit->target);
        slu_guardduty_settle(ctx);
    }
}

void slu_guardduty_flight_give_up(struct slu_guardduty_unit *unit,
                                  const struct slu_error *error)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;

    slu_guardduty_target_end(unit->target, SLU_GUARDDUTY_FAILED, error);
    if (unit->page != NULL) {
        take_off(unit);
        slu_guardduty_page_release(unit);
        end_unit(unit, SLU_GUARDDUTY_FAILED, error);
    }
    if (!ctx->broken) {
        slu_guardduty_settle(ctx);
    }
}

void slu_guardduty_flights_free(struct slu_guardduty_context *ctx)
{
    while (ctx->flying != NULL) {
        struct slu_guardduty_unit *unit = ctx->flying;

        ctx->flying = unit->next;
        slu_guardduty_page_release(unit);
        if (unit->operation == SLU_GUARDDUTY_LIST &&
            slu_guardduty_window_of(unit)->mirrors) {
            (void)slu_guardduty_mirror_end(slu_guardduty_window_of(unit));
        } else if (unit->operation == SLU_GUARDDUTY_GET) {
            slu_guardduty_unit_free(ctx, unit);
        }
    }
}
