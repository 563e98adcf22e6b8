/* SPDX-License-Identifier: Apache-2.0 */
#include "files_scene.h"
#include "support/forked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>

TestSuite(files, .init = open_files, .fini = close_files);

static ino_t inode_of(const char *name)
{
    struct stat info;

    cr_assert_eq(stat(path_of(name), &info), 0);
    return info.st_ino;
}

static bool replace(const char *name, const char *text)
{
    bool changed = false;

    cr_assert_eq(slu_files_replace(files, name, slu_view_str(text), &changed),
                 SLU_ERR_OK, "%s", slu_files_error(files)->text);
    return changed;
}

static void check_content(const char *name, const char *text)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1 << 24);
    cr_assert_eq(slu_files_read(files, name, &buf), SLU_ERR_OK, "%s",
                 slu_files_error(files)->text);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), text), "%.*s",
              SLU_VIEW_ARGS(slu_buf_view(&buf)));
    slu_buf_fini(&buf);
}

static void check_error(enum slu_err code, int sys, const char *words)
{
    const struct slu_error *error = slu_files_error(files);

    cr_assert_eq(error->code, code, "%s", error->text);
    cr_assert_eq(error->sys, sys, "%s", error->text);
    cr_assert_not_null(strstr(error->text, words), "%s", error->text);
}

/* ---- what it is for ---- */

Test(files, makes_sub_folders_and_leaves_no_part_behind)
{
    cr_assert(replace("guard_duty/threat-ip-1.txt", "1.2.3.4\n"));
    check_content("guard_duty/threat-ip-1.txt", "1.2.3.4\n");
    cr_assert_not(exists("guard_duty/threat-ip-1.txt.part"));
    cr_assert_not(exists("sluice-probe.part"));
}

Test(files, makes_an_empty_file)
{
    cr_assert(replace("a.txt", ""));
    check_content("a.txt", "");
    cr_assert_not(replace("a.txt", ""));
}

Test(files, does_not_touch_a_file_whose_content_stays)
{
    ino_t before;

    cr_assert(replace("a.txt", "one\ntwo\n"));
    before = inode_of("a.txt");
    cr_assert_not(replace("a.txt", "one\ntwo\n"));
    cr_assert_eq(inode_of("a.txt"), before);
    cr_assert_not(exists("a.txt.part"));
}

Test(files, replaces_a_file_that_differs_anywhere)
{
    static const char *const texts[] = {"abc",  "abd", "ab",   "abcd",
                                        "xbcd", "",    "abcd", "abc\n"};

    for (unsigned i = 0; i < 8; i++) {
        cr_assert(replace("a.txt", texts[i]), "%u", i);
        check_content("a.txt", texts[i]);
    }
}

/* 200 KB in pieces of every size: across the writer's chunks. */
static bool write_pieces(char *bytes, size_t len, uint64_t seed)
{
    struct dice dice = {seed};
    struct slu_file_writer *writer;
    bool changed;
    size_t at = 0;

    cr_assert_eq(slu_file_begin(files, "big.txt", &writer), SLU_ERR_OK);
    while (at < len) {
        size_t piece = roll(&dice, 100000);

        piece = piece < len - at ? piece : len - at;
        cr_assert_eq(slu_file_append(writer, slu_view_make(bytes + at, piece)),
                     SLU_ERR_OK);
        at += piece;
    }
    cr_assert_eq(slu_file_commit(writer, &changed), SLU_ERR_OK);
    return changed;
}

Test(files, compares_large_content_in_any_pieces)
{
    size_t len = 3 * 65536;
    char *bytes = malloc(len + 1);
    struct slu_buf buf;

    memset(bytes, 'x', len + 1);
    slu_buf_init(&buf, slu_alloc_default(), 1 << 20);
    cr_assert(write_pieces(bytes, len, 1));
    cr_assert_not(write_pieces(bytes, len, 2));
    bytes[len - 1] = 'y';
    cr_assert(write_pieces(bytes, len, 3));
    cr_assert(write_pieces(bytes, len - 1, 4));
    cr_assert(write_pieces(bytes, len + 1, 5));
    cr_assert_not(write_pieces(bytes, len + 1, 6));
    cr_assert_eq(slu_files_read(files, "big.txt", &buf), SLU_ERR_OK);
    cr_assert(
        slu_view_equal(slu_buf_view(&buf), slu_view_make(bytes, len + 1)));
    slu_buf_fini(&buf);
    free(bytes);
}

Test(files, abandoned_content_never_shows)
{
    struct slu_file_writer *writer;

    cr_assert(replace("a.txt", "old"));
    cr_assert_eq(slu_file_begin(files, "a.txt", &writer), SLU_ERR_OK);
    cr_assert_eq(slu_file_append(writer, slu_view_str("new")), SLU_ERR_OK);
    slu_file_abandon(writer);
    slu_file_abandon(NULL);
    check_content("a.txt", "old");
    cr_assert_not(exists("a.txt.part"));
}

Test(files, writers_of_several_files_do_not_mix)
{
    struct slu_file_writer *a;
    struct slu_file_writer *b;
    bool changed;

    cr_assert_eq(slu_file_begin(files, "a.txt", &a), SLU_ERR_OK);
    cr_assert_eq(slu_file_begin(files, "sub/b.txt", &b), SLU_ERR_OK);
    cr_assert_eq(slu_file_append(a, slu_view_str("a")), SLU_ERR_OK);
    cr_assert_eq(slu_file_append(b, slu_view_str("b")), SLU_ERR_OK);
    cr_assert_eq(slu_file_commit(b, &changed), SLU_ERR_OK);
    cr_assert_eq(slu_file_commit(a, &changed), SLU_ERR_OK);
    check_content("a.txt", "a");
    check_content("sub/b.txt", "b");
}

Test(files, part_left_by_a_crash_is_overwritten)
{
    FILE *file = fopen(path_of("a.txt.part"), "w");

    cr_assert_not_null(file);
    (void)fputs("a much longer text than the new one", file);
    (void)fclose(file);
    cr_assert(replace("a.txt", "new"));
    check_content("a.txt", "new");
}

static int64_t changed_ns(const char *name)
{
    struct stat info;

    cr_assert_eq(stat(path_of(name), &info), 0);
    return (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
}

/* Making a file, even one that goes again, changes its folder. */
Test(files, nothing_is_written_for_what_is_there)
{
    struct timespec old[2] = {{1000, 0}, {1000, 0}};

    cr_assert(replace("lists/a.txt", "one\ntwo\n"));
    cr_assert_eq(utimensat(AT_FDCWD, path_of("lists"), old, 0), 0);
    cr_assert_not(replace("lists/a.txt", "one\ntwo\n"));
    cr_assert_eq(changed_ns("lists"), INT64_C(1000000000000));
    cr_assert(replace("lists/a.txt", "one\ntwo\n3"));
    cr_assert_neq(changed_ns("lists"), INT64_C(1000000000000));
}

Test(files, part_left_by_a_crash_goes_when_the_old_content_stays)
{
    FILE *file;

    cr_assert(replace("a.txt", "as it was"));
    file = fopen(path_of("a.txt.part"), "w");
    cr_assert_not_null(file);
    (void)fclose(file);
    cr_assert_not(replace("a.txt", "as it was"));
    cr_assert_eq(access(path_of("a.txt.part"), F_OK), -1);
}

/* ---- reading ---- */

Test(files, tells_a_file_that_is_not_there)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 100);
    cr_assert_eq(slu_files_read(files, "no.txt", &buf), SLU_ERR_NOT_FOUND);
    cr_assert_eq(slu_files_read(files, "no/no.txt", &buf), SLU_ERR_NOT_FOUND);
    check_error(SLU_ERR_NOT_FOUND, 0, "no/no.txt");
    slu_buf_fini(&buf);
}

Test(files, opens_a_file_that_is_there)
{
    char text[8] = "";
    int fd = 77;

    cr_assert_eq(slu_files_open_file(files, "a.txt", &fd), SLU_ERR_NOT_FOUND);
    check_error(SLU_ERR_NOT_FOUND, 0, "a.txt");
    cr_assert_eq(fd, -1);
    cr_assert_eq(slu_files_open_file(files, "../a.txt", &fd), SLU_ERR_CONFIG);
    cr_assert_eq(fd, -1);
    cr_assert(replace("a.txt", "12345"));
    cr_assert_eq(slu_files_open_file(files, "a.txt", &fd), SLU_ERR_OK);
    cr_assert_eq(read(fd, text, sizeof(text)), 5);
    cr_assert_str_eq(text, "12345");
    (void)close(fd);
}

Test(files, reads_up_to_the_buffers_maximum)
{
    struct slu_buf buf;

    cr_assert(replace("a.txt", "12345"));
    slu_buf_init(&buf, slu_alloc_default(), 5);
    cr_assert_eq(slu_files_read(files, "a.txt", &buf), SLU_ERR_OK);
    cr_assert_eq(slu_files_read(files, "a.txt", &buf), SLU_ERR_OK);
    cr_assert_eq(buf.len, 5, "what was in it is replaced");
    slu_buf_fini(&buf);
    slu_buf_init(&buf, slu_alloc_default(), 4);
    cr_assert_eq(slu_files_read(files, "a.txt", &buf), SLU_ERR_LIMIT);
    check_error(SLU_ERR_LIMIT, 0, "a.txt is larger than 4 bytes");
    slu_buf_fini(&buf);
}

/* ---- refusals ---- */

Test(files, refuses_paths_that_are_not_below_the_folder)
{
    static const char *const bad[] = {"/etc/passwd", "../a.txt", "a/../../b",
                                      "a/..",        "",         "a//b",
                                      "./a",         "a/",       ".."};
    struct slu_file_writer *writer;
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 100);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(slu_file_begin(files, bad[i], &writer), SLU_ERR_CONFIG);
        cr_assert_null(writer);
        cr_assert_eq(slu_files_read(files, bad[i], &buf), SLU_ERR_CONFIG);
        check_error(SLU_ERR_CONFIG, 0, "is not a path below");
    }
    slu_buf_fini(&buf);
    cr_assert(replace("..a", "fine"));
}

Test(files, refuses_a_path_that_is_too_long)
{
    char path[1100];
    struct slu_file_writer *writer;

    memset(path, 'a', sizeof(path));
    path[1001] = '\0';
    cr_assert_eq(slu_file_begin(files, path, &writer), SLU_ERR_CONFIG);
    check_error(SLU_ERR_CONFIG, 0, "longer than 1000 bytes");
    path[1000] = '\0'; /* the file system's own limit, of a name */
    cr_assert_eq(slu_file_begin(files, path, &writer), SLU_ERR_IO);
}

Test(files, refuses_a_folder_in_the_place_of_a_file)
{
    struct slu_file_writer *writer;

    cr_assert_eq(mkdir(path_of("a.txt"), 0755), 0);
    cr_assert_eq(slu_file_begin(files, "a.txt", &writer), SLU_ERR_IO);
    check_error(SLU_ERR_IO, EISDIR, "a folder stands in its place");
    cr_assert_eq(mkdir(path_of("b.txt.part"), 0755), 0);
    cr_assert_eq(slu_file_begin(files, "b.txt", &writer), SLU_ERR_IO);
    check_error(SLU_ERR_IO, EISDIR, "b.txt.part");
}

Test(files, refuses_a_file_in_the_place_of_a_folder)
{
    struct slu_file_writer *writer;

    cr_assert(replace("guard_duty", "a file"));
    cr_assert_eq(slu_file_begin(files, "guard_duty/a.txt", &writer),
                 SLU_ERR_IO);
    check_error(SLU_ERR_IO, ENOTDIR, "guard_duty/a.txt");
}

Test(files, refuses_to_replace_or_follow_a_link)
{
    struct slu_file_writer *writer;

    cr_assert(replace("target", "untouched"));
    cr_assert_eq(symlink("target", path_of("a.txt")), 0);
    cr_assert_eq(slu_file_begin(files, "a.txt", &writer), SLU_ERR_IO);
    check_error(SLU_ERR_IO, ELOOP, "symbolic link");
    cr_assert_eq(symlink("target", path_of("b.txt.part")), 0);
    cr_assert(replace("b.txt", "new"));
    check_content("target", "untouched");
    check_content("b.txt", "new");
}

Test(files, refuses_a_pipe_in_the_place_of_a_file)
{
    struct slu_file_writer *writer;

    cr_assert_eq(mkfifo(path_of("a.txt"), 0644), 0);
    cr_assert_eq(slu_file_begin(files, "a.txt", &writer), SLU_ERR_IO);
    check_error(SLU_ERR_IO, EINVAL, "a.txt");
}

/* ---- failures of the system, in children ---- */

static void run_child(forked_fn *work)
{
    int status = forked_run(FORKED_TO_THE_END, work, NULL);

    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        cr_skip_test("skipped: it takes root to mount a file system");
    }
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "line %d",
              WEXITSTATUS(status));
}

/* Ends a child at the line that does not hold (below 256). */
#define MUST(condition, number)                                                \
    do {                                                                       \
        if (!(condition)) {                                                    \
            (void)fprintf(stderr, "%s: %s\n", #condition,                      \
                          slu_files_error(files)->text);                       \
            return number;                                                     \
        }                                                                      \
    } while (0)

static enum slu_err write_large(void)
{
    static char bytes[300000];
    bool changed;

    return slu_files_replace(files, "a.txt",
                             slu_view_make(bytes, sizeof(bytes)), &changed);
}

static int meet_size_limit(void *ctx)
{
    struct rlimit limit = {100000, 100000};

    (void)ctx;
    (void)signal(SIGXFSZ, SIG_IGN);
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0, 1);
    MUST(write_large() == SLU_ERR_IO, 2);
    MUST(slu_files_error(files)->sys == EFBIG, 3);
    MUST(strstr(slu_files_error(files)->text, "a.txt.part") != NULL, 4);
    MUST(!exists("a.txt.part"), 5);
    return 0;
}

Test(files, keeps_the_old_file_when_the_new_one_cannot_be_written)
{
    cr_assert(replace("a.txt", "old"));
    run_child(meet_size_limit);
    check_content("a.txt", "old");
}

static int fill_disk(void *ctx)
{
    struct slu_error error;

    (void)ctx;
    if (mount("tmpfs", dir, "tmpfs", 0, "size=128k") != 0) {
        return 77;
    }
    MUST(slu_files_open(slu_alloc_default(), dir, &files, &error) == 0, 1);
    MUST(replace("a.txt", "old"), 2);
    MUST(write_large() == SLU_ERR_IO, 3);
    MUST(slu_files_error(files)->sys == ENOSPC, 4);
    MUST(strstr(slu_files_error(files)->text, "free some space") != NULL, 5);
    check_content("a.txt", "old");
    MUST(!exists("a.txt.part"), 6);
    slu_files_close(files);
    MUST(umount(dir) == 0, 7);
    return 0;
}

Test(files, names_a_full_disk)
{
    run_child(fill_disk);
}

static int meet_read_only_system(void *ctx)
{
    struct slu_error error;

    (void)ctx;
    if (mount("tmpfs", dir, "tmpfs", MS_RDONLY, "size=128k") != 0) {
        return 77;
    }
    MUST(slu_files_open(slu_alloc_default(), dir, &files, &error) == SLU_ERR_IO,
         1);
    if (error.sys != EROFS || strstr(error.text, "set output_dir") == NULL) {
        return 2;
    }
    return umount(dir) == 0 ? 0 : 3;
}

Test(files, names_a_file_system_that_is_read_only)
{
    run_child(meet_read_only_system);
}

static int lack_permission(void *ctx)
{
    struct slu_files *other;
    struct slu_error error = {0};

    (void)ctx;
    if (getuid() == 0 && setuid(65534) != 0) {
        return 1;
    }
    if (slu_files_open(slu_alloc_default(), dir, &other, &error) !=
            SLU_ERR_IO ||
        error.sys != EACCES || strstr(error.text, dir) == NULL) {
        return 2;
    }
    return strstr(error.text, "give this user the right") != NULL ? 0 : 3;
}

Test(files, names_a_folder_without_permission)
{
    cr_assert_eq(chmod(dir, 0555), 0);
    run_child(lack_permission);
    cr_assert_eq(chmod(dir, 0755), 0);
}

Test(files, refuses_to_open_below_a_file)
{
    struct slu_files *other;
    struct slu_error error = {0};
    char path[300];

    cr_assert(replace("a", "a file"));
    (void)snprintf(path, sizeof(path), "%s", path_of("a/b/c"));
    cr_assert_eq(slu_files_open(slu_alloc_default(), path, &other, &error),
                 SLU_ERR_IO);
    cr_assert_eq(error.sys, ENOTDIR);
    cr_assert_null(other);
    (void)snprintf(path, sizeof(path), "%s", path_of("x/y/z/"));
    cr_assert_eq(slu_files_open(slu_alloc_default(), path, &other, &error),
                 SLU_ERR_OK);
    slu_files_close(other);
    slu_files_close(NULL);
}

/* ---- crash points ---- */

/* By the C library alone: this process must pass no crash point itself. */
static void put_old(void)
{
    FILE *file = fopen(path_of("a.txt"), "w");

    cr_assert_not_null(file);
    (void)fputs("old", file);
    (void)fclose(file);
}

static int put_new(void *ctx)
{
    (void)ctx;
    return (int)write_large();
}

Test(files, crash_at_any_point_leaves_the_old_or_the_new_file)
{
    struct stat info;
    unsigned point = 1;

    put_old();
    while (forked_is_killed(point, put_new, NULL, "the new file")) {
        cr_assert_eq(stat(path_of("a.txt"), &info), 0);
        cr_assert(info.st_size == 3 || info.st_size == 300000,
                  "point %u: %ld bytes", point, (long)info.st_size);
        put_old();
        point++;
    }
    /* part made, five writes, fsync, rename, fsync of the folder */
    cr_assert_eq(point, 10);
    cr_assert_not(exists("a.txt.part"));
}

/* ---- out of memory ---- */

struct failing {
    unsigned left;
};

static void *fail_some(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    struct failing *self = ctx;
    const struct slu_alloc *real = slu_alloc_default();

    if (new_len != 0 && self->left-- == 0) {
        self->left = 0;
        return NULL;
    }
    return real->realloc_fn(real->ctx, ptr, old_len, new_len);
}

static enum slu_err write_in_pieces(struct slu_files *own)
{
    struct slu_file_writer *writer;
    bool changed;
    enum slu_err err = slu_file_begin(own, "b.txt", &writer);

    if (err == SLU_ERR_OK) {
        err = slu_file_append(writer, slu_view_str("text"));
        cr_assert_eq(err, SLU_ERR_OK);
        err = slu_file_commit(writer, &changed);
    }
    return err;
}

static enum slu_err use_all(const struct slu_alloc *alloc)
{
    struct slu_files *own;
    struct slu_buf buf;
    bool changed;
    enum slu_err err = slu_files_open(alloc, dir, &own, NULL);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_buf_init(&buf, alloc, 1 << 20);
    err = slu_files_replace(own, "a.txt", slu_view_str("text"), &changed);
    if (err == SLU_ERR_OK) {
        err = write_in_pieces(own);
    }
    if (err == SLU_ERR_OK) {
        err = slu_files_read(own, "a.txt", &buf);
    }
    slu_buf_fini(&buf);
    slu_files_close(own);
    return err;
}

Test(files, every_failed_allocation_is_told)
{
    struct failing failing;
    struct slu_alloc alloc = {fail_some, &failing};
    unsigned count = 0;

    for (;;) {
        enum slu_err err;

        failing.left = count;
        err = use_all(&alloc);
        if (err == SLU_ERR_OK) {
            break;
        }
        cr_assert_eq(err, SLU_ERR_NOMEM);
        count++;
    }
    /* the folder, the writer, the buffer */
    cr_assert_eq(count, 3);
}
