/* SPDX-License-Identifier: Apache-2.0 */
/* The section guardduty and the table of its regions. */
#include "engine/config_parse.h"
#include "sources/guardduty.h"

#include "codecs/aws_endpoint.h"
#include <stdio.h>
#include <stdlib.h>

static const struct slu_guardduty_config *of(const struct slu_config *config)
{
    cr_assert_not_null(config, "%s", error.text);
    return slu_config_section(config, "guardduty");
}

static void refuse(const char *text, const char *sentence)
{
    cr_assert_null(parse(text), "accepted: %s", text);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
}

/* ---- values ---- */

Test(guardduty_config, defaults_are_those_of_the_reference)
{
    struct slu_config *config = parse("{}");
    const struct slu_guardduty_config *guardduty = of(config);

    cr_assert_eq(guardduty->accounts.count, 0);
    cr_assert_eq(guardduty->regions.count, 0);
    cr_assert_not(guardduty->regions.all);
    cr_assert_str_eq(guardduty->detector, "auto");
    cr_assert_eq(guardduty->initial_range_days, 7);
    cr_assert_not(guardduty->include_archived);
    cr_assert_not(guardduty->include_samples);
    cr_assert_eq(slu_guardduty_groups(guardduty), SLU_FINDING_GROUPS_DEFAULT);
    cr_assert_str_eq(guardduty->finding_compat, "none");
    cr_assert_eq(guardduty->overlap_ms, 300000);
    cr_assert_str_eq(guardduty->export_from, "");
    cr_assert_str_eq(guardduty->export_region, "");
    slu_config_free(config);
}

Test(guardduty_config, takes_every_key)
{
    struct slu_config *config =
        parse("guardduty:\n"
              "  accounts: [{id: \"111122223333\"}]\n"
              "  regions: [us-east-1]\n"
              "  detector: 12abc34d567e8fa901bc2d34e56789f0\n"
              "  initial_range_days: 90\n"
              "  include_archived: true\n"
              "  include_samples: true\n"
              "  indicators: [dns_request, runtime]\n"
              "  finding_compat: netskope\n"
              "  overlap: 0s\n"
              "  export: s3://a-bucket/some/prefix\n"
              "  export_region: eu-west-1\n");
    const struct slu_guardduty_config *guardduty = of(config);

    cr_assert_eq(guardduty->accounts.count, 1);
    cr_assert_str_eq(guardduty->regions.items[0], "us-east-1");
    cr_assert_str_eq(guardduty->detector, "12abc34d567e8fa901bc2d34e56789f0");
    cr_assert_eq(guardduty->initial_range_days, 90);
    cr_assert(guardduty->include_archived);
    cr_assert(guardduty->include_samples);
    cr_assert_eq(slu_guardduty_groups(guardduty),
                 SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_DNS_REQUEST) |
                     SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_RUNTIME));
    cr_assert_str_eq(guardduty->finding_compat, "netskope");
    cr_assert_eq(guardduty->overlap_ms, 0);
    cr_assert_str_eq(guardduty->export_from, "s3://a-bucket/some/prefix");
    cr_assert_str_eq(guardduty->export_region, "eu-west-1");
    slu_config_free(config);
}

Test(guardduty_config, all_is_every_region_and_every_group)
{
    struct slu_config *config =
        parse("guardduty: {regions: all, indicators: all}");

    cr_assert(of(config)->regions.all);
    cr_assert_eq(slu_guardduty_groups(of(config)), SLU_FINDING_GROUPS_ALL);
    slu_config_free(config);
}

Test(guardduty_config, every_group_has_its_name)
{
    static const char *const names[] = {
#define NAME(name, text) text,
        SLU_FINDING_GROUP_MAP(NAME)
#undef NAME
    };

    for (unsigned i = 0; i < SLU_FINDING_GROUP_COUNT; i++) {
        char text[100];
        struct slu_config *config;

        (void)snprintf(text, sizeof(text), "guardduty: {indicators: [%s]}",
                       names[i]);
        config = parse(text);
        cr_assert_eq(slu_guardduty_groups(of(config)),
                     SLU_FINDING_GROUP_BIT(i));
        slu_config_free(config);
    }
}

/* ---- what is refused ---- */

Test(guardduty_config, refuses_regions_that_are_none_or_of_two_partitions)
{
    refuse("guardduty: {regions: [us-east-1, us_west_1]}",
           "t.yaml, line 1: guardduty.regions: found `us_west_1`, expected a "
           "region "
           "such as us-east-1");
    refuse("guardduty: {regions: [us-east-1, cn-north-1]}",
           "t.yaml, line 1: guardduty.regions: us-east-1 and cn-north-1 are of "
           "two "
           "partitions, and one sign-in reaches one");
    refuse(
        "guardduty: {regions: us-east-1}",
        "t.yaml, line 1: `regions` in guardduty: found `us-east-1`, expected "
        "all, or a list of 0 to 64 texts, such as [a, b]");
    refuse("guardduty: {regions: [us-east-1, us-east-1]}",
           "t.yaml, line 1: `regions` in guardduty names `us-east-1` twice");
}

Test(guardduty_config, a_detector_is_of_one_account_and_region)
{
    refuse(
        "guardduty: {detector: a b}",
        "t.yaml, line 1: guardduty.detector: found `a b`, expected auto or a "
        "detector's id");
    refuse("guardduty: {detector: abc, regions: [us-east-1, us-west-1]}",
           "t.yaml, line 1: guardduty.detector: `abc` is of one account and "
           "region; "
           "expected auto for several");
    refuse("guardduty: {detector: abc, regions: all}",
           "t.yaml, line 1: guardduty.detector: `abc` is of one account and "
           "region; "
           "expected auto for several");
    slu_config_free(parse("guardduty: {detector: abc, regions: [us-east-1]}"));
    cr_assert_eq(error.code, SLU_ERR_OK);
}

Test(guardduty_config, an_export_is_a_folder_or_a_bucket)
{
    refuse(
        "guardduty: {export: \"s3://\"}",
        "t.yaml, line 1: guardduty.export: found `s3://`, expected a folder or "
        "s3://bucket/prefix");
    refuse("guardduty: {export: s3://My_Bucket/a}",
           "t.yaml, line 1: guardduty.export: found `s3://My_Bucket/a`, "
           "expected a "
           "folder or s3://bucket/prefix");
    refuse("guardduty: {export_region: moon}",
           "t.yaml, line 1: guardduty.export_region: found `moon`, expected a "
           "region such as us-east-1");
    slu_config_free(parse("guardduty: {export: ./exports}"));
    cr_assert_eq(error.code, SLU_ERR_OK);
    slu_config_free(parse("guardduty: {export: s3://a.bucket}"));
    cr_assert_eq(error.code, SLU_ERR_OK);
}

Test(guardduty_config, an_overlap_is_a_day_at_most)
{
    refuse(
        "guardduty: {overlap: 25h}",
        "t.yaml, line 1: `overlap` in guardduty: found `25h`, expected a time "
        "such as 30s, 10m or 5d from 0s to 1d");
    refuse("guardduty: {indicators: []}",
           "t.yaml, line 1: `indicators` in guardduty: found 0 items, expected "
           "all, "
           "or a list of 1 to 13 of network_connection, port_probe, "
           "dns_request, ebs_volume_scan, api_call, kubernetes, rds, runtime, "
           "malware_scan, attack_sequence, threat_intel_hash, ipv6, "
           "dns_suffix");
}

Test(guardduty_config, checks_its_accounts)
{
    refuse("guardduty: {accounts: [{id: \"1\"}]}",
           "t.yaml, line 1: guardduty.accounts: the id `1` is no account: "
           "expected "
           "12 digits");
}

/* ---- regions ---- */

Test(guardduty_config, lists_the_regions_of_a_partition_by_name)
{
    static const char *const partitions[] = {"aws", "aws-cn", "aws-us-gov"};
    static const unsigned least[] = {34, 2, 2};

    for (unsigned i = 0; i < 3; i++) {
        const char *last = "";
        const char *region;
        unsigned count = 0;
        bool opt_in;

        while ((region = slu_guardduty_region(partitions[i], count, &opt_in)) !=
               NULL) {
            cr_assert_lt(strcmp(last, region), 0, "%s", region);
            cr_assert(slu_aws_is_region(slu_view_str(region)), "%s", region);
            cr_assert_str_eq(slu_aws_partition(slu_view_str(region)),
                             partitions[i]);
            last = region;
            count++;
        }
        cr_assert_geq(count, least[i]);
    }
}

Test(guardduty_config, has_no_region_of_an_unknown_partition)
{
    bool opt_in;

    cr_assert_null(slu_guardduty_region("moon", 0, &opt_in));
}

/* The regions that every account has, and one launched after March 20, 2019,
 * when they began to be opt-in. */
Test(guardduty_config, tells_the_regions_that_an_account_must_enable)
{
    static const char *const always[] = {
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
        "ap-southeast-1", "ap-southeast-2", "ca-central-1",   "eu-central-1",
        "eu-north-1",     "eu-west-1",      "eu-west-2",      "eu-west-3",
        "sa-east-1",      "us-east-1",      "us-east-2",      "us-west-1",
        "us-west-2"};
    unsigned found = 0;
    bool opt_in;
    const char *region;

    for (unsigned i = 0;
         (region = slu_guardduty_region("aws", i, &opt_in)) != NULL; i++) {
        bool expected = true;

        for (unsigned k = 0; k < sizeof(always) / sizeof(always[0]); k++) {
            expected = expected && strcmp(region, always[k]) != 0;
        }
        cr_assert_eq(opt_in, expected, "%s", region);
        found += !opt_in;
    }
    cr_assert_eq(found, 17);
}
