/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source "guardduty": targets (account x region) taking turns, and the
 * table of operations. Of a target, gets that tell how a window is to be
 * divided go first, then lists, then the gets that only end their windows: on
 * these nothing waits, so that they fill the connections when the last windows
 * are being divided.
 */
#include "sources/guardduty_pull.h"

struct slu_source {
    struct slu_guardduty_context ctx;
};

static void access_config(const void *config,
                          struct slu_source_access *out_access)
{
    const struct slu_guardduty_config *guardduty = config;

    *out_access = (struct slu_source_access){
        .lanes = slu_guardduty_target_total(guardduty, (struct slu_view){0}) *
                 SLU_GUARDDUTY_OPERATIONS,
        .lane_group = SLU_GUARDDUTY_OPERATIONS,
        .aws = true,
        .accounts = guardduty->accounts.items,
        .account_count = guardduty->accounts.count,
    };
}

static void free_flying(struct slu_guardduty_context *ctx)
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

static void destroy(struct slu_source *self)
{
    struct slu_guardduty_context *ctx;
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    ctx = &self->ctx;
    alloc = ctx->alloc;
    free_flying(ctx);
    slu_guardduty_pools_fini(ctx);
    slu_guardduty_targets_free(ctx);
    slu_guardduty_pages_fini(ctx);
    slu_extract_free(ctx->extract);
    slu_alloc_put(alloc, self, sizeof(*self));
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    struct slu_source *self;
    enum slu_err err = slu_guardduty_config_check(config, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    self = slu_alloc_zero(alloc, sizeof(*self));
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->ctx.alloc = alloc;
    self->ctx.config = config;
    self->ctx.port = *port;
    err = slu_guardduty_targets_make(&self->ctx, out_error);
    if (err == SLU_ERR_OK) {
        self->ctx.extract = slu_extract_new(alloc, config, &self->ctx.port);
        if (self->ctx.extract == NULL) {
            err = slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
        }
    }
    if (err != SLU_ERR_OK) {
        destroy(self);
        return err;
    }
    *out_source = self;
    return SLU_ERR_OK;
}

static bool take_prefix(struct slu_view *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->ptr, prefix, len) != 0) {
        return false;
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    return true;
}

static enum slu_err load(struct slu_source *self, struct slu_view key,
                         struct slu_view value)
{
    if (take_prefix(&key, "planned/")) {
        return slu_guardduty_load_planned(&self->ctx, key, value);
    }
    if (take_prefix(&key, "open/")) {
        return slu_guardduty_load_open(&self->ctx, key);
    }
    return SLU_ERR_STATE;
}

static enum slu_err start(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error)
{
    struct slu_guardduty_context *ctx = &self->ctx;
    const char *detector = ctx->config->detector;
    bool named = detector != NULL && detector[0] != '\0' &&
                 strcmp(detector, "auto") != 0;

    (void)found;
    ctx->start_ms = now.wall_s * 1000;
    if (ctx->port.tell == NULL) {
        slu_guardduty_log(
            ctx, SLU_LOG_INFO,
            "Fetching GuardDuty findings of %u account(s), %u "
            "account and region pair(s) in all",
            ctx->config->accounts.count > 0 ? ctx->config->accounts.count : 1,
            ctx->target_count);
    }
    for (unsigned i = 0; i < ctx->target_count; i++) {
        struct slu_guardduty_target *target = &ctx->targets[i];
        enum slu_err err = SLU_ERR_OK;

        if (named) {
            err = slu_guardduty_detector_start(target, detector);
        } else {
            slu_guardduty_queue_push(&target->waiting[SLU_GUARDDUTY_DETECTORS],
                                     &target->unit);
        }
        if (err == SLU_ERR_STATE) {
            return slu_error_set(out_error, SLU_ERR_CONFIG,
                                 "guardduty.detector is longer than %d bytes",
                                 SLU_GUARDDUTY_DETECTOR_MAX);
        }
        if (err != SLU_ERR_OK) {
            return slu_error_set(out_error, err,
                                 "the pull from GuardDuty can't be planned: %s",
                                 slu_err_sentence(err));
        }
    }
    return SLU_ERR_OK;
}

/* ---- requests ---- */

/* Gets that wait hold lists back, so that ids don't pile up. */
static bool has_many_gets(const struct slu_guardduty_target *target)
{
    return target->waiting[SLU_GUARDDUTY_GET].count >
               SLU_GUARDDUTY_GETS_WAITING_MAX ||
           (target->leaves.count >= SLU_GUARDDUTY_LEAVES_MAX &&
            target->ctx->leaves >= SLU_GUARDDUTY_ALL_LEAVES_MAX);
}

/* NULL: none of the queue may go now. */
static struct slu_guardduty_unit *
choose_of(struct slu_guardduty_target *target,
          enum slu_guardduty_operation operation,
          struct slu_guardduty_queue *queue, uint64_t mono_ms,
          uint64_t *out_wait_until_ms)
{
    const struct slu_source_port *port = &target->ctx->port;
    unsigned lane =
        target->index * SLU_GUARDDUTY_OPERATIONS + (unsigned)operation;

    return slu_guardduty_queue_is_ready(queue, mono_ms, out_wait_until_ms) &&
                   port->may_send(port->ctx, lane, target->identity)
               ? slu_guardduty_queue_take(queue, mono_ms, out_wait_until_ms)
               : NULL;
}

/* NULL when the target has nothing to ask now. */
static struct slu_guardduty_unit *
choose_unit(struct slu_guardduty_target *target, uint64_t mono_ms,
            uint64_t *out_wait_until_ms)
{
    struct slu_guardduty_queue *waiting = target->waiting;
    struct slu_guardduty_unit *unit =
        choose_of(target, SLU_GUARDDUTY_GET, &waiting[SLU_GUARDDUTY_GET],
                  mono_ms, out_wait_until_ms);

    if (unit == NULL && !has_many_gets(target)) {
        unit =
            choose_of(target, SLU_GUARDDUTY_LIST, &waiting[SLU_GUARDDUTY_LIST],
                      mono_ms, out_wait_until_ms);
    }
    if (unit == NULL) {
        unit = choose_of(target, SLU_GUARDDUTY_GET, &target->leaves, mono_ms,
                         out_wait_until_ms);
        target->ctx->leaves -= unit != NULL;
    }
    if (unit == NULL) {
        unit = choose_of(target, SLU_GUARDDUTY_DETECTORS,
                         &waiting[SLU_GUARDDUTY_DETECTORS], mono_ms,
                         out_wait_until_ms);
    }
    return unit;
}

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

static bool hand_out(struct slu_guardduty_unit *unit, uint64_t mono_ms,
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

static enum slu_turn next_request(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct slu_guardduty_context *ctx = &self->ctx;
    enum slu_turn answer = SLU_TURN_DONE;

    *out_wait_until_ms = UINT64_MAX;
    slu_guardduty_graveyard_clear(ctx);
    for (unsigned i = 0; i < ctx->target_count && !ctx->broken; i++) {
        unsigned turn = (ctx->turn + i) % ctx->target_count;
        struct slu_guardduty_target *target = &ctx->targets[turn];
        struct slu_guardduty_unit *unit = NULL;

        if (!slu_guardduty_target_is_over(target)) {
            answer = SLU_TURN_WAIT;
            unit = choose_unit(target, now.mono_ms, out_wait_until_ms);
        } else if (target->busy > 0) {
            answer = SLU_TURN_WAIT;
        }
        if (unit != NULL && hand_out(unit, now.mono_ms, out_request)) {
            ctx->turn = (turn + 1) % ctx->target_count;
            return SLU_TURN_REQUEST;
        }
    }
    return ctx->broken ? SLU_TURN_DONE : answer;
}

/* ---- answers ---- */

static void on_head(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    (void)self;
    slu_guardduty_page_head(((struct slu_guardduty_unit *)unit)->page, head);
}

static enum slu_body_verdict
on_body(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    (void)self;
    return slu_guardduty_page_body((struct slu_guardduty_unit *)unit, bytes);
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

static void on_end(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_guardduty_context *ctx = &self->ctx;
    struct slu_guardduty_unit *mine = (struct slu_guardduty_unit *)unit;

    take_off(mine);
    if (ctx->broken) {
        *out_step = (struct slu_step){.kind = SLU_STEP_FAILED,
                                      .error = ctx->result.first};
        end_unit(mine, SLU_GUARDDUTY_FAILED, &out_step->error);
    } else {
        end_answer(mine, end, now.wall_s * 1000, out_step);
    }
    slu_guardduty_page_release(mine);
    if (!ctx->broken) {
        keep_nothing(mine, out_step);
        slu_guardduty_target_look(mine->target);
        slu_guardduty_settle(ctx);
    }
}

static void give_up(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct slu_guardduty_context *ctx = &self->ctx;
    struct slu_guardduty_unit *mine = (struct slu_guardduty_unit *)unit;

    slu_guardduty_target_end(mine->target, SLU_GUARDDUTY_FAILED, error);
    if (mine->page != NULL) {
        take_off(mine);
        slu_guardduty_page_release(mine);
        end_unit(mine, SLU_GUARDDUTY_FAILED, error);
    }
    if (!ctx->broken) {
        slu_guardduty_settle(ctx);
    }
}

/* ---- the end ---- */

static void result(const struct slu_source *self,
                   struct slu_source_result *out_result)
{
    const struct slu_guardduty_context *ctx = &self->ctx;
    bool done = false;

    *out_result = ctx->result;
    for (unsigned i = 0; i < ctx->target_count; i++) {
        done |= ctx->targets[i].outcome == SLU_GUARDDUTY_DONE;
    }
    out_result->all_denied =
        !done && out_result->denied_units > 0 && out_result->failed_units == 0;
}

static int64_t horizon(const struct slu_source *self)
{
    return slu_guardduty_horizon(&self->ctx);
}

const struct slu_source_ops slu_guardduty_source = {
    .name = "guardduty",
    .section = "guardduty",
    .rows = true,
    .parallel = true,
    .access = access_config,
    .create = create,
    .destroy = destroy,
    .load = load,
    .start = start,
    .next_request = next_request,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .give_up = give_up,
    .result = result,
    .horizon = horizon,
};
