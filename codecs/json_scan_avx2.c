/* SPDX-License-Identifier: Apache-2.0 */
/* The scan kernel for AVX2: a block is two 32-byte vectors. */
#include "codecs/json_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2,pclmul,bmi,popcnt")))
#include "codecs/json_index_loop.h"
#include "codecs/json_scan_loop.h"
#include "codecs/json_scan_x86.h"
#include "codecs/json_walk_loop.h"

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

/* Eight at a time, so that most blocks take the same branches. What is written
 * behind the last token is written over. */
INLINE void append_tokens(struct index_run *run, const char *block,
                          uint64_t tokens, uint32_t start)
{
    unsigned count = (unsigned)__builtin_popcountll(tokens);
    unsigned at = 0;

    do {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++) {
            unsigned bit = (unsigned)_tzcnt_u64(tokens);

            run->starts[at + i] = start + bit;
            run->bytes[at + i] = (uint8_t)block[bit];
            tokens &= tokens - 1;
        }
        at += 8;
    } while (at < count);
    run->starts += count;
    run->bytes += count;
}

/* Each lane becomes the sum of the lanes up to it. */
INLINE __m256i sum_lanes(__m256i v)
{
    __m256i before;

    v = _mm256_add_epi8(v, _mm256_bslli_epi128(v, 1));
    v = _mm256_add_epi8(v, _mm256_bslli_epi128(v, 2));
    v = _mm256_add_epi8(v, _mm256_bslli_epi128(v, 4));
    v = _mm256_add_epi8(v, _mm256_bslli_epi128(v, 8));
    /* Each half by itself is right; now the lower one's sum for the upper. */
    before = _mm256_permute2x128_si256(v, v, 0x08);
    before = _mm256_shuffle_epi8(before, _mm256_set1_epi8(15));
    return _mm256_add_epi8(v, before);
}

INLINE __m256i choose_bytes(__m256i other, __m256i mask, __m256i bytes)
{
    return _mm256_blendv_epi8(other, bytes, mask);
}

/* The depths of 32 tokens; returns the mask of those deeper than the top. */
INLINE uint32_t measure_half(uint8_t *depths, __m256i opened, __m256i closed,
                             unsigned depth, unsigned top)
{
    __m256i brackets = _mm256_or_si256(opened, closed);
    __m256i tops = _mm256_set1_epi8((char)top);
    __m256i sums = sum_lanes(_mm256_sub_epi8(closed, opened));
    __m256i shallow;

    sums = _mm256_sub_epi8(sums, closed);
    sums = _mm256_add_epi8(sums, _mm256_set1_epi8((char)depth));
    shallow = _mm256_cmpeq_epi8(_mm256_max_epu8(sums, tops), tops);
    sums =
        choose_bytes(_mm256_set1_epi8((char)SLU_JSON_NO_DEPTH), brackets, sums);
    _mm256_storeu_si256((__m256i *)(void *)depths, sums);
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_andnot_si256(shallow, brackets));
}

INLINE void measure_depths(const struct slu_json_index *self, unsigned at,
                           uint64_t keep, struct bracket_masks *out)
{
    struct pair pair = load_pair((const char *)self->bytes + at);
    __m256i fold = _mm256_set1_epi8(0x20);
    __m256i open = _mm256_set1_epi8('{');
    __m256i close = _mm256_set1_epi8('}');
    struct pair opened, closed;
    uint32_t deep;
    int half;

    opened.low = _mm256_cmpeq_epi8(_mm256_or_si256(pair.low, fold), open);
    opened.high = _mm256_cmpeq_epi8(_mm256_or_si256(pair.high, fold), open);
    closed.low = _mm256_cmpeq_epi8(_mm256_or_si256(pair.low, fold), close);
    closed.high = _mm256_cmpeq_epi8(_mm256_or_si256(pair.high, fold), close);
    out->open = gather_pair(opened.low, opened.high) & keep;
    out->close = gather_pair(closed.low, closed.high) & keep;
    out->curly = gather_pair(_mm256_slli_epi16(pair.low, 2),
                             _mm256_slli_epi16(pair.high, 2));
    deep = measure_half(self->depths + at, opened.low, closed.low, self->depth,
                        self->depth_top);
    half = __builtin_popcount((uint32_t)out->open) -
           __builtin_popcount((uint32_t)out->close);
    out->deep = (deep | (uint64_t)measure_half(
                            self->depths + at + 32, opened.high, closed.high,
                            self->depth + (unsigned)half, self->depth_top)
                            << 32) &
                keep;
}

INLINE uint64_t match_depths(const uint8_t *depths, unsigned depth)
{
    return find_equal(load_pair((const char *)depths), (int)depth);
}

/* Which of 64 bytes are white space. */
INLINE uint64_t find_blanks(const char *text)
{
    struct pair pair = load_pair(text);
    __m256i table = _mm256_broadcastsi128_si256(load_blank_table());

    return gather_pair(
        _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, pair.low), pair.low),
        _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, pair.high), pair.high));
}

/* The first quote or backslash of 64 bytes; 64 if there is none. */
INLINE unsigned find_string_end(const char *text)
{
    struct pair pair = load_pair(text);
    uint64_t hits = find_equal(pair, '"') | find_equal(pair, '\\');

    return hits == 0 ? BLOCK : (unsigned)__builtin_ctzll(hits);
}

INLINE bool equals_line(const struct slu_json_line *line, const char *text)
{
    struct pair a = load_pair(line->text);
    struct pair b = load_pair(text);
    uint64_t same = gather_pair(_mm256_cmpeq_epi8(a.low, b.low),
                                _mm256_cmpeq_epi8(a.high, b.high));

    return (line->mask & ~same) == 0;
}

const struct slu_json_kernel slu_json_kernel_avx2 = {
    "avx2", scan_container, scan_string, index_text, find_depth, walk_tokens};

#endif
