/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan kernel in portable C. Eight bytes at a time: a byte test is done
 * on all lanes of a 64-bit word at once, leaving 0x80 in each lane that
 * passes, and a multiplication gathers those eight bits into one byte. Lanes
 * are tested without carries between them, so there are no false positives.
 */
#include "codecs/json_scan.h"
#include "codecs/lanes.h"

#define SCAN_TARGET
#include "codecs/json_scan_loop.h"

#define LANES(byte) (UINT64_C(0x0101010101010101) * (byte))
#define LOW7 LANES(0x7f)
#define TOP LANES(0x80)

/* Lanes equal to the byte. */
INLINE uint64_t lanes_equal(uint64_t word, unsigned byte)
{
    uint64_t diff = word ^ LANES(byte);

    return ~(((diff & LOW7) + LOW7) | diff) & TOP;
}

/* Lanes of at least `byte`, which is at most 0x80, in their low seven bits. */
INLINE uint64_t lanes_low7_from(uint64_t word, unsigned byte)
{
    return ((word & LOW7) + LANES(0x80 - byte)) & TOP;
}

/* The top bits of the lanes, as a byte. */
INLINE uint64_t gather_lanes(uint64_t lanes)
{
    return (lanes >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

INLINE void classify(const char *block, struct masks *out)
{
    *out = (struct masks){0};
    for (unsigned at = 0; at < BLOCK; at += 8) {
        uint64_t word = slu_lanes_load(block + at);
        uint64_t folded = word | LANES(0x20);

        out->quote |= gather_lanes(lanes_equal(word, '"')) << at;
        out->backslash |= gather_lanes(lanes_equal(word, '\\')) << at;
        out->open |= gather_lanes(lanes_equal(folded, '{')) << at;
        out->close |= gather_lanes(lanes_equal(folded, '}')) << at;
        out->curly |= gather_lanes(word << 2 & TOP) << at;
        out->control |=
            gather_lanes(~(lanes_low7_from(word, 0x20) | word) & TOP) << at;
        out->high |= gather_lanes(word & TOP) << at;
    }
}

INLINE void classify_wide(const char *block, struct wide_masks *out)
{
    *out = (struct wide_masks){0};
    for (unsigned at = 0; at < BLOCK; at += 8) {
        uint64_t word = slu_lanes_load(block + at);
        uint64_t high = word & TOP;
        uint64_t from_90 = high & lanes_low7_from(word, 0x10);
        uint64_t from_a0 = high & lanes_low7_from(word, 0x20);
        uint64_t from_c0 = high & lanes_low7_from(word, 0x40);
        uint64_t from_c2 = high & lanes_low7_from(word, 0x42);
        uint64_t from_e0 = high & lanes_low7_from(word, 0x60);
        uint64_t from_f0 = high & lanes_low7_from(word, 0x70);
        uint64_t from_f5 = high & lanes_low7_from(word, 0x75);

        out->continuation |= gather_lanes(high & ~from_c0) << at;
        out->lead2 |= gather_lanes(from_c2 & ~from_e0) << at;
        out->lead3 |= gather_lanes(from_e0 & ~from_f0) << at;
        out->lead4 |= gather_lanes(from_f0 & ~from_f5) << at;
        out->e0 |= gather_lanes(lanes_equal(word, 0xe0)) << at;
        out->ed |= gather_lanes(lanes_equal(word, 0xed)) << at;
        out->f0 |= gather_lanes(lanes_equal(word, 0xf0)) << at;
        out->f4 |= gather_lanes(lanes_equal(word, 0xf4)) << at;
        out->ge_90 |= gather_lanes(from_90) << at;
        out->ge_a0 |= gather_lanes(from_a0) << at;
    }
}

INLINE uint64_t xor_prefix(uint64_t bits)
{
    for (unsigned by = 1; by < BLOCK; by *= 2) {
        bits ^= bits << by;
    }
    return bits;
}

const struct slu_json_kernel slu_json_kernel_portable = {
    "portable", scan_container, scan_string, NULL, NULL, NULL};
