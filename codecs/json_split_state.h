/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the splitter, shared by the files that make it up:
 * json_split.c (its life, and the grammar between values), json_split_value.c
 * (the value that is open: where it ends, what is kept of it).
 */
#ifndef SLU_CODECS_JSON_SPLIT_STATE_H
#define SLU_CODECS_JSON_SPLIT_STATE_H

#include "codecs/buf.h"
#include "codecs/json_names.h"
#include "codecs/json_records.h"
#include "codecs/json_scan.h"
#include "codecs/json_split.h"

enum slu_json_split_state {
    SLU_JSON_STATE_TOP,           /* before the top-level value */
    SLU_JSON_STATE_KEY_OR_END,    /* behind {: a key or } */
    SLU_JSON_STATE_KEY,           /* behind a comma: a key */
    SLU_JSON_STATE_KEY_TEXT,      /* inside a key */
    SLU_JSON_STATE_COLON,         /* behind a key */
    SLU_JSON_STATE_VALUE,         /* behind a colon */
    SLU_JSON_STATE_VALUE_END,     /* behind a member's value: , or } */
    SLU_JSON_STATE_ELEMENT_FIRST, /* behind [: an element or ] */
    SLU_JSON_STATE_ELEMENT,       /* behind a comma: an element */
    SLU_JSON_STATE_ELEMENT_END,   /* behind an element: , or ] */
    SLU_JSON_STATE_END,           /* behind the top-level value */
    /* From here on a value is open, and white space is part of it or ends
     * it. */
    SLU_JSON_STATE_CONTAINER,
    SLU_JSON_STATE_STRING,
    SLU_JSON_STATE_SCALAR,
};

enum slu_json_split_target {
    SLU_JSON_TARGET_SKIP,
    SLU_JSON_TARGET_RECORD,
    SLU_JSON_TARGET_MEMBER,
    SLU_JSON_TARGET_NULL, /* the array member, when it isn't an array */
};

enum slu_json_split_step {
    SLU_JSON_STEP_ON,
    SLU_JSON_STEP_EVENT,
    SLU_JSON_STEP_FAILED,
};

struct slu_json_split {
    const struct slu_alloc *alloc;
    const struct slu_json_kernel *kernel;
    size_t record_max;
    struct slu_json_names names; /* the members, then the array */
    unsigned member_count;

    enum slu_json_split_state state;
    bool saw_array_member; /* null or not */
    bool saw_array;
    int key; /* index in names, or -1 */

    struct slu_view piece;
    size_t pos;            /* in the piece */
    uint64_t piece_offset; /* of the piece in the text */

    struct slu_json_records records; /* the elements, as far as they go on */

    enum slu_json_split_target target; /* of the open value */
    bool in_array;                     /* the open value is an element */
    uint64_t value_offset;             /* its first byte, in the text */
    struct slu_json_scan scan;
    struct slu_buf carry;         /* what earlier pieces had of it */
    bool carry_is_out;            /* the last event's text is in there */
    struct slu_json_event *event; /* where next wants it */

    struct slu_error error;
};

static inline uint64_t slu_json_split_offset(const struct slu_json_split *self)
{
    return self->piece_offset + self->pos;
}

static inline enum slu_json_split_step
slu_json_split_go_on(struct slu_json_split *self,
                     enum slu_json_split_state state)
{
    self->state = state;
    self->pos++;
    return SLU_JSON_STEP_ON;
}

/* Sets the error and returns FAILED. */
enum slu_json_split_step slu_json_split_fail_at(struct slu_json_split *self,
                                                enum slu_err code,
                                                uint64_t offset,
                                                const char *what);
/* MALFORMED, here. */
enum slu_json_split_step slu_json_split_fail(struct slu_json_split *self,
                                             const char *what);
/* By the status of the scan. */
enum slu_json_split_step slu_json_split_fail_scan(struct slu_json_split *self);

/* json_split_value.c: a value begins with c, which is not passed yet. */
enum slu_json_split_step slu_json_value_open(struct slu_json_split *self,
                                             char c,
                                             enum slu_json_split_target target);

/* Of an open value of each kind: the next byte, c, and what the scan takes
 * behind it. */
enum slu_json_split_step slu_json_value_container(struct slu_json_split *self,
                                                  char c);
enum slu_json_split_step slu_json_value_string(struct slu_json_split *self,
                                               char c);
enum slu_json_split_step slu_json_value_scalar(struct slu_json_split *self,
                                               char c);

/* Keeps what the piece has of an open value, and forgets the piece. */
enum slu_json_split_step slu_json_value_end_piece(struct slu_json_split *self);

#endif
