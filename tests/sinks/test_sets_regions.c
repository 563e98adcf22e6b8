/* SPDX-License-Identifier: Apache-2.0 */
/* Detectors, regions, pages, options. */
#include "sinks/sets_scene.h"

static struct scene *make_two_regions(void)
{
    struct scene *scene = make_filled_scene();

    scene->world.region_count = 2;
    scene->drive.region_count = 2;
    scene->drive.regions[1] = "eu-west-1";
    return scene;
}

/* ---- detectors ---- */

Test(sets_regions, without_a_detector_a_region_fails_in_a_known_sentence)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].detectors = 0;
    sync_open(scene);
    cr_assert(has_line(scene, "[ERROR] No GuardDuty detector found in the "
                              "region us-east-1"));
    cr_assert_eq(result_of(scene)->failed_regions, 1);
    cr_assert_eq(result_of(scene)->denied_regions, 0);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_SKIPPED);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, IP), UINT32_MAX);
    cr_assert_eq(scene->drive.sent[0], 0);
    drive_close(&scene->drive);
}

Test(sets_regions, a_detector_is_made_where_wanted)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].detectors = 0;
    scene->drive.create_detector = true;
    sync_open(scene);
    cr_assert_eq(world_calls(&scene->world, WORLD_CREATE_DETECTOR), 1);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert(has_line(scene, "Created the GuardDuty detector"));
    drive_close(&scene->drive);
}

struct told {
    char text[2000];
};

static void note_step(void *ctx, const struct slu_set_step *step)
{
    struct told *told = ctx;
    size_t len = strlen(told->text);

    (void)snprintf(told->text + len, sizeof(told->text) - len,
                   "%s %s %s %s %s: %s\n", step->region, step->action,
                   step->operation, step->path, step->name, step->why);
}

Test(sets_regions, a_plan_makes_no_detector_and_says_that_it_would)
{
    struct scene *scene = make_filled_scene();
    struct told told = {""};

    scene->world.regions[0].detectors = 0;
    scene->drive.create_detector = true;
    scene->drive.read_only = true;
    survey(scene);
    drive_want_all(&scene->drive);
    slu_sets_plan(scene->drive.sets, note_step, &told);
    cr_assert_str_eq(
        told.text,
        "us-east-1 create CreateDetector  : no detector yet\n"
        "us-east-1 create CreateThreatIntelSet guard_duty/threat-ip-1.txt "
        "gti-threat-ip-1: no set yet\n"
        "us-east-1 create CreateThreatEntitySet "
        "guard_duty/threat-entity-1.txt gti-threat-entity-1: no set yet\n");
    cr_assert_eq(scene->drive.sent[0], 0);
    cr_assert_eq(result_of(scene)->failed_regions, 0);
    drive_close(&scene->drive);
}

Test(sets_regions, of_several_detectors_the_first_is_taken_and_said)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].detectors = 2;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert(has_line(scene, "[WARN] us-east-1 has several detectors; the "
                              "first one is taken: 0123456789abcdef"));
    drive_close(&scene->drive);
}

Test(sets_regions, a_named_detector_is_not_looked_for)
{
    struct scene *scene = make_filled_scene();

    scene->drive.detector = "0123456789abcdef0123456789abcdef";
    sync_open(scene);
    cr_assert_eq(world_calls(&scene->world, WORLD_LIST_DETECTORS), 0);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    drive_close(&scene->drive);
}

/* ---- several regions ---- */

Test(sets_regions, lines_name_the_region_where_there_are_several)
{
    struct scene *scene = make_two_regions();

    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 1, IP, 0), SLU_SET_ACTIVE);
    cr_assert(has_line(scene, "[INFO] Activating threat IP list: "
                              "s3://lists/guard_duty/threat-ip-1.txt | region "
                              "eu-west-1\n"));
    cr_assert_eq(slu_sets_errand.lanes(scene->drive.sets), 2);
    cr_assert_eq(result_of(scene)->regions, 2);
    cr_assert_not_null(
        drive_stored(&scene->drive, "eu-west-1/guard_duty/threat-ip-1.txt"));
    drive_close(&scene->drive);
}

static void assert_one_fails(struct scene *scene)
{
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_FAILED);
    cr_assert_eq(outcome_of(scene, 1, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(outcome_of(scene, 1, ENTITY, 0), SLU_SET_ACTIVE);
    cr_assert_eq(result_of(scene)->failed_regions, 1);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, IP), 0x3f);
    cr_assert_neq(result_of(scene)->first.code, SLU_ERR_OK);
    drive_close(&scene->drive);
}

Test(sets_regions, a_region_that_is_not_enabled_stops_no_other)
{
    struct scene *scene = make_two_regions();

    scene->world.regions[0].not_enabled = true;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->denied_regions, 1);
    cr_assert_eq(count_lines(scene, "us-east-1: GuardDuty refuses the sign-in "
                                    "(UnrecognizedClientException): the region "
                                    "is not enabled"),
                 1);
    assert_one_fails(scene);
}

Test(sets_regions, a_region_out_of_reach_stops_no_other)
{
    struct scene *scene = make_two_regions();

    scene->world.regions[0].broken = true;
    scene->drive.attempts_max = 3;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->denied_regions, 0);
    assert_one_fails(scene);
}

Test(sets_regions, a_sign_in_that_fails_everywhere_denies_all)
{
    struct scene *scene = make_two_regions();

    scene->world.regions[0].no_sign_in = true;
    scene->world.regions[1].no_sign_in = true;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->denied_regions, 2);
    cr_assert_eq(result_of(scene)->failed_regions, 2);
    cr_assert_not_null(strstr(result_of(scene)->first.text, "no keys"));
    drive_close(&scene->drive);
}

Test(sets_regions, a_closed_lane_holds_up_no_other)
{
    struct scene *scene = make_two_regions();
    struct slu_error error;

    scene->drive.closed_lane = 0;
    cr_assert_eq(drive_open(&scene->drive, &error), SLU_ERR_OK);
    cr_assert_not(drive_survey(&scene->drive), "the closed one waits");
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST_DETECTORS][0], 0);
    cr_assert_eq(scene->world.regions[1].calls[WORLD_LIST][ENTITY], 1);
    drive_close(&scene->drive);
}

Test(sets_regions, the_home_region_is_taken_where_none_is_named)
{
    struct scene *scene = make_filled_scene();

    scene->drive.region_count = 0;
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_str_eq(slu_sets_outcome(scene->drive.sets, 0, IP, 0).region,
                     "us-east-1");
    drive_close(&scene->drive);
    world_forget_calls(&scene->world);
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_UNCHANGED);
    drive_close(&scene->drive);
}

/* ---- no entity lists ---- */

static void assert_only_ips(struct scene *scene)
{
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(outcome_of(scene, 0, ENTITY, 0), SLU_SET_SKIPPED);
    cr_assert_eq(result_of(scene)->errors, 0);
    cr_assert_eq(result_of(scene)->failed_regions, 0);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, ENTITY), UINT32_MAX);
    cr_assert_eq(count_lines(scene, "has no threat entity lists"), 1);
    drive_close(&scene->drive);
}

Test(sets_regions, an_endpoint_without_entity_lists_goes_on_with_ips)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].no_entities = true;
    sync_open(scene);
    assert_only_ips(scene);
}

Test(sets_regions, gov_cloud_is_not_even_asked_for_entity_lists)
{
    struct scene *scene = make_filled_scene();

    scene->world.regions[0].name = "us-gov-west-1";
    scene->drive.regions[0] = "us-gov-west-1";
    sync_open(scene);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][ENTITY], 0);
    assert_only_ips(scene);
}

/* ---- pages ---- */

Test(sets_regions, pages_are_followed_to_their_empty_token)
{
    struct scene *scene = make_filled_scene();

    scene->world.page = 2;
    add_foreign(scene, IP, 3);
    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0), "ACTIVE");
    sync_open(scene);
    cr_assert_eq(outcome_of(scene, 0, IP, 0), SLU_SET_ACTIVE);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_CREATE][IP], 0);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][IP], 2);
    drive_close(&scene->drive);
}

Test(sets_regions, a_page_that_was_garbled_is_asked_for_again_as_it_was)
{
    struct scene *scene = make_filled_scene();

    scene->world.page = 2;
    scene->world.regions[0].garbled_pages = 3;
    add_foreign(scene, IP, 4);
    (void)world_add(&scene->world, 0, IP, "x", world_location(IP, 0), "ACTIVE");
    survey(scene);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][IP], 6);
    cr_assert_eq(scene->world.regions[0].calls[WORLD_GET][IP], 5);
    cr_assert_eq(slu_sets_usable(scene->drive.sets, IP), 0x3);
    drive_close(&scene->drive);
}

Test(sets_regions, a_token_that_repeats_ends_the_survey)
{
    struct scene *scene = make_filled_scene();

    scene->world.repeat_token = true;
    sync_open(scene);
    cr_assert_eq(result_of(scene)->failed_regions, 1);
    cr_assert_not_null(strstr(result_of(scene)->first.text,
                              "its pages do not end, or repeat"));
    cr_assert_eq(scene->world.regions[0].calls[WORLD_LIST][IP], 2);
    drive_close(&scene->drive);
}

/* ---- bad options and stored entries ---- */

Test(sets_regions, an_owner_goes_with_every_change)
{
    struct scene *scene = make_filled_scene();

    scene->drive.owner = "123456789012";
    sync_open(scene);
    cr_assert_str_eq(world_find(&scene->world, 0, IP, "gti-threat-ip-1")->owner,
                     "123456789012");
    drive_close(&scene->drive);
}

static void append_name(void *ctx, const struct slu_set_step *step)
{
    struct told *told = ctx;
    size_t len = strlen(told->text);

    (void)snprintf(told->text + len, sizeof(told->text) - len, "%s ",
                   step->name);
}

/* The names of the sets that new lists of these paths would get. */
static void assert_names(const char *const *paths, const char *names)
{
    struct scene *scene = make_filled_scene();
    struct slu_bucket_config bucket = {"lists", "dir/", "", ""};
    struct slu_strings none = {0};
    struct slu_strings lists = {paths, 3, false};
    struct slu_sets_options options = {.alloc = slu_alloc_default(),
                                       .bucket = &bucket,
                                       .name_prefix = "my.",
                                       .regions = &none,
                                       .detector = "auto",
                                       .paths = {&lists, &none}};
    struct told told = {""};
    struct slu_error error;

    cr_assert_eq(slu_sets_new(&options, &scene->drive.sets, &error),
                 SLU_ERR_OK);
    cr_assert(drive_survey(&scene->drive));
    for (unsigned i = 0; i < 3; i++) {
        drive_want(&scene->drive, IP, i, 'a', 1);
    }
    slu_sets_plan(scene->drive.sets, append_name, &told);
    cr_assert_str_eq(told.text, names);
    drive_close(&scene->drive);
}

Test(sets_regions, names_are_the_stems_made_fit_and_different)
{
    static const char *const same[] = {"a/x.txt", "b/x.txt", "c/x"};
    static const char *const odd[] = {"a b.c.txt", ".hidden", "A_1-2.TXT"};

    assert_names(same, "my-x my-x-2 my-x-3 ");
    assert_names(odd, "my-a-b-c my--hidden my-A_1-2 ");
}

static enum slu_err make_of(const char *path, const char *prefix,
                            const char *other, struct slu_error *error)
{
    const char *items[] = {path, other};
    struct slu_bucket_config bucket = {"lists", "dir/", "", ""};
    struct slu_strings none = {0};
    struct slu_strings lists = {items, other == NULL ? 1 : 2, false};
    struct slu_sets_options options = {.alloc = slu_alloc_default(),
                                       .bucket = &bucket,
                                       .name_prefix = prefix,
                                       .regions = &none,
                                       .detector = "auto",
                                       .paths = {&lists, &none}};
    struct slu_sets *sets;
    enum slu_err err = slu_sets_new(&options, &sets, error);

    slu_sets_free(sets);
    return err;
}

Test(sets_regions, what_the_service_would_not_take_is_refused_at_once)
{
    char path[400];
    struct slu_error error = {0};

    memset(path, 'p', sizeof(path));
    path[SLU_OBJECT_PATH_MAX] = '\0';
    cr_assert_eq(make_of(path, "gti-", NULL, &error), SLU_ERR_OK);
    path[SLU_OBJECT_PATH_MAX] = 'p';
    path[SLU_OBJECT_PATH_MAX + 1] = '\0';
    cr_assert_eq(make_of(path, "gti-", NULL, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "longer than 160 bytes"));
    memset(path, 'p', sizeof(path));
    path[298] = '\0';
    cr_assert_eq(make_of("abc.txt", path, NULL, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "the name of its set"));
}

Test(sets_regions, what_is_stored_can_be_read_by_who_shows_it)
{
    struct slu_set_known known;
    char value[300];
    char a[SLU_CONTENT_NAME_LEN + 1];
    struct slu_view key = SLU_VIEW_LITERAL("eu-west-1/dir/ip 1.txt");

    memcpy(a, world_content('a').text, sizeof(a));
    (void)snprintf(value, sizeof(value), "id-1 %s - %s", a, a);
    cr_assert(slu_sets_read_entry(key, slu_view_str(value), &known));
    cr_assert_str_eq(known.region, "eu-west-1");
    cr_assert_str_eq(known.path, "dir/ip 1.txt");
    cr_assert_str_eq(known.id, "id-1");
    cr_assert_str_eq(known.asked.text, a);
    cr_assert_str_eq(known.active.text, "");
    cr_assert_str_eq(known.rejected.text, a);
    cr_assert_not(slu_sets_read_entry(key, slu_view_str("id-1 -"), &known));
    cr_assert_not(slu_sets_read_entry(slu_view_str("eu-west-1"),
                                      slu_view_str(value), &known));
    cr_assert_not(slu_sets_read_entry(slu_view_str("/path"),
                                      slu_view_str(value), &known));
    cr_assert_not(slu_sets_read_entry(slu_view_str("eu-west-1/"),
                                      slu_view_str(value), &known));
}

Test(sets_regions, a_stored_entry_that_is_none_is_refused)
{
    static const char *const values[] = {"",           "id",       "id - -",
                                         "id - - - -", "id x - -", " - - - -"};
    struct scene *scene = make_filled_scene();
    struct slu_error error;

    cr_assert_eq(drive_open(&scene->drive, &error), SLU_ERR_OK);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        cr_assert_eq(slu_sets_errand.load(scene->drive.sets,
                                          slu_view_str("us-east-1/a"),
                                          slu_view_str(values[i])),
                     SLU_ERR_STATE, "%s", values[i]);
    }
    cr_assert_eq(slu_sets_errand.load(scene->drive.sets,
                                      slu_view_str("us-east-1/a"),
                                      slu_view_str("id - - -")),
                 SLU_ERR_OK);
    drive_close(&scene->drive);
}
