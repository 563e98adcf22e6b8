/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the table that describes a section of the configuration. The module
 * that a section belongs to owns its struct and its table; the engine reads
 * the YAML against all of them, prints the reference from them, and knows no
 * key by name.
 *
 * A field's value is written at `offset` of the section's struct:
 *   BOOL bool; INT int64_t; SIZE uint64_t (bytes: 65536, 64KB, 1MB, 35MB;
 *   powers of 1000 for KB/MB/GB, of 1024 for KiB/MiB/GiB); DURATION int64_t
 *   milliseconds; PERCENT int64_t; STRING, PATH and SECRET const char *;
 *   STRINGS struct slu_strings. A SECRET is {env: NAME} or {file: PATH} in
 *   YAML, and where `manager` is set {secret: NAME_OR_ARN[, key: MEMBER]}: a
 *   struct slu_secret;
 *   MAP the struct of `inner`, in place; MAPS struct slu_maps.
 * A text without default_text is empty when it is not given; in an item of
 * MAPS whatever has none must be given.
 */
#ifndef SLU_CODECS_FIELD_H
#define SLU_CODECS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slu_field_type {
    SLU_FIELD_BOOL,
    SLU_FIELD_INT,
    SLU_FIELD_SIZE,
    SLU_FIELD_DURATION,
    SLU_FIELD_PERCENT,
    SLU_FIELD_STRING,
    SLU_FIELD_PATH, /* relative ones count from the working directory */
    SLU_FIELD_SECRET,
    SLU_FIELD_STRINGS,
    SLU_FIELD_MAP,  /* a section in the section: `inner` */
    SLU_FIELD_MAPS, /* a list of such; struct slu_maps */
};

struct slu_strings {
    const char *const *items;
    unsigned count;
    bool all; /* the scalar "all" was given instead of a list */
};

struct slu_secret {
    const char *value;  /* NULL: not there, or not fetched yet */
    const char *place;  /* "the environment variable GTI_API_KEY" */
    const char *name;   /* in AWS Secrets Manager; NULL: it is elsewhere */
    const char *member; /* of the secret's JSON; NULL: none is named */
};

struct slu_maps {
    const void *items; /* each of inner->size */
    unsigned count;
};

struct slu_section;

struct slu_field {
    const char *key;
    enum slu_field_type type;
    size_t offset;
    const char *default_text; /* as in YAML: "64", "[domain, ip_address]" */
    int64_t min; /* INT, SIZE, DURATION, PERCENT; and for STRINGS and
                    MAPS the fewest items */
    int64_t max;
    const char *choices; /* STRING, STRINGS: "a|b|c", or NULL for any */
    bool or_all;         /* STRINGS: "all" is allowed */
    const struct slu_section *inner; /* MAP, MAPS; its name is not used */
    const char *help;                /* one sentence for the reference */
    const char *example;             /* MAPS: one item, for the reference */
    bool manager; /* SECRET: it may be in AWS Secrets Manager */
    bool phrase;  /* SECRET: a passphrase, which may hold blanks and letters of
                     any language; else printable ASCII alone */
};

struct slu_section {
    const char *name; /* "gti"; "" for the top level */
    const struct slu_field *fields;
    unsigned field_count;
    size_t size; /* of the section's struct */
};

#endif
