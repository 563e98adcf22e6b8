/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settling one list in one region: what slu_sets_decide says is sent, then the
 * set is asked for until it is proved or the time is over.
 *
 *     idle -> Create, Update -> Get -> idle -> ... -> done
 *          -> Get, later -------------> idle
 *
 * An Update that is refused is no failure yet: the set is looked at, which says
 * whether it is busy, gone, or really refuses. So is one whose answer was lost,
 * before it is sent again: the set may be busy with it.
 */
#include "sinks/sets_parts.h"

#include <stdio.h>

#define REFUSALS_MAX 3
#define DOUBTS_MAX 3

void slu_sets_settle_begin(struct slu_sets_entry *entry)
{
    entry->done = false;
    entry->sent = false;
    entry->looks = false;
    entry->has_looked = false;
    entry->resurveyed = false;
    entry->told = false;
    entry->refusals = 0;
    entry->doubts = 0;
    entry->poll_ms = SLU_SETS_POLL_MIN_MS;
    entry->outcome = SLU_SET_NONE;
    entry->text[0] = '\0';
    entry->unit.head = (struct slu_unit){0};
    entry->unit.state = SLU_SETS_IDLE;
}

/* With its place, unless the text has it. */
static void keep_first(const struct slu_sets_entry *entry, enum slu_err code)
{
    const struct slu_sets_region *region = entry->unit.region;
    struct slu_error *first = &region->sets->result.first;
    const char *path = entry->list->path;

    if (first->code != SLU_ERR_OK) {
        return;
    }
    if (slu_sets_says(entry->text, region->name)) {
        (void)slu_error_set(first, code, "%s", entry->text);
    } else {
        (void)slu_error_set(first, code, "%s in %s: %s", path, region->name,
                            entry->text);
    }
}

static void count(const struct slu_sets_entry *entry)
{
    struct slu_sets_result *result = &entry->unit.region->sets->result;

    switch (entry->outcome) {
    case SLU_SET_PENDING:
        result->pending++;
        break;
    case SLU_SET_LIMIT:
        result->limited++;
        keep_first(entry, SLU_ERR_LIMIT);
        break;
    case SLU_SET_ERROR:
    case SLU_SET_FAILED:
        result->errors++;
        keep_first(entry, SLU_ERR_REJECTED);
        break;
    default:
        break;
    }
}

void slu_sets_settle_end(struct slu_sets_entry *entry,
                         enum slu_set_outcome outcome, const char *text)
{
    entry->done = true;
    entry->unit.state = SLU_SETS_OVER;
    entry->outcome = outcome;
    (void)snprintf(entry->text, sizeof(entry->text), "%s", text);
    count(entry);
    slu_sets_tell_end(entry);
}

/* ---- what is next ---- */

static void send_at(struct slu_sets_entry *entry,
                    enum slu_sets_operation operation, uint64_t due_ms)
{
    entry->unit.operation = operation;
    entry->unit.state = SLU_SETS_READY;
    entry->unit.due_ms = due_ms;
}

static void end_as_decided(struct slu_sets_entry *entry,
                           const struct slu_sets_decision *decision)
{
    const struct slu_sets_region *region = entry->unit.region;
    const struct slu_sets_kind *kind = &region->kinds[entry->list->kind];
    const struct slu_threat_set *is =
        entry->set == NULL ? NULL : &entry->set->is;
    char text[SLU_ERROR_TEXT_MAX] = "";

    switch (decision->outcome) {
    case SLU_SET_ERROR:
        (void)snprintf(text, sizeof(text), "%s",
                       is->error_details[0] != '\0'
                           ? is->error_details
                           : "GuardDuty gives no details");
        break;
    case SLU_SET_FAILED:
        if (is != NULL && region->error.code == SLU_ERR_OK &&
            kind->error.code == SLU_ERR_OK) {
            (void)snprintf(text, sizeof(text),
                           "the set %.80s has the format %s, which can't be "
                           "changed into TXT: delete it, and the next run "
                           "makes a new one",
                           is->name, is->format);
            break;
        }
        (void)snprintf(text, sizeof(text), "%s",
                       region->error.code != SLU_ERR_OK ? region->error.text
                       : kind->error.code != SLU_ERR_OK ? kind->error.text
                                                        : decision->why);
        break;
    case SLU_SET_SKIPPED:
    case SLU_SET_LIMIT:
        (void)snprintf(text, sizeof(text), "%s", decision->why);
        break;
    default:
        break;
    }
    slu_sets_settle_end(entry, decision->outcome, text);
}

/* A set that only has to become active need not be asked, but one that newer
 * content waits for is, for it may be free by now. */
static bool must_look(const struct slu_sets_entry *entry)
{
    const struct slu_sets_stored *stored = entry->stored;

    return !entry->has_looked &&
           (entry->unit.region->sets->wait_ms > 0 || stored == NULL ||
            !slu_content_name_equal(&stored->asked,
                                    &entry->list->want.content));
}

static void wait_on(struct slu_sets_entry *entry,
                    const struct slu_sets_decision *decision,
                    struct slu_now now)
{
    uint64_t deadline_ms = entry->unit.region->sets->deadline_ms;
    uint64_t due_ms = now.mono_ms + entry->poll_ms;
    char text[SLU_ERROR_TEXT_MAX];

    if (must_look(entry)) {
        send_at(entry, SLU_SETS_GET, 0);
        return;
    }
    if (now.mono_ms >= deadline_ms) {
        (void)snprintf(text, sizeof(text), "still %s",
                       entry->set->is.status_text);
        slu_sets_settle_end(entry, decision->outcome, text);
        return;
    }
    send_at(entry, SLU_SETS_GET, due_ms < deadline_ms ? due_ms : deadline_ms);
    entry->poll_ms += entry->poll_ms / 2;
    if (entry->poll_ms > SLU_SETS_POLL_MAX_MS) {
        entry->poll_ms = SLU_SETS_POLL_MAX_MS;
    }
}

void slu_sets_settle_advance(struct slu_sets_entry *entry, struct slu_now now)
{
    struct slu_sets_decision decision = slu_sets_decide(entry);

    if (entry->looks && entry->set != NULL) {
        send_at(entry, SLU_SETS_GET, 0);
        return;
    }
    switch (decision.action) {
    case SLU_SETS_DO_NOTHING:
        end_as_decided(entry, &decision);
        break;
    case SLU_SETS_DO_CREATE:
        send_at(entry, SLU_SETS_CREATE, 0);
        break;
    case SLU_SETS_DO_ACTIVATE:
    case SLU_SETS_DO_DEACTIVATE:
        send_at(entry, SLU_SETS_UPDATE, 0);
        break;
    case SLU_SETS_DO_WAIT:
        wait_on(entry, &decision, now);
        break;
    }
}

/* ---- answers ---- */

static void note_sent(struct slu_sets_entry *entry)
{
    entry->sent = true;
    entry->known_error = false;
    entry->looks = true;
    entry->has_looked = false;
    entry->poll_ms = SLU_SETS_POLL_MIN_MS;
}

/* Until a Get says more. */
static void presume(struct slu_threat_set *is, enum slu_threat_status status,
                    const char *text)
{
    is->status = status;
    (void)snprintf(is->status_text, sizeof(is->status_text), "%s", text);
    is->error_details[0] = '\0';
}

static enum slu_err take_created(struct slu_sets_entry *entry,
                                 struct slu_error *error)
{
    const struct slu_sets_list *list = entry->list;
    struct slu_threat_set is = {.format = "TXT"};
    char id[SLU_THREAT_SET_ID_MAX + 1];
    enum slu_err err = slu_threat_set_read_created(
        entry->unit.region->sets->alloc, slu_sets_noun(list->kind),
        slu_buf_view(&entry->unit.answer), id, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    memcpy(is.name, list->name, sizeof(is.name));
    memcpy(is.location, list->location, sizeof(is.location));
    presume(&is, SLU_THREAT_ACTIVATING, "ACTIVATING");
    err = slu_sets_add_found(entry->unit.region, list->kind, id, &is,
                             &entry->set);
    if (err != SLU_ERR_OK) {
        return err;
    }
    entry->set->list = list;
    entry->created = true;
    entry->activated = true;
    entry->creates++;
    note_sent(entry);
    return slu_sets_note_asked(entry, &entry->unit.head);
}

static enum slu_err take_updated(struct slu_sets_entry *entry)
{
    struct slu_threat_set *is = &entry->set->is;

    note_sent(entry);
    if (entry->list->want.lines == 0) {
        entry->deactivated = true;
        presume(is, SLU_THREAT_DEACTIVATING, "DEACTIVATING");
        return slu_sets_note_deactivated(entry, &entry->unit.head);
    }
    entry->activated = true;
    memcpy(is->location, entry->list->location, sizeof(is->location));
    presume(is, SLU_THREAT_ACTIVATING, "ACTIVATING");
    return slu_sets_note_asked(entry, &entry->unit.head);
}

/* It isn't there any more, or its name is taken: what is there now? */
static bool look_around(struct slu_sets_entry *entry)
{
    if (entry->resurveyed) {
        return false;
    }
    entry->resurveyed = true;
    entry->looks = false;
    entry->sent = false;
    entry->creates++;
    entry->unit.region->kinds[entry->list->kind].resurvey = true;
    entry->unit.state = SLU_SETS_IDLE;
    return true;
}

static void end_vanished(struct slu_sets_entry *entry)
{
    slu_sets_settle_end(entry, SLU_SET_FAILED,
                        "its set vanished twice while it was worked on: does "
                        "another program manage it?");
}

static enum slu_err take_status(struct slu_sets_entry *entry,
                                struct slu_error *error)
{
    struct slu_threat_set is;
    enum slu_err err =
        slu_threat_set_read_get(entry->unit.region->sets->alloc,
                                slu_buf_view(&entry->unit.answer), &is, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    entry->looks = false;
    entry->has_looked = true;
    if (is.status == SLU_THREAT_DELETED) {
        if (!look_around(entry)) {
            end_vanished(entry);
        }
        return SLU_ERR_OK;
    }
    entry->set->is = is;
    return entry->list->dropped
               ? slu_sets_end_dropped(entry, &entry->unit.head)
               : slu_sets_note_status(entry, &entry->unit.head);
}

enum slu_err slu_sets_settle_take(struct slu_sets_entry *entry,
                                  struct slu_error *error)
{
    entry->unit.state = SLU_SETS_IDLE;
    switch (entry->unit.operation) {
    case SLU_SETS_CREATE:
        return take_created(entry, error);
    case SLU_SETS_UPDATE:
        return take_updated(entry);
    default:
        return take_status(entry, error);
    }
}

/* A few times only: what a server fails at again and again is waited for longer
 * and longer, and given up, which no good answer in between may undo. */
void slu_sets_settle_again(struct slu_sets_entry *entry)
{
    if (entry->unit.operation == SLU_SETS_UPDATE &&
        entry->doubts < DOUBTS_MAX) {
        entry->doubts++;
        entry->looks = true;
        entry->unit.state = SLU_SETS_IDLE;
    }
}

/* ---- refusals ---- */

static bool is_limit(const struct slu_sets_entry *entry,
                     const struct slu_aws_error *refusal)
{
    if (slu_sets_says(refusal->message, "limit") ||
        slu_sets_says(refusal->message, "exceed") ||
        slu_sets_says(refusal->code, "exceed") ||
        slu_sets_says(refusal->detail, "exceed")) {
        return true;
    }
    /* The sentence is not documented. */
    return (refusal->class_ == SLU_AWS_BAD_REQUEST ||
            refusal->class_ == SLU_AWS_TRANSIENT) &&
           slu_sets_is_full(entry->unit.region);
}

static void end_limited(struct slu_sets_entry *entry,
                        const struct slu_error *error)
{
    struct slu_sets_kind *kinds = entry->unit.region->kinds;
    struct slu_sets_kind *kind = &kinds[entry->list->kind];

    kind->capacity = kind->count;
    kind->refused_with =
        kinds[SLU_KIND_IP].count + kinds[SLU_KIND_DOMAIN].count;
    slu_sets_settle_end(entry, SLU_SET_LIMIT, error->text);
}

static bool is_name_taken(const struct slu_aws_error *refusal)
{
    return slu_sets_says(refusal->message, "exist") ||
           slu_sets_says(refusal->message, "unique") ||
           slu_sets_says(refusal->message, "duplicate");
}

static bool create_refused(struct slu_sets_entry *entry,
                           const struct slu_aws_error *refusal,
                           const struct slu_error *error)
{
    bool taken = refusal->class_ == SLU_AWS_BAD_REQUEST &&
                 is_name_taken(refusal) &&
                 !slu_sets_says(refusal->message, "not exist");

    if (taken && look_around(entry)) {
        return true;
    }
    if (!taken && refusal->class_ != SLU_AWS_DENIED &&
        is_limit(entry, refusal)) {
        end_limited(entry, error);
        return true;
    }
    slu_sets_settle_end(entry, SLU_SET_FAILED, error->text);
    return false;
}

static bool set_refused(struct slu_sets_entry *entry,
                        const struct slu_aws_error *refusal,
                        const struct slu_error *error)
{
    bool in_doubt = refusal->class_ == SLU_AWS_BAD_REQUEST ||
                    refusal->class_ == SLU_AWS_NOT_FOUND;

    if (in_doubt && entry->unit.operation == SLU_SETS_GET) {
        if (look_around(entry)) {
            return true;
        }
        end_vanished(entry);
        return false;
    }
    entry->refusals++;
    if (in_doubt && entry->refusals < REFUSALS_MAX) {
        entry->looks = true;
        entry->unit.state = SLU_SETS_IDLE;
        return true;
    }
    slu_sets_settle_end(entry, SLU_SET_FAILED, error->text);
    return false;
}

bool slu_sets_settle_refused(struct slu_sets_entry *entry,
                             const struct slu_aws_error *refusal,
                             const struct slu_error *error)
{
    switch (refusal->class_) {
    case SLU_AWS_NOT_ENABLED:
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
        slu_sets_region_fail(entry->unit.region, true, error);
        slu_sets_settle_end(entry, SLU_SET_FAILED, error->text);
        return false;
    default:
        break;
    }
    if (slu_sets_says(refusal->message, "member account")) {
        slu_sets_region_fail(entry->unit.region, false, error);
        slu_sets_settle_end(entry, SLU_SET_FAILED, error->text);
        return false;
    }
    return entry->unit.operation == SLU_SETS_CREATE
               ? create_refused(entry, refusal, error)
               : set_refused(entry, refusal, error);
}
