/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a file of lines that is appended to. Its *mark* says how much of it is
 * committed, and by its last bytes whether it is still the same file: it is
 * kept in the state. A file that is longer is cut back to it on resume, for
 * that is what a run left that did not come to its end; but behind a mark that
 * says *whole* nobody was writing except somebody else, whose lines stay.
 *
 * Life cycle: open, resume, then append and cut; close is safe on a zeroed
 * struct whose fd is -1.
 * Threads: one owner; sync may be called from another thread, and makes durable
 * what was appended before.
 * Errors: IO with path, cause and cure; a failed append leaves the file as it
 * was. STATE: another process writes it.
 */
#ifndef SLU_ENGINE_ROW_FILE_H
#define SLU_ENGINE_ROW_FILE_H

#include "engine/logger.h"
#include <sluice/err.h>
#include <sluice/view.h>
#include <stdatomic.h>
#include <stdint.h>

#define SLU_ROW_FILE_TAIL 1024
#define SLU_ROW_FILE_PATH_MAX 4096
#define SLU_ROW_MARK_TEXT_MAX 100

struct slu_row_mark {
    uint64_t bytes;
    uint64_t lines;
    uint64_t tail;  /* fingerprint of the last SLU_ROW_FILE_TAIL bytes */
    uint64_t inode; /* decides where there are not so many bytes */
    bool whole;     /* nothing was appended after it */
};

struct slu_row_file {
    int fd;
    bool made; /* by this open */
    atomic_bool dirty;
    size_t tail_len;
    struct slu_row_mark mark;
    char tail[SLU_ROW_FILE_TAIL];
    char path[SLU_ROW_FILE_PATH_MAX];
};

/* Opens or makes `name` in a folder that is there. Never through a link. */
SLU_MUST_CHECK enum slu_err slu_row_file_open(struct slu_row_file *self,
                                              const char *dir, const char *name,
                                              unsigned mode,
                                              struct slu_error *out_error);
void slu_row_file_close(struct slu_row_file *self);

/*
 * Goes on where the mark (NULL: the state has none) says, else behind the last
 * full line; an empty file gets the head (may be NULL). What is cut or found
 * changed is logged. What this leaves is durable.
 */
SLU_MUST_CHECK enum slu_err
slu_row_file_resume(struct slu_row_file *self, const struct slu_row_mark *known,
                    const char *head, const struct slu_logger *logger,
                    struct slu_error *out_error);

/* `lines` is the number of line ends in the bytes. */
SLU_MUST_CHECK enum slu_err slu_row_file_append(struct slu_row_file *self,
                                                struct slu_view bytes,
                                                uint64_t lines,
                                                struct slu_error *out_error);

/* Takes back what was appended since the mark was so. */
SLU_MUST_CHECK enum slu_err slu_row_file_cut(struct slu_row_file *self,
                                             const struct slu_row_mark *mark,
                                             struct slu_error *out_error);

SLU_MUST_CHECK enum slu_err slu_row_file_sync(struct slu_row_file *self,
                                              struct slu_error *out_error);

/* The next bytes from *at on, up to len, moving *at on; *out_len 0 at the end
 * of what the mark counts. */
SLU_MUST_CHECK enum slu_err slu_row_file_read(struct slu_row_file *self,
                                              uint64_t *at, char *out,
                                              size_t len, size_t *out_len,
                                              struct slu_error *out_error);

/* A mark as it is stored, and back. Returns the length of the text. */
size_t slu_row_mark_format(const struct slu_row_mark *mark,
                           char out[SLU_ROW_MARK_TEXT_MAX]);
bool slu_row_mark_parse(struct slu_view text, struct slu_row_mark *out_mark);

#endif
