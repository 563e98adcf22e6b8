/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an object: what is left out of it, parts, and forms of JSON. */
#include "sources/export_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void run(struct world *world)
{
    cr_assert_eq(world_run(world), SLU_ERR_OK, "%s", world->error.text);
}

static unsigned count_in(const char *text, const char *part)
{
    unsigned count = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        count++;
    }
    return count;
}

static void put_findings(struct world *world, const char *name, unsigned first,
                         unsigned count)
{
    char *text = calloc(count + 1, 1200);
    char *at = text;

    for (unsigned i = first; i < first + count; i++) {
        char line[1200];

        at += sprintf(at, "%s\n", world_finding(i, line));
    }
    world_put_text(world, name, text);
    free(text);
}

static void expect_findings(const struct world *world, unsigned first,
                            unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        cr_assert(world_has(world, i, 1), "finding %u in %s", i, world->log);
    }
}

/* ---- what is left out ---- */

/* The text has the findings 1 and 2; they are taken. */
static void expect_left_out(const char *name, const char *text,
                            const char *sentence)
{
    struct world world;

    world_init(&world, "/data");
    world.config.export_names.all = true;
    world.record_bytes = 2000;
    put_findings(&world, "b.jsonl", 9, 1);
    world_put_text(&world, name, text);
    run(&world);
    cr_assert_eq(world.row_count, 3, "%s: %s", text, world.log);
    expect_findings(&world, 1, 2);
    cr_assert_eq(world.result.failed_units, 0);
    cr_assert_eq(world.result.incomplete_units, 1);
    cr_assert_eq(world.result.first.code, SLU_ERR_INCOMPLETE);
    cr_assert_eq(strncmp(world.result.first.text, sentence, strlen(sentence)),
                 0, "%s", world.result.first.text);
    cr_assert_eq(count_in(world.log, sentence), 1, "%s", world.log);
    cr_assert_eq(world.counts[SLU_REASON_UNREADABLE], 1);
    run(&world);
    cr_assert_eq(world.row_count, 3, "it is done");
    cr_assert_eq(world.result.incomplete_units, 0);
    cr_assert_eq(world.requests, 1);
    world_fini(&world);
}

Test(guardduty_export_text, a_damaged_line_is_told_and_the_others_are_taken)
{
    static const char *const bad[] = {"not json", "{\"id\":",        "[1]",
                                      "{}",       "{\"detail\":{}}", "\x1f"};
    char first[1200];
    char second[1200];
    char text[5000];

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s\n\n%s\n%s\n",
                       world_finding(1, first), bad[i],
                       world_finding(2, second));
        expect_left_out("a.jsonl", text, "/data/a.jsonl: line 3 left out: ");
        expect_left_out("a.jsonl.gz", text,
                        "/data/a.jsonl.gz: line 3 left out: ");
    }
}

Test(guardduty_export_text, a_line_over_the_limit_is_left_out_alone)
{
    char first[1200];
    char second[1200];
    char text[9000];

    (void)snprintf(text, sizeof(text), "%s\n%04000d\n%s",
                   world_finding(1, first), 0, world_finding(2, second));
    expect_left_out("a.jsonl", text,
                    "/data/a.jsonl: line 2 left out: it is longer than "
                    "limits.record_bytes (2000)");
    (void)snprintf(text, sizeof(text), "[%s,{\"a\":%04000d},%s]",
                   world_finding(1, first), 0, world_finding(2, second));
    expect_left_out("a.json", text,
                    "/data/a.json: object 2 left out: it is longer than "
                    "limits.record_bytes (2000)");
}

Test(guardduty_export_text, only_the_first_damages_are_told_and_all_are_counted)
{
    struct world world;

    world_init(&world, "/data");
    for (unsigned i = 0; i < 30; i++) {
        char name[20];

        (void)snprintf(name, sizeof(name), "%02u.jsonl", i);
        world_put_text(&world, name, "x\n{}\ny\n");
    }
    run(&world);
    cr_assert_eq(count_in(world.log, "[WARN] /data/"), 10);
    cr_assert_eq(count_in(world.log, ".jsonl: line 1, and 2 more of its lines "
                                     "left out: "),
                 10 + 20, "the others at level debug");
    cr_assert(world_logged(&world, "[WARN] 90 line(s) or object(s) of JSON are "
                                   "left out"));
    cr_assert_eq(world.counts[SLU_REASON_UNREADABLE], 90);
    cr_assert_eq(world.result.incomplete_units, 30);
    world_fini(&world);
}

Test(guardduty_export_text, an_empty_object_is_done_without_a_word)
{
    struct world world;

    world_init(&world, "/data");
    world_put(&world, "a.jsonl", "", 0);
    world_put_text(&world, "b.jsonl.gz", "");
    world_put(&world, "c.jsonl.gz", "", 0);
    run(&world);
    cr_assert_eq(world.result.failed_units + world.result.incomplete_units, 0);
    cr_assert_eq(count_in(world.log, "[WARN]"), 0);
    run(&world);
    cr_assert_eq(world.requests, 1);
    world_fini(&world);
}

Test(guardduty_export_text, a_place_with_nothing_in_it_is_a_warning)
{
    struct world world;

    world_init(&world, "s3://my-bucket/typo");
    run(&world);
    cr_assert(world_logged(&world, "[WARN] guardduty.export: nothing is below "
                                   "s3://my-bucket/typo"));
    world_put_text(&world, "typo/a.json", "{}");
    run(&world);
    cr_assert(world_logged(&world, "[WARN] guardduty.export: none of the 1 "
                                   "name(s) below s3://my-bucket/typo ends as "
                                   "guardduty.export_names says"));
    cr_assert_eq(world.result.incomplete_units, 0);
    world_fini(&world);
}

/* ---- forms ---- */

static void expect_form(const char *format)
{
    struct world world;
    char first[1200];
    char second[1200];
    char text[5000];

    world_init(&world, "/data");
    world.config.export_names.all = true;
    (void)snprintf(text, sizeof(text), format, world_finding(1, first),
                   world_finding(2, second));
    world_put_text(&world, "firehose-2025-08-07", text);
    run(&world);
    cr_assert_eq(world.result.incomplete_units, 0, "%s", world.log);
    cr_assert_eq(world.row_count, 2);
    expect_findings(&world, 1, 2);
    world_fini(&world);
}

Test(guardduty_export_text, objects_are_read_however_they_stand)
{
    expect_form("%s%s");
    expect_form("%s\n%s\n");
    expect_form("[%s,%s]");
    expect_form(" [\n%s\n,\n%s\n]\n");
    expect_form("{\"detail-type\":\"GuardDuty Finding\",\n \"detail\":%s\n}"
                "{\"detail\":%s}");
}

Test(guardduty_export_text, names_are_chosen_by_their_ends)
{
    static const char *ends[] = {".json", ".x"};
    struct world world;

    world_init(&world, "/data");
    world.config.export_names.items = ends;
    put_findings(&world, "a.jsonl", 1, 1);
    put_findings(&world, "b.json", 2, 1);
    put_findings(&world, "c.x", 3, 1);
    put_findings(&world, "d.xx", 4, 1);
    run(&world);
    cr_assert_eq(world.row_count, 2);
    expect_findings(&world, 2, 2);
    world_fini(&world);
}

/* ---- parts ---- */

#define GIANT 14000u

/* Ends the giant's answer early: at *ctx bytes. */
static bool cut_short(struct world *world, const struct world_flight *flight,
                      struct world_answer *out)
{
    size_t *at = world->answer_ctx;

    if (flight->request.channel != SLU_CHANNEL_FILE || *at == 0) {
        return false;
    }
    out->len = *at < world->objects[0].len ? *at : world->objects[0].len;
    out->body = malloc(out->len);
    memcpy(out->body, world->objects[0].bytes, out->len);
    (void)slu_error_set(&out->end, SLU_ERR_TRUNCATED, "the wire was cut");
    *at = 0;
    return true;
}

static void expect_giant(const char *name, bool same_run)
{
    struct world world;
    size_t cut;

    world_init(&world, "/data");
    world.config.export_names.all = true;
    world.piece_max = 60000;
    world.answer = cut_short;
    world.answer_ctx = &cut;
    world.attempts_max = same_run ? 10 : 1;
    put_findings(&world, name, 1, GIANT);
    cut = world.objects[0].len * 3 / 4;
    run(&world);
    cr_assert_gt(world.parts, 0);
    if (!same_run) {
        cr_assert_lt(world.row_count, GIANT);
        cr_assert_gt(world.row_count, GIANT / 10);
        run(&world);
    }
    cr_assert_eq(world.row_count, GIANT);
    cr_assert_eq(count_in(world.rows, " f"), GIANT);
    expect_findings(&world, 1, 1);
    expect_findings(&world, GIANT / 2, 1);
    expect_findings(&world, GIANT, 1);
    run(&world);
    cr_assert_eq(world.requests, 1, "it is done");
    world_fini(&world);
}

Test(guardduty_export_text, a_giant_is_committed_in_parts_and_gone_on_with)
{
    expect_giant("a.jsonl", true);
    expect_giant("a.jsonl", false);
    expect_giant("a.jsonl.gz", false);
    expect_giant("a.json", true);
    expect_giant("a.json", false);
}

Test(guardduty_export_text, a_giant_that_changed_is_read_from_its_start)
{
    struct world world;
    size_t cut;
    unsigned before;

    world_init(&world, "/data");
    world.piece_max = 60000;
    world.answer = cut_short;
    world.answer_ctx = &cut;
    world.attempts_max = 1;
    put_findings(&world, "a.jsonl", 1, GIANT);
    cut = world.objects[0].len * 3 / 4;
    run(&world);
    before = world.row_count;
    put_findings(&world, "a.jsonl", GIANT + 1, GIANT);
    run(&world);
    cr_assert_eq(world.row_count, before + GIANT);
    run(&world);
    cr_assert_eq(world.requests, 1);
    world_fini(&world);
}

Test(guardduty_export_text, a_damaged_line_of_a_giant_is_told_by_its_number)
{
    struct world world;
    struct world_object *giant;

    world_init(&world, "/data");
    world.piece_max = 60000;
    put_findings(&world, "a.jsonl", 1, GIANT);
    giant = &world.objects[0];
    memcpy(giant->bytes + giant->len - 500, "\n{\n", 3);
    run(&world);
    cr_assert_gt(world.parts, 0);
    cr_assert_eq(world.row_count, GIANT - 1);
    cr_assert(world_logged(&world, "a.jsonl: line 14000, and 2 more of its "
                                   "lines left out: "),
              "%s", world.log);
    cr_assert_eq(world.result.incomplete_units, 1);
    world_fini(&world);
}

Test(guardduty_export_text, a_stored_part_that_is_none_is_refused)
{
    static const char *const bad[] = {"", "1", "1 2", "x 2 v", "1  v"};

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct world world;
        char keys[200];

        world_init(&world, "/data");
        if (bad[i][0] == '\0') {
            (void)snprintf(keys, sizeof(keys), "part/xyz=1 2 v\n");
        } else {
            (void)snprintf(keys, sizeof(keys), "part/%032d=%s\n", 0, bad[i]);
        }
        free(world.keys);
        world.keys = strdup(keys);
        cr_assert_eq(world_run(&world), SLU_ERR_STATE, "%s", keys);
        world_fini(&world);
    }
}
