/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how many lines of two texts are in one and not in the other, whatever
 * their order. By XXH3 fingerprints of 64 bits: of two lists of 250,000 lines
 * the chance that two different lines are taken for the same is 1 in 10^8.
 * Limits: 16 bytes of memory for each line while it works.
 * Errors: NOMEM.
 */
#ifndef SLU_CODECS_LINE_DIFF_H
#define SLU_CODECS_LINE_DIFF_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

struct slu_line_diff {
    uint64_t added;   /* in the new text only */
    uint64_t removed; /* in the old text only */
};

/* Lines end with "\n"; the last one need not. */
SLU_MUST_CHECK enum slu_err slu_line_diff(const struct slu_alloc *alloc,
                                          struct slu_view before,
                                          struct slu_view after,
                                          struct slu_line_diff *out_diff);

uint64_t slu_line_count(struct slu_view text);

#endif
