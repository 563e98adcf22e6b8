/* SPDX-License-Identifier: Apache-2.0 */
/* The region of a bucket is learnt from whoever knows it. */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

TestSuite(bucket_regions, .init = setup, .fini = teardown);

/* ---- regions ---- */

Test(bucket_regions, learns_the_region_once_and_keeps_it)
{
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-1");
    store("1.1.1.1\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED, "%s", result()->first.text);
    cr_assert_eq(s3.requests, 3);
    cr_assert_str_eq(writer_entry(&writer, "region"), "eu-west-1 my-bucket");
    cr_assert_not_null(strstr(writer.log,
                              "[INFO] the bucket my-bucket is in the region "
                              "eu-west-1 and is asked there\n"));
    writer_restart(&writer);
    s3.requests = 0;
    store("2.2.2.2\n");
    cr_assert_eq(s3.requests, 1);
    /* It moves back. */
    (void)snprintf(s3.region, sizeof(s3.region), "us-east-1");
    store("3.3.3.3\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_str_eq(writer_entry(&writer, "region"), "");
}

Test(bucket_regions, all_in_flight_follow_the_first_to_learn_the_region)
{
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-1");
    fake_s3_set(&s3, KEY("old.txt"), "x\ny\n");
    run_all();
    cr_assert_eq(result()->stored, 4);
    cr_assert_eq(result()->failed, 0);
    cr_assert_null(
        strstr(strstr(writer.log, "is asked there") + 1, "is asked there"));
    /* Four were on their way. */
    cr_assert_eq(s3.requests, 4 + 9);
}

Test(bucket_regions, asks_the_bucket_where_a_redirect_is_mute)
{
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-1");
    s3.mute_region = true;
    store("1.1.1.1\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED, "%s", result()->first.text);
    cr_assert_eq(s3.located, 1);
}

Test(bucket_regions, takes_the_region_from_a_body)
{
    struct slu_request request = ask_list();
    struct slu_step step = answer(
        request.unit, 400, "",
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
        "<Region>eu-west-1</Region></Error>");

    cr_assert_eq(step.kind, SLU_STEP_COMMIT);
    request = writer_take(&writer);
    cr_assert(slu_view_equal_str(request.aws.region, "eu-west-1"));
    /* Sent on once more: a circle. */
    step = answer(request.unit, 301, "us-west-2",
                  "<Error><Code>PermanentRedirect</Code></Error>");
    cr_assert_eq(step.kind, SLU_STEP_FAILED);
    assert_first(SLU_ERR_CONFIG, 301,
                 PLACE ": the bucket is not in the region eu-west-1, and S3 "
                       "does not say where it is (HTTP 301 PermanentRedirect)");
}

Test(bucket_regions, believes_no_region_that_is_none)
{
    static const char *const regions[] = {"evil.example/", "EU", "us-east-1"};

    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        struct slu_request request = ask_list();
        struct slu_step step = answer(request.unit, 301, regions[i], "");

        if (i < 2) {
            cr_assert_eq(step.kind, SLU_STEP_COMMIT);
            request = writer_take(&writer);
            cr_assert_eq(request.method, SLU_METHOD_HEAD);
            cr_assert(slu_view_equal_str(request.target, "/"));
            cr_assert_eq(request.aws.region.len, 0);
            step = answer(request.unit, 301, regions[i], "");
        }
        cr_assert_eq(step.kind, SLU_STEP_FAILED);
        assert_first(SLU_ERR_CONFIG, 301, "S3 does not say where it is");
        cr_assert_str_eq(writer_entry(&writer, "region"), "");
    }
}

Test(bucket_regions, a_region_that_is_too_long_is_not_cut)
{
    struct slu_request request = ask_list();

    (void)answer(request.unit, 301,
                 "eu-west-1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                 "aaaaaaaaaaaaa",
                 "");
    cr_assert(slu_view_equal_str(writer_take(&writer).target, "/"));
}

Test(bucket_regions, a_bucket_may_say_where_it_is_and_refuse_the_rest)
{
    struct slu_request request = ask_list();

    (void)answer(request.unit, 301, "", "");
    request = writer_take(&writer);
    (void)answer(request.unit, 403, "eu-west-1", "");
    request = writer_take(&writer);
    cr_assert_eq(request.method, SLU_METHOD_GET);
    cr_assert(slu_view_equal_str(request.aws.region, "eu-west-1"));
    (void)answer(request.unit, 404, "",
                 "<Error><Code>NoSuchKey</Code></Error>");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_MISSING);
}

Test(bucket_regions, the_bucket_may_refuse_to_say_where_it_is)
{
    static const struct {
        int status;
        enum slu_err code;
        const char *text;
    } answers[] = {
        {403, SLU_ERR_DENIED, "s3:ListBucket is missing: 403"},
        {404, SLU_ERR_NOT_FOUND, "there is no bucket my-bucket"},
        {400, SLU_ERR_REJECTED, "HTTP 400 400"},
        {200, SLU_ERR_CONFIG, "S3 does not say where it is"},
    };

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct slu_request request = ask_list();

        (void)answer(request.unit, 301, "", "");
        request = writer_take(&writer);
        (void)answer(request.unit, answers[i].status, "", "");
        cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
        assert_first(answers[i].code, answers[i].status, answers[i].text);
    }
}

Test(bucket_regions, a_look_that_is_a_bad_request_is_asked_with_a_body)
{
    struct slu_request request;

    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_start(&writer);
    request = writer_take(&writer);
    cr_assert_eq(request.method, SLU_METHOD_HEAD);
    (void)answer(request.unit, 400, "", "");
    request = writer_take(&writer);
    cr_assert_eq(request.method, SLU_METHOD_GET);
    (void)answer(request.unit, 400, "",
                 "<Error><Code>InvalidRequest</Code><Message>why</Message>"
                 "</Error>");
    assert_first(SLU_ERR_REJECTED, 400, PLACE ": HTTP 400 InvalidRequest: why");
}

Test(bucket_regions, a_look_in_the_wrong_region_is_redirected)
{
    struct slu_request request;

    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_start(&writer);
    request = writer_take(&writer);
    (void)answer(request.unit, 400, "eu-west-1", "");
    request = writer_take(&writer);
    cr_assert_eq(request.method, SLU_METHOD_HEAD);
    cr_assert(slu_view_equal_str(request.aws.region, "eu-west-1"));
    (void)answer(request.unit, 404, "", "");
    cr_assert_eq(writer_take(&writer).method, SLU_METHOD_PUT);
}

Test(bucket_regions, a_region_of_another_bucket_is_not_believed)
{
    static const char *const values[] = {"eu-west-1 other-bucket", "eu-west-1",
                                         "e! my-bucket", ""};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        cr_assert_eq(slu_bucket_errand.load(writer.bucket,
                                            slu_view_str("region"),
                                            slu_view_str(values[i])),
                     SLU_ERR_OK);
        cr_assert_eq(ask_list().aws.region.len, 0);
    }
    cr_assert_eq(slu_bucket_errand.load(writer.bucket, slu_view_str("region"),
                                        slu_view_str("eu-west-1 my-bucket")),
                 SLU_ERR_OK);
    cr_assert(slu_view_equal_str(ask_list().aws.region, "eu-west-1"));
}
