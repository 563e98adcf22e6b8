/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are sorted by their labels from the right, so that all below a
 * parent stand together, and walked once with a stack of the parents of where
 * we are:
 *
 *     evil.com                      open: com
 *     *.evil.com                    open: com, evil.com
 *     a.evil.com                    open: com, evil.com      (2 below it)
 *     x.b.evil.com                  open: com, evil.com, b.evil.com
 *     evil.net                      all closed, the deepest first; open: net
 *
 * A parent that is closed has all names below it between its first one and
 * here. If "*.parent" is among them, or enough names directly below it, they
 * become that one line, which ranks like the best of them. So the deepest are
 * folded first, and a wildcard further up takes in those further down. The
 * parent's own name is not below it and stays.
 *
 * Never folded is what the guard would reject as a record (it covers an allowed
 * name, it is a public suffix), and whatever the settings say: a public suffix,
 * or a parent of one of the names' public suffixes: "*.amazonaws.com" for names
 * such as a.s3.amazonaws.com would list all the world's buckets.
 *
 * Place: a line's seat is stored with its first member in key order; when that
 * one leaves, it is still here, marked LEFT, and counts only for its place.
 */
#include "sinks/domain_fold.h"

#include "sinks/place.h"

#include <assert.h>
#include <stdlib.h>

/* A name has at most 127 labels. */
#define PARENTS_MAX 128

struct name {
    uint64_t rank;
    uint32_t place;
    uint32_t offset; /* of its text in the pool's names */
    uint8_t length;
    bool left;
    bool gone; /* stands in a line */
};

/* A parent under which we are. */
struct parent {
    uint32_t offset; /* of its text */
    uint8_t length;
    bool has_wildcard;
    uint32_t first; /* of the names below it */
    uint32_t below; /* names directly below it */
};

struct folding {
    const struct slu_domain_fold *options;
    char *texts;
    struct name *names;
    uint32_t count;
    struct parent parents[PARENTS_MAX];
    unsigned depth;
};

static struct slu_view text_of(const struct folding *self,
                               const struct name *name)
{
    return slu_view_make(self->texts + name->offset, name->length);
}

static bool is_wildcard(struct slu_view name)
{
    return name.len > 2 && name.ptr[0] == '*';
}

/* ---- sorting ---- */

/* The dot first, so that a name is followed by all below it. */
static int weigh(char letter)
{
    return letter == '.' ? 0 : (unsigned char)letter;
}

static int compare_from_right(const void *left, const void *right, void *texts)
{
    const struct name *a = left;
    const struct name *b = right;
    const char *a_text = (const char *)texts + a->offset;
    const char *b_text = (const char *)texts + b->offset;
    unsigned shorter = a->length < b->length ? a->length : b->length;

    for (unsigned i = 1; i <= shorter; i++) {
        int order = weigh(a_text[a->length - i]) - weigh(b_text[b->length - i]);

        if (order != 0) {
            return order;
        }
    }
    return (int)a->length - (int)b->length;
}

static int compare_bytes(struct slu_view a, struct slu_view b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_from_left(const void *left, const void *right, void *texts)
{
    const struct name *a = left;
    const struct name *b = right;

    return compare_bytes(
        slu_view_make((const char *)texts + a->offset, a->length),
        slu_view_make((const char *)texts + b->offset, b->length));
}

/* ---- what may be folded ---- */

/* The public suffix of every name below must end above the parent. */
static bool is_above_suffix(const struct folding *self,
                            const struct parent *parent, uint32_t end)
{
    for (uint32_t i = parent->first; i < end; i++) {
        struct slu_view name = text_of(self, &self->names[i]);

        if (self->names[i].gone || self->names[i].left) {
            continue;
        }
        if (is_wildcard(name)) {
            name = slu_view_make(name.ptr + 2, name.len - 2);
        }
        if (slu_guard_public_suffix(name).len >= parent->length) {
            return true;
        }
    }
    return false;
}

static bool may_fold(const struct folding *self, const struct parent *parent,
                     uint32_t end)
{
    char wildcard[SLU_VALUE_MAX];
    size_t length = (size_t)parent->length + 2;

    if (parent->below < self->options->least) {
        return false;
    }
    assert(length <= sizeof(wildcard));
    memcpy(wildcard, "*.", 2);
    memcpy(wildcard + 2, self->texts + parent->offset, parent->length);
    return !is_above_suffix(self, parent, end) &&
           slu_guard_check_domain(self->options->guard,
                                  slu_view_make(wildcard, length)) ==
               SLU_REASON_NONE;
}

/* ---- folding ---- */

/* Makes one line of the names from parent->first to end. Its text is the end of
 * the first one's, with a star for the letter in front of the last dot. */
static void fold(struct folding *self, const struct parent *parent,
                 uint32_t end)
{
    struct name *line = &self->names[parent->first];
    uint64_t best = 0;
    uint32_t place = 0;

    for (uint32_t i = parent->first; i < end; i++) {
        struct name *name = &self->names[i];
        uint64_t bits = name->left ? 0 : slu_rank_order_bits(name->rank);

        if (!name->gone) {
            best = bits > best ? bits : best;
            place = slu_place_first(place, name->place);
            name->gone = true;
        }
    }
    line->offset += line->length - parent->length - 2u;
    line->length = (uint8_t)(parent->length + 2);
    self->texts[line->offset] = '*';
    line->rank = best << SLU_RANK_SHIFT | (uint64_t)line->length << 8;
    line->place = place;
    line->left = false;
    line->gone = false;
}

/* Closes the parents that the name at `end` is not below. */
static void close_parents(struct folding *self, uint32_t end, unsigned depth)
{
    while (self->depth > depth) {
        const struct parent *parent = &self->parents[--self->depth];

        if (parent->has_wildcard || may_fold(self, parent, end)) {
            fold(self, parent, end);
        }
    }
}

static bool is_below(const struct folding *self, struct slu_view name,
                     const struct parent *parent)
{
    size_t start = name.len - parent->length;

    return name.len > parent->length && name.ptr[start - 1] == '.' &&
           memcmp(name.ptr + start, self->texts + parent->offset,
                  parent->length) == 0;
}

/* Opens those of its parents that are not open, the shortest first: they are
 * all longer than the last open one. */
static void open_parents(struct folding *self, uint32_t index)
{
    const struct name *name = &self->names[index];
    struct slu_view text = text_of(self, name);
    size_t known =
        self->depth == 0 ? 0 : self->parents[self->depth - 1].length + 1u;

    for (size_t i = text.len - known; i > 0; i--) {
        if (text.ptr[i - 1] == '.') {
            assert(self->depth < PARENTS_MAX);
            self->parents[self->depth++] = (struct parent){
                .offset = name->offset + (uint32_t)i,
                .length = (uint8_t)(text.len - i),
                .first = index,
            };
        }
    }
}

static void walk(struct folding *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const struct name *name = &self->names[i];
        struct slu_view text = text_of(self, name);
        unsigned depth = self->depth;
        struct parent *parent;

        while (depth > 0 && !is_below(self, text, &self->parents[depth - 1])) {
            depth--;
        }
        close_parents(self, i, depth);
        open_parents(self, i);
        parent = &self->parents[self->depth - 1];
        parent->has_wildcard |= !name->left && is_wildcard(text);
        parent->below += !name->left && !is_wildcard(text);
    }
    close_parents(self, self->count, 0);
}

/* ---- from the pool and back ---- */

static void take_names(struct folding *self, const struct slu_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct slu_candidate *item = &pool->items[i];

        self->names[i] = (struct name){
            .rank = item->rank,
            .place = item->place,
            .offset = item->value,
            .length = (uint8_t)slu_rank_length(item->rank),
            .left = slu_rank_prefix(item->rank) == SLU_FOLD_LEFT,
        };
    }
}

/* Moves what is a line to the front; returns how many. */
static uint32_t drop_gone(struct folding *self)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        if (!self->names[i].gone && !self->names[i].left) {
            self->names[kept++] = self->names[i];
        }
    }
    return kept;
}

/* The texts go into `room` in the order of the items. */
static void put_names(struct folding *self, struct slu_pool *pool, char *room)
{
    size_t end = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        const struct name *name = &self->names[i];

        memcpy(room + end, self->texts + name->offset, name->length);
        pool->items[i] = (struct slu_candidate){
            .rank = name->rank, .value = (uint32_t)end, .place = name->place};
        end += name->length;
    }
    memcpy(pool->names.ptr, room, end);
    pool->names.len = end;
    pool->count = self->count;
}

enum slu_err slu_domain_fold(const struct slu_domain_fold *self,
                             struct slu_pool *pool)
{
    size_t names_bytes = pool->count * sizeof(struct name);
    size_t room_bytes = pool->names.len;
    struct folding folding = {
        .options = self, .texts = pool->names.ptr, .count = pool->count};
    char *room;

    if (pool->count == 0) {
        return SLU_ERR_OK;
    }
    folding.names = slu_alloc_get(self->alloc, names_bytes);
    room = slu_alloc_get(self->alloc, room_bytes);
    if (folding.names != NULL && room != NULL) {
        take_names(&folding, pool);
        qsort_r(folding.names, folding.count, sizeof(*folding.names),
                compare_from_right, folding.texts);
        walk(&folding);
        folding.count = drop_gone(&folding);
        qsort_r(folding.names, folding.count, sizeof(*folding.names),
                compare_from_left, folding.texts);
        put_names(&folding, pool, room);
    }
    slu_alloc_put(self->alloc, folding.names, names_bytes);
    slu_alloc_put(self->alloc, room, room_bytes);
    return folding.names != NULL && room != NULL ? SLU_ERR_OK : SLU_ERR_NOMEM;
}

/* ---- which line a name stands in ---- */

uint32_t slu_domain_fold_wildcards(const struct slu_pool *pool)
{
    uint32_t count = 0;

    while (count < pool->count &&
           is_wildcard(slu_pool_name(pool, &pool->items[count]))) {
        count++;
    }
    return count;
}

static uint32_t find_wildcard(const struct slu_pool *pool, uint32_t wildcards,
                              struct slu_view parent)
{
    uint32_t low = 0;
    uint32_t high = wildcards;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct slu_view name = slu_pool_name(pool, &pool->items[middle]);
        int order =
            compare_bytes(slu_view_make(name.ptr + 2, name.len - 2), parent);

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return wildcards;
}

uint32_t slu_domain_fold_find(const struct slu_pool *pool, uint32_t wildcards,
                              struct slu_view name)
{
    uint32_t found = wildcards;

    for (size_t i = 1; wildcards > 0 && found == wildcards && i < name.len;
         i++) {
        if (name.ptr[i - 1] == '.') {
            found = find_wildcard(pool, wildcards,
                                  slu_view_make(name.ptr + i, name.len - i));
        }
    }
    return found;
}
