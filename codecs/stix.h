/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: STIX 2.1 objects as JSON: the identity that made them, and indicators
 * with a pattern of the value. Ids are UUIDs of version 5 in a namespace of our
 * own, of "identity" and of "<kind>:<value>": the same indicator has the same
 * id in every run and every installation.
 *
 *     {"type":"indicator","spec_version":"2.1","id":"indicator--...",
 *      "created_by_ref":"identity--...","created":"2017-11-28T00:00:00.000Z",
 *      "modified":M,"name":V,
 *      "description":"Severity high, in 2 findings of Amazon GuardDuty",
 *      "indicator_types":["malicious-activity"],
 *      "pattern":"[ipv4-addr:value = '192.0.2.1']","pattern_type":"stix",
 *      "pattern_version":"2.1","valid_from":F,"labels":[TAGS],
 *      "external_references":[{"source_name":"Amazon GuardDuty",
 *          "description":TYPE,"external_id":ARN}]}
 *
 * F is when the value was first seen and M when it was last seen; where the
 * findings don't say, 1970. An earlier sighting that comes later moves F: the
 * file depends on what is known, not on the order in which it came. `created`
 * may never change for an id (STIX 2.1, 3.6), and an id is the same everywhere:
 * so it is the same for all, the day GuardDuty began. Labels and
 * references are left out when there are none, as STIX wants it.
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_CODECS_STIX_H
#define SLU_CODECS_STIX_H

#include "codecs/buf.h"
#include "codecs/uuid.h"
#include <sluice/row.h>
#include <stdint.h>

/* "9faab7f4-7e88-49b9-bd39-59c396f64bff", of the ids. */
extern const unsigned char slu_stix_namespace[SLU_UUID_LEN];

struct slu_stix_reference {
    struct slu_view finding_id;
    struct slu_view finding_arn; /* empty: the id stands for it */
    struct slu_view finding_type;
};

struct slu_stix_indicator {
    enum slu_row_kind kind;
    struct slu_view value; /* at most SLU_VALUE_MAX bytes */
    int64_t first_ms;      /* since 1970 */
    int64_t last_ms;
    const char *severity;
    uint64_t findings;
    const struct slu_view *labels;
    unsigned label_count;
    const struct slu_stix_reference *references;
    unsigned reference_count;
};

SLU_MUST_CHECK enum slu_err slu_stix_identity_append(struct slu_buf *out);

SLU_MUST_CHECK enum slu_err
slu_stix_indicator_append(const struct slu_stix_indicator *indicator,
                          struct slu_buf *out);

#endif
