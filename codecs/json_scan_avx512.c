/* SPDX-License-Identifier: Apache-2.0 */
/* The scan kernel for AVX-512: a block is one vector, a comparison is the mask
 * at once, and the tokens of a block are told by compressing it. */
#include "codecs/json_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SCAN_TARGET                                                            \
    __attribute__((target("avx512f,avx512bw,avx512vbmi2,pclmul,bmi,popcnt")))
#include "codecs/json_index_loop.h"
#include "codecs/json_scan_loop.h"
#include "codecs/json_scan_x86.h"
#include "codecs/json_walk_loop.h"

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

/* The numbers 0 to 63. */
INLINE __m512i count_lanes(void)
{
    static const uint8_t numbers[BLOCK] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
        48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

    return _mm512_loadu_si512(numbers);
}

INLINE void put_starts(uint32_t *out, __m128i lanes, uint32_t start)
{
    _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(lanes),
                                              _mm512_set1_epi32((int)start)));
}

INLINE void append_tokens(struct index_run *run, const char *block,
                          uint64_t tokens, uint32_t start)
{
    unsigned count = (unsigned)__builtin_popcountll(tokens);
    __m512i lanes = _mm512_maskz_compress_epi8(tokens, count_lanes());

    _mm512_storeu_si512(run->bytes, _mm512_maskz_compress_epi8(
                                        tokens, _mm512_loadu_si512(block)));
    put_starts(run->starts, _mm512_castsi512_si128(lanes), start);
    if (count > 16) {
        put_starts(run->starts + 16, _mm512_extracti32x4_epi32(lanes, 1),
                   start);
        put_starts(run->starts + 32, _mm512_extracti32x4_epi32(lanes, 2),
                   start);
        put_starts(run->starts + 48, _mm512_extracti32x4_epi32(lanes, 3),
                   start);
    }
    run->starts += count;
    run->bytes += count;
}

/* Each lane becomes the sum of the lanes up to it. */
INLINE __m512i sum_lanes(__m512i v)
{
    __m512i zero = _mm512_setzero_si512();
    __m512i last, before;

    v = _mm512_add_epi8(v, _mm512_bslli_epi128(v, 1));
    v = _mm512_add_epi8(v, _mm512_bslli_epi128(v, 2));
    v = _mm512_add_epi8(v, _mm512_bslli_epi128(v, 4));
    v = _mm512_add_epi8(v, _mm512_bslli_epi128(v, 8));
    /* Each quarter by itself is right; now those before it. */
    last = _mm512_shuffle_epi8(v, _mm512_set1_epi8(15));
    before = _mm512_alignr_epi64(last, zero, 6);
    before = _mm512_add_epi8(before, _mm512_alignr_epi64(before, zero, 6));
    before = _mm512_add_epi8(before, _mm512_alignr_epi64(before, zero, 4));
    return _mm512_add_epi8(v, before);
}

INLINE void measure_depths(const struct slu_json_index *self, unsigned at,
                           uint64_t keep, struct bracket_masks *out)
{
    __m512i bytes = _mm512_maskz_loadu_epi8(keep, self->bytes + at);
    __m512i fold = _mm512_set1_epi8(0x20);
    __m512i folded = _mm512_or_si512(bytes, fold);
    __m512i opened, closed, depths;
    __mmask64 brackets;

    out->open = find_equal(folded, '{');
    out->close = find_equal(folded, '}');
    out->curly = _mm512_test_epi8_mask(bytes, fold);
    brackets = out->open | out->close;
    opened = _mm512_movm_epi8(out->open); /* -1 where one opens */
    closed = _mm512_movm_epi8(out->close);
    depths = sum_lanes(_mm512_sub_epi8(closed, opened));
    depths = _mm512_sub_epi8(depths, closed);
    depths = _mm512_add_epi8(depths, _mm512_set1_epi8((char)self->depth));
    out->deep = _mm512_mask_cmpgt_epu8_mask(
        brackets, depths, _mm512_set1_epi8((char)self->depth_top));
    depths = _mm512_mask_mov_epi8(_mm512_set1_epi8((char)SLU_JSON_NO_DEPTH),
                                  brackets, depths);
    _mm512_storeu_si512(self->depths + at, depths);
}

INLINE uint64_t match_depths(const uint8_t *depths, unsigned depth)
{
    return find_equal(_mm512_loadu_si512(depths), (int)depth);
}

/* Which of 64 bytes are white space. */
INLINE uint64_t find_blanks(const char *text)
{
    __m512i bytes = _mm512_loadu_si512(text);
    __m512i table = _mm512_broadcast_i32x4(load_blank_table());

    return _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table, bytes), bytes);
}

/* The first quote or backslash of 64 bytes; 64 if there is none. */
INLINE unsigned find_string_end(const char *text)
{
    __m512i bytes = _mm512_loadu_si512(text);
    uint64_t hits = find_equal(bytes, '"') | find_equal(bytes, '\\');

    return hits == 0 ? BLOCK : (unsigned)__builtin_ctzll(hits);
}

INLINE bool equals_line(const struct slu_json_line *line, const char *text)
{
    return _mm512_mask_cmpneq_epi8_mask(line->mask,
                                        _mm512_loadu_si512(line->text),
                                        _mm512_loadu_si512(text)) == 0;
}

const struct slu_json_kernel slu_json_kernel_avx512 = {
    "avx512", scan_container, scan_string, index_text, find_depth, walk_tokens};

#endif
