/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: reads the wanted members of one JSON text in one forward pass over
 * simdjson On-Demand, or over our own masks, in any member order. What is
 * wanted is a table of paths, compiled once.
 *
 * Life cycle: new (compiles the table), read for every text, free.
 * Limits: at most SLU_JSON_FIELDS_MAX paths.
 * Ownership: a value's text points into the input, or, when it held a
 * backslash, into the reader's own scratch; there it lives until the next read.
 * Errors: MALFORMED for an error in a visited member (a number that fits no
 * double included); members that no path leads through are skipped by bracket
 * depth and not validated. That is accepted: the splitter has already checked
 * brackets, strings and UTF-8. A pass that ended early didn't look at the rest.
 * NOMEM: also when simdjson, which allocates by itself, found no memory.
 * Threads: one reader per thread.
 */
#ifndef SLU_CODECS_JSON_READ_H
#define SLU_CODECS_JSON_READ_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_FIELDS_MAX 256

enum slu_json_kind {
    SLU_JSON_NULL,
    SLU_JSON_BOOL,
    SLU_JSON_INT,    /* fits int64_t, no fraction, no exponent */
    SLU_JSON_DOUBLE, /* every other number */
    SLU_JSON_STRING, /* unescaped, UTF-8 */
    SLU_JSON_OBJECT, /* only reported where a path ends in an object */
    SLU_JSON_ARRAY,  /* only reported where a path ends in an array */
};

struct slu_json_value {
    enum slu_json_kind kind;
    bool boolean;
    int64_t integer;      /* INT; for DOUBLE the value cut toward zero when it
                             fits, else 0 */
    double number;        /* INT and DOUBLE */
    struct slu_view text; /* STRING */
    uint32_t element;     /* ordinal of the innermost "[]" element, from 0 */
};

/*
 * A path names members from the root, joined by dots; "[]" behind a name goes
 * into every element of that array: "attributes.gti_assessment.verdict.value",
 * "sources[].label". One path may be a prefix of another.
 */
struct slu_json_field {
    const char *path;
};

/*
 * Called for every value that a path leads to, in the order of the text;
 * `field` is the index in the table. A member that occurs twice is reported
 * twice. False stops the pass, and read returns OK.
 */
typedef bool (*slu_json_value_fn)(void *ctx, unsigned field,
                                  const struct slu_json_value *value);

struct slu_json_reader;
struct slu_json_event; /* json_split.h */

/* NULL when out of memory. The paths must outlive the reader. */
struct slu_json_reader *slu_json_reader_new(const struct slu_alloc *alloc,
                                            const struct slu_json_field *fields,
                                            unsigned field_count);
void slu_json_reader_free(struct slu_json_reader *self);

/*
 * Reads one text, which must be an object or array with SLU_JSON_PADDING
 * readable bytes behind it. The pass ends early once every path without "[]"
 * has been met, when the table has no "[]". On failure *out_error (may be
 * NULL) has the code and the byte offset within text.
 */
SLU_MUST_CHECK enum slu_err slu_json_read(struct slu_json_reader *self,
                                          struct slu_view text,
                                          slu_json_value_fn on_value, void *ctx,
                                          struct slu_error *out_error);

/* Reads an event's text, and makes use of what the splitter knows of it. */
SLU_MUST_CHECK enum slu_err slu_json_read_event(
    struct slu_json_reader *self, const struct slu_json_event *event,
    slu_json_value_fn on_value, void *ctx, struct slu_error *out_error);

#ifdef __cplusplus
}
#endif
#endif
