/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/read_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static void write_file(size_t len)
{
    int fd;

    (void)strcpy(path, "/tmp/sluice-read-XXXXXX");
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    for (size_t i = 0; i < len; i++) {
        char byte = (char)('a' + i % 26);

        cr_assert_eq(write(fd, &byte, 1), 1);
    }
    (void)close(fd);
}

static enum slu_err read_with_max(size_t max, size_t *out_len, int *out_sys)
{
    struct slu_buf buf;
    enum slu_err err;

    slu_buf_init(&buf, slu_alloc_default(), max);
    err = slu_file_read_all(path, &buf, out_sys);
    *out_len = buf.len;
    for (size_t i = 0; err == SLU_ERR_OK && i < buf.len; i++) {
        cr_assert_eq(buf.ptr[i], (char)('a' + i % 26));
    }
    slu_buf_fini(&buf);
    return err;
}

Test(read_file, reads_a_file_of_any_length_up_to_the_maximum)
{
    static const size_t lengths[] = {0, 1, 999, 1000};

    for (size_t i = 0; i < 4; i++) {
        size_t len = 77;
        int sys = 0;

        write_file(lengths[i]);
        cr_assert_eq(read_with_max(1000, &len, &sys), SLU_ERR_OK);
        cr_assert_eq(len, lengths[i]);
        (void)unlink(path);
    }
}

Test(read_file, one_byte_more_than_the_maximum_is_a_limit)
{
    size_t len = 0;
    int sys = 0;

    write_file(1001);
    cr_assert_eq(read_with_max(1000, &len, &sys), SLU_ERR_LIMIT);
    cr_assert_eq(sys, 0);
    (void)unlink(path);
}

Test(read_file, says_which_fault_it_met)
{
    size_t len;
    int sys = 0;

    (void)strcpy(path, "/nonexistent/file");
    cr_assert_eq(read_with_max(10, &len, &sys), SLU_ERR_NOT_FOUND);
    cr_assert_eq(sys, ENOENT);
    (void)strcpy(path, "/tmp");
    cr_assert_eq(read_with_max(10, &len, &sys), SLU_ERR_IO);
    cr_assert_eq(sys, EISDIR);
}

Test(read_file, joins_what_a_pipe_gives_in_parts)
{
    struct slu_buf buf;
    int ends[2];
    int sys = 0;

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "ab", 2), 2);
    cr_assert_eq(write(ends[1], "cd", 2), 2);
    (void)close(ends[1]);
    slu_buf_init(&buf, slu_alloc_default(), 100);
    cr_assert_eq(slu_fd_read_all(ends[0], &buf, &sys), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abcd"));
    slu_buf_fini(&buf);
    (void)close(ends[0]);
}

static bool equals(const char *text, size_t len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool equal = false;
    int sys = -1;

    cr_assert_geq(fd, 0);
    cr_assert_eq(slu_fd_equals(fd, slu_view_make(text, len), &equal, &sys),
                 SLU_ERR_OK);
    cr_assert_eq(sys, 0);
    (void)close(fd);
    return equal;
}

/* Around the size of the pieces in which it is read. */
Test(read_file, equals_just_the_same_bytes)
{
    static const size_t lengths[] = {0, 1, 16383, 16384, 16385, 32768, 40000};
    static char text[40001];

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t len = lengths[i];

        write_file(len);
        cr_assert(equals(text, len), "%zu", len);
        cr_assert_not(equals(text, len + 1), "%zu and one more", len);
        cr_assert(len == 0 || !equals(text, len - 1), "one less than %zu", len);
        if (len > 0) {
            text[len - 1] ^= 1;
            cr_assert_not(equals(text, len), "%zu, the last differs", len);
            text[len - 1] ^= 1;
            text[0] ^= 1;
            cr_assert_not(equals(text, len), "%zu, the first differs", len);
            text[0] ^= 1;
        }
        (void)unlink(path);
    }
}

Test(read_file, tells_why_it_can_not_be_compared)
{
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool equal = true;
    int sys = 0;

    cr_assert_eq(slu_fd_equals(fd, slu_view_str("a"), &equal, &sys),
                 SLU_ERR_IO);
    cr_assert_eq(sys, EISDIR);
    cr_assert_not(equal);
    (void)close(fd);
}

/* ---- pieces ---- */

struct pieces {
    size_t len;
    unsigned count;
    unsigned stop_at; /* 0: never */
};

static enum slu_err take_piece(void *ctx, struct slu_view piece)
{
    struct pieces *self = ctx;

    cr_assert_gt(piece.len, 0);
    cr_assert_leq(piece.len, 16384);
    for (size_t i = 0; i < piece.len; i++) {
        cr_assert_eq(piece.ptr[i], (char)('a' + (self->len + i) % 26));
    }
    self->len += piece.len;
    return ++self->count == self->stop_at ? SLU_ERR_LIMIT : SLU_ERR_OK;
}

static enum slu_err read_pieces(struct pieces *pieces, int *out_sys)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum slu_err err = slu_fd_each_piece(fd, take_piece, pieces, out_sys);

    (void)close(fd);
    return err;
}

Test(read_file, hands_over_a_file_of_any_length_in_pieces)
{
    static const size_t lengths[] = {0, 1, 16383, 16384, 16385, 40000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pieces pieces = {0};
        int sys = 77;

        write_file(lengths[i]);
        cr_assert_eq(read_pieces(&pieces, &sys), SLU_ERR_OK);
        cr_assert_eq(pieces.len, lengths[i]);
        cr_assert_eq(pieces.count, (lengths[i] + 16383) / 16384);
        cr_assert_eq(sys, 0);
        (void)unlink(path);
    }
}

Test(read_file, stops_at_the_piece_that_is_refused)
{
    struct pieces pieces = {.stop_at = 2};
    int sys = 77;

    write_file(50000);
    cr_assert_eq(read_pieces(&pieces, &sys), SLU_ERR_LIMIT);
    cr_assert_eq(pieces.count, 2);
    cr_assert_eq(sys, 0);
    (void)unlink(path);
    (void)strcpy(path, "/tmp");
    cr_assert_eq(read_pieces(&pieces, &sys), SLU_ERR_IO);
    cr_assert_eq(sys, EISDIR);
}
