/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are replaced whole.
 *
 * The new content goes to NAME.part and is compared with the old one: in pieces
 * on the way, where it comes in pieces (equal to its end means that there is
 * nothing to rename), or before anything is written.
 */
#include "engine/file_part.h"
#include "engine/read_file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

struct slu_file_writer {
    struct slu_file_part part;
    int old_fd; /* -1: there is no old file */
    bool same;  /* so far */
    size_t len; /* in chunk */
    char chunk[CHUNK_BYTES];
    char old[CHUNK_BYTES];
};

/* ---- in pieces ---- */

static enum slu_err begin_writer(struct slu_file_writer *self,
                                 struct slu_files *files, const char *path)
{
    enum slu_err err = slu_files_open_old(files, path, &self->old_fd);

    if (err == SLU_ERR_OK) {
        self->same = self->old_fd >= 0;
        err = slu_file_part_open(&self->part, files, path);
    }
    return err;
}

enum slu_err slu_file_begin(struct slu_files *self, const char *path,
                            struct slu_file_writer **out_writer)
{
    struct slu_file_writer *writer;
    enum slu_err err = slu_files_check_path(self, path);

    *out_writer = NULL;
    if (err != SLU_ERR_OK) {
        return err;
    }
    writer = slu_alloc_get(self->alloc, sizeof(*writer));
    if (writer == NULL) {
        return slu_error_set(&self->error, SLU_ERR_NOMEM,
                             "out of memory while writing %s/%s", self->dir,
                             path);
    }
    writer->part.files = self;
    writer->part.fd = -1;
    writer->old_fd = -1;
    writer->len = 0;
    err = begin_writer(writer, self, path);
    if (err != SLU_ERR_OK) {
        slu_file_abandon(writer);
        return err;
    }
    *out_writer = writer;
    return SLU_ERR_OK;
}

static enum slu_err compare_chunk(struct slu_file_writer *self)
{
    ssize_t got = slu_fd_read(self->old_fd, self->old, self->len);

    if (got < 0) {
        return slu_files_fail(self->part.files, "read", self->part.path, errno);
    }
    self->same = (size_t)got == self->len &&
                 memcmp(self->old, self->chunk, self->len) == 0;
    return SLU_ERR_OK;
}

static enum slu_err flush_chunk(struct slu_file_writer *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->len == 0) {
        return SLU_ERR_OK;
    }
    if (self->same) {
        err = compare_chunk(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_file_part_write(&self->part,
                                  slu_view_make(self->chunk, self->len));
    }
    self->len = 0;
    return err;
}

enum slu_err slu_file_append(struct slu_file_writer *self,
                             struct slu_view bytes)
{
    while (bytes.len != 0) {
        size_t room = CHUNK_BYTES - self->len;
        size_t len = bytes.len < room ? bytes.len : room;

        memcpy(self->chunk + self->len, bytes.ptr, len);
        self->len += len;
        bytes.ptr += len;
        bytes.len -= len;
        if (self->len == CHUNK_BYTES) {
            enum slu_err err = flush_chunk(self);

            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

/* The old file must end here too. */
static void compare_end(struct slu_file_writer *self)
{
    char more;

    if (self->same && slu_fd_read(self->old_fd, &more, 1) != 0) {
        self->same = false;
    }
}

static void free_writer(struct slu_file_writer *self)
{
    slu_file_part_drop(&self->part);
    if (self->old_fd >= 0) {
        (void)close(self->old_fd);
    }
    slu_alloc_put(self->part.files->alloc, self, sizeof(*self));
}

enum slu_err slu_file_commit(struct slu_file_writer *take_self,
                             bool *out_changed)
{
    enum slu_err err = flush_chunk(take_self);

    *out_changed = false;
    if (err == SLU_ERR_OK) {
        compare_end(take_self);
        *out_changed = !take_self->same;
    }
    if (err == SLU_ERR_OK && *out_changed) {
        err = slu_file_part_publish(&take_self->part);
    } else if (err == SLU_ERR_OK) {
        err = slu_files_keep(take_self->part.files, take_self->part.path);
    }
    free_writer(take_self);
    return err;
}

void slu_file_abandon(struct slu_file_writer *take_self)
{
    if (take_self != NULL) {
        free_writer(take_self);
    }
}

/* ---- whole ---- */

/* A list of megabytes is mostly what it was: then nothing is written, and what
 * a crash has left beside it goes. */
static enum slu_err find_same(struct slu_files *self, const char *path,
                              struct slu_view bytes, bool *out_same)
{
    char part[SLU_FILES_PATH_MAX + 8];
    enum slu_err err = slu_files_check_path(self, path);
    int sys = 0;
    int fd = -1;

    *out_same = false;
    if (err == SLU_ERR_OK) {
        err = slu_files_open_old(self, path, &fd);
    }
    if (err != SLU_ERR_OK || fd < 0) {
        return err;
    }
    err = slu_fd_equals(fd, bytes, out_same, &sys);
    (void)close(fd);
    if (err != SLU_ERR_OK) {
        return slu_files_fail(self, "read", path, sys);
    }
    (void)snprintf(part, sizeof(part), "%s.part", path);
    if (*out_same && unlinkat(self->fd, part, 0) != 0 && errno != ENOENT) {
        return slu_files_fail(self, "remove", part, errno);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_files_replace(struct slu_files *self, const char *path,
                               struct slu_view bytes, bool *out_changed)
{
    struct slu_file_part part;
    bool same = false;
    enum slu_err err = find_same(self, path, bytes, &same);

    *out_changed = false;
    if (err != SLU_ERR_OK || same) {
        return err == SLU_ERR_OK ? slu_files_keep(self, path) : err;
    }
    err = slu_file_part_open(&part, self, path);
    if (err == SLU_ERR_OK) {
        err = slu_file_part_write(&part, bytes);
    }
    if (err == SLU_ERR_OK) {
        err = slu_file_part_publish(&part);
    }
    *out_changed = err == SLU_ERR_OK;
    slu_file_part_drop(&part);
    return err;
}
