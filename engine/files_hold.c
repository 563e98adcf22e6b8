/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are put in their places together.
 *
 * Each fsync of a file that is new, and each of a folder, makes the file system
 * end a transaction and wait for it: for 17 files that was 34 times. Here the
 * writing of each part is begun as soon as it is known, and waited for when all
 * are: the first fsync ends a transaction that has them all, the others find
 * nothing left to do; so do those of the folders behind all the renames.
 *
 * A crash leaves each file old or new, and whole: none has its name before its
 * content is durable.
 */
#include "engine/crash.h"
#include "engine/files_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct slu_file_held {
    struct slu_file_held *next;
    int fd; /* of the part; -1: it has got its name */
    char path[SLU_FILES_PATH_MAX + 1];
    char part[SLU_FILES_PATH_MAX + 8];
};

void slu_files_hold(struct slu_files *self)
{
    self->holding = true;
}

/* So that there is less to wait for. Not all systems have it, and it promises
 * nothing: fsync does. */
static void begin_writing(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)fd;
#endif
}

enum slu_err slu_files_hold_part(struct slu_files *self, const char *path,
                                 int take_fd)
{
    struct slu_file_held *held = slu_alloc_get(self->alloc, sizeof(*held));

    if (held == NULL) {
        return slu_error_set(&self->error, SLU_ERR_NOMEM,
                             "out of memory while writing %s/%s", self->dir,
                             path);
    }
    held->next = self->held;
    held->fd = take_fd;
    (void)snprintf(held->path, sizeof(held->path), "%s", path);
    (void)snprintf(held->part, sizeof(held->part), "%s.part", path);
    self->held = held;
    if (!self->unsynced) {
        begin_writing(take_fd);
    }
    return SLU_ERR_OK;
}

void slu_files_drop(struct slu_files *self)
{
    self->holding = false;
    while (self->held != NULL) {
        struct slu_file_held *held = self->held;

        self->held = held->next;
        if (held->fd >= 0) {
            (void)unlinkat(self->fd, held->part, 0);
            (void)close(held->fd);
        }
        slu_alloc_put(self->alloc, held, sizeof(*held));
    }
}

static enum slu_err sync_parts(struct slu_files *self)
{
    for (struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        if (!self->unsynced && fsync(held->fd) != 0) {
            return slu_files_fail(self, "write", held->part, errno);
        }
        slu_crash_point("files: synced");
    }
    return SLU_ERR_OK;
}

static enum slu_err rename_parts(struct slu_files *self)
{
    for (struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        if (renameat(self->fd, held->part, self->fd, held->path) != 0) {
            return slu_files_fail(self, "replace", held->path, errno);
        }
        (void)close(held->fd);
        held->fd = -1;
        slu_crash_point("files: renamed");
    }
    return SLU_ERR_OK;
}

/* The length of the path above the file. */
static size_t parent_len(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool same_parent(const char *a, const char *b)
{
    size_t len = parent_len(a);

    return len == parent_len(b) && memcmp(a, b, len) == 0;
}

/* Whether another file behind it stands for its folder. */
static bool parent_follows(const struct slu_file_held *held)
{
    for (const struct slu_file_held *other = held->next; other != NULL;
         other = other->next) {
        if (same_parent(held->path, other->path)) {
            return true;
        }
    }
    return false;
}

static enum slu_err sync_parents(struct slu_files *self)
{
    for (const struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        int sys =
            parent_follows(held) ? 0 : slu_files_sync_parent(self, held->path);

        if (sys != 0) {
            return slu_files_fail(self, "sync the folder of", held->path, sys);
        }
    }
    slu_crash_point("files: folders synced");
    return SLU_ERR_OK;
}

enum slu_err slu_files_release(struct slu_files *self)
{
    enum slu_err err = sync_parts(self);

    if (err == SLU_ERR_OK) {
        err = rename_parts(self);
    }
    if (err == SLU_ERR_OK) {
        err = sync_parents(self);
    }
    slu_files_drop(self);
    return err;
}
