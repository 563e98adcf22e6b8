/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one lane of the source "gti": the IOC Stream of one entity type.
 *
 * Plan. The open range, from the checkpoint (less the overlap) or the look-back
 * to now, is a sorted row of *windows* [lo, hi] in whole seconds that touch
 * each other. A run starts with the gaps between what an earlier run finished.
 *
 *     done       asked        todo          stuck      todo
 *   |---------|------------|-------------|---------|-----------|
 *   base                                                   range_hi
 *
 * A window of which more than SLU_GTI_UNDIVIDED items are left is divided by
 * time once a request was wanted and no window was left to be asked: each
 * division costs about one request, so there are no more of them than keep all
 * connections busy to the end. Where the server's dates have not been seen to
 * rise, only a window's first page divides it, and always. A finished window
 * merges with finished neighbours; one at the front leaves the row, and the
 * checkpoint follows it, never past the newest date that the server has shown:
 * the client's clock may be ahead.
 *
 * Stored: "stream/<type>" -> seconds; "stream/<type>/<lo>-<hi>" -> "done
 * <newest date seen>", "cursor <cursor>", or "serial <cursor>" when the server
 * ignores the date term. Windows without an entry are gaps, planned anew.
 * "asked/<type>" -> the end of the last run that finished everything.
 *
 * Limits: SLU_GTI_WINDOWS_MAX windows; beyond, a window isn't divided any more.
 */
#ifndef SLU_SOURCES_GTI_STREAM_H
#define SLU_SOURCES_GTI_STREAM_H

#include "sources/gti_page.h"

#define SLU_GTI_WINDOWS_MAX 4096
/* Four pages: below that, dividing costs more requests than it overlaps. */
#define SLU_GTI_UNDIVIDED (4 * SLU_GTI_STREAM_LIMIT)
#define SLU_GTI_PER_WINDOW (8 * SLU_GTI_STREAM_LIMIT)
#define SLU_GTI_OPEN_WINDOWS 64 /* what a division aims at */
#define SLU_GTI_ISOLATED_MAX 16
#define SLU_GTI_EMPTY_PAGES_MAX 1000

enum slu_gti_window_state {
    SLU_GTI_WINDOW_TODO,  /* to be asked, or asked again */
    SLU_GTI_WINDOW_ASKED, /* a request is under way */
    SLU_GTI_WINDOW_DONE,  /* committed; kept until the front has passed it */
    SLU_GTI_WINDOW_STUCK, /* given up for this run */
};

/* What the dates of one answer say. */
struct slu_gti_dates {
    int64_t last;   /* 0: none yet */
    int64_t newest; /* 0: none */
    bool rose;      /* a date was above its predecessor */
    bool fell;      /* ... below: the order was ignored */
    bool outside;   /* more than a second outside the window */
    bool at_from;   /* the date that "date:<from>+" names itself */
    bool at_until;  /* the date that "date:<until>-" names itself */
    bool within;    /* a date of the window proper */
};

struct slu_gti_window {
    struct slu_gti_unit unit;
    struct slu_gti_stream *stream;
    struct slu_gti_window *next; /* among the orphans or the dead */
    int64_t lo;
    int64_t hi;
    int64_t from;  /* what the terms of the present request name */
    int64_t until; /* */
    enum slu_gti_window_state state;
    bool stored;           /* has an entry under lo and hi */
    bool restarted;        /* its cursor was dropped once already */
    bool narrow;           /* a single second asked without the lower overlap */
    struct slu_buf cursor; /* empty: the first page */
    int64_t last_date;     /* of the pages committed since the first */
    uint64_t taken;        /* items of these pages */
    unsigned empty_pages;  /* in a row */
    uint64_t mark;         /* hash of an earlier cursor, see take_cursor */
    unsigned mark_steps;
    unsigned mark_span;
    struct slu_gti_dates dates; /* of the answer under way */
};

/* A key to be deleted with the next commit. */
struct slu_gti_range {
    int64_t lo;
    int64_t hi;
};

struct slu_gti_stream {
    struct slu_gti_context *ctx;
    enum slu_kind kind;
    bool active;
    bool over;     /* given up altogether */
    bool serial;   /* the date term is ignored: one window at a time */
    bool no_count; /* said once that there is no meta.count */
    bool hungry;   /* the last request that was wanted was not to be had */
    bool rose;     /* what the answers so far have shown */
    bool fell;
    bool from_inclusive;  /* "date:X+" brings X itself */
    bool until_inclusive; /* "date:X-" brings X itself */
    int64_t range_lo;
    int64_t range_hi;
    int64_t asked;       /* an earlier run finished up to here; 0: none did */
    int64_t newest;      /* date that the server has shown, at most range_hi */
    uint64_t good;       /* pages */
    unsigned rejections; /* before the first good page */
    unsigned isolated;   /* seconds skipped */
    struct slu_gti_window **windows;
    unsigned count;
    unsigned capacity;
    struct slu_gti_range *stale;
    unsigned stale_count;
    unsigned stale_capacity;
    struct slu_gti_window *orphans; /* dropped, but still under way */
    struct slu_gti_window *dead;    /* freed by the next sweep */
};

void slu_gti_stream_init(struct slu_gti_stream *self,
                         struct slu_gti_context *ctx, enum slu_kind kind);
void slu_gti_stream_fini(struct slu_gti_stream *self);

/* key is what follows "stream/<type>". */
SLU_MUST_CHECK enum slu_err slu_gti_stream_load(struct slu_gti_stream *self,
                                                struct slu_view key,
                                                struct slu_view value);
/* The value of "asked/<type>". */
SLU_MUST_CHECK enum slu_err
slu_gti_stream_load_asked(struct slu_gti_stream *self, struct slu_view value);
SLU_MUST_CHECK enum slu_err slu_gti_stream_start(struct slu_gti_stream *self,
                                                 int64_t wall_s);

/* NOMEM when a request can't be made; else *out_turn is what source.h says. */
SLU_MUST_CHECK enum slu_err slu_gti_stream_next(struct slu_gti_stream *self,
                                                uint64_t mono_ms,
                                                enum slu_turn *out_turn,
                                                struct slu_gti_unit **out_unit,
                                                uint64_t *out_wait_until_ms);
enum slu_err slu_gti_stream_item(struct slu_gti_unit *unit,
                                 const struct slu_gti_item *item);
void slu_gti_stream_end(struct slu_gti_unit *unit,
                        const struct slu_answer_end *end,
                        struct slu_step *out_step);
void slu_gti_stream_give_up(struct slu_gti_unit *unit,
                            const struct slu_error *error);

/* ---- gti_stream_trouble.c: ends, and void answers ---- */

/* Each finds its sentence in the step, and sets its kind. */
void slu_gti_stream_deny(struct slu_gti_stream *self, struct slu_step *step);
/* The window is over for this run and stays unfinished; *counter is one more.
 */
void slu_gti_window_fail(struct slu_gti_window *window, struct slu_step *step,
                         unsigned *counter);
SLU_MUST_CHECK enum slu_err
slu_gti_window_finish(struct slu_gti_window *window);
/* A window of a single second that can't be read. */
SLU_MUST_CHECK enum slu_err slu_gti_window_skip(struct slu_gti_window *window,
                                                struct slu_step *step);
/* The answer was void for good: a cursor that repeats itself, or a 4xx. */
SLU_MUST_CHECK enum slu_err
slu_gti_window_trouble(struct slu_gti_window *window, struct slu_step *step);
/* The 4xx. */
SLU_MUST_CHECK enum slu_err slu_gti_window_reject(struct slu_gti_window *window,
                                                  struct slu_step *step);

/* ---- gti_windows.c: the row of windows ---- */

/* A new window at `index`; NULL when out of memory. */
struct slu_gti_window *slu_gti_windows_insert(struct slu_gti_stream *self,
                                              unsigned index, int64_t lo,
                                              int64_t hi);
/* Gives one new bounds, hence a new name. */
void slu_gti_windows_reshape(struct slu_gti_window *window, int64_t lo,
                             int64_t hi);
void slu_gti_windows_reset(struct slu_gti_window *window);
/* Takes it out of the row. It becomes an orphan while a request is under way,
 * else it is dead. */
void slu_gti_windows_drop(struct slu_gti_stream *self, unsigned index);
/* An orphan whose answer has come is dead. */
void slu_gti_windows_bury(struct slu_gti_window *window);
/* Frees the dead. Not from on_end or give_up: the engine still closes its
 * account with their unit behind these calls. */
void slu_gti_windows_sweep(struct slu_gti_stream *self);

/* Sorts what was loaded and fills the gaps of [start, range_hi]. */
SLU_MUST_CHECK enum slu_err slu_gti_windows_plan(struct slu_gti_stream *self,
                                                 int64_t start);
/* Stores its cursor; or deletes its entry when it has none. */
SLU_MUST_CHECK enum slu_err
slu_gti_windows_store(struct slu_gti_window *window);
/* Deletes its entry, if it has one. */
SLU_MUST_CHECK enum slu_err
slu_gti_windows_forget(struct slu_gti_window *window,
                       struct slu_gti_unit *unit);
/* Marks it done and stores what follows from that. */
SLU_MUST_CHECK enum slu_err
slu_gti_windows_finish(struct slu_gti_window *window,
                       struct slu_gti_unit *unit);
/* Divides [lo, hi] of the window into `parts` windows, itself the first; what
 * lies before lo is done. */
SLU_MUST_CHECK enum slu_err
slu_gti_windows_divide(struct slu_gti_window *window, int64_t lo,
                       unsigned parts);

#endif
