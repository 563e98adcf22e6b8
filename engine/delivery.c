/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a delivery, and its two errands. */
#include "codecs/view_take.h"
#include "engine/answer.h"
#include "engine/clock.h"
#include "engine/delivery_state.h"
#include "engine/random.h"

#include <stdio.h>

static enum slu_err load_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct slu_delivery *self = ctx;

    return slu_view_take_prefix(&key, SLU_DELIVERY_BUCKET)
               ? slu_bucket_errand.load(self->bucket, key, value)
               : SLU_ERR_OK;
}

/* What is known of the objects is asked for before the first run. */
static enum slu_err load_bucket(struct slu_delivery *self,
                                struct slu_error *error)
{
    struct slu_store *store = self->options.run.store;
    enum slu_err err =
        slu_store_entries(store, SLU_DELIVERY_BUCKET, load_entry, self);

    return err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(error, err,
                               "cannot read what is known of the bucket: %s",
                               slu_err_sentence(err));
}

static enum slu_err open_sets(struct slu_delivery *self,
                              struct slu_error *error)
{
    const struct slu_delivery_options *options = &self->options;
    struct slu_random random;
    struct slu_sets_options sets = {
        .alloc = options->run.alloc,
        .bucket = &self->bucket_config,
        .name_prefix = options->lists->set_name_prefix,
        .regions = &options->publish->regions,
        .detector = options->detector,
        .create_detector = options->create_detector,
        .wait_ms = options->publish->wait_ms,
    };

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        sets.paths[kind] =
            slu_lists_config_files(options->lists, (enum slu_kind)kind);
    }
    slu_random_init(&random);
    sets.token_seed = slu_random_next(&random);
    return slu_sets_new(&sets, &self->sets, error);
}

static enum slu_err open_delivery(struct slu_delivery *self,
                                  struct slu_error *error)
{
    const struct slu_delivery_options *options = &self->options;
    const struct slu_alloc *alloc = options->run.alloc;
    enum slu_err err =
        slu_contents_open(alloc, options->state_dir, &self->folder, error);

    if (err == SLU_ERR_OK) {
        err = slu_bucket_new(alloc, &self->bucket_config,
                             slu_contents_table(self->folder), &self->bucket,
                             error);
    }
    if (err == SLU_ERR_OK) {
        err = load_bucket(self, error);
    }
    if (err == SLU_ERR_OK && options->sets) {
        err = slu_delivery_load_checkpoint(self, error);
    }
    if (err == SLU_ERR_OK && options->sets) {
        err = open_sets(self, error);
    }
    return err;
}

enum slu_err slu_delivery_open(const struct slu_delivery_options *options,
                               struct slu_delivery **out_delivery,
                               struct slu_error *out_error)
{
    struct slu_delivery *self =
        slu_alloc_zero(options->run.alloc, sizeof(*self));
    enum slu_err err;

    *out_delivery = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->options = *options;
    self->bucket_config = (struct slu_bucket_config){
        .bucket = options->lists->bucket,
        .prefix = options->lists->prefix,
        .owner = options->lists->bucket_owner,
        .kms_key_id = options->lists->kms_key_id,
    };
    (void)snprintf(self->bucket_url, sizeof(self->bucket_url), "s3://%s/%s",
                   options->lists->bucket, options->lists->prefix);
    err = open_delivery(self, out_error);
    if (err != SLU_ERR_OK) {
        slu_delivery_close(self);
        return err;
    }
    *out_delivery = self;
    return SLU_ERR_OK;
}

void slu_delivery_close(struct slu_delivery *self)
{
    const struct slu_alloc *alloc;

    if (self == NULL) {
        return;
    }
    alloc = self->options.run.alloc;
    slu_sets_free(self->sets);
    slu_bucket_free(self->bucket);
    slu_contents_close(self->folder);
    slu_alloc_put(alloc, self, sizeof(*self));
}

/* ---- errands ---- */

static enum slu_err put_intent(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    return slu_answer_put(ctx, SLU_DELIVERY_BUCKET, key, value);
}

/* What the run is going to put is durable before it begins: one transaction,
 * and none when there is nothing to put. */
static enum slu_err record_intents(struct slu_delivery *self,
                                   struct slu_error *error)
{
    struct slu_store *store = self->options.run.store;
    struct slu_answer answer;
    enum slu_err err;

    if (self->options.run.read_only) {
        return SLU_ERR_OK;
    }
    slu_answer_init(&answer, self->options.run.alloc, store);
    slu_answer_begin(&answer);
    err = slu_bucket_intend(self->bucket, put_intent, &answer);
    if (err == SLU_ERR_OK) {
        err = slu_answer_commit(&answer, NULL);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_drain(store);
    }
    slu_answer_fini(&answer);
    return err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(error, err,
                               "cannot record what is to be sent to %s: %s",
                               self->bucket_url, slu_err_sentence(err));
}

enum slu_err slu_delivery_run_bucket(struct slu_delivery *self,
                                     struct slu_error *out_error)
{
    enum slu_err err = record_intents(self, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return slu_errand_go(&self->options.run, &slu_bucket_errand, self->bucket,
                         &self->requests, out_error);
}

enum slu_err slu_delivery_run_sets(struct slu_delivery *self,
                                   struct slu_error *out_error)
{
    return slu_errand_go(&self->options.run, &slu_sets_errand, self->sets,
                         &self->requests, out_error);
}

enum slu_err slu_delivery_judge_bucket(const struct slu_delivery *self,
                                       struct slu_error *out_error)
{
    const struct slu_bucket_result *result = slu_bucket_result(self->bucket);

    if (result->failed == 0 && !result->denied) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error,
                         result->denied ? SLU_ERR_AUTH : SLU_ERR_INCOMPLETE,
                         "%s", result->first.text);
}

/* What a run that was killed has put by then is newer than what it asked for.
 */
static void tell_objects(struct slu_delivery *self)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths =
            slu_lists_config_files(self->options.lists, (enum slu_kind)kind);

        for (unsigned i = 0; i < paths->count; i++) {
            struct slu_object object =
                slu_bucket_object(self->bucket, paths->items[i]);

            slu_sets_note_object(self->sets, (enum slu_kind)kind, i,
                                 &object.content);
        }
    }
}

enum slu_err slu_delivery_survey(struct slu_delivery *self,
                                 struct slu_error *out_error)
{
    if (self->sets == NULL) {
        return SLU_ERR_OK;
    }
    tell_objects(self);
    slu_sets_survey(self->sets);
    return slu_delivery_run_sets(self, out_error);
}

uint32_t slu_delivery_usable(const struct slu_delivery *self,
                             enum slu_kind kind)
{
    return self->sets == NULL ? UINT32_MAX : slu_sets_usable(self->sets, kind);
}

unsigned slu_delivery_list_count(const struct slu_delivery *self,
                                 enum slu_kind kind)
{
    return slu_lists_config_files(self->options.lists, kind)->count;
}

/* ---- files ---- */

static struct slu_delivery_file *find_file(struct slu_delivery *self,
                                           const char *path)
{
    for (unsigned i = 0; i < self->file_count; i++) {
        if (strcmp(self->files[i].artifact.path, path) == 0) {
            return &self->files[i];
        }
    }
    return NULL;
}

static enum slu_err take_artifact(struct slu_delivery *self,
                                  const struct slu_artifact *artifact,
                                  struct slu_error *out_error)
{
    struct slu_delivery_file *place = find_file(self, artifact->path);

    if (place == NULL) {
        if (self->file_count == SLU_DELIVERY_FILES_MAX) {
            return slu_error_set(out_error, SLU_ERR_LIMIT,
                                 "more than %d files to publish",
                                 SLU_DELIVERY_FILES_MAX);
        }
        place = &self->files[self->file_count++];
        *place = (struct slu_delivery_file){0};
    }
    place->artifact = *artifact;
    return SLU_ERR_OK;
}

enum slu_err slu_delivery_add(struct slu_delivery *self,
                              const struct slu_artifact *file,
                              struct slu_view bytes,
                              struct slu_error *out_error)
{
    struct slu_artifact artifact = *file;
    enum slu_err err =
        slu_contents_add(self->folder, bytes, &artifact.content, out_error);

    artifact.bytes = bytes.len;
    return err == SLU_ERR_OK ? take_artifact(self, &artifact, out_error) : err;
}

enum slu_err slu_delivery_add_file(struct slu_delivery *self,
                                   const struct slu_artifact *file, int fd,
                                   struct slu_error *out_error)
{
    struct slu_artifact artifact = *file;
    uint64_t bytes = 0;
    enum slu_err err = slu_contents_add_file(
        self->folder, fd, &artifact.content, &bytes, out_error);

    artifact.bytes = bytes;
    return err == SLU_ERR_OK ? take_artifact(self, &artifact, out_error) : err;
}

/* ---- what is still needed ---- */

static void keep_sets(struct slu_delivery *self)
{
    unsigned regions =
        self->sets == NULL ? 0 : slu_sets_result(self->sets)->regions;

    for (unsigned region = 0; region < regions; region++) {
        for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
            unsigned count = slu_delivery_list_count(self, (enum slu_kind)kind);

            for (unsigned i = 0; i < count; i++) {
                struct slu_set_report set = slu_sets_outcome(
                    self->sets, region, (enum slu_kind)kind, i);

                slu_contents_keep(self->folder, &set.active);
            }
        }
    }
}

/* Only after a send: before it, not all is known that must be kept. */
void slu_delivery_sweep(struct slu_delivery *self)
{
    if (self->sets != NULL && !self->settled) {
        return;
    }
    for (unsigned i = 0; i < self->file_count; i++) {
        const struct slu_artifact *artifact = &self->files[i].artifact;
        struct slu_object object =
            slu_bucket_object(self->bucket, artifact->path);

        slu_contents_keep(self->folder, &artifact->content);
        slu_contents_keep(self->folder, &object.content);
    }
    slu_contents_keep(self->folder, &self->proved);
    keep_sets(self);
    slu_contents_sweep(self->folder);
}
