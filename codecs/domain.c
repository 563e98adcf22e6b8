/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways. accept_short() takes an ordinary name of 4 to 64 ASCII bytes:
 * each block of 16 bytes becomes bit masks (letters, digits, hyphens, dots),
 * and the whole rule is a handful of operations on 64-bit words, with no branch
 * per byte or label. What it does not take, wrong names included, is walked by
 * slu_domain_scan(). A name with bytes over 0x7f goes through libidn2, and what
 * comes out through slu_domain_scan().
 *
 * A label that begins with "xn--" in an ASCII name is not decoded: the DNS
 * resolves it whether or not it is punycode, and there are live names that
 * IDNA2008 refuses (xn--ls8h.la, an emoji), so that a check would only drop
 * true indicators. UTS #46 itself does check the A-labels of a name that it is
 * given; a bogus one beside a non-ASCII label is DOMAIN_IDNA.
 */
#include "codecs/domain.h"

#include "codecs/domain_scan.h"

#include <idn2.h>
#include <stdint.h>
/* x86-64 always has SSE2; tests build the other way too. */
#if defined(__x86_64__) && !defined(SLU_PORTABLE)
#define USE_SSE2 1
#include <emmintrin.h>
#endif

#define SHORT_MIN 4
#define SHORT_MAX 64

/*
 * The longest text that is handed to libidn2. An A-label form of 253 bytes
 * stands for fewer than 253 code points of at most 4 bytes; only a name padded
 * with code points that UTS #46 drops can be longer, and that is no name.
 */
#define IDNA_MAX 1024

#ifdef USE_SSE2
struct masks {
    uint64_t letters; /* bit i: byte i of the name is one */
    uint64_t dots;
    uint64_t hyphens;
    uint64_t others; /* none of these, and no digit */
};

/* The bytes of `block` that are one of the `count` bytes from first on. */
static __m128i match_range(__m128i block, int first, int count)
{
    /* Moves the range to the bottom of the signed bytes: one compare. */
    __m128i moved = _mm_add_epi8(block, _mm_set1_epi8((char)(128 - first)));

    return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(count - 128)));
}

/* Classifies 16 bytes into the low bits of the masks; returns the bytes in
 * lower case. */
static __m128i classify_block(__m128i block, struct masks *out_masks)
{
    const __m128i case_bit = _mm_set1_epi8(0x20);
    __m128i letters = match_range(_mm_or_si128(block, case_bit), 'a', 26);
    __m128i digits = match_range(block, '0', 10);
    __m128i dots = _mm_cmpeq_epi8(block, _mm_set1_epi8('.'));
    __m128i hyphens = _mm_cmpeq_epi8(block, _mm_set1_epi8('-'));
    __m128i known = _mm_or_si128(_mm_or_si128(letters, digits),
                                 _mm_or_si128(dots, hyphens));

    out_masks->letters = (uint64_t)_mm_movemask_epi8(letters);
    out_masks->dots = (uint64_t)_mm_movemask_epi8(dots);
    out_masks->hyphens = (uint64_t)_mm_movemask_epi8(hyphens);
    out_masks->others = (uint64_t)_mm_movemask_epi8(known) ^ 0xffff;
    return _mm_or_si128(block, _mm_and_si128(letters, case_bit));
}

/*
 * 16-64 bytes: whole blocks from the front, the last one moved back so that it
 * ends with the name. What two blocks cover, both see alike.
 */
static void classify_blocks(struct slu_view name, char *out,
                            struct masks *out_masks)
{
    *out_masks = (struct masks){0};
    for (size_t at = 0; at < name.len; at += 16) {
        size_t from = at + 16 <= name.len ? at : name.len - 16;
        __m128i block = _mm_loadu_si128((const __m128i *)(name.ptr + from));
        struct masks part;

        block = classify_block(block, &part);
        _mm_storeu_si128((__m128i *)(out + from), block);
        out_masks->letters |= part.letters << from;
        out_masks->dots |= part.dots << from;
        out_masks->hyphens |= part.hyphens << from;
        out_masks->others |= part.others << from;
    }
}

/* Keeps a mask of two halves, the second one laid where it overlaps. */
static uint64_t overlap_halves(uint64_t mask, size_t half, size_t len)
{
    uint64_t low = ((uint64_t)1 << half) - 1;

    return (mask & low) | (mask >> half & low) << (len - half);
}

static void fold_masks(struct masks *masks, size_t half, size_t len)
{
    masks->letters = overlap_halves(masks->letters, half, len);
    masks->dots = overlap_halves(masks->dots, half, len);
    masks->hyphens = overlap_halves(masks->hyphens, half, len);
    masks->others = overlap_halves(masks->others, half, len);
}

/* 8-15 bytes: the first and the last eight, side by side in one block. */
static void classify_eights(struct slu_view name, char *out,
                            struct masks *out_masks)
{
    int64_t first;
    int64_t last;
    __m128i block;

    memcpy(&first, name.ptr, 8);
    memcpy(&last, name.ptr + name.len - 8, 8);
    block = classify_block(_mm_set_epi64x(last, first), out_masks);
    first = _mm_cvtsi128_si64(block);
    last = _mm_cvtsi128_si64(_mm_unpackhi_epi64(block, block));
    memcpy(out, &first, 8);
    memcpy(out + name.len - 8, &last, 8);
    fold_masks(out_masks, 8, name.len);
}

/* 4-7 bytes: the same with fours. */
static void classify_fours(struct slu_view name, char *out,
                           struct masks *out_masks)
{
    int32_t first;
    int32_t last;
    int64_t both;

    memcpy(&first, name.ptr, 4);
    memcpy(&last, name.ptr + name.len - 4, 4);
    both = _mm_cvtsi128_si64(
        classify_block(_mm_set_epi32(0, 0, last, first), out_masks));
    first = (int32_t)both;
    last = (int32_t)(both >> 32);
    memcpy(out, &first, 4);
    memcpy(out + name.len - 4, &last, 4);
    fold_masks(out_masks, 4, name.len);
}

/*
 * The rule as masks. A label starts at byte 0 and behind each dot, and ends
 * before each dot and at the last byte. A label can't exceed 63 bytes when the
 * name has at most 64 and a dot in it.
 */
static bool obey_rule(const struct masks *masks, size_t len)
{
    uint64_t last = (uint64_t)1 << (len - 1);
    uint64_t starts = masks->dots << 1 | 1;
    uint64_t ends = masks->dots >> 1 | last;
    uint64_t edges = starts | ends;
    uint64_t top_level;

    /* An empty label is a dot where another label starts or ends. */
    if (masks->dots == 0 || masks->others != 0 ||
        ((masks->dots | masks->hyphens) & edges) != 0) {
        return false;
    }
    /* All bits from behind the last dot up to the last byte. */
    top_level =
        (last << 1) - ((uint64_t)2 << (63 - __builtin_clzll(masks->dots)));
    return (masks->letters & top_level) == top_level;
}
#endif

/*
 * True when name, without "*.", is a domain of two labels or more by rule R2,
 * now lower-cased in out; false says nothing at all.
 */
static bool accept_short(struct slu_view name, char *out, size_t *out_len)
{
#ifdef USE_SSE2
    struct masks masks;

    if (name.len > 0 && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    if (name.len < SHORT_MIN || name.len > SHORT_MAX) {
        return false;
    }
    if (name.len >= 16) {
        classify_blocks(name, out, &masks);
    } else if (name.len >= 8) {
        classify_eights(name, out, &masks);
    } else {
        classify_fours(name, out, &masks);
    }
    *out_len = name.len;
    return obey_rule(&masks, name.len);
#else
    (void)name;
    (void)out;
    (void)out_len;
    return false;
#endif
}

static bool is_ascii(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static enum slu_reason explain_idna(int status)
{
    switch (status) {
    case IDN2_TOO_BIG_DOMAIN:
        return SLU_REASON_TOO_LONG;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return SLU_REASON_DOMAIN_LABEL;
    case IDN2_HYPHEN_STARTEND:
        return SLU_REASON_DOMAIN_HYPHEN;
    default:
        return SLU_REASON_DOMAIN_IDNA;
    }
}

/*
 * UTS #46, non-transitional. IDN2_USE_STD3_ASCII_RULES must stay off for the
 * result: libidn2 2.3 then drops what those rules forbid and reports success
 * ("a_b" becomes "ab"). But without it three signs pass that they forbid
 * (U+2260, U+226E, U+226F), so the name is converted both ways, and when the
 * results differ, something was dropped. It is a caller's mistake to hand in a
 * byte of zero.
 */
static int convert_idna(const char *name, uint8_t **out_ascii)
{
    const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    uint8_t *strict = NULL;
    int status = idn2_lookup_u8((const uint8_t *)name, out_ascii, flags);

    if (status != IDN2_OK) {
        return status;
    }
    status = idn2_lookup_u8((const uint8_t *)name, &strict,
                            flags | IDN2_USE_STD3_ASCII_RULES);
    if (status == IDN2_OK &&
        strcmp((const char *)*out_ascii, (const char *)strict) != 0) {
        status = IDN2_DISALLOWED;
    }
    idn2_free(strict);
    return status;
}

/* The name without "*.", which has bytes over 0x7f. The ASCII ones among its
 * bytes are judged first: UTS #46 only ever changes their case. */
static enum slu_reason match_idna(struct slu_view name, unsigned min_labels,
                                  char out[SLU_DOMAIN_MAX], size_t *out_len)
{
    char text[IDNA_MAX + 1];
    uint8_t *ascii = NULL;
    enum slu_reason reason = slu_domain_scan_bytes(name);
    int status;

    if (reason != SLU_REASON_NONE) {
        return reason;
    }
    if (name.len > IDNA_MAX) {
        return SLU_REASON_TOO_LONG;
    }
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    status = convert_idna(text, &ascii);
    if (ascii != NULL) {
        reason = slu_domain_scan(slu_view_str((const char *)ascii), min_labels,
                                 out, out_len);
    }
    if (reason == SLU_REASON_NONE && status != IDN2_OK) {
        reason = explain_idna(status);
    }
    /* A name that maps to nothing at all is not an empty value. */
    if (reason == SLU_REASON_EMPTY) {
        reason = SLU_REASON_DOMAIN_IDNA;
    }
    idn2_free(ascii);
    return reason;
}

static enum slu_reason match_name(struct slu_view name, bool wildcard,
                                  char *out, size_t *out_len)
{
    unsigned min_labels = wildcard ? 1 : 2;

    if (accept_short(name, out, out_len)) {
        return SLU_REASON_NONE;
    }
    if (is_ascii(name)) {
        return slu_domain_scan(name, min_labels, out, out_len);
    }
    return match_idna(name, min_labels, out, out_len);
}

enum slu_reason slu_domain_match(struct slu_view text, char out[SLU_VALUE_MAX],
                                 size_t *out_len)
{
    enum slu_reason reason;

    if (text.len < 2 || text.ptr[0] != '*' || text.ptr[1] != '.') {
        return match_name(text, false, out, out_len);
    }
    text = slu_view_make(text.ptr + 2, text.len - 2);
    if (text.len == 0) {
        return SLU_REASON_DOMAIN_WILDCARD;
    }
    out[0] = '*';
    out[1] = '.';
    reason = match_name(text, true, out + 2, out_len);
    if (reason == SLU_REASON_NONE) {
        *out_len += 2;
    }
    return reason;
}
