/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that stand in the place of the C library's (see disk_log.h).
 * The calls themselves are made by number (syscall), so that those needn't be
 * found. A call and its note are one step for all threads.
 */
#include "disk_log_state.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == sizeof(off64_t), "two names for one function");

static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
    char below[DISK_PATH_MAX];
    bool known;
    int fd = -1;

    disk_log_lock();
    known = disk_log_finds(dir_fd, path, below);
    if (!disk_log_refuses(known && (flags & (O_CREAT | O_TRUNC)) != 0)) {
        fd = (int)syscall(SYS_openat, dir_fd, path, flags, mode);
    }
    if (fd >= 0 && known) {
        disk_log_opened(fd, below, flags);
    }
    disk_log_unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE
               ? va_arg(args, mode_t)
               : 0;
}

/* So that libraries call them too. */
#pragma GCC visibility push(default)

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int dir_fd, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_at(dir_fd, path, flags, mode);
}

int close(int fd)
{
    int result;

    disk_log_lock();
    disk_log_closed(fd);
    result = (int)syscall(SYS_close, fd);
    disk_log_unlock();
    return result;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t put;

    disk_log_lock();
    if (!disk_log_knows(fd)) {
        disk_log_unlock(); /* it may be a pipe, and wait */
        return syscall(SYS_write, fd, bytes, len);
    }
    put = disk_log_refuses(true) ? -1 : syscall(SYS_write, fd, bytes, len);
    if (put > 0) {
        off_t end = lseek(fd, 0, SEEK_CUR);

        disk_log_written(fd, (uint64_t)(end - put), bytes, (size_t)put);
    }
    disk_log_unlock();
    return put;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t put = -1;
    bool known;

    disk_log_lock();
    known = disk_log_knows(fd);
    if (!disk_log_refuses(known)) {
        put = syscall(SYS_pwrite64, fd, bytes, len, at);
    }
    if (put > 0 && known) {
        disk_log_written(fd, (uint64_t)at, bytes, (size_t)put);
    }
    disk_log_unlock();
    return put;
}

int ftruncate(int fd, off_t len)
{
    int result = -1;
    bool known;

    disk_log_lock();
    known = disk_log_knows(fd);
    if (!disk_log_refuses(known)) {
        result = (int)syscall(SYS_ftruncate, fd, len);
    }
    if (result == 0 && known) {
        disk_log_was_cut(fd, (uint64_t)len);
    }
    disk_log_unlock();
    return result;
}

/* What other threads write meanwhile stands behind it: it may not be on the
 * disk. */
static int sync_fd(long number, int fd)
{
    unsigned delay_ms = disk_log_delay_ms(fd);
    int result = -1;
    bool known;

    if (delay_ms != 0) {
        (void)usleep(delay_ms * 1000);
    }
    disk_log_lock();
    known = disk_log_knows(fd);
    if (!disk_log_refuses(known)) {
        result = (int)syscall(number, fd);
    }
    if (result == 0 && known) {
        disk_log_synced(fd);
    }
    disk_log_unlock();
    return result;
}

int fsync(int fd)
{
    return sync_fd(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_fd(SYS_fdatasync, fd);
}

int unlinkat(int dir_fd, const char *path, int flags)
{
    char below[DISK_PATH_MAX];
    int result = -1;
    bool known;

    disk_log_lock();
    known = disk_log_finds(dir_fd, path, below);
    if (!disk_log_refuses(known)) {
        result = (int)syscall(SYS_unlinkat, dir_fd, path, flags);
    }
    if (result == 0 && known) {
        disk_log_removed(below);
    }
    disk_log_unlock();
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    char from_below[DISK_PATH_MAX];
    char to_below[DISK_PATH_MAX];
    int result = -1;
    bool known;

    disk_log_lock();
    known = disk_log_finds(from_fd, from, from_below) &&
            disk_log_finds(to_fd, to, to_below);
    if (!disk_log_refuses(known)) {
        result = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
    }
    if (result == 0 && known) {
        disk_log_renamed(from_below, to_below);
    }
    disk_log_unlock();
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int mkdirat(int dir_fd, const char *path, mode_t mode)
{
    char below[DISK_PATH_MAX];
    int result = -1;
    bool known;

    disk_log_lock();
    known = disk_log_finds(dir_fd, path, below);
    if (!disk_log_refuses(known)) {
        result = (int)syscall(SYS_mkdirat, dir_fd, path, mode);
    }
    if (result == 0 && known) {
        disk_log_made_folder(below);
    }
    disk_log_unlock();
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* SQLite calls them by these names. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int dir_fd, const char *path, int flags, ...)
    __attribute__((alias("openat")));
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
    __attribute__((alias("pwrite")));
int ftruncate64(int fd, off64_t len) __attribute__((alias("ftruncate")));

#pragma GCC visibility pop
