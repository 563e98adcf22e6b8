/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one row of findings as a line of CSV (RFC 4180: CRLF, cells with a
 * comma or a quote in quotes), with the columns of NDJSON in its order. What is
 * absent is an empty cell.
 *
 * A finding's texts come from outside (whoever names an instance's tag writes
 * them), and people open CSV in spreadsheets. So, other than in NDJSON, which
 * keeps every text as it is:
 *
 *   - A cell that begins with = + - or @, the first of which alone would have a
 *     spreadsheet compute it, gets an apostrophe before it, and is quoted.
 *   - Control bytes, line ends among them, become a blank: one row is one line,
 *     whatever reads it. Bytes that are not UTF-8 become U+FFFD.
 *   - Tags are joined by ";". AWS allows none in a tag; one that has it all the
 *     same gets "," for it.
 *
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_CODECS_ROW_CSV_H
#define SLU_CODECS_ROW_CSV_H

#include "codecs/buf.h"
#include <sluice/row.h>

/* The line of column names that a file begins with. */
#define SLU_ROW_CSV_HEAD                                                       \
    "value,type,ce_type,severity,reputation,tags,comments,first_seen,"         \
    "last_seen,finding_id,finding_arn,finding_type,account,region\r\n"

SLU_MUST_CHECK enum slu_err slu_row_csv_append(const struct slu_row *row,
                                               struct slu_buf *out);

#endif
