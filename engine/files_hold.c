/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are put in their places together.
 *
 * Each fsync waits for the disk, however little there is to be written. Here
 * the parts are made durable by threads of their own (syncer.h) while the next
 * ones are written, several at a time; each folder is synced once, behind all
 * the renames.
 *
 * A crash leaves each file old or new, and whole: none has its name before its
 * content, and that of all others, is durable.
 */
#include "engine/crash.h"
#include "engine/files_state.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct slu_file_held {
    struct slu_file_held *next;
    struct slu_sync_job job; /* fd: of the part; -1: it has its name */
    char path[SLU_FILES_PATH_MAX + 1];
    char part[SLU_FILES_PATH_MAX + 8];
};

void slu_files_hold(struct slu_files *self)
{
    self->holding = true;
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
    held->job = (struct slu_sync_job){.fd = take_fd};
    (void)snprintf(held->path, sizeof(held->path), "%s", path);
    (void)snprintf(held->part, sizeof(held->part), "%s.part", path);
    self->held = held;
    if (!self->unsynced && take_fd >= 0) {
        slu_syncer_push(&self->syncer, &held->job);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_files_keep(struct slu_files *self, const char *path)
{
    int sys;

    if (self->holding) {
        return slu_files_hold_part(self, path, -1);
    }
    sys = slu_files_settle(self, path, false);
    return sys == 0 ? SLU_ERR_OK
                    : slu_files_fail(self, "sync the folder of", path, sys);
}

void slu_files_drop(struct slu_files *self)
{
    slu_syncer_wait(&self->syncer);
    self->holding = false;
    while (self->held != NULL) {
        struct slu_file_held *held = self->held;

        self->held = held->next;
        if (held->job.fd >= 0) {
            (void)unlinkat(self->fd, held->part, 0);
            (void)close(held->job.fd);
        }
        slu_alloc_put(self->alloc, held, sizeof(*held));
    }
}

static enum slu_err await_parts(struct slu_files *self)
{
    slu_syncer_wait(&self->syncer);
    for (struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        if (held->job.sys != 0) {
            return slu_files_fail(self, "write", held->part, held->job.sys);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err rename_parts(struct slu_files *self)
{
    for (struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        if (held->job.fd < 0) {
            continue;
        }
        if (renameat(self->fd, held->part, self->fd, held->path) != 0) {
            return slu_files_fail(self, "replace", held->path, errno);
        }
        (void)close(held->job.fd);
        held->job.fd = -1;
        slu_crash_point("files: renamed");
    }
    return SLU_ERR_OK;
}

/* ---- the folders ---- */

/* Of all that are below a folder, or beside what is in it, the last one stands
 * for it. */
static bool has_follower(const struct slu_file_held *held, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    for (const struct slu_file_held *other = held->next; other != NULL;
         other = other->next) {
        if (strncmp(other->path, path, len) == 0) {
            return true;
        }
    }
    return false;
}

/* The folders above may be as new as the file. */
static enum slu_err sync_parents(struct slu_files *self,
                                 const struct slu_file_held *held)
{
    char path[SLU_FILES_PATH_MAX + 1];

    (void)snprintf(path, sizeof(path), "%s", held->path);
    do {
        int sys =
            has_follower(held, path) ? 0 : slu_files_sync_parent(self, path);

        if (sys != 0) {
            return slu_files_fail(self, "sync the folder of", path, sys);
        }
    } while (slu_files_climb(path));
    return SLU_ERR_OK;
}

static enum slu_err sync_folders(struct slu_files *self)
{
    for (const struct slu_file_held *held = self->held; held != NULL;
         held = held->next) {
        enum slu_err err = sync_parents(self, held);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    slu_crash_point("files: folders synced");
    self->has_settled = self->held != NULL;
    self->settled[0] = '\0'; /* the one that is above all */
    return SLU_ERR_OK;
}

enum slu_err slu_files_release(struct slu_files *self)
{
    enum slu_err err = await_parts(self);

    self->has_settled = false; /* until the folders are synced again */
    if (err == SLU_ERR_OK) {
        err = rename_parts(self);
    }
    if (err == SLU_ERR_OK) {
        err = sync_folders(self);
    }
    slu_files_drop(self);
    return err;
}
