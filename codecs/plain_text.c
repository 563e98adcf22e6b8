/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/plain_text.h"

#include <stdint.h>

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

void slu_plain_text_copy(struct slu_view text, char *out, size_t room)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t len = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t step = measure_character(bytes + at, text.len - at);
        bool blank = step == 0 || is_control(bytes + at);

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
