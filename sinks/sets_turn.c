/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is: regions one after the other, and of a region its survey
 * before its lists. A region that waits or fails stops no other.
 */
#include "sinks/sets_parts.h"

/* False while an entry of the kind has a request under way: its set would be
 * forgotten. Those that wait for a retry choose anew. */
static bool clear_kind(struct slu_sets_region *region, unsigned kind)
{
    for (unsigned i = 0; i < slu_sets_entry_count(region->sets, kind); i++) {
        if (region->entries[kind][i].unit.state == SLU_SETS_FLYING) {
            return false;
        }
    }
    for (unsigned i = 0; i < slu_sets_entry_count(region->sets, kind); i++) {
        struct slu_sets_entry *entry = &region->entries[kind][i];

        if (!entry->done) {
            entry->unit.state = SLU_SETS_IDLE;
            entry->looks = false;
        }
    }
    return true;
}

static bool is_surveying(const struct slu_sets_region *region)
{
    return region->unit.state != SLU_SETS_OVER;
}

static void look_for_resurvey(struct slu_sets_region *region)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (!is_surveying(region) && region->error.code == SLU_ERR_OK &&
            region->kinds[kind].resurvey && clear_kind(region, kind)) {
            slu_sets_survey_again(region, (enum slu_kind)kind);
        }
    }
}

/* READY and due, or *until becomes when it is. */
static bool is_due(const struct slu_sets_unit *unit, uint64_t now_ms,
                   uint64_t *until)
{
    uint64_t due_ms = unit->head.not_before_ms > unit->due_ms
                          ? unit->head.not_before_ms
                          : unit->due_ms;

    if (unit->state != SLU_SETS_READY) {
        return false;
    }
    if (due_ms <= now_ms) {
        return true;
    }
    *until = due_ms < *until ? due_ms : *until;
    return false;
}

struct turn {
    struct slu_now now;
    uint64_t until;
    bool open; /* something isn't over yet */
    struct slu_sets_unit *unit;
};

static void ask_entry(struct slu_sets_entry *entry, struct turn *turn)
{
    const struct slu_sets_region *region = entry->unit.region;

    if (entry->done) {
        return;
    }
    if ((region->kinds[entry->list->kind].resurvey &&
         region->error.code == SLU_ERR_OK) ||
        (is_surveying(region) && region->kind == entry->list->kind)) {
        turn->open = true;
        return;
    }
    if (entry->unit.state == SLU_SETS_IDLE) {
        slu_sets_settle_advance(entry, turn->now);
    }
    turn->open |= !entry->done;
    if (turn->unit == NULL &&
        is_due(&entry->unit, turn->now.mono_ms, &turn->until)) {
        turn->unit = &entry->unit;
    }
}

static void ask_region(struct slu_sets_region *region, struct turn *turn)
{
    look_for_resurvey(region);
    turn->open |= is_surveying(region);
    if (is_due(&region->unit, turn->now.mono_ms, &turn->until)) {
        turn->unit = &region->unit;
        return;
    }
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < slu_sets_entry_count(region->sets, kind);
             i++) {
            ask_entry(&region->entries[kind][i], turn);
        }
    }
}

static const char *say_dropped(const struct slu_sets_list *list)
{
    if (!list->dropped) {
        return "";
    }
    return list->kind == SLU_KIND_IP
               ? " | lists.ip_files has it no longer; its object may be deleted"
               : " | lists.entity_files has it no longer; its object may be "
                 "deleted";
}

static void announce(struct slu_sets_entry *entry)
{
    const struct slu_sets_region *region = entry->unit.region;
    char place[SLU_SETS_REGION_NAME_MAX + 12];
    bool changes = entry->unit.operation == SLU_SETS_CREATE ||
                   entry->unit.operation == SLU_SETS_UPDATE;

    if (!changes || entry->told) {
        return;
    }
    entry->told = true;
    slu_sets_log(region->sets, SLU_LOG_INFO, "%s threat %s list: %s%s%s",
                 entry->list->want.lines > 0 ? "Activating" : "Deactivating",
                 slu_sets_kind_word(entry->list->kind), entry->list->location,
                 slu_sets_place(region, place), say_dropped(entry->list));
}

/* False: there was no memory for it, and it is over. */
static bool hand_out(struct slu_sets *self, struct slu_sets_unit *unit,
                     struct slu_request *out_request)
{
    enum slu_err err = slu_sets_request_write(unit);
    struct slu_error error;

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&error, err, "%s: %s", unit->head.name,
                            slu_err_sentence(err));
        slu_sets_give_up(self, &unit->head, &error);
        return false;
    }
    if (unit->entry != NULL) {
        announce(unit->entry);
    }
    slu_sets_request_fill(unit, out_request);
    unit->state = SLU_SETS_FLYING;
    return true;
}

/* One region's next request; false when it has none to send now. */
static bool take_turn(struct slu_sets_region *region, struct turn *turn,
                      struct slu_request *out_request)
{
    struct slu_sets *self = region->sets;
    bool others_open = turn->open;

    for (;;) {
        turn->open = others_open;
        turn->unit = NULL;
        ask_region(region, turn);
        if (turn->unit == NULL ||
            !self->port.may_send(self->port.ctx, region->index, 0)) {
            return false;
        }
        if (hand_out(self, turn->unit, out_request)) {
            return true;
        }
    }
}

enum slu_turn slu_sets_next_request(void *ctx, struct slu_now now,
                                    struct slu_request *out_request,
                                    uint64_t *out_wait_until_ms)
{
    struct slu_sets *self = ctx;
    struct turn turn = {.now = now, .until = UINT64_MAX};

    for (unsigned i = 0; i < self->region_count; i++) {
        unsigned at = (self->turn + i) % self->region_count;

        if (take_turn(&self->regions[at], &turn, out_request)) {
            self->turn = at + 1;
            return SLU_TURN_REQUEST;
        }
    }
    *out_wait_until_ms = turn.until;
    return turn.open ? SLU_TURN_WAIT : SLU_TURN_DONE;
}
