/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the walk (json_walk_loop.h) knows all along, the characters of a
 * text, and its strings. Private to it.
 *
 * A string without an escape stays where it is. Of others what is plain is
 * copied 64 bytes at a time, which writes beyond its end, and the next piece
 * overwrites that.
 */
#ifndef SLU_CODECS_JSON_WALK_TEXT_H
#define SLU_CODECS_JSON_WALK_TEXT_H

#include "codecs/json_index_loop.h"
#include "codecs/json_walk.h"
#include "codecs/utf8_put.h"

/* What all of the walk shares. The token at hand goes from function to function
 * in a register: a pointer to its start, or NULL when the walk is over. */
struct walk {
    const struct slu_json_walk_task *task;
    const struct slu_json_index *index;
    const char *base;
    uint64_t wanted; /* fields not yet met */
    unsigned reported;
    uint32_t element; /* ordinal of the innermost element */
    char *room;       /* where the next string without its escapes goes */
    bool is_done;     /* over, and all is well */
};

typedef const uint32_t *token;

INLINE unsigned find_string_end(const char *text);
INLINE uint64_t find_blanks(const char *text);
INLINE bool equals_line(const struct slu_json_line *line, const char *text);

/* --- characters --------------------------------------------------------- */

INLINE bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

INLINE bool is_open(uint8_t c)
{
    return (c | 0x20) == '{';
}

INLINE bool is_close(uint8_t c)
{
    return (c | 0x20) == '}';
}

INLINE bool is_separator(char c)
{
    return c == ',' || c == ':';
}

INLINE const char *pass_blanks(const char *text)
{
    while (is_blank(*text)) {
        uint64_t others = ~find_blanks(text);

        text += others == 0 ? BLOCK : (unsigned)__builtin_ctzll(others);
    }
    return text;
}

/* The last byte before text that is no white space; there is one. */
INLINE const char *find_before(const struct walk *walk, const char *text)
{
    uint64_t others = 0;

    while (others == 0 && text - walk->base >= (ptrdiff_t)BLOCK) {
        text -= BLOCK;
        others = ~find_blanks(text);
    }
    if (others != 0) {
        return text + BLOCK - 1 - __builtin_clzll(others);
    }
    text--;
    while (is_blank(*text)) {
        text--;
    }
    return text;
}

/* --- strings ------------------------------------------------------------ */

/* The closing quote of the string that begins at text, or a backslash. */
INLINE const char *find_quote(const char *text)
{
    unsigned len = find_string_end(text);

    while (len == BLOCK) {
        text += BLOCK;
        len = find_string_end(text);
    }
    return text + len;
}

/* The end of a string of which nobody wants to know what it says; text: its
 * opening quote. */
INLINE const char *pass_string(const char *text)
{
    text = find_quote(text + 1);
    while (*text == '\\') {
        text = find_quote(text + 2);
    }
    return text + 1;
}

/* Four hexadecimal digits, without a branch on what they are; false if they
 * aren't. */
INLINE bool take_hex(const char *text, uint32_t *out_code)
{
    bool good = true;
    uint32_t code = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned c = (unsigned char)text[i];

        good &= (c - '0' <= 9) | ((c | 0x20) - 'a' <= 5);
        code = code << 4 | ((c & 15) + 9 * (c >> 6));
    }
    *out_code = code;
    return good;
}

/* What is behind \u; a pair of surrogates is one character. */
INLINE const char *take_unicode(const char *text, char **io_at)
{
    uint32_t code, low;

    if (!take_hex(text, &code)) {
        return NULL;
    }
    text += 4;
    if (code >> 11 == 0xd800 >> 11) {
        if (code >= 0xdc00 || text[0] != '\\' || text[1] != 'u' ||
            !take_hex(text + 2, &low) || low >> 10 != 0xdc00 >> 10) {
            return NULL;
        }
        text += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *io_at += slu_utf8_put(code, *io_at);
    return text;
}

/* What is behind a backslash; returns its end, or NULL. */
INLINE const char *take_escape(const char *text, char **io_at)
{
    static const char plain[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    char c = plain[*text & 127];

    if (*text == 'u') {
        return take_unicode(text + 1, io_at);
    }
    *(*io_at)++ = c;
    return c != 0 && (*text & 0x80) == 0 ? text + 1 : NULL;
}

/* text: behind its opening quote. Returns its end, or NULL. */
static SCAN_TARGET __attribute__((noinline)) const char *
unescape_string(struct walk *walk, const char *text, struct slu_view *out)
{
    char *at = walk->room != NULL ? walk->room
                                  : walk->task->make_room(walk->task->room_ctx);
    const char *start = at;

    while (at != NULL && text != NULL) {
        unsigned len = find_string_end(text);

        memcpy(at, text, BLOCK);
        at += len;
        text += len;
        if (len < BLOCK && *text == '"') {
            walk->room = at;
            *out = slu_view_make(start, (size_t)(at - start));
            return text + 1;
        }
        text = len < BLOCK ? take_escape(text + 1, &at) : text;
    }
    return NULL;
}

/* text: its opening quote. Returns its end, or NULL. */
INLINE const char *take_string(struct walk *walk, const char *text,
                               struct slu_view *out)
{
    const char *end = find_quote(text + 1);

    if (*end != '"') {
        return unescape_string(walk, text + 1, out);
    }
    *out = slu_view_make(text + 1, (size_t)(end - text) - 1);
    return end + 1;
}

#endif
