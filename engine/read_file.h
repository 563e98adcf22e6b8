/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: reading from a descriptor to the end, the one way in which the engine
 * does it: for the configuration, keys, the allow file, and the output folder.
 * Errors: IO with errno in *out_sys; LIMIT when there is more than buf may
 * hold; NOMEM.
 */
#ifndef SLU_ENGINE_READ_FILE_H
#define SLU_ENGINE_READ_FILE_H

#include "codecs/buf.h"

#include <sys/types.h>

/* As many bytes as there are, up to len; -1 and errno. */
ssize_t slu_fd_read(int fd, char *out, size_t len);

/* Whether what is left are just these bytes. */
SLU_MUST_CHECK enum slu_err slu_fd_equals(int fd, struct slu_view bytes,
                                          bool *out_equal, int *out_sys);

/* Appends all that is left. */
SLU_MUST_CHECK enum slu_err slu_fd_read_all(int fd, struct slu_buf *buf,
                                            int *out_sys);

/* Hands over what is left in pieces of at most 16 KB, until fn fails: its error
 * then. IO is errno's in *out_sys, and 0 there when it is fn's. */
typedef enum slu_err (*slu_piece_fn)(void *ctx, struct slu_view piece);
SLU_MUST_CHECK enum slu_err slu_fd_each_piece(int fd, slu_piece_fn fn,
                                              void *ctx, int *out_sys);

/* Opens a file, replaces the content of buf by its own, closes it. NOT_FOUND
 * when there is none. */
SLU_MUST_CHECK enum slu_err
slu_file_read_all(const char *path, struct slu_buf *buf, int *out_sys);

#endif
