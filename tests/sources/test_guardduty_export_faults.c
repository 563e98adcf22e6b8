/* SPDX-License-Identifier: Apache-2.0 */
/* What the source "guardduty_export" makes of refusals, redirects, broken
 * connections and damaged objects. */
#include "sources/export_world.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void put_many(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "%05u.jsonl.gz", i);
        world_put_findings(world, name, i, 1);
    }
}

static void run(struct world *world)
{
    cr_assert_eq(world_run(world), SLU_ERR_OK, "%s", world->error.text);
}

/* ---- a scripted server ---- */

struct script {
    unsigned lane;      /* of the requests that it answers */
    const char *target; /* part of it; NULL: any */
    unsigned times;     /* then the world answers */
    int status;
    const char *error_type;
    const char *region; /* of the head */
    const char *body;
    enum slu_err end;
};

static bool answer_script(struct world *world,
                          const struct world_flight *flight,
                          struct world_answer *out)
{
    struct script *script = world->answer_ctx;

    if (flight->request.lane != script->lane || script->times == 0 ||
        (script->target != NULL &&
         strstr(flight->target, script->target) == NULL)) {
        return false;
    }
    script->times--;
    out->status = script->status;
    out->error_type = script->error_type;
    out->region = script->region;
    out->body = strdup(script->body == NULL ? "" : script->body);
    out->len = strlen(out->body);
    if (script->end != SLU_ERR_OK) {
        (void)slu_error_set(&out->end, script->end, "the wire said no");
    }
    return true;
}

static struct world open_world(const char *place, struct script *script)
{
    struct world world;

    world_init(&world, place);
    world.answer = answer_script;
    world.answer_ctx = script;
    return world;
}

#define ALWAYS 1000000u

#define DENIED_BODY                                                            \
    "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

/* ---- refusals of the list ---- */

Test(guardduty_export_faults, a_list_that_is_denied_names_the_permission)
{
    struct script script = {0, NULL, ALWAYS, 403, "", "", DENIED_BODY, 0};
    struct world world = open_world("s3://my-bucket/p", &script);

    run(&world);
    cr_assert_eq(world.requests, 1);
    cr_assert(world.result.all_denied);
    cr_assert_eq(world.result.first.code, SLU_ERR_DENIED);
    cr_assert_str_eq(world.result.first.text,
                     "Access Denied, Verify the permissions provided: "
                     "s3:ListBucket is missing for bucket s3://my-bucket "
                     "(Access Denied)");
    cr_assert(world_logged(&world, "[ERROR] Access Denied, Verify"));
    world_fini(&world);
}

Test(guardduty_export_faults, a_bucket_or_folder_that_is_not_there_is_unknown)
{
    struct script script = {
        0,
        NULL,
        ALWAYS,
        404,
        "",
        "",
        "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>",
        0};
    struct world world = open_world("s3://my-bucket/p", &script);

    run(&world);
    cr_assert(world.result.unknown_name);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_str_eq(world.result.first.text,
                     "guardduty.export: there is no bucket s3://my-bucket "
                     "(NoSuchBucket)");
    world_fini(&world);
    script.body = "";
    world = open_world("/no/where", &script);
    run(&world);
    cr_assert(world.result.unknown_name);
    cr_assert_eq(world.result.first.code, SLU_ERR_NOT_FOUND);
    cr_assert_str_eq(world.result.first.text,
                     "guardduty.export: there is no folder /no/where");
    world_fini(&world);
    script.status = 403;
    world = open_world("/no/where", &script);
    run(&world);
    cr_assert(world.result.unknown_name);
    cr_assert_str_eq(world.result.first.text,
                     "guardduty.export: folder /no/where may not be read: "
                     "permission denied");
    world_fini(&world);
}

Test(guardduty_export_faults, no_sign_in_ends_the_run_with_its_own_sentence)
{
    static const enum slu_err codes[] = {SLU_ERR_AUTH, SLU_ERR_DENIED,
                                         SLU_ERR_CONFIG};

    for (unsigned i = 0; i < 3; i++) {
        struct script script = {0, NULL, ALWAYS, 0, "", "", "", codes[i]};
        struct world world = open_world("s3://my-bucket", &script);

        run(&world);
        cr_assert_eq(world.requests, 1);
        cr_assert_eq(world.result.all_denied, codes[i] != SLU_ERR_CONFIG);
        cr_assert_eq(world.result.unknown_name, codes[i] == SLU_ERR_CONFIG);
        cr_assert_eq(world.result.first.code, codes[i]);
        cr_assert_str_eq(world.result.first.text, "the wire said no");
        world_fini(&world);
    }
}

Test(guardduty_export_faults, keys_that_are_not_accepted_are_no_retry)
{
    struct script script = {
        0,
        NULL,
        ALWAYS,
        403,
        "",
        "",
        "<Error><Code>InvalidAccessKeyId</Code><Message>unknown</Message>"
        "</Error>",
        0};
    struct world world = open_world("s3://my-bucket", &script);

    run(&world);
    cr_assert_eq(world.requests, 1);
    cr_assert(world.result.all_denied);
    cr_assert_str_eq(world.result.first.text,
                     "the credentials are not accepted for bucket "
                     "s3://my-bucket (InvalidAccessKeyId: unknown)");
    world_fini(&world);
}

/* ---- what is worth asking again ---- */

static void expect_retried(struct script script, bool throttled)
{
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 5);
    run(&world);
    cr_assert_eq(world.retries, 2, "%s", world.log);
    cr_assert_eq(world.throttled, throttled ? 2 : 0);
    cr_assert_eq(world.row_count, 5);
    cr_assert_eq(world.result.failed_units, 0);
    world_fini(&world);
}

Test(guardduty_export_faults, transient_answers_are_asked_again)
{
    static const struct {
        int status;
        const char *body;
        enum slu_err end;
        bool throttled;
    } cases[] = {
        {503, "<Error><Code>SlowDown</Code></Error>", 0, true},
        {500, "<Error><Code>InternalError</Code></Error>", 0, false},
        {502, "<html>", 0, false},
        {400, "<Error><Code>RequestTimeout</Code></Error>", 0, false},
        {400, "<Error><Code>ExpiredToken</Code></Error>", 0, false},
        {403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", 0, false},
        {0, "", SLU_ERR_NETWORK, false},
        {0, "", SLU_ERR_TIMEOUT, false},
        {200, "<ListBuck", SLU_ERR_TRUNCATED, false},
        {503, "<Err", SLU_ERR_TRUNCATED, false},
    };

    for (unsigned lane = 0; lane < 2; lane++) {
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct script script = {
                lane, NULL,          2,           cases[i].status, "",
                "",   cases[i].body, cases[i].end};

            if (lane == 1 && cases[i].status == 200) {
                script.body = "\x1f\x8b";
            }
            expect_retried(script, cases[i].throttled);
        }
    }
}

Test(guardduty_export_faults, a_page_that_is_none_is_asked_again)
{
    static const char *const bodies[] = {
        "",
        "<html>proxy</html>",
        "<Error><Code>InternalError</Code></Error>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>",
        "<ListBucketResult><Contents><Key>&bad;</Key></Contents>"
        "</ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents>"
        "</ListBucketResult>",
    };

    for (unsigned i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct script script = {0, NULL, 2, 200, "", "", bodies[i], 0};

        expect_retried(script, false);
    }
}

Test(guardduty_export_faults, a_token_that_leads_to_itself_ends_the_list)
{
    struct script script = {
        0,
        NULL,
        ALWAYS,
        200,
        "",
        "",
        "<ListBucketResult><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>same</NextContinuationToken>"
        "</ListBucketResult>",
        0};
    struct world world = open_world("s3://my-bucket", &script);

    run(&world);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_eq(world.requests, 1 + world.attempts_max);
    cr_assert_not_null(
        strstr(world.result.first.text, "its token leads to itself"));
    world_fini(&world);
}

Test(guardduty_export_faults, a_signature_that_stays_refused_is_given_up)
{
    struct script script = {
        0,
        NULL,
        ALWAYS,
        403,
        "",
        "",
        "<Error><Code>SignatureDoesNotMatch</Code><Message>bad</Message>"
        "</Error>",
        0};
    struct world world = open_world("s3://my-bucket", &script);

    run(&world);
    cr_assert_eq(world.requests, 5);
    cr_assert(world.result.all_denied);
    world_fini(&world);
}

/* ---- regions ---- */

#define MALFORMED_BODY                                                         \
    "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region "     \
    "'us-east-1' is wrong</Message><Region>eu-west-1</Region></Error>"

/* A bucket of eu-west-1, asked in any other region. */
static bool answer_region(struct world *world,
                          const struct world_flight *flight,
                          struct world_answer *out)
{
    const struct script *script = world->answer_ctx;

    if (strcmp(flight->region, "eu-west-1") == 0) {
        return false;
    }
    out->status = script->status;
    out->region = script->region;
    out->body = strdup(script->body);
    out->len = strlen(out->body);
    return true;
}

Test(guardduty_export_faults, a_bucket_elsewhere_is_followed_once_and_kept)
{
    static struct script scripts[] = {
        {0, NULL, 0, 301, "", "eu-west-1", "", 0},
        {0, NULL, 0, 307, "", "eu-west-1", "", 0},
        {0, NULL, 0, 400, "", "", MALFORMED_BODY, 0},
        {0, NULL, 0, 301, "", "",
         "<Error><Code>PermanentRedirect</Code><Region>eu-west-1</Region>"
         "</Error>",
         0},
    };

    for (unsigned i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        for (unsigned check = 0; check < 2; check++) {
            struct world world = open_world("s3://my-bucket", &scripts[i]);

            world.answer = answer_region;
            world.check = check == 1;
            put_many(&world, 9);
            run(&world);
            cr_assert_eq(world.result.failed_units, 0, "%s", world.log);
            cr_assert_eq(world.retries, 0);
            cr_assert_eq(world.requests, check == 1 ? 3 : 11);
            cr_assert(world_logged(&world, "is in the region eu-west-1"));
            world_fini(&world);
        }
    }
}

/* Objects that were under way to the old region are asked again, too. */
static bool answer_moved(struct world *world, const struct world_flight *flight,
                         struct world_answer *out)
{
    return flight->request.lane == 1 && answer_region(world, flight, out);
}

Test(guardduty_export_faults, what_was_under_way_elsewhere_is_asked_again)
{
    struct script script = {0, NULL, 0, 301, "", "eu-west-1", "", 0};
    struct world world = open_world("s3://my-bucket", &script);

    world.answer = answer_moved;
    world.width = WORLD_FLIGHT_MAX;
    put_many(&world, 60);
    run(&world);
    cr_assert_eq(world.row_count, 60);
    cr_assert_eq(world.result.failed_units, 0);
    cr_assert_geq(world.requests, 61 + 20);
    world_fini(&world);
}

Test(guardduty_export_faults, a_redirect_to_nowhere_is_one_sentence)
{
    static struct script scripts[] = {
        {0, NULL, ALWAYS, 301, "", "", "", 0},
        {0, NULL, ALWAYS, 301, "", "evil.example/x", "", 0},
        {0, NULL, ALWAYS, 400, "", "",
         "<Error><Code>AuthorizationHeaderMalformed</Code></Error>", 0},
    };

    for (unsigned i = 0; i < 3; i++) {
        struct world world = open_world("s3://my-bucket", &scripts[i]);

        world.config.export_region = "us-east-1";
        run(&world);
        cr_assert_eq(world.requests, 1);
        cr_assert_eq(world.result.failed_units, 1);
        cr_assert_not_null(strstr(world.result.first.text,
                                  "the bucket my-bucket is not in the region "
                                  "us-east-1, and S3 does not say where"),
                           "%s", world.result.first.text);
        world_fini(&world);
    }
}

Test(guardduty_export_faults, two_regions_that_point_at_each_other_end)
{
    struct script script = {0, NULL, ALWAYS, 301, "", "eu-west-1", "", 0};
    struct world world = open_world("s3://my-bucket", &script);

    run(&world);
    cr_assert_eq(world.requests, 2);
    cr_assert_eq(world.result.failed_units, 1);
    world_fini(&world);
}

/* ---- refusals of objects ---- */

Test(guardduty_export_faults, one_denied_object_does_not_stop_the_others)
{
    struct script script = {1, "00003", ALWAYS, 403, "", "", DENIED_BODY, 0};
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 10);
    run(&world);
    cr_assert_eq(world.row_count, 9);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_eq(world.result.denied_units, 1);
    cr_assert_not(world.result.all_denied);
    cr_assert_str_eq(world.result.first.text,
                     "Access Denied, Verify the permissions provided: "
                     "s3:GetObject is missing for "
                     "s3://my-bucket/00003.jsonl.gz (Access Denied)");
    script.times = 0;
    run(&world);
    cr_assert_eq(world.requests, 2, "it alone is asked for again");
    cr_assert_eq(world.row_count, 10);
    world_fini(&world);
}

Test(guardduty_export_faults, a_missing_permission_on_the_key_is_named)
{
    struct script script = {
        1,
        NULL,
        ALWAYS,
        403,
        "",
        "",
        "<Error><Code>AccessDenied</Code><Message>User: u is not authorized to "
        "perform: kms:Decrypt on resource: arn:aws:kms:k</Message></Error>",
        0};
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 1);
    run(&world);
    cr_assert(world.result.all_denied);
    cr_assert_not_null(strstr(world.result.first.text,
                              "provided: kms:Decrypt is missing for "
                              "s3://my-bucket/00000.jsonl.gz"));
    world_fini(&world);
}

Test(guardduty_export_faults, when_all_are_refused_the_rest_is_not_asked)
{
    struct script script = {1, NULL, ALWAYS, 403, "", "", DENIED_BODY, 0};
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 200);
    run(&world);
    cr_assert_lt(world.requests, 40);
    cr_assert_eq(world.result.failed_units, 200);
    cr_assert(world.result.all_denied);
    cr_assert(world_logged(&world, "were all refused"));
    world_fini(&world);
}

Test(guardduty_export_faults, a_vanished_object_is_a_warning)
{
    struct script script = {1, "00001", 1, 404, "", "", "", 0};
    struct world world = open_world("/data", &script);

    put_many(&world, 3);
    run(&world);
    cr_assert_eq(world.row_count, 2);
    cr_assert_eq(world.result.failed_units, 0);
    cr_assert(world_logged(&world, "[WARN] /data/00001.jsonl.gz was listed and "
                                   "is not there any more"));
    world_fini(&world);
    script = (struct script){
        1, "00001", 1, 404, "", "", "<Error><Code>NoSuchKey</Code></Error>", 0};
    world = open_world("s3://my-bucket", &script);
    put_many(&world, 3);
    run(&world);
    cr_assert_eq(world.row_count, 2);
    cr_assert_eq(world.result.failed_units, 0);
    run(&world);
    cr_assert_eq(world.row_count, 3, "it was not marked");
    world_fini(&world);
}

Test(guardduty_export_faults, an_archived_object_says_so)
{
    struct script script = {1,
                            "00001",
                            ALWAYS,
                            403,
                            "",
                            "",
                            "<Error><Code>InvalidObjectState</Code></Error>",
                            0};
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 3);
    run(&world);
    cr_assert_eq(world.row_count, 2);
    cr_assert_eq(world.result.denied_units, 0);
    cr_assert_str_eq(world.result.first.text,
                     "s3://my-bucket/00001.jsonl.gz is in an archive of S3: "
                     "restore it before it can be read");
    world_fini(&world);
}

Test(guardduty_export_faults, a_unit_that_is_given_up_ends_and_is_told)
{
    struct script script = {1, "00001", ALWAYS, 0, "", "", "", SLU_ERR_NETWORK};
    struct world world = open_world("s3://my-bucket", &script);

    put_many(&world, 3);
    run(&world);
    cr_assert_eq(world.retries, world.attempts_max);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_eq(world.row_count, 2);
    script.lane = 0;
    script.target = NULL;
    run(&world);
    cr_assert_eq(world.result.failed_units, 1);
    world_fini(&world);
}

Test(guardduty_export_faults, a_check_tells_what_is_missing)
{
    struct script script = {1, NULL, ALWAYS, 403, "", "", DENIED_BODY, 0};
    struct world world = open_world("s3://my-bucket", &script);

    world.check = true;
    put_many(&world, 3);
    run(&world);
    cr_assert_str_eq(world.told,
                     "OK s3://my-bucket can be listed: 3 file(s) of findings "
                     "on the first page\nFAIL Access Denied, Verify the "
                     "permissions provided: s3:GetObject is missing for "
                     "s3://my-bucket/00000.jsonl.gz (Access Denied)\n");
    cr_assert_eq(world.requests, 2);
    world_fini(&world);
}

/* ---- damaged objects ---- */

/* Every cut of a gzip file is found, and what is read is never half of it. */
Test(guardduty_export_faults, a_gzip_cut_at_any_byte_counts_not_at_all)
{
    struct world world;
    struct world_object *object;
    char *whole;
    size_t len;

    world_init(&world, "/data");
    world_put_findings(&world, "a.jsonl.gz", 0, 3);
    object = &world.objects[0];
    len = object->len;
    whole = malloc(len);
    memcpy(whole, object->bytes, len);
    for (size_t cut = 1; cut < len; cut++) {
        world_put(&world, "a.jsonl.gz", whole, cut);
        run(&world);
        cr_assert_eq(world.row_count, 0, "%zu", cut);
        cr_assert_eq(world.keys_len, 0, "%zu", cut);
        cr_assert_eq(world.result.failed_units, 1, "%zu", cut);
        cr_assert_eq(world.retries, 0);
        cr_assert_eq(strncmp(world.result.first.text, "/data/a.jsonl.gz: ", 18),
                     0, "%s", world.result.first.text);
    }
    world_put(&world, "a.jsonl.gz", whole, len);
    run(&world);
    cr_assert_eq(world.row_count, 3);
    cr_assert_eq(world.result.failed_units, 0);
    free(whole);
    world_fini(&world);
}

/* CRC and length are the last eight bytes. */
Test(guardduty_export_faults, a_gzip_with_a_wrong_sum_counts_not_at_all)
{
    for (unsigned byte = 1; byte <= 8; byte++) {
        struct world world;
        struct world_object *object;

        world_init(&world, "/data");
        world_put_findings(&world, "b.jsonl", 9, 1);
        world_put_findings(&world, "a.jsonl.gz", 0, 3);
        object = &world.objects[1];
        object->bytes[object->len - byte] ^= 1;
        run(&world);
        cr_assert_eq(world.row_count, 1, "the other one goes on");
        cr_assert_eq(world.result.failed_units, 1);
        world_fini(&world);
    }
}

/* A hundred megabytes of blanks in a hundred kilobytes. */
Test(guardduty_export_faults, a_gzip_bomb_is_refused)
{
    char *text = malloc(100000001);
    struct world world;

    memset(text, ' ', 100000000);
    text[100000000] = '\0';
    world_init(&world, "/data");
    world_put_text(&world, "a.jsonl.gz", text);
    free(text);
    run(&world);
    cr_assert_eq(world.result.failed_units, 1);
    cr_assert_not_null(strstr(world.result.first.text, "the ratio cap"), "%s",
                       world.result.first.text);
    world_fini(&world);
}

Test(guardduty_export_faults, only_the_first_failures_are_told_as_errors)
{
    struct world world;
    unsigned errors = 0;

    world_init(&world, "/data");
    for (unsigned i = 0; i < 30; i++) {
        char name[20];

        (void)snprintf(name, sizeof(name), "%02u.jsonl", i);
        world_put(&world, name, "\x1f\x8b", 2);
    }
    run(&world);
    for (const char *at = world.log; (at = strstr(at, "[ERROR]")) != NULL;
         at++) {
        errors++;
    }
    cr_assert_eq(errors, 10);
    cr_assert_eq(world.result.failed_units, 30);
    world_fini(&world);
}

/* ---- no memory ---- */

static void run_failing(const char *place, unsigned fail_at,
                        unsigned *out_calls)
{
    struct failing_alloc failing;
    struct world world;
    enum slu_err err;

    failing_alloc_init(&failing, fail_at);
    world_init(&world, place);
    world.alloc = &failing.alloc;
    put_many(&world, 6);
    err = world_run(&world);
    cr_assert_eq(failing.live, 0, "%u", fail_at);
    if (fail_at == 0) {
        cr_assert_eq(err, SLU_ERR_OK);
        cr_assert_eq(world.row_count, 6);
    } else {
        /* It says so, or has managed without. What is committed is whole. */
        cr_assert(err == SLU_ERR_NOMEM || world.result.failed_units > 0 ||
                      world.row_count == 6,
                  "%u: %s", fail_at, world.log);
    }
    *out_calls = failing.calls;
    world_fini(&world);
}

Test(guardduty_export_faults, no_memory_is_said_and_nothing_leaks)
{
    static const char *const places[] = {"/data", "s3://my-bucket"};

    for (unsigned i = 0; i < 2; i++) {
        unsigned calls;
        unsigned ignored;

        run_failing(places[i], 0, &calls);
        cr_assert_gt(calls, 20);
        for (unsigned n = 1; n <= calls; n++) {
            run_failing(places[i], n, &ignored);
        }
    }
}
