/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that the configuration has no longer, and what becomes of their sets.
 */
#include "sinks/sets_scene.h"

#define FORMER "sets/us-east-1/guard_duty/threat-ip-3.txt"

/* Three lists of IPs and one of domains, published; then two of IPs. */
static struct scene *make_dropped(void)
{
    struct scene *scene = make_scene();

    for (unsigned i = 0; i < 3; i++) {
        scene->world.objects[IP][i] = (char)('a' + i);
    }
    scene->world.objects[ENTITY][0] = 'e';
    sync_close(scene);
    world_forget_calls(&scene->world);
    scene->drive.lists[IP] = 2;
    return scene;
}

static const char *find_stored(const struct scene *scene)
{
    return drive_stored(&scene->drive, FORMER + strlen("sets/"));
}

Test(sets_dropped, one_is_deactivated_told_and_forgotten)
{
    struct scene *scene = make_dropped();
    struct slu_set_report report;

    cr_assert_not_null(find_stored(scene));
    sync_open(scene);
    cr_assert_eq(slu_sets_count(scene->drive.sets, IP), 3);
    report = report_of(scene, 0, IP, 2);
    cr_assert_eq(report.outcome, SLU_SET_DEACTIVATED);
    cr_assert_str_eq(report.path, "guard_duty/threat-ip-3.txt");
    cr_assert_str_eq(report.name, "gti-threat-ip-3");
    cr_assert_str_eq(set_of(scene, IP, 2)->status, "INACTIVE");
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, WORLD_LISTS), SLU_SET_NONE,
                 "its path says nothing of its kind");
    cr_assert_eq(count_lines(scene, "[INFO] Deactivating threat IP list: "
                                    "s3://lists/guard_duty/threat-ip-3.txt | "
                                    "lists.ip_files has it no longer; its "
                                    "object may be deleted"),
                 1);
    cr_assert_null(find_stored(scene));
    drive_close(&scene->drive);

    world_forget_calls(&scene->world);
    sync_open(scene);
    cr_assert_eq(slu_sets_count(scene->drive.sets, IP), 2);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    cr_assert_eq(count_lines(scene, "Deactivating"), 1);
    drive_close(&scene->drive);
}

Test(sets_dropped, one_that_takes_longer_is_forgotten_by_a_later_run)
{
    struct scene *scene = make_dropped();

    scene->world.delay_ms = 100000;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_DEACTIVATED);
    cr_assert_not_null(find_stored(scene));
    drive_close(&scene->drive);
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_DEACTIVATED,
                 "DEACTIVATING still");
    drive_close(&scene->drive);
    scene->world.now_ms += 200000;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_NONE);
    cr_assert_null(find_stored(scene));
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
    cr_assert_eq(count_lines(scene, "Deactivating"), 1);
    drive_close(&scene->drive);
}

Test(sets_dropped, one_that_is_busy_waits_its_turn)
{
    struct scene *scene = make_dropped();
    struct world_set *set = set_of(scene, IP, 2);

    (void)snprintf(set->status, sizeof(set->status), "ACTIVATING");
    (void)snprintf(set->next, sizeof(set->next), "ACTIVE");
    set->due_ms = scene->world.now_ms + 100000;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_PENDING);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);
    scene->world.now_ms += 200000;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_DEACTIVATED);
    cr_assert_null(find_stored(scene));
    drive_close(&scene->drive);
}

Test(sets_dropped, what_is_not_in_use_is_forgotten_without_a_word)
{
    static const char *const statuses[] = {"INACTIVE", "ERROR"};

    for (int i = 0; i < 3; i++) {
        struct scene *scene = make_dropped();
        struct world_set *set = set_of(scene, IP, 2);

        if (i < 2) {
            (void)snprintf(set->status, sizeof(set->status), "%s", statuses[i]);
        } else {
            set->used = false; /* somebody has deleted it */
        }
        sync_open(scene);
        cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_NONE);
        cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
        cr_assert_null(find_stored(scene));
        cr_assert_eq(count_lines(scene, "Deactivating"), 0);
        drive_close(&scene->drive);
    }
}

Test(sets_dropped, a_set_that_is_used_for_something_else_is_left_alone)
{
    struct scene *scene = make_dropped();
    struct world_set *set = set_of(scene, IP, 2);

    (void)snprintf(set->location, sizeof(set->location),
                   "s3://lists/theirs/my-threat-ip-3.txt");
    sync_open(scene);
    cr_assert_str_eq(set->status, "ACTIVE");
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    cr_assert_null(find_stored(scene));
    drive_close(&scene->drive);
}

Test(sets_dropped, another_bucket_or_prefix_does_not_hide_it)
{
    struct scene *scene = make_dropped();
    struct world_set *set = set_of(scene, IP, 2);

    (void)snprintf(set->location, sizeof(set->location),
                   "s3://before/dir/guard_duty/threat-ip-3.txt");
    sync_open(scene);
    cr_assert_str_eq(set->status, "INACTIVE");
    cr_assert(has_line(scene, "Deactivating threat IP list: s3://before/dir/"));
    drive_close(&scene->drive);
}

Test(sets_dropped, a_kind_that_cannot_be_seen_keeps_what_is_known)
{
    struct scene *scene = make_dropped();

    scene->world.regions[0].denied[WORLD_LIST][IP] = true;
    survey(scene);
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_NONE);
    cr_assert_not_null(find_stored(scene));
    drive_close(&scene->drive);
    scene->world.regions[0].denied[WORLD_LIST][IP] = false;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_DEACTIVATED);
    drive_close(&scene->drive);
}

Test(sets_dropped, a_refused_update_is_told_and_tried_by_the_next_run)
{
    struct scene *scene = make_dropped();

    scene->world.regions[0].denied[WORLD_UPDATE][IP] = true;
    survey(scene);
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_FAILED);
    cr_assert_eq(result_of(scene)->errors, 1);
    cr_assert_not_null(find_stored(scene));
    drive_close(&scene->drive);
    scene->world.regions[0].denied[WORLD_UPDATE][IP] = false;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 2), SLU_SET_DEACTIVATED);
    drive_close(&scene->drive);
}

Test(sets_dropped, a_list_that_comes_back_has_its_set_again)
{
    struct scene *scene = make_dropped();

    sync_close(scene);
    scene->drive.lists[IP] = 3;
    sync_open(scene);
    assert_outcome(scene, IP, 2, SLU_SET_ACTIVE);
    cr_assert_eq(world_calls(&scene->world, WORLD_CREATE), 0);
    drive_close(&scene->drive);
}

Test(sets_dropped, each_region_has_its_own)
{
    struct scene *scene = make_scene();

    scene->world.region_count = 2;
    scene->drive.region_count = 2;
    scene->drive.regions[1] = "eu-west-1";
    scene->world.objects[IP][0] = 'a';
    scene->world.objects[IP][1] = 'b';
    sync_close(scene);
    scene->drive.lists[IP] = 1;
    scene->world.regions[1].broken = true;
    scene->drive.attempts_max = 3;
    survey(scene);
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 1), SLU_SET_DEACTIVATED);
    cr_assert_eq(outcome_of(scene, 1, IP, 1), SLU_SET_NONE);
    drive_close(&scene->drive);
    scene->world.regions[1].broken = false;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 1), SLU_SET_NONE);
    cr_assert_eq(outcome_of(scene, 1, IP, 1), SLU_SET_DEACTIVATED);
    drive_close(&scene->drive);
}

static void note_step(void *ctx, const struct slu_set_step *step)
{
    char *seen = ctx;

    (void)snprintf(seen, 300, "%s %s %s %s: %s", step->operation, step->action,
                   step->path, step->name, step->why);
}

Test(sets_dropped, a_plan_shows_it_and_forgets_nothing)
{
    struct scene *scene = make_dropped();
    char seen[300] = "";

    scene->drive.read_only = true;
    survey(scene);
    drive_want_all(&scene->drive);
    slu_sets_plan(scene->drive.sets, note_step, seen);
    cr_assert_str_eq(seen, "UpdateThreatIntelSet deactivate "
                           "guard_duty/threat-ip-3.txt gti-threat-ip-3: the "
                           "configuration has no such list any more");
    cr_assert_not_null(find_stored(scene));
    drive_close(&scene->drive);
}

Test(sets_dropped, it_is_named_where_it_takes_the_room)
{
    struct scene *scene = make_dropped();
    char names[200];

    survey(scene);
    slu_sets_foreign(scene->drive.sets, 0, IP, names, sizeof(names));
    cr_assert_str_eq(names, "gti-threat-ip-3 (no list has it any more)");
    drive_close(&scene->drive);
}

Test(sets_dropped, more_than_there_is_room_for_are_done_by_later_runs)
{
    struct scene *scene = make_scene();

    for (unsigned i = 0; i < 20; i++) {
        struct drive_entry *entry =
            &scene->drive.store[scene->drive.store_count++];

        (void)snprintf(entry->key, sizeof(entry->key),
                       "us-east-1/former/%02u.txt", i);
        (void)snprintf(entry->value, sizeof(entry->value), "gone%u - - -", i);
    }
    sync_close(scene);
    cr_assert_eq(scene->drive.store_count, 8);
    sync_close(scene);
    cr_assert_eq(scene->drive.store_count, 0);
}

Test(sets_dropped, regions_and_paths_that_are_none_are_left_alone)
{
    struct scene *scene = make_scene();
    static const char *const keys[] = {"eu-west-1/guard_duty/other.txt",
                                       "us-east-1"};

    for (unsigned i = 0; i < 2; i++) {
        struct drive_entry *entry =
            &scene->drive.store[scene->drive.store_count++];

        (void)snprintf(entry->key, sizeof(entry->key), "%s", keys[i]);
        (void)snprintf(entry->value, sizeof(entry->value), "x - - -");
    }
    survey(scene);
    cr_assert_eq(slu_sets_count(scene->drive.sets, IP), WORLD_LISTS);
    cr_assert_eq(scene->drive.store_count, 2);
    drive_close(&scene->drive);
}
