/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: files and folders read on the event loop as if they were answers of a
 * server: a read has the handler of a transfer (http.h), and the same rules.
 *
 * Life cycle: new (on an event_base that outlives it); start any number of
 * reads; each ends with exactly one on_end, after which it is gone; free
 * cancels what is left without calling on_end.
 *
 * FILE: status 200 and the bytes in pieces of at most 64 KB. FOLDER: status 200
 * and a line "SIZE MTIME_S PATH" for every regular file at any depth below it,
 * in byte order of PATH, which is relative to the folder; a line "! SENTENCE"
 * tells of what had to be left out (a folder that can't be read or lies too
 * deep, a name with a control byte). Links to files count as files, links to
 * folders are not followed, so there are no cycles; the folder asked for may
 * itself be a link. What vanishes meanwhile is passed over. Neither goes by
 * HTTP: on_head has only the status. Status 404 with an empty body: it isn't
 * there, or is no folder, or no regular file; 403: it may not be opened.
 *
 * Rules: reads take turns, one piece each per turn of the loop; nothing is
 * called from inside start; a handler may call start, resume and cancel at any
 * time, but not free. PAUSE and resume as in http.h, but no pause is too long
 * for a file.
 *
 * Limits: 64 folders deep; the names of the folders that are open at a time, at
 * most SLU_LOCAL_NAMES_MAX bytes in all.
 *
 * Errors in on_end: IO (reading failed), STOPPED (handler said ERROR), LIMIT
 * (names), NOMEM.
 */
#ifndef SLU_ENGINE_LOCAL_READ_H
#define SLU_ENGINE_LOCAL_READ_H

#include "engine/http.h"
#include "engine/profile.h"
#include "sources/source.h"

#define SLU_LOCAL_PIECE_BYTES (64u * 1024)
#define SLU_LOCAL_DEPTH_MAX 64
#define SLU_LOCAL_NAMES_MAX (32u << 20)

struct slu_local;
struct slu_local_read;

/* NULL when out of memory. */
struct slu_local *slu_local_new(const struct slu_alloc *alloc,
                                struct event_base *base);
void slu_local_free(struct slu_local *self);

/* As slu_http_set_profile: files are RECEIVE, too. */
void slu_local_set_profile(struct slu_local *self, struct slu_profile *profile);

/* channel: FILE or FOLDER. Copies the path and the handler. NOMEM. */
SLU_MUST_CHECK enum slu_err
slu_local_start(struct slu_local *self, enum slu_channel channel,
                struct slu_view path, const struct slu_http_handler *handler,
                void *ctx, struct slu_local_read **out_read);

void slu_local_resume(struct slu_local_read *self);

/* Ends it without on_end. */
void slu_local_cancel(struct slu_local_read *take_self);

#endif
