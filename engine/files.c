/* SPDX-License-Identifier: Apache-2.0 */
/* The folder, paths below it, and reading. All paths are relative to the
 * folder's descriptor, and stay below it. */
#include "engine/files_state.h"

#include "engine/folder.h"
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE "sluice-probe.part"

/* ---- failures in words ---- */

const char *slu_files_cure(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space and run again";
    case EACCES:
    case EPERM:
        return "; give this user the right to write there";
    case ENOTDIR:
    case EROFS:
        return "; set output_dir to a place that can be written";
    case ELOOP:
        return "; it is a symbolic link, which replacing would destroy: move "
               "it away";
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
        return "; a folder stands in its place: move it away";
    default:
        return "";
    }
}

enum slu_err slu_files_fail(struct slu_files *self, const char *verb,
                            const char *path, int sys)
{
    char text[128];
    bool folder = *path == '\0';
    /* Nothing can be made in /proc, and this is how it says so. */
    int kind = folder && sys == ENOENT ? ENOTDIR : sys;

    (void)slu_error_set(&self->error, SLU_ERR_IO, "cannot %s %s%s%s: %s%s",
                        verb, self->dir, folder ? "" : "/", path,
                        strerror_r(sys, text, sizeof(text)),
                        slu_files_cure(kind));
    self->error.sys = sys;
    return SLU_ERR_IO;
}

/* ---- paths ---- */

static bool is_plain_part(const char *part, size_t len)
{
    return len != 0 && !(len == 1 && part[0] == '.') &&
           !(len == 2 && part[0] == '.' && part[1] == '.');
}

enum slu_err slu_files_check_path(struct slu_files *self, const char *path)
{
    const char *part = path;

    if (strlen(path) > SLU_FILES_PATH_MAX) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "a file's path is longer than %d bytes",
                             SLU_FILES_PATH_MAX);
    }
    for (;;) {
        size_t len = strcspn(part, "/");

        if (!is_plain_part(part, len)) {
            return slu_error_set(&self->error, SLU_ERR_CONFIG,
                                 "\"%s\" is not a path below %s: give names "
                                 "without \"..\", joined by one \"/\"",
                                 path, self->dir);
        }
        if (part[len] == '\0') {
            return SLU_ERR_OK;
        }
        part += len + 1;
    }
}

/* ---- durable names ---- */

bool slu_files_climb(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
    return slash != NULL;
}

int slu_files_sync_parent(struct slu_files *self, const char *path)
{
    return self->unsynced ? 0 : slu_folder_sync_parent(self->fd, path);
}

/* The folders above may be as new as the file, or have been made by a run that
 * was killed before it had synced them. */
int slu_files_settle(struct slu_files *self, const char *path, bool renamed)
{
    char folder[SLU_FILES_PATH_MAX + 1];
    char above[SLU_FILES_PATH_MAX + 1];
    bool known;
    int sys = 0;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    if (!slu_files_climb(folder)) {
        folder[0] = '\0';
    }
    known = self->has_settled && strcmp(self->settled, folder) == 0;
    if (!known || renamed) {
        sys = slu_files_sync_parent(self, path);
    }
    (void)snprintf(above, sizeof(above), "%s", path);
    while (!known && sys == 0 && slu_files_climb(above)) {
        sys = slu_files_sync_parent(self, above);
    }
    if (sys == 0) {
        (void)snprintf(self->settled, sizeof(self->settled), "%s", folder);
    }
    self->has_settled = sys == 0;
    return sys;
}

/* ---- open and close ---- */

/* Everything that writing a file takes, so that a run doesn't find out at its
 * end that it can't. */
static enum slu_err probe(struct slu_files *self)
{
    int fd =
        openat(self->fd, PROBE,
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    enum slu_err err = SLU_ERR_OK;

    if (fd < 0) {
        return slu_files_fail(self, "write to", "", errno);
    }
    if (write(fd, "\n", 1) != 1) {
        err = slu_files_fail(self, "write to", "", errno);
    }
    (void)close(fd);
    if (unlinkat(self->fd, PROBE, 0) != 0 && err == SLU_ERR_OK) {
        err = slu_files_fail(self, "delete files in", "", errno);
    }
    return err;
}

static enum slu_err open_folder(struct slu_files *self, const char *dir)
{
    int sys;

    if (strlen(dir) > SLU_FILES_DIR_MAX) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "output_dir is longer than %d bytes",
                             SLU_FILES_DIR_MAX);
    }
    (void)snprintf(self->dir, sizeof(self->dir), "%s", dir);
    /* The latter makes it durably, which can't be switched off. */
    sys = self->unsynced && mkdir(dir, 0755) == 0 ? 0
                                                  : slu_folder_make(dir, 0755);
    if (sys != 0) {
        return slu_files_fail(self, "use the folder", "", sys);
    }
    self->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0) {
        return slu_files_fail(self, "open the folder", "", errno);
    }
    return probe(self);
}

static enum slu_err open_files(const struct slu_alloc *alloc, const char *dir,
                               bool unsynced, struct slu_files **out_files,
                               struct slu_error *out_error)
{
    struct slu_files *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_files = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "out of memory while opening %s", dir);
    }
    self->alloc = alloc;
    self->fd = -1;
    self->unsynced = unsynced;
    err = open_folder(self, dir);
    if (err == SLU_ERR_OK) {
        *out_files = self;
        return SLU_ERR_OK;
    }
    if (out_error != NULL) {
        *out_error = self->error;
    }
    slu_files_close(self);
    return err;
}

enum slu_err slu_files_open(const struct slu_alloc *alloc, const char *dir,
                            struct slu_files **out_files,
                            struct slu_error *out_error)
{
    return open_files(alloc, dir, false, out_files, out_error);
}

enum slu_err slu_files_open_unsynced(const struct slu_alloc *alloc,
                                     const char *dir,
                                     struct slu_files **out_files,
                                     struct slu_error *out_error)
{
    return open_files(alloc, dir, true, out_files, out_error);
}

void slu_files_close(struct slu_files *self)
{
    if (self == NULL) {
        return;
    }
    slu_files_drop(self);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

const struct slu_error *slu_files_error(const struct slu_files *self)
{
    return &self->error;
}

/* ---- reading ---- */

enum slu_err slu_files_open_old(struct slu_files *self, const char *path,
                                int *out_fd)
{
    int fd =
        openat(self->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    int sys = 0;

    *out_fd = -1;
    if (fd < 0) {
        return errno == ENOENT ? SLU_ERR_OK
                               : slu_files_fail(self, "read", path, errno);
    }
    if (fstat(fd, &info) != 0) {
        sys = errno;
    } else if (!S_ISREG(info.st_mode)) {
        sys = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    }
    if (sys != 0) {
        (void)close(fd);
        return slu_files_fail(self, "read", path, sys);
    }
    *out_fd = fd;
    return SLU_ERR_OK;
}

static enum slu_err read_all(struct slu_files *self, int fd, const char *path,
                             struct slu_buf *buf)
{
    int sys;
    enum slu_err err = slu_fd_read_all(fd, buf, &sys);

    switch (err) {
    case SLU_ERR_OK:
        return SLU_ERR_OK;
    case SLU_ERR_LIMIT:
        return slu_error_set(&self->error, err,
                             "%s/%s is larger than %zu bytes", self->dir, path,
                             buf->max);
    case SLU_ERR_NOMEM:
        return slu_error_set(&self->error, err,
                             "out of memory while reading %s/%s", self->dir,
                             path);
    default:
        return slu_files_fail(self, "read", path, sys);
    }
}

enum slu_err slu_files_open_file(struct slu_files *self, const char *path,
                                 int *out_fd)
{
    enum slu_err err = slu_files_check_path(self, path);

    *out_fd = -1;
    if (err == SLU_ERR_OK) {
        err = slu_files_open_old(self, path, out_fd);
    }
    return err != SLU_ERR_OK || *out_fd >= 0
               ? err
               : slu_error_set(&self->error, SLU_ERR_NOT_FOUND,
                               "there is no file %s/%s", self->dir, path);
}

enum slu_err slu_files_read(struct slu_files *self, const char *path,
                            struct slu_buf *buf)
{
    int fd = -1;
    enum slu_err err = slu_files_open_file(self, path, &fd);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_buf_clear(buf);
    err = read_all(self, fd, path, buf);
    (void)close(fd);
    return err;
}
