/* SPDX-License-Identifier: Apache-2.0 */
/* The sink "files" at work: take over, settle, write; and what it says when a
 * file can't be written. */
#include "publish_scene.h"

static char dir[64];

static void open_folder(const char *name)
{
    (void)snprintf(out, sizeof(out), "%s/%s", dir, name);
    slu_files_close(files);
    cr_assert_eq(slu_files_open(slu_alloc_default(), out, &files, &error),
                 SLU_ERR_OK, "%s", error.text);
}

static void start(void)
{
    cr_assert(open_scene(make_folder(dir)), "%s", error.text);
}

static void stop(void)
{
    close_scene();
    remove_tree(dir);
}

static enum slu_err publish(void)
{
    return publish_at(NOW - 5);
}

static enum slu_err take_over(void)
{
    struct slu_publish_options now = options();

    return slu_publish_take_over(&now, out, &error);
}

static void store_domains(unsigned from, unsigned count, uint8_t score)
{
    cr_assert(add_domains(from, count, score));
}

static void write_out(const char *name, const char *text)
{
    bool changed;

    cr_assert_eq(slu_files_replace(files, name, slu_view_str(text), &changed),
                 SLU_ERR_OK);
}

static void assert_file(const char *name, const char *expected)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1u << 20);
    cr_assert_eq(slu_files_read(files, name, &buf), SLU_ERR_OK, "%s", name);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), expected), "%s: %.*s",
              name, SLU_VIEW_ARGS(slu_buf_view(&buf)));
    slu_buf_fini(&buf);
}

Test(publish, writes_the_lists_and_reports_each_file)
{
    start();
    store_domains(1, 3, 90);
    cr_assert_eq(publish(), SLU_ERR_OK, "%s", error.text);
    assert_file("guard_duty/threat-entity-1.txt",
                "n001.example.com\nn002.example.com\n");
    assert_file("guard_duty/threat-entity-2.txt", "n003.example.com\n");
    assert_file("guard_duty/threat-ip-1.txt", "");
    cr_assert_eq(report.listed[SLU_KIND_DOMAIN], 3);
    cr_assert_eq(report.added[SLU_KIND_DOMAIN], 3);
    cr_assert_eq(report.file_count, 12 + SLU_SIDE_FILE_COUNT + 1);
    cr_assert_not_null(strstr(lines,
                              "[INFO] Updated file: "
                              "guard_duty/threat-entity-1.txt | Records: 2 | "
                              "Size: 0.00 MB\n"));
    cr_assert_not_null(strstr(lines, "[DEBUG] Updated file: "
                                     "guard_duty/threat-ip-1.txt"));
    cr_assert_null(strstr(lines, "[INFO] Updated file: exceeded"));
    stop();
}

Test(publish, touches_nothing_when_nothing_has_changed)
{
    start();
    store_domains(1, 3, 90);
    cr_assert_eq(publish(), SLU_ERR_OK);
    cr_assert_eq(publish(), SLU_ERR_OK);
    cr_assert_null(strstr(lines, "Updated file"));
    cr_assert_eq(report.added[SLU_KIND_DOMAIN], 0);
    cr_assert_eq(report.listed[SLU_KIND_DOMAIN], 3);
    stop();
}

Test(publish, says_what_has_no_room_and_how_to_make_some)
{
    start();
    store_domains(1, 13, 90);
    cr_assert_eq(publish(), SLU_ERR_OK);
    cr_assert_eq(report.exceeded[SLU_KIND_DOMAIN], 1);
    cr_assert_eq(report.listed[SLU_KIND_DOMAIN], 12);
    cr_assert_not_null(
        strstr(lines, "[WARN] Exceeded max GuardDuty domain files | 1 left"));
    stop();
}

/* Not the store's "reading or writing a file failed". */
Test(publish, names_the_file_that_it_could_not_write)
{
    char path[160];

    start();
    store_domains(1, 3, 90);
    (void)snprintf(path, sizeof(path), "%s/guard_duty", out);
    cr_assert_eq(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/guard_duty/threat-entity-2.txt",
                   out);
    cr_assert_eq(mkdir(path, 0755), 0);
    cr_assert_eq(publish(), SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, "threat-entity-2.txt"), "%s",
                       error.text);
    cr_assert_eq(report.file_count, 7);
    /* What failed is made good by the next one. */
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(publish(), SLU_ERR_OK, "%s", error.text);
    assert_file("guard_duty/threat-entity-2.txt", "n003.example.com\n");
    stop();
}

/* ---- take_over.c ---- */

Test(publish, takes_over_the_lists_that_stand_there_once)
{
    start();
    write_out("guard_duty/threat-entity-2.txt", "old.example.com\nbad one\n");
    cr_assert_eq(take_over(), SLU_ERR_OK, "%s", error.text);
    store_domains(1, 1, 90);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-1.txt", "n001.example.com\n");
    assert_file("guard_duty/threat-entity-2.txt", "old.example.com\n");
    /* From now on the state is the truth. */
    write_out("guard_duty/threat-entity-2.txt", "forged.example.com\n");
    cr_assert_eq(take_over(), SLU_ERR_OK);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-2.txt", "old.example.com\n");
    stop();
}

/* A list as another writer has left it; `before` is what it was. */
static void take_lines(const char *text, const char *before, int64_t later)
{
    struct slu_publish_options now = options();
    struct slu_publish_lines read = {.kind = SLU_KIND_DOMAIN,
                                     .from = "elsewhere",
                                     .text = slu_view_str(text),
                                     .before = slu_view_str(before)};
    struct slu_answer answer;

    now.now += later;
    slu_answer_init(&answer, slu_alloc_default(), store);
    slu_answer_begin(&answer);
    cr_assert_eq(slu_publish_take_lines(&now, &read, &answer, &error),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(slu_publish_commit_lines(&now, &answer, "elsewhere", &error),
                 SLU_ERR_OK, "%s", error.text);
    slu_answer_fini(&answer);
}

static void assert_record(const char *name, bool there, int64_t last_seen,
                          uint32_t sources)
{
    struct slu_record record;
    bool found;

    cr_assert_eq(slu_store_find(store, SLU_RECORD_DOMAIN, slu_view_str(name),
                                &record, &found),
                 SLU_ERR_OK);
    cr_assert_eq(found, there, "%s", name);
    if (there) {
        cr_assert_eq(record.last_seen, last_seen, "%s", name);
        cr_assert_eq(record.sources, sources, "%s", name);
    }
}

Test(publish, a_line_that_is_known_gets_no_younger_by_being_taken_over)
{
    start();
    store_domains(1, 2, 90);
    cr_assert_eq(publish(), SLU_ERR_OK);
    take_lines("n001.example.com\ntheirs.example.com\nn002.example.com\n",
               "n001.example.com\nn002.example.com\n", 1000);
    assert_record("n001.example.com", true, NOW - 10, SLU_SOURCE_STREAM);
    assert_record("n002.example.com", true, NOW - 10, SLU_SOURCE_STREAM);
    assert_record("theirs.example.com", true, NOW + 1000,
                  SLU_SOURCE_TAKEN_OVER);
    /* Nor by being taken over twice. */
    take_lines("n001.example.com\ntheirs.example.com\nmore.example.com\n", "",
               2000);
    assert_record("theirs.example.com", true, NOW + 1000,
                  SLU_SOURCE_TAKEN_OVER);
    assert_record("more.example.com", true, NOW + 2000, SLU_SOURCE_TAKEN_OVER);
    stop();
}

Test(publish, a_line_that_was_dropped_stays_so_whoever_left_it_standing)
{
    start();
    take_lines("dropped.example.com\nnew.example.com\n",
               "dropped.example.com\n", 0);
    assert_record("dropped.example.com", false, 0, 0);
    assert_record("new.example.com", true, NOW, SLU_SOURCE_TAKEN_OVER);
    stop();
}

/* Else two writers would turn their lines round for ever. */
Test(publish, what_was_taken_over_is_written_as_it_was_read)
{
    static const char theirs[] = "n002.example.com\nn001.example.com\n";

    start();
    lists.entity_file_lines = 10;
    store_domains(1, 2, 90);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-1.txt",
                "n001.example.com\nn002.example.com\n");
    take_lines(theirs, "", 0);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-1.txt", theirs);
    store_domains(3, 1, 90);
    take_lines("x.example.com\nn002.example.com\nn001.example.com\n", theirs,
               0);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-1.txt",
                "x.example.com\nn002.example.com\nn001.example.com\n"
                "n003.example.com\n");
    stop();
}

/* The one's path is the beginning of the other's. */
Test(publish, takes_a_folder_for_itself_whatever_its_path_begins_with)
{
    start();
    open_folder("out2");
    cr_assert_eq(take_over(), SLU_ERR_OK);
    open_folder("out");
    write_out("guard_duty/threat-entity-1.txt", "old.example.com\n");
    cr_assert_eq(take_over(), SLU_ERR_OK);
    cr_assert_eq(publish(), SLU_ERR_OK);
    assert_file("guard_duty/threat-entity-1.txt", "old.example.com\n");
    stop();
}

Test(publish, tells_long_paths_apart_by_their_ends)
{
    static char path[2][600];
    struct slu_publish_options now;

    for (int i = 0; i < 2; i++) {
        memset(path[i], 'p', 598);
        path[i][598] = (char)('a' + i);
    }
    start();
    now = options();
    cr_assert_eq(slu_publish_take_over(&now, path[0], &error), SLU_ERR_OK);
    write_out("guard_duty/threat-entity-1.txt", "old.example.com\n");
    cr_assert_eq(slu_publish_take_over(&now, path[0], &error), SLU_ERR_OK);
    cr_assert_null(strstr(lines, "Taking over"));
    cr_assert_eq(slu_publish_take_over(&now, path[1], &error), SLU_ERR_OK);
    cr_assert_not_null(strstr(lines, "Taking over existing file: "
                                     "guard_duty/threat-entity-1.txt"));
    stop();
}

/* ---- the checkpoint ---- */

Test(publish, reads_back_the_checkpoint_that_it_wrote)
{
    struct slu_publish_options now;
    struct slu_checkpoint read;
    bool found = true;

    start();
    now = options();
    cr_assert_eq(slu_publish_read_checkpoint(&now, &read, &found, &error),
                 SLU_ERR_OK);
    cr_assert_not(found);
    cr_assert_eq(publish(), SLU_ERR_OK);
    cr_assert_eq(slu_publish_read_checkpoint(&now, &read, &found, &error),
                 SLU_ERR_OK);
    cr_assert(found);
    cr_assert_eq(read.stream[SLU_KIND_DOMAIN], NOW - 5);
    write_out(SLU_CHECKPOINT_FILE, "{\"threat_lists\": 7");
    cr_assert_eq(slu_publish_read_checkpoint(&now, &read, &found, &error),
                 SLU_ERR_CONFIG);
    cr_assert_not(found);
    cr_assert_not_null(strstr(error.text, "remove it to pull"));
    stop();
}
