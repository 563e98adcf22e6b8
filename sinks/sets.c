/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink "guardduty": its life, what a run shall be, and what came of it.
 */
#include "sinks/sets_parts.h"

#include <assert.h>
#include <stdio.h>

#define TARGET_MAX (16u * 1024) /* a token, each byte as %XX, and the rest */
#define BODY_MAX 4096

/* ---- life ---- */

static void init_unit(struct slu_sets_unit *unit, struct slu_sets *self,
                      struct slu_sets_region *region,
                      struct slu_sets_entry *entry)
{
    unit->region = region;
    unit->entry = entry;
    unit->state = SLU_SETS_OVER;
    slu_buf_init(&unit->target, self->alloc, TARGET_MAX);
    slu_buf_init(&unit->body, self->alloc, BODY_MAX);
    slu_buf_init(&unit->answer, self->alloc,
                 SLU_SETS_BODY_MAX + SLU_JSON_PADDING);
}

static void fini_unit(struct slu_sets_unit *unit)
{
    slu_buf_fini(&unit->target);
    slu_buf_fini(&unit->body);
    slu_buf_fini(&unit->answer);
}

static void init_region(struct slu_sets *self, unsigned index, const char *name)
{
    struct slu_sets_region *region = &self->regions[index];

    region->sets = self;
    region->index = index;
    (void)snprintf(region->name, sizeof(region->name), "%s", name);
    init_unit(&region->unit, self, region, NULL);
    slu_buf_init(&region->ids, self->alloc, SLU_SETS_IDS_MAX);
    slu_buf_init(&region->token, self->alloc, SLU_THREAT_SET_TOKEN_MAX);
    slu_buf_init(&region->next_token, self->alloc, SLU_THREAT_SET_TOKEN_MAX);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        region->kinds[kind].capacity = SLU_SETS_MAX;
        for (unsigned i = 0; i < SLU_SETS_ENTRIES_MAX; i++) {
            struct slu_sets_entry *entry = &region->entries[kind][i];

            init_unit(&entry->unit, self, region, entry);
            entry->list = &self->lists[kind][i];
        }
    }
}

static void fini_region(struct slu_sets_region *region)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_sets_forget_found(region, (enum slu_kind)kind);
        for (unsigned i = 0; i < SLU_SETS_ENTRIES_MAX; i++) {
            fini_unit(&region->entries[kind][i].unit);
        }
    }
    fini_unit(&region->unit);
    slu_buf_fini(&region->ids);
    slu_buf_fini(&region->token);
    slu_buf_fini(&region->next_token);
}

static enum slu_err make_regions(struct slu_sets *self,
                                 const struct slu_strings *names,
                                 struct slu_error *out_error)
{
    unsigned count = names->count == 0 ? 1 : names->count;

    if (count > SLU_SETS_REGIONS_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "publish.regions names %u regions, over the %d "
                             "there may be",
                             count, SLU_SETS_REGIONS_MAX);
    }
    self->regions = slu_alloc_zero(self->alloc, count * sizeof(*self->regions));
    if (self->regions == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->region_count = count;
    for (unsigned i = 0; i < count; i++) {
        init_region(self, i, names->count == 0 ? "" : names->items[i]);
    }
    self->result.regions = count;
    return SLU_ERR_OK;
}

static enum slu_err take_options(struct slu_sets *self,
                                 const struct slu_sets_options *options,
                                 struct slu_error *out_error)
{
    bool named = strcmp(options->detector, "auto") != 0;
    enum slu_err err;

    if (strlen(options->detector) > SLU_SET_ID_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "guardduty.detector is longer than %d bytes",
                             SLU_SET_ID_MAX);
    }
    (void)snprintf(self->detector, sizeof(self->detector), "%s",
                   named ? options->detector : "");
    (void)snprintf(self->owner, sizeof(self->owner), "%s",
                   options->bucket->owner);
    self->create_detector = options->create_detector;
    self->wait_ms = options->wait_ms;
    self->token_seed = options->token_seed;
    err = slu_sets_make_lists(self, options, out_error);
    return err == SLU_ERR_OK ? make_regions(self, options->regions, out_error)
                             : err;
}

enum slu_err slu_sets_new(const struct slu_sets_options *options,
                          struct slu_sets **out_sets,
                          struct slu_error *out_error)
{
    struct slu_sets *self = slu_alloc_zero(options->alloc, sizeof(*self));
    enum slu_err err;

    *out_sets = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = options->alloc;
    err = take_options(self, options, out_error);
    if (err != SLU_ERR_OK) {
        slu_sets_free(self);
        return err;
    }
    *out_sets = self;
    return SLU_ERR_OK;
}

void slu_sets_free(struct slu_sets *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->region_count; i++) {
        fini_region(&self->regions[i]);
    }
    if (self->regions != NULL) {
        slu_alloc_put(self->alloc, self->regions,
                      self->region_count * sizeof(*self->regions));
    }
    slu_sets_free_stored(self);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- what a run shall be ---- */

static void for_each_entry(struct slu_sets *self,
                           void (*call)(struct slu_sets_entry *entry))
{
    for (unsigned r = 0; r < self->region_count; r++) {
        for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
            for (unsigned i = 0; i < slu_sets_entry_count(self, kind); i++) {
                call(&self->regions[r].entries[kind][i]);
            }
        }
    }
}

void slu_sets_survey(struct slu_sets *self)
{
    self->mode = SLU_SETS_SURVEYS;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < self->list_count[kind]; i++) {
            self->lists[kind][i].wanted = false;
        }
    }
}

void slu_sets_note_object(struct slu_sets *self, enum slu_kind kind,
                          unsigned index,
                          const struct slu_content_name *content)
{
    assert(index < self->list_count[kind]);
    self->lists[kind][index].object = *content;
}

void slu_sets_want(struct slu_sets *self, const struct slu_set_list *list)
{
    assert(list->index < self->list_count[list->kind]);
    self->lists[list->kind][list->index].want = *list;
    self->lists[list->kind][list->index].wanted = true;
}

void slu_sets_settle(struct slu_sets *self)
{
    assert(self->started);
    self->mode = SLU_SETS_SETTLES;
}

static unsigned count_lanes(const void *self)
{
    return ((const struct slu_sets *)self)->region_count;
}

static enum slu_err load(void *self, struct slu_view key, struct slu_view value)
{
    return slu_sets_load(self, key, value);
}

static void find_knowledge(struct slu_sets_entry *entry)
{
    const struct slu_sets_region *region = entry->unit.region;

    entry->stored =
        slu_sets_find_stored(region->sets, region->name, entry->list->path);
    entry->done = true;
    entry->unit.state = SLU_SETS_OVER;
}

static void start_survey(struct slu_sets *self)
{
    unsigned regions = self->result.regions;

    self->result = (struct slu_sets_result){.regions = regions};
    for (unsigned i = 0; i < self->region_count; i++) {
        slu_sets_survey_begin(&self->regions[i]);
    }
}

static void start_settle(struct slu_sets *self, struct slu_now now)
{
    self->result.pending = 0;
    self->result.errors = 0;
    self->result.limited = 0;
    self->deadline_ms = now.mono_ms + (uint64_t)self->wait_ms;
    if (!self->port.read_only) {
        for_each_entry(self, slu_sets_settle_begin);
    }
}

static enum slu_err start(void *ctx, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error)
{
    struct slu_sets *self = ctx;
    struct slu_sets_region *first = &self->regions[0];

    self->port = *port;
    if (first->name[0] == '\0') {
        if (port->aws_region.len == 0 ||
            port->aws_region.len > SLU_SETS_REGION_NAME_MAX) {
            return slu_error_set(out_error, SLU_ERR_CONFIG,
                                 "neither publish.regions nor aws.region "
                                 "names a region");
        }
        memcpy(first->name, port->aws_region.ptr, port->aws_region.len);
        first->name[port->aws_region.len] = '\0';
    }
    if (self->mode == SLU_SETS_SURVEYS) {
        slu_sets_find_dropped(self);
    }
    for_each_entry(self, find_knowledge);
    self->started = true;
    if (self->mode == SLU_SETS_SURVEYS) {
        start_survey(self);
    } else {
        start_settle(self, now);
    }
    return SLU_ERR_OK;
}

const struct slu_errand_ops slu_sets_errand = {
    .name = "sets",
    .lanes = count_lanes,
    .load = load,
    .start = start,
    .next_request = slu_sets_next_request,
    .on_head = slu_sets_on_head,
    .on_body = slu_sets_on_body,
    .on_end = slu_sets_on_end,
    .give_up = slu_sets_give_up,
};

/* ---- after a run ---- */

uint32_t slu_sets_usable(const struct slu_sets *self, enum slu_kind kind)
{
    uint32_t mask = 0;
    bool known = false;

    for (unsigned r = 0; r < self->region_count; r++) {
        const struct slu_sets_region *region = &self->regions[r];

        if (!region->surveyed || region->error.code != SLU_ERR_OK ||
            region->kinds[kind].absent ||
            region->kinds[kind].error.code != SLU_ERR_OK) {
            continue;
        }
        known = true;
        for (unsigned i = 0; i < self->list_count[kind]; i++) {
            const struct slu_sets_entry *entry = &region->entries[kind][i];

            if (entry->set != NULL || slu_sets_has_room(entry, false)) {
                mask |= UINT32_C(1) << i;
            }
        }
    }
    return known ? mask : UINT32_MAX;
}

unsigned slu_sets_count(const struct slu_sets *self, enum slu_kind kind)
{
    return slu_sets_entry_count(self, kind);
}

struct slu_set_report slu_sets_outcome(const struct slu_sets *self,
                                       unsigned region, enum slu_kind kind,
                                       unsigned index)
{
    const struct slu_sets_entry *entry =
        &self->regions[region].entries[kind][index];
    struct slu_set_report report = {.region = self->regions[region].name,
                                    .path = entry->list->path,
                                    .outcome = entry->outcome,
                                    .created = entry->created,
                                    .activated = entry->activated};

    if (entry->set != NULL) {
        memcpy(report.name, entry->set->is.name, sizeof(report.name));
    }
    if (entry->stored != NULL) {
        report.active = entry->stored->active;
        report.rejected = entry->stored->rejected;
    }
    memcpy(report.text, entry->text, sizeof(report.text));
    return report;
}

const struct slu_sets_result *slu_sets_result(const struct slu_sets *self)
{
    return &self->result;
}

bool slu_sets_has_rejected(const struct slu_sets *self, const char *path,
                           const struct slu_content_name *content)
{
    for (unsigned i = 0; i < self->region_count; i++) {
        const struct slu_sets_stored *stored =
            slu_sets_find_stored(self, self->regions[i].name, path);

        if (stored != NULL && content->text[0] != '\0' &&
            slu_content_name_equal(&stored->rejected, content)) {
            return true;
        }
    }
    return false;
}
