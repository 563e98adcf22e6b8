/* SPDX-License-Identifier: Apache-2.0 */
/* What the source "guardduty_export" reads, and what it remembers. */
#include "sources/export_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void expect_findings(const struct world *world, unsigned first,
                            unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        cr_assert(world_has(world, i, 1), "finding %u in %s", i, world->log);
    }
}

static void run_well(struct world *world)
{
    cr_assert_eq(world_run(world), SLU_ERR_OK, "%s", world->error.text);
    cr_assert_eq(world->result.failed_units, 0, "%s", world->result.first.text);
    cr_assert_eq(world->result.incomplete_units, 0);
    cr_assert_eq(world->result.denied_units, 0);
    cr_assert_not(world->result.all_denied);
    cr_assert_not(world->result.unknown_name);
}

/* ---- folders ---- */

Test(guardduty_export, reads_every_finding_of_a_folder_once)
{
    struct world world;

    world_init(&world, "/data/export");
    for (unsigned i = 0; i < 30; i++) {
        char name[100];

        (void)snprintf(name, sizeof(name),
                       "AWSLogs/111122223333/GuardDuty/us-east-1/2025/08/%02u/"
                       "x.jsonl%s",
                       i + 1, i % 3 == 0 ? "" : ".gz");
        world_put_findings(&world, name, i * 10, i % 10);
    }
    run_well(&world);
    for (unsigned i = 0; i < 30; i++) {
        expect_findings(&world, i * 10, i % 10);
    }
    cr_assert_eq(world.row_count, 3 * 45);
    cr_assert_eq(world.requests, 31);
    cr_assert_eq(world.result.units, 31);
    cr_assert(world_logged(&world, "135 finding(s) of 30 object(s) read"));
    world_fini(&world);
}

Test(guardduty_export, a_slash_behind_the_folder_changes_nothing)
{
    struct world world;

    world_init(&world, "/data/export");
    world_put_findings(&world, "a.jsonl", 1, 1);
    run_well(&world);
    cr_assert_eq(world.row_count, 1);
    world.config.export_from = "/data/export/";
    /* The world expects a path without a double slash. */
    world.answer = NULL;
    cr_assert_eq(world_run(&world), SLU_ERR_OK);
    cr_assert_eq(world.row_count, 1, "its key is the same");
    cr_assert(world_logged(&world, "1 object(s) known from an earlier run"));
    world_fini(&world);
}

Test(guardduty_export, a_second_run_reads_what_is_new_or_changed)
{
    struct world world;

    world_init(&world, "/data");
    world_put_findings(&world, "a.jsonl.gz", 0, 5);
    world_put_findings(&world, "b.jsonl.gz", 10, 5);
    run_well(&world);
    cr_assert_eq(world.row_count, 10);
    world_put_findings(&world, "b.jsonl.gz", 20, 5);
    world_put_findings(&world, "c.jsonl", 30, 1);
    run_well(&world);
    cr_assert_eq(world.requests, 3, "a list, b and c");
    expect_findings(&world, 0, 5);
    expect_findings(&world, 20, 5);
    expect_findings(&world, 30, 1);
    run_well(&world);
    cr_assert_eq(world.requests, 1);
    cr_assert_eq(world.row_count, 16);
    world_fini(&world);
}

Test(guardduty_export, names_that_are_no_findings_are_counted_and_told_once)
{
    struct world world;

    world_init(&world, "/data");
    world_put_text(&world, "AWSLogs/1/GuardDuty/permission_check", "x");
    world_put_text(&world, "notes.txt", "x");
    world_put_text(&world, "x.json.gz", "x");
    world_put_findings(&world, "jsonl", 0, 1);
    world_put_findings(&world, "a.jsonl", 1, 1);
    run_well(&world);
    cr_assert_eq(world.row_count, 1);
    cr_assert(world_logged(&world, "4 left out for their names "
                                   "(guardduty.export_names)"));
    world_fini(&world);
}

Test(guardduty_export, a_gap_of_the_folder_makes_the_run_incomplete)
{
    struct world world;

    world_init(&world, "/data");
    world_put_findings(&world, "a.jsonl", 1, 1);
    world.extra_lines = "! \"d\" is left out: Permission denied\n";
    cr_assert_eq(world_run(&world), SLU_ERR_OK);
    cr_assert_eq(world.result.incomplete_units, 1);
    cr_assert_eq(world.row_count, 1);
    cr_assert(world_logged(&world, "[WARN] /data: \"d\" is left out: "
                                   "Permission denied"));
    cr_assert_str_eq(world.result.first.text,
                     "/data: \"d\" is left out: Permission denied");
    world_fini(&world);
}

Test(guardduty_export, an_empty_folder_is_no_failure)
{
    struct world world;

    world_init(&world, "/data");
    run_well(&world);
    cr_assert_eq(world.requests, 1);
    world_fini(&world);
}

Test(guardduty_export, a_few_files_are_read_at_a_time)
{
    struct world world;

    world_init(&world, "/data");
    world.width = WORLD_FLIGHT_MAX;
    for (unsigned i = 0; i < 20; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "%02u.jsonl", i);
        world_put_findings(&world, name, i, 1);
    }
    run_well(&world);
    cr_assert_eq(world.peak, 4);
    cr_assert_eq(world.row_count, 20);
    world_fini(&world);
}

/* More names than the queue holds: listed again from the last one on. The names
 * are long, so that 9,000 of them are enough. */
Test(guardduty_export, a_folder_larger_than_the_queue_is_listed_again)
{
    static char name[4000];
    char *line = world_make_lines(7, 1);
    struct world world;

    world_init(&world, "/data");
    world.piece_max = 1 << 20;
    memset(name, 'n', sizeof(name) - 1);
    memcpy(name + sizeof(name) - 7, ".jsonl", 7);
    for (unsigned i = 0; i <= 9000; i++) {
        char number[10];

        (void)snprintf(number, sizeof(number), "%05u", i);
        memcpy(name, number, 5);
        world_put_text(&world, name, i == 9000 ? line : "");
    }
    run_well(&world);
    cr_assert_eq(world.lists, 2);
    cr_assert_eq(world.requests, 9003);
    cr_assert(world_has(&world, 7, 1));
    for (unsigned i = 0; i < world.object_count; i++) {
        cr_assert_eq(world.objects[i].asked, 1, "%u", i);
    }
    free(line);
    world_fini(&world);
}

/* ---- what an object may look like ---- */

Test(guardduty_export, gzip_is_known_by_its_bytes_not_by_its_name)
{
    struct world world;
    struct world_object *object;
    char *text = world_make_lines(1, 3);

    world_init(&world, "/data");
    object = world_put_text(&world, "zipped.gz", text);
    world_put(&world, "a.jsonl", object->bytes, object->len);
    world_put(&world, "b.jsonl.gz", "", 0);
    free(text);
    text = world_make_lines(4, 3);
    world_put(&world, "c.jsonl.gz", text, strlen(text));
    for (int piece_max = 1; piece_max < 100; piece_max += 33) {
        world.keys[0] = '\0';
        world.keys_len = 0;
        world.rows_len = 0;
        world.piece_max = (unsigned)piece_max;
        run_well(&world);
        expect_findings(&world, 1, 6);
    }
    free(text);
    world_fini(&world);
}

Test(guardduty_export, several_gzip_members_are_one_text)
{
    struct world world;
    struct world_object *object;
    char *both;
    size_t first;
    char *text = world_make_lines(1, 3);
    char line[1200];

    /* The cut between the members is within a line. */
    world_init(&world, "/data");
    text[strlen(text) - 100] = '\0';
    object = world_put_text(&world, "x.gz", text);
    first = object->len;
    both = malloc(100000);
    memcpy(both, object->bytes, first);
    free(text);
    text = strdup(world_finding(3, line));
    object = world_put_text(&world, "x.gz", text + strlen(text) - 99);
    memcpy(both + first, object->bytes, object->len);
    world_put(&world, "a.jsonl.gz", both, first + object->len);
    run_well(&world);
    expect_findings(&world, 1, 3);
    free(text);
    free(both);
    world_fini(&world);
}

Test(guardduty_export, events_of_eventbridge_are_opened)
{
    struct world world;
    char line[1200];
    char text[3000];

    world_init(&world, "/data");
    (void)snprintf(text, sizeof(text),
                   "{\"version\":\"0\",\"id\":\"e\",\"detail-type\":"
                   "\"GuardDuty Finding\",\"source\":\"aws.guardduty\","
                   "\"account\":\"1\",\"detail\":%s}\r\n\r\n",
                   world_finding(5, line));
    (void)snprintf(text + strlen(text), 1300, "%s", world_finding(6, line));
    world_put_text(&world, "a.jsonl", text);
    run_well(&world);
    expect_findings(&world, 5, 2);
    world_fini(&world);
}

/* ---- S3 ---- */

Test(guardduty_export, reads_a_bucket_page_by_page)
{
    struct world world;

    world_init(&world, "s3://my-bucket/AWSLogs/");
    world.page_size = 7;
    world.width = WORLD_FLIGHT_MAX;
    for (unsigned i = 0; i < 50; i++) {
        char name[100];

        (void)snprintf(name, sizeof(name), "%s/%02u.jsonl.gz",
                       i % 5 == 4 ? "other" : "AWSLogs", i);
        world_put_findings(&world, name, i * 3, 3);
    }
    run_well(&world);
    for (unsigned i = 0; i < 50; i++) {
        cr_assert(world_has(&world, i * 3 + 1, i % 5 == 4 ? 0 : 1), "%u", i);
    }
    cr_assert_eq(world.row_count, 120);
    cr_assert_geq(world.lists, 6);
    cr_assert_gt(world.peak, 16, "%u", world.peak);
    run_well(&world);
    cr_assert_eq(world.requests, world.lists, "every object is known");
    world_fini(&world);
}

static bool check_scope(struct world *world, const struct world_flight *flight,
                        struct world_answer *out)
{
    const struct slu_request *request = &flight->request;

    (void)world;
    (void)out;
    cr_assert_eq(request->channel, SLU_CHANNEL_HTTP);
    cr_assert_eq(request->method, SLU_METHOD_GET);
    cr_assert_eq(request->auth, SLU_AUTH_SIGV4);
    cr_assert(slu_view_equal_str(request->aws.service, "s3"));
    cr_assert(slu_view_equal_str(request->aws.bucket, "my-bucket"));
    cr_assert_eq(request->aws.identity, 0);
    cr_assert_str_eq(flight->region, "eu-central-1");
    cr_assert_eq(request->lane, strncmp(flight->target, "/?", 2) == 0 ? 0 : 1);
    return false;
}

Test(guardduty_export, asks_the_configured_region_with_the_base_identity)
{
    struct world world;

    world_init(&world, "s3://my-bucket");
    world.config.export_region = "eu-central-1";
    world.answer = check_scope;
    world_put_findings(&world, "a.jsonl", 0, 1);
    run_well(&world);
    cr_assert_eq(world.row_count, 1);
    world_fini(&world);
}

/* The key as S3's reference has it: "a b/é+~.txt" is "/a%20b/%C3%A9%2B~.txt".
 */
static bool check_target(struct world *world, const struct world_flight *flight,
                         struct world_answer *out)
{
    (void)out;
    if (flight->request.lane == 1) {
        cr_assert_str_eq(flight->target, world->answer_ctx);
    }
    return false;
}

Test(guardduty_export, any_key_comes_out_of_the_list_and_into_the_request)
{
    static const char *const keys[][2] = {
        {"a b/\xc3\xa9+~.jsonl", "/a%20b/%C3%A9%2B~.jsonl"},
        {"%41&<>\"'\x01.jsonl", "/%2541%26%3C%3E%22%27%01.jsonl"},
        {"/lead//x.jsonl", "//lead//x.jsonl"},
        {"../x.jsonl", "/../x.jsonl"},
        {"?a=b&c#d:e@f.jsonl", "/%3Fa%3Db%26c%23d%3Ae%40f.jsonl"},
    };

    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct world world;

        world_init(&world, "s3://my-bucket");
        world.answer = check_target;
        world.answer_ctx = (void *)(size_t)keys[i][1];
        world_put_findings(&world, keys[i][0], i, 1);
        run_well(&world);
        cr_assert(world_has(&world, i, 1), "%s: %s", keys[i][0], world.log);
        world_fini(&world);
    }
}

static bool answer_given(struct world *world, const struct world_flight *flight,
                         struct world_answer *out)
{
    if (flight->request.lane != 0) {
        return false;
    }
    out->body = strdup(world->answer_ctx);
    out->len = strlen(out->body);
    return true;
}

Test(guardduty_export, a_page_without_encoding_or_etag_is_read_too)
{
    struct world world;

    world_init(&world, "s3://my-bucket");
    world_put_findings(&world, "a+%41&.jsonl", 3, 1);
    world.answer = answer_given;
    world.answer_ctx =
        (void *)(size_t) "<ListBucketResult><IsTruncated>false</IsTruncated>"
                         "<Contents><Key>a+%41&amp;.jsonl</Key><Size>5</Size>"
                         "<LastModified>2025</LastModified></Contents>"
                         "</ListBucketResult>";
    run_well(&world);
    cr_assert(world_has(&world, 3, 1));
    cr_assert_not_null(strstr(world.keys, "=5-2025\n"), "%s", world.keys);
    world_fini(&world);
}

/* A server that says a shorter length and keeps to it is whole for HTTP. */
Test(guardduty_export, an_object_shorter_than_listed_is_not_done)
{
    struct world world;

    world_init(&world, "s3://my-bucket");
    world_put_findings(&world, "a.jsonl", 3, 1);
    world.answer = answer_given;
    world.answer_ctx =
        (void *)(size_t) "<ListBucketResult><IsTruncated>false</IsTruncated>"
                         "<Contents><Key>a.jsonl</Key><Size>5000000</Size>"
                         "<ETag>t</ETag></Contents></ListBucketResult>";
    cr_assert_eq(world_run(&world), SLU_ERR_OK, "%s", world.error.text);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_not_null(strstr(world.result.first.text,
                              "bytes came of 5000000 that are listed"),
                       "%s", world.result.first.text);
    cr_assert(!world_has(&world, 3, 1));
    cr_assert_eq(strlen(world.keys), 0, "%s", world.keys);
    world_fini(&world);
}

/* Gets are let through only when the list is done, and the other way round. */
static bool close_lane(struct world *world, const struct world_flight *flight,
                       struct world_answer *out)
{
    bool last = strstr(flight->target, "token=%2B%2F2%3D%3D") != NULL;

    (void)out;
    cr_assert_not(world->closed[flight->request.lane]);
    if (flight->request.lane == 0) {
        world->closed[1] = !last;
    }
    return false;
}

Test(guardduty_export, a_closed_lane_is_not_asked_and_the_other_goes_on)
{
    struct world world;

    world_init(&world, "s3://my-bucket");
    world_put_findings(&world, "a.jsonl", 0, 1);
    world_put_findings(&world, "b.jsonl", 1, 1);
    world_put_findings(&world, "c.jsonl", 2, 1);
    world.page_size = 1;
    world.closed[1] = true;
    world.answer = close_lane;
    run_well(&world);
    cr_assert_eq(world.lists, 3);
    cr_assert_eq(world.row_count, 3);
    world_fini(&world);
}

/* ---- check ---- */

Test(guardduty_export, a_check_lists_one_page_and_reads_one_object)
{
    struct world world;

    world_init(&world, "s3://my-bucket/p");
    world.check = true;
    world.page_size = 2;
    for (unsigned i = 0; i < 9; i++) {
        char name[20];

        (void)snprintf(name, sizeof(name), "p%u.jsonl.gz", i);
        world_put_findings(&world, name, i, 1);
    }
    run_well(&world);
    cr_assert_eq(world.requests, 2);
    cr_assert_eq(world.row_count, 0);
    cr_assert_str_eq(world.told,
                     "OK s3://my-bucket/p can be listed: 2 file(s) of findings "
                     "on the first page\n"
                     "OK s3://my-bucket/p0.jsonl.gz can be read\n");
    world_fini(&world);
}

Test(guardduty_export, a_check_warns_of_a_folder_without_findings)
{
    struct world world;

    world_init(&world, "/data");
    world.check = true;
    world_put_text(&world, "x.txt", "x");
    run_well(&world);
    cr_assert_str_eq(
        world.told, "WARN /data can be listed: 0 file(s) of findings; "
                    "expected names that end as guardduty.export_names says\n");
    world_fini(&world);
}

/* ---- configuration, state ---- */

Test(guardduty_export, a_place_that_is_none_is_one_sentence)
{
    static const char *const bad[][2] = {
        {"", "guardduty.export is empty: the source guardduty_export reads a "
             "folder or s3://bucket/prefix"},
        {"s3://", "guardduty.export: found `s3://`, expected a folder or "
                  "s3://bucket/prefix"},
        {"s3:///p", "guardduty.export: found `s3:///p`, expected a folder or "
                    "s3://bucket/prefix"},
        {"s3://Bad_Bucket/p", "guardduty.export: found `s3://Bad_Bucket/p`, "
                              "expected a folder or s3://bucket/prefix"},
    };
    static char long_path[5000];

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct world world;

        world_init(&world, bad[i][0]);
        cr_assert_eq(world_run(&world), SLU_ERR_CONFIG);
        cr_assert_str_eq(world.error.text, bad[i][1]);
        world_fini(&world);
    }
    memset(long_path, 'x', sizeof(long_path) - 1);
    {
        struct world world;

        world_init(&world, long_path);
        cr_assert_eq(world_run(&world), SLU_ERR_CONFIG);
        cr_assert_str_eq(world.error.text,
                         "guardduty.export is longer than 4096 bytes");
        world_fini(&world);
    }
}

Test(guardduty_export, a_stored_key_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "done/0123=x\n",
        "gone/00112233445566778899aabbccddeeff=x\n",
        "done/0011223344556677x899aabbccddeeff=x\n",
        "done/00112233445566778899aabbccddeeff0=x\n",
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct world world;

        world_init(&world, "/data");
        free(world.keys);
        world.keys = strdup(bad[i]);
        cr_assert_eq(world_run(&world), SLU_ERR_STATE, "%s", bad[i]);
        world_fini(&world);
    }
}

Test(guardduty_export, the_table_says_what_the_engine_must_know)
{
    const struct slu_source_ops *ops = &slu_guardduty_export_source;
    struct slu_guardduty_config config = {.export_from = "s3://b/p"};
    struct slu_source_access access;

    cr_assert_str_eq(ops->name, "guardduty_export");
    cr_assert_str_eq(ops->section, "guardduty");
    cr_assert(ops->rows);
    cr_assert_null(ops->horizon);
    cr_assert_null(ops->checkpoint);
    cr_assert_null(ops->explain);
    ops->access(&config, &access);
    cr_assert(access.aws);
    cr_assert_eq(access.lanes, 2);
    config.export_from = "/folder";
    ops->access(&config, &access);
    cr_assert_not(access.aws);
}
