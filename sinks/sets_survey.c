/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The survey of a region, one request after the other:
 *
 *     ListDetectors -> [CreateDetector] -> List(IP sets) -> Get* -> match
 *                                       -> List(entity sets) -> Get* -> match
 *
 * Later, in a settle, one kind alone may be surveyed again.
 */
#include "sinks/sets_parts.h"

#include "codecs/aws_endpoint.h"

#include <stdio.h>

static void send_next(struct slu_sets_region *region,
                      enum slu_sets_operation operation)
{
    region->unit.operation = operation;
    region->unit.state = SLU_SETS_READY;
    region->unit.due_ms = 0;
}

static void begin_pages(struct slu_sets_region *region,
                        enum slu_sets_operation operation)
{
    region->pages = 0;
    region->ids_at = 0;
    slu_buf_clear(&region->ids);
    slu_buf_clear(&region->token);
    slu_buf_clear(&region->next_token);
    send_next(region, operation);
}

/* A refusal for the limit is forgotten when a set has gone since. */
static void finish(struct slu_sets_region *region)
{
    unsigned count =
        region->kinds[SLU_KIND_IP].count + region->kinds[SLU_KIND_DOMAIN].count;

    for (int i = 0; i < SLU_KIND_COUNT; i++) {
        struct slu_sets_kind *kind = &region->kinds[i];

        if (count < kind->refused_with) {
            kind->capacity = SLU_SETS_MAX;
            kind->refused_with = 0;
        }
    }
    region->surveyed = true;
    region->unit.state = SLU_SETS_OVER;
}

static bool is_asked(const struct slu_sets_region *region, enum slu_kind kind)
{
    return region->sets->list_count[kind] > 0 && !region->kinds[kind].absent;
}

static void begin_kind(struct slu_sets_region *region, enum slu_kind kind)
{
    region->kind = kind;
    slu_sets_forget_found(region, kind);
    begin_pages(region, SLU_SETS_LIST);
}

static void go_on_behind(struct slu_sets_region *region, int kind)
{
    while (++kind < SLU_KIND_COUNT && !region->again) {
        if (is_asked(region, (enum slu_kind)kind)) {
            begin_kind(region, (enum slu_kind)kind);
            return;
        }
    }
    finish(region);
}

static bool is_gov_cloud(const struct slu_sets_region *region)
{
    return strcmp(slu_aws_partition(slu_view_str(region->name)),
                  "aws-us-gov") == 0;
}

static void tell_absent(struct slu_sets_region *region)
{
    slu_sets_log(region->sets, SLU_LOG_WARN,
                 "%s has no threat entity lists: its domains can't be "
                 "published there; its IPs are",
                 region->name);
}

static void forget_changes(struct slu_sets_region *region, enum slu_kind kind)
{
    for (unsigned i = 0; i < slu_sets_entry_count(region->sets, kind); i++) {
        struct slu_sets_entry *entry = &region->entries[kind][i];

        entry->known_error = false;
        entry->created = false;
        entry->activated = false;
        entry->deactivated = false;
    }
}

void slu_sets_survey_begin(struct slu_sets_region *region)
{
    const struct slu_sets *self = region->sets;

    region->unit.head = (struct slu_unit){0};
    region->surveyed = false;
    region->without_detector = false;
    region->would_create = false;
    region->denied = false;
    region->error = (struct slu_error){0};
    region->again = false;
    for (int i = 0; i < SLU_KIND_COUNT; i++) {
        region->kinds[i].error = (struct slu_error){0};
        region->kinds[i].absent = false;
        region->kinds[i].resurvey = false;
        region->kinds[i].limit_told = false;
        slu_sets_forget_found(region, (enum slu_kind)i);
        forget_changes(region, (enum slu_kind)i);
    }
    if (is_gov_cloud(region) && is_asked(region, SLU_KIND_DOMAIN)) {
        region->kinds[SLU_KIND_DOMAIN].absent = true;
        tell_absent(region);
    }
    if (self->detector[0] == '\0') {
        begin_pages(region, SLU_SETS_LIST_DETECTORS);
        return;
    }
    memcpy(region->detector, self->detector, sizeof(region->detector));
    go_on_behind(region, -1);
}

void slu_sets_survey_again(struct slu_sets_region *region, enum slu_kind kind)
{
    region->again = true;
    region->kinds[kind].resurvey = false;
    begin_kind(region, kind);
}

/* ---- detectors ---- */

static void use_detector(struct slu_sets_region *region, const char *id)
{
    (void)snprintf(region->detector, sizeof(region->detector), "%s", id);
    go_on_behind(region, -1);
}

/* A plan and a check create nothing: they say what a sync would do. */
static void go_on_without(struct slu_sets_region *region)
{
    const struct slu_sets *self = region->sets;
    struct slu_error error;

    if (self->create_detector && self->port.read_only) {
        region->would_create = true;
        finish(region);
        return;
    }
    if (self->create_detector) {
        send_next(region, SLU_SETS_CREATE_DETECTOR);
        return;
    }
    region->without_detector = true;
    (void)slu_error_set(&error, SLU_ERR_NOT_FOUND,
                        "No GuardDuty detector found in the region %s: turn "
                        "GuardDuty on there, or set "
                        "guardduty.create_detector: true",
                        region->name);
    region->unit.state = SLU_SETS_OVER;
    slu_sets_region_fail(region, false, &error);
}

static void take_detectors(struct slu_sets_region *region)
{
    const char *first = region->ids.ptr;

    if (region->ids.len == 0) {
        go_on_without(region);
        return;
    }
    if (strlen(first) + 1 < region->ids.len) {
        slu_sets_log(region->sets, SLU_LOG_WARN,
                     "%s has several detectors; the first one is taken: %.40s "
                     "(guardduty.detector names another)",
                     region->name, first);
    }
    use_detector(region, first);
}

/* ---- sets ---- */

/* The survey proves what was asked for in runs before: nothing newer lies
 * there yet. */
static enum slu_err end_kind(struct slu_sets_region *region)
{
    enum slu_kind kind = region->kind;
    enum slu_err err = SLU_ERR_OK;

    slu_sets_match(region, kind);
    for (unsigned i = 0;
         i < region->sets->list_count[kind] && err == SLU_ERR_OK; i++) {
        struct slu_sets_entry *entry = &region->entries[kind][i];

        if (entry->set != NULL) {
            entry->known_error =
                entry->known_error ||
                (!region->again && slu_sets_knows_error(entry));
            err = slu_sets_note_status(entry, &region->unit.head);
        }
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    go_on_behind(region, kind);
    return region->surveyed && !region->again ? slu_sets_forget_dropped(region)
                                              : SLU_ERR_OK;
}

static enum slu_err get_next(struct slu_sets_region *region)
{
    if (region->ids_at == region->ids.len) {
        return end_kind(region);
    }
    send_next(region, SLU_SETS_GET);
    return SLU_ERR_OK;
}

/* Behind the one that was asked for. */
static enum slu_err pass_id(struct slu_sets_region *region)
{
    region->ids_at += strlen(region->ids.ptr + region->ids_at) + 1;
    return get_next(region);
}

static enum slu_err take_set(struct slu_sets_region *region,
                             struct slu_error *error)
{
    struct slu_sets_found *found;
    struct slu_threat_set is;
    enum slu_err err = slu_threat_set_read_get(
        region->sets->alloc, slu_buf_view(&region->unit.answer), &is, error);

    if (err == SLU_ERR_OK && is.status != SLU_THREAT_DELETED) {
        err = slu_sets_add_found(region, region->kind,
                                 region->ids.ptr + region->ids_at, &is, &found);
    }
    return err == SLU_ERR_OK ? pass_id(region) : err;
}

static enum slu_err ask_next_page(struct slu_sets_region *region,
                                  struct slu_error *error)
{
    struct slu_view next = slu_buf_view(&region->next_token);

    if (region->pages == SLU_SETS_PAGES_MAX ||
        slu_view_equal(next, slu_buf_view(&region->token))) {
        return slu_error_set(error, SLU_ERR_LIMIT,
                             "its pages do not end, or repeat");
    }
    slu_buf_clear(&region->token);
    send_next(region, region->unit.operation);
    return slu_buf_append(&region->token, next);
}

static enum slu_err take_page(struct slu_sets_region *region,
                              struct slu_error *error)
{
    bool detectors = region->unit.operation == SLU_SETS_LIST_DETECTORS;
    size_t len = region->ids.len;
    enum slu_err err = slu_threat_set_read_list(
        region->sets->alloc,
        detectors ? SLU_THREAT_DETECTOR : slu_sets_noun(region->kind),
        slu_buf_view(&region->unit.answer), &region->ids, &region->next_token,
        error);

    if (err != SLU_ERR_OK) {
        region->ids.len = len; /* the page is asked for again */
        return err;
    }
    region->pages++;
    if (region->next_token.len > 0 && !(detectors && region->ids.len > 0)) {
        return ask_next_page(region, error);
    }
    if (detectors) {
        take_detectors(region);
        return SLU_ERR_OK;
    }
    return get_next(region);
}

enum slu_err slu_sets_survey_take(struct slu_sets_region *region,
                                  struct slu_error *error)
{
    char id[SLU_THREAT_SET_ID_MAX + 1];
    enum slu_err err;

    switch (region->unit.operation) {
    case SLU_SETS_LIST_DETECTORS:
    case SLU_SETS_LIST:
        return take_page(region, error);
    case SLU_SETS_GET:
        return take_set(region, error);
    default:
        break;
    }
    err = slu_threat_set_read_created(region->sets->alloc, SLU_THREAT_DETECTOR,
                                      slu_buf_view(&region->unit.answer), id,
                                      error);
    if (err == SLU_ERR_OK) {
        slu_sets_log(region->sets, SLU_LOG_INFO,
                     "Created the GuardDuty detector %.40s in %s", id,
                     region->name);
        use_detector(region, id);
    }
    return err;
}

/* ---- refusals ---- */

static bool is_unsigned(const struct slu_aws_error *refusal)
{
    return slu_sets_says(refusal->code, "MissingAuthenticationToken");
}

/* A gateway takes a path that it doesn't know for a request without a
 * signature. */
bool slu_sets_is_unknown(const struct slu_aws_error *refusal)
{
    return refusal->class_ == SLU_AWS_NOT_FOUND || refusal->status == 404 ||
           slu_sets_says(refusal->code, "UnknownOperation") ||
           slu_sets_says(refusal->detail, "UnknownOperation") ||
           slu_sets_says(refusal->message, "not supported") ||
           slu_sets_says(refusal->message, "unsupported") ||
           is_unsigned(refusal);
}

static bool knows_no_entities(const struct slu_sets_region *region,
                              const struct slu_aws_error *refusal)
{
    return region->unit.operation == SLU_SETS_LIST &&
           region->kind == SLU_KIND_DOMAIN && slu_sets_is_unknown(refusal) &&
           !(is_unsigned(refusal) && region->again);
}

/* Of one kind: the other may be permitted. */
static void fail_kind(struct slu_sets_region *region,
                      const struct slu_error *error)
{
    struct slu_sets_kind *kind = &region->kinds[region->kind];

    kind->error = *error;
    slu_sets_forget_found(region, region->kind);
    slu_sets_log(region->sets, SLU_LOG_ERROR, "%s", error->text);
    go_on_behind(region, region->kind);
}

static bool is_all_denied(const struct slu_sets_region *region)
{
    for (int i = 0; i < SLU_KIND_COUNT; i++) {
        if (is_asked(region, (enum slu_kind)i) &&
            region->kinds[i].error.code == SLU_ERR_OK) {
            return false;
        }
    }
    return true;
}

bool slu_sets_survey_refused(struct slu_sets_region *region,
                             const struct slu_aws_error *refusal,
                             const struct slu_error *error)
{
    bool of_kind = region->unit.operation == SLU_SETS_LIST ||
                   region->unit.operation == SLU_SETS_GET;

    if (knows_no_entities(region, refusal)) {
        region->kinds[SLU_KIND_DOMAIN].absent = true;
        tell_absent(region);
        go_on_behind(region, SLU_KIND_DOMAIN);
        return true;
    }
    if (region->unit.operation == SLU_SETS_GET &&
        (refusal->class_ == SLU_AWS_BAD_REQUEST ||
         refusal->class_ == SLU_AWS_NOT_FOUND)) {
        /* It has vanished since it was listed. */
        if (pass_id(region) != SLU_ERR_OK) {
            region->unit.state = SLU_SETS_OVER;
            slu_sets_region_fail(region, false, error);
        }
        return true;
    }
    if (of_kind && (region->again || refusal->class_ == SLU_AWS_DENIED)) {
        fail_kind(region, error);
        if (region->unit.state == SLU_SETS_OVER && is_all_denied(region)) {
            slu_sets_region_fail(region, true, error);
        }
        return true;
    }
    region->unit.state = SLU_SETS_OVER;
    slu_sets_region_fail(region,
                         refusal->class_ == SLU_AWS_DENIED ||
                             refusal->class_ == SLU_AWS_NOT_ENABLED ||
                             refusal->class_ == SLU_AWS_EXPIRED ||
                             refusal->class_ == SLU_AWS_SIGNATURE,
                         error);
    return false;
}
