/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set that ends in ERROR has refused the content of its object. What it had
 * before is put back, and the checkpoint with it (delivery_checkpoint.c).
 */
#include "codecs/line_diff.h"
#include "engine/delivery_state.h"

#include <stdio.h>

/* The content that some region last had ACTIVE, of a list that some region has
 * refused; false: there is none, or it is the refused one. */
static bool find_last_good(const struct slu_delivery *self,
                           struct slu_delivery_file *file,
                           struct slu_content_name *out_content)
{
    const struct slu_artifact *artifact = &file->artifact;
    unsigned regions = slu_sets_result(self->sets)->regions;
    bool refused = false;

    *out_content = (struct slu_content_name){""};
    for (unsigned region = 0; region < regions; region++) {
        struct slu_set_report set = slu_sets_outcome(
            self->sets, region, artifact->kind, artifact->index);

        if (set.outcome == SLU_SET_ERROR &&
            slu_content_name_equal(&set.rejected, &artifact->content)) {
            refused = true;
            (void)snprintf(file->refusal, sizeof(file->refusal), "%s: %.250s",
                           set.region, set.text);
        }
        if (out_content->text[0] == '\0' &&
            !slu_content_name_equal(&set.active, &artifact->content)) {
            *out_content = set.active;
        }
    }
    return refused && out_content->text[0] != '\0';
}

/* The artifact with another content; false: that content is gone. */
static bool make_restored(struct slu_delivery *self,
                          const struct slu_content_name *content,
                          struct slu_artifact *artifact)
{
    const struct slu_contents *contents = slu_contents_table(self->folder);
    struct slu_error error = {0};
    struct slu_view bytes;

    if (contents->open(contents->ctx, content, &bytes, &error) != SLU_ERR_OK) {
        slu_logger_print(&self->options.run.logger, SLU_LOG_ERROR,
                         "%s: its last good content can't be put back: %s",
                         artifact->path, error.text);
        return false;
    }
    artifact->content = *content;
    artifact->bytes = bytes.len;
    artifact->lines = slu_line_count(bytes);
    contents->close(contents->ctx, bytes);
    return true;
}

static enum slu_err restore_file(struct slu_delivery *self,
                                 struct slu_delivery_file *file,
                                 const struct slu_content_name *content)
{
    struct slu_artifact artifact = file->artifact;

    if (!make_restored(self, content, &artifact)) {
        return SLU_ERR_OK;
    }
    slu_logger_print(&self->options.run.logger, SLU_LOG_WARN,
                     "%s: putting its last good content back (%llu lines)",
                     artifact.path, (unsigned long long)artifact.lines);
    file->restored = true;
    return slu_bucket_store(self->bucket, &artifact);
}

static enum slu_err restore_lists(struct slu_delivery *self, bool *out_any)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        struct slu_delivery_file *file = &self->files[i];
        struct slu_content_name content;
        enum slu_err err;

        if (file->artifact.role != SLU_ARTIFACT_LIST ||
            !find_last_good(self, file, &content)) {
            continue;
        }
        err = restore_file(self, file, &content);
        if (err != SLU_ERR_OK) {
            return err;
        }
        *out_any = *out_any || file->restored;
    }
    return SLU_ERR_OK;
}

/* Now, or by a run before: that one may have come no further. */
static bool is_any_refused(const struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        if (self->files[i].restored ||
            self->files[i].hold == SLU_HOLD_REJECTED) {
            return true;
        }
    }
    return false;
}

static enum slu_err restore_checkpoint(struct slu_delivery *self, bool *out_any)
{
    struct slu_delivery_file *file;
    const struct slu_content_name *last =
        slu_delivery_last_checkpoint(self, &file);

    if (last == NULL || !is_any_refused(self)) {
        return SLU_ERR_OK;
    }
    *out_any = true;
    return restore_file(self, file, last);
}

enum slu_err slu_delivery_restore(struct slu_delivery *self, bool *out_any,
                                  struct slu_error *out_error)
{
    enum slu_err err;

    *out_any = false;
    slu_bucket_clear(self->bucket);
    err = restore_lists(self, out_any);
    if (err == SLU_ERR_OK) {
        err = restore_checkpoint(self, out_any);
    }
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, err,
                             "cannot put the last good lists back: %s",
                             slu_err_sentence(err));
    }
    return *out_any ? slu_delivery_run_bucket(self, out_error) : SLU_ERR_OK;
}
