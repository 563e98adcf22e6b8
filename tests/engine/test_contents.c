/* SPDX-License-Identifier: Apache-2.0 */
/* Contents by their hash: durable, whole, or not there. */
#include "engine/contents.h"
#include "engine/store_support.h"
#include "support/failing_alloc.h"
#include "support/forked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* printf abc | sha256sum */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NOTHING                                                                \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct place {
    char dir[64];
    struct slu_contents_folder *folder;
    const struct slu_contents *table;
    struct slu_error error;
};

static void place_open(struct place *self)
{
    cr_assert_eq(slu_contents_open(slu_alloc_default(), self->dir,
                                   &self->folder, &self->error),
                 SLU_ERR_OK, "%s", self->error.text);
    self->table = slu_contents_table(self->folder);
}

static void place_start(struct place *self)
{
    *self = (struct place){0};
    (void)make_folder(self->dir);
    place_open(self);
}

static void place_stop(struct place *self)
{
    slu_contents_close(self->folder);
    remove_tree(self->dir);
}

static struct slu_content_name place_add(struct place *self, const char *text)
{
    struct slu_content_name name = {""};

    cr_assert_eq(
        slu_contents_add(self->folder, slu_view_str(text), &name, &self->error),
        SLU_ERR_OK, "%s", self->error.text);
    return name;
}

static struct slu_content_name name_of(const char *text)
{
    struct slu_content_name name;

    (void)snprintf(name.text, sizeof(name.text), "%s", text);
    return name;
}

static const char *path_of(const struct place *self, const char *name)
{
    static char path[200];

    (void)snprintf(path, sizeof(path), "%s/published/%s", self->dir, name);
    return path;
}

static bool is_file(const struct place *self, const char *name)
{
    struct stat info;

    return stat(path_of(self, name), &info) == 0;
}

static unsigned count_files(const struct place *self)
{
    DIR *listing = opendir(path_of(self, ""));
    unsigned count = 0;

    while (listing != NULL) {
        struct dirent *entry = readdir(listing);

        if (entry == NULL) {
            (void)closedir(listing);
            break;
        }
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    return count;
}

static enum slu_err try_open(struct place *self, const char *name,
                             struct slu_view *out_bytes)
{
    struct slu_content_name wanted = name_of(name);

    return self->table->open(self->table->ctx, &wanted, out_bytes,
                             &self->error);
}

static void expect_content(struct place *self, const char *name,
                           const char *text)
{
    struct slu_view bytes;

    cr_assert_eq(try_open(self, name, &bytes), SLU_ERR_OK, "%s",
                 self->error.text);
    cr_assert(slu_view_equal_str(bytes, text));
    self->table->close(self->table->ctx, bytes);
}

static void expect_missing(struct place *self, const char *name,
                           const char *why)
{
    struct slu_view bytes;

    cr_assert_eq(try_open(self, name, &bytes), SLU_ERR_NOT_FOUND);
    cr_assert_not_null(strstr(self->error.text, why), "%s", self->error.text);
}

static void write_over(const struct place *self, const char *name,
                       const char *text)
{
    FILE *file = fopen(path_of(self, name), "w");

    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static struct slu_content_writer *place_begin(struct place *self)
{
    struct slu_content_writer *writer = NULL;

    cr_assert_eq(self->table->begin(self->table->ctx, &writer, &self->error),
                 SLU_ERR_OK, "%s", self->error.text);
    return writer;
}

static void place_append(struct place *self, struct slu_content_writer *writer,
                         const char *text)
{
    cr_assert_eq(self->table->append(self->table->ctx, writer,
                                     slu_view_str(text), &self->error),
                 SLU_ERR_OK, "%s", self->error.text);
}

static struct slu_content_name place_commit(struct place *self,
                                            struct slu_content_writer *writer)
{
    struct slu_content_name name = {""};

    cr_assert_eq(
        self->table->commit(self->table->ctx, writer, &name, &self->error),
        SLU_ERR_OK, "%s", self->error.text);
    return name;
}

/* ---- what is kept ---- */

Test(contents, names_a_content_by_its_hash_and_gives_it_back)
{
    struct place place;

    place_start(&place);
    cr_assert_str_eq(place_add(&place, "abc").text, ABC);
    expect_content(&place, ABC, "abc");
    cr_assert_eq(count_files(&place), 1);
    place_stop(&place);
}

Test(contents, keeps_a_content_of_no_bytes)
{
    struct place place;

    place_start(&place);
    cr_assert_str_eq(place_add(&place, "").text, NOTHING);
    expect_content(&place, NOTHING, "");
    place_stop(&place);
}

Test(contents, has_what_an_earlier_run_has_kept)
{
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    slu_contents_close(place.folder);
    place_open(&place);
    expect_content(&place, ABC, "abc");
    place_stop(&place);
}

Test(contents, makes_no_folder_until_there_is_something_to_keep)
{
    struct place place;

    place_start(&place);
    expect_missing(&place, ABC, "there is no ");
    cr_assert_not(is_file(&place, ""));
    slu_contents_sweep(place.folder);
    (void)place_add(&place, "abc");
    cr_assert(is_file(&place, ABC));
    place_stop(&place);
}

Test(contents, says_which_content_is_not_there)
{
    struct place place;

    place_start(&place);
    (void)place_add(&place, "other");
    expect_missing(&place, ABC, "/published/" ABC);
    expect_missing(&place, "", "there is no");
    expect_missing(&place, "../state.db", "there is no");
    place_stop(&place);
}

Test(contents, writes_nothing_again_that_is_there)
{
    struct place place;
    struct stat before;
    struct stat after;

    place_start(&place);
    (void)place_add(&place, "abc");
    cr_assert_eq(stat(path_of(&place, ABC), &before), 0);
    (void)place_add(&place, "abc");
    cr_assert_eq(stat(path_of(&place, ABC), &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    cr_assert_eq(count_files(&place), 1);
    place_stop(&place);
}

Test(contents, keeps_others_from_reading_it)
{
    struct place place;
    struct stat info;

    place_start(&place);
    (void)place_add(&place, "abc");
    cr_assert_eq(stat(path_of(&place, ABC), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(stat(path_of(&place, ""), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    place_stop(&place);
}

/* ---- pieces ---- */

Test(contents, takes_a_content_in_pieces)
{
    struct slu_content_writer *writer;
    struct place place;

    place_start(&place);
    writer = place_begin(&place);
    place_append(&place, writer, "a");
    place_append(&place, writer, "");
    place_append(&place, writer, "bc");
    cr_assert_not(is_file(&place, ABC));
    cr_assert_str_eq(place_commit(&place, writer).text, ABC);
    expect_content(&place, ABC, "abc");
    cr_assert_eq(count_files(&place), 1);
    place_stop(&place);
}

Test(contents, takes_many_at_once)
{
    struct slu_content_writer *writers[20];
    struct place place;

    place_start(&place);
    for (unsigned i = 0; i < 20; i++) {
        writers[i] = place_begin(&place);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 20; i++) {
            char text[16];

            (void)snprintf(text, sizeof(text), "%u:%u\n", i, round);
            place_append(&place, writers[i], text);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        struct slu_content_name name = place_commit(&place, writers[i]);
        char text[48];

        (void)snprintf(text, sizeof(text), "%u:0\n%u:1\n%u:2\n", i, i, i);
        expect_content(&place, name.text, text);
    }
    cr_assert_eq(count_files(&place), 20);
    place_stop(&place);
}

Test(contents, lets_two_write_the_same)
{
    struct slu_content_writer *first;
    struct slu_content_writer *second;
    struct place place;

    place_start(&place);
    first = place_begin(&place);
    second = place_begin(&place);
    place_append(&place, first, "abc");
    place_append(&place, second, "abc");
    (void)place_commit(&place, first);
    cr_assert_str_eq(place_commit(&place, second).text, ABC);
    expect_content(&place, ABC, "abc");
    cr_assert_eq(count_files(&place), 1);
    place_stop(&place);
}

Test(contents, leaves_nothing_of_what_was_abandoned)
{
    struct slu_content_writer *writer;
    struct place place;

    place_start(&place);
    writer = place_begin(&place);
    place_append(&place, writer, "abc");
    cr_assert_eq(count_files(&place), 1);
    place.table->abandon(place.table->ctx, writer);
    cr_assert_eq(count_files(&place), 0);
    expect_missing(&place, ABC, "there is no");
    place_stop(&place);
}

Test(contents, takes_no_more_than_its_limit)
{
    size_t len = SLU_CONTENT_MAX;
    struct slu_content_writer *writer;
    struct place place;
    char *bytes = calloc(1, len);

    cr_assert_not_null(bytes);
    place_start(&place);
    writer = place_begin(&place);
    place_append(&place, writer, "x");
    cr_assert_eq(place.table->append(place.table->ctx, writer,
                                     slu_view_make(bytes, len), &place.error),
                 SLU_ERR_LIMIT);
    cr_assert_not_null(strstr(place.error.text, "larger than 146800640 bytes"),
                       "%s", place.error.text);
    place.table->abandon(place.table->ctx, writer);
    place_stop(&place);
    free(bytes);
}

/* ---- files ---- */

#define FILE_LEN 50000

/* A file of so many bytes, without a name, at its front. */
static int make_file(size_t len)
{
    FILE *file = tmpfile();
    int fd;

    cr_assert_not_null(file);
    for (size_t i = 0; i < len; i++) {
        (void)fputc('a' + (int)(i % 23), file);
    }
    cr_assert_eq(fflush(file), 0);
    fd = dup(fileno(file));
    (void)fclose(file);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static struct slu_content_name place_add_file(struct place *self, int fd,
                                              uint64_t bytes)
{
    struct slu_content_name name = {""};
    uint64_t found = 77;

    cr_assert_eq(
        slu_contents_add_file(self->folder, fd, &name, &found, &self->error),
        SLU_ERR_OK, "%s", self->error.text);
    cr_assert_eq(found, bytes);
    return name;
}

/* The same name as the bytes have, and no second file. */
Test(contents, takes_a_file_as_its_bytes)
{
    static const size_t lengths[] = {0, 1, 16383, 16384, 16385, FILE_LEN};
    static char text[FILE_LEN + 1];
    struct place place;

    place_start(&place);
    for (size_t i = 0; i < FILE_LEN; i++) {
        text[i] = (char)('a' + i % 23);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int fd = make_file(lengths[i]);
        struct slu_content_name name = place_add_file(&place, fd, lengths[i]);
        struct stat before;
        struct stat after;
        char last = text[lengths[i]];

        text[lengths[i]] = '\0';
        expect_content(&place, name.text, text);
        cr_assert_eq(stat(path_of(&place, name.text), &before), 0);
        cr_assert_str_eq(place_add(&place, text).text, name.text);
        cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
        (void)place_add_file(&place, fd, lengths[i]);
        cr_assert_eq(stat(path_of(&place, name.text), &after), 0);
        cr_assert_eq(before.st_ino, after.st_ino);
        cr_assert_eq(count_files(&place), i + 1);
        text[lengths[i]] = last;
        (void)close(fd);
    }
    place_stop(&place);
}

Test(contents, takes_a_file_from_where_it_stands)
{
    struct place place;
    int fd = make_file(26);

    place_start(&place);
    cr_assert_eq(lseek(fd, 20, SEEK_SET), 20);
    expect_content(&place, place_add_file(&place, fd, 6).text, "uvwabc");
    (void)close(fd);
    place_stop(&place);
}

static void expect_no_file(struct place *self, int fd, enum slu_err err,
                           const char *why)
{
    struct slu_content_name name = {"unchanged"};
    uint64_t bytes;

    cr_assert_eq(
        slu_contents_add_file(self->folder, fd, &name, &bytes, &self->error),
        err);
    cr_assert_not_null(strstr(self->error.text, why), "%s", self->error.text);
    cr_assert_str_eq(name.text, "unchanged");
    cr_assert_eq(count_files(self), 0);
}

Test(contents, keeps_nothing_of_a_file_that_it_can_not_take)
{
    struct place place;
    int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int giant = make_file(0);

    place_start(&place);
    expect_no_file(&place, folder, SLU_ERR_IO,
                   "cannot read a file to be kept: Is a directory");
    cr_assert_eq(ftruncate(giant, (off_t)SLU_CONTENT_MAX + 1), 0);
    expect_no_file(&place, giant, SLU_ERR_LIMIT, "larger than");
    (void)close(folder);
    (void)close(giant);
    place_stop(&place);
}

/* ---- damage ---- */

Test(contents, gives_out_no_content_that_is_damaged)
{
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    write_over(&place, ABC, "abd");
    expect_missing(&place, ABC, "is damaged");
    write_over(&place, ABC, "ab");
    expect_missing(&place, ABC, "is damaged");
    write_over(&place, ABC, "");
    expect_missing(&place, ABC, "is damaged");
    place_stop(&place);
}

Test(contents, writes_a_damaged_one_again)
{
    struct slu_content_writer *writer;
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    write_over(&place, ABC, "abd");
    (void)place_add(&place, "abc");
    expect_content(&place, ABC, "abc");
    write_over(&place, ABC, "");
    writer = place_begin(&place);
    place_append(&place, writer, "abc");
    (void)place_commit(&place, writer);
    expect_content(&place, ABC, "abc");
    place_stop(&place);
}

/* What is open stays as it was while another takes its place. */
Test(contents, keeps_what_is_open_while_it_is_swept)
{
    struct slu_view bytes;
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    cr_assert_eq(try_open(&place, ABC, &bytes), SLU_ERR_OK);
    slu_contents_sweep(place.folder);
    cr_assert_not(is_file(&place, ABC));
    cr_assert(slu_view_equal_str(bytes, "abc"));
    place.table->close(place.table->ctx, bytes);
    place_stop(&place);
}

Test(contents, reads_no_folder_link_or_giant_in_a_contents_place)
{
    struct place place;
    struct slu_view bytes;

    place_start(&place);
    (void)place_add(&place, "abc");
    cr_assert_eq(unlink(path_of(&place, ABC)), 0);
    cr_assert_eq(mkdir(path_of(&place, ABC), 0700), 0);
    expect_missing(&place, ABC, "is not what sluice wrote there");
    cr_assert_eq(rmdir(path_of(&place, ABC)), 0);
    write_over(&place, ABC, "abc");
    cr_assert_eq(truncate(path_of(&place, ABC), (off_t)SLU_CONTENT_MAX + 1), 0);
    expect_missing(&place, ABC, "is not what sluice wrote there");
    cr_assert_eq(unlink(path_of(&place, ABC)), 0);
    cr_assert_eq(symlink("/etc/hostname", path_of(&place, ABC)), 0);
    cr_assert_eq(try_open(&place, ABC, &bytes), SLU_ERR_IO);
    place_stop(&place);
}

/* ---- crash leftovers ---- */

Test(contents, removes_what_a_crash_has_left)
{
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    write_over(&place, ".part-1-1", "half");
    write_over(&place, "README", "not ours");
    slu_contents_close(place.folder);
    place_open(&place);
    cr_assert_not(is_file(&place, ".part-1-1"));
    cr_assert(is_file(&place, "README"));
    expect_content(&place, ABC, "abc");
    place_stop(&place);
}

/* Of a run that goes on beside this one, a plan for example. */
Test(contents, leaves_alone_what_another_is_writing)
{
    struct slu_contents_folder *other;
    struct slu_content_writer *writer;
    struct place place;

    place_start(&place);
    writer = place_begin(&place);
    place_append(&place, writer, "abc");
    cr_assert_eq(
        slu_contents_open(slu_alloc_default(), place.dir, &other, &place.error),
        SLU_ERR_OK);
    slu_contents_close(other);
    cr_assert_str_eq(place_commit(&place, writer).text, ABC);
    expect_content(&place, ABC, "abc");
    place_stop(&place);
}

/* The part's name is taken by something that can't be removed. */
Test(contents, goes_on_to_the_next_name_of_a_part)
{
    struct place place;
    char name[48];

    place_start(&place);
    (void)place_add(&place, "abc");
    (void)snprintf(name, sizeof(name), ".part-%ld-2", (long)getpid());
    cr_assert_eq(mkdir(path_of(&place, name), 0700), 0);
    (void)place_add(&place, "other");
    cr_assert_eq(count_files(&place), 3);
    place_stop(&place);
}

/* ---- sweep ---- */

Test(contents, sweeps_what_nobody_needs_any_more)
{
    struct slu_content_name keep;
    struct place place;

    place_start(&place);
    keep = place_add(&place, "stays");
    (void)place_add(&place, "abc");
    write_over(&place, "README", "not ours");
    slu_contents_keep(place.folder, &keep);
    slu_contents_keep(place.folder, &(struct slu_content_name){""});
    slu_contents_sweep(place.folder);
    expect_content(&place, keep.text, "stays");
    expect_missing(&place, ABC, "there is no");
    cr_assert(is_file(&place, "README"));
    /* What was kept is forgotten with the sweep. */
    slu_contents_sweep(place.folder);
    expect_missing(&place, keep.text, "there is no");
    place_stop(&place);
}

Test(contents, sweeps_nothing_when_it_could_not_remember_a_name)
{
    struct failing_alloc failing;
    struct slu_content_name name;
    struct place place;

    place_start(&place);
    (void)place_add(&place, "abc");
    name = place_add(&place, "stays");
    slu_contents_close(place.folder);
    failing_alloc_init(&failing, 0);
    cr_assert_eq(slu_contents_open(&failing.alloc, place.dir, &place.folder,
                                   &place.error),
                 SLU_ERR_OK);
    failing.fail_at = failing.calls + 1;
    slu_contents_keep(place.folder, &name);
    slu_contents_sweep(place.folder);
    cr_assert_eq(count_files(&place), 2);
    slu_contents_keep(place.folder, &name);
    slu_contents_sweep(place.folder);
    cr_assert_eq(count_files(&place), 1);
    slu_contents_close(place.folder);
    cr_assert_eq(failing.live, 0);
    place_open(&place);
    place_stop(&place);
}

/* ---- what can't be done ---- */

Test(contents, says_why_a_folder_can_not_be_used)
{
    struct place place;
    char path[100];
    int fd;

    place_start(&place);
    slu_contents_close(place.folder);
    (void)snprintf(path, sizeof(path), "%s/published", place.dir);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_geq(fd, 0);
    (void)close(fd);
    cr_assert_eq(slu_contents_open(slu_alloc_default(), place.dir,
                                   &place.folder, &place.error),
                 SLU_ERR_IO);
    cr_assert_not_null(strstr(place.error.text, "/published: Not a directory"),
                       "%s", place.error.text);
    cr_assert_null(place.folder);
    remove_tree(place.dir);
}

Test(contents, refuses_a_folder_whose_name_is_too_long)
{
    struct slu_contents_folder *folder;
    struct slu_error error = {0};
    char dir[5000];

    memset(dir, 'x', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    cr_assert_eq(slu_contents_open(slu_alloc_default(), dir, &folder, &error),
                 SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "state_dir is longer than 3900 bytes");
}

/* A full disk. */
Test(contents, leaves_nothing_when_writing_fails)
{
    struct rlimit limit = {4096, 4096};
    struct slu_content_name name = {"unchanged"};
    struct place place;
    char *bytes = calloc(1, 100000);

    cr_assert_not_null(bytes);
    place_start(&place);
    (void)place_add(&place, "abc");
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(slu_contents_add(place.folder, slu_view_make(bytes, 100000),
                                  &name, &place.error),
                 SLU_ERR_IO);
    cr_assert_not_null(strstr(place.error.text, "cannot write"), "%s",
                       place.error.text);
    cr_assert_eq(place.error.sys, EFBIG);
    cr_assert_str_eq(name.text, "unchanged");
    cr_assert_eq(count_files(&place), 1);
    place_stop(&place);
    free(bytes);
}

Test(contents, goes_without_memory_at_any_place)
{
    int file = make_file(FILE_LEN);
    unsigned fail_at = 0;
    uint64_t bytes;
    bool done = false;

    while (!done) {
        struct slu_content_name name = {""};
        struct failing_alloc failing;
        struct place place;
        enum slu_err err;

        place_start(&place);
        slu_contents_close(place.folder);
        failing_alloc_init(&failing, ++fail_at);
        place.error = (struct slu_error){0};
        err = slu_contents_open(&failing.alloc, place.dir, &place.folder,
                                &place.error);
        if (err == SLU_ERR_OK) {
            err = slu_contents_add(place.folder, slu_view_str("abc"), &name,
                                   &place.error);
        }
        if (err == SLU_ERR_OK) {
            err = slu_contents_add_file(place.folder, file, &name, &bytes,
                                        &place.error);
        }
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        cr_assert_eq(err, place.error.code);
        cr_assert(err != SLU_ERR_OK || name.text[0] != '\0');
        cr_assert_eq(lseek(file, 0, SEEK_SET), 0);
        slu_contents_close(place.folder);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
        done = failing.calls < fail_at;
        place_open(&place);
        cr_assert_leq(count_files(&place), 2);
        place_stop(&place);
    }
    cr_assert_gt(fail_at, 6);
    (void)close(file);
}

/* ---- killed ---- */

static int run_scenario(void *ctx)
{
    struct place *place = ctx;
    int file = make_file(FILE_LEN);
    struct slu_content_writer *writer;
    struct slu_content_name name;

    place_open(place);
    (void)place_add(place, "abc");
    writer = place_begin(place);
    place_append(place, writer, "in ");
    place_append(place, writer, "pieces");
    name = place_commit(place, writer);
    (void)place_add_file(place, file, FILE_LEN);
    (void)close(file);
    slu_contents_keep(place->folder, &name);
    slu_contents_sweep(place->folder);
    expect_missing(place, ABC, "there is no");
    expect_content(place, name.text, "in pieces");
    slu_contents_close(place->folder);
    return 0;
}

/* Whatever has a name is whole, and nothing else is left. */
static void expect_whole(struct place *place)
{
    DIR *listing;
    struct dirent *entry;

    place_open(place);
    listing = opendir(path_of(place, ""));
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        struct slu_view bytes;

        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            cr_assert_eq(try_open(place, entry->d_name, &bytes), SLU_ERR_OK,
                         "%s: %s", entry->d_name, place->error.text);
            place->table->close(place->table->ctx, bytes);
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    slu_contents_close(place->folder);
}

Test(contents, is_whole_wherever_it_is_killed)
{
    unsigned crash_at = 0;
    bool killed;

    do {
        struct place place;

        place_start(&place);
        slu_contents_close(place.folder);
        killed = forked_is_killed(++crash_at, run_scenario, &place, "killed");
        expect_whole(&place);
        forked_must(run_scenario, &place, "after it was killed");
        remove_tree(place.dir);
    } while (killed);
    /* So that a build without crash points does not pass. */
    cr_assert_gt(crash_at, 12);
}
