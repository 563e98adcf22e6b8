/* SPDX-License-Identifier: Apache-2.0 */
/* What: the value of one hexadecimal digit. */
#ifndef SLU_CODECS_HEX_DIGIT_H
#define SLU_CODECS_HEX_DIGIT_H

/* 0-15, or -1 for what is no digit. */
static inline int slu_hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

#endif
