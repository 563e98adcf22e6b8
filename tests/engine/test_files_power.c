/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut while list files are replaced: from what was done to the
 * disk (disk_log.h) are made the folders that a cut could have left
 * (disk_image.h). Every file in them is an old or a new one, whole, and the new
 * one once the run had said that it is there; also when that run found it in
 * its place, because one before it had been killed behind the rename.
 */
#include "engine/files.h"
#include "power_scene.h"

#include <criterion/criterion.h>

#define TEXT_MAX 4096
#define RUNS 3

static const char *const names[] = {"a/1.txt", "2.txt", "a/3.txt", "b/c/4.txt"};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static char out[96];

/* ---- runs ---- */

/* Of a run; the third leaves one file as it was. */
static struct slu_view make_text(size_t name, unsigned run, char text[TEXT_MAX])
{
    unsigned letter = run == 3 && name == 2 ? 2 : run;
    size_t len = 300 + 700 * name + 400 * letter;

    memset(text, (int)('a' + letter), len);
    return slu_view_make(text, len);
}

static enum slu_err write_all(struct slu_files *files, unsigned run)
{
    char text[TEXT_MAX];
    enum slu_err err = SLU_ERR_OK;
    bool changed;

    for (size_t i = 0; err == SLU_ERR_OK && i < NAME_COUNT; i++) {
        err = slu_files_replace(files, names[i], make_text(i, run, text),
                                &changed);
    }
    return err;
}

/* As a sync does it: held and released, or one by one. */
static enum slu_err run_once(unsigned run, bool hold)
{
    struct slu_files *files = NULL;
    struct slu_error error = {0};
    enum slu_err err;

    disk_log_note(CHANNEL_BEGUN, run);
    err = slu_files_open(slu_alloc_default(), out, &files, &error);
    if (err == SLU_ERR_OK && hold) {
        slu_files_hold(files);
    }
    if (err == SLU_ERR_OK) {
        err = write_all(files, run);
    }
    if (err == SLU_ERR_OK && hold) {
        err = slu_files_release(files);
    }
    if (err == SLU_ERR_OK) {
        disk_log_note(CHANNEL_DURABLE, run);
    }
    slu_files_close(files);
    return err;
}

/* ---- what is left ---- */

static bool has_text(size_t name, unsigned run)
{
    char path[160];
    char text[TEXT_MAX];
    char found[TEXT_MAX];
    struct slu_view bytes = make_text(name, run, text);
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/deep/out/%s", image, names[name]);
    file = fopen(path, "rbe");
    if (file == NULL) {
        return run == 0; /* before the first there is none */
    }
    len = fread(found, 1, sizeof(found), file);
    (void)fclose(file);
    return run != 0 && slu_view_equal(slu_view_make(found, len), bytes);
}

/* Returns the number of files that are not what was promised. */
static unsigned check_image(const struct disk_replay *replay, size_t cut,
                            uint64_t seed)
{
    unsigned durable = noted(CHANNEL_DURABLE, cut);
    unsigned begun = noted(CHANNEL_BEGUN, cut);
    unsigned faults = 0;

    disk_replay_image(replay, seed, image);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        bool known = false;

        for (unsigned run = durable; run <= begun; run++) {
            known |= has_text(i, run);
        }
        faults += !known;
    }
    remove_tree(image);
    return faults;
}

static void prepare(void)
{
    prepare_power();
    (void)snprintf(out, sizeof(out), "%s/deep/out", root);
    disk_log_start(root);
}

/* ---- cut anywhere ---- */

static unsigned cut_everywhere(bool hold, bool deaf)
{
    struct disk_replay *replay = disk_replay_new(deaf);
    unsigned faults = 0;

    prepare();
    for (unsigned run = 1; run <= RUNS; run++) {
        cr_assert_eq(run_once(run, hold), SLU_ERR_OK);
    }
    for (size_t cut = disk_log_begin(); cut <= disk_log_count(); cut++) {
        disk_replay_to(replay, cut);
        for (uint64_t seed = 0; seed < 3; seed++) {
            unsigned bad = check_image(replay, cut, seed);

            cr_expect(deaf || bad == 0, "cut at %zu, seed %u: %u files", cut,
                      (unsigned)seed, bad);
            faults += bad;
        }
    }
    disk_replay_free(replay);
    clear_power();
    return faults;
}

Test(files_power, a_cut_leaves_old_files_or_new_ones_whole)
{
    cr_expect_eq(cut_everywhere(true, false), 0);
    cr_expect_eq(cut_everywhere(false, false), 0);
}

/* Were it not for the waiting, these checks would tell. */
Test(files_power, a_disk_that_says_it_has_synced_and_has_not_is_found_out)
{
    cr_expect_geq(cut_everywhere(true, true), 50);
}

/* ---- cut behind a run that found what a killed one had left ---- */

/* False when there was nothing left to be killed in. */
static bool kill_and_go_on(unsigned killed, size_t point, bool hold)
{
    unsigned run;
    size_t begin;

    for (run = 1; run < killed; run++) {
        cr_assert_eq(run_once(run, hold), SLU_ERR_OK);
    }
    begin = disk_log_count();
    disk_log_kill_at(begin + point);
    if (run_once(killed, hold) == SLU_ERR_OK) {
        disk_log_kill_at(SIZE_MAX);
        return false;
    }
    disk_log_kill_at(SIZE_MAX);
    cr_assert_eq(run_once(killed, hold), SLU_ERR_OK);
    return true;
}

static size_t kill_everywhere(unsigned killed, bool hold)
{
    size_t point = 1;
    bool was_killed = true;

    for (; was_killed; point++) {
        struct disk_replay *replay = disk_replay_new(false);

        prepare();
        was_killed = kill_and_go_on(killed, point, hold);
        disk_replay_to(replay, disk_log_count());
        for (uint64_t seed = 0; seed < 4; seed++) {
            unsigned bad = check_image(replay, disk_log_count(), seed);

            cr_expect_eq(bad, 0, "run %u killed at %zu, seed %u: %u files",
                         killed, point, (unsigned)seed, bad);
        }
        disk_replay_free(replay);
        clear_power();
    }
    return point;
}

Test(files_power, what_a_killed_run_left_is_made_durable_by_the_next)
{
    cr_expect_geq(kill_everywhere(1, true), 25);
    cr_expect_geq(kill_everywhere(2, true), 20);
    cr_expect_geq(kill_everywhere(1, false), 25);
    cr_expect_geq(kill_everywhere(2, false), 20);
}

static unsigned count_syncs(size_t begin)
{
    unsigned syncs = 0;

    for (size_t i = begin; i < disk_log_count(); i++) {
        syncs += disk_log_at(i)->kind == DISK_SYNC;
    }
    return syncs;
}

/* Waiting for the disk is what a run that has nothing to do mostly does. */
Test(files_power, each_folder_of_files_that_stay_is_waited_for_once)
{
    size_t begin;

    prepare();
    cr_assert_eq(run_once(1, true), SLU_ERR_OK);
    begin = disk_log_count();
    cr_assert_eq(run_once(1, true), SLU_ERR_OK);
    cr_expect_eq(count_syncs(begin), 4); /* a, b/c, b, and their own */
    clear_power();
}

Test(files_power, files_that_need_not_be_durable_wait_for_nothing)
{
    struct slu_files *files;
    struct slu_error error = {0};
    size_t begin;

    prepare();
    begin = disk_log_count();
    for (unsigned run = 1; run <= RUNS; run++) {
        (void)snprintf(out, sizeof(out), "%s/out", root);
        cr_assert_eq(
            slu_files_open_unsynced(slu_alloc_default(), out, &files, &error),
            SLU_ERR_OK, "%s", error.text);
        cr_assert_eq(write_all(files, run), SLU_ERR_OK);
        cr_assert_eq(write_all(files, run), SLU_ERR_OK);
        slu_files_close(files);
    }
    cr_expect_eq(count_syncs(begin), 0);
    clear_power();
}
