/* SPDX-License-Identifier: Apache-2.0 */
/* What: the rows of a plan about one list: its counts, then its lines. */
#ifndef SLU_ENGINE_PLAN_LINES_H
#define SLU_ENGINE_PLAN_LINES_H

#include "codecs/alloc.h"
#include <sluice/engine.h>

/* Fills row->added and row->removed by comparing the texts, tells the row, and
 * behind it a SLU_PLAN_LINE for each line that only one of them has. NOMEM. */
SLU_MUST_CHECK enum slu_err slu_plan_tell_list(const struct slu_alloc *alloc,
                                               struct slu_plan_row *row,
                                               struct slu_view before,
                                               struct slu_view after,
                                               slu_plan_fn on_row, void *ctx);

#endif
