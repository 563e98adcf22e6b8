/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worlds by chance: sets of ours and of others in any state, lost answers,
 * ends after any request. What is promised: in the end each list's set is
 * ACTIVE with its content, or rightly not; nothing is sent to a busy set; and a
 * plan says what is then sent.
 */
#include "sinks/sets_drive.h"

#include "sinks/chance.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct scene {
    struct world world;
    struct drive drive;
};

static struct scene scene;

static uint32_t roll(uint32_t below)
{
    return chance(&scene.world.random, below);
}

/* ---- a world by chance ---- */

static void write_location(enum slu_kind kind, unsigned index, char out[300])
{
    unsigned form = roll(3);

    switch (form) {
    case 0:
        (void)snprintf(out, 300, "s3://lists/%s", world_path(kind, index));
        break;
    case 1:
        (void)snprintf(out, 300, "https://s3.amazonaws.com/lists/%s",
                       world_path(kind, index));
        break;
    default:
        (void)snprintf(out, 300, "https://lists.s3-eu-west-1.amazonaws.com/%s",
                       world_path(kind, index));
        break;
    }
}

/* Of one list that has a set already: by location, or by name alone. */
static void add_known(unsigned region, enum slu_kind kind, unsigned index)
{
    static const char *const statuses[] = {
        "INACTIVE",   "ACTIVE",       "ACTIVE",        "ERROR",
        "ACTIVATING", "DEACTIVATING", "DELETE_PENDING"};
    static const char *const nexts[] = {"",       "",         "",    "",
                                        "ACTIVE", "INACTIVE", "GONE"};
    unsigned status = roll(7);
    char location[300];
    char name[60];
    struct world_set *set;

    write_location(kind, index, location);
    (void)snprintf(name, sizeof(name), "lambda-%u", index);
    if (roll(3) == 0) {
        (void)snprintf(name, sizeof(name), "%s", world_name(kind, index));
        (void)snprintf(location, sizeof(location), "s3://old/%u.txt", index);
    }
    set =
        world_add(&scene.world, region, kind, name, location, statuses[status]);
    (void)snprintf(set->next, sizeof(set->next), "%s", nexts[status]);
    set->due_ms = scene.world.now_ms + roll(50000);
    set->reads = '?';
}

static void change_objects(void)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < WORLD_LISTS; i++) {
            if (roll(3) == 0) {
                scene.world.objects[kind][i] =
                    roll(4) == 0 ? '\0' : (char)('a' + roll(26));
            }
        }
    }
}

static void make_world(uint64_t seed)
{
    world_init(&scene.world, seed);
    drive_init(&scene.drive, &scene.world);
    scene.world.region_count = 1 + roll(2);
    scene.drive.region_count = scene.world.region_count;
    scene.drive.regions[1] = "eu-west-1";
    scene.drive.width = 1 + roll(DRIVE_FLIGHTS);
    scene.world.delay_ms = roll(3) * 20000;
    scene.world.page = 1 + roll(5);
    for (unsigned r = 0; r < scene.world.region_count; r++) {
        for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
            for (unsigned i = 0; i < WORLD_LISTS; i++) {
                if (roll(2) == 0) {
                    add_known(r, (enum slu_kind)kind, i);
                }
            }
        }
    }
    change_objects();
}

/* ---- what is promised ---- */

static struct world_set *find_set(unsigned region, enum slu_kind kind,
                                  unsigned index)
{
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        struct world_set *set = &scene.world.regions[region].sets[kind][i];

        if (set->used &&
            strstr(set->location, world_path(kind, index)) != NULL) {
            return set;
        }
    }
    return NULL;
}

static void assert_right(unsigned region, enum slu_kind kind, unsigned index,
                         uint64_t seed)
{
    const struct world_set *set = find_set(region, kind, index);
    char content = scene.world.objects[kind][index];

    if (content == '\0') {
        cr_assert(set == NULL || strcmp(set->status, "ACTIVE") != 0,
                  "seed %u: an empty list is active", (unsigned)seed);
        return;
    }
    cr_assert_not_null(set, "seed %u: list %u has no set", (unsigned)seed,
                       index);
    cr_assert_str_eq(set->status, "ACTIVE", "seed %u: list %u is %s",
                     (unsigned)seed, index, set->status);
    cr_assert_eq(set->reads, content, "seed %u: list %u reads %c, not %c",
                 (unsigned)seed, index, set->reads, content);
}

static void assert_all_right(uint64_t seed)
{
    cr_assert_str_eq(scene.world.fault, "");
    for (unsigned r = 0; r < scene.world.region_count; r++) {
        for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
            for (unsigned i = 0; i < WORLD_LISTS; i++) {
                assert_right(r, (enum slu_kind)kind, i, seed);
            }
        }
    }
}

/* Enough of quiet runs: what is busy gets free, what waits is sent. */
static void calm_down(void)
{
    scene.drive.lost_percent = 0;
    scene.drive.stop_after = 0;
    for (int i = 0; i < 4; i++) {
        cr_assert(drive_sync(&scene.drive));
        scene.world.now_ms += 60000;
    }
}

Test(sets_rounds, every_list_gets_where_it_shall_be)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        make_world(seed);
        for (int round = 0; round < 4; round++) {
            scene.drive.wait_ms = roll(2) * 100000;
            cr_assert(drive_sync(&scene.drive));
            scene.world.now_ms += roll(40000);
            change_objects();
        }
        cr_assert_eq(scene.world.busy_refusals, 0,
                     "seed %u: sent to a busy "
                     "set",
                     (unsigned)seed);
        calm_down();
        cr_assert_eq(scene.world.busy_refusals, 0);
        assert_all_right(seed);
    }
}

Test(sets_rounds, lost_answers_and_ends_anywhere_lose_nothing)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        make_world(seed * 1000);
        for (int round = 0; round < 6; round++) {
            scene.drive.lost_percent = roll(40);
            scene.drive.stop_after = scene.drive.answers + 1 + roll(40);
            scene.drive.stop_uncommitted = roll(2) == 0;
            scene.drive.wait_ms = roll(2) * 50000;
            (void)drive_sync(&scene.drive);
            scene.world.now_ms += roll(40000);
            change_objects();
        }
        calm_down();
        assert_all_right(seed);
    }
}

/* No second set for one list, whatever became of the answer. */
static void assert_no_doubles(void)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < WORLD_LISTS; i++) {
            const struct world_set *first = find_set(0, (enum slu_kind)kind, i);
            unsigned count = 0;

            for (unsigned k = 0; k < WORLD_SETS; k++) {
                const struct world_set *set =
                    &scene.world.regions[0].sets[kind][k];

                count += set->used && first != NULL &&
                         strcmp(set->location, first->location) == 0;
            }
            cr_assert_leq(count, 1, "%u sets of one list", count);
        }
    }
}

static void make_fixed_world(uint64_t delay_ms)
{
    world_init(&scene.world, 5);
    drive_init(&scene.drive, &scene.world);
    scene.world.delay_ms = delay_ms;
    scene.world.objects[SLU_KIND_IP][0] = 'a';
    scene.world.objects[SLU_KIND_IP][1] = 'b';
    scene.world.objects[SLU_KIND_IP][3] = 'c';
    scene.world.objects[SLU_KIND_DOMAIN][0] = 'd';
    scene.world.objects[SLU_KIND_DOMAIN][1] = 'e';
    scene.world.objects[SLU_KIND_DOMAIN][5] = 'f';
    (void)world_add(&scene.world, 0, SLU_KIND_IP, "lambda-2",
                    world_location(SLU_KIND_IP, 1), "ACTIVE");
    (void)world_add(&scene.world, 0, SLU_KIND_IP, "lambda-3",
                    world_location(SLU_KIND_IP, 2), "ACTIVE");
    (void)world_add(&scene.world, 0, SLU_KIND_DOMAIN, "gti-threat-entity-1",
                    "s3://old/x.txt", "INACTIVE");
}

Test(sets_rounds, an_end_after_each_single_request_loses_nothing)
{
    for (unsigned variant = 0; variant < 4; variant++) {
        bool stops = true;

        for (unsigned at = 1; stops; at++) {
            make_fixed_world(variant & 1 ? 30000 : 0);
            scene.drive.stop_after = at;
            scene.drive.stop_uncommitted = (variant & 2) != 0;
            stops = !drive_sync(&scene.drive);
            scene.world.now_ms += 10000;
            calm_down();
            assert_all_right(at);
            assert_no_doubles();
        }
    }
}

Test(sets_rounds, a_lost_answer_of_each_create_makes_no_second_set)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        make_fixed_world(30000);
        scene.world.random = seed;
        scene.drive.lost_percent = 50;
        scene.drive.wait_ms = 300000;
        cr_assert(drive_sync(&scene.drive));
        assert_no_doubles();
        calm_down();
        assert_all_right(seed);
        assert_no_doubles();
    }
}

/* ---- plan ---- */

struct planned {
    unsigned creates[WORLD_REGIONS][SLU_KIND_COUNT];
    unsigned updates[WORLD_REGIONS][SLU_KIND_COUNT];
    char names[WORLD_REGIONS][SLU_KIND_COUNT][WORLD_LISTS][100];
    unsigned count;
};

static void note_step(void *ctx, const struct slu_set_step *step)
{
    struct planned *planned = ctx;
    unsigned region = strcmp(step->region, "us-east-1") != 0;
    unsigned kind = strstr(step->operation, "Entity") != NULL;

    cr_assert_str_not_empty(step->why);
    if (strcmp(step->action, "wait") == 0) {
        return;
    }
    if (strcmp(step->action, "create") == 0) {
        cr_assert_not_null(strstr(step->operation, "Create"));
        planned->creates[region][kind]++;
    } else {
        cr_assert_not_null(strstr(step->operation, "Update"));
        planned->updates[region][kind]++;
    }
    (void)snprintf(
        planned->names[region][kind][planned->creates[region][kind] +
                                     planned->updates[region][kind] - 1],
        100, "%s", step->name);
    planned->count++;
}

static void assert_kind_as_planned(const struct planned *planned,
                                   unsigned region_at, enum slu_kind kind)
{
    const struct world_region *region = &scene.world.regions[region_at];
    unsigned creates = planned->creates[region_at][kind];
    unsigned updates = planned->updates[region_at][kind];

    cr_assert_eq(region->calls[WORLD_CREATE][kind], creates);
    cr_assert_eq(region->calls[WORLD_UPDATE][kind], updates);
    for (unsigned i = 0; i < creates + updates; i++) {
        const char *name = planned->names[region_at][kind][i];
        const struct world_set *set =
            world_find(&scene.world, region_at, kind, name);

        cr_assert_not_null(set, "%s", name);
        cr_assert_eq(set->changes, 1, "%s", name);
    }
}

static void assert_as_planned(const struct planned *planned)
{
    for (unsigned r = 0; r < scene.world.region_count; r++) {
        assert_kind_as_planned(planned, r, SLU_KIND_IP);
        assert_kind_as_planned(planned, r, SLU_KIND_DOMAIN);
    }
}

Test(sets_rounds, a_plan_is_what_settle_then_sends)
{
    unsigned steps = 0;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct slu_error error;

        make_world(seed * 77);
        /* So that nothing gets free on the way. */
        scene.world.delay_ms = 1000000;
        for (int round = 0; round < 3; round++) {
            struct planned planned = {0};

            cr_assert_eq(drive_open(&scene.drive, &error), SLU_ERR_OK);
            cr_assert(drive_survey(&scene.drive));
            drive_want_all(&scene.drive);
            slu_sets_plan(scene.drive.sets, note_step, &planned);
            world_forget_calls(&scene.world);
            for (unsigned r = 0; r < scene.world.region_count; r++) {
                for (unsigned i = 0; i < 2 * WORLD_SETS; i++) {
                    scene.world.regions[r].sets[i % 2][i / 2].due_ms += 1000000;
                }
            }
            cr_assert(drive_settle(&scene.drive));
            assert_as_planned(&planned);
            steps += planned.count;
            drive_close(&scene.drive);
            scene.world.now_ms += 3000000;
            change_objects();
        }
    }
    cr_assert_gt(steps, 300, "the worlds were dull");
}

/* ---- memory ---- */

/* One sync whose n-th allocation fails; false when there were not so many. */
static bool sync_without_memory(unsigned at, bool for_good)
{
    struct failing_alloc failing;
    bool happened;

    make_fixed_world(0);
    scene.drive.width = 1;
    failing_alloc_init(&failing, at);
    failing.for_good = for_good;
    scene.drive.alloc = &failing.alloc;
    (void)drive_sync(&scene.drive);
    cr_assert_eq(failing.live, 0, "allocation %u", at);
    happened = failing.calls >= at;
    scene.drive.alloc = slu_alloc_default();
    calm_down();
    assert_all_right(at);
    assert_no_doubles();
    return happened;
}

Test(sets_rounds, any_allocation_may_fail)
{
    unsigned at = 1;

    while (sync_without_memory(at, false)) {
        at++;
    }
    cr_assert_gt(at, 50);
    for (at = 1; sync_without_memory(at, true); at += 7) {
    }
}
