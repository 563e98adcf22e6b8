/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the text of the files in the output folder: list files (one entry a
 * line, "\n", no blank line), side files (the bare value as received, control
 * bytes escaped as \xNN and the backslash as \\), and reasons.ndjson.
 */
#ifndef SLU_CODECS_LIST_TEXT_H
#define SLU_CODECS_LIST_TEXT_H

#include "codecs/escape.h"
#include "codecs/record.h"

/* The next line of *text without its "\n" or "\r\n", moving *text on; false at
 * the end. Blank lines and a UTF-8 byte order mark are skipped. */
bool slu_list_next_line(struct slu_view *text, struct slu_view *out_line);

/* Writes the entry of an IP or DOMAIN record without "\n"; returns its length,
 * at most SLU_VALUE_MAX. */
size_t slu_list_entry(const struct slu_record *record, char out[SLU_VALUE_MAX]);

/* The length of that, without making it. */
size_t slu_list_entry_length(const struct slu_record *record);

/* Appends a value with every byte below 0x20, 0x7f, every byte that is not
 * part of valid UTF-8, and the backslash escaped. */
SLU_MUST_CHECK enum slu_err slu_side_append(struct slu_buf *buf,
                                            struct slu_view value);

/* One line of reasons.ndjson:
 * {"type":"domain","value":"...","reason":"domain_underscore",
 *  "last_seen":"2025-08-07T05:00:00Z"}\n
 * last_seen 0: not known, and not told. */
SLU_MUST_CHECK enum slu_err slu_reason_append(struct slu_buf *buf,
                                              enum slu_kind kind,
                                              struct slu_view value,
                                              enum slu_reason reason,
                                              uint32_t last_seen);

#endif
