/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: walks a folder in byte order of its files' paths and writes a line for
 * each, a piece at a time; see local_read.h for the lines.
 * Life cycle: new, next until it is done, free. Memory: the names in the
 * folders on the way to the present one, and eight bytes for each.
 */
#ifndef SLU_ENGINE_LOCAL_WALK_H
#define SLU_ENGINE_LOCAL_WALK_H

#include "codecs/buf.h"

struct slu_walk;

/* Takes the folder's descriptor, also when it fails. NULL: out of memory. */
struct slu_walk *slu_walk_new(const struct slu_alloc *alloc, int take_fd);
void slu_walk_free(struct slu_walk *self);

/*
 * The next lines, whole ones, 64 KB at most; they die with the next call. None
 * when the work of one call found none. IO (the first folder can't be read;
 * *out_sys has errno), LIMIT (names), NOMEM.
 */
SLU_MUST_CHECK enum slu_err
slu_walk_next(struct slu_walk *self, struct slu_view *out_lines, int *out_sys);

/* Everything has been handed out. */
bool slu_walk_is_done(const struct slu_walk *self);

#endif
