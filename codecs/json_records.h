/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the elements of an array that lie one behind the other in one piece,
 * found by the index (json_index.h) a few kilobytes at a time. Private to the
 * splitter, which does by its states what this can't: elements that straddle
 * pieces, or aren't objects or arrays, faults, and what is around the array.
 *
 * Life cycle: init, then start at an element and next until it says that there
 * is none, again and again; fini. init and fini are safe on a zeroed struct.
 * Ownership: the tokens of an element live until the next call.
 */
#ifndef SLU_CODECS_JSON_RECORDS_H
#define SLU_CODECS_JSON_RECORDS_H

#include "codecs/json_scan.h"
#include <sluice/view.h>

struct slu_json_records {
    const struct slu_json_kernel *kernel;
    struct slu_json_index index;
    struct slu_view piece;
    unsigned next; /* the token that the next element begins with */
    bool is_open;  /* there is one */
};

/* One element: where in the piece, and its first token. */
struct slu_json_record {
    size_t pos;
    size_t len;
    unsigned first;
};

void slu_json_records_init(struct slu_json_records *self,
                           const struct slu_alloc *alloc,
                           const struct slu_json_kernel *kernel);
void slu_json_records_fini(struct slu_json_records *self);

/* Whether to start at that byte of the piece is worth while. */
bool slu_json_records_can_start(const struct slu_json_records *self,
                                struct slu_view piece, size_t pos);

/* At an element, an object or array in two brackets. The first call may fail
 * with NOMEM. */
SLU_MUST_CHECK enum slu_err
slu_json_records_start(struct slu_json_records *self, struct slu_view piece,
                       size_t pos);

/*
 * The next element, with SLU_JSON_PADDING bytes of the piece behind it. False
 * when it doesn't close in the piece, or has a fault or too many tokens:
 * out->pos is where it begins then. After true, self->is_open says whether the
 * next one is known to begin where the comma behind this one says.
 */
bool slu_json_records_next(struct slu_json_records *self,
                           struct slu_json_record *out);

#endif
