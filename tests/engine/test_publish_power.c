/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut while runs put what they pulled into the state and make the
 * list files of it: from what was done to the disk (disk_log.h) are made the
 * folders that a cut could have left (disk_image.h). In each of them every file
 * is that of a run, whole; the state knows what the newest of them shows; the
 * checkpoint file is no newer than any other; and the next run makes all of
 * them what they would have been without the cut.
 */
#include "power_scene.h"
#include "publish_scene.h"

#define RUNS 4
#define FILES 24
#define TEXT_MAX 1024
#define RUN_DOMAINS 5
#define ROOM 12 /* for domains: from the third run on the better ones stay */

struct files_of_run {
    char texts[FILES][TEXT_MAX];
};

static const char *paths[FILES];
static unsigned path_count;
static unsigned checkpoint_path;
static struct files_of_run made[RUNS + 1]; /* none of run 0 */

/* ---- runs ---- */

static bool run_once(unsigned run, bool pulls)
{
    bool done = (!pulls || add_domains(1 + RUN_DOMAINS * (run - 1), RUN_DOMAINS,
                                       (uint8_t)(50 + run))) &&
                publish_at(NOW - 100 + run) == SLU_ERR_OK;

    return done;
}

/* "" when there is none, and when it is empty. */
static void read_file(const char *base, const char *path, char text[TEXT_MAX])
{
    const char *found = read_text(base, path);

    (void)snprintf(text, TEXT_MAX, "%s", found == NULL ? "" : found);
}

static void read_files(const char *base, struct files_of_run *to)
{
    char folder[96];

    (void)snprintf(folder, sizeof(folder), "%s/out", base);
    for (unsigned i = 0; i < path_count; i++) {
        read_file(folder, paths[i], to->texts[i]);
    }
}

static void name_files(void)
{
    path_count = 0;
    for (unsigned i = 0; i < report.file_count && i < FILES; i++) {
        if (strcmp(report.files[i].path, SLU_CHECKPOINT_FILE) == 0) {
            checkpoint_path = i;
        }
        paths[path_count++] = report.files[i].path;
    }
}

static void run_all(void)
{
    disk_log_start(root);
    disk_log_slow_down("state.db-wal", 5);
    cr_assert(open_scene(root), "%s", error.text);
    for (unsigned run = 1; run <= RUNS; run++) {
        disk_log_note(CHANNEL_BEGUN, run);
        cr_assert(run_once(run, true), "%s", error.text);
        disk_log_note(CHANNEL_DURABLE, run);
        name_files();
        read_files(root, &made[run]);
    }
    close_scene();
    disk_log_slow_down(NULL, 0);
    disk_log_stop();
}

/* ---- what is left ---- */

/* The oldest and the newest run of which a file may be; false when of none. */
static bool date_file(const struct files_of_run *found, unsigned path,
                      unsigned durable, unsigned begun, unsigned ages[2])
{
    bool known = false;

    for (unsigned run = durable; run <= begun; run++) {
        if (strcmp(found->texts[path], made[run].texts[path]) == 0) {
            ages[0] = known ? ages[0] : run;
            ages[1] = run;
            known = true;
        }
    }
    return known;
}

/* NULL, or what is wrong. *out_run: the newest that shows in any file. */
static const char *check_files(const struct files_of_run *found,
                               unsigned durable, unsigned begun,
                               unsigned *out_run)
{
    unsigned oldest = begun;
    unsigned ages[2] = {0, 0};

    *out_run = 0;
    for (unsigned i = 0; i < path_count; i++) {
        if (!date_file(found, i, durable, begun, ages)) {
            return paths[i];
        }
        *out_run = ages[0] > *out_run ? ages[0] : *out_run;
        oldest = ages[1] < oldest ? ages[1] : oldest;
    }
    (void)date_file(found, checkpoint_path, durable, begun, ages);
    return ages[0] > oldest ? "the checkpoint is newer than a file" : NULL;
}

static enum slu_err count_domain(void *ctx, const struct slu_record *record)
{
    unsigned *counts = ctx;

    counts[0]++;
    counts[1] += record->place_file != 0;
    return SLU_ERR_OK;
}

/* NULL, or what is wrong. *out_run: whose domains the state has. */
static const char *check_state(unsigned shown, unsigned begun,
                               unsigned *out_run)
{
    unsigned counts[2] = {0, 0};

    if (slu_store_gather(store) != SLU_ERR_OK ||
        slu_store_scan(store, SLU_RECORD_DOMAIN, count_domain, counts) !=
            SLU_ERR_OK) {
        return slu_store_error(store)->text;
    }
    *out_run = counts[0] / RUN_DOMAINS;
    if (counts[0] % RUN_DOMAINS != 0 || *out_run > begun) {
        return "half an answer, or one too many";
    }
    if (shown > RUNS / 2 ? counts[1] != ROOM
                         : counts[1] < shown * RUN_DOMAINS) {
        return "a file shows places that the state doesn't know";
    }
    return *out_run < shown ? "a file shows an answer that is gone" : NULL;
}

static const char *check_next_run(unsigned run)
{
    static struct files_of_run found;
    unsigned ages[2];

    if (run == 0) {
        return NULL;
    }
    if (!run_once(run, false)) {
        return error.text;
    }
    read_files(image, &found);
    for (unsigned i = 0; i < path_count; i++) {
        if (!date_file(&found, i, run, run, ages)) {
            return paths[i];
        }
    }
    return NULL;
}

static const char *check_opened(const struct files_of_run *found,
                                unsigned durable, unsigned begun)
{
    unsigned shown;
    unsigned known;
    const char *why = check_files(found, durable, begun, &shown);

    if (why == NULL) {
        why = check_state(shown, begun, &known);
    }
    if (why == NULL && known < durable) {
        why = "an answer is gone";
    }
    return why == NULL ? check_next_run(known) : why;
}

/* NULL, or what is wrong. */
static const char *check_image(const struct disk_replay *replay, size_t cut,
                               uint64_t seed)
{
    static char text[256];
    static struct files_of_run found;
    const char *why = error.text;

    disk_replay_image(replay, seed, image);
    read_files(image, &found);
    if (open_scene(image)) {
        why = check_opened(&found, noted(CHANNEL_DURABLE, cut),
                           noted(CHANNEL_BEGUN, cut));
    }
    if (why != NULL) {
        (void)snprintf(text, sizeof(text), "%.250s", why);
        why = text;
    }
    close_scene();
    remove_tree(image);
    return why;
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
        why = check_image(replay, cut, i);
        cr_expect(deaf || why == NULL, "cut at %zu of %zu, image %u: %s", cut,
                  calls, i, why);
        faults += why != NULL;
    }
    disk_replay_free(replay);
    return faults;
}

Test(publish_power, a_cut_leaves_files_and_state_that_agree)
{
    prepare_power();
    run_all();
    cr_expect_eq(cut_everywhere(64, false), 0);
    clear_power();
}

/* Were it not for the waiting, these checks would tell. */
Test(publish_power, a_disk_that_says_it_has_synced_and_has_not_is_found_out)
{
    prepare_power();
    run_all();
    cr_expect_geq(cut_everywhere(12, true), 3);
    clear_power();
}

/* ---- cut behind a run that goes on after a kill ---- */

static void kill_and_go_on(size_t point)
{
    disk_log_start(root);
    disk_log_kill_at(disk_log_count() + point);
    for (unsigned run = 1; run <= 2; run++) {
        if (!open_scene(root) || !run_once(run, true)) {
            close_scene();
            disk_log_kill_at(SIZE_MAX);
            cr_assert(open_scene(root), "%s", error.text);
            cr_assert(run_once(run, true), "%s", error.text);
        }
        close_scene();
    }
    disk_log_note(CHANNEL_BEGUN, 2);
    disk_log_note(CHANNEL_DURABLE, 2);
    disk_log_stop();
}

Test(publish_power, what_a_killed_run_left_is_made_durable_by_the_next)
{
    prepare_power();
    run_all();
    clear_power();
    for (size_t point = 5; point < 250; point += 18) {
        struct disk_replay *replay = disk_replay_new(false);
        const char *why;

        prepare_power();
        kill_and_go_on(point);
        disk_replay_to(replay, disk_log_count());
        why = check_image(replay, disk_log_count(), point);
        cr_expect_null(why, "killed at %zu: %s", point, why);
        disk_replay_free(replay);
        clear_power();
    }
}
