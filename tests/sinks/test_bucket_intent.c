/* SPDX-License-Identifier: Apache-2.0 */
/* What was going to be put, and what that is good for. */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

#define ENTRY "intent/" LIST

TestSuite(bucket_intent, .init = setup, .fini = teardown);

static enum slu_object_outcome
store_as(const char *path, enum slu_artifact_role role, const char *text)
{
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, path, role, text);
    writer_run(&writer);
    return slu_bucket_outcome(writer.bucket, path);
}

/* The PUT is sent, and the process ends; `reached`: S3 has it. */
static void be_killed(const char *text, bool reached)
{
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, text);
    fault(reached ? FAULT_CUT_AFTER : FAULT_CUT, 1, 1000);
    writer.attempts_max = 1;
    writer_run(&writer);
    s3.fault_times = 0;
    writer_restart(&writer);
}

static enum slu_object_outcome verify(const char *path)
{
    slu_bucket_clear(writer.bucket);
    writer_verify(&writer, path);
    writer_run(&writer);
    return slu_bucket_outcome(writer.bucket, path);
}

static void assert_entry(unsigned count, const char *const *texts)
{
    char expected[1100] = PLACE;
    size_t len = strlen(expected);

    for (unsigned i = 0; i < count; i++) {
        struct slu_content_name name = writer_keep(&writer, texts[i]);

        len += (size_t)snprintf(expected + len, sizeof(expected) - len, " %s",
                                name.text);
    }
    cr_assert_str_eq(writer_entry(&writer, ENTRY), expected);
}

Test(bucket_intent, is_durable_before_anything_is_sent)
{
    const char *const text = "1.1.1.1\n";

    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, text);
    cr_assert(writer_start(&writer));
    cr_assert_eq(s3.requests, 0);
    assert_entry(1, &text);
}

Test(bucket_intent, is_forgotten_with_the_answer_that_it_is_stored)
{
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n"),
                 SLU_OBJECT_STORED);
    cr_assert_str_eq(writer_entry(&writer, ENTRY), "");
    cr_assert_eq(writer.entry_count, 1);
}

static enum slu_err count_put(void *ctx, struct slu_view key,
                              struct slu_view value)
{
    (void)key;
    cr_assert_gt(value.len, 0);
    ++*(unsigned *)ctx;
    return SLU_ERR_OK;
}

static unsigned intend(void)
{
    unsigned count = 0;

    cr_assert_eq(slu_bucket_intend(writer.bucket, count_put, &count),
                 SLU_ERR_OK);
    return count;
}

Test(bucket_intent, there_is_one_for_each_list_and_checkpoint_that_changes)
{
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n"),
                 SLU_OBJECT_STORED);
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_store(&writer, SIDE, SLU_ARTIFACT_SIDE, "a\n");
    writer_verify(&writer, "other.txt");
    cr_assert_eq(intend(), 0);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    cr_assert_eq(intend(), 2);
    /* And once. */
    cr_assert_eq(intend(), 0);
}

Test(bucket_intent, what_a_killed_run_has_put_is_ours)
{
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n"),
                 SLU_OBJECT_STORED);
    be_killed("2.2.2.2\n", true);
    cr_assert_eq(verify(LIST), SLU_OBJECT_OURS);
    writer_adopt(&writer, LIST);
    s3.requests = 0;
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "3.3.3.3\n"),
                 SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 1);
    cr_assert_str_eq(writer_entry(&writer, ENTRY), "");
}

Test(bucket_intent, what_the_first_run_has_put_is_ours_too)
{
    be_killed("2.2.2.2\n", true);
    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    cr_assert_eq(verify(LIST), SLU_OBJECT_OURS);
}

Test(bucket_intent, what_never_reached_the_bucket_is_forgotten_in_the_end)
{
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n"),
                 SLU_OBJECT_STORED);
    be_killed("2.2.2.2\n", false);
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "3.3.3.3\n"),
                 SLU_OBJECT_STORED);
    cr_assert_str_eq(writer_entry(&writer, ENTRY), "");
    /* So it is another's now. */
    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
}

Test(bucket_intent, of_several_killed_runs_each_is_known)
{
    static const char *const texts[] = {"1.1.1.1\n", "2.2.2.2\n", "3.3.3.3\n"};

    for (unsigned i = 0; i < 3; i++) {
        be_killed(texts[i], false);
    }
    assert_entry(3, texts);
    for (unsigned i = 0; i < 3; i++) {
        fake_s3_set(&s3, KEY(LIST), texts[i]);
        cr_assert_eq(verify(LIST), SLU_OBJECT_OURS, "%u", i);
        writer_restart(&writer);
    }
    fake_s3_set(&s3, KEY(LIST), "4.4.4.4\n");
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
}

Test(bucket_intent, of_too_many_the_oldest_is_forgotten)
{
    char texts[9][20];
    const char *kept[8];

    for (unsigned i = 0; i < 9; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%u.1.1.1\n", i + 1);
        be_killed(texts[i], false);
    }
    for (unsigned i = 0; i < 8; i++) {
        kept[i] = texts[i + 1];
    }
    assert_entry(8, kept);
}

Test(bucket_intent, a_write_that_comes_late_is_replaced)
{
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n"),
                 SLU_OBJECT_STORED);
    be_killed("2.2.2.2\n", false);
    cr_assert_eq(verify(LIST), SLU_OBJECT_KNOWN);
    /* S3 gets to it now. */
    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    cr_assert_eq(store_as(LIST, SLU_ARTIFACT_LIST, "3.3.3.3\n"),
                 SLU_OBJECT_STORED);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "3.3.3.3\n"));
}

Test(bucket_intent, every_damaged_value_is_as_good_as_none)
{
    struct slu_content_name name = writer_keep(&writer, "2.2.2.2\n");
    char good[200];
    size_t len = (size_t)snprintf(good, sizeof(good), PLACE " %s", name.text);

    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    for (size_t i = 0; i <= len; i++) {
        char value[200];

        (void)snprintf(value, sizeof(value), "%.*s", (int)i, good);
        writer_restart(&writer);
        writer_set_entry(&writer, ENTRY, value);
        cr_assert_eq(verify(LIST),
                     i == len ? SLU_OBJECT_OURS : SLU_OBJECT_FETCHED, "%s",
                     value);
    }
}

Test(bucket_intent, that_of_another_bucket_is_not_believed)
{
    struct slu_content_name name = writer_keep(&writer, "2.2.2.2\n");
    char value[200];

    (void)snprintf(value, sizeof(value), "s3://other/guard_duty/" LIST " %s",
                   name.text);
    fake_s3_set(&s3, KEY(LIST), "2.2.2.2\n");
    writer_set_entry(&writer, ENTRY, value);
    cr_assert_eq(verify(LIST), SLU_OBJECT_FETCHED);
}

Test(bucket_intent, keys_of_nobody_are_passed_over)
{
    char key[220] = "intent/";

    memset(key + 7, 'k', 180);
    writer_set_entry(&writer, "intent/", PLACE);
    writer_set_entry(&writer, key, PLACE);
    cr_assert_eq(verify(LIST), SLU_OBJECT_MISSING);
}

static enum slu_err refuse_put(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    (void)ctx;
    (void)key;
    (void)value;
    return SLU_ERR_LIMIT;
}

Test(bucket_intent, what_could_not_be_stored_is_not_intended)
{
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert_eq(slu_bucket_intend(writer.bucket, refuse_put, NULL),
                 SLU_ERR_LIMIT);
    for (unsigned n = 1; n <= 2; n++) {
        writer.alloc.calls = 0;
        writer.alloc.fail_at = n;
        cr_assert_eq(slu_bucket_intend(writer.bucket, count_put, &n),
                     SLU_ERR_NOMEM);
    }
    writer.alloc.fail_at = 0;
    cr_assert_eq(intend(), 1);
}

Test(bucket_intent, an_answer_that_cannot_be_stored_is_a_failure)
{
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert(writer_start(&writer));
    writer.refuse_puts = true;
    while (writer_step(&writer)) {
    }
    cr_assert_eq(slu_bucket_outcome(writer.bucket, LIST), SLU_OBJECT_FAILED);
    cr_assert_str_neq(writer_entry(&writer, ENTRY), "");
    /* The next run finds what was put. */
    writer.refuse_puts = false;
    writer_restart(&writer);
    cr_assert_eq(verify(LIST), SLU_OBJECT_OURS);
}
