/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket that the state does not know, of the Lambda or of an earlier run
 * whose state is gone, and an object that another writer has changed: fetched,
 * its lines recorded together with what is known of the object, so that
 * nothing is put over lines that were never read.
 */
#include "engine/delivery_state.h"

#include <stdio.h>

#define CHECKPOINT_ENTRY_MAX 1024

struct takeover {
    struct slu_delivery *delivery;
    const struct slu_publish_options *publish;
    struct slu_answer answer;
    struct slu_checkpoint *checkpoint;
    bool *found;
};

static bool is_unknown(const struct slu_delivery *self, const char *path)
{
    return slu_bucket_object(self->bucket, path).state == SLU_OBJECT_UNKNOWN;
}

static enum slu_err ask_for(struct slu_delivery *self, const char *path,
                            unsigned *asked, struct slu_error *error)
{
    enum slu_err err;

    if (!is_unknown(self, path)) {
        return SLU_ERR_OK;
    }
    ++*asked;
    err = slu_bucket_fetch(self->bucket, path);
    return err == SLU_ERR_OK ? SLU_ERR_OK
                             : slu_error_set(error, err, "cannot fetch %s: %s",
                                             path, slu_err_sentence(err));
}

static enum slu_err ask_for_all(struct slu_delivery *self, unsigned *asked,
                                struct slu_error *error)
{
    enum slu_err err = ask_for(self, SLU_CHECKPOINT_FILE, asked, error);

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths =
            slu_lists_config_files(self->options.lists, (enum slu_kind)kind);

        for (unsigned i = 0; err == SLU_ERR_OK && i < paths->count; i++) {
            err = ask_for(self, paths->items[i], asked, error);
        }
    }
    return err;
}

/* What is known of the object becomes stored with its lines. */
static enum slu_err put_entry(struct takeover *self, const char *path,
                              const struct slu_object *object,
                              struct slu_error *error)
{
    const struct slu_alloc *alloc = self->delivery->options.run.alloc;
    struct slu_buf key;
    struct slu_buf value;
    char prefix[16];
    enum slu_err err;

    (void)snprintf(prefix, sizeof(prefix), "%s/", slu_bucket_errand.name);
    slu_buf_init(&key, alloc, CHECKPOINT_ENTRY_MAX);
    slu_buf_init(&value, alloc, CHECKPOINT_ENTRY_MAX);
    err = slu_bucket_entry(path, object, &key, &value);
    if (err == SLU_ERR_OK) {
        err = slu_answer_put(&self->answer, prefix, slu_buf_view(&key),
                             slu_buf_view(&value));
    }
    slu_buf_fini(&key);
    slu_buf_fini(&value);
    return err == SLU_ERR_OK ? SLU_ERR_OK
                             : slu_error_set(error, err, "cannot record %s: %s",
                                             path, slu_err_sentence(err));
}

static enum slu_err read_checkpoint(struct takeover *self,
                                    struct slu_view bytes,
                                    struct slu_error *error)
{
    enum slu_err err = slu_publish_parse_checkpoint(self->publish, bytes,
                                                    self->delivery->bucket_url,
                                                    self->checkpoint, error);

    *self->found = err == SLU_ERR_OK;
    return err == SLU_ERR_NOT_FOUND ? SLU_ERR_OK : err;
}

/* Takes in the fetched content of a list; `lines` without its text. */
static enum slu_err take_content(struct takeover *self, const char *path,
                                 struct slu_publish_lines *lines,
                                 struct slu_error *error)
{
    struct slu_delivery *delivery = self->delivery;
    struct slu_object object = slu_bucket_object(delivery->bucket, path);
    const struct slu_contents *contents = slu_contents_table(delivery->folder);
    enum slu_err err = SLU_ERR_OK;

    if (slu_bucket_outcome(delivery->bucket, path) == SLU_OBJECT_FETCHED) {
        err =
            contents->open(contents->ctx, &object.content, &lines->text, error);
        if (err != SLU_ERR_OK) {
            return err;
        }
        err = strcmp(path, SLU_CHECKPOINT_FILE) == 0
                  ? read_checkpoint(self, lines->text, error)
                  : slu_publish_take_lines(self->publish, lines, &self->answer,
                                           error);
        contents->close(contents->ctx, lines->text);
    } else if (slu_bucket_outcome(delivery->bucket, path) !=
               SLU_OBJECT_MISSING) {
        return SLU_ERR_OK; /* known before */
    }
    return err == SLU_ERR_OK ? put_entry(self, path, &object, error) : err;
}

static enum slu_err take_all(struct takeover *self, struct slu_error *error)
{
    struct slu_publish_lines lines = {.from = SLU_CHECKPOINT_FILE};
    enum slu_err err = take_content(self, SLU_CHECKPOINT_FILE, &lines, error);

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths = slu_lists_config_files(
            self->delivery->options.lists, (enum slu_kind)kind);

        for (unsigned i = 0; err == SLU_ERR_OK && i < paths->count; i++) {
            char location[SLU_LOCATION_MAX + 1];

            slu_bucket_location(&self->delivery->bucket_config, paths->items[i],
                                location);
            lines = (struct slu_publish_lines){
                .kind = (enum slu_kind)kind, .index = i, .from = location};
            err = take_content(self, paths->items[i], &lines, error);
        }
    }
    return err;
}

static enum slu_err record_all(struct takeover *self, struct slu_error *error)
{
    enum slu_err err;

    slu_answer_init(&self->answer, self->delivery->options.run.alloc,
                    self->delivery->options.run.store);
    slu_answer_begin(&self->answer);
    err = take_all(self, error);
    if (err == SLU_ERR_OK) {
        err = slu_publish_commit_lines(self->publish, &self->answer,
                                       self->delivery->bucket_url, error);
    } else if (slu_answer_abandon(&self->answer) != SLU_ERR_OK) {
        /* The next open of the store deletes what was staged. */
    }
    slu_answer_fini(&self->answer);
    return err;
}

enum slu_err slu_delivery_take_over(struct slu_delivery *self,
                                    const struct slu_publish_options *publish,
                                    struct slu_checkpoint *out_checkpoint,
                                    bool *out_found,
                                    struct slu_error *out_error)
{
    struct takeover takeover = {
        .delivery = self,
        .publish = publish,
        .checkpoint = out_checkpoint,
        .found = out_found,
    };
    unsigned asked = 0;
    enum slu_err err;

    *out_found = false;
    slu_bucket_clear(self->bucket);
    err = ask_for_all(self, &asked, out_error);
    if (err != SLU_ERR_OK || asked == 0) {
        return err;
    }
    err = slu_delivery_run_bucket(self, out_error);
    if (err == SLU_ERR_OK) {
        err = slu_delivery_judge_bucket(self, out_error);
    }
    return err == SLU_ERR_OK ? record_all(&takeover, out_error) : err;
}
