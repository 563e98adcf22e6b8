/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: files below one folder, replaced whole: written as NAME.part, fsync,
 * rename, fsync of the folders above it. A file whose content would not change
 * is not touched, but the folders are synced, for a run that was killed may
 * have put it there without. A crash, of the machine too, leaves the old or the
 * new content, never a mixture; a NAME.part that was left behind is overwritten
 * or removed. Errors: IO with path and cause; NOMEM.
 */
#ifndef SLU_ENGINE_FILES_H
#define SLU_ENGINE_FILES_H

#include "codecs/buf.h"

struct slu_files;

/* Opens the folder and makes it (mode 0755) if need be; then probes that it
 * can be written. */
SLU_MUST_CHECK enum slu_err slu_files_open(const struct slu_alloc *alloc,
                                           const char *dir,
                                           struct slu_files **out_files,
                                           struct slu_error *out_error);
/* The same, but files and folders are made and replaced without fsync: after a
 * crash of the machine they may be old, new, or empty. For benchmarks. */
SLU_MUST_CHECK enum slu_err
slu_files_open_unsynced(const struct slu_alloc *alloc, const char *dir,
                        struct slu_files **out_files,
                        struct slu_error *out_error);
void slu_files_close(struct slu_files *self);

/* Replaces the content of buf by the whole file; NOT_FOUND when there is none;
 * LIMIT over buf's maximum. */
SLU_MUST_CHECK enum slu_err
slu_files_read(struct slu_files *self, const char *path, struct slu_buf *buf);

/* A descriptor of the file, for reading; NOT_FOUND when there is none. */
SLU_MUST_CHECK enum slu_err slu_files_open_file(struct slu_files *self,
                                                const char *path, int *out_fd);

/* Makes the file's content these bytes; *out_changed says if it was written. */
SLU_MUST_CHECK enum slu_err slu_files_replace(struct slu_files *self,
                                              const char *path,
                                              struct slu_view bytes,
                                              bool *out_changed);

/* The same for content that comes in pieces: begin, append..., then commit or
 * abandon. Compared with the old content on the way, so that an unchanged file
 * costs no rename. */
struct slu_file_writer;
SLU_MUST_CHECK enum slu_err slu_file_begin(struct slu_files *self,
                                           const char *path,
                                           struct slu_file_writer **out_writer);
SLU_MUST_CHECK enum slu_err slu_file_append(struct slu_file_writer *self,
                                            struct slu_view bytes);
SLU_MUST_CHECK enum slu_err slu_file_commit(struct slu_file_writer *take_self,
                                            bool *out_changed);
void slu_file_abandon(struct slu_file_writer *take_self);

/* From now on a file that was committed or replaced waits as NAME.part, with an
 * open descriptor, while threads of the files make it durable. Release puts all
 * of them in their places, none when one of them can't be made durable; when
 * one can't be renamed, those that were stay. Drop removes them, and so does
 * close. */
void slu_files_hold(struct slu_files *self);
SLU_MUST_CHECK enum slu_err slu_files_release(struct slu_files *self);
void slu_files_drop(struct slu_files *self);

/* What helps against an errno of writing below output_dir: "; free some space
 * and run again", or "". */
const char *slu_files_cure(int sys);

const struct slu_error *slu_files_error(const struct slu_files *self);

#endif
