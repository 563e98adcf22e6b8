/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/finding_paths.h"
#include "codecs/json_split.h"
#include "finding_log.h"
#include "support/failing_alloc.h"
#include "support/failing_new.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define RECORD_MAX (8u << 20)
#define HASH "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define SERVICE(text) "{\"service\":{" text "}}"
#define ACTION(text) SERVICE("\"action\":{" text "}")
#define REMOTE(name, version, value)                                           \
    ACTION("\"" name "\":{\"remoteIpDetails\":{\"ipAddressV" version           \
           "\":\"" value "\"}}")
#define BIT(group) SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_##group)

static struct slu_finding_options options;
static struct slu_finding_reader *reader;
static char *text_room;
static struct slu_finding finding;
static struct slu_finding_indicator seen[8];
static struct slu_finding_indicator last_seen;
static unsigned seen_count;

static void set_up(void)
{
    options =
        (struct slu_finding_options){.alloc = slu_alloc_default(),
                                     .record_max = RECORD_MAX,
                                     .groups = SLU_FINDING_GROUPS_DEFAULT};
    text_room = malloc(RECORD_MAX + SLU_JSON_PADDING);
    reader = NULL;
    seen_count = 0;
}

static void tear_down(void)
{
    slu_finding_reader_free(reader);
    free(text_room);
}

TestSuite(finding, .init = set_up, .fini = tear_down);

static void keep(void *ctx, const struct slu_finding *of,
                 const struct slu_finding_indicator *indicator)
{
    (void)ctx;
    cr_assert_eq(of, &finding);
    cr_assert_eq(indicator->index, seen_count);
    if (seen_count < 8) {
        seen[seen_count] = *indicator;
    }
    last_seen = *indicator;
    seen_count++;
}

static enum slu_err try_text(const char *text, struct slu_error *out_error)
{
    size_t len = strlen(text);

    if (reader == NULL) {
        reader = slu_finding_reader_new(&options);
        cr_assert_not_null(reader);
    }
    cr_assert(len <= RECORD_MAX);
    memcpy(text_room, text, len);
    memset(text_room + len, '"', SLU_JSON_PADDING);
    memset(&finding, 0x55, sizeof(finding));
    seen_count = 0;
    return slu_finding_read(reader, slu_view_make(text_room, len), keep, NULL,
                            &finding, out_error);
}

static void read_text(const char *text)
{
    struct slu_error error = {0};

    cr_assert_eq(try_text(text, &error), SLU_ERR_OK, "%s: %s", text,
                 error.text);
}

static void remake(void)
{
    slu_finding_reader_free(reader);
    reader = NULL;
}

static bool is(struct slu_view view, const char *text)
{
    return view.ptr != NULL && slu_view_equal_str(view, text);
}

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

/* --- every path --------------------------------------------------------- */

#define FILES(text)                                                            \
    SERVICE("\"ebsVolumeScanDetails\":{\"scanDetections\":{"                   \
            "\"threatDetectedByName\":{\"threatNames\":[{\"filePaths\":[" text \
            "]}]}}}")
#define PROBE(version, value)                                                  \
    ACTION("\"portProbeAction\":{\"portProbeDetails\":[{\"remoteIpDetails\":{" \
           "\"ipAddressV" version "\":\"" value "\"}}]}")
#define RUNTIME(text) SERVICE("\"runtimeDetails\":{" text "}")
#define EXECUTABLE(name) "\"" name "\":{\"executableSha256\":\"" HASH "\"}"
#define MALWARE(text)                                                          \
    SERVICE("\"malwareScanDetails\":{\"threats\":[{" text "}]}")
#define SEQUENCE(text) SERVICE("\"detection\":{\"sequence\":{" text "}}")
#define REMOTE_PATH(name, version)                                             \
    "service.action." name ".remoteIpDetails.ipAddressV" version
#define PROBE_PATH(version)                                                    \
    "service.action.portProbeAction.portProbeDetails[].remoteIpDetails."       \
    "ipAddressV" version

struct fixture {
    const char *path;
    const char *text;
    const char *value;
    enum slu_finding_kind kind;
    uint32_t groups; /* all needed; the indicator's is the highest */
};

static const struct fixture fixtures[] = {
    {REMOTE_PATH("networkConnectionAction", "4"),
     REMOTE("networkConnectionAction", "4", "192.0.2.1"), "192.0.2.1",
     SLU_FINDING_IPV4, BIT(NETWORK_CONNECTION)},
    {PROBE_PATH("4"), PROBE("4", "192.0.2.2"), "192.0.2.2", SLU_FINDING_IPV4,
     BIT(PORT_PROBE)},
    {"service.action.dnsRequestAction.domain",
     ACTION("\"dnsRequestAction\":{\"domain\":\"Evil.Example.\"}"),
     "Evil.Example.", SLU_FINDING_DOMAIN, BIT(DNS_REQUEST)},
    {"service.ebsVolumeScanDetails.scanDetections.threatDetectedByName."
     "threatNames[].filePaths[].hash",
     FILES("{\"hash\":\"" HASH "\"}"), HASH, SLU_FINDING_SHA256,
     BIT(EBS_VOLUME_SCAN)},
    {"service.action.dnsRequestAction.domainWithSuffix",
     ACTION("\"dnsRequestAction\":{\"domainWithSuffix\":\"a.b.example\"}"),
     "a.b.example", SLU_FINDING_DOMAIN, BIT(DNS_SUFFIX)},
    {REMOTE_PATH("awsApiCallAction", "4"),
     REMOTE("awsApiCallAction", "4", "192.0.2.3"), "192.0.2.3",
     SLU_FINDING_IPV4, BIT(API_CALL)},
    {"service.action.awsApiCallAction.domainDetails.domain",
     ACTION("\"awsApiCallAction\":{\"domainDetails\":{\"domain\":\"c.org\"}}"),
     "c.org", SLU_FINDING_DOMAIN, BIT(API_CALL)},
    {REMOTE_PATH("kubernetesApiCallAction", "4"),
     REMOTE("kubernetesApiCallAction", "4", "192.0.2.4"), "192.0.2.4",
     SLU_FINDING_IPV4, BIT(KUBERNETES)},
    {"service.action.kubernetesApiCallAction.sourceIPs[]",
     ACTION("\"kubernetesApiCallAction\":{\"sourceIPs\":[\"192.0.2.5\"]}"),
     "192.0.2.5", SLU_FINDING_IPV4, BIT(KUBERNETES)},
    {REMOTE_PATH("rdsLoginAttemptAction", "4"),
     REMOTE("rdsLoginAttemptAction", "4", "192.0.2.6"), "192.0.2.6",
     SLU_FINDING_IPV4, BIT(RDS)},
    {"service.runtimeDetails.process.executableSha256",
     RUNTIME(EXECUTABLE("process")), HASH, SLU_FINDING_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.modifyingProcess.executableSha256",
     RUNTIME("\"context\":{" EXECUTABLE("modifyingProcess") "}"), HASH,
     SLU_FINDING_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.targetProcess.executableSha256",
     RUNTIME("\"context\":{" EXECUTABLE("targetProcess") "}"), HASH,
     SLU_FINDING_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.moduleSha256",
     RUNTIME("\"context\":{\"moduleSha256\":\"" HASH "\"}"), HASH,
     SLU_FINDING_SHA256, BIT(RUNTIME)},
    {"service.malwareScanDetails.threats[].hash",
     MALWARE("\"hash\":\"" HASH "\""), HASH, SLU_FINDING_SHA256,
     BIT(MALWARE_SCAN)},
    {"service.malwareScanDetails.threats[].itemPaths[].hash",
     MALWARE("\"itemPaths\":[{\"hash\":\"" HASH "\"}]"), HASH,
     SLU_FINDING_SHA256, BIT(MALWARE_SCAN)},
    {"service.malwareScanDetails.threats[].itemDetails[].hash",
     MALWARE("\"itemDetails\":[{\"hash\":\"" HASH "\"}]"), HASH,
     SLU_FINDING_SHA256, BIT(MALWARE_SCAN)},
    {"resource.s3BucketDetails[].s3ObjectDetails[].hash",
     "{\"resource\":{\"s3BucketDetails\":[{\"s3ObjectDetails\":[{\"hash\":"
     "\"" HASH "\"}]}]}}",
     HASH, SLU_FINDING_SHA256, BIT(MALWARE_SCAN)},
    {"service.detection.sequence.endpoints[].ip",
     SEQUENCE("\"endpoints\":[{\"id\":\"e\",\"ip\":\"192.0.2.7\"}]"),
     "192.0.2.7", SLU_FINDING_IPV4, BIT(ATTACK_SEQUENCE)},
    {"service.detection.sequence.endpoints[].domain",
     SEQUENCE("\"endpoints\":[{\"domain\":\"d.example\"}]"), "d.example",
     SLU_FINDING_DOMAIN, BIT(ATTACK_SEQUENCE)},
    {"service.detection.sequence.actors[].process.sha256",
     SEQUENCE("\"actors\":[{\"process\":{\"sha256\":\"" HASH "\"}}]"), HASH,
     SLU_FINDING_SHA256, BIT(ATTACK_SEQUENCE)},
    {"service.evidence.threatIntelligenceDetails[].threatFileSha256",
     SERVICE("\"evidence\":{\"threatIntelligenceDetails\":[{"
             "\"threatFileSha256\":\"" HASH "\"}]}"),
     HASH, SLU_FINDING_SHA256, BIT(THREAT_INTEL_HASH)},
    {REMOTE_PATH("networkConnectionAction", "6"),
     REMOTE("networkConnectionAction", "6", "2001:db8::1"), "2001:db8::1",
     SLU_FINDING_IPV6, BIT(IPV6) | BIT(NETWORK_CONNECTION)},
    {PROBE_PATH("6"), PROBE("6", "2001:db8::2"), "2001:db8::2",
     SLU_FINDING_IPV6, BIT(IPV6) | BIT(PORT_PROBE)},
    {REMOTE_PATH("awsApiCallAction", "6"),
     REMOTE("awsApiCallAction", "6", "2001:db8::3"), "2001:db8::3",
     SLU_FINDING_IPV6, BIT(IPV6) | BIT(API_CALL)},
    {REMOTE_PATH("kubernetesApiCallAction", "6"),
     REMOTE("kubernetesApiCallAction", "6", "2001:db8::4"), "2001:db8::4",
     SLU_FINDING_IPV6, BIT(IPV6) | BIT(KUBERNETES)},
    {REMOTE_PATH("rdsLoginAttemptAction", "6"),
     REMOTE("rdsLoginAttemptAction", "6", "2001:db8::5"), "2001:db8::5",
     SLU_FINDING_IPV6, BIT(IPV6) | BIT(RDS)},
};
#define FIXTURE_COUNT (sizeof(fixtures) / sizeof(fixtures[0]))

static void expect_fixture(const struct fixture *fixture, uint32_t groups)
{
    bool wanted = (fixture->groups & ~groups) == 0;
    uint32_t group;

    options.groups = groups;
    remake();
    read_text(fixture->text);
    cr_assert_eq(seen_count, wanted, "%s with groups %x", fixture->path,
                 groups);
    cr_assert_eq(finding.indicator_count, seen_count);
    if (wanted) {
        group = SLU_FINDING_GROUP_BIT(seen[0].group);
        cr_assert(is(seen[0].value, fixture->value), "%s", fixture->path);
        cr_assert_eq(seen[0].kind, fixture->kind);
        cr_assert_eq(group, (fixture->groups & BIT(IPV6)) != 0
                                ? BIT(IPV6)
                                : fixture->groups);
    }
}

Test(finding, every_path_yields_its_indicator_when_its_group_is_wanted)
{
    for (unsigned i = 0; i < FIXTURE_COUNT; i++) {
        expect_fixture(&fixtures[i], SLU_FINDING_GROUPS_ALL);
        expect_fixture(&fixtures[i], SLU_FINDING_GROUPS_DEFAULT);
        expect_fixture(&fixtures[i], fixtures[i].groups);
        expect_fixture(&fixtures[i],
                       SLU_FINDING_GROUPS_ALL & ~fixtures[i].groups);
        expect_fixture(&fixtures[i], SLU_FINDING_GROUPS_ALL & ~BIT(IPV6));
        expect_fixture(&fixtures[i], 0);
    }
}

Test(finding, table_holds_no_path_without_a_fixture)
{
    unsigned count;
    unsigned values = 0;
    const struct slu_finding_path *paths = slu_finding_paths(&count);

    for (unsigned i = 0; i < count; i++) {
        bool has_fixture = false;

        for (unsigned k = 0; k < FIXTURE_COUNT; k++) {
            has_fixture |= strcmp(paths[i].path, fixtures[k].path) == 0;
        }
        if (paths[i].yield >= SLU_FINDING_YIELD_FILE_HASH) {
            cr_assert(has_fixture, "%s", paths[i].path);
            values++;
        }
    }
    cr_assert_eq(values, FIXTURE_COUNT);
}

Test(finding, address_that_may_be_either_is_what_it_looks_like)
{
    static const char *text = ACTION(
        "\"kubernetesApiCallAction\":{\"sourceIPs\":[\"192.0.2.1\",7,\"\","
        "\"2001:db8::1\",null]}");

    options.groups = BIT(KUBERNETES) | BIT(IPV6);
    read_text(text);
    cr_assert_eq(seen_count, 2);
    cr_assert_eq(seen[0].kind, SLU_FINDING_IPV4);
    cr_assert_eq(seen[1].kind, SLU_FINDING_IPV6);
    cr_assert(is(seen[1].value, "2001:db8::1"));
    cr_assert_eq(finding.unusable, 2);
    options.groups = BIT(KUBERNETES);
    remake();
    read_text(text);
    cr_assert_eq(seen_count, 1);
}

/* --- several, and files ------------------------------------------------- */

Test(finding, several_triggers_in_one_finding_all_yield)
{
    read_text(ACTION(
        "\"networkConnectionAction\":{\"blocked\":true,\"remoteIpDetails\":{"
        "\"ipAddressV6\":\"2001:db8::1\"}},"
        "\"portProbeAction\":{\"portProbeDetails\":["
        "{\"remoteIpDetails\":{\"ipAddressV4\":\"192.0.2.1\"}},"
        "{\"localPortDetails\":{\"port\":22}},"
        "{\"remoteIpDetails\":{\"ipAddressV4\":\"192.0.2.1\"}}]},"
        "\"dnsRequestAction\":{\"blocked\":false,\"domain\":\"a.example\"}"));
    cr_assert_eq(seen_count, 3);
    cr_assert(is(seen[0].value, "192.0.2.1"));
    cr_assert(is(seen[1].value, "192.0.2.1"));
    cr_assert(is(seen[2].value, "a.example"));
    cr_assert_eq(finding.blocked, 1u << SLU_FINDING_RULE_NETWORK);
}

Test(finding, file_keeps_its_own_members_in_any_order)
{
    read_text(FILES(
        "{\"filePath\":\"/a\",\"hash\":\"h1\",\"fileName\":\"n1\"},"
        "{\"filePath\":\"/b\",\"fileName\":\"n2\",\"hash\":\"h2\"},"
        "{\"hash\":\"h3\"},{\"fileName\":\"n4\",\"filePath\":\"/d\"},"
        "{\"fileName\":\"n5\",\"hash\":null},{\"hash\":\"\"},{\"hash\":5},"
        "null,{\"hash\":\"h6\",\"fileName\":null,\"filePath\":\"\"}"));
    cr_assert_eq(seen_count, 4);
    cr_assert(is(seen[0].value, "h1") && is(seen[0].file_name, "n1") &&
              is(seen[0].file_path, "/a"));
    cr_assert(is(seen[1].value, "h2") && is(seen[1].file_name, "n2") &&
              is(seen[1].file_path, "/b"));
    cr_assert(is(seen[2].value, "h3") && seen[2].file_name.ptr == NULL &&
              seen[2].file_path.ptr == NULL);
    cr_assert(is(seen[3].value, "h6") && is(seen[3].file_path, ""));
    cr_assert_eq(finding.unusable, 4);
}

Test(finding, shortened_scan_is_told)
{
    read_text(SERVICE("\"ebsVolumeScanDetails\":{\"scanDetections\":{"
                      "\"threatDetectedByName\":{\"shortened\":true}}}"));
    cr_assert(finding.scan_shortened);
}

Test(finding, wanted_value_that_is_none_is_counted)
{
    read_text(ACTION("\"dnsRequestAction\":{\"domain\":\"\"},"
                     "\"networkConnectionAction\":{\"remoteIpDetails\":{"
                     "\"ipAddressV4\":{}}}"));
    cr_assert_eq(seen_count, 0);
    cr_assert_eq(finding.unusable, 2);
}

/* The head, so many of the element and one last one, and the tail. */
static char *make_many(const char *head, const char *element, unsigned count,
                       const char *last_and_tail)
{
    size_t len = strlen(element);
    char *text =
        malloc(strlen(head) + count * (len + 1) + strlen(last_and_tail) + 1);
    char *at = text + sprintf(text, "%s", head);

    for (unsigned i = 0; i < count; i++) {
        memcpy(at, element, len);
        at[len] = ',';
        at += len + 1;
    }
    (void)sprintf(at, "%s", last_and_tail);
    return text;
}

Test(finding, what_is_over_the_limit_is_counted)
{
    char *text = make_many("{\"service\":{\"action\":{\"portProbeAction\":{"
                           "\"portProbeDetails\":[",
                           "{\"remoteIpDetails\":{\"ipAddressV4\":\"1.2.3.4\"}"
                           "}",
                           SLU_FINDING_INDICATORS_MAX + 5, "{}]}}}}");

    read_text(text);
    free(text);
    cr_assert_eq(seen_count, SLU_FINDING_INDICATORS_MAX);
    cr_assert_eq(finding.cut, 5);
    read_text("{}");
    cr_assert_eq(finding.cut, 0);
}

Test(finding, file_over_the_limit_changes_no_other)
{
    char *text = make_many(
        "{\"service\":{\"ebsVolumeScanDetails\":{\"scanDetections\":{"
        "\"threatDetectedByName\":{\"threatNames\":[{\"filePaths\":[",
        "{\"hash\":\"a\"}", SLU_FINDING_INDICATORS_MAX,
        "{\"hash\":\"b\",\"fileName\":\"n\",\"filePath\":\"p\"}]}]}}}}}");

    read_text(text);
    cr_assert_eq(seen_count, SLU_FINDING_INDICATORS_MAX);
    cr_assert_eq(finding.cut, 1);
    cr_assert_eq(finding.unusable, 0);
    cr_assert(is(last_seen.value, "a"));
    cr_assert_null(last_seen.file_name.ptr);
    cr_assert_null(last_seen.file_path.ptr);
    free(text);
}

Test(finding, tags_over_the_limit_cost_no_indicator)
{
    char *text = make_many(
        "{\"resource\":{\"instanceDetails\":{\"tags\":[", "{\"value\":\"t\"}",
        SLU_FINDING_TAGS_MAX + 2,
        "null]}},\"service\":{\"ebsVolumeScanDetails\":{\"scanDetections\":{"
        "\"threatDetectedByName\":{\"threatNames\":[{\"filePaths\":["
        "{\"hash\":\"a\"}]}]}}}}}");

    read_text(text);
    cr_assert_eq(seen_count, 1);
    cr_assert_eq(finding.cut, 2);
    cr_assert_eq(finding.instance_tag_count, SLU_FINDING_TAGS_MAX);
    free(text);
}

/* --- why a finding is dropped ------------------------------------------- */

#define DOMAIN_ACTION                                                          \
    "\"action\":{\"dnsRequestAction\":{\"domain\":\"a.example\"}}"
#define INFO(text) SERVICE("\"additionalInfo\":{" text "}," DOMAIN_ACTION)

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
    enum slu_finding_group group;

    for (unsigned i = 0; i < SLU_FINDING_GROUP_COUNT; i++) {
        const char *name = slu_finding_group_name((enum slu_finding_group)i);

        cr_assert(slu_finding_group_parse(slu_view_str(name), &group));
        cr_assert_eq((unsigned)group, i);
    }
    cr_assert_not(slu_finding_group_parse(slu_view_str("ebs"), &group));
    cr_assert_str_eq(slu_finding_group_name(SLU_FINDING_GROUP_COUNT), "?");
    cr_assert_str_eq(slu_finding_kind_name(SLU_FINDING_SHA256), "sha256");
    cr_assert_str_eq(slu_finding_kind_name((enum slu_finding_kind)9), "?");
    cr_assert_eq(SLU_FINDING_GROUPS_DEFAULT,
                 BIT(NETWORK_CONNECTION) | BIT(PORT_PROBE) | BIT(DNS_REQUEST) |
                     BIT(EBS_VOLUME_SCAN));
}

/* --- faults ------------------------------------------------------------- */

Test(finding, malformed_is_refused_with_its_offset)
{
    static const struct {
        const char *text;
        uint64_t offset;
    } bad[] = {
        {"", 0},
        {"[]", 0},
        {"\"x\"", 0},
        {"{\"severity\":1x}", 12},
        {"{\"id\":nul}", 6},
        {"{\"service\":{\"archived\":tru}}", 23},
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slu_error error = {0};

        cr_assert_eq(try_text(bad[i].text, &error), SLU_ERR_MALFORMED, "%s",
                     bad[i].text);
        cr_assert_eq(error.code, SLU_ERR_MALFORMED);
        cr_assert_eq(error.offset, bad[i].offset, "%s: %llu", bad[i].text,
                     (unsigned long long)error.offset);
        cr_assert_eq(seen_count, 0);
    }
}

Test(finding, nothing_is_called_when_the_end_is_malformed)
{
    cr_assert_eq(
        try_text("{\"service\":{" DOMAIN_ACTION "},\"severity\":5..5}", NULL),
        SLU_ERR_MALFORMED);
    cr_assert_eq(seen_count, 0);
}

Test(finding, info_over_the_record_limit_is_refused)
{
    struct slu_error error = {0};

    options.record_max = 16;
    cr_assert_eq(
        try_text(INFO("\"value\":\"{\\\"sample\\\":  true}\""), &error),
        SLU_ERR_LIMIT);
    cr_assert_eq(error.code, SLU_ERR_LIMIT);
    cr_assert_eq(seen_count, 0);
}

static const char *const rich_text =
    "{\"id\":\"f\",\"arn\":\"arn:x\",\"type\":\"T\",\"severity\":8,"
    "\"resource\":{\"instanceDetails\":{\"tags\":[{\"key\":\"k\",\"value\":"
    "\"prod\"},{\"value\":\"a\\tb\"}]}},\"service\":{\"additionalInfo\":{"
    "\"value\":\"{\\\"a\\\":1}\"},"
    "\"ebsVolumeScanDetails\":{\"sources\":[\"Amazon\"],\"scanDetections\":{"
    "\"threatDetectedByName\":{\"threatNames\":[{\"filePaths\":["
    "{\"hash\":\"" HASH "\"}]}]}}}," DOMAIN_ACTION "}}";

/* Reads the rich finding; what failed must be NOMEM and leave no memory. */
static bool read_with(struct failing_alloc *failing)
{
    struct slu_error error = {0};
    enum slu_err err = SLU_ERR_NOMEM;

    options.alloc = &failing->alloc;
    reader = slu_finding_reader_new(&options);
    if (reader != NULL) {
        err = try_text(rich_text, &error);
        cr_assert_eq(error.code, err);
    }
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
    cr_assert_eq(seen_count, err == SLU_ERR_OK ? 2 : 0);
    if (err == SLU_ERR_NOMEM && reader != NULL) {
        failing->fail_at = 0;
        read_text(rich_text);
        cr_assert_eq(seen_count, 2, "it reads on afterwards");
    }
    remake();
    cr_assert_eq(failing->live, 0);
    return err == SLU_ERR_OK;
}

Test(finding, survives_the_failure_of_every_allocation)
{
    struct failing_alloc failing;
    unsigned n = 0;
    bool done;

    do {
        failing_alloc_init(&failing, ++n);
        done = read_with(&failing);
    } while (!done);
    cr_assert(n > 8, "%u allocations", n);
}

Test(finding, survives_the_failure_of_simdjson_s_allocations)
{
    bool happened = true;
    unsigned failures = 0;

    for (long n = 1; happened && n < 50; n++) {
        struct slu_error error = {0};
        enum slu_err err;

        remake();
        reader = slu_finding_reader_new(&options);
        failing_new_at(n);
        err = try_text(rich_text, &error);
        happened = failing_new_happened();
        failing_new_at(0);
        /* Its string buffer, which nobody uses, may be missing unnoticed. */
        cr_assert(err == SLU_ERR_OK || (happened && err == SLU_ERR_NOMEM));
        cr_assert_eq(seen_count, err == SLU_ERR_OK ? 2 : 0);
        failures += err == SLU_ERR_NOMEM;
    }
    cr_assert(failures >= 2, "of both readers");
    cr_assert_not(happened);
}

Test(finding, steady_state_allocates_nothing)
{
    struct failing_alloc counting;
    unsigned calls;

    failing_alloc_init(&counting, 0);
    options.alloc = &counting.alloc;
    read_text(rich_text);
    calls = counting.calls;
    for (unsigned i = 0; i < 100; i++) {
        read_text(rich_text);
    }
    cr_assert_eq(counting.calls, calls);
    remake();
    cr_assert_eq(counting.live, 0);
}

/* --- through the splitter ----------------------------------------------- */

static char *log_page(struct slu_view page, size_t piece_max, uint32_t seed)
{
    struct slu_json_split *split =
        json_split_make("findings", "nextToken", NULL, 1u << 16);
    struct json_log events = json_run(
        split, page, (struct json_cuts){.piece_max = piece_max, .seed = seed});
    struct finding_log log = {0};
    char *text = NULL;
    size_t len;

    cr_assert_eq(events.error.code, SLU_ERR_OK);
    cr_assert_eq(events.records, FIXTURE_COUNT + 1);
    log.out = open_memstream(&text, &len);
    log.text = slu_finding_text_new(slu_alloc_default(), RECORD_MAX);
    for (char *line = strtok(events.text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        char *record = strchr(line, ' ');

        if (line[0] == 'R') {
            size_t size = strlen(record + 1);

            memcpy(text_room, record + 1, size);
            memset(text_room + size, '}', SLU_JSON_PADDING);
            cr_assert_eq(
                slu_finding_read(reader, slu_view_make(text_room, size),
                                 finding_log_indicator, &log, &finding, NULL),
                SLU_ERR_OK);
            finding_log_head(&log, &finding);
        }
    }
    (void)fclose(log.out);
    slu_finding_text_free(log.text);
    slu_json_split_free(split);
    free(events.text);
    return text;
}

Test(finding, page_cut_anywhere_reads_the_same)
{
    char *page;
    char *whole;
    size_t len;
    FILE *out = open_memstream(&page, &len);

    fprintf(out, "{\"findings\":[%s", rich_text);
    for (unsigned i = 0; i < FIXTURE_COUNT; i++) {
        fprintf(out, ",%s", fixtures[i].text);
    }
    fprintf(out, "],\"nextToken\":\"\"}");
    (void)fclose(out);
    options.groups = SLU_FINDING_GROUPS_ALL;
    reader = slu_finding_reader_new(&options);
    whole = log_page(slu_view_make(page, len), 0, 1);
    cr_assert_not_null(strstr(whole, "2001:db8::5 ipv6 ipv6 url unknown"));
    for (uint32_t seed = 1; seed <= 12; seed++) {
        char *cut =
            log_page(slu_view_make(page, len), seed == 1 ? 1 : 20 * seed, seed);

        cr_assert_str_eq(cut, whole);
        free(cut);
    }
    free(whole);
    free(page);
}
