/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the IOC Stream's notifications, hour by hour, and pages and counts
 * over them.
 *
 * How: an hour of the world holds a number of notifications per type that
 * follows from the seed alone. Its index (one small struct each, sorted by
 * date and then by id as text) is made when first needed and kept while the
 * kept ones stay under SIM_NOTICES_MAX; the least recently used hour goes
 * first. A count needs no index for hours that match whole.
 *
 * Limits: 2^20 notifications per hour and type (an id has 42 bits: 20 of
 * rank, 2 of type, 20 of hour), which is asserted.
 */
#ifndef SIM_NOTICES_H
#define SIM_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entity.h"
#include "options.h"

#define SIM_NOTICES_MAX 2000000
#define SIM_SOURCES 8
#define SIM_TAGS 12
#define SIM_NO_TAG 255

struct sim_notice {
    int64_t date;
    uint64_t order; /* the id as text, as a number that sorts the same */
    uint64_t id;
    uint64_t entity;
    uint8_t type;
    uint8_t source; /* index into sim_notice_sources */
    uint8_t tag;    /* index into sim_notice_tags, or SIM_NO_TAG */
    bool hunting;
    bool stale;
};

struct sim_notice_source {
    const char *type;
    const char *id;
    const char *label;
};

extern const struct sim_notice_source sim_notice_sources[SIM_SOURCES];
extern const char *const sim_notice_tags[SIM_TAGS];

/* What a filter lets pass; -1 and NULL let everything pass. */
struct sim_notice_query {
    int64_t from;   /* first second */
    int64_t to;     /* last second */
    unsigned types; /* bit per enum sim_type */
    int hunting;
    int source; /* index, -1 any, SIM_SOURCES none */
    const char *source_type;
    int tag;
    const char *entity; /* the id's text */
    bool ascending;
    /* The position after which a page begins. */
    bool resume;
    int64_t resume_date;
    uint64_t resume_order;
};

struct sim_notices;

struct sim_notices *sim_notices_new(const struct sim_options *options);
void sim_notices_free(struct sim_notices *notices);

/* Fills at most `cap` notices from the query's position on. */
size_t sim_notices_page(struct sim_notices *notices,
                        const struct sim_notice_query *query,
                        struct sim_notice *out, size_t cap);

/* All that match, whatever the position. */
uint64_t sim_notices_count(struct sim_notices *notices,
                           const struct sim_notice_query *query);

/* Decimal text of up to 20 digits -> the number that sorts like the text. */
bool sim_notice_order(const char *digits, uint64_t *out);

#endif
