/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: reads one GuardDuty finding, in the wire form of GetFindings (which the
 * S3 export and an EventBridge event's `detail` share): what is told of the
 * finding, and its indicators. Where they are is one table, finding_paths.c;
 * the texts of a row are made by finding_text.h. Rules R11 and R12.
 *
 * Life cycle: new (compiles the paths of the wanted groups), read..., free.
 * Limits: SLU_FINDING_INDICATORS_MAX indicators and SLU_FINDING_TAGS_MAX tags a
 * finding; what is beyond is counted in `cut`.
 * Ownership: strings point into the text or into the reader; they die with the
 * next read, as does all that a finding points to.
 * Errors: MALFORMED, NOMEM, LIMIT (the text of additionalInfo.value is over
 * record_max). Absent and null members are nothing. A member of another type
 * than the model's is taken as absent, and an indicator's is counted.
 * Threads: one reader per thread.
 */
#ifndef SLU_CODECS_FINDING_H
#define SLU_CODECS_FINDING_H

#include "codecs/alloc.h"
#include "codecs/json_split.h"
#include "codecs/reason.h"
#include <sluice/err.h>
#include <sluice/row.h>

#define SLU_FINDING_INDICATORS_MAX 65536
#define SLU_FINDING_TAGS_MAX 1024

/* The groups of indicators, as the configuration spells them; the first four
 * are the Netskope plugin's and the default. An IPv6 address needs IPV6 and the
 * group of the place where it stands. */
#define SLU_FINDING_GROUP_MAP(X)                                               \
    X(NETWORK_CONNECTION, "network_connection")                                \
    X(PORT_PROBE, "port_probe")                                                \
    X(DNS_REQUEST, "dns_request")                                              \
    X(EBS_VOLUME_SCAN, "ebs_volume_scan")                                      \
    X(API_CALL, "api_call")                                                    \
    X(KUBERNETES, "kubernetes")                                                \
    X(RDS, "rds")                                                              \
    X(RUNTIME, "runtime")                                                      \
    X(MALWARE_SCAN, "malware_scan")                                            \
    X(ATTACK_SEQUENCE, "attack_sequence")                                      \
    X(THREAT_INTEL_HASH, "threat_intel_hash")                                  \
    X(IPV6, "ipv6")                                                            \
    X(DNS_SUFFIX, "dns_suffix")

enum slu_finding_group {
#define SLU_FINDING_GROUP_MEMBER(name, text) SLU_FINDING_GROUP_##name,
    SLU_FINDING_GROUP_MAP(SLU_FINDING_GROUP_MEMBER)
#undef SLU_FINDING_GROUP_MEMBER
        SLU_FINDING_GROUP_COUNT
};

/* Sets of groups. */
#define SLU_FINDING_GROUP_BIT(group) (1u << (group))
#define SLU_FINDING_GROUPS_DEFAULT 0xfu
#define SLU_FINDING_GROUPS_ALL ((1u << SLU_FINDING_GROUP_COUNT) - 1)

/* How comment and tags of an indicator are made: see finding_text.h. */
enum slu_finding_rule {
    SLU_FINDING_RULE_NETWORK, /* of the finding; tag when it was blocked */
    SLU_FINDING_RULE_PROBE,
    SLU_FINDING_RULE_DNS,
    SLU_FINDING_RULE_OTHER, /* of the finding */
    SLU_FINDING_RULE_SCAN,  /* of the EBS volume scan and the file */
};

struct slu_finding_options {
    const struct slu_alloc *alloc;
    size_t record_max; /* bytes: the longest text that read is given */
    uint32_t groups;   /* wanted; SLU_FINDING_GROUPS_DEFAULT */
    bool include_samples;
    bool include_archived;
    /* finding_compat: netskope. What the plugin chose: samples, archived
     * findings and echoes are kept, and a severity of 10.0 is unknown. What it
     * merely got wrong (findings lost by an exception) stays mended. */
    bool compat_netskope;
    struct slu_view own_list_prefix; /* of our lists' names; empty: no echoes.
                                        Must outlive the reader */
};

struct slu_finding_time {
    struct slu_view text; /* as received; a number's is made, "...000Z" */
    int64_t ms;           /* since 1970, when known */
    bool known;
};

/* An absent string has ptr NULL. */
struct slu_finding {
    struct slu_view id;
    struct slu_view arn;
    struct slu_view type;
    struct slu_view account;
    struct slu_view region;
    struct slu_view description;
    bool has_severity;
    double severity;
    struct slu_finding_time updated_at;
    struct slu_finding_time first_seen;
    struct slu_finding_time last_seen;
    bool archived;
    bool sample; /* in additionalInfo, or in the text of its `value` */
    struct slu_view own_list; /* the first threat list named that is ours */
    /* NONE, or why its indicators are dropped: SAMPLE, ARCHIVED, ECHO. */
    enum slu_reason reason;

    struct slu_view action_type;
    bool unknown_action; /* an action that this reader doesn't know */

    /* What comments and tags are made of. */
    uint32_t blocked; /* set of enum slu_finding_rule */
    bool has_private;
    bool has_public;
    bool compat_netskope;
    struct slu_view scan_severity;
    struct slu_view trigger_finding_id;
    const struct slu_view *instance_tags;
    unsigned instance_tag_count;
    const struct slu_view *scan_sources;
    unsigned scan_source_count;

    bool scan_shortened;      /* the scan names only some of its threats */
    unsigned indicator_count; /* of the wanted groups, dropped or not */
    unsigned unusable;        /* wanted values that were empty or no string,
                                 and scanned files without a hash */
    unsigned cut;             /* indicators and tags over the limits */
    uint64_t serial;          /* of the read */
};

struct slu_finding_indicator {
    struct slu_view value;  /* as received, not empty */
    enum slu_row_kind kind; /* what it claims to be; nothing is checked
                               here: checks.h does that */
    enum slu_finding_group group;
    enum slu_finding_rule rule;
    unsigned index;            /* among the finding's, from 0 */
    struct slu_view file_name; /* RULE_SCAN only, ptr NULL when absent */
    struct slu_view file_path;
};

/* Called for each indicator in the order of the text, when the whole finding
 * has been read. */
typedef void (*slu_finding_indicator_fn)(
    void *ctx, const struct slu_finding *finding,
    const struct slu_finding_indicator *indicator);

struct slu_finding_reader;

/* NULL when out of memory. */
struct slu_finding_reader *
slu_finding_reader_new(const struct slu_finding_options *options);
void slu_finding_reader_free(struct slu_finding_reader *self);

/*
 * record: an event of the splitter, of which text and tokens count (so a text
 * with padding behind it will do). Nothing is called unless the whole was read,
 * and nothing for a finding with a reason.
 */
SLU_MUST_CHECK enum slu_err
slu_finding_read(struct slu_finding_reader *self,
                 const struct slu_json_event *record,
                 slu_finding_indicator_fn on_indicator, void *ctx,
                 struct slu_finding *out_finding, struct slu_error *out_error);

/* "network_connection" and so on. Never NULL. */
const char *slu_finding_group_name(enum slu_finding_group group);

#endif
