/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one cell of a line of CSV (RFC 4180), made safe for spreadsheets; see
 * row_csv.h for why and how.
 * Errors: those of the buffer.
 */
#ifndef SLU_CODECS_CSV_CELL_H
#define SLU_CODECS_CSV_CELL_H

#include "codecs/escape.h"

SLU_MUST_CHECK enum slu_err slu_csv_append_cell(struct slu_buf *out,
                                                struct slu_view text);

/* Of type slu_escape_fn, for what stands inside quotes. */
size_t slu_csv_escape(unsigned char byte, bool valid, char out[SLU_ESCAPE_MAX]);

/* What a spreadsheet would take for the beginning of a formula. A tab or a line
 * end before it, which some skip, is a blank by then. */
bool slu_csv_begins_formula(struct slu_view text);

#endif
