/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What settle does with one list in one region, as a pure function:
 *
 *     status           lines > 0                               lines = 0
 *     no set           create, or LIMIT                        nothing
 *     ACTIVATING       wait                                    wait
 *     DEACTIVATING,
 *     DELETE_PENDING,
 *     unknown          wait                                    nothing
 *     elsewhere        activate with our location
 *     INACTIVE         activate                                nothing
 *     ACTIVE           activate, if the content was not        deactivate
 *                      asked for; else nothing: it is proved
 *     ERROR            activate, if the content was not        nothing
 *                      asked for, or is known from a run
 *                      before; else nothing: it is refused
 *
 * What was sent in this run is not sent twice: where the table says so, it
 * waits.
 */
#include "sinks/sets_parts.h"

static struct slu_sets_decision end_with(enum slu_set_outcome outcome,
                                         const char *why)
{
    return (struct slu_sets_decision){
        .action = SLU_SETS_DO_NOTHING, .outcome = outcome, .why = why};
}

static struct slu_sets_decision wait_as(enum slu_set_outcome outcome,
                                        const char *why)
{
    return (struct slu_sets_decision){
        .action = SLU_SETS_DO_WAIT, .outcome = outcome, .why = why};
}

bool slu_sets_is_busy(enum slu_threat_status status)
{
    return status == SLU_THREAT_ACTIVATING ||
           status == SLU_THREAT_DEACTIVATING ||
           status == SLU_THREAT_DELETE_PENDING || status == SLU_THREAT_UNKNOWN;
}

bool slu_sets_has_room(const struct slu_sets_entry *entry, bool wants)
{
    const struct slu_sets_region *region = entry->unit.region;
    enum slu_kind kind = entry->list->kind;
    unsigned taken = region->kinds[kind].count;

    for (unsigned i = 0; i < entry->list->index; i++) {
        const struct slu_sets_entry *other = &region->entries[kind][i];
        const struct slu_sets_list *list = other->list;

        taken += other->set == NULL &&
                 (!wants || (list->wanted && list->want.lines > 0));
    }
    return taken < region->kinds[kind].capacity;
}

bool slu_sets_is_full(const struct slu_sets_region *region)
{
    const struct slu_sets_kind *kinds = region->kinds;

    return kinds[SLU_KIND_IP].count + kinds[SLU_KIND_DOMAIN].count >=
           SLU_SETS_MAX;
}

static bool was_asked(const struct slu_sets_entry *entry)
{
    return entry->stored != NULL &&
           slu_content_name_equal(&entry->stored->asked,
                                  &entry->list->want.content);
}

static bool is_elsewhere(const struct slu_sets_entry *entry)
{
    struct slu_s3_location place;

    return !slu_s3_location_parse(slu_view_str(entry->set->is.location),
                                  &place) ||
           !slu_s3_location_equal(&place, &entry->list->place);
}

static struct slu_sets_decision decide_empty(const struct slu_sets_entry *entry)
{
    const char *why = entry->list->dropped
                          ? "the configuration has no such list any more"
                          : "the list is empty";

    if (entry->sent) {
        return entry->set->is.status == SLU_THREAT_ACTIVE
                   ? wait_as(SLU_SET_DEACTIVATED, "still active")
                   : end_with(SLU_SET_DEACTIVATED, "deactivated");
    }
    switch (entry->set->is.status) {
    case SLU_THREAT_ACTIVE:
        return (struct slu_sets_decision){.action = SLU_SETS_DO_DEACTIVATE,
                                          .outcome = SLU_SET_DEACTIVATED,
                                          .why = why};
    case SLU_THREAT_ACTIVATING:
        return wait_as(SLU_SET_PENDING, why);
    case SLU_THREAT_DEACTIVATING:
        return end_with(SLU_SET_DEACTIVATED, "still deactivating");
    default:
        return end_with(
            entry->deactivated ? SLU_SET_DEACTIVATED : SLU_SET_UNCHANGED, why);
    }
}

static struct slu_sets_decision activate(const struct slu_sets_entry *entry,
                                         bool moves, const char *why)
{
    if (entry->sent) {
        return wait_as(SLU_SET_PENDING, "activation was asked for");
    }
    return (struct slu_sets_decision){.action = SLU_SETS_DO_ACTIVATE,
                                      .outcome = SLU_SET_PENDING,
                                      .moves = moves,
                                      .why = why};
}

static const char *say_why(const struct slu_sets_entry *entry)
{
    const struct slu_sets_stored *stored = entry->stored;

    if (entry->set->is.status == SLU_THREAT_ERROR) {
        return "its set is in ERROR";
    }
    return stored == NULL || stored->asked.text[0] == '\0'
               ? "not asked for by this program yet"
               : "content changed";
}

static struct slu_sets_decision
decide_filled(const struct slu_sets_entry *entry)
{
    const struct slu_threat_set *is = &entry->set->is;

    if (is->format[0] != '\0' && strcmp(is->format, "TXT") != 0) {
        return end_with(SLU_SET_FAILED, "its set has another format than TXT");
    }
    if (slu_sets_is_busy(is->status)) {
        return wait_as(SLU_SET_PENDING, "its set is busy");
    }
    if (is_elsewhere(entry)) {
        return activate(entry, true, "its set names another location");
    }
    if (is->status != SLU_THREAT_ACTIVE && is->status != SLU_THREAT_ERROR) {
        return activate(entry, false, "its set is not active");
    }
    if (!was_asked(entry)) {
        return activate(entry, false, say_why(entry));
    }
    if (is->status == SLU_THREAT_ERROR && entry->known_error) {
        return activate(entry, false,
                        "it was in ERROR before; its cause may be cured");
    }
    if (is->status == SLU_THREAT_ERROR) {
        return end_with(SLU_SET_ERROR, "its content was refused");
    }
    return end_with(entry->activated ? SLU_SET_ACTIVE : SLU_SET_UNCHANGED,
                    "active with its content");
}

static struct slu_sets_decision
decide_without(const struct slu_sets_entry *entry)
{
    if (!slu_sets_has_room(entry, true)) {
        return end_with(SLU_SET_LIMIT,
                        "foreign sets leave no room for another one");
    }
    return (struct slu_sets_decision){.action = SLU_SETS_DO_CREATE,
                                      .outcome = SLU_SET_PENDING,
                                      .why = "no set yet"};
}

struct slu_sets_decision slu_sets_decide(const struct slu_sets_entry *entry)
{
    const struct slu_sets_region *region = entry->unit.region;
    const struct slu_sets_kind *kind = &region->kinds[entry->list->kind];
    bool filled = entry->list->want.lines > 0;

    if (!entry->list->wanted) {
        return end_with(entry->set == NULL ? SLU_SET_NONE : SLU_SET_UNCHANGED,
                        "not to be touched");
    }
    if (entry->set == NULL && !filled) {
        return end_with(SLU_SET_NONE, "the list is empty");
    }
    if (region->without_detector || kind->absent) {
        return end_with(SLU_SET_SKIPPED, kind->absent
                                             ? "the region has no such sets"
                                             : "the region has no detector");
    }
    if (region->error.code != SLU_ERR_OK || kind->error.code != SLU_ERR_OK ||
        !region->surveyed) {
        return end_with(SLU_SET_FAILED, "its region could not be surveyed");
    }
    if (entry->set == NULL) {
        return decide_without(entry);
    }
    return filled ? decide_filled(entry) : decide_empty(entry);
}
