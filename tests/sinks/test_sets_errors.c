/* SPDX-License-Identifier: Apache-2.0 */
/* Sets in ERROR: whose verdict it is, and when they are asked again. */
#include "sinks/sets_scene.h"

static unsigned count_updates(const struct scene *scene)
{
    return world_calls(&scene->world, WORLD_UPDATE);
}

/* A first publish of one IP list that is refused. */
static struct scene *make_refused(void)
{
    struct scene *scene = make_scene();

    scene->world.bad = 'b';
    scene->world.objects[IP][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ERROR);
    cr_assert_eq(count_updates(scene), 0, "made, and not asked again at once");
    drive_close(&scene->drive);
    world_forget_calls(&scene->world);
    return scene;
}

static void assert_told_refused(struct scene *scene)
{
    assert_outcome(scene, IP, 0, SLU_SET_ERROR);
    assert_text(scene, 0, IP, "line 1 is no entry");
    cr_assert_eq(result_of(scene)->errors, 1);
}

Test(sets_errors, one_of_a_run_before_is_asked_for_once_more_and_told_again)
{
    struct scene *scene = make_refused();

    for (unsigned run = 1; run <= 3; run++) {
        sync_open(scene);
        assert_told_refused(scene);
        cr_assert(report_of(scene, 0, IP, 0).activated);
        cr_assert_eq(count_updates(scene), run);
        cr_assert(drive_settle(&scene->drive), "a second settle of that sync");
        assert_told_refused(scene);
        cr_assert_eq(count_updates(scene), run);
        drive_close(&scene->drive);
    }
}

Test(sets_errors, one_whose_cause_was_cured_becomes_active)
{
    struct scene *scene = make_refused();

    scene->world.bad = '\0';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).rejected.text, "");
    cr_assert_eq(result_of(scene)->errors, 0);
    drive_close(&scene->drive);
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(count_updates(scene), 1);
    drive_close(&scene->drive);
}

Test(sets_errors, one_that_a_pending_activation_ended_in_is_a_verdict_first)
{
    struct scene *scene = make_scene();

    scene->world.bad = 'b';
    scene->world.objects[IP][0] = 'b';
    scene->world.delay_ms = 100000;
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    drive_close(&scene->drive);
    scene->world.now_ms += 200000;
    scene->world.delay_ms = 0;
    sync_open(scene);
    assert_told_refused(scene);
    cr_assert_eq(count_updates(scene), 0);
    drive_close(&scene->drive);
    sync_open(scene);
    assert_told_refused(scene);
    cr_assert_eq(count_updates(scene), 1);
    drive_close(&scene->drive);
}

/* Whatever way the program ends: an Update whose verdict nobody has seen is
 * followed by a look, and not by another Update. */
Test(sets_errors, an_end_behind_the_update_asks_for_no_second_one)
{
    struct scene *scene = make_refused();

    scene->drive.stop_after = 1;
    while (count_updates(scene) == 0) {
        struct slu_error error = {0};

        scene->drive.answers = 0;
        cr_assert_eq(drive_open(&scene->drive, &error), SLU_ERR_OK);
        if (drive_survey(&scene->drive)) {
            drive_want_all(&scene->drive);
            (void)drive_settle(&scene->drive);
        }
        drive_close(&scene->drive);
        scene->drive.stop_after++;
        cr_assert_lt(scene->drive.stop_after, 100);
    }
    cr_assert(scene->drive.stopped);
    scene->drive.stop_after = 0;
    sync_open(scene);
    assert_told_refused(scene);
    cr_assert_eq(count_updates(scene), 1);
    drive_close(&scene->drive);
}

static void note_step(void *ctx, const struct slu_set_step *step)
{
    char *seen = ctx;

    (void)snprintf(seen, 300, "%s %s: %s", step->operation, step->action,
                   step->why);
}

Test(sets_errors, a_plan_says_that_it_would_be_asked_for)
{
    struct scene *scene = make_refused();
    char seen[300] = "";

    scene->drive.read_only = true;
    survey(scene);
    drive_want_all(&scene->drive);
    slu_sets_plan(scene->drive.sets, note_step, seen);
    cr_assert_str_eq(seen, "UpdateThreatIntelSet activate: it was in ERROR "
                           "before; its cause may be cured");
    drive_close(&scene->drive);
}

/* ---- stand-ins ---- */

/* List 0 of IPs wants 'b', which is refused, and has 'a' put back. */
static void settle_back(struct scene *scene)
{
    struct slu_set_list back = {.kind = IP,
                                .index = 0,
                                .content = world_content('a'),
                                .lines = 10,
                                .restored = true,
                                .rejected = world_content('b')};

    scene->world.objects[IP][0] = 'a';
    slu_sets_want(scene->drive.sets, &back);
    cr_assert(drive_settle(&scene->drive));
}

static struct scene *make_restored(void)
{
    struct scene *scene = make_scene();

    scene->world.bad = 'b';
    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.objects[IP][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ERROR);
    return scene;
}

static bool rejects(struct scene *scene, char letter)
{
    struct slu_content_name content = world_content(letter);

    return slu_sets_has_rejected(scene->drive.sets, world_path(IP, 0),
                                 &content);
}

Test(sets_errors, a_stand_in_that_is_active_keeps_the_verdict_on_the_other)
{
    struct scene *scene = make_restored();

    settle_back(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert(rejects(scene, 'b'));
    drive_close(&scene->drive);
    world_forget_calls(&scene->world);
    survey(scene);
    settle_back(scene);
    assert_outcome(scene, IP, 0, SLU_SET_UNCHANGED);
    cr_assert_eq(count_updates(scene), 0);
    cr_assert(rejects(scene, 'b'));
    drive_close(&scene->drive);
}

/* It was ACTIVE before: then it isn't the content. */
Test(sets_errors, a_stand_in_that_is_refused_too_clears_the_other)
{
    struct scene *scene = make_restored();

    scene->world.bad = 'a';
    settle_back(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ERROR);
    cr_assert_not(rejects(scene, 'b'));
    cr_assert(rejects(scene, 'a'));
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('a').text);
    drive_close(&scene->drive);
    scene->world.objects[IP][0] = 'b';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_not(rejects(scene, 'a'));
    drive_close(&scene->drive);
}

/* ---- ends between the bucket and the sets ---- */

/* 'a' is asked for and pending when 'b' is put; then the program ends. What the
 * set does then, nobody knows. */
static struct scene *make_overtaken(char bad, const char *status)
{
    struct scene *scene = make_scene();

    scene->world.late_read = true;
    scene->world.delay_ms = 100000;
    scene->drive.knows_objects = true;
    scene->world.objects[IP][0] = 'a';
    sync_open(scene);
    assert_outcome(scene, IP, 0, SLU_SET_PENDING);
    drive_close(&scene->drive);
    scene->world.objects[IP][0] = 'b';
    scene->world.bad = bad;
    scene->world.now_ms += 200000;
    survey(scene);
    cr_assert_str_eq(set_of(scene, IP, 0)->status, status);
    return scene;
}

Test(sets_errors, what_was_overtaken_before_an_end_is_never_proved)
{
    struct scene *scene = make_overtaken('a', "ACTIVE");

    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text, "",
                     "it has read b, although a was asked for");
    drive_want_all(&scene->drive);
    scene->world.delay_ms = 0;
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, IP, 0, SLU_SET_ACTIVE);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('b').text);
    drive_close(&scene->drive);
}

Test(sets_errors, what_was_overtaken_before_an_end_is_never_refused)
{
    struct scene *scene = make_overtaken('b', "ERROR");

    cr_assert_not(rejects(scene, 'a'), "it has read b");
    drive_want_all(&scene->drive);
    scene->world.delay_ms = 0;
    cr_assert(drive_settle(&scene->drive));
    assert_outcome(scene, IP, 0, SLU_SET_ERROR);
    cr_assert(rejects(scene, 'b'));
    cr_assert_not(rejects(scene, 'a'));
    drive_close(&scene->drive);
}

Test(sets_errors, what_is_still_the_object_is_proved_by_the_survey)
{
    struct scene *scene = make_scene();

    scene->world.delay_ms = 100000;
    scene->drive.knows_objects = true;
    scene->world.objects[IP][0] = 'a';
    sync_close(scene);
    scene->world.now_ms += 200000;
    survey(scene);
    cr_assert_str_eq(report_of(scene, 0, IP, 0).active.text,
                     world_content('a').text);
    drive_close(&scene->drive);
}
