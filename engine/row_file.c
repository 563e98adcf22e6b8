/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of what becomes durable: the bytes (sync, on the store's thread), then
 * the mark in the store's transaction. So the file is never shorter than the
 * state says, unless somebody else was at it; and what is behind the mark was
 * never committed.
 */
#include "engine/row_file.h"

#include "engine/crash.h"
#include "engine/files.h"
#include "engine/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define CHUNK_BYTES 65536
#define WHOLE " whole" /* behind the numbers of a mark */

static enum slu_err fail_system(const struct slu_row_file *self,
                                const char *verb, int sys,
                                struct slu_error *out_error)
{
    char text[128];

    (void)slu_error_set(out_error, SLU_ERR_IO, "cannot %s %.180s: %s%s", verb,
                        self->path, strerror_r(sys, text, sizeof(text)),
                        slu_files_cure(sys));
    out_error->sys = sys;
    return SLU_ERR_IO;
}

/* ---- marks ---- */

size_t slu_row_mark_format(const struct slu_row_mark *mark,
                           char out[SLU_ROW_MARK_TEXT_MAX])
{
    return (size_t)snprintf(
        out, SLU_ROW_MARK_TEXT_MAX,
        "%" PRIu64 " %" PRIu64 " %016" PRIx64 " %" PRIu64 "%s", mark->bytes,
        mark->lines, mark->tail, mark->inode, mark->whole ? WHOLE : "");
}

bool slu_row_mark_parse(struct slu_view text, struct slu_row_mark *out_mark)
{
    char copy[SLU_ROW_MARK_TEXT_MAX];
    int len = 0;

    if (text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy, "%" SCNu64 " %" SCNu64 " %" SCNx64 " %" SCNu64 "%n",
               &out_mark->bytes, &out_mark->lines, &out_mark->tail,
               &out_mark->inode, &len) != 4) {
        return false;
    }
    out_mark->whole = strcmp(copy + len, WHOLE) == 0;
    return out_mark->whole || (size_t)len == text.len;
}

/* Keeps the last bytes in mind. */
static void add_tail(struct slu_row_file *self, struct slu_view bytes)
{
    size_t keep = SLU_ROW_FILE_TAIL;

    if (bytes.len >= keep) {
        memcpy(self->tail, bytes.ptr + bytes.len - keep, keep);
        self->tail_len = keep;
        return;
    }
    if (self->tail_len + bytes.len > keep) {
        size_t left = keep - bytes.len;

        memmove(self->tail, self->tail + self->tail_len - left, left);
        self->tail_len = left;
    }
    memcpy(self->tail + self->tail_len, bytes.ptr, bytes.len);
    self->tail_len += bytes.len;
}

static void set_tail_mark(struct slu_row_file *self)
{
    self->mark.tail = XXH3_64bits(self->tail, self->tail_len);
}

/* ---- reading ---- */

/* As many bytes as there are, up to len. */
static enum slu_err read_at(const struct slu_row_file *self, uint64_t at,
                            char *out, size_t len, size_t *out_len,
                            struct slu_error *out_error)
{
    size_t done = 0;

    *out_len = 0;
    while (done < len) {
        ssize_t got =
            pread(self->fd, out + done, len - done, (off_t)(at + done));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_system(self, "read", errno, out_error);
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *out_len = done;
    return SLU_ERR_OK;
}

enum slu_err slu_row_file_read(struct slu_row_file *self, uint64_t *at,
                               char *out, size_t len, size_t *out_len,
                               struct slu_error *out_error)
{
    uint64_t left = self->mark.bytes - *at;
    enum slu_err err = read_at(self, *at, out, left < len ? (size_t)left : len,
                               out_len, out_error);

    *at += *out_len;
    return err;
}

/* Reads the tail of the first `bytes` of the file. */
static enum slu_err load_tail(struct slu_row_file *self, uint64_t bytes,
                              struct slu_error *out_error)
{
    size_t len = bytes < SLU_ROW_FILE_TAIL ? (size_t)bytes : SLU_ROW_FILE_TAIL;
    enum slu_err err =
        read_at(self, bytes - len, self->tail, len, &self->tail_len, out_error);

    if (err == SLU_ERR_OK) {
        self->mark.bytes = bytes;
        set_tail_mark(self);
    }
    return err;
}

/* ---- open and close ---- */

static enum slu_err lock_file(struct slu_row_file *self,
                              struct slu_error *out_error)
{
    struct stat info;

    if (fstat(self->fd, &info) != 0) {
        return fail_system(self, "open", errno, out_error);
    }
    if (!S_ISREG(info.st_mode)) {
        return slu_error_set(out_error, SLU_ERR_IO,
                             "cannot append to %.200s: it is no ordinary file; "
                             "move it away",
                             self->path);
    }
    if (flock(self->fd, LOCK_EX | LOCK_NB) != 0) {
        return slu_error_set(out_error, SLU_ERR_STATE,
                             "another run is writing %.200s; wait for its end "
                             "or set another output_dir",
                             self->path);
    }
    self->mark.inode = info.st_ino;
    return SLU_ERR_OK;
}

static enum slu_err sync_name(const struct slu_row_file *self,
                              struct slu_error *out_error)
{
    int sys = slu_folder_sync_parent(AT_FDCWD, self->path);

    return sys == 0 ? SLU_ERR_OK : fail_system(self, "sync", sys, out_error);
}

/* One that was made by a run that was killed before it had synced the name;
 * nothing is appended before. */
static bool is_fresh(const struct slu_row_file *self)
{
    struct stat info;

    return fstat(self->fd, &info) == 0 && info.st_size == 0;
}

/* O_NONBLOCK: a pipe that stands there must not hold us up. */
static enum slu_err open_path(struct slu_row_file *self, unsigned mode,
                              struct slu_error *out_error)
{
    int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

    self->fd = open(self->path, flags);
    if (self->fd >= 0) {
        return is_fresh(self) ? sync_name(self, out_error) : SLU_ERR_OK;
    }
    if (errno != ENOENT) {
        return fail_system(self, "append to", errno, out_error);
    }
    self->fd = open(self->path, flags | O_CREAT | O_EXCL, mode);
    if (self->fd < 0) {
        return fail_system(self, "make", errno, out_error);
    }
    slu_crash_point("row file: made");
    self->made = true;
    return sync_name(self, out_error);
}

enum slu_err slu_row_file_open(struct slu_row_file *self, const char *dir,
                               const char *name, unsigned mode,
                               struct slu_error *out_error)
{
    enum slu_err err;
    int len;

    self->fd = -1;
    self->made = false;
    self->tail_len = 0;
    self->mark = (struct slu_row_mark){0};
    atomic_init(&self->dirty, false);
    len = snprintf(self->path, sizeof(self->path), "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof(self->path)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the path of %.100s is longer than %d bytes", name,
                             SLU_ROW_FILE_PATH_MAX - 1);
    }
    err = open_path(self, mode, out_error);
    return err == SLU_ERR_OK ? lock_file(self, out_error) : err;
}

void slu_row_file_close(struct slu_row_file *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    self->fd = -1;
}

/* ---- where to go on ---- */

/* The number of line ends, and the length up to the last of them. */
static enum slu_err count_lines(struct slu_row_file *self, uint64_t *out_lines,
                                uint64_t *out_full, struct slu_error *out_error)
{
    char chunk[CHUNK_BYTES];
    uint64_t at = 0;
    size_t len;

    *out_lines = 0;
    *out_full = 0;
    do {
        enum slu_err err =
            read_at(self, at, chunk, sizeof(chunk), &len, out_error);

        if (err != SLU_ERR_OK) {
            return err;
        }
        for (size_t i = 0; i < len; i++) {
            if (chunk[i] == '\n') {
                ++*out_lines;
                *out_full = at + i + 1;
            }
        }
        at += len;
    } while (len == sizeof(chunk));
    return SLU_ERR_OK;
}

static enum slu_err truncate_to(struct slu_row_file *self, uint64_t bytes,
                                struct slu_error *out_error)
{
    int done;

    do {
        done = ftruncate(self->fd, (off_t)bytes);
    } while (done != 0 && errno == EINTR);
    slu_crash_point("row file: cut");
    return done == 0 ? SLU_ERR_OK : fail_system(self, "cut", errno, out_error);
}

static enum slu_err resume_at_end(struct slu_row_file *self, uint64_t size,
                                  const struct slu_logger *logger,
                                  struct slu_error *out_error)
{
    uint64_t full;
    enum slu_err err = count_lines(self, &self->mark.lines, &full, out_error);

    if (err == SLU_ERR_OK && full < size) {
        slu_logger_print(logger, SLU_LOG_WARN,
                         "%s ended in a torn line: its last %" PRIu64
                         " bytes are cut off",
                         self->path, size - full);
        err = truncate_to(self, full, out_error);
    }
    return err == SLU_ERR_OK ? load_tail(self, full, out_error) : err;
}

/* True when the file is what the mark was made of, and what may be cut off; the
 * tail is then loaded. */
static bool is_same(struct slu_row_file *self, const struct slu_row_mark *known,
                    uint64_t size, struct slu_error *out_error)
{
    return (known->whole ? size == known->bytes : size >= known->bytes) &&
           load_tail(self, known->bytes, out_error) == SLU_ERR_OK &&
           self->mark.tail == known->tail &&
           (known->bytes >= SLU_ROW_FILE_TAIL ||
            self->mark.inode == known->inode);
}

static enum slu_err resume_at_mark(struct slu_row_file *self,
                                   const struct slu_row_mark *known,
                                   uint64_t size,
                                   const struct slu_logger *logger,
                                   struct slu_error *out_error)
{
    self->mark.lines = known->lines;
    if (size == known->bytes) {
        return SLU_ERR_OK;
    }
    slu_logger_print(logger, SLU_LOG_WARN,
                     "%s: cut back by %" PRIu64 " bytes, which a run that was "
                     "cut off never committed",
                     self->path, size - known->bytes);
    return truncate_to(self, known->bytes, out_error);
}

static void tell_changed(const struct slu_row_file *self,
                         const struct slu_row_mark *known, uint64_t size,
                         const struct slu_logger *logger)
{
    if (known->bytes == 0) {
        return;
    }
    if (self->made) {
        slu_logger_print(logger, SLU_LOG_WARN,
                         "%s was moved away since the last run and is begun "
                         "anew: rows of findings that were in it don't come "
                         "again",
                         self->path);
        return;
    }
    slu_logger_print(logger, SLU_LOG_WARN,
                     "%s was changed since the last run (it has %" PRIu64
                     " bytes, and had %" PRIu64 "): going on at its end",
                     self->path, size, known->bytes);
}

/* A state that was lost, or a folder that another state filled. */
static void tell_foreign(const struct slu_row_file *self, uint64_t size,
                         const char *head, const struct slu_logger *logger)
{
    if (size > (head == NULL ? 0 : strlen(head))) {
        slu_logger_print(logger, SLU_LOG_WARN,
                         "%s has rows that the state in state_dir knows "
                         "nothing of: going on at its end; a finding that is "
                         "pulled again has its rows there twice",
                         self->path);
    }
}

static enum slu_err find_end(struct slu_row_file *self,
                             const struct slu_row_mark *known, const char *head,
                             const struct slu_logger *logger,
                             struct slu_error *out_error)
{
    struct stat info;
    uint64_t size;

    if (fstat(self->fd, &info) != 0) {
        return fail_system(self, "read", errno, out_error);
    }
    size = (uint64_t)info.st_size;
    if (known != NULL) {
        if (is_same(self, known, size, out_error)) {
            return resume_at_mark(self, known, size, logger, out_error);
        }
        tell_changed(self, known, size, logger);
    } else {
        tell_foreign(self, size, head, logger);
    }
    return resume_at_end(self, size, logger, out_error);
}

enum slu_err slu_row_file_resume(struct slu_row_file *self,
                                 const struct slu_row_mark *known,
                                 const char *head,
                                 const struct slu_logger *logger,
                                 struct slu_error *out_error)
{
    enum slu_err err = find_end(self, known, head, logger, out_error);

    if (err == SLU_ERR_OK && self->mark.bytes == 0 && head != NULL) {
        err = slu_row_file_append(self, slu_view_str(head), 1, out_error);
    }
    if (err == SLU_ERR_OK) {
        atomic_store(&self->dirty, true);
        err = slu_row_file_sync(self, out_error);
    }
    return err;
}

/* ---- writing ---- */

static int write_at(int fd, struct slu_view bytes, uint64_t at)
{
    size_t done = 0;

    while (done < bytes.len) {
        ssize_t put =
            pwrite(fd, bytes.ptr + done, bytes.len - done, (off_t)(at + done));

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put == 0 ? ENOSPC : errno;
        }
        done += (size_t)put;
        slu_crash_point("row file: written");
    }
    return 0;
}

enum slu_err slu_row_file_append(struct slu_row_file *self,
                                 struct slu_view bytes, uint64_t lines,
                                 struct slu_error *out_error)
{
    int sys;

    if (bytes.len == 0) {
        return SLU_ERR_OK;
    }
    sys = write_at(self->fd, bytes, self->mark.bytes);
    if (sys != 0) {
        struct slu_error unused;

        /* A cut that fails as well is mended by the next open. */
        if (truncate_to(self, self->mark.bytes, &unused) != SLU_ERR_OK) {
        }
        return fail_system(self, "write", sys, out_error);
    }
    add_tail(self, bytes);
    set_tail_mark(self);
    self->mark.bytes += bytes.len;
    self->mark.lines += lines;
    self->mark.whole = false;
    atomic_store(&self->dirty, true);
    return SLU_ERR_OK;
}

enum slu_err slu_row_file_cut(struct slu_row_file *self,
                              const struct slu_row_mark *mark,
                              struct slu_error *out_error)
{
    enum slu_err err;

    if (self->mark.bytes == mark->bytes) {
        return SLU_ERR_OK;
    }
    err = truncate_to(self, mark->bytes, out_error);
    if (err == SLU_ERR_OK) {
        err = load_tail(self, mark->bytes, out_error);
    }
    self->mark.lines = mark->lines;
    return err;
}

enum slu_err slu_row_file_sync(struct slu_row_file *self,
                               struct slu_error *out_error)
{
    if (!atomic_exchange(&self->dirty, false)) {
        return SLU_ERR_OK;
    }
    slu_crash_point("row file: before sync");
    if (fdatasync(self->fd) != 0) {
        return fail_system(self, "write", errno, out_error);
    }
    slu_crash_point("row file: synced");
    return SLU_ERR_OK;
}
