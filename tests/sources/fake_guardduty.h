/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GuardDuty's ListDetectors, ListFindings and GetFindings as naive
 * functions over sorted arrays, from the API's reference, with a switch for
 * everything that it leaves open and every way it is known to misbehave.
 * Nothing of it is shared with the library.
 *
 * A finding's number is told by its id (32 hex digits) and by the address of
 * its one indicator, 11.a.b.c.
 */
#ifndef TESTS_SOURCES_FAKE_GUARDDUTY_H
#define TESTS_SOURCES_FAKE_GUARDDUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PLACES_MAX 16
#define FAKE_PAGE 50

enum fake_call {
    FAKE_DETECTORS,
    FAKE_LIST,
    FAKE_GET,
    FAKE_CALLS,
};

struct fake_finding {
    int64_t updated_ms;
    unsigned number;
    bool archived;
};

/* One account in one region. */
struct fake_place {
    unsigned identity;
    const char *region;
    const char *detector;          /* NULL: none */
    struct fake_finding *findings; /* sorted */
    size_t *positions;             /* in it, by number less first */
    unsigned first;
    size_t count;
    size_t calls[FAKE_CALLS];
    bool denied[FAKE_CALLS];
    bool not_enabled;  /* UnrecognizedClientException */
    bool no_sign_in;   /* the engine has no credentials */
    bool bad_detector; /* it isn't the account's */
    bool broken;       /* nothing but 500 */
    unsigned expires;  /* so many calls say ExpiredTokenException */
};

struct fake_guardduty {
    struct fake_place places[FAKE_PLACES_MAX];
    unsigned place_count;
    unsigned number_count; /* of all findings */
    uint64_t random;
    int64_t now_ms; /* by the server's clock */

    /* What nobody knows. */
    bool empty_last_token;   /* "" at the end, not absent */
    bool null_last_token;    /* null at the end */
    bool escaped_tokens;     /* with backslashes in their JSON */
    unsigned empty_percent;  /* of pages: empty, with a token */
    unsigned detector_pages; /* of empty ones before the detector's */

    bool by_offset; /* a page begins after so many that match */

    /* How it misbehaves. */
    bool newest_first;
    bool oldest_first; /* whatever order is asked for */
    bool ignore_criteria;
    bool repeat_tokens;     /* the token asked with comes back */
    bool refuse_tokens;     /* 400 for every token */
    bool too_many;          /* 51 ids */
    const char *bad_id;     /* 400 for a get with it */
    bool html;              /* 200, and no JSON */
    bool other_json;        /* 200, and JSON of something else */
    unsigned fault_percent; /* throttling, 5xx, cut bodies, transport */
    size_t throttled;       /* so many answers said so */
    unsigned vanish_percent;
    unsigned updates_left; /* with every answer one finding is updated */
    bool update_listed;    /* the one that was listed last, after a list */
    int listed;            /* its number; -1: none */
};

struct fake_request {
    unsigned identity;
    char region[32];
    bool posts;
    char *target;
    char *body;
};

struct fake_answer {
    int status; /* 0: the transport failed */
    bool cut;
    bool no_sign_in;
    const char *error_type;
    char *body;
    size_t len;
    size_t capacity;
};

uint64_t fake_random(uint64_t *state);

void fake_init(struct fake_guardduty *self, uint64_t seed);
void fake_fini(struct fake_guardduty *self);

/* Adds a place with `count` findings, numbered on, all at 0. */
struct fake_place *fake_add(struct fake_guardduty *self, unsigned identity,
                            const char *region, size_t count);
/* Spreads a place's findings at random over [from, to). */
void fake_spread(struct fake_guardduty *self, struct fake_place *place,
                 int64_t from, int64_t to);
void fake_sort(struct fake_place *place);

/* The answer's body belongs to the caller, who frees it. */
void fake_ask(struct fake_guardduty *self, const struct fake_request *request,
              struct fake_answer *answer);

/* Only valid until an update. */
struct fake_finding *fake_find(struct fake_guardduty *self, unsigned number);
size_t fake_calls(const struct fake_guardduty *self, enum fake_call call);

#endif
