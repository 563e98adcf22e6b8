/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls themselves are made by number (syscall), so that the functions that
 * stand in their place needn't find those of the C library.
 *
 * A descriptor that was closed elsewhere, and is given again, is told by its
 * file's number: it is not the one that was opened.
 */
#include "disk_log.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_ROOM 512
#define FDS_MAX 1024

/* A file or folder, where it is now. */
struct node {
    bool there;
    bool folder;
    char path[PATH_ROOM]; /* below the root; "" is the root itself */
};

struct known_fd {
    bool open;
    unsigned node;
    ino_t inode;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool watching;
static char root[PATH_ROOM];
static struct node nodes[DISK_NODES_MAX];
static unsigned node_count;
static struct known_fd fds[FDS_MAX];
static struct disk_op *ops;
static size_t op_count;
static size_t op_room;
static size_t begin_count;
static size_t kill_at = SIZE_MAX;
static const char *slow_name;
static unsigned slow_ms;

static void give_up(const char *why)
{
    (void)fprintf(stderr, "disk_log: %s\n", why);
    abort();
}

/* ---- the log ---- */

static struct disk_op *add_op(enum disk_kind kind, unsigned node)
{
    struct disk_op *op;

    if (op_count == op_room) {
        op_room = op_room == 0 ? 1024 : op_room * 2;
        ops = realloc(ops, op_room * sizeof(*ops));
        if (ops == NULL) {
            give_up("out of memory");
        }
    }
    op = &ops[op_count++];
    *op = (struct disk_op){.kind = kind, .node = node};
    return op;
}

static void add_write(unsigned node, uint64_t at, const void *bytes, size_t len)
{
    struct disk_op *op = add_op(DISK_WRITE, node);

    op->at = at;
    op->len = len;
    op->bytes = malloc(len + 1);
    if (op->bytes == NULL) {
        give_up("out of memory");
    }
    memcpy(op->bytes, bytes, len);
}

/* ---- paths ---- */

/* The path below the root without "." and doubled slashes; false when it is
 * elsewhere. */
static bool find_path(int dir_fd, const char *path, char out[PATH_ROOM])
{
    char whole[2 * PATH_ROOM];
    const char *at = whole;
    size_t root_len = strlen(root);
    size_t len = 0;

    if (!watching || path == NULL) {
        return false;
    }
    if (*path == '/') {
        (void)snprintf(whole, sizeof(whole), "%s", path);
    } else if (dir_fd >= 0 && dir_fd < FDS_MAX && fds[dir_fd].open) {
        (void)snprintf(whole, sizeof(whole), "%s/%s/%s", root,
                       nodes[fds[dir_fd].node].path, path);
    } else {
        return false;
    }
    if (strncmp(whole, root, root_len) != 0 ||
        (whole[root_len] != '/' && whole[root_len] != '\0')) {
        return false;
    }
    at += root_len;
    while (*at != '\0') {
        size_t part = strcspn(at, "/");

        if (part != 0 && !(part == 1 && *at == '.')) {
            len += (size_t)snprintf(out + len, PATH_ROOM - len, "%s%.*s",
                                    len == 0 ? "" : "/", (int)part, at);
        }
        at += part + (at[part] == '/');
    }
    out[len] = '\0';
    return true;
}

/* DISK_NODES_MAX: none. */
static unsigned find_node(const char *path)
{
    for (unsigned i = node_count; i-- > 0;) {
        if (nodes[i].there && strcmp(nodes[i].path, path) == 0) {
            return i;
        }
    }
    return DISK_NODES_MAX;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static unsigned folder_of(const char *path)
{
    char folder[PATH_ROOM];
    size_t len = (size_t)(name_of(path) - path);
    unsigned node;

    (void)snprintf(folder, sizeof(folder), "%.*s", len == 0 ? 0 : (int)len - 1,
                   path);
    node = find_node(folder);
    if (node == DISK_NODES_MAX) {
        give_up("a file in a folder that was not seen");
    }
    return node;
}

static unsigned add_node(const char *path, bool folder)
{
    struct disk_op *op;

    if (node_count == DISK_NODES_MAX ||
        strlen(name_of(path)) >= DISK_NAME_MAX) {
        give_up("too many files, or too long a name");
    }
    nodes[node_count].there = true;
    nodes[node_count].folder = folder;
    (void)snprintf(nodes[node_count].path, PATH_ROOM, "%s", path);
    if (*path != '\0') {
        op = add_op(folder ? DISK_MAKE_FOLDER : DISK_MAKE_FILE, node_count);
        op->folder = folder_of(path);
        (void)snprintf(op->name, DISK_NAME_MAX, "%s", name_of(path));
    }
    return node_count++;
}

/* ---- what the calls leave ---- */

static void know_fd(int fd, unsigned node)
{
    struct stat info;

    if (fd < FDS_MAX && fstat(fd, &info) == 0) {
        fds[fd] = (struct known_fd){true, node, info.st_ino};
    }
}

/* True when the descriptor is of a file below the root. */
static bool is_known(int fd)
{
    struct stat info;

    if (!watching || fd < 0 || fd >= FDS_MAX || !fds[fd].open) {
        return false;
    }
    if (fstat(fd, &info) != 0 || info.st_ino != fds[fd].inode) {
        fds[fd].open = false;
    }
    return fds[fd].open;
}

/* True, with errno, when a call on such a path or descriptor is one too many.
 */
static bool is_killed(bool known)
{
    if (!known || op_count < kill_at) {
        return false;
    }
    errno = EIO;
    return true;
}

static void note_open(int fd, const char *path, int flags)
{
    unsigned node = find_node(path);
    struct stat info;

    if (fd < FDS_MAX) {
        fds[fd].open = false;
    }
    if (node == DISK_NODES_MAX) {
        if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
            return;
        }
        node = add_node(path, false);
    } else if ((flags & O_TRUNC) != 0) {
        (void)add_op(DISK_CUT, node);
    }
    know_fd(fd, node);
}

static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
    char below[PATH_ROOM];
    bool known;
    int fd = -1;

    (void)pthread_mutex_lock(&mutex);
    known = find_path(dir_fd, path, below);
    if (!is_killed(known && (flags & (O_CREAT | O_TRUNC)) != 0)) {
        fd = (int)syscall(SYS_openat, dir_fd, path, flags, mode);
    }
    if (fd >= 0 && known) {
        note_open(fd, below, flags);
    }
    (void)pthread_mutex_unlock(&mutex);
    return fd;
}

static void note_removed(const char *path)
{
    unsigned node = find_node(path);
    struct disk_op *op;

    if (node == DISK_NODES_MAX) {
        give_up("a file was removed that was not seen");
    }
    op = add_op(DISK_REMOVE, node);
    op->folder = folder_of(path);
    (void)snprintf(op->name, DISK_NAME_MAX, "%s", name_of(path));
    nodes[node].there = false;
}

static void note_renamed(const char *from, const char *to)
{
    unsigned node = find_node(from);
    unsigned old = find_node(to);
    struct disk_op *op;

    if (node == DISK_NODES_MAX || folder_of(from) != folder_of(to)) {
        give_up("a file was renamed that was not seen, or to another folder");
    }
    op = add_op(DISK_RENAME, node);
    op->folder = folder_of(from);
    (void)snprintf(op->name, DISK_NAME_MAX, "%s", name_of(from));
    (void)snprintf(op->to_name, DISK_NAME_MAX, "%s", name_of(to));
    if (old != DISK_NODES_MAX) {
        nodes[old].there = false;
    }
    (void)snprintf(nodes[node].path, PATH_ROOM, "%s", to);
}

/* ---- in the place of the C library's ---- */

/* So that libraries call them too. */
#pragma GCC visibility push(default)

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

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

    (void)pthread_mutex_lock(&mutex);
    if (fd >= 0 && fd < FDS_MAX) {
        fds[fd].open = false;
    }
    result = (int)syscall(SYS_close, fd);
    (void)pthread_mutex_unlock(&mutex);
    return result;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t put;

    if (!is_known(fd)) {
        return syscall(SYS_write, fd, bytes, len);
    }
    (void)pthread_mutex_lock(&mutex);
    put = is_killed(true) ? -1 : syscall(SYS_write, fd, bytes, len);
    if (put > 0) {
        off_t end = lseek(fd, 0, SEEK_CUR);

        add_write(fds[fd].node, (uint64_t)(end - put), bytes, (size_t)put);
    }
    (void)pthread_mutex_unlock(&mutex);
    return put;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t put = -1;
    bool known;

    (void)pthread_mutex_lock(&mutex);
    known = is_known(fd);
    if (!is_killed(known)) {
        put = syscall(SYS_pwrite64, fd, bytes, len, at);
    }
    if (put > 0 && known) {
        add_write(fds[fd].node, (uint64_t)at, bytes, (size_t)put);
    }
    (void)pthread_mutex_unlock(&mutex);
    return put;
}

int ftruncate(int fd, off_t len)
{
    int result = -1;
    bool known;

    (void)pthread_mutex_lock(&mutex);
    known = is_known(fd);
    if (!is_killed(known)) {
        result = (int)syscall(SYS_ftruncate, fd, len);
    }
    if (result == 0 && known) {
        add_op(DISK_CUT, fds[fd].node)->at = (uint64_t)len;
    }
    (void)pthread_mutex_unlock(&mutex);
    return result;
}

static void take_time(int fd)
{
    unsigned ms = 0;

    (void)pthread_mutex_lock(&mutex);
    if (slow_name != NULL && is_known(fd) &&
        strcmp(name_of(nodes[fds[fd].node].path), slow_name) == 0) {
        ms = slow_ms;
    }
    (void)pthread_mutex_unlock(&mutex);
    if (ms != 0) {
        (void)usleep(ms * 1000);
    }
}

/* What other threads write meanwhile stands behind it: it may not be on the
 * disk. */
static int sync_fd(long number, int fd)
{
    int result = -1;
    bool known;

    take_time(fd);
    (void)pthread_mutex_lock(&mutex);
    known = is_known(fd);
    if (!is_killed(known)) {
        result = (int)syscall(number, fd);
    }
    if (result == 0 && known) {
        (void)add_op(DISK_SYNC, fds[fd].node);
    }
    (void)pthread_mutex_unlock(&mutex);
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
    char below[PATH_ROOM];
    int result = -1;
    bool known;

    (void)pthread_mutex_lock(&mutex);
    known = find_path(dir_fd, path, below);
    if (!is_killed(known)) {
        result = (int)syscall(SYS_unlinkat, dir_fd, path, flags);
    }
    if (result == 0 && known) {
        note_removed(below);
    }
    (void)pthread_mutex_unlock(&mutex);
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
    char from_below[PATH_ROOM];
    char to_below[PATH_ROOM];
    int result = -1;
    bool known;

    (void)pthread_mutex_lock(&mutex);
    known =
        find_path(from_fd, from, from_below) && find_path(to_fd, to, to_below);
    if (!is_killed(known)) {
        result = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
    }
    if (result == 0 && known) {
        note_renamed(from_below, to_below);
    }
    (void)pthread_mutex_unlock(&mutex);
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int mkdirat(int dir_fd, const char *path, mode_t mode)
{
    char below[PATH_ROOM];
    int result = -1;
    bool known;

    (void)pthread_mutex_lock(&mutex);
    known = find_path(dir_fd, path, below);
    if (!is_killed(known)) {
        result = (int)syscall(SYS_mkdirat, dir_fd, path, mode);
    }
    if (result == 0 && known) {
        (void)add_node(below, true);
    }
    (void)pthread_mutex_unlock(&mutex);
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

/* ---- start and stop ---- */

static void load_bytes(const char *path, unsigned node)
{
    char bytes[65536];
    uint64_t at = 0;
    ssize_t got;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

    if (fd < 0) {
        give_up("what was there can't be read");
    }
    while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
        add_write(node, at, bytes, (size_t)got);
        at += (uint64_t)got;
    }
    (void)syscall(SYS_close, fd);
}

static int load_one(const char *path, const struct stat *info, int type,
                    struct FTW *where)
{
    unsigned node;

    (void)info;
    if (where->level == 0) {
        return 0;
    }
    node = add_node(path + strlen(root) + 1, type == FTW_D);
    if (type == FTW_F) {
        load_bytes(path, node);
    }
    return 0;
}

void disk_log_start(const char *folder)
{
    disk_log_free();
    (void)snprintf(root, sizeof(root), "%s", folder);
    (void)add_node("", true);
    if (nftw(root, load_one, 16, FTW_PHYS) != 0) {
        give_up("the folder can't be read");
    }
    for (unsigned node = 0; node < node_count; node++) {
        (void)add_op(DISK_SYNC, node);
    }
    begin_count = op_count;
    memset(fds, 0, sizeof(fds));
    watching = true;
}

void disk_log_stop(void)
{
    (void)pthread_mutex_lock(&mutex);
    watching = false;
    (void)pthread_mutex_unlock(&mutex);
}

void disk_log_free(void)
{
    for (size_t i = 0; i < op_count; i++) {
        free(ops[i].bytes);
    }
    free(ops);
    ops = NULL;
    op_count = 0;
    op_room = 0;
    node_count = 0;
}

void disk_log_kill_at(size_t count)
{
    (void)pthread_mutex_lock(&mutex);
    kill_at = count;
    (void)pthread_mutex_unlock(&mutex);
}

void disk_log_slow_down(const char *name, unsigned ms)
{
    (void)pthread_mutex_lock(&mutex);
    slow_name = name;
    slow_ms = ms;
    (void)pthread_mutex_unlock(&mutex);
}

/* ---- reading ---- */

void disk_log_note(unsigned channel, uint64_t value)
{
    (void)pthread_mutex_lock(&mutex);
    add_op(DISK_NOTE, channel)->at = value;
    (void)pthread_mutex_unlock(&mutex);
}

size_t disk_log_count(void)
{
    return op_count;
}

size_t disk_log_begin(void)
{
    return begin_count;
}

const struct disk_op *disk_log_at(size_t index)
{
    return &ops[index];
}

uint64_t disk_log_noted(unsigned channel, size_t count)
{
    while (count-- > 0) {
        if (ops[count].kind == DISK_NOTE && ops[count].node == channel) {
            return ops[count].at;
        }
    }
    return 0;
}
