/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the parts of the configuration's reader that its files share: the
 * events of libyaml one at a time, values, secrets, flows, and the sentences.
 *
 * The reader stands on one event. A read_... function is called on the first
 * event of its value and returns on the last one, so that its caller steps on.
 *
 * Limits: a file of SLU_CONFIG_TEXT_MAX bytes, SLU_CONFIG_ITEMS_MAX items in a
 * list, SLU_SECRET_MAX bytes in a secret. Wrong structure ends the reading at
 * once, so nothing recurses on what the file says.
 */
#ifndef SLU_ENGINE_CONFIG_READER_H
#define SLU_ENGINE_CONFIG_READER_H

#include "engine/config.h"
#include <yaml.h>

#define SLU_CONFIG_TEXT_MAX 1000000
#define SLU_CONFIG_ITEMS_MAX 1024
#define SLU_CONFIG_ARENA_MAX (8u << 20)
#define SLU_SECTIONS_MAX 16
#define SLU_SECRET_MAX 16384

/* Room for "a whole number from ... to ..." and the like. */
#define SLU_EXPECTATION_MAX 280

#define SLU_LABEL_MAX 80      /* "aws.roles_anywhere" */
#define SLU_MAP_FIELDS_MAX 32 /* of a map in a section */

struct slu_config_chunk;

struct slu_config {
    const struct slu_alloc *alloc;
    struct slu_config_chunk *chunks;
    size_t arena_bytes;
    void *sections[SLU_SECTIONS_MAX];
    unsigned *lines[SLU_SECTIONS_MAX]; /* of each field; 0: not given */
    unsigned flow_count;
    struct slu_flow_config flows[SLU_FLOWS_MAX];
};

struct slu_config_reader {
    struct slu_config *config;
    const char *name; /* of the file, for messages */
    struct slu_view text;
    struct slu_error *error;
    bool parser_live;
    bool event_live;
    yaml_parser_t parser;
    yaml_event_t event;
};

/* Where a value goes. */
struct slu_config_slot {
    const struct slu_field *field;
    void *base;        /* the section's struct */
    const char *label; /* of the section: "limits", "aws.static" */
};

/* A map whose keys a section describes. */
struct slu_config_map {
    const struct slu_section *section;
    void *base;      /* its struct */
    unsigned *lines; /* of each field; 0: not given */
    const char *label;
};

/* ---- config.c: the arena ---- */

/* Zeroed bytes that live as long as the configuration, or NULL. */
void *slu_config_get(struct slu_config *self, size_t len);
/* A terminated copy, or NULL. */
const char *slu_config_copy(struct slu_config *self, struct slu_view text);

/* Index of a section in the registry, of a field in its section; or -1. */
int slu_config_find_section(struct slu_view name);
int slu_config_find_field(const struct slu_section *section,
                          struct slu_view key);

/* ---- config_document.c ---- */

SLU_MUST_CHECK enum slu_err slu_config_read_document(struct slu_config *config,
                                                     const char *name,
                                                     struct slu_view text,
                                                     struct slu_error *error);
/* Steps over the start of stream and document to the first event of the
 * value; *out_empty when there is no document. */
SLU_MUST_CHECK enum slu_err
slu_config_find_root(struct slu_config_reader *reader, bool *out_empty);

/* ---- config_map.c ---- */

/* The section of that index in the registry, as a map. */
struct slu_config_map slu_config_section_map(struct slu_config *config,
                                             unsigned index);

/* From the map's start to its end. */
SLU_MUST_CHECK enum slu_err
slu_config_read_map(struct slu_config_reader *reader,
                    const struct slu_config_map *map);
/* On the key; returns on the last event of its value. */
SLU_MUST_CHECK enum slu_err
slu_config_read_field(struct slu_config_reader *reader,
                      const struct slu_config_map *map, unsigned field);
/* Steps on, and asks for a key or the end of the map. */
SLU_MUST_CHECK enum slu_err
slu_config_next_key(struct slu_config_reader *reader, bool *out_end);
/* Defaults for the keys of a map that the document did not give. */
SLU_MUST_CHECK enum slu_err
slu_config_set_missing(struct slu_config *config,
                       const struct slu_config_map *map,
                       struct slu_error *error);
/* The present event is a key that the map does not have. */
SLU_MUST_CHECK enum slu_err
slu_config_fail_unknown(const struct slu_config_reader *reader,
                        const struct slu_config_map *map);
SLU_MUST_CHECK enum slu_err
slu_config_fail_duplicate(const struct slu_config_reader *reader,
                          const char *key, const char *label, unsigned first);

/* Values of the types MAP and MAPS. */
SLU_MUST_CHECK enum slu_err
slu_config_read_inner(struct slu_config_reader *reader,
                      const struct slu_config_slot *slot);
SLU_MUST_CHECK enum slu_err
slu_config_read_maps(struct slu_config_reader *reader,
                     const struct slu_config_slot *slot);

/* ---- config_yaml.c ---- */

SLU_MUST_CHECK enum slu_err
slu_config_reader_init(struct slu_config_reader *self,
                       struct slu_config *config, const char *name,
                       struct slu_view text, struct slu_error *error);
void slu_config_reader_fini(struct slu_config_reader *self);

/* Steps to the next event. Refuses what this reader does not support: aliases,
 * anchors, tags, a zero byte in a text. */
SLU_MUST_CHECK enum slu_err
slu_config_reader_next(struct slu_config_reader *self);

/* The present event: its line from 1, and its text when it is a scalar. */
unsigned slu_config_reader_line(const struct slu_config_reader *self);
struct slu_view slu_config_reader_scalar(const struct slu_config_reader *self);
bool slu_config_reader_is(const struct slu_config_reader *self,
                          yaml_event_type_t type);
/* True for an empty value, "~" and "null", unless they are quoted. */
bool slu_config_reader_is_null(const struct slu_config_reader *self);

/* CONFIG with "FILE, line N: " and the sentence. */
SLU_MUST_CHECK enum slu_err
slu_config_reader_fail(const struct slu_config_reader *self, unsigned line,
                       const char *format, ...) SLU_PRINTF(3, 4);

/* ---- config_text.c: sentences ---- */

/* The text between backquotes, cut, without control bytes. */
struct slu_config_quote {
    char text[64];
};
struct slu_config_quote slu_config_quote_make(struct slu_view text);

/* "a whole number from 1 to 256" */
void slu_config_expectation(const struct slu_field *field,
                            char out[SLU_EXPECTATION_MAX]);
/* "limits", or "the top level". */
const char *slu_config_section_label(const struct slu_section *section);

/* True when a and b are so near that one may be a slip for the other. */
bool slu_config_is_near(struct slu_view a, const char *b);

/* One of "a|b|c" by index; empty past the end. */
struct slu_view slu_config_choice(const char *choices, unsigned index);

/* ---- config_value.c, config_secret.c, config_flows.c ---- */

SLU_MUST_CHECK enum slu_err
slu_config_read_value(struct slu_config_reader *reader,
                      const struct slu_config_slot *slot);
SLU_MUST_CHECK enum slu_err
slu_config_read_secret(struct slu_config_reader *reader,
                       const struct slu_config_slot *slot);
SLU_MUST_CHECK enum slu_err
slu_config_read_flows(struct slu_config_reader *reader);
/* The flow that a file without `flows` gets. */
void slu_config_default_flows(struct slu_config *self);

/* "`key` in section: found ..., expected ..." at the present event. */
SLU_MUST_CHECK enum slu_err
slu_config_fail_value(const struct slu_config_reader *reader,
                      const struct slu_config_slot *slot);
/* A list with a wrong number of items, or with more than can be read. */
SLU_MUST_CHECK enum slu_err
slu_config_fail_count(const struct slu_config_reader *reader,
                      const struct slu_config_slot *slot, unsigned count,
                      unsigned line);
SLU_MUST_CHECK enum slu_err
slu_config_fail_many(const struct slu_config_reader *reader,
                     const struct slu_config_slot *slot);

/* ---- config_tables.c ---- */

extern const struct slu_section slu_top_section;
extern const struct slu_section slu_http_section;
extern const struct slu_section slu_limits_section;

#endif
