/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the things that are reported (domains, addresses, URLs, files), their
 * text, and what GTI thinks of each at a moment.
 *
 * An entity is a 64-bit number. With the top bit set it is one of the few
 * `hot` ones that come again and again, in the stream and in the lists, and a
 * quarter of those change their verdict every twelve hours; without it, it
 * was met once, or a few times by a planned repetition.
 */
#ifndef SIM_ENTITY_H
#define SIM_ENTITY_H

#include <stdbool.h>
#include <stdint.h>

enum sim_type {
    SIM_DOMAIN,
    SIM_FILE,
    SIM_IP,
    SIM_URL,
    SIM_TYPES,
};

#define SIM_VALUE_CAP 320
#define SIM_HOT_BIT ((uint64_t)1 << 63)
#define SIM_PERIOD_S 43200

struct sim_entity_space {
    uint64_t seed;
    uint64_t odd; /* per thousand */
    uint64_t hot;
};

struct sim_assessment {
    bool present;
    bool has_verdict;
    bool has_modified;
    const char *verdict;
    const char *severity;
    int score;
    int positives;
    int64_t modified; /* last_modification_date */
};

/* `domain`, `file`, `ip_address`, `url`. */
const char *sim_type_name(enum sim_type type);

/* SIM_TYPES if it is none of the four. */
enum sim_type sim_type_parse(const char *name, unsigned long len);

/* An entity for coordinates that nobody else has: now and then a hot one. */
uint64_t sim_entity_at(const struct sim_entity_space *space, enum sim_type type,
                       uint64_t where);

/* The entity's `id` as the API writes it; at most SIM_VALUE_CAP bytes. */
void sim_entity_value(const struct sim_entity_space *space, enum sim_type type,
                      uint64_t entity, char *out);

/* 2n lower-case hexadecimal digits drawn from a number. */
void sim_entity_hex(uint64_t from, unsigned digits, char *out);

/* What is thought of it at `when`; with `stale`, one change earlier. Two
   assessments of one entity with the same `modified` are equal. */
void sim_entity_assess(const struct sim_entity_space *space, enum sim_type type,
                       uint64_t entity, int64_t when, bool stale,
                       struct sim_assessment *out);

#endif
