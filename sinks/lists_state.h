/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the lists (lists.h), shared by the files that implement
 * them: lists.c the two scans, lists_classify.c what a record is, lists_text.c
 * the texts of the files.
 */
#ifndef SLU_SINKS_LISTS_STATE_H
#define SLU_SINKS_LISTS_STATE_H

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
    uint32_t next; /* second scan: the placed item to come */
};

struct slu_lists {
    struct slu_lists_options options;
    enum slu_lists_phase phase;
    struct slu_list lists[SLU_KIND_COUNT];
    struct slu_side_writer side;
    struct slu_lists_counts counts;
};

static inline enum slu_kind slu_lists_kind(const struct slu_record *record)
{
    return record->kind == SLU_RECORD_IP ||
                   record->kind == SLU_RECORD_INVALID_IP
               ? SLU_KIND_IP
               : SLU_KIND_DOMAIN;
}

static inline bool slu_lists_is_valid(const struct slu_record *record)
{
    return record->kind == SLU_RECORD_IP || record->kind == SLU_RECORD_DOMAIN;
}

#endif
