/* SPDX-License-Identifier: Apache-2.0 */
/* One Categorised Threat List: its hours, what is stored of them, and which
 * package comes next; see gti_lists.h. */
#include "sources/gti_lists.h"

#include "codecs/record.h"
#include "codecs/time_text.h"

#include <assert.h>
#include <stdio.h>

#define HOUR_SECONDS 3600
#define DAY_SECONDS 86400
#define MS_PER_SECOND 1000
#define FIRST_CAPACITY 16
/* More than the packages of ten years. */
#define LOADED_MAX (1u << 18)

/* The bit of a list that is none of the table's. */
static uint32_t find_source(struct slu_view id)
{
    unsigned index = 0;

    while (slu_gti_category(index) != NULL &&
           !slu_view_equal_str(id, slu_gti_category(index))) {
        index++;
    }
    return SLU_SOURCE_LIST_FIRST << index;
}

void slu_gti_list_init(struct slu_gti_list *self, struct slu_gti_context *ctx,
                       struct slu_view id)
{
    assert(id.len < sizeof(self->id));
    *self = (struct slu_gti_list){.ctx = ctx, .source = find_source(id)};
    memcpy(self->id, id.ptr, id.len);
}

void slu_gti_list_fini(struct slu_gti_list *self)
{
    const struct slu_alloc *alloc = self->ctx->alloc;

    slu_gti_list_drop_all(self);
    while (self->orphans != NULL) {
        slu_gti_part_bury(self->orphans);
    }
    slu_gti_list_sweep(self);
    if (self->states != NULL) {
        slu_alloc_put(alloc, self->states, self->hours * SLU_KIND_COUNT);
    }
    if (self->loaded != NULL) {
        slu_alloc_put(alloc, self->loaded,
                      self->loaded_capacity * sizeof(int64_t));
    }
    self->states = NULL;
    self->loaded = NULL;
}

/* ---- what an earlier run stored ---- */

static enum slu_err remember(struct slu_gti_list *self, int64_t entry)
{
    if (self->loaded_count == LOADED_MAX) {
        return SLU_ERR_STATE;
    }
    if (self->loaded_count == self->loaded_capacity) {
        unsigned capacity = self->loaded_capacity * 2 + FIRST_CAPACITY;
        void *ptr = slu_alloc_resize(self->ctx->alloc, self->loaded,
                                     self->loaded_capacity * sizeof(int64_t),
                                     capacity * sizeof(int64_t));

        if (ptr == NULL) {
            return SLU_ERR_NOMEM;
        }
        self->loaded = ptr;
        self->loaded_capacity = capacity;
    }
    self->loaded[self->loaded_count++] = entry;
    return SLU_ERR_OK;
}

enum slu_err slu_gti_list_load(struct slu_gti_list *self, struct slu_view key,
                               struct slu_view value)
{
    int64_t hour;

    if (key.len <= SLU_HOUR_TEXT_LEN || key.ptr[SLU_HOUR_TEXT_LEN] != '/' ||
        !slu_time_parse_hour(slu_view_make(key.ptr, SLU_HOUR_TEXT_LEN),
                             &hour) ||
        !slu_view_equal_str(value, "done")) {
        return SLU_ERR_STATE;
    }
    key = slu_view_make(key.ptr + SLU_HOUR_TEXT_LEN + 1,
                        key.len - SLU_HOUR_TEXT_LEN - 1);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        if (slu_view_equal_str(key, slu_kind_name((enum slu_kind)kind))) {
            return remember(self, hour + kind);
        }
    }
    return SLU_ERR_STATE;
}

/* Marks what was loaded; what lies outside the hours stays behind in `loaded`
 * and is deleted with the next commit. */
static void place_loaded(struct slu_gti_list *self)
{
    unsigned stale = 0;

    for (unsigned i = 0; i < self->loaded_count; i++) {
        int64_t kind = self->loaded[i] % HOUR_SECONDS;
        int64_t hour = self->loaded[i] - kind;
        int64_t index = (hour - self->first) / HOUR_SECONDS;

        if (hour < self->first || index >= self->hours) {
            self->loaded[stale++] = self->loaded[i];
        } else {
            self->states[index * SLU_KIND_COUNT + kind] =
                SLU_GTI_PACKAGE_STORED;
            self->known = true;
        }
    }
    self->loaded_count = stale;
}

/* ---- where to begin ---- */

static int64_t floor_hour(int64_t seconds)
{
    return seconds - seconds % HOUR_SECONDS;
}

static int64_t choose_first(const struct slu_gti_list *self, int64_t wall_s,
                            int64_t known)
{
    int64_t oldest =
        floor_hour(wall_s - self->ctx->config->lookback_days * DAY_SECONDS);

    oldest = oldest > 0 ? oldest : 0;
    if (known == 0) {
        return oldest;
    }
    if (known + HOUR_SECONDS < oldest) {
        slu_gti_context_warn_of_loss(self->ctx, "Threat List", self->id,
                                     "what came in the hours",
                                     known + HOUR_SECONDS, oldest);
        return oldest;
    }
    return known + HOUR_SECONDS;
}

enum slu_err slu_gti_list_start(struct slu_gti_list *self, int64_t wall_s)
{
    int64_t delay = self->ctx->config->package_delay_ms / MS_PER_SECOND;
    int64_t newest = floor_hour(wall_s > delay ? wall_s - delay : 0);
    int64_t known =
        slu_checkpoint_list_hour(&self->ctx->known, slu_view_str(self->id));
    char hour[SLU_HOUR_TEXT_LEN];

    self->active = true;
    self->known = known != 0;
    slu_gti_context_warn_of_future(self->ctx, "Threat List", self->id, known,
                                   wall_s);
    self->first = choose_first(self, wall_s, known);
    if (newest >= self->first) {
        self->hours = (unsigned)((newest - self->first) / HOUR_SECONDS) + 1;
        self->end = self->hours * SLU_KIND_COUNT;
        self->states = slu_alloc_zero(self->ctx->alloc, self->end);
        if (self->states == NULL) {
            self->hours = 0;
            return SLU_ERR_NOMEM;
        }
    }
    place_loaded(self);
    slu_time_format_hour(known != 0 ? known : self->first, hour);
    slu_source_log(&self->ctx->port, SLU_LOG_INFO,
                   "Fetching Threat List (%s) | last_hour=%.*s", self->id,
                   SLU_HOUR_TEXT_LEN, hour);
    return SLU_ERR_OK;
}

/* ---- the next request ---- */

/* Every hour was answered with 404, and none ever was with anything else. */
static void judge_end(struct slu_gti_list *self)
{
    struct slu_error error;

    if (self->ended) {
        return;
    }
    self->ended = true;
    if (self->known || self->denied || self->holes == 0 || self->failures > 0) {
        return;
    }
    (void)slu_error_set(&error, SLU_ERR_NOT_FOUND,
                        "Threat List (%s): the server knows none of its %u "
                        "hours (HTTP 404), so there is no such list; correct "
                        "gti.threat_lists",
                        self->id, self->hours);
    slu_source_log(&self->ctx->port, SLU_LOG_ERROR, "%s", error.text);
    slu_gti_context_note(self->ctx, &error);
    self->ctx->result.unknown_name = true;
}

static enum slu_err begin_next(struct slu_gti_list *self)
{
    while (self->scan < self->end &&
           self->states[self->scan] != SLU_GTI_PACKAGE_TODO) {
        self->scan++;
    }
    return self->scan < self->end ? slu_gti_list_begin(self, self->scan)
                                  : SLU_ERR_OK;
}

enum slu_err slu_gti_list_next(struct slu_gti_list *self, uint64_t mono_ms,
                               enum slu_turn *out_turn,
                               struct slu_gti_unit **out_unit,
                               uint64_t *out_wait_until_ms)
{
    struct slu_gti_part *part;

    slu_gti_list_sweep(self);
    part = slu_gti_list_choose(self, mono_ms, out_wait_until_ms);
    if (part == NULL && !self->denied && self->part_count < SLU_GTI_PARTS_MAX) {
        enum slu_err err = begin_next(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
        part = slu_gti_list_choose(self, mono_ms, out_wait_until_ms);
    }
    if (part == NULL) {
        bool waiting = self->parts != NULL || self->orphans != NULL;

        if (!waiting) {
            judge_end(self);
        }
        *out_turn = waiting ? SLU_TURN_WAIT : SLU_TURN_DONE;
        return SLU_ERR_OK;
    }
    part->unit.page = slu_gti_page_acquire(self->ctx, SLU_GTI_LIST_ITEM);
    if (part->unit.page == NULL) {
        return SLU_ERR_NOMEM;
    }
    part->asked = true;
    *out_turn = SLU_TURN_REQUEST;
    *out_unit = &part->unit;
    return slu_gti_part_write_target(part, &part->unit.page->target);
}
