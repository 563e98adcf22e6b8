/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows, and what is stored of them:
 *
 *     planned/<account>/<region>/<detector>            up to when windows were
 *                                                      planned (ms)
 *     open/<account>/<region>/<detector>/<from>-<to>   one that is not done
 *
 * With the first answer of a detector in a run what it plans is stored whole;
 * later each window leaves, or makes room for its parts, in the transaction of
 * the answer that did it. So a run that ends anywhere is gone on with.
 */
#include "codecs/view_take.h"
#include "sources/guardduty_pull.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define KEY_MAX 200
#define NAME_BASE "base"       /* the base identity's own account */
#define NAME_DEFAULT "default" /* aws.region */
#define TOLD_MAX 10 /* windows that failed; the rest at level debug */
#define LATE_MS (INT64_C(15) * 60 * 1000)

/* ---- one window ---- */

struct slu_guardduty_window *
slu_guardduty_window_new(struct slu_guardduty_detector *detector, int64_t from,
                         int64_t to)
{
    struct slu_guardduty_context *ctx = detector->target->ctx;
    struct slu_guardduty_window *self = slu_guardduty_window_of(
        slu_guardduty_unit_acquire(ctx, SLU_GUARDDUTY_LIST));

    if (self == NULL) {
        return NULL;
    }
    ctx->windows++;
    self->unit.target = detector->target;
    self->detector = detector;
    self->from = from;
    self->to = to;
    self->listed_to = to;
    self->after = detector->windows;
    if (self->after != NULL) {
        self->after->before = self;
    }
    detector->windows = self;
    return self;
}

void slu_guardduty_window_ask(struct slu_guardduty_window *self)
{
    struct slu_guardduty_target *target = self->unit.target;
    struct slu_guardduty_queue *queue = &target->waiting[SLU_GUARDDUTY_LIST];

    assert(!self->asking);
    self->asking = true;
    self->detector->asking++;
    target->ctx->asking++;
    target->ctx->expected += self->expected;
    if (self->tail) {
        slu_guardduty_queue_push(queue, &self->unit);
    } else {
        slu_guardduty_queue_insert(queue, self);
    }
}

bool slu_guardduty_window_asked(struct slu_guardduty_window *self)
{
    if (!self->asking) {
        return false;
    }
    self->asking = false;
    self->detector->asking--;
    self->unit.target->ctx->asking--;
    self->unit.target->ctx->expected -= self->expected;
    return true;
}

void slu_guardduty_window_count(struct slu_guardduty_window *self,
                                unsigned listed)
{
    unsigned fewer = listed < self->expected ? listed : self->expected;

    self->expected -= fewer;
    if (self->asking) {
        self->unit.target->ctx->expected -= fewer;
    }
}

void slu_guardduty_window_bury(struct slu_guardduty_window *self)
{
    struct slu_guardduty_context *ctx = self->unit.target->ctx;

    assert(!self->asking && self->divider == NULL);
    slu_guardduty_mirror_drop(self);
    if (self->before != NULL) {
        self->before->after = self->after;
    } else {
        self->detector->windows = self->after;
    }
    if (self->after != NULL) {
        self->after->before = self->before;
    }
    ctx->windows--;
    slu_guardduty_unit_bury(ctx, &self->unit);
}

void slu_guardduty_window_fail(struct slu_guardduty_window *self,
                               const struct slu_error *error)
{
    struct slu_source_result *result = &self->unit.target->ctx->result;

    self->failed = true;
    self->listed = true;
    self->detector->failed = true;
    (void)slu_guardduty_window_asked(self);
    slu_guardduty_mirror_drop(self);
    result->incomplete_units++;
    if (result->first.code == SLU_ERR_OK) {
        result->first = *error;
    }
    slu_source_log(
        &self->unit.target->ctx->port,
        result->incomplete_units <= TOLD_MAX ? SLU_LOG_ERROR : SLU_LOG_DEBUG,
        "%s; what is left of it is asked again in the next run", error->text);
}

/* ---- writing ---- */

static int write_key(const struct slu_guardduty_detector *detector,
                     const char *kind, char out[KEY_MAX])
{
    const struct slu_guardduty_target *target = detector->target;

    return snprintf(out, KEY_MAX, "%s/%s/%s/%s", kind,
                    target->account[0] != '\0' ? target->account : NAME_BASE,
                    target->region[0] != '\0' ? target->region : NAME_DEFAULT,
                    detector->id);
}

enum slu_err slu_guardduty_window_put(struct slu_guardduty_window *self,
                                      struct slu_unit *unit, bool open)
{
    const struct slu_source_port *port = &self->unit.target->ctx->port;
    char key[KEY_MAX];
    int len;

    if (self->tail || self->stored == open) {
        return SLU_ERR_OK;
    }
    len = write_key(self->detector, "open", key);
    len += snprintf(key + len, (size_t)(KEY_MAX - len), "/%" PRId64 "-%" PRId64,
                    self->from, self->to);
    if (len >= KEY_MAX) {
        return SLU_ERR_LIMIT;
    }
    self->stored = open;
    return port->put(port->ctx, unit, slu_view_make(key, (size_t)len),
                     slu_view_str(open ? "1" : ""));
}

enum slu_err slu_guardduty_detector_store(struct slu_guardduty_detector *self,
                                          struct slu_unit *unit)
{
    const struct slu_source_port *port = &self->target->ctx->port;
    char key[KEY_MAX];
    char value[24];
    int len;
    enum slu_err err;

    if (self->stored) {
        return SLU_ERR_OK;
    }
    len = write_key(self, "planned", key);
    if (len >= KEY_MAX) {
        return SLU_ERR_LIMIT;
    }
    (void)snprintf(value, sizeof(value), "%" PRId64, self->planned);
    err = port->put(port->ctx, unit, slu_view_make(key, (size_t)len),
                    slu_view_str(value));
    for (struct slu_guardduty_window *window = self->windows;
         window != NULL && err == SLU_ERR_OK;) {
        struct slu_guardduty_window *after = window->after;

        err = slu_guardduty_window_put(window, unit, !window->covered);
        if (window->covered && err == SLU_ERR_OK) {
            slu_guardduty_window_bury(window);
        }
        window = after;
    }
    self->stored = err == SLU_ERR_OK;
    return err;
}

/* A window of less is not worth it. */
#define SPLIT_MIN_MS 100

enum slu_err slu_guardduty_window_split(struct slu_guardduty_window *self)
{
    struct slu_unit *unit = &self->unit.head;
    int64_t width = self->to - self->from;
    struct slu_guardduty_window *part;
    enum slu_err err;

    if (self->expected > 0 || self->density <= 0 || self->unbounded ||
        width < SPLIT_MIN_MS || !self->detector->heeds ||
        self->unit.target->ctx->windows >= SLU_GUARDDUTY_WINDOWS_MAX) {
        return SLU_ERR_OK;
    }
    part = slu_guardduty_window_new(self->detector, self->to - width / 3,
                                    self->to);
    if (part == NULL) {
        return SLU_ERR_NOMEM;
    }
    part->tail = self->tail;
    part->density = self->density;
    part->expected = 1; /* little: it goes last */
    err = slu_guardduty_window_put(self, unit, false);
    self->to = part->from;
    if (err == SLU_ERR_OK) {
        err = slu_guardduty_window_put(self, unit, true);
    }
    if (err == SLU_ERR_OK) {
        err = slu_guardduty_window_put(part, unit, true);
    }
    slu_guardduty_window_ask(part);
    return err;
}

/* ---- reading ---- */

static struct slu_guardduty_target *
find_target(struct slu_guardduty_context *ctx, struct slu_view account,
            struct slu_view region)
{
    unsigned i = 0;

    while (i < ctx->target_count) {
        struct slu_guardduty_target *target = &ctx->targets[i];
        const char *own =
            target->account[0] != '\0' ? target->account : NAME_BASE;
        const char *here =
            target->region[0] != '\0' ? target->region : NAME_DEFAULT;

        if (!slu_view_equal_str(account, own)) {
            i = target->end;
        } else if (slu_view_equal_str(region, here)) {
            return target;
        } else {
            i++;
        }
    }
    return NULL;
}

static enum slu_err get_detector(struct slu_guardduty_target *target,
                                 struct slu_view id,
                                 struct slu_guardduty_detector **out_detector)
{
    struct slu_guardduty_detector *detector = target->detectors;

    while (detector != NULL && !slu_view_equal_str(id, detector->id)) {
        detector = detector->next;
    }
    *out_detector = detector;
    if (detector != NULL) {
        return SLU_ERR_OK;
    }
    if (id.len == 0 || id.len > SLU_GUARDDUTY_DETECTOR_MAX) {
        return SLU_ERR_STATE;
    }
    detector = slu_alloc_zero(target->ctx->alloc, sizeof(*detector));
    if (detector == NULL) {
        return SLU_ERR_NOMEM;
    }
    detector->target = target;
    detector->next = target->detectors;
    memcpy(detector->id, id.ptr, id.len);
    target->detectors = detector;
    *out_detector = detector;
    return SLU_ERR_OK;
}

/* key: "<account>/<region>/<detector>...". NULL, and OK, for an account or a
 * region that isn't configured any more: what is stored of it is left alone. */
static enum slu_err find_detector(struct slu_guardduty_context *ctx,
                                  struct slu_view account,
                                  struct slu_view region, struct slu_view id,
                                  struct slu_guardduty_detector **out_detector)
{
    struct slu_guardduty_target *target = find_target(ctx, account, region);

    *out_detector = NULL;
    return target == NULL ? SLU_ERR_OK : get_detector(target, id, out_detector);
}

enum slu_err slu_guardduty_load_planned(struct slu_guardduty_context *ctx,
                                        struct slu_view key,
                                        struct slu_view value)
{
    struct slu_guardduty_detector *detector;
    struct slu_view account;
    struct slu_view region;
    int64_t planned;
    enum slu_err err;

    if (!slu_view_take_until(&key, '/', &account) ||
        !slu_view_take_until(&key, '/', &region) ||
        !slu_view_take_number(&value, &planned) || value.len > 0) {
        return SLU_ERR_STATE;
    }
    err = find_detector(ctx, account, region, key, &detector);
    if (detector != NULL) {
        detector->has_planned = true;
        detector->planned = planned;
    }
    return err;
}

enum slu_err slu_guardduty_load_open(struct slu_guardduty_context *ctx,
                                     struct slu_view key)
{
    struct slu_guardduty_detector *detector;
    struct slu_guardduty_window *window;
    struct slu_view account;
    struct slu_view region;
    struct slu_view id;
    int64_t from;
    int64_t to;
    enum slu_err err;

    if (!slu_view_take_until(&key, '/', &account) ||
        !slu_view_take_until(&key, '/', &region) ||
        !slu_view_take_until(&key, '/', &id) ||
        !slu_view_take_number(&key, &from) || key.len == 0 ||
        key.ptr[0] != '-') {
        return SLU_ERR_STATE;
    }
    key = slu_view_make(key.ptr + 1, key.len - 1);
    if (!slu_view_take_number(&key, &to) || key.len > 0 || from >= to ||
        ctx->windows >= 2 * SLU_GUARDDUTY_WINDOWS_MAX) {
        return SLU_ERR_STATE;
    }
    err = find_detector(ctx, account, region, id, &detector);
    if (err != SLU_ERR_OK || detector == NULL) {
        return err;
    }
    window = slu_guardduty_window_new(detector, from, to);
    if (window == NULL) {
        return SLU_ERR_NOMEM;
    }
    window->stored = true;
    return SLU_ERR_OK;
}

/* ---- planning ---- */

static int64_t choose_start(const struct slu_guardduty_detector *detector)
{
    const struct slu_guardduty_context *ctx = detector->target->ctx;
    int64_t now = ctx->start_ms;
    int64_t from =
        now - ctx->config->initial_range_days * 86400 * INT64_C(1000);

    if (detector->has_planned) {
        from = (detector->planned < now ? detector->planned : now) -
               ctx->config->overlap_ms;
    }
    if (from < now - SLU_GUARDDUTY_KEPT_MS) {
        from = now - SLU_GUARDDUTY_KEPT_MS;
    }
    return from > 0 ? from : 0;
}

/* Where the new window begins so that it overlaps none that is open: those that
 * it begins in are asked anew anyway, and those behind are a part of it. An
 * overlap would only cost repeats, so that many windows in an unlucky order are
 * not worth all passes. */
#define PASSES_MAX 64
static int64_t skip_open(const struct slu_guardduty_detector *detector,
                         int64_t from)
{
    bool moved = true;

    for (unsigned pass = 0; pass < PASSES_MAX && moved; pass++) {
        moved = false;
        for (const struct slu_guardduty_window *window = detector->windows;
             window != NULL; window = window->after) {
            if (window->from <= from && from < window->to) {
                from = window->to;
                moved = true;
            }
        }
    }
    return from;
}

static void queue_windows(struct slu_guardduty_detector *detector,
                          int64_t new_from)
{
    for (struct slu_guardduty_window *window = detector->windows;
         window != NULL; window = window->after) {
        window->covered = window->stored && window->from >= new_from;
        if (!window->covered) {
            slu_guardduty_window_ask(window);
        }
    }
}

enum slu_err slu_guardduty_detector_start(struct slu_guardduty_target *target,
                                          const char *id)
{
    struct slu_guardduty_context *ctx = target->ctx;
    struct slu_guardduty_detector *detector;
    struct slu_guardduty_window *window;
    int64_t from;
    enum slu_err err = get_detector(target, slu_view_str(id), &detector);

    if (err != SLU_ERR_OK || detector->active) {
        return err;
    }
    detector->active = true;
    from = skip_open(detector, choose_start(detector));
    window = slu_guardduty_window_new(
        detector, from, from < ctx->start_ms ? ctx->start_ms : from + 1);
    if (window == NULL) {
        return SLU_ERR_NOMEM;
    }
    window->unbounded = true;
    detector->planned = ctx->start_ms;
    detector->has_planned = true;
    queue_windows(detector, from);
    return slu_guardduty_mirror_make(window);
}

enum slu_err
slu_guardduty_detector_begin_tail(struct slu_guardduty_detector *self,
                                  int64_t now_ms)
{
    int64_t from = self->target->ctx->start_ms;
    struct slu_guardduty_window *window = slu_guardduty_window_new(
        self, from, now_ms > from + 1 ? now_ms : from + 1);

    if (window == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->tail_begun = true;
    window->tail = true;
    window->unbounded = true;
    slu_guardduty_window_ask(window);
    return SLU_ERR_OK;
}

/* ---- the horizon ---- */

static void lower_to(int64_t *horizon, int64_t time)
{
    if (time < *horizon) {
        *horizon = time;
    }
}

static void lower_by(const struct slu_guardduty_detector *detector,
                     int64_t *horizon)
{
    lower_to(horizon, detector->planned);
    for (const struct slu_guardduty_window *window = detector->windows;
         window != NULL; window = window->after) {
        lower_to(horizon, window->from);
    }
}

/* A detector that the account has no more is not waited for. */
int64_t slu_guardduty_horizon(const struct slu_guardduty_context *ctx)
{
    int64_t horizon = INT64_MAX;

    for (unsigned i = 0; i < ctx->target_count; i++) {
        const struct slu_guardduty_target *target = &ctx->targets[i];

        for (const struct slu_guardduty_detector *detector = target->detectors;
             detector != NULL; detector = detector->next) {
            if (detector->has_planned && (detector->active || !target->works)) {
                lower_by(detector, &horizon);
            }
        }
    }
    return horizon == INT64_MAX ? INT64_MIN
                                : horizon - ctx->config->overlap_ms - LATE_MS;
}
