/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the steps that the AVX2 and the AVX-512 kernel have in common. Included
 * by each of them behind json_scan_loop.h, whose INLINE carries the target.
 */
#ifndef SLU_CODECS_JSON_SCAN_X86_H
#define SLU_CODECS_JSON_SCAN_X86_H

#include "codecs/json_scan_loop.h"

#include <immintrin.h>

/* A carry-less product with all ones is the prefix XOR. */
INLINE uint64_t xor_prefix(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
                                           _mm_set1_epi8((char)0xff), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* By its low four bits, the one byte that is white space; where there is none,
 * one that no byte is looked up by. */
INLINE __m128i load_blank_table(void)
{
    const char none = (char)0x80;

    return _mm_setr_epi8(' ', none, none, none, none, none, none, none, none,
                         '\t', '\n', none, none, '\r', none, none);
}

#endif
