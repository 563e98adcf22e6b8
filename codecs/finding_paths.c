/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are those of the wire: the members of the service's model, 2017-11-
 * 28, with the first letter small. Of the model's 568 leaves, these are read;
 * others that look alike are no indicators: networkInterfaces, localIpDetails
 * and sequence.resources[] are the victim's own.
 */
#include "codecs/finding_paths.h"

#include <stddef.h>

#define BIT(group) SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_##group)

#define HEAD(path_text, what)                                                  \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_##what                 \
    }
/* Kept in that member of the finding. */
#define KEPT(path_text, what, member)                                          \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_##what,                \
        .offset = offsetof(struct slu_finding, member)                         \
    }
#define OF_ACTION(path_text, what, of_rule)                                    \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_##what,                \
        .rule = SLU_FINDING_RULE_##of_rule                                     \
    }
/* Members of a scanned file: read when its hash is wanted. */
#define OF_FILE(path_text, what)                                               \
    {                                                                          \
        .path = FILES path_text, .yield = SLU_FINDING_YIELD_##what,            \
        .kind = SLU_ROW_SHA256, .group = SLU_FINDING_GROUP_EBS_VOLUME_SCAN,    \
        .needs = BIT(EBS_VOLUME_SCAN), .rule = SLU_FINDING_RULE_SCAN           \
    }
#define VALUE(path_text, of_kind, of_group, of_rule)                           \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_VALUE,                 \
        .kind = SLU_ROW_##of_kind, .group = SLU_FINDING_GROUP_##of_group,      \
        .needs = BIT(of_group), .rule = SLU_FINDING_RULE_##of_rule             \
    }
/* An IPv6 address of a place whose group must be wanted too. */
#define IPV6(path_text, place, of_rule)                                        \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_VALUE,                 \
        .kind = SLU_ROW_IPV6, .group = SLU_FINDING_GROUP_IPV6,                 \
        .needs = BIT(IPV6) | BIT(place), .rule = SLU_FINDING_RULE_##of_rule    \
    }
#define EITHER_IP(path_text, of_group)                                         \
    {                                                                          \
        .path = (path_text), .yield = SLU_FINDING_YIELD_EITHER_IP,             \
        .kind = SLU_ROW_IPV4, .group = SLU_FINDING_GROUP_##of_group,           \
        .needs = BIT(of_group), .rule = SLU_FINDING_RULE_OTHER                 \
    }

#define ACTION "service.action."
#define SCAN "service.ebsVolumeScanDetails."
#define DETECTIONS SCAN "scanDetections."
#define FILES DETECTIONS "threatDetectedByName.threatNames[].filePaths[]"
#define AT_RUNTIME "service.runtimeDetails."
#define MALWARE "service.malwareScanDetails.threats[]."
#define SEQUENCE "service.detection.sequence."
#define INTERFACES "resource.instanceDetails.networkInterfaces[]."

static const struct slu_finding_path paths[] = {
    KEPT("id", STRING, id),
    KEPT("arn", STRING, arn),
    KEPT("type", STRING, type),
    KEPT("accountId", STRING, account),
    KEPT("region", STRING, region),
    KEPT("description", STRING, description),
    KEPT("updatedAt", TIME, updated_at),
    KEPT("service.eventFirstSeen", TIME, first_seen),
    KEPT("service.eventLastSeen", TIME, last_seen),
    KEPT("service.archived", FLAG, archived),
    KEPT("service.additionalInfo.sample", FLAG, sample),
    HEAD("service.additionalInfo.value", INFO_TEXT),
    HEAD("service.additionalInfo.threatListName", LIST_NAME),
    HEAD("service.evidence.threatIntelligenceDetails[].threatListName",
         LIST_NAME),
    HEAD("severity", SEVERITY),
    HEAD("resource.instanceDetails.tags[].value", INSTANCE_TAG),
    KEPT(INTERFACES "privateIpAddress", PRESENT, has_private),
    KEPT(INTERFACES "publicIp", PRESENT, has_public),
    HEAD(SCAN "sources[]", SCAN_SOURCE),
    KEPT(SCAN "triggerFindingId", STRING, trigger_finding_id),
    KEPT(DETECTIONS "highestSeverityThreatDetails.severity", STRING,
         scan_severity),
    KEPT(DETECTIONS "threatDetectedByName.shortened", FLAG, scan_shortened),

    HEAD("service.action", ACTION),
    KEPT(ACTION "actionType", STRING, action_type),
    HEAD(ACTION "networkConnectionAction", KNOWN_ACTION),
    HEAD(ACTION "portProbeAction", KNOWN_ACTION),
    HEAD(ACTION "dnsRequestAction", KNOWN_ACTION),
    HEAD(ACTION "awsApiCallAction", KNOWN_ACTION),
    HEAD(ACTION "kubernetesApiCallAction", KNOWN_ACTION),
    HEAD(ACTION "rdsLoginAttemptAction", KNOWN_ACTION),
    OF_ACTION(ACTION "networkConnectionAction.blocked", BLOCKED, NETWORK),
    OF_ACTION(ACTION "portProbeAction.blocked", BLOCKED, PROBE),
    OF_ACTION(ACTION "dnsRequestAction.blocked", BLOCKED, DNS),

    /* The plugin's four. */
    VALUE(ACTION "networkConnectionAction.remoteIpDetails.ipAddressV4", IPV4,
          NETWORK_CONNECTION, NETWORK),
    VALUE(ACTION "portProbeAction.portProbeDetails[].remoteIpDetails."
                 "ipAddressV4",
          IPV4, PORT_PROBE, PROBE),
    VALUE(ACTION "dnsRequestAction.domain", DOMAIN, DNS_REQUEST, DNS),
    OF_FILE("", FILE),
    OF_FILE(".fileName", FILE_NAME),
    OF_FILE(".filePath", FILE_PATH),
    OF_FILE(".hash", FILE_HASH),

    VALUE(ACTION "dnsRequestAction.domainWithSuffix", DOMAIN, DNS_SUFFIX, DNS),
    VALUE(ACTION "awsApiCallAction.remoteIpDetails.ipAddressV4", IPV4, API_CALL,
          OTHER),
    VALUE(ACTION "awsApiCallAction.domainDetails.domain", DOMAIN, API_CALL,
          OTHER),
    VALUE(ACTION "kubernetesApiCallAction.remoteIpDetails.ipAddressV4", IPV4,
          KUBERNETES, OTHER),
    EITHER_IP(ACTION "kubernetesApiCallAction.sourceIPs[]", KUBERNETES),
    VALUE(ACTION "rdsLoginAttemptAction.remoteIpDetails.ipAddressV4", IPV4, RDS,
          OTHER),
    VALUE(AT_RUNTIME "process.executableSha256", SHA256, RUNTIME, OTHER),
    VALUE(AT_RUNTIME "context.modifyingProcess.executableSha256", SHA256,
          RUNTIME, OTHER),
    VALUE(AT_RUNTIME "context.targetProcess.executableSha256", SHA256, RUNTIME,
          OTHER),
    VALUE(AT_RUNTIME "context.moduleSha256", SHA256, RUNTIME, OTHER),
    VALUE(MALWARE "hash", SHA256, MALWARE_SCAN, OTHER),
    VALUE(MALWARE "itemPaths[].hash", SHA256, MALWARE_SCAN, OTHER),
    VALUE(MALWARE "itemDetails[].hash", SHA256, MALWARE_SCAN, OTHER),
    VALUE("resource.s3BucketDetails[].s3ObjectDetails[].hash", SHA256,
          MALWARE_SCAN, OTHER),
    EITHER_IP(SEQUENCE "endpoints[].ip", ATTACK_SEQUENCE),
    VALUE(SEQUENCE "endpoints[].domain", DOMAIN, ATTACK_SEQUENCE, OTHER),
    VALUE(SEQUENCE "actors[].process.sha256", SHA256, ATTACK_SEQUENCE, OTHER),
    VALUE("service.evidence.threatIntelligenceDetails[].threatFileSha256",
          SHA256, THREAT_INTEL_HASH, OTHER),

    IPV6(ACTION "networkConnectionAction.remoteIpDetails.ipAddressV6",
         NETWORK_CONNECTION, NETWORK),
    IPV6(ACTION "portProbeAction.portProbeDetails[].remoteIpDetails."
                "ipAddressV6",
         PORT_PROBE, PROBE),
    IPV6(ACTION "awsApiCallAction.remoteIpDetails.ipAddressV6", API_CALL,
         OTHER),
    IPV6(ACTION "kubernetesApiCallAction.remoteIpDetails.ipAddressV6",
         KUBERNETES, OTHER),
    IPV6(ACTION "rdsLoginAttemptAction.remoteIpDetails.ipAddressV6", RDS,
         OTHER),
};

#define PATH_COUNT (sizeof(paths) / sizeof(paths[0]))
_Static_assert(PATH_COUNT <= SLU_FINDING_PATHS_MAX, "all paths have room");

const struct slu_finding_path *slu_finding_paths(unsigned *out_count)
{
    *out_count = PATH_COUNT;
    return paths;
}
