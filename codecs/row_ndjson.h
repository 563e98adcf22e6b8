/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one row of findings as a line of NDJSON (rule R12), its members always
 * all there and in this order:
 *
 *     {"value":"192.0.2.1","type":"ipv4","ce_type":"url","severity":"high",
 *      "reputation":5,"tags":["GuardDuty-public"],"comments":"...",
 *      "first_seen":"2025-08-07T05:00:00.000Z","last_seen":null,
 *      "finding_id":"...","finding_arn":"...","finding_type":"...",
 *      "account":"...","region":"..."}
 *
 * What is absent is null. Whatever bytes a text has, the line is valid JSON and
 * valid UTF-8, and ends with the only line end in it.
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_CODECS_ROW_NDJSON_H
#define SLU_CODECS_ROW_NDJSON_H

#include "codecs/buf.h"
#include <sluice/row.h>

SLU_MUST_CHECK enum slu_err slu_row_ndjson_append(const struct slu_row *row,
                                                  struct slu_buf *out);

#endif
