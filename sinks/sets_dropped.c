/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that the configuration has no longer. What is stored of them names
 * their sets by id; a path does not tell its kind, and so each is looked for in
 * both. In all else they are lists that shall be empty: lists[kind][i] behind
 * the configured ones.
 */
#include "sinks/sets_parts.h"

#include "codecs/view_take.h"

/* ---- which they are ---- */

static bool has_region(const struct slu_sets *self, struct slu_view name)
{
    for (unsigned i = 0; i < self->region_count; i++) {
        if (slu_view_equal_str(name, self->regions[i].name)) {
            return true;
        }
    }
    return false;
}

/* Of the configuration, or dropped and known as that. */
static bool has_list(const struct slu_sets *self, struct slu_view path)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < slu_sets_entry_count(self, kind); i++) {
            if (slu_view_equal_str(path, self->lists[kind][i].path)) {
                return true;
            }
        }
    }
    return false;
}

static void add_dropped(struct slu_sets *self, struct slu_view path)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        unsigned index = slu_sets_entry_count(self, kind);
        struct slu_sets_list *list = &self->lists[kind][index];

        *list = (struct slu_sets_list){.kind = (enum slu_kind)kind,
                                       .index = index,
                                       .wanted = true,
                                       .dropped = true};
        memcpy(list->path, path.ptr, path.len);
    }
    self->dropped_count++;
}

void slu_sets_find_dropped(struct slu_sets *self)
{
    for (const struct slu_sets_stored *stored = self->stored; stored != NULL;
         stored = stored->next) {
        struct slu_view path = slu_view_str(stored->key);
        struct slu_view region;

        if (!stored->gone && self->dropped_count < SLU_SETS_DROPPED_MAX &&
            slu_view_take_until(&path, '/', &region) &&
            path.len <= SLU_OBJECT_PATH_MAX && has_region(self, region) &&
            !has_list(self, path)) {
            add_dropped(self, path);
        }
    }
}

/* ---- their sets ---- */

/* Whether it is still made of the object of that path, under whatever prefix:
 * else somebody uses it for something else by now. */
static bool is_of_path(const struct slu_sets_found *found, const char *path)
{
    struct slu_s3_location place;
    size_t len = strlen(path);
    size_t key_len;

    if (!slu_s3_location_parse(slu_view_str(found->is.location), &place)) {
        return false;
    }
    key_len = strlen(place.key);
    return key_len >= len && strcmp(place.key + key_len - len, path) == 0 &&
           (key_len == len || place.key[key_len - len - 1] == '/');
}

static struct slu_sets_found *find_set(const struct slu_sets_kind *kind,
                                       const struct slu_sets_entry *entry)
{
    struct slu_sets_found *found = kind->found;

    while (found != NULL && strcmp(found->id, entry->stored->id) != 0) {
        found = found->next;
    }
    return found != NULL && found->list == NULL &&
                   is_of_path(found, entry->list->path)
               ? found
               : NULL;
}

void slu_sets_match_dropped(struct slu_sets_region *region, enum slu_kind kind)
{
    struct slu_sets *self = region->sets;

    for (unsigned i = self->list_count[kind];
         i < slu_sets_entry_count(self, kind); i++) {
        struct slu_sets_entry *entry = &region->entries[kind][i];
        struct slu_sets_list *list = &self->lists[kind][i];

        entry->set = entry->stored == NULL
                         ? NULL
                         : find_set(&region->kinds[kind], entry);
        if (entry->set != NULL) {
            entry->set->list = list;
            memcpy(list->location, entry->set->is.location,
                   sizeof(list->location));
        }
    }
}

/* ---- when they are over ---- */

static bool is_in_use(const struct slu_sets_found *found)
{
    return found->is.status == SLU_THREAT_ACTIVE ||
           slu_sets_is_busy(found->is.status);
}

/* A kind that could not be seen may have it. */
static bool has_seen_all(const struct slu_sets_region *region)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (region->kinds[kind].absent ||
            region->kinds[kind].error.code != SLU_ERR_OK ||
            region->sets->list_count[kind] == 0) {
            return false;
        }
    }
    return true;
}

enum slu_err slu_sets_forget_dropped(struct slu_sets_region *region)
{
    const struct slu_sets *self = region->sets;
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < self->dropped_count && err == SLU_ERR_OK; i++) {
        struct slu_sets_entry *ips =
            &region->entries[SLU_KIND_IP][self->list_count[SLU_KIND_IP] + i];
        struct slu_sets_entry *domains =
            &region->entries[SLU_KIND_DOMAIN]
                            [self->list_count[SLU_KIND_DOMAIN] + i];
        struct slu_sets_entry *entry = ips->set != NULL ? ips : domains;

        if (entry->stored == NULL ||
            (entry->set == NULL ? !has_seen_all(region)
                                : is_in_use(entry->set))) {
            continue;
        }
        err = slu_sets_forget(entry, &region->unit.head);
        ips->stored = NULL;
        domains->stored = NULL;
        entry->set = NULL;
    }
    return err;
}

enum slu_err slu_sets_end_dropped(struct slu_sets_entry *entry,
                                  struct slu_unit *unit)
{
    return entry->stored == NULL || is_in_use(entry->set)
               ? SLU_ERR_OK
               : slu_sets_forget(entry, unit);
}
