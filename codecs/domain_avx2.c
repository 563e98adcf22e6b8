/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel for AVX2: 32 bytes at a time. */
#if defined(__x86_64__)

#include "codecs/cpu.h"

#define MATCH_TARGET SLU_TARGET_AVX2
#include "codecs/domain_match.h"

#include <immintrin.h>

/* The bytes of `block` that are one of the `count` bytes from first on. */
INLINE __m256i match_range(__m256i block, int first, int count)
{
    /* Moves the range to the bottom of the signed bytes: one compare. */
    __m256i moved =
        _mm256_add_epi8(block, _mm256_set1_epi8((char)(128 - first)));

    return _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(count - 128)), moved);
}

INLINE uint64_t gather_bits(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

/* Classifies 32 bytes into the low bits of the masks; returns the bytes in
 * lower case. */
INLINE __m256i classify_block(__m256i block, struct masks *out_masks)
{
    const __m256i case_bit = _mm256_set1_epi8(0x20);
    __m256i letters = match_range(_mm256_or_si256(block, case_bit), 'a', 26);
    __m256i digits = match_range(block, '0', 10);
    __m256i dots = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('.'));
    __m256i hyphens = _mm256_cmpeq_epi8(block, _mm256_set1_epi8('-'));
    __m256i known = _mm256_or_si256(_mm256_or_si256(letters, digits),
                                    _mm256_or_si256(dots, hyphens));

    out_masks->letters = gather_bits(letters);
    out_masks->dots = gather_bits(dots);
    out_masks->hyphens = gather_bits(hyphens);
    out_masks->others = gather_bits(known) ^ 0xffffffff;
    return _mm256_or_si256(block, _mm256_and_si256(letters, case_bit));
}

/*
 * 4-32 bytes from the first on, and zeros: the whole words by a load that
 * leaves out the others, and what is left over, up to three bytes, cut off the
 * last four and put in behind them. No branch on the length.
 */
INLINE __m256i load_name(const char *ptr, size_t len)
{
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i words = _mm256_set1_epi32((int)(len / 4));
    uint32_t last;

    memcpy(&last, ptr + len - 4, 4);
    last = (uint32_t)((uint64_t)last >> (32 - 8 * (len % 4)));
    return _mm256_or_si256(
        _mm256_maskload_epi32((const int *)(const void *)ptr,
                              _mm256_cmpgt_epi32(words, places)),
        _mm256_and_si256(_mm256_cmpeq_epi32(words, places),
                         _mm256_set1_epi32((int)last)));
}

INLINE void classify_half(const char *ptr, size_t len, char *out,
                          struct masks *out_masks)
{
    __m256i lower = classify_block(load_name(ptr, len), out_masks);

    _mm256_storeu_si256((__m256i *)(void *)out, lower);
    out_masks->others &= low_bits(len);
}

/* 33-64 bytes: the first and the last 32; what both cover, both see alike. */
INLINE void classify_halves(const char *ptr, size_t len, char *out,
                            struct masks *out_masks)
{
    size_t from = len - 32;
    __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)ptr);
    __m256i last =
        _mm256_loadu_si256((const __m256i *)(const void *)(ptr + from));
    struct masks part;

    first = classify_block(first, out_masks);
    last = classify_block(last, &part);
    _mm256_storeu_si256((__m256i *)(void *)out, first);
    _mm256_storeu_si256((__m256i *)(void *)(out + from), last);
    out_masks->letters |= part.letters << from;
    out_masks->dots |= part.dots << from;
    out_masks->hyphens |= part.hyphens << from;
    out_masks->others |= part.others << from;
}

INLINE void classify(const char *ptr, size_t len, char *out,
                     struct masks *out_masks)
{
    if (len > 32) {
        classify_halves(ptr, len, out, out_masks);
    } else {
        classify_half(ptr, len, out, out_masks);
    }
}

MATCH_TARGET enum slu_reason slu_domain_match_avx2(struct slu_view text,
                                                   char out[SLU_VALUE_MAX],
                                                   size_t *out_len)
{
    return match_text(text, out, out_len);
}

#endif
