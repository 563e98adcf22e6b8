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

static bool accept_address(const char *ptr, size_t len, uint32_t *out_address);
static enum slu_reason explain_text(struct slu_view text);

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

/* The number of a prefix of one or two digits; over 32 when it is none. */
INLINE uint32_t read_prefix(const char *ptr, size_t len)
{
    uint32_t ones = (uint32_t)(unsigned char)ptr[len - 1] - '0';
    uint32_t tens = (uint32_t)(unsigned char)ptr[0] - '0';

    if (ones > 9) {
        return UINT32_MAX;
    }
    /* No leading zero, and no more than three tens. */
    return len == 1 ? ones : tens - 1 < 3 ? tens * 10 + ones : UINT32_MAX;
}

/* A text with a '/' at that place, behind which are one or two bytes. */
INLINE enum slu_reason match_range(struct slu_view text, size_t slash,
                                   struct slu_cidr *out_cidr,
                                   bool *out_normalised)
{
    uint32_t prefix = read_prefix(text.ptr + slash + 1, text.len - slash - 1);
    uint32_t bits;
    uint32_t masked;

    if (slash - ADDRESS_MIN > ADDRESS_MAX - ADDRESS_MIN || prefix > 32 ||
        !accept_address(text.ptr, slash, &bits)) {
        return explain_text(text);
    }
    masked = bits & (uint32_t)(UINT64_C(0xffffffff00000000) >> prefix);
    *out_cidr = (struct slu_cidr){masked, (uint8_t)prefix};
    if (out_normalised != NULL) {
        *out_normalised = masked != bits || prefix == 32;
    }
    return SLU_REASON_NONE;
}

INLINE enum slu_reason match_text(struct slu_view text,
                                  struct slu_cidr *out_cidr,
                                  bool *out_normalised)
{
    uint32_t bits;

    if (text.len < ADDRESS_MIN) {
        return slu_ipv4_explain(text);
    }
    if (text.ptr[text.len - 3] == '/') {
        return match_range(text, text.len - 3, out_cidr, out_normalised);
    }
    if (text.ptr[text.len - 2] == '/') {
        return match_range(text, text.len - 2, out_cidr, out_normalised);
    }
    if (text.len > ADDRESS_MAX || !accept_address(text.ptr, text.len, &bits)) {
        return explain_text(text);
    }
    *out_cidr = (struct slu_cidr){bits, 32};
    if (out_normalised != NULL) {
        *out_normalised = false;
    }
    return SLU_REASON_NONE;
}

#endif
