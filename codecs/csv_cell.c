/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/csv_cell.h"

#define PUT(out, text)                                                         \
    slu_buf_append(out, slu_view_make(text, sizeof(text) - 1))

size_t slu_csv_escape(unsigned char byte, bool valid, char out[SLU_ESCAPE_MAX])
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

bool slu_csv_begins_formula(struct slu_view text)
{
    return text.len > 0 && memchr("=+-@", text.ptr[0], 4) != NULL;
}

static bool holds(struct slu_view text, char byte)
{
    return text.len > 0 && memchr(text.ptr, byte, text.len) != NULL;
}

enum slu_err slu_csv_append_cell(struct slu_buf *out, struct slu_view text)
{
    bool formula = slu_csv_begins_formula(text);
    bool quoted = formula || holds(text, ',') || holds(text, '"');
    enum slu_err err = SLU_ERR_OK;

    if (quoted) {
        err = formula ? PUT(out, "\"'") : PUT(out, "\"");
    }
    if (err == SLU_ERR_OK) {
        err = slu_escape_append(out, text, slu_csv_escape);
    }
    return quoted && err == SLU_ERR_OK ? PUT(out, "\"") : err;
}
