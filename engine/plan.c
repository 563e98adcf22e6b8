/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: a sync on a copy of the state, in a folder that is thrown away, with
 * bucket and sets only asked how they are.
 */
#include "codecs/line_diff.h"
#include "engine/clock.h"
#include "engine/plan_lines.h"
#include "engine/read_file.h"
#include "engine/sync_state.h"

#include <stdio.h>

static enum slu_err copy_lists(struct slu_sync *self,
                               const struct slu_scratch *scratch)
{
    struct slu_engine *engine = self->engine;
    enum slu_err err =
        slu_scratch_copy(engine->top->output_dir, scratch->output_dir,
                         SLU_CHECKPOINT_FILE, &engine->error);

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths =
            slu_lists_config_files(engine->lists, (enum slu_kind)kind);

        for (unsigned i = 0; err == SLU_ERR_OK && i < paths->count; i++) {
            err = slu_scratch_copy(engine->top->output_dir, scratch->output_dir,
                                   paths->items[i], &engine->error);
        }
    }
    return err;
}

static enum slu_err prepare(struct slu_sync *self, struct slu_scratch *scratch)
{
    struct slu_engine *engine = self->engine;
    enum slu_err err = slu_scratch_open(scratch, &engine->error);

    if (err == SLU_ERR_OK) {
        err = slu_store_copy(engine->alloc, engine->top->state_dir,
                             scratch->state_dir, &engine->error);
    }
    return err == SLU_ERR_OK ? copy_lists(self, scratch) : err;
}

/* ---- without a bucket: what would be written ---- */

static enum slu_err read_list(struct slu_sync *self, const char *dir,
                              const char *path, struct slu_buf *buf)
{
    char full[SLU_SCRATCH_PATH_MAX + 512];
    int sys = 0;
    enum slu_err err;

    (void)snprintf(full, sizeof(full), "%s/%s", dir, path);
    slu_buf_clear(buf);
    err = slu_file_read_all(full, buf, &sys);
    if (err == SLU_ERR_OK || err == SLU_ERR_NOT_FOUND) {
        return SLU_ERR_OK;
    }
    return slu_error_set(&self->engine->error, err, "cannot read %.200s: %s",
                         full, strerror(sys));
}

static enum slu_err tell_list(struct slu_sync *self, const char *path,
                              struct slu_buf *before, struct slu_buf *after)
{
    struct slu_plan_row row = {
        .kind = SLU_PLAN_LIST,
        .region = "",
        .path = path,
        .name = "",
        .text = "",
    };
    enum slu_err err =
        read_list(self, self->engine->top->output_dir, path, before);

    if (err == SLU_ERR_OK) {
        err = read_list(self, self->output_dir, path, after);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    row.lines = slu_line_count(slu_buf_view(after));
    row.bytes = after->len;
    row.action = slu_view_equal(slu_buf_view(before), slu_buf_view(after))
                     ? "unchanged"
                     : "write";
    return slu_plan_tell_list(self->engine->alloc, &row, slu_buf_view(before),
                              slu_buf_view(after), self->on_row, self->row_ctx);
}

static enum slu_err tell_files(struct slu_sync *self)
{
    struct slu_buf before;
    struct slu_buf after;
    enum slu_err err = SLU_ERR_OK;

    slu_buf_init(&before, self->engine->alloc, SLU_CONTENT_MAX);
    slu_buf_init(&after, self->engine->alloc, SLU_CONTENT_MAX);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths =
            slu_lists_config_files(self->engine->lists, (enum slu_kind)kind);

        for (unsigned i = 0; err == SLU_ERR_OK && i < paths->count; i++) {
            err = tell_list(self, paths->items[i], &before, &after);
        }
    }
    slu_buf_fini(&before);
    slu_buf_fini(&after);
    return err;
}

enum slu_err slu_engine_plan(struct slu_engine *self, unsigned flow,
                             slu_plan_fn on_row, void *ctx,
                             struct slu_report *out_report)
{
    struct slu_report unused;
    struct slu_scratch scratch = {0};
    struct slu_sync sync = {
        .engine = self,
        .room = {.fd = -1},
        .now = slu_clock_wall_s(),
        .started_us = slu_clock_mono_us(),
        .report = out_report != NULL ? out_report : &unused,
        .on_row = on_row,
        .row_ctx = ctx,
        .state_dir = scratch.state_dir,
        .output_dir = scratch.output_dir,
    };
    enum slu_err err;

    self->error = (struct slu_error){0};
    *sync.report = (struct slu_report){0};
    err = prepare(&sync, &scratch);
    if (err == SLU_ERR_OK) {
        err = slu_sync_run(&sync, flow);
        if (err == SLU_ERR_OK && sync.report->bucket == NULL) {
            err = tell_files(&sync);
        }
    }
    slu_scratch_close(&scratch);
    return err;
}
