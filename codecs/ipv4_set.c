/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_set.h"

#include "codecs/ipv4_sort.h"

#include <assert.h>
#include <string.h>

#define PAGES 256
#define PAGE_BYTES ((size_t)2 << 20)
#define PAGE_WORDS (PAGE_BYTES / 8)
#define FIRST_CAPACITY 4096
#define AHEAD 24 /* addresses whose cache misses overlap */
#define END ((uint64_t)1 << 32)

void slu_ipv4_set_init(struct slu_ipv4_set *self, const struct slu_alloc *alloc)
{
    *self = (struct slu_ipv4_set){.alloc = alloc,
                                  .array_max = SLU_IPV4_SET_ARRAY_MAX};
}

static void free_array(struct slu_ipv4_set *self)
{
    slu_alloc_put(self->alloc, self->array,
                  self->capacity * sizeof(*self->array));
    self->array = NULL;
    self->len = 0;
    self->capacity = 0;
    self->sorted = 0;
}

void slu_ipv4_set_fini(struct slu_ipv4_set *self)
{
    if (self->alloc == NULL) {
        return;
    }
    free_array(self);
    for (unsigned i = 0; i < PAGES && self->pages != NULL; i++) {
        slu_alloc_put(self->alloc, self->pages[i], PAGE_BYTES);
    }
    slu_alloc_put(self->alloc, self->pages, PAGES * sizeof(*self->pages));
    *self = (struct slu_ipv4_set){0};
}

/* ---- the array ---- */

static enum slu_err resize_array(struct slu_ipv4_set *self, size_t capacity)
{
    uint32_t *array =
        self->array == NULL
            ? slu_alloc_get(self->alloc, capacity * sizeof(*array))
            : slu_alloc_resize(self->alloc, self->array,
                               self->capacity * sizeof(*array),
                               capacity * sizeof(*array));

    if (array == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->array = array;
    self->capacity = capacity;
    return SLU_ERR_OK;
}

static enum slu_err sort_array(struct slu_ipv4_set *self)
{
    size_t bytes = self->len * sizeof(*self->array);
    uint32_t *scratch;

    if (self->sorted == self->len) {
        return SLU_ERR_OK;
    }
    scratch = slu_alloc_get(self->alloc, bytes);
    if (scratch == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->len = slu_ipv4_sort(self->array, self->len, scratch);
    self->sorted = self->len;
    slu_alloc_put(self->alloc, scratch, bytes);
    return SLU_ERR_OK;
}

/* ---- the bitmap ---- */

static enum slu_err want_page(struct slu_ipv4_set *self, uint32_t address)
{
    uint64_t **page = &self->pages[address >> 24];

    if (*page == NULL) {
        *page = slu_alloc_zero(self->alloc, PAGE_BYTES);
    }
    return *page == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
}

static uint64_t *find_word(const struct slu_ipv4_set *self, uint32_t address)
{
    return &self->pages[address >> 24][(address & 0xffffff) >> 6];
}

static void set_bit(struct slu_ipv4_set *self, uint32_t address)
{
    uint64_t *word = find_word(self, address);
    uint64_t bit = (uint64_t)1 << (address & 63);

    self->page_count += (*word & bit) == 0;
    *word |= bit;
}

/* Asked for AHEAD addresses before it is set. */
static enum slu_err add_to_pages(struct slu_ipv4_set *self,
                                 const uint32_t *addresses, size_t count)
{
    size_t first = count < AHEAD ? count : AHEAD;
    size_t i;

    for (i = 0; i < count; i++) {
        if (want_page(self, addresses[i]) != SLU_ERR_OK) {
            return SLU_ERR_NOMEM;
        }
        __builtin_prefetch(find_word(self, addresses[i]), 1);
        if (i >= AHEAD) {
            set_bit(self, addresses[i - AHEAD]);
        }
    }
    for (i = count - first; i < count; i++) {
        set_bit(self, addresses[i]);
    }
    return SLU_ERR_OK;
}

/* From the last address to the first, and the array becomes shorter on the way,
 * so that both are never there whole. */
static enum slu_err make_pages(struct slu_ipv4_set *self)
{
    enum slu_err err = SLU_ERR_OK;

    self->pages = slu_alloc_zero(self->alloc, PAGES * sizeof(*self->pages));
    if (self->pages == NULL) {
        return SLU_ERR_NOMEM;
    }
    while (self->len > 0 && err == SLU_ERR_OK) {
        uint32_t top = self->array[self->len - 1] >> 24;
        size_t end = self->len;

        while (self->len > 0 && self->array[self->len - 1] >> 24 == top) {
            self->len--;
        }
        err = add_to_pages(self, self->array + self->len, end - self->len);
        if (err == SLU_ERR_OK && self->len > 0) {
            err = resize_array(self, self->len);
        }
    }
    free_array(self);
    return err;
}

/* ---- adding ---- */

/* Room in the array, or pages in its place. */
static enum slu_err make_room(struct slu_ipv4_set *self)
{
    size_t capacity = self->capacity * 2;
    enum slu_err err;

    if (self->capacity < self->array_max) {
        capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity;
        return resize_array(self, capacity < self->array_max ? capacity
                                                             : self->array_max);
    }
    err = sort_array(self);
    if (err == SLU_ERR_OK && self->len > self->array_max / 2) {
        err = make_pages(self);
    }
    return err;
}

enum slu_err slu_ipv4_set_add(struct slu_ipv4_set *self,
                              const uint32_t *addresses, size_t count)
{
    while (count > 0 && self->pages == NULL) {
        size_t room = self->capacity - self->len;
        size_t len = count < room ? count : room;
        enum slu_err err;

        if (len == 0) {
            err = make_room(self);
            if (err != SLU_ERR_OK) {
                return err;
            }
            continue;
        }
        memcpy(self->array + self->len, addresses, len * sizeof(*addresses));
        self->len += len;
        addresses += len;
        count -= len;
    }
    return add_to_pages(self, addresses, count);
}

enum slu_err slu_ipv4_set_finish(struct slu_ipv4_set *self)
{
    return self->pages != NULL ? SLU_ERR_OK : sort_array(self);
}

/* ---- halves ---- */

#define SAMPLES 255
#define MOVED 1024 /* at once */

static uint32_t guess_median(const struct slu_ipv4_set *self)
{
    uint32_t samples[SAMPLES];

    for (size_t i = 0; i < SAMPLES; i++) {
        uint32_t sample = self->array[i * self->len / SAMPLES];
        size_t at = i;

        for (; at > 0 && samples[at - 1] > sample; at--) {
            samples[at] = samples[at - 1];
        }
        samples[at] = sample;
    }
    return samples[SAMPLES / 2];
}

/* Each is written to both and counts in one: which one is as good as random,
 * and a branch on it would be guessed wrong. */
enum slu_err slu_ipv4_set_halve(struct slu_ipv4_set *self,
                                struct slu_ipv4_set *other)
{
    uint32_t above[MOVED];
    uint32_t median;
    size_t kept = 0;
    size_t done = 0;
    enum slu_err err = SLU_ERR_OK;

    assert(other->len == 0 && other->pages == NULL);
    if (self->pages != NULL || self->len == 0) {
        return SLU_ERR_OK;
    }
    median = guess_median(self);
    while (done < self->len && err == SLU_ERR_OK) {
        size_t end = self->len - done < MOVED ? self->len : done + MOVED;
        size_t moved = 0;

        for (; done < end; done++) {
            uint32_t address = self->array[done];

            self->array[kept] = address;
            above[moved] = address;
            kept += address < median;
            moved += address >= median;
        }
        err = slu_ipv4_set_add(other, above, moved);
    }
    self->len = kept;
    self->sorted = 0;
    if (kept == 0) {
        free_array(self);
    } else if (err == SLU_ERR_OK) {
        err = resize_array(self, kept);
    }
    return err;
}

enum slu_err slu_ipv4_set_unite(struct slu_ipv4_set *self,
                                const struct slu_ipv4_set *other)
{
    uint32_t batch[1024];
    uint64_t cursor = 0;
    enum slu_err err = SLU_ERR_OK;
    size_t count;

    assert(self != other);
    do {
        count = slu_ipv4_set_read(other, &cursor, batch,
                                  sizeof(batch) / sizeof(batch[0]));
        err = slu_ipv4_set_add(self, batch, count);
    } while (count > 0 && err == SLU_ERR_OK);
    return err;
}

/* ---- reading ---- */

uint64_t slu_ipv4_set_count(const struct slu_ipv4_set *self)
{
    assert(self->sorted == self->len);
    return self->pages != NULL ? self->page_count : self->len;
}

static size_t read_array(const struct slu_ipv4_set *self, uint64_t *cursor,
                         uint32_t *out, size_t room)
{
    size_t left = self->len - *cursor;
    size_t count = left < room ? left : room;

    if (count > 0) {
        memcpy(out, self->array + *cursor, count * sizeof(*out));
    }
    *cursor += count;
    return count;
}

/* The word of the bitmap that the address is in; no page: zeros. */
static uint64_t read_word(const struct slu_ipv4_set *self, uint64_t address)
{
    return self->pages[address >> 24] == NULL
               ? 0
               : *find_word(self, (uint32_t)address);
}

/* The first address from that one on whose bit is set, or is not; END: none. */
static uint64_t find_bit(const struct slu_ipv4_set *self, uint64_t address,
                         bool wanted)
{
    uint64_t flip = wanted ? 0 : ~(uint64_t)0;
    uint64_t above = ~(uint64_t)0 << (address & 63);

    while (address < END) {
        uint64_t word;

        if (wanted && self->pages[address >> 24] == NULL) {
            address = (address | 0xffffff) + 1;
            above = ~(uint64_t)0;
            continue;
        }
        word = (read_word(self, address) ^ flip) & above;
        if (word != 0) {
            return (address & ~(uint64_t)63) + (uint64_t)__builtin_ctzll(word);
        }
        address = (address | 63) + 1;
        above = ~(uint64_t)0;
    }
    return END;
}

static size_t read_pages(const struct slu_ipv4_set *self, uint64_t *cursor,
                         uint32_t *out, size_t room)
{
    size_t count = 0;

    while (count < room && *cursor < END) {
        uint64_t at = find_bit(self, *cursor, true);
        uint64_t bits;

        *cursor = at;
        if (at == END) {
            break;
        }
        bits = read_word(self, at) & ~(uint64_t)0 << (at & 63);
        for (; bits != 0 && count < room; bits &= bits - 1) {
            at = (at & ~(uint64_t)63) + (uint64_t)__builtin_ctzll(bits);
            out[count++] = (uint32_t)at;
        }
        *cursor = at + 1;
    }
    return count;
}

size_t slu_ipv4_set_read(const struct slu_ipv4_set *self, uint64_t *cursor,
                         uint32_t *out, size_t room)
{
    assert(self->sorted == self->len);
    return self->pages != NULL ? read_pages(self, cursor, out, room)
                               : read_array(self, cursor, out, room);
}

static bool next_run_of_array(const struct slu_ipv4_set *self, uint64_t *cursor,
                              uint32_t *out_first, uint32_t *out_last)
{
    size_t at = *cursor;

    if (at == self->len) {
        return false;
    }
    *out_first = self->array[at++];
    while (at < self->len && self->array[at] == self->array[at - 1] + 1) {
        at++;
    }
    *out_last = self->array[at - 1];
    *cursor = at;
    return true;
}

bool slu_ipv4_set_next_run(const struct slu_ipv4_set *self, uint64_t *cursor,
                           uint32_t *out_first, uint32_t *out_last)
{
    uint64_t first;

    assert(self->sorted == self->len);
    if (self->pages == NULL) {
        return next_run_of_array(self, cursor, out_first, out_last);
    }
    first = find_bit(self, *cursor, true);
    if (first == END) {
        *cursor = END;
        return false;
    }
    *cursor = find_bit(self, first, false);
    *out_first = (uint32_t)first;
    *out_last = (uint32_t)(*cursor - 1);
    return true;
}
