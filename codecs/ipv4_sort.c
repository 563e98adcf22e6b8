/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buckets of the top 11 bits are moved to the scratch array, each to where
 * it will be, so that the same stretch of the first array is free for it. A
 * bucket is then sorted from one stretch to the other and back by the digits of
 * its lower 21 bits, least first, within the cache; one of 65,536 or more is
 * written into a bitmap of those 21 bits instead, which fits its stretch and
 * drops repeats by itself.
 * What comes out goes to the front of the first array, which is free by then.
 */
#include "codecs/ipv4_sort.h"

#include <string.h>

#define LOW_BITS 21
#define BUCKETS (1 << (32 - LOW_BITS))
#define TINY 24   /* fewer are sorted by insertion */
#define SMALL 400 /* fewer: three digits of 7 bits, else two */
#define BITMAP_WORDS (1 << (LOW_BITS - 5)) /* of 32 bits */
#define DIGIT_BITS_MAX 11

/* The length of the front that is ascending and unique. */
static size_t measure_sorted(const uint32_t *addresses, size_t count)
{
    size_t i = 1;

    while (i < count && addresses[i - 1] < addresses[i]) {
        i++;
    }
    return i < count ? i : count;
}

/* ends[b] is where bucket b ends. */
static void scatter(const uint32_t *from, size_t count, uint32_t *to,
                    size_t ends[BUCKETS])
{
    size_t at[BUCKETS] = {0};
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        at[from[i] >> LOW_BITS]++;
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        size_t len = at[b];

        at[b] = sum;
        sum += len;
        ends[b] = sum;
    }
    for (size_t i = 0; i < count; i++) {
        to[at[from[i] >> LOW_BITS]++] = from[i];
    }
}

static void sort_by_insertion(uint32_t *addresses, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t address = addresses[i];
        size_t at = i;

        for (; at > 0 && addresses[at - 1] > address; at--) {
            addresses[at] = addresses[at - 1];
        }
        addresses[at] = address;
    }
}

static void sort_by_digit(const uint32_t *from, size_t count, uint32_t *to,
                          unsigned shift, unsigned bits)
{
    uint32_t at[1 << DIGIT_BITS_MAX];
    uint32_t mask = (1u << bits) - 1;
    uint32_t sum = 0;

    memset(at, 0, (mask + 1) * sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        at[from[i] >> shift & mask]++;
    }
    for (uint32_t digit = 0; digit <= mask; digit++) {
        uint32_t len = at[digit];

        at[digit] = sum;
        sum += len;
    }
    for (size_t i = 0; i < count; i++) {
        to[at[from[i] >> shift & mask]++] = from[i];
    }
}

/* Sorts a bucket that stands in `bucket`; `free_room` is as long. Returns in
 * which of the two it stands now. */
static const uint32_t *sort_bucket(uint32_t *bucket, size_t count,
                                   uint32_t *free_room)
{
    if (count < TINY) {
        sort_by_insertion(bucket, count);
        return bucket;
    }
    if (count >= SMALL) {
        sort_by_digit(bucket, count, free_room, 0, 11);
        sort_by_digit(free_room, count, bucket, 11, 10);
        return bucket;
    }
    sort_by_digit(bucket, count, free_room, 0, 7);
    sort_by_digit(free_room, count, bucket, 7, 7);
    sort_by_digit(bucket, count, free_room, 14, 7);
    return free_room;
}

/* Appends the sorted bucket without repeats; `out` may be where it stands, or
 * before. Its end. */
static uint32_t *append_unique(const uint32_t *sorted, size_t count,
                               uint32_t *out)
{
    uint32_t last = count > 0 ? sorted[0] : 0;

    if (count > 0) {
        *out++ = last;
    }
    for (size_t i = 1; i < count; i++) {
        uint32_t address = sorted[i];

        *out = address;
        out += address != last;
        last = address;
    }
    return out;
}

/* Through a bitmap in free_room. What it has goes to the bucket's own room
 * first, since `out` may run into the bitmap. */
static uint32_t *append_by_bitmap(uint32_t *bucket, size_t count,
                                  uint32_t *free_room, uint32_t *out)
{
    uint32_t top = bucket[0] >> LOW_BITS << LOW_BITS;
    size_t len = 0;

    memset(free_room, 0, BITMAP_WORDS * sizeof(*free_room));
    for (size_t i = 0; i < count; i++) {
        free_room[bucket[i] >> 5 & (BITMAP_WORDS - 1)] |= 1u
                                                          << (bucket[i] & 31);
    }
    for (uint32_t word = 0; word < BITMAP_WORDS; word++) {
        for (uint32_t bits = free_room[word]; bits != 0; bits &= bits - 1) {
            bucket[len++] = top | word << 5 | (uint32_t)__builtin_ctz(bits);
        }
    }
    memmove(out, bucket, len * sizeof(*out));
    return out + len;
}

size_t slu_ipv4_sort(uint32_t *addresses, size_t count, uint32_t *scratch)
{
    size_t ends[BUCKETS];
    uint32_t *out = addresses;
    size_t start = 0;

    if (measure_sorted(addresses, count) == count) {
        return count;
    }
    scatter(addresses, count, scratch, ends);
    for (unsigned b = 0; b < BUCKETS; b++) {
        size_t len = ends[b] - start;
        uint32_t *bucket = scratch + start;
        uint32_t *free_room = addresses + start;

        out =
            len >= BITMAP_WORDS
                ? append_by_bitmap(bucket, len, free_room, out)
                : append_unique(sort_bucket(bucket, len, free_room), len, out);
        start = ends[b];
    }
    return (size_t)(out - addresses);
}
