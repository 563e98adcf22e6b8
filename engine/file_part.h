/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: NAME.part, the new content of one file on its way to its place. Made
 * afresh (never opened through a link that somebody left there), written, then
 * published, or held where the files are; or dropped.
 * Errors: in the files (files.h): IO, NOMEM.
 */
#ifndef SLU_ENGINE_FILE_PART_H
#define SLU_ENGINE_FILE_PART_H

#include "engine/files_state.h"

struct slu_file_part {
    struct slu_files *files;
    int fd; /* -1: there is none */
    char path[SLU_FILES_PATH_MAX + 1];
    char name[SLU_FILES_PATH_MAX + 8];
};

/* The path has been checked. Makes the folders above it, if need be. */
SLU_MUST_CHECK enum slu_err slu_file_part_open(struct slu_file_part *self,
                                               struct slu_files *files,
                                               const char *path);

SLU_MUST_CHECK enum slu_err slu_file_part_write(struct slu_file_part *self,
                                                struct slu_view bytes);

/* Nothing is left to be dropped when it returns OK. */
SLU_MUST_CHECK enum slu_err slu_file_part_publish(struct slu_file_part *self);

void slu_file_part_drop(struct slu_file_part *self);

#endif
