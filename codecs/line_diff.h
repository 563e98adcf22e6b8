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

/* A line, without its end, that only the new (added) or only the old text has.
 */
typedef void (*slu_line_diff_fn)(void *ctx, bool added, struct slu_view line);

/* Lines end with "\n"; the last one need not. on_line (may be NULL) is called
 * for what was removed, then for what was added, in the order of the texts; of
 * equal lines in one text, all or none. */
SLU_MUST_CHECK enum slu_err slu_line_diff(const struct slu_alloc *alloc,
                                          struct slu_view before,
                                          struct slu_view after,
                                          slu_line_diff_fn on_line, void *ctx,
                                          struct slu_line_diff *out_diff);

uint64_t slu_line_count(struct slu_view text);

#endif
