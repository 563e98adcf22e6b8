/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the texts of a row made from a finding's indicator, as the Netskope
 * plugin 1.1.0 writes them (rule R12):
 *
 *     tags      "GuardDuty-" before each: of an IP or domain the values of the
 *               instance's tags and "NetworkConnectionAction:Blocked" and so
 *               on; of a scanned file the scan's sources; and of all "private"
 *               and "public", by the network interfaces. Sorted, each once.
 *     comments  "Finding ARN: A, Finding Type: T, Description: D", and of a
 *               scanned file "Finding Arn: A, TriggerFindingId: I, Name: N,
 *               Filepath: P, Description: D"; "Not Found" for what is absent,
 *               but "None" for an absent description of the first form.
 *
 * The groups that the plugin doesn't have get the first form and its tags.
 * Life cycle: new, any number of calls, free.
 * Limits: a text is at most record_max and SLU_FINDING_TEXT_EXTRA bytes.
 * Ownership: what is handed out dies with the next call for another finding or
 * rule, or the same call for another indicator.
 * Errors: NOMEM, LIMIT.
 */
#ifndef SLU_CODECS_FINDING_TEXT_H
#define SLU_CODECS_FINDING_TEXT_H

#include "codecs/finding.h"

#define SLU_FINDING_TAG_PREFIX "GuardDuty-"
#define SLU_FINDING_TEXT_EXTRA 32768

/* What Cloud Exchange assumes where a plugin says nothing, as this one does. */
#define SLU_FINDING_REPUTATION 5

struct slu_finding_tags {
    const struct slu_view *items;
    unsigned count;
};

struct slu_finding_text;

/* NULL when out of memory. */
struct slu_finding_text *slu_finding_text_new(const struct slu_alloc *alloc,
                                              size_t record_max);
void slu_finding_text_free(struct slu_finding_text *self);

SLU_MUST_CHECK enum slu_err
slu_finding_text_tags(struct slu_finding_text *self,
                      const struct slu_finding *finding,
                      const struct slu_finding_indicator *indicator,
                      struct slu_finding_tags *out_tags);

SLU_MUST_CHECK enum slu_err
slu_finding_text_comments(struct slu_finding_text *self,
                          const struct slu_finding *finding,
                          const struct slu_finding_indicator *indicator,
                          struct slu_view *out_comments);

/*
 * "unknown", "low", "medium", "high" or "critical". Of an IP or domain by the
 * finding's number: below 1 unknown, 4 low, 7 medium, 9 high, up to 10.0
 * critical (the plugin: unknown at 10.0). Of a scanned file the scan's word
 * when it is one of these, whatever its case.
 */
const char *
slu_finding_text_severity(const struct slu_finding *finding,
                          const struct slu_finding_indicator *indicator);

/* Cloud Exchange's type: "sha256", else "url". */
const char *slu_finding_text_ce_type(enum slu_row_kind kind);

#endif
