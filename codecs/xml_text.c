/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/xml_text.h"
#include "codecs/hex_digit.h"
#include "codecs/utf8_put.h"

#include <stdint.h>

#define CODE_POINT_MAX 0x10ffffu

/* ---- tags ---- */

struct tag {
    size_t start;         /* of "<" */
    size_t end;           /* behind ">" */
    struct slu_view name; /* as it stands */
    bool closing;         /* </name> */
    bool empty;           /* <name/> */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Where `needle` begins at or behind `at`, or text.len. */
static size_t find_text(struct slu_view text, size_t at, const char *needle)
{
    size_t len = strlen(needle);

    for (; at + len <= text.len; at++) {
        const char *found =
            memchr(text.ptr + at, needle[0], text.len - len - at + 1);

        if (found == NULL) {
            break;
        }
        at = (size_t)(found - text.ptr);
        if (memcmp(found, needle, len) == 0) {
            return at;
        }
    }
    return text.len;
}

/* Behind the ">" that ends the tag, which may stand in an attribute's quotes
 * without ending it; 0 when there is none. */
static size_t find_tag_end(struct slu_view text, size_t at)
{
    char quote = '\0';

    for (; at < text.len; at++) {
        char byte = text.ptr[at];

        if (quote != '\0') {
            quote = byte == quote ? '\0' : quote;
        } else if (byte == '>') {
            return at + 1;
        } else if (byte == '"' || byte == '\'') {
            quote = byte;
        }
    }
    return 0;
}

static void read_tag(struct slu_view text, size_t start, size_t end,
                     struct tag *out_tag)
{
    size_t at = start + 1;
    size_t name_at;

    out_tag->start = start;
    out_tag->end = end;
    out_tag->closing = text.ptr[at] == '/';
    out_tag->empty = text.ptr[end - 2] == '/' && !out_tag->closing;
    at += out_tag->closing;
    name_at = at;
    while (text.ptr[at] != '>' && text.ptr[at] != '/' &&
           !is_blank(text.ptr[at])) {
        at++;
    }
    out_tag->name = slu_view_make(text.ptr + name_at, at - name_at);
}

/* The next tag from `at` on; comments and the XML declaration are passed over.
 * False when there is none that is closed. */
static bool find_tag(struct slu_view text, size_t at, struct tag *out_tag)
{
    for (;;) {
        size_t start = find_text(text, at, "<");
        struct slu_view rest = {text.ptr + start, text.len - start};
        size_t end;

        if (rest.len >= 4 && memcmp(rest.ptr, "<!--", 4) == 0) {
            end = find_text(text, start + 4, "-->");
            at = end + 3;
        } else if (rest.len >= 2 && memcmp(rest.ptr, "<?", 2) == 0) {
            end = find_text(text, start + 2, "?>");
            at = end + 2;
        } else {
            end = find_tag_end(text, start);
            if (end != 0) {
                read_tag(text, start, end, out_tag);
            }
            return end != 0;
        }
        if (end == text.len) {
            return false;
        }
    }
}

/* ---- elements ---- */

/* The end tag that belongs to an element whose content begins at `at`. */
static bool find_close(struct slu_view text, const char *name, size_t at,
                       struct tag *out_tag)
{
    unsigned depth = 1;

    while (find_tag(text, at, out_tag)) {
        at = out_tag->end;
        if (!slu_view_equal_str(out_tag->name, name)) {
            continue;
        }
        if (out_tag->closing && --depth == 0) {
            return true;
        }
        depth += !out_tag->closing && !out_tag->empty;
    }
    return false;
}

bool slu_xml_next(struct slu_view text, const char *name, size_t *in_out_at,
                  struct slu_view *out_inner)
{
    struct tag open = {.end = *in_out_at};
    struct tag close;

    if (*in_out_at >= text.len) {
        return false;
    }
    do {
        if (!find_tag(text, open.end, &open)) {
            return false;
        }
    } while (open.closing || !slu_view_equal_str(open.name, name));
    if (open.empty) {
        close = open;
        close.start = open.end;
    } else if (!find_close(text, name, open.end, &close)) {
        return false;
    }
    *out_inner = slu_view_make(text.ptr + open.end, close.start - open.end);
    *in_out_at = close.end;
    return true;
}

bool slu_xml_find(struct slu_view text, const char *name,
                  struct slu_view *out_inner)
{
    size_t at = 0;

    return slu_xml_next(text, name, &at, out_inner);
}

/* ---- references ---- */

/* "#233" or "#xe9"; 0 for what is no character. */
static uint32_t read_number(struct slu_view text)
{
    int base = text.len > 1 && text.ptr[1] == 'x' ? 16 : 10;
    uint32_t value = 0;
    size_t at = base == 16 ? 2 : 1;

    for (; at < text.len; at++) {
        int digit = slu_hex_digit(text.ptr[at]);

        if (digit < 0 || digit >= base) {
            return 0;
        }
        value = value * (uint32_t)base + (uint32_t)digit;
        if (value > CODE_POINT_MAX) {
            return 0;
        }
    }
    return value >= 0xd800 && value <= 0xdfff ? 0 : value;
}

/* What stands between "&" and ";". 0 when unknown. */
static uint32_t read_reference(struct slu_view name)
{
    static const struct {
        const char *name;
        char byte;
    } entities[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
    };

    if (name.len > 0 && name.ptr[0] == '#') {
        return read_number(name);
    }
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (slu_view_equal_str(name, entities[i].name)) {
            return (unsigned char)entities[i].byte;
        }
    }
    return 0;
}

static enum slu_err append_character(struct slu_buf *buf, uint32_t c)
{
    char out[SLU_UTF8_MAX];

    return slu_buf_append(buf, slu_view_make(out, slu_utf8_put(c, out)));
}

/* At "&": appends what it stands for and moves *at behind the ";". */
static enum slu_err append_reference(struct slu_buf *buf, struct slu_view raw,
                                     size_t *at)
{
    const char *from = raw.ptr + *at + 1;
    const char *end = memchr(from, ';', raw.len - *at - 1);
    uint32_t c =
        end == NULL ? 0
                    : read_reference(slu_view_make(from, (size_t)(end - from)));

    if (c == 0) {
        return SLU_ERR_MALFORMED;
    }
    *at = (size_t)(end - raw.ptr) + 1;
    return append_character(buf, c);
}

static enum slu_err append_text(struct slu_buf *buf, struct slu_view raw)
{
    enum slu_err err = SLU_ERR_OK;
    size_t at = 0;

    while (at < raw.len && err == SLU_ERR_OK) {
        size_t from = at;

        while (at < raw.len && raw.ptr[at] != '&' && raw.ptr[at] != '<') {
            at++;
        }
        err = slu_buf_append(buf, slu_view_make(raw.ptr + from, at - from));
        if (err == SLU_ERR_OK && at < raw.len) {
            err = raw.ptr[at] == '<' ? SLU_ERR_MALFORMED
                                     : append_reference(buf, raw, &at);
        }
    }
    return err;
}

enum slu_err slu_xml_unescape(struct slu_buf *buf, struct slu_view raw)
{
    size_t len = buf->len;
    enum slu_err err = append_text(buf, raw);

    if (err != SLU_ERR_OK) {
        buf->len = len;
    }
    return err;
}
