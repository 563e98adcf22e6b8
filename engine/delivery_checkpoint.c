/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoint that goes back with the lists. A checkpoint in the bucket that
 * tells of indicators which are in no list there would make whoever goes by it
 * never ask for them again. So the last one with which every list was proved in
 * use is remembered, and its content kept: a set may end in ERROR long after
 * the run that asked for it, or that run be killed between the two.
 *
 *     delivery/checkpoint        the content's name
 */
#include "engine/answer.h"
#include "engine/delivery_state.h"

#define PREFIX "delivery/"

static enum slu_err load_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct slu_delivery *self = ctx;

    if (!slu_view_equal_str(key, PREFIX "checkpoint")) {
        return SLU_ERR_OK;
    }
    if (value.len != SLU_CONTENT_NAME_LEN) {
        return SLU_ERR_STATE;
    }
    memcpy(self->proved.text, value.ptr, value.len);
    self->proved.text[value.len] = '\0';
    return SLU_ERR_OK;
}

enum slu_err slu_delivery_load_checkpoint(struct slu_delivery *self,
                                          struct slu_error *out_error)
{
    enum slu_err err =
        slu_store_entries(self->options.run.store, PREFIX, load_entry, self);

    return err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(out_error, err,
                               "cannot read which checkpoint was proved: %s",
                               slu_err_sentence(err));
}

static struct slu_delivery_file *find_checkpoint(struct slu_delivery *self)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        if (self->files[i].artifact.role == SLU_ARTIFACT_CHECKPOINT) {
            return &self->files[i];
        }
    }
    return NULL;
}

static enum slu_err store_proved(struct slu_delivery *self)
{
    struct slu_answer answer;
    enum slu_err err;

    slu_answer_init(&answer, self->options.run.alloc, self->options.run.store);
    slu_answer_begin(&answer);
    err = slu_answer_put(&answer, PREFIX, slu_view_str("checkpoint"),
                         slu_view_str(self->proved.text));
    if (err == SLU_ERR_OK) {
        err = slu_answer_commit(&answer, NULL);
    }
    slu_answer_fini(&answer);
    return err;
}

enum slu_err slu_delivery_prove_checkpoint(struct slu_delivery *self,
                                           struct slu_error *out_error)
{
    const struct slu_delivery_file *file = find_checkpoint(self);
    struct slu_object object;
    enum slu_err err;

    if (file == NULL || slu_sets_result(self->sets)->pending > 0) {
        return SLU_ERR_OK;
    }
    object = slu_bucket_object(self->bucket, file->artifact.path);
    if (object.state != SLU_OBJECT_PRESENT ||
        !slu_content_name_equal(&object.content, &file->artifact.content) ||
        slu_content_name_equal(&object.content, &self->proved)) {
        return SLU_ERR_OK;
    }
    self->proved = object.content;
    err = store_proved(self);
    return err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(out_error, err,
                               "cannot record which checkpoint is proved: %s",
                               slu_err_sentence(err));
}

const struct slu_content_name *
slu_delivery_last_checkpoint(struct slu_delivery *self,
                             struct slu_delivery_file **out_file)
{
    struct slu_delivery_file *file = find_checkpoint(self);
    const struct slu_content_name *last = &self->proved;
    struct slu_object object;

    *out_file = file;
    if (file == NULL) {
        return NULL;
    }
    if (last->text[0] == '\0') {
        /* Never was everything in use; but it was not worse before. */
        last = &file->before.content;
        if (!file->sent || file->before.state != SLU_OBJECT_PRESENT) {
            return NULL;
        }
    }
    object = slu_bucket_object(self->bucket, file->artifact.path);
    return object.state == SLU_OBJECT_PRESENT &&
                   !slu_content_name_equal(&object.content, last)
               ? last
               : NULL;
}
