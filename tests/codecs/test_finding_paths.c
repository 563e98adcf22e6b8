/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/finding_paths.h"
#include "finding_drive.h"
#include "finding_log.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(finding_paths, .init = set_up, .fini = tear_down);

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
    enum slu_row_kind kind;
    uint32_t groups; /* all needed; the indicator's is the highest */
};

static const struct fixture fixtures[] = {
    {REMOTE_PATH("networkConnectionAction", "4"),
     REMOTE("networkConnectionAction", "4", "192.0.2.1"), "192.0.2.1",
     SLU_ROW_IPV4, BIT(NETWORK_CONNECTION)},
    {PROBE_PATH("4"), PROBE("4", "192.0.2.2"), "192.0.2.2", SLU_ROW_IPV4,
     BIT(PORT_PROBE)},
    {"service.action.dnsRequestAction.domain",
     ACTION("\"dnsRequestAction\":{\"domain\":\"Evil.Example.\"}"),
     "Evil.Example.", SLU_ROW_DOMAIN, BIT(DNS_REQUEST)},
    {"service.ebsVolumeScanDetails.scanDetections.threatDetectedByName."
     "threatNames[].filePaths[].hash",
     FILES("{\"hash\":\"" HASH "\"}"), HASH, SLU_ROW_SHA256,
     BIT(EBS_VOLUME_SCAN)},
    {"service.action.dnsRequestAction.domainWithSuffix",
     ACTION("\"dnsRequestAction\":{\"domainWithSuffix\":\"a.b.example\"}"),
     "a.b.example", SLU_ROW_DOMAIN, BIT(DNS_SUFFIX)},
    {REMOTE_PATH("awsApiCallAction", "4"),
     REMOTE("awsApiCallAction", "4", "192.0.2.3"), "192.0.2.3", SLU_ROW_IPV4,
     BIT(API_CALL)},
    {"service.action.awsApiCallAction.domainDetails.domain",
     ACTION("\"awsApiCallAction\":{\"domainDetails\":{\"domain\":\"c.org\"}}"),
     "c.org", SLU_ROW_DOMAIN, BIT(API_CALL)},
    {REMOTE_PATH("kubernetesApiCallAction", "4"),
     REMOTE("kubernetesApiCallAction", "4", "192.0.2.4"), "192.0.2.4",
     SLU_ROW_IPV4, BIT(KUBERNETES)},
    {"service.action.kubernetesApiCallAction.sourceIPs[]",
     ACTION("\"kubernetesApiCallAction\":{\"sourceIPs\":[\"192.0.2.5\"]}"),
     "192.0.2.5", SLU_ROW_IPV4, BIT(KUBERNETES)},
    {REMOTE_PATH("rdsLoginAttemptAction", "4"),
     REMOTE("rdsLoginAttemptAction", "4", "192.0.2.6"), "192.0.2.6",
     SLU_ROW_IPV4, BIT(RDS)},
    {"service.runtimeDetails.process.executableSha256",
     RUNTIME(EXECUTABLE("process")), HASH, SLU_ROW_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.modifyingProcess.executableSha256",
     RUNTIME("\"context\":{" EXECUTABLE("modifyingProcess") "}"), HASH,
     SLU_ROW_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.targetProcess.executableSha256",
     RUNTIME("\"context\":{" EXECUTABLE("targetProcess") "}"), HASH,
     SLU_ROW_SHA256, BIT(RUNTIME)},
    {"service.runtimeDetails.context.moduleSha256",
     RUNTIME("\"context\":{\"moduleSha256\":\"" HASH "\"}"), HASH,
     SLU_ROW_SHA256, BIT(RUNTIME)},
    {"service.malwareScanDetails.threats[].hash",
     MALWARE("\"hash\":\"" HASH "\""), HASH, SLU_ROW_SHA256, BIT(MALWARE_SCAN)},
    {"service.malwareScanDetails.threats[].itemPaths[].hash",
     MALWARE("\"itemPaths\":[{\"hash\":\"" HASH "\"}]"), HASH, SLU_ROW_SHA256,
     BIT(MALWARE_SCAN)},
    {"service.malwareScanDetails.threats[].itemDetails[].hash",
     MALWARE("\"itemDetails\":[{\"hash\":\"" HASH "\"}]"), HASH, SLU_ROW_SHA256,
     BIT(MALWARE_SCAN)},
    {"resource.s3BucketDetails[].s3ObjectDetails[].hash",
     "{\"resource\":{\"s3BucketDetails\":[{\"s3ObjectDetails\":[{\"hash\":"
     "\"" HASH "\"}]}]}}",
     HASH, SLU_ROW_SHA256, BIT(MALWARE_SCAN)},
    {"service.detection.sequence.endpoints[].ip",
     SEQUENCE("\"endpoints\":[{\"id\":\"e\",\"ip\":\"192.0.2.7\"}]"),
     "192.0.2.7", SLU_ROW_IPV4, BIT(ATTACK_SEQUENCE)},
    {"service.detection.sequence.endpoints[].domain",
     SEQUENCE("\"endpoints\":[{\"domain\":\"d.example\"}]"), "d.example",
     SLU_ROW_DOMAIN, BIT(ATTACK_SEQUENCE)},
    {"service.detection.sequence.actors[].process.sha256",
     SEQUENCE("\"actors\":[{\"process\":{\"sha256\":\"" HASH "\"}}]"), HASH,
     SLU_ROW_SHA256, BIT(ATTACK_SEQUENCE)},
    {"service.evidence.threatIntelligenceDetails[].threatFileSha256",
     SERVICE("\"evidence\":{\"threatIntelligenceDetails\":[{"
             "\"threatFileSha256\":\"" HASH "\"}]}"),
     HASH, SLU_ROW_SHA256, BIT(THREAT_INTEL_HASH)},
    {REMOTE_PATH("networkConnectionAction", "6"),
     REMOTE("networkConnectionAction", "6", "2001:db8::1"), "2001:db8::1",
     SLU_ROW_IPV6, BIT(IPV6) | BIT(NETWORK_CONNECTION)},
    {PROBE_PATH("6"), PROBE("6", "2001:db8::2"), "2001:db8::2", SLU_ROW_IPV6,
     BIT(IPV6) | BIT(PORT_PROBE)},
    {REMOTE_PATH("awsApiCallAction", "6"),
     REMOTE("awsApiCallAction", "6", "2001:db8::3"), "2001:db8::3",
     SLU_ROW_IPV6, BIT(IPV6) | BIT(API_CALL)},
    {REMOTE_PATH("kubernetesApiCallAction", "6"),
     REMOTE("kubernetesApiCallAction", "6", "2001:db8::4"), "2001:db8::4",
     SLU_ROW_IPV6, BIT(IPV6) | BIT(KUBERNETES)},
    {REMOTE_PATH("rdsLoginAttemptAction", "6"),
     REMOTE("rdsLoginAttemptAction", "6", "2001:db8::5"), "2001:db8::5",
     SLU_ROW_IPV6, BIT(IPV6) | BIT(RDS)},
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

Test(finding_paths, every_path_yields_its_indicator_when_its_group_is_wanted)
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

Test(finding_paths, table_holds_no_path_without_a_fixture)
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

Test(finding_paths, address_that_may_be_either_is_what_it_looks_like)
{
    static const char *text = ACTION(
        "\"kubernetesApiCallAction\":{\"sourceIPs\":[\"192.0.2.1\",7,\"\","
        "\"2001:db8::1\",null]}");

    options.groups = BIT(KUBERNETES) | BIT(IPV6);
    read_text(text);
    cr_assert_eq(seen_count, 2);
    cr_assert_eq(seen[0].kind, SLU_ROW_IPV4);
    cr_assert_eq(seen[1].kind, SLU_ROW_IPV6);
    cr_assert(is(seen[1].value, "2001:db8::1"));
    cr_assert_eq(finding.unusable, 2);
    options.groups = BIT(KUBERNETES);
    remake();
    read_text(text);
    cr_assert_eq(seen_count, 1);
}

/* --- several, and files ------------------------------------------------- */

Test(finding_paths, several_triggers_in_one_finding_all_yield)
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

Test(finding_paths, file_keeps_its_own_members_in_any_order)
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

Test(finding_paths, shortened_scan_is_told)
{
    read_text(SERVICE("\"ebsVolumeScanDetails\":{\"scanDetections\":{"
                      "\"threatDetectedByName\":{\"shortened\":true}}}"));
    cr_assert(finding.scan_shortened);
}

Test(finding_paths, wanted_value_that_is_none_is_counted)
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

Test(finding_paths, what_is_over_the_limit_is_counted)
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

Test(finding_paths, file_over_the_limit_changes_no_other)
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

Test(finding_paths, tags_over_the_limit_cost_no_indicator)
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
            struct slu_json_event event =
                slu_json_event_of(slu_view_make(text_room, size));

            memcpy(text_room, record + 1, size);
            memset(text_room + size, '}', SLU_JSON_PADDING);
            cr_assert_eq(slu_finding_read(reader, &event, finding_log_indicator,
                                          &log, &finding, NULL),
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

Test(finding_paths, page_cut_anywhere_reads_the_same)
{
    char *page;
    char *whole;
    size_t len;
    FILE *out = open_memstream(&page, &len);

    fprintf(out, "{\"findings\":[%s", RICH_TEXT);
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
