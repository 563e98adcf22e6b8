/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut while answers are committed and their rows are appended:
 * what a cut leaves (disk_image.h) is opened again. The state has no answer
 * less than was said to be durable, and the file has the rows of those answers,
 * each once, whole, in its order, and no other.
 *
 * The file has more than SLU_ROW_FILE_TAIL bytes when the watching begins: of a
 * shorter one the inode decides, which an image cannot have.
 */
#include "engine/rows_bench.h"
#include "power_scene.h"

#include <criterion/criterion.h>

#define ANSWERS 6
#define ROWS 4

static struct rows_bench bench;

static void open_rows(const char *folder)
{
    memset(&bench, 0, sizeof(bench));
    (void)snprintf(bench.dir, sizeof(bench.dir), "%s", folder);
    bench.alloc = slu_alloc_default();
    bench.sinks[0] = &slu_ndjson_sink;
    bench.sink_count = 1;
    bench.durable = true;
}

static unsigned read_place(void)
{
    struct found_entry found = {.value = "0"};

    cr_assert_eq(slu_store_entries(bench.store, "fake/u", note_entry, &found),
                 SLU_ERR_OK, "%s", slu_store_error(bench.store)->text);
    return (unsigned)atoi(found.value);
}

static enum slu_err commit_answer(unsigned number)
{
    char place[16];
    enum slu_err err = SLU_ERR_OK;

    rows_begin(&bench);
    for (unsigned i = 0; i < ROWS && err == SLU_ERR_OK; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "f%u-%u", number, i);
        err = rows_finding(&bench, id, 1000);
        if (err == SLU_ERR_OK) {
            err = rows_add(&bench, "8.8.8.8", id);
        }
    }
    (void)snprintf(place, sizeof(place), "%u", number + 1);
    if (err == SLU_ERR_OK) {
        err = slu_answer_put(&bench.answer, "fake/", slu_view_str("u"),
                             slu_view_str(place));
    }
    return err == SLU_ERR_OK ? rows_commit(&bench) : err;
}

static void run_all(void)
{
    open_rows(root);
    cr_assert_eq(rows_open(&bench), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(commit_answer(0), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(bench.store), SLU_ERR_OK);
    rows_close(&bench);
    disk_log_start(root);
    disk_log_note(CHANNEL_BEGUN, 1);
    disk_log_note(CHANNEL_DURABLE, 1);
    for (unsigned i = 1; i < ANSWERS; i++) {
        if (i % 3 == 1) {
            cr_assert_eq(rows_open(&bench), SLU_ERR_OK);
        }
        disk_log_note(CHANNEL_BEGUN, i + 1);
        cr_assert_eq(commit_answer(i), SLU_ERR_OK);
        if (i % 2 == 0) {
            cr_assert_eq(slu_store_drain(bench.store), SLU_ERR_OK);
            disk_log_note(CHANNEL_DURABLE, i + 1);
        }
    }
    cr_assert_eq(slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error),
                 SLU_ERR_OK);
    disk_log_note(CHANNEL_DURABLE, ANSWERS);
    rows_close(&bench);
    disk_log_stop();
}

/* NULL, or what is wrong. */
static const char *check_rows(unsigned durable, unsigned begun)
{
    char expected[2048] = "";
    size_t len = 0;
    unsigned answers;

    if (rows_open(&bench) != SLU_ERR_OK) {
        return bench.error.text;
    }
    answers = read_place();
    if (answers < durable || answers > begun) {
        return "an answer is gone, or one too many";
    }
    for (unsigned i = 0; i < answers * ROWS; i++) {
        len += (size_t)snprintf(expected + len, sizeof(expected) - len,
                                "8.8.8.8 f%u-%u\n", i / ROWS, i % ROWS);
    }
    if (strstr(bench.lines, "was changed") != NULL) {
        return bench.lines;
    }
    return strcmp(rows_written(&bench), expected) == 0
               ? NULL
               : "the rows are not those of the answers";
}

/* Returns how many images are not what was promised. */
static unsigned cut_everywhere(unsigned images, bool deaf)
{
    struct disk_replay *replay = disk_replay_new(deaf);
    size_t calls = disk_log_count() - disk_log_begin();
    unsigned faults = 0;

    for (unsigned i = 0; i < images; i++) {
        size_t cut = place_cut(calls, i, images);
        const char *why;

        disk_replay_to(replay, cut);
        disk_replay_image(replay, i, image);
        open_rows(image);
        why =
            check_rows(noted(CHANNEL_DURABLE, cut), noted(CHANNEL_BEGUN, cut));
        cr_expect(deaf || why == NULL, "cut at %zu of %zu, image %u: %s", cut,
                  calls, i, why);
        faults += why != NULL;
        rows_close(&bench);
        remove_tree(image);
    }
    disk_replay_free(replay);
    return faults;
}

Test(rows_power, a_cut_leaves_the_rows_of_the_answers_that_the_state_has)
{
    prepare_power();
    run_all();
    cr_expect_eq(cut_everywhere(70, false), 0);
    clear_power();
}

/* Were it not for the waiting, these checks would tell. */
Test(rows_power, a_disk_that_says_it_has_synced_and_has_not_is_found_out)
{
    prepare_power();
    run_all();
    cr_expect_geq(cut_everywhere(12, true), 3);
    clear_power();
}

/* ---- cut behind a run that goes on after a kill ---- */

static enum slu_err run_first(void)
{
    enum slu_err err;

    open_rows(root);
    err = rows_open(&bench);
    for (unsigned i = err == SLU_ERR_OK ? read_place() : 2;
         i < 2 && err == SLU_ERR_OK; i++) {
        err = commit_answer(i);
    }
    if (err == SLU_ERR_OK) {
        err = slu_rows_finish(bench.rows, INT64_MIN, 0, &bench.error);
    }
    rows_close(&bench);
    return err;
}

static void check_file(size_t point)
{
    struct disk_replay *replay = disk_replay_new(false);

    disk_replay_to(replay, disk_log_count());
    for (uint64_t seed = 0; seed < 8; seed++) {
        disk_replay_image(replay, seed, image);
        open_rows(image);
        cr_expect_str_eq(rows_written(&bench),
                         "8.8.8.8 f0-0\n8.8.8.8 f0-1\n8.8.8.8 f0-2\n"
                         "8.8.8.8 f0-3\n8.8.8.8 f1-0\n8.8.8.8 f1-1\n"
                         "8.8.8.8 f1-2\n8.8.8.8 f1-3\n",
                         "killed at %zu, seed %u", point, (unsigned)seed);
        remove_tree(image);
    }
    disk_replay_free(replay);
}

/* How many calls there are until the file has been made. */
static size_t count_to_file(void)
{
    size_t made = 0;

    prepare_power();
    disk_log_start(root);
    cr_assert_eq(run_first(), SLU_ERR_OK, "%s", bench.error.text);
    for (size_t i = disk_log_begin(); i < disk_log_count() && made == 0; i++) {
        const struct disk_op *op = disk_log_at(i);

        if (op->kind == DISK_MAKE_FILE &&
            strcmp(op->name, "indicators.ndjson") == 0) {
            made = i + 1 - disk_log_begin();
        }
    }
    clear_power();
    return made;
}

Test(rows_power, a_file_that_a_killed_run_made_is_made_durable_by_the_next)
{
    size_t made = count_to_file();

    cr_assert_gt(made, 2);
    for (size_t point = made - 1; point < made + 3; point++) {
        prepare_power();
        disk_log_start(root);
        disk_log_kill_at(disk_log_count() + point);
        (void)run_first();
        disk_log_kill_at(SIZE_MAX);
        cr_assert_eq(run_first(), SLU_ERR_OK, "%s", bench.error.text);
        check_file(point);
        clear_power();
    }
}
