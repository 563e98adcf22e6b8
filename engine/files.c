/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are replaced whole.
 *
 * All paths are relative to the folder's descriptor, and stay below it. The new
 * content goes to NAME.part, which is made afresh (never opened through a link
 * that somebody left there), and is compared on the way with the old content:
 * equal to its end means that there is nothing to rename.
 */
#include "engine/files.h"

#include "engine/crash.h"
#include "engine/folder.h"
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_BYTES_MAX 4000
#define PATH_BYTES_MAX 1000
#define CHUNK_BYTES 65536
#define PROBE "sluice-probe.part"

struct slu_files {
    const struct slu_alloc *alloc;
    int fd; /* of the folder */
    bool unsynced;
    struct slu_error error;
    char dir[DIR_BYTES_MAX + 1];
};

struct slu_file_writer {
    struct slu_files *files;
    int part_fd;
    int old_fd; /* -1: there is no old file */
    bool same;  /* so far */
    size_t len; /* in chunk */
    char path[PATH_BYTES_MAX + 1];
    char part[PATH_BYTES_MAX + 8];
    char chunk[CHUNK_BYTES];
    char old[CHUNK_BYTES];
};

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

static enum slu_err fail_system(struct slu_files *self, const char *verb,
                                const char *path, int sys)
{
    char text[128];

    (void)slu_error_set(&self->error, SLU_ERR_IO, "cannot %s %s%s%s: %s%s",
                        verb, self->dir, *path == '\0' ? "" : "/", path,
                        strerror_r(sys, text, sizeof(text)),
                        slu_files_cure(sys));
    self->error.sys = sys;
    return SLU_ERR_IO;
}

/* ---- paths ---- */

static bool is_plain_part(const char *part, size_t len)
{
    return len != 0 && !(len == 1 && part[0] == '.') &&
           !(len == 2 && part[0] == '.' && part[1] == '.');
}

/* Every part a name: not absolute, nothing that climbs out. */
static enum slu_err check_path(struct slu_files *self, const char *path)
{
    const char *part = path;

    if (strlen(path) > PATH_BYTES_MAX) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "a file's path is longer than %d bytes",
                             PATH_BYTES_MAX);
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

static int sync_parent(struct slu_files *self, const char *path)
{
    return self->unsynced ? 0 : slu_folder_sync_parent(self->fd, path);
}

static enum slu_err make_folder(struct slu_files *self, const char *path)
{
    int sys;

    if (mkdirat(self->fd, path, 0755) != 0) {
        return errno == EEXIST
                   ? SLU_ERR_OK
                   : fail_system(self, "make the folder", path, errno);
    }
    sys = sync_parent(self, path);
    return sys == 0 ? SLU_ERR_OK : fail_system(self, "sync", path, sys);
}

/* Makes the folders above the file. */
static enum slu_err make_parents(struct slu_files *self, const char *path)
{
    char copy[PATH_BYTES_MAX + 1];
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
        return fail_system(self, "write to", "", errno);
    }
    if (write(fd, "\n", 1) != 1) {
        err = fail_system(self, "write to", "", errno);
    }
    (void)close(fd);
    if (unlinkat(self->fd, PROBE, 0) != 0 && err == SLU_ERR_OK) {
        err = fail_system(self, "delete files in", "", errno);
    }
    return err;
}

static enum slu_err open_folder(struct slu_files *self, const char *dir)
{
    int sys;

    if (strlen(dir) > DIR_BYTES_MAX) {
        return slu_error_set(&self->error, SLU_ERR_CONFIG,
                             "output_dir is longer than %d bytes",
                             DIR_BYTES_MAX);
    }
    (void)snprintf(self->dir, sizeof(self->dir), "%s", dir);
    sys = slu_folder_make(dir, 0755);
    if (sys != 0) {
        return fail_system(self, "use the folder", "", sys);
    }
    self->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0) {
        return fail_system(self, "open the folder", "", errno);
    }
    return probe(self);
}

enum slu_err slu_files_open(const struct slu_alloc *alloc, const char *dir,
                            struct slu_files **out_files,
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

void slu_files_close(struct slu_files *self)
{
    if (self == NULL) {
        return;
    }
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

void slu_files_leave_unsynced(struct slu_files *self)
{
    self->unsynced = true;
}

const struct slu_error *slu_files_error(const struct slu_files *self)
{
    return &self->error;
}

/* ---- reading ---- */

/* Opens a file that is a plain file; *out_fd is -1 when there is none. */
static enum slu_err open_old(struct slu_files *self, const char *path,
                             int *out_fd)
{
    int fd =
        openat(self->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    int sys = 0;

    *out_fd = -1;
    if (fd < 0) {
        return errno == ENOENT ? SLU_ERR_OK
                               : fail_system(self, "read", path, errno);
    }
    if (fstat(fd, &info) != 0) {
        sys = errno;
    } else if (!S_ISREG(info.st_mode)) {
        sys = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    }
    if (sys != 0) {
        (void)close(fd);
        return fail_system(self, "read", path, sys);
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
        return fail_system(self, "read", path, sys);
    }
}

enum slu_err slu_files_read(struct slu_files *self, const char *path,
                            struct slu_buf *buf)
{
    enum slu_err err = check_path(self, path);
    int fd = -1;

    if (err == SLU_ERR_OK) {
        err = open_old(self, path, &fd);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (fd < 0) {
        return slu_error_set(&self->error, SLU_ERR_NOT_FOUND,
                             "there is no file %s/%s", self->dir, path);
    }
    slu_buf_clear(buf);
    err = read_all(self, fd, path, buf);
    (void)close(fd);
    return err;
}

/* ---- writing ---- */

static enum slu_err open_part(struct slu_file_writer *self)
{
    struct slu_files *files = self->files;

    if (unlinkat(files->fd, self->part, 0) != 0 && errno != ENOENT) {
        return fail_system(files, "remove", self->part, errno);
    }
    self->part_fd =
        openat(files->fd, self->part,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (self->part_fd < 0) {
        return fail_system(files, "write", self->part, errno);
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
        err = open_old(files, path, &self->old_fd);
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
    enum slu_err err = check_path(self, path);

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
            return fail_system(self->files, "write", self->part,
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
        return fail_system(self->files, "read", self->path, errno);
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

static enum slu_err publish(struct slu_file_writer *self)
{
    struct slu_files *files = self->files;
    int sys;

    if (!files->unsynced && fsync(self->part_fd) != 0) {
        return fail_system(files, "write", self->part, errno);
    }
    slu_crash_point("files: synced");
    if (renameat(files->fd, self->part, files->fd, self->path) != 0) {
        return fail_system(files, "replace", self->path, errno);
    }
    slu_crash_point("files: renamed");
    sys = sync_parent(files, self->path);
    slu_crash_point("files: folder synced");
    return sys == 0 ? SLU_ERR_OK
                    : fail_system(files, "sync the folder of", self->path, sys);
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
    char part[PATH_BYTES_MAX + 8];
    enum slu_err err = check_path(self, path);
    int sys = 0;
    int fd = -1;

    *out_same = false;
    if (err == SLU_ERR_OK) {
        err = open_old(self, path, &fd);
    }
    if (err != SLU_ERR_OK || fd < 0) {
        return err;
    }
    err = slu_fd_equals(fd, bytes, out_same, &sys);
    (void)close(fd);
    if (err != SLU_ERR_OK) {
        return fail_system(self, "read", path, sys);
    }
    (void)snprintf(part, sizeof(part), "%s.part", path);
    if (*out_same && unlinkat(self->fd, part, 0) != 0 && errno != ENOENT) {
        return fail_system(self, "remove", part, errno);
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
