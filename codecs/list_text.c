/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping walks the value once and appends runs of bytes that stay as they
 * are; whatever fails half way is taken back, so that a buffer never ends in
 * half a string.
 */
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

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/*
 * The length, 1-4, of the UTF-8 sequence at the front of text, which is not
 * empty; 0 when there is none. The ranges of the second byte are those of
 * RFC 3629: no overlong form, no surrogate, nothing over U+10FFFF.
 */
static size_t measure_utf8(struct slu_view text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;

    if (bytes[0] < 0x80) {
        return 1;
    }
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4) {
        return 0;
    }
    len = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    low = bytes[0] == 0xe0 ? 0xa0 : bytes[0] == 0xf0 ? 0x90 : low;
    high = bytes[0] == 0xed ? 0x9f : bytes[0] == 0xf4 ? 0x8f : high;
    if (text.len < len || bytes[1] < low || bytes[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
    }
    return len;
}

/* Writes what stands for a byte, or for a sequence cut short, into out and
 * returns its length; 0 when the byte stays as it is. `valid` is false for a
 * byte that is no part of UTF-8. */
typedef size_t (*escape_fn)(unsigned char byte, bool valid, char out[8]);

static const char hex_digits[] = "0123456789abcdef";

static size_t escape_side(unsigned char byte, bool valid, char out[8])
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

/* RFC 8259, 7; U+007F is escaped too, as it acts on terminals. */
static size_t escape_json(unsigned char byte, bool valid, char out[8])
{
    if (!valid) {
        memcpy(out, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (byte == '"' || byte == '\\') {
        out[0] = '\\';
        out[1] = (char)byte;
        return 2;
    }
    if (byte >= 0x20 && byte != 0x7f) {
        return 0;
    }
    memcpy(out, "\\u00", 4);
    out[4] = hex_digits[byte >> 4];
    out[5] = hex_digits[byte & 15];
    return 6;
}

static enum slu_err append_escaped(struct slu_buf *buf, struct slu_view value,
                                   escape_fn escape)
{
    size_t run = 0; /* where the bytes begin that are not yet appended */
    size_t at = 0;
    enum slu_err err = SLU_ERR_OK;

    while (at < value.len && err == SLU_ERR_OK) {
        struct slu_view rest = slu_view_make(value.ptr + at, value.len - at);
        size_t len = measure_utf8(rest);
        char out[8];
        size_t out_len = escape((unsigned char)rest.ptr[0], len != 0, out);

        if (out_len > 0) {
            err = slu_buf_append(buf, slu_view_make(value.ptr + run, at - run));
            if (err == SLU_ERR_OK) {
                err = slu_buf_append(buf, slu_view_make(out, out_len));
            }
            run = at + 1;
        }
        at += len > 1 ? len : 1;
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(buf, slu_view_make(value.ptr + run, at - run));
    }
    return err;
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
    size_t len = buf->len;

    return settle(buf, len, append_escaped(buf, value, escape_side));
}

enum slu_err slu_json_append_string(struct slu_buf *buf, struct slu_view value)
{
    size_t len = buf->len;
    enum slu_err err = slu_buf_append_str(buf, "\"");

    if (err == SLU_ERR_OK) {
        err = append_escaped(buf, value, escape_json);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(buf, "\"");
    }
    return settle(buf, len, err);
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
        err =
            slu_buf_printf(buf, ",\"reason\":\"%s\",\"last_seen\":\"%.*s\"}\n",
                           slu_reason_name(reason), SLU_ISO_TEXT_LEN, seen);
    }
    return settle(buf, len, err);
}
