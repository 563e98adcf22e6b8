/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/scratch.h"
#include "engine/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "sluice-plan.XXXXXX"
#define NAME_KEPT 12 /* of it, before what mkdtemp makes of the Xs */
#define TREE_FDS 16
#define COPY_STEP ((size_t)1 << 24)
#define PATH_BYTES_MAX 4096

static enum slu_err fail(struct slu_error *error, const char *what,
                         const char *path, int sys)
{
    (void)slu_error_set(error, SLU_ERR_IO, "cannot %s %.200s: %s", what, path,
                        strerror(sys));
    error->sys = sys;
    return SLU_ERR_IO;
}

enum slu_err slu_scratch_open(struct slu_scratch *self,
                              struct slu_error *out_error)
{
    const char *parent = getenv("TMPDIR");
    char dir[sizeof(self->dir)];
    int len;

    *self = (struct slu_scratch){0};
    if (parent == NULL || parent[0] == '\0') {
        parent = "/var/tmp";
    }
    len = snprintf(dir, sizeof(dir), "%s/" NAME, parent);
    if (len < 0 || (size_t)len >= sizeof(dir)) {
        return fail(out_error, "make a folder in", parent, ENAMETOOLONG);
    }
    if (mkdtemp(dir) == NULL) {
        return fail(out_error, "make a folder in", parent, errno);
    }
    memcpy(self->dir, dir, sizeof(dir)); /* what is there is removed */
    (void)snprintf(self->state_dir, sizeof(self->state_dir), "%s/state",
                   self->dir);
    (void)snprintf(self->output_dir, sizeof(self->output_dir), "%s/out",
                   self->dir);
    if (mkdir(self->state_dir, 0700) != 0 || mkdir(self->output_dir, 0700)) {
        return fail(out_error, "make a folder in", self->dir, errno);
    }
    return SLU_ERR_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

/* A whole tree is removed: never one that was not made here, whatever went
 * wrong before. */
static bool is_ours(const char *dir)
{
    const char *slash = strrchr(dir, '/');

    return slash != NULL && strlen(slash + 1) == sizeof(NAME) - 1 &&
           strncmp(slash + 1, NAME, NAME_KEPT) == 0;
}

void slu_scratch_close(struct slu_scratch *self)
{
    if (is_ours(self->dir)) {
        (void)nftw(self->dir, remove_one, TREE_FDS,
                   FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    }
    self->dir[0] = '\0';
}

/* errno's number; 0: all of it. */
static int copy_bytes(int from, int to)
{
    for (;;) {
        ssize_t sent = sendfile(to, from, NULL, COPY_STEP);

        if (sent == 0) {
            return 0;
        }
        if (sent < 0 && errno != EINTR) {
            return errno;
        }
    }
}

static int copy_open(int from, const char *path)
{
    char parent[PATH_BYTES_MAX];
    char *slash;
    int sys;
    int to;

    (void)snprintf(parent, sizeof(parent), "%s", path);
    slash = strrchr(parent, '/');
    *slash = '\0';
    sys = slu_folder_make(parent, 0700);
    if (sys != 0) {
        return sys;
    }
    to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) {
        return errno;
    }
    sys = copy_bytes(from, to);
    return close(to) == 0 || sys != 0 ? sys : errno;
}

enum slu_err slu_scratch_copy(const char *from_dir, const char *to_dir,
                              const char *path, struct slu_error *out_error)
{
    char source[PATH_BYTES_MAX];
    char target[PATH_BYTES_MAX];
    int from;
    int sys;

    (void)snprintf(source, sizeof(source), "%s/%s", from_dir, path);
    (void)snprintf(target, sizeof(target), "%s/%s", to_dir, path);
    from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return errno == ENOENT ? SLU_ERR_OK
                               : fail(out_error, "read", source, errno);
    }
    sys = copy_open(from, target);
    (void)close(from);
    return sys == 0 ? SLU_ERR_OK : fail(out_error, "copy to", target, sys);
}
