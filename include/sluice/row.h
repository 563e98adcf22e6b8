/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one row of the findings flow: one indicator of one finding, with what
 * the finding says of it.
 * Ownership: everything is borrowed and dies with the call.
 */
#ifndef SLU_ROW_H
#define SLU_ROW_H

#include <sluice/api.h>
#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

enum slu_row_kind {
    SLU_ROW_IPV4,
    SLU_ROW_IPV6,
    SLU_ROW_DOMAIN,
    SLU_ROW_SHA256,
};
#define SLU_ROW_KIND_COUNT 4

struct slu_row {
    struct slu_view value; /* canonical; at most SLU_VALUE_MAX bytes */
    enum slu_row_kind kind;
    const char *ce_type;  /* "url" or "sha256": Cloud Exchange's type */
    const char *severity; /* "unknown", "low", "medium", "high", "critical" */
    unsigned reputation;  /* 0-10 */
    const struct slu_view *tags; /* sorted, each once */
    unsigned tag_count;
    struct slu_view comments;
    struct slu_view first_seen; /* ISO 8601 as received; ptr NULL: absent */
    struct slu_view last_seen;
    struct slu_view finding_id;
    struct slu_view finding_arn;
    struct slu_view finding_type;
    struct slu_view account;
    struct slu_view region;
};

/* "ipv4", "ipv6", "domain" or "sha256". Never NULL. */
SLU_API const char *slu_row_kind_name(enum slu_row_kind kind);

#ifdef __cplusplus
}
#endif
#endif
