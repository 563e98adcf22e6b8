/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a stand-in for the engine around the sink "guardduty": several requests
 * at a time, answers in any order and any pieces, lost before or after they
 * took effect, what is committed in a store of its own, and an end after any
 * answer.
 */
#ifndef TESTS_SINKS_SETS_DRIVE_H
#define TESTS_SINKS_SETS_DRIVE_H

#include "sinks/sets_world.h"

#define DRIVE_STORE 200
#define DRIVE_FLIGHTS 8

struct drive_entry {
    char key[200];
    char value[600];
};

struct drive_flight {
    struct slu_unit *unit;
    struct world_request request;
    struct drive_entry puts[16];
    unsigned put_count;
};

/* The errand's surroundings. */
struct drive {
    struct world *world;
    const struct slu_alloc *alloc;
    struct slu_sets *sets;
    struct drive_entry store[DRIVE_STORE];
    unsigned store_count;
    struct drive_flight flights[DRIVE_FLIGHTS];
    unsigned flight_count;
    unsigned width;
    bool read_only;
    unsigned lost_percent; /* answers that don't come */
    unsigned lost_posts;   /* so many POSTs take effect, and nobody hears it */
    unsigned stop_after;   /* answers; 0: never */
    bool stop_uncommitted; /* the last of them isn't stored */
    unsigned attempts_max;
    int closed_lane; /* may_send says no; -1: none */
    unsigned answers;
    unsigned throttled; /* steps that said so */
    unsigned sent[3];   /* POSTs by region */
    bool stopped;
    bool broken; /* out of memory */
    enum slu_err start_err;
    struct slu_error start_error;
    char log[20000];
    /* Options: */
    unsigned lists[SLU_KIND_COUNT]; /* configured; WORLD_LISTS */
    bool knows_objects; /* tells what lies in the bucket before a survey */
    const char *regions[WORLD_REGIONS];
    unsigned region_count;
    const char *owner;
    const char *detector;
    bool create_detector;
    int64_t wait_ms;
    uint64_t seed;
};

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

#endif
