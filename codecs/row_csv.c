/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_csv.h"

#include "codecs/escape.h"

#define PUT(out, text)                                                         \
    slu_buf_append(out, slu_view_make(text, sizeof(text) - 1))

static size_t escape_cell(unsigned char byte, bool valid,
                          char out[SLU_ESCAPE_MAX])
{
    if (!valid) {
        memcpy(out, SLU_REPLACEMENT, 3);
        return 3;
    }
    if (byte == '"') {
        memcpy(out, "\"\"", 2);
        return 2;
    }
    if (byte < 0x20 || byte == 0x7f) {
        out[0] = ' ';
        return 1;
    }
    return 0;
}

/* What a spreadsheet would take for the beginning of a formula. A tab or a line
 * end before it, which some skip, is a blank by then. */
static bool begins_formula(struct slu_view text)
{
    return text.len > 0 && memchr("=+-@", text.ptr[0], 4) != NULL;
}

static bool holds(struct slu_view text, char byte)
{
    return text.len > 0 && memchr(text.ptr, byte, text.len) != NULL;
}

static enum slu_err put_cell(struct slu_buf *out, struct slu_view text)
{
    bool formula = begins_formula(text);
    bool quoted = formula || holds(text, ',') || holds(text, '"');
    enum slu_err err = SLU_ERR_OK;

    if (quoted) {
        err = formula ? PUT(out, "\"'") : PUT(out, "\"");
    }
    if (err == SLU_ERR_OK) {
        err = slu_escape_append(out, text, escape_cell);
    }
    return quoted && err == SLU_ERR_OK ? PUT(out, "\"") : err;
}

static enum slu_err put_tag(struct slu_buf *out, struct slu_view tag)
{
    size_t start = out->len;
    enum slu_err err = slu_escape_append(out, tag, escape_cell);

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
        begins_formula(row->tags[0])) {
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
    enum slu_err err = put_cell(out, row->value);

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
            err = put_cell(out, cells[i]);
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
