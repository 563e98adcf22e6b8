/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_endpoint.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_error error;
static struct slu_aws_endpoint made;

static enum slu_err make(const char *service, const char *region,
                         const char *bucket, const char *custom, bool fips,
                         bool dualstack)
{
    struct slu_aws_endpoint_options options = {
        .service = slu_view_str(service),
        .region = slu_view_str(region),
        .bucket = slu_view_str(bucket),
        .custom = slu_view_str(custom),
        .fips = fips,
        .dualstack = dualstack,
    };

    error = (struct slu_error){0};
    made = (struct slu_aws_endpoint){.origin = "untouched"};
    return slu_aws_endpoint_make(&options, &made, &error);
}

static void expect(const char *origin, const char *host, const char *prefix)
{
    cr_assert_str_eq(error.text, "");
    cr_assert_str_eq(made.origin, origin);
    cr_assert_str_eq(made.host, host);
    cr_assert_str_eq(made.prefix, prefix);
}

static void expect_refused(enum slu_err err, const char *sentence)
{
    cr_assert_eq(err, SLU_ERR_CONFIG);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
    cr_assert_str_eq(made.origin, "untouched");
}

Test(aws_endpoint, makes_regional_hosts)
{
    cr_assert_eq(make("guardduty", "us-east-1", NULL, NULL, false, false), 0);
    expect("https://guardduty.us-east-1.amazonaws.com",
           "guardduty.us-east-1.amazonaws.com", "");
    cr_assert_eq(make("sts", "cn-north-1", NULL, NULL, false, false), 0);
    expect("https://sts.cn-north-1.amazonaws.com.cn",
           "sts.cn-north-1.amazonaws.com.cn", "");
    cr_assert_eq(make("rolesanywhere", "eu-west-3", NULL, NULL, true, true), 0);
    expect("https://rolesanywhere-fips.eu-west-3.api.aws",
           "rolesanywhere-fips.eu-west-3.api.aws", "");
    /* GovCloud's plain host is the FIPS one. */
    cr_assert_eq(make("guardduty", "us-gov-west-1", NULL, NULL, true, false),
                 0);
    expect("https://guardduty.us-gov-west-1.amazonaws.com",
           "guardduty.us-gov-west-1.amazonaws.com", "");
}

Test(aws_endpoint, makes_one_host_of_iam_for_each_partition)
{
    cr_assert_eq(make("iam", "eu-west-3", NULL, NULL, false, false), 0);
    expect("https://iam.amazonaws.com", "iam.amazonaws.com", "");
    cr_assert_eq(make("iam", "us-east-1", NULL, NULL, true, true), 0);
    expect("https://iam-fips.global.api.aws", "iam-fips.global.api.aws", "");
    cr_assert_eq(make("iam", "cn-northwest-1", NULL, NULL, false, false), 0);
    expect("https://iam.cn-north-1.amazonaws.com.cn",
           "iam.cn-north-1.amazonaws.com.cn", "");
    cr_assert_eq(make("iam", "us-gov-east-1", NULL, NULL, true, false), 0);
    expect("https://iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "");
    cr_assert_eq(make("iam", "eu-west-3", NULL, "http://[::1]:1", true, true),
                 0);
    expect("http://[::1]:1", "[::1]:1", "");
}

static void expect_home(const char *region, const char *home)
{
    cr_assert_str_eq(slu_aws_home_region(slu_view_str(region)), home);
}

Test(aws_endpoint, iam_is_signed_for_the_home_of_the_partition)
{
    expect_home("ap-southeast-7", "us-east-1");
    expect_home("us-gov-east-1", "us-gov-west-1");
    expect_home("cn-northwest-1", "cn-north-1");
    expect_home("us-isob-west-1", "us-isob-east-1");
}

Test(aws_endpoint, puts_a_bucket_before_the_host_or_into_the_path)
{
    cr_assert_eq(make("s3", "us-east-1", "my-logs", NULL, false, false), 0);
    expect("https://my-logs.s3.us-east-1.amazonaws.com",
           "my-logs.s3.us-east-1.amazonaws.com", "");
    cr_assert_eq(make("s3", "us-east-1", "my.logs", NULL, false, true), 0);
    expect("https://s3.dualstack.us-east-1.amazonaws.com",
           "s3.dualstack.us-east-1.amazonaws.com", "/my.logs");
    cr_assert_eq(
        make("s3", "us-east-1", "my-logs", "http://127.0.0.1:9000", 0, 0), 0);
    expect("http://127.0.0.1:9000", "127.0.0.1:9000", "/my-logs");
}

Test(aws_endpoint, takes_a_custom_endpoint_without_its_default_port)
{
    static const struct {
        const char *given;
        const char *origin;
        const char *host;
    } cases[] = {
        {"https://vpce-1.example.com", "https://vpce-1.example.com",
         "vpce-1.example.com"},
        {"https://a.example:443/", "https://a.example", "a.example"},
        {"https://a.example:80", "https://a.example:80", "a.example:80"},
        {"http://localhost:80", "http://localhost", "localhost"},
        {"http://[::1]:4566/", "http://[::1]:4566", "[::1]:4566"},
        {"http://127.0.0.1:443", "http://127.0.0.1:443", "127.0.0.1:443"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        /* It wins over both switches. */
        cr_assert_eq(make("sts", "us-east-1", NULL, cases[i].given, true, true),
                     0, "%s", error.text);
        expect(cases[i].origin, cases[i].host, "");
    }
}

Test(aws_endpoint, holds_the_longest_custom_host)
{
    char custom[400] = "https://";
    char host[254];

    memset(host, 'h', 253);
    host[253] = '\0';
    (void)snprintf(custom, sizeof(custom), "https://%s:65535", host);
    cr_assert_eq(make("s3", "us-east-1", "abc", custom, false, false), 0);
    cr_assert_str_eq(made.origin, custom);
    cr_assert_str_eq(made.host, custom + strlen("https://"));
}

Test(aws_endpoint, refuses_custom_endpoints_in_one_sentence)
{
    expect_refused(
        make("sts", "us-east-1", NULL, "http://sts.example", false, false),
        "\"http://sts.example\" would send secrets unencrypted: http is for "
        "loopback only, use https");
    expect_refused(
        make("sts", "us-east-1", NULL, "https://a.example/path", false, false),
        "\"https://a.example/path\" has something behind host and port: the "
        "path is appended by sluice itself");
    expect_refused(make("sts", "us-east-1", NULL, "a.example", false, false),
                   "\"a.example\" is not a base URL: expected https://host or "
                   "https://host:port");
    /* What may be a password is not quoted. */
    expect_refused(
        make("sts", "us-east-1", NULL, "https://u:secret@a.example", 0, 0),
        "a custom endpoint holds no user and password: expected https://host "
        "or https://host:port");
}

Test(aws_endpoint, refuses_names_that_are_none)
{
    expect_refused(make("sts", "us-east1", NULL, NULL, false, false),
                   "\"us-east1\" is no region: expected a name such as "
                   "us-east-1");
    expect_refused(make("sts", "us-east-1.evil.example", NULL, NULL, 0, 0),
                   "\"us-east-1.evil.example\" is no region: expected a name "
                   "such as us-east-1");
    expect_refused(make("s3", "us-east-1", "A", NULL, false, false),
                   "\"A\" is no bucket: expected 3 to 63 lower-case letters, "
                   "digits, dots and hyphens");
    expect_refused(make("s3", "cn-north-1", NULL, NULL, true, false),
                   "S3 has no FIPS endpoint in cn-north-1");
}

Test(aws_endpoint, needs_no_place_for_the_error)
{
    struct slu_aws_endpoint_options options = {
        .service = SLU_VIEW_LITERAL("sts"), .region = SLU_VIEW_LITERAL("x")};

    cr_assert_eq(slu_aws_endpoint_make(&options, &made, NULL), SLU_ERR_CONFIG);
}

Test(aws_endpoint, knows_a_region_by_its_form)
{
    static const char *const good[] = {"us-east-1", "us-gov-west-1",
                                       "eusc-de-east-1", "ap-southeast-7",
                                       "us-isof-south-12"};
    static const char *const bad[] = {
        "",           "us",          "us-east",
        "us-east-",   "us-east-1a",  "us--east-1",
        "-us-east-1", "us-east-1-",  "US-EAST-1",
        "us-1",       "us-east-1 ",  "us_east_1",
        "us-1-east",  "us.east-x-1", "aaaaaaaaaaaaaaaaaaaaaaaaa-east-111",
        "us-east-1\n"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(slu_aws_is_region(slu_view_str(good[i])), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(slu_aws_is_region(slu_view_str(bad[i])), "%s", bad[i]);
    }
}

Test(aws_endpoint, knows_an_account_by_its_form)
{
    cr_assert(slu_aws_is_account(slu_view_str("012345678901")));
    cr_assert_not(slu_aws_is_account(slu_view_str("")));
    cr_assert_not(slu_aws_is_account(slu_view_str("01234567890")));
    cr_assert_not(slu_aws_is_account(slu_view_str("0123456789012")));
    cr_assert_not(slu_aws_is_account(slu_view_str("01234567890a")));
    cr_assert_not(slu_aws_is_account(slu_view_str("0123-5678901")));
}

Test(aws_endpoint, knows_a_bucket_by_its_form)
{
    static const char *const good[] = {"abc", "a.b.c", "0-9", "1.2.3", "a--b"};
    static const char *const bad[] = {
        "",    "ab",  "-ab",  "ab-", ".ab",     "ab.",       "a..b",
        "aBc", "a_b", "a/bc", "a b", "1.2.3.4", "10.0.0.0/8"};
    char longest[65];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(slu_aws_is_bucket(slu_view_str(good[i])), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(slu_aws_is_bucket(slu_view_str(bad[i])), "%s", bad[i]);
    }
    memset(longest, 'a', sizeof(longest));
    cr_assert(slu_aws_is_bucket(slu_view_make(longest, 63)));
    cr_assert_not(slu_aws_is_bucket(slu_view_make(longest, 64)));
}

Test(aws_endpoint, tells_the_partition_of_a_region)
{
    cr_assert_str_eq(slu_aws_partition(slu_view_str("us-east-1")), "aws");
    cr_assert_str_eq(slu_aws_partition(slu_view_str("cn-north-1")), "aws-cn");
    cr_assert_str_eq(slu_aws_partition(slu_view_str("us-gov-east-1")),
                     "aws-us-gov");
    cr_assert_str_eq(slu_aws_partition(slu_view_str("us-isob-east-1")),
                     "aws-iso-b");
    cr_assert_str_eq(slu_aws_partition(slu_view_str("")), "aws");
}

/* ---- ARNs ---- */

static void expect_view(struct slu_view view, const char *text)
{
    cr_assert(slu_view_equal_str(view, text), "\"%.*s\" is not \"%s\"",
              SLU_VIEW_ARGS(view), text);
}

Test(aws_endpoint, parses_an_arn_with_colons_in_its_resource)
{
    struct slu_arn arn;

    cr_assert(slu_arn_parse(
        slu_view_str("arn:aws-cn:secretsmanager:cn-north-1:111122223333:"
                     "secret:a:b"),
        &arn));
    expect_view(arn.partition, "aws-cn");
    expect_view(arn.service, "secretsmanager");
    expect_view(arn.region, "cn-north-1");
    expect_view(arn.account, "111122223333");
    expect_view(arn.resource, "secret:a:b");
    cr_assert(slu_arn_parse(slu_view_str("arn:aws:s3:::bucket/key"), &arn));
    expect_view(arn.region, "");
    expect_view(arn.account, "");
    expect_view(arn.resource, "bucket/key");
}

Test(aws_endpoint, refuses_every_prefix_of_an_arn)
{
    const char *text = "arn:aws:iam::111122223333:role/r";
    size_t shortest = strlen("arn:aws:iam::111122223333:r");
    struct slu_arn arn;

    for (size_t len = 0; len <= strlen(text); len++) {
        cr_assert_eq(slu_arn_parse(slu_view_make(text, len), &arn),
                     len >= shortest, "%zu", len);
    }
}

Test(aws_endpoint, refuses_what_is_no_arn)
{
    static const char *const bad[] = {
        "ARN:aws:iam::1:role/r",   "arn::iam::1:role/r", "arn:aws:::1:role/r",
        "arn:aws:iam::1:role/a b", "arn:aws:iam::1:r\n", "urn:aws:iam::1:r",
        "arn:aws:iam::1:r\xc3\xa9"};
    struct slu_arn arn;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(slu_arn_parse(slu_view_str(bad[i]), &arn), "%s", bad[i]);
    }
}
