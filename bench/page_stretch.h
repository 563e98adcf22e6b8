/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a stretch of rendered items of one kind and length, into which the
 * values of whichever items come next are written. The i-th value of a kind is
 * always the same, and none comes twice.
 * Limits: 444 million addresses; names without end.
 */
#ifndef SLU_BENCH_PAGE_STRETCH_H
#define SLU_BENCH_PAGE_STRETCH_H

#include <sluice/indicator.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slu_stretch_shape {
    SLU_STRETCH_LIST,
    SLU_STRETCH_STREAM,
    SLU_STRETCH_SHAPES,
};

/* When each item of a stream was notified: even over a span of time. */
struct slu_stretch_dates {
    int64_t from; /* seconds since 1970, UTC */
    int64_t span;
    uint64_t count; /* items */
};

struct slu_stretch {
    char *bytes;
    size_t stride; /* an item and its comma */
    size_t count;  /* items */
    size_t value_at;
    size_t date_at; /* 0: of a list, without one */
    bool domains;
    const struct slu_stretch_dates *dates;
};

/* False: out of memory. */
bool slu_stretch_make(struct slu_stretch *self, enum slu_stretch_shape shape,
                      enum slu_kind kind, size_t item_bytes,
                      const struct slu_stretch_dates *dates);

/* The items from `first` on, at most as many as there are. */
void slu_stretch_write(struct slu_stretch *self, uint64_t first, size_t count);

int64_t slu_stretch_date(const struct slu_stretch_dates *dates, uint64_t item);

#endif
