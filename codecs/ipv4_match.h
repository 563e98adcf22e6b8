/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the part of the matcher that all kernels have in common, for a kernel
 * file to include after it has defined MATCH_TARGET (its target attribute) and
 *
 *     accept_address(ptr, len, out)   the address at ptr by rule R1; len is 7
 *                                     to 15, and nothing else may be read
 *     explain_text(text)              as slu_ipv4_explain()
 *
 * There must be no branch on the length of an octet: lengths are as good as
 * random, and one branch guessed wrong costs more than all the rest. Whether
 * there is a prefix, and of how many digits, is mostly guessed right, and
 * measured to be cheaper as a branch.
 */
#ifndef SLU_CODECS_IPV4_MATCH_H
#define SLU_CODECS_IPV4_MATCH_H

#include "codecs/ipv4_kernel.h"

#define INLINE static inline __attribute__((always_inline)) MATCH_TARGET

#define ADDRESS_MIN 7  /* "0.0.0.0" */
#define ADDRESS_MAX 15 /* "255.255.255.255" */

INLINE bool accept_address(const char *ptr, size_t len, uint32_t *out_address);
INLINE enum slu_reason explain_text(struct slu_view text);

/* The bytes at ptr as a little-endian number, whatever the machine is. */
INLINE uint32_t load_four(const char *ptr)
{
    uint32_t word;

    memcpy(&word, ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/*
 * Takes "/7" or "/24" off the end of a text that has at least seven bytes. The
 * prefix is over 32 when what stands behind the '/' is none; without a '/' at
 * these two places it is 32.
 */
INLINE uint32_t take_prefix(struct slu_view *text)
{
    uint32_t last = load_four(text->ptr + text->len - 4);
    uint32_t ones = (last >> 24) - '0';
    uint32_t tens = (last >> 16 & 0xff) - '0';

    if ((last >> 8 & 0xff) == '/') {
        text->len -= 3;
        /* No leading zero, and no more than three tens. */
        return tens - 1 < 3 && ones <= 9 ? tens * 10 + ones : UINT32_MAX;
    }
    if ((last >> 16 & 0xff) == '/') {
        text->len -= 2;
        return ones <= 9 ? ones : UINT32_MAX;
    }
    return 32;
}

INLINE enum slu_reason match_text(struct slu_view text,
                                  struct slu_cidr *out_cidr,
                                  bool *out_normalised)
{
    struct slu_view address = text;
    uint32_t prefix;
    uint32_t bits;
    uint32_t masked;

    if (text.len < ADDRESS_MIN) {
        return slu_ipv4_explain(text);
    }
    prefix = take_prefix(&address);
    if (address.len - ADDRESS_MIN > ADDRESS_MAX - ADDRESS_MIN || prefix > 32 ||
        !accept_address(address.ptr, address.len, &bits)) {
        return explain_text(text);
    }
    masked = bits & (uint32_t)(UINT64_C(0xffffffff00000000) >> prefix);
    *out_cidr = (struct slu_cidr){masked, (uint8_t)prefix};
    if (out_normalised != NULL) {
        *out_normalised =
            masked != bits || (prefix == 32 && address.len != text.len);
    }
    return SLU_REASON_NONE;
}

#endif
