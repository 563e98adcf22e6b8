/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth first, with a stack of levels. A level is a folder: its descriptor, and
 * its entries' names, each behind a byte that tells folders from files:
 *
 *     names:   D 2025 \0 F a.jsonl \0 ...
 *     sorted:  offsets into names, in the order of "2025/" and "a.jsonl"
 *
 * With a slash behind a folder's name the order of names within each level is
 * the order of whole paths.
 */
#include "engine/local_walk.h"
#include "codecs/plain_text.h"
#include "engine/local_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_ENOUGH (48u * 1024)
#define LINES_MAX (64u * 1024)
#define PATH_BYTES_MAX 4096
#define STEPS_A_TURN 512

struct level {
    int fd;
    size_t path_len; /* of the folder's path, with its slash */
    struct slu_buf names;
    const char **sorted;
    size_t count;
    size_t at;
};

struct slu_walk {
    const struct slu_alloc *alloc;
    struct level levels[SLU_LOCAL_DEPTH_MAX];
    unsigned depth;
    size_t names_bytes; /* of all levels */
    char path[PATH_BYTES_MAX];
    struct slu_buf lines;
    int first_fd; /* not yet read; else -1 */
};

struct slu_walk *slu_walk_new(const struct slu_alloc *alloc, int take_fd)
{
    struct slu_walk *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        (void)close(take_fd);
        return NULL;
    }
    self->alloc = alloc;
    self->first_fd = take_fd;
    slu_buf_init(&self->lines, alloc, LINES_MAX);
    return self;
}

static void free_level(struct slu_walk *self, struct level *level)
{
    if (level->sorted != NULL) {
        slu_alloc_put(self->alloc, level->sorted,
                      level->count * sizeof(*level->sorted));
    }
    slu_buf_fini(&level->names);
    (void)close(level->fd);
}

void slu_walk_free(struct slu_walk *self)
{
    if (self == NULL) {
        return;
    }
    while (self->depth > 0) {
        free_level(self, &self->levels[--self->depth]);
    }
    if (self->first_fd >= 0) {
        (void)close(self->first_fd);
    }
    slu_buf_fini(&self->lines);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- lines ---- */

/* What was left out, and why; path is cleaned, for it may be the cause. */
static enum slu_err tell(struct slu_walk *self, struct slu_view path,
                         const char *why)
{
    char text[300];

    slu_plain_text_copy(path, text, sizeof(text));
    return slu_buf_printf(&self->lines, "! \"%s\" is left out: %s\n", text,
                          why);
}

/* The whole path of an entry of the level on top; empty when it is too long. */
static struct slu_view make_path(struct slu_walk *self, const char *name)
{
    size_t base = self->levels[self->depth - 1].path_len;
    size_t len = strlen(name);

    if (base + len + 2 > sizeof(self->path)) {
        return slu_view_make(self->path, 0);
    }
    memcpy(self->path + base, name, len + 1);
    return slu_view_make(self->path, base + len);
}

static bool has_control(struct slu_view path)
{
    for (size_t i = 0; i < path.len; i++) {
        if ((unsigned char)path.ptr[i] < 0x20) {
            return true;
        }
    }
    return false;
}

static enum slu_err write_file(struct slu_walk *self, const char *name)
{
    struct slu_view path = make_path(self, name);
    struct stat info;

    if (fstatat(self->levels[self->depth - 1].fd, name, &info, 0) != 0 ||
        !S_ISREG(info.st_mode)) {
        /* Gone, a link to nowhere or to a folder, a socket. */
        return SLU_ERR_OK;
    }
    if (path.len == 0) {
        return tell(self, slu_view_str(name), "its path is too long");
    }
    if (has_control(path)) {
        return tell(self, path, "there is a control byte in its name");
    }
    return slu_buf_printf(&self->lines, "%lld %lld %.*s\n",
                          (long long)info.st_size, (long long)info.st_mtime,
                          SLU_VIEW_ARGS(path));
}

/* ---- levels ---- */

static char kind_of(int fd, const struct dirent *entry)
{
    struct stat info;

    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type == DT_DIR ? 'D' : 'F';
    }
    return fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                   S_ISDIR(info.st_mode)
               ? 'D'
               : 'F';
}

static enum slu_err add_name(struct level *level, char kind, const char *name)
{
    size_t len = strlen(name) + 1;
    enum slu_err err = slu_buf_append(&level->names, slu_view_make(&kind, 1));

    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&level->names, slu_view_make(name, len));
    }
    if (err == SLU_ERR_OK) {
        level->count++;
    }
    return err;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static enum slu_err read_names(struct level *level, DIR *dir, int *out_sys)
{
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            *out_sys = errno;
            return errno == 0 ? SLU_ERR_OK : SLU_ERR_IO;
        }
        if (!is_dots(entry->d_name)) {
            err = add_name(level, kind_of(level->fd, entry), entry->d_name);
        }
    }
    return err;
}

/* As if a slash stood behind a folder's name. */
static int compare_names(const void *a, const void *b)
{
    const char *x = *(const char *const *)a;
    const char *y = *(const char *const *)b;
    size_t at = 1;

    while (x[at] != '\0' && x[at] == y[at]) {
        at++;
    }
    return (int)(unsigned char)(x[at] == '\0' && x[0] == 'D' ? '/' : x[at]) -
           (int)(unsigned char)(y[at] == '\0' && y[0] == 'D' ? '/' : y[at]);
}

static enum slu_err sort_names(struct slu_walk *self, struct level *level)
{
    const char *name = level->names.ptr;

    if (level->count == 0) {
        return SLU_ERR_OK;
    }
    level->sorted =
        slu_alloc_get(self->alloc, level->count * sizeof(*level->sorted));
    if (level->sorted == NULL) {
        return SLU_ERR_NOMEM;
    }
    for (size_t i = 0; i < level->count; i++) {
        level->sorted[i] = name;
        name += strlen(name) + 1;
    }
    qsort(level->sorted, level->count, sizeof(*level->sorted), compare_names);
    return SLU_ERR_OK;
}

/* Reads a folder whole; nothing of it is kept on failure. */
static enum slu_err push_level(struct slu_walk *self, int take_fd,
                               size_t path_len, int *out_sys)
{
    struct level *level = &self->levels[self->depth];
    /* The stream closes its descriptor; the level's is another. */
    int stream_fd = fcntl(take_fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = stream_fd < 0 ? NULL : fdopendir(stream_fd);
    enum slu_err err;

    *level = (struct level){.fd = take_fd, .path_len = path_len};
    slu_buf_init(&level->names, self->alloc,
                 SLU_LOCAL_NAMES_MAX - self->names_bytes);
    if (dir == NULL) {
        *out_sys = errno;
        err = SLU_ERR_IO;
        if (stream_fd >= 0) {
            (void)close(stream_fd);
        }
    } else {
        err = read_names(level, dir, out_sys);
        (void)closedir(dir);
    }
    if (err == SLU_ERR_OK) {
        err = sort_names(self, level);
    }
    if (err != SLU_ERR_OK) {
        free_level(self, level);
        return err;
    }
    self->depth++;
    self->names_bytes += level->names.len;
    return SLU_ERR_OK;
}

/* Only what can't be read is told and passed over. */
static enum slu_err enter_folder(struct slu_walk *self, const char *name)
{
    struct slu_view path = make_path(self, name);
    int sys = 0;
    int fd;
    enum slu_err err;

    if (path.len == 0) {
        return tell(self, slu_view_str(name), "its path is too long");
    }
    if (self->depth == SLU_LOCAL_DEPTH_MAX) {
        return tell(self, path, "it lies too many folders deep");
    }
    fd = openat(self->levels[self->depth - 1].fd, name,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    sys = errno;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
        return SLU_ERR_OK;
    }
    self->path[path.len] = '/';
    err = fd < 0 ? SLU_ERR_IO : push_level(self, fd, path.len + 1, &sys);
    if (err == SLU_ERR_IO) {
        return tell(self, path, strerror(sys));
    }
    return err;
}

static enum slu_err step(struct slu_walk *self)
{
    struct level *level = &self->levels[self->depth - 1];
    const char *entry;

    if (level->at == level->count) {
        self->names_bytes -= level->names.len;
        free_level(self, level);
        self->depth--;
        return SLU_ERR_OK;
    }
    entry = level->sorted[level->at++];
    return entry[0] == 'D' ? enter_folder(self, entry + 1)
                           : write_file(self, entry + 1);
}

enum slu_err slu_walk_next(struct slu_walk *self, struct slu_view *out_lines,
                           int *out_sys)
{
    enum slu_err err = SLU_ERR_OK;
    int fd = self->first_fd;

    slu_buf_clear(&self->lines);
    if (fd >= 0) {
        self->first_fd = -1;
        err = push_level(self, fd, 0, out_sys);
    }
    for (unsigned i = 0; i < STEPS_A_TURN && err == SLU_ERR_OK &&
                         self->depth > 0 && self->lines.len < LINES_ENOUGH;
         i++) {
        err = step(self);
    }
    *out_lines = slu_buf_view(&self->lines);
    return err;
}

bool slu_walk_is_done(const struct slu_walk *self)
{
    return self->first_fd < 0 && self->depth == 0;
}
