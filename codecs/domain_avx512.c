/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel for AVX-512: one load that leaves out what lies behind the name,
 * and so no branch on its length. */
#if defined(__x86_64__)

#include "codecs/cpu.h"

#define MATCH_TARGET SLU_TARGET_AVX512
#include "codecs/domain_match.h"

#include <immintrin.h>

INLINE void classify(const char *ptr, size_t len, char *out,
                     struct masks *out_masks)
{
    const __m512i case_bit = _mm512_set1_epi8(0x20);
    uint64_t all = low_bits(len);
    __m512i bytes = _mm512_maskz_loadu_epi8(all, ptr);
    __m512i lower = _mm512_or_si512(bytes, case_bit);
    uint64_t letters = _mm512_cmplt_epu8_mask(
        _mm512_sub_epi8(lower, _mm512_set1_epi8('a')), _mm512_set1_epi8(26));
    uint64_t digits = _mm512_cmplt_epu8_mask(
        _mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    uint64_t dots = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.'));
    uint64_t hyphens = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('-'));

    *out_masks = (struct masks){letters, dots, hyphens,
                                all & ~(letters | digits | dots | hyphens)};
    _mm512_storeu_si512(out, _mm512_mask_mov_epi8(bytes, letters, lower));
}

MATCH_TARGET enum slu_reason slu_domain_match_avx512(struct slu_view text,
                                                     char out[SLU_VALUE_MAX],
                                                     size_t *out_len)
{
    return match_text(text, out, out_len);
}

#endif
