/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/row_file.h"
#include "engine/store_support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static char dir[64];
static char path[128];
static char lines[4096];
static struct slu_logger logger;
static struct slu_row_file file;
static struct slu_error error;

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    (void)ctx;
    (void)snprintf(lines + len, sizeof(lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static void start(void)
{
    (void)make_folder(dir);
    (void)snprintf(path, sizeof(path), "%s/rows.txt", dir);
    logger = (struct slu_logger){note_line, NULL, SLU_LOG_DEBUG};
    file.fd = -1;
}

static void stop(void)
{
    slu_row_file_close(&file);
    remove_tree(dir);
}

TestSuite(row_file, .init = start, .fini = stop);

static const char *content(void)
{
    static char text[8192];
    FILE *from = fopen(path, "rb");
    size_t len = from == NULL ? 0 : fread(text, 1, sizeof(text) - 1, from);

    text[len] = '\0';
    if (from != NULL) {
        (void)fclose(from);
    }
    return text;
}

static void fill(const char *text)
{
    FILE *to = fopen(path, "wb");

    cr_assert_not_null(to);
    (void)fputs(text, to);
    (void)fclose(to);
}

static void open_file(void)
{
    lines[0] = '\0';
    slu_row_file_close(&file);
    cr_assert_eq(slu_row_file_open(&file, dir, "rows.txt", 0644, &error),
                 SLU_ERR_OK, "%s", error.text);
}

static void resume(const struct slu_row_mark *known, const char *head)
{
    open_file();
    cr_assert_eq(slu_row_file_resume(&file, known, head, &logger, &error),
                 SLU_ERR_OK, "%s", error.text);
}

static void append(const char *text, uint64_t count)
{
    cr_assert_eq(slu_row_file_append(&file, slu_view_str(text), count, &error),
                 SLU_ERR_OK, "%s", error.text);
}

Test(row_file, begins_with_its_head_once)
{
    struct slu_row_mark mark;
    struct stat info;

    resume(NULL, "head\n");
    append("a\nb\n", 2);
    cr_assert_str_eq(content(), "head\na\nb\n");
    cr_assert_eq(file.mark.bytes, 9u);
    cr_assert_eq(file.mark.lines, 3u);
    mark = file.mark;
    resume(&mark, "head\n");
    append("c\n", 1);
    cr_assert_str_eq(content(), "head\na\nb\nc\n");
    cr_assert_str_eq(lines, "");
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0644 & ~umask(0));
}

Test(row_file, is_cut_back_to_what_was_committed)
{
    struct slu_row_mark mark;

    resume(NULL, NULL);
    append("a\n", 1);
    mark = file.mark;
    append("b\nc\n", 2);
    resume(&mark, NULL);
    cr_assert_str_eq(content(), "a\n");
    cr_assert_eq(file.mark.lines, 1u);
    cr_assert_not_null(strstr(lines, "[WARN] "));
    cr_assert_not_null(strstr(lines, "cut back by 4 bytes"));
}

Test(row_file, keeps_what_somebody_appended_behind_a_whole_mark)
{
    struct slu_row_mark mark;

    resume(NULL, NULL);
    append("a\n", 1);
    mark = file.mark;
    mark.whole = true;
    resume(&mark, NULL);
    cr_assert_str_eq(lines, "");
    cr_assert_not(file.mark.whole);
    fill("a\nmine\nto");
    mark.inode = file.mark.inode;
    resume(&mark, NULL);
    append("b\n", 1);
    cr_assert_str_eq(content(), "a\nmine\nb\n");
    cr_assert_eq(file.mark.lines, 3u);
    cr_assert_not_null(strstr(lines, "was changed since the last run"));
    cr_assert_not_null(strstr(lines, "its last 2 bytes are cut off"));
}

Test(row_file, tells_of_rows_that_the_state_does_not_know)
{
    fill("head\na\n");
    resume(NULL, "head\n");
    cr_assert_not_null(strstr(lines, "[WARN] "));
    cr_assert_not_null(strstr(lines, "knows nothing of"));
    cr_assert_str_eq(content(), "head\na\n");
    fill("head\n");
    resume(NULL, "head\n");
    cr_assert_str_eq(lines, "");
}

Test(row_file, goes_on_behind_the_last_full_line_without_a_mark)
{
    fill("a\nb\nto");
    resume(NULL, "head\n");
    append("c\n", 1);
    cr_assert_str_eq(content(), "a\nb\nc\n");
    cr_assert_eq(file.mark.lines, 3u);
    cr_assert_not_null(strstr(lines, "[WARN] "));
    cr_assert_not_null(strstr(lines, "its last 2 bytes are cut off"));
    resume(NULL, "head\n");
    cr_assert_null(strstr(lines, "cut off"));
    cr_assert_str_eq(content(), "a\nb\nc\n");
}

Test(row_file, makes_a_head_anew_that_was_torn)
{
    fill("hea");
    resume(NULL, "head\n");
    cr_assert_str_eq(content(), "head\n");
}

Test(row_file, keeps_what_somebody_else_put_there)
{
    struct slu_row_mark mark;

    resume(NULL, NULL);
    append("aaaa\nbbbb\n", 2);
    mark = file.mark;
    fill("zzzz\nyyyy\nxxxx\n"); /* longer, but other bytes */
    resume(&mark, NULL);
    append("c\n", 1);
    cr_assert_str_eq(content(), "zzzz\nyyyy\nxxxx\nc\n");
    cr_assert_not_null(strstr(lines, "[WARN] "));
    cr_assert_not_null(strstr(lines, "was changed since the last run"));
    fill("z\n"); /* shorter */
    resume(&mark, NULL);
    append("c\n", 1);
    cr_assert_str_eq(content(), "z\nc\n");
    cr_assert_eq(file.mark.lines, 2u);
    cr_assert_not_null(strstr(lines, "it has 2 bytes, and had 10"));
}

/* What is committed is nothing yet: a file that came meanwhile is not ours. */
Test(row_file, does_not_empty_another_file_for_an_empty_mark)
{
    struct slu_row_mark mark;
    char other[160];

    resume(NULL, NULL);
    mark = file.mark;
    append("never committed\n", 1);
    resume(&mark, NULL);
    cr_assert_str_eq(content(), "");
    (void)snprintf(other, sizeof(other), "%s.other", path);
    cr_assert_eq(rename(path, other), 0);
    fill("mine\n");
    resume(&mark, NULL);
    cr_assert_str_eq(content(), "mine\n");
}

Test(row_file, is_begun_anew_when_it_was_moved_away)
{
    struct slu_row_mark mark;

    resume(NULL, "head\n");
    append("a\n", 1);
    mark = file.mark;
    cr_assert_eq(unlink(path), 0);
    resume(&mark, "head\n");
    cr_assert_str_eq(content(), "head\n");
    cr_assert_not_null(strstr(lines, "[WARN] "));
    cr_assert_not_null(strstr(lines, "was moved away"));
}

/* A copy of the same bytes, on another disk say, is the same file. */
Test(row_file, knows_itself_by_its_last_bytes)
{
    static char long_line[1500];
    struct slu_row_mark mark;

    memset(long_line, 'x', sizeof(long_line) - 2);
    long_line[sizeof(long_line) - 2] = '\n';
    resume(NULL, NULL);
    append(long_line, 1);
    append("a\n", 1);
    mark = file.mark;
    append("more\n", 1);
    {
        char *copy = strdup(content());

        cr_assert_eq(unlink(path), 0);
        fill(copy);
        free(copy);
    }
    resume(&mark, NULL);
    cr_assert_eq(strlen(content()), mark.bytes);
    cr_assert_eq(file.mark.tail, mark.tail);
}

/* The tail is the same whether it came in one piece, in many, or is read. */
Test(row_file, has_one_mark_for_one_content)
{
    char text[2600];
    struct slu_row_mark whole;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 23);
    }
    for (size_t len = 1; len < sizeof(text); len += 97) {
        resume(NULL, NULL);
        cr_assert_eq(
            slu_row_file_append(&file, slu_view_make(text, len), 0, &error),
            SLU_ERR_OK);
        whole = file.mark;
        cr_assert_eq(ftruncate(file.fd, 0), 0);
        resume(NULL, NULL);
        for (size_t at = 0; at < len;) {
            size_t part = 1 + at % 300;

            part = part < len - at ? part : len - at;
            cr_assert_eq(slu_row_file_append(
                             &file, slu_view_make(text + at, part), 0, &error),
                         SLU_ERR_OK);
            at += part;
        }
        cr_assert_eq(file.mark.tail, whole.tail, "%zu", len);
        resume(&whole, NULL);
        cr_assert_eq(file.mark.tail, whole.tail);
        cr_assert_str_eq(lines, "");
        cr_assert_eq(ftruncate(file.fd, 0), 0);
    }
}

Test(row_file, takes_back_to_a_mark)
{
    struct slu_row_mark mark;

    resume(NULL, NULL);
    append("a\n", 1);
    mark = file.mark;
    append("b\n", 1);
    cr_assert_eq(slu_row_file_cut(&file, &mark, &error), SLU_ERR_OK);
    cr_assert_eq(memcmp(&file.mark, &mark, sizeof(mark)), 0);
    append("c\n", 1);
    cr_assert_str_eq(content(), "a\nc\n");
}

/* As when the disk is full. */
Test(row_file, leaves_nothing_of_what_does_not_fit)
{
    struct rlimit limit = {10, 10};

    (void)signal(SIGXFSZ, SIG_IGN);
    resume(NULL, NULL);
    append("12345\n", 1);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(
        slu_row_file_append(&file, slu_view_str("6789abc\n"), 1, &error),
        SLU_ERR_IO);
    cr_assert_str_eq(content(), "12345\n");
    cr_assert_eq(file.mark.bytes, 6u);
    cr_assert_eq(error.sys, EFBIG);
    cr_assert_not_null(strstr(error.text, path));
    append("7\n", 1);
    cr_assert_str_eq(content(), "12345\n7\n");
}

static void expect_refusal(const char *part, enum slu_err err)
{
    slu_row_file_close(&file);
    cr_assert_eq(slu_row_file_open(&file, dir, "rows.txt", 0644, &error), err);
    cr_assert_not_null(strstr(error.text, part), "%s", error.text);
    slu_row_file_close(&file);
}

Test(row_file, is_never_written_through_a_link)
{
    char target[160];
    struct stat info;

    (void)snprintf(target, sizeof(target), "%s/target", dir);
    cr_assert_eq(symlink(target, path), 0);
    expect_refusal("symbolic link", SLU_ERR_IO);
    cr_assert_neq(stat(target, &info), 0);
}

Test(row_file, refuses_folders_and_pipes)
{
    cr_assert_eq(mkdir(path, 0755), 0);
    expect_refusal("rows.txt", SLU_ERR_IO);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(mkfifo(path, 0644), 0);
    expect_refusal("rows.txt", SLU_ERR_IO);
}

Test(row_file, has_one_writer)
{
    struct slu_row_file other;

    resume(NULL, NULL);
    cr_assert_eq(slu_row_file_open(&other, dir, "rows.txt", 0644, &error),
                 SLU_ERR_STATE);
    cr_assert_not_null(strstr(error.text, "another run is writing"));
    slu_row_file_close(&other);
}

Test(row_file, reads_what_is_committed_in_pieces)
{
    char out[4];
    char all[16] = "";
    uint64_t at = 0;
    size_t len;

    resume(NULL, NULL);
    append("abcdefghi\n", 1);
    do {
        cr_assert_eq(
            slu_row_file_read(&file, &at, out, sizeof(out), &len, &error),
            SLU_ERR_OK);
        (void)strncat(all, out, len);
    } while (len > 0);
    cr_assert_str_eq(all, "abcdefghi\n");
    cr_assert_eq(at, 10u);
}

static bool same_mark(const struct slu_row_mark *a,
                      const struct slu_row_mark *b)
{
    return a->bytes == b->bytes && a->lines == b->lines && a->tail == b->tail &&
           a->inode == b->inode && a->whole == b->whole;
}

Test(row_file, stores_its_mark_as_text)
{
    struct slu_row_mark mark = {UINT64_MAX, 7, 0xabcdef, UINT64_MAX, false};
    struct slu_row_mark back;
    char text[SLU_ROW_MARK_TEXT_MAX];
    size_t len = slu_row_mark_format(&mark, text);

    cr_assert(slu_row_mark_parse(slu_view_make(text, len), &back));
    cr_assert(same_mark(&mark, &back));
    cr_assert_not(slu_row_mark_parse(slu_view_make(text, len - 21), &back));
    mark.whole = true;
    len = slu_row_mark_format(&mark, text);
    cr_assert(slu_row_mark_parse(slu_view_make(text, len), &back));
    cr_assert(same_mark(&mark, &back));
    cr_assert_not(slu_row_mark_parse(slu_view_make(text, len - 1), &back));
    cr_assert_not(slu_row_mark_parse(slu_view_str(""), &back));
    cr_assert_not(slu_row_mark_parse(slu_view_str("1 2 3 4 5"), &back));
    cr_assert_not(slu_row_mark_parse(slu_view_str("1 2 x 4"), &back));
}
