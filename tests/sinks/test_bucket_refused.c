/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 does not let in, and answers that are none. */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

TestSuite(bucket_refused, .init = setup, .fini = teardown);

/* ---- permissions ---- */

Test(bucket_refused, names_the_permission_and_the_object)
{
    store("1.1.1.1\n");
    fault(FAULT_DENIED, 1, 1);
    store("2.2.2.2\n");
    assert_first(SLU_ERR_DENIED, 403,
                 PLACE
                 ": access denied, s3:PutObject is missing (or "
                 "s3:GetObject, which If-Match needs too): Access Denied");
    cr_assert(result()->denied);
    slu_bucket_clear(writer.bucket);
    fault(FAULT_DENIED, 1, 1);
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    assert_first(SLU_ERR_DENIED, 403,
                 PLACE ": access denied, s3:GetObject is missing (or "
                       "s3:ListBucket, without which an absent object answers "
                       "403 too): Access Denied");
    /* An unknown one: HEAD has no words. */
    slu_bucket_clear(writer.bucket);
    fault(FAULT_DENIED, 1, 1);
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_run(&writer);
    assert_first(SLU_ERR_DENIED, 403, "answers 403 too): 403");
    /* A new one. */
    slu_bucket_clear(writer.bucket);
    fault(FAULT_DENIED, 2, 1);
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_run(&writer);
    assert_first(SLU_ERR_DENIED, 403, "s3:PutObject is missing: Access Denied");
}

Test(bucket_refused, is_denied_only_when_nothing_was_allowed)
{
    store("1.1.1.1\n");
    slu_bucket_clear(writer.bucket);
    s3.fault_key = KEY(LIST);
    fault(FAULT_DENIED, 1, 1);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_run(&writer);
    cr_assert_eq(result()->failed, 1);
    cr_assert_not(result()->denied);
}

Test(bucket_refused, names_the_account_that_was_expected)
{
    writer.config.owner = "210987654321";
    writer_restart(&writer);
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    assert_first(SLU_ERR_DENIED, 403,
                 ", or the bucket isn't of account 210987654321: Access");
}

Test(bucket_refused, names_the_permission_for_the_key)
{
    fault(FAULT_DENIED_KMS, 2, 1);
    store("1.1.1.1\n");
    assert_first(SLU_ERR_DENIED, 403,
                 PLACE ": access denied, kms:GenerateDataKey is missing for "
                       "the KMS key: User: arn:aws:iam::123456789012:user/u");
}

Test(bucket_refused, hands_on_what_is_said_of_the_key)
{
    fault(FAULT_KMS_DISABLED, 2, 1);
    store("1.1.1.1\n");
    assert_first(SLU_ERR_REJECTED, 400,
                 PLACE ": HTTP 400 KMS.DisabledException: key k is disabled.");
    cr_assert_not(result()->denied);
}

Test(bucket_refused, names_the_bucket_that_is_missing)
{
    s3.no_bucket = true;
    store("1.1.1.1\n");
    assert_first(SLU_ERR_NOT_FOUND, 404,
                 "there is no bucket my-bucket in the region us-east-1 "
                 "(NoSuchBucket): create it, or correct lists.bucket");
    slu_bucket_clear(writer.bucket);
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    assert_first(SLU_ERR_NOT_FOUND, 404, "there is no bucket my-bucket");
}

/* ---- credentials ---- */

Test(bucket_refused, a_sign_in_that_failed_ends_all_at_once)
{
    fault(FAULT_SIGN_IN, 1, 1000);
    run_all();
    cr_assert(result()->denied);
    cr_assert_eq(result()->failed, 4);
    cr_assert_leq(s3.requests, 4);
    assert_first(SLU_ERR_DENIED, 0, "the wire: DENIED");
    cr_assert_eq(outcome("old.txt"), SLU_OBJECT_FAILED);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    /* Another run tries again. */
    s3.fault_times = 0;
    fake_s3_set(&s3, KEY("old.txt"), "x\ny\n");
    run_all();
    cr_assert_eq(result()->stored, 4);
    cr_assert_not(result()->denied);
}

Test(bucket_refused, a_key_that_is_not_known_is_refused_for_good)
{
    fault(FAULT_WRONG_KEY, 2, 100);
    store("1.1.1.1\n");
    assert_first(SLU_ERR_AUTH, 403,
                 PLACE ": the credentials are not accepted "
                       "(InvalidAccessKeyId): It does not exist.");
    cr_assert_eq(writer.retries, 0);
}

Test(bucket_refused, credentials_that_stay_expired_are_refused)
{
    writer.attempts_max = 10;
    fault(FAULT_EXPIRED, 2, 100);
    store("1.1.1.1\n");
    assert_first(SLU_ERR_AUTH, 400, "not accepted (ExpiredToken)");
    cr_assert_eq(writer.retries, 2);
}

/* ---- answers that are none ---- */

Test(bucket_refused, no_usable_etag_is_no_good_answer)
{
    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n");
    fault(FAULT_NO_ETAG, 1, 1);
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    assert_first(SLU_ERR_MALFORMED, 200,
                 PLACE ": the answer has no usable ETag");
    /* Of a PUT it can be asked for. */
    fake_s3_remove(&s3, KEY(LIST));
    fault(FAULT_NO_ETAG, 2, 1);
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_PRESENT);
}

Test(bucket_refused, a_missing_page_of_a_proxy_is_no_missing_object)
{
    struct slu_request request = ask_list();

    (void)answer(request.unit, 404, "", "<html><h1>Not found</h1></html>");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    assert_first(SLU_ERR_REJECTED, 404, PLACE ": HTTP 404 404");
    request = ask_list();
    (void)answer(request.unit, 200, "", "<html>please sign in</html>");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
}

Test(bucket_refused, an_archived_object_is_to_be_restored)
{
    struct slu_request request = ask_list();

    (void)answer(request.unit, 403, "",
                 "<Error><Code>InvalidObjectState</Code></Error>");
    assert_first(SLU_ERR_REJECTED, 403,
                 PLACE " is in an archive of S3: restore it");
}

Test(bucket_refused, a_long_error_is_cut_and_understood)
{
    struct slu_request request = ask_list();
    char *body = malloc(200000);
    struct slu_step step;

    memset(body, ' ', 200000);
    memcpy(body, "<Error><Code>SlowDown</Code>", 28);
    body[199999] = '\0';
    writer.piece = 1000;
    step = answer(request.unit, 503, "", body);
    cr_assert_eq(step.kind, SLU_STEP_RETRY);
    cr_assert(step.throttled);
    free(body);
}

Test(bucket_refused, a_fault_that_no_retry_cures_is_not_retried)
{
    struct slu_request request = ask_list();
    struct slu_answer_end end = {SLU_ERR_LIMIT, NULL};
    struct slu_step step = {0};

    slu_bucket_errand.on_end(writer.bucket, request.unit, &end, writer.now,
                             &step);
    cr_assert_eq(step.kind, SLU_STEP_FAILED);
    assert_first(SLU_ERR_LIMIT, 0, PLACE ": a size limit was exceeded");
}
