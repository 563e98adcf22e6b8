/* SPDX-License-Identifier: Apache-2.0 */
/* Updates that took effect, and whose answers were lost: whoever sends them
 * again asks a set that is busy with them. */
#include "sinks/sets_scene.h"

/* A set with content 'a', whose list becomes 'b' while answers get lost. */
static struct scene *make_change(unsigned lost_posts, int64_t wait_ms)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    cr_assert(drive_sync(&scene->drive));
    scene->world.now_ms += 60000;
    scene->world.objects[IP][0] = 'b';
    scene->world.delay_ms = 30000;
    scene->drive.wait_ms = wait_ms;
    survey(scene);
    drive_want_all(&scene->drive);
    scene->drive.lost_posts = lost_posts;
    return scene;
}

Test(sets_lost, a_busy_set_is_not_sent_the_same_update_again)
{
    struct scene *scene = make_change(1, 120000);

    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(scene->world.busy_refusals, 0);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(set_of(scene, IP, 0)->reads, 'b');
    drive_close(&scene->drive);
}

Test(sets_lost, a_busy_set_is_settled_by_the_next_run)
{
    struct scene *scene = make_change(1, 0);

    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_PENDING);
    drive_close(&scene->drive);
    scene->world.now_ms += 60000;
    cr_assert(drive_sync(&scene->drive));
    scene->world.now_ms += 60000;
    cr_assert(drive_sync(&scene->drive));
    cr_assert_eq(scene->world.busy_refusals, 0);
    cr_assert_str_eq(set_of(scene, IP, 0)->status, "ACTIVE");
    cr_assert_eq(set_of(scene, IP, 0)->reads, 'b');
}

Test(sets_lost, an_update_that_is_lost_again_and_again_is_given_up)
{
    struct scene *scene = make_change(UINT32_MAX, 60000);

    scene->world.delay_ms = 0;
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    drive_close(&scene->drive);
    scene->drive.lost_posts = 0;
    cr_assert(drive_sync(&scene->drive));
    cr_assert_eq(set_of(scene, IP, 0)->reads, 'b');
}
