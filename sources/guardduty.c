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

static void destroy(struct slu_source *self)
{
    struct slu_guardduty_context *ctx;
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    ctx = &self->ctx;
    alloc = ctx->alloc;
    slu_guardduty_flights_free(ctx);
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
        slu_source_log(
            &ctx->port, SLU_LOG_INFO,
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
        if (unit != NULL &&
            slu_guardduty_flight_begin(unit, now.mono_ms, out_request)) {
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

static void on_end(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    (void)self;
    slu_guardduty_flight_end((struct slu_guardduty_unit *)unit, end,
                             now.wall_s * 1000, out_step);
}

static void give_up(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    (void)self;
    slu_guardduty_flight_give_up((struct slu_guardduty_unit *)unit, error);
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
