/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state that isn't there yet: made in memory, written as state.db.part, and
 * given its name when it is durable. Left to SQLite it would take eight syncs,
 * as each step on the way there has to survive a crash by itself; and a file
 * without tables, which a crash may leave, would have to be understood.
 */
#include "engine/crash.h"
#include "engine/folder.h"
#include "engine/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the file's header says how it is written and read: 2 is by a WAL
 * (sqlite.org/fileformat2.html, 1.3). */
#define WRITE_VERSION_AT 18
#define READ_VERSION_AT 19
#define VERSION_WAL 2

/* The bytes are SQLite's, to be freed by sqlite3_free. */
static enum slu_err make_image(struct slu_db *self, struct slu_view *out_image)
{
    sqlite3_int64 len = 0;
    unsigned char *bytes = NULL;
    enum slu_err err = SLU_ERR_OK;

    if (sqlite3_open(":memory:", &self->handle) != SQLITE_OK) {
        err = slu_db_no_memory(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_create_schema(self);
    }
    if (err == SLU_ERR_OK) {
        bytes = sqlite3_serialize(self->handle, "main", &len, 0);
        err = bytes == NULL ? slu_db_no_memory(self) : SLU_ERR_OK;
    }
    if (err == SLU_ERR_OK) {
        bytes[WRITE_VERSION_AT] = VERSION_WAL;
        bytes[READ_VERSION_AT] = VERSION_WAL;
        *out_image = slu_view_make((const char *)bytes, (size_t)len);
    }
    (void)sqlite3_close(self->handle);
    self->handle = NULL;
    return err;
}

/* Returns errno's number. */
static int write_all(int fd, struct slu_view bytes)
{
    while (bytes.len != 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put == 0 ? ENOSPC : errno;
        }
        bytes.ptr += put;
        bytes.len -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

static int write_part(const char *part, struct slu_view image)
{
    int fd =
        open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int sys;

    if (fd < 0) {
        return errno;
    }
    sys = write_all(fd, image);
    (void)close(fd);
    return sys;
}

/* What a state left that is gone says nothing of the new one, but SQLite would
 * take it for its own. So it is gone for good before the new one has its name:
 * a power cut may leave what was done later without what was done first. Also
 * what is gone already: a run that was killed here, or whoever removed the old
 * state, may not have waited for the disk. */
static int remove_leftovers(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    char name[SLU_DB_PATH_MAX + 16];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        if (unlink(name) != 0 && errno != ENOENT) {
            return errno;
        }
    }
    return slu_folder_sync_parent(AT_FDCWD, path);
}

static int place_image(const char *path, struct slu_view image)
{
    char part[SLU_DB_PATH_MAX + 16];
    int sys;

    (void)snprintf(part, sizeof(part), "%s.part", path);
    sys = write_part(part, image);
    slu_crash_point("store: made");
    if (sys == 0) {
        sys = remove_leftovers(path);
    }
    if (sys == 0 && rename(part, path) != 0) {
        sys = errno;
    }
    slu_crash_point("store: named");
    if (sys != 0) {
        (void)unlink(part);
        return sys;
    }
    return slu_folder_sync_parent(AT_FDCWD, path);
}

/* An empty file is one that an earlier version had only begun to make. */
static bool is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 ? info.st_size != 0 : errno != ENOENT;
}

enum slu_err slu_db_create(struct slu_db *self)
{
    struct slu_view image;
    enum slu_err err;
    int sys;

    if (is_there(self->path)) {
        return SLU_ERR_OK;
    }
    err = make_image(self, &image);
    if (err != SLU_ERR_OK) {
        return err;
    }
    sys = place_image(self->path, image);
    sqlite3_free((void *)(uintptr_t)image.ptr);
    return sys == 0 ? SLU_ERR_OK : slu_db_fail_system(self, sys);
}
