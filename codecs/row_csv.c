/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_csv.h"

#include "codecs/csv_cell.h"

#define PUT(out, text)                                                         \
    slu_buf_append(out, slu_view_make(text, sizeof(text) - 1))

static enum slu_err put_tag(struct slu_buf *out, struct slu_view tag)
{
    size_t start = out->len;
    enum slu_err err = slu_escape_append(out, tag, slu_csv_escape);

    for (size_t i = start; i < out->len && err == SLU_ERR_OK; i++) {
        if (out->ptr[i] == ';') {
            out->ptr[i] = ',';
        }
    }
    return err;
}

/* Always in quotes, so that the tags need not be looked at beforehand. */
static enum slu_err put_tags(struct slu_buf *out, const struct slu_row *row)
{
    enum slu_err err = PUT(out, "\"");

    if (err == SLU_ERR_OK && row->tag_count > 0 &&
        slu_csv_begins_formula(row->tags[0])) {
        err = PUT(out, "'");
    }
    for (unsigned i = 0; i < row->tag_count && err == SLU_ERR_OK; i++) {
        if (i > 0) {
            err = PUT(out, ";");
        }
        if (err == SLU_ERR_OK) {
            err = put_tag(out, row->tags[i]);
        }
    }
    return err == SLU_ERR_OK ? PUT(out, "\"") : err;
}

static enum slu_err put_head(struct slu_buf *out, const struct slu_row *row)
{
    enum slu_err err = slu_csv_append_cell(out, row->value);

    if (err == SLU_ERR_OK) {
        err = slu_buf_printf(out, ",%s,%s,%s,%u,", slu_row_kind_name(row->kind),
                             row->ce_type, row->severity, row->reputation);
    }
    return err == SLU_ERR_OK ? put_tags(out, row) : err;
}

static enum slu_err put_cells(struct slu_buf *out, const struct slu_row *row)
{
    const struct slu_view cells[] = {
        row->comments,    row->first_seen,   row->last_seen, row->finding_id,
        row->finding_arn, row->finding_type, row->account,   row->region,
    };
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        if (err == SLU_ERR_OK) {
            err = PUT(out, ",");
        }
        if (err == SLU_ERR_OK) {
            err = slu_csv_append_cell(out, cells[i]);
        }
    }
    return err;
}

enum slu_err slu_row_csv_append(const struct slu_row *row, struct slu_buf *out)
{
    size_t len = out->len;
    enum slu_err err = put_head(out, row);

    if (err == SLU_ERR_OK) {
        err = put_cells(out, row);
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, "\r\n");
    }
    if (err != SLU_ERR_OK) {
        out->len = len;
    }
    return err;
}
