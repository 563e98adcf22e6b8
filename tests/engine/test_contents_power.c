/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut behind a run that was told a content's name, be it that it
 * wrote it or found it: the content is there, whole, also when a run before it
 * had been killed at any of its calls.
 */
#include "engine/contents.h"
#include "power_scene.h"

#include <criterion/criterion.h>

#define TEXT "one.example.com\ntwo.example.com\n"

/* Adds the content in each of the ways that there are. */
static enum slu_err add_content(struct slu_contents_folder *folder, int fd,
                                unsigned way, struct slu_content_name *out_name)
{
    const struct slu_contents *table = slu_contents_table(folder);
    struct slu_content_writer *writer;
    struct slu_error error = {0};
    uint64_t bytes;
    enum slu_err err;

    if (way == 0) {
        return slu_contents_add(folder, slu_view_str(TEXT), out_name, &error);
    }
    if (way == 1) {
        return slu_contents_add_file(folder, fd, out_name, &bytes, &error);
    }
    err = table->begin(table->ctx, &writer, &error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = table->append(table->ctx, writer, slu_view_str(TEXT), &error);
    if (err != SLU_ERR_OK) {
        table->abandon(table->ctx, writer);
        return err;
    }
    return table->commit(table->ctx, writer, out_name, &error);
}

static enum slu_err run_once(unsigned way, struct slu_content_name *out_name)
{
    struct slu_contents_folder *folder = NULL;
    struct slu_error error = {0};
    FILE *file = tmpfile();
    enum slu_err err;

    cr_assert_not_null(file);
    (void)fputs(TEXT, file);
    rewind(file);
    err = slu_contents_open(slu_alloc_default(), root, &folder, &error);
    if (err == SLU_ERR_OK) {
        err = add_content(folder, fileno(file), way, out_name);
    }
    slu_contents_close(folder);
    (void)fclose(file);
    return err;
}

static void check_image(const struct slu_content_name *name, unsigned way,
                        size_t point)
{
    struct disk_replay *replay = disk_replay_new(false);
    char path[128];

    (void)snprintf(path, sizeof(path), "published/%s", name->text);
    disk_replay_to(replay, disk_log_count());
    for (uint64_t seed = 0; seed < 6; seed++) {
        const char *text;

        disk_replay_image(replay, seed, image);
        text = read_text(image, path);
        cr_expect(text != NULL && strcmp(text, TEXT) == 0,
                  "way %u, killed at %zu, seed %u", way, point, (unsigned)seed);
        remove_tree(image);
    }
    disk_replay_free(replay);
}

/* Returns how many calls there are to be killed at. */
static size_t kill_everywhere(unsigned way)
{
    struct slu_content_name name;
    size_t point = 0;
    bool killed = true;

    for (; killed; point++) {
        prepare_power();
        disk_log_start(root);
        disk_log_kill_at(disk_log_count() + point);
        killed = run_once(way, &name) != SLU_ERR_OK;
        disk_log_kill_at(SIZE_MAX);
        cr_assert_eq(run_once(way, &name), SLU_ERR_OK);
        check_image(&name, way, point);
        clear_power();
    }
    return point;
}

Test(contents_power, a_content_that_was_named_survives_a_cut)
{
    for (unsigned way = 0; way < 3; way++) {
        cr_expect_geq(kill_everywhere(way), 6, "way %u", way);
    }
}
