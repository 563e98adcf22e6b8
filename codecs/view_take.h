/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: reading a short text from its front, piece by piece, as the stored
 * keys and values of a source are read. What is taken is gone from *text;
 * where nothing fits, *text is left as it was.
 */
#ifndef SLU_CODECS_VIEW_TAKE_H
#define SLU_CODECS_VIEW_TAKE_H

#include <sluice/view.h>

#include <stdint.h>

bool slu_view_starts_with(struct slu_view text, const char *prefix);

bool slu_view_take_prefix(struct slu_view *text, const char *prefix);

/* Up to the first `end`, which is taken too and handed out in neither; false
 * when there is none. */
bool slu_view_take_until(struct slu_view *text, char end,
                         struct slu_view *out_part);

/* Decimal digits, of a number up to 2^53; false when there are none, or it is
 * more. */
bool slu_view_take_number(struct slu_view *text, int64_t *out_number);

#endif
