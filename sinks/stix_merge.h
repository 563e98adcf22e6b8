/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the rows of a STIX bundle, merged by kind and value: first seen the
 * earliest, last seen the latest, severity the worst, tags united, findings
 * counted, each once. The order in which rows came leaves no trace.
 *
 * Life cycle: new; add...; sort; get(0), get(1), ...; free.
 * Limits: SLU_STIX_TEXT_MAX bytes of values, of findings and of tags each, and
 * SLU_STIX_LINKS_MAX links of an indicator to a finding or a tag, each of which
 * takes 8 bytes; of an indicator SLU_STIX_LABELS_MAX tags (the first by name)
 * and SLU_STIX_REFERENCES_MAX findings (those last seen) are shown, all are
 * counted.
 * Errors: NOMEM, LIMIT (above), STATE (a line of the spool is damaged).
 */
#ifndef SLU_SINKS_STIX_MERGE_H
#define SLU_SINKS_STIX_MERGE_H

#include "codecs/stix.h"
#include "sinks/stix_spool.h"

#define SLU_STIX_TEXT_MAX ((size_t)256 << 20)
#define SLU_STIX_LINKS_MAX ((size_t)32 << 20)
#define SLU_STIX_LABELS_MAX 64
#define SLU_STIX_REFERENCES_MAX 20

struct slu_stix_merge;

/* NULL when out of memory. */
struct slu_stix_merge *slu_stix_merge_new(const struct slu_alloc *alloc);
void slu_stix_merge_free(struct slu_stix_merge *self);

/* One line of the spool (stix_spool.h), without its end. */
SLU_MUST_CHECK enum slu_err slu_stix_merge_add(struct slu_stix_merge *self,
                                               struct slu_view line);
SLU_MUST_CHECK enum slu_err slu_stix_merge_sort(struct slu_stix_merge *self);

/* The next indicator by kind and value; false at the end. It dies with the next
 * call. */
bool slu_stix_merge_next(struct slu_stix_merge *self,
                         struct slu_stix_indicator *out_indicator);

#endif
