/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fingerprints.h"

#include "engine/large_alloc.h"

#define BUCKETS_MIN 2 /* one has no eighth to leave free */
#define FIRST_BUCKETS 16
#define AHEAD 16 /* fingerprints whose cache misses overlap */

static size_t limit_buckets(size_t buckets)
{
    if (buckets < BUCKETS_MIN) {
        return BUCKETS_MIN;
    }
    return buckets < SLU_FINGERPRINT_BUCKETS_MAX ? buckets
                                                 : SLU_FINGERPRINT_BUCKETS_MAX;
}

/* The buckets of a part when the whole set holds `count`: parts differ by
 * chance, hardly ever by more than six times the root of their share. */
static size_t count_buckets(size_t count)
{
    size_t share = count / SLU_FINGERPRINT_PARTS + 1;
    size_t root = 1;

    while (root * root < share) {
        root++;
    }
    return limit_buckets((share + 6 * root) / 7 * 8 / SLU_FINGERPRINT_BUCKET +
                         4);
}

void slu_fingerprints_init(struct slu_fingerprints *self,
                           const struct slu_alloc *alloc, size_t max)
{
    *self = (struct slu_fingerprints){
        .alloc = slu_large_alloc(alloc),
        .buckets_max = limit_buckets(max / 2 / SLU_FINGERPRINT_PARTS /
                                     SLU_FINGERPRINT_BUCKET),
    };
}

void slu_fingerprints_init_keeping(struct slu_fingerprints *self,
                                   const struct slu_alloc *alloc, size_t max)
{
    *self = (struct slu_fingerprints){
        .alloc = slu_large_alloc(alloc),
        .keeps = true,
        .buckets_max = count_buckets(max),
    };
}

void slu_fingerprints_fini(struct slu_fingerprints *self)
{
    for (unsigned i = 0; i < SLU_FINGERPRINT_PARTS && self->alloc != NULL;
         i++) {
        slu_fingerprint_table_fini(&self->parts[i].young, self->alloc);
        slu_fingerprint_table_fini(&self->parts[i].old, self->alloc);
    }
}

static bool grow(struct slu_fingerprints *self,
                 struct slu_fingerprint_table *table, size_t buckets)
{
    if (buckets > self->buckets_max) {
        buckets = self->buckets_max;
    }
    return buckets > table->bucket_count &&
           slu_fingerprint_table_grow(table, self->alloc, buckets,
                                      SLU_FINGERPRINT_PART_BITS);
}

void slu_fingerprints_reserve(struct slu_fingerprints *self, size_t count)
{
    for (unsigned i = 0; i < SLU_FINGERPRINT_PARTS; i++) {
        (void)grow(self, &self->parts[i].young, count_buckets(count));
    }
}

/* The young table becomes the old one; the old one's memory is used again. */
static void change_places(struct slu_fingerprint_part *part)
{
    struct slu_fingerprint_table table = part->old;

    part->old = part->young;
    part->young = table;
    slu_fingerprint_table_clear(&part->young);
}

/*
 * Where a part begins. Parts double when they are full; were they all of one
 * size, all would double at the same count. So they begin between one and two
 * times FIRST_BUCKETS, spread as the powers of two are (2^x is nearly
 * 1 + 0.66 x + 0.34 x^2), and at any count some have just doubled and some are
 * about to: the memory for each fingerprint is always the same.
 */
static size_t first_buckets(size_t index)
{
    return FIRST_BUCKETS + (index * 84 + index * index * 11 / 8) / 256;
}

/* Room for one more in a young table that is full; false when there is none. */
static bool make_room(struct slu_fingerprints *self,
                      struct slu_fingerprint_part *part)
{
    struct slu_fingerprint_table *young = &part->young;
    size_t buckets = young->bucket_count;

    if (buckets == 0) {
        return grow(self, young, first_buckets((size_t)(part - self->parts)));
    }
    if (grow(self, young, buckets * 2)) {
        return true;
    }
    if (self->keeps) {
        return false;
    }
    change_places(part);
    return young->bucket_count != 0 || grow(self, young, buckets);
}

bool slu_fingerprints_add_print(struct slu_fingerprints *self,
                                struct slu_fingerprint print)
{
    struct slu_fingerprint_part *part =
        &self->parts[slu_fingerprints_part(print)];
    uint32_t place = slu_fingerprints_place(print);
    struct slu_fingerprint *unused;
    struct slu_fingerprint *slot;

    if (slu_fingerprint_table_find(&part->young, print, place, &slot) ||
        (part->old.count > 0 &&
         slu_fingerprint_table_find(&part->old, print, place, &unused))) {
        return true;
    }
    if (slu_fingerprint_table_is_full(&part->young)) {
        if (!make_room(self, part)) {
            return false;
        }
        (void)slu_fingerprint_table_find(&part->young, print, place, &slot);
    }
    slu_fingerprint_table_put(&part->young, print, slot);
    return false;
}

bool slu_fingerprints_add(struct slu_fingerprints *self, struct slu_view bytes)
{
    return slu_fingerprints_add_print(self, slu_fingerprint_of(bytes));
}

/* Hashed and asked for AHEAD texts before it is looked up. */
size_t slu_fingerprints_add_all(struct slu_fingerprints *self,
                                const struct slu_view *texts, size_t count,
                                bool *out_known)
{
    struct slu_fingerprint prints[AHEAD];
    size_t known = 0;

    for (size_t i = 0; i < count + AHEAD; i++) {
        struct slu_fingerprint *print = &prints[i % AHEAD];

        if (i >= AHEAD) {
            bool is_known = slu_fingerprints_add_print(self, *print);

            out_known[i - AHEAD] = is_known;
            known += is_known;
        }
        if (i < count) {
            *print = slu_fingerprint_of(texts[i]);
            slu_fingerprints_hint(self, *print);
        }
    }
    return known;
}

size_t slu_fingerprints_count(const struct slu_fingerprints *self)
{
    size_t count = 0;

    for (unsigned i = 0; i < SLU_FINGERPRINT_PARTS; i++) {
        count += self->parts[i].young.count + self->parts[i].old.count;
    }
    return count;
}

size_t slu_fingerprints_bytes(const struct slu_fingerprints *self)
{
    size_t buckets = 0;

    for (unsigned i = 0; i < SLU_FINGERPRINT_PARTS; i++) {
        buckets +=
            self->parts[i].young.bucket_count + self->parts[i].old.bucket_count;
    }
    return buckets * SLU_FINGERPRINT_BUCKET_BYTES;
}
