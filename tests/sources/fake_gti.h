/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GTI's two endpoints as one naive function over an array of items, with
 * a switch for everything that the API's documentation leaves open and for
 * every way it is known to misbehave. Nothing of it is shared with the library.
 *
 * An item's value tells its index: "d17.example", or 10.0.0.17 by its octets.
 */
#ifndef TESTS_SOURCES_FAKE_GTI_H
#define TESTS_SOURCES_FAKE_GTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_LISTS_MAX 8
#define FAKE_NEVER INT64_MAX

struct fake_item {
    bool domain;
    int list;     /* -1: the stream */
    int64_t date; /* of the notification, or the hour's first second */
    int order;    /* among equals */
    int score;    /* -1: no assessment */
    int positives;
    unsigned has; /* bits: malware_families, campaigns, reports, actors */
};

struct fake_gti {
    struct fake_item *items;
    size_t count;
    uint64_t random;
    size_t requests;
    size_t stream_requests;
    size_t first_pages; /* stream requests without a cursor */

    /* What nobody knows. */
    bool from_exclusive;  /* "+" leaves the number itself out */
    bool until_inclusive; /* "-" brings the number itself */
    bool unscored_apart;  /* no score term brings an item without one */
    bool milliseconds; /* last_modification_date, against all that is known */
    bool no_count;
    bool null_data; /* null instead of an empty array */
    bool no_data;   /* no member at all instead of an empty array */

    /* How it misbehaves. */
    bool ignore_date;
    bool ignore_type;
    bool ignore_query;
    bool newest_first;
    bool more_than_limit;
    int64_t poisoned;     /* the stream page with this second answers 400 */
    int64_t poisoned_to;  /* and all seconds from there up to this one */
    size_t repeat_cursor; /* the n-th next cursor is the one asked with */
    size_t dead_cursors;  /* so many cursors are refused, from the third on */
    bool dead_is_404;
    bool endless;           /* empty pages with ever new cursors */
    bool reject_all;        /* 400 for every stream query */
    bool html;              /* 200 with something that isn't JSON */
    int status;             /* not 0: the status of every answer */
    unsigned fault_percent; /* 429, 503, cut bodies, broken transport */

    const char *lists[FAKE_LISTS_MAX];
    bool forbidden[FAKE_LISTS_MAX];
    int64_t hole;    /* this hour is 404 for every list */
    int64_t not_yet; /* from this hour on */
};

struct fake_answer {
    int status;
    bool cut; /* the body ended early: TRUNCATED */
    char *body;
    size_t len;
    size_t capacity;
};

uint64_t fake_random(uint64_t *state);

void fake_init(struct fake_gti *self, size_t count, uint64_t seed);
void fake_fini(struct fake_gti *self);

/* answer is reused; its body belongs to the caller, who frees it. */
void fake_ask(struct fake_gti *self, const char *target, size_t target_len,
              struct fake_answer *answer);

/* The index that a value tells of; SIZE_MAX when it is none of ours. */
size_t fake_index(const char *value, size_t len);

#endif
