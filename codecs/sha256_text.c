/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sha256_text.h"

/* No branch per byte, so that compilers make vector code of the loop. */
enum slu_reason slu_sha256_match(struct slu_view text,
                                 char out[SLU_SHA256_TEXT_LEN])
{
    unsigned bad = 0;

    if (text.len != SLU_SHA256_TEXT_LEN) {
        return text.len == 0 ? SLU_REASON_EMPTY : SLU_REASON_HASH_LENGTH;
    }
    for (unsigned i = 0; i < SLU_SHA256_TEXT_LEN; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char lower = c | 0x20; /* of a digit: itself */
        unsigned is_digit = (unsigned char)(c - '0') < 10;
        unsigned is_letter = (unsigned char)(lower - 'a') < 6;

        bad |= (is_digit | is_letter) ^ 1;
        out[i] = (char)lower;
    }
    return bad == 0 ? SLU_REASON_NONE : SLU_REASON_HASH_CHARACTER;
}
