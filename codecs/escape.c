/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/escape.h"

#include <stdint.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

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

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* True when some byte of the word is zero. */
static uint64_t find_zero(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* Eight bytes at a time; a word with anything in it is left to the caller's
 * byte by byte. */
static bool is_plain_word(const char *at)
{
    uint64_t word;
    uint64_t control;

    memcpy(&word, at, sizeof(word));
    control = (word - ONES * 0x20) & ~word & HIGHS;
    return ((word & HIGHS) | control | find_zero(word ^ ONES * '"') |
            find_zero(word ^ ONES * '\\') | find_zero(word ^ ONES * 0x7f)) == 0;
}

/* How many bytes at the front are plain. */
static size_t skip_plain(struct slu_view text)
{
    size_t at = 0;

    while (text.len - at >= 8 && is_plain_word(text.ptr + at)) {
        at += 8;
    }
    while (at < text.len && is_plain((unsigned char)text.ptr[at])) {
        at++;
    }
    return at;
}

static struct slu_view view_from(struct slu_view text, size_t at)
{
    return slu_view_make(text.ptr + at, text.len - at);
}

static enum slu_err append_escaped(struct slu_buf *buf, struct slu_view text,
                                   slu_escape_fn escape)
{
    size_t run = 0; /* where the bytes begin that are not yet appended */
    size_t at = 0;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK) {
        char out[SLU_ESCAPE_MAX];
        size_t out_len;
        size_t len;

        at += skip_plain(view_from(text, at));
        if (at == text.len) {
            return slu_buf_append(buf, view_from(text, run));
        }
        len = measure_utf8(view_from(text, at));
        out_len = escape((unsigned char)text.ptr[at], len != 0, out);
        if (out_len > 0) {
            err = slu_buf_append(buf, slu_view_make(text.ptr + run, at - run));
            if (err == SLU_ERR_OK) {
                err = slu_buf_append(buf, slu_view_make(out, out_len));
            }
            run = at + 1;
        }
        at += len > 1 ? len : 1;
    }
    return err;
}

enum slu_err slu_escape_append(struct slu_buf *buf, struct slu_view text,
                               slu_escape_fn escape)
{
    size_t len = buf->len;
    enum slu_err err =
        text.len == 0 ? SLU_ERR_OK : append_escaped(buf, text, escape);

    if (err != SLU_ERR_OK) {
        buf->len = len;
    }
    return err;
}

static size_t escape_json(unsigned char byte, bool valid,
                          char out[SLU_ESCAPE_MAX])
{
    static const char hex_digits[] = "0123456789abcdef";

    if (!valid) {
        memcpy(out, SLU_REPLACEMENT, 3);
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

/* Most texts are nothing else: one look, one copy. */
static enum slu_err append_plain_string(struct slu_buf *buf,
                                        struct slu_view text)
{
    char *room;
    enum slu_err err = slu_buf_reserve(buf, text.len + 2, &room);

    if (err != SLU_ERR_OK) {
        return err;
    }
    room[0] = '"';
    memcpy(room + 1, text.ptr, text.len);
    room[text.len + 1] = '"';
    slu_buf_commit(buf, text.len + 2);
    return SLU_ERR_OK;
}

static enum slu_err append_other_string(struct slu_buf *buf,
                                        struct slu_view text)
{
    size_t len = buf->len;
    enum slu_err err = slu_buf_append(buf, slu_view_make("\"", 1));

    if (err == SLU_ERR_OK) {
        err = slu_escape_append(buf, text, escape_json);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(buf, slu_view_make("\"", 1));
    }
    if (err != SLU_ERR_OK) {
        buf->len = len;
    }
    return err;
}

enum slu_err slu_json_append_string(struct slu_buf *buf, struct slu_view text)
{
    return text.len != 0 && skip_plain(text) == text.len
               ? append_plain_string(buf, text)
               : append_other_string(buf, text);
}
