/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a window is divided. GuardDuty tells neither how many findings there are
 * nor when a listed one was updated; its page of ids comes oldest first, and
 * GetFindings tells when each was updated. So the first page of a window with
 * more than one says: everything before the page's last finding is had, and the
 * rest [last, to) is divided by how dense the page's second half was. Of a wide
 * window the newest page was listed beside the oldest (guardduty_mirror.c): the
 * rest ends where that begins.
 *
 *     from        last                                 newest         to
 *      |-- page 1 --|------|------|------|------|------|-- page -------|
 *
 * A part is to have about 40 findings: a page, and some air. But only so many
 * are made that each connection has three windows to do (OPEN_EACH); beyond
 * that a window goes on as one part, whose pages are full. Fewer would leave
 * connections idle when the last of them end, more would be lists that are not
 * full. Measured with 20,000 findings, of 400 pages at best, 64 connections and
 * 100 ms an answer: see bench/case_findings.c.
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
#define OPEN_EACH 2 /* windows a connection */
#define CONNECTIONS 64
#define PARTS_MAX (SLU_GUARDDUTY_PARTS_MAX - 2)
/* Of what is known from one end alone: it may be a burst, and the rest empty.
 */
#define GUESSED_PARTS_MAX 32
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

/* Findings a millisecond, at the page's end. */
static double count_density(const struct evidence *seen, unsigned last)
{
    unsigned middle = last / 2;
    int64_t span = seen->times[last] - seen->times[middle];
    double found = last - middle;

    if (span <= 0) {
        span = seen->times[last] - seen->times[0];
        found = last;
    }
    return (found > 0 ? found : 1) / (double)(span > 0 ? span : 1);
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

/* How many parts there may be, by what else is under way: one takes the
 * window's own place. */
static unsigned choose_most(const struct slu_guardduty_window *window,
                            unsigned parts_max)
{
    const struct slu_guardduty_context *ctx = window->unit.target->ctx;
    unsigned connections =
        ctx->port.connections > 0 ? ctx->port.connections : CONNECTIONS;
    unsigned open = connections * OPEN_EACH;
    unsigned most = open > ctx->asking ? open - ctx->asking + 1 : 1;
    unsigned cap = window->had_from < INT64_MAX ? PARTS_MAX : GUESSED_PARTS_MAX;

    most = most < cap ? most : cap;
    return most < parts_max ? most : parts_max;
}

/* The rest, from `from` on, by the density at its ends. */
static void divide_rest(struct slu_guardduty_division *out,
                        const struct slu_guardduty_window *window,
                        double density, int64_t from, int64_t to,
                        unsigned parts_max)
{
    unsigned most = choose_most(window, parts_max);
    double parts;

    if (window->had_from < INT64_MAX) {
        density = (density + window->had_density) / 2;
    }
    parts = density * (double)(to - from) / PART_FINDINGS;
    set_parts(out, from, to, parts >= most ? most : (unsigned)parts + 1);
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
    if (window->had_from < INT64_MAX) {
        to = window->had_from;
        if (to <= from) {
            return; /* the two pages meet */
        }
    } else if (window->unbounded && from >= to) {
        to = from + (from - window->from) + UNBOUNDED_STEP_MS;
    }
    if (from == window->from && to - from > 1) {
        out_division->chained = parts_max < 2;
        split_instant(out_division, from, to);
        return;
    }
    divide_rest(out_division, window, count_density(&seen, last), from, to,
                parts_max);
}
