/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer to a part of a package does: to the package, to the entries
 * that tell of it, and to the list's checkpoint; see gti_lists.h. */
#include "sources/gti_lists.h"

#include "codecs/time_text.h"

#include <stdio.h>

#define HOUR_SECONDS 3600

/* ---- entries ---- */

static enum slu_err put_package(struct slu_gti_list *self,
                                struct slu_gti_unit *unit, int64_t hour,
                                enum slu_kind kind, const char *value)
{
    char text[SLU_HOUR_TEXT_LEN];
    char key[SLU_GTI_KEY_MAX];

    slu_time_format_hour(hour, text);
    (void)snprintf(key, sizeof(key), "list/%s/%.*s/%s", self->id,
                   SLU_HOUR_TEXT_LEN, text, slu_kind_name(kind));
    return slu_gti_context_put(self->ctx, unit, key, slu_view_str(value));
}

static enum slu_err forget_stale(struct slu_gti_list *self,
                                 struct slu_gti_unit *unit)
{
    while (self->loaded_count > 0) {
        int64_t entry = self->loaded[self->loaded_count - 1];
        int64_t kind = entry % HOUR_SECONDS;
        enum slu_err err =
            put_package(self, unit, entry - kind, (enum slu_kind)kind, NULL);

        if (err != SLU_ERR_OK) {
            return err;
        }
        self->loaded_count--;
    }
    return SLU_ERR_OK;
}

static bool is_finished(const struct slu_gti_list *self, unsigned index)
{
    return self->states[index] == SLU_GTI_PACKAGE_DONE ||
           self->states[index] == SLU_GTI_PACKAGE_STORED;
}

/* Deletes the entries of the hour that the checkpoint passes. */
static enum slu_err pass_hour(struct slu_gti_list *self,
                              struct slu_gti_unit *unit)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        unsigned index = self->front * SLU_KIND_COUNT + (unsigned)kind;
        enum slu_err err = SLU_ERR_OK;

        if (self->states[index] == SLU_GTI_PACKAGE_STORED) {
            err = put_package(self, unit,
                              self->first + (int64_t)self->front * HOUR_SECONDS,
                              (enum slu_kind)kind, NULL);
        }
        if (err != SLU_ERR_OK) {
            return err;
        }
        self->states[index] = SLU_GTI_PACKAGE_DONE;
    }
    self->front++;
    return SLU_ERR_OK;
}

static enum slu_err put_checkpoint(struct slu_gti_list *self,
                                   struct slu_gti_unit *unit)
{
    int64_t hour = self->first + (int64_t)(self->front - 1) * HOUR_SECONDS;
    char text[SLU_HOUR_TEXT_LEN];
    char key[SLU_GTI_KEY_MAX];
    enum slu_err err;

    slu_time_format_hour(hour, text);
    (void)snprintf(key, sizeof(key), "list/%s", self->id);
    err = slu_gti_context_put(self->ctx, unit, key,
                              slu_view_make(text, sizeof(text)));
    if (err != SLU_ERR_OK) {
        return err;
    }
    /* The table has room for every configured list. */
    return slu_checkpoint_set_list(&self->ctx->known, slu_view_str(self->id),
                                   hour);
}

static enum slu_err advance(struct slu_gti_list *self,
                            struct slu_gti_unit *unit)
{
    unsigned front = self->front;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && self->front < self->hours &&
           is_finished(self, self->front * SLU_KIND_COUNT) &&
           is_finished(self, self->front * SLU_KIND_COUNT + 1)) {
        err = pass_hour(self, unit);
    }
    return err == SLU_ERR_OK && self->front > front ? put_checkpoint(self, unit)
                                                    : err;
}

/* ---- the answer ---- */

enum slu_err slu_gti_list_item(struct slu_gti_unit *unit,
                               const struct slu_gti_item *item)
{
    struct slu_gti_part *part = (struct slu_gti_part *)unit;
    struct slu_gti_list *list = part->list;

    slu_gti_part_note_item(part, item);
    if (item->type != part->wanted) {
        slu_gti_context_count(list->ctx, unit, SLU_REASON_OTHER_TYPE);
        return SLU_ERR_OK;
    }
    return slu_gti_context_emit(list->ctx, unit, item, list->source,
                                part->hour);
}

/*
 * The package is committed, or was a hole. Until the list is known to exist,
 * holes are remembered in memory only: else a misspelt name would have a
 * checkpoint after a run that was killed, and pass for a list.
 */
static enum slu_err commit_package(struct slu_gti_list *self, unsigned index,
                                   struct slu_gti_unit *unit)
{
    enum slu_err err;

    self->states[index] = SLU_GTI_PACKAGE_DONE;
    if (!self->known) {
        return SLU_ERR_OK;
    }
    err = advance(self, unit);
    if (err == SLU_ERR_OK && index / SLU_KIND_COUNT >= self->front) {
        err = put_package(self, unit,
                          self->first +
                              (int64_t)(index / SLU_KIND_COUNT) * HOUR_SECONDS,
                          (enum slu_kind)(index % SLU_KIND_COUNT), "done");
        self->states[index] = SLU_GTI_PACKAGE_STORED;
    }
    return err == SLU_ERR_OK ? forget_stale(self, unit) : err;
}

/* The part has ended; so has its package with the last one. */
static enum slu_err end_part(struct slu_gti_part *part)
{
    struct slu_gti_list *list = part->list;
    struct slu_gti_package package = *part->package;

    slu_gti_part_drop(part);
    if (package.open > 1) {
        return SLU_ERR_OK;
    }
    list->ctx->result.units++;
    list->ctx->result.incomplete_units += package.incomplete ? 1 : 0;
    if (package.not_yet) {
        list->states[package.index] = SLU_GTI_PACKAGE_TODO;
        return SLU_ERR_OK;
    }
    if (package.failed) {
        list->states[package.index] = SLU_GTI_PACKAGE_FAILED;
        list->failures++;
        list->ctx->result.failed_units++;
        return SLU_ERR_OK;
    }
    return commit_package(list, package.index, &part->unit);
}

static enum slu_err fail_part(struct slu_gti_part *part,
                              const struct slu_error *error)
{
    slu_gti_context_note(part->list->ctx, error);
    part->package->failed = true;
    return end_part(part);
}

/*
 * A sighting of another package has another hour or another list. So what one
 * whole package brings, none but itself brings again; the bands of one that was
 * cut bring its items, and those at their edges, twice.
 */
static enum slu_err take_page(struct slu_gti_part *part, struct slu_step *step)
{
    struct slu_gti_list *list = part->list;
    bool whole = part->depth == 0;
    bool more;
    enum slu_err err;

    list->known = true;
    slu_source_log(&list->ctx->port, SLU_LOG_DEBUG,
                   "Fetched %s with %llu items", part->unit.head.name,
                   (unsigned long long)part->unit.page->items);
    err = slu_gti_part_settle(part, &more);
    step->distinct = whole && !more;
    return err == SLU_ERR_OK && !more ? end_part(part) : err;
}

static enum slu_err take_hole(struct slu_gti_part *part, struct slu_step *step)
{
    struct slu_gti_list *list = part->list;

    slu_source_log(&list->ctx->port, SLU_LOG_DEBUG, "%s", step->error.text);
    step->kind = SLU_STEP_COMMIT;
    list->holes++;
    return end_part(part);
}

/* This hour and the later ones are left to the next run. */
static enum slu_err take_not_yet(struct slu_gti_part *part,
                                 struct slu_step *step)
{
    struct slu_gti_list *list = part->list;
    unsigned first =
        part->package->index - part->package->index % SLU_KIND_COUNT;

    slu_source_log(&list->ctx->port, SLU_LOG_INFO,
                   "%s; the next run asks again, or raise "
                   "gti.package_delay",
                   step->error.text);
    step->kind = SLU_STEP_COMMIT;
    list->end = first < list->end ? first : list->end;
    part->package->not_yet = true;
    return end_part(part);
}

/* The first 403 ends the list for this run; only who named it is told so by
 * the exit code. */
static void take_denial(struct slu_gti_part *part, struct slu_step *step)
{
    struct slu_gti_list *list = part->list;
    struct slu_gti_context *ctx = list->ctx;

    list->denied = true;
    slu_gti_list_drop_all(list);
    ctx->result.units++;
    if (ctx->config->threat_lists.all) {
        slu_source_log(&ctx->port, SLU_LOG_WARN,
                       "Threat List (%s) is left out of this run: %s", list->id,
                       step->error.text);
        step->kind = SLU_STEP_COMMIT;
        return;
    }
    slu_source_log(&ctx->port, SLU_LOG_ERROR, "Threat List (%s) ended: %s",
                   list->id, step->error.text);
    slu_gti_context_note(ctx, &step->error);
    ctx->result.denied_units++;
}

static enum slu_err take_answer(struct slu_gti_part *part,
                                enum slu_gti_answer answer,
                                struct slu_step *step)
{
    if (answer == SLU_GTI_ANSWER_PAGE) {
        return take_page(part, step);
    }
    if (answer == SLU_GTI_ANSWER_FORBIDDEN) {
        take_denial(part, step);
        return SLU_ERR_OK;
    }
    if (answer == SLU_GTI_ANSWER_NOT_FOUND && part->depth == 0) {
        return take_hole(part, step);
    }
    if (answer == SLU_GTI_ANSWER_NOT_YET && part->depth == 0) {
        return take_not_yet(part, step);
    }
    if (step->kind != SLU_STEP_FAILED) {
        return SLU_ERR_OK;
    }
    slu_source_log(&part->list->ctx->port, SLU_LOG_ERROR,
                   "%s; its hour is left to the next run", step->error.text);
    return fail_part(part, &step->error);
}

void slu_gti_list_end(struct slu_gti_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step)
{
    struct slu_gti_part *part = (struct slu_gti_part *)unit;
    struct slu_gti_context *ctx = part->list->ctx;
    enum slu_gti_answer answer = slu_gti_page_judge(ctx, unit, end, out_step);
    enum slu_err err;

    part->asked = false;
    if (unit->dropped) {
        /* The list has ended with a 403. */
        if (out_step->kind != SLU_STEP_DENIED) {
            out_step->kind = SLU_STEP_FAILED;
        }
        slu_gti_part_bury(part);
        return;
    }
    unit->head.not_before_ms = 0;
    err = take_answer(part, answer, out_step);
    if (err != SLU_ERR_OK) {
        slu_gti_context_break(ctx, out_step, err);
    }
}

void slu_gti_list_give_up(struct slu_gti_unit *unit,
                          const struct slu_error *error)
{
    struct slu_gti_part *part = (struct slu_gti_part *)unit;

    part->asked = false;
    if (unit->dropped) {
        slu_gti_part_bury(part);
        return;
    }
    /* A failed package stores nothing, so there is nothing to fail here. */
    (void)fail_part(part, error);
}
