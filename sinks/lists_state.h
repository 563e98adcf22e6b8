/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the lists (lists.h), shared by the files that implement
 * them: lists.c the two scans, lists_classify.c what a record is, standing.c in
 * which line it stands, lists_text.c the texts of the files.
 */
#ifndef SLU_SINKS_LISTS_STATE_H
#define SLU_SINKS_LISTS_STATE_H

#include "sinks/cidr_merge.h"
#include "sinks/domain_fold.h"
#include "sinks/lists.h"
#include "sinks/place.h"
#include "sinks/pool.h"
#include "sinks/side_writer.h"

enum slu_lists_phase {
    SLU_LISTS_CONSIDER, /* first scan */
    SLU_LISTS_SETTLE,   /* decided; second scan */
    SLU_LISTS_FINISHED, /* the files can be had */
};

/* The list of one kind. */
struct slu_list {
    struct slu_pool pool;
    struct slu_place_limits limits;
    struct slu_place_file files[SLU_LIST_FILES_MAX];
    uint32_t keep; /* as many lines as the usable files have */
    /* second scan */
    uint32_t next;      /* the line to come */
    bool next_met;      /* merging: a member of it has come */
    uint32_t met;       /* lines of which a member has come */
    uint32_t wildcards; /* folding: so many of the lines */
};

struct slu_lists {
    struct slu_lists_options options;
    enum slu_lists_phase phase;
    struct slu_list lists[SLU_KIND_COUNT];
    struct slu_cidr_merge merge; /* with merge_cidrs */
    struct slu_domain_fold fold; /* with fold_domains */
    struct slu_side_writer side;
    struct slu_lists_counts counts;
};

/* False for an entry of that length which no file can hold. */
static inline bool slu_list_fits(const struct slu_list *list, size_t length)
{
    return length + 1 <= list->limits.bytes;
}

/* Whether lines may hold several entries. */
static inline bool slu_lists_joins(const struct slu_lists *self,
                                   enum slu_kind kind)
{
    return kind == SLU_KIND_IP ? self->options.config->merge_cidrs
                               : self->options.config->fold_domains > 0;
}

/* How a candidate came out. */
struct slu_standing {
    bool listed;
    bool wider;     /* in a line that holds more than its entry */
    uint32_t place; /* 0: none, or another member of the line has it */
};

/* Second scan: in which line a candidate stands. The first one of a line's
 * members that comes has its place. */
struct slu_standing slu_standing_find(struct slu_lists *self,
                                      const struct slu_record *record);

#endif
