/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the interface of a sink of rows, pure: it makes text of rows. The
 * engine appends what `row` made to a file when the answer is committed, and
 * cuts the file back on resume to the length that the state knows, so that no
 * row is torn or doubled.
 *
 * A sink whose file must be made whole (a STIX bundle) has `finish`: its rows
 * go to a spool in the state folder, and at the end of a run `finish` reads all
 * of the spool and writes the file anew.
 */
#ifndef SLU_SINKS_ROW_SINK_H
#define SLU_SINKS_ROW_SINK_H

#include "codecs/buf.h"
#include <sluice/row.h>

/* What finish reads from and writes to. */
struct slu_row_finish {
    const struct slu_alloc *alloc;
    int64_t now; /* seconds since 1970, UTC */
    void *ctx;
    /* The next bytes of the spool; an empty view at its end. */
    enum slu_err (*read)(void *ctx, struct slu_view *out_bytes);
    enum slu_err (*write)(void *ctx, struct slu_view bytes);
};

struct slu_row_sink {
    const char *name; /* "ndjson": of flows */
    const char *path; /* below output_dir: "indicators.ndjson" */
    /* The bytes a new file begins with, or NULL. */
    const char *head;
    /* Appends one row's text, whole lines. */
    enum slu_err (*row)(const struct slu_row *row, struct slu_buf *out);
    /* NULL: what was appended is the file. */
    enum slu_err (*finish)(const struct slu_row_finish *finish,
                           struct slu_error *out_error);
};

extern const struct slu_row_sink slu_ndjson_sink;
extern const struct slu_row_sink slu_csv_sink;
extern const struct slu_row_sink slu_stix_sink;

#endif
