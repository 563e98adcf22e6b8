/* SPDX-License-Identifier: Apache-2.0 */
/* The IOC Stream of one type: what was stored, where to begin, and which
 * request comes next. What an answer changes is in gti_stream_answer.c. */
#include "sources/gti_stream.h"

#include "codecs/time_text.h"
#include "codecs/url.h"
#include "codecs/view_take.h"

#include <assert.h>
#include <stdio.h>

#define DAY_SECONDS 86400
#define MS_PER_SECOND 1000

void slu_gti_stream_init(struct slu_gti_stream *self,
                         struct slu_gti_context *ctx, enum slu_kind kind)
{
    *self = (struct slu_gti_stream){.ctx = ctx, .kind = kind};
}

/* ---- what an earlier run stored ---- */

static void raise_newest(struct slu_gti_stream *self, int64_t date)
{
    if (date > self->newest) {
        self->newest = date;
    }
}

static enum slu_err load_window(struct slu_gti_stream *self, int64_t lo,
                                int64_t hi, struct slu_view value)
{
    struct slu_gti_window *window =
        slu_gti_windows_insert(self, self->count, lo, hi);
    int64_t newest;

    if (window == NULL) {
        return SLU_ERR_NOMEM;
    }
    window->stored = true;
    if (slu_view_take_prefix(&value, "done ")) {
        if (!slu_view_take_number(&value, &newest) || value.len > 0) {
            return SLU_ERR_STATE;
        }
        raise_newest(self, newest);
        window->state = SLU_GTI_WINDOW_DONE;
        return SLU_ERR_OK;
    }
    if (slu_view_take_prefix(&value, "serial ")) {
        self->serial = true;
    } else if (!slu_view_take_prefix(&value, "cursor ")) {
        return SLU_ERR_STATE;
    }
    return value.len > SLU_GTI_CURSOR_MAX
               ? SLU_ERR_STATE
               : slu_buf_append(&window->cursor, value);
}

enum slu_err slu_gti_stream_load(struct slu_gti_stream *self,
                                 struct slu_view key, struct slu_view value)
{
    int64_t lo;
    int64_t hi;

    if (key.len == 0) {
        int64_t *known = &self->ctx->known.stream[self->kind];

        return slu_view_take_number(&value, known) && value.len == 0
                   ? SLU_ERR_OK
                   : SLU_ERR_STATE;
    }
    if (!slu_view_take_prefix(&key, "/") || !slu_view_take_number(&key, &lo) ||
        !slu_view_take_prefix(&key, "-") || !slu_view_take_number(&key, &hi) ||
        key.len > 0 || lo > hi || self->count >= 2 * SLU_GTI_WINDOWS_MAX) {
        return SLU_ERR_STATE;
    }
    return load_window(self, lo, hi, value);
}

enum slu_err slu_gti_stream_load_asked(struct slu_gti_stream *self,
                                       struct slu_view value)
{
    return slu_view_take_number(&value, &self->asked) && value.len == 0
               ? SLU_ERR_OK
               : SLU_ERR_STATE;
}

/* ---- where to begin ---- */

static int64_t choose_start(const struct slu_gti_stream *self, int64_t wall_s)
{
    const struct slu_gti_config *config = self->ctx->config;
    int64_t known = self->ctx->known.stream[self->kind];
    int64_t floor = wall_s - config->lookback_days * DAY_SECONDS;

    floor = floor > 0 ? floor : 0;
    if (known == 0) {
        return floor;
    }
    if (known < floor) {
        /* Up to `asked` there was nothing newer than the checkpoint. */
        int64_t lost = self->asked > known ? self->asked : known;

        if (lost < floor) {
            slu_gti_context_warn_of_loss(self->ctx, "IOC Stream",
                                         slu_kind_name(self->kind), "what came",
                                         lost, floor);
        }
        return floor;
    }
    known -= config->stream_overlap_ms / MS_PER_SECOND;
    return known > 0 ? known : 0;
}

/* Now, unless what we know of lies beyond it: the server's clock may be ahead
 * of ours, or ours was set back. */
static int64_t choose_end(const struct slu_gti_stream *self, int64_t wall_s)
{
    int64_t end = wall_s;

    if (self->ctx->known.stream[self->kind] > end) {
        end = self->ctx->known.stream[self->kind];
    }
    for (unsigned i = 0; i < self->count; i++) {
        if (self->windows[i]->state != SLU_GTI_WINDOW_DONE &&
            self->windows[i]->hi > end) {
            end = self->windows[i]->hi;
        }
    }
    return end;
}

enum slu_err slu_gti_stream_start(struct slu_gti_stream *self, int64_t wall_s)
{
    int64_t known = self->ctx->known.stream[self->kind];
    int64_t start = choose_start(self, wall_s);

    self->active = true;
    slu_gti_context_warn_of_future(self->ctx, "IOC Stream",
                                   slu_kind_name(self->kind), known, wall_s);
    raise_newest(self, known);
    self->range_hi = choose_end(self, wall_s);
    slu_source_log(&self->ctx->port, SLU_LOG_INFO,
                   "Fetching IOC Stream (%s) | last_date=%lld",
                   slu_kind_name(self->kind),
                   (long long)(known > start ? known : start));
    return slu_gti_windows_plan(self, start);
}

/* ---- the next request ---- */

/*
 * The terms reach one second beyond the window on each side, for nobody says
 * whether "+" and "-" bring the second itself. A window that has failed before
 * is asked as tightly as what was learned allows, so that a neighbour's
 * poisoned second doesn't poison it too.
 */
static void choose_terms(struct slu_gti_window *window)
{
    const struct slu_gti_stream *stream = window->stream;
    bool tight_from =
        window->narrow || (window->restarted && stream->from_inclusive);
    bool tight_until = window->restarted && stream->until_inclusive;

    window->from = window->lo - (tight_from ? 0 : 1);
    window->until = window->hi + (tight_until ? 0 : 1);
    if (window->from < 0) {
        window->from = 0;
    }
}

static enum slu_err write_target(struct slu_gti_window *window,
                                 struct slu_buf *target)
{
    char filter[128];
    enum slu_err err;

    (void)snprintf(filter, sizeof(filter),
                   "entity_type:%s date:%lld+ date:%lld-",
                   slu_kind_name(window->stream->kind), (long long)window->from,
                   (long long)window->until);
    err = slu_buf_printf(target,
                         "/api/v3/ioc_stream?limit=%d&order=date%%2B&filter=",
                         SLU_GTI_STREAM_LIMIT);
    if (err == SLU_ERR_OK) {
        err = slu_url_append_encoded(target, slu_view_str(filter));
    }
    if (err == SLU_ERR_OK && window->cursor.len > 0) {
        err = slu_buf_append_str(target, "&cursor=");
    }
    if (err == SLU_ERR_OK && window->cursor.len > 0) {
        err = slu_url_append_encoded(target, slu_buf_view(&window->cursor));
    }
    return err;
}

/*
 * The earliest window that may be asked, so that the checkpoint moves. Until
 * the server has accepted anything, the widest: if it refuses the query as
 * such, a few probes far apart show it.
 */
static struct slu_gti_window *choose_window(const struct slu_gti_stream *self,
                                            uint64_t mono_ms,
                                            uint64_t *out_wait_until_ms)
{
    struct slu_gti_window *chosen = NULL;

    for (unsigned i = 0; i < self->count; i++) {
        struct slu_gti_window *window = self->windows[i];

        if (window->state != SLU_GTI_WINDOW_TODO) {
            continue;
        }
        if (window->unit.head.not_before_ms > mono_ms) {
            if (window->unit.head.not_before_ms < *out_wait_until_ms) {
                *out_wait_until_ms = window->unit.head.not_before_ms;
            }
        } else if (chosen == NULL ||
                   window->hi - window->lo > chosen->hi - chosen->lo) {
            chosen = window;
        }
        /* In a serial stream the first unfinished window is the only one. */
        if ((chosen != NULL && self->good > 0) || self->serial) {
            break;
        }
    }
    return chosen;
}

static bool has_state(const struct slu_gti_stream *self,
                      enum slu_gti_window_state state)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->windows[i]->state == state) {
            return true;
        }
    }
    return false;
}

enum slu_err slu_gti_stream_next(struct slu_gti_stream *self, uint64_t mono_ms,
                                 enum slu_turn *out_turn,
                                 struct slu_gti_unit **out_unit,
                                 uint64_t *out_wait_until_ms)
{
    struct slu_gti_window *window = NULL;
    bool asked;

    slu_gti_windows_sweep(self);
    asked = has_state(self, SLU_GTI_WINDOW_ASKED);
    if (self->active && !self->over && !(self->serial && asked)) {
        window = choose_window(self, mono_ms, out_wait_until_ms);
    }
    self->hungry = window == NULL;
    if (window == NULL) {
        *out_turn = asked || self->orphans != NULL ||
                            (self->active && !self->over &&
                             has_state(self, SLU_GTI_WINDOW_TODO))
                        ? SLU_TURN_WAIT
                        : SLU_TURN_DONE;
        return SLU_ERR_OK;
    }
    window->unit.page = slu_gti_page_acquire(self->ctx, SLU_GTI_STREAM_ITEM);
    if (window->unit.page == NULL) {
        return SLU_ERR_NOMEM;
    }
    choose_terms(window);
    window->dates = (struct slu_gti_dates){.last = window->last_date};
    window->state = SLU_GTI_WINDOW_ASKED;
    *out_turn = SLU_TURN_REQUEST;
    *out_unit = &window->unit;
    return write_target(window, &window->unit.page->target);
}
