/* SPDX-License-Identifier: Apache-2.0 */
/* In what order windows are listed, and one whose rest need not wait. */
#include "sources/guardduty_pull.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW INT64_C(1763800000000)
#define PUTS_MAX 8

struct world {
    struct failing_alloc failing;
    struct slu_guardduty_context ctx;
    struct slu_guardduty_target target;
    struct slu_guardduty_detector detector;
    char puts[PUTS_MAX][120]; /* "key=value" */
    unsigned put_count;
};

static enum slu_err put(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value)
{
    struct world *self = ctx;

    (void)unit;
    cr_assert_lt(self->put_count, PUTS_MAX);
    (void)snprintf(self->puts[self->put_count++], sizeof(self->puts[0]),
                   "%.*s=%.*s", SLU_VIEW_ARGS(key), SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static void init(struct world *self, unsigned fail_at)
{
    *self = (struct world){0};
    failing_alloc_init(&self->failing, fail_at);
    self->ctx.alloc = &self->failing.alloc;
    self->ctx.port.ctx = self;
    self->ctx.port.put = put;
    self->target.ctx = &self->ctx;
    self->target.account = "";
    self->target.region = "us-east-1";
    self->detector.target = &self->target;
    (void)snprintf(self->detector.id, sizeof(self->detector.id), "d");
}

static struct slu_guardduty_window *add(struct world *self, int64_t from,
                                        int64_t to, unsigned expected)
{
    struct slu_guardduty_window *window =
        slu_guardduty_window_new(&self->detector, from, to);

    cr_assert_not_null(window);
    window->expected = expected;
    slu_guardduty_window_ask(window);
    return window;
}

static void fini(struct world *self)
{
    while (self->detector.windows != NULL) {
        (void)slu_guardduty_window_asked(self->detector.windows);
        slu_guardduty_window_bury(self->detector.windows);
    }
    slu_guardduty_pools_fini(&self->ctx);
    cr_assert_eq(self->ctx.expected, 0);
    cr_assert_eq(self->failing.live, 0);
}

Test(guardduty_windows, are_listed_in_the_order_of_what_is_expected)
{
    static const unsigned order[] = {0, 300, 90, 90, 40, 1};
    struct slu_guardduty_window *first;
    const struct slu_guardduty_unit *unit;
    struct world world;

    init(&world, 0);
    (void)add(&world, NOW, NOW + 10, 90);
    first = add(&world, NOW + 10, NOW + 20, 0); /* not known: at once */
    (void)add(&world, NOW + 20, NOW + 30, 40);
    (void)add(&world, NOW + 30, NOW + 40, 300);
    (void)add(&world, NOW + 40, NOW + 50, 90);
    (void)add(&world, NOW + 50, NOW + 60, 1);
    unit = world.target.waiting[SLU_GUARDDUTY_LIST].first;
    cr_assert_eq(unit, &first->unit);
    for (unsigned i = 0; i < 6; i++, unit = unit->next) {
        cr_assert_eq(((const struct slu_guardduty_window *)unit)->expected,
                     order[i], "%u", i);
    }
    cr_assert_null(unit);
    cr_assert_eq(world.target.waiting[SLU_GUARDDUTY_LIST].last,
                 &world.detector.windows->unit);
    cr_assert_eq(world.target.waiting[SLU_GUARDDUTY_LIST].count, 6);
    cr_assert_eq(world.ctx.expected, 521);
    fini(&world);
}

Test(guardduty_windows, expect_what_was_not_listed_yet)
{
    struct slu_guardduty_window *window;
    struct world world;

    init(&world, 0);
    window = add(&world, NOW, NOW + 10, 90);
    (void)add(&world, NOW, NOW + 10, 5);
    slu_guardduty_window_count(window, 50);
    cr_assert_eq(window->expected, 40);
    cr_assert_eq(world.ctx.expected, 45);
    slu_guardduty_window_count(window, 50);
    cr_assert_eq(window->expected, 0);
    cr_assert_eq(world.ctx.expected, 5);
    cr_assert(slu_guardduty_window_asked(window));
    cr_assert_not(slu_guardduty_window_asked(window));
    fini(&world);
}

/* A stored window of 300 ms whose only page turned out to be full. */
static struct slu_guardduty_window *build_full(struct world *self)
{
    struct slu_guardduty_window *window = add(self, NOW, NOW + 300, 40);

    self->detector.heeds = true;
    window->stored = true;
    window->density = 0.1;
    slu_guardduty_window_count(window, 50);
    return window;
}

Test(guardduty_windows, list_their_last_third_beside_the_get_of_a_full_page)
{
    struct slu_guardduty_window *window;
    const struct slu_guardduty_window *part;
    struct world world;

    init(&world, 0);
    window = build_full(&world);
    cr_assert_eq(slu_guardduty_window_split(window), SLU_ERR_OK);
    part = world.detector.windows;
    cr_assert_neq(part, window);
    cr_assert_eq(window->to, NOW + 200);
    cr_assert_eq(window->listed_to, NOW + 300, "what its page was asked with");
    cr_assert_eq(part->from, NOW + 200);
    cr_assert_eq(part->to, NOW + 300);
    cr_assert_eq(part->listed_to, NOW + 300);
    cr_assert(part->asking);
    cr_assert_eq(part->density, window->density);
    /* One transaction: at no time is anything of it not open. */
    cr_assert_eq(world.put_count, 3);
    cr_assert_str_eq(world.puts[0],
                     "open/base/us-east-1/d/1763800000000-1763800000300=");
    cr_assert_str_eq(world.puts[1],
                     "open/base/us-east-1/d/1763800000000-1763800000200=1");
    cr_assert_str_eq(world.puts[2],
                     "open/base/us-east-1/d/1763800000200-1763800000300=1");
    fini(&world);
}

Test(guardduty_windows, stay_whole_when_there_is_more_to_come_or_nothing_known)
{
    for (int i = 0; i < 6; i++) {
        struct slu_guardduty_window *window;
        struct world world;

        init(&world, 0);
        window = build_full(&world);
        if (i == 0) {
            window->expected = 7;
            world.ctx.expected = 7;
        }
        window->density = i == 1 ? 0 : window->density;
        window->unbounded = i == 2;
        window->to = i == 3 ? NOW + 99 : window->to;
        world.detector.heeds = i != 5; /* or every list has a page more */
        world.ctx.windows += i == 4 ? SLU_GUARDDUTY_WINDOWS_MAX : 0;
        cr_assert_eq(slu_guardduty_window_split(window), SLU_ERR_OK);
        cr_assert_eq(world.detector.windows, window, "%d", i);
        cr_assert_eq(window->to, i == 3 ? NOW + 99 : NOW + 300);
        cr_assert_eq(world.put_count, 0);
        fini(&world);
    }
}

Test(guardduty_windows, are_as_they_were_when_memory_runs_out)
{
    struct slu_guardduty_window *window;
    struct world world;

    init(&world, 2);
    window = build_full(&world);
    cr_assert_eq(slu_guardduty_window_split(window), SLU_ERR_NOMEM);
    cr_assert_eq(window->to, NOW + 300);
    cr_assert_eq(world.put_count, 0);
    cr_assert_eq(world.ctx.windows, 1);
    fini(&world);
}
