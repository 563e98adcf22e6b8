/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is there is trusted only after its bytes were hashed: 35 MB are 0.1 s,
 * and a list that a full or failing disk has damaged is never published.
 */
#include "engine/contents_state.h"
#include "engine/read_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum slu_err add_piece(void *ctx, struct slu_view piece)
{
    slu_sha256_add(ctx, piece);
    return SLU_ERR_OK;
}

enum slu_err slu_contents_name_file(struct slu_contents_folder *self, int fd,
                                    struct slu_content_name *out_name,
                                    uint64_t *out_bytes, int *out_sys)
{
    off_t begin = lseek(fd, 0, SEEK_CUR);
    enum slu_err err;

    slu_sha256_begin(self->sha);
    err = slu_fd_each_piece(fd, add_piece, self->sha, out_sys);
    slu_content_name_end(self->sha, out_name);
    *out_bytes = (uint64_t)(lseek(fd, 0, SEEK_CUR) - begin);
    return err;
}

/* By reading it piece by piece: what is mapped counts as memory in use as soon
 * as it was looked at. */
static enum slu_err prove_file(struct slu_contents_folder *self, int fd,
                               const struct slu_content_name *name,
                               uint64_t *out_bytes, struct slu_error *out_error)
{
    struct slu_content_name found;
    struct stat info;
    int sys = 0;

    if (fstat(fd, &info) != 0) {
        return slu_contents_fail_system(self, "read", name->text, errno,
                                        out_error);
    }
    if (!S_ISREG(info.st_mode) || info.st_size > (off_t)SLU_CONTENT_MAX) {
        return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                             "%.170s/%s is not what sluice wrote there",
                             self->dir, name->text);
    }
    if (slu_contents_name_file(self, fd, &found, out_bytes, &sys) !=
        SLU_ERR_OK) {
        return slu_contents_fail_system(self, "read", name->text, sys,
                                        out_error);
    }
    return slu_content_name_equal(&found, name)
               ? SLU_ERR_OK
               : slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                               "%.170s/%s is damaged: its bytes are not those "
                               "that were written",
                               self->dir, name->text);
}

static enum slu_err map_file(struct slu_contents_folder *self, int fd,
                             const struct slu_content_name *name,
                             uint64_t bytes, struct slu_view *out_bytes,
                             struct slu_error *out_error)
{
    void *mapped;

    *out_bytes = slu_view_make("", 0);
    if (bytes == 0) {
        return SLU_ERR_OK;
    }
    mapped = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        return errno == ENOMEM
                   ? slu_contents_fail_nomem(out_error)
                   : slu_contents_fail_system(self, "read", name->text, errno,
                                              out_error);
    }
    *out_bytes = slu_view_make(mapped, (size_t)bytes);
    return SLU_ERR_OK;
}

static enum slu_err open_file(struct slu_contents_folder *self,
                              const struct slu_content_name *name, int *out_fd,
                              struct slu_error *out_error)
{
    int fd = -1;

    if (self->fd >= 0 && slu_content_name_is_valid(name->text)) {
        fd = openat(self->fd, name->text,
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    } else {
        errno = ENOENT;
    }
    if (fd < 0 && errno != ENOENT) {
        return slu_contents_fail_system(self, "open", name->text, errno,
                                        out_error);
    }
    *out_fd = fd;
    return fd >= 0
               ? SLU_ERR_OK
               : slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                               "there is no %.170s/%s", self->dir, name->text);
}

/* The whole content, proved and mapped; out_bytes NULL: only proved. */
static enum slu_err prove_content(struct slu_contents_folder *self,
                                  const struct slu_content_name *name,
                                  struct slu_view *out_bytes,
                                  struct slu_error *out_error)
{
    uint64_t bytes = 0;
    int fd = -1;
    enum slu_err err = open_file(self, name, &fd, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = prove_file(self, fd, name, &bytes, out_error);
    if (err == SLU_ERR_OK && out_bytes != NULL) {
        err = map_file(self, fd, name, bytes, out_bytes, out_error);
    }
    (void)close(fd);
    return err;
}

enum slu_err slu_contents_open_content(void *ctx,
                                       const struct slu_content_name *name,
                                       struct slu_view *out_bytes,
                                       struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    enum slu_err err = prove_content(self, name, out_bytes, out_error);

    self->in_use += err == SLU_ERR_OK;
    return err;
}

void slu_contents_close_content(void *ctx, struct slu_view take_bytes)
{
    struct slu_contents_folder *self = ctx;

    assert(self->in_use > 0);
    self->in_use--;
    if (take_bytes.len > 0) {
        (void)munmap((void *)take_bytes.ptr, take_bytes.len);
    }
}

bool slu_contents_has(struct slu_contents_folder *self,
                      const struct slu_content_name *name)
{
    return prove_content(self, name, NULL, NULL) == SLU_ERR_OK;
}

bool slu_contents_has_bytes(struct slu_contents_folder *self,
                            const struct slu_content_name *name,
                            struct slu_view bytes)
{
    bool equal = false;
    int sys;
    int fd = -1;

    if (open_file(self, name, &fd, NULL) != SLU_ERR_OK) {
        return false;
    }
    if (slu_fd_equals(fd, bytes, &equal, &sys) != SLU_ERR_OK) {
        equal = false; /* and is written again */
    }
    (void)close(fd);
    return equal;
}
