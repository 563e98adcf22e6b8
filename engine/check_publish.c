/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/check_publish.h"
#include "engine/errand.h"
#include "engine/publish.h"
#include "sinks/publish_check.h"
#include "sinks/publish_config.h"
#include "sources/guardduty.h"

#include <string.h>

/* The side files and the checkpoint. */
#define MORE_PATHS (SLU_SIDE_FILE_COUNT + 1)

static bool has_sink(const struct slu_check_publish *place, const char *name)
{
    const struct slu_flow_config *flow =
        slu_config_flow(place->engine->config, place->flow);

    for (unsigned i = 0; i < flow->sink_count; i++) {
        if (strcmp(flow->sinks[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void fill_paths(const char *paths[MORE_PATHS])
{
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        paths[i] = slu_side_file_path((enum slu_side_file)i);
    }
    paths[SLU_SIDE_FILE_COUNT] = SLU_CHECKPOINT_FILE;
}

static enum slu_err run_check(const struct slu_check_publish *place,
                              struct slu_publish_check *check,
                              struct slu_error *error)
{
    struct slu_engine *engine = place->engine;
    const struct slu_errand_run run = {
        .alloc = engine->alloc,
        .http = place->http,
        .limits = place->limits,
        .aws = slu_config_section(engine->config, "aws"),
        .read_only = true,
        .logger = engine->logger,
        .stop = &engine->stop,
    };
    enum slu_err err =
        slu_errand_go(&run, &slu_publish_check_errand, check, NULL, error);

    if (err != SLU_ERR_OK) {
        place->tell(place->ctx, SLU_CHECK_FAIL, error->text);
        return err;
    }
    return slu_publish_check_finish(check, place->tell, place->ctx, error);
}

static struct slu_bucket_config
make_bucket(const struct slu_lists_config *lists)
{
    return (struct slu_bucket_config){
        .bucket = lists->bucket,
        .prefix = lists->prefix,
        .owner = lists->bucket_owner,
        .kms_key_id = lists->kms_key_id,
    };
}

/* What a sync would publish, and as what. */
static struct slu_sets_options make_sets(const struct slu_engine *engine,
                                         const struct slu_bucket_config *bucket)
{
    const struct slu_guardduty_config *guardduty =
        slu_config_section(engine->config, "guardduty");
    const struct slu_publish_config *publish =
        slu_config_section(engine->config, "publish");
    struct slu_sets_options made = {
        .alloc = engine->alloc,
        .bucket = bucket,
        .name_prefix = engine->lists->set_name_prefix,
        .regions = &publish->regions,
        .detector = guardduty->detector,
        .create_detector = guardduty->create_detector,
    };

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        made.paths[kind] =
            slu_lists_config_files(engine->lists, (enum slu_kind)kind);
    }
    return made;
}

/* What a sync would refuse before it asks anything: names that GuardDuty does
 * not take. */
static enum slu_err check_names(const struct slu_sets_options *options,
                                struct slu_error *error)
{
    struct slu_sets *sets = NULL;
    enum slu_err err = slu_sets_new(options, &sets, error);

    slu_sets_free(sets);
    return err;
}

enum slu_err slu_check_publish(const struct slu_check_publish *place,
                               struct slu_error *out_error)
{
    struct slu_engine *engine = place->engine;
    const struct slu_bucket_config bucket = make_bucket(engine->lists);
    const char *more_paths[MORE_PATHS];
    const struct slu_publish_check_options options = {
        .publish = make_sets(engine, &bucket),
        .sets = has_sink(place, "guardduty"),
        .more_paths = more_paths,
        .more_path_count = MORE_PATHS,
        .checkpoint_path = SLU_CHECKPOINT_FILE,
    };
    struct slu_publish_check *check;
    enum slu_err err;

    *out_error = (struct slu_error){0};
    if (!has_sink(place, "s3")) {
        return SLU_ERR_OK;
    }
    fill_paths(more_paths);
    err = options.sets ? check_names(&options.publish, out_error) : SLU_ERR_OK;
    if (err == SLU_ERR_OK) {
        err = slu_publish_check_new(&options, &check, out_error);
    }
    if (err != SLU_ERR_OK) {
        place->tell(place->ctx, SLU_CHECK_FAIL, out_error->text);
        return err;
    }
    err = run_check(place, check, out_error);
    slu_publish_check_free(check);
    return err;
}
