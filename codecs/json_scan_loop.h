/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the two loops of the scan, for a kernel file to include after it has
 * defined SCAN_TARGET (its target attribute) and
 *
 *     classify(block, out)       the masks of 64 bytes
 *     classify_wide(block, out)  those that only non-ASCII text needs
 *     xor_prefix(bits)           bit i = XOR of the bits 0..i
 *
 * A block goes through these steps (bit 0 is the first byte):
 *
 *     text       { " a \ " b " : [ ] }
 *     quote      . 1 . . 1 . 1 . . . .
 *     escaped    . . . . 1 . . . . . .     the byte behind a live backslash
 *     strings    . 1 1 1 1 1 . . . . .     xor_prefix(quote & ~escaped)
 *     brackets   1 . . . . . . . 1 1 1     walked one by one, with a bit stack
 *
 * Cost: about a dozen instructions a block and some four for each bracket.
 */
#ifndef SLU_CODECS_JSON_SCAN_LOOP_H
#define SLU_CODECS_JSON_SCAN_LOOP_H

#include "codecs/json_scan.h"

#include <string.h>

#define BLOCK 64u
#define INLINE static inline __attribute__((always_inline)) SCAN_TARGET

struct masks {
    uint64_t quote;
    uint64_t backslash;
    uint64_t open;    /* { [ */
    uint64_t close;   /* } ] */
    uint64_t curly;   /* bit 5 of the byte: tells { } from [ ] */
    uint64_t control; /* below 0x20 */
    uint64_t high;    /* above 0x7f */
};

struct wide_masks {
    uint64_t continuation; /* 80-bf */
    uint64_t lead2;        /* c2-df */
    uint64_t lead3;        /* e0-ef */
    uint64_t lead4;        /* f0-f4 */
    uint64_t e0, ed, f0, f4;
    uint64_t ge_90; /* 90-ff */
    uint64_t ge_a0; /* a0-ff */
};

INLINE void classify(const char *block, struct masks *out);
INLINE void classify_wide(const char *block, struct wide_masks *out);
INLINE uint64_t xor_prefix(uint64_t bits);

/* The lowest n bits, 1 <= n <= 64. */
INLINE uint64_t low_bits(unsigned n)
{
    return UINT64_MAX >> (BLOCK - n);
}

INLINE void cut_masks(struct masks *masks, uint64_t keep)
{
    masks->quote &= keep;
    masks->backslash &= keep;
    masks->open &= keep;
    masks->close &= keep;
    masks->control &= keep;
    masks->high &= keep;
}

/*
 * The bytes behind a backslash that isn't escaped itself: in a run of them
 * every second one, counted from its first (Langdale and Lemire, 2019). Adding
 * the first bit of a run to it carries to the bit behind it, and only for runs
 * that begin on an odd bit; so what is behind those is told from what is behind
 * the others. What falls on bit n, behind the block's last byte, is the next
 * block's.
 *
 *     text       . \ \ \ n . \ n . .
 *     backslash  . 1 1 1 . . 1 . . .
 *     odd starts . 1 . . . . . . . .
 *     sum        . . . . 1 . 1 . . .
 *     escaped    . . 1 . 1 . . 1 . .
 */
INLINE uint64_t find_escaped(struct slu_json_scan *scan, uint64_t backslash,
                             unsigned n)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t escaped = scan->escaped;
    uint64_t live = backslash & ~escaped;
    uint64_t behind, sum;

    if (live == 0) {
        scan->escaped = 0;
        return escaped;
    }
    behind = live << 1 | escaped;
    scan->escaped = __builtin_add_overflow(live & ~even & ~behind, live, &sum);
    escaped = (even ^ sum << 1) & behind;
    if (n < BLOCK) {
        scan->escaped = escaped >> n & 1;
    }
    return escaped;
}

/*
 * Bits that break UTF-8 (RFC 3629): a byte is a continuation exactly where a
 * lead byte before it asks for one; c0, c1 and f5-ff never occur; and four
 * leads narrow their second byte (no overlong form, no surrogate, nothing
 * above 10ffff).
 */
INLINE uint64_t find_bad_utf8(struct slu_json_scan *scan, const char *block,
                              uint64_t high, unsigned n)
{
    struct wide_masks wide;
    uint64_t keep = low_bits(n);
    uint64_t three, two, one, expected, bad;
    unsigned need = scan->utf8_need;
    unsigned lead = scan->utf8_lead;

    classify_wide(block, &wide);
    three = wide.lead4 & keep;
    two = (wide.lead3 & keep) | three;
    one = (wide.lead2 & keep) | two;
    expected = one << 1 | two << 2 | three << 3 | need;
    bad = (expected ^ wide.continuation) | (high & ~(wide.continuation | one));
    bad |= (wide.e0 << 1 | (lead & SLU_JSON_LEAD_E0)) & ~wide.ge_a0;
    bad |= (wide.ed << 1 | (lead & SLU_JSON_LEAD_ED) >> 1) & wide.ge_a0;
    bad |= (wide.f0 << 1 | (lead & SLU_JSON_LEAD_F0) >> 2) & ~wide.ge_90;
    bad |= (wide.f4 << 1 | (lead & SLU_JSON_LEAD_F4) >> 3) & wide.ge_90;

    /* With the last byte moved to bit 63, what is asked of the bytes behind
     * the block sits at the top of the three masks. */
    one = one << (BLOCK - n) >> 63;
    two = two << (BLOCK - n) >> 62;
    three = three << (BLOCK - n) >> 61;
    scan->utf8_need = (unsigned)(one | two | three) | (n < 3 ? need >> n : 0);
    scan->utf8_lead =
        (unsigned)((wide.e0 >> (n - 1) & 1) | (wide.ed >> (n - 1) & 1) << 1 |
                   (wide.f0 >> (n - 1) & 1) << 2 |
                   (wide.f4 >> (n - 1) & 1) << 3);
    return bad & keep;
}

/* Moves the bit stack over the block's brackets. Returns the bit at which the
 * value closed or a bracket was wrong, else BLOCK. */
INLINE unsigned walk_brackets(struct slu_json_scan *scan, uint64_t brackets,
                              const struct masks *masks)
{
    while (brackets != 0) {
        unsigned bit = (unsigned)__builtin_ctzll(brackets);
        uint64_t curly = masks->curly >> bit & 1;

        brackets &= brackets - 1;
        if (masks->open >> bit & 1) {
            if (scan->depth == SLU_JSON_SCAN_DEPTH_MAX) {
                scan->status = SLU_JSON_SCAN_DEPTH;
                return bit;
            }
            scan->kinds = scan->kinds << 1 | curly;
            scan->depth++;
            continue;
        }
        if ((scan->kinds & 1) != curly) {
            scan->status = SLU_JSON_SCAN_MISMATCH;
            return bit;
        }
        scan->kinds >>= 1;
        if (--scan->depth == scan->base) {
            scan->status = SLU_JSON_SCAN_CLOSED;
            return bit;
        }
    }
    return BLOCK;
}

/* A fault at or before the bit `stop` overrides what was found there. */
INLINE unsigned judge_faults(struct slu_json_scan *scan, unsigned stop,
                             uint64_t control, uint64_t utf8)
{
    uint64_t faults = control | utf8;
    unsigned bit;

    if (faults == 0) {
        return stop;
    }
    bit = (unsigned)__builtin_ctzll(faults);
    if (bit > stop) {
        return stop;
    }
    scan->status = utf8 >> bit & 1 ? SLU_JSON_SCAN_UTF8 : SLU_JSON_SCAN_CONTROL;
    return bit;
}

/* One block of a container; returns the bit it stopped at, else BLOCK. */
INLINE unsigned step_container(struct slu_json_scan *scan, const char *block,
                               unsigned n)
{
    struct masks masks;
    uint64_t strings, utf8 = 0;
    unsigned stop;

    classify(block, &masks);
    if (n < BLOCK) {
        cut_masks(&masks, low_bits(n));
    }
    strings = masks.quote & ~find_escaped(scan, masks.backslash, n);
    strings = xor_prefix(strings) ^ scan->in_string;
    scan->in_string = 0 - (strings >> (n - 1) & 1);
    if ((masks.high | scan->utf8_need) != 0) {
        utf8 = find_bad_utf8(scan, block, masks.high, n);
    }
    stop = walk_brackets(scan, (masks.open | masks.close) & ~strings, &masks);
    return judge_faults(scan, stop, masks.control & strings, utf8);
}

/* One block of a string; returns the bit it stopped at, else BLOCK. */
INLINE unsigned step_string(struct slu_json_scan *scan, const char *block,
                            unsigned n)
{
    struct masks masks;
    uint64_t quotes, utf8 = 0;
    unsigned stop = BLOCK;

    classify(block, &masks);
    if (n < BLOCK) {
        cut_masks(&masks, low_bits(n));
    }
    quotes = masks.quote & ~find_escaped(scan, masks.backslash, n);
    if ((masks.high | scan->utf8_need) != 0) {
        utf8 = find_bad_utf8(scan, block, masks.high, n);
    }
    if (quotes != 0) {
        stop = (unsigned)__builtin_ctzll(quotes);
        scan->status = SLU_JSON_SCAN_CLOSED;
    }
    return judge_faults(scan, stop, masks.control, utf8);
}

/* How many bytes were taken when the block at pos stopped at a bit. */
INLINE size_t end_scan(struct slu_json_scan *self,
                       const struct slu_json_scan *scan, size_t pos,
                       unsigned bit)
{
    *self = *scan;
    return pos + bit + (scan->status == SLU_JSON_SCAN_CLOSED ? 1 : 0);
}

/*
 * The loop over blocks, once for each step. The state lives in a local copy,
 * so that it can stay in registers. The tail is copied, for a kernel always
 * loads 64 bytes; the step then looks at n bits only.
 */
#define DEFINE_SCAN(name, step)                                                \
    static SCAN_TARGET size_t name(struct slu_json_scan *self,                 \
                                   const char *ptr, size_t len)                \
    {                                                                          \
        struct slu_json_scan scan = *self;                                     \
        char tail[BLOCK] = {0};                                                \
        size_t pos = 0;                                                        \
        unsigned bit;                                                          \
                                                                               \
        scan.status = SLU_JSON_SCAN_MORE;                                      \
        for (; len - pos >= BLOCK; pos += BLOCK) {                             \
            bit = step(&scan, ptr + pos, BLOCK);                               \
            if (bit < BLOCK) {                                                 \
                return end_scan(self, &scan, pos, bit);                        \
            }                                                                  \
        }                                                                      \
        if (pos < len) {                                                       \
            memcpy(tail, ptr + pos, len - pos);                                \
            bit = step(&scan, tail, (unsigned)(len - pos));                    \
            if (bit < BLOCK) {                                                 \
                return end_scan(self, &scan, pos, bit);                        \
            }                                                                  \
        }                                                                      \
        *self = scan;                                                          \
        return len;                                                            \
    }

DEFINE_SCAN(scan_container, step_container)
DEFINE_SCAN(scan_string, step_string)

#endif
