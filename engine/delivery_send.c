/* SPDX-License-Identifier: Apache-2.0 */
/* What is held back, the objects, the sets. */
#include "engine/delivery_state.h"

#include <stdio.h>

static void print_hold(const struct slu_delivery *self,
                       const struct slu_delivery_file *file)
{
    const struct slu_artifact *artifact = &file->artifact;

    if (file->hold == SLU_HOLD_REJECTED) {
        slu_logger_print(&self->options.run.logger, SLU_LOG_ERROR,
                         "%s: GuardDuty has refused this content before; its "
                         "last good content stays until the list changes, or "
                         "run with --force",
                         artifact->path);
        return;
    }
    slu_logger_print(
        &self->options.run.logger, SLU_LOG_ERROR,
        "%s would shrink from %llu to %llu lines, by more than "
        "publish.max_shrink (%lld%%): it is not published; run with --force "
        "if that is right",
        artifact->path, (unsigned long long)file->before.lines,
        (unsigned long long)artifact->lines,
        (long long)self->options.publish->max_shrink);
}

static enum slu_delivery_hold judge_list(const struct slu_delivery *self,
                                         const struct slu_delivery_file *file)
{
    const struct slu_artifact *artifact = &file->artifact;
    const struct slu_object *before = &file->before;

    if (self->options.force || artifact->role != SLU_ARTIFACT_LIST ||
        before->state != SLU_OBJECT_PRESENT ||
        slu_content_name_equal(&before->content, &artifact->content)) {
        return SLU_HOLD_NONE;
    }
    if (self->sets != NULL &&
        slu_sets_has_rejected(self->sets, artifact->path, &artifact->content)) {
        return SLU_HOLD_REJECTED;
    }
    return slu_publish_shrinks_too_much(self->options.publish, before->lines,
                                        artifact->lines)
               ? SLU_HOLD_SHRINK
               : SLU_HOLD_NONE;
}

void slu_delivery_hold_lists(struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        struct slu_delivery_file *file = &self->files[i];

        if (!file->has_before) {
            file->before = slu_bucket_object(self->bucket, file->artifact.path);
            file->has_before = true;
        }
        file->hold = judge_list(self, file);
        if (file->hold != SLU_HOLD_NONE) {
            print_hold(self, file);
            slu_bucket_hold(self->bucket);
        }
    }
}

static enum slu_err store_files(struct slu_delivery *self,
                                struct slu_error *error)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_delivery_file *file = &self->files[i];
        enum slu_err err;

        if (file->hold != SLU_HOLD_NONE) {
            continue;
        }
        err = slu_bucket_store(self->bucket, &file->artifact);
        if (err != SLU_ERR_OK) {
            return slu_error_set(error, err, "cannot send %s: %s",
                                 file->artifact.path, slu_err_sentence(err));
        }
    }
    return SLU_ERR_OK;
}

static void note_sent(struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        struct slu_delivery_file *file = &self->files[i];

        file->sent = file->sent ||
                     slu_bucket_outcome(self->bucket, file->artifact.path) ==
                         SLU_OBJECT_STORED;
    }
}

static enum slu_err send_objects(struct slu_delivery *self,
                                 struct slu_error *error)
{
    enum slu_err err;

    slu_bucket_clear(self->bucket);
    slu_delivery_hold_lists(self);
    err = store_files(self, error);
    if (err == SLU_ERR_OK) {
        err = slu_delivery_run_bucket(self, error);
    }
    note_sent(self);
    return err;
}

/* ---- sets ---- */

/* Tells the sets what each list is now: the content of its object. */
static void want_all(struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_delivery_file *file = &self->files[i];
        const struct slu_artifact *artifact = &file->artifact;
        bool refused = file->restored || file->hold == SLU_HOLD_REJECTED;
        struct slu_object object;

        if (artifact->role != SLU_ARTIFACT_LIST) {
            continue;
        }
        object = slu_bucket_object(self->bucket, artifact->path);
        /* What is not known for sure is left alone. */
        if (object.state == SLU_OBJECT_PRESENT) {
            struct slu_set_list list = {
                .kind = artifact->kind,
                .index = artifact->index,
                .content = object.content,
                .lines = object.lines,
                .restored = refused,
                .rejected =
                    refused ? artifact->content : (struct slu_content_name){""},
            };

            slu_sets_want(self->sets, &list);
        }
    }
}

static enum slu_err settle_sets(struct slu_delivery *self,
                                struct slu_error *error)
{
    enum slu_err err;
    bool any = false;

    want_all(self);
    slu_sets_settle(self->sets);
    err = slu_delivery_run_sets(self, error);
    self->settled = true;
    if (err == SLU_ERR_OK) {
        err = slu_delivery_restore(self, &any, error);
    }
    if (err == SLU_ERR_OK && any) {
        want_all(self);
        slu_sets_settle(self->sets);
        err = slu_delivery_run_sets(self, error);
    }
    return err;
}

static enum slu_err judge_sets(const struct slu_delivery *self,
                               struct slu_error *error)
{
    const struct slu_sets_result *result = slu_sets_result(self->sets);
    bool all_denied =
        result->regions > 0 && result->denied_regions == result->regions;

    if (result->errors + result->limited + result->failed_regions == 0) {
        return SLU_ERR_OK;
    }
    return slu_error_set(
        error, all_denied ? SLU_ERR_AUTH : SLU_ERR_INCOMPLETE, "%s",
        result->first.text[0] != '\0' ? result->first.text
                                      : "not every list has its set");
}

static enum slu_err judge_holds(const struct slu_delivery *self,
                                struct slu_error *error)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_delivery_file *file = &self->files[i];

        if (file->restored || file->hold == SLU_HOLD_REJECTED) {
            return slu_error_set(error, SLU_ERR_INCOMPLETE,
                                 "GuardDuty refuses the content of %s; its "
                                 "last good content stays",
                                 file->artifact.path);
        }
        if (file->hold == SLU_HOLD_SHRINK) {
            return slu_error_set(error, SLU_ERR_INCOMPLETE,
                                 "%s would shrink by more than "
                                 "publish.max_shrink and is not published",
                                 file->artifact.path);
        }
    }
    return SLU_ERR_OK;
}

/* The worst by exit code; of equals the first. */
static void keep_worst(enum slu_err *worst, struct slu_error *error,
                       enum slu_err err, const struct slu_error *other)
{
    if (slu_exit_code(err) > slu_exit_code(*worst)) {
        *worst = err;
        *error = *other;
    }
}

enum slu_err slu_delivery_send(struct slu_delivery *self,
                               struct slu_error *out_error)
{
    struct slu_error other = {0};
    enum slu_err worst = SLU_ERR_OK;
    enum slu_err err = send_objects(self, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    worst = slu_delivery_judge_bucket(self, out_error);
    if (self->sets != NULL) {
        err = settle_sets(self, &other);
        if (err != SLU_ERR_OK) {
            *out_error = other;
            return err;
        }
        keep_worst(&worst, out_error, judge_sets(self, &other), &other);
    }
    keep_worst(&worst, out_error, judge_holds(self, &other), &other);
    return worst == SLU_ERR_OK && self->sets != NULL
               ? slu_delivery_prove_checkpoint(self, out_error)
               : worst;
}
