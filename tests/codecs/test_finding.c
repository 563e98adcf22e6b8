/* SPDX-License-Identifier: Apache-2.0 */
#include "finding_drive.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(finding, .init = set_up, .fini = tear_down);

/* --- the head ----------------------------------------------------------- */

Test(finding, head_is_read_in_any_order)
{
    static const char *const texts[] = {
        "{\"accountId\":\"111122223333\",\"arn\":\"arn:a\",\"id\":\"f1\","
        "\"type\":\"Recon:EC2/Portscan\",\"region\":\"eu-west-1\","
        "\"severity\":5.5,\"updatedAt\":\"2025-01-02T03:04:05.678Z\","
        "\"description\":\"It \\u00e9 \\\"is\\\".\",\"service\":{"
        "\"eventFirstSeen\":\"2025-01-01T00:00:00Z\","
        "\"eventLastSeen\":\"2025-01-02T00:00:00.5Z\",\"archived\":false}}",
        "{\"service\":{\"archived\":false,"
        "\"eventLastSeen\":\"2025-01-02T00:00:00.5Z\","
        "\"eventFirstSeen\":\"2025-01-01T00:00:00Z\"},"
        "\"description\":\"It \\u00e9 \\\"is\\\".\","
        "\"updatedAt\":\"2025-01-02T03:04:05.678Z\",\"severity\":5.5e0,"
        "\"region\":\"eu-west-1\",\"type\":\"Recon:EC2/Portscan\","
        "\"id\":\"f1\",\"arn\":\"arn:a\",\"accountId\":\"111122223333\"}",
    };

    for (unsigned i = 0; i < 2; i++) {
        read_text(texts[i]);
        cr_assert(is(finding.id, "f1"));
        cr_assert(is(finding.arn, "arn:a"));
        cr_assert(is(finding.type, "Recon:EC2/Portscan"));
        cr_assert(is(finding.account, "111122223333"));
        cr_assert(is(finding.region, "eu-west-1"));
        cr_assert(is(finding.description, "It \xc3\xa9 \"is\"."));
        cr_assert(finding.has_severity && finding.severity == 5.5);
        cr_assert(finding.updated_at.known && finding.first_seen.known &&
                  finding.last_seen.known);
        cr_assert_eq(finding.updated_at.ms, INT64_C(1735787045678));
        cr_assert_eq(finding.first_seen.ms, INT64_C(1735689600000));
        cr_assert_eq(finding.last_seen.ms, INT64_C(1735776000500));
        cr_assert(is(finding.last_seen.text, "2025-01-02T00:00:00.5Z"));
        cr_assert_eq(finding.reason, SLU_REASON_NONE);
        cr_assert_not(finding.archived || finding.sample ||
                      finding.unknown_action);
        cr_assert_eq(seen_count, 0);
    }
}

Test(finding, absent_and_null_members_are_nothing)
{
    static const char *const texts[] = {
        "{}",
        "{\"service\":null,\"resource\":null}",
        "{\"id\":null,\"arn\":null,\"severity\":null,\"updatedAt\":null,"
        "\"service\":{\"action\":null,\"additionalInfo\":null,"
        "\"evidence\":null,\"archived\":null,\"eventLastSeen\":null,"
        "\"ebsVolumeScanDetails\":null}}",
        "{\"service\":{\"action\":{\"networkConnectionAction\":null,"
        "\"portProbeAction\":{\"portProbeDetails\":null},"
        "\"dnsRequestAction\":{\"domain\":null,\"blocked\":null}},"
        "\"additionalInfo\":{\"value\":null,\"sample\":null},"
        "\"evidence\":{\"threatIntelligenceDetails\":null},"
        "\"ebsVolumeScanDetails\":{\"sources\":null,\"scanDetections\":null}},"
        "\"resource\":{\"instanceDetails\":{\"tags\":null,"
        "\"networkInterfaces\":[null,{\"publicIp\":null}]}}}",
        "{\"service\":{\"action\":{\"portProbeAction\":{\"portProbeDetails\":["
        "null,{},{\"remoteIpDetails\":null},{\"remoteIpDetails\":{"
        "\"ipAddressV4\":null}}]}},\"ebsVolumeScanDetails\":{"
        "\"scanDetections\":{\"threatDetectedByName\":{\"threatNames\":["
        "null,{},{\"filePaths\":null},{\"filePaths\":[null]}]}}}}}",
    };

    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        read_text(texts[i]);
        cr_assert_null(finding.id.ptr);
        cr_assert_null(finding.arn.ptr);
        cr_assert_not(finding.has_severity || finding.updated_at.known ||
                      finding.archived || finding.sample);
        cr_assert_eq(finding.last_seen.text.len, 0);
        cr_assert_not(finding.unknown_action || finding.has_public);
        cr_assert_eq(finding.indicator_count, 0, "%s", texts[i]);
        cr_assert_eq(finding.unusable, 0, "%s", texts[i]);
        cr_assert_eq(seen_count, 0);
    }
}

Test(finding, times_may_be_numbers_or_nonsense)
{
    read_text("{\"updatedAt\":1.636625755218E9,\"service\":{"
              "\"eventFirstSeen\":1636625755,\"eventLastSeen\":0}}");
    cr_assert(is(finding.updated_at.text, "2021-11-11T10:15:55.218Z"));
    cr_assert_eq(finding.updated_at.ms, INT64_C(1636625755218));
    cr_assert(is(finding.first_seen.text, "2021-11-11T10:15:55.000Z"));
    cr_assert(is(finding.last_seen.text, "1970-01-01T00:00:00.000Z"));
    cr_assert(finding.last_seen.known);
    read_text("{\"updatedAt\":\"yesterday\",\"service\":{"
              "\"eventFirstSeen\":-1,\"eventLastSeen\":1e300}}");
    cr_assert(is(finding.updated_at.text, "yesterday"));
    cr_assert_not(finding.updated_at.known || finding.first_seen.known ||
                  finding.last_seen.known);
}

Test(finding, severity_takes_every_form_of_number)
{
    static const struct {
        const char *text;
        double value;
    } forms[] = {{"8", 8}, {"8.0", 8}, {"8e0", 8}, {"0.85E1", 8.5}, {"0", 0}};

    for (unsigned i = 0; i < 5; i++) {
        char text[60];

        (void)snprintf(text, sizeof(text), "{\"severity\":%s}", forms[i].text);
        read_text(text);
        cr_assert(finding.has_severity);
        cr_assert_eq(finding.severity, forms[i].value);
    }
    read_text("{\"severity\":\"HIGH\"}");
    cr_assert_not(finding.has_severity);
}

Test(finding, unknown_actions_are_told)
{
    static const char *const known[] = {
        ACTION("\"actionType\":\"NETWORK_CONNECTION\""),
        ACTION("\"actionType\":\"PORT_PROBE\""),
        ACTION("\"actionType\":\"DNS_REQUEST\""),
        ACTION("\"actionType\":\"AWS_API_CALL\""),
        ACTION("\"actionType\":\"KUBERNETES_API_CALL\""),
        ACTION("\"actionType\":\"RDS_LOGIN_ATTEMPT\""),
        ACTION("\"networkConnectionAction\":{}"),
        ACTION("\"portProbeAction\":{}"),
        ACTION("\"dnsRequestAction\":{}"),
        ACTION("\"awsApiCallAction\":{}"),
        ACTION("\"kubernetesApiCallAction\":{}"),
        ACTION("\"rdsLoginAttemptAction\":{}"),
        SERVICE("\"action\":null"),
        SERVICE("\"serviceName\":\"guardduty\""),
    };
    static const char *const unknown[] = {
        ACTION("\"actionType\":\"MIND_READING\",\"mindReadingAction\":{}"),
        ACTION("\"mindReadingAction\":{}"),
        ACTION("\"actionType\":\"\",\"networkConnectionAction\":{}"),
        ACTION("\"networkConnectionAction\":null"),
        ACTION("\"actionType\":\"network_connection\""),
    };

    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        read_text(known[i]);
        cr_assert_not(finding.unknown_action, "%s", known[i]);
    }
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        read_text(unknown[i]);
        cr_assert(finding.unknown_action, "%s", unknown[i]);
    }
    read_text(unknown[0]);
    cr_assert(is(finding.action_type, "MIND_READING"));
}

/* --- why a finding is dropped ------------------------------------------- */

static void expect_reason(const char *text, enum slu_reason reason)
{
    read_text(text);
    cr_assert_eq(finding.reason, reason, "%s: %s", text,
                 slu_reason_name(finding.reason));
    cr_assert_eq(finding.indicator_count, 1);
    cr_assert_eq(seen_count, reason == SLU_REASON_NONE);
}

Test(finding, sample_flag_stands_in_additional_info)
{
    expect_reason(INFO("\"sample\":true"), SLU_REASON_SAMPLE);
    expect_reason(INFO("\"sample\":true,\"value\":\"{}\""), SLU_REASON_SAMPLE);
    expect_reason(INFO("\"sample\":\"true\""), SLU_REASON_SAMPLE);
    expect_reason(INFO("\"sample\":false"), SLU_REASON_NONE);
    expect_reason(INFO("\"sample\":null"), SLU_REASON_NONE);
}

Test(finding, sample_flag_stands_in_the_text_of_the_value)
{
    expect_reason(INFO("\"value\":\"{\\\"sample\\\":true}\""),
                  SLU_REASON_SAMPLE);
    expect_reason(INFO("\"type\":\"default\",\"value\":\"{\\\"a\\\":[1,{}],"
                       "\\\"sample\\\":true,\\\"b\\\":2}\""),
                  SLU_REASON_SAMPLE);
    expect_reason(INFO("\"value\":\"{\\\"sample\\\":false}\""),
                  SLU_REASON_NONE);
    expect_reason(INFO("\"value\":\"{\\\"samples\\\":true}\""),
                  SLU_REASON_NONE);
}

Test(finding, value_that_is_no_json_tells_nothing)
{
    expect_reason(INFO("\"value\":\"\""), SLU_REASON_NONE);
    expect_reason(INFO("\"value\":\"none\""), SLU_REASON_NONE);
    expect_reason(INFO("\"value\":\"[true]\""), SLU_REASON_NONE);
    expect_reason(INFO("\"value\":\"{\\\"sample\\\"\""), SLU_REASON_NONE);
    expect_reason(INFO("\"value\":{\"sample\":true}"), SLU_REASON_NONE);
    expect_reason(INFO("\"value\":7"), SLU_REASON_NONE);
}

Test(finding, sample_is_kept_when_told_to)
{
    options.include_samples = true;
    expect_reason(INFO("\"sample\":true"), SLU_REASON_NONE);
    cr_assert(finding.sample);
}

Test(finding, archived_is_dropped_unless_told_to_keep)
{
    static const char *text = SERVICE("\"archived\":true," DOMAIN_ACTION);

    expect_reason(text, SLU_REASON_ARCHIVED);
    options.include_archived = true;
    remake();
    expect_reason(text, SLU_REASON_NONE);
    cr_assert(finding.archived);
}

#define CUSTOM(text)                                                           \
    "{\"service\":{" text "," DOMAIN_ACTION                                    \
    "},\"type\":\"Backdoor:EC2/X.Custom\"}"
#define EVIDENCE(name)                                                         \
    "\"evidence\":{\"threatIntelligenceDetails\":[{\"threatListName\":"        \
    "\"other\"},{\"threatListName\":\"" name "\"}]}"

Test(finding, echo_of_our_own_list_is_dropped)
{
    options.own_list_prefix = slu_view_str("gti-");
    expect_reason(CUSTOM(EVIDENCE("gti-domain-1")), SLU_REASON_ECHO);
    cr_assert(is(finding.own_list, "gti-domain-1"));
    expect_reason(
        CUSTOM("\"additionalInfo\":{\"threatListName\":\"gti-ip-2\"}"),
        SLU_REASON_ECHO);
    expect_reason(CUSTOM("\"additionalInfo\":{\"value\":"
                         "\"{\\\"threatListName\\\":\\\"gti-ip-3\\\"}\"}"),
                  SLU_REASON_ECHO);
    cr_assert(is(finding.own_list, "gti-ip-3"));
    expect_reason(CUSTOM(EVIDENCE("gti")), SLU_REASON_NONE);
    expect_reason(CUSTOM(EVIDENCE("my-gti-list")), SLU_REASON_NONE);
    expect_reason(SERVICE(EVIDENCE("gti-1") "," DOMAIN_ACTION),
                  SLU_REASON_NONE);
    expect_reason("{\"type\":\".Custom\",\"service\":{" EVIDENCE(
                      "gti-1") "," DOMAIN_ACTION "}}",
                  SLU_REASON_NONE);
}

Test(finding, first_own_list_named_is_told)
{
    options.own_list_prefix = slu_view_str("gti-");
    expect_reason(
        CUSTOM(EVIDENCE(
            "gti-first") ",\"additionalInfo\":{\"threatListName\":\"gti-b\","
                         "\"value\":\"{\\\"threatListName\\\":"
                         "\\\"gti-c\\\"}\"}"),
        SLU_REASON_ECHO);
    cr_assert(is(finding.own_list, "gti-first"));
}

Test(finding, without_a_prefix_nothing_is_an_echo)
{
    expect_reason(CUSTOM(EVIDENCE("gti-domain-1")), SLU_REASON_NONE);
    cr_assert_null(finding.own_list.ptr);
}

Test(finding, compat_keeps_what_the_plugin_keeps)
{
    options.own_list_prefix = slu_view_str("gti-");
    options.compat_netskope = true;
    expect_reason(INFO("\"sample\":true"), SLU_REASON_NONE);
    expect_reason(SERVICE("\"archived\":true," DOMAIN_ACTION), SLU_REASON_NONE);
    expect_reason(CUSTOM(EVIDENCE("gti-1")), SLU_REASON_NONE);
    cr_assert(finding.compat_netskope);
}

/* --- names -------------------------------------------------------------- */

Test(finding, groups_are_known_by_their_names)
{
    cr_assert_str_eq(
        slu_finding_group_name(SLU_FINDING_GROUP_NETWORK_CONNECTION),
        "network_connection");
    cr_assert_str_eq(slu_finding_group_name(SLU_FINDING_GROUP_COUNT), "?");
    cr_assert_str_eq(slu_row_kind_name(SLU_ROW_SHA256), "sha256");
    cr_assert_str_eq(slu_row_kind_name((enum slu_row_kind)9), "?");
    cr_assert_eq(SLU_FINDING_GROUPS_DEFAULT,
                 BIT(NETWORK_CONNECTION) | BIT(PORT_PROBE) | BIT(DNS_REQUEST) |
                     BIT(EBS_VOLUME_SCAN));
}
