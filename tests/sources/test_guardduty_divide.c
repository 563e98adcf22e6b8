/* SPDX-License-Identifier: Apache-2.0 */
/* How a window is divided by what its first page tells. */
#include "sources/guardduty_pull.h"

#include <criterion/criterion.h>

#define NOW INT64_C(1763800000000)
#define OLD (NOW - INT64_C(86400000) * 20)

struct world {
    struct slu_guardduty_context ctx;
    struct slu_guardduty_target target;
    struct slu_guardduty_window window;
    struct slu_guardduty_get get;
    struct slu_guardduty_division division;
};

/* A full page that begins at the window's begin, `step` ms between findings. */
static void build(struct world *world, int64_t from, int64_t to, int64_t step)
{
    *world = (struct world){0};
    world->target.ctx = &world->ctx;
    world->window.unit.target = &world->target;
    world->window.from = from;
    world->window.to = to;
    world->get.listed_ms = NOW;
    world->get.count = SLU_GUARDDUTY_PAGE;
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        world->get.updated_ms[i] = from + i * step;
    }
}

static const struct slu_guardduty_division *divide(struct world *world,
                                                   unsigned parts_max)
{
    slu_guardduty_divide(&world->window, &world->get, NOW, parts_max,
                         &world->division);
    return &world->division;
}

static void assert_ascending(const struct slu_guardduty_division *division)
{
    for (unsigned i = 0; i < division->count; i++) {
        cr_assert_lt(division->bounds[i], division->bounds[i + 1]);
    }
}

Test(guardduty_divide, goes_on_behind_the_last_finding_by_density)
{
    struct world world;

    /* 1 a second: 450 more are to be expected, of 40 a part. */
    build(&world, OLD, OLD + 49000 + 450000, 1000);
    cr_assert_eq(divide(&world, 1000)->count, 12);
    cr_assert_eq(world.division.bounds[0], OLD + 49000);
    cr_assert_eq(world.division.bounds[12], OLD + 499000);
    assert_ascending(&world.division);
    /* With many windows open, of 190 a part. */
    world.ctx.windows = 64;
    cr_assert_eq(divide(&world, 1000)->count, 3);
}

Test(guardduty_divide, believes_the_second_half_of_a_page)
{
    struct world world;

    build(&world, OLD, OLD + 10000000, 1);
    for (int i = 25; i < SLU_GUARDDUTY_PAGE; i++) {
        world.get.updated_ms[i] = OLD + 24 + (i - 24) * 100000;
    }
    /* 100 s apart by now; 7,500 s are left: 75. */
    cr_assert_eq(divide(&world, 1000)->count, 2);
}

Test(guardduty_divide, makes_one_part_to_thirty_two_and_none_empty)
{
    struct world world;

    build(&world, OLD, OLD + 49000 + 5000, 1000);
    cr_assert_eq(divide(&world, 1000)->count, 1);
    build(&world, OLD, OLD + 86400000, 1);
    cr_assert_eq(divide(&world, 1000)->count, 32);
    assert_ascending(&world.division);
    cr_assert_eq(divide(&world, 5)->count, 5);
    cr_assert_eq(divide(&world, 1)->count, 1);
    /* Six milliseconds are no more than six windows. */
    build(&world, OLD, OLD + 55, 1);
    for (int i = 2; i < SLU_GUARDDUTY_PAGE; i++) {
        world.get.updated_ms[i] = OLD + 49;
    }
    world.get.updated_ms[0] = OLD + 48;
    world.get.updated_ms[1] = OLD + 48;
    cr_assert_eq(divide(&world, 1000)->count, 6);
    cr_assert_eq(world.division.bounds[1], OLD + 50);
}

Test(guardduty_divide, sets_one_instant_apart)
{
    struct world world;

    build(&world, OLD, OLD + 86400000, 0);
    cr_assert_eq(divide(&world, 1000)->count, 2);
    cr_assert_eq(world.division.bounds[0], OLD);
    cr_assert_eq(world.division.bounds[1], OLD + 1);
    cr_assert_eq(world.division.bounds[2], OLD + 86400000);
    cr_assert(divide(&world, 1)->chained, "no room for two");
}

Test(guardduty_divide, follows_the_token_in_one_millisecond)
{
    struct world world;

    build(&world, OLD, OLD + 1, 0);
    cr_assert(divide(&world, 1000)->chained);
}

Test(guardduty_divide, follows_the_token_when_nothing_is_known)
{
    struct world world;

    build(&world, OLD, OLD + 86400000, 1000);
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        world.get.updated_ms[i] = INT64_MIN;
    }
    cr_assert(divide(&world, 1000)->chained);
}

Test(guardduty_divide, follows_the_token_of_a_server_that_heeds_no_bounds)
{
    struct world world;

    build(&world, OLD, OLD + 86400000, 1000);
    for (int i = 0; i < 30; i++) {
        world.get.updated_ms[i] = OLD - 1;
    }
    cr_assert(divide(&world, 1000)->chained);
}

Test(guardduty_divide, halves_what_is_not_sorted)
{
    struct world world;

    build(&world, OLD, OLD + 100000, 1000);
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        world.get.updated_ms[i] = OLD + 60000 - i * 1000;
    }
    cr_assert_eq(divide(&world, 1000)->count, 2);
    cr_assert_eq(world.division.bounds[0], OLD);
    cr_assert_eq(world.division.bounds[1], OLD + 50000);
    cr_assert_eq(world.division.bounds[2], OLD + 100000);
    cr_assert(divide(&world, 1)->chained, "no room for two");
}

/* Updated between List and Get: out of the window, or to its very end. */
Test(guardduty_divide, is_not_deceived_by_what_was_updated_meanwhile)
{
    struct world world;

    build(&world, OLD, OLD + 499000, 1000);
    world.get.updated_ms[49] = NOW;
    world.get.updated_ms[48] = INT64_MIN;
    world.get.updated_ms[7] = NOW + 1;
    cr_assert_eq(divide(&world, 1000)->bounds[0], OLD + 47000);
    /* Without an upper bound the new time is inside. */
    build(&world, NOW - 100000, NOW, 1000);
    world.window.unbounded = true;
    world.get.updated_ms[49] = NOW + 10;
    world.get.updated_ms[7] = NOW + 20;
    cr_assert_leq(divide(&world, 1000)->bounds[0], NOW - 100000 + 48000);
    cr_assert_geq(world.division.bounds[0], NOW - 100000 + 40000);
}

/* Too long between List and Get for eight witnesses. */
Test(guardduty_divide, wants_more_witnesses_when_time_has_passed)
{
    struct world world;

    build(&world, NOW - 100000, NOW, 1000);
    world.get.listed_ms = NOW - 60001;
    cr_assert_eq(divide(&world, 1000)->bounds[0], NOW - 100000 + 25000);
    world.get.listed_ms = NOW - 60000;
    cr_assert_eq(divide(&world, 1000)->bounds[0], NOW - 100000 + 42000);
}

Test(guardduty_divide, moves_a_nominal_end)
{
    struct world world;

    build(&world, OLD, OLD + 1000, 1000);
    world.window.unbounded = true;
    cr_assert_geq(divide(&world, 1000)->count, 1);
    cr_assert_eq(world.division.bounds[0], OLD + 49000);
    cr_assert_eq(world.division.bounds[world.division.count],
                 OLD + 49000 + 49000 + 1000);
}
