/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the files (files.h), shared by those who implement them:
 * files.c the folder, paths and reading, file_part.c and file_writer.c one
 * file's new content, files_hold.c many that are put in their places together.
 */
#ifndef SLU_ENGINE_FILES_STATE_H
#define SLU_ENGINE_FILES_STATE_H

#include "engine/files.h"
#include "engine/syncer.h"

#define SLU_FILES_DIR_MAX 4000
#define SLU_FILES_PATH_MAX 1000

struct slu_file_held;

struct slu_files {
    const struct slu_alloc *alloc;
    int fd; /* of the folder */
    bool unsynced;
    bool holding;
    bool has_settled;
    char settled[SLU_FILES_PATH_MAX + 1]; /* see slu_files_settle */
    struct slu_file_held *held;           /* the last one first */
    struct slu_syncer syncer;
    struct slu_error error;
    char dir[SLU_FILES_DIR_MAX + 1];
};

/* "cannot <verb> <dir>/<path>: <cause>"; always IO. */
enum slu_err slu_files_fail(struct slu_files *self, const char *verb,
                            const char *path, int sys);

/* Every part a name: not absolute, nothing that climbs out. */
SLU_MUST_CHECK enum slu_err slu_files_check_path(struct slu_files *self,
                                                 const char *path);

/* Opens a file that is a plain file; *out_fd is -1 when there is none. */
SLU_MUST_CHECK enum slu_err slu_files_open_old(struct slu_files *self,
                                               const char *path, int *out_fd);

/* Cuts the path to that of the folder above it; false at the files' own. */
bool slu_files_climb(char *path);

/* fsync of the folder that holds the path, where files are synced at all. */
SLU_MUST_CHECK int slu_files_sync_parent(struct slu_files *self,
                                         const char *path);

/* Makes the file's name durable, and those of the folders above it. `renamed`:
 * just now; else nothing is done for a folder that was settled last. */
SLU_MUST_CHECK int slu_files_settle(struct slu_files *self, const char *path,
                                    bool renamed);

/* For a file that is what it is to be: its name is made durable, at the release
 * when files are held. */
SLU_MUST_CHECK enum slu_err slu_files_keep(struct slu_files *self,
                                           const char *path);

/* Keeps a NAME.part that was written to its end, and its descriptor, until the
 * release. When it fails both are still the caller's. -1: the file is in its
 * place. */
SLU_MUST_CHECK enum slu_err slu_files_hold_part(struct slu_files *self,
                                                const char *path, int take_fd);

#endif
