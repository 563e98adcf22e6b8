/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the transfers are divided among the loops of a pull.
 *
 * What a loop was given it keeps, so a loop that has more than it needs to be
 * busy is late at the end while the others have nothing left, and what it has
 * begun lies about in memory half read. So each of several loops has a window,
 * the transfers that it may have now: a few at first, and twice as many
 * whenever it would sleep while all of them wait, up to its part of the
 * connections. Where answers take their time all connections are soon in use;
 * where they are there at once, from files, say, a loop has a few under way,
 * and who is quicker ends more of them and is given more. When a loop has ended
 * all that it had before home came to give it more, it gets one more, as long
 * as they are few: many would not make home quicker. A window never narrows: an
 * answer that is late must not cost those behind it.
 *
 *     home: choose           busy == window: wants to be told
 *     loop: post, ..., idle  --mail-->  home: window * 2 or + 1, pump
 *
 * A loop is idle when the event of the last priority has its turn, which is
 * only made active when home wants to know.
 */
#include "engine/pull_state.h"

#include <event2/event.h>

/*
 * The parts of the connections. Home has work of its own (repeats, commits, the
 * source), so of n loops it has 1/2 - n/16 times as many as any other, and at
 * least a few. Where transfers only wait, their division does not matter.
 */
#define WEIGHT 16u
#define WINDOW_FIRST 2u
#define WINDOW_FEW 8u

#define PRIORITIES 3 /* 1 is that of all events but those here */
#define PRIORITY_IDLE 2

static unsigned weigh(const struct slu_pull *self, unsigned index)
{
    unsigned less = WEIGHT / 2 + self->loop_count;

    if (index > 0 || self->loop_count == 1) {
        return WEIGHT;
    }
    return less < WEIGHT ? WEIGHT - less : 1;
}

unsigned slu_pull_share_connections(const struct slu_pull *self, unsigned index)
{
    unsigned connections = (unsigned)self->options->limits->connections;
    unsigned all = WEIGHT * (self->loop_count - 1) + weigh(self, 0);

    return connections * weigh(self, index) / all + 1;
}

/* ---- windows ---- */

static bool has_room(const struct slu_pull_loop *loop)
{
    return loop->busy < loop->window;
}

bool slu_pull_share_has_room(const struct slu_pull *self)
{
    for (unsigned i = 0; i < self->loop_count; i++) {
        if (has_room(&self->loops[i])) {
            return true;
        }
    }
    return false;
}

static void widen(struct slu_pull_loop *loop, unsigned wanted)
{
    unsigned most = slu_pull_share_connections(loop->pull, loop->index);

    loop->window = wanted < most ? wanted : most;
}

void slu_pull_share_widen(struct slu_pull_loop *loop)
{
    widen(loop, loop->window < UINT_MAX / 2 ? loop->window * 2 : UINT_MAX);
}

/* Of a loop that would do more if it had more. */
void slu_pull_share_on_idle(struct slu_pull_loop *loop)
{
    loop->asked = false;
    if (has_room(loop) || slu_pull_is_full(&loop->pull->loops[0])) {
        return;
    }
    if (loop->waits) {
        slu_pull_share_widen(loop);
    } else if (loop->window < WINDOW_FEW) {
        widen(loop, loop->window + 1);
    }
    slu_pull_pump(loop->pull);
}

/* The loop has all that it may have. Home is told at once, the others when they
 * take what is posted to them. */
static void ask_if_idle(struct slu_pull_loop *loop)
{
    if (loop->asked ||
        loop->window >= slu_pull_share_connections(loop->pull, loop->index)) {
        return;
    }
    loop->asked = true;
    if (slu_pull_loop_is_home(loop)) {
        event_active(loop->on_idle, EV_TIMEOUT, 0);
    } else {
        atomic_store(&loop->wanted, true);
    }
}

void slu_pull_share_listen(struct slu_pull_loop *loop)
{
    if (atomic_exchange(&loop->wanted, false)) {
        event_active(loop->on_idle, EV_TIMEOUT, 0);
    }
}

/* ---- choosing ---- */

/* Of those with room the one with the least to do, or home. */
static struct slu_pull_loop *choose(struct slu_pull *self,
                                    enum slu_channel channel)
{
    struct slu_pull_loop *best = &self->loops[0];
    unsigned load = (best->busy + 1) * WEIGHT / weigh(self, 0);

    if (channel == SLU_CHANNEL_FOLDER) {
        return best;
    }
    load = has_room(best) ? load : UINT_MAX;
    for (unsigned i = self->loop_count; i-- > 1;) {
        struct slu_pull_loop *loop = &self->loops[i];

        if (has_room(loop) && loop->busy < load) {
            best = loop;
            load = loop->busy + 1;
        }
    }
    return best;
}

struct slu_pull_loop *slu_pull_share_take(struct slu_pull *self,
                                          enum slu_channel channel)
{
    struct slu_pull_loop *loop = choose(self, channel);

    loop->busy++;
    if (!has_room(loop)) {
        ask_if_idle(loop);
    }
    return loop;
}

/* ---- life cycle ---- */

static void on_idle(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull_loop *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->profile, SLU_STAGE_OTHER);
    self->waits = self->running > 0 && self->paused == NULL;
    if (!slu_pull_loop_is_home(self)) {
        slu_mailbox_push(&self->pull->home.mail, &self->told.letter);
    } else if (self->pull->fatal.code == SLU_ERR_OK) {
        slu_pull_share_on_idle(self);
    }
    slu_profile_sleep(self->profile);
}

struct event_base *slu_pull_share_new_base(void)
{
    struct event_base *base = event_base_new();

    if (base != NULL && event_base_priority_init(base, PRIORITIES) != 0) {
        event_base_free(base);
        base = NULL;
    }
    return base;
}

enum slu_err slu_pull_share_open(struct slu_pull_loop *loop)
{
    if (loop->pull->loop_count == 1) {
        loop->window = UINT_MAX;
        return SLU_ERR_OK;
    }
    loop->told.loop = loop;
    loop->window = WINDOW_FIRST;
    loop->on_idle = event_new(loop->base, -1, 0, on_idle, loop);
    return loop->on_idle == NULL ||
                   event_priority_set(loop->on_idle, PRIORITY_IDLE) != 0
               ? SLU_ERR_NOMEM
               : SLU_ERR_OK;
}

void slu_pull_share_close(struct slu_pull_loop *loop)
{
    if (loop->on_idle != NULL) {
        event_free(loop->on_idle);
    }
}
