/* SPDX-License-Identifier: Apache-2.0 */
/* What: the inside of the contents, shared by the files that make them up:
 * contents.c (the folder, what is kept of it), contents_read.c (what is
 * there), contents_write.c (what is added). */
#ifndef SLU_ENGINE_CONTENTS_STATE_H
#define SLU_ENGINE_CONTENTS_STATE_H

#include "codecs/buf.h"
#include "codecs/sha256.h"
#include "engine/contents.h"

#define SLU_CONTENTS_SUBFOLDER "/published"
#define SLU_CONTENTS_DIR_MAX 3900
#define SLU_CONTENTS_PART_PREFIX ".part-"

struct slu_contents_folder {
    const struct slu_alloc *alloc;
    struct slu_contents table;
    struct slu_sha256 *sha; /* of what is opened and added */
    int fd;                 /* -1: there is no folder yet */
    bool made;              /* its name is durable */
    bool settled;           /* and so are the names in it */
    unsigned parts;         /* names given to parts so far */
    unsigned in_use;        /* contents and writers */
    struct slu_buf kept;    /* names, one behind the other */
    bool kept_lost;         /* one could not be remembered: delete nothing */
    char dir[SLU_CONTENTS_DIR_MAX + sizeof(SLU_CONTENTS_SUBFOLDER)];
};

/* contents.c */
enum slu_err slu_contents_fail_system(const struct slu_contents_folder *self,
                                      const char *verb, const char *name,
                                      int sys, struct slu_error *out_error);
enum slu_err slu_contents_fail_nomem(struct slu_error *out_error);
bool slu_content_name_is_valid(const char *text);
void slu_content_name_end(struct slu_sha256 *sha,
                          struct slu_content_name *out_name);
/* Makes the folder durably and opens it, if need be. */
SLU_MUST_CHECK enum slu_err
slu_contents_make_folder(struct slu_contents_folder *self,
                         struct slu_error *out_error);

/* contents_read.c: of the table. */
enum slu_err slu_contents_open_content(void *ctx,
                                       const struct slu_content_name *name,
                                       struct slu_view *out_bytes,
                                       struct slu_error *out_error);
void slu_contents_close_content(void *ctx, struct slu_view take_bytes);
/* The name of what is left of a file; *out_sys: as slu_fd_each_piece. */
SLU_MUST_CHECK enum slu_err
slu_contents_name_file(struct slu_contents_folder *self, int fd,
                       struct slu_content_name *out_name, uint64_t *out_bytes,
                       int *out_sys);
/* A content of that name is there, and its bytes are those of its name. */
bool slu_contents_has(struct slu_contents_folder *self,
                      const struct slu_content_name *name);
/* The same of one whose bytes are at hand: they are compared, which is cheaper
 * than hashing them, piece by piece, so that there is no second 35 MB. */
bool slu_contents_has_bytes(struct slu_contents_folder *self,
                            const struct slu_content_name *name,
                            struct slu_view bytes);

/* contents_write.c: of the table. */
enum slu_err slu_contents_begin(void *ctx,
                                struct slu_content_writer **out_writer,
                                struct slu_error *out_error);
enum slu_err slu_contents_append(void *ctx, struct slu_content_writer *writer,
                                 struct slu_view bytes,
                                 struct slu_error *out_error);
enum slu_err slu_contents_commit(void *ctx,
                                 struct slu_content_writer *take_writer,
                                 struct slu_content_name *out_name,
                                 struct slu_error *out_error);
void slu_contents_abandon(void *ctx, struct slu_content_writer *take_writer);

#endif
