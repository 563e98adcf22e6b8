/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting a chunk of packed records by (kind, key): three-way radix quicksort
 * (Bentley and Sedgewick, 1997) over references that carry eight bytes of the
 * key, so that most comparisons touch nothing else.
 *
 * A word is seven bytes of the key, padded with zeros, and in its lowest byte
 * how many bytes are left, 8 standing for "more than these seven". So "a" comes
 * before "a\0", and equal words that say less than 8 are equal keys. The first
 * word has the kind in its highest byte and six bytes of the key; an address
 * is in it as a whole.
 */
#include "engine/store_db.h"

#define WORD_BYTES 7u
#define FIRST_BYTES 6u
#define MORE 8u
#define INSERTION_MAX 12

static uint64_t make_word(uint64_t top, struct slu_view key, size_t room)
{
    size_t len = key.len < room ? key.len : room;
    uint64_t word = top;

    for (size_t i = 0; i < len; i++) {
        word = word << 8 | (unsigned char)key.ptr[i];
    }
    word <<= 8 * (room - len);
    return word << 8 | (key.len > room ? MORE : len);
}

uint64_t slu_sort_word(enum slu_record_kind kind, struct slu_view key)
{
    return make_word((uint64_t)kind, key, FIRST_BYTES);
}

static bool ends_in(uint64_t word)
{
    return (word & 0xff) != MORE;
}

/* The key's word at this depth, from 1; the words before say that it is that
 * long. */
static uint64_t load_word(struct slu_view packed,
                          const struct slu_sort_ref *ref, unsigned depth)
{
    size_t skip = FIRST_BYTES + (size_t)(depth - 1) * WORD_BYTES;
    const char *key = packed.ptr + ref->offset + ref->key_at;

    return make_word(0, slu_view_make(key + skip, ref->key_len - skip),
                     WORD_BYTES);
}

static void swap_refs(struct slu_sort_ref *a, struct slu_sort_ref *b)
{
    struct slu_sort_ref held = *a;

    *a = *b;
    *b = held;
}

static uint64_t pick_median(uint64_t a, uint64_t b, uint64_t c)
{
    if (a < b) {
        return b < c ? b : a < c ? c : a;
    }
    return a < c ? a : b < c ? c : b;
}

/* Median of three medians of three, spread over the whole: presorted pages and
 * pages that repeat one another are the usual input. */
static uint64_t pick_pivot(const struct slu_sort_ref *refs, size_t count)
{
    size_t step = count / 9;
    uint64_t medians[3];

    for (unsigned i = 0; i < 3; i++) {
        const struct slu_sort_ref *at = refs + 3 * i * step + step / 2;

        medians[i] = pick_median(at[0].word, at[step].word, at[2 * step].word);
    }
    return pick_median(medians[0], medians[1], medians[2]);
}

/* refs[0, *out_low) < pivot, refs[*out_low, *out_high) equal it, the rest are
 * above. */
static void split_refs(struct slu_sort_ref *refs, size_t count, uint64_t pivot,
                       size_t *out_low, size_t *out_high)
{
    size_t low = 0;
    size_t at = 0;
    size_t high = count;

    while (at < high) {
        if (refs[at].word < pivot) {
            swap_refs(&refs[low++], &refs[at++]);
        } else if (refs[at].word > pivot) {
            swap_refs(&refs[at], &refs[--high]);
        } else {
            at++;
        }
    }
    *out_low = low;
    *out_high = high;
}

static void sort_words_by_insertion(struct slu_sort_ref *refs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slu_sort_ref held = refs[i];
        size_t at = i;

        while (at > 0 && refs[at - 1].word > held.word) {
            refs[at] = refs[at - 1];
            at--;
        }
        refs[at] = held;
    }
}

static void sort_by_word(struct slu_sort_ref *refs, size_t count,
                         struct slu_view packed, unsigned depth);

/* All have the same word: go on with the next, unless the keys end here. */
static void sort_equal(struct slu_sort_ref *refs, size_t count,
                       struct slu_view packed, unsigned depth)
{
    if (count < 2 || ends_in(refs[0].word)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        refs[i].word = load_word(packed, &refs[i], depth + 1);
    }
    sort_by_word(refs, count, packed, depth + 1);
}

static void sort_runs(struct slu_sort_ref *refs, size_t count,
                      struct slu_view packed, unsigned depth)
{
    size_t start = 0;

    while (start < count) {
        size_t end = start + 1;

        while (end < count && refs[end].word == refs[start].word) {
            end++;
        }
        sort_equal(refs + start, end - start, packed, depth);
        start = end;
    }
}

/* Recursion: the smaller side (log2 count), and a word deeper (at most 147
 * times, the longest key by seven). */
static void sort_by_word(struct slu_sort_ref *refs, size_t count,
                         struct slu_view packed, unsigned depth)
{
    while (count > INSERTION_MAX) {
        size_t low;
        size_t high;

        split_refs(refs, count, pick_pivot(refs, count), &low, &high);
        sort_equal(refs + low, high - low, packed, depth);
        if (low < count - high) {
            sort_by_word(refs, low, packed, depth);
            refs += high;
            count -= high;
        } else {
            sort_by_word(refs + high, count - high, packed, depth);
            count = low;
        }
    }
    sort_words_by_insertion(refs, count);
    sort_runs(refs, count, packed, depth);
}

void slu_sort_refs(struct slu_sort_ref *refs, size_t count,
                   struct slu_view packed)
{
    sort_by_word(refs, count, packed, 0);
}
