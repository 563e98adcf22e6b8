/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the incremental splitter of JSON objects that stand one behind the
 * other: with ends of lines between them or none, over several lines each, or
 * as the elements of an array. It takes a text as pieces cut anywhere and hands
 * out every outermost object with the padding behind it that the JSON reader
 * needs. Between objects blanks, commas and square brackets are passed over.
 *
 * What is no object is handed out as well, up to the next object or the end of
 * its line, so that the reader finds it wrong; so is an object that the text's
 * end has cut, or that has the end of a line inside a string: it was cut there,
 * and the next one may be whole. Nothing else of JSON is checked.
 *
 * Life cycle, limits and ownership: as of line_split.h. The number of a line is
 * here that of the object.
 */
#ifndef SLU_CODECS_VALUE_SPLIT_H
#define SLU_CODECS_VALUE_SPLIT_H

#include "codecs/line_split.h"

struct slu_value_split {
    struct slu_buf carry;
    struct slu_view piece; /* what is left of it */
    size_t value_max;
    uint64_t number; /* objects that have ended */
    uint64_t depth;  /* of brackets */
    bool begun;
    bool object; /* what has begun is one */
    bool in_string;
    bool escaped;  /* the next byte of the string */
    bool taken;    /* the carry's object was handed out */
    bool skipping; /* within an object that is too long */
    bool finished;
};

void slu_value_split_init(struct slu_value_split *self,
                          const struct slu_alloc *alloc, size_t value_max);
void slu_value_split_fini(struct slu_value_split *self);
void slu_value_split_reset(struct slu_value_split *self);

/* Hands in the next piece; the previous one must be used up. */
void slu_value_split_feed(struct slu_value_split *self, struct slu_view piece);

/* No more pieces come. */
void slu_value_split_finish(struct slu_value_split *self);

enum slu_line_kind slu_value_split_next(struct slu_value_split *self,
                                        struct slu_line *out_value);

#endif
