/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent next. A request that a source has handed out must be sent or
 * given up, so it is held until its lane lets it go.
 *
 * One lane: the lane is asked first, and the source only when a request might
 * go. Many lanes: a held request of a closed lane would hold up all others, so
 * the source asks for each whether it is open (may_send), and the pull
 * remembers when the first of those that aren't will be. A hopeless lane counts
 * as open: what the source hands out for it is given up on the spot.
 */
#include "engine/clock.h"
#include "engine/pull_state.h"

#include <assert.h>
#include <event2/event.h>

#define STARTS_PER_TURN 4

static void set_timer(struct slu_pull *self, uint64_t at_ms)
{
    uint64_t wait_ms = at_ms > self->now_ms ? at_ms - self->now_ms : 1;
    struct timeval delay = {(time_t)(wait_ms / 1000),
                            (suseconds_t)(wait_ms % 1000 * 1000)};

    if (at_ms != UINT64_MAX) {
        (void)event_add(self->timer, &delay);
    }
}

/* A server that is near has answered the first requests before the last of many
 * is made, and a transfer that has ended, with its connection, costs less than
 * a new one: so a turn of the loop makes a few more only, or one, when it has
 * ended others. A server that is far costs some turns before all are made. */
void slu_pull_begin_turn(struct slu_pull *self)
{
    self->starts_left = self->ended_some ? 1 : STARTS_PER_TURN;
    self->ended_some = false;
}

static void pump_in_next_turn(struct slu_pull *self)
{
    struct timeval none = {0, 0};

    (void)event_add(self->timer, &none);
}

/* What is waited for from now on is the time at which a limit lets something
 * go, if it names one: else it is the answers. */
static void await_leave(struct slu_pull *self, uint64_t at_ms)
{
    if (at_ms != UINT64_MAX) {
        slu_pull_loops_set_idle(self, SLU_STAGE_LIMITER);
    }
}

static void end_when_idle(struct slu_pull *self)
{
    self->ended = true;
    if (self->busy == 0) {
        (void)event_base_loopbreak(self->session->base);
    }
}

void slu_pull_fail_source(struct slu_pull *self, const char *fault)
{
    struct slu_error error;

    (void)slu_error_set(&error, SLU_ERR_STATE,
                        "source %s: %s; please report this",
                        self->options->ops->name, fault);
    slu_pull_fail(self, &error);
}

/* ---- hopeless ---- */

/* False: the source is at fault, for it would be asked for ever. */
static bool give_up_held(struct slu_pull *self)
{
    struct slu_unit *unit = self->held.unit;

    if (unit->attempts == SLU_PULL_GIVEN_UP) {
        slu_pull_fail_source(self, "hands out a unit that was given up");
        return false;
    }
    self->held.unit = NULL;
    slu_pull_give_up(self, unit, &self->lanes[self->held.lane]);
    return true;
}

/* The only lane is hopeless: everything that is left is given up, also what
 * waits for its time. */
static void give_up_the_rest(struct slu_pull *self)
{
    const struct slu_source_ops *ops = self->options->ops;
    struct slu_now now = slu_pull_now();
    uint64_t until;

    now.mono_ms = UINT64_MAX;
    while (self->held.unit != NULL ||
           ops->next_request(self->source, now, &self->held, &until) ==
               SLU_TURN_REQUEST) {
        if (!give_up_held(self)) {
            return;
        }
    }
    if (self->busy == 0) {
        end_when_idle(self);
    }
}

/* ---- lanes ---- */

/* Or can't be for good, which the source is to learn. */
static bool is_signed_in(struct slu_pull *self, unsigned identity)
{
    struct slu_error error;

    if (self->session->pool == NULL ||
        slu_pull_signed_state(self, identity, &error) != SLU_CREDENTIAL_WAIT) {
        return true;
    }
    self->sign_in_waits = true;
    return false;
}

bool slu_pull_may_send(struct slu_pull *self, unsigned lane, unsigned identity)
{
    uint64_t at_ms;

    assert(lane < self->lane_count);
    if (slu_lane_is_hopeless(&self->lanes[lane])) {
        return true;
    }
    if (!slu_lane_is_open(&self->lanes[lane], self->now_ms, &at_ms)) {
        if (at_ms < self->opens_at_ms) {
            self->opens_at_ms = at_ms;
        }
        return false;
    }
    return is_signed_in(self, identity);
}

/* Of the only lane: whether the source need be asked at all. */
static bool may_ask(struct slu_pull *self)
{
    uint64_t at_ms;

    if (self->lane_count > 1) {
        return true;
    }
    if (slu_lane_is_hopeless(&self->lanes[0])) {
        give_up_the_rest(self);
        return false;
    }
    if (!slu_lane_is_calm(&self->lanes[0], self->now_ms, &at_ms)) {
        set_timer(self, at_ms);
        return false;
    }
    return true;
}

/* Takes the next request from the source unless one is held already. */
static enum slu_turn take_request(struct slu_pull *self)
{
    struct slu_now now = slu_pull_now();
    uint64_t until = UINT64_MAX;
    enum slu_turn turn = SLU_TURN_REQUEST;

    now.mono_ms = self->now_ms;
    self->opens_at_ms = UINT64_MAX;
    self->sign_in_waits = false;
    if (self->held.unit == NULL) {
        turn = self->options->ops->next_request(self->source, now, &self->held,
                                                &until);
    }
    if (turn == SLU_TURN_WAIT) {
        if (self->opens_at_ms < until) {
            await_leave(self, self->opens_at_ms);
            until = self->opens_at_ms;
        }
        /* Nothing to wait for would be for ever: a fault of the source. */
        if (until == UINT64_MAX && self->busy == 0 && !self->sign_in_waits) {
            slu_pull_fail_source(self, "waits although nothing is under way");
        }
        set_timer(self, until);
    }
    assert(turn != SLU_TURN_REQUEST || self->held.lane < self->lane_count);
    return turn;
}

static enum slu_credential_state held_state(struct slu_pull *self,
                                            struct slu_error *error)
{
    return self->held.channel == SLU_CHANNEL_HTTP &&
                   self->held.auth == SLU_AUTH_SIGV4
               ? slu_pull_signed_state(self, self->held.aws.identity, error)
               : SLU_CREDENTIAL_READY;
}

/* False: the held request must wait. */
static bool send_held(struct slu_pull *self)
{
    struct slu_lane *lane = &self->lanes[self->held.lane];
    struct slu_error error = {0};
    struct slu_slot *slot;
    uint64_t at_ms;

    if (slu_lane_is_hopeless(lane)) {
        return give_up_held(self);
    }
    if (!slu_lane_is_open(lane, self->now_ms, &at_ms)) {
        await_leave(self, at_ms);
        set_timer(self, at_ms);
        return false;
    }
    switch (held_state(self, &error)) {
    case SLU_CREDENTIAL_WAIT:
        if (self->lane_count == 1) {
            return false;
        }
        break; /* it awaits them in its slot, for it was let go just now */
    case SLU_CREDENTIAL_FAILED:
        slu_pull_end_unsent(slu_pull_take_slot(self), &error);
        return true;
    case SLU_CREDENTIAL_READY:
        break;
    }
    slu_lane_acquire(lane, self->now_ms);
    slot = slu_pull_take_slot(self);
    slot->acquired = true;
    slu_pull_send(slot);
    return true;
}

bool slu_pull_is_full(const struct slu_pull_loop *loop)
{
    struct slu_store *store = loop->pull->options->store;
    bool full = store != NULL && slu_store_full(store);

    if (full) {
        slu_profile_set_idle(loop->profile, SLU_STAGE_COMMIT);
    }
    return full;
}

void slu_pull_pump(struct slu_pull *self)
{
    self->now_ms = slu_clock_mono_ms();
    slu_pull_loops_set_idle(self, SLU_STAGE_NETWORK);
    while (!self->ended && self->busy < self->slot_count &&
           slu_pull_share_has_room(self) &&
           !slu_pull_is_full(&self->loops[0])) {
        enum slu_turn turn;

        if (self->starts_left == 0) {
            pump_in_next_turn(self);
            return;
        }
        if (!may_ask(self)) {
            return;
        }
        turn = take_request(self);
        if (turn == SLU_TURN_DONE) {
            end_when_idle(self);
            return;
        }
        if (turn == SLU_TURN_WAIT || !send_held(self)) {
            return;
        }
        self->starts_left--;
    }
    if (self->ended && self->busy == 0) {
        (void)event_base_loopbreak(self->session->base);
    }
}
