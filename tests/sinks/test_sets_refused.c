/* SPDX-License-Identifier: Apache-2.0 */
/* Rights, limits, and whatever else the service refuses. */
#include "sinks/sets_scene.h"

/* ---- rights ---- */

Test(sets_refused, a_denied_create_names_the_rights_that_it_needs)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].denied[WORLD_CREATE][IP] = true;
    scene->world.regions[0].denied[WORLD_CREATE][ENTITY] = true;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    assert_text(scene, 0, IP,
                "is denied: it needs guardduty:CreateThreatIntelSet, "
                "iam:PutRolePolicy and iam:DeleteRolePolicy on the role "
                "AWSServiceRoleForAmazonGuardDuty");
    assert_text(scene, 0, ENTITY,
                "guardduty:CreateThreatEntitySet, s3:GetObject on the list");
    cr_assert_eq(result_of(scene)->errors, 2);
    cr_assert_eq(result_of(scene)->denied_regions, 0);
    drive_close(&scene->drive);
}

Test(sets_refused, one_kind_that_may_not_be_listed_leaves_the_other)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].denied[WORLD_LIST][IP] = true;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    assert_text(scene, 0, IP, "guardduty:ListThreatIntelSets");
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_ACTIVE);
    cr_assert_eq(result_of(scene)->failed_regions, 0);
    cr_assert_eq(result_of(scene)->errors, 1);
    drive_close(&scene->drive);
}

Test(sets_refused, where_nothing_may_be_listed_the_region_is_denied)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].denied[WORLD_LIST][IP] = true;
    scene->world.regions[0].denied[WORLD_LIST][ENTITY] = true;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->denied_regions, 1);
    drive_close(&scene->drive);
}

Test(sets_refused, a_denied_list_of_detectors_denies_the_region)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].denied[WORLD_LIST_DETECTORS][IP] = true;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->denied_regions, 1);
    cr_assert_not_null(
        strstr(result_of(scene)->first.text, "guardduty:ListDetectors"));
    drive_close(&scene->drive);
}

Test(sets_refused, a_member_account_is_told_who_may)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].member = true;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    cr_assert_eq(result_of(scene)->failed_regions, 1);
    cr_assert_eq(count_lines(scene, "[ERROR] us-east-1: this is a member "
                                    "account of GuardDuty"),
                 1);
    drive_close(&scene->drive);
}

/* ---- limits ---- */

Test(sets_refused, foreign_sets_leave_the_first_lists_their_room)
{
    struct scene *scene = make_filled_scene();
    char names[100];
    char few[12];

    add_foreign(scene, IP, 4);
    (void)world_add(&scene->world, 0, IP, "gti-threat-ip-5",
                    world_location(IP, 4), "ACTIVE");
    survey(scene);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, IP), 0x11,
                 "the fifth has one, and one is left for the first");
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0x3f);
    slu_sets_foreign(scene->drive.sets, 0, IP, names, sizeof(names));
    cr_assert_str_eq(names, "office-0, office-1, office-2, office-3");
    slu_sets_foreign(scene->drive.sets, 0, IP, few, sizeof(few));
    cr_assert_str_eq(few, "office-0");
    for (unsigned i = 0; i < WORLD_LISTS; i++) {
        scene->world.objects[IP][i] = (char)('a' + i);
    }
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(outcome_of(scene, 0, IP, 1), SLU_SET_LIMIT);
    cr_assert_eq(outcome_of(scene, 0, IP, 4), SLU_SET_ACTIVE);
    cr_assert_eq(result_of(scene)->limited, 4);
    cr_assert_str_eq(result_of(scene)->first.text,
                     "guard_duty/threat-ip-2.txt in us-east-1: foreign sets "
                     "leave no room for another one");
    cr_assert_eq(count_lines(scene, "has no room for another threat IP list: "
                                    "GuardDuty takes 6 of a kind, and these "
                                    "are not ours: office-0, office-1"),
                 1);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][IP], 1);
    drive_close(&scene->drive);
}

static void assert_limit_by_refusal(const char *sentence)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, ENTITY, 5);
    scene->world.regions[0].limit = 5;
    scene->world.regions[0].limit_sentence = sentence;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_LIMIT, "%s",
                 sentence);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0);
    cr_assert(has_line(scene, "GuardDuty refuses more than there are, and "
                              "these are not ours: office-0"));
    drive_close(&scene->drive);
}

Test(sets_refused, a_refusal_for_the_limit_is_known_by_its_words)
{
    assert_limit_by_refusal("The maximum limit of ThreatEntitySets is reached");
    assert_limit_by_refusal("You have exceeded your allowance.");
}

Test(sets_refused, a_limit_counts_until_a_set_has_gone)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, ENTITY, 5);
    scene->world.regions[0].limit = 5;
    sync_open(scene);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0);
    cr_assert(drive_survey(&scene->drive));
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0,
                 "five still, and no more were taken");
    scene->world.regions[0].sets[ENTITY][0].used = false;
    cr_assert(drive_survey(&scene->drive));
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0x1);
    scene->world.regions[0].sets[ENTITY][1].used = false;
    cr_assert(drive_survey(&scene->drive));
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0x7,
                 "fewer of both kinds than there were: it may take six again");
    drive_close(&scene->drive);
}

Test(sets_refused, a_quota_is_known_although_its_code_says_something_else)
{
    static const char *const types[] = {"LimitExceededException",
                                        "InternalServerErrorException"};
    static const char *const sentences[] = {
        "No.", "The request is rejected because it's an attempt to create "
               "resources beyond the current AWS account limits."};

    for (int i = 0; i < 2; i++) {
        struct scene *scene = make_filled_scene();

        add_foreign(scene, ENTITY, 5);
        scene->world.regions[0].limit = 5;
        scene->world.regions[0].limit_type = types[i];
        scene->world.regions[0].limit_sentence = sentences[i];
        sync_open(scene);
        cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_LIMIT);
        cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][ENTITY], 1);
        cr_assert_eq(scene->drive.throttled, 0);
        drive_close(&scene->drive);
    }
}

Test(sets_refused, a_server_that_fails_at_one_more_than_there_may_be_is_full)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, IP, 6);
    scene->world.objects[IP][0] = '\0';
    scene->world.regions[0].limit = 0;
    scene->world.regions[0].fails_create[ENTITY] = true;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_LIMIT);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][ENTITY], 3);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0);
    drive_close(&scene->drive);
}

Test(sets_refused, a_server_that_fails_where_there_is_room_is_asked_again)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, IP, 4);
    scene->world.objects[IP][0] = '\0';
    scene->world.regions[0].fails_create[ENTITY] = true;
    scene->drive.attempts_max = 7;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_FAILED);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][ENTITY], 7);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), 0x3f);
    drive_close(&scene->drive);
}

Test(sets_refused, a_refusal_without_such_words_counts_where_sets_are_many)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, ENTITY, 4);
    add_foreign(scene, IP, 2);
    scene->world.regions[0].limit = 4;
    scene->world.regions[0].limit_sentence = "The request is rejected.";
    scene->world.objects[IP][0] = '\0';
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_LIMIT);
    drive_close(&scene->drive);
}

Test(sets_refused, a_refusal_of_the_first_set_is_no_limit)
{
    struct scene *scene = make_filled_scene();

    add_foreign(scene, ENTITY, 1);
    scene->world.regions[0].limit = 1;
    scene->world.regions[0].limit_sentence = "The request is rejected.";
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_FAILED);
    assert_text(scene, 0, ENTITY, "The request is rejected.");
    drive_close(&scene->drive);
}

/* ---- things that change behind our back ---- */

Test(sets_refused, a_set_that_vanished_is_made_anew_in_the_same_run)
{
    struct scene *scene = make_filled_scene();

    sync_open(scene);
    drive_close(&scene->drive);
    scene->world.objects[IP][0] = 'c';
    survey(scene);
    world_find(&scene->world, 0, IP, "gti-threat-ip-1")->used = false;
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert(slu_sets_outcome(scene->drive.sets, 0, IP, 0).created);
    cr_assert_eq(world_find(&scene->world, 0, IP, "gti-threat-ip-1")->reads,
                 'c');
    drive_close(&scene->drive);
}

Test(sets_refused, a_set_that_vanishes_again_and_again_is_told)
{
    struct scene *scene = make_filled_scene();

    scene->world.objects[ENTITY][0] = '\0';
    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0),
                    "ACTIVATING");
    survey(scene);
    drive_want_all(&scene->drive);
    scene->world.regions[0].vanish_get = 2;
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(scene->world.regions[0].vanish_get, 0);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    assert_text(scene, 0, IP, "vanished twice");
    drive_close(&scene->drive);
}

Test(sets_refused, what_waits_for_a_set_chooses_anew_when_it_has_gone)
{
    struct scene *scene = make_filled_scene();

    scene->world.objects[IP][1] = 'c';
    scene->drive.width = 1;
    scene->drive.wait_ms = 60000;
    for (unsigned i = 0; i < 2; i++) {
        struct world_set *set =
            world_add(&scene->world, 0, IP, i == 0 ? "x" : "y",
                      world_location(IP, i), "ACTIVATING");

        (void)snprintf(set->next, sizeof(set->next), "GONE");
        set->due_ms = scene->world.now_ms + 5000;
    }
    sync_open(scene);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(outcome_of(scene, 0, IP, i), SLU_SET_ACTIVE);
        cr_assert(slu_sets_outcome(scene->drive.sets, 0, IP, i).created);
    }
    drive_close(&scene->drive);
}

Test(sets_refused, a_set_that_vanishes_while_it_is_listed_is_passed_over)
{
    struct scene *scene = make_filled_scene();

    (void)world_add(&scene->world, 0, IP, "x", "s3://theirs/x", "ACTIVE");
    (void)world_add(&scene->world, 0, IP, "y", world_location(IP, 0), "ACTIVE");
    scene->world.regions[0].vanish_get = 1;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][IP], 0);
    drive_close(&scene->drive);
}

Test(sets_refused, throttling_and_garbled_answers_are_asked_for_again)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].throttled = 7;
    scene->world.regions[0].garbled = 9;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(scene->drive.throttled, 7);
    drive_close(&scene->drive);
    scene->world.objects[IP][0] = 'z';
    survey(scene);
    drive_want_all(&scene->drive);
    scene->world.regions[0].throttled = 3;
    scene->world.regions[0].garbled = 3;
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    drive_close(&scene->drive);
}

Test(sets_refused, a_name_that_is_taken_is_looked_for_and_adopted)
{
    struct scene *scene = make_filled_scene();
    struct world_set *set;

    survey(scene);
    set = world_add(&scene->world, 0, IP, "gti-threat-ip-1",
                    world_location(IP, 0), "ACTIVE");
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(set->reads, 'a');
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][IP], 2);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][ENTITY], 1);
    drive_close(&scene->drive);
}

Test(sets_refused, a_name_on_another_lists_set_is_not_taken_from_it)
{
    struct scene *scene = make_filled_scene();
    struct world_set *set =
        world_add(&scene->world, 0, ENTITY, world_name(ENTITY, 1),
                  world_location(ENTITY, 0), "ACTIVE");

    scene->world.objects[ENTITY][1] = 'c';
    sync_open(scene);
    cr_assert_eq(set->reads, 'b', "the first list's, by its location");
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][ENTITY], 1);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 1), SLU_SET_ACTIVE);
    drive_close(&scene->drive);
}

Test(sets_refused, a_name_that_stays_taken_is_told)
{
    struct scene *scene = make_filled_scene();

    scene->world.objects[IP][1] = 'c';
    (void)world_add(&scene->world, 0, IP, world_name(IP, 1),
                    world_location(IP, 0), "ACTIVE");
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(outcome_of(scene, 0, IP, 1), SLU_SET_FAILED);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][IP], 2);
    drive_close(&scene->drive);
}
