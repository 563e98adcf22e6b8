/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the user's allow file, read into the guard rails.
 * Errors: the file's, NOMEM, and CONFIG with the line that is no entry;
 * *out_error begins with `name`, the setting that the path comes from.
 */
#ifndef SLU_ENGINE_ALLOW_FILE_H
#define SLU_ENGINE_ALLOW_FILE_H

#include "codecs/guard.h"

SLU_MUST_CHECK enum slu_err slu_allow_file_read(const struct slu_alloc *alloc,
                                                const char *name,
                                                const char *path,
                                                struct slu_guard *guard,
                                                struct slu_error *out_error);

#endif
