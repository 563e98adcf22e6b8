/* SPDX-License-Identifier: Apache-2.0 */
/* The way it goes: lists, states, contents, and what is taken over. */
#include "sinks/sets_scene.h"

/* ---- the way it goes ---- */

Test(sets, a_new_list_gets_a_set_that_is_proved_active)
{
    struct scene *scene = make_scene();
    struct slu_set_report report;

    scene->world.objects[IP][0] = 'a';
    scene->world.objects[ENTITY][2] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    assert_outcome(scene, ENTITY, 2, SLU_SET_ACTIVE);
    assert_outcome(scene, IP, 1, SLU_SET_NONE);
    report = report_of(scene, 0, IP, 0);
    cr_assert(report.created && report.activated);
    cr_assert_str_eq(report.name, "gti-threat-ip-1");
    cr_assert_str_eq(report.region, "us-east-1");
    cr_assert_str_eq(report.active.text, world_content('a').text);
    cr_assert_str_eq(set_of(scene, IP, 0)->location,
                     "s3://lists/guard_duty/threat-ip-1.txt");
    cr_assert_str_eq(set_of(scene, IP, 0)->status, "ACTIVE");
    cr_assert_eq(world_calls(&scene->world, WORLD_CREATE), 2);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    cr_assert_eq(result_of(scene)->errors + result_of(scene)->pending, 0);
    cr_assert(has_line(scene, "[INFO] Activating threat IP list: "
                              "s3://lists/guard_duty/threat-ip-1.txt\n"));
    cr_assert(has_line(scene, "[INFO] Activating threat ENTITY list: "
                              "s3://lists/guard_duty/threat-entity-3.txt\n"));
    drive_close(&scene->drive);
}

Test(sets, nothing_new_sends_nothing)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    scene->world.objects[ENTITY][0] = 'b';
    sync_close(scene);
    world_forget_calls(&scene->world);
    scene->drive.log[0] = '\0';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    assert_outcome(scene, ENTITY, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(world_calls(&scene->world, WORLD_CREATE), 0);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    cr_assert_eq(world_calls(&scene->world, WORLD_GET), 2);
    cr_assert_str_eq(scene->drive.log, "");
    drive_close(&scene->drive);
}

Test(sets, one_new_content_activates_one_set)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    scene->world.objects[ENTITY][0] = 'b';
    sync_close(scene);
    world_forget_calls(&scene->world);
    scene->world.objects[ENTITY][0] = 'c';
    sync_open(scene);
    assert_outcome(scene, ENTITY, 0, SLU_SET_ACTIVE);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_UPDATE][ENTITY], 1);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
    cr_assert_eq(set_of(scene, ENTITY, 0)->reads, 'c');
    drive_close(&scene->drive);
}

Test(sets, one_instance_syncs_again_and_again)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    for (char content = 'b'; content < 'f'; content++) {
        world_forget_calls(&scene->world);
        scene->world.objects[IP][0] = content;
        cr_assert(drive_survey(&scene->drive));
        cr_assert_not(report_of(scene, 0, IP, 0).activated);
        drive_want_all(&scene->drive);
        cr_assert(drive_settle(&scene->drive));
        assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
        cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
        cr_assert_eq(set_of(scene, IP, 0)->reads, content);
    }
    drive_close(&scene->drive);
}

Test(sets, what_takes_longer_is_pending_and_settled_by_the_next_run)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 60000;
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    cr_assert_eq(result_of(scene)->pending, 1);
    cr_assert_eq(result_of(scene)->errors, 0);
    cr_assert(has_line(scene, "[WARN] The threat IP list "
                              "s3://lists/guard_duty/threat-ip-1.txt is still "
                              "ACTIVATING; the next run settles it"));
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text, "");
    drive_close(&scene->drive);
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    drive_close(&scene->drive);
    scene->world.now_ms += 60000;
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('a').text);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);
}

Test(sets, a_wait_polls_slower_and_slower_until_it_is_active)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 300000;
    scene->drive.wait_ms = 600000;
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_geq(scene->world.now_ms, 300000);
    cr_assert_leq(scene->world.now_ms, 335000);
    cr_assert_leq(world_calls(&scene->world, WORLD_GET), 18);
    cr_assert_geq(world_calls(&scene->world, WORLD_GET), 10);
    drive_close(&scene->drive);
}

Test(sets, a_wait_ends)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 300000;
    scene->drive.wait_ms = 20000;
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    cr_assert_leq(scene->world.now_ms, 22000);
    drive_close(&scene->drive);
}

/* ---- busy sets ---- */

Test(sets, new_content_for_a_busy_set_waits_its_turn)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 30000;
    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.objects[IP][0] = 'b';
    scene->drive.wait_ms = 120000;
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
    cr_assert_eq(set_of(scene, IP, 0)->reads, 'b');
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('b').text);
    drive_close(&scene->drive);
}

Test(sets, what_was_overtaken_while_busy_is_never_proved)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 30000;
    scene->world.late_read = true;
    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.objects[IP][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    drive_close(&scene->drive);
    scene->world.now_ms += 30000;
    survey(scene);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text, "",
                     "nobody knows whether it read a or b");
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
    drive_close(&scene->drive);
}

Test(sets, a_survey_proves_what_was_asked_for_before)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 30000;
    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.now_ms += 30000;
    scene->world.objects[IP][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('a').text);
    drive_close(&scene->drive);
}

Test(sets, a_set_that_turns_busy_is_waited_for_and_not_given_up)
{
    struct scene *scene = make_scene();
    struct world_set *set;

    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.objects[IP][0] = 'b';
    scene->drive.wait_ms = 60000;
    survey(scene);
    drive_want_all(&scene->drive);
    set = set_of(scene, IP, 0);
    (void)snprintf(set->status, sizeof(set->status), "ACTIVATING");
    (void)snprintf(set->next, sizeof(set->next), "ACTIVE");
    set->due_ms = scene->world.now_ms + 10000;
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_eq(scene->world.busy_refusals, 1);
    cr_assert_eq(set->reads, 'b');
    drive_close(&scene->drive);
}

/* ---- taking over ---- */

Test(sets, a_set_is_found_by_its_location_in_any_form)
{
    static const char *const forms[] = {
        "s3://lists/guard_duty/threat-ip-1.txt",
        "https://s3.amazonaws.com/lists/guard_duty/threat-ip-1.txt",
        "https://s3-us-east-1.amazonaws.com/lists/guard_duty/threat-ip-1.txt",
        "http://lists.s3.amazonaws.com/guard_duty/threat-ip-1.txt",
        "https://lists.s3-us-east-1.amazonaws.com/guard_duty/"
        "threat-ip-1.txt"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct scene *scene = make_scene();
        struct world_set *set =
            world_add(&scene->world, 0, IP, "theirs", forms[i], "ACTIVE");

        scene->world.objects[IP][0] = 'a';
        sync_open(scene);
        assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
        cr_assert_eq(world_calls(&scene->world, WORLD_CREATE), 0);
        cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 1);
        cr_assert_str_eq(set->location, forms[i]);
        cr_assert_eq(set->reads, 'a');
        cr_assert_str_eq(report_of(scene, 0, IP, 0).name, "theirs");
        drive_close(&scene->drive);
    }
}

Test(sets, a_set_of_our_name_gets_our_location)
{
    struct scene *scene = make_scene();
    struct world_set *set =
        world_add(&scene->world, 0, ENTITY, "gti-threat-entity-2",
                  "s3://old/entity.txt", "INACTIVE");

    scene->world.objects[ENTITY][1] = 'a';
    sync_open(scene);
    assert_outcome(scene, ENTITY, 1, SLU_SET_ACTIVE);
    cr_assert_str_eq(set->location, world_location(ENTITY, 1));
    cr_assert_eq(world_calls(&scene->world, WORLD_CREATE), 0);
    drive_close(&scene->drive);
}

Test(sets, a_location_counts_before_a_name)
{
    struct scene *scene = make_scene();
    struct world_set *by_name = world_add(
        &scene->world, 0, IP, "gti-threat-ip-1", "s3://other/x.txt", "ACTIVE");
    struct world_set *by_location = world_add(
        &scene->world, 0, IP, "theirs", world_location(IP, 0), "INACTIVE");

    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    cr_assert_str_eq(by_location->status, "ACTIVE");
    cr_assert_str_eq(by_name->location, "s3://other/x.txt");
    drive_close(&scene->drive);
}

Test(sets, of_two_at_one_location_the_active_one_counts)
{
    struct scene *scene = make_scene();
    struct world_set *sleeps = world_add(&scene->world, 0, IP, "one",
                                         world_location(IP, 0), "INACTIVE");
    struct world_set *works =
        world_add(&scene->world, 0, IP, "two", world_location(IP, 0), "ACTIVE");
    char names[100];

    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    cr_assert_eq(works->reads, 'a');
    cr_assert_str_eq(sleeps->status, "INACTIVE");
    slu_sets_foreign(scene->drive.sets, 0, IP, names, sizeof(names));
    cr_assert_str_eq(names, "one");
    drive_close(&scene->drive);
}

Test(sets, what_was_asked_of_another_set_says_nothing_of_this_one)
{
    struct scene *scene = make_scene();
    struct world_set *set;

    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    set_of(scene, IP, 0)->used = false;
    set = world_add(&scene->world, 0, IP, "by-hand", world_location(IP, 0),
                    "ACTIVE");
    (void)snprintf(set->id, sizeof(set->id), "another");
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_eq(set->reads, 'a');
    drive_close(&scene->drive);
}

Test(sets, another_format_is_explained)
{
    struct scene *scene = make_scene();
    struct world_set *set = world_add(&scene->world, 0, IP, "stix",
                                      world_location(IP, 0), "ACTIVE");

    (void)snprintf(set->format, sizeof(set->format), "STIX");
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_FAILED);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).text,
                     "the set stix has the format STIX, which can't be changed "
                     "into TXT: delete it, and the next run makes a new one");
    cr_assert_eq(result_of(scene)->errors, 1);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);
}

Test(sets, an_unknown_status_is_left_alone)
{
    struct scene *scene = make_scene();

    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0),
                    "MIGRATING");
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    cr_assert(has_line(scene, "is still MIGRATING"));
    drive_close(&scene->drive);
}

Test(sets, an_error_from_before_is_no_verdict_on_ours)
{
    struct scene *scene = make_scene();

    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0), "ERROR");
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    drive_close(&scene->drive);
}

/* ---- errors of contents ---- */

Test(sets, a_refused_content_is_told_and_the_last_good_one_put_back)
{
    struct scene *scene = make_scene();
    struct slu_content_name bad = world_content('b');
    struct slu_set_list back = {.kind = ENTITY,
                                .index = 0,
                                .content = world_content('a'),
                                .lines = 10,
                                .restored = true,
                                .rejected = bad};

    scene->world.bad = 'b';
    scene->world.objects[ENTITY][0] = 'a';
    sync_close(scene);
    scene->world.objects[ENTITY][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, ENTITY, 0, SLU_SET_ERROR);
    cr_assert_str_eq(report_of(scene, 0, ENTITY, 0).text, "line 1 is no entry");
    cr_assert(has_line(scene, "[ERROR] The threat ENTITY list "
                              "s3://lists/guard_duty/threat-entity-1.txt is in "
                              "ERROR: line 1 is no entry"));
    cr_assert_str_eq(report_of(scene, 0, ENTITY, 0).active.text,
                     back.content.text);
    cr_assert_str_eq(report_of(scene, 0, ENTITY, 0).rejected.text, bad.text);
    cr_assert(
        slu_sets_has_rejected(scene->drive.sets, world_path(ENTITY, 0), &bad));
    cr_assert_eq(result_of(scene)->errors, 1);
    cr_assert_str_eq(result_of(scene)->first.text,
                     "guard_duty/threat-entity-1.txt in us-east-1: line 1 is "
                     "no entry");

    scene->world.objects[ENTITY][0] = 'a';
    slu_sets_want(scene->drive.sets, &back);
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, ENTITY, 0, SLU_SET_ACTIVE);
    cr_assert_eq(result_of(scene)->errors, 0);
    cr_assert_str_eq(report_of(scene, 0, ENTITY, 0).rejected.text, bad.text);
    drive_close(&scene->drive);

    survey(scene);
    cr_assert(
        slu_sets_has_rejected(scene->drive.sets, world_path(ENTITY, 0), &bad));
    cr_assert_not(
        slu_sets_has_rejected(scene->drive.sets, world_path(ENTITY, 1), &bad));
    drive_want_all(&scene->drive);
    slu_sets_want(scene->drive.sets, &back);
    world_forget_calls(&scene->world);
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, ENTITY, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);

    scene->world.objects[ENTITY][0] = 'c';
    sync_open(scene);
    assert_outcome(scene, ENTITY, 0, SLU_SET_ACTIVE);
    cr_assert_not(
        slu_sets_has_rejected(scene->drive.sets, world_path(ENTITY, 0), &bad));
    drive_close(&scene->drive);
}

/* ---- empty lists ---- */

Test(sets, an_emptied_list_is_deactivated_and_a_filled_one_comes_back)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.objects[IP][0] = '\0';
    scene->world.objects[IP][1] = 'n';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_DEACTIVATED);
    assert_outcome(scene, IP, 1, SLU_SET_ACTIVE);
    cr_assert(drive_settle(&scene->drive), "a second settle of the same sync");
    assert_outcome(scene, IP, 0, SLU_SET_DEACTIVATED);
    assert_outcome(scene, IP, 1, SLU_SET_ACTIVE);
    cr_assert(report_of(scene, 0, IP, 1).created);
    cr_assert_str_eq(set_of(scene, IP, 0)->status, "INACTIVE");
    cr_assert(has_line(scene, "[INFO] Deactivating threat IP list: s3://"));
    cr_assert_not(report_of(scene, 0, IP, 0).activated);
    drive_close(&scene->drive);
    world_forget_calls(&scene->world);
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    drive_close(&scene->drive);
}

Test(sets, an_empty_list_leaves_every_other_status_alone)
{
    static const char *const statuses[] = {"INACTIVE", "ERROR", "DEACTIVATING",
                                           "DELETE_PENDING", "NEW"};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct scene *scene = make_scene();

        (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0),
                        statuses[i]);
        sync_open(scene);
        assert_outcome(scene, IP, 0,
                       i == 2 ? SLU_SET_DEACTIVATED : SLU_SET_UNCHANGED);
        cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
        drive_close(&scene->drive);
    }
}

Test(sets, what_is_not_wanted_is_not_touched)
{
    struct scene *scene = make_scene();

    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0), "ACTIVE");
    survey(scene);
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    assert_outcome(scene, IP, 1, SLU_SET_NONE);
    cr_assert_eq(world_calls(&scene->world, WORLD_UPDATE), 0);
    drive_close(&scene->drive);
}
