/* SPDX-License-Identifier: Apache-2.0 */
/* What send would do, told row by row. */
#include "engine/delivery_state.h"
#include "engine/plan_lines.h"

struct planning {
    struct slu_delivery *delivery;
    slu_plan_fn on_row;
    void *ctx;
    struct slu_error *error;
};

static bool differs(const struct slu_delivery_file *file)
{
    return file->before.state != SLU_OBJECT_PRESENT ||
           !slu_content_name_equal(&file->before.content,
                                   &file->artifact.content);
}

/* ---- what the list was ---- */

/* The contents of the objects that will change, where they are not here. */
static enum slu_err fetch_before(struct planning *self)
{
    struct slu_delivery *delivery = self->delivery;
    const struct slu_contents *contents = slu_contents_table(delivery->folder);
    unsigned asked = 0;

    slu_bucket_clear(delivery->bucket);
    for (unsigned i = 0; i < delivery->file_count; i++) {
        const struct slu_delivery_file *file = &delivery->files[i];
        struct slu_error unused = {0};
        struct slu_view bytes;

        if (file->artifact.role != SLU_ARTIFACT_LIST || !differs(file) ||
            file->before.state != SLU_OBJECT_PRESENT) {
            continue;
        }
        if (contents->open(contents->ctx, &file->before.content, &bytes,
                           &unused) == SLU_ERR_OK) {
            contents->close(contents->ctx, bytes);
            continue;
        }
        if (slu_bucket_fetch(delivery->bucket, file->artifact.path) ==
            SLU_ERR_OK) {
            asked++;
        }
    }
    return asked == 0 ? SLU_ERR_OK
                      : slu_delivery_run_bucket(delivery, self->error);
}

/* Tells the row of a list that changes, with its lines. */
static enum slu_err tell_change(struct planning *self,
                                const struct slu_delivery_file *file,
                                struct slu_plan_row *row)
{
    struct slu_delivery *delivery = self->delivery;
    const struct slu_contents *contents = slu_contents_table(delivery->folder);
    struct slu_view before = {0};
    struct slu_view after;
    struct slu_error error = {0};
    bool opened;
    enum slu_err err = contents->open(contents->ctx, &file->artifact.content,
                                      &after, self->error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    opened = file->before.state == SLU_OBJECT_PRESENT &&
             contents->open(contents->ctx, &file->before.content, &before,
                            &error) == SLU_ERR_OK;
    err = slu_plan_tell_list(delivery->options.run.alloc, row, before, after,
                             self->on_row, self->ctx);
    if (opened) {
        contents->close(contents->ctx, before);
    }
    contents->close(contents->ctx, after);
    return err;
}

/* ---- rows ---- */

static void tell_call(struct planning *self, const char *region,
                      const char *operation, const char *path)
{
    struct slu_plan_row row = {
        .kind = SLU_PLAN_CALL,
        .region = region,
        .path = path,
        .name = "",
        .action = operation,
        .text = "",
    };

    self->on_row(self->ctx, &row);
}

static enum slu_err tell_list(struct planning *self,
                              const struct slu_delivery_file *file)
{
    static const char *const why[] = {
        [SLU_HOLD_NONE] = "",
        [SLU_HOLD_SHRINK] = "it would shrink by more than publish.max_shrink",
        [SLU_HOLD_REJECTED] = "GuardDuty has refused this content before",
    };
    struct slu_plan_row row = {
        .kind = SLU_PLAN_LIST,
        .region = "",
        .path = file->artifact.path,
        .name = "",
        .action = !differs(file)                ? "unchanged"
                  : file->hold != SLU_HOLD_NONE ? "held"
                                                : "send",
        .text = why[file->hold],
        .lines = file->artifact.lines,
        .bytes = file->artifact.bytes,
    };

    if (differs(file)) {
        return tell_change(self, file, &row);
    }
    self->on_row(self->ctx, &row);
    return SLU_ERR_OK;
}

static enum slu_err tell_lists(struct planning *self)
{
    for (unsigned i = 0; i < self->delivery->file_count; i++) {
        const struct slu_delivery_file *file = &self->delivery->files[i];

        if (file->artifact.role == SLU_ARTIFACT_LIST) {
            enum slu_err err = tell_list(self, file);

            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

static void tell_puts(struct planning *self)
{
    bool held = false;

    for (unsigned i = 0; i < self->delivery->file_count; i++) {
        const struct slu_delivery_file *file = &self->delivery->files[i];

        held |= file->hold != SLU_HOLD_NONE;
        if (file->hold == SLU_HOLD_NONE &&
            (file->artifact.role != SLU_ARTIFACT_CHECKPOINT || !held) &&
            slu_bucket_would_store(self->delivery->bucket, &file->artifact)) {
            tell_call(self, "", "PutObject", file->artifact.path);
        }
    }
}

/* Each set once, and then the calls. */
static void tell_set(void *ctx, const struct slu_set_step *step)
{
    struct planning *self = ctx;
    struct slu_plan_row row = {
        .kind = SLU_PLAN_SET,
        .region = step->region,
        .path = step->path,
        .name = step->name,
        .action = step->action,
        .text = step->why,
    };

    self->on_row(self->ctx, &row);
}

/* A set that is busy is only looked at. */
static bool is_write(const char *operation)
{
    return operation != NULL && operation[0] != '\0' &&
           strncmp(operation, "Get", 3) != 0;
}

static void tell_set_call(void *ctx, const struct slu_set_step *step)
{
    struct planning *self = ctx;

    if (is_write(step->operation)) {
        tell_call(self, step->region, step->operation, step->path);
    }
}

/* The objects as they would be after the sync. */
static void want_planned(struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_delivery_file *file = &self->files[i];
        const struct slu_artifact *artifact = &file->artifact;
        bool held = file->hold != SLU_HOLD_NONE;
        struct slu_set_list list = {
            .kind = artifact->kind,
            .index = artifact->index,
            .content = held ? file->before.content : artifact->content,
            .lines = held ? file->before.lines : artifact->lines,
            .restored = file->hold == SLU_HOLD_REJECTED,
            .rejected = artifact->content,
        };

        if (artifact->role == SLU_ARTIFACT_LIST) {
            slu_sets_want(self->sets, &list);
        }
    }
}

enum slu_err slu_delivery_plan(struct slu_delivery *self, slu_plan_fn on_row,
                               void *ctx, struct slu_error *out_error)
{
    struct planning planning = {
        .delivery = self,
        .on_row = on_row,
        .ctx = ctx,
        .error = out_error,
    };
    enum slu_err err;

    slu_bucket_clear(self->bucket);
    slu_delivery_hold_lists(self);
    err = fetch_before(&planning);
    if (err == SLU_ERR_OK) {
        err = tell_lists(&planning);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (self->sets != NULL) {
        want_planned(self);
        slu_sets_plan(self->sets, tell_set, &planning);
    }
    tell_puts(&planning);
    if (self->sets != NULL) {
        slu_sets_plan(self->sets, tell_set_call, &planning);
    }
    return SLU_ERR_OK;
}
