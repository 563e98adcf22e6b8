/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/plain_text.h"

#include <stdint.h>
#include <string.h>

#define SECRET_MIN 37

/* How many bytes the character at ptr takes (RFC 3629, 1-4), or 0 when it is
 * none. */
static size_t measure_character(const unsigned char *ptr, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = ptr[0];
    size_t want = first < 0x80                    ? 1
                  : first >= 0xc2 && first < 0xe0 ? 2
                  : first >= 0xe0 && first < 0xf0 ? 3
                  : first >= 0xf0 && first < 0xf5 ? 4
                                                  : 0;
    uint32_t value = want == 1 ? first : first & (0xffu >> (want + 1));

    if (want == 0 || want > len) {
        return 0;
    }
    for (size_t i = 1; i < want; i++) {
        if ((ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (ptr[i] & 0x3f);
    }
    if (value < least[want] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    return want;
}

static bool is_control(const unsigned char *ptr)
{
    return ptr[0] < 0x20 || ptr[0] == 0x7f || (ptr[0] == 0xc2 && ptr[1] < 0xa0);
}

/* ---- what may be a secret ---- */

static bool is_key_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/' ||
           byte == '=' || byte == '_' || byte == '-';
}

/* The word in which this place lies begins as an ARN does. */
static bool is_in_arn(struct slu_view text, size_t at)
{
    while (at > 0 &&
           (is_key_byte(text.ptr[at - 1]) ? text.ptr[at - 1] != '='
                                          : text.ptr[at - 1] == ':')) {
        at--;
    }
    return text.len - at >= 4 && memcmp(text.ptr + at, "arn:", 4) == 0;
}

/* How long the run of key bytes is that begins here when it is one to hide;
 * else 0. */
static size_t measure_secret(struct slu_view text, size_t at)
{
    bool telling = false;
    size_t end = at;

    if (at > 0 && is_key_byte(text.ptr[at - 1])) {
        return 0; /* its beginning has been judged */
    }
    while (end < text.len && is_key_byte(text.ptr[end])) {
        telling = telling || strchr("0123456789+=", text.ptr[end]) != NULL;
        end++;
    }
    return telling && end - at >= SECRET_MIN && !is_in_arn(text, at) ? end - at
                                                                     : 0;
}

/* ---- copying ---- */

static size_t put_hidden(char *out, size_t len, size_t room)
{
    static const char word[] = "[hidden]";
    size_t put = sizeof(word) - 1;

    if (put > room - 1 - len) {
        put = room - 1 - len;
    }
    memcpy(out + len, word, put);
    return len + put;
}

static void copy(struct slu_view text, bool hiding, char *out, size_t room)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t len = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t secret = hiding ? measure_secret(text, at) : 0;
        size_t step = measure_character(bytes + at, text.len - at);
        bool blank = step == 0 || is_control(bytes + at);

        if (secret > 0) {
            len = put_hidden(out, len, room);
            at += secret;
            continue;
        }
        step += step == 0;
        if (len + step > room - 1) {
            break;
        }
        for (size_t i = 0; i < step; i++) {
            out[len++] = blank ? ' ' : text.ptr[at + i];
        }
        at += step;
    }
    out[len] = '\0';
}

void slu_plain_text_copy(struct slu_view text, char *out, size_t room)
{
    copy(text, false, out, room);
}

void slu_plain_text_copy_hiding(struct slu_view text, char *out, size_t room)
{
    copy(text, true, out, room);
}
