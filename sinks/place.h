/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the placement of one kind's candidates: in which file and seat each
 * stands (rule R7). See place.c for the algorithm.
 * Limits: 6 files; a seat above SLU_PLACE_SEATS is lost and its entry placed
 * anew. Takes 12 bytes a candidate while it works.
 * Errors: NOMEM.
 */
#ifndef SLU_SINKS_PLACE_H
#define SLU_SINKS_PLACE_H

#include "codecs/alloc.h"
#include "sinks/lists.h"
#include "sinks/rank.h"

/* Four times the most lines a file can have: seats above the lines come only
 * from files that were taken over, or from a cap that was lowered. */
#define SLU_PLACE_SEAT_BITS 20
#define SLU_PLACE_SEATS (1u << SLU_PLACE_SEAT_BITS)

/* Files count from 1, so that 0 means no place. */
static inline uint32_t slu_place_code(unsigned file, uint32_t seat)
{
    return (uint32_t)file << SLU_PLACE_SEAT_BITS | seat;
}

static inline unsigned slu_place_file(uint32_t code)
{
    return code >> SLU_PLACE_SEAT_BITS;
}

static inline uint32_t slu_place_seat(uint32_t code)
{
    return code & (SLU_PLACE_SEATS - 1);
}

/* Of two places the lower one, in the order of files and seats; 0 is none. */
static inline uint32_t slu_place_first(uint32_t a, uint32_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

struct slu_place_limits {
    unsigned files;  /* 1-6 */
    uint32_t lines;  /* a file, at least 1 */
    uint64_t bytes;  /* a file */
    uint32_t usable; /* bit i: file i may have entries; the others stay empty */
};

static inline bool slu_place_usable(const struct slu_place_limits *limits,
                                    unsigned file)
{
    return limits->usable >> file & 1;
}

struct slu_place_file {
    uint64_t bytes;
    uint32_t lines;
    uint32_t seats; /* one more than the highest seat, taken or just left */
};

/*
 * Changes the place of every item. In: 0 or the place it has had, in a usable
 * file and a seat within the limits. Out: the place it has now, 0 when there is
 * no room. files[] comes with `seats` set to one more than the highest seat
 * that was taken before, by any entry, and leaves with what each file now
 * holds. The items are at most usable files x lines (one more where none is
 * usable), none longer than a file, and stand in the order of their values.
 */
SLU_MUST_CHECK enum slu_err
slu_place(const struct slu_alloc *alloc, const struct slu_place_limits *limits,
          struct slu_candidate *items, uint32_t count,
          struct slu_place_file files[SLU_LIST_FILES_MAX]);

#endif
