/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: rendered pages and findings by key, the least recently used dropped
 * first. Limits: `max_bytes` of bodies and SIM_CACHE_SLOTS entries.
 */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "answer.h"

#define SIM_CACHE_SLOTS 262144

struct sim_cache;

struct sim_cache *sim_cache_new(size_t max_bytes);
void sim_cache_free(struct sim_cache *cache);

/* One more reference of the page, or NULL. */
struct sim_blob *sim_cache_get(struct sim_cache *cache, uint64_t key);

/* Keeps a reference of its own. A page larger than a quarter of the cache is
   not kept. */
void sim_cache_put(struct sim_cache *cache, uint64_t key,
                   struct sim_blob *blob);

#endif
