/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor that was closed elsewhere, and is given again, is told by its
 * file's number: it is not the one that was opened.
 */
#include "disk_log_state.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX 1024

/* A file or folder, where it is now. */
struct node {
    bool there;
    bool folder;
    char path[DISK_PATH_MAX]; /* below the root; "" is the root itself */
};

struct known_fd {
    bool open;
    unsigned node;
    ino_t inode;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool watching;
static _Thread_local bool locked; /* by this thread */
static char root[DISK_PATH_MAX];
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

/* Nothing is locked while nothing is watched: what runs the tests has threads
 * and forks, and what a thread has locked stays so in the child. */
void disk_log_lock(void)
{
    locked = atomic_load(&watching);
    if (locked) {
        (void)pthread_mutex_lock(&mutex);
    }
}

void disk_log_unlock(void)
{
    if (locked) {
        locked = false;
        (void)pthread_mutex_unlock(&mutex);
    }
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

bool disk_log_finds(int dir_fd, const char *path, char out[DISK_PATH_MAX])
{
    char whole[2 * DISK_PATH_MAX];
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
            len += (size_t)snprintf(out + len, DISK_PATH_MAX - len, "%s%.*s",
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
    char folder[DISK_PATH_MAX];
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
    (void)snprintf(nodes[node_count].path, DISK_PATH_MAX, "%s", path);
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

bool disk_log_knows(int fd)
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

bool disk_log_refuses(bool known)
{
    if (!known || op_count < kill_at) {
        return false;
    }
    errno = EIO;
    return true;
}

void disk_log_opened(int fd, const char *path, int flags)
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

void disk_log_removed(const char *path)
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

void disk_log_renamed(const char *from, const char *to)
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
    (void)snprintf(nodes[node].path, DISK_PATH_MAX, "%s", to);
}

void disk_log_closed(int fd)
{
    if (locked && fd >= 0 && fd < FDS_MAX) {
        fds[fd].open = false;
    }
}

void disk_log_made_folder(const char *path)
{
    (void)add_node(path, true);
}

void disk_log_written(int fd, uint64_t at, const void *bytes, size_t len)
{
    add_write(fds[fd].node, at, bytes, len);
}

void disk_log_was_cut(int fd, uint64_t len)
{
    add_op(DISK_CUT, fds[fd].node)->at = len;
}

void disk_log_synced(int fd)
{
    (void)add_op(DISK_SYNC, fds[fd].node);
}

unsigned disk_log_delay_ms(int fd)
{
    unsigned ms = 0;

    disk_log_lock();
    if (slow_name != NULL && disk_log_knows(fd) &&
        strcmp(name_of(nodes[fds[fd].node].path), slow_name) == 0) {
        ms = slow_ms;
    }
    disk_log_unlock();
    return ms;
}

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
    disk_log_lock();
    watching = false;
    disk_log_unlock();
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
    kill_at = SIZE_MAX;
    slow_name = NULL;
}

void disk_log_kill_at(size_t count)
{
    disk_log_lock();
    kill_at = count;
    disk_log_unlock();
}

void disk_log_slow_down(const char *name, unsigned ms)
{
    disk_log_lock();
    slow_name = name;
    slow_ms = ms;
    disk_log_unlock();
}

/* ---- reading ---- */

void disk_log_note(unsigned channel, uint64_t value)
{
    disk_log_lock();
    add_op(DISK_NOTE, channel)->at = value;
    disk_log_unlock();
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
