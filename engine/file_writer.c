/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are replaced whole.
 *
 * The new content goes to NAME.part, which is made afresh (never opened through
 * a link that somebody left there), and is compared on the way with the old
 * content: equal to its end means that there is nothing to rename.
 */
#include "engine/crash.h"
#include "engine/files_state.h"
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

struct slu_file_writer {
    struct slu_files *files;
    int part_fd;
    int old_fd; /* -1: there is no old file */
    bool same;  /* so far */
    size_t len; /* in chunk */
    char path[SLU_FILES_PATH_MAX + 1];
    char part[SLU_FILES_PATH_MAX + 8];
    char chunk[CHUNK_BYTES];
    char old[CHUNK_BYTES];
};

/* ---- the folders above ---- */

static enum slu_err make_folder(struct slu_files *self, const char *path)
{
    int sys;

    if (mkdirat(self->fd, path, 0755) != 0) {
        return errno == EEXIST
                   ? SLU_ERR_OK
                   : slu_files_fail(self, "make the folder", path, errno);
    }
    sys = slu_files_sync_parent(self, path);
    return sys == 0 ? SLU_ERR_OK : slu_files_fail(self, "sync", path, sys);
}

/* Makes the folders above the file. */
static enum slu_err make_parents(struct slu_files *self, const char *path)
{
    char copy[SLU_FILES_PATH_MAX + 1];
    char *slash = copy;
    enum slu_err err = SLU_ERR_OK;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    while (err == SLU_ERR_OK && (slash = strchr(slash, '/')) != NULL) {
        *slash = '\0';
        err = make_folder(self, copy);
        *slash++ = '/';
    }
    return err;
}

/* ---- writing ---- */

static enum slu_err open_part(struct slu_file_writer *self)
{
    struct slu_files *files = self->files;

    if (unlinkat(files->fd, self->part, 0) != 0 && errno != ENOENT) {
        return slu_files_fail(files, "remove", self->part, errno);
    }
    self->part_fd =
        openat(files->fd, self->part,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (self->part_fd < 0) {
        return slu_files_fail(files, "write", self->part, errno);
    }
    slu_crash_point("files: part made");
    return SLU_ERR_OK;
}

static enum slu_err begin_writer(struct slu_file_writer *self, const char *path)
{
    struct slu_files *files = self->files;
    enum slu_err err;

    (void)snprintf(self->path, sizeof(self->path), "%s", path);
    (void)snprintf(self->part, sizeof(self->part), "%s.part", path);
    err = make_parents(files, path);
    if (err == SLU_ERR_OK) {
        err = slu_files_open_old(files, path, &self->old_fd);
    }
    if (err == SLU_ERR_OK) {
        self->same = self->old_fd >= 0;
        err = open_part(self);
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
    writer->files = self;
    writer->part_fd = -1;
    writer->old_fd = -1;
    writer->len = 0;
    err = begin_writer(writer, path);
    if (err != SLU_ERR_OK) {
        slu_file_abandon(writer);
        return err;
    }
    *out_writer = writer;
    return SLU_ERR_OK;
}

static enum slu_err write_fully(struct slu_file_writer *self)
{
    size_t done = 0;

    while (done < self->len) {
        ssize_t put =
            write(self->part_fd, self->chunk + done, self->len - done);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return slu_files_fail(self->files, "write", self->part,
                                  put == 0 ? ENOSPC : errno);
        }
        done += (size_t)put;
    }
    slu_crash_point("files: written");
    return SLU_ERR_OK;
}

static enum slu_err compare_chunk(struct slu_file_writer *self)
{
    ssize_t got = slu_fd_read(self->old_fd, self->old, self->len);

    if (got < 0) {
        return slu_files_fail(self->files, "read", self->path, errno);
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
        err = write_fully(self);
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

/* What is held has its part's descriptor. */
static enum slu_err hold(struct slu_file_writer *self)
{
    enum slu_err err =
        slu_files_hold_part(self->files, self->path, self->part_fd);

    if (err == SLU_ERR_OK) {
        self->part_fd = -1;
    }
    return err;
}

static enum slu_err publish(struct slu_file_writer *self)
{
    struct slu_files *files = self->files;
    int sys;

    if (files->holding) {
        return hold(self);
    }
    if (!files->unsynced && fsync(self->part_fd) != 0) {
        return slu_files_fail(files, "write", self->part, errno);
    }
    slu_crash_point("files: synced");
    if (renameat(files->fd, self->part, files->fd, self->path) != 0) {
        return slu_files_fail(files, "replace", self->path, errno);
    }
    slu_crash_point("files: renamed");
    sys = slu_files_sync_parent(files, self->path);
    slu_crash_point("files: folder synced");
    return sys == 0
               ? SLU_ERR_OK
               : slu_files_fail(files, "sync the folder of", self->path, sys);
}

static void free_writer(struct slu_file_writer *self)
{
    if (self->part_fd >= 0) {
        (void)close(self->part_fd);
    }
    if (self->old_fd >= 0) {
        (void)close(self->old_fd);
    }
    slu_alloc_put(self->files->alloc, self, sizeof(*self));
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
        err = publish(take_self);
    }
    if (err != SLU_ERR_OK || !*out_changed) {
        slu_file_abandon(take_self);
        return err;
    }
    free_writer(take_self);
    return SLU_ERR_OK;
}

void slu_file_abandon(struct slu_file_writer *take_self)
{
    if (take_self == NULL) {
        return;
    }
    if (take_self->part_fd >= 0) {
        (void)unlinkat(take_self->files->fd, take_self->part, 0);
    }
    free_writer(take_self);
}

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
    struct slu_file_writer *writer;
    bool same = false;
    enum slu_err err = find_same(self, path, bytes, &same);

    *out_changed = false;
    if (err != SLU_ERR_OK || same) {
        return err;
    }
    err = slu_file_begin(self, path, &writer);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_file_append(writer, bytes);
    if (err != SLU_ERR_OK) {
        slu_file_abandon(writer);
        return err;
    }
    return slu_file_commit(writer, out_changed);
}
