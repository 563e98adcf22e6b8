/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel in portable C: the text is loaded as two words, digits and dots
 * become bit masks, and an octet is a few shifts and two products.
 */
#include "codecs/ipv4_kernel.h"
#include "codecs/lanes.h"

#define MATCH_TARGET
#include "codecs/ipv4_match.h"

#define EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Bit i of each: what byte i of the text is. No bit is set behind its end. */
struct masks {
    uint32_t dots;
    uint32_t digits;
    uint32_t zeros; /* the digit '0' */
};

/* The bytes whose top bit is set: byte 0 gives bit 0. */
static uint32_t gather_top_bits(uint64_t word)
{
    uint64_t low = (word & EACH_BYTE(0x80)) >> 7;

    return (uint32_t)((low * 0x0102040810204080u) >> 56);
}

/* The bytes that are 0 to limit - 1 once `base` is taken off by exclusive or.
 * Exact: no carry leaves a byte. */
static uint32_t find_below(uint64_t word, char base, unsigned limit)
{
    uint64_t value = word ^ EACH_BYTE(base);

    return gather_top_bits(
        ~(((value & EACH_BYTE(0x7f)) + EACH_BYTE(128 - limit)) | value));
}

static struct masks classify(uint64_t first, uint64_t second)
{
    return (struct masks){
        find_below(first, '.', 1) | find_below(second, '.', 1) << 8,
        find_below(first, '0', 10) | find_below(second, '0', 10) << 8,
        find_below(first, '0', 1) | find_below(second, '0', 1) << 8};
}

/* The baseline of many machines has no instruction that counts bits. */
static bool has_three_bits(uint32_t mask)
{
    uint32_t without_one = mask & (mask - 1);
    uint32_t without_two = without_one & (without_one - 1);

    return without_two != 0 && (without_two & (without_two - 1)) == 0;
}

/* All of rule R1 but for the octets' range: only dots and digits; no dot first,
 * last or behind a dot; no '0' with a digit behind it where an octet starts; no
 * four digits in a row; three dots. */
static bool has_shape(struct masks masks, uint32_t len)
{
    uint32_t starts = masks.dots << 1 | 1;
    uint32_t pairs = masks.digits & masks.digits >> 1;
    uint32_t bad = (masks.dots | masks.digits) ^ ((1u << len) - 1);

    bad |= masks.dots & (starts | 1u << (len - 1));
    bad |= masks.zeros & starts & masks.digits >> 1;
    bad |= pairs & pairs >> 2;
    return bad == 0 && has_three_bits(masks.dots);
}

/* The number written by the last len (1-3) bytes of digits, which hold values
 * 0-9; what stands before them is cleared. */
static uint32_t read_octet(uint32_t digits, uint32_t len)
{
    uint32_t kept = digits & (0xffffffffu << (32 - 8 * len));

    return (kept >> 8 & 0xff) * 100 + (kept >> 16 & 0xff) * 10 + (kept >> 24);
}

/*
 * Octets 0 and 1 end within the first 7 bytes and are shifted out of the first
 * word; octets 2 and 3 end behind byte 4, so that the four bytes before their
 * end are text. Nothing outside of the text is read.
 */
static bool read_octets(struct slu_view text, uint64_t first, uint32_t dots,
                        uint32_t *out_address)
{
    uint32_t len = (uint32_t)text.len;
    uint32_t a = (uint32_t)__builtin_ctz(dots);
    uint32_t b = (uint32_t)__builtin_ctz(dots & (dots - 1));
    uint32_t c = 31 - (uint32_t)__builtin_clz(dots);
    uint64_t values = first ^ EACH_BYTE('0');
    uint32_t third = load_four(text.ptr + c - 4) ^ 0x30303030u;
    uint32_t fourth = load_four(text.ptr + len - 4) ^ 0x30303030u;
    uint32_t octets[4] = {
        read_octet((uint32_t)(values << (32 - 8 * a)), a),
        read_octet((uint32_t)((values << (64 - 8 * b)) >> 32), b - a - 1),
        read_octet(third, c - b - 1),
        read_octet(fourth, len - c - 1),
    };

    *out_address =
        octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3];
    return (octets[0] | octets[1] | octets[2] | octets[3]) <= 255;
}

static bool accept_address(const char *ptr, size_t len, uint32_t *out_address)
{
    struct slu_view text = slu_view_make(ptr, len);
    uint64_t first;
    uint64_t second = 0;
    struct masks masks;

    if (len == ADDRESS_MIN) {
        first = load_four(ptr) | (uint64_t)load_four(ptr + 3) << 24;
    } else {
        /* The last eight bytes, less those that the first word has. */
        first = slu_lanes_load(ptr);
        second = slu_lanes_load(ptr + len - 8) >> (8 * (15 - len)) >> 8;
    }
    masks = classify(first, second);
    return has_shape(masks, (uint32_t)len) &&
           read_octets(text, first, masks.dots, out_address);
}

static enum slu_reason explain_text(struct slu_view text)
{
    return slu_ipv4_explain(text);
}

enum slu_reason slu_ipv4_match_portable(struct slu_view text,
                                        struct slu_cidr *out_cidr,
                                        bool *out_normalised)
{
    return match_text(text, out_cidr, out_normalised);
}
