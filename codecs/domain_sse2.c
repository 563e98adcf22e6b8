/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel that every x86-64 can run: 16 bytes at a time. */
#if defined(__x86_64__)

#define MATCH_TARGET
#include "codecs/domain_match.h"

#include <emmintrin.h>

/* The bytes of `block` that are one of the `count` bytes from first on. */
INLINE __m128i match_range(__m128i block, int first, int count)
{
    /* Moves the range to the bottom of the signed bytes: one compare. */
    __m128i moved = _mm_add_epi8(block, _mm_set1_epi8((char)(128 - first)));

    return _mm_cmplt_epi8(moved, _mm_set1_epi8((char)(count - 128)));
}

/* Classifies 16 bytes into the low bits of the masks; returns the bytes in
 * lower case. */
INLINE __m128i classify_block(__m128i block, struct masks *out_masks)
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

/* Keeps a mask of two halves, the second one laid where it overlaps. */
INLINE uint64_t overlap_halves(uint64_t mask, size_t half, size_t len)
{
    uint64_t low = ((uint64_t)1 << half) - 1;

    return (mask & low) | (mask >> half & low) << (len - half);
}

INLINE void fold_masks(struct masks *masks, size_t half, size_t len)
{
    masks->letters = overlap_halves(masks->letters, half, len);
    masks->dots = overlap_halves(masks->dots, half, len);
    masks->hyphens = overlap_halves(masks->hyphens, half, len);
    masks->others = overlap_halves(masks->others, half, len);
}

/* 8-15 bytes: the first and the last eight, side by side in one block. */
INLINE void classify_eights(const char *ptr, size_t len, char *out,
                            struct masks *out_masks)
{
    int64_t first;
    int64_t last;
    __m128i block;

    memcpy(&first, ptr, 8);
    memcpy(&last, ptr + len - 8, 8);
    block = classify_block(_mm_set_epi64x(last, first), out_masks);
    first = _mm_cvtsi128_si64(block);
    last = _mm_cvtsi128_si64(_mm_unpackhi_epi64(block, block));
    memcpy(out, &first, 8);
    memcpy(out + len - 8, &last, 8);
    fold_masks(out_masks, 8, len);
}

/* 4-7 bytes: the same with fours. */
INLINE void classify_fours(const char *ptr, size_t len, char *out,
                           struct masks *out_masks)
{
    int32_t first;
    int32_t last;
    int64_t both;

    memcpy(&first, ptr, 4);
    memcpy(&last, ptr + len - 4, 4);
    both = _mm_cvtsi128_si64(
        classify_block(_mm_set_epi32(0, 0, last, first), out_masks));
    first = (int32_t)both;
    last = (int32_t)(both >> 32);
    memcpy(out, &first, 4);
    memcpy(out + len - 4, &last, 4);
    fold_masks(out_masks, 4, len);
}

/* 4-15 bytes. */
INLINE void classify_few(const char *ptr, size_t len, char *out,
                         struct masks *out_masks)
{
    if (len >= 8) {
        classify_eights(ptr, len, out, out_masks);
    } else {
        classify_fours(ptr, len, out, out_masks);
    }
}

/*
 * 16-64 bytes: whole blocks from the front, the last one moved back so that it
 * ends with the name. What two blocks cover, both see alike.
 */
INLINE void classify_blocks(const char *ptr, size_t len, char *out,
                            struct masks *out_masks)
{
    *out_masks = (struct masks){0};
    for (size_t at = 0; at < len; at += 16) {
        size_t from = at + 16 <= len ? at : len - 16;
        __m128i block = _mm_loadu_si128((const __m128i *)(ptr + from));
        struct masks part;

        block = classify_block(block, &part);
        _mm_storeu_si128((__m128i *)(out + from), block);
        out_masks->letters |= part.letters << from;
        out_masks->dots |= part.dots << from;
        out_masks->hyphens |= part.hyphens << from;
        out_masks->others |= part.others << from;
    }
}

INLINE void classify(const char *ptr, size_t len, char *out,
                     struct masks *out_masks)
{
    if (len >= 16) {
        classify_blocks(ptr, len, out, out_masks);
    } else {
        classify_few(ptr, len, out, out_masks);
    }
}

enum slu_reason slu_domain_match_sse2(struct slu_view text,
                                      char out[SLU_VALUE_MAX], size_t *out_len)
{
    return match_text(text, out, out_len);
}

#endif
