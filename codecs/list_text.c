/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever fails half way is taken back, so that a buffer never ends in half a
 * line. */
#include "codecs/list_text.h"

#include "codecs/time_text.h"

#include <assert.h>

static const struct slu_view byte_order_mark = SLU_VIEW_LITERAL("\xef\xbb\xbf");

static bool is_blank(struct slu_view line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t') {
            return false;
        }
    }
    return true;
}

/* Cuts the first line off *text, which is not empty. */
static struct slu_view cut_line(struct slu_view *text)
{
    const char *end = memchr(text->ptr, '\n', text->len);
    struct slu_view line = *text;
    size_t taken = text->len;

    if (end != NULL) {
        line.len = (size_t)(end - text->ptr);
        taken = line.len + 1;
    }
    *text = slu_view_make(text->ptr + taken, text->len - taken);
    if (line.len >= byte_order_mark.len &&
        memcmp(line.ptr, byte_order_mark.ptr, byte_order_mark.len) == 0) {
        line.ptr += byte_order_mark.len;
        line.len -= byte_order_mark.len;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

bool slu_list_next_line(struct slu_view *text, struct slu_view *out_line)
{
    while (text->len > 0) {
        *out_line = cut_line(text);
        if (!is_blank(*out_line)) {
            return true;
        }
    }
    return false;
}

size_t slu_list_entry(const struct slu_record *record, char out[SLU_VALUE_MAX])
{
    if (record->kind == SLU_RECORD_IP) {
        return slu_ipv4_format(slu_record_cidr(record), out);
    }
    assert(record->kind == SLU_RECORD_DOMAIN);
    assert(record->key.len <= SLU_VALUE_MAX);
    memcpy(out, record->key.ptr, record->key.len);
    return record->key.len;
}

size_t slu_list_entry_length(const struct slu_record *record)
{
    return record->kind == SLU_RECORD_IP
               ? slu_ipv4_text_length(slu_record_cidr(record))
               : record->key.len;
}

static const char hex_digits[] = "0123456789abcdef";

static size_t escape_side(unsigned char byte, bool valid,
                          char out[SLU_ESCAPE_MAX])
{
    if (byte == '\\') {
        memcpy(out, "\\\\", 2);
        return 2;
    }
    if (valid && byte >= 0x20 && byte != 0x7f) {
        return 0;
    }
    memcpy(out, "\\x", 2);
    out[2] = hex_digits[byte >> 4];
    out[3] = hex_digits[byte & 15];
    return 4;
}

/* Takes back what was appended behind `len` when it ended in an error. */
static enum slu_err settle(struct slu_buf *buf, size_t len, enum slu_err err)
{
    if (err != SLU_ERR_OK) {
        buf->len = len;
    }
    return err;
}

enum slu_err slu_side_append(struct slu_buf *buf, struct slu_view value)
{
    return slu_escape_append(buf, value, escape_side);
}

enum slu_err slu_reason_append(struct slu_buf *buf, enum slu_kind kind,
                               struct slu_view value, enum slu_reason reason,
                               uint32_t last_seen)
{
    size_t len = buf->len;
    char seen[SLU_ISO_TEXT_LEN];
    enum slu_err err;

    slu_time_format_iso(last_seen, seen);
    err =
        slu_buf_printf(buf, "{\"type\":\"%s\",\"value\":", slu_kind_name(kind));
    if (err == SLU_ERR_OK) {
        err = slu_json_append_string(buf, value);
    }
    if (err == SLU_ERR_OK) {
        err = last_seen == 0
                  ? slu_buf_printf(buf, ",\"reason\":\"%s\"}\n",
                                   slu_reason_name(reason))
                  : slu_buf_printf(
                        buf, ",\"reason\":\"%s\",\"last_seen\":\"%.*s\"}\n",
                        slu_reason_name(reason), SLU_ISO_TEXT_LEN, seen);
    }
    return settle(buf, len, err);
}
