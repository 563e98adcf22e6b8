/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one stored indicator as a line: its bare value, an object of NDJSON, or
 * a line of CSV (RFC 4180, CRLF). Times are RFC 3339; of an indicator that
 * nobody has assessed, verdict and time of the assessment are null (CSV:
 * empty), and so is the list of one that has no line of its own.
 * Errors: those of the buffer, which is then as it was.
 */
#ifndef SLU_CODECS_INDICATOR_TEXT_H
#define SLU_CODECS_INDICATOR_TEXT_H

#include "codecs/buf.h"
#include <sluice/indicator.h>

struct slu_indicator_line {
    const struct slu_indicator *indicator;
    const char *path; /* of its list file; NULL: none */
    const char *(*source_name)(uint32_t bit);
};

#define SLU_INDICATOR_CSV_HEAD                                                 \
    "value,type,sources,verdict,score,first_seen,last_seen,assessed_at,"       \
    "list\r\n"

typedef enum slu_err (*slu_indicator_append_fn)(
    struct slu_buf *out, const struct slu_indicator_line *line);

SLU_MUST_CHECK enum slu_err
slu_indicator_append_text(struct slu_buf *out,
                          const struct slu_indicator_line *line);
SLU_MUST_CHECK enum slu_err
slu_indicator_append_ndjson(struct slu_buf *out,
                            const struct slu_indicator_line *line);
SLU_MUST_CHECK enum slu_err
slu_indicator_append_csv(struct slu_buf *out,
                         const struct slu_indicator_line *line);

#endif
