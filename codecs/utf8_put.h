/* SPDX-License-Identifier: Apache-2.0 */
/* What: one character of Unicode as UTF-8. */
#ifndef SLU_CODECS_UTF8_PUT_H
#define SLU_CODECS_UTF8_PUT_H

#include <stddef.h>
#include <stdint.h>

#define SLU_UTF8_MAX 4

/* Returns the length; code is below 0x110000. */
static inline size_t slu_utf8_put(uint32_t code, char out[SLU_UTF8_MAX])
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = len; i-- > 1;) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(marks[len] | code);
    return len;
}

#endif
