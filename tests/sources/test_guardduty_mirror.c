/* SPDX-License-Identifier: Apache-2.0 */
/* The list of a wide window's newest page: made, ended, dropped; what it tells
 * is in test_guardduty_divide. */
#include "sources/guardduty_pull.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

#define NOW INT64_C(1763800000000)
#define HOUR_MS INT64_C(3600000)

struct world {
    struct failing_alloc failing;
    struct slu_guardduty_context ctx;
    struct slu_guardduty_target target;
    struct slu_guardduty_detector detector;
    struct slu_guardduty_window *window;
};

static void init(struct world *self, unsigned fail_at)
{
    *self = (struct world){0};
    failing_alloc_init(&self->failing, fail_at);
    self->ctx.alloc = &self->failing.alloc;
    self->target.ctx = &self->ctx;
    self->detector.target = &self->target;
}

/* A window of so many hours, with a mirror if it is wide. */
static enum slu_err build(struct world *self, int64_t hours)
{
    self->window =
        slu_guardduty_window_new(&self->detector, NOW - hours * HOUR_MS, NOW);
    return self->window == NULL ? SLU_ERR_NOMEM
                                : slu_guardduty_mirror_make(self->window);
}

static void fini(struct world *self)
{
    if (self->window != NULL) {
        slu_guardduty_window_bury(self->window);
    }
    slu_guardduty_pools_fini(&self->ctx);
    cr_assert_eq(self->failing.live, 0);
}

Test(guardduty_mirror, is_made_of_a_wide_window)
{
    struct world world;
    const struct slu_guardduty_window *mirror;

    init(&world, 0);
    cr_assert_eq(build(&world, 6), SLU_ERR_OK);
    mirror = world.window->mirror;
    cr_assert_not_null(mirror);
    cr_assert(mirror->mirrors);
    cr_assert_eq(mirror->mirrored, world.window);
    cr_assert_eq(mirror->from, world.window->from);
    cr_assert_eq(mirror->to, world.window->to);
    cr_assert_eq(world.target.waiting[SLU_GUARDDUTY_LIST].first, &mirror->unit);
    cr_assert_not(slu_guardduty_mirror_is_done(world.window));
    /* It is no window of the detector: nothing of it is stored. */
    cr_assert_eq(world.ctx.windows, 1);
    cr_assert_eq(world.detector.windows, world.window);
    fini(&world);
}

static void tell(void *ctx, enum slu_check_kind kind, const char *text)
{
    (void)ctx;
    (void)kind;
    (void)text;
}

Test(guardduty_mirror, is_not_made_of_a_narrow_one_nor_by_a_check)
{
    struct world world;

    init(&world, 0);
    cr_assert_eq(build(&world, 5), SLU_ERR_OK);
    cr_assert_null(world.window->mirror);
    cr_assert(slu_guardduty_mirror_is_done(world.window));
    fini(&world);
    init(&world, 0);
    world.ctx.port.tell = tell;
    cr_assert_eq(build(&world, 6), SLU_ERR_OK);
    cr_assert_null(world.window->mirror);
    fini(&world);
}

Test(guardduty_mirror, is_taken_back_while_it_waits)
{
    struct world world;

    init(&world, 0);
    cr_assert_eq(build(&world, 24), SLU_ERR_OK);
    slu_guardduty_mirror_drop(world.window);
    cr_assert_null(world.window->mirror);
    cr_assert_eq(world.target.waiting[SLU_GUARDDUTY_LIST].count, 0);
    cr_assert(slu_guardduty_mirror_is_done(world.window));
    slu_guardduty_mirror_drop(world.window); /* nothing is left to drop */
    fini(&world);
}

/* What was sent is answered, and then belongs to nobody. */
Test(guardduty_mirror, is_left_alone_when_it_was_sent)
{
    struct slu_guardduty_page page = {0};
    struct slu_guardduty_window *mirror;
    struct world world;

    init(&world, 0);
    cr_assert_eq(build(&world, 24), SLU_ERR_OK);
    mirror = world.window->mirror;
    slu_guardduty_queue_remove(&world.target.waiting[SLU_GUARDDUTY_LIST],
                               &mirror->unit);
    mirror->unit.page = &page;
    slu_guardduty_mirror_drop(world.window);
    cr_assert_null(world.window->mirror);
    cr_assert_null(mirror->mirrored);
    cr_assert(slu_guardduty_mirror_is_done(world.window));
    mirror->unit.page = NULL;
    cr_assert_null(slu_guardduty_mirror_end(mirror));
    fini(&world);
}

Test(guardduty_mirror, tells_its_window_when_it_ends)
{
    struct slu_guardduty_window *mirror;
    struct slu_guardduty_get newest = {0};
    struct world world;

    init(&world, 0);
    cr_assert_eq(build(&world, 24), SLU_ERR_OK);
    mirror = world.window->mirror;
    slu_guardduty_queue_remove(&world.target.waiting[SLU_GUARDDUTY_LIST],
                               &mirror->unit);
    cr_assert_eq(slu_guardduty_mirror_end(mirror), world.window);
    cr_assert(slu_guardduty_mirror_is_done(world.window));
    /* Its ids are got before the window is divided. */
    world.window->newest = &newest;
    cr_assert_not(slu_guardduty_mirror_is_done(world.window));
    world.window->newest = NULL;
    fini(&world);
}

Test(guardduty_mirror, leaves_the_window_as_it_was_when_memory_runs_out)
{
    unsigned fail_at = 1;
    enum slu_err err = SLU_ERR_NOMEM;

    for (; err != SLU_ERR_OK; fail_at++) {
        struct world world;

        init(&world, fail_at);
        err = build(&world, 24);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        if (world.window != NULL && err == SLU_ERR_NOMEM) {
            cr_assert_null(world.window->mirror);
            cr_assert_eq(world.target.waiting[SLU_GUARDDUTY_LIST].count, 0);
            cr_assert(slu_guardduty_mirror_is_done(world.window));
        }
        fini(&world);
        cr_assert_lt(fail_at, 100);
    }
    cr_assert_gt(fail_at, 3, "window and mirror allocate");
}
