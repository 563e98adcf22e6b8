/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 and the wire may do to each request, and what is said of it. */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

TestSuite(bucket_faults, .init = setup, .fini = teardown);

/* ---- cured by asking again ---- */

static void assert_all(const char *what, unsigned at)
{
    cr_assert_eq(result()->failed, 0, "%s %u: %s", what, at,
                 result()->first.text);
    cr_assert_eq(result()->stored, 4);
    cr_assert_eq(outcome("old.txt"), SLU_OBJECT_FETCHED);
    cr_assert_eq(slu_bucket_object(writer.bucket, "old.txt").lines, 2);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "1.1.1.1\n2.2.2.2\n"));
    cr_assert(fake_s3_has(&s3, KEY(OTHER), "b.example\n"));
    cr_assert(fake_s3_has(&s3, KEY(SIDE), "c.example\n"));
    cr_assert(fake_s3_has(&s3, KEY(CHECKPOINT), "{\"a\":1}"));
    cr_assert_eq(s3.blind, 0);
    cr_assert_eq(writer.entry_count, 4);
}

static unsigned prepare_all(void)
{
    teardown();
    setup();
    fake_s3_set(&s3, KEY("old.txt"), "x\ny\n");
    store("1.1.1.1\n");
    return s3.requests;
}

Test(bucket_faults, each_that_may_pass_is_cured_at_each_request)
{
    unsigned requests = prepare_all();

    run_all();
    assert_all("none", 0);
    requests = s3.requests - requests;
    cr_assert_eq(requests, 8);
    for (enum fault f = FAULT_CUT; f < FAULT_COUNT_CURED; f++) {
        unsigned seen = 0;

        for (unsigned at = 1; at <= requests; at++) {
            (void)prepare_all();
            writer.piece = at % 2;
            fault(f, at, 1);
            run_all();
            seen += s3.fault_times == 0;
            assert_all("fault", (unsigned)f * 100 + at);
            cr_assert_eq(writer.throttled > 0,
                         f == FAULT_SLOW_DOWN && s3.fault_times == 0);
        }
        cr_assert_gt(seen, 3);
    }
}

Test(bucket_faults, each_that_stays_ends_with_its_sentence)
{
    for (enum fault f = FAULT_CUT; f < FAULT_COUNT_CURED; f++) {
        teardown();
        setup();
        fault(f, 1, 1000);
        run_all();
        cr_assert_eq(result()->failed > 0, true);
        cr_assert_not_null(strstr(result()->first.text, "s3://my-bucket/"),
                           "%s", result()->first.text);
        cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
        cr_assert_eq(writer_entry(&writer, "object/" CHECKPOINT)[0], '\0');
    }
}

Test(bucket_faults, a_retry_says_what_happened)
{
    fault(FAULT_SLOW_DOWN, 1, 1);
    store("1.1.1.1\n");
    cr_assert_str_eq(writer.last_retry.text, PLACE ": HTTP 503 503: 503");
    fault(FAULT_SLOW_DOWN, 1, 1);
    store("2.2.2.2\n");
    cr_assert_str_eq(writer.last_retry.text,
                     PLACE ": HTTP 503 SlowDown: Please reduce your request "
                           "rate.");
    cr_assert_eq(writer.last_retry.code, SLU_ERR_QUOTA);
    fault(FAULT_ERROR_IN_200, 1, 1);
    store("3.3.3.3\n");
    cr_assert_str_eq(writer.last_retry.text,
                     PLACE ": HTTP 200 InternalError: We encountered an "
                           "internal error.");
    cr_assert_eq(writer.last_retry.code, SLU_ERR_SERVER);
    fault(FAULT_CUT, 1, 1);
    store("4.4.4.4\n");
    cr_assert_str_eq(writer.last_retry.text, PLACE ": the wire: NETWORK");
    cr_assert_eq(writer.last_retry.code, SLU_ERR_NETWORK);
    fault(FAULT_409, 1, 1);
    store("5.5.5.5\n");
    cr_assert_not_null(
        strstr(writer.last_retry.text, "HTTP 409 ConditionalRequestConflict"));
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
}

/* ---- writes whose answer was lost ---- */

Test(bucket_faults, a_write_whose_answer_was_lost_is_ours)
{
    store("1.1.1.1\n");
    fault(FAULT_CUT_AFTER, 1, 1);
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.gets, 1);
    cr_assert_not_null(
        strstr(writer.log, "Records: 1 | Size: 0.00 MB\n[INFO]"));
    cr_assert_str_eq(slu_bucket_object(writer.bucket, LIST).etag,
                     fake_s3_find(&s3, KEY(LIST))->etag);
}

/* A PUT has its effect, and the process ends without knowing. */
static void be_killed(const char *path, enum slu_artifact_role role,
                      const char *text)
{
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, path, role, text);
    writer_run(&writer);
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, path, role, "killed");
    fault(FAULT_CUT_AFTER, 1, 1);
    writer.attempts_max = 1;
    writer_run(&writer);
    cr_assert_eq(outcome(path), SLU_OBJECT_FAILED);
    writer_restart(&writer);
}

static enum slu_object_outcome
store_as(const char *path, enum slu_artifact_role role, const char *text)
{
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, path, role, text);
    writer_run(&writer);
    return outcome(path);
}

Test(bucket_faults, a_write_of_a_killed_run_is_ours)
{
    be_killed(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "killed"),
                 SLU_OBJECT_STORED);
    cr_assert_eq(s3.gets, 1);
}

Test(bucket_faults, a_checkpoint_of_a_killed_run_is_replaced)
{
    be_killed(CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    cr_assert_eq(store_as(CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{new}"),
                 SLU_OBJECT_STORED, "%s", result()->first.text);
    cr_assert(fake_s3_has(&s3, KEY(CHECKPOINT), "{new}"));
    /* Another's isn't. */
    fake_s3_set(&s3, KEY(CHECKPOINT), "{other}");
    cr_assert_eq(store_as(CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{newer}"),
                 SLU_OBJECT_CONFLICT);
    cr_assert(fake_s3_has(&s3, KEY(CHECKPOINT), "{other}"));
}

Test(bucket_faults, an_unknown_checkpoint_is_not_replaced_unread)
{
    fake_s3_set(&s3, KEY(CHECKPOINT), "{9}");
    (void)writer_keep(&writer, "{9}");
    cr_assert_eq(store_as(CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}"),
                 SLU_OBJECT_CONFLICT);
    cr_assert_eq(s3.puts, 0);
}

/* It was going to be put, and that is remembered. */
Test(bucket_faults, a_list_of_a_killed_run_is_replaced)
{
    be_killed(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n"),
                 SLU_OBJECT_STORED, "%s", result()->first.text);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "2.2.2.2\n"));
}

/* Its content lies here, but so does what a plan has fetched only to show
 * it, and that has lines which nobody has taken over. */
Test(bucket_faults, a_list_that_is_only_among_the_contents_is_not_replaced)
{
    store("1.1.1.1\n");
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    (void)writer_keep(&writer, "9.9.9.9\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_CONFLICT);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "9.9.9.9\n"));
}

/* ---- other writers ---- */

Test(bucket_faults, another_writers_content_is_a_conflict)
{
    store("1.1.1.1\n");
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_CONFLICT);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "9.9.9.9\n"));
    cr_assert_eq(result()->failed, 1);
    cr_assert_eq(result()->conflicts, 1);
    cr_assert_not(result()->denied);
    assert_first(SLU_ERR_INCOMPLETE, 412,
                 PLACE " has content of another writer that was not read here "
                       "yet: nothing was overwritten; the next run reads it, "
                       "takes its lines over, and publishes both");
    cr_assert_not_null(strstr(writer.log, "[WARN] " PLACE " has content"));
    /* It is unknown now, here and in the state; what was known last isn't
     * forgotten, nor what was going to be put. */
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_UNKNOWN);
    cr_assert_not_null(
        strstr(writer_entry(&writer, "object/" LIST), " etag= sha256="));
    cr_assert_eq(writer.entry_count, 2);
    writer_restart(&writer);
    slu_bucket_clear(writer.bucket);
    writer_start(&writer);
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_UNKNOWN);
}

Test(bucket_faults, what_appeared_meanwhile_is_a_conflict)
{
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_CONFLICT);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "9.9.9.9\n"));
}

Test(bucket_faults, an_unknown_list_is_not_overwritten_unread)
{
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_CONFLICT);
    cr_assert_eq(s3.puts, 0);
    cr_assert_eq(result()->first.http_status, 0);
    /* Nor when its content lies here, of a run that didn't take it over. */
    (void)writer_keep(&writer, "9.9.9.9\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_CONFLICT);
    cr_assert_eq(s3.puts, 0);
}

Test(bucket_faults, an_unknown_list_with_the_same_content_is_the_same)
{
    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_SAME);
    cr_assert_eq(s3.puts, 0);
    cr_assert_eq(result()->stored, 0);
    /* From now on it is known. */
    writer_restart(&writer);
    s3.requests = 0;
    store("2.2.2.2\n");
    cr_assert_eq(s3.requests, 0);
}

Test(bucket_faults, a_conflict_holds_the_checkpoint_back)
{
    store("1.1.1.1\n");
    fake_s3_set(&s3, KEY(LIST), "9.9.9.9\n");
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_run(&writer);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    cr_assert_null(fake_s3_find(&s3, KEY(CHECKPOINT)));
}

Test(bucket_faults, a_conflict_says_what_the_next_run_does)
{
    fake_s3_set(&s3, KEY(CHECKPOINT), "{9}");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_run(&writer);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_CONFLICT);
    assert_first(SLU_ERR_INCOMPLETE, 0,
                 "the next run reads it, and writes it when all lists are "
                 "stored");
}

Test(bucket_faults, a_side_file_is_replaced_whoever_wrote_it)
{
    cr_assert_eq(store_as(SIDE, SLU_ARTIFACT_SIDE, "a\n"), SLU_OBJECT_STORED);
    fake_s3_set(&s3, KEY(SIDE), "b\n");
    cr_assert_eq(store_as(SIDE, SLU_ARTIFACT_SIDE, "c\n"), SLU_OBJECT_STORED);
    cr_assert(fake_s3_has(&s3, KEY(SIDE), "c\n"));
}

Test(bucket_faults, an_object_that_is_gone_is_put_anew)
{
    store("1.1.1.1\n");
    fake_s3_remove(&s3, KEY(LIST));
    s3.requests = 0;
    store("2.2.2.2\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "2.2.2.2\n"));
    cr_assert_eq(s3.requests, 2);
}

Test(bucket_faults, an_object_that_never_stands_still_is_left_alone)
{
    fault(FAULT_412, 2, 0);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_start(&writer);
    for (unsigned i = 0; i < 200 && writer_step(&writer); i++) {
        /* Every PUT is refused, and nothing is there to be read. */
        s3.fault_times = writer.flight_count > 0 &&
                         writer.flights[0].request.method == SLU_METHOD_PUT;
        s3.fault_at = 0;
    }
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    assert_first(SLU_ERR_INCOMPLETE, 404,
                 "changes all the while that it is to be written");
    cr_assert_lt(s3.requests, 20);
}

/* ---- our own side ---- */

Test(bucket_faults, a_full_disk_is_no_fault_of_the_server)
{
    writer.refuse_writes = true;
    for (unsigned i = 0; i < 2; i++) {
        fake_s3_set(&s3, KEY(LIST), i == 0 ? "" : "1.1.1.1\n");
        slu_bucket_clear(writer.bucket);
        writer_fetch(&writer, LIST);
        writer_run(&writer);
        cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
        cr_assert_eq(writer.retries, 0);
        cr_assert_eq(result()->first.code, SLU_ERR_IO);
        cr_assert_not_null(
            strstr(result()->first.text,
                   PLACE ": its content can't be kept: the disk is full"));
    }
}

Test(bucket_faults, what_cannot_be_kept_in_the_state_is_a_failure)
{
    writer.refuse_puts = true;
    store("1.1.1.1\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    assert_first(SLU_ERR_NOMEM, 200, "what is known of it can't be kept");
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_UNKNOWN);
    (void)snprintf(s3.region, sizeof(s3.region), "eu-west-1");
    store("2.2.2.2\n");
    assert_first(SLU_ERR_NOMEM, 301, "the bucket's region can't be kept");
    writer.refuse_puts = false;
    store("1.1.1.1\n");
    cr_assert_eq(outcome(LIST), SLU_OBJECT_SAME);
}

Test(bucket_faults, a_list_that_was_lost_from_the_contents_is_not_sent)
{
    struct slu_artifact artifact =
        writer_artifact(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");

    writer_forget(&writer, &artifact.content);
    cr_assert_eq(slu_bucket_store(writer.bucket, &artifact), SLU_ERR_OK);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    cr_assert_eq(s3.puts, 0);
    assert_first(SLU_ERR_NOT_FOUND, 0, PLACE ": not stored: there is no");
}

Test(bucket_faults, says_three_failures_and_the_rest_at_debug)
{
    char path[40];
    unsigned warnings = 0;

    fault(FAULT_DENIED, 1, 1000);
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(path, sizeof(path), "list-%u", i);
        writer_store(&writer, path, SLU_ARTIFACT_LIST, path);
    }
    writer_run(&writer);
    for (const char *at = writer.log; (at = strstr(at, "[WARN]")) != NULL;
         at++) {
        warnings++;
    }
    cr_assert_eq(warnings, 3);
    cr_assert_eq(result()->failed, 10);
    cr_assert(result()->denied);
}

/* ---- memory ---- */

static void run_with_failure(unsigned fail_at)
{
    static const char *const paths[] = {LIST, OTHER, SIDE};

    writer.alloc.calls = 0;
    writer.alloc.fail_at = fail_at;
    for (size_t i = 0; i < 3; i++) {
        struct slu_artifact artifact = writer_artifact(
            &writer, paths[i], i < 2 ? SLU_ARTIFACT_LIST : SLU_ARTIFACT_SIDE,
            "1.1.1.1\n");
        enum slu_err err = slu_bucket_store(writer.bucket, &artifact);

        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
    }
    writer_run(&writer);
    cr_assert(result()->failed == 0 || result()->first.code == SLU_ERR_NOMEM ||
                  result()->first.code == SLU_ERR_INCOMPLETE,
              "%s", result()->first.text);
}

Test(bucket_faults, every_allocation_may_fail)
{
    unsigned failed = 0;

    for (unsigned n = 1; n < 200; n++) {
        teardown();
        setup();
        fake_s3_set(&s3, KEY(OTHER), "1.1.1.1\n");
        fault(FAULT_500_AFTER, 2, 2);
        run_with_failure(n);
        failed += writer.alloc.calls >= n;
        writer.alloc.fail_at = 0;
        s3.fault_times = 0;
        if (writer.alloc.calls < n) {
            break;
        }
        /* Nothing is left of it for the next run. */
        slu_bucket_clear(writer.bucket);
        run_with_failure(0);
        cr_assert_eq(result()->failed, 0, "%u: %s", n, result()->first.text);
        cr_assert(fake_s3_has(&s3, KEY(LIST), "1.1.1.1\n"));
    }
    cr_assert_gt(failed, 10);
    cr_assert_lt(failed, 199);
}

Test(bucket_faults, making_one_may_fail)
{
    struct slu_error error = {0};
    struct slu_bucket *made;
    struct failing_alloc alloc;

    failing_alloc_init(&alloc, 1);
    cr_assert_eq(slu_bucket_new(&alloc.alloc, &writer.config,
                                &writer.contents_table, &made, &error),
                 SLU_ERR_NOMEM);
    cr_assert_null(made);
    cr_assert_eq(error.code, SLU_ERR_NOMEM);
}
