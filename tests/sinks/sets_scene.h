/* SPDX-License-Identifier: Apache-2.0 */
/* A world and the engine around it, and what is asked of the two after a sync:
 * for the tests of the sink "guardduty". */
#ifndef TESTS_SINKS_SETS_SCENE_H
#define TESTS_SINKS_SETS_SCENE_H

#include "sinks/sets_drive.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define IP SLU_KIND_IP
#define ENTITY SLU_KIND_DOMAIN

struct scene {
    struct world world;
    struct drive drive;
};

static inline struct scene *make_scene(void)
{
    static struct scene scene;

    world_init(&scene.world, 1);
    drive_init(&scene.drive, &scene.world);
    return &scene;
}

/* With one IP list and one of domains. */
static inline struct scene *make_filled_scene(void)
{
    struct scene *scene = make_scene();

    scene->world.objects[IP][0] = 'a';
    scene->world.objects[ENTITY][0] = 'b';
    return scene;
}

static inline void survey(struct scene *scene)
{
    struct slu_error error = {0};

    cr_assert_eq(drive_open(&scene->drive, &error), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert(drive_survey(&scene->drive));
    cr_assert_eq(scene->drive.start_err, SLU_ERR_OK);
}

/* open, survey, want, settle; the instance stays. */
static inline void sync_open(struct scene *scene)
{
    survey(scene);
    drive_want_all(&scene->drive);
    cr_assert(drive_settle(&scene->drive));
    cr_assert_str_eq(scene->world.fault, "");
    cr_assert_eq(scene->world.busy_refusals, 0);
}

static inline enum slu_set_outcome outcome_of(struct scene *scene,
                                              unsigned region,
                                              enum slu_kind kind,
                                              unsigned index)
{
    return slu_sets_outcome(scene->drive.sets, region, kind, index).outcome;
}

static inline void assert_text(struct scene *scene, unsigned region,
                               enum slu_kind kind, const char *part)
{
    struct slu_set_report report =
        slu_sets_outcome(scene->drive.sets, region, kind, 0);

    cr_assert_not_null(strstr(report.text, part), "%s", report.text);
}

static inline bool has_line(const struct scene *scene, const char *text)
{
    return strstr(scene->drive.log, text) != NULL;
}

static inline unsigned count_lines(const struct scene *scene, const char *text)
{
    unsigned count = 0;

    for (const char *at = scene->drive.log; (at = strstr(at, text)) != NULL;
         at++) {
        count++;
    }
    return count;
}

static inline const struct slu_sets_result *result_of(const struct scene *scene)
{
    return slu_sets_result(scene->drive.sets);
}

static inline struct slu_set_report report_of(struct scene *scene,
                                              unsigned region,
                                              enum slu_kind kind,
                                              unsigned index)
{
    return slu_sets_outcome(scene->drive.sets, region, kind, index);
}

static inline void sync_close(struct scene *scene)
{
    sync_open(scene);
    drive_close(&scene->drive);
}

static inline void assert_outcome(struct scene *scene, enum slu_kind kind,
                                  unsigned index, enum slu_set_outcome outcome)
{
    struct slu_set_report report = report_of(scene, 0, kind, index);

    cr_assert_eq(report.outcome, outcome, "%s: %d, not %d: %s", report.path,
                 report.outcome, outcome, report.text);
}

static inline struct world_set *set_of(struct scene *scene, enum slu_kind kind,
                                       unsigned index)
{
    return world_find(&scene->world, 0, kind, world_name(kind, index));
}

/* Sets that are not ours: office-0, office-1, ... */
static inline void add_foreign(struct scene *scene, enum slu_kind kind,
                               unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "office-%u", i);
        (void)world_add(&scene->world, 0, kind, name, "s3://theirs/x.txt",
                        "ACTIVE");
    }
}

#endif
