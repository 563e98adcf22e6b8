/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/s3_location.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void assert_is(const char *text, const char *bucket, const char *key)
{
    struct slu_s3_location location;

    cr_assert(slu_s3_location_parse(slu_view_str(text), &location), "%s", text);
    cr_assert_str_eq(location.bucket, bucket, "%s", text);
    cr_assert_str_eq(location.key, key, "%s", text);
}

static void assert_none(const char *text)
{
    struct slu_s3_location location;

    cr_assert_not(slu_s3_location_parse(slu_view_str(text), &location), "%s",
                  text);
}

Test(s3_location, reads_the_five_forms_of_the_user_guide)
{
    assert_is("https://s3.amazonaws.com/bucket/dir/a.txt", "bucket",
              "dir/a.txt");
    assert_is("https://s3-eu-west-1.amazonaws.com/bucket/a.txt", "bucket",
              "a.txt");
    assert_is("http://bucket.s3.amazonaws.com/dir/a.txt", "bucket",
              "dir/a.txt");
    assert_is("http://bucket.s3-eu-west-1.amazonaws.com/a.txt", "bucket",
              "a.txt");
    assert_is("s3://bucket/dir/a.txt", "bucket", "dir/a.txt");
}

Test(s3_location, reads_their_kin)
{
    assert_is("https://s3.eu-west-1.amazonaws.com/bucket/a", "bucket", "a");
    assert_is("https://bucket.s3.eu-west-1.amazonaws.com/a", "bucket", "a");
    assert_is("https://s3.dualstack.us-east-1.amazonaws.com/b-1/a", "b-1", "a");
    assert_is("https://bucket.s3.dualstack.us-east-1.amazonaws.com/a", "bucket",
              "a");
    assert_is("https://bucket.s3.cn-north-1.amazonaws.com.cn/a", "bucket", "a");
    assert_is("https://s3-us-gov-west-1.amazonaws.com/bucket/a", "bucket", "a");
    assert_is("HTTPS://Bucket.S3.AmazonAWS.com/A", "bucket", "A");
    assert_is("S3://bucket/A", "bucket", "A");
}

Test(s3_location, takes_a_bucket_with_dots_and_one_that_looks_like_a_host)
{
    assert_is("https://my.own.bucket.s3.amazonaws.com/a", "my.own.bucket", "a");
    assert_is("https://s3.s3.amazonaws.com/a", "s3", "a");
    assert_is("https://x.s3.us-east-1.s3.us-east-1.amazonaws.com/a",
              "x.s3.us-east-1", "a");
    assert_is("https://s3.amazonaws.com/my.own.bucket/a", "my.own.bucket", "a");
}

Test(s3_location, undoes_percent_encoding_in_urls_only)
{
    assert_is("https://s3.amazonaws.com/b/a%20b%2Fc%2b.txt", "b", "a b/c+.txt");
    assert_is("https://b.s3.amazonaws.com/a+b%25", "b", "a+b%");
    assert_is("s3://b/a%20b", "b", "a%20b");
    assert_is("s3://b/a?b#c", "b", "a?b#c");
    assert_is("s3://b//a", "b", "/a");
}

Test(s3_location, refuses_what_is_none)
{
    assert_none("");
    assert_none("s3://");
    assert_none("s3://bucket");
    assert_none("s3://bucket/");
    assert_none("s3:///key");
    assert_none("bucket/key");
    assert_none("ftp://s3.amazonaws.com/bucket/key");
    assert_none("https://s3.amazonaws.com/bucket");
    assert_none("https://s3.amazonaws.com/bucket/");
    assert_none("https://s3.amazonaws.com//key");
    assert_none("https://bucket.s3.amazonaws.com/");
    assert_none("https://.s3.amazonaws.com/key");
    assert_none("https://example.com/bucket/key");
    assert_none("https://s3.amazonaws.com.example.com/bucket/key");
    assert_none("https://s3.nowhere.amazonaws.com/bucket/key");
    assert_none("https://bucket.s3x.amazonaws.com/key");
    assert_none("https://s3.amazonaws.com:8443/bucket/key");
    assert_none("https://s3.amazonaws.com/bucket/key?versionId=3");
    assert_none("https://s3.amazonaws.com/bucket/key#part");
    assert_none("https://s3.amazonaws.com/bucket/a%2");
    assert_none("https://s3.amazonaws.com/bucket/a%");
    assert_none("https://s3.amazonaws.com/bucket/a%zz");
    assert_none("https://s3.amazonaws.com/bucket/a%00");
}

Test(s3_location, takes_a_code_at_the_very_end_of_a_key)
{
    assert_is("https://s3.amazonaws.com/b/a%41", "b", "aA");
}

Test(s3_location, refuses_more_than_the_service_takes)
{
    char text[SLU_S3_LOCATION_MAX + 3];
    struct slu_s3_location location;

    (void)snprintf(text, sizeof(text), "s3://bucket/%0*d",
                   SLU_S3_LOCATION_MAX + 1 - 12, 0);
    cr_assert_eq(strlen(text), SLU_S3_LOCATION_MAX + 1);
    assert_none(text);
    cr_assert(slu_s3_location_parse(slu_view_make(text, SLU_S3_LOCATION_MAX),
                                    &location));
    cr_assert_eq(strlen(location.key), SLU_S3_LOCATION_MAX - 12);
}

Test(s3_location, refuses_a_zero_byte)
{
    struct slu_s3_location location;

    cr_assert_not(
        slu_s3_location_parse(slu_view_make("s3://b/a\0b", 10), &location));
}

Test(s3_location, all_forms_of_one_object_are_equal)
{
    static const char *const forms[] = {
        "s3://lists/guard_duty/a-1.txt",
        "https://s3.amazonaws.com/lists/guard_duty/a-1.txt",
        "https://s3-eu-west-1.amazonaws.com/lists/guard_duty/a-1.txt",
        "http://lists.s3.amazonaws.com/guard_duty/a-1.txt",
        "https://lists.s3.eu-west-1.amazonaws.com/guard%5Fduty/a%2D1.txt",
    };
    struct slu_s3_location first;
    struct slu_s3_location other;

    cr_assert(slu_s3_location_parse(slu_view_str(forms[0]), &first));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        cr_assert(slu_s3_location_parse(slu_view_str(forms[i]), &other));
        cr_assert(slu_s3_location_equal(&first, &other), "%s", forms[i]);
    }
    cr_assert(slu_s3_location_parse(
        slu_view_str("s3://lists/guard_duty/A-1.txt"), &other));
    cr_assert_not(slu_s3_location_equal(&first, &other));
    cr_assert(slu_s3_location_parse(
        slu_view_str("s3://list/guard_duty/a-1.txt"), &other));
    cr_assert_not(slu_s3_location_equal(&first, &other));
}
