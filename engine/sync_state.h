/* SPDX-License-Identifier: Apache-2.0 */
/* What: the inside of a sync, shared by the files that make it up: sync.c (the
 * pass), sync_lists.c (what lists become), plan.c (a pass that is thrown
 * away). */
#ifndef SLU_ENGINE_SYNC_STATE_H
#define SLU_ENGINE_SYNC_STATE_H

#include "engine/delivery.h"
#include "engine/engine_state.h"
#include "engine/pull_session.h"
#include "engine/scratch.h"

struct slu_sync {
    struct slu_engine *engine;
    const struct slu_flow_config *flow;
    const struct slu_source_ops *ops;
    const void *source_config;
    struct slu_source_access access;
    const char *state_dir; /* of the configuration, or a plan's scratch */
    const char *output_dir;
    struct slu_guard *guard;
    struct slu_store *store;
    struct slu_files *files;         /* NULL: no sink "files" */
    struct slu_delivery *delivery;   /* NULL: no sink "s3" */
    struct slu_rows *rows;           /* NULL: no sink of rows */
    struct slu_pull_session session; /* of the errands */
    struct slu_wake room;
    struct slu_checkpoint found;
    bool has_found;
    int64_t now;
    uint64_t started_us;
    int64_t run_id;
    struct slu_report *report;
    struct slu_profile profile_room;
    struct slu_profile *profile; /* NULL: none is wanted */
    slu_plan_fn on_row;          /* of a plan; NULL: this is a sync */
    void *row_ctx;
};

/* The whole pass; fills the report and the engine's error. */
SLU_MUST_CHECK enum slu_err slu_sync_run(struct slu_sync *self, unsigned flow);

/* True when the flow has that sink. */
bool slu_sync_has_sink(const struct slu_sync *self, const char *sink);

/* Before the pull: the output folder, then the bucket, and what stands there.
 */
SLU_MUST_CHECK enum slu_err slu_sync_open_lists(struct slu_sync *self);

/* After it: places, files, objects, sets. */
SLU_MUST_CHECK enum slu_err
slu_sync_publish_lists(struct slu_sync *self,
                       const struct slu_checkpoint *checkpoint,
                       struct slu_error *out_error);

#endif
