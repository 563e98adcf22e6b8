/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what becomes of the list files beyond the output folder, for one sync:
 * the sinks "s3" and "guardduty" (sinks/bucket.h, sinks/sets.h), run one behind
 * the other.
 *
 *     open -> take_over        objects that the state doesn't know, or that
 *                              another writer has changed, are fetched, their
 *                              lines and the checkpoint taken in
 *          -> survey           the sets as they are; then usable(kind) is known
 *          -> add(file)*       what the sink "files" made; a file added again
 *                              replaces what was added
 *          -> send             objects, then the checkpoint, then the sets
 *          -> report, close
 *
 * What holds a list back: the shrink guard, and a content that GuardDuty has
 * refused. Its object stays as it is, and so does the checkpoint. A set that
 * ends in ERROR gets its last good content back, in all regions, since they
 * share the object; the checkpoint goes back with it.
 *
 * Crash: each object, and each change of a set, is stored with its answer. What
 * an answer would have told is found out by the next run: an object by its
 * content, which was recorded before it was put; a set by its status.
 *
 * Errors: INCOMPLETE (something isn't published; the first cause is the
 * sentence), AUTH (nothing was let in), STOPPED, and the store's.
 */
#ifndef SLU_ENGINE_DELIVERY_H
#define SLU_ENGINE_DELIVERY_H

#include "engine/contents.h"
#include "engine/errand.h"
#include "engine/publish.h"
#include "sinks/publish_config.h"
#include "sinks/sets.h"

struct slu_delivery;

struct slu_delivery_options {
    struct slu_errand_run run; /* how errands are run; with a store */
    const char *state_dir;
    const struct slu_lists_config *lists;
    const struct slu_publish_config *publish;
    const char *detector;
    bool create_detector;
    bool sets; /* the flow has the sink guardduty */
    bool force;
};

SLU_MUST_CHECK enum slu_err
slu_delivery_open(const struct slu_delivery_options *options,
                  struct slu_delivery **out_delivery,
                  struct slu_error *out_error);
void slu_delivery_close(struct slu_delivery *self);

/* *out_found: the bucket has a checkpoint that isn't known to be ours. */
SLU_MUST_CHECK enum slu_err
slu_delivery_take_over(struct slu_delivery *self,
                       const struct slu_publish_options *publish,
                       struct slu_checkpoint *out_checkpoint, bool *out_found,
                       struct slu_error *out_error);

SLU_MUST_CHECK enum slu_err slu_delivery_survey(struct slu_delivery *self,
                                                struct slu_error *out_error);

/* Bit i: list i can have a set. Without the sink guardduty all bits are set. */
uint32_t slu_delivery_usable(const struct slu_delivery *self,
                             enum slu_kind kind);

/* Keeps the content; `file`'s own is filled in. */
SLU_MUST_CHECK enum slu_err slu_delivery_add(struct slu_delivery *self,
                                             const struct slu_artifact *file,
                                             struct slu_view bytes,
                                             struct slu_error *out_error);
/* The same of a file, from a descriptor of it. */
SLU_MUST_CHECK enum slu_err
slu_delivery_add_file(struct slu_delivery *self,
                      const struct slu_artifact *file, int fd,
                      struct slu_error *out_error);

SLU_MUST_CHECK enum slu_err slu_delivery_send(struct slu_delivery *self,
                                              struct slu_error *out_error);

/* Instead of send, of a read-only run: what it would do. Lists are compared
 * with their objects, which are fetched for it. */
SLU_MUST_CHECK enum slu_err slu_delivery_plan(struct slu_delivery *self,
                                              slu_plan_fn on_row, void *ctx,
                                              struct slu_error *out_error);

/* The sets of a report, which outlives the delivery. */
struct slu_delivery_set {
    struct slu_set_report is;
    char region[64]; /* what the report points at goes with the delivery */
    char path[SLU_OBJECT_PATH_MAX + 1];
    char refusal[SLU_ERROR_TEXT_MAX];
};
struct slu_delivery_sets {
    const struct slu_alloc *alloc;
    struct slu_delivery_set *sets;
    struct slu_report_set *rows;
    unsigned room;
    unsigned count;
    char bucket_url[SLU_LOCATION_MAX + 1];
};
/* Safe on a zeroed one. */
void slu_delivery_sets_fini(struct slu_delivery_sets *self);

/* Fills bucket, objects, sets, and `sent` of the files; what of it is pointed
 * at lives in *out_sets, whose old content goes. */
void slu_delivery_report(struct slu_delivery *self, struct slu_report *report,
                         struct slu_delivery_sets *out_sets);

/* After a send: INCOMPLETE when something exceeds the lists although not every
 * list could have a set; names the foreign sets. */
SLU_MUST_CHECK enum slu_err
slu_delivery_judge_room(const struct slu_delivery *self,
                        const uint64_t exceeded[SLU_KIND_COUNT],
                        struct slu_error *out_error);

/* After a fruitful or failed sync: deletes the contents that nothing needs. */
void slu_delivery_sweep(struct slu_delivery *self);

#endif
