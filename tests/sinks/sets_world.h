/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: detectors and threat lists of GuardDuty as naive functions over arrays,
 * from the API's reference, as strict as it can be read: states with delays by
 * a clock of its own, refusals while busy, quotas, unique names, client tokens,
 * pages. And the engine around the sink "guardduty": what is committed in a
 * store of its own, answers lost before or after they took effect, and an end
 * after any answer. Nothing of it is shared with the library.
 *
 * Contents are named by one character, repeated: content 'a' is "aaaa...".
 */
#ifndef TESTS_SINKS_SETS_WORLD_H
#define TESTS_SINKS_SETS_WORLD_H

#include "sinks/sets.h"

#define WORLD_REGIONS 3
#define WORLD_SETS 12
#define WORLD_LISTS 6
#define WORLD_STORE 200
#define WORLD_FLIGHTS 8

struct world_set {
    bool used;
    char id[40];
    char name[301];
    char location[301];
    char format[16];
    char status[20];
    char next[20]; /* what the status becomes at due_ms; "": stays */
    uint64_t due_ms;
    char details[100];
    char token[65];
    char owner[13];
    char reads; /* the content that it was activated with */
};

enum world_call {
    WORLD_LIST_DETECTORS,
    WORLD_CREATE_DETECTOR,
    WORLD_LIST,
    WORLD_GET,
    WORLD_CREATE,
    WORLD_UPDATE,
    WORLD_CALLS,
};

struct world_region {
    const char *name;
    unsigned detectors;
    struct world_set sets[SLU_KIND_COUNT][WORLD_SETS];
    unsigned calls[WORLD_CALLS][SLU_KIND_COUNT];
    bool no_entities; /* 404 for their operations */
    bool not_enabled; /* 403 for everything */
    bool member;      /* writes refused */
    bool broken;      /* 500 for everything */
    bool no_sign_in;  /* the engine sends nothing */
    bool denied[WORLD_CALLS][SLU_KIND_COUNT];
    unsigned limit; /* of a kind; 0: 6 */
    const char *limit_sentence;
    unsigned vanish_get; /* so many Gets: the set is gone then */
};

struct world {
    uint64_t random;
    uint64_t now_ms;
    uint64_t delay_ms; /* of activation and deactivation */
    unsigned page;     /* ids on a page; 0: 50 */
    bool repeat_token;
    bool late_read; /* the content is read at the end of an activation */
    struct world_region regions[WORLD_REGIONS];
    unsigned region_count;
    char objects[SLU_KIND_COUNT][WORLD_LISTS]; /* in the bucket; 0: empty */
    char bad;                                  /* this content ends in ERROR */
    unsigned next_id;
    unsigned busy_refusals;
    unsigned deletes;
    char fault[200]; /* a request that the service would not understand */
};

struct world_entry {
    char key[200];
    char value[600];
};

struct world_flight {
    struct slu_unit *unit;
    unsigned region;
    unsigned lane;
    bool posts;
    char target[2000];
    char body[2000];
    struct world_entry puts[8];
    unsigned put_count;
};

/* The errand's surroundings. */
struct drive {
    struct world *world;
    const struct slu_alloc *alloc;
    struct slu_sets *sets;
    struct world_entry store[WORLD_STORE];
    unsigned store_count;
    struct world_flight flights[WORLD_FLIGHTS];
    unsigned flight_count;
    unsigned width;
    bool read_only;
    unsigned lost_percent; /* answers that don't come */
    unsigned stop_after;   /* answers; 0: never */
    bool stop_uncommitted; /* the last of them isn't stored */
    unsigned attempts_max;
    int closed_lane; /* may_send says no; -1: none */
    unsigned answers;
    unsigned sent[3]; /* POSTs by region */
    bool stopped;
    bool broken; /* out of memory */
    enum slu_err start_err;
    struct slu_error start_error;
    char log[20000];
    /* Options: */
    const char *regions[WORLD_REGIONS];
    unsigned region_count;
    const char *owner;
    const char *detector;
    bool create_detector;
    int64_t wait_ms;
    uint64_t seed;
};

void world_init(struct world *self, uint64_t seed);
struct world_set *world_add(struct world *self, unsigned region,
                            enum slu_kind kind, const char *name,
                            const char *location, const char *status);
/* The first set of that name, or NULL. */
struct world_set *world_find(struct world *self, unsigned region,
                             enum slu_kind kind, const char *name);
unsigned world_calls(const struct world *self, enum world_call call);
void world_forget_calls(struct world *self);

struct slu_content_name world_content(char letter);

void drive_init(struct drive *self, struct world *world);
/* A new instance with what was committed, as a new process has it. */
enum slu_err drive_open(struct drive *self, struct slu_error *out_error);
void drive_close(struct drive *self);
/* One run of the errand; false when it was stopped. */
bool drive_survey(struct drive *self);
bool drive_settle(struct drive *self);
/* Wants what lies in the bucket, of all lists. */
void drive_want_all(struct drive *self);
void drive_want(struct drive *self, enum slu_kind kind, unsigned index,
                char content, uint64_t lines);
/* open, survey, want_all, settle, close: a sync. False when it was stopped. */
bool drive_sync(struct drive *self);
const char *drive_stored(const struct drive *self, const char *key);

/* "guard_duty/threat-ip-1.txt", and "s3://lists/guard_duty/threat-ip-1.txt". */
const char *world_path(enum slu_kind kind, unsigned index);
const char *world_location(enum slu_kind kind, unsigned index);
const char *world_name(enum slu_kind kind, unsigned index);

#endif
