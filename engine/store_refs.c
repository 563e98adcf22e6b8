/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References to records, which carry eight bytes of the key, so that most
 * comparisons touch nothing else.
 *
 * A word is seven bytes of the key, padded with zeros, and in its lowest byte
 * how many bytes are left, 8 standing for "more than these seven". So "a" comes
 * before "a\0", and equal words that say less than 8 are equal keys. The first
 * word has the kind in its highest byte and six bytes of the key; an address
 * is in it as a whole.
 *
 * They are put in order by American flag sort (McIlroy, Bostic and McIlroy,
 * 1993), by the highest bits in which their words differ, few by insertion. Of
 * names that begin alike it mispredicts fewer branches than a quicksort, and
 * takes 2/3 of the time.
 */
#include "engine/store_sort.h"

#define WORD_BYTES 7u
#define FIRST_BYTES 6u
#define MORE 8u
#define INSERTION_MAX 40

/* Of a word, what is sorted by at a time: two or three for each value. */
#define DIGIT_BITS_MAX 8u

_Static_assert(SLU_RECORD_PACKED_MAX < 1 << 12 &&
                   SLU_RECORD_KEY_MAX < 1 << 11 &&
                   SLU_RECORD_PACKED_MAX - SLU_RECORD_KEY_MAX < 1 << 8,
               "a reference has room for lengths");

/* ---- words ---- */

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

/* Eight bytes from the key on are in the record when it has three: the time of
 * the last sighting and the sources follow it. */
uint64_t slu_sort_word_packed(const struct slu_packed *packed)
{
    size_t len = packed->key.len;
    uint64_t word;

    if (len < 3) {
        return slu_sort_word(packed->kind, packed->key);
    }
    memcpy(&word, packed->key.ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word >>= 16;
    if (len < FIRST_BYTES) {
        word &= ~(uint64_t)0 << 8 * (FIRST_BYTES - len);
    }
    return (uint64_t)packed->kind << 56 | word << 8 |
           (len > FIRST_BYTES ? MORE : len);
}

bool slu_sort_ends_in(uint64_t word)
{
    return (word & 0xff) != MORE;
}

int slu_sort_compare(const struct slu_packed *a, uint64_t word_a,
                     const struct slu_packed *b, uint64_t word_b)
{
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order;

    if (word_a != word_b || slu_sort_ends_in(word_a)) {
        return (word_a > word_b) - (word_a < word_b);
    }
    order = memcmp(a->key.ptr, b->key.ptr, len);
    return order != 0 ? order
                      : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

/* ---- references ---- */

/* The key's word at this depth, from 1; the words before say that it is that
 * long. */
static uint64_t load_word(const char *base, const struct slu_sort_ref *ref,
                          unsigned depth)
{
    size_t skip = FIRST_BYTES + (size_t)(depth - 1) * WORD_BYTES;
    const char *key = base + ref->offset + ref->key_at;

    return make_word(0, slu_view_make(key + skip, ref->key_len - skip),
                     WORD_BYTES);
}

static void load_words(struct slu_sort_ref *refs, size_t count,
                       const char *base, unsigned depth)
{
    for (size_t i = 0; i < count; i++) {
        refs[i].word = load_word(base, &refs[i], depth);
    }
}

/* The bits that are not the same in all words. */
static uint64_t find_differences(const struct slu_sort_ref *refs, size_t count)
{
    uint64_t differences = 0;

    for (size_t i = 1; i < count; i++) {
        differences |= refs[i].word ^ refs[0].word;
    }
    return differences;
}

/* Bits of a word, which has the same above them as the others. */
struct digit {
    unsigned shift;
    unsigned mask;
};

static unsigned find_top_bit(uint64_t word)
{
    return 63 - (unsigned)__builtin_clzll(word);
}

static struct digit choose_digit(uint64_t differences, size_t count)
{
    unsigned top = find_top_bit(differences);
    unsigned bits = find_top_bit(count) - 1;

    bits = bits < DIGIT_BITS_MAX ? bits : DIGIT_BITS_MAX;
    return (struct digit){.shift = top < bits ? 0 : top + 1 - bits,
                          .mask = (1u << bits) - 1};
}

static unsigned read_digit(struct digit digit, const struct slu_sort_ref *ref)
{
    return (unsigned)(ref->word >> digit.shift) & digit.mask;
}

/* Puts each where its digit belongs, which sends whatever is there on. */
static void send_round(struct slu_sort_ref *refs, struct digit digit,
                       uint32_t *next, unsigned own)
{
    struct slu_sort_ref held = refs[next[own]];
    unsigned value = read_digit(digit, &held);

    while (value != own) {
        struct slu_sort_ref other = refs[next[value]];

        refs[next[value]++] = held;
        held = other;
        value = read_digit(digit, &held);
    }
    refs[next[own]++] = held;
}

static void order_by_digit(struct slu_sort_ref *refs, size_t count,
                           struct digit digit)
{
    uint32_t next[1u << DIGIT_BITS_MAX] = {0};
    uint32_t ends[1u << DIGIT_BITS_MAX];
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        next[read_digit(digit, &refs[i])]++;
    }
    for (unsigned value = 0; value <= digit.mask; value++) {
        ends[value] = sum + next[value];
        next[value] = sum;
        sum = ends[value];
    }
    for (unsigned value = 0; value <= digit.mask; value++) {
        while (next[value] < ends[value]) {
            send_round(refs, digit, next, value);
        }
    }
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

static void sort_at(struct slu_sort_ref *refs, size_t count, const char *base,
                    unsigned depth);

static void mark_same(struct slu_sort_ref *refs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        refs[i].is_same = true;
    }
}

/* Of references in the order of their digits: sorts those of each but the most
 * frequent one, and returns how many of that there are, from *io_refs on. */
static size_t sort_groups(struct slu_sort_ref **io_refs, size_t count,
                          struct digit digit, const char *base, unsigned depth)
{
    struct slu_sort_ref *refs = *io_refs;
    size_t most = 0;
    size_t start = 0;

    while (start < count) {
        unsigned value = read_digit(digit, &refs[start]);
        size_t end = start + 1;

        while (end < count && read_digit(digit, &refs[end]) == value) {
            end++;
        }
        if (end - start > most) {
            sort_at(*io_refs, most, base, depth);
            *io_refs = refs + start;
            most = end - start;
        } else {
            sort_at(refs + start, end - start, base, depth);
        }
        start = end;
    }
    return most;
}

/* Those that are in the order of their words. */
static void sort_runs(struct slu_sort_ref *refs, size_t count, const char *base,
                      unsigned depth)
{
    size_t start = 0;

    while (start < count) {
        size_t end = start + 1;

        while (end < count && refs[end].word == refs[start].word) {
            end++;
        }
        sort_at(refs + start, end - start, base, depth);
        start = end;
    }
}

/*
 * Recursion: into groups of at most half as many, and among a few, whose words
 * aren't all the same, into those with the same word; so log2 count and
 * INSERTION_MAX deep, however long the keys.
 */
static void sort_at(struct slu_sort_ref *refs, size_t count, const char *base,
                    unsigned depth)
{
    while (count > 1) {
        uint64_t differences = find_differences(refs, count);
        struct digit digit;

        if (differences == 0 && slu_sort_ends_in(refs[0].word)) {
            mark_same(refs, count);
            return;
        }
        if (differences == 0) {
            load_words(refs, count, base, ++depth);
            continue;
        }
        if (count <= INSERTION_MAX) {
            sort_words_by_insertion(refs, count);
            sort_runs(refs, count, base, depth);
            return;
        }
        digit = choose_digit(differences, count);
        order_by_digit(refs, count, digit);
        count = sort_groups(&refs, count, digit, base, depth);
    }
}

void slu_sort_refs(struct slu_sort_ref *refs, size_t count, const char *base)
{
    sort_at(refs, count, base, 0);
}
