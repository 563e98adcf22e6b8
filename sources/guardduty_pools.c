/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of units that wait to be sent, and the pools of windows and gets. */
#include "sources/guardduty_pull.h"

#include <assert.h>

/* ---- queues ---- */

void slu_guardduty_queue_push(struct slu_guardduty_queue *self,
                              struct slu_guardduty_unit *unit)
{
    unit->next = NULL;
    if (self->last != NULL) {
        self->last->next = unit;
    } else {
        self->first = unit;
    }
    self->last = unit;
    self->count++;
}

void slu_guardduty_queue_push_front(struct slu_guardduty_queue *self,
                                    struct slu_guardduty_unit *unit)
{
    unit->next = self->first;
    self->first = unit;
    if (self->last == NULL) {
        self->last = unit;
    }
    self->count++;
}

/* How far it looks: more windows wait only when an earlier run left them. */
#define LOOKED_AT_MAX 1024

void slu_guardduty_queue_insert(struct slu_guardduty_queue *self,
                                struct slu_guardduty_window *window)
{
    struct slu_guardduty_unit **place = &self->first;

    for (unsigned i = 0;
         i < LOOKED_AT_MAX && *place != NULL && window->expected > 0; i++) {
        unsigned expected = slu_guardduty_window_of(*place)->expected;

        if (expected > 0 && expected < window->expected) {
            break;
        }
        place = &(*place)->next;
    }
    window->unit.next = *place;
    *place = &window->unit;
    if (window->unit.next == NULL) {
        self->last = &window->unit;
    }
    self->count++;
}

/* The place that points to the first unit that may go now. */
static struct slu_guardduty_unit **find_ready(struct slu_guardduty_unit **place,
                                              uint64_t mono_ms,
                                              uint64_t *out_wait_until_ms)
{
    while (*place != NULL && (*place)->head.not_before_ms > mono_ms) {
        if ((*place)->head.not_before_ms < *out_wait_until_ms) {
            *out_wait_until_ms = (*place)->head.not_before_ms;
        }
        place = &(*place)->next;
    }
    return place;
}

bool slu_guardduty_queue_is_ready(const struct slu_guardduty_queue *self,
                                  uint64_t mono_ms, uint64_t *out_wait_until_ms)
{
    struct slu_guardduty_unit *first = self->first;

    return *find_ready(&first, mono_ms, out_wait_until_ms) != NULL;
}

static void take_out(struct slu_guardduty_queue *self,
                     struct slu_guardduty_unit **place)
{
    struct slu_guardduty_unit *unit = *place;

    *place = unit->next;
    if (self->last == unit) {
        self->last = self->first;
        while (self->last != NULL && self->last->next != NULL) {
            self->last = self->last->next;
        }
    }
    unit->next = NULL;
    self->count--;
}

struct slu_guardduty_unit *
slu_guardduty_queue_take(struct slu_guardduty_queue *self, uint64_t mono_ms,
                         uint64_t *out_wait_until_ms)
{
    struct slu_guardduty_unit **place =
        find_ready(&self->first, mono_ms, out_wait_until_ms);
    struct slu_guardduty_unit *unit = *place;

    if (unit != NULL) {
        take_out(self, place);
    }
    return unit;
}

void slu_guardduty_queue_remove(struct slu_guardduty_queue *self,
                                struct slu_guardduty_unit *unit)
{
    struct slu_guardduty_unit **place = &self->first;

    while (*place != unit) {
        place = &(*place)->next;
    }
    take_out(self, place);
}

/* ---- pools ---- */

static size_t size_of(enum slu_guardduty_operation operation)
{
    return operation == SLU_GUARDDUTY_LIST ? sizeof(struct slu_guardduty_window)
                                           : sizeof(struct slu_guardduty_get);
}

static struct slu_guardduty_unit *
make_unit(struct slu_guardduty_context *ctx,
          enum slu_guardduty_operation operation)
{
    struct slu_guardduty_unit *unit =
        slu_alloc_zero(ctx->alloc, size_of(operation));

    if (unit == NULL) {
        return NULL;
    }
    if (operation == SLU_GUARDDUTY_LIST) {
        slu_buf_init(&slu_guardduty_window_of(unit)->token, ctx->alloc,
                     SLU_GUARDDUTY_TOKEN_MAX);
        slu_buf_init(&slu_guardduty_window_of(unit)->seen, ctx->alloc,
                     SLU_GUARDDUTY_TOKENS_MAX * sizeof(uint64_t));
    } else {
        slu_buf_init(&slu_guardduty_get_of(unit)->ids, ctx->alloc,
                     SLU_GUARDDUTY_PAGE * (SLU_GUARDDUTY_ID_MAX + 3));
    }
    return unit;
}

static void clear_window(struct slu_guardduty_window *window)
{
    struct slu_buf token = window->token;
    struct slu_buf seen = window->seen;

    *window = (struct slu_guardduty_window){
        .token = token, .seen = seen, .had_from = INT64_MAX};
    slu_buf_clear(&window->token);
    slu_buf_clear(&window->seen);
}

static void clear_get(struct slu_guardduty_get *get)
{
    struct slu_buf ids = get->ids;

    *get = (struct slu_guardduty_get){.ids = ids};
    slu_buf_clear(&get->ids);
}

struct slu_guardduty_unit *
slu_guardduty_unit_acquire(struct slu_guardduty_context *ctx,
                           enum slu_guardduty_operation operation)
{
    struct slu_guardduty_unit *unit = ctx->free_units[operation];

    assert(operation != SLU_GUARDDUTY_DETECTORS);
    if (unit != NULL) {
        ctx->free_units[operation] = unit->next;
    } else {
        unit = make_unit(ctx, operation);
    }
    if (unit == NULL) {
        return NULL;
    }
    if (operation == SLU_GUARDDUTY_LIST) {
        clear_window(slu_guardduty_window_of(unit));
    } else {
        clear_get(slu_guardduty_get_of(unit));
    }
    unit->operation = operation;
    return unit;
}

void slu_guardduty_unit_release(struct slu_guardduty_context *ctx,
                                struct slu_guardduty_unit *unit)
{
    unit->next = ctx->free_units[unit->operation];
    ctx->free_units[unit->operation] = unit;
}

void slu_guardduty_unit_bury(struct slu_guardduty_context *ctx,
                             struct slu_guardduty_unit *unit)
{
    unit->next = ctx->graveyard;
    ctx->graveyard = unit;
}

void slu_guardduty_graveyard_clear(struct slu_guardduty_context *ctx)
{
    while (ctx->graveyard != NULL) {
        struct slu_guardduty_unit *unit = ctx->graveyard;

        ctx->graveyard = unit->next;
        slu_guardduty_unit_release(ctx, unit);
    }
}

void slu_guardduty_unit_free(struct slu_guardduty_context *ctx,
                             struct slu_guardduty_unit *unit)
{
    if (unit->operation == SLU_GUARDDUTY_LIST) {
        slu_buf_fini(&slu_guardduty_window_of(unit)->token);
        slu_buf_fini(&slu_guardduty_window_of(unit)->seen);
    } else {
        struct slu_guardduty_get *joined = slu_guardduty_get_of(unit)->joined;

        while (joined != NULL) {
            struct slu_guardduty_get *next = joined->joined;

            joined->joined = NULL;
            slu_guardduty_unit_free(ctx, &joined->unit);
            joined = next;
        }
        slu_buf_fini(&slu_guardduty_get_of(unit)->ids);
    }
    slu_alloc_put(ctx->alloc, unit, size_of(unit->operation));
}

void slu_guardduty_pools_fini(struct slu_guardduty_context *ctx)
{
    slu_guardduty_graveyard_clear(ctx);
    for (int i = 0; i < SLU_GUARDDUTY_OPERATIONS; i++) {
        while (ctx->free_units[i] != NULL) {
            struct slu_guardduty_unit *unit = ctx->free_units[i];

            ctx->free_units[i] = unit->next;
            slu_guardduty_unit_free(ctx, unit);
        }
    }
}
