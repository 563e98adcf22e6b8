/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)16 * 1024)
#define CHUNK_BYTES (64u * 1024)

ssize_t slu_fd_read(int fd, char *out, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, out + done, len - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

enum slu_err slu_fd_equals(int fd, struct slu_view bytes, bool *out_equal,
                           int *out_sys)
{
    char piece[PIECE_BYTES];
    bool equal = true;

    *out_sys = 0;
    *out_equal = false;
    /* Once more than there is, to see the end. */
    for (bool ended = false; equal && !ended;) {
        size_t len = bytes.len < sizeof(piece) ? bytes.len : sizeof(piece);
        ssize_t got = slu_fd_read(fd, piece, len > 0 ? len : 1);

        if (got < 0) {
            *out_sys = errno;
            return SLU_ERR_IO;
        }
        equal = (size_t)got == len &&
                (len == 0 || memcmp(piece, bytes.ptr, len) == 0);
        ended = len == 0;
        bytes.ptr += len;
        bytes.len -= len;
    }
    *out_equal = equal;
    return SLU_ERR_OK;
}

enum slu_err slu_fd_each_piece(int fd, slu_piece_fn fn, void *ctx, int *out_sys)
{
    char piece[PIECE_BYTES];
    enum slu_err err = SLU_ERR_OK;
    ssize_t got;

    *out_sys = 0;
    do {
        got = slu_fd_read(fd, piece, sizeof(piece));
        if (got < 0) {
            *out_sys = errno;
            return SLU_ERR_IO;
        }
        if (got > 0) {
            err = fn(ctx, slu_view_make(piece, (size_t)got));
        }
    } while (err == SLU_ERR_OK && got == (ssize_t)sizeof(piece));
    return err;
}

/* The buffer is full: that is the end only if the file ends here too. */
static enum slu_err expect_end(int fd, int *out_sys)
{
    char more;
    ssize_t got = slu_fd_read(fd, &more, 1);

    if (got < 0) {
        *out_sys = errno;
        return SLU_ERR_IO;
    }
    return got == 0 ? SLU_ERR_OK : SLU_ERR_LIMIT;
}

enum slu_err slu_fd_read_all(int fd, struct slu_buf *buf, int *out_sys)
{
    *out_sys = 0;
    while (buf->len < buf->max) {
        size_t left = buf->max - buf->len;
        size_t room_len = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        char *room;
        ssize_t got;

        if (slu_buf_reserve(buf, room_len, &room) != SLU_ERR_OK) {
            return SLU_ERR_NOMEM;
        }
        got = slu_fd_read(fd, room, room_len);
        if (got < 0) {
            *out_sys = errno;
            return SLU_ERR_IO;
        }
        slu_buf_commit(buf, (size_t)got);
        if ((size_t)got < room_len) {
            return SLU_ERR_OK;
        }
    }
    return expect_end(fd, out_sys);
}

enum slu_err slu_file_read_all(const char *path, struct slu_buf *buf,
                               int *out_sys)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum slu_err err;

    if (fd < 0) {
        *out_sys = errno;
        return errno == ENOENT ? SLU_ERR_NOT_FOUND : SLU_ERR_IO;
    }
    slu_buf_clear(buf);
    err = slu_fd_read_all(fd, buf, out_sys);
    (void)close(fd);
    return err;
}
