/* SPDX-License-Identifier: Apache-2.0 */
/* What: the files of a case. */
#include "bench/server.h"
#include "engine/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Absolute, in the case's folder. */
static void find_path(struct slu_bench *bench, const char *path,
                      char out[SLU_BENCH_PATH_BYTES])
{
    int len = path[0] == '/' ? snprintf(out, SLU_BENCH_PATH_BYTES, "%s", path)
                             : snprintf(out, SLU_BENCH_PATH_BYTES, "%s/%s",
                                        bench->work_dir, path);

    slu_bench_require(bench, len > 0 && len < SLU_BENCH_PATH_BYTES,
                      "the path %s is too long", path);
}

static bool write_all(int fd, struct slu_view bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = write(fd, bytes.ptr, bytes.len);

        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        if (wrote > 0) {
            bytes.ptr += wrote;
            bytes.len -= (size_t)wrote;
        }
    }
    return true;
}

void slu_bench_write(struct slu_bench *bench, const char *path,
                     struct slu_view bytes)
{
    char file[SLU_BENCH_PATH_BYTES];
    char folder[SLU_BENCH_PATH_BYTES];
    bool good;
    int sys;
    int fd;

    find_path(bench, path, file);
    (void)snprintf(folder, sizeof(folder), "%s", file);
    *strrchr(folder, '/') = '\0';
    sys = slu_folder_make(folder, 0755);
    slu_bench_require(bench, sys == 0, "cannot make %s: %s", folder,
                      strerror(sys));
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    good = fd >= 0 && write_all(fd, bytes);
    slu_bench_require(bench, good && close(fd) == 0, "cannot write %s: %s",
                      file, strerror(errno));
}

static bool read_all(int fd, char *out, size_t len)
{
    while (len > 0) {
        ssize_t got = read(fd, out, len);

        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0) {
            out += got;
            len -= (size_t)got;
        }
    }
    return true;
}

struct slu_view slu_bench_read(struct slu_bench *bench, const char *path)
{
    char file[SLU_BENCH_PATH_BYTES];
    struct stat info = {0};
    char *bytes;
    size_t len;
    int fd;

    find_path(bench, path, file);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    slu_bench_require(bench, fd >= 0 && fstat(fd, &info) == 0,
                      "cannot read %s: %s", file, strerror(errno));
    len = (size_t)info.st_size;
    bytes = slu_alloc_get(bench->alloc, len + 1);
    slu_bench_require(bench, bytes != NULL, "out of memory");
    slu_bench_require(bench, read_all(fd, bytes, len), "cannot read %s: %s",
                      file, strerror(errno));
    (void)close(fd);
    bytes[len] = '\0';
    return slu_view_make(bytes, len);
}
