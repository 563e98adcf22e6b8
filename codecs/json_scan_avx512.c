/* SPDX-License-Identifier: Apache-2.0 */
/* The scan kernel for AVX-512BW: a block is one vector, and a comparison is
 * the mask at once. */
#include "codecs/json_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_TARGET                                                            \
    __attribute__((target("avx512f,avx512bw,pclmul,bmi,popcnt")))
#include "codecs/json_quick_loop.h"
#include "codecs/json_scan_loop.h"
#include "codecs/json_scan_x86.h"

INLINE uint64_t find_equal(__m512i bytes, int byte)
{
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)byte));
}

INLINE uint64_t find_from(__m512i bytes, int byte)
{
    return _mm512_cmpge_epu8_mask(bytes, _mm512_set1_epi8((char)byte));
}

INLINE void classify(const char *block, struct masks *out)
{
    __m512i bytes = _mm512_loadu_si512(block);
    __m512i fold = _mm512_set1_epi8(0x20);
    __m512i folded = _mm512_or_si512(bytes, fold);

    out->quote = find_equal(bytes, '"');
    out->backslash = find_equal(bytes, '\\');
    out->open = find_equal(folded, '{');
    out->close = find_equal(folded, '}');
    out->curly = _mm512_test_epi8_mask(bytes, fold);
    out->control = _mm512_cmplt_epu8_mask(bytes, fold);
    out->high = _mm512_movepi8_mask(bytes);
}

INLINE void classify_wide(const char *block, struct wide_masks *out)
{
    __m512i bytes = _mm512_loadu_si512(block);
    uint64_t from_c0 = find_from(bytes, 0xc0);
    uint64_t from_e0 = find_from(bytes, 0xe0);
    uint64_t from_f0 = find_from(bytes, 0xf0);

    out->continuation = find_from(bytes, 0x80) & ~from_c0;
    out->lead2 = find_from(bytes, 0xc2) & ~from_e0;
    out->lead3 = from_e0 & ~from_f0;
    out->lead4 = from_f0 & ~find_from(bytes, 0xf5);
    out->e0 = find_equal(bytes, 0xe0);
    out->ed = find_equal(bytes, 0xed);
    out->f0 = find_equal(bytes, 0xf0);
    out->f4 = find_equal(bytes, 0xf4);
    out->ge_90 = find_from(bytes, 0x90);
    out->ge_a0 = find_from(bytes, 0xa0);
}

const struct slu_json_kernel slu_json_kernel_avx512 = {"avx512", scan_container,
                                                       scan_string, read_quick};

#endif
