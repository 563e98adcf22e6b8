/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a stand-in for the engine: it drives the source against a fake server,
 * several requests at a time, answers in any order and in any pieces, commits
 * what the source says to commit into a store of its own, and may be killed
 * between any two answers: what was committed is all that is left then.
 */
#ifndef TESTS_SOURCES_GTI_DRIVE_H
#define TESTS_SOURCES_GTI_DRIVE_H

#include "sources/fake_gti.h"
#include "sources/gti.h"

#define DRIVE_FLIGHT_MAX 64
/* A server that ignores the dates must be read whole for every stretch of time
 * that passes, and time passes with every kill: without a bound, for ever. */
#define DRIVE_KILLS_MAX 25

struct drive_entry {
    char key[200];
    char *value;
    size_t value_len;
};

struct drive_flight {
    struct slu_unit *unit;
    char *target;
    size_t target_len;
    size_t *sightings; /* indexes of what it emitted */
    size_t sighting_count;
    size_t sighting_capacity;
    struct drive_entry *puts;
    size_t put_count;
};

struct drive {
    struct fake_gti *fake;
    struct slu_gti_config config;
    const struct slu_alloc *alloc;
    uint64_t random;
    int64_t wall_s;
    uint64_t mono_ms;
    unsigned width; /* most requests in flight */
    unsigned peak;
    unsigned kill_permille;
    unsigned attempts_max; /* of one request; then it is given up */
    struct slu_source *source;
    struct drive_flight flights[DRIVE_FLIGHT_MAX];
    unsigned flight_count;
    /* Durable: */
    struct drive_entry *entries;
    size_t entry_count;
    bool *committed; /* by item */
    int64_t *seen;   /* by item: the sighting's time */
    /* Told: */
    uint64_t counts[SLU_REASON_COUNT];
    char *log;
    size_t log_len;
    unsigned commits;
    unsigned distinct; /* of them: said to bring nothing that others bring */
    bool denied;
    bool broken; /* a NOMEM was met */
    unsigned kills;
    struct slu_source_result result;
    struct slu_checkpoint checkpoint;
    /* Called after each commit. */
    void (*check)(struct drive *self);
};

#include "sources/drive_parts.h"

void drive_init(struct drive *self, struct fake_gti *fake, uint64_t seed);
void drive_fini(struct drive *self);

/* One run, with as many restarts as there are kills, to its end. found may be
 * NULL. */
void drive_run(struct drive *self, const struct slu_checkpoint *found);

/* Items that were not committed. */
size_t drive_missing(const struct drive *self);
/* There are none, and nothing failed or is incomplete. */
void drive_assert_whole(const struct drive *self);
/* The number stored under key, or 0. */
int64_t drive_number(const struct drive *self, const char *key);

#endif
