/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a source for tests of the pull: some units, each of which asks for
 * /u/<unit>/<page>, page after page. Its world is the "configuration".
 *
 * A body is lines: d<domain> and i<address> are malicious, s<domain> is
 * suspicious, c is an item of another type, anything else is padding. Of the
 * source of rows: F<id>|<updated> begins a finding, and 4, 6, n or h with a
 * value is its row of an IPv4, IPv6, domain or SHA-256; behind a | comes its
 * comment. 200
 * commits and puts "u/<unit>" = "<page>"; 429 and 5xx are asked again, 401 is
 * DENIED, another 4xx FAILED; so is an end for want of a sign-in. With lanes it
 * asks before it hands out.
 */
#ifndef TESTS_ENGINE_FAKE_SOURCE_H
#define TESTS_ENGINE_FAKE_SOURCE_H

#include "sources/source.h"

#include <stdatomic.h>

#define FAKE_UNITS_MAX 128
#define FAKE_LINE_MAX 300

struct fake_unit {
    struct slu_unit head;
    char target[32];
    unsigned page;
    bool asked;
    bool over;
    bool given_up;
    int status;
    unsigned asks;
    unsigned heads;      /* told, of all answers */
    char said[64];       /* the start of the last error answer's body */
    size_t said_len;     /* the whole of it */
    char error_type[64]; /* of the last answer */
    char region[64];
    enum slu_err ended;  /* how the last exchange did */
    enum slu_err broken; /* what the port has refused */
    char finding[64];    /* the id of the present one */
    size_t line_len;
    char line[FAKE_LINE_MAX];
};

struct fake_world {
    char base_url[64];
    struct slu_secret key;
    int64_t requests_per_minute;
    unsigned lanes; /* unit k is of lane k % lanes; 0: one, not asked for */
    unsigned lane_group;
    unsigned unit_count;
    unsigned pages;
    enum slu_err create_err;
    enum slu_err start_err;
    /* With a service: POST of a body, signed; unit k asks as identity
     * k % identities in its target's place. */
    const char *service;
    const char *bucket;
    unsigned identities;
    const char *path; /* FILE: what every unit reads */
    bool emits_nothing;
    bool distinct;     /* says so of every answer */
    const char *tells; /* at the first answer, when it is a check */
    bool waits_for_nothing;
    bool forgets; /* hands out again what was given up */
    int64_t horizon_ms;

    struct fake_unit units[FAKE_UNITS_MAX];
    const struct slu_source_port *port;
    unsigned under_way;
    unsigned under_way_max;
    unsigned given_up;
    unsigned failed;
    unsigned denied;
    unsigned loaded;       /* entries of an earlier run */
    atomic_size_t taken;   /* bytes of bodies */
    struct slu_error last; /* what a unit was given up for */
    bool destroyed;
    bool engine_left; /* a unit was still tied to the engine at the end */
};

extern const struct slu_source_ops fake_source;
extern const struct slu_source_ops fake_rows_source;

#endif
