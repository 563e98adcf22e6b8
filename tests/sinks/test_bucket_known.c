/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/bucket.h"

#include "sinks/bucket_scene.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define GOOD                                                                   \
    "s3://my-bucket/guard_duty/threat-ip-1.txt etag=\"abc\" sha256=" HASH      \
    " lines=150 bytes=2345"

TestSuite(bucket_known, .init = setup, .fini = teardown);

static struct slu_object load(const char *key, const char *value)
{
    cr_assert_eq(slu_bucket_errand.load(writer.bucket, slu_view_str(key),
                                        slu_view_str(value)),
                 SLU_ERR_OK);
    return slu_bucket_object(writer.bucket, LIST);
}

Test(bucket_known, reads_what_people_can_read)
{
    struct slu_object object = load("object/" LIST, GOOD);

    cr_assert_eq(object.state, SLU_OBJECT_PRESENT);
    cr_assert_str_eq(object.etag, "\"abc\"");
    cr_assert_str_eq(object.content.text, HASH);
    cr_assert_eq(object.lines, 150);
    cr_assert_eq(object.bytes, 2345);
    cr_assert_str_eq(object.location,
                     "s3://my-bucket/guard_duty/threat-ip-1.txt");
}

Test(bucket_known, writes_what_it_reads)
{
    (void)load("object/" LIST, GOOD);
    writer_adopt(&writer, LIST);
    cr_assert_str_eq(writer_entry(&writer, "object/" LIST), GOOD);
}

Test(bucket_known, writes_an_empty_value_of_what_is_not_there)
{
    struct slu_object object = slu_bucket_object(writer.bucket, LIST);
    struct slu_buf key;
    struct slu_buf value;

    cr_assert_eq(object.state, SLU_OBJECT_UNKNOWN);
    slu_buf_init(&key, slu_alloc_default(), 200);
    slu_buf_init(&value, slu_alloc_default(), 200);
    cr_assert_eq(slu_bucket_entry(LIST, &object, &key, &value), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&key), "object/" LIST));
    cr_assert_eq(value.len, 0);
    slu_buf_fini(&key);
    slu_buf_fini(&value);
}

Test(bucket_known, every_damaged_value_is_as_good_as_none)
{
    char text[sizeof(GOOD)];

    for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
        /* A shorter number is a number, too. */
        bool number = len > sizeof(GOOD) - 5;

        (void)snprintf(text, sizeof(text), "%.*s", (int)len, GOOD);
        cr_assert_eq(load("object/" LIST, GOOD).state, SLU_OBJECT_PRESENT);
        cr_assert(number ||
                      load("object/" LIST, text).state == SLU_OBJECT_UNKNOWN,
                  "%s", text);
    }
    for (size_t i = 0; i < sizeof(GOOD) - 1; i++) {
        (void)snprintf(text, sizeof(text), "%s", GOOD);
        text[i] = text[i] == '\x01' ? '\x02' : '\x01';
        cr_assert_eq(load("object/" LIST, text).state, SLU_OBJECT_UNKNOWN,
                     "%zu", i);
    }
    cr_assert_eq(load("object/" LIST, GOOD " ").state, SLU_OBJECT_UNKNOWN);
    cr_assert_eq(load("object/" LIST, "").state, SLU_OBJECT_UNKNOWN);
}

Test(bucket_known, an_etag_that_can_be_no_header_is_not_sent_back)
{
    char text[600];
    char etag[SLU_ETAG_MAX + 1];

    cr_assert_eq(
        load("object/" LIST,
             "s3://my-bucket/guard_duty/threat-ip-1.txt etag=\"a\r\nb\""
             " sha256=" HASH " lines=1 bytes=1")
            .state,
        SLU_OBJECT_UNKNOWN);
    cr_assert_eq(
        load("object/" LIST,
             "s3://my-bucket/guard_duty/threat-ip-1.txt etag= sha256=" HASH
             " lines=1 bytes=1")
            .state,
        SLU_OBJECT_UNKNOWN);
    memset(etag, 'e', sizeof(etag));
    for (int len = SLU_ETAG_MAX - 1; len <= SLU_ETAG_MAX; len++) {
        (void)snprintf(text, sizeof(text),
                       "s3://my-bucket/guard_duty/threat-ip-1.txt etag=%.*s "
                       "sha256=" HASH " lines=1 bytes=1",
                       len, etag);
        cr_assert_eq(load("object/" LIST, text).state,
                     len < SLU_ETAG_MAX ? SLU_OBJECT_PRESENT
                                        : SLU_OBJECT_UNKNOWN);
    }
}

Test(bucket_known, what_is_known_of_another_bucket_is_not_believed)
{
    cr_assert_eq(load("object/" LIST,
                      "s3://other-bucket/guard_duty/threat-ip-1.txt "
                      "etag=\"abc\" sha256=" HASH " lines=1 bytes=1")
                     .state,
                 SLU_OBJECT_UNKNOWN);
    cr_assert_eq(load("object/" LIST,
                      "s3://my-bucket/threat-ip-1.txt etag=\"abc\" "
                      "sha256=" HASH " lines=1 bytes=1")
                     .state,
                 SLU_OBJECT_UNKNOWN);
}

Test(bucket_known, a_later_value_replaces_an_earlier_one)
{
    cr_assert_eq(load("object/" LIST, GOOD).state, SLU_OBJECT_PRESENT);
    cr_assert_eq(load("object/" LIST, "nonsense").state, SLU_OBJECT_UNKNOWN);
    cr_assert_eq(load("object/" LIST, GOOD).state, SLU_OBJECT_PRESENT);
}

Test(bucket_known, keys_of_nobody_are_passed_over)
{
    char key[300] = "object/";

    memset(key + 7, 'k', 200);
    (void)load("", GOOD);
    (void)load("object/", GOOD);
    (void)load("objects", GOOD);
    (void)load(key, GOOD);
    cr_assert_eq(load("other", GOOD).state, SLU_OBJECT_UNKNOWN);
}

Test(bucket_known, old_paths_leave_room_for_those_of_the_run)
{
    char text[600];
    char path[40];

    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(path, sizeof(path), "object/old-%u.txt", i);
        (void)snprintf(text, sizeof(text),
                       "s3://my-bucket/guard_duty/old-%u.txt etag=\"abc\" "
                       "sha256=" HASH " lines=1 bytes=1",
                       i);
        (void)load(path, text);
    }
    for (unsigned i = 0; i < SLU_BUCKET_PATHS_MAX; i++) {
        (void)snprintf(path, sizeof(path), "new-%u.txt", i);
        writer_store(&writer, path, SLU_ARTIFACT_LIST, path);
    }
    writer_run(&writer);
    cr_assert_eq(slu_bucket_result(writer.bucket)->stored,
                 SLU_BUCKET_PATHS_MAX);
}

Test(bucket_known, who_shows_it_reads_it_of_any_bucket)
{
    static const char value[] =
        "s3://other/with a blank/x.txt etag=\"abc\" sha256=" HASH
        " lines=150 bytes=2345";
    char path[SLU_OBJECT_PATH_MAX + 1];
    struct slu_object object;

    cr_assert(slu_bucket_read_entry(slu_view_str("object/x.txt"),
                                    slu_view_str(value), path, &object));
    cr_assert_str_eq(path, "x.txt");
    cr_assert_str_eq(object.location, "s3://other/with a blank/x.txt");
    cr_assert_str_eq(object.content.text, HASH);
    cr_assert_eq(object.lines, 150);
    cr_assert_not(slu_bucket_read_entry(slu_view_str("region"),
                                        slu_view_str(value), path, &object));
    cr_assert_not(slu_bucket_read_entry(slu_view_str("object/"),
                                        slu_view_str(value), path, &object));
    cr_assert_not(slu_bucket_read_entry(slu_view_str("object/x.txt"),
                                        slu_view_str("s3://b/x.txt"), path,
                                        &object));
}
