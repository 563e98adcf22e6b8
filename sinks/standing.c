/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines stand in key order and the records come in it, so the next line is
 * where to look. A line that holds several entries is found by the first of its
 * members; a wildcard's members come anywhere, so it is searched for.
 */
#include "sinks/lists_state.h"

#include "codecs/list_text.h"

/* The name of a domain's record, which is its entry. */
static struct slu_view name_of(const struct slu_record *record)
{
    return record->key;
}

static bool is_entry(const struct slu_list *list,
                     const struct slu_candidate *item,
                     const struct slu_record *record)
{
    struct slu_cidr cidr;

    if (record->kind != SLU_RECORD_IP) {
        return slu_view_equal(slu_pool_name(&list->pool, item),
                              name_of(record));
    }
    cidr = slu_record_cidr(record);
    return item->value == cidr.address &&
           slu_rank_prefix(item->rank) == cidr.prefix;
}

/* A line that is the record's own entry. */
static struct slu_standing find_own_line(struct slu_list *list,
                                         const struct slu_record *record)
{
    const struct slu_candidate *item;

    if (list->next == list->pool.count) {
        return (struct slu_standing){0};
    }
    item = &list->pool.items[list->next];
    if (!is_entry(list, item, record)) {
        return (struct slu_standing){0};
    }
    list->next++;
    list->met++;
    return (struct slu_standing){.listed = true, .place = item->place};
}

/* Can it have the place of a line? What is too long for a file was no
 * candidate, though other entries may cover it. */
static bool can_stand_for(const struct slu_list *list,
                          const struct slu_record *record)
{
    return slu_list_fits(list, slu_list_entry_length(record));
}

static struct slu_standing find_cidr(struct slu_list *list,
                                     const struct slu_record *record)
{
    struct slu_cidr cidr = slu_record_cidr(record);
    struct slu_standing standing = {.listed = true};
    const struct slu_pool *pool = &list->pool;
    struct slu_cidr line;

    for (;;) {
        if (list->next == pool->count) {
            return (struct slu_standing){0};
        }
        line = slu_cidr_merge_line(&pool->items[list->next]);
        if (slu_cidr_last(line) >= cidr.address) {
            break;
        }
        list->next++;
        list->next_met = false;
    }
    if (line.address > cidr.address ||
        slu_cidr_last(line) < slu_cidr_last(cidr)) {
        return (struct slu_standing){0};
    }
    standing.wider = line.prefix != cidr.prefix;
    if (!list->next_met && can_stand_for(list, record)) {
        list->next_met = true;
        list->met++;
        standing.place = pool->items[list->next].place;
    }
    return standing;
}

static struct slu_standing find_wildcard(struct slu_list *list,
                                         const struct slu_record *record)
{
    struct slu_standing standing = {.listed = true};
    uint32_t index =
        slu_domain_fold_find(&list->pool, list->wildcards, name_of(record));
    struct slu_candidate *item = &list->pool.items[index];

    if (index == list->wildcards) {
        return find_own_line(list, record);
    }
    standing.wider =
        !slu_view_equal(slu_pool_name(&list->pool, item), name_of(record));
    if (slu_rank_prefix(item->rank) != SLU_FOLD_MET &&
        can_stand_for(list, record)) {
        item->rank |= SLU_FOLD_MET;
        list->met++;
        standing.place = item->place;
    }
    return standing;
}

struct slu_standing slu_standing_find(struct slu_lists *self,
                                      const struct slu_record *record)
{
    enum slu_kind kind = slu_record_indicator_kind(record);
    struct slu_list *list = &self->lists[kind];

    if (!slu_lists_joins(self, kind)) {
        return find_own_line(list, record);
    }
    return kind == SLU_KIND_IP ? find_cidr(list, record)
                               : find_wildcard(list, record);
}
