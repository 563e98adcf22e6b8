/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each sync begins by looking at the bucket: at most a HEAD for each list and
 * the checkpoint. What isn't as it is known to be, is of the Lambda, of an
 * earlier run whose state is gone, or of another writer: it is fetched, its new
 * lines recorded together with what is known of the object, so that nothing is
 * put over lines that were never read; and this sync publishes both. What a run
 * of ours has put that was killed before it knew has no news. An object that
 * is gone is put again.
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
    unsigned gone; /* objects that were there before, and the last of them */
    char gone_location[SLU_LOCATION_MAX + 1];
};

/* One of the objects that are looked at. */
struct place {
    const char *path;
    bool is_list;
    enum slu_kind kind;
    unsigned index;
};

typedef enum slu_err (*place_fn)(void *ctx, const struct place *place,
                                 struct slu_error *error);

static enum slu_err for_each(const struct slu_delivery *self, place_fn visit,
                             void *ctx, struct slu_error *error)
{
    struct place place = {.path = SLU_CHECKPOINT_FILE};
    enum slu_err err = visit(ctx, &place, error);

    place.is_list = true;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths =
            slu_lists_config_files(self->options.lists, (enum slu_kind)kind);

        place.kind = (enum slu_kind)kind;
        for (unsigned i = 0; err == SLU_ERR_OK && i < paths->count; i++) {
            place.index = i;
            place.path = paths->items[i];
            err = visit(ctx, &place, error);
        }
    }
    return err;
}

static enum slu_err ask_for(void *ctx, const struct place *place,
                            struct slu_error *error)
{
    struct slu_delivery *self = ctx;
    enum slu_err err = slu_bucket_verify(self->bucket, place->path);

    return err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(error, err, "cannot look at %s: %s", place->path,
                               slu_err_sentence(err));
}

/* What is known of the object becomes stored with its lines. */
static enum slu_err put_entry(struct takeover *self, const char *path,
                              const struct slu_object *object,
                              struct slu_error *error)
{
    const struct slu_alloc *alloc = self->delivery->options.run.alloc;
    struct slu_buf key;
    struct slu_buf value;
    enum slu_err err;

    slu_buf_init(&key, alloc, CHECKPOINT_ENTRY_MAX);
    slu_buf_init(&value, alloc, CHECKPOINT_ENTRY_MAX);
    err = slu_bucket_entry(path, object, &key, &value);
    if (err == SLU_ERR_OK) {
        err = slu_answer_put(&self->answer, SLU_DELIVERY_BUCKET,
                             slu_buf_view(&key), slu_buf_view(&value));
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

static enum slu_err take_lines(struct takeover *self, const struct place *place,
                               const struct slu_object *object,
                               struct slu_view bytes, struct slu_error *error)
{
    struct slu_delivery *delivery = self->delivery;
    const struct slu_contents *contents = slu_contents_table(delivery->folder);
    struct slu_content_name name =
        slu_bucket_before(delivery->bucket, place->path);
    struct slu_publish_lines lines = {.kind = place->kind,
                                      .index = place->index,
                                      .from = object->location,
                                      .text = bytes};
    struct slu_error none = {0};
    bool opened = name.text[0] != '\0' &&
                  contents->open(contents->ctx, &name, &lines.before, &none) ==
                      SLU_ERR_OK;
    enum slu_err err;

    if (name.text[0] != '\0') {
        slu_logger_print(&delivery->options.run.logger, SLU_LOG_WARN,
                         "%s was changed by another writer: its new lines are "
                         "taken over",
                         object->location);
    }
    err = slu_publish_take_lines(self->publish, &lines, &self->answer, error);
    if (opened) {
        contents->close(contents->ctx, lines.before);
    }
    return err;
}

static enum slu_err take_content(struct takeover *self,
                                 const struct place *place,
                                 const struct slu_object *object,
                                 struct slu_error *error)
{
    const struct slu_contents *contents =
        slu_contents_table(self->delivery->folder);
    struct slu_view bytes;
    enum slu_err err =
        contents->open(contents->ctx, &object->content, &bytes, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = place->is_list ? take_lines(self, place, object, bytes, error)
                         : read_checkpoint(self, bytes, error);
    contents->close(contents->ctx, bytes);
    return err;
}

static void note_gone(struct takeover *self, const struct slu_object *object,
                      const char *path)
{
    if (slu_bucket_before(self->delivery->bucket, path).text[0] != '\0') {
        self->gone++;
        (void)snprintf(self->gone_location, sizeof(self->gone_location), "%s",
                       object->location);
    }
}

/* A bucket that was emptied is one piece of news. */
static void tell_gone(const struct takeover *self)
{
    const struct slu_logger *logger = &self->delivery->options.run.logger;

    if (self->gone == 1) {
        slu_logger_print(logger, SLU_LOG_WARN,
                         "%s was deleted by somebody else: it is put again",
                         self->gone_location);
    } else if (self->gone > 1) {
        slu_logger_print(logger, SLU_LOG_WARN,
                         "%u objects of %s were deleted by somebody else: they "
                         "are put again",
                         self->gone, self->delivery->bucket_url);
    }
}

static enum slu_err take_object(void *ctx, const struct place *place,
                                struct slu_error *error)
{
    struct takeover *self = ctx;
    const struct slu_delivery *delivery = self->delivery;
    struct slu_object object = slu_bucket_object(delivery->bucket, place->path);
    enum slu_err err = SLU_ERR_OK;

    switch (slu_bucket_outcome(delivery->bucket, place->path)) {
    case SLU_OBJECT_FETCHED:
        err = take_content(self, place, &object, error);
        break;
    case SLU_OBJECT_MISSING:
        note_gone(self, &object, place->path);
        break;
    case SLU_OBJECT_OURS:
        slu_logger_print(&delivery->options.run.logger, SLU_LOG_INFO,
                         "%s has what an earlier run has put", object.location);
        break;
    default:
        return SLU_ERR_OK; /* as it is known to be */
    }
    return err == SLU_ERR_OK ? put_entry(self, place->path, &object, error)
                             : err;
}

static enum slu_err record_all(struct takeover *self, struct slu_error *error)
{
    struct slu_delivery *delivery = self->delivery;
    enum slu_err err;

    slu_answer_init(&self->answer, delivery->options.run.alloc,
                    delivery->options.run.store);
    slu_answer_begin(&self->answer);
    err = for_each(delivery, take_object, self, error);
    tell_gone(self);
    if (err == SLU_ERR_OK) {
        err = slu_publish_commit_lines(self->publish, &self->answer,
                                       delivery->bucket_url, error);
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
    enum slu_err err;

    *out_found = false;
    slu_bucket_clear(self->bucket);
    err = for_each(self, ask_for, self, out_error);
    if (err == SLU_ERR_OK) {
        err = slu_delivery_run_bucket(self, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_delivery_judge_bucket(self, out_error);
    }
    return err == SLU_ERR_OK ? record_all(&takeover, out_error) : err;
}
