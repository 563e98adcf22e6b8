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
 * The last page of each part is half full at best, so that few parts make few
 * requests. But a part is listed page by page, each after the Get of the one
 * before, so that too few would go on when all else is done. What is expected
 * of all windows is known, and with it how many pages each connection has yet
 * to list: a rest that is done in that time stays one part, and another is
 * divided into parts that are. Those that have most before them are listed
 * first. With less than a page a connection, a part is to have about 40
 * findings: a page, and some air. Measured with 20,000 findings, of 400 pages
 * at best, 64 connections and 100 ms an answer: see bench/case_findings.c.
 *
 * A part that was to be done by one page, and isn't, would end two answers
 * later than all else: its last third is listed beside the Get of that page
 * (slu_guardduty_window_split), which mostly reaches into it.
 *
 * How dense findings are, one page tells badly: a third of it may have the same
 * instant. So what the pages before it told counts twice, in a geometric mean,
 * for a page may tell ten times too much: that would be ten lists for one.
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
#include <math.h>

#define PART_FINDINGS 40 /* on a part's only page */
#define PAGE_FINDINGS 46 /* and on each page more */
#define CONNECTIONS 64
#define EXPECTED_MAX 1000000000u
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
        if (time < window->from ||
            (!window->unbounded && time >= window->listed_to)) {
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

/* How many pages each connection has yet to list, with `expected` findings of
 * this window's rest. */
static double count_pages(const struct slu_guardduty_window *window,
                          double expected)
{
    const struct slu_guardduty_context *ctx = window->unit.target->ctx;
    unsigned connections =
        ctx->port.connections > 0 ? ctx->port.connections : CONNECTIONS;
    uint64_t others = ctx->expected - (window->asking ? window->expected : 0);

    return (expected + (double)others) / SLU_GUARDDUTY_PAGE / connections;
}

/* In how many parts so many findings are to be listed. */
static unsigned choose_parts(const struct slu_guardduty_window *window,
                             double expected, unsigned parts_max)
{
    unsigned cap = window->had_from < INT64_MAX ? PARTS_MAX : GUESSED_PARTS_MAX;
    unsigned most = cap < parts_max ? cap : parts_max;
    double pages = count_pages(window, expected);
    double each = PART_FINDINGS;

    if (pages >= 1) {
        if (expected / SLU_GUARDDUTY_PAGE <= pages) {
            return 1;
        }
        each += PAGE_FINDINGS * (floor(pages) - 1);
    }
    return expected / each >= most ? most : (unsigned)(expected / each) + 1;
}

/* Of what is left, by what both its ends told, or the pages before it. */
static double blend_density(const struct slu_guardduty_window *window,
                            double density)
{
    if (window->had_from < INT64_MAX) {
        return (density + window->had_density) / 2;
    }
    return window->density > 0
               ? cbrt(density * window->density * window->density)
               : density;
}

/* The rest, from `from` on. */
static void divide_rest(struct slu_guardduty_division *out,
                        const struct slu_guardduty_window *window,
                        double density, int64_t from, int64_t to,
                        unsigned parts_max)
{
    double expected = density * (double)(to - from);

    set_parts(out, from, to, choose_parts(window, expected, parts_max));
    expected = expected / out->count + 1;
    out->expected = expected < EXPECTED_MAX ? (unsigned)expected : EXPECTED_MAX;
    out->density = density;
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
    } else if (window->unbounded && from >= to) {
        to = from + (from - window->from) + UNBOUNDED_STEP_MS;
    }
    if (to <= from) {
        return; /* another page begins where this one ends, or before */
    }
    if (from == window->from && to - from > 1) {
        out_division->chained = parts_max < 2;
        split_instant(out_division, from, to);
        return;
    }
    divide_rest(out_division, window,
                blend_density(window, count_density(&seen, last)), from, to,
                parts_max);
}
