/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging sorted records of many sources.
 *
 * A tree of losers (Knuth, volume 3, 5.4.1): the sources are its leaves, each
 * inner node holds the one that lost there, and the winner of all stands in
 * losers[0]. When the winner moves on, it is played again up the path from its
 * leaf: one comparison for each doubling of the number of sources, of two words
 * that are in the processor's cache, as a rule.
 *
 * What is handed out is in order, not unique: the writer merges what has one
 * key.
 */
#include "engine/store_merge.h"

#define AHEAD_BYTES 128

enum slu_err slu_merge_init(struct slu_merge *self, struct slu_db *db,
                            size_t capacity)
{
    const struct slu_alloc *alloc = db->alloc;

    *self = (struct slu_merge){.db = db, .capacity = capacity};
    if (capacity == 0) {
        return SLU_ERR_OK;
    }
    self->sources = slu_alloc_zero(alloc, capacity * sizeof(*self->sources));
    self->words = slu_alloc_get(alloc, capacity * sizeof(*self->words));
    self->losers = slu_alloc_get(alloc, capacity * sizeof(*self->losers));
    if (self->sources == NULL || self->words == NULL || self->losers == NULL) {
        slu_merge_fini(self);
        return slu_db_no_memory(db);
    }
    return SLU_ERR_OK;
}

void slu_merge_fini(struct slu_merge *self)
{
    if (self->db == NULL) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        slu_buf_fini(&self->sources[i].block);
    }
    slu_alloc_put(self->db->alloc, self->sources,
                  self->capacity * sizeof(*self->sources));
    slu_alloc_put(self->db->alloc, self->words,
                  self->capacity * sizeof(*self->words));
    slu_alloc_put(self->db->alloc, self->losers,
                  self->capacity * sizeof(*self->losers));
    *self = (struct slu_merge){0};
}

/* ---- a source ---- */

/* Loads the block behind the one in memory. */
static enum slu_err next_block(struct slu_merge *self,
                               struct slu_source *source)
{
    bool gone;
    enum slu_err err =
        slu_layer_load(self->db, ++source->at, &source->block, &gone);

    source->rest = slu_buf_view(&source->block);
    if (err == SLU_ERR_OK && gone) {
        self->gone = true;
        err = slu_layer_check_gone(self->db, source->at);
    }
    return err;
}

static enum slu_err next_of(struct slu_merge *self, size_t index)
{
    struct slu_source *source = &self->sources[index];

    while (source->rest.len == 0 && source->at < source->last && !self->gone) {
        enum slu_err err = next_block(self, source);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    if (source->rest.len == 0) {
        source->at = source->last + 1;
        self->words[index] = SLU_MERGE_END;
        return SLU_ERR_OK;
    }
    if (slu_record_take(&source->rest, &source->packed) != SLU_ERR_OK) {
        return slu_db_damaged(self->db, "a block is not made of records");
    }
    __builtin_prefetch(source->rest.ptr + AHEAD_BYTES);
    self->words[index] = slu_sort_word_packed(&source->packed);
    return SLU_ERR_OK;
}

static struct slu_source *add_source(struct slu_merge *self)
{
    struct slu_source *source = &self->sources[self->count++];

    *source = (struct slu_source){0};
    slu_buf_init(&source->block, self->db->alloc, SLU_BLOB_MAX);
    return source;
}

static enum slu_err begin_source(struct slu_merge *self,
                                 const struct slu_low *low)
{
    size_t index = self->count - 1;
    enum slu_err err = next_of(self, index);

    while (err == SLU_ERR_OK && low != NULL &&
           self->words[index] != SLU_MERGE_END &&
           slu_low_compare_packed(&self->sources[index].packed, low) < 0) {
        err = next_of(self, index);
    }
    return err;
}

enum slu_err slu_merge_add_bytes(struct slu_merge *self,
                                 struct slu_view records,
                                 const struct slu_low *low)
{
    add_source(self)->rest = records;
    return begin_source(self, low);
}

enum slu_err slu_merge_add_layer(struct slu_merge *self,
                                 const struct slu_layer *layer,
                                 const struct slu_low *low)
{
    struct slu_source *source = add_source(self);
    enum slu_err err = SLU_ERR_OK;

    source->first = layer->first;
    source->at = layer->first;
    source->last = layer->last;
    if (low != NULL) {
        err = slu_layer_seek(self->db, layer, low, &source->at);
    }
    source->at--;
    return err == SLU_ERR_OK ? begin_source(self, low) : err;
}

enum slu_err slu_merge_init_all(struct slu_merge *self, struct slu_db *db,
                                size_t more, const struct slu_low *low)
{
    struct slu_layer layer = {0};
    size_t count;
    enum slu_err err = slu_layer_count(db, &count);

    *self = (struct slu_merge){0};
    if (err == SLU_ERR_OK) {
        err = slu_merge_init(self, db, count + more);
    }
    for (size_t i = 0; err == SLU_ERR_OK && i < count; i++) {
        err = slu_layer_next(db, slu_layer_after(layer.first), &layer);
        if (err == SLU_ERR_OK) {
            err = slu_merge_add_layer(self, &layer, low);
        }
    }
    return err;
}

/* ---- the tree ---- */

static bool comes_before(const struct slu_merge *self, size_t a, size_t b)
{
    const uint64_t *words = self->words;

    return words[a] != words[b]
               ? words[a] < words[b]
               : slu_sort_compare(&self->sources[a].packed, words[a],
                                  &self->sources[b].packed, words[b]) < 0;
}

/* Plays a source that has changed up to the root. The leaf of source i is node
 * count + i, the parent of node n is n / 2, node 1 the root. */
static void play(struct slu_merge *self, size_t index)
{
    uint32_t winner = (uint32_t)index;

    for (size_t node = (self->count + index) / 2; node > 0; node /= 2) {
        uint32_t other = self->losers[node];

        if (comes_before(self, other, winner)) {
            self->losers[node] = winner;
            winner = other;
        }
    }
    self->losers[0] = winner;
}

/* The winner below a node; fills the losers there. */
static uint32_t fill_losers(struct slu_merge *self, size_t node)
{
    uint32_t left;
    uint32_t right;
    bool first;

    if (node >= self->count) {
        return (uint32_t)(node - self->count);
    }
    left = fill_losers(self, 2 * node);
    right = fill_losers(self, 2 * node + 1);
    first = !comes_before(self, right, left);
    self->losers[node] = first ? right : left;
    return first ? left : right;
}

void slu_merge_start(struct slu_merge *self)
{
    if (self->count != 0) {
        self->losers[0] = fill_losers(self, 1);
    }
}

const struct slu_packed *slu_merge_head(const struct slu_merge *self)
{
    return &self->sources[self->losers[0]].packed;
}

uint64_t slu_merge_word(const struct slu_merge *self)
{
    return self->count == 0 ? SLU_MERGE_END : self->words[self->losers[0]];
}

enum slu_err slu_merge_next(struct slu_merge *self)
{
    size_t winner = self->losers[0];
    enum slu_err err = next_of(self, winner);

    if (err == SLU_ERR_OK) {
        play(self, winner);
    }
    return err;
}

/* ---- what was gone past ---- */

enum slu_err slu_merge_delete(struct slu_merge *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->gone) {
        return slu_db_damaged(self->db, "a block is missing");
    }
    for (size_t i = 0; err == SLU_ERR_OK && i < self->count; i++) {
        struct slu_source *source = &self->sources[i];

        if (source->last != 0 && source->first < source->at) {
            err = slu_layer_delete(self->db, source->first, source->at);
            source->first = source->at;
        }
    }
    return err;
}
