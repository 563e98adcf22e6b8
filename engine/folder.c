/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4000

static int sync_folder(int dir_fd, const char *path)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int sys = 0;

    if (fd < 0) {
        return errno;
    }
    if (fsync(fd) != 0) {
        sys = errno;
    }
    (void)close(fd);
    return sys;
}

int slu_folder_sync_parent(int dir_fd, const char *path)
{
    char parent[PATH_BYTES_MAX + 1];
    char *slash;

    if (strlen(path) >= sizeof(parent)) {
        return ENAMETOOLONG;
    }
    (void)snprintf(parent, sizeof(parent), "%s", path);
    slash = strrchr(parent, '/');
    if (slash == NULL) {
        return sync_folder(dir_fd, ".");
    }
    slash[slash == parent ? 1 : 0] = '\0';
    return sync_folder(dir_fd, parent);
}

/* What can't be read is not ours. */
static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;

    if (folder == NULL) {
        return false;
    }
    while (count < 3 && readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count < 3; /* itself and the one above */
}

/* One that is empty may have been made by a run that was killed before it had
 * waited for the disk; nothing is put into one before. But who may not read
 * what is above it has not made it. */
static int keep_one(const char *path)
{
    struct stat info;
    int sys;

    if (stat(path, &info) != 0) {
        return errno;
    }
    if (!S_ISDIR(info.st_mode)) {
        return ENOTDIR;
    }
    if (!is_empty(path)) {
        return 0;
    }
    sys = slu_folder_sync_parent(AT_FDCWD, path);
    return sys == EACCES || sys == EPERM || sys == EINVAL || sys == EROFS ? 0
                                                                          : sys;
}

static int make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0) {
        return slu_folder_sync_parent(AT_FDCWD, path);
    }
    return errno == EEXIST ? keep_one(path) : errno;
}

/* Makes every folder above the last; one that can't be made is found out when
 * the next is. */
static int make_parents(char *path)
{
    char *at = path + 1;

    while ((at = strchr(at, '/')) != NULL) {
        int sys;

        *at = '\0';
        sys = make_one(path, 0755);
        *at++ = '/';
        if (sys != 0) {
            return sys;
        }
    }
    return 0;
}

int slu_folder_make(const char *path, mode_t mode)
{
    char copy[PATH_BYTES_MAX + 1];
    size_t len = strlen(path);
    int sys;

    if (len == 0) {
        return ENOENT;
    }
    if (len >= sizeof(copy)) {
        return ENAMETOOLONG;
    }
    memcpy(copy, path, len + 1);
    while (len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    sys = make_parents(copy);
    return sys == 0 ? make_one(copy, mode) : sys;
}
