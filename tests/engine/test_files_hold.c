/* SPDX-License-Identifier: Apache-2.0 */
#include "files_scene.h"
#include "support/forked.h"

#include <errno.h>
#include <unistd.h>

static const char *const names[] = {"a/1.txt", "2.txt", "a/3.txt", "b/c/4.txt"};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

TestSuite(files_hold, .init = open_files, .fini = close_files);

/* The file that waits beside it. */
static bool has_part(const char *name)
{
    char part[32];

    (void)snprintf(part, sizeof(part), "%s.part", name);
    return exists(part);
}

static bool has_text(const char *name, const char *text)
{
    char found[16] = "";
    FILE *file = fopen(path_of(name), "r");

    if (file == NULL) {
        return false;
    }
    (void)!fread(found, 1, sizeof(found) - 1, file);
    (void)fclose(file);
    return strcmp(found, text) == 0;
}

static enum slu_err replace_all(const char *text)
{
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; err == SLU_ERR_OK && i < NAME_COUNT; i++) {
        bool changed;

        err = slu_files_replace(files, names[i], slu_view_str(text), &changed);
    }
    return err;
}

static void check_all(const char *text)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        cr_assert(has_text(names[i], text), "%s", names[i]);
        cr_assert_not(has_part(names[i]));
    }
}

static void put_all(const char *text)
{
    cr_assert_eq(replace_all(text), SLU_ERR_OK);
    check_all(text);
}

Test(files_hold, puts_all_in_their_places_at_the_release)
{
    bool changed;

    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        cr_assert(has_text(names[i], "old"));
        cr_assert(has_part(names[i]));
    }
    cr_assert_eq(slu_files_release(files), SLU_ERR_OK);
    check_all("new");
    /* and at once from then on */
    cr_assert_eq(
        slu_files_replace(files, names[0], slu_view_str("last"), &changed),
        SLU_ERR_OK);
    cr_assert(has_text(names[0], "last"));
}

Test(files_hold, what_has_not_changed_does_not_wait)
{
    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(replace_all("old"), SLU_ERR_OK);
    check_all("old");
    cr_assert_eq(slu_files_release(files), SLU_ERR_OK);
    check_all("old");
}

Test(files_hold, drops_what_waits)
{
    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    slu_files_drop(files);
    check_all("old");
    put_all("newer");
}

Test(files_hold, close_drops_what_waits)
{
    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    slu_files_close(files);
    files = NULL;
    check_all("old");
}

Test(files_hold, works_without_fsync)
{
    struct slu_error error = {0};

    slu_files_close(files);
    cr_assert_eq(
        slu_files_open_unsynced(slu_alloc_default(), dir, &files, &error),
        SLU_ERR_OK, "%s", error.text);
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    cr_assert_eq(slu_files_release(files), SLU_ERR_OK);
    check_all("new");
}

Test(files_hold, tells_which_file_has_no_place_and_leaves_no_part)
{
    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    cr_assert_eq(unlink(path_of("2.txt")), 0);
    cr_assert_eq(mkdir(path_of("2.txt"), 0755), 0);
    cr_assert_eq(slu_files_release(files), SLU_ERR_IO);
    cr_assert_not_null(strstr(slu_files_error(files)->text, "/2.txt: "));
    cr_assert_not_null(
        strstr(slu_files_error(files)->text, "a folder stands in its place"));
    for (size_t i = 0; i < NAME_COUNT; i++) {
        cr_assert_not(has_part(names[i]));
        cr_assert(strcmp(names[i], "2.txt") == 0 || has_text(names[i], "old") ||
                  has_text(names[i], "new"));
    }
}

Test(files_hold, makes_folders_while_it_holds)
{
    slu_files_hold(files);
    cr_assert_eq(replace_all("new"), SLU_ERR_OK);
    cr_assert(exists("b/c"));
    cr_assert_not(exists("b/c/4.txt"));
    cr_assert_eq(slu_files_release(files), SLU_ERR_OK);
    check_all("new");
}

/* The descriptor of this process that is the file's. */
static int find_descriptor(const char *path)
{
    struct stat wanted;
    struct stat info;

    cr_assert_eq(stat(path, &wanted), 0);
    for (int fd = 0; fd < 1024; fd++) {
        if (fstat(fd, &info) == 0 && info.st_ino == wanted.st_ino &&
            info.st_dev == wanted.st_dev) {
            return fd;
        }
    }
    cr_assert_fail("%s is not open", path);
    return -1;
}

Test(files_hold, puts_none_in_its_place_when_one_cannot_be_made_durable)
{
    struct slu_file_writer *writer;
    bool changed;
    int ends[2];

    put_all("old");
    slu_files_hold(files);
    cr_assert_eq(slu_file_begin(files, names[0], &writer), SLU_ERR_OK);
    /* a pipe takes what is written, and has no fsync */
    cr_assert_eq(pipe(ends), 0);
    cr_assert_neq(dup2(ends[1], find_descriptor(path_of("a/1.txt.part"))), -1);
    cr_assert_eq(slu_file_append(writer, slu_view_str("new")), SLU_ERR_OK);
    cr_assert_eq(slu_file_commit(writer, &changed), SLU_ERR_OK);
    for (size_t i = 1; i < NAME_COUNT; i++) {
        cr_assert_eq(
            slu_files_replace(files, names[i], slu_view_str("new"), &changed),
            SLU_ERR_OK);
    }
    cr_assert_eq(slu_files_release(files), SLU_ERR_IO);
    cr_assert_eq(slu_files_error(files)->sys, EINVAL);
    cr_assert_not_null(strstr(slu_files_error(files)->text, "/a/1.txt.part: "));
    check_all("old");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void *fail_always(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    const struct slu_alloc *real = slu_alloc_default();
    unsigned *left = ctx;

    if (new_len != 0 && (*left)-- == 0) {
        *left = 0;
        return NULL;
    }
    return real->realloc_fn(real->ctx, ptr, old_len, new_len);
}

Test(files_hold, every_failed_allocation_is_told)
{
    unsigned left;
    struct slu_alloc alloc = {fail_always, &left};
    struct slu_error error;
    unsigned count = 0;
    enum slu_err err = SLU_ERR_NOMEM;

    slu_files_close(files);
    for (; err != SLU_ERR_OK; count++) {
        left = UINT32_MAX;
        cr_assert_eq(slu_files_open(&alloc, dir, &files, &error), SLU_ERR_OK);
        put_all("old");
        slu_files_hold(files);
        left = count;
        err = replace_all("new");
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        if (err == SLU_ERR_OK) {
            err = slu_files_release(files);
            cr_assert_eq(err, SLU_ERR_OK);
        } else {
            slu_files_drop(files);
            check_all("old");
            slu_files_close(files);
        }
    }
    slu_files_close(files);
    files = NULL;
    /* what is held, of each */
    cr_assert_eq(count, NAME_COUNT + 1);
    check_all("new");
}

/* ---- crash points ---- */

static int hold_all(void *ctx)
{
    const char *text = ctx;

    slu_files_hold(files);
    return replace_all(text) != SLU_ERR_OK ||
           slu_files_release(files) != SLU_ERR_OK;
}

/* By children alone: this process must pass no crash point itself. */
Test(files_hold, crash_at_any_point_leaves_each_file_old_or_new)
{
    char before[] = "old";
    char after[] = "new";
    unsigned point = 1;

    forked_must(hold_all, before, "the old ones");
    check_all("old");
    while (forked_is_killed(point, hold_all, after, "the new ones")) {
        for (size_t i = 0; i < NAME_COUNT; i++) {
            cr_assert(has_text(names[i], "old") || has_text(names[i], "new"),
                      "%s, point %u", names[i], point);
        }
        forked_must(hold_all, before, "the old ones again");
        check_all("old");
        point++;
    }
    /* of each file: made, written, fsync, rename; the folders */
    cr_assert_eq(point, 4 * (int)NAME_COUNT + 2);
    check_all("new");
}
