/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer changes in the row of windows; what a void one does,
 * gti_stream_trouble.c knows.
 *
 * Trust. What came back is checked against what was asked. An item more than a
 * second outside its window: the server ignored the date term, and the stream
 * goes on with one serial cursor. No count: windows aren't divided. Falling
 * dates: the order was ignored, and nothing is concluded from a page's last
 * date; a window counts only when its last page was read.
 *
 * Items in the overlap belong to a neighbour, which pulls them too. They are
 * handed on all the same: merging is idempotent, and what arrived after the
 * neighbour was finished is gained.
 */
#include "sources/gti_stream.h"

#include "codecs/record.h"

#define CURSOR_SHOWN 40

/* ---- items ---- */

static void note_date(struct slu_gti_window *window, int64_t date)
{
    struct slu_gti_dates *dates = &window->dates;

    if (date <= 0) {
        return;
    }
    if (dates->last != 0) {
        dates->rose |= date > dates->last;
        dates->fell |= date < dates->last;
    }
    dates->last = date;
    dates->newest = date > dates->newest ? date : dates->newest;
    dates->outside |= date < window->lo - 1 || date > window->hi + 1;
    dates->at_from |= date == window->from;
    dates->at_until |= date == window->until;
    dates->within |= date >= window->lo && date <= window->hi;
}

static bool is_of_kind(const struct slu_gti_item *item, enum slu_kind kind)
{
    return item->type ==
           (kind == SLU_KIND_DOMAIN ? SLU_GTI_DOMAIN : SLU_GTI_IP_ADDRESS);
}

enum slu_err slu_gti_stream_item(struct slu_gti_unit *unit,
                                 const struct slu_gti_item *item)
{
    struct slu_gti_window *window = (struct slu_gti_window *)unit;
    struct slu_gti_stream *self = window->stream;
    int64_t date = item->notification_date;

    note_date(window, date);
    if (!is_of_kind(item, self->kind)) {
        slu_gti_context_count(self->ctx, unit, SLU_REASON_OTHER_TYPE);
        return SLU_ERR_OK;
    }
    if (date > 0 && (date < self->range_lo - 1 || date > self->range_hi + 1)) {
        slu_gti_context_count(self->ctx, unit, SLU_REASON_OUTSIDE_WINDOW);
        return SLU_ERR_OK;
    }
    /* An item without a date was seen at some time within the window. */
    return slu_gti_context_emit(self->ctx, unit, item, SLU_SOURCE_STREAM,
                                date > 0 ? date : window->lo);
}

/* ---- pages ---- */

/* FNV-1a; only compared with other cursors of the same window. */
static uint64_t hash_cursor(struct slu_view cursor)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < cursor.len; i++) {
        hash = (hash ^ (unsigned char)cursor.ptr[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

/*
 * Takes the page's cursor; false when the window goes in circles. Brent's way
 * to find a cycle: compare with one earlier cursor, the mark, and move the mark
 * up after 1, 2, 4, 8... pages. It costs one hash per page, and a cycle of n
 * pages is found within three rounds.
 */
static bool take_cursor(struct slu_gti_window *window,
                        const struct slu_gti_page *page)
{
    uint64_t hash = hash_cursor(slu_buf_view(&page->cursor));

    if (slu_view_equal(slu_buf_view(&page->cursor),
                       slu_buf_view(&window->cursor))) {
        return false;
    }
    if (window->mark_steps + window->mark_span > 1 && hash == window->mark) {
        return false;
    }
    window->mark_steps++;
    if (window->mark_steps == window->mark_span) {
        window->mark = hash;
        window->mark_span *= 2;
        window->mark_steps = 0;
    }
    return true;
}

static enum slu_err continue_window(struct slu_gti_window *window,
                                    const struct slu_gti_page *page)
{
    enum slu_err err;

    slu_buf_clear(&window->cursor);
    err = slu_buf_append(&window->cursor, slu_buf_view(&page->cursor));
    return err == SLU_ERR_OK ? slu_gti_windows_store(window) : err;
}

/* Forgets every other window; what they would have brought is brought by this
 * one, which spans all that is unfinished. */
static enum slu_err swallow_others(struct slu_gti_window *window, int64_t *lo,
                                   int64_t *hi)
{
    struct slu_gti_stream *self = window->stream;

    for (unsigned i = self->count; i-- > 0;) {
        struct slu_gti_window *other = self->windows[i];
        enum slu_err err = slu_gti_windows_forget(other, &window->unit);

        if (err != SLU_ERR_OK) {
            return err;
        }
        if (other->state != SLU_GTI_WINDOW_DONE) {
            *lo = other->lo < *lo ? other->lo : *lo;
            *hi = other->hi > *hi ? other->hi : *hi;
        }
        if (other != window) {
            slu_gti_windows_drop(self, i);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err fall_back(struct slu_gti_window *window)
{
    struct slu_gti_stream *self = window->stream;
    int64_t lo = window->lo;
    int64_t hi = window->hi;
    enum slu_err err;

    self->serial = true;
    slu_source_log(
        &self->ctx->port, SLU_LOG_WARN,
        "IOC Stream (%s): the server ignores the date term, so the stream is "
        "pulled with one serial cursor, which is slower; check that "
        "gti.base_url and http.proxy lead to GTI itself",
        slu_kind_name(self->kind));
    err = swallow_others(window, &lo, &hi);
    if (err == SLU_ERR_OK && (lo != window->lo || hi != window->hi)) {
        slu_gti_windows_reshape(window, lo, hi);
    }
    return err;
}

static void learn(struct slu_gti_stream *self,
                  const struct slu_gti_window *window)
{
    const struct slu_gti_dates *dates = &window->dates;
    int64_t newest =
        dates->newest < self->range_hi ? dates->newest : self->range_hi;

    self->good++;
    self->newest = newest > self->newest ? newest : self->newest;
    self->rose |= dates->rose;
    self->fell |= dates->fell;
    self->from_inclusive |= dates->at_from;
    self->until_inclusive |= dates->at_until;
}

static void log_page(const struct slu_gti_stream *self,
                     const struct slu_gti_page *page)
{
    size_t shown =
        page->cursor.len < CURSOR_SHOWN ? page->cursor.len : CURSOR_SHOWN;

    slu_source_log(&self->ctx->port, SLU_LOG_DEBUG,
                   "Fetched page with %llu items | next_cursor=%.*s",
                   (unsigned long long)page->items, (int)shown,
                   page->cursor.len > 0 ? page->cursor.ptr : "");
}

/* This stream's dates have been seen to rise and never to fall. Equal dates
 * alone prove nothing: a page of one second may stand at either end. */
static bool is_ordered(const struct slu_gti_stream *self)
{
    return self->rose && !self->fell;
}

/* True when all that follows lies behind the window. */
static bool has_passed(const struct slu_gti_window *window)
{
    return is_ordered(window->stream) && window->dates.newest > window->hi;
}

static unsigned count_open(const struct slu_gti_stream *self)
{
    unsigned open = 0;

    for (unsigned i = 0; i < self->count; i++) {
        open += self->windows[i]->state == SLU_GTI_WINDOW_TODO ||
                self->windows[i]->state == SLU_GTI_WINDOW_ASKED;
    }
    return open;
}

/*
 * Whether the rest of the window may be divided. It is pulled from the second
 * of the page's last date on, so that this second must have begun in this page:
 * else pages of it would be pulled again. Unordered, it is pulled anew.
 */
static bool may_divide(const struct slu_gti_window *window)
{
    const struct slu_gti_stream *self = window->stream;

    if (!is_ordered(self)) {
        return window->cursor.len == 0;
    }
    return self->hungry &&
           (window->cursor.len == 0 ||
            (window->dates.rose && window->dates.last > window->lo));
}

/* How many windows the rest should become; 1: none but itself. */
static unsigned choose_parts(struct slu_gti_window *window,
                             const struct slu_gti_page *page, int64_t rest_lo)
{
    struct slu_gti_stream *self = window->stream;
    int64_t span = window->hi - rest_lo + 1;
    int64_t rest = page->count - (int64_t)window->taken;
    int64_t parts = rest / SLU_GTI_PER_WINDOW;
    int64_t most = is_ordered(self) ? SLU_GTI_OPEN_WINDOWS / count_open(self)
                                    : SLU_GTI_OPEN_WINDOWS;

    if (self->serial || !page->has_count || rest <= SLU_GTI_UNDIVIDED ||
        !may_divide(window)) {
        return 1;
    }
    parts = parts > most ? most : parts;
    parts = parts < 2 ? 2 : parts;
    parts = parts > span ? span : parts;
    return parts < 2 || self->count + parts + 1 > SLU_GTI_WINDOWS_MAX
               ? 1
               : (unsigned)parts;
}

static void warn_of_no_count(struct slu_gti_stream *self,
                             const struct slu_gti_window *window,
                             const struct slu_gti_page *page)
{
    if (page->has_count || window->cursor.len > 0 || self->no_count ||
        self->serial) {
        return;
    }
    self->no_count = true;
    slu_source_log(
        &self->ctx->port, SLU_LOG_WARN,
        "IOC Stream (%s): the server sends no count, so the stream is pulled "
        "with one serial cursor, which is slower; check that gti.base_url and "
        "http.proxy lead to GTI itself",
        slu_kind_name(self->kind));
}

/* The window isn't finished by this page. */
static enum slu_err go_on(struct slu_gti_window *window,
                          const struct slu_gti_page *page,
                          struct slu_step *step)
{
    bool ordered = is_ordered(window->stream);
    int64_t rest_lo = ordered && window->dates.last > window->lo
                          ? window->dates.last
                          : window->lo;
    unsigned parts;

    warn_of_no_count(window->stream, window, page);
    window->last_date = window->dates.last;
    window->taken += page->items;
    window->empty_pages = page->items == 0 ? window->empty_pages + 1 : 0;
    if (window->empty_pages >= SLU_GTI_EMPTY_PAGES_MAX) {
        (void)slu_error_set(&step->error, SLU_ERR_INCOMPLETE,
                            "%s: %d empty pages in a row, each with a cursor; "
                            "run again later",
                            window->unit.head.name, SLU_GTI_EMPTY_PAGES_MAX);
        slu_gti_window_fail(window, step,
                            &window->stream->ctx->result.incomplete_units);
        return SLU_ERR_OK;
    }
    parts = choose_parts(window, page, rest_lo);
    if (parts > 1) {
        window->stream->hungry = false;
        return slu_gti_windows_divide(window, rest_lo, parts);
    }
    if (!take_cursor(window, page)) {
        (void)slu_error_set(&step->error, SLU_ERR_INCOMPLETE,
                            "%s: the server repeats a cursor",
                            window->unit.head.name);
        return slu_gti_window_trouble(window, step);
    }
    return continue_window(window, page);
}

static enum slu_err take_page(struct slu_gti_window *window,
                              struct slu_step *step)
{
    struct slu_gti_stream *self = window->stream;
    const struct slu_gti_page *page = window->unit.page;
    int64_t hi = window->hi;
    int64_t lo = window->lo;

    learn(self, window);
    log_page(self, page);
    if (window->dates.outside && !self->serial) {
        enum slu_err err = fall_back(window);

        /* A wider window than this answer was asked for begins anew. */
        if (err != SLU_ERR_OK || lo != window->lo || hi != window->hi) {
            return err;
        }
    }
    if (page->cursor.len > 0 && !has_passed(window)) {
        return go_on(window, page, step);
    }
    /* An empty answer without the overlap may only mean that "+" leaves the
     * second itself out. */
    if (window->narrow && !self->from_inclusive && !window->dates.within) {
        (void)slu_error_set(&step->error, SLU_ERR_INCOMPLETE,
                            "it may or may not hold anything");
        return slu_gti_window_skip(window, step);
    }
    return slu_gti_window_finish(window);
}

static enum slu_err take_answer(struct slu_gti_window *window,
                                enum slu_gti_answer answer,
                                struct slu_step *step)
{
    switch (answer) {
    case SLU_GTI_ANSWER_PAGE:
        return take_page(window, step);
    case SLU_GTI_ANSWER_FORBIDDEN:
        slu_gti_stream_deny(window->stream, step);
        return SLU_ERR_OK;
    case SLU_GTI_ANSWER_NOT_FOUND:
    case SLU_GTI_ANSWER_NOT_YET:
    case SLU_GTI_ANSWER_REJECTED:
        return slu_gti_window_reject(window, step);
    case SLU_GTI_ANSWER_VOID:
        break;
    }
    if (step->kind == SLU_STEP_FAILED) {
        slu_gti_window_fail(window, step,
                            &window->stream->ctx->result.failed_units);
    }
    return SLU_ERR_OK;
}

void slu_gti_stream_end(struct slu_gti_unit *unit,
                        const struct slu_answer_end *end,
                        struct slu_step *out_step)
{
    struct slu_gti_window *window = (struct slu_gti_window *)unit;
    struct slu_gti_context *ctx = window->stream->ctx;
    enum slu_gti_answer answer = slu_gti_page_judge(ctx, unit, end, out_step);
    enum slu_err err;

    if (unit->dropped) {
        /* Nobody's any more: whole pages are welcome, the rest is void. */
        if (answer != SLU_GTI_ANSWER_PAGE &&
            out_step->kind != SLU_STEP_DENIED) {
            out_step->kind = SLU_STEP_FAILED;
        }
        slu_gti_windows_bury(window);
        return;
    }
    window->state = SLU_GTI_WINDOW_TODO;
    unit->head.not_before_ms = 0;
    err = take_answer(window, answer, out_step);
    if (err != SLU_ERR_OK) {
        slu_gti_context_break(ctx, out_step, err);
    }
}

void slu_gti_stream_give_up(struct slu_gti_unit *unit,
                            const struct slu_error *error)
{
    struct slu_gti_window *window = (struct slu_gti_window *)unit;
    struct slu_gti_context *ctx = window->stream->ctx;

    if (unit->dropped) {
        slu_gti_windows_bury(window);
        return;
    }
    window->state = SLU_GTI_WINDOW_STUCK;
    ctx->result.units++;
    ctx->result.failed_units++;
    slu_gti_context_note(ctx, error);
}
