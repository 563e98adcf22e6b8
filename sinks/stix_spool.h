/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one row of a STIX bundle while it waits for the end of the run: a line
 * of a spool, its fields apart by tabs, those that may be absent empty (control
 * bytes are blanks):
 *
 *     kind severity first_ms last_ms value finding_id arn type tag...
 *
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_SINKS_STIX_SPOOL_H
#define SLU_SINKS_STIX_SPOOL_H

#include "codecs/buf.h"
#include <sluice/row.h>
#include <stdint.h>

#define SLU_STIX_UNKNOWN_MS INT64_MIN

struct slu_stix_seen {
    int64_t first_ms; /* or SLU_STIX_UNKNOWN_MS */
    int64_t last_ms;
    unsigned severity; /* 0-4 */
};

/* Borrowed of the line. */
struct slu_stix_spooled {
    struct slu_stix_seen seen;
    enum slu_row_kind kind;
    struct slu_view value;   /* at most SLU_VALUE_MAX bytes, not empty */
    struct slu_view finding; /* id, arn and type, with their tabs */
    struct slu_view tags;    /* with their tabs; ptr NULL: none */
};

/* Appends the line of a row. */
SLU_MUST_CHECK enum slu_err slu_stix_spool_append(const struct slu_row *row,
                                                  struct slu_buf *out);

/* A line without its end; false when it is damaged. */
bool slu_stix_spool_parse(struct slu_view line, struct slu_stix_spooled *out);

/* The next field of *line, moving it on; false behind the last. */
bool slu_stix_spool_field(struct slu_view *line, struct slu_view *out_field);

/* "unknown", "low", "medium", "high" or "critical". */
const char *slu_stix_severity_name(unsigned severity);

#endif
