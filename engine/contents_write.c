/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A content is written under a name of the moment (".part-PID-NUMBER"), made
 * durable, and renamed to its hash. Its writer holds a lock on the part, so
 * that the open of another process, which removes what a crash left behind,
 * leaves it alone.
 */
#include "engine/contents_state.h"
#include "engine/crash.h"
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_NAME_MAX 48

struct slu_content_writer {
    struct slu_contents_folder *folder;
    struct slu_sha256 *sha;
    int fd; /* -1: not open */
    uint64_t bytes;
    char part[PART_NAME_MAX];
};

/* Another process may take a new part for one that was left behind, before it
 * is locked, and remove it: then there is no name any more. */
static int open_part(struct slu_content_writer *writer)
{
    struct slu_contents_folder *self = writer->folder;
    struct stat info;

    (void)snprintf(writer->part, sizeof(writer->part),
                   SLU_CONTENTS_PART_PREFIX "%ld-%u", (long)getpid(),
                   ++self->parts);
    writer->fd =
        openat(self->fd, writer->part,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        return errno;
    }
    if (flock(writer->fd, LOCK_EX | LOCK_NB) != 0 ||
        fstat(writer->fd, &info) != 0 || info.st_nlink == 0) {
        (void)close(writer->fd);
        writer->fd = -1;
        return EEXIST;
    }
    return 0;
}

static enum slu_err start_part(struct slu_content_writer *writer,
                               struct slu_error *out_error)
{
    enum slu_err err = slu_contents_make_folder(writer->folder, out_error);
    int sys = EEXIST;

    if (err != SLU_ERR_OK) {
        return err;
    }
    /* What another process, with the number that is now ours, has left behind
     * was removed at open, unless it could not be: then the next number. */
    for (int tries = 0; tries < 100 && sys == EEXIST; tries++) {
        sys = open_part(writer);
    }
    if (sys != 0) {
        return slu_contents_fail_system(writer->folder, "write", writer->part,
                                        sys, out_error);
    }
    slu_crash_point("content part");
    return SLU_ERR_OK;
}

static void free_writer(struct slu_content_writer *writer)
{
    struct slu_contents_folder *self = writer->folder;

    if (writer->fd >= 0) {
        (void)unlinkat(self->fd, writer->part, 0);
        (void)close(writer->fd);
    }
    slu_sha256_free(writer->sha);
    slu_alloc_put(self->alloc, writer, sizeof(*writer));
    self->in_use--;
}

enum slu_err slu_contents_begin(void *ctx,
                                struct slu_content_writer **out_writer,
                                struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    struct slu_content_writer *writer =
        slu_alloc_zero(self->alloc, sizeof(*writer));
    enum slu_err err;

    if (writer == NULL) {
        return slu_contents_fail_nomem(out_error);
    }
    self->in_use++;
    writer->folder = self;
    writer->fd = -1;
    writer->sha = slu_sha256_new(self->alloc);
    err = writer->sha == NULL ? slu_contents_fail_nomem(out_error)
                              : start_part(writer, out_error);
    if (err != SLU_ERR_OK) {
        free_writer(writer);
        return err;
    }
    slu_sha256_begin(writer->sha);
    *out_writer = writer;
    return SLU_ERR_OK;
}

static enum slu_err write_bytes(struct slu_content_writer *writer,
                                struct slu_view bytes,
                                struct slu_error *out_error)
{
    if (bytes.len > SLU_CONTENT_MAX - writer->bytes) {
        return slu_error_set(out_error, SLU_ERR_LIMIT,
                             "a list is larger than %u bytes, the most that "
                             "sluice keeps",
                             SLU_CONTENT_MAX);
    }
    writer->bytes += bytes.len;
    while (bytes.len > 0) {
        ssize_t put = write(writer->fd, bytes.ptr, bytes.len);

        if (put < 0 && errno != EINTR) {
            return slu_contents_fail_system(writer->folder, "write",
                                            writer->part, errno, out_error);
        }
        if (put > 0) {
            bytes.ptr += put;
            bytes.len -= (size_t)put;
        }
    }
    slu_crash_point("content write");
    return SLU_ERR_OK;
}

enum slu_err slu_contents_append(void *ctx, struct slu_content_writer *writer,
                                 struct slu_view bytes,
                                 struct slu_error *out_error)
{
    (void)ctx;
    slu_sha256_add(writer->sha, bytes);
    return write_bytes(writer, bytes, out_error);
}

/* A content that is there: a run that was killed may have given it its name
 * without waiting for the folder. Once for each time that it is opened. */
static enum slu_err settle(struct slu_contents_folder *self, const char *name,
                           struct slu_error *out_error)
{
    enum slu_err err = slu_contents_make_folder(self, out_error);

    if (err == SLU_ERR_OK && !self->settled && fsync(self->fd) != 0) {
        return slu_contents_fail_system(self, "sync the folder of", name, errno,
                                        out_error);
    }
    self->settled |= err == SLU_ERR_OK;
    return err;
}

/* A name is there once its folder is synced too; if that fails it must not be,
 * for a later add would take it for durable. */
static enum slu_err publish(struct slu_content_writer *writer, const char *name,
                            struct slu_error *out_error)
{
    struct slu_contents_folder *self = writer->folder;
    int sys;

    if (fsync(writer->fd) != 0) {
        return slu_contents_fail_system(self, "sync", writer->part, errno,
                                        out_error);
    }
    slu_crash_point("content fsync");
    if (renameat(self->fd, writer->part, self->fd, name) != 0) {
        return slu_contents_fail_system(self, "rename a file to", name, errno,
                                        out_error);
    }
    (void)close(writer->fd);
    writer->fd = -1;
    slu_crash_point("content rename");
    if (fsync(self->fd) != 0) {
        sys = errno;
        (void)unlinkat(self->fd, name, 0);
        return slu_contents_fail_system(self, "sync the folder of", name, sys,
                                        out_error);
    }
    self->settled = true;
    slu_crash_point("content folder fsync");
    return SLU_ERR_OK;
}

enum slu_err slu_contents_commit(void *ctx,
                                 struct slu_content_writer *take_writer,
                                 struct slu_content_name *out_name,
                                 struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    struct slu_content_name name;
    enum slu_err err;

    slu_content_name_end(take_writer->sha, &name);
    err = slu_contents_has(self, &name)
              ? settle(self, name.text, out_error)
              : publish(take_writer, name.text, out_error);
    free_writer(take_writer);
    if (err == SLU_ERR_OK) {
        *out_name = name;
    }
    return err;
}

void slu_contents_abandon(void *ctx, struct slu_content_writer *take_writer)
{
    (void)ctx;
    free_writer(take_writer);
}

enum slu_err slu_contents_add(struct slu_contents_folder *self,
                              struct slu_view bytes,
                              struct slu_content_name *out_name,
                              struct slu_error *out_error)
{
    struct slu_content_writer *writer;
    struct slu_content_name name;
    enum slu_err err;

    slu_sha256_begin(self->sha);
    slu_sha256_add(self->sha, bytes);
    slu_content_name_end(self->sha, &name);
    if (slu_contents_has_bytes(self, &name, bytes)) {
        *out_name = name;
        return settle(self, name.text, out_error);
    }
    err = slu_contents_begin(self, &writer, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = write_bytes(writer, bytes, out_error);
    if (err == SLU_ERR_OK) {
        err = publish(writer, name.text, out_error);
    }
    free_writer(writer);
    if (err == SLU_ERR_OK) {
        *out_name = name;
    }
    return err;
}

struct piece_writer {
    struct slu_content_writer *writer;
    struct slu_error *error;
};

static enum slu_err append_piece(void *ctx, struct slu_view piece)
{
    struct piece_writer *self = ctx;

    return slu_contents_append(self->writer->folder, self->writer, piece,
                               self->error);
}

static enum slu_err fail_reading(enum slu_err err, int sys,
                                 struct slu_error *out_error)
{
    char text[128];

    if (sys == 0) {
        return err; /* not of reading */
    }
    (void)slu_error_set(out_error, err, "cannot read a file to be kept: %s",
                        strerror_r(sys, text, sizeof(text)));
    if (out_error != NULL) {
        out_error->sys = sys;
    }
    return err;
}

static enum slu_err copy_file(struct slu_contents_folder *self, int fd,
                              struct slu_content_name *out_name,
                              struct slu_error *out_error)
{
    struct piece_writer pieces = {NULL, out_error};
    enum slu_err err = slu_contents_begin(self, &pieces.writer, out_error);
    int sys = 0;

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_fd_each_piece(fd, append_piece, &pieces, &sys);
    if (err != SLU_ERR_OK) {
        slu_contents_abandon(self, pieces.writer);
        return fail_reading(err, sys, out_error);
    }
    return slu_contents_commit(self, pieces.writer, out_name, out_error);
}

/* Read to be hashed, and once more when it is new: what has not changed, as
 * most have not, is not written. */
enum slu_err slu_contents_add_file(struct slu_contents_folder *self, int fd,
                                   struct slu_content_name *out_name,
                                   uint64_t *out_bytes,
                                   struct slu_error *out_error)
{
    off_t begin = lseek(fd, 0, SEEK_CUR);
    struct slu_content_name name;
    int sys = 0;
    enum slu_err err = slu_contents_name_file(self, fd, &name, out_bytes, &sys);

    if (err == SLU_ERR_OK && slu_contents_has(self, &name)) {
        *out_name = name;
        return settle(self, name.text, out_error);
    }
    if (err == SLU_ERR_OK && lseek(fd, begin, SEEK_SET) != begin) {
        sys = errno;
        err = SLU_ERR_IO;
    }
    return err == SLU_ERR_OK ? copy_file(self, fd, out_name, out_error)
                             : fail_reading(err, sys, out_error);
}
