/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest page of a wide window, listed at the same time as its oldest. A
 * burst of a history fills a small part of it: one page tells where it begins
 * and how dense it is there, not where it ends. Both do, and the rest between
 * them is divided at once into windows that all have findings. What the newest
 * page brings is had, too.
 *
 * Only the first window of a detector that is behind by hours has a mirror, so
 * that one more list is asked of a history, and none of a schedule that keeps
 * up. When its oldest page is its only one, the mirror is dropped, or what it
 * brings left alone.
 *
 * The ids come newest first. A finding that is updated between List and Get
 * tells a later time than it was listed by, so that the earliest time told is
 * that of one which was on the page as it is: everything after it is had. A
 * server that sorts otherwise doesn't descend, and is not trusted with a bound;
 * one that ignores the order altogether would have to have eight findings of
 * its page updated in between, in turn, to seem to.
 */
#include "sources/guardduty_pull.h"

#define WIDE_MS (INT64_C(6) * 3600 * 1000)
#define WITNESSES 8

enum slu_err slu_guardduty_mirror_make(struct slu_guardduty_window *window)
{
    struct slu_guardduty_target *target = window->unit.target;
    struct slu_guardduty_window *mirror;

    if (window->to - window->from < WIDE_MS || target->ctx->port.tell != NULL) {
        return SLU_ERR_OK;
    }
    mirror = slu_guardduty_window_of(
        slu_guardduty_unit_acquire(target->ctx, SLU_GUARDDUTY_LIST));
    if (mirror == NULL) {
        return SLU_ERR_NOMEM;
    }
    mirror->unit.target = target;
    mirror->detector = window->detector;
    mirror->from = window->from;
    mirror->to = window->to;
    mirror->listed_to = window->to;
    mirror->unbounded = window->unbounded;
    mirror->mirrors = true;
    mirror->mirrored = window;
    window->mirror = mirror;
    slu_guardduty_queue_push(&target->waiting[SLU_GUARDDUTY_LIST],
                             &mirror->unit);
    return SLU_ERR_OK;
}

struct slu_guardduty_window *
slu_guardduty_mirror_end(struct slu_guardduty_window *self)
{
    struct slu_guardduty_window *window = self->mirrored;

    if (window != NULL) {
        window->mirror = NULL;
        self->mirrored = NULL;
    }
    slu_guardduty_unit_bury(self->unit.target->ctx, &self->unit);
    return window;
}

void slu_guardduty_mirror_drop(struct slu_guardduty_window *window)
{
    struct slu_guardduty_window *mirror = window->mirror;

    if (mirror == NULL) {
        return;
    }
    if (mirror->unit.page != NULL) {
        mirror->mirrored = NULL; /* it ends when its answer comes */
        window->mirror = NULL;
        return;
    }
    slu_guardduty_queue_remove(
        &mirror->unit.target->waiting[SLU_GUARDDUTY_LIST], &mirror->unit);
    (void)slu_guardduty_mirror_end(mirror);
}

bool slu_guardduty_mirror_is_done(const struct slu_guardduty_window *window)
{
    return window->mirror == NULL && window->newest == NULL;
}

/* ---- what it tells ---- */

/* Those of the page that descend. */
struct descent {
    unsigned inside;
    unsigned outside;
    unsigned count;
    unsigned steps; /* times that differ from the one before */
    int64_t times[SLU_GUARDDUTY_PAGE];
};

static void take_descent(const struct slu_guardduty_window *window,
                         const struct slu_guardduty_get *get,
                         struct descent *out)
{
    int64_t least = INT64_MAX;

    *out = (struct descent){0};
    for (unsigned i = 0; i < get->count; i++) {
        int64_t time = get->updated_ms[i];

        if (time == INT64_MIN) {
            continue;
        }
        if (time < window->from || (!window->unbounded && time >= window->to)) {
            out->outside++;
            continue;
        }
        out->inside++;
        if (time <= least) {
            out->steps += least != INT64_MAX && time < least;
            least = time;
            out->times[out->count++] = time;
        }
    }
}

void slu_guardduty_mirror_note(struct slu_guardduty_window *window,
                               const struct slu_guardduty_get *get)
{
    struct descent seen;
    unsigned last;
    int64_t span;

    take_descent(window, get, &seen);
    if (seen.inside <= seen.outside || seen.count * 2 < seen.inside ||
        seen.steps < WITNESSES) {
        return;
    }
    last = seen.count - 1;
    span = seen.times[seen.count / 2] - seen.times[last];
    /* Others of the same millisecond may not have been on the page. */
    window->had_from = seen.times[last] + 1;
    window->had_density =
        (double)(last - seen.count / 2) / (double)(span > 0 ? span : 1);
}
