/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists become: files, objects of a bucket, sets of GuardDuty.
 *
 * Which lists can have a set is known after a survey, so that the best entries
 * are placed in those. The service may refuse one more set all the same: then
 * the lists are placed and sent once more without it.
 */
#include "engine/sync_state.h"
#include "sources/guardduty.h"

#include <stdio.h>
#include <stdlib.h>

static struct slu_publish_options publish_options(const struct slu_sync *self)
{
    struct slu_publish_options options = {
        .alloc = self->engine->alloc,
        .store = self->store,
        .files = self->files,
        .lists = self->engine->lists,
        .guard = self->guard,
        .logger = self->engine->logger,
        .verdicts = self->access.verdicts,
        .min_score = self->access.min_score,
        .now = self->now,
        .delivery = self->delivery,
        .plan = self->on_row != NULL,
        .profile = self->profile,
    };

    slu_engine_category_ages(self->engine, options.category_age_ms);
    return options;
}

/* ---- before the pull ---- */

static enum slu_err note_any(void *ctx, struct slu_view key,
                             struct slu_view value)
{
    bool *any = ctx;

    (void)key;
    (void)value;
    *any = true;
    return SLU_ERR_OK;
}

static enum slu_err knows_checkpoint(struct slu_sync *self, bool *out_knows)
{
    char prefix[32];
    enum slu_err err;

    *out_knows = false;
    (void)snprintf(prefix, sizeof(prefix), "%s/", self->ops->name);
    err = slu_store_entries(self->store, prefix, note_any, out_knows);
    if (err != SLU_ERR_OK) {
        self->engine->error = *slu_store_error(self->store);
    }
    return err;
}

static enum slu_err take_over_folder(struct slu_sync *self,
                                     const struct slu_publish_options *options)
{
    struct slu_engine *engine = self->engine;
    char *real = realpath(engine->top->output_dir, NULL);
    enum slu_err err = slu_publish_take_over(
        options, real != NULL ? real : engine->top->output_dir, &engine->error);

    free(real);
    if (err == SLU_ERR_OK) {
        err = slu_publish_read_checkpoint(options, &self->found,
                                          &self->has_found, &engine->error);
    }
    return err;
}

static enum slu_err open_delivery(struct slu_sync *self)
{
    struct slu_engine *engine = self->engine;
    const struct slu_guardduty_config *guardduty =
        slu_config_section(engine->config, "guardduty");
    struct slu_delivery_options options = {
        .run =
            {
                .alloc = engine->alloc,
                .http = engine->http,
                .limits = engine->limits,
                .aws = slu_config_section(engine->config, "aws"),
                .store = self->store,
                .read_only = self->on_row != NULL,
                .logger = engine->logger,
                .stop = &engine->stop,
                .room = &self->room,
                .session = &self->session,
                .profile = self->profile,
            },
        .state_dir = self->state_dir,
        .lists = engine->lists,
        .publish = slu_config_section(engine->config, "publish"),
        .detector = guardduty->detector,
        .create_detector = guardduty->create_detector,
        .sets = slu_sync_has_sink(self, "guardduty"),
        .force = engine->callbacks.force,
    };

    return slu_delivery_open(&options, &self->delivery, &engine->error);
}

/* What the bucket's checkpoint says counts before the folder's: the bucket is
 * what was published. */
static enum slu_err take_over_bucket(struct slu_sync *self,
                                     const struct slu_publish_options *options)
{
    struct slu_checkpoint checkpoint = {0};
    bool found = false;
    enum slu_err err = slu_delivery_take_over(
        self->delivery, options, &checkpoint, &found, &self->engine->error);

    if (err == SLU_ERR_OK && found) {
        self->found = checkpoint;
        self->has_found = true;
    }
    return err;
}

enum slu_err slu_sync_open_lists(struct slu_sync *self)
{
    struct slu_engine *engine = self->engine;
    struct slu_publish_options options;
    enum slu_err err;

    if (!slu_sync_has_sink(self, "files")) {
        return SLU_ERR_OK;
    }
    err = slu_files_open(engine->alloc, self->output_dir, &self->files,
                         &engine->error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    options = publish_options(self);
    err = knows_checkpoint(self, &options.knows_checkpoint);
    if (err == SLU_ERR_OK) {
        err = take_over_folder(self, &options);
    }
    if (err != SLU_ERR_OK || !slu_sync_has_sink(self, "s3")) {
        return err;
    }
    err = open_delivery(self);
    return err == SLU_ERR_OK ? take_over_bucket(self, &options) : err;
}

/* ---- after the pull ---- */

static enum slu_err deliver(struct slu_sync *self, struct slu_error *error)
{
    if (self->on_row != NULL) {
        return slu_delivery_plan(self->delivery, self->on_row, self->row_ctx,
                                 error);
    }
    return slu_delivery_send(self->delivery, error);
}

static uint64_t usable_lists(const struct slu_sync *self)
{
    return (uint64_t)slu_delivery_usable(self->delivery, SLU_KIND_IP) << 32 |
           slu_delivery_usable(self->delivery, SLU_KIND_DOMAIN);
}

/* The lists do not hold what they would if the service had room for all. */
static enum slu_err judge_room(struct slu_sync *self, enum slu_err err,
                               struct slu_error *error)
{
    enum slu_err room;
    struct slu_error other = {0};

    room =
        slu_delivery_judge_room(self->delivery, self->report->exceeded, &other);
    if (slu_exit_code(room) > slu_exit_code(err)) {
        *error = other;
        return room;
    }
    return err;
}

enum slu_err slu_sync_publish_lists(struct slu_sync *self,
                                    const struct slu_checkpoint *checkpoint,
                                    struct slu_error *out_error)
{
    struct slu_publish_options options = publish_options(self);
    uint64_t usable;
    enum slu_err err;

    if (self->files == NULL) {
        return SLU_ERR_OK;
    }
    if (self->delivery == NULL) {
        return slu_publish_lists(&options, checkpoint, self->report, out_error);
    }
    err = slu_delivery_survey(self->delivery, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    do {
        usable = usable_lists(self);
        err = slu_publish_lists(&options, checkpoint, self->report, out_error);
        if (err != SLU_ERR_OK) {
            return err;
        }
        err = deliver(self, out_error);
    } while ((err == SLU_ERR_OK || err == SLU_ERR_INCOMPLETE) &&
             usable_lists(self) != usable);
    slu_delivery_report(self->delivery, self->report, &self->engine->sets);
    if (self->on_row == NULL) {
        slu_delivery_sweep(self->delivery);
    }
    return judge_room(self, err, out_error);
}
