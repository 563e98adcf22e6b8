/* SPDX-License-Identifier: Apache-2.0 */
/* The folder itself: its life, and what stays in it. */
#include "engine/contents_state.h"
#include "engine/crash.h"
#include "engine/files.h"
#include "engine/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define KEPT_MAX 4096 /* names between two sweeps */

enum slu_err slu_contents_fail_system(const struct slu_contents_folder *self,
                                      const char *verb, const char *name,
                                      int sys, struct slu_error *out_error)
{
    char text[128];

    (void)slu_error_set(out_error, SLU_ERR_IO, "cannot %s %.170s%s%s: %s%s",
                        verb, self->dir, *name == '\0' ? "" : "/", name,
                        strerror_r(sys, text, sizeof(text)),
                        slu_files_cure(sys));
    if (out_error != NULL) {
        out_error->sys = sys;
    }
    return SLU_ERR_IO;
}

enum slu_err slu_contents_fail_nomem(struct slu_error *out_error)
{
    return slu_error_set(out_error, SLU_ERR_NOMEM,
                         "out of memory while keeping a list");
}

bool slu_content_name_is_valid(const char *text)
{
    return strlen(text) == SLU_CONTENT_NAME_LEN &&
           strspn(text, "0123456789abcdef") == SLU_CONTENT_NAME_LEN;
}

void slu_content_name_end(struct slu_sha256 *sha,
                          struct slu_content_name *out_name)
{
    unsigned char hash[SLU_SHA256_LEN];

    slu_sha256_end(sha, hash);
    slu_hex_format(hash, sizeof(hash), out_name->text);
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
}

/* ---- the folder ---- */

/* 0 when it is open now; ENOENT when there is none. */
static int open_folder(struct slu_contents_folder *self)
{
    self->fd = open(self->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return self->fd >= 0 ? 0 : errno;
}

enum slu_err slu_contents_make_folder(struct slu_contents_folder *self,
                                      struct slu_error *out_error)
{
    int sys;

    if (self->made) {
        return SLU_ERR_OK;
    }
    sys = slu_folder_make(self->dir, 0700);
    slu_crash_point("content folder");
    if (sys == 0 && self->fd < 0) {
        sys = open_folder(self);
    }
    self->made = sys == 0;
    return sys == 0 ? SLU_ERR_OK
                    : slu_contents_fail_system(self, "use the folder", "", sys,
                                               out_error);
}

typedef void (*entry_fn)(struct slu_contents_folder *self, const char *name);

/* What can't be read is left for another time. */
static void walk(struct slu_contents_folder *self, entry_fn fn)
{
    int fd = self->fd < 0
                 ? -1
                 : openat(self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (listing == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    while ((entry = readdir(listing)) != NULL) {
        fn(self, entry->d_name);
    }
    (void)closedir(listing);
}

/* Nobody writes to one that can be locked. */
static void remove_left_part(struct slu_contents_folder *self, const char *name)
{
    int fd;

    if (strncmp(name, SLU_CONTENTS_PART_PREFIX,
                strlen(SLU_CONTENTS_PART_PREFIX)) != 0) {
        return;
    }
    fd = openat(self->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(self->fd, name, 0);
    }
    (void)close(fd);
}

/* ---- sweep ---- */

void slu_contents_keep(struct slu_contents_folder *self,
                       const struct slu_content_name *name)
{
    if (slu_content_name_is_valid(name->text) &&
        slu_buf_append(&self->kept,
                       slu_view_make(name->text, SLU_CONTENT_NAME_LEN)) !=
            SLU_ERR_OK) {
        self->kept_lost = true;
    }
}

static bool is_kept(const struct slu_contents_folder *self, const char *name)
{
    for (size_t at = 0; at < self->kept.len; at += SLU_CONTENT_NAME_LEN) {
        if (memcmp(self->kept.ptr + at, name, SLU_CONTENT_NAME_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static void remove_unkept(struct slu_contents_folder *self, const char *name)
{
    if (slu_content_name_is_valid(name) && !is_kept(self, name)) {
        (void)unlinkat(self->fd, name, 0);
        slu_crash_point("content sweep");
    }
}

void slu_contents_sweep(struct slu_contents_folder *self)
{
    if (!self->kept_lost) {
        walk(self, remove_unkept);
    }
    slu_buf_clear(&self->kept);
    self->kept_lost = false;
}

/* ---- life cycle ---- */

static enum slu_err set_up(struct slu_contents_folder *self,
                           const char *state_dir, struct slu_error *out_error)
{
    int sys;

    if (strlen(state_dir) > SLU_CONTENTS_DIR_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "state_dir is longer than %d bytes",
                             SLU_CONTENTS_DIR_MAX);
    }
    (void)snprintf(self->dir, sizeof(self->dir), "%s" SLU_CONTENTS_SUBFOLDER,
                   state_dir);
    self->sha = slu_sha256_new(self->alloc);
    if (self->sha == NULL) {
        return slu_contents_fail_nomem(out_error);
    }
    sys = open_folder(self);
    if (sys != 0 && sys != ENOENT) {
        return slu_contents_fail_system(self, "use the folder", "", sys,
                                        out_error);
    }
    walk(self, remove_left_part);
    return SLU_ERR_OK;
}

enum slu_err slu_contents_open(const struct slu_alloc *alloc,
                               const char *state_dir,
                               struct slu_contents_folder **out_folder,
                               struct slu_error *out_error)
{
    struct slu_contents_folder *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_folder = NULL;
    if (self == NULL) {
        return slu_contents_fail_nomem(out_error);
    }
    self->alloc = alloc;
    self->fd = -1;
    self->table = (struct slu_contents){
        self,
        slu_contents_open_content,
        slu_contents_close_content,
        slu_contents_begin,
        slu_contents_append,
        slu_contents_commit,
        slu_contents_abandon,
    };
    slu_buf_init(&self->kept, alloc, (size_t)KEPT_MAX * SLU_CONTENT_NAME_LEN);
    err = set_up(self, state_dir, out_error);
    if (err != SLU_ERR_OK) {
        slu_contents_close(self);
        return err;
    }
    *out_folder = self;
    return SLU_ERR_OK;
}

void slu_contents_close(struct slu_contents_folder *self)
{
    if (self == NULL) {
        return;
    }
    assert(self->in_use == 0);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    slu_sha256_free(self->sha);
    slu_buf_fini(&self->kept);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

const struct slu_contents *
slu_contents_table(const struct slu_contents_folder *self)
{
    return &self->table;
}
