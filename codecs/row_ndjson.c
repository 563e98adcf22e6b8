/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_ndjson.h"

#include "codecs/escape.h"

/* A literal, without the strlen. */
#define PUT(out, text)                                                         \
    slu_buf_append(out, slu_view_make(text, sizeof(text) - 1))

static enum slu_err put_text(struct slu_buf *out, struct slu_view text)
{
    return text.ptr == NULL ? PUT(out, "null")
                            : slu_json_append_string(out, text);
}

static enum slu_err put_tags(struct slu_buf *out, const struct slu_row *row)
{
    enum slu_err err = PUT(out, "[");

    for (unsigned i = 0; i < row->tag_count && err == SLU_ERR_OK; i++) {
        if (i > 0) {
            err = PUT(out, ",");
        }
        if (err == SLU_ERR_OK) {
            err = slu_json_append_string(out, row->tags[i]);
        }
    }
    return err == SLU_ERR_OK ? PUT(out, "]") : err;
}

/* value to reputation: words of our own, which need no escape, and the value,
 * which is canonical and needs none either, but is given one all the same. */
static enum slu_err put_head(struct slu_buf *out, const struct slu_row *row)
{
    enum slu_err err = PUT(out, "{\"value\":");

    if (err == SLU_ERR_OK) {
        err = put_text(out, row->value);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_printf(
            out,
            ",\"type\":\"%s\",\"ce_type\":\"%s\",\"severity\":\"%s\","
            "\"reputation\":%u,\"tags\":",
            slu_row_kind_name(row->kind), row->ce_type, row->severity,
            row->reputation);
    }
    return err == SLU_ERR_OK ? put_tags(out, row) : err;
}

static enum slu_err put_members(struct slu_buf *out, const struct slu_row *row)
{
    const struct {
        struct slu_view before;
        struct slu_view text;
    } members[] = {
        {SLU_VIEW_LITERAL(",\"comments\":"), row->comments},
        {SLU_VIEW_LITERAL(",\"first_seen\":"), row->first_seen},
        {SLU_VIEW_LITERAL(",\"last_seen\":"), row->last_seen},
        {SLU_VIEW_LITERAL(",\"finding_id\":"), row->finding_id},
        {SLU_VIEW_LITERAL(",\"finding_arn\":"), row->finding_arn},
        {SLU_VIEW_LITERAL(",\"finding_type\":"), row->finding_type},
        {SLU_VIEW_LITERAL(",\"account\":"), row->account},
        {SLU_VIEW_LITERAL(",\"region\":"), row->region},
    };
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (err == SLU_ERR_OK) {
            err = slu_buf_append(out, members[i].before);
        }
        if (err == SLU_ERR_OK) {
            err = put_text(out, members[i].text);
        }
    }
    return err;
}

enum slu_err slu_row_ndjson_append(const struct slu_row *row,
                                   struct slu_buf *out)
{
    size_t len = out->len;
    enum slu_err err = put_head(out, row);

    if (err == SLU_ERR_OK) {
        err = put_members(out, row);
    }
    if (err == SLU_ERR_OK) {
        err = PUT(out, "}\n");
    }
    if (err != SLU_ERR_OK) {
        out->len = len;
    }
    return err;
}
