/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what both stand-ins for the engine do alike: gti_drive.h and
 * guardduty_drive.h include it behind their struct drive, whose entries,
 * flights, log, random and clock have the same names.
 */
#ifndef TESTS_SOURCES_DRIVE_PARTS_H
#define TESTS_SOURCES_DRIVE_PARTS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is stored ---- */

static inline const struct drive_entry *drive_find(const struct drive *self,
                                                   const char *key)
{
    for (size_t i = 0; i < self->entry_count; i++) {
        if (strcmp(self->entries[i].key, key) == 0) {
            return &self->entries[i];
        }
    }
    return NULL;
}

/* Entries whose key begins with prefix. */
static inline size_t drive_count(const struct drive *self, const char *prefix)
{
    size_t count = 0;

    for (size_t i = 0; i < self->entry_count; i++) {
        count +=
            strncmp(self->entries[i].key, prefix, strlen(prefix)) == 0 ? 1 : 0;
    }
    return count;
}

/* ---- what is told ---- */

static inline void drive_log(void *ctx, enum slu_log_level level,
                             const char *text)
{
    struct drive *self = ctx;
    char prefix[16];
    size_t len;

    (void)snprintf(prefix, sizeof(prefix), "[%s] ", slu_log_level_name(level));
    len = strlen(prefix) + strlen(text) + 1;
    self->log = realloc(self->log, self->log_len + len + 1);
    (void)snprintf(self->log + self->log_len, len + 1, "%s%s\n", prefix, text);
    self->log_len += len;
}

static inline bool drive_logged(const struct drive *self, const char *text)
{
    return strstr(self->log, text) != NULL;
}

/* ---- flights ---- */

/* unit->engine is the flight's number, from 1. */
static inline struct drive_flight *drive_flight_of(struct drive *self,
                                                   struct slu_unit *unit)
{
    uintptr_t number = (uintptr_t)unit->engine;

    cr_assert_gt(number, 0);
    cr_assert_leq(number, self->flight_count);
    cr_assert_eq(self->flights[number - 1].unit, unit);
    return &self->flights[number - 1];
}

/* The last one takes its place. */
static inline void drive_remove_flight(struct drive *self,
                                       struct drive_flight *flight)
{
    *flight = self->flights[--self->flight_count];
    if (flight != &self->flights[self->flight_count]) {
        flight->unit->engine = (void *)(flight - self->flights + 1);
    }
}

static inline void drive_count_reason(void *ctx, struct slu_unit *unit,
                                      enum slu_reason reason)
{
    struct drive *self = ctx;

    (void)drive_flight_of(self, unit);
    self->counts[reason]++;
}

/* ---- chance and time ---- */

static inline uint64_t drive_draw(struct drive *self, uint64_t below)
{
    return fake_random(&self->random) % below;
}

static inline struct slu_now drive_now(const struct drive *self)
{
    return (struct slu_now){self->mono_ms, self->wall_s};
}

#endif
