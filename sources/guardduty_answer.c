/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page that was read whole changes: detectors are started, a list makes
 * a get, a get ends or divides its window. What is stored of it goes with the
 * same answer.
 *
 * The second pass begins when nothing of the first is left to be listed, though
 * gets are still to come: what moved out of a window did so before its list.
 */
#include "sources/guardduty_pull.h"

#include <assert.h>

/* ---- detectors ---- */

static enum slu_err start_detectors(struct slu_guardduty_target *target)
{
    const struct slu_buf *names = &target->unit.page->names;
    enum slu_err err = SLU_ERR_OK;

    for (size_t at = 0; at < names->len && err == SLU_ERR_OK;
         at += strlen(names->ptr + at) + 1) {
        err = slu_guardduty_detector_start(target, names->ptr + at);
    }
    return err;
}

enum slu_err slu_guardduty_take_detectors(struct slu_guardduty_target *target,
                                          struct slu_step *out_step)
{
    struct slu_view token = slu_buf_view(&target->unit.page->token);
    enum slu_err err = start_detectors(target);

    if (err != SLU_ERR_OK) {
        return err;
    }
    target->works = true;
    target->pages++;
    if (token.len == 0) {
        return SLU_ERR_OK;
    }
    if (target->pages == SLU_GUARDDUTY_DETECTOR_PAGES_MAX ||
        (target->pages > 1 &&
         slu_guardduty_token_hash(token) == target->token_hash)) {
        char place[SLU_GUARDDUTY_PLACE_MAX];

        (void)slu_error_set(&out_step->error, SLU_ERR_INCOMPLETE,
                            "the list of detectors of %s does not end",
                            slu_guardduty_place(target, place));
        out_step->kind = SLU_STEP_FAILED;
        slu_guardduty_target_end(target, SLU_GUARDDUTY_FAILED,
                                 &out_step->error);
        return SLU_ERR_OK;
    }
    target->token_hash = slu_guardduty_token_hash(token);
    slu_buf_clear(&target->token);
    err = slu_buf_append(&target->token, token);
    slu_guardduty_queue_push(&target->waiting[SLU_GUARDDUTY_DETECTORS],
                             &target->unit);
    return err;
}

/* ---- the end of a window ---- */

/* Nothing more is to be listed of the window. */
static enum slu_err end_lists(struct slu_guardduty_window *window,
                              int64_t now_ms)
{
    struct slu_guardduty_detector *detector = window->detector;

    window->listed = true;
    /* One list is a picture of one moment: nothing can have moved in it. */
    if (slu_guardduty_window_asked(window) && detector->asking == 0 &&
        !detector->tail_begun && !detector->failed && detector->lists > 1 &&
        !slu_guardduty_target_is_over(detector->target)) {
        return slu_guardduty_detector_begin_tail(detector, now_ms);
    }
    return SLU_ERR_OK;
}

static enum slu_err end_window(struct slu_guardduty_window *window,
                               struct slu_unit *unit)
{
    enum slu_err err;

    if (!window->listed || window->gets > 0 || window->failed ||
        window->divider != NULL) {
        return SLU_ERR_OK;
    }
    err = slu_guardduty_window_put(window, unit, false);
    if (err == SLU_ERR_OK) {
        slu_guardduty_window_bury(window);
    }
    return err;
}

/* ---- lists ---- */

/* Takes the ids of the page as a get of the window. */
static struct slu_guardduty_get *take_get(struct slu_guardduty_page *page,
                                          struct slu_guardduty_window *window,
                                          int64_t now_ms)
{
    struct slu_guardduty_get *get = page->get;

    page->get = NULL;
    window->gets++;
    get->unit.target = window->unit.target;
    get->window = window;
    get->listed_ms = now_ms;
    get->page_number = window->pages;
    return get;
}

static void queue_get(struct slu_guardduty_window *window, int64_t now_ms,
                      bool divides)
{
    struct slu_guardduty_target *target = window->unit.target;
    struct slu_guardduty_get *get = take_get(window->unit.page, window, now_ms);

    get->divides = divides;
    if (divides) {
        slu_guardduty_queue_push(&target->waiting[SLU_GUARDDUTY_GET],
                                 &get->unit);
    } else {
        slu_guardduty_queue_push(&target->leaves, &get->unit);
        target->ctx->leaves++;
    }
}

/* Proven, as far as a list and a get may be had. */
static enum slu_err take_list_of_check(struct slu_guardduty_window *window,
                                       int64_t now_ms)
{
    if (window->unit.page->get->count > 0) {
        queue_get(window, now_ms, false);
    }
    window->listed = true;
    (void)slu_guardduty_window_asked(window);
    return end_window(window, &window->unit.head);
}

static enum slu_err take_ids(struct slu_guardduty_window *window,
                             int64_t now_ms)
{
    const struct slu_guardduty_get *get = window->unit.page->get;
    bool more = window->token.len > 0;
    bool divides = more && !window->chained && window->to - window->from > 1;
    enum slu_err err;

    slu_guardduty_chain_note(window, get);
    if (get->count == 0 || slu_guardduty_chain_only_compares(window)) {
        divides = false;
    } else {
        queue_get(window, now_ms, divides);
    }
    if (more && !divides) {
        return slu_guardduty_chain_follow(window);
    }
    if (divides) {
        window->listed = true;
        return slu_guardduty_window_split(window);
    }
    window->detector->heeds |= !window->chained && !window->unbounded;
    if (slu_guardduty_chain_again(window)) {
        return SLU_ERR_OK;
    }
    err = end_lists(window, now_ms);
    return err == SLU_ERR_OK ? end_window(window, &window->unit.head) : err;
}

enum slu_err slu_guardduty_take_list(struct slu_guardduty_window *window,
                                     int64_t now_ms)
{
    struct slu_guardduty_page *page = window->unit.page;
    enum slu_err err;

    window->unit.target->works = true;
    window->detector->lists++;
    window->pages++;
    slu_guardduty_window_count(window, page->get->count);
    if (window->unit.target->ctx->port.tell != NULL) {
        return take_list_of_check(window, now_ms);
    }
    err = slu_guardduty_detector_store(window->detector, &window->unit.head);
    slu_buf_clear(&window->token);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&window->token, slu_buf_view(&page->token));
    }
    return err == SLU_ERR_OK ? take_ids(window, now_ms) : err;
}

/* ---- gets ---- */

void slu_guardduty_get_fail(struct slu_guardduty_get *get,
                            const struct slu_error *error)
{
    struct slu_guardduty_window *window = get->window;

    window->gets--;
    if (window->newest == get) {
        window->newest = NULL;
    }
    if (!window->failed) {
        slu_guardduty_window_fail(window, error);
    }
    slu_guardduty_get_bury(get);
}

static enum slu_err make_parts(struct slu_guardduty_window *window,
                               struct slu_unit *unit,
                               const struct slu_guardduty_division *division)
{
    bool unbounded = window->unbounded && window->had_from == INT64_MAX;

    for (unsigned i = 0; i < division->count; i++) {
        struct slu_guardduty_window *part = slu_guardduty_window_new(
            window->detector, division->bounds[i], division->bounds[i + 1]);
        enum slu_err err;

        if (part == NULL) {
            return SLU_ERR_NOMEM;
        }
        part->tail = window->tail;
        part->unbounded = unbounded && i + 1 == division->count;
        part->expected = division->expected;
        part->density = division->density;
        err = slu_guardduty_window_put(part, unit, true);
        if (err != SLU_ERR_OK) {
            return err;
        }
        slu_guardduty_window_ask(part);
    }
    return SLU_ERR_OK;
}

/* One part is always possible: it takes the window's place. */
static unsigned count_room(const struct slu_guardduty_context *ctx)
{
    return ctx->windows < SLU_GUARDDUTY_WINDOWS_MAX
               ? SLU_GUARDDUTY_WINDOWS_MAX - ctx->windows + 1
               : 1;
}

/* By its oldest page, and by the newest if that was listed. */
static enum slu_err divide_window(struct slu_guardduty_window *window,
                                  struct slu_unit *unit, int64_t now_ms)
{
    struct slu_guardduty_get *get = window->divider;
    struct slu_guardduty_division division;
    enum slu_err err;

    slu_guardduty_divide(window, get, now_ms,
                         count_room(window->unit.target->ctx), &division);
    window->divider = NULL;
    slu_guardduty_get_bury(get);
    if (division.chained) {
        window->chained = true;
        window->listed = false;
        return slu_guardduty_chain_follow(window);
    }
    err = make_parts(window, unit, &division);
    if (err == SLU_ERR_OK) {
        err = end_lists(window, now_ms);
    }
    return err == SLU_ERR_OK ? end_window(window, unit) : err;
}

/* An answer of the window is told; unit: whose it was. */
static enum slu_err go_on(struct slu_guardduty_window *window,
                          struct slu_unit *unit, int64_t now_ms)
{
    if (window->divider == NULL) {
        return end_window(window, unit);
    }
    return slu_guardduty_mirror_is_done(window)
               ? divide_window(window, unit, now_ms)
               : SLU_ERR_OK;
}

enum slu_err slu_guardduty_take_mirror(struct slu_guardduty_window *mirror,
                                       int64_t now_ms)
{
    struct slu_unit *unit = &mirror->unit.head;
    struct slu_guardduty_page *page = mirror->unit.page;
    struct slu_guardduty_window *window = slu_guardduty_mirror_end(mirror);
    struct slu_guardduty_target *target = mirror->unit.target;
    enum slu_err err;

    if (window == NULL) {
        return SLU_ERR_OK; /* its oldest page was its only one */
    }
    err = slu_guardduty_detector_store(window->detector, unit);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (page->token.len > 0 && page->get->count > 0) {
        window->detector->lists++;
        window->newest = take_get(page, window, now_ms);
        slu_guardduty_queue_push(&target->waiting[SLU_GUARDDUTY_GET],
                                 &window->newest->unit);
    }
    return go_on(window, unit, now_ms);
}

static enum slu_err take_one(struct slu_guardduty_get *get,
                             struct slu_unit *unit, int64_t now_ms)
{
    struct slu_guardduty_window *window = get->window;

    assert(window->gets > 0);
    window->gets--;
    if (window->newest == get) {
        window->newest = NULL;
        slu_guardduty_mirror_note(window, get);
    }
    if (get->divides && !window->failed) {
        window->divider = get;
    }
    return go_on(window, unit, now_ms);
}

enum slu_err slu_guardduty_take_get(struct slu_guardduty_get *get,
                                    int64_t now_ms)
{
    bool divides = get->divides && !get->window->failed;
    enum slu_err err = SLU_ERR_OK;

    for (struct slu_guardduty_get *at = get; at != NULL && err == SLU_ERR_OK;
         at = at->joined) {
        err = take_one(at, &get->unit.head, now_ms);
    }
    if (!divides) {
        slu_guardduty_get_bury(get);
    }
    return err;
}
