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
        return slu_contents_fail_system(self, "read", name, errno, out_error);
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
        return errno == ENOMEM ? slu_contents_fail_nomem(out_error)
                               : slu_contents_fail_system(self, "read", name,
                                                          errno, out_error);
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
    slu_content_name_end(self->sha, &found);
    if (slu_content_name_equal(&found, name)) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                         "%.170s/%s is damaged: its bytes are not those that "
                         "were written",
                         self->dir, name->text);
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

/* The whole content, mapped and proved. */
static enum slu_err map_content(struct slu_contents_folder *self,
                                const struct slu_content_name *name,
                                struct slu_view *out_bytes,
                                struct slu_error *out_error)
{
    int fd = -1;
    enum slu_err err = open_file(self, name, &fd, out_error);

    if (err != SLU_ERR_OK) {
        return err;
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

enum slu_err slu_contents_open_content(void *ctx,
                                       const struct slu_content_name *name,
                                       struct slu_view *out_bytes,
                                       struct slu_error *out_error)
{
    struct slu_contents_folder *self = ctx;
    enum slu_err err = map_content(self, name, out_bytes, out_error);

    self->in_use += err == SLU_ERR_OK;
    return err;
}

void slu_contents_close_content(void *ctx, struct slu_view take_bytes)
{
    struct slu_contents_folder *self = ctx;

    assert(self->in_use > 0);
    self->in_use--;
    unmap(take_bytes);
}

bool slu_contents_has(struct slu_contents_folder *self,
                      const struct slu_content_name *name)
{
    struct slu_view bytes;
    bool there = map_content(self, name, &bytes, NULL) == SLU_ERR_OK;

    if (there) {
        unmap(bytes);
    }
    return there;
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
