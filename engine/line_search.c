/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/line_search.h"

#include "codecs/checks.h"
#include "codecs/list_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 8192

/* ---- what a line is to what is looked for ---- */

enum relation {
    RELATION_NONE,
    RELATION_SAME,
    RELATION_WIDER,
};

static enum relation compare_cidrs(struct slu_cidr wanted, struct slu_cidr line)
{
    if (line.prefix > wanted.prefix || wanted.address < line.address ||
        wanted.address > slu_cidr_last(line)) {
        return RELATION_NONE;
    }
    return line.prefix == wanted.prefix ? RELATION_SAME : RELATION_WIDER;
}

/* "*.example.com" covers every name below example.com, not itself. */
static enum relation compare_names(struct slu_view wanted, struct slu_view line)
{
    struct slu_view end = slu_view_make(line.ptr + 1, line.len - 1);

    if (slu_view_equal(wanted, line)) {
        return RELATION_SAME;
    }
    return line.ptr[0] == '*' && wanted.len > end.len &&
                   memcmp(wanted.ptr + wanted.len - end.len, end.ptr,
                          end.len) == 0
               ? RELATION_WIDER
               : RELATION_NONE;
}

static enum relation compare_line(const struct slu_record *wanted,
                                  const struct slu_record *line)
{
    return wanted->kind == SLU_RECORD_IP
               ? compare_cidrs(slu_record_cidr(wanted), slu_record_cidr(line))
               : compare_names(wanted->key, line->key);
}

/* ---- one file ---- */

/* A wider line has at least four bytes, so that none is the empty text. */
static void keep_wider(struct slu_line_search *self,
                       const struct slu_record *line, uint64_t number,
                       const char *path)
{
    struct slu_record known = {0};
    char entry[SLU_VALUE_MAX];
    char scratch[SLU_VALUE_MAX];
    size_t len = slu_list_entry(line, entry);
    enum slu_kind kind = slu_record_indicator_kind(line);

    /* What covers the line that is known covers more than that one does. */
    if (self->wider_path != NULL &&
        slu_check_value(kind, slu_view_str(self->wider), scratch, &known) ==
            SLU_REASON_NONE &&
        compare_line(&known, line) != RELATION_NONE) {
        return;
    }
    memcpy(self->wider, entry, len);
    self->wider[len] = '\0';
    self->wider_path = path;
    self->wider_line = number;
}

static void look_at_line(struct slu_line_search *self, struct slu_view text,
                         uint64_t number, const char *path)
{
    enum slu_kind kind = slu_record_indicator_kind(&self->wanted);
    char scratch[SLU_VALUE_MAX];
    struct slu_record line = {0};

    if (slu_check_value(kind, text, scratch, &line) != SLU_REASON_NONE) {
        return;
    }
    switch (compare_line(&self->wanted, &line)) {
    case RELATION_SAME:
        if (self->path == NULL) {
            self->path = path;
            self->line = number;
        }
        break;
    case RELATION_WIDER:
        keep_wider(self, &line, number, path);
        break;
    default:
        break;
    }
}

void slu_line_search_text(struct slu_line_search *self, struct slu_view text,
                          const char *path)
{
    uint64_t number = 0;

    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct slu_view one = slu_view_make(text.ptr, len);
        struct slu_view line;

        number++;
        if (slu_list_next_line(&one, &line)) {
            look_at_line(self, line, number, path);
        }
        len += end != NULL;
        text = slu_view_make(text.ptr + len, text.len - len);
    }
}

static enum slu_err search_open_file(struct slu_line_search *self, int fd,
                                     const char *path)
{
    struct stat info;
    void *mapped;

    if (fstat(fd, &info) != 0) {
        return SLU_ERR_IO;
    }
    if (info.st_size == 0) {
        return SLU_ERR_OK;
    }
    mapped = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        return SLU_ERR_IO;
    }
    (void)madvise(mapped, (size_t)info.st_size, MADV_SEQUENTIAL);
    slu_line_search_text(self, slu_view_make(mapped, (size_t)info.st_size),
                         path);
    (void)munmap(mapped, (size_t)info.st_size);
    return SLU_ERR_OK;
}

enum slu_err slu_line_search_file(struct slu_line_search *self, const char *dir,
                                  const char *path, struct slu_error *out_error)
{
    char full[PATH_BYTES_MAX];
    char why[128];
    int fd;
    enum slu_err err;

    (void)snprintf(full, sizeof(full), "%s/%s", dir, path);
    fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return SLU_ERR_OK;
    }
    err = fd < 0 ? SLU_ERR_IO : search_open_file(self, fd, path);
    if (err != SLU_ERR_OK) {
        int sys = errno;

        (void)slu_error_set(out_error, err, "cannot read %s: %s", full,
                            strerror_r(sys, why, sizeof(why)));
        out_error->sys = sys;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}
