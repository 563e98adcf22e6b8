/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a window is divided. GuardDuty tells neither how many findings there are
 * nor when a listed one was updated; its page of ids comes oldest first, and
 * GetFindings tells when each was updated. So the first page of a window with
 * more than one says: everything before the page's last finding is had, and the
 * rest [last, to) is divided by how dense the page's second half was.
 *
 * While few windows are open, a part is to have about 40 findings: a page, and
 * some air. With many open there is nothing to gain by more of them, and a part
 * has about four pages, of which only the last is not full. Measured with
 * 20,000 findings of one hour, of 400 pages at best: 643 lists and 559 gets
 * with 40 always, 565 and 482 so, in 2.5 s of 100 ms an answer.
 *
 *     from        last                                    to
 *      |-- page 1 --|------|------|------|------|------|---|
 *
 * A finding that is updated between List and Get tells a later time than it was
 * listed by, so it must not be taken for the last one: what lies between would
 * be skipped. Such a one is known by a later id with an earlier time, unless it
 * is among the last. Where the times are as new as the listing itself, the last
 * eight would all have to be updated in between to deceive us; where they are
 * older by more than clocks can differ, none was.
 *
 * A server that sorts otherwise is not trusted with a bound: its window is
 * halved. One that lists what is outside of the window doesn't heed bounds at
 * all: its window is followed by the token.
 */
#include "sources/guardduty_pull.h"

#include <assert.h>

#define PART_FINDINGS 40
#define BIG_PART_FINDINGS 190
#define MANY_WINDOWS 64
/* AWS refuses a signature of a clock that is further off. */
#define CLOCKS_DIFFER_MS (INT64_C(15) * 60 * 1000)
#define WITNESSES 8
/* Longer between List and Get, and half of the page has to bear witness. */
#define SLOW_MS 60000
#define UNBOUNDED_STEP_MS 1000

/* What a page tells, in the order of its ids. */
struct evidence {
    unsigned count; /* inside, none updated after it was listed */
    int64_t times[SLU_GUARDDUTY_PAGE]; /* ascending */
    unsigned inside;
    unsigned outside;
};

static void take_evidence(const struct slu_guardduty_window *window,
                          const struct slu_guardduty_get *get,
                          struct evidence *out)
{
    int64_t least = INT64_MAX;
    unsigned at = SLU_GUARDDUTY_PAGE;

    *out = (struct evidence){0};
    for (unsigned i = get->count; i > 0; i--) {
        int64_t time = get->updated_ms[i - 1];

        if (time == INT64_MIN) {
            continue;
        }
        if (time < window->from || (!window->unbounded && time >= window->to)) {
            out->outside++;
            continue;
        }
        out->inside++;
        if (time <= least) {
            least = time;
            out->times[--at] = time;
        }
    }
    out->count = SLU_GUARDDUTY_PAGE - at;
    memmove(out->times, &out->times[at], out->count * sizeof(out->times[0]));
}

/* The index of the time up to which everything is on the page. */
static unsigned choose_last(const struct evidence *seen,
                            const struct slu_guardduty_get *get, int64_t now_ms)
{
    int64_t newest = seen->times[seen->count - 1];
    unsigned witnesses = 1;

    if (newest >= get->listed_ms - CLOCKS_DIFFER_MS) {
        witnesses = now_ms - get->listed_ms > SLOW_MS ? SLU_GUARDDUTY_PAGE / 2
                                                      : WITNESSES;
    }
    return seen->count > witnesses ? seen->count - witnesses : 0;
}

/* Findings to expect from times[last] to `to`. */
static double predict(const struct evidence *seen, unsigned last, int64_t to)
{
    unsigned middle = last / 2;
    int64_t span = seen->times[last] - seen->times[middle];
    double found = last - middle;

    if (span <= 0) {
        span = seen->times[last] - seen->times[0];
        found = last;
    }
    found = found > 0 ? found : 1;
    return found / (double)(span > 0 ? span : 1) *
           (double)(to - seen->times[last]);
}

static void set_parts(struct slu_guardduty_division *out, int64_t from,
                      int64_t to, unsigned parts)
{
    int64_t width = to - from;

    if ((int64_t)parts > width) {
        parts = (unsigned)width;
    }
    out->count = parts;
    for (unsigned i = 0; i <= parts; i++) {
        /* Not width * i / parts: milliseconds from 1970 may be a lie. */
        out->bounds[i] = from + width / parts * i + width % parts * i / parts;
    }
}

/* One instant fills the page: it is followed by its token, apart. */
static void split_instant(struct slu_guardduty_division *out, int64_t from,
                          int64_t to)
{
    out->count = 2;
    out->bounds[0] = from;
    out->bounds[1] = from + 1;
    out->bounds[2] = to;
}

void slu_guardduty_divide(const struct slu_guardduty_window *window,
                          const struct slu_guardduty_get *get, int64_t now_ms,
                          unsigned parts_max,
                          struct slu_guardduty_division *out_division)
{
    struct evidence seen;
    int64_t from = window->from;
    int64_t to = window->to;
    unsigned last;
    double part = window->unit.target->ctx->windows < MANY_WINDOWS
                      ? PART_FINDINGS
                      : BIG_PART_FINDINGS;
    double parts;

    assert(parts_max >= 1);
    *out_division = (struct slu_guardduty_division){0};
    take_evidence(window, get, &seen);
    if (to - from < 2 || seen.inside <= seen.outside) {
        out_division->chained = true;
        return;
    }
    if (seen.count * 2 < seen.inside) {
        out_division->chained = parts_max < 2;
        set_parts(out_division, from, to, 2);
        return;
    }
    last = choose_last(&seen, get, now_ms);
    from = seen.times[last];
    if (window->unbounded && from >= to) {
        to = from + (from - window->from) + UNBOUNDED_STEP_MS;
    }
    if (from == window->from) {
        out_division->chained = parts_max < 2;
        split_instant(out_division, from, to);
        return;
    }
    parts = predict(&seen, last, to) / part;
    parts_max = parts_max < 32 ? parts_max : 32;
    set_parts(out_division, from, to,
              parts >= parts_max ? parts_max : (unsigned)parts + 1);
}
