/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the lines of one list that is taken over, told apart: those that the
 * state knows already, or had here and dropped since, are no news. They keep
 * what is known of them, so that nobody who leaves an old line standing makes
 * it younger; of the list they take their place in it, so that who reads what
 * another has written, and has nothing to add, writes the same.
 *
 *     open(list) -> note_text(what it was before)
 *                -> meet(record)*      every record of the state
 *                -> is_new(record)     of a line
 *                -> close
 *
 * Limits: about 80 bytes of memory for each line.
 * Errors: NOMEM.
 */
#ifndef SLU_ENGINE_TAKEN_LINES_H
#define SLU_ENGINE_TAKEN_LINES_H

#include "codecs/alloc.h"
#include "sinks/lists.h"

struct slu_taken_line {
    struct slu_record record; /* its key points into `keys` */
    bool known;
};

struct slu_taken_lines {
    const struct slu_alloc *alloc;
    struct slu_taken_line *lines; /* by kind and key, then place */
    size_t count;
    size_t room;
    struct slu_buf keys;
};

SLU_MUST_CHECK enum slu_err slu_taken_lines_open(struct slu_taken_lines *self,
                                                 const struct slu_alloc *alloc,
                                                 enum slu_kind kind,
                                                 unsigned index,
                                                 struct slu_view text);
/* Also after an open that failed. */
void slu_taken_lines_close(struct slu_taken_lines *self);

/* Lines of `text` are known. */
SLU_MUST_CHECK enum slu_err
slu_taken_lines_note_text(struct slu_taken_lines *self, enum slu_kind kind,
                          struct slu_view text);

/* The state's record is known; true: it has got another place. */
bool slu_taken_lines_meet(struct slu_taken_lines *self,
                          struct slu_record *record);

/* Of a record as slu_lists_take_over makes it of the list. */
bool slu_taken_lines_is_new(const struct slu_taken_lines *self,
                            const struct slu_record *record);

#endif
