/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the incremental record splitter. It takes one JSON text as pieces cut
 * anywhere and finds, at depth one of the top-level object, the elements of
 * one array (`data`, `iocs`, `findings`) and the members named beside it
 * (`meta`, `error`, `nextToken`); it hands each of them out whole, as text for
 * the reader (json_read.h), and skips everything else.
 *
 * Life cycle: init; then for every piece: feed, and next until it no longer
 * returns RECORD or MEMBER; after the last piece: finish; fini. `reset` makes
 * it ready for another text and keeps the memory.
 *
 * Limits: a record or member is at most record_max bytes; depth at most 64.
 * Only a record that straddles pieces, or ends within SLU_JSON_PADDING bytes
 * of the end of its piece, is copied (to the carry buffer, at most record_max
 * + SLU_JSON_PADDING); every other one is handed out in place.
 *
 * Ownership: an event's text points into the piece or into the carry buffer
 * and dies with the next call of next, feed or fini. The piece must stay as it
 * is until next has returned MORE.
 *
 * Errors: MALFORMED for a top-level value that isn't an object, unbalanced or
 * mismatched brackets, wrong separators between the members of the top-level
 * object and between the elements of the array, an unclosed string, a raw
 * control character in a string, invalid UTF-8, bytes after the top-level
 * value, an array member that is neither array nor null, or that occurs twice;
 * LIMIT for a record over record_max (the offset is its first byte) or depth
 * over 64; NOMEM. After an error only reset and fini are allowed. The offset
 * counts from the first byte of the text and doesn't depend on the cuts.
 *
 * Not checked: the grammar of scalars (of what they consist is), and what lies
 * inside an element or a member's value: there the brackets, strings and UTF-8
 * are checked, commas, colons and scalars only by who reads them.
 */
#ifndef SLU_CODECS_JSON_SPLIT_H
#define SLU_CODECS_JSON_SPLIT_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLU_JSON_DEPTH_MAX 64
/* Readable bytes that the reader needs behind a text (simdjson's padding). */
#define SLU_JSON_PADDING 64
#define SLU_JSON_MEMBERS_MAX 8

enum slu_json_event_kind {
    SLU_JSON_MORE,   /* the piece is used up: feed the next one, or finish */
    SLU_JSON_RECORD, /* one element of the array */
    SLU_JSON_MEMBER, /* one of the named members; index says which. One that
                        occurs twice is handed out twice */
    SLU_JSON_DONE,   /* the top-level value has closed */
    SLU_JSON_ERROR,  /* see slu_json_split_error */
};

/* What the splitter knows of a text besides, for the reader (json_index.h). It
 * dies with the text. */
struct slu_json_tokens {
    const struct slu_json_index *index; /* NULL: nothing */
    unsigned first;                     /* opens the text */
};

struct slu_json_event {
    enum slu_json_event_kind kind;
    unsigned index;       /* MEMBER: position in options.members */
    struct slu_view text; /* RECORD, MEMBER: SLU_JSON_PADDING bytes readable
                             behind it */
    uint64_t offset;      /* of the first byte of text in the whole input */
    struct slu_json_tokens tokens; /* of the text */
};

/* A text that didn't come from a splitter, for the reader. */
static inline struct slu_json_event slu_json_event_of(struct slu_view text)
{
    struct slu_json_event event = {SLU_JSON_RECORD, 0, text, 0, {NULL, 0}};

    return event;
}

struct slu_json_kernel;

struct slu_json_split_options {
    const struct slu_alloc *alloc;
    const char *array; /* name of the array whose elements are records, or NULL;
                          a null or absent array has no elements */
    const char *members[SLU_JSON_MEMBERS_MAX]; /* ended by NULL if fewer */
    size_t record_max;                         /* bytes */
    /* NULL: the fastest that there is; tests take others (json_scan.h). */
    const struct slu_json_kernel *kernel;
};

struct slu_json_split;

/* Returns NULL when out of memory. The names must outlive the splitter. */
struct slu_json_split *
slu_json_split_new(const struct slu_json_split_options *options);
void slu_json_split_free(struct slu_json_split *self);
void slu_json_split_reset(struct slu_json_split *self);

/* Hands in the next piece; the previous one must be used up. */
void slu_json_split_feed(struct slu_json_split *self, struct slu_view piece);

/* The next event. DONE and ERROR repeat themselves. */
enum slu_json_event_kind slu_json_split_next(struct slu_json_split *self,
                                             struct slu_json_event *out_event);

/* To be called when no more bytes come: MALFORMED ("ended early") unless the
 * top-level value has closed. A page counts only when this returns OK. */
SLU_MUST_CHECK enum slu_err slu_json_split_finish(struct slu_json_split *self);

/* True once the array itself (present and not null) was met. */
bool slu_json_split_saw_array(const struct slu_json_split *self);

/* Code, offset and sentence of the failure; code OK when there was none. */
const struct slu_error *slu_json_split_error(const struct slu_json_split *self);

#ifdef __cplusplus
}
#endif
#endif
