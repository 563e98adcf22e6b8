/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a stand-in for the engine around the source "guardduty": several
 * requests at a time, answers in any order and any pieces, what is committed in
 * a store of its own, rows claimed by finding and version, and a kill between
 * any two answers, after which what was committed is all that is left.
 *
 * With latency_ms set, answers come after that time in the order of their
 * requests, and mono_ms tells how long the run took.
 */
#ifndef TESTS_SOURCES_GUARDDUTY_DRIVE_H
#define TESTS_SOURCES_GUARDDUTY_DRIVE_H

#include "sources/fake_guardduty.h"
#include "sources/guardduty.h"

#define DRIVE_FLIGHT_MAX 64
#define DRIVE_TOLD_MAX 32
#define DRIVE_PUTS_MAX 300

struct drive_entry {
    char key[200];
    char value[64];
};

struct drive_claim {
    unsigned number;
    int64_t updated_ms;
    unsigned rows;
};

struct drive_flight {
    struct slu_unit *unit;
    struct fake_request request;
    unsigned lane;
    uint64_t due_ms;
    bool announced; /* a finding */
    struct drive_claim claims[FAKE_PAGE];
    unsigned claim_count;
    struct drive_entry *puts; /* DRIVE_PUTS_MAX; NULL: none yet */
    unsigned put_count;
};

struct drive_line {
    int kind; /* enum slu_check_kind */
    char text[SLU_ERROR_TEXT_MAX];
};

struct drive {
    struct fake_guardduty *fake;
    struct slu_guardduty_config config;
    const struct slu_alloc *alloc;
    uint64_t random;
    int64_t wall_s;
    uint64_t mono_ms;
    uint64_t latency_ms;
    unsigned width; /* most requests in flight */
    unsigned peak;
    size_t throttled;  /* steps that said so */
    uint64_t flown_ms; /* the sum over all flights */
    unsigned kill_permille;
    unsigned kills_max;
    unsigned attempts_max;
    bool check;      /* as `sluice check` */
    bool whole;      /* bodies in one piece */
    size_t cut;      /* bodies in two pieces, cut here; 0: at random */
    int closed_lane; /* may_send says no; -1: none */
    unsigned lane_max;
    unsigned stop_after; /* answers; 0: never */
    struct slu_source *source;
    struct drive_flight flights[DRIVE_FLIGHT_MAX];
    unsigned flight_count;
    /* Durable: */
    struct drive_entry *entries;
    size_t entry_count;
    size_t entry_capacity;
    int64_t *committed; /* by number: the newest version; 0: none */
    unsigned *commits;  /* by number: versions committed */
    size_t duplicates;
    /* Told: */
    uint64_t counts[SLU_REASON_COUNT];
    char *log;
    size_t log_len;
    struct drive_line told[DRIVE_TOLD_MAX];
    unsigned told_count;
    bool broken; /* a NOMEM was met */
    unsigned kills;
    unsigned answers;
    struct slu_source_result result;
    int64_t horizon;
};

#include "sources/drive_parts.h"

void drive_init(struct drive *self, struct fake_guardduty *fake, uint64_t seed);
void drive_fini(struct drive *self);

/* One run, with its kills, to its end. */
void drive_run(struct drive *self);

void drive_store(struct drive *self, const char *key, const char *value);
unsigned drive_times_logged(const struct drive *self, const char *text);

/* Asserts that every finding's present version was committed; those of
 * place `except` (-1: none) apart. */
void drive_assert_whole(struct drive *self, int except);

#endif
