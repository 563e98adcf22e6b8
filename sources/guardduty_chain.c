/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window that is followed by its tokens. One millisecond that has more
 * findings than a page can't be divided, and of some servers nothing can be.
 *
 * What a token remembers nobody knows. If it is how many were served, a finding
 * that is updated after it was listed, and so leaves the instant, takes with it
 * one that wasn't: no page has that. So an instant of several pages is listed
 * until two listings in a row have the same ids:
 *
 *     one is missed in both  =>  another, which is in the first, has left
 *                            =>  the second doesn't have it
 *
 * for nothing comes back into an instant that is past. The second listing is
 * only compared; if it differs, the ids of each that follows are got, too. What
 * has left is found by the second pass.
 */
#include "sources/guardduty_pull.h"

#define LISTINGS_MAX 16

static void queue_again(struct slu_guardduty_window *window)
{
    slu_guardduty_queue_push_front(
        &window->unit.target->waiting[SLU_GUARDDUTY_LIST], &window->unit);
}

static void begin_listing(struct slu_guardduty_window *window)
{
    window->pages = 0;
    window->ids_before = window->ids;
    window->ids = 0;
    slu_buf_clear(&window->token);
    slu_buf_clear(&window->seen);
    queue_again(window);
}

void slu_guardduty_chain_restart(struct slu_guardduty_window *window,
                                 const struct slu_error *error)
{
    if (window->restarted) {
        slu_guardduty_window_fail(window, error);
        return;
    }
    window->restarted = true;
    window->listings = 0;
    begin_listing(window);
}

static bool has_seen(const struct slu_guardduty_window *window, uint64_t hash)
{
    const uint64_t *hashes = (const void *)window->seen.ptr;
    size_t count = window->seen.len / sizeof(hash);

    for (size_t i = 0; i < count; i++) {
        if (hashes[i] == hash) {
            return true;
        }
    }
    return false;
}

enum slu_err slu_guardduty_chain_follow(struct slu_guardduty_window *window)
{
    uint64_t hash = slu_guardduty_token_hash(slu_buf_view(&window->token));
    struct slu_error error = {0};
    bool repeats = has_seen(window, hash);
    enum slu_err err = SLU_ERR_LIMIT;

    if (!repeats) {
        err = slu_buf_append(&window->seen,
                             slu_view_make((const char *)&hash, sizeof(hash)));
    }
    if (err == SLU_ERR_OK) {
        queue_again(window);
        return err;
    }
    if (err == SLU_ERR_LIMIT) {
        (void)slu_error_set(
            &error, SLU_ERR_INCOMPLETE, "%s: %s", window->unit.head.name,
            repeats ? "its nextToken repeats itself" : "it has too many pages");
        slu_guardduty_chain_restart(window, &error);
        err = SLU_ERR_OK;
    }
    return err;
}

/* ---- an instant ---- */

static bool is_instant(const struct slu_guardduty_window *window)
{
    return window->to - window->from == 1 && !window->unbounded;
}

void slu_guardduty_chain_note(struct slu_guardduty_window *window,
                              const struct slu_guardduty_get *get)
{
    for (unsigned i = 0; i < get->count && is_instant(window); i++) {
        window->ids += slu_guardduty_token_hash(
            slu_view_make(get->ids.ptr + get->starts[i], get->lens[i]));
    }
}

bool slu_guardduty_chain_only_compares(
    const struct slu_guardduty_window *window)
{
    return window->listings == 1;
}

bool slu_guardduty_chain_again(struct slu_guardduty_window *window)
{
    bool has_pages = window->seen.len > 0 || window->listings > 0;
    struct slu_error error = {0};

    if (!is_instant(window) || !has_pages ||
        (window->listings > 0 && window->ids == window->ids_before)) {
        return false;
    }
    if (++window->listings == LISTINGS_MAX) {
        (void)slu_error_set(&error, SLU_ERR_INCOMPLETE,
                            "%s: it changes whenever it is listed",
                            window->unit.head.name);
        slu_guardduty_window_fail(window, &error);
    } else {
        begin_listing(window);
    }
    return true;
}
