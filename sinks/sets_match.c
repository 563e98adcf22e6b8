/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which set is which list's: by its location, in whatever form it is written,
 * else by its name. Of several at one location the one that was known before
 * counts, else one that is active, else the first.
 */
#include "sinks/sets_parts.h"

#include <stdio.h>

/* ---- lists ---- */

static bool make_location(struct slu_sets_list *list,
                          const struct slu_bucket_config *bucket)
{
    size_t len = strlen("s3://") + strlen(bucket->bucket) + strlen("/") +
                 strlen(bucket->prefix) + strlen(list->path);

    slu_bucket_location(bucket, list->path, list->location);
    return len <= SLU_LOCATION_MAX &&
           slu_s3_location_parse(slu_view_str(list->location), &list->place);
}

static enum slu_err make_list(const struct slu_sets_options *options,
                              struct slu_sets_list *list, const char *path,
                              struct slu_error *out_error)
{
    if (strlen(path) > SLU_OBJECT_PATH_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the path %.60s... is longer than %d bytes", path,
                             SLU_OBJECT_PATH_MAX);
    }
    memcpy(list->path, path, strlen(path) + 1);
    if (!make_location(list, options->bucket)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%.80s: its location in the bucket is longer "
                             "than the %d bytes that GuardDuty takes",
                             path, SLU_LOCATION_MAX);
    }
    if (!slu_set_name(options->name_prefix, options->paths[list->kind],
                      list->index, list->name)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%.80s: the name of its set is longer than the "
                             "%d bytes that GuardDuty takes",
                             path, SLU_SET_NAME_MAX);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_sets_make_lists(struct slu_sets *self,
                                 const struct slu_sets_options *options,
                                 struct slu_error *out_error)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths = options->paths[kind];

        if (paths->count > SLU_SETS_MAX) {
            return slu_error_set(out_error, SLU_ERR_CONFIG,
                                 "%u lists of a kind: GuardDuty takes %d",
                                 paths->count, SLU_SETS_MAX);
        }
        self->list_count[kind] = paths->count;
        for (unsigned i = 0; i < paths->count; i++) {
            struct slu_sets_list *list = &self->lists[kind][i];
            enum slu_err err;

            list->kind = (enum slu_kind)kind;
            list->index = i;
            err = make_list(options, list, paths->items[i], out_error);
            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

/* ---- found sets ---- */

enum slu_err slu_sets_add_found(struct slu_sets_region *region,
                                enum slu_kind kind, const char *id,
                                const struct slu_threat_set *is,
                                struct slu_sets_found **out)
{
    struct slu_sets_kind *of = &region->kinds[kind];
    struct slu_sets_found **end = &of->found;
    struct slu_sets_found *found;

    if (of->count == SLU_SETS_FOUND_MAX) {
        return SLU_ERR_LIMIT;
    }
    found = slu_alloc_zero(region->sets->alloc, sizeof(*found));
    if (found == NULL) {
        return SLU_ERR_NOMEM;
    }
    (void)snprintf(found->id, sizeof(found->id), "%s", id);
    found->is = *is;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = found;
    of->count++;
    *out = found;
    return SLU_ERR_OK;
}

void slu_sets_forget_found(struct slu_sets_region *region, enum slu_kind kind)
{
    struct slu_sets_kind *of = &region->kinds[kind];

    for (unsigned i = 0; i < SLU_SETS_ENTRIES_MAX; i++) {
        region->entries[kind][i].set = NULL;
    }
    while (of->found != NULL) {
        struct slu_sets_found *found = of->found;

        of->found = found->next;
        slu_alloc_put(region->sets->alloc, found, sizeof(*found));
    }
    of->count = 0;
}

static bool lies_at(const struct slu_sets_found *found,
                    const struct slu_sets_list *list)
{
    struct slu_s3_location place;

    return slu_s3_location_parse(slu_view_str(found->is.location), &place) &&
           slu_s3_location_equal(&place, &list->place);
}

static bool has_name(const struct slu_sets_found *found,
                     const struct slu_sets_list *list)
{
    return strcmp(found->is.name, list->name) == 0;
}

/* Of two that match. */
static bool is_better(const struct slu_sets_entry *entry,
                      const struct slu_sets_found *found,
                      const struct slu_sets_found *best)
{
    const char *known = entry->stored == NULL ? "" : entry->stored->id;

    if (best == NULL || strcmp(found->id, known) == 0) {
        return true;
    }
    return strcmp(best->id, known) != 0 &&
           best->is.status != SLU_THREAT_ACTIVE &&
           found->is.status == SLU_THREAT_ACTIVE;
}

static void match_by(struct slu_sets_region *region, enum slu_kind kind,
                     bool (*matches)(const struct slu_sets_found *found,
                                     const struct slu_sets_list *list))
{
    for (unsigned i = 0; i < region->sets->list_count[kind]; i++) {
        struct slu_sets_entry *entry = &region->entries[kind][i];
        struct slu_sets_found *best = NULL;

        if (entry->set != NULL) {
            continue;
        }
        for (struct slu_sets_found *found = region->kinds[kind].found;
             found != NULL; found = found->next) {
            if (found->list == NULL && matches(found, entry->list) &&
                is_better(entry, found, best)) {
                best = found;
            }
        }
        entry->set = best;
        if (best != NULL) {
            best->list = entry->list;
        }
    }
}

/* What was asked for of another set says nothing of this one. */
static void check_known(struct slu_sets_entry *entry)
{
    struct slu_sets_stored *stored = entry->stored;

    if (stored != NULL &&
        (entry->set == NULL || strcmp(stored->id, entry->set->id) != 0)) {
        stored->asked.text[0] = '\0';
    }
}

void slu_sets_match(struct slu_sets_region *region, enum slu_kind kind)
{
    for (struct slu_sets_found *found = region->kinds[kind].found;
         found != NULL; found = found->next) {
        found->list = NULL;
    }
    for (unsigned i = 0; i < SLU_SETS_ENTRIES_MAX; i++) {
        region->entries[kind][i].set = NULL;
    }
    match_by(region, kind, lies_at);
    match_by(region, kind, has_name);
    slu_sets_match_dropped(region, kind);
    for (unsigned i = 0; i < region->sets->list_count[kind]; i++) {
        check_known(&region->entries[kind][i]);
    }
}
