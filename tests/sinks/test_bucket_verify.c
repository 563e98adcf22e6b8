/* SPDX-License-Identifier: Apache-2.0 */
/* What others did to the objects that are known. */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

#define ENTRY "object/" LIST

/* The list is known. */
static void set_up_known(void)
{
    setup();
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    writer_restart(&writer);
    s3.requests = s3.puts = s3.gets = s3.heads = 0;
    writer.log[0] = '\0';
}

TestSuite(bucket_verify, .init = set_up_known, .fini = teardown);

static enum slu_object_outcome verify(const char *path)
{
    slu_bucket_clear(writer.bucket);
    writer_verify(&writer, path);
    writer_run(&writer);
    return slu_bucket_outcome(writer.bucket, path);
}

static unsigned count_in_log(const char *text)
{
    unsigned count = 0;

    for (const char *at = writer.log; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

Test(bucket_verify, a_head_shows_that_an_object_is_the_known_one)
{
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    cr_assert_eq(s3.heads, 1);
    cr_assert_eq(s3.requests, 1);
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_PRESENT);
    cr_assert_eq(result()->failed, 0);
    cr_assert_str_eq(writer.log, "");
}

Test(bucket_verify, what_is_not_known_is_fetched)
{
    fake_s3_set(&s3, KEY(OTHER), "a.example\n");
    cr_assert_eq(verify(OTHER), SLU_OBJECT_FETCHED);
    cr_assert_eq(s3.gets, 1);
    cr_assert_eq(s3.requests, 1);
    cr_assert_str_eq(slu_bucket_before(writer.bucket, OTHER).text, "");
    cr_assert_str_eq(slu_bucket_before(writer.bucket, "nobody's").text, "");
    cr_assert_eq(verify(CHECKPOINT), SLU_OBJECT_MISSING);
}

Test(bucket_verify, what_another_has_written_is_fetched)
{
    struct slu_content_name before =
        slu_bucket_object(writer.bucket, LIST).content;
    struct slu_object object;

    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n9.9.9.9\n");
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
    cr_assert_eq(s3.heads, 1);
    cr_assert_eq(s3.gets, 1);
    object = slu_bucket_object(writer.bucket, LIST);
    cr_assert_str_eq(writer_content(&writer, &object.content),
                     "1.1.1.1\n9.9.9.9\n");
    before = slu_bucket_before(writer.bucket, LIST);
    cr_assert_str_eq(writer_content(&writer, &before), "1.1.1.1\n");
    /* Nothing of it is stored: who takes it over does that. */
    cr_assert_not_null(strstr(writer_entry(&writer, ENTRY), before.text));
    writer_restart(&writer);
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
    writer_adopt(&writer, LIST);
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
}

Test(bucket_verify, what_is_gone_is_forgotten)
{
    fake_s3_remove(&s3, KEY(LIST));
    cr_assert_eq(verify(LIST), SLU_OBJECT_MISSING);
    cr_assert_eq(s3.requests, 1);
    cr_assert_str_eq(writer_entry(&writer, ENTRY), "");
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 2);
}

Test(bucket_verify, what_goes_between_two_requests_is_missing)
{
    struct slu_request request;
    struct slu_answer_head head = {.status = 200,
                                   .etag = slu_view_str("\"x\"")};

    writer_verify(&writer, LIST);
    cr_assert(writer_start(&writer));
    request = writer_take(&writer);
    (void)writer_answer(&writer, request.unit, &head, slu_view_make("", 0));
    fake_s3_remove(&s3, KEY(LIST));
    while (writer_step(&writer)) {
    }
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_MISSING);
}

Test(bucket_verify, the_same_bytes_under_another_etag_are_ours)
{
    s3.etag_of_version = true;
    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n");
    cr_assert_eq(verify(LIST), SLU_OBJECT_OURS);
    writer_adopt(&writer, LIST);
    writer_restart(&writer);
    s3.gets = 0;
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    cr_assert_eq(s3.gets, 0);
}

Test(bucket_verify, a_conflict_leaves_what_was_known_last)
{
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    writer_run(&writer);
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_CONFLICT);
    writer_restart(&writer);
    s3.heads = 0;
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
    cr_assert_eq(s3.heads, 0);
    cr_assert_eq(slu_bucket_before(writer.bucket, LIST).text[0] != '\0', true);
}

/* ---- what can't be seen ---- */

Test(bucket_verify, without_the_permission_what_is_known_is_believed)
{
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_run(&writer);
    slu_bucket_clear(writer.bucket);
    writer.log[0] = '\0';
    writer_verify(&writer, LIST);
    writer_verify(&writer, OTHER);
    fault(FAULT_DENIED, 1, 2);
    writer_run(&writer);
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(slu_bucket_object(writer.bucket, OTHER).state,
                 SLU_OBJECT_PRESENT);
    cr_assert_eq(result()->failed, 0);
    cr_assert_not(result()->denied);
    cr_assert_eq(count_in_log("[WARN]"), 1, "%s", writer.log);
    cr_assert_not_null(
        strstr(writer.log, "[WARN] cannot see whether another writer has "
                           "changed the bucket: s3://my-bucket/guard_duty/" LIST
                           ": access denied, s3:GetObject is missing"),
        "%s", writer.log);
    cr_assert_eq(count_in_log("[DEBUG] cannot see"), 1);
}

/* The answer says it, the retries do, or nobody was signed in. */
Test(bucket_verify, nothing_that_happens_to_it_is_a_failure)
{
    static const enum fault faults[] = {FAULT_500, FAULT_CUT, FAULT_SIGN_IN,
                                        FAULT_NO_ETAG, FAULT_SLOW_DOWN};

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        fault(faults[i], 1, 100);
        cr_assert_eq(verify(LIST), SLU_OBJECT_UNTOUCHED, "%zu", i);
        cr_assert_eq(result()->failed, 0, "%zu: %s", i, result()->first.text);
        cr_assert_not(result()->denied, "%zu", i);
        cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                     SLU_OBJECT_PRESENT);
    }
    fault(FAULT_NONE, 1, 0);
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
}

Test(bucket_verify, what_changed_and_cannot_be_read_is_a_failure)
{
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    writer.refuse_writes = true;
    cr_assert_eq(verify(LIST), SLU_OBJECT_FAILED);
    cr_assert_eq(result()->first.code, SLU_ERR_IO);
}

Test(bucket_verify, faults_that_may_pass_are_cured)
{
    for (enum fault kind = FAULT_CUT; kind < FAULT_COUNT_CURED; kind++) {
        enum slu_object_outcome seen;
        /* A bad request may be anything, and so it is asked with a body. */
        bool bad = kind == FAULT_EXPIRED || kind == FAULT_REQUEST_TIMEOUT;

        fault(kind, 1, 2);
        seen = verify(LIST);
        fault(FAULT_NONE, 1, 0);
        cr_assert_eq(seen, bad ? SLU_OBJECT_OURS : SLU_OBJECT_KNOWN, "%d",
                     kind);
    }
}

Test(bucket_verify, a_bad_request_is_asked_with_a_body)
{
    fault(FAULT_BAD_HEAD, 1, 1);
    cr_assert_eq(verify(LIST), SLU_OBJECT_OURS);
    cr_assert_eq(s3.gets, 1);
}

Test(bucket_verify, a_bucket_elsewhere_is_found)
{
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-3");
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    s3.mute_region = true;
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-1");
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    cr_assert_eq(s3.located, 1);
}

/* ---- together with others ---- */

Test(bucket_verify, is_followed_by_what_is_to_be_stored)
{
    writer_verify(&writer, LIST);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_run(&writer);
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 2);
    slu_bucket_clear(writer.bucket);
    writer_verify(&writer, LIST);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "3.3.3.3\n");
    fault(FAULT_DENIED, 1, 1);
    writer_run(&writer);
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_STORED);
}

Test(bucket_verify, asks_four_at_once)
{
    for (unsigned i = 0; i < 13; i++) {
        char path[40];

        (void)snprintf(path, sizeof(path), "list-%u.txt", i);
        writer_store(&writer, path, SLU_ARTIFACT_LIST, "a\n");
    }
    writer_run(&writer);
    slu_bucket_clear(writer.bucket);
    s3.requests = s3.heads = 0;
    writer.flight_max = 0;
    for (unsigned i = 0; i < 13; i++) {
        char path[40];

        (void)snprintf(path, sizeof(path), "list-%u.txt", i);
        writer_verify(&writer, path);
    }
    writer_run(&writer);
    cr_assert_eq(s3.heads, 13);
    cr_assert_eq(s3.requests, 13);
    cr_assert_eq(writer.flight_max, 4);
}

Test(bucket_verify, every_allocation_may_fail)
{
    unsigned failed = 0;

    for (unsigned n = 1; n < 100; n++) {
        enum slu_err err;

        fake_s3_set(&s3, KEY(LIST), n % 2 == 0 ? "8.8.8.8\n" : "9.9.9.9\n");
        slu_bucket_clear(writer.bucket);
        writer.alloc.calls = 0;
        writer.alloc.fail_at = n;
        err = slu_bucket_verify(writer.bucket, LIST);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        writer_run(&writer);
        cr_assert(result()->failed == 0 ||
                  result()->first.code == SLU_ERR_NOMEM);
        failed += writer.alloc.calls >= n;
        writer.alloc.fail_at = 0;
        if (writer.alloc.calls < n) {
            break;
        }
        cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED, "%u", n);
    }
    cr_assert_gt(failed, 0);
    cr_assert_lt(failed, 99);
}
