/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the part of the matcher that all kernels have in common, for a kernel
 * file to include after it has defined MATCH_TARGET (its target attribute) and
 *
 *     classify(ptr, len, out, out_masks)   the masks of a name of 4 to 64
 *                                          bytes, which go to out in lower case
 *
 * No byte outside of the name is read; out has SLU_VALUE_MAX bytes, all of
 * which may be written. With the masks, rule R2 is a handful of operations on
 * 64-bit words, with no branch per byte or label, for a wrong name as well.
 */
#ifndef SLU_CODECS_DOMAIN_MATCH_H
#define SLU_CODECS_DOMAIN_MATCH_H

#include "codecs/domain_kernel.h"
#include "codecs/domain_scan.h"

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline)) MATCH_TARGET

#define SHORT_MIN 4
#define SHORT_MAX 64

/* Bit i: byte i of the name is one. No bit is set behind its end. */
struct masks {
    uint64_t letters;
    uint64_t dots;
    uint64_t hyphens;
    uint64_t others; /* none of these, and no digit */
};

INLINE void classify(const char *ptr, size_t len, char *out,
                     struct masks *out_masks);

/* Where a label starts or ends: at byte 0 and behind each dot, before each dot
 * and at the last byte. */
INLINE uint64_t find_edges(uint64_t dots, size_t len)
{
    return (dots << 1 | 1) | (dots >> 1 | (uint64_t)1 << (len - 1));
}

/* From 1 to 64 bits. */
INLINE uint64_t low_bits(size_t len)
{
    return UINT64_MAX >> (64 - len);
}

/*
 * An empty label is a dot where another label starts or ends. The last label is
 * of letters when the last byte that is none is a dot. A label can't exceed 63
 * bytes when the name has at most 64 and a dot in it.
 */
INLINE bool obey_rule(const struct masks *masks, size_t len)
{
    uint64_t edges = find_edges(masks->dots, len);
    uint64_t bad = masks->others | ((masks->dots | masks->hyphens) & edges);
    uint64_t rest = (masks->letters ^ low_bits(len)) | 1;

    return bad == 0 && (masks->dots >> (63 - __builtin_clzll(rest)) & 1) != 0;
}

/* Whether a name without hyphens, now in out, has no letter behind 'f'. */
INLINE bool is_hex(const char *out, uint64_t letters)
{
    while (letters != 0 && out[__builtin_ctzll(letters)] <= 'f') {
        letters &= letters - 1;
    }
    return letters == 0;
}

/* A name that holds a byte which no name may hold. In the order of
 * domain_scan.h. */
INLINE enum slu_reason judge_others(struct slu_view name,
                                    const struct masks *masks,
                                    unsigned min_labels, char *out,
                                    size_t *out_len)
{
    bool ascii = true;
    bool only_colons = true;

    for (uint64_t left = masks->others; left != 0; left &= left - 1) {
        char byte = name.ptr[__builtin_ctzll(left)];

        if (byte == '/') {
            return SLU_REASON_URL;
        }
        only_colons &= byte == ':';
        ascii &= (unsigned char)byte < 0x80;
    }
    if (!ascii) {
        return slu_domain_match_rest(name, min_labels, out, out_len);
    }
    if (only_colons && masks->hyphens == 0 && is_hex(out, masks->letters)) {
        return SLU_REASON_IP_AS_DOMAIN;
    }
    return slu_domain_scan_byte(name.ptr[__builtin_ctzll(masks->others)]);
}

/* "xn--" and something behind the last dot, in out, which is lower-cased. */
INLINE bool ends_in_a_label(const char *out, size_t len, uint64_t dots)
{
    size_t start = dots == 0 ? 0 : 64 - (size_t)__builtin_clzll(dots);

    return len - start > 4 && memcmp(out + start, "xn--", 4) == 0;
}

/* What obey_rule() does not take: wrong for the most part, but also a name with
 * one label or with an A-label at its end. In the order of domain_scan.h. */
INLINE enum slu_reason judge_labels(const struct masks *masks, size_t len,
                                    unsigned min_labels, const char *out)
{
    uint64_t edges = find_edges(masks->dots, len);
    uint64_t two = masks->dots & (masks->dots - 1);
    uint64_t one = two & (two - 1);
    bool empty = (masks->dots & edges) != 0;

    if ((masks->letters | masks->hyphens) == 0 && !empty && one != 0 &&
        (one & (one - 1)) == 0) {
        return SLU_REASON_IP_AS_DOMAIN;
    }
    if (empty || (masks->dots == 0 && len > 63)) {
        return SLU_REASON_DOMAIN_LABEL;
    }
    if ((masks->hyphens & edges) != 0) {
        return SLU_REASON_DOMAIN_HYPHEN;
    }
    if (masks->dots == 0 && min_labels > 1) {
        return SLU_REASON_DOMAIN_SINGLE_LABEL;
    }
    return (masks->dots == 0 && masks->letters == low_bits(len)) ||
                   ends_in_a_label(out, len, masks->dots)
               ? SLU_REASON_NONE
               : SLU_REASON_DOMAIN_TLD;
}

/* The name without "*.". */
INLINE enum slu_reason match_name(struct slu_view name, unsigned min_labels,
                                  char *out, size_t *out_len)
{
    struct masks masks;
    size_t len = name.len;

    if (len < SHORT_MIN) {
        return slu_domain_match_rest(name, min_labels, out, out_len);
    }
    len -= name.ptr[len - 1] == '.';
    if (len - SHORT_MIN > SHORT_MAX - SHORT_MIN) {
        return slu_domain_match_rest(name, min_labels, out, out_len);
    }
    classify(name.ptr, len, out, &masks);
    *out_len = len;
    if (obey_rule(&masks, len)) {
        return SLU_REASON_NONE;
    }
    if (masks.others != 0) {
        return judge_others(name, &masks, min_labels, out, out_len);
    }
    return judge_labels(&masks, len, min_labels, out);
}

INLINE enum slu_reason match_text(struct slu_view text, char *out,
                                  size_t *out_len)
{
    enum slu_reason reason;

    if (text.len < 2 || text.ptr[0] != '*' || text.ptr[1] != '.') {
        return match_name(text, 2, out, out_len);
    }
    text = slu_view_make(text.ptr + 2, text.len - 2);
    if (text.len == 0) {
        return SLU_REASON_DOMAIN_WILDCARD;
    }
    out[0] = '*';
    out[1] = '.';
    reason = match_name(text, 1, out + 2, out_len);
    if (reason == SLU_REASON_NONE) {
        *out_len += 2;
    }
    return reason;
}

#endif
