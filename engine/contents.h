/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: struct slu_contents (sinks/contents.h) over the folder "published" in
 * the state folder: one file for each content, named by its SHA-256, made
 * durable (fsync, rename, fsync of the folder) before its name is told. Opening
 * checks the file's hash, so a damaged one is NOT_FOUND, and maps it.
 *
 * Life cycle: open (removes what a crash left half-written), any use of the
 * table, keep(name)* + sweep when the state says which are still needed, close.
 * Limits: SLU_CONTENT_MAX bytes each.
 */
#ifndef SLU_ENGINE_CONTENTS_H
#define SLU_ENGINE_CONTENTS_H

#include "codecs/alloc.h"
#include "sinks/contents.h"

/* A list is at most 35 MB; another program's may be larger. */
#define SLU_CONTENT_MAX (140u * 1024 * 1024)

struct slu_contents_folder;

SLU_MUST_CHECK enum slu_err
slu_contents_open(const struct slu_alloc *alloc, const char *state_dir,
                  struct slu_contents_folder **out_folder,
                  struct slu_error *out_error);
void slu_contents_close(struct slu_contents_folder *self);

/* The table for the sinks; valid until close. */
const struct slu_contents *
slu_contents_table(const struct slu_contents_folder *self);

/* Keeps these bytes; a content that is there already is not written again. */
SLU_MUST_CHECK enum slu_err slu_contents_add(struct slu_contents_folder *self,
                                             struct slu_view bytes,
                                             struct slu_content_name *out_name,
                                             struct slu_error *out_error);

/* The same of a file, read from where it stands to its end, and again if need
 * be, piece by piece: however large it is, no memory is. Errors: also IO. */
SLU_MUST_CHECK enum slu_err
slu_contents_add_file(struct slu_contents_folder *self, int fd,
                      struct slu_content_name *out_name, uint64_t *out_bytes,
                      struct slu_error *out_error);

/* Deletes every content that keep did not name since the last sweep. */
void slu_contents_keep(struct slu_contents_folder *self,
                       const struct slu_content_name *name);
void slu_contents_sweep(struct slu_contents_folder *self);

#endif
