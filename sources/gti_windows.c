/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of windows of one stream; see gti_stream.h. Every change that has to
 * survive a crash is put with the answer under way, so that the entries always
 * tell of a consistent plan: what has no entry is a gap and is planned anew.
 */
#include "sources/gti_stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 16

static void name_window(struct slu_gti_window *window)
{
    (void)snprintf(window->unit.head.name, sizeof(window->unit.head.name),
                   "IOC Stream (%s) %lld-%lld",
                   slu_kind_name(window->stream->kind), (long long)window->lo,
                   (long long)window->hi);
}

void slu_gti_windows_reset(struct slu_gti_window *window)
{
    slu_buf_clear(&window->cursor);
    window->last_date = 0;
    window->taken = 0;
    window->empty_pages = 0;
    window->mark = 0;
    window->mark_steps = 0;
    window->mark_span = 1;
    window->dates = (struct slu_gti_dates){0};
}

void slu_gti_windows_reshape(struct slu_gti_window *window, int64_t lo,
                             int64_t hi)
{
    assert(lo <= hi && !window->stored);
    window->lo = lo;
    window->hi = hi;
    window->narrow = false;
    window->state = SLU_GTI_WINDOW_TODO;
    slu_gti_windows_reset(window);
    name_window(window);
}

static enum slu_err reserve_place(struct slu_gti_stream *self)
{
    unsigned capacity =
        self->capacity == 0 ? FIRST_CAPACITY : self->capacity * 2;
    void *ptr;

    if (self->count < self->capacity) {
        return SLU_ERR_OK;
    }
    ptr = slu_alloc_resize(self->ctx->alloc, self->windows,
                           self->capacity * sizeof(struct slu_gti_window *),
                           capacity * sizeof(struct slu_gti_window *));
    if (ptr == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->windows = ptr;
    self->capacity = capacity;
    return SLU_ERR_OK;
}

struct slu_gti_window *slu_gti_windows_insert(struct slu_gti_stream *self,
                                              unsigned index, int64_t lo,
                                              int64_t hi)
{
    struct slu_gti_window *window;

    if (reserve_place(self) != SLU_ERR_OK) {
        return NULL;
    }
    window = slu_alloc_zero(self->ctx->alloc, sizeof(*window));
    if (window == NULL) {
        return NULL;
    }
    window->unit.kind = SLU_GTI_WINDOW;
    window->stream = self;
    slu_buf_init(&window->cursor, self->ctx->alloc, SLU_GTI_CURSOR_MAX);
    slu_gti_windows_reshape(window, lo, hi);
    memmove(self->windows + index + 1, self->windows + index,
            (self->count - index) * sizeof(struct slu_gti_window *));
    self->windows[index] = window;
    self->count++;
    return window;
}

static unsigned find_window(const struct slu_gti_stream *self,
                            const struct slu_gti_window *window)
{
    unsigned low = 0;
    unsigned high = self->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (self->windows[middle]->lo < window->lo) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < self->count && self->windows[low] == window);
    return low;
}

static void free_window(struct slu_gti_window *window)
{
    const struct slu_alloc *alloc = window->stream->ctx->alloc;

    slu_gti_page_release(window->stream->ctx, &window->unit);
    slu_buf_fini(&window->cursor);
    slu_alloc_put(alloc, window, sizeof(*window));
}

void slu_gti_windows_drop(struct slu_gti_stream *self, unsigned index)
{
    struct slu_gti_window *window = self->windows[index];

    self->count--;
    memmove(self->windows + index, self->windows + index + 1,
            (self->count - index) * sizeof(struct slu_gti_window *));
    if (window->state == SLU_GTI_WINDOW_ASKED) {
        window->unit.dropped = true;
        window->next = self->orphans;
        self->orphans = window;
    } else {
        window->next = self->dead;
        self->dead = window;
    }
}

void slu_gti_windows_bury(struct slu_gti_window *window)
{
    struct slu_gti_stream *self = window->stream;
    struct slu_gti_window **link = &self->orphans;

    while (*link != window) {
        link = &(*link)->next;
    }
    *link = window->next;
    window->next = self->dead;
    self->dead = window;
}

void slu_gti_windows_sweep(struct slu_gti_stream *self)
{
    while (self->dead != NULL) {
        struct slu_gti_window *window = self->dead;

        self->dead = window->next;
        free_window(window);
    }
}

void slu_gti_stream_fini(struct slu_gti_stream *self)
{
    while (self->orphans != NULL) {
        slu_gti_windows_bury(self->orphans);
    }
    slu_gti_windows_sweep(self);
    for (unsigned i = 0; i < self->count; i++) {
        free_window(self->windows[i]);
    }
    if (self->windows != NULL) {
        slu_alloc_put(self->ctx->alloc, self->windows,
                      self->capacity * sizeof(struct slu_gti_window *));
    }
    if (self->stale != NULL) {
        slu_alloc_put(self->ctx->alloc, self->stale,
                      self->stale_capacity * sizeof(struct slu_gti_range));
    }
    *self = (struct slu_gti_stream){.ctx = self->ctx, .kind = self->kind};
}

/* ---- planning ---- */

static int compare_windows(const void *a, const void *b)
{
    const struct slu_gti_window *left = *(struct slu_gti_window *const *)a;
    const struct slu_gti_window *right = *(struct slu_gti_window *const *)b;

    return (left->lo > right->lo) - (left->lo < right->lo);
}

static enum slu_err remember_stale(struct slu_gti_stream *self, int64_t lo,
                                   int64_t hi)
{
    if (self->stale_count == self->stale_capacity) {
        unsigned capacity = self->stale_capacity * 2 + FIRST_CAPACITY;
        void *ptr = slu_alloc_resize(self->ctx->alloc, self->stale,
                                     self->stale_capacity *
                                         sizeof(struct slu_gti_range),
                                     capacity * sizeof(struct slu_gti_range));

        if (ptr == NULL) {
            return SLU_ERR_NOMEM;
        }
        self->stale = ptr;
        self->stale_capacity = capacity;
    }
    self->stale[self->stale_count++] = (struct slu_gti_range){lo, hi};
    return SLU_ERR_OK;
}

/*
 * Fits the loaded window at `index` behind `position`. A finished one counts
 * only up to the newest date that the server had shown: beyond it the window
 * lay in the server's future. False in *out_kept: it has gone.
 */
static enum slu_err fit_window(struct slu_gti_stream *self, unsigned index,
                               int64_t position, bool *out_kept)
{
    struct slu_gti_window *window = self->windows[index];
    bool done = window->state == SLU_GTI_WINDOW_DONE;
    int64_t lo = window->lo > position ? window->lo : position;
    int64_t hi = done && window->hi > self->newest ? self->newest : window->hi;
    enum slu_err err = SLU_ERR_OK;

    *out_kept = hi >= position && hi >= window->lo;
    /* Only the first may begin before the position, at the look-back. */
    if (!done && window->lo < position && index > 0) {
        *out_kept = false;
    }
    if (!*out_kept || (done && (hi != window->hi || lo != window->lo))) {
        err = remember_stale(self, window->lo, window->hi);
        window->stored = false;
    }
    if (!*out_kept) {
        slu_gti_windows_drop(self, index);
    } else if (done) {
        window->lo = lo;
        window->hi = hi;
    }
    return err;
}

enum slu_err slu_gti_windows_plan(struct slu_gti_stream *self, int64_t start)
{
    int64_t position = start;
    unsigned i = 0;

    if (self->count > 0) {
        qsort(self->windows, self->count, sizeof(struct slu_gti_window *),
              compare_windows);
    }
    while (i < self->count) {
        bool kept;
        enum slu_err err = fit_window(self, i, position, &kept);

        if (err != SLU_ERR_OK) {
            return err;
        }
        if (!kept) {
            continue;
        }
        if (self->windows[i]->lo > position) {
            if (slu_gti_windows_insert(self, i, position,
                                       self->windows[i]->lo - 1) == NULL) {
                return SLU_ERR_NOMEM;
            }
            i++;
        }
        position = self->windows[i]->hi + 1;
        i++;
    }
    if (position <= self->range_hi &&
        slu_gti_windows_insert(self, self->count, position, self->range_hi) ==
            NULL) {
        return SLU_ERR_NOMEM;
    }
    self->range_lo = self->count > 0 ? self->windows[0]->lo : start;
    return SLU_ERR_OK;
}

/* ---- entries ---- */

static void format_key(const struct slu_gti_stream *self, int64_t lo,
                       int64_t hi, char out[SLU_GTI_KEY_MAX])
{
    (void)snprintf(out, SLU_GTI_KEY_MAX, "stream/%s/%lld-%lld",
                   slu_kind_name(self->kind), (long long)lo, (long long)hi);
}

/* A key that is written anew is no longer to be deleted. */
static void spare_stale(struct slu_gti_stream *self, int64_t lo, int64_t hi)
{
    for (unsigned i = 0; i < self->stale_count; i++) {
        if (self->stale[i].lo == lo && self->stale[i].hi == hi) {
            self->stale[i] = self->stale[--self->stale_count];
            return;
        }
    }
}

static enum slu_err put_window(struct slu_gti_window *window,
                               struct slu_gti_unit *unit, struct slu_view value)
{
    char key[SLU_GTI_KEY_MAX];

    format_key(window->stream, window->lo, window->hi, key);
    window->stored = value.len > 0;
    spare_stale(window->stream, window->lo, window->hi);
    return slu_gti_context_put(window->stream->ctx, unit, key, value);
}

enum slu_err slu_gti_windows_forget(struct slu_gti_window *window,
                                    struct slu_gti_unit *unit)
{
    return window->stored ? put_window(window, unit, slu_view_str(NULL))
                          : SLU_ERR_OK;
}

enum slu_err slu_gti_windows_store(struct slu_gti_window *window)
{
    char value[SLU_GTI_CURSOR_MAX + 16];
    int len;

    if (window->cursor.len == 0) {
        return slu_gti_windows_forget(window, &window->unit);
    }
    len = snprintf(value, sizeof(value), "%s %.*s",
                   window->stream->serial ? "serial" : "cursor",
                   SLU_VIEW_ARGS(slu_buf_view(&window->cursor)));
    return put_window(window, &window->unit, slu_view_make(value, (size_t)len));
}

static enum slu_err put_done(struct slu_gti_window *window,
                             struct slu_gti_unit *unit)
{
    char value[40];

    (void)snprintf(value, sizeof(value), "done %lld",
                   (long long)window->stream->newest);
    return put_window(window, unit, slu_view_str(value));
}

static enum slu_err forget_stale(struct slu_gti_stream *self,
                                 struct slu_gti_unit *unit)
{
    while (self->stale_count > 0) {
        struct slu_gti_range *range = &self->stale[self->stale_count - 1];
        char key[SLU_GTI_KEY_MAX];
        enum slu_err err;

        format_key(self, range->lo, range->hi, key);
        err = slu_gti_context_put(self->ctx, unit, key, slu_view_str(NULL));
        if (err != SLU_ERR_OK) {
            return err;
        }
        self->stale_count--;
    }
    return SLU_ERR_OK;
}

/* Moves the checkpoint to where the row begins now. */
static enum slu_err advance(struct slu_gti_stream *self,
                            struct slu_gti_unit *unit)
{
    int64_t *known = &self->ctx->known.stream[self->kind];
    int64_t point = self->newest;
    char key[SLU_GTI_KEY_MAX];
    char value[24];
    enum slu_err err;

    if (self->count > 0 && self->windows[0]->lo < point) {
        point = self->windows[0]->lo;
    }
    if (point <= *known) {
        return SLU_ERR_OK;
    }
    (void)snprintf(key, sizeof(key), "stream/%s", slu_kind_name(self->kind));
    (void)snprintf(value, sizeof(value), "%lld", (long long)point);
    err = slu_gti_context_put(self->ctx, unit, key, slu_view_str(value));
    if (err == SLU_ERR_OK) {
        *known = point;
    }
    return err;
}

/* All is done: remembers up to when the stream was asked. The checkpoint is the
 * newest date seen, and would call a stream without news a lost one. */
static enum slu_err put_asked(struct slu_gti_stream *self,
                              struct slu_gti_unit *unit)
{
    char key[SLU_GTI_KEY_MAX];
    char value[24];

    if (self->count > 0 || self->ctx->known.stream[self->kind] == 0) {
        return SLU_ERR_OK;
    }
    (void)snprintf(key, sizeof(key), "asked/%s", slu_kind_name(self->kind));
    (void)snprintf(value, sizeof(value), "%lld", (long long)self->range_hi);
    return slu_gti_context_put(self->ctx, unit, key, slu_view_str(value));
}

/* Takes the finished neighbour at `index` into the finished window. */
static enum slu_err absorb(struct slu_gti_window *window, unsigned index,
                           struct slu_gti_unit *unit)
{
    struct slu_gti_stream *self = window->stream;
    struct slu_gti_window *other = self->windows[index];
    enum slu_err err = slu_gti_windows_forget(other, unit);

    if (err == SLU_ERR_OK) {
        window->lo = other->lo < window->lo ? other->lo : window->lo;
        window->hi = other->hi > window->hi ? other->hi : window->hi;
        slu_gti_windows_drop(self, index);
    }
    return err;
}

static bool is_done_at(const struct slu_gti_stream *self, unsigned index)
{
    return index < self->count &&
           self->windows[index]->state == SLU_GTI_WINDOW_DONE;
}

enum slu_err slu_gti_windows_finish(struct slu_gti_window *window,
                                    struct slu_gti_unit *unit)
{
    struct slu_gti_stream *self = window->stream;
    unsigned index = find_window(self, window);
    enum slu_err err = slu_gti_windows_forget(window, unit);

    window->state = SLU_GTI_WINDOW_DONE;
    if (err == SLU_ERR_OK && is_done_at(self, index + 1)) {
        err = absorb(window, index + 1, unit);
    }
    if (err == SLU_ERR_OK && index > 0 && is_done_at(self, index - 1)) {
        err = absorb(window, index - 1, unit);
        index--;
    }
    if (err == SLU_ERR_OK && index > 0) {
        err = put_done(window, unit);
    } else if (err == SLU_ERR_OK) {
        slu_gti_windows_drop(self, 0);
    }
    if (err == SLU_ERR_OK) {
        err = advance(self, unit);
    }
    if (err == SLU_ERR_OK) {
        err = put_asked(self, unit);
    }
    return err == SLU_ERR_OK ? forget_stale(self, unit) : err;
}

enum slu_err slu_gti_windows_divide(struct slu_gti_window *window, int64_t lo,
                                    unsigned parts)
{
    struct slu_gti_stream *self = window->stream;
    unsigned index = find_window(self, window);
    int64_t first_lo = window->lo;
    int64_t hi = window->hi;
    int64_t span = hi - lo + 1;
    struct slu_gti_window *done;
    enum slu_err err = slu_gti_windows_forget(window, &window->unit);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_gti_windows_reshape(window, lo, lo + span / parts - 1);
    for (unsigned i = 1; i < parts; i++) {
        struct slu_gti_window *next =
            slu_gti_windows_insert(self, index + i, lo + span * i / parts,
                                   lo + span * (i + 1) / parts - 1);

        if (next == NULL) {
            return SLU_ERR_NOMEM;
        }
        next->restarted = window->restarted;
    }
    if (lo == first_lo) {
        return SLU_ERR_OK;
    }
    done = slu_gti_windows_insert(self, index, first_lo, lo - 1);
    return done == NULL ? SLU_ERR_NOMEM
                        : slu_gti_windows_finish(done, &window->unit);
}
