/* SPDX-License-Identifier: Apache-2.0 */
/* The scan kernel for AVX2: a block is two 32-byte vectors. */
#include "codecs/json_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2,pclmul,bmi,popcnt")))
#include "codecs/json_quick_loop.h"
#include "codecs/json_scan_loop.h"
#include "codecs/json_scan_x86.h"

struct pair {
    __m256i low;
    __m256i high;
};

INLINE struct pair load_pair(const char *block)
{
    struct pair pair = {
        _mm256_loadu_si256((const __m256i *)(const void *)block),
        _mm256_loadu_si256((const __m256i *)(const void *)(block + 32))};

    return pair;
}

/* The top bits of the 64 bytes. */
INLINE uint64_t gather_pair(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

INLINE uint64_t find_equal(struct pair pair, int byte)
{
    __m256i want = _mm256_set1_epi8((char)byte);

    return gather_pair(_mm256_cmpeq_epi8(pair.low, want),
                       _mm256_cmpeq_epi8(pair.high, want));
}

/* Bytes of at least `byte`, unsigned: there is no such comparison, but the
 * greater of the two is then the byte itself. */
INLINE uint64_t find_from(struct pair pair, int byte)
{
    __m256i want = _mm256_set1_epi8((char)byte);

    return gather_pair(
        _mm256_cmpeq_epi8(_mm256_max_epu8(pair.low, want), pair.low),
        _mm256_cmpeq_epi8(_mm256_max_epu8(pair.high, want), pair.high));
}

INLINE void classify(const char *block, struct masks *out)
{
    struct pair pair = load_pair(block);
    __m256i fold = _mm256_set1_epi8(0x20);
    struct pair folded = {_mm256_or_si256(pair.low, fold),
                          _mm256_or_si256(pair.high, fold)};

    out->quote = find_equal(pair, '"');
    out->backslash = find_equal(pair, '\\');
    out->open = find_equal(folded, '{');
    out->close = find_equal(folded, '}');
    out->curly = gather_pair(_mm256_slli_epi16(pair.low, 2),
                             _mm256_slli_epi16(pair.high, 2));
    out->control = ~find_from(pair, 0x20);
    out->high = gather_pair(pair.low, pair.high);
}

INLINE void classify_wide(const char *block, struct wide_masks *out)
{
    struct pair pair = load_pair(block);
    uint64_t from_c0 = find_from(pair, 0xc0);
    uint64_t from_e0 = find_from(pair, 0xe0);
    uint64_t from_f0 = find_from(pair, 0xf0);

    out->continuation = find_from(pair, 0x80) & ~from_c0;
    out->lead2 = find_from(pair, 0xc2) & ~from_e0;
    out->lead3 = from_e0 & ~from_f0;
    out->lead4 = from_f0 & ~find_from(pair, 0xf5);
    out->e0 = find_equal(pair, 0xe0);
    out->ed = find_equal(pair, 0xed);
    out->f0 = find_equal(pair, 0xf0);
    out->f4 = find_equal(pair, 0xf4);
    out->ge_90 = find_from(pair, 0x90);
    out->ge_a0 = find_from(pair, 0xa0);
}

const struct slu_json_kernel slu_json_kernel_avx2 = {"avx2", scan_container,
                                                     scan_string, read_quick};

#endif
