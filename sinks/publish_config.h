/* SPDX-License-Identifier: Apache-2.0 */
/* What: the section `publish` of the configuration: how lists become sets. */
#ifndef SLU_SINKS_PUBLISH_CONFIG_H
#define SLU_SINKS_PUBLISH_CONFIG_H

#include "codecs/field.h"
#include <sluice/err.h>

struct slu_publish_config {
    int64_t wait_ms;            /* for ACTIVE, at the end of a sync */
    struct slu_strings regions; /* of the sets; empty: aws.region */
    int64_t max_shrink;         /* percent of a list's lines */
};

extern const struct slu_section slu_publish_section;

/* CONFIG: what is no region, or a region given twice. */
SLU_MUST_CHECK enum slu_err
slu_publish_config_check(const struct slu_publish_config *self,
                         struct slu_error *out_error);

/* The shrink guard: true when a list of `before` lines that shall have `after`
 * would lose more than max_shrink percent of them. */
bool slu_publish_shrinks_too_much(const struct slu_publish_config *self,
                                  uint64_t before, uint64_t after);

#endif
