/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for what is most likely first: the folder is there, and nothing was left
 * behind. Only the refusal says that it has to be made, or removed.
 */
#include "engine/file_part.h"
#include "engine/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536

/* ---- the folders above ---- */

/* It is synced with the name of the first file in it. */
static enum slu_err make_folder(struct slu_files *self, const char *path)
{
    return mkdirat(self->fd, path, 0755) == 0 || errno == EEXIST
               ? SLU_ERR_OK
               : slu_files_fail(self, "make the folder", path, errno);
}

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

/* ---- the part ---- */

/* True when there is nothing more to be tried, be it made or not. */
static bool make_part(struct slu_file_part *self)
{
    self->fd =
        openat(self->files->fd, self->name,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return self->fd >= 0 || (errno != ENOENT && errno != EEXIST);
}

/* What hinders it goes: a folder that is missing, a part that a crash left. */
static enum slu_err make_way(struct slu_file_part *self)
{
    struct slu_files *files = self->files;

    if (errno == ENOENT) {
        return make_parents(files, self->path);
    }
    if (unlinkat(files->fd, self->name, 0) != 0 && errno != ENOENT) {
        return slu_files_fail(files, "remove", self->name, errno);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_file_part_open(struct slu_file_part *self,
                                struct slu_files *files, const char *path)
{
    self->files = files;
    self->fd = -1;
    (void)snprintf(self->path, sizeof(self->path), "%s", path);
    (void)snprintf(self->name, sizeof(self->name), "%s.part", path);
    if (!make_part(self)) {
        enum slu_err err = make_way(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
        (void)make_part(self);
    }
    if (self->fd < 0) {
        return slu_files_fail(files, "write", self->name, errno);
    }
    slu_crash_point("files: part made");
    return SLU_ERR_OK;
}

static enum slu_err write_piece(struct slu_file_part *self, const char *ptr,
                                size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t put = write(self->fd, ptr + done, len - done);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return slu_files_fail(self->files, "write", self->name,
                                  put == 0 ? ENOSPC : errno);
        }
        done += (size_t)put;
    }
    slu_crash_point("files: written");
    return SLU_ERR_OK;
}

enum slu_err slu_file_part_write(struct slu_file_part *self,
                                 struct slu_view bytes)
{
    enum slu_err err = SLU_ERR_OK;

    for (size_t at = 0; err == SLU_ERR_OK && at < bytes.len;
         at += PIECE_BYTES) {
        size_t left = bytes.len - at;

        err = write_piece(self, bytes.ptr + at,
                          left < PIECE_BYTES ? left : PIECE_BYTES);
    }
    return err;
}

/* Leaves the descriptor open: closing is the same for both ways. */
static enum slu_err put_in_place(struct slu_file_part *self)
{
    struct slu_files *files = self->files;
    int sys;

    if (!files->unsynced && fsync(self->fd) != 0) {
        return slu_files_fail(files, "write", self->name, errno);
    }
    slu_crash_point("files: synced");
    if (renameat(files->fd, self->name, files->fd, self->path) != 0) {
        return slu_files_fail(files, "replace", self->path, errno);
    }
    slu_crash_point("files: renamed");
    sys = slu_files_settle(files, self->path, true);
    slu_crash_point("files: folder synced");
    return sys == 0
               ? SLU_ERR_OK
               : slu_files_fail(files, "sync the folder of", self->path, sys);
}

enum slu_err slu_file_part_publish(struct slu_file_part *self)
{
    enum slu_err err;

    if (self->files->holding) {
        err = slu_files_hold_part(self->files, self->path, self->fd);
    } else {
        err = put_in_place(self);
        if (err == SLU_ERR_OK) {
            (void)close(self->fd);
        }
    }
    if (err == SLU_ERR_OK) {
        self->fd = -1;
    }
    return err;
}

void slu_file_part_drop(struct slu_file_part *self)
{
    if (self->fd >= 0) {
        (void)unlinkat(self->files->fd, self->name, 0);
        (void)close(self->fd);
        self->fd = -1;
    }
}
