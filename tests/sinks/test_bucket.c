/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

TestSuite(bucket, .init = setup, .fini = teardown);

/* The object is there, and known with that content. */
static void publish(const char *path, enum slu_artifact_role role,
                    const char *text)
{
    writer_store(&writer, path, role, text);
    writer_run(&writer);
    cr_assert_eq(outcome(path), SLU_OBJECT_STORED, "%s", result()->first.text);
    slu_bucket_clear(writer.bucket);
    writer.log[0] = '\0';
    s3.requests = s3.puts = s3.gets = s3.heads = 0;
}

/* ---- what is refused at once ---- */

static void assert_config(const char *bucket, const char *owner,
                          const char *key, const char *sentence)
{
    struct slu_bucket_config config = {bucket, "", owner, key};
    struct slu_error error = {0};
    struct slu_bucket *made;

    cr_assert_eq(slu_bucket_new(&writer.alloc.alloc, &config,
                                &writer.contents_table, &made, &error),
                 SLU_ERR_CONFIG);
    cr_assert_null(made);
    cr_assert_not_null(strstr(error.text, sentence), "%s", error.text);
}

Test(bucket, refuses_a_configuration_that_can_be_none)
{
    assert_config("My_Bucket", "", "", "\"My_Bucket\" is not the name");
    assert_config("", "", "", "\"\" is not the name of a bucket");
    assert_config("my-bucket", "1234", "", "an account has 12 digits");
    assert_config("my-bucket", "12345678901x", "", "an account has 12 digits");
    assert_config("my-bucket", "", "a\r\nb", "is not the id, ARN or alias");
    assert_config("my-bucket", "", "a b", "is not the id, ARN or alias");
}

Test(bucket, refuses_a_prefix_that_is_too_long)
{
    char prefix[300];
    struct slu_bucket_config config = {"my-bucket", prefix, "", ""};
    struct slu_error error = {0};
    struct slu_bucket *made;

    memset(prefix, 'p', sizeof(prefix));
    prefix[257] = '\0';
    cr_assert_eq(slu_bucket_new(&writer.alloc.alloc, &config,
                                &writer.contents_table, &made, &error),
                 SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "more than 256 bytes"));
    prefix[256] = '\0';
    cr_assert_eq(slu_bucket_new(&writer.alloc.alloc, &config,
                                &writer.contents_table, &made, &error),
                 SLU_ERR_OK);
    /* "s3://my-bucket/" and 256 leave room for 29. */
    cr_assert_eq(slu_bucket_fetch(made, "12345678901234567890123456789"),
                 SLU_ERR_OK);
    cr_assert_eq(slu_bucket_fetch(made, "123456789012345678901234567890"),
                 SLU_ERR_LIMIT);
    slu_bucket_free(made);
}

Test(bucket, takes_so_many_paths_and_no_longer_ones)
{
    char path[SLU_OBJECT_PATH_MAX + 2];

    memset(path, 'x', sizeof(path));
    path[SLU_OBJECT_PATH_MAX + 1] = '\0';
    cr_assert_eq(slu_bucket_fetch(writer.bucket, path), SLU_ERR_LIMIT);
    cr_assert_eq(slu_bucket_fetch(writer.bucket, ""), SLU_ERR_LIMIT);
    path[SLU_OBJECT_PATH_MAX] = '\0';
    cr_assert_eq(slu_bucket_fetch(writer.bucket, path), SLU_ERR_OK);
    for (unsigned i = 1; i < SLU_BUCKET_PATHS_MAX; i++) {
        (void)snprintf(path, sizeof(path), "list-%u", i);
        writer_fetch(&writer, path);
        writer_fetch(&writer, path);
    }
    cr_assert_eq(slu_bucket_fetch(writer.bucket, "one more"), SLU_ERR_LIMIT);
    slu_bucket_clear(writer.bucket);
    writer_fetch(&writer, "one more");
}

Test(bucket, free_is_safe_on_null)
{
    slu_bucket_free(NULL);
}

Test(bucket, tells_where_an_object_is)
{
    struct slu_bucket_config config = {"b-1", "a/b/", "", ""};
    char location[SLU_LOCATION_MAX + 1];

    slu_bucket_location(&config, LIST, location);
    cr_assert_str_eq(location, "s3://b-1/a/b/threat-ip-1.txt");
    config.prefix = "";
    slu_bucket_location(&config, LIST, location);
    cr_assert_str_eq(location, "s3://b-1/threat-ip-1.txt");
    cr_assert_str_eq(slu_bucket_object(writer.bucket, LIST).location,
                     "s3://my-bucket/guard_duty/threat-ip-1.txt");
}

/* ---- fetching ---- */

Test(bucket, fetches_into_the_contents)
{
    struct slu_object object;

    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n2.2.2.2\n");
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FETCHED);
    cr_assert_eq(s3.requests, 1);
    cr_assert_eq(s3.gets, 1);
    object = slu_bucket_object(writer.bucket, LIST);
    cr_assert_eq(object.state, SLU_OBJECT_PRESENT);
    cr_assert_str_eq(object.etag, fake_s3_find(&s3, KEY(LIST))->etag);
    cr_assert_str_eq(writer_content(&writer, &object.content),
                     "1.1.1.1\n2.2.2.2\n");
    cr_assert_eq(object.lines, 2);
    cr_assert_eq(object.bytes, 16);
    /* Who takes it over stores it. */
    cr_assert_eq(writer.entry_count, 0);
    cr_assert_eq(result()->failed, 0);
}

Test(bucket, counts_a_last_line_without_its_end)
{
    const struct {
        const char *text;
        uint64_t lines;
    } texts[] = {{"", 0}, {"a", 1}, {"a\n", 1}, {"a\nb", 2}, {"\n\n", 2}};

    for (size_t piece = 0; piece <= 2; piece++) {
        writer.piece = piece;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            struct slu_object object;

            fake_s3_set(&s3, KEY(LIST), texts[i].text);
            writer_fetch(&writer, LIST);
            writer_run(&writer);
            object = slu_bucket_object(writer.bucket, LIST);
            cr_assert_eq(object.lines, texts[i].lines, "%s", texts[i].text);
            cr_assert_eq(object.bytes, strlen(texts[i].text));
            cr_assert_str_eq(writer_content(&writer, &object.content),
                             texts[i].text);
        }
    }
}

Test(bucket, says_that_there_is_none)
{
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_MISSING);
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_ABSENT);
    cr_assert_eq(result()->failed, 0);
    /* And then it is put without being looked for. */
    slu_bucket_clear(writer.bucket);
    s3.requests = 0;
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 1);
}

Test(bucket, forgets_what_a_fetch_does_not_find_any_more)
{
    publish(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert_str_neq(writer_entry(&writer, "object/" LIST), "");
    fake_s3_remove(&s3, KEY(LIST));
    writer_fetch(&writer, LIST);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_MISSING);
    cr_assert_str_eq(writer_entry(&writer, "object/" LIST), "");
}

/* ---- storing ---- */

Test(bucket, stores_an_unknown_object_after_a_look)
{
    struct slu_object object;

    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.heads, 1);
    cr_assert_eq(s3.puts, 1);
    cr_assert_eq(s3.requests, 2);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "1.1.1.1\n"));
    cr_assert_str_eq(fake_s3_find(&s3, KEY(LIST))->type, "text/plain");
    cr_assert_str_eq(fake_s3_find(&s3, KEY(LIST))->kms_key, "");
    cr_assert_eq(result()->stored, 1);
    object = slu_bucket_object(writer.bucket, LIST);
    cr_assert_eq(object.state, SLU_OBJECT_PRESENT);
    cr_assert_str_eq(object.etag, fake_s3_find(&s3, KEY(LIST))->etag);
    cr_assert_eq(object.lines, 1);
    cr_assert_eq(object.bytes, 8);
}

Test(bucket, sends_no_content_that_the_object_has)
{
    struct slu_artifact artifact;

    publish(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_restart(&writer);
    artifact = writer_artifact(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    cr_assert(slu_bucket_would_store(writer.bucket, &artifact));
    cr_assert_eq(slu_bucket_store(writer.bucket, &artifact), SLU_ERR_OK);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_SAME);
    cr_assert_eq(s3.requests, 0);
    cr_assert_eq(result()->stored, 0);
    cr_assert_not(slu_bucket_would_store(writer.bucket, &artifact));
    artifact = writer_artifact(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    cr_assert(slu_bucket_would_store(writer.bucket, &artifact));
}

Test(bucket, replaces_what_it_knows_in_one_request)
{
    publish(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_restart(&writer);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 1);
    cr_assert(fake_s3_has(&s3, KEY(LIST), "2.2.2.2\n"));
}

Test(bucket, stores_an_empty_object)
{
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert(fake_s3_has(&s3, KEY(LIST), ""));
    cr_assert_eq(writer.entry_count, 1);
}

Test(bucket, encodes_keys_and_names_json)
{
    writer_store(&writer, "a b/\xc3\xa9+~.json", SLU_ARTIFACT_SIDE, "{}");
    writer_store(&writer, SIDE, SLU_ARTIFACT_SIDE, "{}\n");
    writer_run(&writer);
    cr_assert_str_eq(fake_s3_find(&s3, "guard_duty/a b/\xc3\xa9+~.json")->type,
                     "application/json");
    cr_assert_str_eq(fake_s3_find(&s3, KEY(SIDE))->type, "text/plain");
}

Test(bucket, asks_for_the_owner_and_the_key)
{
    writer.config.owner = FAKE_ACCOUNT;
    writer.config.kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/k";
    writer_restart(&writer);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED, "%s", result()->first.text);
    cr_assert_str_eq(fake_s3_find(&s3, KEY(LIST))->kms_key,
                     "aws:kms arn:aws:kms:us-east-1:123456789012:key/k");
}

Test(bucket, asks_for_the_accounts_own_key_without_an_id)
{
    writer.config.kms_key_id = "aws/s3";
    writer_restart(&writer);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_run(&writer);
    cr_assert_str_eq(fake_s3_find(&s3, KEY(LIST))->kms_key, "aws:kms");
}

Test(bucket, keeps_four_in_flight_and_no_more)
{
    char path[40];

    writer.chance = 7;
    for (unsigned i = 0; i < SLU_BUCKET_PATHS_MAX; i++) {
        (void)snprintf(path, sizeof(path), "list-%u", i);
        writer_store(&writer, path, SLU_ARTIFACT_LIST, path);
    }
    writer_run(&writer);
    cr_assert_eq(result()->stored, SLU_BUCKET_PATHS_MAX);
    cr_assert_eq(writer.flight_max, 4);
    cr_assert_eq(s3.requests, 2 * SLU_BUCKET_PATHS_MAX);
}

Test(bucket, a_side_file_is_replaced_unread)
{
    fake_s3_set(&s3, KEY(SIDE), "of another program");
    writer_store(&writer, SIDE, SLU_ARTIFACT_SIDE, "{}\n");
    writer_run(&writer);
    cr_assert_eq(outcome(SIDE), SLU_OBJECT_STORED);
    cr_assert_eq(s3.gets, 0);
    cr_assert(fake_s3_has(&s3, KEY(SIDE), "{}\n"));
}

Test(bucket, fetches_and_stores_in_one_run)
{
    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n");
    writer_fetch(&writer, LIST);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n2.2.2.2\n");
    writer_fetch(&writer, OTHER);
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(outcome(OTHER), SLU_OBJECT_STORED);
    cr_assert_eq(s3.requests, 4);
    cr_assert_eq(s3.heads, 0);
}

/* ---- what it is not asked for ---- */

Test(bucket, never_puts_when_nothing_may_be_written)
{
    writer.port.read_only = true;
    fake_s3_set(&s3, KEY(LIST), "1.1.1.1\n");
    writer_fetch(&writer, LIST);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "2.2.2.2\n");
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FETCHED);
    cr_assert_eq(outcome(OTHER), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(s3.puts, 0);
    cr_assert_eq(result()->failed, 0);
}

Test(bucket, a_run_with_nothing_to_do_ends)
{
    writer_run(&writer);
    cr_assert_eq(s3.requests, 0);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_UNTOUCHED);
}

Test(bucket, clear_forgets_outcomes_and_not_what_is_known)
{
    publish(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    slu_bucket_hold(writer.bucket);
    slu_bucket_clear(writer.bucket);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(result()->stored, 0);
    cr_assert_eq(slu_bucket_object(writer.bucket, LIST).state,
                 SLU_OBJECT_PRESENT);
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_run(&writer);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_STORED);
}

/* ---- the checkpoint ---- */

static void store_three(void)
{
    /* Even if it is named first. */
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "a.example\n");
}

Test(bucket, the_checkpoint_is_the_last_to_be_asked_for)
{
    store_three();
    writer_start(&writer);
    while (writer_step(&writer)) {
        for (unsigned i = 0; i < writer.flight_count; i++) {
            if (slu_view_ends_with(writer.flights[i].request.target,
                                   CHECKPOINT)) {
                cr_assert(fake_s3_has(&s3, KEY(LIST), "1.1.1.1\n"));
                cr_assert(fake_s3_has(&s3, KEY(OTHER), "a.example\n"));
            }
        }
    }
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_STORED);
    cr_assert_str_eq(fake_s3_find(&s3, KEY(CHECKPOINT))->type,
                     "application/json");
    cr_assert_eq(result()->stored, 3);
}

Test(bucket, the_checkpoint_stays_when_a_list_fails)
{
    s3.fault = FAULT_DENIED;
    s3.fault_times = 1;
    s3.fault_key = KEY(OTHER);
    store_three();
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(outcome(OTHER), SLU_OBJECT_FAILED);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    cr_assert_null(fake_s3_find(&s3, KEY(CHECKPOINT)));
    cr_assert_eq(result()->failed, 1);
}

Test(bucket, the_checkpoint_stays_when_a_fetch_fails)
{
    s3.fault = FAULT_DENIED;
    s3.fault_times = 1;
    s3.fault_key = KEY(OTHER);
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    writer_fetch(&writer, OTHER);
    writer_run(&writer);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
}

Test(bucket, the_checkpoint_stays_while_a_list_is_held)
{
    store_three();
    slu_bucket_hold(writer.bucket);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(result()->failed, 0);
}

Test(bucket, the_checkpoint_stays_when_a_content_is_missing)
{
    struct slu_artifact artifact;

    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{}");
    artifact = writer_artifact(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    fake_s3_set(&s3, KEY(SIDE), "x");
    publish(LIST, SLU_ARTIFACT_LIST, "old\n");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{2}");
    cr_assert_eq(slu_bucket_store(writer.bucket, &artifact), SLU_ERR_OK);
    writer_forget(&writer, &artifact.content);
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_FAILED);
    cr_assert_eq(outcome(CHECKPOINT), SLU_OBJECT_UNTOUCHED);
    cr_assert_eq(s3.requests, 0);
    assert_first(SLU_ERR_NOT_FOUND, 0,
                 "s3://my-bucket/guard_duty/threat-ip-1.txt: not stored: there "
                 "is no content");
}

/* ---- log lines ---- */

Test(bucket, logs_like_the_lambda)
{
    char *text = malloc(8 * 2621 + 1);

    for (unsigned i = 0; i < 2621; i++) {
        memcpy(text + (size_t)8 * i, "1.1.1.1\n", 9);
    }
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, text);
    writer_run(&writer);
    cr_assert_str_eq(writer.log,
                     "[INFO] Updated S3 file: guard_duty/threat-entity-1.txt | "
                     "Records: 2621 | Size: 0.02 MB\n");
    free(text);
}

Test(bucket, tells_of_empty_lists_only_when_they_were_not)
{
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "");
    writer_store(&writer, SIDE, SLU_ARTIFACT_SIDE, "{}\n");
    writer_run(&writer);
    cr_assert_null(strstr(writer.log, "[INFO]"), "%s", writer.log);
    cr_assert_not_null(strstr(writer.log, "[DEBUG] Updated S3 file: "
                                          "guard_duty/threat-ip-1.txt | "
                                          "Records: 0 | Size: 0.00 MB\n"));
    slu_bucket_clear(writer.bucket);
    publish(LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "");
    writer_run(&writer);
    cr_assert_str_eq(writer.log, "[INFO] Updated S3 file: "
                                 "guard_duty/threat-ip-1.txt | Records: 0 | "
                                 "Size: 0.00 MB\n");
}

/* ---- stopped in the middle ---- */

Test(bucket, gives_back_what_a_stopped_run_held)
{
    fake_s3_set(&s3, KEY(OTHER), "a.example\n");
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n");
    writer_fetch(&writer, OTHER);
    writer_start(&writer);
    for (unsigned i = 0; i < 4; i++) {
        (void)writer_step(&writer);
    }
    writer.flight_count = 0;
    writer_run(&writer);
    cr_assert_eq(outcome(LIST), SLU_OBJECT_STORED);
    cr_assert_eq(outcome(OTHER), SLU_OBJECT_FETCHED);
}

Test(bucket, may_be_freed_at_every_step)
{
    for (unsigned steps = 0; steps < 20; steps++) {
        store_three();
        writer_fetch(&writer, SIDE);
        writer_start(&writer);
        for (unsigned i = 0; i < steps; i++) {
            (void)writer_step(&writer);
        }
        writer_restart(&writer);
    }
}

Test(bucket, gives_back_a_body_that_is_half_read)
{
    struct slu_answer_head head = {.status = 200,
                                   .etag = slu_view_str("\"e\"")};
    struct slu_request request;

    writer_fetch(&writer, LIST);
    writer_start(&writer);
    request = writer_take(&writer);
    slu_bucket_errand.on_head(writer.bucket, request.unit, &head);
    cr_assert_eq(slu_bucket_errand.on_body(writer.bucket, request.unit,
                                           slu_view_str("1.1.1.1\n")),
                 SLU_BODY_MORE);
    cr_assert_eq(writer.writing, 1);
    slu_bucket_clear(writer.bucket);
    cr_assert_eq(writer.writing, 0);
}
