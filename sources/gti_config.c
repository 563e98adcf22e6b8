/* SPDX-License-Identifier: Apache-2.0 */
/* The section "gti" of the configuration. */
#include "sources/gti.h"

#define OFFSET(member) offsetof(struct slu_gti_config, member)
#define DAY_MS (INT64_C(86400) * 1000)

static const struct slu_field fields[] = {
    {
        .key = "base_url",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(base_url),
        .default_text = "https://www.virustotal.com",
        .help = "Scheme, host and port of the API; /api/v3 is appended, and "
                "http is allowed to loopback only.",
    },
    {
        .key = "api_key",
        .type = SLU_FIELD_SECRET,
        .offset = OFFSET(api_key),
        .default_text = "{env: GTI_API_KEY}",
        .manager = true,
        .help = "Where the API key is; {secret: NAME_OR_ARN} is in AWS Secrets "
                "Manager, and key names a member of its JSON.",
    },
    {
        .key = "streams",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(streams),
        .default_text = "[domain, ip_address]",
        .max = SLU_KIND_COUNT,
        .choices = "domain|ip_address",
        .help = "Entity types of the IOC Stream to pull; [] for none.",
    },
    {
        .key = "threat_lists",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(threat_lists),
        .default_text = "all",
        .max = SLU_CHECKPOINT_LISTS_MAX,
        .or_all = true,
        .help = "Ids of Categorised Threat Lists; all is every one that can "
                "hold IP addresses or domains, [] is none.",
    },
    {
        .key = "verdicts",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(verdicts),
        .default_text = "[VERDICT_MALICIOUS]",
        .min = 1,
        .max = 5,
        .choices = "VERDICT_MALICIOUS|VERDICT_SUSPICIOUS|VERDICT_UNDETECTED|"
                   "VERDICT_BENIGN|VERDICT_UNKNOWN",
        .help = "Verdicts that put an indicator on a list; an indicator "
                "without an assessment is VERDICT_UNKNOWN.",
    },
    {
        .key = "min_score",
        .type = SLU_FIELD_INT,
        .offset = OFFSET(min_score),
        .default_text = "0",
        .max = 100,
        .help = "Lowest threat score that puts an indicator on a list.",
    },
    {
        .key = "lookback_days",
        .type = SLU_FIELD_INT,
        .offset = OFFSET(lookback_days),
        .default_text = "5",
        .min = 1,
        .max = 3650,
        .help = "How far back a pull without a checkpoint begins; above 5 "
                "only with allow_long_lookback.",
    },
    {
        .key = "allow_long_lookback",
        .type = SLU_FIELD_BOOL,
        .offset = OFFSET(allow_long_lookback),
        .default_text = "false",
        .help = "Allows a look-back of more than 5 days.",
    },
    {
        .key = "requests_per_minute",
        .type = SLU_FIELD_INT,
        .offset = OFFSET(requests_per_minute),
        .default_text = "0",
        .max = 1000000,
        .help = "Most requests a minute; 0 adapts to the server's answers "
                "only.",
    },
    {
        .key = "package_delay",
        .type = SLU_FIELD_DURATION,
        .offset = OFFSET(package_delay_ms),
        .default_text = "2h",
        .max = 7 * DAY_MS,
        .help = "How long after its hour begins a threat list's package is "
                "served.",
    },
    {
        .key = "stream_overlap",
        .type = SLU_FIELD_DURATION,
        .offset = OFFSET(stream_overlap_ms),
        .default_text = "5m",
        .max = DAY_MS,
        .help = "How far before its checkpoint the IOC Stream is read again, "
                "for what arrived late.",
    },
    {
        .key = "threat_list_limit",
        .type = SLU_FIELD_INT,
        .offset = OFFSET(threat_list_limit),
        .default_text = "4000",
        .min = 1,
        .max = SLU_GTI_LIST_LIMIT,
        .help = "Items asked of one package at once; a full answer is "
                "divided.",
    },
};

const struct slu_section slu_gti_section = {
    .name = "gti",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .size = sizeof(struct slu_gti_config),
};
