/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels for x86-64. There are only 81 ways to lay out four octets of one
 * to three digits, so that the place of every digit is looked up by where the
 * dots are (the idea is W. Mula's, 2013, and D. Lemire's; the layout of the
 * table and the tests on it are our own):
 *
 *     text        1 9 2 . 0 . 2 . 1 7         and 6 bytes of whatever
 *     shuffled    1 9 . .  . . . 1  2 - 0 - 2 - 7 -
 *                 hundreds and tens, octet by octet; then the ones
 *     weighted    190      0  0  10         2   0   2   7
 *     added       192      0  2  17
 *
 * An address of 7 to 15 bytes is read as its first eight and its last eight,
 * side by side, which overlap; the table knows where a digit is then. Nothing
 * outside of the text is touched.
 */
#include "codecs/ipv4_kernel.h"

#if defined(__x86_64__)

#include "codecs/cpu.h"

#include <smmintrin.h>

#define MATCH_TARGET SLU_TARGET_SSE42
#include "codecs/ipv4_match.h"

#define BLOCK 16u

struct layout {
    uint8_t places[16]; /* of each digit, see above; 0x80: there is none */
    uint16_t least[4];  /* what an octet of that length is at least */
    uint32_t key;       /* dots and length; 0 where no layout is */
    uint32_t spare;
};

/* Where byte `at` of an address of len bytes is. */
#define PLACE(at, len) ((at) < 8 ? (at) : (at) + 16 - (len))
#define DIGIT(at, len, has) (uint8_t)((has) ? PLACE(at, len) : 0x80)

/* One dot in the first eight bytes, and in the last eight. */
#define DOT(at, len)                                                           \
    (((at) < 8 ? 1u << (at) : 0) |                                             \
     ((at) + 8 >= (len) ? 1u << ((at) + 16 - (len)) : 0))

/* By the ends of the octets: dots at a, b and c, and the length. */
#define KEY(a, b, c, len)                                                      \
    (DOT(a, len) | DOT(b, len) | DOT(c, len) | (unsigned)(len) << 16)

/* Found by trying: no two of the 81 keys meet in 256 slots. */
#define SLOTS 256
#define SLOT(key) ((uint32_t)((key)*0x08f5d2bfu) >> 24)

#define LEAST(width) ((width) == 1 ? 0 : (width) == 2 ? 10 : 100)
#define HIGH(end, width, len)                                                  \
    DIGIT((end)-3, len, (width) == 3), DIGIT((end)-2, len, (width) >= 2)
#define ONES(end, len) DIGIT((end)-1, len, 1), 0x80

#define ENDS(a, b, c, d, A, B, C, D)                                           \
    [SLOT(KEY(a, b, c, d))] = {{HIGH(a, A, d), HIGH(b, B, d), HIGH(c, C, d),   \
                                HIGH(d, D, d), ONES(a, d), ONES(b, d),         \
                                ONES(c, d), ONES(d, d)},                       \
                               {LEAST(A), LEAST(B), LEAST(C), LEAST(D)},       \
                               KEY(a, b, c, d),                                \
                               0},
#define WIDTHS(A, B, C, D)                                                     \
    ENDS(A, A + B + 1, A + B + C + 2, A + B + C + D + 3, A, B, C, D)
#define LAST(A, B, C) WIDTHS(A, B, C, 1) WIDTHS(A, B, C, 2) WIDTHS(A, B, C, 3)
#define THIRD(A, B) LAST(A, B, 1) LAST(A, B, 2) LAST(A, B, 3)
#define SECOND(A) THIRD(A, 1) THIRD(A, 2) THIRD(A, 3)

/* 8 KB, of which 81 entries of 32 bytes are ever read. */
static const struct layout layouts[SLOTS]
    __attribute__((aligned(64))) = {SECOND(1) SECOND(2) SECOND(3)};

INLINE __m128i load_half(const char *ptr)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)ptr);
}

/* The first and the last eight bytes. Of seven, each half is seven bytes and
 * a zero. */
INLINE __m128i load_address(const char *ptr, size_t len)
{
    if (len == ADDRESS_MIN) {
        uint64_t bytes = load_four(ptr) | (uint64_t)load_four(ptr + 3) << 24;

        return _mm_set_epi64x((long long)(bytes << 8), (long long)bytes);
    }
    return _mm_unpacklo_epi64(load_half(ptr), load_half(ptr + len - 8));
}

INLINE bool accept_address(const char *ptr, size_t len, uint32_t *out_address)
{
    const __m128i weights = _mm_set_epi16(1, 1, 1, 1, 0x0a64, 0x0a64, 0x0a64,
                                          0x0a64); /* 100 and 10; 1 and 0 */
    __m128i text = load_address(ptr, len);
    __m128i dots = _mm_cmpeq_epi8(text, _mm_set1_epi8('.'));
    uint32_t key = (uint32_t)_mm_movemask_epi8(dots) | (uint32_t)len << 16;
    const struct layout *layout = &layouts[SLOT(key)];
    __m128i places = _mm_load_si128((const __m128i *)layout->places);
    __m128i least = _mm_loadl_epi64((const __m128i *)layout->least);
    __m128i digits = _mm_xor_si128(text, _mm_set1_epi8('0'));
    __m128i octets;
    __m128i wrong;

    digits = _mm_shuffle_epi8(digits, places);
    octets = _mm_maddubs_epi16(digits, weights);
    octets = _mm_add_epi16(octets, _mm_srli_si128(octets, 8));
    /* Wrong is a byte over 9, and an octet below what its length says, which
     * is a leading zero, or over 255. */
    wrong = _mm_subs_epu16(_mm_sub_epi16(octets, least),
                           _mm_xor_si128(least, _mm_set1_epi16(255)));
    wrong = _mm_or_si128(wrong, _mm_subs_epu8(digits, _mm_set1_epi8(9)));
    octets = _mm_packus_epi16(octets, octets);
    *out_address = __builtin_bswap32((uint32_t)_mm_cvtsi128_si32(octets));
    return layout->key == key && _mm_testz_si128(wrong, wrong);
}

/* ---- why not ---- */

/* 8 to 32 bytes: the first 16, with zeros behind a shorter text, and the last
 * 16, which overlap. */
struct blocks {
    __m128i first;
    __m128i last;
    uint32_t last_at;
};

INLINE struct blocks load_blocks(struct slu_view text)
{
    struct blocks blocks = {.last_at = 0};
    uint64_t low;
    uint64_t high;

    if (text.len > BLOCK) {
        const char *last = text.ptr + text.len - BLOCK;

        blocks.first = _mm_loadu_si128((const __m128i *)(const void *)text.ptr);
        blocks.last = _mm_loadu_si128((const __m128i *)(const void *)last);
        blocks.last_at = (uint32_t)text.len - BLOCK;
        return blocks;
    }
    memcpy(&low, text.ptr, 8);
    memcpy(&high, text.ptr + text.len - 8, 8);
    high = text.len == 8 ? 0 : high >> (8 * (BLOCK - text.len));
    blocks.first = _mm_set_epi64x((long long)high, (long long)low);
    blocks.last = blocks.first;
    return blocks;
}

INLINE uint32_t find_byte(__m128i bytes, char byte)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
}

/* The bytes from `from` on, unsigned. */
INLINE uint32_t find_from(__m128i bytes, char from)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(from)), bytes));
}

/* '.', '/' and the digits follow each other, and ':' comes next. */
INLINE uint32_t find_ipv6(__m128i bytes)
{
    __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));

    return (find_from(bytes, '.') & ~find_from(bytes, ':' + 1)) |
           (find_from(lower, 'a') & ~find_from(lower, 'f' + 1));
}

/* What looks like IPv6, with a zone (RFC 4007) and a prefix length or not. */
INLINE bool looks_like_ipv6(const struct blocks *blocks, size_t len,
                            uint32_t colons)
{
    uint32_t fit = find_ipv6(blocks->first) | find_ipv6(blocks->last)
                                                  << blocks->last_at;
    uint64_t zone = find_byte(blocks->first, '%') |
                    find_byte(blocks->last, '%') << blocks->last_at |
                    (uint64_t)1 << len;
    uint32_t all = (uint32_t)((zone & (0 - zone)) - 1);

    colons &= all;
    return (~fit & all) == 0 && (colons & (colons - 1)) != 0;
}

/* Where a run of digits, or the rest of one, is over 255 and has three digits
 * or more. */
INLINE uint32_t find_large(__m128i bytes, uint32_t digits)
{
    uint32_t from_6 = find_from(bytes, '6');
    uint32_t over_55 = from_6 | (find_byte(bytes, '5') & from_6 >> 1);
    uint32_t over_255 =
        find_from(bytes, '3') | (find_byte(bytes, '2') & over_55 >> 1);

    return digits & digits >> 1 & digits >> 2 & (digits >> 3 | over_255);
}

/* The rule of slu_ipv4_explain() as masks, for a text that is no IPv6 and whose
 * part before the first '/' is `all`. */
INLINE enum slu_reason explain_masks(__m128i bytes, uint32_t all, uint32_t dots,
                                     uint32_t digits)
{
    uint32_t starts = dots << 1 | 1;
    uint32_t zeros = find_byte(bytes, '0') & starts & digits >> 1;
    uint32_t wrong = zeros | (find_large(bytes, digits) & starts);
    uint32_t two = dots & (dots - 1);
    uint32_t one = two & (two - 1);

    /* An empty octet is a dot where one starts, or one that ends the text. */
    if ((dots | digits) != all || (dots & (starts | (all + 1) >> 1)) != 0 ||
        one == 0 || (one & (one - 1)) != 0) {
        return SLU_REASON_IP_SYNTAX;
    }
    if (wrong == 0) {
        return SLU_REASON_CIDR_PREFIX;
    }
    return (zeros & wrong & (0 - wrong)) != 0 ? SLU_REASON_IP_LEADING_ZERO
                                              : SLU_REASON_IP_OCTET_RANGE;
}

/* For what has about the size of an address: in a walk, the length of each
 * octet is a branch that is guessed wrong. */
static __attribute__((noinline)) MATCH_TARGET enum slu_reason
explain_text(struct slu_view text)
{
    struct blocks blocks;
    uint32_t colons;
    uint32_t slashes;
    uint32_t all;
    uint32_t dots;
    uint32_t digits;

    if (text.len < 8 || text.len > 2 * BLOCK) {
        return slu_ipv4_explain(text);
    }
    blocks = load_blocks(text);
    colons = find_byte(blocks.first, ':') | find_byte(blocks.last, ':')
                                                << blocks.last_at;
    if ((colons & (colons - 1)) != 0 &&
        looks_like_ipv6(&blocks, text.len, colons)) {
        return SLU_REASON_IPV6;
    }
    slashes = find_byte(blocks.first, '/') |
              1u << (text.len < BLOCK ? text.len : BLOCK);
    all = (slashes & (0 - slashes)) - 1;
    dots = find_byte(blocks.first, '.') & all;
    digits =
        find_from(blocks.first, '0') & ~find_from(blocks.first, '9' + 1) & all;
    if (text.len > BLOCK && (dots | digits) == 0xffff) {
        return slu_ipv4_explain(text);
    }
    return explain_masks(blocks.first, all, dots, digits);
}

MATCH_TARGET enum slu_reason slu_ipv4_match_sse42(struct slu_view text,
                                                  struct slu_cidr *out_cidr,
                                                  bool *out_normalised)
{
    return match_text(text, out_cidr, out_normalised);
}

#endif
