/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a folder for what is thrown away, in TMPDIR or /var/tmp, mode 0700,
 * with room for a state and an output folder.
 * Errors: IO with path and cause.
 */
#ifndef SLU_ENGINE_SCRATCH_H
#define SLU_ENGINE_SCRATCH_H

#include "codecs/alloc.h"
#include <sluice/err.h>

#define SLU_SCRATCH_PATH_MAX 512

struct slu_scratch {
    char dir[SLU_SCRATCH_PATH_MAX]; /* "": there is none */
    char state_dir[SLU_SCRATCH_PATH_MAX + 16];
    char output_dir[SLU_SCRATCH_PATH_MAX + 16];
};

SLU_MUST_CHECK enum slu_err slu_scratch_open(struct slu_scratch *self,
                                             struct slu_error *out_error);
/* Removes it with all that is in it. Safe on a zeroed one. */
void slu_scratch_close(struct slu_scratch *self);

/* Copies one file, path relative to both folders; one that is not there is no
 * error. */
SLU_MUST_CHECK enum slu_err slu_scratch_copy(const char *from_dir,
                                             const char *to_dir,
                                             const char *path,
                                             struct slu_error *out_error);

#endif
