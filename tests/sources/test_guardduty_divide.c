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
    world->window.listed_to = to;
    world->window.had_from = INT64_MAX;
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
    cr_assert_eq(world.division.expected, 450 / 12 + 1);
    cr_assert_float_eq(world.division.density, 0.001, 1e-9);
}

/* It has as long as the others take. */
Test(guardduty_divide, makes_no_more_parts_than_end_with_the_others)
{
    struct world world;

    build(&world, OLD, OLD + 49000 + 450000, 1000);
    /* 64 connections, 3 pages each: parts of 40 + 2 x 46. */
    world.ctx.expected = UINT64_C(64) * 50 * 3;
    cr_assert_eq(divide(&world, 1000)->count, 4);
    cr_assert_eq(world.division.expected, 113);
    /* Less than a page each: one list must do for each part. */
    world.ctx.expected = UINT64_C(64) * 40;
    cr_assert_eq(divide(&world, 1000)->count, 12);
    /* What is left of it is done before they are. */
    world.ctx.expected = UINT64_C(64) * 50 * 9;
    cr_assert_eq(divide(&world, 1000)->count, 1);
    cr_assert_eq(world.division.expected, 451);
    world.ctx.port.connections = 600;
    cr_assert_eq(divide(&world, 1000)->count, 12);
    /* What was expected of itself is no other's. */
    world.window.asking = true;
    world.window.expected = 64 * 50 * 9;
    world.ctx.port.connections = 0;
    cr_assert_eq(divide(&world, 1000)->count, 12);
    /* One after the other, there is nothing to be had from parts. */
    world.ctx.port.connections = 1;
    cr_assert_eq(divide(&world, 1000)->count, 1);
}

/* Half of a page may be of one instant. */
Test(guardduty_divide, believes_the_pages_before_more_than_the_last)
{
    struct world world;

    /* 8 a second here, and 1 a second up to here: 2 are believed. */
    build(&world, OLD, OLD + 49 * 125 + 450000, 125);
    world.window.density = 0.001;
    cr_assert_eq(divide(&world, 1000)->count, 23);
    cr_assert_float_eq(world.division.density, 0.002, 1e-9);
    /* And as much too little. */
    build(&world, OLD, OLD + 49 * 8000 + 4000000, 8000);
    world.window.density = 0.001;
    cr_assert_float_eq(divide(&world, 1000)->density, 0.0005, 1e-9);
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

/* Its last third is listed beside: see slu_guardduty_window_split. */
Test(guardduty_divide, leaves_what_is_listed_beside)
{
    struct world world;

    /* The page reaches into the third: that has the rest. */
    build(&world, OLD, OLD + 60000, 1000);
    world.window.to = OLD + 40000;
    cr_assert_eq(divide(&world, 1000)->count, 0);
    cr_assert_not(world.division.chained);
    /* It ends before: what is between is listed. */
    build(&world, OLD, OLD + 90000, 1000);
    world.window.to = OLD + 60000;
    cr_assert_eq(divide(&world, 1000)->count, 1);
    cr_assert_eq(world.division.bounds[0], OLD + 49000);
    cr_assert_eq(world.division.bounds[1], OLD + 60000);
}

/* ---- the newest page ---- */

/* A full page that ends at the window's end, newest first. */
static void mirror(struct world *world, int64_t step)
{
    struct slu_guardduty_get newest = world->get;

    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        newest.updated_ms[i] = world->window.to - 1 - i * step;
    }
    slu_guardduty_mirror_note(&world->window, &newest);
}

Test(guardduty_divide, ends_the_rest_where_the_newest_page_begins)
{
    struct world world;

    build(&world, OLD, OLD + 49000 + 450000, 1000);
    mirror(&world, 1000);
    cr_assert_eq(world.window.had_from, OLD + 499000 - 49000);
    cr_assert_float_eq(world.window.had_density, 0.001, 1e-6);
    cr_assert_eq(divide(&world, 1000)->count, 11);
    cr_assert_eq(world.division.bounds[0], OLD + 49000);
    cr_assert_eq(world.division.bounds[11], OLD + 450000);
    /* By the density at both ends: here ten a second, there one in ten. */
    build(&world, OLD, OLD + 1000000, 100);
    mirror(&world, 10000);
    cr_assert_eq(world.window.had_from, OLD + 510000);
    cr_assert_eq(divide(&world, 1000)->count,
                 (unsigned)((510000 - 4900) * 0.00505 / 40) + 1);
    assert_ascending(&world.division);
}

/* What is known from both ends is no guess. */
Test(guardduty_divide, makes_more_parts_of_what_both_ends_tell)
{
    struct world world;

    build(&world, OLD, OLD + 86400000, 10);
    world.ctx.port.connections = 1000;
    cr_assert_eq(divide(&world, 1000)->count, 32);
    mirror(&world, 10);
    cr_assert_eq(divide(&world, 1000)->count, 256);
    assert_ascending(&world.division);
}

Test(guardduty_divide, has_nothing_left_when_the_two_pages_meet)
{
    struct world world;

    build(&world, OLD, OLD + 80000, 1000);
    mirror(&world, 1000);
    cr_assert_eq(divide(&world, 1000)->count, 0);
    cr_assert_not(world.division.chained);
    /* One instant between them is one part. */
    build(&world, OLD, OLD + 49001 + 49000, 1000);
    mirror(&world, 1000);
    cr_assert_eq(world.window.had_from, OLD + 49001);
    cr_assert_eq(divide(&world, 1000)->count, 1);
    cr_assert_eq(world.division.bounds[0], OLD + 49000);
    cr_assert_eq(world.division.bounds[1], OLD + 49001);
}

/* The bound is of one that was not updated between List and Get. */
Test(guardduty_divide, is_not_deceived_by_what_the_newest_page_tells_late)
{
    struct world world;
    struct slu_guardduty_get newest;

    build(&world, OLD, OLD + 499000, 1000);
    newest = world.get;
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        newest.updated_ms[i] = OLD + 499000 - 1 - i * 1000;
    }
    newest.updated_ms[0] = NOW;
    newest.updated_ms[20] = INT64_MIN;
    newest.updated_ms[49] = NOW + 1;
    slu_guardduty_mirror_note(&world.window, &newest);
    cr_assert_eq(world.window.had_from, OLD + 499000 - 48000);
}

Test(guardduty_divide, does_not_trust_a_newest_page_that_does_not_descend)
{
    struct world world;
    struct slu_guardduty_get newest;

    /* A server that ignores the order: the oldest page once more. */
    build(&world, OLD, OLD + 499000, 1000);
    newest = world.get;
    slu_guardduty_mirror_note(&world.window, &newest);
    cr_assert_eq(world.window.had_from, INT64_MAX);
    /* The same, of one instant, and its first seven were updated. */
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        newest.updated_ms[i] = OLD;
    }
    for (int i = 0; i < 7; i++) {
        newest.updated_ms[i] = OLD + 1000 - i;
    }
    slu_guardduty_mirror_note(&world.window, &newest);
    cr_assert_eq(world.window.had_from, INT64_MAX);
    /* One that heeds no bounds. */
    for (int i = 0; i < SLU_GUARDDUTY_PAGE; i++) {
        newest.updated_ms[i] = OLD + (i < 20 ? 499000 : 0) - 1 - i;
    }
    slu_guardduty_mirror_note(&world.window, &newest);
    cr_assert_eq(world.window.had_from, INT64_MAX);
}
