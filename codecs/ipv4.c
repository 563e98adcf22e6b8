/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways through the same rule. accept_address() takes an address of 7 to 15
 * bytes with no data-dependent branch, because the lengths of octets are as
 * good as random and every mispredicted branch costs more than the rest: the
 * text is loaded as two words, digits and dots become bit masks, and an octet
 * is a few shifts and two products. What it does not take goes to explain(),
 * which walks the bytes, is slow, and only has to say what is wrong.
 */
#include "codecs/ipv4.h"

/* x86-64 always has SSE2; tests build the other way too. */
#if defined(__x86_64__) && !defined(SLU_PORTABLE)
#define USE_SSE2 1
#include <emmintrin.h>
#endif

#define ADDRESS_MIN 7  /* "0.0.0.0" */
#define ADDRESS_MAX 15 /* "255.255.255.255" */
#define EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* The bytes at ptr as a little-endian number, whatever the machine is. */
static uint32_t load_four(const char *ptr)
{
    uint32_t word;

    memcpy(&word, ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

static uint64_t load_eight(const char *ptr)
{
    uint64_t word;

    memcpy(&word, ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Bit i of each: what byte i of the text is. No bit is set behind its end. */
struct masks {
    uint32_t dots;
    uint32_t digits;
    uint32_t zeros; /* the digit '0' */
};

#ifdef USE_SSE2
static struct masks classify(uint64_t first, uint64_t second)
{
    __m128i text = _mm_set_epi64x((int64_t)second, (int64_t)first);
    /* Moves '0' to '9' to the bottom of the signed bytes: one compare. */
    __m128i moved = _mm_add_epi8(text, _mm_set1_epi8((char)(128 - '0')));
    __m128i digits = _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(10 - 128)));
    __m128i dots = _mm_cmpeq_epi8(text, _mm_set1_epi8('.'));
    __m128i zeros = _mm_cmpeq_epi8(text, _mm_set1_epi8('0'));

    return (struct masks){(uint32_t)_mm_movemask_epi8(dots),
                          (uint32_t)_mm_movemask_epi8(digits),
                          (uint32_t)_mm_movemask_epi8(zeros)};
}
#else
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
#endif

/* The baseline of x86-64 has no instruction that counts bits. */
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

/* True when text is an address by rule R1; false says nothing of why. */
static bool accept_address(struct slu_view text, uint32_t *out_address)
{
    uint32_t len = (uint32_t)text.len;
    uint64_t first;
    uint64_t second = 0;
    struct masks masks;

    if (text.len < ADDRESS_MIN || text.len > ADDRESS_MAX) {
        return false;
    }
    if (len == ADDRESS_MIN) {
        first = load_four(text.ptr) | (uint64_t)load_four(text.ptr + 3) << 24;
    } else {
        /* The last eight bytes, less those that the first word has. */
        first = load_eight(text.ptr);
        second = load_eight(text.ptr + len - 8) >> (8 * (15 - len)) >> 8;
    }
    masks = classify(first, second);
    return has_shape(masks, len) &&
           read_octets(text, first, masks.dots, out_address);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hex(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* What looks like IPv6, with a zone (RFC 4007) and a prefix length or not. */
static bool looks_like_ipv6(struct slu_view text)
{
    size_t colons = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];

        if (byte == '%') {
            break;
        }
        if (byte != ':' && byte != '.' && byte != '/' && !is_hex(byte)) {
            return false;
        }
        colons += byte == ':';
    }
    return colons >= 2;
}

/* The fault of one run of digits, which may be as long as it likes. */
static enum slu_reason explain_octet(struct slu_view digits)
{
    uint32_t value = 0;

    if (digits.len > 1 && digits.ptr[0] == '0') {
        return SLU_REASON_IP_LEADING_ZERO;
    }
    for (size_t i = 0; i < digits.len && value <= 255; i++) {
        value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    return value > 255 ? SLU_REASON_IP_OCTET_RANGE : SLU_REASON_NONE;
}

/*
 * Why text, the part before a '/', is no address. The shape comes first, then
 * the leftmost octet that is wrong. SYNTAX also stands for "nothing found",
 * which can't be: see accept_address().
 */
static enum slu_reason explain_address(struct slu_view text)
{
    enum slu_reason reason = SLU_REASON_NONE;
    size_t octets = 0;
    size_t start = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_digit(text.ptr[i])) {
            continue;
        }
        if (i == start || (i < text.len && text.ptr[i] != '.')) {
            return SLU_REASON_IP_SYNTAX;
        }
        if (reason == SLU_REASON_NONE) {
            reason = explain_octet(slu_view_make(text.ptr + start, i - start));
        }
        octets++;
        start = i + 1;
    }
    return octets != 4 || reason == SLU_REASON_NONE ? SLU_REASON_IP_SYNTAX
                                                    : reason;
}

/* Why text is neither an address nor a CIDR. */
static enum slu_reason explain(struct slu_view text)
{
    struct slu_view address = text;
    const char *slash;
    uint32_t bits;

    if (text.len == 0) {
        return SLU_REASON_EMPTY;
    }
    if (looks_like_ipv6(text)) {
        return SLU_REASON_IPV6;
    }
    slash = memchr(text.ptr, '/', text.len);
    if (slash != NULL) {
        address.len = (size_t)(slash - text.ptr);
        if (accept_address(address, &bits)) {
            return SLU_REASON_CIDR_PREFIX;
        }
    }
    return explain_address(address);
}

/* "0" to "32", no leading zero. */
static bool read_prefix(struct slu_view text, uint8_t *out_prefix)
{
    unsigned value;

    if (text.len == 1 && is_digit(text.ptr[0])) {
        *out_prefix = (uint8_t)(text.ptr[0] - '0');
        return true;
    }
    if (text.len != 2 || !is_digit(text.ptr[0]) || !is_digit(text.ptr[1]) ||
        text.ptr[0] == '0') {
        return false;
    }
    value = (unsigned)(text.ptr[0] - '0') * 10 + (unsigned)(text.ptr[1] - '0');
    *out_prefix = (uint8_t)value;
    return value <= 32;
}

static uint32_t network_mask(uint8_t prefix)
{
    return prefix == 0 ? 0 : 0xffffffffu << (32 - prefix);
}

/* Where the '/' of a valid CIDR is: before its last byte or its last two.
 * text.len when there is none. */
static size_t find_slash(struct slu_view text)
{
    if (text.len > 3 && text.ptr[text.len - 3] == '/') {
        return text.len - 3;
    }
    return text.len > 3 && text.ptr[text.len - 2] == '/' ? text.len - 2
                                                         : text.len;
}

enum slu_reason slu_ipv4_match(struct slu_view text, struct slu_cidr *out_cidr,
                               bool *out_normalised)
{
    size_t slash = find_slash(text);
    uint8_t prefix = 32;
    bool normalised = slash < text.len;
    uint32_t bits;
    uint32_t address;

    if (!accept_address(slu_view_make(text.ptr, slash), &bits) ||
        (slash < text.len &&
         !read_prefix(slu_view_make(text.ptr + slash + 1, text.len - slash - 1),
                      &prefix))) {
        return explain(text);
    }
    address = bits & network_mask(prefix);
    if (prefix != 32) {
        normalised = address != bits;
    }
    *out_cidr = (struct slu_cidr){address, prefix};
    if (out_normalised != NULL) {
        *out_normalised = normalised;
    }
    return SLU_REASON_NONE;
}

/*
 * Writes four bytes, "7.", "42." or "255." and whatever, and says how many of
 * them count: no branch on the number of digits.
 */
static size_t put_octet(uint32_t value, char *out)
{
    uint32_t hundreds = value * 41 >> 12; /* right up to 1098 */
    uint32_t rest = value - 100 * hundreds;
    uint32_t tens = rest * 103 >> 10; /* right up to 178 */
    uint32_t digits = 1 + (uint32_t)(value > 9) + (uint32_t)(value > 99);
    uint32_t word = ('0' + hundreds) | ('0' + tens) << 8 |
                    ('0' + rest - 10 * tens) << 16 | (uint32_t)'.' << 24;

    word >>= 8 * (3 - digits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(out, &word, sizeof(word));
    return digits + 1;
}

size_t slu_ipv4_format(struct slu_cidr cidr, char out[SLU_IPV4_TEXT_MAX])
{
    size_t len = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        len += put_octet(cidr.address >> shift & 0xff, out + len);
    }
    if (cidr.prefix == 32) {
        return len - 1;
    }
    out[len - 1] = '/';
    if (cidr.prefix > 9) {
        out[len++] = (char)('0' + cidr.prefix / 10);
    }
    out[len++] = (char)('0' + cidr.prefix % 10);
    return len;
}

uint32_t slu_cidr_last(struct slu_cidr cidr)
{
    return cidr.address | ~network_mask(cidr.prefix);
}
