/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_set.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MOST 40000

static uint64_t state;

static uint32_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* The naive set: an unsorted array without repeats is enough for thousands,
 * sorted by the C library. */
struct naive {
    uint32_t addresses[MOST * 2];
    size_t count;
};

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void naive_finish(struct naive *self)
{
    size_t len = 0;

    qsort(self->addresses, self->count, sizeof(self->addresses[0]), compare);
    for (size_t i = 0; i < self->count; i++) {
        if (i == 0 || self->addresses[i] != self->addresses[i - 1]) {
            self->addresses[len++] = self->addresses[i];
        }
    }
    self->count = len;
}

static void check_addresses(const struct slu_ipv4_set *set,
                            const struct naive *naive, size_t room)
{
    uint32_t *out = malloc(room * sizeof(*out));
    uint64_t cursor = 0;
    size_t at = 0;
    size_t count;

    cr_assert_eq(slu_ipv4_set_count(set), naive->count);
    while ((count = slu_ipv4_set_read(set, &cursor, out, room)) > 0) {
        cr_assert_leq(at + count, naive->count);
        cr_assert_eq(memcmp(out, naive->addresses + at, count * sizeof(*out)),
                     0);
        at += count;
    }
    cr_assert_eq(at, naive->count);
    cr_assert_eq(slu_ipv4_set_read(set, &cursor, out, room), 0);
    free(out);
}

static void check_runs(const struct slu_ipv4_set *set,
                       const struct naive *naive)
{
    uint64_t cursor = 0;
    uint32_t first;
    uint32_t last;
    size_t at = 0;

    while (slu_ipv4_set_next_run(set, &cursor, &first, &last)) {
        size_t end = at;

        cr_assert_lt(at, naive->count);
        while (end + 1 < naive->count &&
               naive->addresses[end + 1] == naive->addresses[end] + 1) {
            end++;
        }
        cr_assert_eq(first, naive->addresses[at]);
        cr_assert_eq(last, naive->addresses[end]);
        at = end + 1;
    }
    cr_assert_eq(at, naive->count);
    cr_assert_not(slu_ipv4_set_next_run(set, &cursor, &first, &last));
}

static void check(const struct slu_ipv4_set *set, const struct naive *naive)
{
    check_addresses(set, naive, 1);
    check_addresses(set, naive, 7);
    check_addresses(set, naive, MOST * 3);
    check_runs(set, naive);
}

/* Addresses of which many are neighbours, and some at the ends of pages. */
static void make_batch(uint32_t *out, size_t count, uint32_t mask)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = next() & mask;
        if (i > 0 && (next() & 3) == 0) {
            out[i] = out[i - 1] + 1;
        }
        if ((next() & 255) == 0) {
            out[i] = (next() & 0xff000000 & mask) - (next() & 1);
        }
    }
}

/* Whatever the batches, with a finish in between, as an array and as pages. */
static void run(size_t array_max, uint32_t mask, size_t count)
{
    static struct naive naive;
    static uint32_t batch[5000];
    struct slu_ipv4_set set;
    size_t added = 0;

    naive.count = 0;
    slu_ipv4_set_init(&set, slu_alloc_default());
    set.array_max = array_max;
    while (added < count) {
        size_t len = next() % 5000;

        len = len < count - added ? len : count - added;
        make_batch(batch, len, mask);
        memcpy(naive.addresses + naive.count, batch, len * sizeof(*batch));
        naive.count += len;
        cr_assert_eq(slu_ipv4_set_add(&set, batch, len), SLU_ERR_OK);
        added += len;
        if (next() % 5 == 0) {
            naive_finish(&naive);
            cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
            cr_assert_eq(slu_ipv4_set_count(&set), naive.count);
        }
    }
    naive_finish(&naive);
    cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
    cr_assert(naive.count <= array_max || set.pages != NULL);
    check(&set, &naive);
    slu_ipv4_set_fini(&set);
}

Test(ipv4_set, is_what_a_naive_set_is)
{
    static const uint32_t masks[] = {0xffffffff, 0x0103ffff, 0x00003fff,
                                     0x7f0000ff};

    state = 1;
    for (unsigned i = 0; i < 4; i++) {
        run(SLU_IPV4_SET_ARRAY_MAX, masks[i], MOST);
    }
}

/* Few pages, so that the test takes no half gigabyte. */
Test(ipv4_set, is_the_same_as_a_bitmap)
{
    static const uint32_t masks[] = {0x0103ffff, 0x00003fff, 0x030000ff};

    state = 2;
    for (unsigned i = 0; i < 3; i++) {
        run(5000, masks[i], MOST / 2);
        run(4096, masks[i], MOST / 2);
    }
}

Test(ipv4_set, an_empty_one_has_nothing)
{
    static struct naive naive;
    struct slu_ipv4_set set;

    slu_ipv4_set_init(&set, slu_alloc_default());
    cr_assert_eq(slu_ipv4_set_add(&set, NULL, 0), SLU_ERR_OK);
    cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
    check(&set, &naive);
    slu_ipv4_set_fini(&set);
    slu_ipv4_set_fini(&set);
}

static void fill(struct slu_ipv4_set *set, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t address = first + i;

        cr_assert_eq(slu_ipv4_set_add(set, &address, 1), SLU_ERR_OK);
    }
}

Test(ipv4_set, repeats_alone_make_no_bitmap)
{
    struct slu_ipv4_set set;

    slu_ipv4_set_init(&set, slu_alloc_default());
    set.array_max = 1000;
    for (unsigned i = 0; i < 100; i++) {
        fill(&set, 0x08080000, 400);
    }
    cr_assert_null(set.pages);
    cr_assert_leq(set.capacity, 1000);
    fill(&set, 0x08090000, 700);
    fill(&set, 0x08080000, 400);
    cr_assert_not_null(set.pages);
    cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
    cr_assert_eq(slu_ipv4_set_count(&set), 1100);
    slu_ipv4_set_fini(&set);
}

/* A run that crosses from one page into the next, and the last address. */
Test(ipv4_set, runs_cross_pages_and_end_with_the_last_address)
{
    for (size_t max = 64; max < 100000; max *= 1000) {
        struct slu_ipv4_set set;
        uint64_t cursor = 0;
        uint32_t first;
        uint32_t last;

        slu_ipv4_set_init(&set, slu_alloc_default());
        set.array_max = max;
        fill(&set, 0x01ffff80, 256);
        fill(&set, 0xffffff00, 256);
        fill(&set, 0, 1);
        cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
        cr_assert_eq(set.pages != NULL, max == 64);
        cr_assert(slu_ipv4_set_next_run(&set, &cursor, &first, &last));
        cr_assert(first == 0 && last == 0);
        cr_assert(slu_ipv4_set_next_run(&set, &cursor, &first, &last));
        cr_assert(first == 0x01ffff80 && last == 0x0200007f);
        cr_assert(slu_ipv4_set_next_run(&set, &cursor, &first, &last));
        cr_assert(first == 0xffffff00 && last == 0xffffffff);
        cr_assert_not(slu_ipv4_set_next_run(&set, &cursor, &first, &last));
        slu_ipv4_set_fini(&set);
    }
}

/* Array with array, array with bitmap, and the other way. */
Test(ipv4_set, unite_adds_all_of_another)
{
    for (unsigned i = 0; i < 4; i++) {
        static struct naive naive;
        struct slu_ipv4_set set;
        struct slu_ipv4_set other;

        slu_ipv4_set_init(&set, slu_alloc_default());
        slu_ipv4_set_init(&other, slu_alloc_default());
        set.array_max = (i & 1) ? 1000 : 100000;
        other.array_max = (i & 2) ? 1000 : 100000;
        fill(&set, 0x05000000, 3000);
        fill(&other, 0x05000800, 3000);
        cr_assert_eq(slu_ipv4_set_finish(&other), SLU_ERR_OK);
        cr_assert_eq(slu_ipv4_set_unite(&set, &other), SLU_ERR_OK);
        cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
        naive.count = 0;
        for (uint32_t at = 0x05000000; at < 0x05000800 + 3000; at++) {
            naive.addresses[naive.count++] = at;
        }
        check(&set, &naive);
        slu_ipv4_set_fini(&set);
        slu_ipv4_set_fini(&other);
    }
}

/* What was in either half, one after the other. */
static void check_halves(struct slu_ipv4_set halves[2],
                         const struct naive *naive)
{
    static uint32_t out[MOST];
    size_t at = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t cursor = 0;

        cr_assert_eq(slu_ipv4_set_finish(&halves[i]), SLU_ERR_OK);
        at += slu_ipv4_set_read(&halves[i], &cursor, out + at, MOST - at);
    }
    cr_assert_eq(at, naive->count);
    cr_assert_eq(memcmp(out, naive->addresses, at * sizeof(out[0])), 0);
}

/* `spread`: how many different ones, about; 0: each above the one before. */
static void check_halving(size_t count, uint32_t spread)
{
    static struct naive naive;
    struct slu_ipv4_set halves[2];
    uint64_t upper;

    naive.count = 0;
    for (unsigned i = 0; i < 2; i++) {
        slu_ipv4_set_init(&halves[i], slu_alloc_default());
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t address = spread == 0 ? i * 7 : next() % spread * 977;

        cr_assert_eq(slu_ipv4_set_add(&halves[0], &address, 1), SLU_ERR_OK);
        naive.addresses[naive.count++] = address;
    }
    naive_finish(&naive);
    cr_assert_eq(slu_ipv4_set_halve(&halves[0], &halves[1]), SLU_ERR_OK);
    check_halves(halves, &naive);
    upper = slu_ipv4_set_count(&halves[1]);
    cr_assert(count < 5000 || spread == 1 ||
                  (upper > naive.count / 3 && upper < naive.count / 3 * 2),
              "%llu of %zu are in the upper half", (unsigned long long)upper,
              naive.count);
    for (unsigned i = 0; i < 2; i++) {
        slu_ipv4_set_fini(&halves[i]);
    }
}

Test(ipv4_set, halves_are_all_of_it_and_about_as_large)
{
    static const size_t counts[] = {0,    1,    2,    254,  255,   256,
                                    1023, 1024, 1025, 2048, 30000, MOST};

    state = 21;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        check_halving(counts[i], 0);
        check_halving(counts[i], 1);
        check_halving(counts[i], 40000);
        check_halving(counts[i], UINT32_MAX);
    }
}

Test(ipv4_set, a_bitmap_is_not_halved)
{
    struct slu_ipv4_set halves[2];
    static struct naive naive;

    state = 22;
    naive.count = 0;
    for (unsigned i = 0; i < 2; i++) {
        slu_ipv4_set_init(&halves[i], slu_alloc_default());
    }
    halves[0].array_max = 1000;
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t address = next();

        cr_assert_eq(slu_ipv4_set_add(&halves[0], &address, 1), SLU_ERR_OK);
        naive.addresses[naive.count++] = address;
    }
    naive_finish(&naive);
    cr_assert_eq(slu_ipv4_set_halve(&halves[0], &halves[1]), SLU_ERR_OK);
    cr_assert_eq(slu_ipv4_set_count(&halves[1]), 0);
    check_halves(halves, &naive);
    for (unsigned i = 0; i < 2; i++) {
        slu_ipv4_set_fini(&halves[i]);
    }
}

/* What the array and its sorting take, of an allocator that says so. */
Test(ipv4_set, costs_eight_bytes_an_address)
{
    static uint32_t batch[4096];
    struct failing_alloc own;
    struct slu_ipv4_set set;

    state = 3;
    failing_alloc_init(&own, 0);
    slu_ipv4_set_init(&set, &own.alloc);
    for (unsigned i = 0; i < 16; i++) {
        make_batch(batch, 4096, 0xffffffff);
        cr_assert_eq(slu_ipv4_set_add(&set, batch, 4096), SLU_ERR_OK);
    }
    cr_assert_eq(slu_ipv4_set_finish(&set), SLU_ERR_OK);
    cr_assert_leq(own.peak, 8 * 16 * 4096);
    slu_ipv4_set_fini(&set);
    cr_assert_eq(own.live, 0);
}

static enum slu_err work(const struct slu_alloc *alloc)
{
    struct slu_ipv4_set set;
    struct slu_ipv4_set other;
    uint32_t batch[600];
    enum slu_err err = SLU_ERR_OK;

    state = 4;
    slu_ipv4_set_init(&set, alloc);
    slu_ipv4_set_init(&other, alloc);
    set.array_max = 5000;
    for (unsigned i = 0; i < 12 && err == SLU_ERR_OK; i++) {
        make_batch(batch, 600, 0x0300ffff);
        err = slu_ipv4_set_add(i < 6 ? &other : &set, batch, 600);
    }
    if (err == SLU_ERR_OK) {
        err = slu_ipv4_set_finish(&other);
    }
    if (err == SLU_ERR_OK) {
        err = slu_ipv4_set_unite(&set, &other);
    }
    if (err == SLU_ERR_OK) {
        err = slu_ipv4_set_finish(&set);
    }
    slu_ipv4_set_fini(&set);
    slu_ipv4_set_fini(&other);
    return err;
}

Test(ipv4_set, every_failure_of_memory_is_told_and_leaks_nothing)
{
    struct failing_alloc own;
    unsigned fail_at = 0;

    do {
        fail_at++;
        failing_alloc_init(&own, fail_at);
        cr_assert_eq(work(&own.alloc),
                     own.calls >= fail_at ? SLU_ERR_NOMEM : SLU_ERR_OK);
        cr_assert_eq(own.live, 0);
    } while (own.calls >= fail_at);
    cr_assert_gt(fail_at, 8);
}
