/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries live in a ring in the order of use and in a direct-mapped table by
 * key: a page whose slot is taken by another takes its place. That loses a
 * page now and then and needs neither chains nor rehashing.
 */
#include "cache.h"

#include <stdlib.h>

struct entry {
    uint64_t key;
    struct sim_blob *blob;
    struct entry *newer;
    struct entry *older;
};

struct sim_cache {
    size_t max_bytes;
    size_t bytes;
    struct entry ring; /* ring.older is the newest, ring.newer the oldest */
    struct entry slot[SIM_CACHE_SLOTS];
};

struct sim_cache *sim_cache_new(size_t max_bytes)
{
    struct sim_cache *cache = sim_alloc(sizeof(*cache));

    cache->max_bytes = max_bytes;
    cache->ring.newer = &cache->ring;
    cache->ring.older = &cache->ring;
    return cache;
}

static void unlink_entry(struct entry *entry)
{
    entry->newer->older = entry->older;
    entry->older->newer = entry->newer;
}

static void link_newest(struct sim_cache *cache, struct entry *entry)
{
    entry->older = cache->ring.older;
    entry->newer = &cache->ring;
    entry->older->newer = entry;
    cache->ring.older = entry;
}

static void drop_entry(struct sim_cache *cache, struct entry *entry)
{
    unlink_entry(entry);
    cache->bytes -= entry->blob->len;
    sim_blob_release(entry->blob);
    entry->blob = NULL;
}

void sim_cache_free(struct sim_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    while (cache->ring.newer != &cache->ring) {
        drop_entry(cache, cache->ring.newer);
    }
    free(cache);
}

struct sim_blob *sim_cache_get(struct sim_cache *cache, uint64_t key)
{
    struct entry *entry = &cache->slot[key % SIM_CACHE_SLOTS];

    if (entry->blob == NULL || entry->key != key) {
        return NULL;
    }
    unlink_entry(entry);
    link_newest(cache, entry);
    entry->blob->refs++;
    return entry->blob;
}

void sim_cache_put(struct sim_cache *cache, uint64_t key, struct sim_blob *blob)
{
    struct entry *entry = &cache->slot[key % SIM_CACHE_SLOTS];

    if (blob->len > cache->max_bytes / 4) {
        return;
    }
    if (entry->blob != NULL) {
        drop_entry(cache, entry);
    }
    while (cache->bytes + blob->len > cache->max_bytes) {
        drop_entry(cache, cache->ring.newer);
    }
    blob->refs++;
    cache->bytes += blob->len;
    entry->key = key;
    entry->blob = blob;
    link_newest(cache, entry);
}
