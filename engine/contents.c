/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A content is written under a name of the moment (".part-PID-NUMBER"), made
 * durable, and renamed to its hash. Its writer holds a lock on the part, so
 * that the open of another process, which removes what a crash left behind,
 * leaves it alone.
 *
 * What is there is trusted only after its bytes were hashed: 35 MB are 0.1 s,
 * and a list that a full or failing disk has damaged is never published.
 */
#include "engine/contents.h"
#include "codecs/buf.h"
#include "codecs/sha256.h"
#include "engine/crash.h"
#include "engine/files.h"
#include "engine/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/published"
#define DIR_BYTES_MAX 3900
#define PART_PREFIX ".part-"
#define PART_NAME_MAX 48
#define KEPT_MAX 4096 /* names between two sweeps */

struct slu_content_writer {
    struct slu_contents_folder *folder;
    struct slu_sha256 *sha;
    int fd; /* -1: not open */
    uint64_t bytes;
    char part[PART_NAME_MAX];
};

struct slu_contents_folder {
    const struct slu_alloc *alloc;
    struct slu_contents table;
    struct slu_sha256 *sha; /* of what is opened and added */
    int fd;                 /* -1: there is no folder yet */
    unsigned parts;         /* names given to parts so far */
    unsigned in_use;        /* contents and writers */
    struct slu_buf kept;    /* names, one behind the other */
    bool kept_lost;         /* one could not be remembered: delete nothing */
    char dir[DIR_BYTES_MAX + sizeof(FOLDER)];
};

static enum slu_err fail_system(const struct slu_contents_folder *self,
                                const char *verb, const char *name, int sys,
                                struct slu_error *out_error)
{
    char text[128];

    (void)slu_error_set(out_error, SLU_ERR_IO, "cannot %s %.170s%s%s: %s%s",
                        verb, self->dir, *name == '\0' ? "" : "/", name,
                        strerror_r(sys, text, sizeof(text)),
                        slu_files_cure(sys));
    if (out_error != NULL) {
        out_error->sys = sys;
    }
    return SLU_ERR_IO;
}

static enum slu_err fail_nomem(struct slu_error *out_error)
{
    return slu_error_set(out_error, SLU_ERR_NOMEM,
                         "out of memory while keeping a list");
}

static bool is_name(const char *text)
{
    return strlen(text) == SLU_CONTENT_NAME_LEN &&
           strspn(text, "0123456789abcdef") == SLU_CONTENT_NAME_LEN;
}

static void end_hash(struct slu_sha256 *sha, struct slu_content_name *out_name)
{
    unsigned char hash[SLU_SHA256_LEN];

    slu_sha256_end(sha, hash);
    slu_hex_format(hash, sizeof(hash), out_name->text);
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
}

/* ---- the folder ---- */

/* 0 when it is open now; ENOENT when there is none. */
static int open_folder(struct slu_contents_folder *self)
{
    self->fd = open(self->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return self->fd >= 0 ? 0 : errno;
}

static enum slu_err make_folder(struct slu_contents_folder *self,
                                struct slu_error *out_error)
{
    int sys = 0;

    if (self->fd >= 0) {
        return SLU_ERR_OK;
    }
    sys = slu_folder_make(self->dir, 0700);
    if (sys == 0) {
        slu_crash_point("content folder");
        sys = open_folder(self);
    }
    return sys == 0 ? SLU_ERR_OK
                    : fail_system(self, "use the folder", "", sys, out_error);
}

typedef void (*entry_fn)(struct slu_contents_folder *self, const char *name);

/* What can't be read is left for another time. */
static void walk(struct slu_contents_folder *self, entry_fn fn)
{
    int fd = self->fd < 0
                 ? -1
                 : openat(self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (listing == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    while ((entry = readdir(listing)) != NULL) {
        fn(self, entry->d_name);
    }
    (void)closedir(listing);
}

/* Nobody writes to one that can be locked. */
static void remove_left_part(struct slu_contents_folder *self, const char *name)
{
    int fd;

    if (strncmp(name, PART_PREFIX, strlen(PART_PREFIX)) != 0) {
        return;
    }
    fd = openat(self->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(self->fd, name, 0);
    }
    (void)close(fd);
}

/* ---- reading ---- */

static void unmap(struct slu_view bytes)
{
    if (bytes.len > 0) {
        (void)munmap((void *)bytes.ptr, bytes.len);
    }
}

static enum slu_err map_file(struct slu_contents_folder *self, int fd,
                             const char *name, struct slu_view *out_bytes,
                             struct slu_error *out_error)
{
    struct stat info;
    void *bytes;

    *out_bytes = slu_view_make("", 0);
    if (fstat(fd, &info) != 0) {
        return fail_system(self, "read", name, errno, out_error);
    }
    if (!S_ISREG(info.st_mode) || info.st_size > (off_t)SLU_CONTENT_MAX) {
        return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                             "%.170s/%s is not what sluice wrote there",
                             self->dir, name);
    }
    if (info.st_size == 0) {
        return SLU_ERR_OK;
    }
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return errno == ENOMEM
                   ? fail_nomem(out_error)
                   : fail_system(self, "read", name, errno, out_error);
    }
    *out_bytes = slu_view_make(bytes, (size_t)info.st_size);
    return SLU_ERR_OK;
}

static enum slu_err check_hash(struct slu_contents_folder *self,
                               const struct slu_content_name *name,
                               struct slu_view bytes,
                               struct slu_error *out_error)
{
    struct slu_content_name found;

    slu_sha256_begin(self->sha);
    slu_sha256_add(self->sha, bytes);
    end_hash(self->sha, &found);
    if (slu_content_name_equal(&found, name)) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                         "%.170s/%s is damaged: its bytes are not those that "
                         "were written",
                         self->dir, name->text);
}

/* The whole content, mapped. */
static enum slu_err map_content(struct slu_contents_folder *self,
                                const struct slu_content_name *name,
                                struct slu_view *out_bytes,
                                struct slu_error *out_error)
{
    enum slu_err err;
    int fd = -1;

    if (self->fd >= 0 && is_name(name->text)) {
        fd = openat(self->fd, name->text,
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    } else {
        errno = ENOENT;
    }
    if (fd < 0 && errno != ENOENT) {
        return fail_system(self, "open", name->text, errno, out_error);
    }
    if (fd < 0) {
        return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                             "there is no %.170s/%s", self->dir, name->text);
    }
    err = map_file(self, fd, name->text, out_bytes, out_error);
    (void)close(fd);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = check_hash(self, name, *out_bytes, out_error);
    if (err != SLU_ERR_OK) {
        unmap(*out_bytes);
    }
    return err;
}

static enum slu_err open_content(void *ctx, const struct slu_content_name *name,
                                 struct slu_view *out_bytes,
                                 struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    enum slu_err err = map_content(self, name, out_bytes, out_error);

    self->in_use += err == SLU_ERR_OK;
    return err;
}

static void close_content(void *ctx, struct slu_view take_bytes)
{
    struct slu_contents_folder *self = ctx;

    assert(self->in_use > 0);
    self->in_use--;
    unmap(take_bytes);
}

static bool is_there(struct slu_contents_folder *self,
                     const struct slu_content_name *name)
{
    struct slu_view bytes;
    bool there = map_content(self, name, &bytes, NULL) == SLU_ERR_OK;

    if (there) {
        unmap(bytes);
    }
    return there;
}

/* ---- writing ---- */

/* Another process may take a new part for one that was left behind, before it
 * is locked, and remove it: then there is no name any more. */
static int open_part(struct slu_content_writer *writer)
{
    struct slu_contents_folder *self = writer->folder;
    struct stat info;

    (void)snprintf(writer->part, sizeof(writer->part), PART_PREFIX "%ld-%u",
                   (long)getpid(), ++self->parts);
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
    enum slu_err err = make_folder(writer->folder, out_error);
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
        return fail_system(writer->folder, "write", writer->part, sys,
                           out_error);
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

static enum slu_err begin(void *ctx, struct slu_content_writer **out_writer,
                          struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    struct slu_content_writer *writer =
        slu_alloc_zero(self->alloc, sizeof(*writer));
    enum slu_err err;

    if (writer == NULL) {
        return fail_nomem(out_error);
    }
    self->in_use++;
    writer->folder = self;
    writer->fd = -1;
    writer->sha = slu_sha256_new(self->alloc);
    err = writer->sha == NULL ? fail_nomem(out_error)
                              : start_part(writer, out_error);
    if (err != SLU_ERR_OK) {
        free_writer(writer);
        return err;
    }
    slu_sha256_begin(writer->sha);
    *out_writer = writer;
    return SLU_ERR_OK;
}

static enum slu_err append(void *ctx, struct slu_content_writer *writer,
                           struct slu_view bytes, struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;

    if (bytes.len > SLU_CONTENT_MAX - writer->bytes) {
        return slu_error_set(out_error, SLU_ERR_LIMIT,
                             "a list is larger than %u bytes, the most that "
                             "sluice keeps",
                             SLU_CONTENT_MAX);
    }
    slu_sha256_add(writer->sha, bytes);
    writer->bytes += bytes.len;
    while (bytes.len > 0) {
        ssize_t put = write(writer->fd, bytes.ptr, bytes.len);

        if (put < 0 && errno != EINTR) {
            return fail_system(self, "write", writer->part, errno, out_error);
        }
        if (put > 0) {
            bytes.ptr += put;
            bytes.len -= (size_t)put;
        }
    }
    slu_crash_point("content write");
    return SLU_ERR_OK;
}

/* A name is there once its folder is synced too; if that fails it must not be,
 * for a later add would take it for durable. */
static enum slu_err publish(struct slu_content_writer *writer, const char *name,
                            struct slu_error *out_error)
{
    struct slu_contents_folder *self = writer->folder;
    int sys;

    if (fsync(writer->fd) != 0) {
        return fail_system(self, "sync", writer->part, errno, out_error);
    }
    slu_crash_point("content fsync");
    if (renameat(self->fd, writer->part, self->fd, name) != 0) {
        return fail_system(self, "rename a file to", name, errno, out_error);
    }
    (void)close(writer->fd);
    writer->fd = -1;
    slu_crash_point("content rename");
    if (fsync(self->fd) != 0) {
        sys = errno;
        (void)unlinkat(self->fd, name, 0);
        return fail_system(self, "sync the folder of", name, sys, out_error);
    }
    slu_crash_point("content folder fsync");
    return SLU_ERR_OK;
}

static enum slu_err commit(void *ctx, struct slu_content_writer *take_writer,
                           struct slu_content_name *out_name,
                           struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    struct slu_content_name name;
    enum slu_err err = SLU_ERR_OK;

    end_hash(take_writer->sha, &name);
    if (!is_there(self, &name)) {
        err = publish(take_writer, name.text, out_error);
    }
    free_writer(take_writer);
    if (err == SLU_ERR_OK) {
        *out_name = name;
    }
    return err;
}

static void abandon(void *ctx, struct slu_content_writer *take_writer)
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
    end_hash(self->sha, &name);
    if (is_there(self, &name)) {
        *out_name = name;
        return SLU_ERR_OK;
    }
    err = begin(self, &writer, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = append(self, writer, bytes, out_error);
    if (err != SLU_ERR_OK) {
        abandon(self, writer);
        return err;
    }
    return commit(self, writer, out_name, out_error);
}

/* ---- sweep ---- */

void slu_contents_keep(struct slu_contents_folder *self,
                       const struct slu_content_name *name)
{
    if (is_name(name->text) &&
        slu_buf_append(&self->kept,
                       slu_view_make(name->text, SLU_CONTENT_NAME_LEN)) !=
            SLU_ERR_OK) {
        self->kept_lost = true;
    }
}

static bool is_kept(const struct slu_contents_folder *self, const char *name)
{
    for (size_t at = 0; at < self->kept.len; at += SLU_CONTENT_NAME_LEN) {
        if (memcmp(self->kept.ptr + at, name, SLU_CONTENT_NAME_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static void remove_unkept(struct slu_contents_folder *self, const char *name)
{
    if (is_name(name) && !is_kept(self, name)) {
        (void)unlinkat(self->fd, name, 0);
        slu_crash_point("content sweep");
    }
}

void slu_contents_sweep(struct slu_contents_folder *self)
{
    if (!self->kept_lost) {
        walk(self, remove_unkept);
    }
    slu_buf_clear(&self->kept);
    self->kept_lost = false;
}

/* ---- life cycle ---- */

static enum slu_err set_up(struct slu_contents_folder *self,
                           const char *state_dir, struct slu_error *out_error)
{
    int sys;

    if (strlen(state_dir) > DIR_BYTES_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "state_dir is longer than %d bytes",
                             DIR_BYTES_MAX);
    }
    (void)snprintf(self->dir, sizeof(self->dir), "%s" FOLDER, state_dir);
    self->sha = slu_sha256_new(self->alloc);
    if (self->sha == NULL) {
        return fail_nomem(out_error);
    }
    sys = open_folder(self);
    if (sys != 0 && sys != ENOENT) {
        return fail_system(self, "use the folder", "", sys, out_error);
    }
    walk(self, remove_left_part);
    return SLU_ERR_OK;
}

enum slu_err slu_contents_open(const struct slu_alloc *alloc,
                               const char *state_dir,
                               struct slu_contents_folder **out_folder,
                               struct slu_error *out_error)
{
    struct slu_contents_folder *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_folder = NULL;
    if (self == NULL) {
        return fail_nomem(out_error);
    }
    self->alloc = alloc;
    self->fd = -1;
    self->table = (struct slu_contents){
        self, open_content, close_content, begin, append, commit, abandon};
    slu_buf_init(&self->kept, alloc, (size_t)KEPT_MAX * SLU_CONTENT_NAME_LEN);
    err = set_up(self, state_dir, out_error);
    if (err != SLU_ERR_OK) {
        slu_contents_close(self);
        return err;
    }
    *out_folder = self;
    return SLU_ERR_OK;
}

void slu_contents_close(struct slu_contents_folder *self)
{
    if (self == NULL) {
        return;
    }
    assert(self->in_use == 0);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    slu_sha256_free(self->sha);
    slu_buf_fini(&self->kept);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

const struct slu_contents *
slu_contents_table(const struct slu_contents_folder *self)
{
    return &self->table;
}
